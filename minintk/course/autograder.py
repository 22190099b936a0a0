"""A Gradescope autograder: a zip with setup.sh and run_autograder at its root, and the course as a wheel inside."""

import base64
import hashlib
import importlib.metadata
import io
import pathlib
import shlex
import zipfile

from minintk.course import units
from minintk.tools import files, version

SETUP = """#!/usr/bin/env bash
# Run once, as root, when the autograder is built. Python 3.11 or later, the course, and its packages.
set -euo pipefail
root="${AUTOGRADER:-/autograder}"
python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    apt-get update && apt-get install -y python3.11 python3.11-venv
    python=python3.11
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/pip" install "$(echo "$root"/source/minintk-*.whl)[test]"
"""
RUN = """#!/usr/bin/env bash
# Run for each submission, as root: grades it with the rights of nobody, and writes results.json.
root="${{AUTOGRADER:-/autograder}}"
mkdir -p "$root/results"
echo '{{"score": 0, "output": "the autograder did not finish"}}' > "$root/results/results.json"
"$root/venv/bin/minintk" grade "$root/submission" --out "$(mktemp -d)" --gradescope "$root/results/results.json" \\
    --user "${{GRADER_USER:-nobody}}" {options}
"""
KEPT = {  # of the folders beside the package, or inside it once it is installed
    "tests": ["*.py", "grading.ini", "mistakes/*.py"],
    "exercises": ["0*.md", "0*.py"],
    "solutions": ["*.md", "*.py"],
}


def build(path, chosen=None, salt=""):
    """Writes the zip; chosen: numbers of units, all if None; salt as in `minintk grade`."""
    words = [*(["--units", *map(str, chosen)] if chosen else []), *(["--salt", salt] if salt else [])]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("setup.sh", SETUP), ("run_autograder", RUN.format(options=shlex.join(words)))):
            archive.writestr(_info(name, 0o755), text)
        archive.writestr(_info(f"minintk-{version.VERSION}-py3-none-any.whl"), _wheel())
    files.write(pathlib.Path(path), stream.getvalue())


def _wheel():
    """The package as pip would install it, as the bytes of a wheel."""
    found = {f"minintk/{path.relative_to(units.PACKAGE).as_posix()}": path for path in _package()}
    for name, patterns in KEPT.items():
        folder = units.folder(name)
        for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
            found[f"minintk/{name}/{path.relative_to(folder).as_posix()}"] = path
    own = f"minintk-{version.VERSION}.dist-info"
    contents = {name: path.read_bytes() for name, path in sorted(found.items())}
    contents[f"{own}/METADATA"] = "\n".join(
        ["Metadata-Version: 2.1", "Name: minintk", f"Version: {version.VERSION}", "Requires-Python: >=3.11"]
        + ["Provides-Extra: test", *(f"Requires-Dist: {needed}" for needed in _needed()), ""]
    ).encode()
    contents[f"{own}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: minintk\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents[f"{own}/entry_points.txt"] = b"[console_scripts]\nminintk = minintk.cli:main\n"
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in contents.items()]
    contents[f"{own}/RECORD"] = "\n".join([*lines, f"{own}/RECORD,,", ""]).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(_info(name), content)
    return stream.getvalue()


def _package():
    """The package's own files, without those of other folders that an installed one has inside."""
    for path in sorted(units.PACKAGE.rglob("*")):
        inside = path.relative_to(units.PACKAGE).parts
        if path.is_file() and inside[0] not in KEPT and "__pycache__" not in inside:
            yield path


def _needed():
    try:
        return [one for one in importlib.metadata.requires("minintk") or [] if "dask" not in one]
    except importlib.metadata.PackageNotFoundError:  # a clone that was never installed
        return ["numpy>=2.0", "matplotlib>=3.8.4", "tqdm>=4.57", 'pytest>=8.1; extra == "test"']


def _hash(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _info(name, mode=0o644):
    """An entry that is the same in every build."""
    info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    info.external_attr, info.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
    return info

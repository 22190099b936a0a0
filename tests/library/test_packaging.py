"""What a source archive and an installed package hold. .ci/run builds, installs and uninstalls them."""

import os
import shutil
import subprocess
import sys
import tarfile

import pytest

from minintk.course import units

CLONE = units.PACKAGE.parent
OWN = ["minintk", "tests", "exercises", "solutions", ".ci", "setup.py", "pyproject.toml", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """{path: content} of the source archive of this clone, in which a student has worked."""
    pytest.importorskip("setuptools")
    copy = tmp_path_factory.mktemp("clone")
    for name in OWN:
        if (CLONE / name).is_dir():
            shutil.copytree(CLONE / name, copy / name)
        else:
            shutil.copy(CLONE / name, copy)
    shutil.copy(CLONE / ".gitignore", copy)
    for name in ("exercises/.minintk/progress.json", "tests/library/__pycache__/test.pyc"):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).touch()
    subprocess.run([sys.executable, "setup.py", "-q", "sdist"], cwd=copy, check=True, capture_output=True)
    with tarfile.open(next((copy / "dist").iterdir())) as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
        return {m.name.partition("/")[2]: tar.extractfile(m).read().decode(errors="replace") for m in files}


def test_the_source_archive_holds_all_of_the_clone(archive):
    own = {str(path.relative_to(CLONE)) for name in OWN for path in [CLONE / name, *(CLONE / name).rglob("*")]}
    own = {name for name in own if (CLONE / name).is_file() and "__pycache__" not in name and "/." not in name}
    made = {"PKG-INFO", "setup.cfg"}
    assert {name for name in archive if not name.startswith("minintk.egg-info/")} - made == own | {".gitignore"}
    assert {".ci/run", "tests/library/test_packaging.py", "tests/mistakes/01_network.py"} < set(archive)
    assert {"exercises/01_network.py", "exercises/silent_alignment.png", "minintk/course/units.toml"} < set(archive)


def test_the_metadata_has_the_readme_the_licence_and_the_version(archive):
    told, _, text = archive["PKG-INFO"].partition("\n\n")
    assert text.strip() == (CLONE / "README.md").read_text(encoding="utf-8").strip()
    lines = told.splitlines()
    assert {"License-File: LICENSE", "Description-Content-Type: text/markdown", "Version: 0.1.0"} < set(lines)
    assert sum(line.startswith("Classifier: ") for line in lines) > 3


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as pip would put it: with tests, chapters and solutions inside, and no clone around it."""
    package = tmp_path_factory.mktemp("installed") / "site" / "minintk"
    shutil.copytree(units.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "exercises", "solutions"):
        ignored = shutil.ignore_patterns("__pycache__", "library", "hostile")
        shutil.copytree(CLONE / name, package / name, ignore=ignored)
    return package


def minintk(package, *words):
    code = "import sys; sys.dont_write_bytecode = False; from minintk import cli; sys.exit(cli.main())"
    command = [sys.executable, "-c", code, *words]
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    return subprocess.run(command, cwd=package.parents[1], env=environment, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("action", ["cut", "mutate"])
def test_dev_in_an_installed_package_says_that_it_needs_a_clone(installed, action):
    done = minintk(installed, "dev", action)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("minintk: dev needs a clone of the repository") and done.stderr.count("\n") == 1
    assert sorted(path.name for path in installed.parent.iterdir()) == ["minintk"]  # nothing was written beside it


def test_a_check_leaves_nothing_in_an_installed_package_that_pip_would_not_remove(installed):
    assert minintk(installed, "init", "book").returncode == 0
    assert (installed.parents[1] / "book" / "02_kernel.md").exists()
    shutil.copy(CLONE / "solutions" / "01_network.py", installed.parents[1] / "book")
    done = minintk(installed, "check", "activation", "--workbook", "book")
    assert done.returncode == 0 and "4/4" in done.stdout
    own = {path.with_suffix("") for path in installed.rglob("*.py")}
    for path in installed.rglob("*.pyc"):  # pip removes those that Python itself writes
        assert path.parents[1] / path.name.removesuffix(f".{sys.implementation.cache_tag}.pyc") in own, path

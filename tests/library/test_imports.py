"""How the modules may import each other."""

import ast
import pathlib
import subprocess
import sys

import pytest

from minintk import guard

PACKAGE = pathlib.Path(guard.__file__).parent
UNITS = ["network", "kernel", "whitening", "training", "alignment", "linear_theory", "outputs", "silence"]
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imports_of(path):
    """Every (module, name) that a file imports: name is None for `import module`, module "." for a relative import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." if node.level else node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("file", FILES)
def test_modules_are_imported_not_names(file):
    """`from minintk import network`, absolute: so that one setattr on the module reaches every caller."""
    for module, name in imports_of(PACKAGE / file):
        assert module != ".", "imports are absolute"
        if module.split(".")[0] != "minintk":
            continue
        target = PACKAGE.joinpath(*module.split(".")[1:], *([name] if name else []))
        assert target.is_dir() or target.with_suffix(".py").exists(), f"{module} {name} is not a module"
        assert file == "__main__.py" or "cli" not in (*module.split("."), name), "cli is imported by nobody"


@pytest.mark.parametrize("own", UNITS)
def test_a_unit_uses_earlier_units_only(own):
    """Guard and integrator serve them all."""
    allowed = {"guard", "integrator", *UNITS[: UNITS.index(own)]}
    assert {name for module, name in imports_of(PACKAGE / f"{own}.py") if module == "minintk"} <= allowed
    assert not any(module.startswith("minintk.") for module, _ in imports_of(PACKAGE / f"{own}.py"))


@pytest.mark.parametrize(
    "folder, others", [("experiments", {"course", "tools"}), ("tools", {"course"}), ("course", {"experiments"})]
)
def test_a_folder_knows_nothing_of_those_above_it_or_beside_it(folder, others):
    """The command line joins them."""
    for path in (PACKAGE / folder).glob("*.py"):
        names = {part for module, name in imports_of(path) for part in (*module.split(".")[1:2], name)}
        assert not names & others, path.name


def test_the_doctor_says_that_numpy_is_missing():
    """The package itself imports nothing, and the command line nothing that needs numpy."""
    code = "import sys; sys.modules['numpy'] = None; from minintk import cli; sys.exit(cli.main(['doctor']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=PACKAGE.parent)
    assert done.returncode == 1 and "bad   numpy: " in done.stdout and done.stderr == ""


def test_matplotlib_is_imported_only_where_something_is_drawn():
    code = "import sys; from minintk import cli; cli.main(['run', '--list']); sys.exit('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=PACKAGE.parent)
    assert done.returncode == 0 and done.stderr == b""

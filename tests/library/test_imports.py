"""How the modules may import each other."""

import ast
import pathlib

import pytest

import minintk

PACKAGE = pathlib.Path(minintk.__file__).parent
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


def test_the_package_itself_imports_nothing():
    """So `minintk doctor` can say that numpy is missing."""
    body = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr, ast.Assign]

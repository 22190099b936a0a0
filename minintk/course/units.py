"""units.toml, the only order and the only place of points, minutes, task texts and hints; and where things stand.

The last hint is not in units.toml: see `hints`.
"""

import ast
import difflib
import functools
import importlib
import inspect
import pathlib
import textwrap
import tomllib

PACKAGE = pathlib.Path(__file__).parents[1]
PROJECTS = {"id": "projects", "title": "Three open projects", "chapter": "09_projects.md"}  # after the last unit
PICTURE = "eight_runs.png"  # beside the chapters; minintk.experiments.eight_runs draws it


@functools.cache
def units():
    """All units in order, as in units.toml; every exercise also knows its full name "kernel.ntk", module and file."""
    found = tomllib.loads((PACKAGE / "course" / "units.toml").read_text(encoding="utf-8"))["unit"]
    for unit in found:
        unit["file"] = f"{unit['id']:02}_{unit['slug']}.py"
        unit["chapter"] = f"{unit['file'][:-3]}.md"
        for key in ("question", "figure", "ask", "answer"):
            unit[key] = " ".join(unit[key].split())
        for exercise in unit["exercise"]:
            exercise["full"] = f"{unit['module']}.{exercise['name']}"
            exercise["module"], exercise["file"] = unit["module"], unit["file"]
            exercise["points"] = sum(row["points"] for row in exercise["rows"])
    return found


def parted(docstring):
    """A docstring without its last paragraph "How: ...", and that paragraph's text; None if there is none."""
    contract, found, how = docstring.partition("\n\nHow: ")
    return (contract, " ".join(how.split())) if found else (docstring, None)


@functools.cache
def docstring(function):
    """A function's docstring, from its file: under `python -OO` the function has none."""
    return ast.get_docstring(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]) or ""


def hints(exercise):
    """All its hints; the last one is the paragraph of the library's docstring that begins "How:"."""
    function = next(node for node in ast.parse(source(exercise)).body if isinstance(node, ast.FunctionDef))
    how = parted(ast.get_docstring(function))[1]
    return [*exercise["hints"], how]


def source(exercise):
    """The library function's own text, from its file: in the module another one may stand in its place."""
    text = (PACKAGE / f"{exercise['module']}.py").read_text(encoding="utf-8")
    return ast.get_source_segment(
        text, next(n for n in ast.parse(text).body if getattr(n, "name", "") == exercise["name"])
    )


def exercises():
    """All exercises of all units, in the order in which they are done."""
    return [exercise for unit in units() for exercise in unit["exercise"]]


def by_name(full):
    """The exercise with this full name."""
    return next(exercise for exercise in exercises() if exercise["full"] == full)


def find(word):
    """The exercises that a word means: a unit ("2", "kernel", "02_kernel.py") or the tail of a name ("ntk").

    ValueError if the word fits nothing, or more than one exercise.
    """
    word = pathlib.PurePath(word).name
    for unit in units():
        if word in (str(unit["id"]), f"{unit['id']:02}", unit["slug"], unit["module"], unit["file"], unit["file"][:-3]):
            return unit["exercise"]
    found = [e for e in exercises() if e["full"] == word or e["name"] == word] or [
        e for e in exercises() if e["full"].endswith(word)
    ]
    if len(found) == 1:
        return found
    names = [e["full"] for e in found if word][:5] or difflib.get_close_matches(
        word, [e["name"] for e in exercises()], 3, 0.6
    )
    hint = f"did you mean {' or '.join(names)}?" if names else "expected a unit (1, network) or an exercise (ntk)"
    raise ValueError(f"{word!r} is {'not one exercise' if found else 'no exercise'}; {hint}")


def unit(word):
    """The one unit that a word means, by itself or by one of its exercises."""
    file = find(word)[0]["file"]
    return next(unit for unit in units() if unit["file"] == file)


def chapter(unit):
    """The text to read before a unit, or about PROJECTS."""
    return (folder("exercises") / unit["chapter"]).read_text(encoding="utf-8")


def points(number):
    """A number of points in words."""
    return f"{number} point" if number == 1 else f"{number} points"


def module(exercise):
    """The library module that holds the exercise's function."""
    return importlib.import_module(f"minintk.{exercise['module']}")


def folder(name):
    """The folder "tests", "exercises" or "solutions": beside the package in a clone, inside it once installed."""
    beside = PACKAGE.parent / name
    return beside if (beside / "oracles.py").exists() or any(beside.glob("01_*.py")) else PACKAGE / name


def installed():
    """Whether this is an installed package and no clone."""
    return folder("tests").parent == PACKAGE


def workbook(given=None):
    """The folder with a student's files: the given one, ./exercises, or this folder. ValueError if none has any."""
    for place in [pathlib.Path(given)] if given else [pathlib.Path("exercises"), pathlib.Path(".")]:
        if any((place / unit["file"]).exists() for unit in units()):
            return place
    raise ValueError(f"no exercise files in {given or './exercises or here'}; minintk init DIR makes a workbook")


def elsewhere(folder):
    """Whether this workbook is found only if it is named."""
    try:
        return workbook().resolve() != pathlib.Path(folder).resolve()
    except ValueError:
        return True

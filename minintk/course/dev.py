"""For those who change the course: `cut` writes exercises/ and solutions/, `check` proves that everything agrees."""

import ast
import inspect
import pathlib
import re
import sys
import tempfile

from minintk.course import cut as cuts
from minintk.course import examine, grade, mistakes, results, submission, units, workbook
from minintk.tools import files


def ready():
    """ValueError where these commands cannot work."""
    if units.installed():
        raise ValueError(
            "dev needs a clone of the repository; an installed package has no exercises/ to write or check"
        )
    if sys.flags.optimize > 1:
        raise ValueError("dev compares docstrings, which python -OO leaves out; run it without -OO")


def cut():
    """Writes the exercise files, their README and the solutions from the library and units.toml into the clone."""
    for path, text in written().items():
        files.write(path, text)
    return units.PACKAGE.parent


def written():
    """{path: text} of all that `cut` writes."""
    exercises = {units.PACKAGE.parent / "exercises" / name: text for name, text in workbook.texts().items()}
    solutions = {
        units.PACKAGE.parent / "solutions" / unit["file"]: cuts.exercise_file(unit, solved=True)
        for unit in units.units()
    }
    return exercises | solutions


def check():
    """Every disagreement found, as sentences; none is what we want."""
    return [*_files(), *_texts(), *_stubs(), *_rows(), *_mistakes(), *_solutions(), *_holes(), *_order()]


def _files():
    for path, text in written().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{path.parent.name}/{path.name} is not what the library gives; run minintk dev cut"
    texts = {f"{place}/{unit['chapter']}" for unit in units.units() for place in ("exercises", "solutions")}
    texts |= {f"exercises/{units.PROJECTS['chapter']}", f"exercises/{units.PICTURE}", "solutions/README.md"}
    yield from (f"{name} is missing" for name in sorted(texts) if not (units.PACKAGE.parent / name).exists())
    texts.add("exercises/silent_alignment.png")
    known = {f"{path.parent.name}/{path.name}" for path in written()} | texts
    for path in [*units.PACKAGE.parent.glob("exercises/[!.]*"), *units.PACKAGE.parent.glob("solutions/[!._]*")]:
        if f"{path.parent.name}/{path.name}" not in known:
            yield f"{path.parent.name}/{path.name} does not belong there"


def _texts():
    """Every exercise has a task of 1 to 3 lines, three hints, rows with points, minutes, and a line why."""
    for exercise in units.exercises():
        full, lines = exercise["full"], exercise["task"].strip().splitlines()
        if len(lines) > 3 or max(map(len, lines)) > 112:
            yield f"{full}: the task has {len(lines)} lines (longest {max(map(len, lines))}), expected 1 to 3 up to 112"
        if len(exercise["hints"]) != 2 or units.hints(exercise)[2] is None:
            yield f"{full}: expected two hints, a question and the idea, and the formula in the docstring behind How:"
        if not exercise["rows"] or any(row["points"] < 1 or not row["claim"] for row in exercise["rows"]):
            yield f"{full}: rows need points and claims"
        if exercise["minutes"] < 1:
            yield f"{full}: minutes is {exercise['minutes']}"
        if not 0 < len(exercise.get("why", "")) <= 100:
            yield f"{full}: why has {len(exercise.get('why', ''))} characters, expected 1 to 100"


def _stubs():
    """Stubs keep signature and docstring, and no line of an answer stands in an exercise file."""
    for unit in units.units():
        text = workbook.texts()[unit["file"]]
        namespace, problems = submission.run(text, unit["file"])
        yield from (f"{unit['file']}, line {line}: {problem}" for line, problem in problems)
        for exercise in unit["exercise"]:
            library = getattr(units.module(exercise), exercise["name"])
            stub = namespace.get(exercise["name"])
            if stub is None or inspect.signature(stub) != inspect.signature(library):
                yield f"{exercise['full']}: the stub's signature differs"
            elif inspect.getdoc(stub) != units.parted(inspect.getdoc(library))[0].rstrip():
                yield f"{exercise['full']}: the stub's docstring differs"
        if "How:" in text:
            yield f"{unit['file']} gives away a method: How:"
        for exercise in unit["exercise"]:
            library = getattr(units.module(exercise), exercise["name"])
            yield from (f"{unit['file']} gives away {line!r}" for line in _answer(library) if line in text.splitlines())


def _answer(library):
    """The lines of a function's body that would give it away."""
    source = inspect.getsource(library)
    node = ast.parse(source).body[0]
    first = node.body[1].lineno - 1
    return [line for line in source.splitlines()[first:] if len(line.strip()) > 12]


def _rows():
    """The rows of units.toml are those that tests carry, without gaps."""
    found = {}
    for path in units.folder("tests").glob("test_*.py"):
        for full, row in re.findall(r'mark\.exercise\("([\w.]+)", row=(\d+)\)', path.read_text(encoding="utf-8")):
            found.setdefault(full, set()).add(int(row))
    for exercise in units.exercises():
        wanted = set(range(1, len(exercise["rows"]) + 1))
        if found.pop(exercise["full"], set()) != wanted:
            yield f"{exercise['full']}: the tests' rows are not 1 to {len(exercise['rows'])}"
    yield from (f"tests mark {full}, which is no exercise" for full in found)


def _mistakes():
    """Every exercise has at least two mistakes."""
    for unit in units.units():
        made = [name for name, *_ in mistakes.of_unit(unit["id"])]
        names = [exercise["name"] for exercise in unit["exercise"]]
        yield from (
            f"{name}: {made.count(name)} mistakes, expected at least 2" for name in names if made.count(name) < 2
        )
        yield from (f"{unit['file']}: a mistake of {name!r}" for name in set(made) if name not in names)


def _solutions():
    """Every exercise has its derivation, and the solutions get full marks."""
    folder = units.folder("solutions")
    for unit in units.units():
        text = (folder / unit["file"]).with_suffix(".md").read_text(encoding="utf-8")
        headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
        for exercise in unit["exercise"]:
            if headings.count(exercise["name"]) != 1:
                yield f"{exercise['full']}: its derivation needs one heading, found {headings.count(exercise['name'])}"
    examiner = examine.Examiner(examine.Folder(folder))
    grade.run(examiner)
    for exercise in units.exercises():
        if (score := examiner.results[exercise["full"]].points) != exercise["points"]:
            yield f"{exercise['full']}: the solution gets {score} of {units.points(exercise['points'])}"


def _holes():
    """An untouched workbook is not started everywhere, has no points, and says so in every test."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in workbook.texts().items():
            files.write(pathlib.Path(folder) / name, text)
        examiner = examine.Examiner(examine.Folder(folder))
        grade.run(examiner)
    for full, result in examiner.results.items():
        if result.status is not results.Status.NOT_STARTED or result.points:
            yield f"{full}: the stub is {result.status} with {result.points} points, expected not started"


def _order():
    """Each unit passes with the functions of all later units removed."""
    for unit in units.units():
        later = [e for e in units.exercises() if e["file"] > unit["file"] and e["module"] != unit["module"]]
        kept = {e["full"]: getattr(units.module(e), e["name"]) for e in later}
        functions = {e["full"]: getattr(units.module(e), e["name"]) for e in unit["exercise"]}
        examiner = examine.Examiner(examine.Local(functions), list(functions))
        try:
            for exercise in later:
                delattr(units.module(exercise), exercise["name"])
            grade.run(examiner)
        finally:
            for exercise in later:
                setattr(units.module(exercise), exercise["name"], kept[exercise["full"]])
        for full, result in examiner.results.items():
            if result.status is not results.Status.PASSED:
                text = result.feedback or result.status
                yield f"{full} does not pass by itself and the units before it: {text.splitlines()[-1].strip()}"

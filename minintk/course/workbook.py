"""Makes a workbook, and puts a stub back."""

import datetime
import functools
import io
import os
import pathlib
import re

from minintk.course import cut, screen, submission, units
from minintk.tools import files, shell


def init(folder):
    """Writes all exercise files, the chapters, their picture and a README into a folder.

    ValueError if an exercise file is there. What else is there stays as it is, a README too.
    """
    folder = pathlib.Path(folder)
    whole = texts() | {page["chapter"]: units.chapter(page) for page in [*units.units(), units.PROJECTS]}
    whole[units.PICTURE] = (units.folder("exercises") / units.PICTURE).read_bytes()
    there = [name for name in whole if os.path.lexists(folder / name)]
    if exercises := [name for name in there if name.endswith(".py")]:
        raise ValueError(f"{folder} has {', '.join(exercises)} already; expected a folder without exercise files")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in whole.items():
        if name not in there:
            files.write(folder / name, content)
    screen.say(f"{folder}: {len(units.units())} exercise files. Now\n  {shell.join(['cd', folder])}\n  minintk")


@functools.cache
def texts():
    """{file name: text} of the workbook, but for the chapters, which are not cut from anything."""
    return {unit["file"]: cut.exercise_file(unit) for unit in units.units()} | {"README.md": readme()}


def readme():
    """The workbook's README: the units, their questions, exercises, points and minutes."""
    lines = [
        "# Exercises",
        "",
        "Two files a unit. Read the chapter first, `NN_unit.md`. Then open `NN_unit.py` and replace each",
        "`raise NotImplementedError` by the function that its docstring describes.",
        "",
        "```",
        "minintk                 where you are and what is next",
        "minintk explain 2       the chapter of a unit, on the screen",
        "minintk watch           checks the function you changed each time you save",
        "minintk check forward   one exercise; a unit's number checks the unit; nothing checks all",
        "minintk hint forward    a question, then the idea, then the method",
        "```",
        "",
        "In the end your own functions draw `minintk run --answers .`",
        f"Three open projects are left for then: `{units.PROJECTS['chapter']}`.",
    ]
    for unit in units.units():
        points, minutes = (sum(e[key] for e in unit["exercise"]) for key in ("points", "minutes"))
        lines += [
            "",
            f"## {unit['id']}. {unit['title']} (`{unit['chapter']}`, `{unit['file']}`)",
            "",
            unit["question"].strip(),
            "",
        ]
        lines += ["| exercise | points | minutes |", "|---|---|---|"]
        lines += [f"| `{e['name']}` | {e['points']} | {e['minutes']} |" for e in unit["exercise"]]
        lines += [f"| together | {points} | {minutes} |", "", f"At the end: {unit['figure'].strip()}"]
    return "\n".join(lines) + "\n"


def reset(folder, word):
    """Puts the stubs back for what the word names; the file as it was is kept in .minintk/backup.

    Each replaces all from the exercise's first decorator to the next exercise; all other bytes stay as they are. A
    file that is missing or empty is written anew.
    """
    exercises, unit = units.find(word), units.unit(word)  # one or a unit's: in one file
    path = pathlib.Path(folder) / unit["file"]
    fresh = texts()[unit["file"]]
    if not submission.text(path).strip():
        files.write(path, fresh)
        screen.say(f"{path} is written anew.")
        return
    stubs, told = submission.read(fresh)[0], []
    text, encoding = submission.decoded(path)
    new = text
    for exercise in exercises:
        name, before = exercise["name"], new
        new = _replaced(new, name, [e["name"] for e in unit["exercise"]], stubs[name][0] + "\n")
        told.append(f"{name} is {'untouched' if new == before else 'a stub again'}.")
    if new != text:
        stamp = f"{datetime.datetime.now():%Y%m%d-%H%M%S-%f}"
        backup = pathlib.Path(folder) / ".minintk" / "backup" / f"{stamp}-{path.name}"
        backup.parent.mkdir(parents=True, exist_ok=True)
        files.write(backup, path.read_bytes())
        files.write(path, new.encode(encoding, "surrogateescape"))
        told.append(f"Your file as it was: {backup}")
    screen.say("\n".join(told))


def fill(folder, exercise, function):
    """Puts a function in the place of its untouched stub. Whether it did."""
    path = pathlib.Path(folder) / exercise["file"]
    names = [e["name"] for e in units.unit(exercise["full"])["exercise"]]
    if not path.exists() or submission.read(submission.text(path))[0].get(exercise["name"], ("", True))[1]:
        return False
    text, encoding = submission.decoded(path)
    files.write(path, _replaced(text, exercise["name"], names, function + "\n").encode(encoding, "surrogateescape"))
    return True


def _replaced(text, name, names, stub):
    """The text with a stub, in the text's own line ends, for all it has of this exercise; at its end if nothing."""
    end = re.search("\r\n|\r|\n|$", text)[0] or "\n"
    lines, stub = io.StringIO(text, newline="").readlines(), stub.replace("\n", end)
    places = submission.extents(submission.plain(text), names).get(name)
    if not places:
        return text + ("" if text.endswith(end) else end) + 2 * end + stub
    for i, (first, last) in reversed(list(enumerate(places))):
        while not "".join(lines[last - 1 : last]).strip():  # empty lines before the next exercise stay
            last -= 1
        lines[first:last] = [] if i else [stub]
    return "".join(lines)

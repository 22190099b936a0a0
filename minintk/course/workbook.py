"""Makes a workbook, and puts a stub back."""

import datetime
import functools
import pathlib
import shutil

from minintk.course import cut, screen, submission, units
from minintk.tools import files, shell


def init(folder):
    """Writes all exercise files and their README into a new or empty folder. ValueError if any of them is there."""
    folder = pathlib.Path(folder)
    there = [name for name in texts() if (folder / name).exists()]
    if there:
        raise ValueError(f"{folder} has {', '.join(there)} already; expected a folder without exercise files")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        files.write(folder / name, text)
    screen.say(f"{folder}: {len(units.units())} exercise files. Now\n  {shell.join(['cd', folder])}\n  minintk")


@functools.cache
def texts():
    """{file name: text} of the whole workbook."""
    return {unit["file"]: cut.exercise_file(unit) for unit in units.units()} | {"README.md": readme()}


def readme():
    """The workbook's README: the units, their questions, exercises, points and minutes."""
    lines = [
        "# Exercises",
        "",
        "One file a unit. Replace each `raise NotImplementedError` by the function that its docstring describes.",
        "",
        "```",
        "minintk                 where you are and what is next",
        "minintk watch           checks the function you changed each time you save",
        "minintk check forward   one exercise; a unit's number checks the unit; nothing checks all",
        "minintk hint forward    a question, then the idea, then the method",
        "```",
        "",
        "In the end your own functions draw `minintk run --answers .`",
    ]
    for unit in units.units():
        points, minutes = (sum(e[key] for e in unit["exercise"]) for key in ("points", "minutes"))
        lines += ["", f"## {unit['id']}. {unit['title']} (`{unit['file']}`)", "", unit["question"].strip(), ""]
        lines += ["| exercise | points | minutes |", "|---|---|---|"]
        lines += [f"| `{e['name']}` | {e['points']} | {e['minutes']} |" for e in unit["exercise"]]
        lines += [f"| together | {points} | {minutes} |", "", f"At the end: {unit['figure'].strip()}"]
    return "\n".join(lines) + "\n"


def reset(folder, word):
    """Puts the stubs back for what the word names; the file as it was is kept in .minintk/backup.

    A file that is missing or empty is written anew.
    """
    exercises = units.find(word)  # one or a unit's: in one file
    path = pathlib.Path(folder) / exercises[0]["file"]
    fresh = cut.exercise_file(next(u for u in units.units() if u["file"] == path.name))
    text = new = submission.text(path)
    if not text.strip():
        files.write(path, fresh)
        screen.say(f"{path} is written anew.")
        return
    stubs, mine, told = submission.read(fresh)[0], submission.read(text)[0], []
    for exercise in exercises:
        name = exercise["name"]
        stub, yours = stubs[name][0], mine.get(name, ("", False))[0]
        new = new.replace(yours, stub) if yours else f"{new.rstrip()}\n\n\n{stub}\n"
        told.append(f"{name} is {'untouched' if yours == stub else 'a stub again'}.")
    if new != text:
        stamp = f"{datetime.datetime.now():%Y%m%d-%H%M%S-%f}"
        backup = pathlib.Path(folder) / ".minintk" / "backup" / f"{stamp}-{path.name}"
        backup.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, backup)
        files.write(path, new)
        told.append(f"Your file as it was: {backup}")
    screen.say("\n".join(told))

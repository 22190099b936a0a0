"""Checks a student's functions and says what passed, the first thing to mend, and one next command."""

import pathlib
import re
import tempfile
import textwrap

from minintk.course import cell, grade, progress, results, screen, units, workbook


def check(folder, words):
    """Grades what the words name (all if there are none) and prints the result.

    1 if anything begun fails, or if anything named is not to be found.
    """
    words = [] if "all" in words else words
    exercises = list({e["full"]: e for word in words for e in units.find(word)}.values()) or units.exercises()
    examiner = grade.grade(folder, exercises)
    note = progress.record(folder, examiner)
    if len(exercises) == 1:
        _one(folder, exercises[0], examiner)
    else:
        _many(exercises, examiner)
    for file, line, problem in examiner.answers.problems(exercises):
        if not any(problem in row.text for result in examiner.results.values() for row in result.rows):
            screen.say(f"\n{pathlib.Path(folder) / file}, line {line}: {problem}")
    failed = [e for e in exercises if examiner.results[e["full"]].status is results.Status.FAILED]
    if note:
        screen.say(f"\n{note}")
    if failed:
        screen.say("\n" + (examiner.results[failed[0]["full"]].feedback or "Not all of its tests could be run."))
        name = failed[0]["name"]
        screen.say(f"\nnext: mend {name} in {pathlib.Path(folder) / failed[0]['file']}, then")
        again, hint = (screen.command(folder, word, name) for word in ("check", "hint"))
        screen.say(f"  {again}      (stuck? {hint})")
        return 1
    missing = [e for e in exercises if words and not examiner.answers.text(e["full"])]
    if missing:
        path, name = pathlib.Path(folder) / missing[0]["file"], missing[0]["name"]
        screen.say(f"\n{path} {_lacks(path, name)}. Was it renamed? A new one: minintk reset {name}")
        return 1
    states = progress.state(folder)
    if note:
        states |= {full: (result.status, result.points) for full, result in examiner.results.items()}
    _next(folder, exercises, states)
    return 0


def function(written):
    """Grades a function that was just defined in a notebook's cell or at a prompt, and prints the result.

    The exercise is the one of its name. Its source is graded, and that of your other functions and names in it; a line
    @guard.accepts may be left out. If it passes, needs nothing else of yours, and a workbook is here in which this
    exercise is untouched, it is put there. In place of your functions for other exercises the library's are called.
    """
    try:
        exercise, text, first, more = cell.source(written)
    except ValueError as error:  # no function, no exercise, no source: a line, where an exception would show a page
        screen.say(str(error))
        return
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / exercise["file"]).write_text(text, encoding="utf-8")
        examiner = grade.grade(folder, [exercise])
    try:
        book = units.workbook()
    except ValueError:
        book = None
    _one(book or ".", exercise, examiner)
    result = examiner.results[exercise["full"]]
    passed = result.status is results.Status.PASSED
    if passed and book and not more and workbook.fill(book, exercise, cell.alone(text, exercise)):
        progress.record(book, examiner)
        screen.say(f"\nIt stands in {book / exercise['file']} now.")
    elif passed and book:
        why = "it uses more of what you defined" if more else "there is one of yours"
        screen.say(f"\nNot put into {book / exercise['file']}: {why}.")
    elif not passed:
        told = (result.feedback or "Not all of its tests could be run.").partition("\n  again: ")[0]
        name, place = exercise["name"], rf"(?:\S*[/\\])?{exercise['file']}, line (\d+)"

        def own(found):
            line = int(found[1]) - first + 1
            return f"line {line} of {name}" if line > 0 else f"in what {name} uses"

        screen.say("\n" + re.sub(place, own, told))
        screen.say(f"\nnext: mend it and run its cell again      (stuck? minintk hint {exercise['name']})")


def _many(exercises, examiner):
    """A line an exercise, under the titles of its units."""
    for unit in units.units():
        asked = [e for e in unit["exercise"] if e in exercises]
        if asked:
            screen.say(f"\n{unit['id']} {unit['title']}  ({unit['file']})")
        for exercise in asked:
            result = examiner.results[exercise["full"]]
            told = f"{result.points}/{exercise['points']}"
            if failed := [str(i) for i, row in enumerate(result.rows, 1) if row.status is results.Status.FAILED]:
                told += f"  row {', '.join(failed)}"
            if result.status is results.Status.NOT_STARTED:
                told = _absent(exercise, examiner)
            screen.say(f"  {screen.mark(result.status)} {exercise['name']:<24}{told}")
    points, total = sum(r.points for r in examiner.results.values()), sum(e["points"] for e in exercises)
    screen.say(f"\n{points} of {total} points")


def _one(folder, exercise, examiner):
    """A line a rubric row, and after a pass what it was for."""
    result = examiner.results[exercise["full"]]
    screen.say(f"{exercise['full']}  {result.points}/{exercise['points']} points")
    if result.status is results.Status.NOT_STARTED:
        screen.say(f"  {screen.mark(result.status)} {_absent(exercise, examiner)}")
        return
    for i, (row, rubric) in enumerate(zip(result.rows, exercise["rows"]), start=1):
        note = "  (waits for an earlier row)" if row.status is results.Status.WAITING else ""
        screen.say(f"  {screen.mark(row.status)} row {i}, {units.points(rubric['points'])}: {rubric['claim']}{note}")
    if result.status is results.Status.PASSED:
        read = screen.command(folder, "solution", exercise["name"])
        screen.say(f"\n{exercise['why']}\n  read: {read}")
    screen.printed(examiner.answers.remote.printed)


def _absent(exercise, examiner):
    """That an exercise is not started, and why if its function is not to be found."""
    if examiner.answers.text(exercise["full"]):
        return "not started"
    return (
        f"not started: {exercise['file']} {_lacks(examiner.answers.files[exercise['file']]['path'], exercise['name'])}"
    )


def _lacks(path, name):
    return f"has no def {name}" if path.exists() else "is missing"


def _next(folder, exercises, states):
    """What to do when nothing that was begun fails."""
    for unit in units.units():
        done = all(states[e["full"]][0] is results.Status.PASSED for e in unit["exercise"])
        if done and exercises[-1] in unit["exercise"]:
            see = screen.command(folder, "see", unit["id"])
            screen.say(f"\nUnit {unit['id']} is done. Its figure, drawn by your functions:\n  {see}")
            screen.say(textwrap.fill(unit["figure"], 96, initial_indent="  ", subsequent_indent="  "))
    following = progress.current(folder, exercises[0], states)
    if following is None:
        screen.all_done(folder)
        return
    screen.read_first(following, states)
    write = "write " if [following] == exercises else ""
    path = pathlib.Path(folder) / following["file"]
    check = screen.command(folder, "check", following["name"])
    screen.say(f"\nnext: {write}{following['name']} in {path}, then\n  {check}")

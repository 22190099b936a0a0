"""Checks a student's functions and says what passed, the first thing to mend, and one next command."""

import pathlib
import textwrap

from minintk.course import grade, progress, results, screen, units


def check(folder, words):
    """Grades what the words name (everything if there are none) and prints the result. 1 if anything begun fails."""
    exercises = list({e["full"]: e for word in words for e in units.find(word)}.values()) or units.exercises()
    examiner, note = grade.grade(folder, exercises), ""
    try:
        progress.record(folder, examiner)
    except OSError as error:  # a folder that may only be read can be graded all the same
        note = f"\n(not recorded: {error})"
    if len(exercises) == 1:
        _one(exercises[0], examiner)
    else:
        _many(exercises, examiner)
    for file, line, problem in examiner.answers.problems(exercises):
        if not any(problem in row.text for result in examiner.results.values() for row in result.rows):
            screen.say(f"\n{pathlib.Path(folder) / file}, line {line}: {problem}")
    failed = [e for e in exercises if examiner.results[e["full"]].status is results.Status.FAILED]
    if note:
        screen.say(note)
    if failed:
        screen.say("\n" + (examiner.results[failed[0]["full"]].feedback or "Not all of its tests could be run."))
        name = failed[0]["name"]
        screen.say(f"\nnext: mend {name} in {pathlib.Path(folder) / failed[0]['file']}, then")
        again, hint = (screen.command(folder, word, name) for word in ("check", "hint"))
        screen.say(f"  {again}      (stuck? {hint})")
        return 1
    _next(folder, exercises)
    return 0


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


def _one(exercise, examiner):
    """A line a rubric row."""
    result = examiner.results[exercise["full"]]
    screen.say(f"{exercise['full']}  {result.points}/{exercise['points']} points")
    if result.status is results.Status.NOT_STARTED:
        screen.say(f"  {screen.mark(result.status)} {_absent(exercise, examiner)}")
        return
    for i, (row, rubric) in enumerate(zip(result.rows, exercise["rows"]), start=1):
        note = "  (waits for an earlier row)" if row.status is results.Status.WAITING else ""
        screen.say(f"  {screen.mark(row.status)} row {i}, {units.points(rubric['points'])}: {rubric['claim']}{note}")
    if printed := examiner.answers.remote.printed:
        lines = printed[-4000:].rstrip().splitlines()
        screen.say("\n".join(["", "it printed:", *(["..."] if len(lines) > 8 else []), *lines[-8:]]))


def _absent(exercise, examiner):
    """That an exercise is not started, and why if its function is not to be found."""
    missing = "" if examiner.answers.text(exercise["full"]) else f": {exercise['file']} has no def {exercise['name']}"
    return f"not started{missing}"


def _next(folder, exercises):
    """What to do when nothing that was begun fails."""
    states = progress.state(folder)
    for unit in units.units():
        done = all(states[e["full"]][0] is results.Status.PASSED for e in unit["exercise"])
        if done and exercises[-1] in unit["exercise"]:
            see = screen.command(folder, "see", unit["id"])
            screen.say(f"\nUnit {unit['id']} is done. Its figure, drawn by your functions:\n  {see}")
            screen.say(textwrap.fill(unit["figure"], 96, initial_indent="  ", subsequent_indent="  "))
    following = progress.current(folder, exercises[0])
    if following is None:
        screen.all_done(folder)
        return
    write = "write " if [following] == exercises else ""
    path = pathlib.Path(folder) / following["file"]
    check = screen.command(folder, "check", following["name"])
    screen.say(f"\nnext: {write}{following['name']} in {path}, then\n  {check}")

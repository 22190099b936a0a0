"""Checks a student's functions and says what passed, the first thing to mend, and one next command."""

import contextlib
import io
import os
import pathlib
import textwrap

import pytest

from minintk.course import examine, progress, screen, units


def check(folder, words):
    """Grades what the words name (everything if there are none) and prints the result. 1 if anything begun fails."""
    exercises = list({e["full"]: e for word in words for e in units.find(word)}.values()) or units.exercises()
    examiner, note = examined(folder, exercises), ""
    try:
        progress.record(folder, examiner)
    except OSError as error:  # a folder that may only be read can be graded all the same
        note = f"\n(not recorded: {error})"
    if len(exercises) == 1:
        _one(exercises[0], examiner)
    else:
        _many(exercises, examiner)
    for file, line, problem in examiner.answers.problems(exercises):
        if not any(problem in row["text"] for result in examiner.results.values() for row in result["rows"]):
            screen.say(f"\n{pathlib.Path(folder) / file}, line {line}: {problem}")
    failed = [e for e in exercises if examiner.results[e["full"]]["status"] == "failed"]
    if note:
        screen.say(note)
    if failed:
        rows = examiner.results[failed[0]["full"]]["rows"]
        screen.say("\n" + next((row["text"] for row in rows if row["text"]), "Not all of its tests could be run."))
        screen.say(f"\nnext: mend {failed[0]['name']} in {pathlib.Path(folder) / failed[0]['file']}, then")
        screen.say(f"  minintk check {failed[0]['name']}      (stuck? minintk hint {failed[0]['name']})")
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
            result, score = examiner.results[exercise["full"]], examiner.score(exercise["full"])
            failed = [i for i, row in enumerate(result["rows"], start=1) if row["status"] == "failed"]
            told = f"row {', '.join(map(str, failed))}" if failed else ""
            begun = result["status"] != "not started"
            told = f"{score}/{exercise['points']}  {told}" if begun else _absent(exercise, examiner)
            screen.say(f"  {screen.mark(result['status'])} {exercise['name']:<24}{told.rstrip()}")
    score, total = sum(examiner.score(e["full"]) for e in exercises), sum(e["points"] for e in exercises)
    screen.say(f"\n{score} of {total} points")


def _one(exercise, examiner):
    """A line a rubric row."""
    result = examiner.results[exercise["full"]]
    score = examiner.score(exercise["full"])
    screen.say(f"{exercise['full']}  {score}/{exercise['points']} points")
    if result["status"] == "not started":
        screen.say(f"  {screen.mark('not started')} {_absent(exercise, examiner)}")
        return
    for i, (row, rubric) in enumerate(zip(result["rows"], exercise["rows"]), start=1):
        note = "  (waits for an earlier row)" if row["status"] == "waiting" else ""
        screen.say(f"  {screen.mark(row['status'])} row {i}, {units.points(rubric['points'])}: {rubric['claim']}{note}")
    if examiner.answers.printed:
        lines = examiner.answers.printed[-4000:].rstrip().splitlines()
        screen.say("\n".join(["", "it printed:", *(["..."] if len(lines) > 8 else []), *lines[-8:]]))


def _absent(exercise, examiner):
    """That an exercise is not started, and why if its function is not to be found."""
    missing = "" if examiner.answers.text(exercise["full"]) else f": {exercise['file']} has no def {exercise['name']}"
    return f"not started{missing}"


def _next(folder, exercises):
    """What to do when nothing that was begun fails."""
    states = progress.state(folder)
    for unit in units.units():
        done = all(states[e["full"]][0] == "passed" for e in unit["exercise"])
        if done and exercises[-1] in unit["exercise"]:
            screen.say(f"\nUnit {unit['id']} is done. Its figure, drawn by your functions:\n  minintk see {unit['id']}")
            screen.say(textwrap.fill(unit["figure"], 96, initial_indent="  ", subsequent_indent="  "))
    following = progress.current(folder, exercises[0])
    if following is None:
        screen.say(
            f"\nAll exercises are done. Now the whole experiment, with nothing lent:\n  minintk run --answers {folder}"
        )
    elif following["full"] not in [e["full"] for e in exercises] or len(exercises) > 1:
        path = pathlib.Path(folder) / following["file"]
        screen.say(f"\nnext: {following['name']} in {path}, then\n  minintk check {following['name']}")
    else:
        path = pathlib.Path(folder) / following["file"]
        screen.say(f"\nnext: write {following['name']} in {path}, then\n  minintk check {following['name']}")


def examined(folder, exercises, seconds=None):
    """Runs the tests of these exercises on the folder; the Examiner with its results."""
    answers = examine.Folder(folder, **({} if seconds is None else {"seconds": seconds}))
    examiner = examine.Examiner(answers, [e["full"] for e in exercises], pathlib.Path(folder) / ".minintk" / "calls")
    if any(answers.started(e["full"]) for e in exercises):
        answers.start()  # it is ready by the time the tests are collected
        run(examiner)
    return examiner


def run(examiner):
    """Examines the functions of this examiner with the test files of their modules."""
    begun = [full for full in examiner.names if examiner.answers.started(full)] or examiner.names
    files = sorted({f"test_{full.split('.')[0]}.py" for full in begun})
    try:
        code = pytest_run(files, [examiner])
    finally:
        examiner.answers.close()
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"the tests could not be run ({code!r})")


def pytest_run(files, plugins, *words):
    """One pytest run over these test files without pytest's own screen and settings; its exit code."""
    tests = units.folder("tests")
    plugins_off = ("terminal", "cacheprovider", "unraisableexception", "threadexception")  # the last two take 20 ms
    quiet = [word for name in plugins_off for word in ("-p", f"no:{name}")]
    quiet += ["--import-mode=importlib", f"--rootdir={tests}", "-W", "ignore"]
    quiet += ["-o", f"pythonpath={tests}", "-o", "markers=exercise(name, row): graded", "-o", "addopts="]
    meant = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    try:  # what is meant for other tests must not change marks
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return pytest.main([*quiet, *words, *(str(tests / file) for file in files)], plugins=plugins)
    finally:
        os.environ.update(meant)

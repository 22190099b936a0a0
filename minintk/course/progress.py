"""What a student has reached, kept in .minintk/progress.json beside the workbook. Losing it loses no work."""

import hashlib
import json
import pathlib

from minintk.course import results, submission, units
from minintk.tools import files

KEYS = ("status", "points", "text")  # of what is kept for an exercise


def load(folder):
    """{"exercises": {full: {"status", "points", "text"}}, "hints": {full: how many were shown}}."""
    try:
        kept = json.loads(_path(folder).read_text(encoding="utf-8"))
        exercises = {full: {key: one[key] for key in KEYS} for full, one in kept["exercises"].items()}
        for one in exercises.values():
            one["status"] = results.Status(one["status"])
        return {"exercises": exercises, "hints": {full: int(number) for full, number in kept["hints"].items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):  # damaged
        return {"exercises": {}, "hints": {}}


def save(folder, kept):
    """Keeps it in the folder."""
    path = _path(folder)
    path.parent.mkdir(exist_ok=True)
    files.write(path, json.dumps(kept, indent=1))


def record(folder, examiner):
    """Keeps the results of an examination."""
    kept = load(folder)
    for full, result in examiner.results.items():
        text = _hash(examiner.answers.text(full))
        kept["exercises"][full] = {"status": result.status, "points": result.points, "text": text}
    save(folder, kept)


def state(folder):
    """{full: (status, points)} of all exercises, as their files stand now."""
    kept = load(folder)["exercises"]
    states = {}
    for full, (text, started) in texts(folder).items():
        known = kept.get(full, {})
        if not started:
            states[full] = results.Status.NOT_STARTED, 0
        elif known.get("text") == _hash(text):
            states[full] = known["status"], known["points"]
        else:
            states[full] = results.Status.NOT_CHECKED, 0
    return states


def texts(folder):
    """{full: (the function's text in its file, whether it is started)}."""
    found = {}
    for unit in units.units():
        functions = submission.of_unit(folder, unit)[2]
        found |= {exercise["full"]: functions[exercise["name"]] for exercise in unit["exercise"]}
    return found


def current(folder, start=None):
    """The first exercise that is not passed, from the exercise `start` on and then round, or None if all are."""
    states, exercises = state(folder), units.exercises()
    first = exercises.index(start) if start else 0
    left = [e for e in exercises[first:] + exercises[:first] if states[e["full"]][0] is not results.Status.PASSED]
    return left[0] if left else None


def _path(folder):
    return pathlib.Path(folder) / ".minintk" / "progress.json"


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]

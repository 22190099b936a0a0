"""What a student has reached, kept in .minintk/progress.json beside the workbook. Losing it loses no work."""

import contextlib
import hashlib
import json
import os
import pathlib

from minintk.course import results, screen, submission, units
from minintk.tools import files

KEYS = ("status", "points", "text")  # of what is kept for an exercise


def load(folder):
    """{"exercises": {full: {"status", "points", "text"}}, "hints": {full: how many were shown}}.

    A file that cannot be read is set aside under another name.
    """
    path = _path(folder)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        exercises = {full: {key: one[key] for key in KEYS} for full, one in kept["exercises"].items()}
        for one in exercises.values():
            one["status"] = results.Status(one["status"])
        counts = [*(one["points"] for one in exercises.values()), *kept["hints"].values()]
        if all(type(n) is int and n >= 0 for n in counts) and all(
            type(one["text"]) is str for one in exercises.values()
        ):
            return {"exercises": exercises, "hints": kept["hints"]}
    except (FileNotFoundError, NotADirectoryError):
        return {"exercises": {}, "hints": {}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # damaged
        pass
    with contextlib.suppress(OSError):  # where nothing may be written it stays
        aside = path.with_name("progress.damaged.json")
        os.replace(path, aside)
        screen.say(f"{path} could not be read; it is now {aside.name}")
    return {"exercises": {}, "hints": {}}


def save(folder, kept):
    """Keeps it in the folder. Returns "", or a line about why it could not."""
    path = _path(folder)
    try:
        path.parent.mkdir(exist_ok=True)
        files.write(path, json.dumps(kept, indent=1))
    except OSError as error:
        return f"(not recorded: {error})"
    return ""


def record(folder, examiner):
    """Keeps the results of an examination. Returns "", or a line about why it could not."""
    kept = load(folder)
    for full, result in examiner.results.items():
        text = _hash(examiner.answers.text(full), full)
        kept["exercises"][full] = {"status": result.status, "points": result.points, "text": text}
    return save(folder, kept)


def state(folder):
    """{full: (status, points)} of all exercises, as their files stand now."""
    kept = load(folder)["exercises"]
    states = {}
    for full, (text, started) in texts(folder).items():
        known = kept.get(full, {})
        if not started:
            states[full] = results.Status.NOT_STARTED, 0
        elif known.get("text") == _hash(text, full) and _possible(known, units.by_name(full)["points"]):
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


def current(folder, start=None, states=None):
    """The first exercise that is not passed, from the exercise `start` on and then round, or None if all are."""
    states, exercises = states or state(folder), units.exercises()
    first = exercises.index(start) if start else 0
    left = [e for e in exercises[first:] + exercises[:first] if states[e["full"]][0] is not results.Status.PASSED]
    return left[0] if left else None


def _path(folder):
    return pathlib.Path(folder) / ".minintk" / "progress.json"


def _possible(known, points):
    """Whether status and points can be those of an exercise with so many points that was begun."""
    if known["status"] is results.Status.PASSED:
        return known["points"] == points
    return known["status"] is results.Status.FAILED and known["points"] < points


def _hash(text, full):
    """Of a function's text and of its rubric: a pass counts for what was asked."""
    return hashlib.sha256(f"{text}{units.by_name(full)['rows']}".encode()).hexdigest()[:16]

"""Runs in a process of its own, started by course/remote.py: loads a student's function and calls it when asked.

Requests come on standard input and answers go to what was standard output, one frame each. What the student prints
goes to the log. A call that does not end in time is ended here, by faulthandler, which works in an endless loop of C
code too and leaves the line in the log.
"""

import faulthandler
import os
import pathlib
import sys
import traceback

from minintk import guard
from minintk.course import frames, submission, units


def main():
    guard.NESTED = True  # a student's wrong call of the library is told in words, not by numpy
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # prints must not end up among the answers
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # input() ends at once instead of eating requests
    faulthandler.enable()
    function = filename = None
    while True:
        try:
            request = frames.read(requests)
        except EOFError:
            os._exit(0)  # no exit handlers, no waiting for threads
        faulthandler.dump_traceback_later(request["seconds"], exit=True)
        if "source" in request:
            filename = request["source"]["filename"]
            function, answer = load(**request["source"])
        else:
            answer = call(function, filename, *request["call"])
        faulthandler.cancel_dump_traceback_later()
        try:
            frame = frames.pack(answer)
        except TypeError as error:
            frame = frames.pack({"error": ["TypeError", f"returned {error}", None]})
        answers.write(frame)
        answers.flush()


def load(text, filename, full):
    """The student's function with the library's version of every other exercise of its file around it."""
    namespace, problems = submission.run(text, filename)
    exercise = units.by_name(full)
    function = namespace.get(exercise["name"])
    for other in units.exercises():
        if other["module"] == exercise["module"] and other is not exercise:
            namespace[other["name"]] = getattr(units.module(other), other["name"])
    if not callable(function):
        why = f"; {pathlib.Path(filename).name}, line {problems[0][0]}: {problems[0][1]}" if problems else ""
        return None, {"error": ["NameError", f"{exercise['name']} could not be defined{why}", None]}
    return function, {"ok": None, "problems": problems}


def call(function, filename, args, kwargs):
    """The function's result, or the error it raised with the line of the student's file it came from."""
    lists = [value for value in [*args, *kwargs.values()] if isinstance(value, list)]
    before = [list(value) for value in lists]
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
        return {"error": [type(error).__name__, str(error), lines[-1] if lines else None]}
    return {"ok": result, "changed": changed(before, lists)}


def changed(before, lists):
    """Whether lists hold other things than before. (Arrays cannot change: what frames unpack is read-only.)"""
    return any(
        len(old) != len(new) or any(a is not b for a, b in zip(old, new))
        for old, new in zip(before, lists, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())

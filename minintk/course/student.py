"""A student's function: defined from its file, called, and what can go wrong with it."""

import pathlib
import traceback

from minintk.course import submission, units

CHANGED = "is read-only"  # numpy's words when an array is changed; ours when a list is


class Error(Exception):
    """What went wrong in a student's function: the kind (an exception's name), a sentence, and the line if known."""

    def __init__(self, kind, text, line=None):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text, self.line = kind, text, line


def define(text, filename, full):
    """The function from its file's text, the library's version of every other exercise of the file around it.

    Returns (function, problems of the file); Error if there is no such function.
    """
    namespace, problems = submission.run(text, filename)
    exercise = units.by_name(full)
    function = namespace.get(exercise["name"])
    for other in units.exercises():
        if other["module"] == exercise["module"] and other is not exercise:
            namespace[other["name"]] = getattr(units.module(other), other["name"])
    if not callable(function):
        found = submission.problem(text, exercise["name"]) or (problems[0] if problems else None)
        why = f"; {pathlib.Path(filename).name}, line {found[0]}: {found[1]}" if found else ""
        raise Error("NameError", f"{exercise['name']} could not be defined{why}")
    return function, problems


def call(function, args, kwargs, filename=None, caught=Exception):
    """The function's result; Error, with the line of its file, if it raised one of `caught` or changed a list.

    Arrays are expected to be read-only: then a function that changes one raises an error by itself.
    """
    lists = [value for value in [*args, *kwargs.values()] if isinstance(value, list)]
    before = [list(value) for value in lists]
    try:
        result = function(*args, **kwargs)
    except caught as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
        raise Error(type(error).__name__, str(error), lines[-1] if lines else None) from None
    for old, new in zip(before, lists):
        if len(old) != len(new) or any(a is not b for a, b in zip(old, new)):
            raise Error("ValueError", CHANGED)
    return result


def outcome(function, args, kwargs, filename):
    """What a call came to, as plain data: {"ok": result} or {"error": [kind, text, line]}, whatever was raised."""
    try:
        return {"ok": call(function, args, kwargs, filename, BaseException)}
    except Error as error:
        return {"error": [error.kind, error.text, error.line]}

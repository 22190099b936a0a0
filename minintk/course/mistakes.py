"""Wrong answers that are known: the tests are tested with them, and a student's answers are compared with theirs."""

import functools
import importlib.util

from minintk.course import diagnose, units


@functools.cache
def of_unit(id):
    """The wrong answers of a unit: [(exercise, what is wrong, the function, words that its feedback must contain)]."""
    unit = units.units()[id - 1]
    path = units.folder("tests") / "mistakes" / unit["file"]
    spec = importlib.util.spec_from_file_location(f"mistakes_{id}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MISTAKES


def known(exercise, calls, answer, again):
    """What is wrong, in words, with answers that are wrong as a known one is; None if they are like none of them.

    calls: of one test, dicts with args, kwargs and what came back, "got" or "error"; answer(function, call) gives what
    a function answers to a call in this form; again() gives more calls, for a choice among several known ones.
    """
    found = [
        (what, wrong)
        for name, what, wrong, _ in of_unit(units.unit(exercise["full"])["id"])
        if name == exercise["name"] and all(_same(answer(wrong, call), call) for call in calls)
    ]
    if len(found) > 1:
        more = again()
        found = [(what, wrong) for what, wrong in found if all(_same(answer(wrong, c), c) for c in more)]
    return found[0][0] if found else None


def _same(one, other):
    """Whether both answers have the same numbers of the same kind, or the same error."""
    if "error" in one or "error" in other:
        pair = one.get("error"), other.get("error")
        return None not in pair and len({(error.kind, error.text) for error in pair}) == 1
    return diagnose.alike(one["got"], other["got"])

"""Wrong answers that are known: the tests are tested with them, and a student's answers are compared with theirs."""

import functools
import importlib.util

from minintk.course import diagnose, units


@functools.cache
def of_unit(id):
    """The wrong answers of a unit: [(exercise, what is wrong, the function, words that its feedback must contain)].

    Some have a fifth entry, the question that leads on.
    """
    unit = units.units()[id - 1]
    path = units.folder("tests") / "mistakes" / unit["file"]
    spec = importlib.util.spec_from_file_location(f"mistakes_{id}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MISTAKES


def known(exercise, calls, answer, again):
    """(what is wrong, in words, and a question, if it has one) of the known mistake with such answers; None if of none.

    calls: of one test, dicts with args, kwargs and what came back, "got" or "error"; answer(function, call) gives what
    a function answers to a call in this form; again() gives calls at other sizes. One by hand is easily met by chance:
    a mistake must also have all other answers, or, as a student's own form for several outputs may differ, two that
    are wrong. The one that has most of them is told.
    """
    found, more = [], None
    for name, what, wrong, _, *question in of_unit(units.unit(exercise["full"])["id"]):
        if name == exercise["name"] and all(_same(answer(wrong, call), call) for call in calls):
            more = again() if more is None else more
            alike = [call for call in more if _same(answer(wrong, call), call)]
            telling = [c for c in calls + alike if "got" not in c or not diagnose.alike(c["got"], c.get("expected"))]
            if len(alike) == len(more) or len(telling) >= 2:
                found.append((len(alike), (what, *question)))
    return max(found, key=lambda each: each[0])[1] if found else None


def _same(one, other):
    """Whether both answers have the same numbers of the same kind, or the same error."""
    if "error" in one or "error" in other:
        pair = one.get("error"), other.get("error")
        return None not in pair and len({(error.kind, error.text) for error in pair}) == 1
    return diagnose.alike(one["got"], other["got"])

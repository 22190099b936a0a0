"""Wrong answers that are known: the tests are tested with them, and a student's answers are compared with theirs."""

import functools
import importlib.util

from minintk.course import diagnose, units


def of_unit(id):
    """The wrong answers of a unit: [(exercise, what is wrong, the function, words that its feedback must contain)].

    Some have a fifth entry, the question that leads on.
    """
    return _module(id).MISTAKES


def cases(full):
    """Keyword arguments with which a function is asked again, where none can be made up from its guard."""
    return getattr(_module(units.unit(full)["id"]), "CASES", {}).get(full.split(".")[1], [])


@functools.cache
def _module(id):
    unit = units.units()[id - 1]
    path = units.folder("tests") / "mistakes" / unit["file"]
    spec = importlib.util.spec_from_file_location(f"mistakes_{id}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def known(exercise, calls, answer, again, passed=()):
    """(what is wrong, in words, and a question, if it has one) of the known mistake with such answers; None if of none.

    calls: of one test, dicts with args, kwargs and what came back, "got" or "error"; answer(function, call) gives what
    a function answers to a call in this form; again() gives calls at other sizes; passed: calls of tests that passed.
    One by hand is easily met by chance: a mistake must also pass where the student does, and have all other answers,
    or, as a student's own form for several outputs may differ, two that are wrong and every error. An error where the
    library refuses, too, tells nothing. The mistake with most of the answers is told.
    """
    found, more = [], None
    for name, what, wrong, _, *question in of_unit(units.unit(exercise["full"])["id"]):
        if name == exercise["name"] and all(_same(answer(wrong, call), call) for call in [*calls, *passed]):
            more = again() if more is None else more
            same = [_same(answer(wrong, call), call) for call in more]
            alike = [call for call, is_same in zip(more, same) if is_same]
            own = [call for call, is_same in zip(more, same) if "error" in call and not is_same]
            telling = [call for call in calls + alike if _tells(call)]
            if telling and not own and (len(alike) == len(more) or len(telling) >= 2):
                found.append((len(alike), (what, *question)))
    return max(found, key=lambda each: each[0])[1] if found else None


def _tells(call):
    """Whether the answer is wrong, and is not merely an error for another one."""
    if "error" in call:
        return "refused" not in call
    return "expected" not in call or not diagnose.alike(call["got"], call["expected"])


def _same(one, other):
    """Whether both answers have the same numbers of the same kind, or the same error."""
    if "error" in one or "error" in other:
        pair = one.get("error"), other.get("error")
        return None not in pair and len({(error.kind, error.text) for error in pair}) == 1
    return diagnose.alike(one["got"], other["got"])

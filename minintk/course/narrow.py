"""Narrows down a mistake that is not known: what the answer must be, how it must grow, which small case is wrong."""

import inspect

import numpy as np

from minintk.course import diagnose, probe, student

SMALL = 24  # numbers of a call that one may still work out by hand
ONE = {"P": 1, "D": 1, "N": 1, "C": 1}
CASES = [(ONE, "")]
CASES += [(ONE | {letter: 2}, word) for letter, word in zip("CPDN", ("outputs", "samples", "inputs", "hidden units"))]


def question(ask, show, call):
    """What to ask about a wrong answer to this call; None where the call is small: there by hand is best.

    ask(args, kwargs): of the student's function; show(args, kwargs): the arguments in words.
    """
    library, got, expected = (call[key] for key in ("library", "got", "expected"))
    given = dict(inspect.signature(library).bind(*call["args"], **call["kwargs"]).arguments)
    for name, value in given.items():
        if isinstance(value, np.ndarray) and value.size > 2 and value.any() and diagnose.agrees(expected, value):
            if _meets(value, given):
                break
            return f"Here it must be {name} itself: which term is too much, or missing?"
    if _numbers(expected) <= diagnose.BY_HAND and _numbers(given) <= SMALL:
        return None
    return _scale(library, ask, given, got, expected) or _smaller(library, ask, show)


def _meets(value, given):
    """Whether this argument stands for more than itself: it is I, as X is X X^T for X = I, or another one is equal."""
    unit = value.ndim == 2 and diagnose.agrees(value, np.eye(*value.shape))
    return unit or sum(isinstance(other, np.ndarray) and diagnose.agrees(other, value) for other in given.values()) > 1


def _numbers(value):
    return sum(np.size(part) for _, part in diagnose.entries(value))


def _scale(library, ask, given, got, expected):
    """A question about an argument with which the answer does not grow as the expected one does."""
    if not (isinstance(expected, np.ndarray | float) and np.any(expected) and np.any(got)):
        return None
    for name, value in given.items():
        if not isinstance(value, np.ndarray | list):
            continue
        twice = given | {name: [2 * part for part in value] if isinstance(value, list) else 2 * value}
        try:
            power = _power(library(**twice), expected)
        except (ValueError, TypeError):  # twice this argument is none
            continue
        if power is None:
            continue
        yours = _outcome(ask, [], twice)
        if isinstance(yours, student.Error):
            return None  # which may have taken its whole time
        if (own := _power(yours, got)) != power:
            told = f"With {name} twice as large the expected {_scaled(power)}, yours"
            return f"{told} {'does not' if own is None else _scaled(own)}: which factor is too much, or missing?"
    return None


def _power(twice, once):
    """p if the one is 2^p times the other, or None."""
    return next((p for p in range(-4, 13) if diagnose.agrees(twice, 2.0**p * np.asarray(once))), None)


def _scaled(power):
    """What an answer does when it becomes 2^power times itself."""
    if not power:
        return "stays as it is"
    return f"is {2**power} times as large" if power > 0 else f"is 1/{2**-power} of it"


def _smaller(library, ask, show):
    """A question about the smallest of a few small cases in which the answer is wrong."""
    right = False
    for sizes, case in CASES:
        try:
            made = probe.arguments(library, sizes, whole=True)
            expected = library(**made)
        except (ValueError, TypeError, KeyError, AttributeError):  # there are no such arguments
            continue
        found = _outcome(ask, [], made)
        if not isinstance(found, student.Error) and diagnose.agrees(diagnose.normalise(found, expected), expected):
            right = True
        elif right:
            told = f"{library.__name__}({show([], made)}) is {show([expected], {})}, yours is {show([found], {})}"
            return f"It is right with one sample, unit and output. With two {case} {told}."
        elif isinstance(found, student.Error):
            return None
        else:
            told = f"{library.__name__}({show([], made)}) is {show([expected], {})}, yours is {show([found], {})}"
            return f"A smaller case, to do by hand: {told}."
    return "It is right for small made-up arguments: what is special in this call?" if right else None


def _outcome(ask, args, kwargs):
    """What is answered, or the student.Error."""
    try:
        return ask(args, kwargs)
    except student.Error as error:
        return error

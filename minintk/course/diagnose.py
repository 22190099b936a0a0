"""Names the mistake: compares what a student's function returned with what was expected, shape first, then why.

Tolerances are relative to the largest entry expected: at sigma = 1e-3 a kernel has entries of 1e-6, and an absolute
tolerance of 1e-8 would pass anything.
"""

import math

import numpy as np

RTOL = 1e-9
BY_HAND = 6  # numbers, at most, that are asked for by hand
COARSE = "is a step or a limit too coarse, or a small term left out?"
CLAIMS = "Which of the claims above does it break: at which size or scale does it begin to be wrong?"
LAWS = {
    "": lambda P, D, N, C: 1,
    "P": lambda P, D, N, C: P,
    "D": lambda P, D, N, C: D,
    "N": lambda P, D, N, C: N,
    "C": lambda P, D, N, C: C,
    "P^2": lambda P, D, N, C: P**2,
    "P C": lambda P, D, N, C: P * C,
    "sqrt(P)": lambda P, D, N, C: math.sqrt(P),
    "sqrt(D)": lambda P, D, N, C: math.sqrt(D),
    "sqrt(N)": lambda P, D, N, C: math.sqrt(N),
    "P/(P-1)": lambda P, D, N, C: P / (P - 1),
    "1/P": lambda P, D, N, C: 1 / P,
    "1/D": lambda P, D, N, C: 1 / D,
    "1/N": lambda P, D, N, C: 1 / N,
    "1/C": lambda P, D, N, C: 1 / C,
    "1/P^2": lambda P, D, N, C: 1 / P**2,
    "1/(P C)": lambda P, D, N, C: 1 / (P * C),
    "1/sqrt(P)": lambda P, D, N, C: 1 / math.sqrt(P),
    "1/sqrt(D)": lambda P, D, N, C: 1 / math.sqrt(D),
    "1/sqrt(N)": lambda P, D, N, C: 1 / math.sqrt(N),
}
SIGN = "The sign is flipped: it is minus the expected.", "Which of the two is subtracted from the other?"
NUMBERS = {1: "", 2: "2", 0.5: "1/2", 4: "4", 0.25: "1/4", -1: "-", -2: "-2", -0.5: "-1/2"}


def normalise(got, expected):
    """The answer in the form of the expected one where only the container differs: a list of numbers for an array."""
    if isinstance(expected, np.ndarray) and isinstance(got, list | tuple | int | float):
        a = _numbers(got)
        return a if a is not None and a.shape == expected.shape else got
    if isinstance(expected, float | int) and isinstance(got, np.ndarray | np.generic) and got.shape == ():
        return float(got) if got.dtype.kind == "f" else got.item()
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple) and len(got) == len(expected):
        return type(expected)(normalise(g, e) for g, e in zip(got, expected))
    if isinstance(expected, dict) and isinstance(got, dict):
        known = {key: normalise(got[key], expected[key]) for key in expected if key in got}
        return known | {key: item for key, item in got.items() if key not in expected}
    return got


def _numbers(value):
    """A list of numbers as an array; None if it is ragged or holds anything else."""
    try:
        a = np.asarray(value)
    except ValueError:
        return None
    return a if a.dtype.kind in "iufb" else None


@np.errstate(all="ignore")  # inf - inf, 0 / 0: of what students return
def diagnose(got, expected, first=None, again=None, more=None):
    """(sentence, question) about what is wrong with `got`, or None if it agrees with `expected`.

    first: the call's first array argument, for activations and gates; again: a function that asks at other sizes and
    returns [(sizes, got, expected), ...], for the law of a constant factor; more: one that returns a question about
    the call, or None, where nothing else is found.
    """
    found = _form(got, expected)
    if found or isinstance(expected, str):
        return found
    leaves, wanted = entries(got), entries(expected)
    wrong = [name for (name, g), (_, e) in zip(leaves, wanted) if not _agree(g, e)]
    if not wrong:
        return None
    g, e = (np.concatenate([np.ravel(a).astype(float) for _, a in part]) for part in (leaves, wanted))
    if np.isnan(g).any() and not np.isnan(e).any():
        told = "It is NaN." if g.size == 1 else f"{_count(np.isnan(g).sum(), g.size)} NaN."
        return told, "What is divided by zero, is a root or logarithm of what, or grows beyond all numbers before?"
    wild = (np.isinf(g) & ~np.isinf(e)).sum()
    if wild and g.size > 1 and len(wrong) == len(leaves):  # else the place comes first
        return f"{_count(wild, g.size)} infinite.", "What is divided by zero, or what grows too large?"
    if not g.any() and g.size > 1:
        return "It is all zeros.", "Is each entry written, and does it depend on every argument that counts?"
    others = [(sizes, a, b) for sizes, a, b in again() if _form(a, b) is None] if again else []
    asked = [(sizes, _flat(a), _flat(b)) for sizes, a, b in others]
    if found := _law(g, e, asked) or _power(g, e, asked):
        return found
    if len(wrong) < len(leaves):
        right = [name for name, _ in leaves if name not in wrong]
        right = ", ".join(right) if len(right) <= 4 else f"the {len(right)} others"
        place = next(i for i, (name, _) in enumerate(leaves) if name == wrong[0])
        inner = diagnose(leaves[place][1], wanted[place][1], first, _narrowed(others, place, len(leaves)), more)
        where = "There" if len(wrong) == 1 else f"In {wrong[0]}"
        return f"It is wrong only in {', '.join(wrong)}, right in {right}. {where}: {inner[0]}", inner[1]
    if len(leaves) == 1:
        return _array(np.asarray(leaves[0][1]), np.asarray(wanted[0][1]), first, more)
    name, inner = wrong[0], diagnose(leaves[0][1], wanted[0][1], first, more=more)
    return f"All entries of the list are wrong. In {name}: {inner[0]}", inner[1]


def _form(got, expected, name=""):
    """What is wrong with types, lengths and shapes; name: the place in a list or dict."""
    it, returned = (name, f"{name} is") if name else ("It", "It returned")
    what = "What does the docstring return?"
    if expected is None:
        return None if got is None else (f"{returned} {_kind(got)}, expected None.", "When is there nothing to return?")
    if got is None:
        end = "Is there a return at the end, and does it return a value? list.reverse and list.sort give None."
        return f"{returned} None.", "When is there nothing to return?" if name else end
    if isinstance(expected, str) and got != expected:
        told = f"{it} is another word than expected." if isinstance(got, str) else f"{returned} {_kind(got)}, no text."
        return told, "Which of the arguments' numbers decides?"
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"{returned} {_kind(got)}, expected a dict.", "Which names should it have?"
        if missing := sorted(map(str, set(expected) ^ set(got))):
            return f"Its names differ from the expected ones in {', '.join(missing)}.", "Missing, too much or misspelt?"
        pairs = [(f'{name}["{key}"]', got[key], expected[key]) for key in expected]
        return next((found for key, g, e in pairs if (found := _form(g, e, key))), None)
    if isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple):
            kind = "list" if isinstance(expected, list) else "tuple"
            return f"{returned} {_kind(got)}, expected a {kind} of {len(expected)}.", what
        if len(got) != len(expected):
            if name:
                return (
                    f"{name} has {len(got)} {'entry' if len(got) == 1 else 'entries'}, expected {len(expected)}.",
                    what,
                )
            if isinstance(expected, tuple):
                return f"It returned {len(got)} thing{'s' * (len(got) != 1)}, expected {len(expected)}.", what
            return (
                f"It returned {len(got)} array{'s' * (len(got) != 1)}, expected {len(expected)}.",
                "How many layers are there?",
            )
        if len(got) > 1 and not agrees(got, expected) and agrees(got[::-1], expected):
            if isinstance(expected, list):
                return "The list is in reverse order.", "Which layer comes first?"
            return "The results are right, and in the wrong order.", "Which does the docstring return first?"
        named = [(f"{name}[{i}]", g, e) for i, (g, e) in enumerate(zip(got, expected))]
        return next((found for i, g, e in named if (found := _form(g, e, i))), None)
    if isinstance(expected, np.ndarray):
        if not isinstance(got, np.ndarray):
            a = _numbers(got) if isinstance(got, list | tuple) else None
            what = what if a is None or a.ndim != expected.ndim else f"Its shape is {a.shape}. {_reshaped(a, expected)}"
            return f"{returned} {_kind(got)}, expected an array {expected.shape}.", what
        if got.shape != expected.shape:
            return f"{it} has shape {got.shape}, expected {expected.shape}.", _reshaped(got, expected)
        if expected.dtype.kind == "f" and got.dtype.kind in "iub":
            kind = "booleans" if got.dtype.kind == "b" else "integers"
            return f"{it} holds {kind}, expected {expected.dtype}.", "Which precision should the result have?"
        if expected.dtype == np.float64 and got.dtype == np.float32:
            return f"{it} is float32, expected float64.", "Where was the precision lost?"
        if expected.dtype == np.float32 and got.dtype == np.float64:
            return f"{it} is float64, expected float32.", "Which constant or np.zeros brought float64 in?"
        return None
    if isinstance(expected, float | int) and not isinstance(got, float | int):
        shape = f" of shape {got.shape}" if isinstance(got, np.ndarray) else ""
        return f"{returned} {_kind(got)}{shape}, expected a number.", "Is a sum or a norm missing?"
    if isinstance(expected, float) and isinstance(got, int):
        return f"{it} is {got!r}, an integer, expected a floating-point number.", "Is it an index or a count?"
    return None


def _reshaped(g, e):
    """A question about an array of another shape than the expected one."""
    if g.size == e.size:
        return "The entries may be right: which form does the docstring return?"
    if g.ndim == 2 and g.shape == (e.size, e.size):
        met = _agree(g + g[0, 0], g[:, :1] + g[:1]) or _agree(g * g[0, 0], g[:, :1] * g[:1])  # a_i + b_j or a_i b_j
        if _agree(np.diag(g), e.ravel()) and not met:
            return "Only the diagonal is asked for."
        return "Did (P,) meet (P, 1)? Then numpy makes a (P, P) array."
    if g.ndim == e.ndim > 0 and g.shape[1:] == e.shape[1:]:
        more = len(g) - len(e)
        if abs(more) == 1 or min(len(g), len(e)) > 1:  # a lone entry is rather a sum, or one that was left out
            told = "one entry" if abs(more) == 1 else f"{abs(more)} entries"
            told += (
                " more than expected: what does not belong?" if more > 0 else " fewer than expected: what is missing?"
            )
            return f"{'It' if g.ndim == 1 else 'Along the first axis it'} has {told}"
    return "Which axis was summed, kept or swapped?"


def agrees(got, expected):
    """Whether the two agree in lengths, shapes and every number."""
    leaves, wanted = entries(got), entries(expected)
    named = [name for name, _ in leaves] == [name for name, _ in wanted]
    return named and all(_agree(g, e) for (_, g), (_, e) in zip(leaves, wanted))


def alike(one, other):
    """Whether two answers are the same, in numbers, precision and words."""
    kinds = [[getattr(leaf, "dtype", type(leaf)) for _, leaf in entries(answer)] for answer in (one, other)]
    return kinds[0] == kinds[1] and (one == other if isinstance(one, str) else agrees(one, other))


def _array(g, e, first, more):
    """What is wrong with one array of the right shape, or one number."""
    miss = _miss(g, e)
    bad = miss > _tolerance(e)
    share = miss.max() / (abs(e[np.isfinite(e)]).max(initial=0) or 1)
    near = share < 0.01 and bad.mean() > 0.5 and f"It is right to {int(-np.log10(share))} digits: {COARSE}"
    if g.size == 1:
        question = near or (more and more()) or "What does the definition give by hand?"
        return f"Yours is {_apart(g.item(), e.item())}.", question
    for axes in [(1, 0), (0, 1, 3, 2), (1, 0, 2, 3)]:
        if len(axes) == g.ndim and _agree(g.transpose(axes), e):
            told = "It is the transpose of the expected." if g.ndim == 2 else "Its axes are in another order."
            return told, "Which axis comes first?"
    shift = g - e
    if g.size > 2 and np.isfinite(shift).all() and np.ptp(shift) <= 1e-9 * abs(shift).max():
        return f"It differs by the same number everywhere: {shift.flat[0]:.6g}.", "What was added or left out?"
    if g.ndim == 2 and g.shape[0] == g.shape[1] > 1:
        on = np.eye(len(g), dtype=bool)
        if e[~on].any() and _agree(g[~on], e[~on]) and bad[on].mean() > 0.5:
            return "It is right off the diagonal, wrong on it.", "What is special about x = x'?"
        if e[on].any() and _agree(g[on], e[on]) and bad[~on].mean() > 0.5:
            return "It is right on the diagonal, wrong off it.", "What depends on two different samples?"
    if first is not None and np.shape(first) == g.shape and (first < 0).any() and (first > 0).any():
        if _agree(g[first > 0], e[first > 0]) and not _agree(g[first < 0], e[first < 0]):
            return "It is wrong only where z < 0.", "What does slope do there?"
        if _agree(g[first != 0], e[first != 0]):
            return "It is wrong only where z = 0 exactly.", "What is the convention at the kink?"
    largest = miss >= miss.max() * (1 - RTOL) - _tolerance(e)
    worst = np.unravel_index(np.argmax(bad & largest), g.shape)  # of equals the first, whatever the last bits say
    place = ", ".join(map(str, worst))
    told = f"the worst entry is [{place}]: yours {_apart(g[worst], e[worst])}"
    by_hand = "What would you get for this entry by hand?" if g.size <= BY_HAND else CLAIMS
    return f"{_count(bad.sum(), g.size)} wrong; {told}.", near or _pattern(g, e, bad) or (more and more()) or by_hand


def _pattern(g, e, bad):
    """A question about many entries: symmetry that is missing, or whole rows or columns that are wrong."""
    axes = (1, 0, 3, 2) if g.ndim == 4 else (1, 0)
    if g.size <= BY_HAND or g.ndim != len(axes):
        return None
    if g.shape == g.transpose(axes).shape and _agree(e.transpose(axes), e) and not _agree(g.transpose(axes), g):
        return "The expected array is symmetric, yours is not: which two things should enter it alike?"
    for axis, name in enumerate(["row", "column"] if g.ndim == 2 else []):
        whole = bad.all(axis=1 - axis)
        if (whole == bad.any(axis=1 - axis)).all() and not whole.all():
            places = np.flatnonzero(whole).tolist()
            told = f"{name} {places[0]} is" if len(places) == 1 else f"{name}s {', '.join(map(str, places))} are"
            return f"Only {told} wrong: what is special there?"
    return None


def _law(g, e, asked):
    """A constant factor, with its law in the sizes if the answers at four other sizes have one."""
    factor, others = _factor(g, e), [(sizes, _factor(a, b)) for sizes, a, b in asked if b.any()]
    if factor is None or any(other is None for _, other in others):
        return None
    plain = None
    if g.size > 1 and factor != 1:
        plain = f"It is a constant factor times the expected: {factor:.6g}.", "Which size or scale is it?"
        plain = SIGN if abs(factor + 1) < 1e-9 else plain
    if len(others) < 4:
        return plain
    for law, size in LAWS.items():
        rest = [other / size(**sizes) for sizes, other in others]
        number = next((n for n in NUMBERS if np.allclose(rest, n, rtol=1e-7)), None)
        if number is None or (law == "" and number == 1):
            continue
        if law == "" and number == -1:
            return SIGN
        name = " ".join(part for part in (NUMBERS[number], law) if part)
        letters = [letter for letter in "PDNC" if letter in law]
        at = [", ".join(f"{other:.4g}" for _, other in others)]
        at += [f"{letter} = {', '.join(str(sizes[letter]) for sizes, _ in others)}" for letter in letters]
        question = "Mean or sum over samples?" if "P" in law else "Which sum, mean or norm is missing or too much?"
        return f"It is {name} times the expected" + (f": {' at '.join(at)}." if letters else "."), question
    return plain


def _power(g, e, asked):
    """The square or the square root of the expected, here and wherever it was asked again."""
    pairs = [(g, e), *((a, b) for _, a, b in asked)]
    if all(a.shape == b.shape for a, b in pairs) and (g.size > 2 or len(pairs) > 2):
        if all((b >= 0).all() and _agree(a, b**2) for a, b in pairs):
            return "It is the square of the expected.", "Is a square root missing?"
        if all((a >= 0).all() and _agree(a**2, b) for a, b in pairs):
            return "It is the square root of the expected.", "Is a square missing, or a root too much?"
    return None


def _narrowed(asked, place, size):
    """`again` for one entry of a list; the last one stays the last where the lists have other lengths."""

    def one(value):
        leaves = entries(value)
        return leaves[-1 if place == size - 1 else min(place, len(leaves) - 1)][1]

    return lambda: [(sizes, one(g), one(e)) for sizes, g, e in asked]


def _factor(g, e):
    """The number c with g = c e, or None."""
    if g.shape != e.shape or not e.any() or not (np.isfinite(g).all() and np.isfinite(e).all()):
        return None
    c = float(np.vdot(e, g) / np.vdot(e, e))
    return c if c != 0 and abs(g - c * e).max() <= 1e-9 * abs(c) * abs(e).max() else None


def _agree(g, e):
    try:
        g, e = np.asarray(g, dtype=float), np.asarray(e)
    except (TypeError, ValueError):  # a string, a ragged list
        return False
    return g.shape == e.shape and bool((_miss(g, e) <= _tolerance(e)).all())


@np.errstate(all="ignore")
def _miss(g, e):
    """How far each entry is off; infinitely for a number in place of a NaN, or an infinity of another."""
    miss = np.where((g == e) | (np.isnan(g) & np.isnan(e)), 0, abs(g - e))
    return np.where(np.isnan(miss), np.inf, miss)


def _tolerance(e):
    """How far an entry may be off: relative to the largest one expected."""
    rtol = 1e-5 if e.dtype == np.float32 else RTOL  # float32 cannot agree to more than its own rounding
    return rtol * abs(e[np.isfinite(e)]).max(initial=0)


def entries(value, name=""):
    """[(name, array or number)] of everything in nested lists and dicts; None counts as NaN."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in entries(item, f'{name}["{key}"]')]
    if isinstance(value, list | tuple):
        return [leaf for i, item in enumerate(value) for leaf in entries(item, f"{name}[{i}]")]
    return [(name, np.nan if value is None else value)]


def _flat(value):
    parts = [np.ravel(leaf).astype(float) for _, leaf in entries(value)]
    return np.concatenate(parts) if parts else np.empty(0)


def _apart(g, e):
    """Two numbers, with as many digits as tell them apart; a rounding error beside the other one is 0."""
    g, e = (0.0 if abs(a) < min(1e-12, 1e-13 * abs(b)) and np.isfinite(b) else a for a, b in ((g, e), (e, g)))
    digits = next((n for n in (6, 12) if f"{g:.{n}g}" != f"{e:.{n}g}"), 17)
    return f"{g + 0:.{digits}g}, expected {e:.{digits}g}"


def _kind(value):
    name = "array" if isinstance(value, np.ndarray) else type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _count(bad, size):
    return f"{bad} of {size} entries {'is' if bad == 1 else 'are'}"

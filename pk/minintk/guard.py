"""What a public function accepts, said in one line above it and checked once, at the outermost call.

    @guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
    def forward(weights, X, slope=0.0): ...

A letter is a size: it may take any value, but the same value wherever it stands in one call. What is accepted:

    "P D"               a finite real array with these axes; "scalar | P | P C" are alternatives, "..." any shape
    "D -> C"            weights: a list of matrices (n_l, n_{l-1}) that chain from D inputs to C outputs
    "D -> N -> C"       exactly two of them
    "layers", "deltas"  lists of (P, n_l) arrays, l = 0..L and l = 1..L, that fit the weights where those are given
    "sizes"             a list of at least two positive integers
    "targets"           y for the outputs (P, C) and the loss: arrives as a (P, C) matrix, labels as one-hot rows
    "[0, 1]", "(0, inf)", "int [1, inf)"    a number in this interval; "each (0, 1)" a collection of such numbers, at
                        least one; "any (0, 1)" one that may be empty
    ("mse", "softmax")  one of these words

Lists and integers become float64 arrays; float32 arrays stay float32. Whatever does not fit raises a ValueError of one
line. Calls from inside a guarded function are not checked again: their arguments come from checked ones, and a training
loop of ten thousand steps should not look for NaNs ten thousand times.
"""

import contextvars
import functools
import inspect
import math
import numbers

import numpy as np

NESTED = False  # True where a student's code runs: then the calls inside its functions are checked too
NONE = 0  # the size of an axis that is not there
_inside = contextvars.ContextVar("inside a guarded call", default=False)


def accepts(**specs):
    """A decorator that checks and converts the named arguments as the module's docstring says."""
    return _decorator(specs, trusted=True)


def settings(**specs):
    """The same for the settings of an experiment: what it calls is checked again, since its data are its own."""
    return _decorator(specs, trusted=False)


def _decorator(specs, trusted):
    def decorate(function):
        signature = inspect.signature(function)
        defaults = {name: parameter.default for name, parameter in signature.parameters.items()}

        @functools.wraps(function)
        def door(*args, **kwargs):
            if _inside.get() and not NESTED:
                return function(*args, **kwargs)
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}: {error}") from None
            known = {"loss": given.get("loss", defaults.get("loss"))}
            for name, spec in specs.items():
                if name in given and not (given[name] is None and defaults[name] is None):
                    try:
                        given[name] = _check(given[name], spec, known)
                    except ValueError as error:
                        raise ValueError(f"{function.__name__}: {name} {error}") from None
            token = _inside.set(trusted)
            try:
                return function(**given)
            finally:
                _inside.reset(token)

        door.specs = specs
        return door

    return decorate


def _check(value, spec, known):
    """The value, converted; `known` maps the letters met so far in this call to their sizes."""
    if isinstance(spec, tuple):
        if not (isinstance(value, str) and value in spec):
            raise ValueError(f"is {_short(value)}, expected one of {', '.join(map(repr, spec))}")
        return value
    if spec == "sizes":
        return _sizes(value)
    if spec == "targets":
        return _targets(value, known)
    if spec in ("layers", "deltas"):
        return _activations(value, spec, known)
    if "->" in spec:
        return _weights(value, spec, known)
    if spec.startswith(("each ", "any ")):
        least, _, interval = spec.partition(" ")
        if np.ndim(value) != 1 or (least == "each" and len(value) == 0):
            raise ValueError(f"is {_short(value)}, expected a collection of numbers in {interval}")
        return [_number(item, interval) for item in value]
    if spec[-1] in ")]":
        return _number(value, spec)
    return _array(value, spec, known)


def _array(value, spec, known):
    a = _real(value)
    known["precision"] = a.dtype
    if spec == "...":
        return a
    shapes = _shapes(spec)
    if any(axes.count("C") == 2 for axes in shapes) and known.setdefault("kernel axes", a.ndim) != a.ndim:
        raise ValueError(f"has shape {a.shape}, expected {known['kernel axes']} axes, as the other kernel has")
    axes = next((axes for axes in shapes if len(axes) == a.ndim), None)
    if axes is not None:
        sizes = dict(zip(reversed(axes), reversed(a.shape)))  # of an axis named twice, the first
        longer = [other[-1] for other in shapes if axes and other[:-1] == axes]
        if longer:  # (P,) was chosen where (P, C) might be: then (P, C) must not stand elsewhere, numpy would broadcast
            axes, sizes, shape = [*axes, longer[0]], sizes | {longer[0]: NONE}, (*a.shape, NONE)
        else:
            shape = a.shape
        if all(known.get(axis, sizes[axis]) == n == sizes[axis] for axis, n in zip(axes, shape)):
            known.update(sizes)
            return a
    expected = " or ".join(f"({', '.join(axes)})" if axes else "a scalar" for axes in shapes)
    letters = [axis for axis in dict.fromkeys(sum(shapes, [])) if axis in known]
    fixed = [f"no axis {axis}" if known[axis] == NONE else f"{axis} = {known[axis]}" for axis in letters]
    raise ValueError(f"has shape {a.shape}, expected {expected}" + (f" with {', '.join(fixed)}" if fixed else ""))


@functools.cache
def _shapes(spec):
    return [alternative.replace("scalar", "").split() for alternative in spec.split("|")]


def _real(value):
    """The value as a finite float32 or float64 array with no empty axis."""
    try:
        a = np.asarray(value)
    except ValueError:
        raise ValueError("has rows of different lengths, expected an array") from None
    if a.dtype.kind not in "biuf":
        raise ValueError(f"is a {type(value).__name__} of {a.dtype}, expected an array of real numbers")
    if a.dtype not in (np.float32, np.float64):
        a = a.astype(np.float64)
    if a.size == 0:
        raise ValueError(f"has shape {a.shape}, expected no empty axis")
    with np.errstate(over="ignore", invalid="ignore"):
        fast = math.isfinite(np.vdot(a, a))  # a finite sum of squares says it in one pass, without a mask
    if not fast and not np.isfinite(a).all():
        raise ValueError(f"of shape {a.shape} has {a.size - np.isfinite(a).sum()} entries that are NaN or infinite")
    return a


def _short(value):
    """The value in a part of one line."""
    told = " ".join(repr(value).split())
    return told if len(told) <= 60 else f"{told[:56]} ..."


def _listed(value, least, what):
    if not isinstance(value, list | tuple) or len(value) < least:
        found = f"{len(value)} arrays" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
        raise ValueError(f"is {found}, expected a list of {what}")
    return value


def _weights(value, spec, known):
    matrices = []
    for layer, W in enumerate(_listed(value, 1, "at least one matrix (n_l, n_{l-1})"), start=1):
        try:
            matrices.append(_array(W, "n_l n_{l-1}", {"n_{l-1}": len(matrices[-1])} if matrices else {}))
        except ValueError as error:
            raise ValueError(f"W_{layer} {error}") from None
    inputs, *hidden, outputs = spec.split(" -> ")
    if hidden and len(matrices) != len(hidden) + 1:
        raise ValueError(f"is {len(matrices)} matrices, expected {len(hidden) + 1}")
    known["widths"] = [matrices[0].shape[1], *map(len, matrices)]
    known[inputs], known[outputs] = known["widths"][0], known["widths"][-1]
    return value if all(a is b for a, b in zip(matrices, value)) else matrices


def _activations(value, spec, known):
    first = 1 if spec == "deltas" else 0
    value = _listed(value, 1, "arrays (P, n_l)")
    widths = known["widths"][first:] if "widths" in known else [None] * len(value)
    arrays = []
    for layer, a in enumerate(value, start=first):
        sizes = {"P": known["P"]} if "P" in known else {}
        if layer - first < len(widths) and widths[layer - first] is not None:
            sizes["n_l"] = widths[layer - first]
        try:
            arrays.append(_array(a, "P n_l", sizes))
        except ValueError as error:
            raise ValueError(f"[{layer - first}] {error}") from None
        known["P"] = len(arrays[0])
    if len(arrays) != len(widths):
        raise ValueError(f"is {len(arrays)} arrays, expected {len(widths)}")
    known.setdefault("widths", [a.shape[1] for a in arrays])
    known["C"] = arrays[-1].shape[1]
    return arrays


def _sizes(value):
    sizes = list(value) if isinstance(value, list | tuple | np.ndarray) else []
    if len(sizes) < 2 or any(not isinstance(n, numbers.Integral) or n < 1 for n in sizes):
        raise ValueError(f"is {_short(value)}, expected at least two positive integers [D, n_1, ..., C]")
    return [int(n) for n in sizes]


def _number(value, spec):
    """The number; the interval's brackets say whether its ends belong to it."""
    interval = spec.removeprefix("int ")
    low, high = (float(end) for end in interval[1:-1].split(","))
    kind = numbers.Integral if interval != spec else numbers.Real
    inside = isinstance(value, kind) and low <= value <= high  # never for NaN
    if not inside or (value == low and interval[0] == "(") or (value == high and interval[-1] == ")"):
        kind = "an integer" if interval != spec else "a number"
        raise ValueError(f"is {_short(value)}, expected {kind} in {interval}")
    return int(value) if interval != spec else float(value)  # a numpy float64 would promote float32 arrays


def _targets(value, known):
    P, loss = known["P"], known["loss"]
    value = _real(value)
    C = known.get("C") or (value.shape[1] if value.ndim == 2 else 1)
    precision = known["precision"]
    y = _array(value, "P | P C", {"P": P})
    if y.shape[1:] != (C,) and not (y.ndim == 1 and (C == 1 or loss == "softmax")):
        raise ValueError(f"has shape {y.shape}, expected (P, C) with P = {P}, C = {C}")
    y = y.astype(precision, copy=False)  # the weights' and the inputs' counts, not that of the targets
    if loss == "softmax" and y.ndim == 1:
        if not np.isin(y, range(C)).all():
            raise ValueError(f"has values from {y.min():g} to {y.max():g}, expected labels 0 to C - 1 = {C - 1}")
        return (y[:, None] == np.arange(C)).astype(precision)
    if loss == "softmax" and (y.min() < 0 or abs(y.sum(axis=1) - 1).max() > 1e-6):
        raise ValueError("has a row that is not a distribution, expected one-hot rows or labels for the softmax loss")
    if loss == "logistic" and not (abs(y) == 1).all():
        raise ValueError(f"has values from {y.min():g} to {y.max():g}, expected only +1 and -1 for the logistic loss")
    return y.reshape(P, C)

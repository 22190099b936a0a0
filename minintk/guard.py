"""What a public function accepts, said in one line above it and checked once, at the outermost call.

    @guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
    def forward(weights, X, slope=0.0): ...

What is converted. Lists, and integers in arrays, become float64 arrays; float32 arrays stay float32. Numbers become
Python's own, since a numpy float64 would turn float32 arrays into float64 ones. Nothing else is changed. A masked array
is refused: what is hidden in it would be computed with.

What is checked. A letter is a size: it may take any value, but the same value wherever it stands in one call.

    "P D"               a finite real array with these axes; "scalar | P | P C" are alternatives, "..." any shape
    "P P, kernel"       such an array with a property: symmetric; kernel, symmetric without an eigenvalue below 0;
                        rising; not negative; positive; of length 1; of the loss, as the loss has its targets
    "D -> C"            weights: a list of matrices (n_l, n_{l-1}) that chain from D inputs to C outputs; a property of
                        arrays, as in "D -> C, not negative", is one of each
    "D -> N -> C"       exactly two of them
    "layers", "deltas"  lists of (P, n_l) arrays, l = 0..L and l = 1..L, that fit the weights where those are given
    "sizes"             a list of at least two positive integers
    "targets"           an array (P, C), or (P,) however many outputs there are: `training.target_matrix` looks closer
    "[0, 1]", "(0, inf)", "int [1, inf)"    a number in this interval; "each (0, 1)" a collection of such numbers, at
                        least one; "any (0, 1)" one that may be empty
    ("mse", "softmax")  one of these words

`gives` names the axes of a result that may be far larger than the arguments: above MOST bytes it is not begun.

Whatever does not fit raises a ValueError of one line. Calls from inside a guarded function of the library are not
checked again: their arguments come from checked ones, and a training loop of ten thousand steps should not look for
NaNs ten thousand times. Inside a student's function they are: a wrong call is told in words, not by numpy.
"""

import contextlib
import contextvars
import functools
import inspect
import math
import numbers

import numpy as np

NONE = 0  # the size of an axis that is not there
MOST = 2**36  # bytes of a result, 64 GiB
_inside = contextvars.ContextVar("inside a guarded call", default=False)


def accepts(gives="", **specs):
    """A decorator that converts and checks the named arguments as the module's docstring says."""
    return _decorator(specs, trusted=True, gives=gives)


def settings(**specs):
    """The same for the settings of an experiment: what it calls is checked again, since its data are its own."""
    return _decorator(specs, trusted=False)


def _decorator(specs, trusted, gives=""):
    def decorate(function):
        signature = inspect.signature(function)
        defaults = {name: parameter.default for name, parameter in signature.parameters.items()}

        @functools.wraps(function)
        def door(*args, **kwargs):
            if _inside.get():
                return function(*args, **kwargs)
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}: {error}") from None
            known = {"loss": given.get("loss", defaults.get("loss"))}
            for name, spec in specs.items():
                if name in given and not (given[name] is None and defaults[name] is None):
                    given[name] = _converted(given[name], spec)
                    try:
                        _check(given[name], spec, known)
                    except ValueError as error:
                        raise ValueError(f"{function.__name__}: {name} {error}") from None
                    if isinstance(given[name], int):
                        known.setdefault(name, given[name])  # P=50 is a size too
            if gives:
                axes = next(axes for axes in _shapes(gives) if known.keys() >= set(axes))
                _check_room(math.prod(known[axis] for axis in axes), f"{function.__name__}: the result")
            token = _inside.set(trusted and function.__module__.startswith("minintk."))
            try:
                return function(**given)
            finally:
                _inside.reset(token)

        door.specs = specs
        return door

    return decorate


def _converted(value, spec):
    """The value as the function will get it, or as it is if it cannot be converted: `_check` will tell."""
    if isinstance(spec, tuple):
        return value
    if _is_number(spec):
        return _number(value, spec)
    if spec == "sizes" or spec.startswith(("each ", "any ")):
        interval = "int" if spec == "sizes" else spec.split(" ", 1)[1]
        row = isinstance(a := _floats(value), np.ndarray) and a.ndim == 1
        return [_number(item, interval) for item in value] if row else value
    if _is_list(spec):
        arrays = [_floats(item) for item in value] if isinstance(value, list | tuple) else value
        return value if isinstance(value, list) and all(a is b for a, b in zip(arrays, value)) else arrays
    return _floats(value)


def _is_number(spec):
    return spec[-1] in ")]" and not spec.startswith(("each ", "any "))


def _is_list(spec):
    return spec in ("layers", "deltas") or "->" in spec


def _number(value, spec):
    if spec.startswith("int"):
        return int(value) if isinstance(value, numbers.Integral) else value
    return float(value) if isinstance(value, numbers.Real) and not isinstance(value, int) else value


def _floats(value):
    if (masked := _masked(value)) is not None:
        return masked
    try:
        a = np.asarray(value)
    except ValueError:  # rows of different lengths
        return value
    if a.dtype.kind not in "biuf":
        return value
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def _masked(value):
    """The masked array that it is, or that is in it: numpy would forget the mask."""
    items = value if isinstance(value, list | tuple) else [value]
    return next((item for item in items if np.ma.isMaskedArray(item)), None)


def _check(value, spec, known):
    """ValueError if the value does not fit; `known` maps the letters met so far in this call to their sizes."""
    if isinstance(spec, tuple):
        if not (isinstance(value, str) and value in spec):
            raise ValueError(f"is {_short(value)}, expected one of {', '.join(map(repr, spec))}")
    elif _is_number(spec):
        _check_number(value, spec)
    elif spec == "sizes":
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(n, int) and n >= 1 for n in value):
            raise ValueError(f"is {_short(value)}, expected at least two positive integers [D, n_1, ..., C]")
        _check_room(sum(n * m for n, m in zip(value, value[1:])), _short(value))
    elif spec.startswith(("each ", "any ")):
        least, _, interval = spec.partition(" ")
        if not isinstance(value, list) or (least == "each" and not value):
            raise ValueError(f"is {_short(value)}, expected a collection of numbers in {interval}")
        for item in value:
            _check_number(item, interval)
    elif spec == "targets":
        _check_array(value, "P | P C", {"P": known["P"]})
        _check_property(value, "of the loss", known)
    elif spec in ("layers", "deltas"):
        _check_activations(value, spec, known)
    elif "->" in spec:
        _check_weights(value, spec, known)
    else:
        axes, _, wanted = spec.partition(", ")
        _check_array(value, axes, known)
        _check_property(value, wanted, known)


def _check_number(value, spec):
    """The interval's brackets say whether its ends belong to it."""
    interval = spec.removeprefix("int ")
    low, high = _ends(interval)
    kind = int if interval != spec else int | float  # `_number` has made them Python's own
    inside = isinstance(value, kind) and low <= value <= high  # never for NaN
    if not inside or (value == low and interval[0] == "(") or (value == high and interval[-1] == ")"):
        kind = "an integer" if interval != spec else "a number"
        raise ValueError(f"is {_short(value)}, expected {kind} in {interval}")


@functools.cache
def _ends(interval):
    return [float(end) for end in interval[1:-1].split(",")]


def _check_array(a, spec, known):
    _check_entries(a)
    if spec == "...":
        return
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
        if all(known.get(axis, sizes[axis]) == n for axis, n in zip(axes, shape)):
            known.update(sizes)
            return
    expected = " or ".join(f"({', '.join(axes)})" if axes else "a scalar" for axes in shapes)
    letters = [axis for axis in dict.fromkeys(sum(shapes, [])) if axis in known]
    fixed = [f"no axis {axis}" if known[axis] == NONE else f"{axis} = {known[axis]}" for axis in letters]
    raise ValueError(f"has shape {a.shape}, expected {expected}" + (f" with {', '.join(fixed)}" if fixed else ""))


@functools.cache
def _shapes(spec):
    return [alternative.replace("scalar", "").split() for alternative in spec.split("|")]


def _check_entries(a):
    """That it is a real array, finite, with no empty axis."""
    if np.ma.isMaskedArray(a):
        raise ValueError("is a masked array, expected one without a mask: leave out or fill in what is hidden")
    if not isinstance(a, np.ndarray) or a.dtype.kind != "f":
        found = f"an array of {a.dtype}" if isinstance(a, np.ndarray) else _short(a)
        rows = ", all rows of one length" if isinstance(a, list | tuple) else ""
        raise ValueError(f"is {found}, expected an array of real numbers{rows}")
    if a.size == 0:
        raise ValueError(f"has shape {a.shape}, expected no empty axis")
    with np.errstate(over="ignore", invalid="ignore"):
        fast = math.isfinite(np.vdot(a, a))  # a finite sum of squares says it in one pass, without a mask
    if not fast and (bad := a.size - np.isfinite(a).sum()):
        entries = "1 entry that is" if bad == 1 else f"{bad} entries that are"
        raise ValueError(f"of shape {a.shape} has {entries} NaN or infinite, expected finite numbers")


def _check_property(a, wanted, known):
    """ValueError if the array is not what stands behind its axes; rounding errors are forgiven."""
    rounding = 1e-6 if a.dtype == np.float64 else 1e-3
    if wanted in ("symmetric", "kernel"):
        K = a if a.ndim == 2 else a.transpose(0, 2, 1, 3).reshape(a.shape[0] * a.shape[2], -1)
        K = K / (abs(K).max() or 1)
        if (miss := abs(K - K.T).max()) > rounding:
            raise ValueError(f"is off by {miss:.2g} of its largest entry from its transpose, expected a symmetric one")
        if wanted == "kernel" and (lambdas := np.linalg.eigvalsh(K))[0] < -rounding * abs(lambdas).max():
            raise ValueError(f"has an eigenvalue {lambdas[0]:.2g} times its largest entry, expected none below 0")
    elif wanted == "rising" and (np.diff(a) < 0).any():
        i = np.flatnonzero(np.diff(a) < 0)[0]
        raise ValueError(f"falls from {a[i]:g} to {a[i + 1]:g}, expected rising numbers")
    elif wanted == "not negative" and a.min() < 0:
        raise ValueError(f"has the entry {a.min():g}, expected none below 0")
    elif wanted == "positive" and a.min() <= 0:
        raise ValueError(f"has the entry {a.min():g}, expected all above 0")
    elif wanted == "of length 1" and not abs((length := math.hypot(*a.tolist())) - 1) <= rounding:
        raise ValueError(f"has the length {length:g}, expected 1")
    elif wanted == "of the loss" and str(known["loss"]) == "logistic" and not (abs(a) == 1).all():
        found = f"has values from {a.min():g} to {a.max():g}"
        raise ValueError(f"{found}, expected only +1 and -1 for the logistic loss")
    elif wanted == "of the loss" and str(known["loss"]) == "softmax" and a.ndim == 2:  # labels: `target_matrix`
        if a.min() < 0 or abs(a.sum(axis=1) - 1).max() > rounding:
            raise ValueError("has a row that is not a distribution, expected one-hot rows or labels")


def _check_weights(matrices, spec, known):
    _check_list(matrices, "at least one matrix (n_l, n_{l-1})")
    spec, _, wanted = spec.partition(", ")
    for layer, W in enumerate(matrices, start=1):
        with _told_of(f"W_{layer}"):
            _check_array(W, "n_l n_{l-1}", {"n_{l-1}": len(matrices[layer - 2])} if layer > 1 else {})
            _check_property(W, wanted, known)
    inputs, *hidden, outputs = spec.split(" -> ")
    if hidden and len(matrices) != len(hidden) + 1:
        raise ValueError(f"has length {len(matrices)}, expected {len(hidden) + 1} matrices")
    known["widths"] = [matrices[0].shape[1], *map(len, matrices)]
    known["n_params"] = sum(W.size for W in matrices)
    known[inputs], known[outputs] = known["widths"][0], known["widths"][-1]


def _check_activations(arrays, spec, known):
    _check_list(arrays, "arrays (P, n_l)")
    widths = known["widths"][spec == "deltas" :] if "widths" in known else [None] * len(arrays)
    for i, a in enumerate(arrays):
        sizes = {"P": known["P"]} if "P" in known else {}
        if i < len(widths) and widths[i] is not None:
            sizes["n_l"] = widths[i]
        with _told_of(f"[{i}]"):
            _check_array(a, "P n_l", sizes)
        known["P"] = len(a)
    if len(arrays) != len(widths):
        raise ValueError(f"has length {len(arrays)}, expected {len(widths)} arrays")
    known.setdefault("widths", [a.shape[1] for a in arrays])


def _check_room(entries, what):
    if 8 * entries > MOST:
        size = f"{8 * entries:.2g}" if entries < 1e300 else "more than 1e300"
        raise ValueError(f"{what} would take {size} bytes of memory, expected at most {MOST:.2g}")


def _check_list(value, what):
    if not isinstance(value, list) or not value:
        found = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else _short(value)
        raise ValueError(f"is {found}, expected a list of {what}")


@contextlib.contextmanager
def _told_of(name):
    """Errors in it are told of this item."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _short(value):
    """The value in a part of one line."""
    told = " ".join(repr(value).split())
    return told if len(told) <= 60 else f"{told[:56]} ..."

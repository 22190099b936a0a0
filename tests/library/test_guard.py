"""What the public functions of the eight units refuse and accept.

The tables are drawn: course/probe.py makes arguments that fit, and what must be refused follows from the guard's words.
"""

import inspect
import math

import numpy as np
import pytest

import minintk
from minintk import alignment, guard, kernel, linear_theory, network, outputs, silence, training, whitening
from minintk.course import probe

UNITS = [network, kernel, whitening, training, alignment, linear_theory, outputs, silence]
FUNCTIONS = {
    f"{unit.__name__.split('.')[1]}.{name}": function
    for unit in UNITS
    for name, function in vars(unit).items()
    if inspect.isfunction(function) and function.__module__ == unit.__name__ and not name.startswith("_")
}
UNGUARDED = FUNCTIONS.pop("silence.region")  # of one argument, the dict of numbers that silence_numbers made
UNCHECKED = {"rng", "record_kernels", "record_weights"}  # numpy's own door, and two words that are true or false
CHOSEN = {  # where numbers must fit each other too
    "training.gradient_descent": {"step_size": 1e-3, "record_kernels": True, "record_weights": True},
    "training.gradient_flow": {"rtol": 0.01, "max_evaluations": 1000, "record_kernels": True, "record_weights": True},
    "training.target_matrix": {"C": 2},
    "silence.experiment": {"step_size": 1e-3},
}
GOOD = {
    name: probe.arguments(function, {"P": 4, "D": 6, "N": 8, "C": 2}, whole=True) | CHOSEN.get(name, {})
    for name, function in FUNCTIONS.items()
}
SPECS = [(name, argument, spec) for name, function in FUNCTIONS.items() for argument, spec in function.specs.items()]


def in_list(value):
    """Whether it is a list of arrays."""
    return isinstance(value, list) and isinstance(value[-1], np.ndarray)


ARRAYS = [(name, a) for name, a, _ in SPECS if isinstance(GOOD[name][a], np.ndarray) or in_list(GOOD[name][a])]


def refusal(name, **changed):
    """The message of the ValueError that the function raises when its good arguments are changed in this way."""
    with pytest.raises(ValueError) as caught:
        FUNCTIONS[name](**(GOOD[name] | changed))
    message = str(caught.value)
    assert "\n" not in message and len(message) < 200
    start = f"{name.split('.')[1]}: "
    assert message.startswith(start)
    return message.removeprefix(start)


def wrong_numbers(interval):
    """Values that are not in the interval."""
    ends = interval.removeprefix("int ")
    low, high = (float(end) for end in ends[1:-1].split(","))
    step = 1 if ends != interval else 1e-9
    outside = [low if ends[0] == "(" else low - step, high if ends[-1] == ")" else high + step]
    outside = [value for value in outside if value < math.inf or ends[-1] == ")"]
    return [math.nan, "relu", 1j, [0.5], 2.5 if step == 1 else None, *outside]


def wrong_values(spec):
    """Values that the guard must refuse for a spec that is not of arrays, and what it must say that it expects."""
    if isinstance(spec, tuple):
        return [(value, f"expected one of {', '.join(map(repr, spec))}") for value in ("l2", spec[0].upper(), None, 0)]
    if spec == "sizes":
        wrong = ([4], [4, 0, 1], [4, 2.5, 1], 4, "45", np.ones(3), np.ones((9, 9)))
        return [(value, "expected at least two positive integers [D, n_1, ..., C]") for value in wrong]
    if spec.startswith(("each ", "any ")):
        least, _, interval = spec.partition(" ")
        wrong = [(value, f"expected a collection of numbers in {interval}") for value in (5, None, np.ones((2, 2)))]
        wrong += [([], wrong[0][1])] if least == "each" else []
        return wrong + [([value], told) for value, told in wrong_values(interval)]
    if spec[-1] in ")]":
        kind = "an integer" if spec.startswith("int") else "a number"
        return [(value, f"expected {kind} in {spec.removeprefix('int ')}") for value in wrong_numbers(spec)]
    if "->" in spec or spec in ("layers", "deltas"):
        return [(value, "expected a list of") for value in (None, [], np.ones((2, 2)), 3)]
    return []


OTHERS = [(name, argument, *wrong) for name, argument, spec in SPECS for wrong in wrong_values(spec)]

TOLD = [  # function, what is changed in its good arguments, and how the message begins after the function's name
    ("network.init_weights", {"widths": [4, 0]}, "widths is [4, 0], expected at least two positive integers"),
    ("network.forward", {"weights": np.eye(2)}, "weights is an array of shape (2, 2), expected a list of at least one"),
    ("network.forward", {"weights": [np.eye(6), np.ones((2, 3))]}, "weights W_2 has shape (2, 3), expected (n_l, n_{l"),
    ("network.backward", {"layers": [np.ones((4, 6)), np.eye(4)]}, "layers [1] has shape (4, 4), expected (P, n_l) wi"),
    ("network.backward", {"layers": [np.ones((4, 6)), np.eye(8)]}, "layers [1] has shape (8, 8), expected (P, n_l) wi"),
    ("network.backward", {"layers": GOOD["network.backward"]["layers"][:2]}, "layers has length 2, expected 4 arrays"),
    ("network.weight_gradients", {"deltas": [np.ones((4, 8))]}, "deltas has length 1, expected 3 arrays"),
    ("network.weight_gradients", {"deltas": [np.ones((4, 3))] * 3}, "deltas [0] has shape (4, 3), expected (P, n_l) w"),
    ("kernel.block_matrix", {"K": np.ones((2, 3, 4, 4))}, "K has shape (2, 3, 4, 4), expected (P, P2) or (C, C, P, P2"),
    ("kernel.kernel_predictor", {"K_test": np.ones((2, 2, 5, 4))}, "K_test has shape (2, 2, 5, 4), expected 2 axes, a"),
    ("kernel.kernel_predictor", {"f0_train": np.ones((4, 1))}, "f0_train has shape (4, 1), expected a scalar or (P) o"),
    ("alignment.kernel_error", {"network": np.ones((4, 1))}, "network has shape (4, 1), expected (P) or (P, C) with P"),
    ("linear_theory.mode_overlaps", {"weights": [np.eye(6)] * 3}, "weights has length 3, expected 2 matrices"),
    ("training.loss_and_cotangent", {"y": np.ones(4)}, "y has shape (4,), expected (P, C) with P = 4, C = 2"),
    ("training.gradient_descent", {"y": np.ones((3, 2))}, "y has shape (3, 2), expected (P) or (P, C) with P = 4"),
    ("training.gradient_descent", {"steps": -(10**400)}, "steps is -1000"),
    ("training.gradient_descent", {"loss": np.ones((9, 9))}, "loss is array([[1., 1., 1."),
    ("training.gradient_descent", {"record_steps": [1, 2.5]}, "record_steps is 2.5, expected an integer in [0, inf)"),
    ("outputs.frozen_kernel_flow", {"times": []}, "times is [], expected a collection of numbers in [0, inf)"),
]


def arrays_in(value):
    """All arrays in a result, however it is nested."""
    if isinstance(value, training.Trajectory):
        value = vars(value)
    if isinstance(value, dict):
        value = [value[key] for key in value if key not in ("times", "steps")]
    if isinstance(value, list | tuple):
        return [a for item in value for a in arrays_in(item)]
    return [value] if isinstance(value, np.ndarray) else []


def each_array(change, value):
    """The value with every array changed in this way."""
    if isinstance(value, list):
        return [each_array(change, item) for item in value]
    return change(value) if isinstance(value, np.ndarray) else value


def test_every_argument_of_every_public_function_is_guarded():
    """But for the few that are named above."""
    assert len(FUNCTIONS) > 45 and list(inspect.signature(UNGUARDED).parameters) == ["numbers"]
    for name, function in FUNCTIONS.items():
        assert function.specs.keys() | UNCHECKED >= GOOD[name].keys() == inspect.signature(function).parameters.keys()
        assert not function.specs.keys() & UNCHECKED


@pytest.mark.parametrize("name", GOOD)
def test_good_arguments_are_accepted_as_arrays_and_as_lists(name):
    """Nested lists of numbers give what arrays give, in float64."""
    from_arrays = arrays_in(FUNCTIONS[name](**GOOD[name]))
    lists = {key: each_array(np.ndarray.tolist, value) for key, value in GOOD[name].items()}
    from_lists = arrays_in(FUNCTIONS[name](**lists))
    assert len(from_arrays) == len(from_lists)
    assert all(np.array_equal(a, b) and a.dtype == b.dtype == np.float64 for a, b in zip(from_arrays, from_lists))


KEPT = [name for name in dict(ARRAYS) if getattr(minintk, name.split(".")[0]) in UNITS[:5]]
KEPT.remove("training.descend")  # its times and losses are arrays of Python's numbers


@pytest.mark.parametrize("name", KEPT)
def test_single_precision_stays(name):
    """float32 arrays give float32 arrays, and numpy's own float64 numbers do not change that."""
    given = {key: each_array(lambda a: a.astype(np.float32), value) for key, value in GOOD[name].items()}
    given = {key: np.float64(value) if isinstance(value, float) else value for key, value in given.items()}
    assert {a.dtype for a in arrays_in(FUNCTIONS[name](**given))} <= {np.dtype(np.float32)}


def test_other_numbers_become_floating_point_numbers():
    """Integers, truth values and half precision are computed with in float64; entries whose squares overflow too."""
    assert network.activation([1e200, -1e300], slope=0.5).tolist() == [1e200, -5e299]
    layers = network.forward(([[1, -2]], [[3]]), [[1, 1], [4, 1]], slope=1)
    assert [h.dtype for h in layers] == [np.float64] * 3
    assert layers[-1].tolist() == [[-3.0], [6.0]]
    for dtype in (bool, np.uint8, np.float16, np.longdouble):
        assert network.activation(np.ones(2, dtype), slope=0).dtype == np.float64
    assert network.init_weights(np.array([2, 3]), 1, 0)[0].shape == (3, 2)


@pytest.mark.parametrize("name, argument, value, expected", OTHERS, ids=["-".join(one[:2]) for one in OTHERS])
def test_what_is_no_array_is_refused_with_what_was_expected(name, argument, value, expected):
    """Numbers, words, collections and lists: one ValueError of one line, which names the argument."""
    if value is None and inspect.signature(FUNCTIONS[name]).parameters[argument].default is None:
        return
    message = refusal(name, **{argument: value})
    assert message.startswith(f"{argument} is ") and expected in message


@pytest.mark.parametrize("name, argument", ARRAYS)
def test_arrays_must_be_real_finite_and_not_empty(name, argument):
    """NaN, infinity, no entries, words, complex numbers, objects and ragged lists are refused for every array."""
    whole = GOOD[name][argument]
    value = whole[-1] if in_list(whole) else whole

    def told(array):
        return refusal(name, **{argument: [*whole[:-1], array] if in_list(whole) else array})

    for poison in (np.nan, np.inf, -np.inf):
        poisoned = value.copy()
        poisoned.flat[-1] = poison
        assert "1 entry that is NaN or infinite" in told(poisoned)
    assert f"{value.size} entries that are NaN" in told(value * np.nan)
    empty = np.zeros((0, *value.shape[1:]))
    assert f"has shape {empty.shape}, expected no empty axis" in told(empty)
    for other in map(value.astype, (str, complex, object)):
        assert f"is an array of {other.dtype}, expected an array of real numbers" in told(other)
    assert "expected an array of real numbers, all rows of one length" in told([[1.0, 2.0], [3.0]])
    if in_list(whole) or inspect.signature(FUNCTIONS[name]).parameters[argument].default is not None:
        assert "is None, expected an array of real numbers" in told(None)


@pytest.mark.parametrize("name, argument", [found for found in ARRAYS if not in_list(GOOD[found[0]][found[1]])])
def test_arrays_must_have_the_axes_that_the_guard_names(name, argument):
    """An axis too many is refused; and so is one that is longer than an axis of the same letter elsewhere."""
    value, specs = GOOD[name][argument], FUNCTIONS[name].specs
    if specs[argument] == "...":
        return
    assert f"{argument} has shape (1, 1, 1, " in refusal(name, **{argument: value[None, None, None]})
    spec = "P | P C" if specs[argument] == "targets" else specs[argument].partition(",")[0]
    axes = next(axes for one in spec.split("|") if len(axes := one.split()) == value.ndim and "scalar" not in axes)
    names = list(specs)
    earlier = ""
    for other in names[: names.index(argument)]:
        if isinstance(specs[other], str):
            forms, given = specs[other].partition(",")[0].split("|"), getattr(GOOD[name].get(other), "ndim", 0)
            forms = [form for form in forms if len(form.split()) == given] if len(forms) > 1 else [specs[other]]
            earlier += " ".join([""] + forms)
    for i, axis in enumerate(axes):
        longer = np.concatenate([value, value.take([0], axis=i)], axis=i)
        if axis in earlier.replace("|", " ").split() and specs[argument] != "targets" or axes.count(axis) == 2:
            assert f"{argument} has shape {longer.shape}, expected " in refusal(name, **{argument: longer})


@pytest.mark.parametrize("name, changed, expected", TOLD, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(TOLD)])
def test_a_refusal_says_what_was_given_and_what_was_expected(name, changed, expected):
    assert refusal(name, **changed).startswith(expected)


def test_what_may_be_left_out_may_be_none():
    """X2 and X_test may be None, and collections that may be empty are."""
    weights, X = GOOD["kernel.ntk"]["weights"], GOOD["kernel.ntk"]["X1"]
    assert kernel.ntk(weights, X, None).shape == (2, 2, 4, 4)
    run = training.gradient_descent(weights, X, np.ones((4, 2)), 1e-3, steps=1, record_steps=[], X_test=None)
    assert run.test_outputs is None and len(run.times) == 2


def test_python_says_itself_what_is_wrong_with_a_call():
    """Arguments missing, unknown, too many, given twice or out of place are TypeErrors that name the function."""
    weights, X, y = GOOD["network.forward"]["weights"], GOOD["network.forward"]["X"], np.ones((4, 2))
    for call in [
        lambda: network.forward(weights),
        lambda: network.forward(weights, X, slop=0.1),
        lambda: network.forward(weights, X, 0.1, 0.2),
        lambda: network.forward(weights, X, weights=weights),
        lambda: training.gradient_descent(weights, X, y, 0.1, 0.0, "mse", 3),  # steps is a keyword
        lambda: training.loss_and_cotangent(y=y),
    ]:
        with pytest.raises(TypeError, match="^(forward|gradient_descent|loss_and_cotangent): "):
            call()


@guard.accepts(weights="D -> C", X="P D")
def given(weights, X):
    return weights, X


def test_what_needs_no_conversion_arrives_as_it_is():
    """No copy is made of a list of arrays or of an array: a function that changes them can be found out."""
    weights, X = [np.ones((2, 3), np.float32), np.ones((1, 2))], np.ones((4, 3))
    got = given(weights, X)
    assert got[0] is weights and got[1] is X


class Counted:
    """Something that numpy can read as an array, and that counts how often this was done."""

    def __init__(self, array):
        self.array, self.times = array, 0

    def __array__(self, dtype=None, copy=None):
        self.times += 1
        return self.array


@guard.accepts(x="P", slope="[0, 1]")
def inner(x, slope=0.5):
    return x


@guard.accepts(x="P")
def outer(x, other):
    return inner(other)


@guard.accepts(x="P")
def failing(x):
    raise RuntimeError("inside")


def test_only_the_outermost_call_is_checked(monkeypatch):
    """A guarded function that is called from inside another one of the library looks at nothing again."""
    monkeypatch.setattr(outer.__wrapped__, "__module__", "minintk.kernel")
    direct, nested = Counted(np.ones(3)), Counted(np.ones(3))
    inner(direct)
    outer(np.ones(3), nested)
    assert direct.times >= 1 and nested.times == 0
    assert np.isnan(outer(np.ones(1), np.array([np.nan]))).all()
    with pytest.raises(ValueError, match="inner: x .* NaN"):
        inner(np.array([np.nan]))


def test_what_a_students_function_calls_is_checked_too():
    """It is guarded itself, and may still call the library with nonsense."""
    with pytest.raises(ValueError, match="inner: x .* NaN"):
        outer(np.ones(1), np.array([np.nan]))


def test_an_error_leaves_the_guard_usable():
    """After a refusal, and after an error behind the door, the next call is checked as the first was."""
    for _ in range(2):
        with pytest.raises(RuntimeError, match="^inside$"):
            failing(np.ones(2))
        with pytest.raises(ValueError, match="failing: x has shape"):
            failing(np.ones((2, 2)))
        with pytest.raises(ValueError, match="inner: slope is 2"):
            inner(np.ones(2), slope=2)
        assert inner([1, 2]).tolist() == [1.0, 2.0]


def test_a_guarded_function_keeps_its_name_and_its_signature():
    """Help and documentation show the function, not the door."""
    assert network.forward.__name__ == "forward" and network.forward.__doc__.startswith("All layers")
    assert str(inspect.signature(kernel.ntk)) == "(weights, X1, X2=None, slope=0.0)"

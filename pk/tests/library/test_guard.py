"""What the public functions of the five units refuse and accept, and how the modules may import each other."""

import ast
import inspect
import pathlib

import numpy as np
import pytest

import minintk
from minintk import alignment, guard, kernel, linear_theory, network, outputs, training, whitening

UNITS = [network, kernel, whitening, training, alignment]
PACKAGE = pathlib.Path(minintk.__file__).parent


def good_arguments():
    """Arguments that fit, for every guarded function: P = 3, P2 = 2, D = 4, n_1 = 5, C = 2 (or 1)."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.uniform(0.1, 1, shape)

    weights = [draw(5, 4), draw(2, 5)]
    layers = [draw(3, 4), draw(3, 5), draw(3, 2)]
    kernels = {"K_train": np.eye(3), "K_test": draw(2, 3)}
    trained = {"weights": weights, "X": draw(3, 4), "y": draw(3, 2), "slope": 0.1, "loss": "mse"}
    run = {"target_loss": 1e-3, "record_drops": [0.1], "X_test": draw(2, 4)}
    return {
        "network.activation": {"z": draw(3, 2), "slope": 0.1},
        "network.gate": {"h": draw(3, 2), "slope": 0.1},
        "network.init_weights": {"widths": [4, 5, 2], "sigma": 1.0, "rng": 0},
        "network.forward": {"weights": weights, "X": draw(3, 4), "slope": 0.1},
        "network.backward": {"weights": weights, "layers": layers, "cotangent": draw(3, 2), "slope": 0.1},
        "network.weight_gradients": {"layers": layers, "deltas": [draw(3, 5), draw(3, 2)]},
        "kernel.gradient_factors": {"weights": weights, "X": draw(3, 4), "slope": 0.1},
        "kernel.jacobian": {"weights": weights, "X": draw(3, 4), "slope": 0.1},
        "kernel.ntk": {"weights": weights, "X1": draw(3, 4), "X2": draw(2, 4), "slope": 0.1},
        "kernel.block_matrix": {"K": draw(2, 2, 3, 3)},
        "kernel.kernel_predictor": {
            **kernels,
            "targets": draw(3),
            "f0_train": draw(3),
            "f0_test": draw(2),
            "rcond": 1e-9,
        },
        "kernel.constant_kernel_flow": {"K": np.eye(3), "y": draw(3), "f0": draw(3), "times": draw(5)},
        "whitening.second_moment": {"X": draw(3, 4)},
        "whitening.condition_number": {"X": draw(3, 4)},
        "whitening.whitening_map": {"X": draw(3, 4), "power": 0.5, "rcond": 1e-3},
        "training.loss_and_cotangent": {"f": draw(3, 2), "y": draw(3, 2), "loss": "mse"},
        "training.loss_gradient": trained,
        "training.gradient_descent_step": {**trained, "step_size": 0.1},
        "training.span_coordinates": {"X": draw(3, 4)},
        "training.gradient_descent": {
            **trained,
            **run,
            "step_size": 0.1,
            "steps": 2,
            "time": 1.0,
            "record_steps": [1],
            "record_kernels": True,
            "record_weights": True,
        },
        "training.gradient_flow": {
            **trained,
            **run,
            "time": 0.1,
            "rtol": 1e-3,
            "max_evaluations": 1000,
            "record_times": [0.05],
            "record_kernels": True,
            "record_weights": True,
        },
        "alignment.kernel_alignment": {"K": draw(3, 2), "Q": draw(3, 2)},
        "alignment.task_alignment": {"K": draw(3, 3), "y": draw(3)},
        "alignment.relative_alignment": {"A": draw(5), "A0": 0.5},
        "alignment.effective_rank": {"K": draw(3, 3)},
        "alignment.alignment_time": {"times": draw(5), "alignments": draw(5), "level": 0.5},
        "alignment.learning_time": {"times": draw(5), "losses": draw(5), "drop": 0.5},
        "alignment.predictor_gap": {
            "K_inf_train": np.eye(3),
            "K_inf_test": draw(2, 3),
            "f_train": draw(3),
            "f_test": draw(2),
            "f0_train": draw(3),
            "f0_test": draw(2),
        },
        "alignment.kernel_error": {"prediction": draw(3), "network": draw(3)},
        "alignment.silence_ratio": {"err_inf": 0.1, "err_0": 0.5},
    }


GOOD = good_arguments()
UNCHECKED = {"rng", "record_kernels", "record_weights"}  # numpy's own door, and two words that are true or false
A3, A4 = "(3,)", "(3, 4)"
A = np.ones

# function, what is changed in its good arguments, and what the message must contain: what was given, what was expected
BAD = [
    ("network.activation", {"slope": 1.5}, ["slope is 1.5", "[0, 1]"]),
    ("network.activation", {"slope": -0.1}, ["slope is -0.1", "[0, 1]"]),
    ("network.activation", {"slope": float("nan")}, ["slope is nan", "[0, 1]"]),
    ("network.activation", {"slope": "relu"}, ["slope is 'relu'", "a number in [0, 1]"]),
    ("network.activation", {"slope": None}, ["slope is None", "a number in [0, 1]"]),
    ("network.gate", {"slope": 2}, ["slope is 2", "[0, 1]"]),
    ("network.init_weights", {"sigma": 0}, ["sigma is 0", "(0, inf)"]),
    ("network.init_weights", {"sigma": -1.0}, ["sigma is -1.0", "(0, inf)"]),
    ("network.init_weights", {"sigma": float("inf")}, ["sigma is inf", "(0, inf)"]),
    ("network.init_weights", {"widths": [4]}, ["widths is [4]", "at least two positive integers"]),
    ("network.init_weights", {"widths": [4, 0, 1]}, ["widths is [4, 0, 1]", "positive integers"]),
    ("network.init_weights", {"widths": [4, 2.5, 1]}, ["widths is [4, 2.5, 1]", "positive integers"]),
    ("network.init_weights", {"widths": 4}, ["widths is 4", "positive integers"]),
    ("network.init_weights", {"widths": "45"}, ["widths is '45'", "positive integers"]),
    ("network.forward", {"X": A(4)}, ["X has shape (4,)", "(P, D)", "D = 4"]),
    ("network.forward", {"X": A((3, 5))}, ["X has shape (3, 5)", "(P, D)", "D = 4"]),
    ("network.forward", {"weights": A((5, 4))}, ["weights is a ndarray", "a list of at least one matrix"]),
    ("network.forward", {"weights": []}, ["weights is 0", "a list of at least one matrix"]),
    ("network.forward", {"weights": [A((5, 4)), A((2, 3))]}, ["W_2 has shape (2, 3)", "(n_l, n_{l-1})", "n_{l-1} = 5"]),
    ("network.forward", {"weights": [A((5, 4)), A(5)]}, ["W_2 has shape (5,)", "(n_l, n_{l-1})"]),
    ("network.forward", {"slope": 1.01}, ["slope is 1.01", "[0, 1]"]),
    ("network.backward", {"cotangent": A((3, 1))}, ["cotangent has shape (3, 1)", "(P, C)", "P = 3", "C = 2"]),
    ("network.backward", {"cotangent": A((2, 2))}, ["cotangent has shape (2, 2)", "(P, C)", "P = 3"]),
    ("network.backward", {"layers": [A((3, 4)), A((3, 2))]}, ["layers", "[1] has shape (3, 2)", "n_l = 5"]),
    ("network.backward", {"layers": [A((3, 4)), A((3, 5))]}, ["layers is 2 arrays", "expected 3"]),
    ("network.backward", {"layers": [A((3, 4)), A((2, 5)), A((3, 2))]}, ["layers", "[1] has shape (2, 5)", "P = 3"]),
    ("network.backward", {"layers": A((3, 4))}, ["layers is a ndarray", "a list of arrays"]),
    ("network.backward", {"weights": [A((5, 3)), A((2, 5))]}, ["layers", "[0] has shape (3, 4)", "n_l = 3"]),
    ("network.backward", {"slope": -1}, ["slope is -1", "[0, 1]"]),
    ("network.weight_gradients", {"deltas": [A((3, 5))]}, ["deltas is 1 arrays", "expected 2"]),
    ("network.weight_gradients", {"deltas": [A((3, 5)), A((3, 1))]}, ["deltas", "[1] has shape (3, 1)", "n_l = 2"]),
    ("network.weight_gradients", {"deltas": [A((2, 5)), A((2, 2))]}, ["deltas", "[0] has shape (2, 5)", "P = 3"]),
    ("network.weight_gradients", {"layers": "layers"}, ["layers is a str", "a list of arrays"]),
    ("kernel.gradient_factors", {"X": A((3, 5))}, ["X has shape (3, 5)", "D = 4"]),
    ("kernel.gradient_factors", {"slope": 7}, ["slope is 7", "[0, 1]"]),
    ("kernel.jacobian", {"X": A((1, 3, 4))}, ["X has shape (1, 3, 4)", "(P, D)"]),
    ("kernel.jacobian", {"slope": 1j}, ["slope is 1j", "a number in [0, 1]"]),
    ("kernel.ntk", {"X1": A((3, 3))}, ["X1 has shape (3, 3)", "(P1, D)", "D = 4"]),
    ("kernel.ntk", {"X2": A((3, 5))}, ["X2 has shape (3, 5)", "(P2, D)", "D = 4"]),
    ("kernel.ntk", {"slope": 1 + 1e-9}, ["slope is 1.000000001", "[0, 1]"]),
    ("kernel.block_matrix", {"K": A((2, 3, 4, 4))}, ["K has shape (2, 3, 4, 4)", "(C, C, P, P2)"]),
    ("kernel.block_matrix", {"K": A(3)}, ["K has shape (3,)", "(P, P2) or (C, C, P, P2)"]),
    ("kernel.kernel_predictor", {"K_train": A((3, 2))}, ["K_train has shape (3, 2)", "(P, P) or (C, C, P, P)"]),
    ("kernel.kernel_predictor", {"K_test": A((3, 2))}, ["K_test has shape (3, 2)", "(P2, P)", "P = 3"]),
    ("kernel.kernel_predictor", {"targets": A(2)}, ["targets has shape (2,)", "(P)", "P = 3"]),
    (
        "kernel.kernel_predictor",
        {"f0_train": A((3, 1, 1))},
        ["f0_train has shape (3, 1, 1)", "a scalar or (P) or (P, C)"],
    ),
    ("kernel.kernel_predictor", {"f0_test": A(3)}, ["f0_test has shape (3,)", "a scalar or (P2)", "P2 = 2"]),
    ("kernel.kernel_predictor", {"rcond": 1.0}, ["rcond is 1.0", "[0, 1)"]),
    ("kernel.constant_kernel_flow", {"K": A((3, 2))}, ["K has shape (3, 2)", "(P, P)"]),
    ("kernel.constant_kernel_flow", {"y": A((3, 1))}, ["y has shape (3, 1)", "(P)", "P = 3"]),
    ("kernel.constant_kernel_flow", {"f0": A(4)}, ["f0 has shape (4,)", "(P)", "P = 3"]),
    ("kernel.constant_kernel_flow", {"times": 2.0}, ["times has shape ()", "(T)"]),
    ("whitening.second_moment", {"X": A(3)}, ["X has shape (3,)", "(P, D)"]),
    ("whitening.condition_number", {"X": A((1, 3, 4))}, ["X has shape (1, 3, 4)", "(P, D)"]),
    ("whitening.whitening_map", {"X": 2.0}, ["X has shape ()", "(P, D)"]),
    ("whitening.whitening_map", {"power": 1.1}, ["power is 1.1", "[0, 1]"]),
    ("whitening.whitening_map", {"rcond": -1e-3}, ["rcond is -0.001", "[0, 1)"]),
    ("training.loss_and_cotangent", {"f": A(3)}, ["f has shape (3,)", "(P, C)"]),
    ("training.loss_and_cotangent", {"y": A(3)}, ["y has shape (3,)", "(P, C)", "P = 3, C = 2"]),
    ("training.loss_and_cotangent", {"y": A((3, 1))}, ["y has shape (3, 1)", "C = 2"]),
    ("training.loss_and_cotangent", {"y": A(4)}, ["y has shape (4,)", "P = 3"]),
    ("training.loss_and_cotangent", {"loss": "l2"}, ["loss is 'l2'", "'mse', 'logistic', 'softmax'"]),
    ("training.loss_and_cotangent", {"loss": None}, ["loss is None", "'mse', 'logistic', 'softmax'"]),
    ("training.loss_and_cotangent", {"loss": "logistic"}, ["y has values from 0", "only +1 and -1"]),
    ("training.loss_and_cotangent", {"loss": "softmax"}, ["y has a row that is not a distribution", "one-hot"]),
    (
        "training.loss_and_cotangent",
        {"loss": "softmax", "y": [0, 1, 2]},
        ["y has values from 0 to 2", "labels 0 to C - 1 = 1"],
    ),
    ("training.loss_and_cotangent", {"loss": "softmax", "y": [0, 1, 0.5]}, ["y has values from 0 to 1", "labels 0 to"]),
    ("training.loss_and_cotangent", {"loss": "softmax", "y": [-1, 1, 0]}, ["y has values from -1 to 1", "labels 0 to"]),
    ("training.loss_and_cotangent", {"loss": "softmax", "y": [[2, -1]] * 3}, ["y has a row", "one-hot"]),
    ("training.loss_and_cotangent", {"loss": "softmax", "y": [0, 1]}, ["y has shape (2,)", "P = 3"]),
    ("training.loss_gradient", {"y": A((2, 2))}, ["y has shape (2, 2)", "P = 3"]),
    ("training.loss_gradient", {"X": A((3, 3))}, ["X has shape (3, 3)", "D = 4"]),
    ("training.loss_gradient", {"slope": 3}, ["slope is 3", "[0, 1]"]),
    ("training.loss_gradient", {"loss": "hinge"}, ["loss is 'hinge'", "'mse'"]),
    ("training.gradient_descent_step", {"step_size": 0.0}, ["step_size is 0.0", "(0, inf)"]),
    ("training.gradient_descent_step", {"X": A((3, 3))}, ["X has shape (3, 3)", "D = 4"]),
    ("training.gradient_descent_step", {"y": A((3, 3))}, ["y has shape (3, 3)", "C = 2"]),
    ("training.gradient_descent_step", {"slope": -2}, ["slope is -2", "[0, 1]"]),
    ("training.gradient_descent_step", {"loss": 0}, ["loss is 0", "'mse'"]),
    ("training.span_coordinates", {"X": A(4)}, ["X has shape (4,)", "(P, D)"]),
    ("training.gradient_descent", {"step_size": -0.1}, ["step_size is -0.1", "(0, inf)"]),
    ("training.gradient_descent", {"steps": 2.5}, ["steps is 2.5", "an integer in [0, inf)"]),
    ("training.gradient_descent", {"steps": -1}, ["steps is -1", "an integer in [0, inf)"]),
    ("training.gradient_descent", {"time": -1}, ["time is -1", "[0, inf]"]),
    ("training.gradient_descent", {"target_loss": -1}, ["target_loss is -1", "[0, inf)"]),
    (
        "training.gradient_descent",
        {"record_steps": 5},
        ["record_steps is 5", "a collection of numbers in int [0, inf)"],
    ),
    ("training.gradient_descent", {"record_steps": [1, 2.5]}, ["record_steps is 2.5", "an integer in [0, inf)"]),
    ("training.gradient_descent", {"record_drops": [0.5, 1.0]}, ["record_drops is 1.0", "(0, 1)"]),
    ("training.gradient_descent", {"record_drops": ["half"]}, ["record_drops is 'half'", "(0, 1)"]),
    ("training.gradient_descent", {"X_test": A((2, 3))}, ["X_test has shape (2, 3)", "(P_test, D)", "D = 4"]),
    ("training.gradient_descent", {"X": A((3, 3))}, ["X has shape (3, 3)", "D = 4"]),
    ("training.gradient_descent", {"y": A((3, 3))}, ["y has shape (3, 3)", "C = 2"]),
    ("training.gradient_descent", {"slope": 1.5}, ["slope is 1.5", "[0, 1]"]),
    ("training.gradient_descent", {"loss": "MSE"}, ["loss is 'MSE'", "'mse'"]),
    ("training.gradient_flow", {"time": float("nan")}, ["time is nan", "[0, inf]"]),
    ("training.gradient_flow", {"target_loss": float("inf")}, ["target_loss is inf", "[0, inf)"]),
    ("training.gradient_flow", {"rtol": 0}, ["rtol is 0", "(0, 1)"]),
    ("training.gradient_flow", {"max_evaluations": 0}, ["max_evaluations is 0", "an integer in [1, inf)"]),
    ("training.gradient_flow", {"record_times": [-1.0]}, ["record_times is -1.0", "[0, inf)"]),
    ("training.gradient_flow", {"record_drops": [0.0]}, ["record_drops is 0.0", "(0, 1)"]),
    ("training.gradient_flow", {"X_test": A(4)}, ["X_test has shape (4,)", "(P_test, D)"]),
    ("training.gradient_flow", {"X": A((3, 3))}, ["X has shape (3, 3)", "D = 4"]),
    ("training.gradient_flow", {"y": A((3, 3))}, ["y has shape (3, 3)", "C = 2"]),
    ("training.gradient_flow", {"slope": 1.5}, ["slope is 1.5", "[0, 1]"]),
    ("training.gradient_flow", {"loss": "MSE"}, ["loss is 'MSE'", "'mse'"]),
    ("alignment.kernel_alignment", {"K": A(3)}, ["K has shape (3,)", "(P, P2) or (C, C, P, P2)"]),
    ("alignment.kernel_alignment", {"Q": A((2, 3))}, ["Q has shape (2, 3)", "(P, P2)", "P = 3"]),
    ("alignment.task_alignment", {"K": A((3, 4))}, ["K has shape (3, 4)", "(P, P)"]),
    ("alignment.task_alignment", {"y": A(4)}, ["y has shape (4,)", "(P) or (P, C)", "P = 3"]),
    ("alignment.relative_alignment", {"A0": 1.0}, ["A0 is 1.0", "(-inf, 1)"]),
    ("alignment.effective_rank", {"K": A((3, 4))}, ["K has shape (3, 4)", "(P, P)"]),
    ("alignment.alignment_time", {"times": A((5, 1))}, ["times has shape (5, 1)", "(T)"]),
    ("alignment.alignment_time", {"alignments": A(4)}, ["alignments has shape (4,)", "(T)", "T = 5"]),
    ("alignment.alignment_time", {"level": 1.5}, ["level is 1.5", "[-1, 1]"]),
    ("alignment.learning_time", {"times": 1.0}, ["times has shape ()", "(T)"]),
    ("alignment.learning_time", {"losses": A(4)}, ["losses has shape (4,)", "T = 5"]),
    ("alignment.learning_time", {"drop": -0.1}, ["drop is -0.1", "[0, 1]"]),
    ("alignment.predictor_gap", {"K_inf_train": A((3, 4))}, ["K_inf_train has shape (3, 4)", "(P, P)"]),
    ("alignment.predictor_gap", {"K_inf_test": A((2, 4))}, ["K_inf_test has shape (2, 4)", "P = 3"]),
    ("alignment.predictor_gap", {"f_train": A(2)}, ["f_train has shape (2,)", "P = 3"]),
    ("alignment.predictor_gap", {"f_test": A(3)}, ["f_test has shape (3,)", "P2 = 2"]),
    ("alignment.predictor_gap", {"f0_train": A(2)}, ["f0_train has shape (2,)", "P = 3"]),
    ("alignment.predictor_gap", {"f0_test": A(3)}, ["f0_test has shape (3,)", "P2 = 2"]),
    ("alignment.kernel_error", {"prediction": A((3, 1, 1))}, ["prediction has shape (3, 1, 1)", "(P) or (P, C)"]),
    ("alignment.kernel_error", {"network": A(4)}, ["network has shape (4,)", "P = 3"]),
    ("alignment.silence_ratio", {"err_inf": -0.1}, ["err_inf is -0.1", "[0, inf)"]),
    ("alignment.silence_ratio", {"err_0": 0.0}, ["err_0 is 0.0", "(0, inf)"]),
]


def function(name):
    """The library's function of this name."""
    module, attribute = name.split(".")
    return getattr(getattr(minintk, module), attribute)


def refusal(name, **changed):
    """The message of the ValueError that the function raises when its good arguments are changed in this way."""
    with pytest.raises(ValueError) as caught:
        function(name)(**(GOOD[name] | changed))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{name.split('.')[1]}: ")
    return message


def arrays_of(name):
    """The arguments of a function that are arrays or lists of arrays, and for each the place of one array in it."""
    for argument, value in GOOD[name].items():
        if isinstance(value, np.ndarray):
            yield argument, value, lambda array: array
        elif isinstance(value, list) and isinstance(value[-1], np.ndarray):
            yield argument, value[-1], lambda array, value=value: [*value[:-1], array]


ARRAYS = [(name, argument) for name in GOOD for argument, _, _ in arrays_of(name)]


def arrays_in(value):
    """All arrays in a result, however it is nested."""
    if isinstance(value, training.Trajectory):
        value = [value.losses, value.outputs, value.kernels, value.test_outputs, value.weights]
    if isinstance(value, list | tuple):
        return [a for item in value for a in arrays_in(item)]
    return [value] if isinstance(value, np.ndarray) else []


def single(value):
    """The same with float32 arrays."""
    if isinstance(value, list):
        return [single(item) for item in value]
    return value.astype(np.float32) if isinstance(value, np.ndarray) else value


def listed(value):
    """The same with nested lists of numbers for arrays."""
    if isinstance(value, list):
        return [listed(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_every_public_function_of_the_units_is_looked_at():
    """No function and no argument that it checks is missing from the two tables above."""
    public = {
        f"{unit.__name__.split('.')[-1]}.{name}": value
        for unit in UNITS
        for name, value in vars(unit).items()
        if inspect.isfunction(value) and value.__module__ == unit.__name__ and not name.startswith("_")
    }
    assert GOOD.keys() == public.keys() - {"training.load"}
    seen = {(name, argument) for name, changed, _ in BAD for argument in changed} | set(ARRAYS)
    for name, arguments in GOOD.items():
        parameters = set(inspect.signature(public[name]).parameters)
        assert arguments.keys() == parameters
        assert {(name, argument) for argument in parameters - UNCHECKED} <= seen


@pytest.mark.parametrize("name", GOOD)
def test_good_arguments_are_accepted_as_arrays_and_as_lists(name):
    """Nested lists of numbers give what arrays give, in float64."""
    from_arrays = arrays_in(function(name)(**GOOD[name]))
    from_lists = arrays_in(function(name)(**{key: listed(value) for key, value in GOOD[name].items()}))
    assert len(from_arrays) == len(from_lists)
    assert all(np.array_equal(a, b) and a.dtype == b.dtype == np.float64 for a, b in zip(from_arrays, from_lists))


@pytest.mark.parametrize("name", [name for name, _ in dict(ARRAYS).items()])
def test_single_precision_stays(name):
    """float32 arrays give float32 arrays."""
    result = function(name)(**{key: single(value) for key, value in GOOD[name].items()})
    assert {a.dtype for a in arrays_in(result)} <= {np.dtype(np.float32)}


def test_integers_become_floating_point_numbers():
    """Integers, truth values and half precision are computed with in float64."""
    layers = network.forward([[[1, -2]], [[3]]], [[1, 1], [4, 1]], slope=1)
    assert [h.dtype for h in layers] == [np.float64] * 3
    assert layers[-1].tolist() == [[-3.0], [6.0]]
    for dtype in (bool, np.uint8, np.float16, np.longdouble):
        assert network.activation(np.ones(2, dtype), slope=0).dtype == np.float64
    assert network.init_weights(np.array([2, 3]), 1, 0)[0].shape == (3, 2)
    assert whitening.whitening_map(np.eye(2), np.float64(0), 0).dtype == np.float64
    assert network.activation(np.ones(2, np.float32), np.float64(0.5)).dtype == np.float32


@pytest.mark.parametrize("name, changed, parts", BAD, ids=[f"{n}-{'-'.join(c)}-{i}" for i, (n, c, _) in enumerate(BAD)])
def test_what_does_not_fit_is_refused_with_what_was_given_and_what_was_expected(name, changed, parts):
    """One ValueError of one line."""
    message = refusal(name, **changed)
    missing = [part for part in parts if part not in message]
    assert not missing, f"{missing} not in: {message}"
    assert "expected" in message


@pytest.mark.parametrize("name, argument", ARRAYS)
def test_arrays_must_be_real_finite_and_not_empty(name, argument):
    """NaN, infinity, no entries, words, complex numbers, objects and ragged lists are refused for every array."""
    value, place = next((value, place) for key, value, place in arrays_of(name) if key == argument)
    for poison in (np.nan, np.inf, -np.inf):
        poisoned = value.copy()
        poisoned.flat[-1] = poison
        assert "1 entries that are NaN or infinite" in refusal(name, **{argument: place(poisoned)})
    empty = np.zeros((0, *value.shape[1:]))
    assert f"has shape {empty.shape}, expected no empty axis" in refusal(name, **{argument: place(empty)})
    assert "expected an array of real numbers" in refusal(name, **{argument: place(value.astype(str))})
    assert "complex128, expected an array of real numbers" in refusal(name, **{argument: place(value + 0j)})
    assert "object, expected an array of real numbers" in refusal(name, **{argument: place(value.astype(object))})
    ragged = [[1.0, 2.0], [3.0]]
    assert "rows of different lengths, expected an array" in refusal(name, **{argument: place(ragged)})
    if place(None) is not None or inspect.signature(function(name)).parameters[argument].default is not None:
        assert "expected an array of real numbers" in refusal(name, **{argument: place(None)})


def test_large_numbers_are_not_taken_for_infinite():
    """Entries whose squares overflow are finite all the same."""
    assert network.activation([1e200, -1e300], slope=0.5).tolist() == [1e200, -5e299]


def test_kernels_of_one_and_of_several_outputs_are_not_mixed():
    with pytest.raises(ValueError, match=r"^kernel_predictor: K_test has shape \(2, 2, 4, 3\), expected 2 axes"):
        kernel.kernel_predictor(np.eye(3), np.ones((2, 2, 4, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"^kernel_alignment: Q has shape \(2, 2\), expected 4 axes"):
        alignment.kernel_alignment(np.ones((2, 2, 2, 2)), np.eye(2))


def test_formulas_for_two_layers_take_two_matrices():
    three = [np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 2))]
    for call in (
        lambda: linear_theory.mode_overlaps(three, [1.0], [1.0, 0.0]),
        lambda: outputs.sequential_mode_times(three, [[1.0, 0.0]]),
    ):
        with pytest.raises(ValueError, match="weights is 3 matrices, expected 2$"):
            call()


def test_collections_are_empty_only_where_nothing_is_asked_for():
    with pytest.raises(ValueError, match="^frozen_kernel_flow: times is \\[\\], expected a collection of numbers in"):
        outputs.frozen_kernel_flow(np.eye(2), [1.0, -1.0], [])
    run = training.gradient_descent([np.ones((1, 2))], np.eye(2), [2.0, 1.0], 0.1, steps=1, record_steps=[])
    assert len(run.times) == 2


def test_refusals_have_one_line_whatever_was_given():
    for call in (
        lambda: network.forward([np.eye(2)], np.eye(2), np.ones((9, 9))),
        lambda: network.init_weights(np.ones((9, 9)), 1.0, 0),
        lambda: training.gradient_descent([np.eye(2)], np.eye(2), np.eye(2), 0.1, loss=np.ones((9, 9))),
        lambda: training.loss_and_cotangent(np.eye(2), [[1.0, 2.0], [3.0]]),
        lambda: network.weight_gradients(3, 3),
        lambda: network.backward([np.eye(2)], None, np.eye(2)),
    ):
        with pytest.raises(ValueError) as caught:
            call()
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 160
    with pytest.raises(ValueError, match="steps is -1000"):
        training.gradient_descent([np.eye(2)], np.eye(2), np.eye(2), 0.1, steps=-(10**400))


def test_a_kernel_may_be_left_out_where_a_default_says_so():
    """X2 and X_test may be None; what has no such default may not."""
    weights, X = GOOD["kernel.ntk"]["weights"], GOOD["kernel.ntk"]["X1"]
    assert kernel.ntk(weights, X, None).shape == (2, 2, 3, 3)
    assert training.gradient_descent(weights, X, np.ones((3, 2)), 0.1, steps=1, X_test=None).test_outputs is None
    assert "X1 is a NoneType" in refusal("kernel.ntk", X1=None)


def test_python_says_itself_what_is_wrong_with_a_call():
    """Arguments missing, unknown, too many, given twice or out of place are TypeErrors that name the function."""
    weights, X, y = GOOD["network.forward"]["weights"], GOOD["network.forward"]["X"], np.ones((3, 2))
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


@pytest.mark.parametrize(
    "name, changed",
    [
        ("alignment.kernel_error", {"network": A((3, 1))}),
        ("alignment.predictor_gap", {"f0_train": A((3, 1))}),
        ("kernel.kernel_predictor", {"f0_train": A((3, 1))}),
    ],
)
def test_arguments_of_different_forms_are_not_broadcast(name, changed):
    """(P,) beside (P, 1) would silently become (P, P): arguments of one form are expected to have one shape."""
    refusal(name, **changed)


class Counted:
    """Something that numpy can read as an array, and that counts how often this was done."""

    def __init__(self, array):
        self.array, self.times = array, 0

    def __array__(self, dtype=None, copy=None):
        self.times += 1
        return self.array


@guard.accepts(x="P", slope="[0, 1]")
def inner(x, slope=0.5):
    """A guarded function."""
    return x


@guard.accepts(x="P")
def outer(x, other):
    """A guarded function that calls another one with what did not come through its own door."""
    return inner(other)


@guard.accepts(x="P")
def failing(x):
    """A guarded function that fails behind its door."""
    raise RuntimeError("inside")


def test_only_the_outermost_call_is_checked():
    """A guarded function that is called from inside another one looks at nothing again."""
    direct, nested = Counted(np.ones(3)), Counted(np.ones(3))
    inner(direct)
    outer(np.ones(3), nested)
    assert direct.times >= 1 and nested.times == 0
    assert np.isnan(outer(np.ones(1), np.array([np.nan]))).all()
    with pytest.raises(ValueError, match="inner: x .* NaN"):
        inner(np.array([np.nan]))


def test_training_does_not_look_at_its_arrays_at_every_step():
    """A long run reads its inputs as often as a short one."""
    counts = []
    for steps in (1, 50):
        X = Counted(GOOD["training.gradient_descent"]["X"])
        training.gradient_descent(**GOOD["training.gradient_descent"] | {"X": X, "steps": steps, "time": 1e9})
        counts.append(X.times)
    assert counts[0] == counts[1]


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
    assert network.forward.__name__ == "forward" and network.forward.__doc__.startswith("The activations")
    assert str(inspect.signature(kernel.ntk)) == "(weights, X1, X2=None, slope=0.0)"


def imports_of(path):
    """Every (module, name) that a file imports: name is None for `import module`, module "." for a relative import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." if node.level else node.module, alias.name) for alias in node.names)


FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_modules_are_imported_not_names(file):
    """`from minintk import network`, absolute: so that one setattr on the module reaches every caller."""
    for module, name in imports_of(PACKAGE / file):
        assert module != ".", "imports are absolute"
        if module.split(".")[0] != "minintk":
            continue
        target = PACKAGE.joinpath(*module.split(".")[1:], *([name] if name else []))
        assert target.is_dir() or target.with_suffix(".py").exists(), f"{module} {name} is not a module"
        assert file == "__main__.py" or "cli" not in (*module.split("."), name), "cli is imported by nobody"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.__name__)
def test_a_unit_uses_earlier_units_only(unit):
    """The order is network, kernel, whitening, training, alignment; guard and integrator serve them all."""
    order = [module.__name__.split(".")[1] for module in UNITS]
    own = unit.__name__.split(".")[1]
    allowed = {"guard", "integrator", *order[: order.index(own)]}
    used = {name for module, name in imports_of(PACKAGE / f"{own}.py") if module == "minintk"}
    assert used <= allowed
    assert not any(module.startswith("minintk.") for module, _ in imports_of(PACKAGE / f"{own}.py"))

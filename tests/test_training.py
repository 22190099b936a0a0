"""Unit 4: loss_and_cotangent, loss_gradient, gradient_descent_step, span_coordinates, and the two ways to train."""

import functools

import numpy as np
import oracles
import pytest
from oracles import assert_matches, assert_named, expect, unchanged

from minintk import integrator, training

LOSSES = ["mse", "logistic", "softmax"]


def draw_training(rng, P, D, N=5, C=1, sigma=1.0):
    """Weights of a network with one hidden layer, inputs and targets (P, C)."""
    weights = [sigma / np.sqrt(m) * rng.standard_normal((n, m)) for m, n in [(D, N), (N, C)]]
    return weights, rng.standard_normal((P, D)), rng.standard_normal((P, C))


@pytest.mark.exercise("training.loss_and_cotangent", row=1)
def test_mse_is_half_the_mean_squared_error():
    """Outputs (1, 2) and targets (3, 1) give the loss (4 + 1) / 4 and the cotangents (-1, 0.5)."""
    f, y = np.array([[1.0], [2.0]]), np.array([[3.0], [1.0]])
    with unchanged(f, y):
        assert_matches(training.loss_and_cotangent(f, y, "mse"), (1.25, np.array([[-1.0], [0.5]])))


@pytest.mark.exercise("training.loss_and_cotangent", row=2)
def test_logistic_loss_by_hand():
    """f = log 3: the loss is log(4/3) and the cotangent -1/4 for y = 1, log 4 and 3/4 for y = -1."""
    for y, value, cotangent in [(1.0, 4 / 3, -0.25), (-1.0, 4, 0.75)]:
        f, y = np.array([[np.log(3)]]), np.array([[y]])
        with unchanged(f, y):
            assert_matches(training.loss_and_cotangent(f, y, "logistic"), (np.log(value), np.array([[cotangent]])))


@pytest.mark.exercise("training.loss_and_cotangent", row=3)
def test_softmax_loss_by_hand():
    """f = (log 3, 0, 0, 0) are the probabilities 1/2, 1/6, 1/6, 1/6; for the second class the loss is log 6."""
    f, y = np.array([[np.log(3), 0.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0, 0.0]])
    with unchanged(f, y):
        expected = (np.log(6), np.array([[1 / 2, -5 / 6, 1 / 6, 1 / 6]]))
        assert_matches(training.loss_and_cotangent(f, y, "softmax"), expected)


@pytest.mark.exercise("training.loss_and_cotangent", row=4)
@pytest.mark.parametrize("P, C", [(5, 3), (1, 2), (4, 2)])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_cotangent_is_the_derivative_of_the_loss(rng, loss, P, C):
    """The loss is the mean over samples of the formula, and the cotangent its derivative by every output."""
    f, y = rng.uniform(-2, 2, (P, C)), oracles.draw_targets(rng, P, C, loss)
    with unchanged(f, y):
        value, cotangent = training.loss_and_cotangent(f, y, loss)
    assert_matches(value, oracles.loss(f, y, loss))
    assert_matches(cotangent, oracles.differences(lambda m: oracles.loss(m[0], y, loss), [f], step=1e-3)[0])


@pytest.mark.exercise("training.loss_and_cotangent", row=5)
@pytest.mark.parametrize("size", [800.0, 1e5])
def test_losses_of_huge_outputs_do_not_overflow(size):
    """Outputs of 800, where exp overflows, give finite losses: 800 for a wrong answer and 0 for a right one."""
    f, y = np.array([[size], [size], [-size], [-size]]), np.array([[1.0], [-1.0], [-1.0], [1.0]])
    expected = (size / 2, np.array([[0.0], [0.25], [0.0], [-0.25]]))
    assert_matches(training.loss_and_cotangent(f, y, "logistic"), expected)
    f, y = np.array([[size, 0.0, -size], [-size, -2 * size, 0.0]]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = (size / 2, np.array([[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]]))
    assert_matches(training.loss_and_cotangent(f, y, "softmax"), expected)


def test_the_loss_is_the_mean_squared_error_unless_told_otherwise(rng):
    weights, X, _ = oracles.draw_network(rng, L=2, P=4)
    y = rng.standard_normal((4, 1))
    expected = oracles.loss(oracles.outputs(weights, X, 0.0), y, "mse")
    assert_matches(training.loss_and_cotangent(oracles.outputs(weights, X, 0.0), y)[0], expected)
    assert_matches(training.loss_gradient(weights, X, y)[0], expected)
    assert_matches(training.gradient_descent_step(weights, X, y, 0.1)[1], expected)


@pytest.mark.exercise("training.loss_gradient", row=1)
def test_loss_gradient_of_one_layer_by_hand():
    """f = w.x with w = 0 and targets (1, 3): the loss is 2.5 and the gradient -X^T y / P."""
    X, y = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0], [3.0]])
    value, gradients = training.loss_gradient([np.zeros((1, 2))], X, y, 0.0, "mse")
    assert_matches(value, 2.5)
    assert_matches(gradients, [np.array([[-0.5, -2.5]])])


@pytest.mark.exercise("training.loss_gradient", row=2)
def test_loss_gradient_is_the_derivative_by_every_weight(rng, drawn):
    """Each G_l is the derivative of the mean squared error with respect to W_l, for any network."""
    weights, X, slope = drawn
    y = rng.standard_normal((len(X), len(weights[-1])))
    with unchanged(weights, X, y):
        value, gradients = training.loss_gradient(weights, X, y, slope, "mse")
    assert_matches(value, oracles.loss(oracles.outputs(weights, X, slope), y, "mse"))
    assert_matches(gradients, oracles.mse_gradient(weights, X, y, slope))


@pytest.mark.exercise("training.loss_gradient", row=3)
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_gradient_follows_the_loss_that_is_asked_for(rng, loss, slope):
    """The value and the gradients belong to the named loss, for every slope."""
    weights, X, _ = oracles.draw_network(rng, L=3, C=2, slope=slope)
    y = oracles.draw_targets(rng, len(X), 2, loss)
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    assert_matches(value, oracles.loss(oracles.outputs(weights, X, slope), y, loss))
    assert_matches(gradients, oracles.loss_gradient(weights, X, y, slope, loss))


def test_gradient_descent_step_by_hand():
    """f = w x, w = 1, x = 1, y = 3, step 0.1: the derivative of the loss is -2, so w becomes 1.2; the loss was 2."""
    one = np.array([[1.0]])
    weights, value = training.gradient_descent_step([one], one, 3 * one, 0.1, 0.0, "mse")
    assert_matches(weights, [np.array([[1.2]])])
    assert_matches(value, 2.0)


def test_gradient_descent_step_moves_all_layers_at_once(rng, drawn):
    """Every new W_l is W_l - step_size * G_l, all gradients at the old weights; the loss is that before the step."""
    weights, X, slope = drawn
    y = rng.standard_normal((len(X), len(weights[-1])))
    after, value = training.gradient_descent_step(weights, X, y, 0.7, slope, "mse")
    assert_matches(after, [W - 0.7 * G for W, G in zip(weights, oracles.mse_gradient(weights, X, y, slope))])
    assert_matches(value, oracles.loss(oracles.outputs(weights, X, slope), y, "mse"))


@pytest.mark.parametrize("slope", [0.2, 1.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_descent_step_follows_the_loss_and_the_slope(rng, loss, slope):
    """The loss that is asked for is the one that is descended."""
    weights, X, _ = oracles.draw_network(rng, L=2, C=3, slope=slope)
    y = oracles.draw_targets(rng, len(X), 3, loss)
    G = oracles.loss_gradient(weights, X, y, slope, loss)
    after, value = training.gradient_descent_step(weights, X, y, 0.5, slope, loss)
    assert_matches(after, [W - 0.5 * g for W, g in zip(weights, G)])
    assert_matches(value, oracles.loss(oracles.outputs(weights, X, slope), y, loss))


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_gradient_descent_step_leaves_the_given_weights_and_keeps_single_precision(rng, slope):
    """The weights that were passed in stay as they are, and float32 weights give float32 weights."""
    weights, X, _ = oracles.draw_network(rng, L=2, slope=slope)
    weights, X = [W.astype(np.float32) for W in weights], X.astype(np.float32)
    y = rng.standard_normal((len(X), 1)).astype(np.float32)
    with unchanged(weights, X, y):
        after, _ = training.gradient_descent_step(weights, X, y, 0.5, slope, "mse")
    assert [W.dtype for W in after] == [np.float32] * 2


def assert_shaped(Z, Q, one, other):
    told = f"Z has shape {np.shape(Z)} and Q {np.shape(Q)}, expected {one} and {other}."
    expect((np.shape(Z), np.shape(Q)) == (one, other), told)


@pytest.mark.exercise("training.span_coordinates", row=1)
@pytest.mark.parametrize("P, D", [(3, 7), (7, 3), (4, 4), (1, 5), (5, 1)])
def test_span_coordinates_multiply_back_to_the_data(rng, P, D):
    """Z (P, r) and Q (D, r) with r = min(P, D) for random data. Any first layer sees the same if Z Q^T is X again."""
    X = rng.standard_normal((P, D))
    with unchanged(X):
        Z, Q = training.span_coordinates(X)
    assert_shaped(Z, Q, (P, min(P, D)), (D, min(P, D)))
    assert_named("(Z Q^T)", Z @ Q.T, X)


@pytest.mark.exercise("training.span_coordinates", row=2)
@pytest.mark.parametrize("P, D", [(3, 7), (7, 3), (4, 4), (1, 5), (5, 1)])
def test_span_coordinates_have_an_orthonormal_basis(rng, P, D):
    """A step on Z is the step on X if Q^T Q is the identity: angles between rows are the same in Z as in X."""
    X = rng.standard_normal((P, D))
    Z, Q = training.span_coordinates(X)
    assert_named("(Q^T Q)", Q.T @ Q, np.eye(min(P, D)))
    assert_named("(Z Z^T)", Z @ Z.T, X @ X.T)


@pytest.mark.exercise("training.span_coordinates", row=3)
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_span_coordinates_are_as_many_as_the_rank(rng, scale):
    """Rows that depend on each other add no coordinate, whatever the scale of the data."""
    X = scale * rng.standard_normal((6, 2)) @ rng.standard_normal((2, 5))
    Z, Q = training.span_coordinates(X)
    assert_shaped(Z, Q, (6, 2), (5, 2))
    assert_named("(Z Q^T)", Z @ Q.T, X)


@pytest.mark.exercise("training.span_coordinates", row=3)
def test_rows_on_one_line_have_one_coordinate():
    """Rows (3, 4) and (6, 8) lie on one line: Q = (0.6, 0.8)^T and Z = (5, 10)^T, or minus both."""
    Z, Q = training.span_coordinates(np.array([[3.0, 4.0], [6.0, 8.0]]))
    assert_shaped(Z, Q, (2, 1), (2, 1))
    assert_matches(Z * np.sign(Q[0, 0]), np.array([[5.0], [10.0]]))
    assert_matches(Q * np.sign(Q[0, 0]), np.array([[0.6], [0.8]]))


@pytest.mark.exercise("training.span_coordinates", row=4)
def test_span_coordinates_keep_single_precision(rng):
    """float32 data give float32 coordinates, and rounding noise of that size does not count as rank."""
    X = (rng.standard_normal((9, 2)) @ rng.standard_normal((2, 7))).astype(np.float32)
    Z, Q = training.span_coordinates(X)
    expect(Z.dtype == Q.dtype == np.float32, f"Z is {Z.dtype} and Q {Q.dtype}, expected float32.")
    assert_shaped(Z, Q, (9, 2), (7, 2))


@pytest.mark.exercise("training.span_coordinates", row=3)
def test_span_coordinates_leave_out_what_is_below_the_cut():
    """Singular values 1 and 4 eps of 8 rows: the cut is at 8 eps, and one coordinate is left."""
    X = np.zeros((8, 2))
    X[0, 0], X[1, 1] = 1.0, 4 * np.finfo(float).eps
    assert_shaped(*training.span_coordinates(X), (8, 1), (2, 1))


@pytest.mark.exercise("training.span_coordinates", row=3)
def test_span_coordinates_of_zeros_are_one():
    """Data that are all zeros have no direction; one coordinate is kept, so that no array is empty."""
    Z, Q = training.span_coordinates(np.zeros((4, 3)))
    assert_matches(Z, np.zeros((4, 1)))
    assert_matches(Q.T @ Q, np.ones((1, 1)))


def test_short_forms_of_targets_become_matrices(rng):
    """(P,) is one column, labels are one-hot rows for softmax, and a matrix stays as it is, in its precision."""
    signs = np.array([1.0, -1.0, -1.0])
    for loss in ("mse", "logistic"):
        assert_matches(training.target_matrix(signs, 1, loss), np.array([[1.0], [-1.0], [-1.0]]))
    rows = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert_matches(training.target_matrix([2, 0], 3, "softmax"), rows)
    for loss, y in [("softmax", rows), ("softmax", [[0.5, 0.5, 0.0]]), ("logistic", 2 * rows - 1), ("mse", 7 * rows)]:
        y = np.array(y, np.float32)
        assert_matches(training.target_matrix(y, 3, loss), y)
    assert_matches(training.target_matrix(np.array([0.3, 7.0]), 1), np.array([[0.3], [7.0]]))


@pytest.mark.parametrize(
    "y, C, loss, told",
    [
        (np.ones(4), 2, "mse", r"shape \(4,\), expected \(P, C\) with C = 2"),
        (np.ones(4), 2, "logistic", r"shape \(4,\), expected \(P, C\) with C = 2"),
        (np.ones((4, 1)), 2, "mse", r"shape \(4, 1\), expected \(P, C\) with C = 2"),
        (np.ones((4, 1)), 2, "softmax", r"shape \(4, 1\), expected \(P, C\) with C = 2"),
        ([0, 1, 2], 2, "softmax", "values from 0 to 2, expected labels 0 to C - 1 = 1"),
        ([0, 1, 0.5], 2, "softmax", "values from 0 to 1, expected labels 0 to C - 1 = 1"),
        ([-1, 1, 0], 2, "softmax", "values from -1 to 1, expected labels 0 to C - 1 = 1"),
        ([[2.0, -1.0]], 2, "softmax", "a row that is not a distribution, expected one-hot rows or labels"),
        ([[0.5, 0.6]], 2, "softmax", "a row that is not a distribution, expected one-hot rows or labels"),
        ([0, 1, 1], 1, "logistic", r"values from 0 to 1, expected only \+1 and -1 for the logistic loss"),
        ([[0.5, 1.0]], 2, "logistic", r"values from 0.5 to 1, expected only \+1 and -1 for the logistic loss"),
    ],
)
def test_targets_that_do_not_fit_are_refused_in_one_line(y, C, loss, told):
    """By target_matrix itself, and by both training loops before the first step."""
    y, W = np.array(y, float), np.ones((C, 2))
    X = np.ones((len(y), 2))
    for call in (
        lambda: training.target_matrix(y, C, loss),
        lambda: training.gradient_descent([W], X, y, 0.1, loss=loss),
        lambda: training.gradient_flow([W], X, y, loss=loss, time=1.0),
    ):
        with pytest.raises(ValueError, match=f"^(target_matrix|gradient_descent|gradient_flow): y has {told}$"):
            call()


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("loss, C", [("mse", 1), ("logistic", 1), ("softmax", 3)])
def test_training_takes_short_forms_and_keeps_the_precision_of_the_network(rng, loss, C, flow):
    """A run on y (P,) is that on its matrix; a float32 network stays float32 whatever the targets are."""
    weights, X, _ = draw_training(rng, P=4, D=6, C=C)
    X_test = rng.standard_normal((2, 6))
    y = np.array({"mse": [0.1, 2.0, 3.0, 0.7], "logistic": [1, -1, -1, 1], "softmax": [2, 0, 1, 2]}[loss])
    matrix = np.eye(3)[y] if loss == "softmax" else 1.0 * y[:, None]

    def train(y, precision):
        given, kept = [[W.astype(precision) for W in weights], X.astype(precision), y], {"record_kernels": True}
        kept["X_test"] = X_test.astype(precision)
        if flow:
            return training.gradient_flow(*given, 1.0, loss, time=0.5, rtol=1e-10, **kept)
        return training.gradient_descent(*given, 0.1, 0.2, loss, steps=5, **kept)

    short, long, exact = train(y, np.float32), train(matrix, np.float32), train(matrix, np.float64)
    assert_matches(short.losses, long.losses, rtol=0)
    assert_matches(short.weights, long.weights, rtol=0)
    arrays = [short.losses, short.outputs, short.kernels, short.test_outputs, *short.weights[0], *short.weights[-1]]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)} and short.times.dtype == np.float64
    assert_matches(short.outputs[-1], exact.outputs[-1], rtol=1e-4)
    assert short.steps[-1] <= exact.steps[-1]  # none are spent on rounding errors


@pytest.mark.parametrize("P, D, slope", [(4, 9, 0.0), (4, 9, 0.2), (8, 3, 0.0), (3, 6, 1.0)])
def test_training_on_few_samples_is_training_on_all_inputs(rng, P, D, slope):
    """With fewer samples than inputs, or more, every step is the plain step on the whole X, to rounding."""
    weights, X, y = draw_training(rng, P, D, C=2)
    X[-1], X_test = X[0] + X[1], rng.standard_normal((2, D))  # rank less than P; X_test leaves the span of the rows
    with unchanged(weights, X, y, X_test):
        kept = {"record_kernels": True, "record_weights": True, "X_test": X_test}
        run = training.gradient_descent(weights, X, y, 0.05, slope, steps=30, record_steps=[1, 7], **kept)
    by_hand, t = weights, 0
    for i, step in enumerate([0, 1, 7, 30]):
        while t < step:
            by_hand = [W - 0.05 * G for W, G in zip(by_hand, oracles.mse_gradient(by_hand, X, y, slope))]
            t += 1
        f = oracles.outputs(by_hand, X, slope)
        assert_matches(run.weights[i], by_hand, rtol=1e-12)
        assert_matches(run.outputs[i], f, rtol=1e-12)
        assert_matches(run.losses[i], oracles.loss(f, y, "mse"), rtol=1e-12)
        assert_matches(run.kernels[i], oracles.ntk(by_hand, X, X, slope), rtol=1e-12)
        assert_matches(run.test_outputs[i], oracles.outputs(by_hand, X_test, slope), rtol=1e-12)
    assert run.steps.tolist() == [0, 1, 7, 30]
    assert_matches(run.times, np.array([0.0, 0.05, 0.35, 1.5]))


@pytest.mark.exercise("training.stable_step", row=1)
@pytest.mark.parametrize("loss, C, step", [("mse", 1, 1.0), ("logistic", 1, 4.0), ("softmax", 3, 2.0)])
def test_stable_step_by_hand(loss, C, step):
    """One layer and one sample x = (1, 1): K = 2 for each output, and the losses curve by 1, 1/4 and 1/2."""
    assert_matches(training.stable_step([np.ones((C, 2))], np.ones((1, 2)), 0.0, loss), step)


@pytest.mark.exercise("training.stable_step", row=2)
@pytest.mark.parametrize("drawn", ["relu", "linear", "one_layer"])
def test_errors_shrink_below_the_stable_step_and_grow_above_it(rng, drawn):
    """Two hundred steps of .99 of it take no error further from 0, and those of 1.01 some."""
    weights, X, slope = oracles.draw_network(rng, **oracles.NETWORKS[drawn])
    blocks = oracles.ntk(weights, X, X, slope)
    K = np.concatenate([np.concatenate(list(row), axis=1) for row in blocks])
    step = training.stable_step(weights, X, slope)
    grown = [
        np.linalg.norm(np.linalg.matrix_power(np.eye(len(K)) - share * step * K / len(X), 200), 2)
        for share in (0.99, 1.01)
    ]
    expect(grown[0] < 1.01, f"With 0.99 of it errors grow {grown[0]:.3g} times in 200 steps.")
    expect(grown[1] > 50, f"With 1.01 of it errors grow {grown[1]:.3g} times in 200 steps, expected 52.")


@pytest.mark.exercise("training.stable_step", row=3)
@pytest.mark.parametrize("loss, curvature", [("mse", 1), ("logistic", 1 / 4), ("softmax", 1 / 2)])
def test_stable_step_of_several_outputs_and_another_slope(rng, loss, curvature):
    """The kernel is that of all outputs together, at the given slope."""
    weights, X, slope = oracles.draw_network(rng, L=2, C=3, slope=0.4)
    J = oracles.jacobian(weights, X, slope).reshape(-1, sum(W.size for W in weights))  # K = J J^T
    largest = np.linalg.norm(J, 2) ** 2
    assert_matches(training.stable_step(weights, X, slope, loss), 2 * len(X) / (curvature * largest))


@pytest.mark.exercise("training.descend", row=1)
def test_descend_by_hand():
    """f = w x from w = 1, x = 1, y = 3: one step of 0.5 leads to w = 2 and the loss 0.5, which is below 1."""
    one = np.ones((1, 1))
    weights, times, losses = training.descend([one], one, 3 * one, 1.0, 0.5)
    assert_matches([*weights, times, losses], [2 * one, np.array([0.0, 0.5]), np.array([2.0, 0.5])])


@pytest.mark.exercise("training.descend", row=2)
@pytest.mark.parametrize("loss, slope, longest", [("mse", 0.2, 0.05), ("mse", 0.2, 1e3), ("logistic", 0.6, 1e3)])
def test_descend_goes_step_by_step(rng, loss, slope, longest):
    """Four steps: each of size `longest` or 1 / lambda_max(c K / P) at its own weights, if that is less."""
    weights, X, slope = oracles.draw_network(rng, L=2, C=1, slope=slope, P=3, D=2, N=3)
    y, curvature = oracles.draw_targets(rng, 3, 1, loss), {"mse": 1, "logistic": 1 / 4}[loss]
    start, times, losses = weights, [0.0], [oracles.loss(oracles.outputs(weights, X, slope), y, loss)]
    for _ in range(4):
        K = oracles.ntk(weights, X, X, slope)[0, 0]
        step = min(longest, len(X) / (curvature * np.linalg.norm(K, 2)))
        gradient = oracles.loss_gradient(weights, X, y, slope, loss)
        weights = [W - step * G for W, G in zip(weights, gradient)]
        times.append(times[-1] + step)
        losses.append(oracles.loss(oracles.outputs(weights, X, slope), y, loss))
    with unchanged(start, X, y):
        found = training.descend(start, X, y, 0.0, longest, slope, loss, 4)
    expect(len(found) == 3, f"It returned {len(found)} things, expected weights, times and losses.")
    assert_matches(found[1], np.array(times), rtol=1e-7)
    assert_matches(found[2], np.array(losses), rtol=1e-7)
    assert_matches(list(found[0]), weights, rtol=1e-7)


@pytest.mark.exercise("training.descend", row=3)
@pytest.mark.parametrize(
    "target, steps, left", [(5.0, 9, 1), (2.0, 9, 1), (0.5, 9, 2), (0.1, 9, 4), (0.0, 3, 4), (0.0, 0, 1)]
)
def test_descend_ends_in_time(target, steps, left):
    """Losses 2, 0.5, 0.125, ...: the first one at or below the target is the last; k steps have k + 1 losses."""
    one = np.ones((1, 1))
    weights, times, losses = training.descend([one], one, 3 * one, target, 0.5, 0.0, "mse", steps)
    assert_matches(losses, 2 * 0.25 ** np.arange(left))
    assert_matches(times + 1, 1 + 0.5 * np.arange(left))
    assert_matches(weights[0], 3 - 2 * 0.5 ** np.full((1, 1), left - 1.0))


@pytest.mark.exercise("training.descend", row=4)
def test_descend_takes_shorter_steps_where_the_kernel_has_grown():
    """f = a w x, a = w = 0.1, x = 3, y = 3: K = (a^2 + w^2) x^2 grows from 0.18 to 18, where 1 / K is 0.055."""
    weights, times, losses = training.descend(
        [np.full((1, 1), 0.1)] * 2, np.full((1, 1), 3.0), np.full((1, 1), 3.0), 1e-9, 0.2
    )
    steps = np.diff(times)
    assert_matches(steps[0], 0.2)
    expect(abs(steps[-1] - 1 / 18) < 1e-3, f"The last step is {steps[-1]:.6g}, expected 1 / 18.")
    expect((np.diff(losses) < 0).all() and losses[-1] <= 1e-9, "The loss should fall at every step, to its target.")


@pytest.mark.exercise("training.adaptive_step", row=1)
def test_adaptive_step_by_hand():
    """f = w x, w = 1, x = 1, y = 3: Euler 1.2, Heun 1.19; a quarter of that error asks for half the length."""
    one = np.ones((1, 1))
    ahead, error, length = training.adaptive_step([one], one, 3 * one, 0.1, 0.01 / 4.76)
    assert_matches([ahead[0], error, length], [1.19 * one, 0.01 / 1.19, 0.05])


@pytest.mark.exercise("training.adaptive_step", row=2)
def test_adaptive_step_is_of_second_order(rng):
    """Two linear layers: what a step is wrong by falls to an eighth when the step is halved."""
    weights, X, y = draw_training(rng, P=4, D=3)
    velocity = oracles.two_layer_linear_velocity(X, y[:, 0], 5)
    start = np.concatenate([W.ravel() for W in weights])
    missed = []
    for length in (0.004, 0.002):
        exact = oracles.rk4(velocity, start, [length], length / 50)[0]
        ahead = training.adaptive_step(weights, X, y, length, 1e-6)[0]
        missed.append(abs(np.concatenate([W.ravel() for W in ahead]) - exact).max())
    ratio = missed[0] / missed[1]
    expect(7 < ratio < 9, f"Half the length is wrong by 1/{ratio:.3g}, expected about 1/8.")


@pytest.mark.exercise("training.adaptive_step", row=3)
@pytest.mark.parametrize("loss, slope", [("mse", 1.0), ("logistic", 0.3)])
def test_the_error_of_a_step_is_what_it_differs_from_eulers(rng, loss, slope):
    """The largest difference from W - length G, in any layer, over the largest weight after the step."""
    weights, X, slope = oracles.draw_network(rng, L=3, C=1, slope=slope)
    y = oracles.draw_targets(rng, len(X), 1, loss)
    with unchanged(weights, X, y):
        ahead, error, _ = training.adaptive_step(weights, X, y, 0.03, 1e-3, slope, loss)
    G = oracles.loss_gradient(weights, X, y, slope, loss)
    euler = [W - 0.03 * g for W, g in zip(weights, G)]
    H = oracles.loss_gradient(euler, X, y, slope, loss)
    assert_matches(list(ahead), [W - 0.015 * (g + h) for W, g, h in zip(weights, G, H)], rtol=1e-7)
    far, size = (max(abs(M).max() for M in Ms) for Ms in ([0.015 * (h - g) for g, h in zip(G, H)], ahead))
    assert_matches(error, far / size, rtol=1e-6)


@pytest.mark.exercise("training.adaptive_step", row=4)
@pytest.mark.parametrize("share, factor", [(1.0, 1.0), (4.0, 2.0), (1 / 9, 1 / 3), (1e4, 5.0), (1e-4, 0.2)])
def test_the_next_length_has_the_tolerated_error(share, factor):
    """The error grows like the square of the length; and one step is at most five times the last, at least a fifth."""
    one = np.ones((1, 1))
    error = 1e-4 / 1.0199  # from w = 1 with the velocity 3 - w: (3 - w) length^2 / 2, and Heun's w = 1.0199
    found = training.adaptive_step([one], one, 3 * one, 0.01, share * error)
    assert_matches(found[2], 0.01 * factor, rtol=1e-4)


@pytest.mark.exercise("training.adaptive_step", row=4)
def test_at_rest_the_next_step_is_five_times_as_long():
    """At the target nothing moves, the error is 0, and no number is divided by it."""
    one = np.ones((1, 1))
    ahead, error, length = training.adaptive_step([3 * one], one, 3 * one, 0.1, 1e-6)
    assert_matches([ahead[0], error + 1, length], [3 * one, 1.0, 0.5])


def test_descend_is_gradient_descent_where_no_step_is_cut_and_adaptive_steps_follow_gradient_flow(rng):
    """The loops of the course beside those of the library."""
    weights, X, y = draw_training(rng, P=4, D=3, sigma=0.3)
    run = training.gradient_descent(weights, X, y, 1e-3, 0.2, steps=20, record_steps=range(21))
    last, times, losses = training.descend(weights, X, y, 0.0, 1e-3, 0.2, steps=20)
    assert_matches([times + 1, losses, *last], [run.times + 1, run.losses, *run.weights[-1]])
    t, length, moving, steps = 0.0, 0.1, weights, 0
    while t < 1:
        length = min(length, 1 - t)
        ahead, error, longer = training.adaptive_step(moving, X, y, length, 1e-5)
        if error <= 1e-5:
            moving, t, steps = ahead, t + length, steps + 1
        length = 0.9 * longer
    flow = training.gradient_flow(weights, X, y, 1.0, time=1.0, rtol=1e-9)
    assert_matches(moving, flow.weights[-1], rtol=1e-4)
    assert 20 < steps < 2000


@pytest.mark.exercise("training.neuron_pulls", row=1)
def test_neuron_pulls_by_hand():
    """Open to row 1 alone: 3 (1, 0), negative for a = -2; the second unit, (0, 1) and a = 1, to row 2: 5 (-1, 1)."""
    W, a = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([-2.0, 1.0])
    X, y = np.array([[1.0, 0.0], [-1.0, 1.0]]), np.array([3.0, 5.0])
    with unchanged(W, a, X, y):
        found = training.neuron_pulls(W, a, X, y)
    assert_matches(found, np.array([[-3.0, 0.0], [-5.0, 5.0]]))


@pytest.mark.exercise("training.neuron_pulls", row=2)
def test_neuron_pulls_are_what_moves_a_network_with_small_outputs(rng):
    """With weights of size 1e-6 the residual is -y to 1e-12: -P times the gradient for W, by other code."""
    weights = [1e-6 * W for W in oracles.drawn_weights(rng, [4, 6, 1], 1.0)]
    X, y = rng.standard_normal((5, 4)), rng.standard_normal(5)
    gradient = oracles.mse_gradient(weights, X, y[:, None], 0.0)[0]
    pulls = np.asarray(training.neuron_pulls(weights[0], weights[1][0], X, y, 0.0))
    assert_matches(abs(weights[1][0])[:, None] * pulls * 1e6, -5 * gradient * 1e6, rtol=1e-8)


@pytest.mark.exercise("training.neuron_pulls", row=3)
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_neuron_pulls_with_a_slope(rng, slope):
    """Open samples count once and closed ones slope times, one sample and one unit after the other; float32 stays."""
    W, (a,) = oracles.drawn_weights(rng, [4, 6, 1], 1.0)
    X, y = rng.standard_normal((5, 4)), rng.standard_normal(5)
    expected = np.zeros((6, 4))
    for j, m in np.ndindex(6, 5):
        expected[j] += (1 if W[j] @ X[m] > 0 else slope) * y[m] * X[m] * (1 if a[j] > 0 else -1)
    assert_matches(training.neuron_pulls(W, a, X, y, slope), expected)
    single = training.neuron_pulls(*(b.astype(np.float32) for b in (W, a, X, y)))
    assert np.asarray(single).dtype == np.float32


@pytest.mark.exercise("training.adam_step", row=1)
def test_adam_step_by_hand():
    """G = 2 gives m = 2, v = 4 and 1 - .1 * 2 / 2 = .9; then G = -1 gives m = (1.8 - 1) / 1.9, v = 4.996 / 1.999."""
    one = [np.ones((1, 1))]
    weights, m, v = training.adam_step(one, [2 * one[0]], [0 * one[0]], [0 * one[0]], 1, 0.1)
    assert_matches([weights[0][0, 0], m[0][0, 0], v[0][0, 0]], [0.9, 2.0, 4.0], rtol=1e-8)
    weights, m, v = training.adam_step(weights, [-one[0]], m, v, 2, 0.1)
    mean, square = (1.8 - 1) / 1.9, 4.996 / 1.999
    moved = 0.1 * mean / (np.sqrt(square) + 1e-8)
    assert_matches([weights[0][0, 0], m[0][0, 0], v[0][0, 0]], [0.9 - moved, mean, square], rtol=1e-8)


@pytest.mark.exercise("training.adam_step", row=2)
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e5])
def test_the_first_step_of_adam_does_not_know_the_length_of_the_gradient(rng, size):
    """m = G and v = G^2, whatever was given: every weight moves by step_size against the sign of G."""
    weights, m, v = (oracles.drawn_weights(rng, [4, 3, 2], 1.0) for _ in range(3))
    gradients = [size * rng.choice([-1.0, 1.0], W.shape) * rng.uniform(1, 2, W.shape) for W in weights]
    after = training.adam_step(weights, gradients, m, [V**2 for V in v], 1, 0.01)[0]
    assert_matches(
        [(W - A) / 0.01 * np.sign(G) for W, A, G in zip(weights, after, gradients)],
        [np.ones(W.shape) for W in weights],
        rtol=2e-5,
    )


@pytest.mark.exercise("training.adam_step", row=3)
def test_adam_after_many_steps_is_a_weighted_mean_of_all_gradients(rng):
    """In m the gradients count 1, .9, .9^2 ... from the newest back, in v 1, .999 ...: summed anew at each step."""
    weights, kept = oracles.drawn_weights(rng, [4, 3, 2], 1.0), [[], []]
    now, m, v = weights, *([0 * W for W in weights],) * 2
    expected = [W.copy() for W in weights]
    for n in range(1, 8):
        gradients = [rng.standard_normal(W.shape) for W in weights]
        now, m, v = training.adam_step(now, gradients, m, v, n, 0.05)
        for l, G in enumerate(gradients):
            kept[l].append(G)
            age = np.arange(n)[::-1]
            mean = np.tensordot(0.9**age, kept[l], 1) / (0.9**age).sum()
            square = np.tensordot(0.999**age, np.square(kept[l]), 1) / (0.999**age).sum()
            expected[l] -= 0.05 * mean / (np.sqrt(square) + 1e-8)
    assert_matches(now, expected, rtol=1e-9)


@pytest.mark.exercise("training.adam_step", row=4)
def test_adam_step_leaves_the_given_lists_and_keeps_single_precision(rng):
    """All four lists hold the same numbers afterwards, and float32 matrices give float32 ones."""
    single = [[W.astype(np.float32) for W in oracles.drawn_weights(rng, [4, 3, 2], 1.0)] for _ in range(4)]
    single[3] = [V**2 for V in single[3]]
    with unchanged(*single):
        found = training.adam_step(*single, 3, 0.1)
    assert {np.asarray(a).dtype for part in found for a in part} == {np.dtype(np.float32)}


@pytest.mark.parametrize("P, D", [(4, 9), (8, 3)])
def test_weight_decay_shrinks_all_weights_at_every_step(rng, P, D):
    """W - eta (G + lambda W), also for the part of W_1 that no training sample sees; losses are those of the data."""
    weights, X, y = draw_training(rng, P, D)
    X_test, by_hand = rng.standard_normal((2, D)), weights
    run = training.gradient_descent(weights, X, y, 0.05, 0.2, steps=30, weight_decay=0.3, X_test=X_test)
    for _ in range(30):
        gradients = oracles.mse_gradient(by_hand, X, y, 0.2)
        by_hand = [W - 0.05 * (G + 0.3 * W) for W, G in zip(by_hand, gradients)]
    assert_matches(run.weights[-1], by_hand, rtol=1e-12)
    assert_matches(run.test_outputs[-1], oracles.outputs(by_hand, X_test, 0.2), rtol=1e-12)
    assert_matches(run.losses[-1], oracles.loss(oracles.outputs(by_hand, X, 0.2), y, "mse"), rtol=1e-12)


@pytest.mark.parametrize("P, D, inputs", [(4, 9, 3), (4, 4, 4), (8, 3, 3)])
def test_training_has_fewer_inputs_only_where_there_are_fewer_samples(rng, monkeypatch, P, D, inputs):
    """With P < D a step sees the rank of X as its number of inputs; otherwise it sees X itself."""
    weights, X, y = draw_training(rng, P, D)
    X[-1] = X[0] + X[1]
    seen, step = [], training.gradient_descent_step
    monkeypatch.setattr(training, "gradient_descent_step", lambda *args: seen.append(args[1]) or step(*args))
    training.gradient_descent(weights, X, y, 0.1, steps=1)
    assert {Z.shape for Z in seen} == {(P, inputs)}
    assert P < D or all(np.array_equal(Z, X) for Z in seen)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_gradient_descent_trains_with_every_loss(rng, loss):
    weights, X, _ = draw_training(rng, P=5, D=4, C=2)
    y = oracles.draw_targets(rng, 5, 2, loss)
    run = training.gradient_descent(weights, X, y, 0.3, 0.2, loss, steps=3)
    for _ in range(3):
        weights = [W - 0.3 * G for W, G in zip(weights, oracles.loss_gradient(weights, X, y, 0.2, loss))]
    assert_matches(run.weights[-1], weights)
    assert_matches(run.losses[-1], oracles.loss(oracles.outputs(weights, X, 0.2), y, loss))


def test_gradient_descent_records_the_start_the_end_and_what_is_asked_for(rng):
    """Records are in order, each once, steps after the end are not reached, and only two weights are kept."""
    weights, X, y = draw_training(rng, P=6, D=3)
    run = training.gradient_descent(weights, X, y, 0.05, steps=12, record_steps=[8, 3, 3, 12, 40])
    assert run.steps.tolist() == [0, 3, 8, 12]
    assert_matches(run.times, 0.05 * run.steps)
    assert run.outputs.shape == (4, 6, 1)
    assert len(run.weights) == 2
    assert_matches(run.weights[0], weights)
    assert not any(np.shares_memory(kept, W) for kept, W in zip(run.weights[0], weights))
    assert_matches(run.outputs[-1], oracles.outputs(run.weights[-1], X, 0.0))
    alone = training.gradient_descent(weights, X, y, 0.05, steps=0)
    assert alone.steps.tolist() == [0] and len(alone.weights) == 1


def test_gradient_descent_records_each_drop_and_stops_at_the_target_the_time_or_the_last_step(rng):
    """A drop is recorded at the first step where the loss has fallen by that share; the first end counts."""
    weights, X, y = draw_training(rng, P=3, D=6)
    descend = functools.partial(training.gradient_descent, weights, X, y)
    every = descend(0.02, 1.0, steps=400, record_steps=range(401))
    drops = [0.5, 0.1, 0.11, 0.3]
    run = descend(0.02, 1.0, steps=400, record_drops=drops)
    first = [int(np.argmax(every.losses <= (1 - drop) * every.losses[0])) for drop in drops]
    assert min(first) > 0
    assert run.steps.tolist() == sorted({0, 400, *first})
    assert_matches(run.losses, every.losses[run.steps])
    target = 0.6 * every.losses[0]
    assert descend(0.02, 1.0, target_loss=target).steps.tolist() == [0, np.argmax(every.losses <= target)]
    assert descend(0.02, 1.0, target_loss=every.losses[7]).steps.tolist() == [0, 7]  # what equals it has reached it
    assert descend(0.02, 1.0, target_loss=1e9, steps=5).steps.tolist() == [0]
    # 0.14 / 0.02 and 1.1 / 0.1 are rounded to a little above 7 and 11
    for time, steps in [(0.6, 30), (0.61, 31), (0.0, 0), (0.14, 7), (7.0, 200)]:
        run = descend(0.02, 1.0, time=time, steps=200)
        assert run.steps[-1] == steps
        assert_matches(run.times[-1], 0.02 * steps)
    assert descend(0.1, 1.0, time=1.1).steps[-1] == 11
    one = np.ones((1, 1))  # f = w halves its distance to 1 with each step, and the loss 0.5 becomes 0.125 exactly
    exact = training.gradient_descent([0 * one], one, one, 0.5, steps=5, record_drops=[0.75])
    assert exact.steps.tolist() == [0, 1, 5]


@pytest.mark.parametrize("loss, curvature", [("mse", 1), ("logistic", 1 / 4), ("softmax", 1 / 2)])
def test_divergence_names_the_bound_of_the_step_size(rng, loss, curvature):
    """Training that diverges stops with the step size and the bound 2 / lambda_max(K / P), here of f = W x."""
    X = np.tile(rng.standard_normal((4, 2)), (2, 1))  # every input twice, with targets that contradict each other
    y = {"mse": 1.0, "logistic": 1.0, "softmax": [1.0, 0.0]}[loss] * np.ones((8, 2 if loss == "softmax" else 1))
    y[4:] = y[4:, ::-1] if loss == "softmax" else -y[4:]
    y[0] = y[4]  # now some targets do not contradict each other, and the loss has a gradient at the start
    bound = 2 * 8 / np.linalg.eigvalsh(X.T @ X)[-1] / curvature
    told = rf"2 / lambda_max\({'' if loss == 'mse' else f'{curvature:g} '}K / P\), .* {bound:.3g} before the rise$"
    pattern = r"^gradient_descent: diverged at step \d+, .* step_size is 987654, keep it well below " + told
    with pytest.raises(ValueError, match=pattern):
        training.gradient_descent([np.zeros((y.shape[1], 2))], X, y, 987654.0, 1.0, loss)


def test_the_bound_is_where_one_layer_begins_to_diverge(rng):
    """For f = w.x steps a little below 2 / lambda_max(K / P) converge, and a little above it they do not."""
    X, y = rng.standard_normal((8, 2)), rng.standard_normal(8)
    bound = 2 * 8 / np.linalg.eigvalsh(X.T @ X)[-1]
    run = training.gradient_descent([np.zeros((1, 2))], X, y, 0.98 * bound, 1.0, steps=1000)
    assert_matches(run.weights[-1], [np.linalg.solve(X.T @ X, X.T @ y)[None]])
    with pytest.raises(ValueError, match=f"{bound:.3g} before the rise"):
        training.gradient_descent([np.zeros((1, 2))], X, y, 1.02 * bound, 1.0)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_divergence_is_a_loss_a_thousand_times_that_of_the_start(size):
    """With f = w, step size 5 and any scale of the target the loss grows 16 times a step: the third is too much."""
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match="diverged at step 3, .* and was 2 before the rise"):
        training.gradient_descent([0 * one], one, size * one, 5.0)


def test_a_loss_that_rises_for_a_while_is_not_a_divergence():
    """Where the step is a little too large at the start, the weights shrink until it fits: the loss rises 20 times."""
    one = np.ones((1, 1))
    run = training.gradient_descent([1.5 * one, 0.05 * one], one, 0.3 * one, 1.5, steps=300, record_steps=range(300))
    assert 10 < max(run.losses) / run.losses[0] < 100
    assert run.losses[-1] < 1e-20


def test_the_bound_is_that_of_the_last_weights_before_the_rise():
    """The kernel grows: the bound belongs to the last weights at which the loss was not above that of the start."""
    weights, X, slope, step = [np.array([[-0.14]]), np.array([[-0.1]])], np.ones((1, 1)), 0.5, 4.4
    y = np.ones((1, 1))
    losses, bounds, moment = [], [], [W.copy() for W in weights]
    while not losses or losses[-1] <= 1000 * losses[0]:
        losses.append(oracles.loss(oracles.outputs(moment, X, slope), y, "mse"))
        bounds.append(2 / oracles.ntk(moment, X, X, slope).item())
        moment = [W - step * G for W, G in zip(moment, oracles.mse_gradient(moment, X, y, slope))]
    last = max(i for i, value in enumerate(losses) if value <= losses[0])
    assert 0 < last < len(losses) - 1
    with pytest.raises(ValueError, match=f"diverged at step {len(losses) - 1}, .* {bounds[last]:.3g} before the rise"):
        training.gradient_descent(weights, X, y, step, slope)


def test_divergence_to_infinity_is_told_in_words(rng):
    """A loss that is not a number any more stops the run at once, and numpy prints no warning."""
    weights, X, y = draw_training(rng, P=6, D=3, C=2)
    with pytest.raises(ValueError, match="diverged at step 1, from loss .* to (inf|nan): step_size is 1e\\+300"):
        training.gradient_descent(weights, X, y, 1e300, 1.0)


@pytest.mark.parametrize("P, D", [(5, 4), (3, 7)])
@pytest.mark.parametrize("rtol, miss", [(1e-10, 1e-8), (None, 1e-4)])
def test_gradient_flow_solves_the_differential_equation(rng, rtol, miss, P, D):
    """Weights are those of an integration in small fixed steps, and what is recorded belongs to them."""
    weights, X, y = draw_training(rng, P, D, N=3, sigma=0.3)
    times, X_test = [0.5, 2.0, 4.0], rng.standard_normal((4, D))
    with unchanged(weights, X, y, X_test):
        kept = {"record_weights": True, "record_kernels": True, "X_test": X_test} | ({"rtol": rtol} if rtol else {})
        run = training.gradient_flow(weights, X, y, 1.0, time=4.0, record_times=[2.0, 0.5, 2.0, 9.0], **kept)
    start = np.concatenate([W.ravel() for W in weights])
    expected = oracles.rk4(oracles.two_layer_linear_velocity(X, y[:, 0], 3), start, times, step=0.01)
    got = np.array([np.concatenate([W.ravel() for W in moment]) for moment in run.weights])
    assert run.times.tolist() == [0.0, *times]
    assert_matches(got[1:], expected, rtol=miss)
    assert_matches(got[0], start)
    for i, W in enumerate(run.weights):
        f = oracles.outputs(W, X, 1.0)
        assert_matches(run.outputs[i], f)
        assert_matches(run.losses[i], oracles.loss(f, y, "mse"))
        assert_matches(run.kernels[i], oracles.ntk(W, X, X, 1.0)[0, 0])
        assert_matches(run.test_outputs[i], oracles.outputs(W, X_test, 1.0))


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_gradient_flow_trains_with_every_loss(rng, loss):
    """One layer, where the flow is dW/dt = -(dL/df)^T X: the same weights as by small fixed steps."""
    X = rng.standard_normal((6, 3))
    y = oracles.draw_targets(rng, 6, 2, loss)
    W = rng.standard_normal((2, 3))

    def velocity(state):
        f = X @ state.T
        if loss == "logistic":
            return (y / (1 + np.exp(y * f))).T @ X / 6
        return (y - np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)).T @ X / 6

    run = training.gradient_flow([W], X, y, 1.0, loss, time=3.0, rtol=1e-10)
    assert_matches(run.weights[-1][0], oracles.rk4(velocity, W, [3.0], step=0.01)[0], rtol=1e-8)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_gradient_flow_meets_drops_exactly_and_ends_at_the_target(rng, scale):
    """The loss of a record has dropped by exactly the share that was asked for, and the last is the target."""
    weights, X, y = draw_training(rng, P=3, D=4)
    weights, y = [scale * W for W in weights], scale**2 * y
    first = oracles.loss(oracles.outputs(weights, X, 1.0), y, "mse")
    run = training.gradient_flow(weights, X, y, 1.0, target_loss=0.3 * first, record_drops=[0.5, 0.01, 0.011, 0.3])
    assert run.kernels is None and run.test_outputs is None and len(run.weights) == 2
    assert_matches(run.losses / first / [1, 0.99, 0.989, 0.7, 0.5, 0.3], np.ones(6))
    assert (np.diff(run.times) > 0).all() and (np.diff(run.steps) > 0).all()
    again = training.gradient_flow(weights, X, y, 1.0, time=run.times[-1], record_times=run.times[1:-1])
    assert_matches(again.losses, run.losses, rtol=1e-5)  # the clock and the records agree


@pytest.mark.parametrize("seed", range(5))
def test_gradient_flow_records_nothing_after_its_end(seed):
    rng = np.random.default_rng(seed)
    X = oracles.draw_white(rng, 12, 5)
    y = X @ np.full(5, 0.4)
    weights = [0.03 * rng.standard_normal((6, 5)), 0.03 * rng.standard_normal((1, 6))]
    first = oracles.loss(oracles.outputs(weights, X, 1.0), y[:, None], "mse")
    run = training.gradient_flow(weights, X, y, 1.0, target_loss=0.9 * first, record_times=np.linspace(0, 30, 301))
    assert_matches(run.losses[-1], 0.9 * first)


@pytest.mark.parametrize("rate", [0.0, 1.0])
@pytest.mark.parametrize("times, end", [([0.0], 0.0), ([0.0, 0.5], 0.5), ([0.5], 1.0), ([0.4, 0.7, 1.3, 3.4], 5.7)])
def test_the_integrator_yields_every_moment_once(rate, times, end):
    """The start, the times asked for and the end, also where nothing moves or no time passes."""
    start, never = np.ones(1), -np.inf
    moments = integrator.integrate(lambda _: (rate * start, 1.0), start, end, never, times, (), 1e-6, 1000)
    assert [t for t, *_ in moments] == sorted({0.0, *times, end})


def test_deep_networks_whose_steps_overflow_are_trained_all_the_same(rng):
    """Five layers and targets of size 1e4: in the first steps everything is infinite."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 4))
    y = 1e4 * X @ rng.standard_normal(4)
    weights = [0.7 * rng.standard_normal((n, m)) / m**0.5 for m, n in [(4, 6), (6, 6), (6, 6), (6, 6), (6, 1)]]
    run = training.gradient_flow(weights, X, y, 1.0, target_loss=1e-4 * np.mean(y**2) / 2, rtol=1e-4)
    assert run.steps[-1] < 1000


def test_times_are_met_exactly_and_make_no_other_step_shorter(rng):
    """Every time twice, the second a rounding error later: one short step each, and then the old length again."""
    X, weights = rng.standard_normal((6, 4)), [0.1 * rng.standard_normal((5, 4)), 0.1 * rng.standard_normal((1, 5))]
    times = np.linspace(0.3, 15, 50)
    once, twice = (
        training.gradient_flow(weights, X, X[:, 0], 1.0, time=15, record_times=t)
        for t in (times, np.concatenate([times, np.nextafter(times, 20)]))
    )
    assert once.times.tolist() == [0, *times]
    assert twice.steps[-1] <= once.steps[-1] + 2 * 6 * len(times)


def test_the_end_is_recorded_also_where_the_loss_falls_to_zero_exactly():
    """x falls to 0 and stays: the time asked for is the last moment. A target that is met already ends at the start."""

    def velocity(x):
        return -np.sign(x), float(abs(x[0]))

    moments = [t for t, *_ in integrator.integrate(velocity, np.array([1.0]), 1.0, 0.0, [0.5], (), 1e-6, 5000)]
    assert moments[0] == 0 and moments[1] == 0.5 and moments[-1] == pytest.approx(1, abs=1e-6)
    for time in (5.0, np.inf):
        run = training.gradient_flow([[[1.0]]], [[1.0]], [1.0], 1.0, time=time, target_loss=1e-3)
        assert run.times.tolist() == [0.0] and run.losses.tolist() == [0.0]


def test_gradient_flow_can_start_from_zero_weights(rng):
    """One layer with w = 0, x = 1 and y = 1 follows 1 - exp(-t)."""
    X, y = np.ones((1, 1)), np.ones((1, 1))
    run = training.gradient_flow([np.zeros((1, 1))], X, y, 1.0, time=2.0)
    assert_matches(run.outputs[-1], np.array([[1 - np.exp(-2.0)]]), rtol=1e-4)


@pytest.mark.parametrize("slope, first, second", [(0.0, -1.0, 1.0), (1.0, 0.0, 0.0)])
def test_gradient_flow_of_a_network_that_cannot_move_says_so_or_stays(rng, slope, first, second):
    """No unit is open, or all weights are zero: a flow to a target has no end, a flow in time takes few steps."""
    X, y = rng.uniform(1, 2, (4, 3)), rng.standard_normal(4)
    weights = [np.full((2, 3), first), np.full((1, 2), second)]
    with pytest.raises(ValueError, match="^gradient_flow: the gradient is zero, the loss stays at [0-9.]+$"):
        training.gradient_flow(weights, X, y, slope, target_loss=1e-6)
    run = training.gradient_flow(weights, X, y, slope, time=7.0, record_times=[2.0])
    assert run.times.tolist() == [0, 2, 7] and run.steps[-1] < 100
    assert np.array_equal(run.weights[-1][0], weights[0]) and np.array_equal(run.weights[-1][1], weights[1])
    assert_matches(run.losses, np.full(3, np.mean(y**2) / 2))


def test_gradient_flow_stops_where_it_is_told_to(rng):
    """At the time or at the target, whichever comes first; a run without an end is refused."""
    weights, X, y = draw_training(rng, P=5, D=4)
    first = oracles.loss(oracles.outputs(weights, X, 1.0), y, "mse")
    assert training.gradient_flow(weights, X, y, 1.0, time=0.2, target_loss=1e-3 * first).times.tolist() == [0, 0.2]
    assert training.gradient_flow(weights, X, y, 1.0, time=1e3, target_loss=0.9 * first).times[-1] < 10
    assert training.gradient_flow(weights, X, y, 1.0, time=0.0).times.tolist() == [0]
    assert training.gradient_flow(weights, X, y, 1.0, target_loss=2 * first).times.tolist() == [0]
    told = "^gradient_flow: has no end, expected a finite time or a target_loss above 0$"
    with pytest.raises(ValueError, match=told):
        training.gradient_flow(weights, X, y, 1.0)


def test_gradient_flow_crosses_a_long_plateau_in_few_steps(rng):
    """Weights of 1e-6 are followed as precisely as large ones, in a few hundred gradients."""
    X = oracles.draw_white(rng, 30, 10)
    beta = np.full(10, 10**-0.5)
    weights = [1e-6 / np.sqrt(m) * rng.standard_normal((n, m)) for m, n in [(10, 20), (20, 1)]]
    q0 = (np.sum(weights[1] ** 2) + np.sum((weights[0] @ beta) ** 2)) / 2
    r0 = (weights[1] @ weights[0] @ beta)[0]
    run = training.gradient_flow(weights, X, X @ beta, 1.0, target_loss=1e-9, record_drops=[0.5])
    assert abs(run.times[1] - oracles.half_loss_time(1.0, q0, r0)) < 0.002
    assert 6 * 20 < run.steps[-1] < 1000


@pytest.mark.parametrize("slope, hint", [(0.0, "use gradient_descent"), (1.0, "raise max_evaluations or end earlier")])
def test_a_spent_budget_says_how_far_it_came_and_what_to_do(rng, slope, hint):
    """After max_evaluations gradients the flow stops: with kinks gradient descent is the way, without them patience."""
    weights, X, y = draw_training(rng, P=5, D=4)
    with pytest.raises(RuntimeError, match=rf"^gradient_flow: 50 gradient evaluations reached only t = .*{hint}$"):
        training.gradient_flow(weights, X, y, slope, time=1e3, max_evaluations=50)


def test_gradient_flow_counts_every_gradient(rng, monkeypatch):
    """The steps of a flow are the gradients that it has evaluated: one at the start, and six for each step."""
    weights, X, y = draw_training(rng, P=5, D=4)
    run = training.gradient_flow(weights, X, y, 1.0, time=3.0, record_drops=[0.2])
    assert run.steps[0] == 1 and (run.steps % 6 == 1).all()
    calls, one_gradient = [], training.loss_gradient
    monkeypatch.setattr(training, "loss_gradient", lambda *args: calls.append(1) or one_gradient(*args))
    flow = functools.partial(training.gradient_flow, weights, X, y, 1.0, time=3.0, record_drops=[0.2])
    flow()
    assert len(calls) == run.steps[-1] + 1  # one more for the loss at the start
    flow(max_evaluations=int(run.steps[-1]))
    with pytest.raises(RuntimeError):
        flow(max_evaluations=int(run.steps[-1]) - 1)


def test_training_uses_the_functions_of_its_modules(rng, monkeypatch):
    """A step that is put in the library's place is the one that trains the network."""
    weights, X, y = draw_training(rng, P=5, D=4)
    monkeypatch.setattr(training, "gradient_descent_step", lambda weights, *_: ([W / 2 for W in weights], 1.0))
    run = training.gradient_descent(weights, X, y, 0.1, steps=3)
    assert_matches(run.weights[-1][1], weights[1] / 8)
    assert_matches(run.losses, np.ones(2))
    assert training.gradient_descent(weights, X, y, 0.1).steps.tolist() == [0, 10_000]


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_flow_keeps_the_balance_between_layers(slope):
    """W_{l+1}^T W_{l+1} - W_l W_l^T stays as it was: a linear network's matrix, but only ReLU's diagonal."""
    rng = np.random.default_rng(34)  # of a run that is not caught at a kink
    X, y = rng.standard_normal((6, 4)), rng.standard_normal(6)
    weights = [0.5 * rng.standard_normal((n, m)) for m, n in [(4, 5), (5, 3), (3, 1)]]
    run = training.gradient_flow(weights, X, y, slope, time=4.0, rtol=1e-9)
    before, after = run.weights
    for l in (0, 1):
        change = (after[l + 1].T @ after[l + 1] - after[l] @ after[l].T) - (
            before[l + 1].T @ before[l + 1] - before[l] @ before[l].T
        )
        moved = abs(after[l] @ after[l].T - before[l] @ before[l].T).max()
        assert abs(np.diag(change)).max() < 1e-8 * moved  # rtol times the number of steps
        assert abs(change).max() < 1e-8 * moved if slope == 1 else abs(change).max() > 0.1 * moved


@pytest.fixture(scope="module")
def white_runs():
    """Two-layer linear networks on white data at three sizes of the initial weights, with q_0 and r_0."""
    rng = np.random.default_rng(0)
    D, N, P = 30, 50, 60
    X, beta = oracles.draw_white(rng, P, D), rng.standard_normal(D)
    beta /= np.linalg.norm(beta)
    W, a = rng.standard_normal((N, D)) / np.sqrt(D), rng.standard_normal((1, N)) / np.sqrt(N)
    runs = []
    for sigma in (1e-2, 1e-3, 1e-4):
        recorded = {"record_times": np.linspace(0, 12, 25), "record_kernels": True}
        run = training.gradient_flow([sigma * W, sigma * a], X, X @ beta, 1.0, target_loss=1e-12, **recorded)
        q0, r0 = sigma**2 * (np.sum(a**2) + np.sum((W @ beta) ** 2)) / 2, sigma**2 * (a @ W @ beta)[0]
        runs.append((sigma, run, q0, r0))
    return X, beta, runs


def test_the_overlap_grows_as_theory_says(white_runs):
    """r(t) = a^T W beta is the closed form with r_0 kept, up to a few sigma^2."""
    X, beta, runs = white_runs
    for sigma, run, q0, r0 in runs:
        r = run.outputs[:, :, 0] @ (X @ beta) / len(X)
        assert abs(r - oracles.two_layer_mode(1.0, q0, r0, run.times)).max() < max(3 * sigma**2, 1e-6)


def test_the_final_kernel_is_the_one_of_theory(white_runs):
    """K_inf = s X (I + beta beta^T) X^T, with a relative error that falls as sigma^2."""
    X, beta, runs = white_runs
    K = oracles.final_kernel(X, beta, 1.0, L=2)
    errors = [np.linalg.norm(run.kernels[-1] - K) / np.linalg.norm(K) for _, run, _, _ in runs]
    assert errors[0] < 3e-4
    assert 80 < errors[0] / errors[1] < 120  # 100 = (1e-2 / 1e-3)^2

"""Unit 7: several outputs and other losses against loops, small steps, hand numbers, and networks that are trained."""

import math

import numpy as np
import oracles
import pytest
from oracles import assert_matches, assert_named, assert_refused, drawn_weights, orthonormal, unchanged

from minintk import alignment, outputs, training

LOSSES = ("mse", "logistic", "softmax")


def drawn_task(rng, P, D, C, loss="mse"):
    return rng.standard_normal((P, D)), oracles.draw_targets(rng, P, C, loss)


def residual(f, y, loss):
    """-P dL/df, from the definitions of the losses."""
    if loss == "logistic":
        return y / (1 + np.exp(y * f))
    return y - (f if loss == "mse" else np.exp(f) / np.exp(f).sum(axis=1, keepdims=True))


def residual_at_zero(y, loss):
    """-P dL/df at f = 0, by differences of the loss."""
    (slopes,) = oracles.differences(lambda m: oracles.loss(m[0], y, loss), [np.zeros(y.shape)])
    return -len(y) * slopes


def two_layer_paths(weights, X, y, loss, times, step):
    """W_1 (T, N, D) and W_2 (T, C, N) of a linear network under gradient flow, in small steps."""
    (N, D), C = weights[0].shape, len(weights[1])

    def velocity(state):
        W_1, W_2 = state[: N * D].reshape(N, D), state[N * D :].reshape(C, N)
        pull = residual(X @ W_1.T @ W_2.T, y, loss).T @ X / len(X)  # (C, D)
        return np.concatenate([(W_2.T @ pull).ravel(), (pull @ W_1.T).ravel()])

    states = oracles.rk4(velocity, np.concatenate([W.ravel() for W in weights]), times, step)
    return states[:, : N * D].reshape(-1, N, D), states[:, N * D :].reshape(-1, C, N)


@pytest.mark.exercise("outputs.early_residual", row=1)
def test_early_residual_by_hand():
    """One sample: the targets (2, -1); half of the signs (1, -1); the second of four classes minus 1/4 everywhere."""
    assert_matches(outputs.early_residual(np.array([[2.0, -1.0]])), np.array([[2.0, -1.0]]))
    assert_matches(outputs.early_residual(np.array([[1.0, -1.0]]), "logistic"), np.array([[0.5, -0.5]]))
    assert_matches(outputs.early_residual(np.eye(4)[[1]], loss="softmax"), np.array([[-0.25, 0.75, -0.25, -0.25]]))


@pytest.mark.exercise("outputs.early_residual", row=2)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("P, C", [(5, 3), (2, 4)])
def test_early_residual_is_minus_p_times_the_derivative_at_zero(rng, P, C, loss):
    """The squared error with these targets has the same derivative at f = 0 as the loss. y stays as it is."""
    y = oracles.draw_targets(rng, P, C, loss)
    with unchanged(y):
        found = outputs.early_residual(y, loss)
    assert_matches(found, residual_at_zero(y, loss), rtol=1e-7)


@pytest.mark.exercise("outputs.early_residual", row=3)
@pytest.mark.parametrize("loss", LOSSES)
def test_early_residual_pulls_at_the_weights_of_a_network_that_puts_out_zero(rng, loss):
    """With W_2 = 0 the squared error of these targets has the same gradient for W_2 as the loss."""
    weights, X, slope = oracles.draw_network(rng, L=2, C=3, slope=0.3)
    weights[1] = np.zeros(weights[1].shape)
    y = oracles.draw_targets(rng, len(X), 3, loss)
    H = oracles.forward(weights, X, slope)[1]
    expected = oracles.loss_gradient(weights, X, y, slope, loss)[1]
    assert_matches(-outputs.early_residual(y, loss).T @ H / len(X), expected, rtol=1e-7)


def checked_modes(X, y, loss="mse"):
    """Z, s, V after a look at their shapes, and at the order of s."""
    found, many = outputs.early_modes(X, y, loss), (list, tuple)
    if not isinstance(found, many) or len(found) != 3:
        count = f" of {len(found)}" if isinstance(found, many) else ""
        raise AssertionError(f"It returned a {type(found).__name__}{count}, expected the three arrays Z, s, V.")
    Z, s, V = map(np.asarray, found)
    r = min(X.shape[1], y.shape[1])
    for name, one, shape in [("Z", Z, (y.shape[1], r)), ("s", s, (r,)), ("V", V, (X.shape[1], r))]:
        if one.shape != shape:
            raise AssertionError(f"{name} has shape {one.shape}, expected {shape}.")
    if not ((np.diff(s) <= 0).all() and (s >= 0).all()):
        raise AssertionError(f"s is {s}, expected numbers that fall and are not negative")
    return Z, s, V


@pytest.mark.exercise("outputs.early_modes", row=1)
def test_early_modes_by_hand():
    """X = I, P = 2 and y = [[0, 4], [2, 0]]: rates 2 and 1; the first mode takes input 1 to output 2."""
    Z, s, V = checked_modes(np.eye(2), np.array([[0.0, 4.0], [2.0, 0.0]]))
    assert_named("s", s, np.array([2.0, 1.0]))
    assert_named("(z_1 v_1^T)", np.outer(Z[:, 0], V[:, 0]), np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert_named("(z_2 v_2^T)", np.outer(Z[:, 1], V[:, 1]), np.array([[0.0, 1.0], [0.0, 0.0]]))


@pytest.mark.exercise("outputs.early_modes", row=2)
@pytest.mark.parametrize("P, D, C", [(6, 4, 2), (5, 2, 3), (3, 4, 1)])
def test_early_modes_take_the_residuals_correlation_with_the_inputs_apart(rng, P, D, C):
    """Orthonormal columns, min(C, D) modes, and W_2^T (sum_a s_a z_a v_a^T) is all of dW_1/dt. X and y stay."""
    X, y = drawn_task(rng, P, D, C)
    with unchanged(X, y):
        Z, s, V = checked_modes(X, y)
    assert_named("(sum_a s_a z_a v_a^T)", (Z * s) @ V.T, sum(np.outer(row, x) for row, x in zip(y, X)) / P)
    for name, columns in (("(Z^T Z)", Z), ("(V^T V)", V)):
        assert_named(name, columns.T @ columns, np.eye(len(s)))


@pytest.mark.exercise("outputs.early_modes", row=3)
@pytest.mark.parametrize("loss", LOSSES)
def test_early_modes_have_the_rates_of_each_loss(rng, loss):
    """The rates belong to the derivative of this loss at f = 0, not to y."""
    X, y = drawn_task(rng, 7, 5, 3, loss)
    M = residual_at_zero(y, loss).T @ X / 7
    rates = np.sqrt(np.linalg.eigvalsh(M @ M.T)[::-1].clip(0))
    assert_named("s", checked_modes(X, y, loss)[1], rates, rtol=1e-6)


@pytest.mark.exercise("outputs.early_modes", row=4)
@pytest.mark.parametrize("loss", LOSSES)
def test_early_modes_are_the_directions_in_which_small_weights_grow(rng, loss):
    """Two layers in small steps, for any inputs: W_2^T z_a + W_1 v_a is e^{s_a t} times what it was, up to sigma^2."""
    X, y = drawn_task(rng, 8, 4, 3, loss)
    weights = drawn_weights(rng, [4, 5, 3], sigma=3e-4)
    time = 2 / np.linalg.norm(residual_at_zero(y, loss).T @ X / 8, 2)
    (W_1,), (W_2,) = two_layer_paths(weights, X, y, loss, [time], time / 200)
    Z, s, V = checked_modes(X, y, loss)
    start = weights[1].T @ Z + weights[0] @ V
    assert_named("(W_2^T Z + W_1 V)", W_2.T @ Z + W_1 @ V, start * np.exp(s * time), rtol=1e-4)


def test_mode_strengths_by_hand():
    """W_2 W_1 = [[1, 2, 0], [2, 5, 1]]: z_1 = (1, 0), v_1 = (1, 0, 0) give 1; z_2 = (0, 1), v_2 = (0, 1, 1) give 6."""
    weights, V = (
        [np.array([[1.0, 2, 0], [0, 1, 1]]), np.array([[1.0, 0], [2, 1]])],
        np.array([[1.0, 0], [0, 1], [0, 1]]),
    )
    assert_matches(outputs.mode_strengths(weights, np.eye(2), V), np.array([1.0, 6.0]))


@pytest.mark.parametrize(
    "A, widths", [(2, [4, 3]), (2, [3, 5, 2]), (2, [2, 4, 3, 3]), (1, [5, 2, 3, 4, 1]), (4, [2, 2])]
)
def test_mode_strengths_of_any_depth(rng, A, widths):
    """A linear network's outputs at the input v_a, times z_a, unit by unit. One layer, and more modes than outputs."""
    weights = drawn_weights(rng, widths, sigma=1.0)
    Z, V = rng.standard_normal((widths[-1], A)), rng.standard_normal((widths[0], A))
    with unchanged(weights, Z, V):
        found = outputs.mode_strengths(weights, Z, V)
    f = oracles.outputs(weights, V.T, slope=1.0)
    assert_matches(found, np.array([sum(z * f_a) for z, f_a in zip(Z.T, f)]))


@pytest.mark.parametrize("widths", [[4, 5, 2], [3, 6, 4, 2]])
def test_mode_strengths_end_at_the_targets_singular_values(rng, widths):
    """Small weights, trained on white data and targets X B^T with B = sum_a s_a z_a v_a^T, end at r_a = s_a."""
    X, s = oracles.draw_white(rng, 7, widths[0]), np.array([2.0, 1.0])
    Z, V = orthonormal(rng, widths[-1], 2), orthonormal(rng, widths[0], 2)
    run = training.gradient_flow(drawn_weights(rng, widths, 0.1), X, X @ V * s @ Z.T, 1.0, target_loss=1e-8)
    assert_matches(outputs.mode_strengths(run.weights[-1], Z, V), s, rtol=1e-3)


@pytest.mark.exercise("outputs.sequential_mode_times", row=1)
def test_sequential_mode_times_by_hand():
    """One hidden unit with W_1 = W_2 = e^{-3}: g is 2 e^{-3}. Half of s = 1 takes 3, four fifths take log 2 more."""
    weights, B = [np.array([[math.exp(-3)]]), np.array([[math.exp(-3)]])], np.array([[1.0]])
    assert_matches(outputs.sequential_mode_times(weights, B), np.array([3.0]))
    assert_matches(outputs.sequential_mode_times(weights, B, share=0.8), np.array([3 + math.log(2)]))


@pytest.mark.exercise("outputs.sequential_mode_times", row=2)
def test_sequential_mode_times_of_one_output_are_those_of_its_mode(rng):
    """q_0 and r_0 as in unit 6: t = log[2 s share / ((1 - share)(q_0 + r_0))] / (2 s). The weights stay."""
    weights, beta, s = drawn_weights(rng, [4, 7, 1], 1e-3), orthonormal(rng, 4, 1)[:, 0], 2.0
    a, b = weights[1][0], weights[0] @ beta
    total = sum((a + b) ** 2) / 2  # q_0 + r_0
    for share in (0.1, 0.5):
        with unchanged(weights):
            found = outputs.sequential_mode_times(weights, s * beta[None], share)
        assert_matches(found, np.array([math.log(2 * s * share / ((1 - share) * total)) / (2 * s)]))


@pytest.mark.exercise("outputs.sequential_mode_times", row=3)
@pytest.mark.parametrize("order, unit", [([0, 1, 2], 1.0), ([2, 0, 1], 1.0), ([0, 2, 1], 1e-13)])
def test_sequential_mode_times_count_only_what_faster_modes_leave(order, unit):
    """In hidden units g_1 is along (1, 0) and g_2 along (1, 2). s_3 = 0 is left out."""
    e = 1e-5 * unit
    W_1, B = e * np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 0.0]]), unit * np.diag([3.0, 1.0, 0.0])
    found = outputs.sequential_mode_times([W_1[:, order], np.zeros((3, 2))], B[:, order])
    expected = np.array([math.log(12 * unit / (2 * e) ** 2) / 6, math.log(4 * unit / (2 * e) ** 2) / 2]) / unit
    assert_matches(found, expected)


@pytest.mark.exercise("outputs.sequential_mode_times", row=3)
def test_sequential_mode_times_of_a_strong_and_a_weak_mode(rng):
    """B = 3 z_1 v_1^T + 0.001 z_2 v_2^T has two modes, and one singular value that is a rounding error."""
    z, v, weights = orthonormal(rng, 3, 2), orthonormal(rng, 4, 2), drawn_weights(rng, [4, 3, 3], 1e-3)
    g, h = (weights[1].T @ z[:, a] + weights[0] @ v[:, a] for a in (0, 1))
    h = h - (h @ g) / (g @ g) * g
    expected = [math.log(4 * s / (left @ left)) / (2 * s) for s, left in ((3.0, g), (0.001, h))]
    assert_matches(outputs.sequential_mode_times(weights, z * [3.0, 0.001] @ v.T), np.array(expected))


@pytest.mark.exercise("outputs.sequential_mode_times", row=3)
def test_sequential_mode_times_are_in_the_order_of_the_s_a():
    """s = (3, 2.9), and mode 2 begins 20 times larger. Largest s_a first, not in the order of the times."""
    e = 1e-5
    found = outputs.sequential_mode_times([e * np.diag([1.0, 20.0]), np.zeros((2, 2))], np.diag([3.0, 2.9]))
    assert_matches(found, np.array([math.log(12 / e**2) / 6, math.log(11.6 / (20 * e) ** 2) / 5.8]))


@pytest.mark.exercise("outputs.sequential_mode_times", row=4)
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_sequential_mode_times_are_those_of_a_small_network(rng, share):
    """Three modes share four hidden units: when each has this share of s_a in a network trained in small steps.

    Only the third is wrong? Which parts of g_3 have the first two modes taken, and are these parts counted once?
    """
    X, s, times = oracles.draw_white(rng, 8, 5), np.array([4.0, 2.0, 1.0]), np.linspace(0, 14, 701)
    Z, V, weights = orthonormal(rng, 3, 3), orthonormal(rng, 5, 3), drawn_weights(rng, [5, 4, 3], 1e-4)
    B = (Z * s) @ V.T
    W_1, W_2 = two_layer_paths(weights, X, X @ B.T, "mse", times, 0.02)
    r = np.einsum("ca,tcn,tnd,da->ta", Z, W_2, W_1, V) / s
    first = np.argmax(r >= share, axis=0)
    reached = [np.interp(share, r[i - 1 : i + 1, a], times[i - 1 : i + 1]) for a, i in enumerate(first)]
    assert_matches(outputs.sequential_mode_times(weights, B, share), np.array(reached), rtol=1e-3)


def sum_of_terms(X, Z, V, left, right):
    """sum_a left_a delta_cc' X v_a v_a^T X^T + right_a (z_a z_a^T)_cc' X X^T."""
    C, f = len(Z), X @ V
    K = sum(a * np.multiply.outer(np.eye(C), np.outer(f_a, f_a)) for a, f_a in zip(left, f.T))
    return K + sum(a * np.multiply.outer(np.outer(z, z), X @ X.T) for a, z in zip(right, Z.T))


@pytest.mark.exercise("outputs.eigenvector_alignment", row=1)
def test_eigenvector_alignment_by_hand():
    """Against all diagonal matrices: K of four ones 1 / sqrt(2); with two outputs, K of 3, 2, 2, 1: sqrt(5) / 3."""
    one, first = np.array([[1.0]]), np.array([[1.0], [0.0]])
    found = outputs.eigenvector_alignment(np.ones((1, 1, 2, 2)), np.eye(2), one, first)
    assert_matches(found, 1 / math.sqrt(2))
    K = np.array([[3.0, 2.0], [2.0, 1.0]])[:, :, None, None]  # one sample of one input
    assert_matches(outputs.eigenvector_alignment(K, one, first, one), math.sqrt(5) / 3)


@pytest.mark.exercise("outputs.eigenvector_alignment", row=2)
@pytest.mark.parametrize("P, D, C, A", [(6, 4, 3, 2), (4, 5, 2, 2), (5, 3, 3, 1)])
def test_eigenvector_alignment_is_one_whatever_the_numbers_in_front(rng, P, D, C, A):
    """Any lambda_a and mu_a in front of the terms: two layers H diag(a) V^T and Z diag(b) H^T have such kernels."""
    X, Z, V, H = rng.standard_normal((P, D)), orthonormal(rng, C, A), orthonormal(rng, D, A), orthonormal(rng, 5, A)
    sizes = [rng.uniform(0.1, 3, A) for _ in range(4)]
    K = oracles.ntk([(H * sizes[0]) @ V.T, (Z * sizes[1]) @ H.T], X, X, slope=1.0)
    with unchanged(K, X, Z, V):
        assert_matches(outputs.eigenvector_alignment(K, X, Z, V), 1.0)
    K = sum_of_terms(X, Z, V, sizes[2], sizes[3])
    assert_matches(outputs.eigenvector_alignment(1e-6 * K, X, Z / 50, 2 * V), 1.0, rtol=1e-6)


@pytest.mark.exercise("outputs.eigenvector_alignment", row=3)
@pytest.mark.parametrize("share", [0.3, 1.0, 3.0])
def test_eigenvector_alignment_counts_what_is_at_right_angles_to_every_term(rng, share):
    """K = Q + R, R of z_1 z_2^T + z_2 z_1^T and f_1 f_2^T + f_2 f_1^T, f_a = X v_a, on white X: |Q| / |K|."""
    X, Z, V = oracles.draw_white(rng, 7, 4), orthonormal(rng, 3, 2), orthonormal(rng, 4, 2)
    Q = sum_of_terms(X, Z, V, [1.5, 0.4], [0.2, 1.1])
    f, M = X @ V, oracles.draw_spd(rng, 7)
    swap, cross = np.outer(Z[:, 0], Z[:, 1]), np.outer(f[:, 0], f[:, 1])
    R = np.einsum("cd,mn->cdmn", swap + swap.T, M) + np.einsum("cd,mn->cdmn", np.eye(3), cross + cross.T)
    q, r = math.sqrt((Q**2).sum()), share * math.sqrt((R**2).sum())
    assert_matches(outputs.eigenvector_alignment(Q + share * R, X, Z, V), q / math.hypot(q, r))


@pytest.mark.exercise("outputs.eigenvector_alignment", row=4)
def test_eigenvector_alignment_of_terms_that_are_linearly_dependent(rng):
    """By hand: X = Z = V = I (2, 2): the diagonals lambda_d + mu_c, 3 dimensions of 4. One entry has sqrt(3) / 2."""
    K = np.zeros((2, 2, 2, 2))
    K[0, 0, 0, 0] = 1.0
    assert_matches(outputs.eigenvector_alignment(K, np.eye(2), np.eye(2), np.eye(2)), math.sqrt(3) / 2)
    X, Z, V = oracles.draw_white(rng, 5, 2), orthonormal(rng, 2, 2), orthonormal(rng, 2, 2)  # the same, turned
    z, f = Z[:, 0], X @ V[:, 0]
    K = np.einsum("c,d,m,n->cdmn", z, z, f, f)
    assert_matches(outputs.eigenvector_alignment(K, X, Z, V), math.sqrt(3) / 2, rtol=1e-6)


@pytest.mark.exercise("outputs.eigenvector_alignment", row=4)
@pytest.mark.parametrize("z", [1.0, 0.0])
def test_eigenvector_alignment_of_terms_that_are_equal_or_zero(z):
    """By hand: one output, Z = [[1, 1]] or [[1, 0]], X = I (3, 3), two inputs in V: K of nine ones has 1 / sqrt(3)."""
    K, Z, V = np.ones((1, 1, 3, 3)), np.array([[1.0, z]]), np.eye(3)[:, :2]
    assert_matches(outputs.eigenvector_alignment(K, np.eye(3), Z, V), 1 / math.sqrt(3))


@pytest.mark.exercise("outputs.eigenvector_alignment", row=4)
def test_eigenvector_alignment_without_a_term_is_zero():
    """Where z and v are 0 all Q are 0, and so is the alignment; a K of zeros has no direction: ValueError."""
    one, zero = np.ones((1, 1)), np.zeros((2, 1))
    assert_matches(outputs.eigenvector_alignment(np.ones((1, 1, 2, 2)), np.eye(2), 0 * one, zero), 0.0)
    assert_refused(outputs.eigenvector_alignment, np.zeros((1, 1, 2, 2)), np.eye(2), one, zero + 1)


@pytest.mark.exercise("outputs.eigenvector_alignment", row=5)
def test_eigenvector_alignment_of_a_network_that_has_learned_one_mode_of_three(rng):
    """Between learning times K_t is built like K_inf, up to 1e-3, and A(K_t, K_inf) is still below 0.95."""
    X, s, Z, V = oracles.draw_white(rng, 9, 8), [3.0, 1.5, 0.6], orthonormal(rng, 3, 3), orthonormal(rng, 8, 3)
    weights = drawn_weights(rng, [8, 6, 3], 1e-4)
    (W_1,), (W_2,) = two_layer_paths(weights, X, X @ V * s @ Z.T, "mse", [4.5], 0.02)
    K = oracles.ntk([W_1, W_2], X, X, slope=1.0)
    assert oracles.alignment(K, sum_of_terms(X, Z, V, s, s)) < 0.95
    assert_matches(outputs.eigenvector_alignment(K, X, Z, V), 1.0, rtol=1e-3)


@pytest.mark.exercise("outputs.kernel_clock", row=1)
def test_kernel_clock_by_hand():
    """Times 0, 2 and sizes 0, 4 give (0, 1); times 0, 1, 3 and sizes 0, 2, 4 give (0, 1/4, 7/4)."""
    assert_matches(outputs.kernel_clock(np.array([0.0, 2.0]), np.array([0.0, 4.0])), np.array([0.0, 1.0]))
    h = outputs.kernel_clock(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 4.0]))
    assert_matches(h, np.array([0.0, 0.25, 1.75]))


@pytest.mark.exercise("outputs.kernel_clock", row=2)
def test_kernel_clock_at_times_that_are_not_evenly_spaced(rng):
    """From 0 at the first recorded time, step by step, each with |K_t| as a straight line."""
    times, sizes = 0.5 + np.cumsum(rng.uniform(0.1, 2, 9)), rng.uniform(0, 3, 9)
    expected = [0.0]
    for i in range(8):
        expected.append(expected[-1] + (times[i + 1] - times[i]) * (sizes[i] + sizes[i + 1]) / (2 * sizes[8]))
    with unchanged(times, sizes):
        found = outputs.kernel_clock(times, sizes)
    assert_matches(found, np.array(expected))


@pytest.mark.exercise("outputs.kernel_clock", row=3)
@pytest.mark.parametrize("size", [1.0, 1e-6, 40.0])
def test_kernel_clock_of_a_kernel_that_stands_still(size):
    """A lazy network's clock is time itself, whatever |K| is."""
    times = np.array([0.0, 0.5, 2.0, 7.0])
    assert_matches(outputs.kernel_clock(times, np.full(4, size)), times)


@pytest.mark.exercise("outputs.kernel_clock", row=4)
def test_kernel_clock_of_a_growing_kernel():
    """|K_t| = 3 / (1 + e^{5 - t}): the silence, t < 5, counts little, and f = 1 - e^{-h} solves df/dt = g (1 - f)."""
    times, last = np.linspace(0, 12, 1201), 1 + math.exp(-7)
    h = outputs.kernel_clock(times, 3 / (1 + np.exp(5 - times)))
    assert_matches(h, (np.logaddexp(0, times - 5) - np.logaddexp(0, -5)) * last, rtol=1e-5)
    f = oracles.rk4(lambda x: np.array([1, (1 - x[1]) * last / (1 + math.exp(5 - x[0]))]), np.zeros(2), times, 0.01)
    assert_matches(1 - np.exp(-h), f[:, 1], rtol=1e-5)


def block_flow(K, y, times, loss):
    """df_c(x_m)/dt = sum over c', n of K[c, c', m, n] residual[n, c'] / P in small steps, K (C, C, P, P)."""

    def velocity(f):
        return np.tensordot(K, residual(f, y, loss).T, ((1, 3), (0, 1))).T / len(y)

    return oracles.rk4(velocity, 0 * y, times, step=0.05)


def shared_by(K, C):
    """The blocks of a kernel (P, P) that is the same for C outputs."""
    return np.multiply.outer(np.eye(C), K)


@pytest.mark.exercise("outputs.frozen_kernel_flow", row=1)
def test_frozen_kernel_flow_of_one_sample_by_hand():
    """K = 2, y = 1: "mse" gives f = 1 - e^{-2t}, and "logistic" has df/dt = 2 / (1 + e^f), so e^f + f = 1 + 2 t."""
    K, y, times = np.array([[2.0]]), np.array([[1.0]]), [0.0, 0.5, 2.0, 10.0]
    t = np.array(times)
    assert_matches(outputs.frozen_kernel_flow(K, y, times), (1 - np.exp(-2 * t))[:, None, None], rtol=1e-6)
    f = np.asarray(outputs.frozen_kernel_flow(K, y, times, loss="logistic"))
    assert_matches(np.exp(f) + f, (1 + 2 * t)[:, None, None], rtol=1e-6)


@pytest.mark.exercise("outputs.frozen_kernel_flow", row=2)
@pytest.mark.parametrize("C", [1, 2])
def test_frozen_kernel_flow_of_the_squared_error(rng, C):
    """f = y - e^{-K t / P} y along K's eigenvectors, each output by itself. Arguments stay as they are."""
    K, y, times = oracles.draw_spd(rng, 5), rng.standard_normal((5, C)), [0.3, 1.0, 4.0]
    values, modes = np.linalg.eigh(K)
    expected = [y - modes @ (np.exp(-values * t / 5)[:, None] * (modes.T @ y)) for t in times]
    with unchanged(K, y, times):
        found = outputs.frozen_kernel_flow(K, y, times)
    assert_matches(found, np.array(expected), rtol=1e-6)


@pytest.mark.exercise("outputs.frozen_kernel_flow", row=3)
@pytest.mark.parametrize("loss, C", [("logistic", 1), ("logistic", 2), ("softmax", 3)])
def test_frozen_kernel_flow_of_other_losses(rng, loss, C):
    """df/dt = K (y - p) / P, p the softmax of f, or K y / (1 + e^{y f}) / P, in small steps."""
    K, y = 2 * oracles.draw_spd(rng, 4), oracles.draw_targets(rng, 4, C, loss)
    times = [0.5, 2.0, 6.0]
    expected = block_flow(shared_by(K, C), y, times, loss)
    assert_matches(outputs.frozen_kernel_flow(K, y, times, loss), expected, rtol=1e-6)


@pytest.mark.exercise("outputs.frozen_kernel_flow", row=4)
@pytest.mark.parametrize("loss", LOSSES)
def test_frozen_kernel_flow_couples_the_outputs_of_a_block_kernel(rng, loss):
    """The error of output c' at sample n moves output c at sample m by K[c, c', m, n], which is not K[c', c, m, n].

    With kernel.block_matrix(K): its order is that of Y.T.ravel() for outputs Y (P, C), not of Y.ravel().
    """
    K, _ = oracles.draw_block_kernel(rng, 3, 4, 1)
    y, times = oracles.draw_targets(rng, 4, 3, loss), [0.4, 1.5]
    assert_matches(outputs.frozen_kernel_flow(K, y, times, loss), block_flow(K, y, times, loss), rtol=1e-6)


@pytest.mark.exercise("outputs.frozen_kernel_flow", row=5)
def test_frozen_kernel_flow_starts_at_zero_and_ends_at_the_targets(rng):
    """f = 0 at t = 0, also if that is all that is asked for; the squared error ends at y, and stays there."""
    K, y = oracles.draw_spd(rng, 3), rng.standard_normal((3, 2))
    found = outputs.frozen_kernel_flow(K, y, [0.0, 60.0, 120.0])
    assert_matches(found, np.array([0 * y, y, y]), rtol=1e-6)
    assert_matches(outputs.frozen_kernel_flow(K, y, [0.0], "mse"), np.array([0 * y]))


def test_a_flow_that_stands_still_has_one_moment_for_each_time(rng):
    """With y = 0 nothing moves: f is 0 at each of the times, once."""
    K, y = oracles.draw_spd(rng, 3), np.zeros((3, 2))
    for times in ([0.0], [0.0, 1.0], [0.5, 1.0]):
        assert_matches(outputs.frozen_kernel_flow(K, y, times), np.zeros((len(times), 3, 2)))


def test_short_modes_count_as_much_as_long_ones(rng):
    """The span of the terms does not know the lengths of z_a and v_a."""
    X, Z, V = rng.standard_normal((5, 4)), orthonormal(rng, 3, 2), orthonormal(rng, 4, 2)
    K = sum_of_terms(X, Z, V, [2.0, 0.5], [0.3, 1.0])
    assert_matches(outputs.eigenvector_alignment(K, X, Z * [1.0, 1e-9], V * [1.0, 1e-9]), 1.0)


@pytest.mark.exercise("outputs.sequential_mode_times", row=5)
def test_sequential_mode_times_refuses_more_modes_than_units():
    """Two hidden units can learn two modes, and B has three: a ValueError."""
    weights = [1e-3 * np.eye(2, 4), 1e-3 * np.eye(3, 2)]
    assert_refused(outputs.sequential_mode_times, weights, np.diag([3.0, 2.0, 1.0, 0.0])[:3])


@pytest.mark.exercise("outputs.kernel_clock", row=5)
def test_kernel_clock_refuses_a_last_kernel_of_zeros():
    """There is no clock of a kernel that ends at 0: a ValueError."""
    assert_refused(outputs.kernel_clock, np.array([0.0, 1.0]), np.array([1.0, 0.0]))


def test_more_modes_than_hidden_units_are_refused(rng):
    """W_2 W_1 has rank N at most."""
    with pytest.raises(ValueError, match="3 modes, expected at most one a hidden unit, 2"):
        outputs.sequential_mode_times(drawn_weights(rng, [4, 2, 3], 1e-3), rng.standard_normal((3, 4)))


@pytest.mark.parametrize("loss", ["mse", "logistic"])
def test_a_kernel_with_a_frozen_direction_keeps_the_span_and_follows_the_clock(rng, loss):
    """K_t = g(t) K on training and test points: G_t = 0 at every t, and f_t is the frozen kernel's flow at h(t)."""
    M, y, times = oracles.draw_spd(rng, 8), oracles.draw_targets(rng, 5, 1, loss), np.linspace(0, 8, 161)

    def velocity(state):  # the time, then f at 5 training and 3 test points
        pull = residual(state[1:6, None], y, loss)[:, 0] / 5 / (1 + math.exp(4 - state[0]))
        return np.concatenate([[1.0], M[:, :5] @ pull])

    states = oracles.rk4(velocity, np.zeros(9), times, 0.05)
    f, f_test = states[:, 1:6], states[:, 6:]
    gaps = [alignment.predictor_gap(M[:5, :5], M[5:, :5], *now, f[0], f_test[0]) for now in zip(f, f_test)]
    assert abs(np.array(gaps)).max() < 1e-10 and abs(f_test[-1]).max() > 0.1
    g = 1 / (1 + np.exp(4 - times))
    frozen = outputs.frozen_kernel_flow(g[-1] * M[:5, :5], y, outputs.kernel_clock(times, g), loss)
    assert_matches(f, frozen[:, :, 0], rtol=1e-4)

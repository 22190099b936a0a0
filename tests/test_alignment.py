"""Unit 5: alignments, effective rank, times, the predictor gap, errors and the silence ratio."""

import numpy as np
import oracles
import pytest
from oracles import assert_matches, assert_refused, unchanged

from minintk import alignment, training


def test_norm_of_entries_whose_squares_are_no_floats():
    """(3, 4) has the norm 5 in any unit, and zeros have 0."""
    for unit in (1.0, 1e-200, 1e200):
        assert_matches(alignment.norm(unit * np.array([[3.0, -4.0]])), 5 * unit)
    assert_matches(alignment.norm(np.zeros(2)), 0.0)


def test_kernels_whose_squares_are_no_floats_have_an_alignment():
    """The identity and the matrix of ones have the cosine 1 / sqrt(2), and the identity has rank 2, in any unit."""
    for unit in (1e-200, 1e200):
        assert_matches(alignment.kernel_alignment(unit * np.eye(2), np.ones((2, 2))), 0.5**0.5)
        assert_matches(alignment.effective_rank(unit * np.eye(2)), 2.0)


@pytest.mark.exercise("alignment.kernel_alignment", row=1)
def test_kernel_alignment_by_hand():
    """The 2 x 2 identity and the matrix of ones give 1 / sqrt(2)."""
    assert_matches(alignment.kernel_alignment(np.eye(2), np.ones((2, 2))), 0.5**0.5)


@pytest.mark.exercise("alignment.kernel_alignment", row=2)
def test_kernel_alignment_does_not_depend_on_scale(rng):
    """Positive multiples, small ones too, have the alignment 1, and negative ones -1."""
    K = oracles.draw_spd(rng, 4)
    for factor in (1.0, 7.0, 1e-9, 1e9):
        assert_matches(alignment.kernel_alignment(K, factor * K), 1.0)
        assert_matches(alignment.kernel_alignment(-factor * K, K), -1.0)


@pytest.mark.exercise("alignment.kernel_alignment", row=3)
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 6), (2, 2, 3, 4)])
def test_kernel_alignment_is_the_cosine_between_all_entries(rng, shape):
    """<K, Q> / (|K| |Q|) over all entries and nothing centred, also between other points and for several outputs."""
    K, Q = rng.standard_normal(shape) + 1, rng.standard_normal(shape)
    with unchanged(K, Q):
        assert_matches(alignment.kernel_alignment(K, Q), oracles.alignment(K, Q))


@pytest.mark.exercise("alignment.task_alignment", row=1)
def test_task_alignment_by_hand():
    """The 4 x 4 identity gives 1 / sqrt(4) for any y, and y y^T gives 1."""
    y = np.array([1.0, -2.0, 3.0, 0.5])
    assert_matches(alignment.task_alignment(np.eye(4), y), 0.5)
    assert_matches(alignment.task_alignment(np.outer(y, y), y), 1.0)


@pytest.mark.exercise("alignment.task_alignment", row=2)
@pytest.mark.parametrize("P", [1, 5])
def test_task_alignment_is_the_alignment_with_the_targets(rng, P):
    """For y (P,) it is the cosine of the angle between K and the best kernel of all; scales do not matter."""
    K, y = rng.standard_normal((P, P)), rng.standard_normal(P)
    for a, b in [(1.0, 1.0), (1e-8, 1.0), (1.0, 1e-8)]:
        with unchanged(K, y):
            assert_matches(alignment.task_alignment(a * K, b * y), oracles.alignment(K, np.outer(y, y)))


@pytest.mark.exercise("alignment.task_alignment", row=3)
def test_task_alignment_sums_over_the_columns_of_the_targets(rng):
    """For y (P, C) the loss is a sum over outputs, and so is the rate at which it falls."""
    K, y = rng.standard_normal((4, 4)), rng.standard_normal((4, 3))
    for columns in (y, y[:, :1]):
        weighted = sum(sum(c * c) * oracles.alignment(K, np.outer(c, c)) for c in columns.T)
        assert_matches(alignment.task_alignment(K, columns), weighted / sum(v * v for v in columns.ravel()))


def test_relative_alignment_by_hand():
    """From 0.8 at the start, 0.9 is half of the way to 1; the start itself is 0 and the end 1."""
    for A, share in [(0.9, 0.5), (0.8, 0.0), (1.0, 1.0)]:
        assert_matches(alignment.relative_alignment(A, 0.8), share)


def test_relative_alignment_of_a_whole_curve(rng):
    """An array of alignments gives an array of the same shape; below the start the share is negative."""
    A = np.array([0.5, 0.25, 0.75, 1.0])
    with unchanged(A):
        assert_matches(alignment.relative_alignment(A, 0.5), np.array([0.0, -0.5, 0.5, 1.0]))
    A = rng.uniform(-1, 1, (3, 2))
    assert_matches(alignment.relative_alignment(A, -0.3), np.array([[(a + 0.3) / 1.3 for a in row] for row in A]))


@pytest.mark.exercise("alignment.effective_rank", row=1)
def test_effective_rank_by_hand():
    """The identity has as many directions as rows, a projector as many as its rank, and y y^T has one."""
    for K, rank in [(np.eye(5), 5.0), (np.diag([3.0, 3, 0, 0]), 2.0), (np.outer([1.0, -2, 3], [1.0, -2, 3]), 1.0)]:
        assert_matches(alignment.effective_rank(K), rank)


@pytest.mark.exercise("alignment.effective_rank", row=2)
@pytest.mark.parametrize("scale", [1.0, 1e-8])
def test_effective_rank_comes_from_the_eigenvalues(rng, scale):
    """Mean and variance of z^T K z are those for r equal eigenvalues, whatever the scale of K."""
    K = scale * oracles.draw_spd(rng, 6)
    eigenvalues = np.linalg.eigvalsh(K)
    with unchanged(K):
        assert_matches(alignment.effective_rank(K), sum(eigenvalues) ** 2 / sum(eigenvalues**2))


@pytest.mark.exercise("alignment.effective_rank", row=3)
@pytest.mark.parametrize("L", [2, 3, 4])
def test_effective_rank_of_a_trained_linear_network_is_high(rng, L):
    """X [(L - 1) beta beta^T + I] X^T on white data has (L + D - 1)^2 / (L^2 + D - 1), near D: K is not low rank."""
    X, beta = oracles.draw_white(rng, 20, 8), np.full(8, 8**-0.5)
    K = oracles.final_kernel(X, beta, 1.5, L)
    assert_matches(alignment.effective_rank(K), (L + 7) ** 2 / (L**2 + 7))


@pytest.mark.exercise("alignment.alignment_time", row=1)
def test_alignment_time_of_a_rising_curve():
    """It is the first recorded time at or above the level: a value equal to the level counts."""
    times, A = np.array([0.0, 1.0, 2.5, 4.0]), np.array([0.25, 0.5, 0.75, 1.0])
    for level, time in [(0.6, 2.5), (0.5, 1.0), (0.75, 2.5), (1.0, 4.0)]:
        assert_matches(alignment.alignment_time(times, A, level), time)


@pytest.mark.exercise("alignment.alignment_time", row=2)
def test_alignment_time_counts_from_the_last_rise():
    """A curve that falls below the level again has not stayed: its last rise counts."""
    times, A = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.9, 0.96, 0.7, 0.97, 0.6, 0.99])
    for curve, level, time in [(A, 0.95, 5.0), (A, 0.65, 5.0), (A[::-1].copy(), 0.65, 2.0)]:
        assert_matches(alignment.alignment_time(times, curve, level), time)


@pytest.mark.exercise("alignment.alignment_time", row=3)
def test_alignment_time_at_the_two_ends():
    """A curve that ends below the level gives infinity, and one that is never below it gives its first time."""
    times, A = np.array([0.5, 1.0, 2.0]), np.array([0.97, 0.98, 0.96])
    for level, time in [(0.95, 0.5), (0.97, np.inf), (0.99, np.inf)]:
        assert_matches(alignment.alignment_time(times, A, level), time)


def test_learning_time_by_hand():
    """Losses 8, 6, 4, 1 have dropped by a quarter at the second time and by half at the third: equality counts."""
    times, losses = np.array([0.0, 1.0, 2.5, 4.0]), np.array([8.0, 6.0, 4.0, 1.0])
    for drop, time in [(0.25, 1.0), (0.5, 2.5), (0.3, 2.5), (0.875, 4.0), (0.0, 0.0)]:
        assert_matches(alignment.learning_time(times, losses, drop), time)


def test_learning_time_is_infinite_if_the_loss_never_drops_so_far():
    """A run that ends before the drop has not learnt: infinity."""
    times, losses = np.array([0.0, 1.0, 2.0]), np.array([4.0, 3.0, 3.5])
    assert_matches(alignment.learning_time(times, losses, 0.3), np.inf)
    assert_matches(alignment.learning_time(times, losses, 1.0), np.inf)


def test_learning_time_is_the_first_time_even_if_the_loss_rises_again():
    """The first time counts, not the last, and the drop is a share of the loss at the start."""
    times, losses = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.2, 0.6, 0.1])
    assert_matches(alignment.learning_time(times, losses, 0.1), 2.0)
    assert_matches(alignment.learning_time(times, losses, 0.7), 4.0)


def test_times_have_the_levels_of_theory_unless_told_otherwise():
    times = np.array([1.0, 2.0, 3.0])
    assert_matches(alignment.alignment_time(times, np.array([0.9, 0.94, 0.951])), 3.0)
    assert_matches(alignment.alignment_time(times, np.array([0.9, 0.951, 0.97])), 2.0)
    assert_matches(alignment.learning_time(times, np.array([1.0, 0.91, 0.89])), 3.0)


def draw_gap(rng, P, P2, C):
    """A kernel on P training and P2 test points, with outputs (P, C) and (P2, C) at time t and at time 0."""
    K = oracles.draw_spd(rng, P + P2)
    return K[:P, :P], K[P:, :P], *(rng.standard_normal((n, C)) for n in (P, P2, P, P2))


@pytest.mark.exercise("alignment.predictor_gap", row=1)
def test_predictor_gap_by_hand():
    """K_inf = 2, k = 1: the training output moved by 4, the test output by 5 and should by 2: 3. It moved by 1: -1."""
    K, f, f0 = np.array([[2.0]]), np.array([7.0]), np.array([3.0])
    for f_test, gap in [([6.0], [3.0]), ([6.0, 2.0], [3.0, -1.0])]:
        ones = np.ones(len(gap))
        assert_matches(alignment.predictor_gap(K, ones[:, None], f, np.array(f_test), f0, ones), np.array(gap))


@pytest.mark.exercise("alignment.predictor_gap", row=2)
def test_predictor_gap_vanishes_for_a_kernel_machine(rng):
    """Outputs that K_inf itself has moved have no gap, and at time 0 there is none either."""
    K, k, f, _, f0, f0_test = draw_gap(rng, P=5, P2=3, C=2)
    machine = f0_test + k @ np.linalg.solve(K, f - f0)
    gap = alignment.predictor_gap(K, k, f, machine, f0, f0_test)
    assert np.shape(gap) == (3, 2)
    assert_matches(machine - gap, machine)
    assert_matches(f0_test - alignment.predictor_gap(K, k, f0, f0_test, f0, f0_test), f0_test)


@pytest.mark.exercise("alignment.predictor_gap", row=3)
@pytest.mark.parametrize("P, P2", [(5, 3), (1, 4), (4, 1)])
def test_predictor_gap_is_the_network_minus_the_machine(rng, P, P2):
    """The integral of the difference of the two velocities, at every test point, for one output or several columns."""
    K, k, f, f_test, f0, f0_test = arguments = draw_gap(rng, P, P2, C=3)
    expected = (f_test - f0_test) - k @ np.linalg.solve(K, f - f0)
    with unchanged(*arguments):
        assert_matches(alignment.predictor_gap(*arguments), expected)
    assert_matches(alignment.predictor_gap(K, k, *(a[:, 0] for a in arguments[2:])), expected[:, 0])


@pytest.mark.exercise("alignment.predictor_gap", row=4)
def test_predictor_gap_joins_the_outputs_of_a_block_kernel(rng):
    """With kernels (C, C, P, P) the model's pulls u (P, C) are found for all outputs together."""
    K, k = oracles.draw_block_kernel(rng, C=2, P1=4, P2=3)
    f, f_test, f0, f0_test = (rng.standard_normal((n, 2)) for n in (4, 3, 4, 3))
    expected = f_test - oracles.block_predictor(K, k, f, f0, f0_test)
    assert_matches(alignment.predictor_gap(K, k, f, f_test, f0, f0_test), expected)


def test_kernel_error_by_hand():
    """The prediction (3, 5) of a network (3, 4) is off by 1, and the network has the norm 5: 0.2."""
    for second, error in [(5.0, 0.2), (4.0, 0.0)]:
        assert_matches(alignment.kernel_error(np.array([3.0, second]), np.array([3.0, 4.0])), error)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (1, 1)])
def test_kernel_error_is_relative_to_the_network(rng, shape):
    """|prediction - network| / |network| over all points and outputs; the scale of both does not matter."""
    prediction, f = rng.standard_normal(shape), rng.standard_normal(shape)
    expected = np.sqrt(sum((prediction - f).ravel() ** 2) / sum(f.ravel() ** 2))
    for scale in (1.0, 1e-6):
        with unchanged(prediction, f):
            assert_matches(alignment.kernel_error(scale * prediction, scale * f), expected)


def test_silence_ratio_by_hand():
    """err_inf = 0.01 and err_0 = 0.5 give rho = 0.02: silently aligned."""
    assert_matches(alignment.silence_ratio(0.01, 0.5), 0.02)


def test_silence_ratio_tells_the_lazy_from_the_silent():
    """Two errors that are small alike give 1, a perfect final kernel 0, and a final kernel that is worse 1.5."""
    for err_inf, err_0, rho in [(0.03, 0.03, 1.0), (0.0, 0.7, 0.0), (0.6, 0.4, 1.5)]:
        assert_matches(alignment.silence_ratio(err_inf, err_0), rho)


@pytest.mark.exercise("alignment.kernel_alignment", row=4)
@pytest.mark.parametrize("K, Q", [(np.zeros((2, 2)), np.eye(2)), (np.eye(2), np.zeros((2, 2)))])
def test_kernel_alignment_refuses_a_kernel_of_zeros(K, Q):
    """Zeros have no direction: a ValueError, and no NaN."""
    assert_refused(alignment.kernel_alignment, K, Q)


@pytest.mark.exercise("alignment.task_alignment", row=4)
@pytest.mark.parametrize("K, y", [(np.zeros((2, 2)), np.ones(2)), (np.eye(2), np.zeros(2))])
def test_task_alignment_refuses_zeros(K, y):
    """Zeros have no direction: a ValueError, and no NaN."""
    assert_refused(alignment.task_alignment, K, y)


@pytest.mark.exercise("alignment.effective_rank", row=4)
def test_effective_rank_refuses_zeros():
    """Zeros have no direction: a ValueError, and no NaN."""
    assert_refused(alignment.effective_rank, np.zeros((2, 2)))


ZERO, ONE = np.zeros((2, 2)), np.eye(2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: alignment.kernel_alignment(ZERO, ONE),
        lambda: alignment.kernel_alignment(ONE, ZERO),
        lambda: alignment.task_alignment(ZERO, ONE[0]),
        lambda: alignment.task_alignment(ONE, ZERO[0]),
        lambda: alignment.effective_rank(ZERO),
        lambda: alignment.kernel_error(ONE[0], ZERO[0]),
    ],
)
def test_directions_without_a_norm_are_refused(call):
    with pytest.raises(ValueError, match="^[^\n]*is all zeros, expected[^\n]*$"):
        call()


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_the_gap_grows_only_while_the_loss_falls_and_the_kernel_is_misaligned(slope):
    """dG/dt = [k_t^T - k_inf^T K_inf^{-1} K_t] (y - f_t) / P, summed over time, is the gap."""
    rng = np.random.default_rng(0)
    X, X_test, y = rng.standard_normal((4, 7)), rng.standard_normal((3, 7)), 0.5 * rng.standard_normal(4)
    weights = [0.5 * rng.standard_normal((6, 7)), 0.5 * rng.standard_normal((1, 6))]
    nodes, shares = np.polynomial.legendre.leggauss(4)  # on each of 40 panels of the time from 0 to 2
    times = (np.linspace(0.025, 1.975, 40)[:, None] + 0.025 * nodes).ravel()
    run = training.gradient_flow(
        weights, X, y, slope, time=2.0, rtol=1e-10, record_times=times, record_weights=True, X_test=X_test
    )
    gates = [np.concatenate([X, X_test]) @ W.T > 0 for W, _ in run.weights]
    assert slope == 1 or all((g == gates[0]).all() for g in gates)  # a smooth case: dG/dt has no jumps
    K, k = ([oracles.two_layer_ntk(W, a[0], to, X, slope) for W, a in run.weights] for to in (X, X_test))
    c_inf = np.linalg.solve(K[-1], k[-1].T).T
    rates = [(k_t - c_inf @ K_t) @ (y - f[:, 0]) / 4 for K_t, k_t, f in zip(K, k, run.outputs)][1:-1]
    integral = 0.025 * np.tile(shares, 40) @ rates
    ends = run.outputs[-1], run.test_outputs[-1], run.outputs[0], run.test_outputs[0]
    gap = alignment.predictor_gap(K[-1], k[-1], *(f[:, 0] for f in ends))
    assert abs(gap).max() > 0.1
    assert_matches(gap, integral)

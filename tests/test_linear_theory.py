"""Unit 6: the closed forms of linear networks against plain integration, loops, and networks that are trained."""

import math
import re

import numpy as np
import oracles
import pytest
from oracles import assert_matches, assert_refused, drawn_weights, orthonormal, unchanged

from minintk import linear_theory, training


def unit_vector(rng, n):
    return orthonormal(rng, n, 1)[:, 0]


def rank_one_weights(rng, beta, L, u):
    """W_l = u r_{l+1} r_l^T of a linear network with one output: random directions from r_1 = beta to r_{L+1} = 1."""
    directions = [beta, *(unit_vector(rng, n) for n in (3, 2, 5)[: L - 1]), np.ones(1)]
    return [u * np.outer(above, below) for below, above in zip(directions, directions[1:])]


def integral(function, low, high, panels=1):
    """By Gauss' rule with 40 nodes on equal panels."""
    nodes, shares = np.polynomial.legendre.leggauss(40)
    half = (high - low) / panels / 2
    return half * sum(shares @ function(low + half * (2 * i + 1 + nodes)) for i in range(panels))


def trained_two_layers(rng, sigma, s, times, P=9, D=5, N=4):
    """White X, beta, weights of scale sigma, and (W, a) at the times by integrating the whole network's flow."""
    X, beta = oracles.draw_white(rng, P, D), unit_vector(rng, D)
    W0, (a0,) = drawn_weights(rng, [D, N, 1], sigma)
    velocity = oracles.two_layer_linear_velocity(X, s * X @ beta, N)
    states = oracles.rk4(velocity, np.concatenate([W0.ravel(), a0]), times, step=0.01 / s)
    return beta, W0, a0, states[:, : N * D].reshape(len(times), N, D), states[:, N * D :]


@pytest.mark.exercise("linear_theory.early_weights", row=1)
def test_early_weights_by_hand():
    """One unit, beta = (1, 0), st = log 2: cosh is 5/4, sinh is 3/4. Only the first entry of W moves."""
    beta, time = np.array([1.0, 0.0]), math.log(2) / 2
    for b0, a0, b, a in [(0.0, 1.0, 0.75, 1.25), (1.0, 0.0, 1.25, 0.75)]:
        found = linear_theory.early_weights(np.array([[b0, 3.0]]), np.array([a0]), beta, 2.0, time)
        assert_matches(list(found), [np.array([[b, 3.0]]), np.array([a])])


@pytest.mark.exercise("linear_theory.early_weights", row=2)
@pytest.mark.parametrize("N, D", [(4, 3), (2, 5), (1, 1)])
def test_early_weights_solve_their_equations(rng, N, D):
    """da/dt = s W beta and dW/dt = s a beta^T, integrated in small steps, give the same; inputs stay as they are."""
    beta, s, time = unit_vector(rng, D), 0.7, 2.0
    W0, a0 = rng.standard_normal((N, D)), rng.standard_normal(N)

    def velocity(state):  # W beside a
        return s * np.column_stack([np.outer(state[:, D], beta), state[:, :D] @ beta])

    end = oracles.rk4(velocity, np.column_stack([W0, a0]), [time], step=0.004)[0]
    with unchanged(W0, a0, beta):
        found = linear_theory.early_weights(W0, a0, beta, s, time)
    assert_matches(list(found), [end[:, :D], end[:, D]])


@pytest.mark.exercise("linear_theory.early_weights", row=3)
def test_early_weights_stay_as_they_are_across_beta(rng):
    """At time 0 nothing has moved; later W v is W_0 v for every v at right angles to beta."""
    W0, a0, beta = rng.standard_normal((5, 4)), rng.standard_normal(5), unit_vector(rng, 4)
    assert_matches(list(linear_theory.early_weights(W0, a0, beta, 1.5, 0.0)), [W0, a0])
    v = np.linalg.svd(beta[None])[2][1]
    assert_matches(linear_theory.early_weights(W0, a0, beta, 1.5, 3.0)[0] @ v, W0 @ v)


@pytest.mark.exercise("linear_theory.early_weights", row=4)
@pytest.mark.parametrize("sigma", [1e-2, 1e-3])
def test_early_weights_are_those_of_a_small_network(rng, sigma):
    """The whole network, trained to t = 1/s, has these weights up to a relative error of order |W_0|^2 + |a_0|^2."""
    beta, W0, a0, W, a = trained_two_layers(rng, sigma, 1.3, [1 / 1.3])
    error = np.sum(W0**2) + np.sum(a0**2)
    assert_matches(list(linear_theory.early_weights(W0, a0, beta, 1.3, 1 / 1.3)), [W[0], a[0]], rtol=error)


@pytest.mark.exercise("linear_theory.two_layer_mode", row=1)
def test_two_layer_mode_by_hand():
    """By hand: q_0 = 3, r_0 = 0 and s = 4 give r = 104/51 and q = 185/51 at t = log(3)/10, 4 and 5 at the end."""
    r, q = linear_theory.two_layer_mode(3.0, 0.0, 4.0, np.array([0.0, math.log(3) / 10, 20.0]))
    assert_matches([r, q], [np.array([0.0, 104 / 51, 4.0]), np.array([3.0, 185 / 51, 5.0])])


@pytest.mark.exercise("linear_theory.two_layer_mode", row=2)
@pytest.mark.parametrize("q0, r0, s", [(0.3, 0.1, 1.0), (0.05, -0.04, 2.0), (2.0, 1.9, 0.5)])
def test_two_layer_mode_solves_its_equations(q0, r0, s):
    """dr/dt = 2 (s - r) q and dq/dt = 2 (s - r) r in small steps: r_0 may be positive, negative, or larger than s."""
    times = np.linspace(0, 4 / s, 9)
    path = oracles.rk4(lambda x: 2 * (s - x[0]) * x[::-1], np.array([r0, q0]), times, step=0.004 / s)
    with unchanged(times):
        assert_matches(list(linear_theory.two_layer_mode(q0, r0, s, times)), [path[:, 0], path[:, 1]], rtol=1e-8)


@pytest.mark.exercise("linear_theory.two_layer_mode", row=3)
def test_two_layer_mode_at_the_end_and_from_the_end_on():
    """At 2Rt = 2000 and more r is s and q is sqrt(s^2 + c), and a start with r_0 = s stands still: no NaN."""
    r, q = linear_theory.two_layer_mode(3e-3, 1e-3, 2.0, np.array([500.0, 1e6]))
    assert_matches([r, q], [np.full(2, 2.0), np.full(2, math.sqrt(4 + 8e-6))])
    still = linear_theory.two_layer_mode(5.0, 4.0, 4.0, np.array([0.0, 1.0, 20.0]))
    assert_matches(list(still), [np.full(3, 4.0), np.full(3, 5.0)])


@pytest.mark.exercise("linear_theory.two_layer_mode", row=4)
@pytest.mark.parametrize("sigma", [3e-2, 3e-3])
def test_two_layer_mode_is_that_of_a_small_network(rng, sigma):
    """r = a^T W beta and q of the whole network, before, while and after it learns, up to order |W_0|^2 + |a_0|^2."""
    s, times = 1.5, np.linspace(0, 6, 13)
    beta, W0, a0, W, a = trained_two_layers(rng, sigma, s, times)
    b, error = W @ beta, np.sum(W0**2) + np.sum(a0**2)
    r, q = (a * b).sum(axis=1), ((a**2).sum(axis=1) + (b**2).sum(axis=1)) / 2
    assert_matches(list(linear_theory.two_layer_mode(q[0], r[0], s, times)), [r, q], rtol=error)


@pytest.mark.exercise("linear_theory.half_loss_time", row=1)
def test_half_loss_time_by_hand():
    """q_0 + r_0 = 0.112115 s gives the time 1 / s, however q_0 and r_0 share it."""
    for s, share in [(1.0, 1.0), (4.0, 0.75), (0.5, 1.5)]:
        total = 2 * s * (math.sqrt(2) - 1) * math.exp(-2)
        assert_matches(linear_theory.half_loss_time(share * total, (1 - share) * total, s), 1 / s)


@pytest.mark.exercise("linear_theory.half_loss_time", row=2)
@pytest.mark.parametrize("r0", [0.0, 6e-7, -6e-7])
@pytest.mark.parametrize("s", [1.0, 2.5])
def test_half_loss_time_is_when_the_loss_has_halved(s, r0):
    """The time in which dr/dt = 2 (s - r) sqrt(r^2 + c) takes r from r_0 to where (s - r)^2 is half of s^2."""
    q0, root = 1e-6, math.sqrt(1e-12 - r0**2)
    low, high = (math.asinh(r / root) for r in (r0, s * (1 - math.sqrt(0.5))))  # in w, with r = root sinh w
    expected = integral(lambda w: 1 / (2 * (s - root * np.sinh(w))), low, high, panels=10)
    assert_matches(linear_theory.half_loss_time(q0, r0, s), expected, rtol=1e-5)


@pytest.mark.exercise("linear_theory.half_loss_time", row=3)
def test_half_loss_time_grows_with_the_logarithm_of_sigma():
    """Weights ten times smaller make q_0 and r_0 a hundred times smaller, and learning takes log(10) / s longer."""
    for s in (1.0, 3.0):
        late, soon = (linear_theory.half_loss_time(c * 2e-3, c * 5e-4, s) for c in (1e-2, 1.0))
        assert_matches(late - soon, math.log(10) / s)


@pytest.mark.exercise("linear_theory.deep_mode", row=1)
def test_deep_mode_of_two_layers_by_hand():
    """L = 2, s = 1, u_0^2 = 1/2: u^2 = 1 / (1 + e^{-2t}), so 3/4 at t = log(3) / 2 and 9/10 at t = log(3)."""
    u = linear_theory.deep_mode(math.sqrt(0.5), 1.0, 2, np.log([1.0, math.sqrt(3), 3.0]))
    assert_matches(u, np.sqrt([0.5, 0.75, 0.9]), rtol=1e-6)


@pytest.mark.exercise("linear_theory.deep_mode", row=2)
@pytest.mark.parametrize(
    "u0, s, L, end",
    [(0.05, 1.5, 2, 5.0), (0.2, 1.0, 3, 9.0), (0.4, 2.0, 4, 4.0), (0.8, 0.7, 5, 3.0), (0.6, 30.0, 3, 0.1)],
)
def test_deep_mode_solves_its_equation(u0, s, L, end):
    """du/dt = u^{L-1} (s - u^L), from u_0 until it has arrived, to six digits."""
    times = np.linspace(0, end, 11)
    with unchanged(times):
        u = linear_theory.deep_mode(u0, s, L, times)
    path = oracles.rk4(lambda u: u ** (L - 1) * (s - u**L), np.array([u0]), times, step=end / 400)
    assert_matches(u, path[:, 0], rtol=1e-6)


@pytest.mark.exercise("linear_theory.deep_mode", row=3)
@pytest.mark.parametrize("L", [2, 3, 4])
def test_deep_mode_starts_at_u0_and_stays_at_the_end(L):
    """At t = 0 it is u_0, and long after learning it is s^{1/L}, neither NaN nor beyond."""
    u = linear_theory.deep_mode(0.3, 3.0, L, np.array([0.0, 100.0, 400.0]))
    assert_matches(u, np.array([0.3, 3 ** (1 / L), 3 ** (1 / L)]), rtol=1e-6)


@pytest.mark.exercise("linear_theory.deep_mode", row=4)
@pytest.mark.parametrize("u0, s", [(0.1, 1.0), (0.05, 2.0)])
def test_deep_mode_leaves_the_plateau_on_time(u0, s):
    """L = 4, small u_0: integrating dt/du gives the time at which u is 2 u_0, 4 u_0 ... and 9/10 of the end."""
    u = np.array([*(u0 * 2.0 ** np.arange(1, 4)), 0.5 * s**0.25, 0.9 * s**0.25])
    w, root = np.array([u0, *u]) ** 2, math.sqrt(s)  # w = u^2: dt = dw / (2 w^2 (s - w^2)), by partial fractions
    t = -1 / (2 * s * w) + np.log((root + w) / (root - w)) / (4 * s * root)
    assert_matches(linear_theory.deep_mode(u0, s, 4, t[1:] - t[0]), u, rtol=1e-6)


@pytest.mark.exercise("linear_theory.escape_time", row=1)
def test_escape_time_by_hand():
    """u_0 = 1/2: three layers and s = 1 take 2, four layers and s = 2 take 1."""
    assert_matches(linear_theory.escape_time(0.5, 1.0, 3), 2.0)
    assert_matches(linear_theory.escape_time(0.5, 2.0, 4), 1.0)


@pytest.mark.exercise("linear_theory.escape_time", row=2)
@pytest.mark.parametrize("u0, s, L", [(0.3, 2.0, 3), (0.02, 0.7, 4), (0.6, 1.5, 6)])
def test_escape_time_is_a_power_of_u0_times_a_number(u0, s, L):
    """Right in u_0, s and L: the integral over v = u_0 / u from 0 to 1 of v^{L-3} / (s u_0^{L-2})."""
    expected = integral(lambda v: v ** (L - 3) / (s * u0 ** (L - 2)), 0, 1)
    assert_matches(linear_theory.escape_time(u0, s, L), expected)


@pytest.mark.exercise("linear_theory.escape_time", row=3)
@pytest.mark.parametrize("u0, s, L", [(0.01, 1.0, 3), (0.02, 2.0, 3), (0.05, 1.0, 4), (0.2, 1.5, 5)])
def test_escape_time_is_nearly_the_half_loss_time(u0, s, L):
    """du/dt = u^{L-1} (s - u^L) has halved the loss (s - u^L)^2 after this time, up to 3 percent: u_0 is small."""
    end = (s * (1 - math.sqrt(0.5))) ** (1 / L)
    expected = integral(lambda x: np.exp((2 - L) * x) / (s - np.exp(L * x)), math.log(u0), math.log(end), panels=20)
    assert_matches(linear_theory.escape_time(u0, s, L), expected, rtol=0.03)


@pytest.mark.exercise("linear_theory.final_kernel", row=1)
def test_final_kernel_by_hand():
    """X = I, beta = (1, 0), s = 4: two layers give 4 diag(2, 1), one layer gives I."""
    X, beta = np.eye(2), np.array([1.0, 0.0])
    assert_matches(linear_theory.final_kernel(X, beta, 4.0, 2), np.diag([8.0, 4.0]))
    assert_matches(linear_theory.final_kernel(X, beta, 4.0, 1), np.eye(2))


@pytest.mark.exercise("linear_theory.final_kernel", row=2)
@pytest.mark.parametrize("L", [1, 2, 3, 4])
def test_final_kernel_is_that_of_equal_layers_of_rank_one(rng, L):
    """Weights with the product s beta^T and no defect have this kernel, gradient by gradient, for any rows X."""
    X, beta, s = rng.standard_normal((6, 4)), unit_vector(rng, 4), 2.7
    with unchanged(X, beta):
        K = linear_theory.final_kernel(X, beta, s, L)
    assert_matches(K, oracles.ntk(rank_one_weights(rng, beta, L, s ** (1 / L)), X, X, slope=1.0)[0, 0])


@pytest.mark.exercise("linear_theory.final_kernel", row=3)
@pytest.mark.parametrize("L, sigma, s, error", [(2, 1e-2, 1.0, 1e-3), (2, 1e-2, 3.0, 1e-3), (3, 3e-2, 2.0, 3e-3)])
def test_final_kernel_is_that_of_a_trained_network(rng, L, sigma, s, error):
    """Small random weights, trained on white data with targets s X beta, end with this kernel."""
    X, beta = oracles.draw_white(rng, 9, 5), unit_vector(rng, 5)
    weights = drawn_weights(rng, [5, *[6] * (L - 1), 1], sigma)
    run = training.gradient_flow(weights, X, s * X @ beta, 1.0, target_loss=1e-8, rtol=1e-7)
    J = oracles.jacobian(run.weights[-1], X, 1.0)[:, 0]
    assert_matches(linear_theory.final_kernel(X, beta, s, L), J @ J.T, rtol=error)


@pytest.mark.exercise("linear_theory.unbalanced_kernel", row=1)
def test_unbalanced_kernel_by_hand():
    """X = I, beta = (1, 0), s = 2: delta = 3 gives diag(5, 4), and delta = -3 gives diag(5, 1)."""
    X, beta = np.eye(2), np.array([1.0, 0.0])
    assert_matches(linear_theory.unbalanced_kernel(X, beta, 2.0, 3.0), np.diag([5.0, 4.0]))
    assert_matches(linear_theory.unbalanced_kernel(X, beta, 2.0, -3.0), np.diag([5.0, 1.0]))


@pytest.mark.exercise("linear_theory.unbalanced_kernel", row=2)
@pytest.mark.parametrize("a, w", [(1.5, 1.5), (3.0, 0.2), (0.4, 2.0)])
def test_unbalanced_kernel_is_that_of_two_layers_of_these_sizes(rng, a, w):
    """W = w u beta^T and a u^T with |u| = 1 have s = a w and delta = a^2 - w^2, and this kernel on any rows X."""
    X, beta, u = rng.standard_normal((6, 4)), unit_vector(rng, 4), unit_vector(rng, 3)
    with unchanged(X, beta):
        K = linear_theory.unbalanced_kernel(X, beta, a * w, a**2 - w**2)
    assert_matches(K, oracles.ntk([w * np.outer(u, beta), a * u[None]], X, X, slope=1.0)[0, 0])


@pytest.mark.exercise("linear_theory.unbalanced_kernel", row=3)
@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_unbalanced_kernel_is_that_of_a_trained_network(rng, scale):
    """A small first layer under a second one of this scale, trained on white data with targets s X beta."""
    X, beta, s = oracles.draw_white(rng, 9, 5), unit_vector(rng, 5), 1.2
    W, a = drawn_weights(rng, [5, 6, 1], 1.0)
    weights = [1e-3 * W, scale * a]
    delta = (weights[1] ** 2).sum() - ((weights[0] @ beta) ** 2).sum()
    run = training.gradient_flow(weights, X, s * X @ beta, 1.0, target_loss=1e-9, rtol=1e-7)
    J = oracles.jacobian(run.weights[-1], X, 1.0)[:, 0]
    assert_matches(linear_theory.unbalanced_kernel(X, beta, s, delta), J @ J.T, rtol=1e-3)


@pytest.mark.exercise("linear_theory.final_kernel_blocks", row=1)
def test_final_kernel_blocks_by_hand():
    """X = I, B = diag(4, 1): two layers give the blocks diag(8, 5), diag(5, 2), and 0 between the outputs."""
    zero = np.zeros((2, 2))
    K = linear_theory.final_kernel_blocks(np.eye(2), np.diag([4.0, 1.0]), 2)
    assert_matches(K, np.array([[np.diag([8.0, 5.0]), zero], [zero, np.diag([5.0, 2.0])]]))
    assert_matches(linear_theory.final_kernel_blocks(np.eye(2), np.diag([4.0, 1.0]), 1)[0], np.array([np.eye(2), zero]))


@pytest.mark.exercise("linear_theory.final_kernel_blocks", row=2)
@pytest.mark.parametrize("L", [1, 2, 3])
def test_final_kernel_blocks_of_one_output(rng, L):
    """B = s beta^T gives one block, that of final_kernel, with the axes (1, 1, P, P)."""
    X, beta, s = rng.standard_normal((5, 4)), unit_vector(rng, 4), 2.5
    with unchanged(X):
        K = linear_theory.final_kernel_blocks(X, s * beta[None], L)
    assert_matches(K, oracles.final_kernel(X, beta, s, L)[None, None], rtol=1e-6)


def drawn_modes(rng, C, D, strengths):
    """B (C, D) = sum_a s_a z_a v_a^T with its vectors z (C, k) and v (D, k)."""
    z, v = orthonormal(rng, C, len(strengths)), orthonormal(rng, D, len(strengths))
    return (z * strengths) @ v.T, z, v


@pytest.mark.exercise("linear_theory.final_kernel_blocks", row=3)
@pytest.mark.parametrize("L, C, D", [(2, 2, 3), (3, 3, 3), (3, 2, 4), (4, 3, 2)])
def test_final_kernel_blocks_are_those_of_balanced_layers(rng, L, C, D):
    """Weights with the product B and no defect have this kernel, gradient by gradient."""
    strengths = np.array([2.0, 1.1, 0.4])[: min(C, D)]
    B, z, v = drawn_modes(rng, C, D, strengths)
    R = [v, *(orthonormal(rng, 4, len(strengths)) for _ in range(L - 1)), z]
    weights = [(above * strengths ** (1 / L)) @ below.T for below, above in zip(R, R[1:])]
    X = rng.standard_normal((3, D))
    assert_matches(linear_theory.final_kernel_blocks(X, B, L), oracles.ntk(weights, X, X, 1.0), rtol=1e-6)


@pytest.mark.exercise("linear_theory.final_kernel_blocks", row=4)
@pytest.mark.parametrize("L, C, D, s", [(2, 3, 2, 1.7), (4, 4, 5, 1.7), (2, 3, 2, 1e-20)])
def test_final_kernel_blocks_of_a_rank_deficient_map(rng, L, C, D, s):
    """Where B has no strength a power above 0 is 0, and the power 0 is I all the same. Mode by mode, to six digits."""
    X = rng.standard_normal((4, D))
    B, z, v = drawn_modes(rng, C, D, np.array([s]))
    left = [s ** (2 * (L - l) / L) * z @ z.T if l < L else np.eye(C) for l in range(1, L + 1)]
    right = [s ** (2 * (l - 1) / L) * v @ v.T if l > 1 else np.eye(D) for l in range(1, L + 1)]
    expected = sum(np.einsum("cd,mn->cdmn", a, X @ b @ X.T) for a, b in zip(left, right))
    assert_matches(linear_theory.final_kernel_blocks(X, B, L), expected, rtol=1e-6)


@pytest.mark.exercise("linear_theory.final_kernel_blocks", row=5)
def test_final_kernel_blocks_are_those_of_a_trained_network(rng):
    """Two layers, two outputs, small random weights, white data and targets X B^T: the kernel at the end."""
    X = oracles.draw_white(rng, 7, 4)
    B = drawn_modes(rng, 2, 4, np.array([2.0, 1.0]))[0]
    run = training.gradient_flow(drawn_weights(rng, [4, 5, 2], 3e-3), X, X @ B.T, 1.0, target_loss=1e-9, rtol=1e-7)
    J = oracles.jacobian(run.weights[-1], X, 1.0)
    assert_matches(linear_theory.final_kernel_blocks(X, B, 2), np.einsum("mcp,ndp->cdmn", J, J), rtol=1e-3)


def test_very_small_weights_are_no_numerical_trouble():
    """q_0^2 and u_0^L are too small for a float. r is shifted by log(1 / size) / 2; u is u_0 / (1 - t u_0), then 1."""
    times = np.array([9.0, 10.0, 11.0])
    expected = linear_theory.two_layer_mode(1e-9, 0.2e-9, 1.0, times)[0]
    late = linear_theory.two_layer_mode(1e-200, 0.2e-200, 1.0, times + math.log(1e191) / 2)[0]
    assert_matches(late, expected, rtol=1e-6)
    assert_matches(linear_theory.deep_mode(1e-120, 1.0, 3, np.array([0.5e120])), np.array([2e-120]), rtol=1e-6)
    assert_matches(linear_theory.deep_mode(1e-120, 1.0, 3, np.array([1.1e120])), np.array([1.0]))


@pytest.mark.exercise("linear_theory.layer_terms", row=1)
def test_layer_terms_by_hand():
    """W_1 = diag(1, 2), W_2 = (3, 5), samples (1, 1) and (2, -1): h_1 is (1, 2) and (2, 0), B_1 (3, 5) and (3, 0)."""
    weights, X = [np.diag([1.0, 2.0]), np.array([[3.0, 5.0]])], np.array([[1.0, 1.0], [2.0, -1.0]])
    expected = [np.array([[2.0 * 34, 1.0 * 9], [1.0 * 9, 5.0 * 9]]), np.array([[5.0, 2.0], [2.0, 4.0]])]
    assert_matches(linear_theory.layer_terms(weights, X), expected)


def layer_grams(weights, X, slope):
    """The inner products of the gradients with respect to each W_l, blocks (C, C, P, P)."""
    ends = np.cumsum([0, *(W.size for W in weights)])
    J = oracles.jacobian(weights, X, slope)  # (P, C, n_params)
    return [np.einsum("mcw,ndw->cdmn", J[:, :, i:j], J[:, :, i:j]) for i, j in zip(ends, ends[1:])]


@pytest.mark.exercise("linear_theory.layer_terms", row=2)
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("L", [1, 2, 4])
def test_layer_terms_are_inner_products_of_one_layers_gradients(rng, L, slope):
    """One output: how W_l alone, trained on sample n, moves the output at sample m."""
    weights, X, _ = oracles.draw_network(rng, L)
    with unchanged(weights, X):
        found = linear_theory.layer_terms(weights, X, slope)
    assert_matches(found, [K[0, 0] for K in layer_grams(weights, X, slope)])


@pytest.mark.exercise("linear_theory.layer_terms", row=3)
@pytest.mark.parametrize("L", [1, 3])
def test_layer_terms_have_a_block_for_every_pair_of_outputs(rng, L):
    """Three outputs: (C, C, P, P), with K_l[c, d, m, n] between output c at sample m and output d at sample n."""
    weights, X, slope = oracles.draw_network(rng, L, C=3, slope=0.2)
    assert_matches(linear_theory.layer_terms(weights, X, slope), layer_grams(weights, X, slope))


@pytest.mark.exercise("linear_theory.layer_terms", row=4)
@pytest.mark.parametrize("L", [2, 4])
def test_layer_terms_of_a_rank_one_linear_network(rng, L):
    """W_l = u r_{l+1} r_l^T: K_1 is u^{2L-2} X X^T, and every other K_l is u^{2L-2} X beta beta^T X^T, of rank one."""
    u, X, beta = 1.3, rng.standard_normal((6, 3)), unit_vector(rng, 3)
    terms = [X @ X.T, *[np.outer(X @ beta, X @ beta)] * (L - 1)]
    found = linear_theory.layer_terms(rank_one_weights(rng, beta, L, u), X, slope=1.0)
    assert_matches(found, [u ** (2 * L - 2) * K for K in terms])


@pytest.mark.exercise("linear_theory.balance_defect", row=1)
def test_balance_defect_by_hand():
    """W_1 with rows (1, 2), (0, 1) and W_2 = (3, 1) give [[4, 1], [1, 0]]; a row (1, 2) and W_2 = (3) give 4."""
    weights = [np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[3.0, 1.0]])]
    assert_matches(linear_theory.balance_defect(weights), [np.array([[4.0, 1.0], [1.0, 0.0]])])
    assert_matches(linear_theory.balance_defect([np.array([[1.0, 2.0]]), np.array([[3.0]])]), [np.array([[4.0]])])


def defects(weights):
    """sum_k W_{l+1}[k, i] W_{l+1}[k, j] - sum_m W_l[i, m] W_l[j, m] by the rows that leave and enter the units."""
    return [sum(np.outer(v, v) for v in V) - sum(np.outer(w, w) for w in W.T) for W, V in zip(weights, weights[1:])]


@pytest.mark.exercise("linear_theory.balance_defect", row=2)
@pytest.mark.parametrize("widths", [[4, 3, 1], [2, 5, 3, 4], [3, 2]])
def test_balance_defect_has_a_matrix_for_every_hidden_layer(rng, widths):
    """L - 1 matrices (n_l, n_l), at any depth and width; one layer has none. Inputs stay."""
    weights = drawn_weights(rng, widths, 1.0)
    with unchanged(weights):
        found = linear_theory.balance_defect(weights)
    assert_matches(found, defects(weights))


@pytest.mark.exercise("linear_theory.balance_defect", row=3)
def test_balance_defect_does_not_change_in_a_linear_network(rng):
    """After gradient flow with three layers it is what it was before, though W_l W_l^T is not."""
    weights = drawn_weights(rng, [3, 4, 2, 1], 2.0)
    X, y = rng.standard_normal((6, 3)), rng.standard_normal(6)
    end = training.gradient_flow(weights, X, y, 1.0, time=2.0, rtol=1e-9).weights[-1]
    assert abs(end[1] @ end[1].T - weights[1] @ weights[1].T).max() > 0.01
    assert_matches(linear_theory.balance_defect(end), defects(weights), rtol=1e-6)


@pytest.mark.exercise("linear_theory.two_layer_mode", row=5)
@pytest.mark.parametrize("q0, r0", [(1e-3, 1e-3), (1e-3, -1e-3), (1e-3, 2e-3)])
def test_two_layer_mode_refuses_overlaps_that_no_weights_have(q0, r0):
    """q_0 is at most |r_0|: a ValueError."""
    assert_refused(linear_theory.two_layer_mode, q0, r0, 1.0, np.array([0.0, 1.0]))


@pytest.mark.exercise("linear_theory.deep_mode", row=5)
@pytest.mark.parametrize("u0", [1.0, 1.5])
def test_deep_mode_refuses_to_start_at_the_end(u0):
    """u_0 is s^{1/L} or more: a ValueError."""
    assert_refused(linear_theory.deep_mode, u0, 1.0, 3, np.array([0.0, 1.0]))


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda: linear_theory.two_layer_mode(1.0, 1.0, 2.0, np.ones(2)), "q0 is 1.0, expected more than |r0| = 1.0"),
        (lambda: linear_theory.two_layer_mode(0.5, -1.0, 2.0, np.ones(2)), "q0 is 0.5, expected more than |r0| = 1.0"),
        (lambda: linear_theory.deep_mode(1.0, 1.0, 3, np.ones(2)), "u0 is 1.0, expected less than s^(1/L) = 1"),
        (lambda: linear_theory.deep_mode(3.0, 4.0, 2, np.ones(2)), "u0 is 3.0, expected less than s^(1/L) = 2"),
        (lambda: linear_theory.mode_time(1.0, -1.0, 1.0), "q0 + r0 is 0.0, expected more than 0"),
    ],
)
def test_starts_that_have_no_solution_are_refused(call, told):
    """|r_0| can not exceed q_0, u_0 lies below the end, and a mode with q_0 + r_0 = 0 never grows."""
    with pytest.raises(ValueError, match=f"^[^\n]*: {re.escape(told)}[^\n]*$"):
        call()


def test_only_the_diagonal_of_the_defect_stays_in_a_leaky_network(rng):
    """slope < 1: one number a unit is conserved, and the rest of the matrix is not."""
    weights, X, y = drawn_weights(rng, [3, 4, 2], 0.8), rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    end = training.gradient_descent(weights, X, y, 1e-4, 0.1, steps=3000).weights[-1]
    moved = abs(linear_theory.balance_defect(end)[0] - defects(weights)[0])
    assert moved.max() > 0.01 and np.diag(moved).max() < 1e-3 * moved.max()


def test_a_mode_reaches_every_share_of_its_strength_at_mode_time():
    """The exact r(t) of the oracle, for weights so small that the theory's neglected terms are below 1e-9."""
    q_0, r_0, s = 3e-10, -1e-10, 1.4
    for share in (0.05, 0.5, 0.9):
        time = linear_theory.mode_time(q_0, r_0, s, share)
        assert_matches(oracles.two_layer_mode(s, q_0, r_0, [time])[0] / s, share, rtol=1e-8)


def test_the_overlaps_of_a_mode_are_its_size_and_its_strength(rng):
    """q = (|a|^2 + |b|^2) / 2 and r = a.b with a = W_2^T z, b = W_1 v; also for one output, z = (1,)."""
    for C in (3, 1):
        weights, z, v = drawn_weights(rng, [4, 7, C], 1.0), unit_vector(rng, C), unit_vector(rng, 4)
        a, b = z @ weights[1], weights[0] @ v
        assert_matches(list(linear_theory.mode_overlaps(weights, z, v)), [sum(a * a + b * b) / 2, sum(a * b)])


def test_the_final_spectrum_is_that_of_the_final_kernel(rng):
    X, beta = oracles.draw_white(rng, 12, 5), unit_vector(rng, 5)
    for L in (1, 2, 4):
        K = oracles.final_kernel(X, beta, 1.7, L)
        e, y = np.linalg.eigvalsh(K), X @ beta
        expected = [e[-1] / e.sum(), e.sum() ** 2 / (e**2).sum(), oracles.alignment(K, np.outer(y, y))]
        assert_matches(list(linear_theory.final_spectrum(5, L)), expected)

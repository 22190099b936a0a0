"""Several outputs and other losses: the driving residual, the modes, the clock and the frozen kernel."""

import numpy as np
import oracles
import pytest

from minintk import outputs


@pytest.mark.parametrize("loss", ["mse", "logistic", "softmax"])
def test_the_early_residual_is_minus_p_times_the_derivative_at_zero(loss):
    rng = np.random.default_rng(0)
    y = oracles.draw_targets(rng, 5, 3, loss)
    (slope,) = oracles.differences(lambda m: np.array([oracles.loss(m[0], y, loss)]), [np.zeros((5, 3))])
    oracles.assert_matches(outputs.early_residual(y, loss), -5 * np.reshape(slope, (5, 3)), rtol=1e-7)


def test_early_modes_take_the_residuals_correlation_with_the_inputs_apart():
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    Z, s, V = outputs.early_modes(X, y)
    oracles.assert_matches(Z @ np.diag(s) @ V.T, y.T @ X / 6)
    assert s[0] >= s[1] > 0 and Z.shape == (2, 2) and V.shape == (4, 2)
    oracles.assert_matches(V.T @ V, np.eye(2))


def test_mode_strengths_are_the_products_matrix_elements():
    W1, W2 = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]), np.array([[1.0, 0.0], [2.0, 1.0]])
    got = outputs.mode_strengths([W1, W2], Z=np.eye(2), V=np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    assert got.tolist() == [1.0, 6.0]  # W2 W1 = [[1, 2, 0], [2, 5, 1]]


def test_the_clock_counts_a_triangle():
    got = outputs.kernel_clock(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 4.0]))
    assert got.tolist() == [0.0, 0.25, 1.75]


def test_a_frozen_kernel_of_one_sample_follows_the_logistic_equation():
    """K = 2, y = 1: e^f + f = 1 + 2 t, from df/dt = 2 / (1 + e^f)."""
    times = [0.0, 0.5, 2.0, 10.0]
    f = outputs.frozen_kernel_flow(np.array([[2.0]]), np.array([1.0]), times, "logistic")[:, 0, 0]
    oracles.assert_matches(np.exp(f) + f, 1 + 2 * np.array(times), rtol=1e-6)


def test_a_frozen_block_kernel_couples_the_outputs():
    """MSE with blocks: f(t) = [1 - exp(-K t / P)] y with K as one (C P, C P) matrix."""
    rng = np.random.default_rng(2)
    J = rng.standard_normal((2, 3, 9))
    K, y = np.einsum("cmi,dni->cdmn", J, J), rng.standard_normal((3, 2))
    matrix = np.array([[K[c, d, m, n] for d in range(2) for n in range(3)] for c in range(2) for m in range(3)])
    values, modes = np.linalg.eigh(matrix)
    f = modes @ ((1 - np.exp(-values * 0.4 / 3)) * (modes.T @ y.T.ravel()))
    got = outputs.frozen_kernel_flow(K, y, [0.4])
    oracles.assert_matches(got[0], f.reshape(2, 3).T, rtol=1e-6)

"""Unit 2: gradient_factors, jacobian, ntk, block_matrix, kernel_predictor, constant_kernel_flow."""

import tracemalloc

import numpy as np
import oracles
import pytest
from oracles import assert_matches, drawn_weights, expect, unchanged

from minintk import kernel


def single(arrays):
    """The arrays of a list as float32."""
    return [a.astype(np.float32) for a in arrays]


def at_a_kink():
    """A network with one unit whose preactivation is 0 exactly at the only sample."""
    return [np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[3.0, 5.0]])], np.array([[2.0, 2.0]])


@pytest.mark.exercise("kernel.gradient_factors", row=1)
def test_gradient_factors_of_one_layer_by_hand():
    """For f = W x the factors are the inputs and, for each output c, ones in column c and zeros elsewhere."""
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    factors = kernel.gradient_factors([np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 5.0]])], X, slope=0.0)
    assert len(factors) == 1
    h, B = factors[0]
    assert_matches(h, X)
    assert_matches(B, [np.array([row, row]) for row in np.eye(3)])


@pytest.mark.exercise("kernel.gradient_factors", row=2)
def test_gradient_factors_come_layer_by_layer_with_one_delta_an_output(drawn):
    """There is one pair a layer: h_{l-1} (P, n_{l-1}), and a list of C arrays B_l (P, n_l)."""
    weights, X, slope = drawn
    factors = kernel.gradient_factors(weights, X, slope=slope)
    assert_matches([h for h, _ in factors], oracles.forward(weights, X, slope)[:-1])
    assert [[np.shape(b) for b in B] for _, B in factors] == [[(len(X), len(W))] * len(weights[-1]) for W in weights]


@pytest.mark.exercise("kernel.gradient_factors", row=3)
def test_gradient_factors_multiply_to_the_gradients(drawn):
    """The outer product of B_l[c, m] and h_{l-1}[m] is the gradient of f_c(x_m) with respect to W_l."""
    weights, X, slope = drawn
    with unchanged(weights, X):
        factors = kernel.gradient_factors(weights, X, slope=slope)
    C = len(weights[-1])
    gradients = oracles.differences(lambda m: oracles.outputs(m, X, slope), weights)
    for (h, B), G in zip(factors, gradients, strict=True):
        assert_matches(np.array([[np.outer(B[c][m], h[m]) for c in range(C)] for m in range(len(X))]), G)


@pytest.mark.exercise("kernel.jacobian", row=1)
def test_jacobian_of_one_layer_by_hand():
    """f = w.x has the gradient x, whatever w is: the Jacobian (P, 1, D) holds the inputs."""
    X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert_matches(kernel.jacobian([np.array([[7.0, 8.0, 9.0]])], X, slope=0.0), X[:, None, :])


@pytest.mark.exercise("kernel.jacobian", row=2)
def test_jacobian_lists_the_layers_in_order_each_row_by_row():
    """With x = 2, W_1 = (1, 3), W_2 = (5, 7) the row is the gradient for W_1, (10, 14), then that for W_2, (2, 6)."""
    weights = [np.array([[1.0], [3.0]]), np.array([[5.0, 7.0]])]
    assert_matches(kernel.jacobian(weights, np.array([[2.0]]), slope=0.0), np.array([[[10.0, 14.0, 2.0, 6.0]]]))


@pytest.mark.exercise("kernel.jacobian", row=2)
def test_jacobian_of_two_outputs_of_one_layer():
    """f = W x with two outputs: each is the inputs (3, 4) times its own row of W, and the other row moves nothing."""
    both = kernel.jacobian([np.zeros((2, 2))], np.array([[3.0, 4.0]]), slope=0.0)
    assert_matches(both, np.array([[[3.0, 4.0, 0.0, 0.0], [0.0, 0.0, 3.0, 4.0]]]))


@pytest.mark.exercise("kernel.jacobian", row=3)
def test_jacobian_is_the_derivative_of_every_output(drawn):
    """Each entry is the derivative of one output at one sample with respect to one weight, for any network."""
    weights, X, slope = drawn
    gradients = oracles.differences(lambda m: oracles.outputs(m, X, slope), weights)
    expected = np.concatenate([G.reshape(*G.shape[:2], -1) for G in gradients], axis=2)
    with unchanged(weights, X):
        assert_matches(kernel.jacobian(weights, X, slope=slope), expected)


@pytest.mark.exercise("kernel.jacobian", row=4)
def test_jacobian_times_the_weights_is_L_times_the_outputs(drawn):
    """Euler's relation: f is homogeneous of degree L in the weights theta, so J theta = L f."""
    weights, X, slope = drawn
    theta = np.concatenate([W.ravel() for W in weights])
    J = kernel.jacobian(weights, X, slope=slope)
    assert_matches(J @ theta, len(weights) * oracles.outputs(weights, X, slope))


@pytest.mark.exercise("kernel.jacobian", row=5)
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_jacobian_keeps_single_precision(rng, slope):
    """With float32 weights and inputs the Jacobian is float32."""
    weights, X, _ = oracles.draw_network(rng, L=3, C=2, slope=slope)
    J = kernel.jacobian(single(weights), X.astype(np.float32), slope=slope)
    assert J.dtype == np.float32
    assert_matches(J, oracles.jacobian(weights, X, slope), rtol=1e-5)


@pytest.mark.exercise("kernel.ntk", row=1)
def test_ntk_of_one_layer_is_the_gram_matrix():
    """f = w.x has K = X1 X2^T, whatever w is; if X2 is not given it is X1."""
    X1, X2 = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    w = [np.array([[7.0, -8.0]])]
    assert_matches(kernel.ntk(w, X1, X2, slope=0.0), np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 7.0]]))
    assert_matches(kernel.ntk(w, X1, slope=0.0), np.array([[5.0, 11.0], [11.0, 25.0]]))


@pytest.mark.exercise("kernel.ntk", row=2)
def test_ntk_is_the_inner_product_of_gradients(drawn):
    """K[m, n] is the sum over all weights of the gradient at x_m times the gradient at x_n."""
    weights, X, slope = drawn
    weights = [*weights[:-1], weights[-1][:1]]  # one output
    with unchanged(weights, X):
        assert_matches(kernel.ntk(weights, X, slope=slope), oracles.ntk(weights, X, X, slope)[0, 0])


@pytest.mark.exercise("kernel.ntk", row=2)
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_ntk_takes_the_slope_at_a_kink(slope):
    """Where a preactivation is 0 exactly, the gradient has the slope as phi', also in the kernel."""
    weights, X = at_a_kink()
    K = 8 * (25 + 9 * slope**2) + 16  # |x|^2 = 8, times what W_2 hands down, plus |h_1|^2
    assert_matches(kernel.ntk(weights, X, slope=slope), np.array([[float(K)]]))


@pytest.mark.exercise("kernel.ntk", row=3)
def test_ntk_between_two_sets_of_inputs(rng, drawn):
    """Row m belongs to X1 and column n to X2: the kernel is (P1, P2), also if P1 or P2 is 1."""
    weights, X1, slope = drawn
    weights = [*weights[:-1], weights[-1][:1]]
    for P2 in (1, 9):
        X2 = rng.standard_normal((P2, X1.shape[1]))
        with unchanged(weights, X1, X2):
            K = kernel.ntk(weights, X1, X2, slope=slope)
        assert_matches(K, oracles.ntk(weights, X1, X2, slope)[0, 0])


@pytest.mark.exercise("kernel.ntk", row=4)
def test_ntk_of_several_outputs_has_a_block_for_each_pair(rng, drawn):
    """K[c, c', m, n] is the inner product of the gradient of output c at x_m and of output c' at x_n."""
    weights, X1, slope = drawn
    weights = [*weights[:-1], rng.standard_normal((3, weights[-1].shape[1]))]
    X2 = rng.standard_normal((4, X1.shape[1]))
    assert_matches(kernel.ntk(weights, X1, slope=slope), oracles.ntk(weights, X1, X1, slope))
    assert_matches(kernel.ntk(weights, X1, X2, slope=slope), oracles.ntk(weights, X1, X2, slope))


@pytest.mark.exercise("kernel.ntk", row=5)
def test_ntk_has_the_symmetries_of_a_kernel(drawn):
    """K is symmetric, no eigenvalue is negative, and all weights times c > 0 give c^(2L-2) times K."""
    weights, X, slope = drawn
    weights = [*weights[:-1], weights[-1][:1]]
    X = np.concatenate([X, -X, 2 * X])  # more samples, some of them dependent
    K, c, L = kernel.ntk(weights, X, slope=slope), 1.7, len(weights)
    assert K.shape == (len(X), len(X))
    assert_matches(K.T, K, rtol=1e-14)
    eigenvalues = np.linalg.eigvalsh(K)
    assert eigenvalues[0] >= -1e-13 * eigenvalues[-1]
    assert_matches(kernel.ntk([c * W for W in weights], X, slope=slope), c ** (2 * L - 2) * K)


@pytest.mark.parametrize("C", [1, 2])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_ntk_keeps_single_precision(rng, slope, C):
    weights, X, _ = oracles.draw_network(rng, L=3, C=C, slope=slope)
    K = kernel.ntk(single(weights), X.astype(np.float32), slope=slope)
    assert K.dtype == np.float32
    assert_matches(K, oracles.ntk(weights, X, X, slope)[() if C > 1 else (0, 0)], rtol=1e-5)


@pytest.mark.parametrize("C", [1, 2])
def test_ntk_of_many_samples_is_the_same_everywhere(rng, C):
    """A large kernel, which may be computed piece by piece, agrees with single gradients in every region."""
    weights = [rng.standard_normal((3, 2)), rng.standard_normal((C, 3))]
    X1, X2 = rng.standard_normal((1200, 2)), rng.standard_normal((800, 2))
    some, others = np.arange(0, 1200, 47), np.arange(0, 800, 41)
    K, mixed = kernel.ntk(weights, X1, slope=0.1), kernel.ntk(weights, X1, X2, slope=0.1)
    J1, J2 = oracles.jacobian(weights, X1[some], 0.1), oracles.jacobian(weights, X2[others], 0.1)
    blocks = (C, C) if C > 1 else ()
    expected = np.einsum("mci,ndi->cdmn", J1, J1).reshape(*blocks, len(some), len(some))
    assert_matches(K[..., some[:, None], some], expected)
    expected = np.einsum("mci,ndi->cdmn", J1, J2).reshape(*blocks, len(some), len(others))
    assert_matches(mixed[..., some[:, None], others], expected)
    assert np.array_equal(K, K.swapaxes(-1, -2).swapaxes(0, 1) if C > 1 else K.T)


def test_the_tiles_of_a_large_kernel_are_equal_and_small():
    """At most 500 rows each: 1200 rows are three times 400, and few rows are one tile."""
    assert kernel._slices(1200) == [slice(0, 400), slice(400, 800), slice(800, 1200)]
    assert kernel._slices(7) == [slice(0, 7)]


@pytest.mark.exercise("kernel.kernel_predictor", row=6)
@pytest.mark.parametrize("precision, rtol", [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_kernel_predictor_leaves_out_directions_that_are_rounding_errors(rng, precision, rtol):
    """A kernel X X^T of rank 5 between 40 samples gives the least-squares fit of the targets on X."""
    X, X_test, y = rng.standard_normal((40, 5)), rng.standard_normal((3, 5)), rng.standard_normal(40)
    expected = X_test @ np.linalg.solve(X.T @ X, X.T @ y)
    found = kernel.kernel_predictor((X @ X.T).astype(precision), (X_test @ X.T).astype(precision), y.astype(precision))
    assert_matches(found, expected.astype(precision), rtol=rtol)


def test_kernel_functions_are_relu_unless_told_otherwise():
    weights, X = at_a_kink()
    assert_matches(kernel.ntk(weights, X), np.array([[216.0]]))
    assert_matches(kernel.jacobian(weights, X), np.array([[[0.0, 0.0, 10.0, 10.0, 0.0, 4.0]]]))
    assert_matches(kernel.gradient_factors(weights, X)[0][1], [np.array([[0.0, 5.0]])])


@pytest.mark.parametrize("C, P1, P2", [(2, 3, 4), (3, 1, 5), (2, 4, 1)])
def test_block_matrix_counts_outputs_first_and_samples_second(rng, C, P1, P2):
    """Row c P1 + m and column c' P2 + n hold K[c, c', m, n]; a matrix stays as it is."""
    K = rng.standard_normal((C, C, P1, P2))
    expected = np.zeros((C * P1, C * P2))
    for c, d, m, n in np.ndindex(K.shape):
        expected[c * P1 + m, d * P2 + n] = K[c, d, m, n]
    with unchanged(K):
        assert_matches(kernel.block_matrix(K), expected)
    assert_matches(kernel.block_matrix(K[0, 0]), K[0, 0])


@pytest.mark.exercise("kernel.ntk", row=6)
def test_ntk_forms_no_gradient(rng):
    """60 gradients of 40,400 numbers are 19 MB; the kernel between 60 samples needs a small part of that."""
    weights, X = drawn_weights(rng, [100, 400, 1], 1.0), rng.standard_normal((60, 100))
    tracemalloc.start()
    K = kernel.ntk(weights, X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_matches(K, oracles.two_layer_ntk(weights[0], weights[1][0], X, X, 0.0))
    expect(peak < 8e6, f"At one moment it took {peak / 1e6:.0f} MB, as much as gradients, expected less than 8.")


@pytest.mark.exercise("kernel.kernel_predictor", row=1)
def test_kernel_predictor_by_hand():
    """K = diag(2, 4) and targets (6, 8): a test row (1, 10) gives 23, and (1, 0) gives 3."""
    K_train, K_test = np.diag([2.0, 4.0]), np.array([[1.0, 10.0], [0.0, 1.0], [1.0, 0.0]])
    assert_matches(kernel.kernel_predictor(K_train, K_test, np.array([6.0, 8.0])), np.array([23.0, 2.0, 3.0]))


@pytest.mark.exercise("kernel.kernel_predictor", row=2)
def test_kernel_predictor_passes_through_the_targets(rng):
    """At the training points, K_test = K_train, the prediction is the target, for one output or several columns."""
    K, f0 = oracles.draw_spd(rng, 6), rng.standard_normal((6, 2))
    y = rng.standard_normal((6, 2))
    assert_matches(kernel.kernel_predictor(K, K, y[:, 0]), y[:, 0])
    assert_matches(kernel.kernel_predictor(K, K, y[:, 0], f0[:, 0], f0[:, 0]), y[:, 0])
    assert_matches(kernel.kernel_predictor(K, K, y, f0, f0), y)


@pytest.mark.exercise("kernel.kernel_predictor", row=3)
@pytest.mark.parametrize("P, P2", [(5, 3), (1, 4), (4, 1)])
def test_kernel_predictor_starts_from_the_initial_network(rng, P, P2):
    """f_0 is not left out, neither at the training nor at the test points; all outputs may share one kernel."""
    K_train, K_test = oracles.draw_spd(rng, P), rng.standard_normal((P2, P))
    y, f0_train, f0_test = (rng.standard_normal((n, 3)) for n in (P, P, P2))
    expected = f0_test + K_test @ np.linalg.solve(K_train, y - f0_train)
    with unchanged(K_train, K_test, y, f0_train, f0_test):
        one = kernel.kernel_predictor(K_train, K_test, y[:, 0], f0_train[:, 0], f0_test[:, 0])
        several = kernel.kernel_predictor(K_train, K_test, y, f0_train, f0_test)
    assert_matches(one, expected[:, 0])
    assert_matches(several, expected)


@pytest.mark.exercise("kernel.kernel_predictor", row=4)
@pytest.mark.parametrize("C, P, P2", [(2, 4, 3), (3, 2, 1), (2, 1, 5)])
def test_kernel_predictor_joins_the_outputs_of_a_block_kernel(rng, C, P, P2):
    """With kernels (C, C, P, P) every output's error moves all outputs: one system of C P equations is solved."""
    K_train, K_test = oracles.draw_block_kernel(rng, C, P, P2)
    y, f0_train, f0_test = (rng.standard_normal((n, C)) for n in (P, P, P2))
    expected = oracles.block_predictor(K_train, K_test, y, f0_train, f0_test)
    assert_matches(kernel.kernel_predictor(K_train, K_test, y, f0_train, f0_test), expected)


@pytest.mark.exercise("kernel.kernel_predictor", row=5)
def test_kernel_predictor_ignores_what_a_singular_kernel_cannot_see(rng):
    """Eigenvalues below rcond times the largest count as zero: the error along them is neither fitted nor amplified."""
    Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    y, K_test = rng.standard_normal(5), rng.standard_normal((3, 5))
    K = (Q * [3.0, 2.0, 1.0, 0.0, 0.0]) @ Q.T
    seen = (Q[:, :3] / [3.0, 2.0, 1.0]) @ Q[:, :3].T
    assert_matches(kernel.kernel_predictor(K, K_test, y), K_test @ seen @ y)
    K = (Q * [1.0, 0.5, 0.2, 0.01, 0.001]) @ Q.T
    for rcond, kept in [(0.5001, 1), (0.1, 3), (0.005, 4), (0.0, 5)]:
        seen = (Q[:, :kept] / np.array([1.0, 0.5, 0.2, 0.01, 0.001])[:kept]) @ Q[:, :kept].T
        assert_matches(kernel.kernel_predictor(K, K_test, y, 0.0, 0.0, rcond), K_test @ seen @ y)


@pytest.mark.exercise("kernel.ridge_predictor", row=1)
def test_ridge_predictor_by_hand():
    """K = diag(2, 4), targets (8, 6) and decay = 1: the training outputs end at (4, 4), the test row (1, 10) at 12."""
    K_train, K_test = np.diag([2.0, 4.0]), np.array([[1.0, 10.0], [0.0, 3.0]])
    with unchanged(K_train, K_test):
        found = kernel.ridge_predictor(K_train, K_test, np.array([8.0, 6.0]), 1.0)
    assert_matches(found, np.array([12.0, 3.0]))


@pytest.mark.exercise("kernel.ridge_predictor", row=2)
@pytest.mark.parametrize("decay", [0.1, 3.0])
def test_ridge_predictor_has_the_smallest_decayed_loss(rng, decay):
    """At the training points f = Phi theta, and |theta|^2 is at least f^T K^{-1} f: the loss grows to any side of f."""
    K, y = oracles.draw_spd(rng, 5), rng.standard_normal(5)

    def total(f):
        return ((f - y) ** 2).mean() / 2 + decay / 2 * f @ np.linalg.solve(K, f)

    f = np.asarray(kernel.ridge_predictor(K, K, y, decay))
    slopes = [(total(f + 1e-4 * e) - total(f - 1e-4 * e)) / 2e-4 for e in np.eye(5)]
    assert_matches(1 + np.array(slopes), np.ones(5), rtol=1e-7)


@pytest.mark.exercise("kernel.ridge_predictor", row=3)
def test_ridge_predictor_of_several_outputs_and_a_singular_kernel(rng):
    """K = X X^T of rank 2 with 4 samples: theta = (X^T X / P + decay I)^{-1} X^T Y / P in the inputs."""
    X, X_test, Y = rng.standard_normal((4, 2)), rng.standard_normal((3, 2)), rng.standard_normal((4, 3))
    expected = X_test @ np.linalg.inv(X.T @ X / 4 + 0.7 * np.eye(2)) @ X.T @ Y / 4
    assert_matches(kernel.ridge_predictor(X @ X.T, X_test @ X.T, Y, 0.7), expected)
    assert_matches(kernel.ridge_predictor(X @ X.T, X_test @ X.T, Y[:, 1], 0.7), expected[:, 1])


def test_kernel_predictor_cuts_at_1e_12_unless_told_otherwise():
    """The default of rcond is far above rounding noise, and far below any eigenvalue that is meant."""
    for small, seen in [(1.5e-12, 1.0), (0.7e-12, 0.0)]:
        K = np.diag([1.0, small])
        assert_matches(kernel.kernel_predictor(K, K, np.ones(2)), np.array([1.0, seen]))


def test_kernel_predictor_cuts_the_eigenvalues_of_the_whole_block_kernel(rng):
    """With several outputs, too, directions below rcond times the largest eigenvalue are left out."""
    K_train, K_test = oracles.draw_block_kernel(rng, 2, 3, 4)
    K_train = K_train.copy()
    K_train[1] = K_train[:, 1] = 0  # the second output has no kernel at all
    alpha = np.linalg.solve(K_train[0, 0], [1.0, 2.0, 3.0])
    got = kernel.kernel_predictor(K_train, K_test, np.array([[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]]))
    assert_matches(got, np.stack([K_test[0, 0] @ alpha, K_test[1, 0] @ alpha], axis=1))


@pytest.mark.exercise("kernel.constant_kernel_flow", row=1)
def test_constant_kernel_flow_by_hand():
    """K = 2, one sample, y = 1 and f0 = 0 give f(t) = 1 - exp(-2 t), one row for each time."""
    times = np.array([0.0, 0.5, 3.0])
    f = kernel.constant_kernel_flow(np.array([[2.0]]), np.array([1.0]), np.array([0.0]), times)
    assert_matches(f, (1 - np.exp(-2 * times))[:, None])


@pytest.mark.exercise("kernel.constant_kernel_flow", row=2)
@pytest.mark.parametrize("P", [1, 4])
def test_constant_kernel_flow_starts_at_f0_and_ends_at_the_targets(rng, P):
    """f(0) = f0, and after a long time f = y."""
    K, y, f0 = oracles.draw_spd(rng, P), rng.standard_normal(P), rng.standard_normal(P)
    with unchanged(K, y, f0):
        f = kernel.constant_kernel_flow(K, y, f0, np.array([0.0, 1e3]))
    assert_matches(f, np.array([f0, y]))


@pytest.mark.exercise("kernel.constant_kernel_flow", row=3)
def test_constant_kernel_flow_solves_the_differential_equation(rng):
    """The same outputs as integrating df/dt in small steps, for P = 2 and 5. Which number in it changes with P?

    A kernel that is smaller by a factor learns the same, later by that factor.
    """
    for P in (2, 5):
        K, y, f0 = oracles.draw_spd(rng, P), rng.standard_normal(P), rng.standard_normal(P)
        times = np.array([0.3, 1.0, 2.5, 6.0])
        expected = oracles.rk4(lambda f, K=K, y=y, P=P: K @ (y - f) / P, f0, times, step=0.004)
        for unit in (1.0, 1e-20):
            assert_matches(kernel.constant_kernel_flow(unit * K, y, f0, times / unit), expected)


@pytest.mark.exercise("kernel.constant_kernel_flow", row=4)
def test_constant_kernel_flow_never_learns_what_the_kernel_cannot_see(rng):
    """Along an eigenvector with eigenvalue 0 the output stays where it was, however long the training."""
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    K, y, f0 = (Q * [2.0, 1.0, 0.0, 0.0]) @ Q.T, rng.standard_normal(4), rng.standard_normal(4)
    seen = Q[:, :2] @ Q[:, :2].T
    f = kernel.constant_kernel_flow(K, y, f0, np.array([200.0]))
    assert_matches(f, (f0 + seen @ (y - f0))[None])


def test_kernels_and_predictions_keep_single_precision(rng):
    K_train, K_test = oracles.draw_block_kernel(rng, 2, 4, 3)
    y = rng.standard_normal((4, 2))
    K_train, K_test, y = single([K_train, K_test, y])
    assert kernel.kernel_predictor(K_train, K_test, y).dtype == np.float32
    assert kernel.kernel_predictor(K_train[0, 0], K_test[0, 0], y).dtype == np.float32
    flow = kernel.constant_kernel_flow(K_train[0, 0], y[:, 0], y[:, 1], np.array([1.0, 2.0], dtype=np.float32))
    assert flow.dtype == np.float32
    layers = kernel.gradient_factors(single([np.ones((3, 2)), np.ones((2, 3))]), y, slope=0.1)
    assert all(part.dtype == np.float32 for h, B in layers for part in (h, *B))

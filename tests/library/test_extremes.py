"""Kernels, data and outputs that are very small, very large, or not what a function needs; runs without an end."""

import numpy as np
import oracles
import pytest
from oracles import assert_matches

from minintk import alignment, kernel, network, outputs, silence, whitening

SCALES = [(np.float64, 1e-300), (np.float64, 1e300), (np.float32, 5e-24), (np.float32, 1e-37), (np.float32, 1e37)]


def draw(rng):
    """A kernel (5, 5), outputs (5, 2) and inputs (5, 4)."""
    return oracles.draw_spd(rng, 5), rng.standard_normal((5, 2)), rng.standard_normal((5, 4))


# norms and ratios


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("precision, scale", SCALES)
def test_what_has_no_unit_is_the_same_for_tiny_and_for_huge_numbers(rng, precision, scale):
    """Cosines, ranks, errors and condition numbers do not change where the square of an entry would be no float."""
    K, f, X = draw(rng)
    Z, V, rtol = np.ones((1, 1)), np.eye(4)[:, :1], 1e-9 if precision == np.float64 else 1e-4
    weights, moved, there = [rng.standard_normal((1, 4))], rng.standard_normal((3, 5, 1)), np.ones((3, 2, 1))

    def told(s, dtype):
        K_s, f_s, X_s, moved_s, there_s = ((s * a).astype(dtype) for a in (K, f, X, moved, there))
        yield from (alignment.kernel_alignment(K_s, np.eye(5)), alignment.kernel_alignment(K_s, K_s[::-1]))
        yield from (alignment.task_alignment(K_s, f), alignment.task_alignment(K, f_s), alignment.effective_rank(K_s))
        yield from (alignment.kernel_error(f_s, f_s[::-1]), alignment.kernel_error(f_s, -f_s))
        yield from (whitening.condition_number(X_s), outputs.eigenvector_alignment(K_s[None, None], X, Z, V))
        yield from (outputs.eigenvector_alignment(K[None, None], X_s, Z, V), alignment.norm(K_s) / s)
        yield from silence.gap_curve(weights, X, X[:2] + 1, moved_s, there_s)

    for found, expected in zip(told(scale, precision), told(1.0, np.float64), strict=True):
        assert_matches(found, expected, rtol)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("precision, scale", SCALES)
def test_white_inputs_are_the_same_for_tiny_and_for_huge_inputs(rng, precision, scale, power):
    """X M has no unit, since its mean squared row norm is the rank."""
    X = draw(rng)[2]
    X_s = (scale * X).astype(precision)
    white = X_s.astype(float) @ whitening.whitening_map(X_s, power).astype(float)
    assert_matches(white, X @ oracles.whitening_map(X, power, 1e-3), 1e-9 if precision == np.float64 else 1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("precision, scale", SCALES)
def test_a_kernel_predicts_the_same_at_any_size(rng, precision, scale):
    """K and k times a number predict the same, also along small eigenvalues; targets times it give its multiple."""
    small = 1e-11 if precision == np.float64 else 1e-5
    K, k, y = (np.array(a, precision) for a in (np.diag([1, small]), [[1, small]], [1, 1]))
    number = precision(scale)
    assert_matches(kernel.kernel_predictor(number * K, number * k, y), np.array([2.0]), 1e-4)
    assert_matches(kernel.kernel_predictor(K, k, number * y) / number, np.array([2.0]), 1e-4)
    blocks = [np.array([[a, 0 * a], [0 * a, a]]) for a in (K, k)]
    targets = number * np.array([y, y]).T
    assert_matches(kernel.kernel_predictor(*blocks, targets) / number, np.array([[2.0, 2.0]]), 1e-4)


def test_the_kernel_of_four_layers_with_tiny_weights_in_single_precision_has_a_direction(rng):
    """sigma = 1e-4 and L = 4 give entries of 1e-24, whose squares are no float32: the alignment is there all the same."""
    weights, X = network.init_weights([6, 8, 8, 8, 1], 1e-4, rng), rng.standard_normal((5, 6))
    single = kernel.ntk([W.astype(np.float32) for W in weights], X.astype(np.float32), slope=0.5)
    double = kernel.ntk([1e4 * W for W in weights], X, slope=0.5)
    assert 0 < abs(single).max() < 1e-22
    assert_matches(alignment.kernel_alignment(single, np.eye(5)), oracles.alignment(double, np.eye(5)), 1e-5)
    assert alignment.effective_rank(single) == pytest.approx(alignment.effective_rank(double), rel=1e-5)


def test_a_norm_by_hand():
    """(3e-200, 4e-200) has the length 5e-200; and zeros have none."""
    assert_matches(alignment.norm([3e-200, 4e-200]), 5e-200)
    assert_matches(alignment.norm([[3e38], [-4e38]]), 5e38)
    assert alignment.norm(np.zeros((2, 2), np.float32)) == 0


def test_true_zeros_are_told_of_in_one_line(rng):
    """A kernel of zeros has no modes, and a network that ends at 0 everywhere has no error to be measured in it."""
    X = rng.standard_normal((3, 2))
    with pytest.raises(ValueError, match="^eigenvector_alignment: K is all zeros, expected [^\n]*$"):
        outputs.eigenvector_alignment(np.zeros((1, 1, 3, 3)), X, np.ones((1, 1)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="^gap_curve: the last of test_outputs is all zeros, expected [^\n]*$"):
        silence.gap_curve([np.ones((1, 2))], X, X, np.ones((2, 3, 1)), np.zeros((2, 3, 1)))

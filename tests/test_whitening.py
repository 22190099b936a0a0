"""Unit 3: second_moment, condition_number, whitening_map."""

import numpy as np
import oracles
import pytest
from oracles import assert_matches, assert_refused, unchanged

from minintk import whitening

SHAPES = [(6, 3), (3, 6), (4, 4), (1, 3), (5, 1), (1, 1)]


def with_singular_values(rng, P, D, values):
    """A random X (P, D) whose non-zero singular values are these."""
    U = np.linalg.qr(rng.standard_normal((P, len(values))))[0]
    V = np.linalg.qr(rng.standard_normal((D, len(values))))[0]
    return (U * values) @ V.T


# second_moment


def test_second_moment_by_hand():
    """Rows (1, 2) and (3, 4): the mean of the outer products is [[5, 7], [7, 10]]."""
    assert_matches(whitening.second_moment(np.array([[1.0, 2.0], [3.0, 4.0]])), np.array([[5.0, 7.0], [7.0, 10.0]]))


@pytest.mark.parametrize("P, D", SHAPES)
def test_second_moment_is_the_mean_product_of_two_inputs(rng, P, D):
    """Entry i, j is the mean over samples of x_i x_j; nothing is subtracted before."""
    X = rng.standard_normal((P, D)) + 3
    with unchanged(X):
        assert_matches(whitening.second_moment(X), oracles.second_moment(X))


def test_second_moment_keeps_single_precision(rng):
    """A float32 array gives a float32 array."""
    assert whitening.second_moment(rng.standard_normal((5, 3)).astype(np.float32)).dtype == np.float32


# condition_number


@pytest.mark.exercise("whitening.condition_number", row=1)
def test_condition_number_by_hand():
    """Rows (2, 0) and (0, 1): one weight learns at the rate 2, the other at the rate 1/2."""
    assert_matches(whitening.condition_number(np.array([[2.0, 0.0], [0.0, 1.0]])), 4.0)


@pytest.mark.exercise("whitening.condition_number", row=2)
@pytest.mark.parametrize("P, D", SHAPES)
def test_condition_number_is_the_ratio_of_the_extreme_eigenvalues(rng, P, D):
    """Largest over smallest rate, at any scale of X; with P < D only P of them are not zero."""
    X = with_singular_values(rng, P, D, rng.uniform(1, 4, min(P, D)))
    eigenvalues = np.linalg.eigvalsh(oracles.second_moment(X))[::-1][: min(P, D)]
    for scale in (1.0, 1e-6, 1e6):
        assert_matches(whitening.condition_number(scale * X), eigenvalues[0] / eigenvalues[-1])


@pytest.mark.exercise("whitening.condition_number", row=3)
@pytest.mark.parametrize("P, D", [(7, 5), (5, 7)])
def test_condition_number_passes_over_eigenvalues_that_are_zero(rng, P, D):
    """A direction in which the data do not reach does not count, and white data have the number 1."""
    X = with_singular_values(rng, P, D, [3.0, 2.0, 0.5])
    with unchanged(X):
        assert_matches(whitening.condition_number(X), 36.0)
    assert_matches(whitening.condition_number(oracles.draw_white(rng, P, D)), 1.0)
    assert_matches(whitening.condition_number(np.array([[2.0, 0.0], [0.0, 0.0]])), 1.0)
    assert_matches(whitening.condition_number(np.array([[1e5, 0.0, 0.0], [0.0, 1e-4, 0.0], [0.0, 0.0, 1e-7]])), 1e18)


@pytest.mark.exercise("whitening.condition_number", row=3)
def test_condition_number_counts_what_is_above_its_cut():
    """Singular values below 1e-10 of the largest count as zero, and those above do not."""
    assert_matches(whitening.condition_number(np.diag([1.0, 1.5e-10])), 1.5e-10**-2)
    assert_matches(whitening.condition_number(np.diag([1.0, 0.1, 0.7e-10])), 100.0)
    columns = np.array([[1.0, 1.0], [1.0, -1.0]] * 50)  # of length 10, at right angles
    assert_matches(whitening.condition_number(columns * [1.0, 0.5e-10]), 1.0)


@pytest.mark.exercise("whitening.condition_number", row=3)
def test_condition_number_cuts_single_precision_at_its_own_noise(rng):
    """A float32 matrix has rounding noise far above that of float64: it is not taken for a direction."""
    X = with_singular_values(rng, 8, 6, [3.0, 1.0])
    assert_matches(whitening.condition_number(X.astype(np.float32)), 9.0, rtol=1e-5)


@pytest.mark.exercise("whitening.condition_number", row=4)
def test_condition_number_refuses_zeros():
    """Data that are all zeros have no direction: a ValueError."""
    assert_refused(whitening.condition_number, np.zeros((3, 2)))


@pytest.mark.exercise("whitening.whitening_map", row=6)
def test_whitening_map_refuses_zeros():
    """Data that are all zeros have no direction: a ValueError."""
    assert_refused(whitening.whitening_map, np.zeros((3, 2)))


def test_whitening_refuses_data_that_are_all_zeros():
    """No direction is left to rescale."""
    for function in (whitening.condition_number, whitening.whitening_map):
        with pytest.raises(ValueError, match="^[^\n]*all zeros, expected[^\n]*$"):
            function(np.zeros((3, 2)))


# whitening_map


@pytest.mark.exercise("whitening.whitening_map", row=1)
def test_whitening_map_by_hand():
    """Rows (2, 0) and (0, 1) get equal lengths with the mean square 2, the rank: M = sqrt(2) diag(1/2, 1)."""
    X = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert_matches(whitening.whitening_map(X), np.diag([0.5, 1.0]) * np.sqrt(2))


@pytest.mark.exercise("whitening.whitening_map", row=2)
@pytest.mark.parametrize("P, D", [(9, 4), (4, 4), (12, 1)])
def test_whitening_map_makes_the_features_white(rng, P, D):
    """With at least as many samples as inputs, the second moment of X M is the identity."""
    X = with_singular_values(rng, P, D, rng.uniform(1, 9, min(P, D)))
    with unchanged(X):
        white = X @ whitening.whitening_map(X)
    assert_matches(white.T @ white / P, np.eye(D))


@pytest.mark.exercise("whitening.whitening_map", row=3)
@pytest.mark.parametrize("P, D", [(4, 9), (4, 4), (1, 3)])
def test_whitening_map_makes_the_gram_matrix_white(rng, P, D):
    """With at most as many samples as inputs, X M has rows that are orthogonal and all have the squared norm P."""
    X = with_singular_values(rng, P, D, rng.uniform(1, 9, min(P, D)))
    white = X @ whitening.whitening_map(X)
    assert_matches(white @ white.T, P * np.eye(P))


@pytest.mark.exercise("whitening.whitening_map", row=4)
@pytest.mark.parametrize("power", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("P, D", [(9, 4), (4, 9), (1, 3), (5, 1)])
def test_whitening_map_raises_the_singular_values_to_the_power(rng, P, D, power):
    """X M is U S^power V^T times one number that makes the mean squared row norm the rank; power 1 is X itself."""
    X = with_singular_values(rng, P, D, rng.uniform(1, 9, min(P, D)))
    M = whitening.whitening_map(X, power=power)
    assert_matches(M, oracles.whitening_map(X, power, 1e-3))
    S = np.linalg.svd(X, compute_uv=False)
    assert_matches(np.linalg.svd(X @ M, compute_uv=False), S**power * np.sqrt(P * len(S) / np.sum(S ** (2 * power))))


@pytest.mark.exercise("whitening.whitening_map", row=5)
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_whitening_map_drops_directions_that_are_nearly_empty(rng, power):
    """Singular values below rcond times the largest are dropped: such directions go to 0 and the rank is smaller."""
    values = [5.0, 2.0, 1.0, 0.05, 0.02]
    for rcond, rank, D in [(1e-3, 5, 6), (0.006, 4, 6), (0.1, 3, 6), (0.3, 2, 6), (0.0, 5, 5)]:
        X = with_singular_values(rng, 8, D, values)
        M = whitening.whitening_map(X, power=power, rcond=rcond)
        assert_matches(M, oracles.whitening_map(X, power, rcond))
        assert_matches(np.mean(np.sum((X @ M) ** 2, axis=1)), float(rank))
    empty = whitening.whitening_map(np.array([[2.0, 0.0], [0.0, 0.0]]), power=power)
    assert_matches(empty, np.array([[0.5**0.5, 0.0], [0.0, 0.0]]))


def test_whitening_map_drops_below_a_thousandth_unless_told_otherwise(rng):
    """The default cut is 1e-3 of the largest singular value, and one that is just at the cut is dropped."""
    X = with_singular_values(rng, 8, 6, [1.0, 0.0011, 0.0009])
    assert_matches(np.mean(np.sum((X @ whitening.whitening_map(X)) ** 2, axis=1)), 2.0)
    at_the_cut = whitening.whitening_map(np.diag([4.0, 1.0]), rcond=0.25)
    assert_matches(at_the_cut, np.diag([2**0.5 / 4, 0.0]))


def test_whitening_map_keeps_single_precision(rng):
    """A float32 array gives a float32 map."""
    for power in (0.0, 0.25, 1.0):
        assert whitening.whitening_map(rng.standard_normal((5, 3)).astype(np.float32), power).dtype == np.float32

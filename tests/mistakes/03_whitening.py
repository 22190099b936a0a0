"""Unit 3: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import whitening
from minintk.whitening import whitening_map


def wrong_condition_of_singular_values(X):
    S = np.linalg.svd(X, compute_uv=False)
    return S[0] / S[S > 1e-10 * S[0]][-1]


def wrong_condition_with_zeros(X):
    eigenvalues = np.linalg.eigvalsh(whitening.second_moment(X))
    return eigenvalues[-1] / max(eigenvalues[0], 1e-300)


def wrong_condition_absolute_cut(X):
    eigenvalues = np.linalg.eigvalsh(whitening.second_moment(X))
    kept = eigenvalues[eigenvalues > 1e-10]
    return kept.max() / kept.min()


def wrong_condition_cut_on_squares(X):
    squares = np.linalg.svd(X, compute_uv=False) ** 2
    return squares[0] / squares[squares > 1e-10 * squares[0]][-1]


def wrong_condition_of_variances(X):
    moments = np.diag(whitening.second_moment(X))
    return moments.max() / moments.min()


def wrong_map_without_scale(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T
    return (V * S ** (power - 1)) @ V.T


def wrong_map_unit_scale(X, power=0.0, rcond=1e-3):
    M = whitening_map(X, power, rcond)
    return M / np.sqrt(((X @ M) ** 2).sum(axis=1).mean())


def wrong_map_of_eigenvalues(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T
    M = (V * S ** (2 * power - 2)) @ V.T
    return M * np.sqrt(len(X) * len(S) / ((X @ M) ** 2).sum())


def wrong_map_power_not_lowered(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T
    return np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum()) * (V * S**power) @ V.T


def wrong_map_returns_data(X, power=0.0, rcond=1e-3):
    return X @ whitening_map(X, power, rcond)


def wrong_map_stays_in_components(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T
    return np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum()) * V * S ** (power - 1)


def wrong_map_wrong_axis(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept]
    return np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum()) * (V * S ** (power - 1)) @ V.T


def wrong_map_standardises(X, power=0.0, rcond=1e-3):
    return np.diag(np.sqrt(np.diag(whitening.second_moment(X))) ** (power - 1))


def wrong_map_ignores_power(X, power=0.0, rcond=1e-3):
    return whitening_map(X, 0.0, rcond)


def wrong_map_rank_before_cut(X, power=0.0, rcond=1e-3):
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    scale = np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum())
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T
    return scale * (V * S ** (power - 1)) @ V.T


def wrong_map_cuts_squares(X, power=0.0, rcond=1e-3):
    return whitening_map(X, power, np.sqrt(rcond))


def wrong_map_drops_nothing(X, power=0.0, rcond=1e-3):
    return whitening_map(X, power, 0.0)


MISTAKES = [
    (
        "condition_number",
        "ratio of singular values, not of their squares",
        wrong_condition_of_singular_values,
        "the square root of the expected",
    ),
    ("condition_number", "counts eigenvalues that are zero", wrong_condition_with_zeros, "Yours is"),
    ("condition_number", "cuts at an absolute 1e-10", wrong_condition_absolute_cut, "ValueError"),
    ("condition_number", "cuts the squares at 1e-10", wrong_condition_cut_on_squares, "Yours is"),
    ("condition_number", "ratio of the diagonal entries", wrong_condition_of_variances, "Yours is"),
    ("whitening_map", "forgets the scale", wrong_map_without_scale, "1/sqrt(P) times the expected"),
    ("whitening_map", "scales the rows to norm 1 instead of sqrt(r)", wrong_map_unit_scale, "a constant factor"),
    ("whitening_map", "divides by s^2 instead of s", wrong_map_of_eigenvalues, "the worst entry"),
    (
        "whitening_map",
        "V S^power V^T: forgets that X brings an S",
        wrong_map_power_not_lowered,
        "the worst entry",
        "X M = U S V^T M brings an S of its own: which power of S is left for M?",
    ),
    ("whitening_map", "returns X M instead of M", wrong_map_returns_data, "the worst entry"),
    (
        "whitening_map",
        "leaves out the last V^T",
        wrong_map_stays_in_components,
        "the worst entry",
        "What takes X M from the coordinates along V back to the D inputs?",
    ),
    ("whitening_map", "takes V^T of np.linalg.svd for V", wrong_map_wrong_axis, "the worst entry"),
    ("whitening_map", "standardises every feature by itself", wrong_map_standardises, "the worst entry"),
    ("whitening_map", "is white at every power", wrong_map_ignores_power, "the worst entry"),
    ("whitening_map", "takes rank and scale before the cut", wrong_map_rank_before_cut, "a constant factor"),
    ("whitening_map", "cuts the squares at rcond", wrong_map_cuts_squares, "the worst entry"),
    ("whitening_map", "drops nothing", wrong_map_drops_nothing, "the worst entry"),
]

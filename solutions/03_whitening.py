"""Unit 3. White data: the finished exercises.

Cut from minintk/whitening.py by minintk dev cut. The derivations are in 03_whitening.md.
"""

import numpy as np

from minintk import guard


@guard.accepts(X="P D")
def second_moment(X):
    """The mean over samples of x_i x_j, an array (D, D), for X (P, D).

    Nothing is subtracted: centre the rows first if their mean should not count.
    By hand: rows (1, 2), (3, 4) give [[5, 7], [7, 10]].
    """
    return X.T @ X / len(X)


@guard.accepts(X="P D")
def condition_number(X):
    """The largest eigenvalue of the second moment of X (P, D) over its smallest non-zero one; 1 for white data.

    Singular values below 1e-10 of the largest (1e-5 in single precision) count as zero. ValueError if X is all zeros.
    By hand: rows (2, 0), (0, 1) give 4.
    """
    S = np.linalg.svd(X, compute_uv=False)
    if S[0] == 0:
        raise ValueError("condition_number: X is all zeros, expected at least one non-zero row")
    cut = S[S > (1e-10 if X.dtype == np.float64 else 1e-5) * S[0]]
    return float((S[0] / cut[-1]) ** 2)


@guard.accepts(X="P D", power="[0, 1]", rcond="[0, 1)")
def whitening_map(X, power=0.0, rcond=1e-3):
    """The matrix M (D, D) with X M = scale * U S^power V^T, where X = U S V^T: power 0 is white, power 1 is raw.

    X (P, D): the training rows. Rows seen later are mapped by the same M: whitening with their statistics too would
    leave the training rows not white. Of the singular values only the r above rcond times the largest are kept, since
    dividing by the others would amplify noise. The scale makes the mean squared row norm of X M equal to r, so that
    learning rates carry over. ValueError if X is all zeros.
    By hand: rows (2, 0), (0, 1) and power 0 give sqrt(2) diag(1/2, 1).
    """
    S, Vt = np.linalg.svd(X, full_matrices=False)[1:]
    if S[0] == 0:
        raise ValueError("whitening_map: X is all zeros, expected at least one non-zero row")
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T  # (r,), (D, r)
    scale = np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum())
    return scale * (V * S ** (power - 1)) @ V.T

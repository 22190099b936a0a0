"""Unit 3. Whitening: the condition on the data under which the kernel can align in silence.

With X = U S V^T (P samples, D inputs) the second moment is V S^2 V^T / P. Whitening makes all singular values equal.
The features then are white on their span, X^T X / P is a multiple of a projector. The Gram matrix is white too,
X X^T = c I, if the rank is P, so that P <= D and no sample depends on the others: the form the nonlinear effect needs.
Isotropic sampling is not enough: the sample itself has to be whitened.
"""

import numpy as np

from minintk import guard


@guard.accepts(X="P D", gives="D D")
def second_moment(X):
    """The mean over samples of x_i x_j, an array (D, D) in the precision of X (P, D).

    Nothing is subtracted: centre the rows first if their mean should not count.
    By hand: rows (1, 2), (3, 4) give [[5, 7], [7, 10]].
    """
    return X.T @ X / len(X)


@guard.accepts(X="P D")
def condition_number(X):
    """How much faster a linear model learns in the fastest direction of the data than in the slowest.

    X (P, D). A model f = X w, w (D,), is trained by gradient flow on the mean squared error. In some directions its
    error decays by itself, in each at a rate of its own: the number is the largest of these rates over the smallest
    that is not zero, 1 for white data. Nothing is subtracted from X. Rates below 1e-20 of the largest (1e-10 in single
    precision) count as zero, and one of 1e-18 of the largest is still told to many digits. ValueError if X is
    all zeros.
    By hand: rows (2, 0), (0, 1) give 4.

    How: The error of w moves by -X^T X / P times itself, so the rates are the eigenvalues of the second moment
    X^T X / P. With X = U S V^T they are S^2 / P, and P cancels: (s_1 / s_r)^2, where s_r is the smallest singular value
    above 1e-10 of the largest, s_1 (1e-5 in single precision). np.linalg.eigvalsh does not see them: its error is about
    1e-16 of the largest.
    """
    S = np.linalg.svd(X / (abs(X).max() or 1), compute_uv=False)
    if S[0] == 0:
        raise ValueError("condition_number: X is all zeros, expected at least one non-zero row")
    cut = S[S > (1e-10 if X.dtype == np.float64 else 1e-5) * S[0]]
    return float((S[0] / cut[-1]) ** 2)


@guard.accepts(X="P D", power="[0, 1]", rcond="[0, 1)", gives="D D")
def whitening_map(X, power=0.0, rcond=1e-3):
    """The matrix M (D, D) that makes the rows of X M white, or partly white; rows seen later go through the same M.

    X (P, D): the training rows, with the singular values s_i; power: the whitening exponent, 0 is white and 1 is raw.
    M has these properties, and no other matrix has them all. It turns nothing: M is symmetric, without negative
    eigenvalues, and along an eigenvector of X^T X it only stretches. The singular values of X M are c s_i^power, with
    one number c > 0, and its mean squared row norm is r, so that learning rates carry over. r is the number of singular
    values above rcond times the largest (max(P, D) eps times, if that is more, eps the precision of X); the others, and
    what is at right angles to all rows, M sends to 0, for there is nothing but noise to be stretched. ValueError if X
    is all zeros.
    By hand: rows (2, 0), (0, 1) and power 0 give sqrt(2) diag(1/2, 1).

    How: X V = U S, so M = c V S^{power - 1} V^T with the r kept values, and c = sqrt(P r / sum_i s_i^{2 power}).
    """
    rcond = max(rcond, max(X.shape) * np.finfo(X.dtype).eps)
    size = abs(X).max() or 1  # S is measured in it: no power of S can overflow
    S, Vt = np.linalg.svd(X / size, full_matrices=False)[1:]
    if S[0] == 0:
        raise ValueError("whitening_map: X is all zeros, expected at least one non-zero row")
    kept = S > rcond * S[0]
    S, V = S[kept], Vt[kept].T  # (r,), (D, r)
    scale = np.sqrt(len(X) * len(S) / (S ** (2 * power)).sum())
    return scale * (V * S ** (power - 1)) @ V.T / size

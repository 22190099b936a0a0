"""Unit 3. Whitening: when does the data let the kernel align before the loss moves?

The setting. X (P, D) has rank r and the singular value decomposition X = U S V^T, with U (P, r) and V (D, r) of
orthonormal columns and S = (s_1 >= ... >= s_r > 0). A column of V is a direction in input space, the same column of U
says how much of it each sample has, and s_i how much of it there is in all.

Why the data decide. Take the linear network f = W_2 W_1 x with small weights and targets y = s X beta. While f is
nearly 0, the gradient of the loss with respect to W_1 is -W_2^T y^T X / P, and y^T X / P = s (Sigma beta)^T with
Sigma = X^T X / P. So in the silent phase W_1 turns to Sigma beta. At the end of training it points along beta (paper,
section 3.2). If Sigma is a multiple of the identity the two directions are one: the kernel that has turned in silence
needs only to grow. If not, it has to turn again while the loss falls.
By hand: Sigma = diag(2, 1/2) and beta = (1, 1) / sqrt(2) give Sigma beta along (4, 1), and the cosine of its angle with
beta is 5 / sqrt(34) = 0.857.


second_moment
-------------
Sigma_ij is the mean over samples of x_i x_j. One sample contributes the outer product x x^T, whose entry i, j is
x_i x_j. Adding the outer products of all rows with themselves is the product X^T X. So Sigma = X^T X / P, (D, D).
By hand: rows (1, 2) and (3, 4) give [[1, 2], [2, 4]] and [[9, 12], [12, 16]], and their mean is [[5, 7], [7, 10]].

Nothing is subtracted. The network has no biases, it sees the mean of the inputs as one more direction, and so does its
kernel.

Common mistakes. np.cov computes the covariance, the second moment of rows that were centred first: it answers another
question. X X^T, (P, P), is the Gram matrix: inner products of samples, not of features. X -= mean changes the caller's
array. A loop that adds into np.zeros((D, D)) turns float32 data into float64.


condition_number
----------------
With X = U S V^T the second moment is Sigma = V S U^T U S V^T / P = V (S^2 / P) V^T. So the eigenvalues of Sigma are
s_i^2 / P, i = 1 ... r, and D - r zeros. The ratio of the extreme ones that are not zero is (s_1 / s_r)^2; P cancels.
It is 1 exactly when Sigma is a multiple of V V^T, the projector on the span of the rows: this is what white means.
By hand: rows (2, 0), (0, 1) have singular values 2 and 1, and the number is 4.
The fifty digits 3 and 8 of this unit's figure (D = 64, centred) have 48000.

Zeros have to be left out. With P < D samples there are at least D - P of them, and what the computer finds in their
place is rounding noise, about 1e-16 of the largest eigenvalue, sometimes negative.
 - Take singular values of X, not eigenvalues of Sigma. Forming X^T X squares the ratios: what is 1e-9 of s_1 would be
   1e-18 of the largest eigenvalue, below the noise. As a singular value it is far above it.
 - Cut relative to s_1. The same data in other units (all times 1e-6) must have the same condition number.

Common mistakes. The ratio of singular values, without the square: kernels and rates of learning scale as x^2, so the
eigenvalues are what counts. The ratio of the diagonal entries of Sigma: these are eigenvalues only if the features are
uncorrelated. A cut of the squares at 1e-10 s_1^2: that drops directions from 1e-5 s_1 down.


whitening_map
-------------
With X = U S V^T we look for M (D, D) such that X M = c U S^p V^T: the same directions, other amounts of them. From
X V = U S comes U = X V S^{-1}, and so U S^p V^T = X V S^{p-1} V^T. Hence

    M = c V S^{p-1} V^T,    c = sqrt(P r / sum_i s_i^{2p}),    r the number of s_i that are kept.

M acts on any row x: take its coordinates in the directions (x V), multiply each by s_i^{p-1}, go back (V^T).
Without the last factor the samples stay in the coordinates of the directions. Gaussian initial weights do not know the
difference, but M would be (D, r), and the raw data would not come back at p = 1.

The number c. The mean squared row norm of X M is its squared Frobenius norm over P, that is c^2 sum_i s_i^{2p} / P. We
want r, so that each of the r directions counts 1 on average, as for standard normal inputs. Rates of learning grow
with the size of the inputs. With one size for all powers the same sigma and similar step sizes can serve them all.

Two cases to know. For p = 1, if nothing is dropped, M = c V V^T and X M = c X: the raw data. For p = 0 all s_i become
equal, c = sqrt(P), and
 - P >= D = r: X M = sqrt(P) U V^T, so (X M)^T (X M) / P = V V^T = I. The features are white.
 - P <= D, r = P: (X M) (X M)^T = P U U^T = P I. The Gram matrix is white: samples are orthogonal, all of one length.
By hand: rows (2, 0), (0, 1): S = (2, 1), V = I, P = r = 2, so M = sqrt(2) diag(1/2, 1), and X M = sqrt(2) I.

Which of the two does silent alignment need? For linear networks either will do: for beta in the span of the rows,
Sigma beta is along beta as soon as the non-zero eigenvalues of Sigma are equal. For ReLU it is the Gram form. A
gradient step changes W_1 by a multiple of B_1^T X, and so the preactivations X W_1^T by a multiple of X X^T B_1. If
X X^T = P I, a sample moves its own preactivations only.
In the runs behind this course (ReLU, two layers, D = 60, sigma = 0.01, labels +1 and -1) the error of the K_inf machine
relative to that of the K_0 machine is 0.02 to 0.04 for P < D and 0.12 to 0.34 for P > D.

Four more points.
 - Isotropic sampling is not whitening. Gaussian rows with covariance I have a second moment that is I only on average:
   the singular values of a sample spread from about |sqrt(P) - sqrt(D)| to sqrt(P) + sqrt(D).
 - The map comes from the training rows alone. With the statistics of other rows too, the Gram matrix of the training
   rows is not white.
 - Centred rows sum to zero, so their rank is at most P - 1, and white then means X X^T = P (I - 1 1^T / P).
 - Dividing by a tiny s_i makes noise as large as all other features. This is what rcond is for: s_i at or below
   rcond * s_1 are dropped, from M and from r.

Whitening has a price: it throws away what made the classes easy to tell apart. The test accuracy of 3 against 8
(P = 50) falls from 0.97 to 0.76. The power 0.25, with a condition number of 15 to 20, keeps most of the effect and the
accuracy.

Common mistakes.
 - np.linalg.svd returns V^T, not V. By default its V^T is (D, D) and does not fit S: full_matrices=False.
 - In V * S the numbers S run along the last axis, so each column of V is multiplied by its own. With V^T it would be
   the wrong axis, and numpy refuses this only if the sizes differ.
 - Dividing every feature by its own standard deviation is not whitening: the correlations stay.
 - Dividing by s_i^2 is Sigma^{-1}. Whitening divides by s_i once: Sigma^{-1/2}.
 - r and the sum in c are those of the directions that are kept.
"""

import numpy as np

from minintk import whitening
from minintk.whitening import condition_number, second_moment, whitening_map  # noqa: F401


def wrong_moment_without_mean(X):
    return X.T @ X


def wrong_moment_centred(X):
    return np.cov(X.T, bias=True)


def wrong_moment_unbiased(X):
    return X.T @ X / max(len(X) - 1, 1)


def wrong_moment_gram(X):
    return X @ X.T / len(X)


def wrong_moment_in_place(X):
    X -= X.mean(axis=0)
    return X.T @ X / len(X)


def wrong_moment_double_precision(X):
    total = np.zeros((X.shape[1], X.shape[1]))
    for x in X:
        total += np.outer(x, x)
    return total / len(X)


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
    ("second_moment", "sums over samples, no mean", wrong_moment_without_mean, "P times the expected"),
    ("second_moment", "centres: the covariance, as np.cov gives it", wrong_moment_centred, "the worst entry"),
    ("second_moment", "divides by P - 1", wrong_moment_unbiased, "P/(P-1) times the expected"),
    ("second_moment", "X X^T: inner products of samples, not of features", wrong_moment_gram, "the worst entry"),
    ("second_moment", "subtracts the mean from the caller's X", wrong_moment_in_place, "was changed in place"),
    ("second_moment", "adds into a float64 matrix of zeros", wrong_moment_double_precision, "float32"),
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
    ("whitening_map", "V S^power V^T: forgets that X brings an S", wrong_map_power_not_lowered, "the worst entry"),
    ("whitening_map", "returns X M instead of M", wrong_map_returns_data, "the worst entry"),
    ("whitening_map", "leaves out the last V^T", wrong_map_stays_in_components, "the worst entry"),
    ("whitening_map", "takes V^T of np.linalg.svd for V", wrong_map_wrong_axis, "the worst entry"),
    ("whitening_map", "standardises every feature by itself", wrong_map_standardises, "the worst entry"),
    ("whitening_map", "is white at every power", wrong_map_ignores_power, "the worst entry"),
    ("whitening_map", "takes rank and scale before the cut", wrong_map_rank_before_cut, "a constant factor"),
    ("whitening_map", "cuts the squares at rcond", wrong_map_cuts_squares, "the worst entry"),
    ("whitening_map", "drops nothing", wrong_map_drops_nothing, "the worst entry"),
]

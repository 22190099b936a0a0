"""Unit 3. White data.

Which property of the inputs lets the kernel take its final direction before the loss moves, and how is it made?

Work from top to bottom; minintk check 3 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard


@guard.accepts(X="P D")
def condition_number(X):
    """How much faster a linear model learns in the fastest direction of the data than in the slowest.

    X (P, D). A model f = X w, w (D,), is trained by gradient flow on the mean squared error. In some directions its
    error decays by itself, in each at a rate of its own: the number is the largest of these rates over the smallest
    that is not zero, 1 for white data. Nothing is subtracted from X. Rates below 1e-20 of the largest (1e-10 in single
    precision) count as zero, and one of 1e-18 of the largest is still told to many digits. ValueError if X is
    all zeros.
    By hand: rows (2, 0), (0, 1) give 4.
    """
    # Find the rates, and from them how far X is from white. With fewer samples than inputs some are zero, and
    # rounding makes them a little more or less, while others are very small and meant: decide from which numbers
    # you take the ratio.
    # (6 points, about 20 minutes)
    raise NotImplementedError("whitening.condition_number")


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
    """
    # Make data white, or partly white. For P <= D white rows are orthogonal, and a gradient step at one sample leaves
    # the preactivations of the others: this is the condition for silence.
    # It is a map and not new data, because test rows must go through the same M.
    # (9 points, about 35 minutes)
    raise NotImplementedError("whitening.whitening_map")

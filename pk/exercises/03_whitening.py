"""Unit 3. White data.

Which property of the inputs lets the kernel take its final direction before the loss moves, and how is it made?

Work from top to bottom; minintk check 3 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard


@guard.accepts(X="P D")
def second_moment(X):
    """The mean over samples of x_i x_j, an array (D, D), for X (P, D).

    Nothing is subtracted: centre the rows first if their mean should not count.
    By hand: rows (1, 2), (3, 4) give [[5, 7], [7, 10]].
    """
    # Return the second moment of the rows of X: Sigma_ij is the mean over samples of x_i x_j, an array (D, D).
    # In the silent phase a linear network with y = X beta turns to Sigma beta, and at the end it points along beta.
    # So Sigma decides whether the early direction is already the final one.
    # Do not subtract the mean: a network without biases sees it as one more direction.
    # (4 points, about 5 minutes)
    raise NotImplementedError("whitening.second_moment")


@guard.accepts(X="P D")
def condition_number(X):
    """The largest eigenvalue of the second moment of X (P, D) over its smallest non-zero one; 1 for white data.

    Singular values below 1e-10 of the largest (1e-5 in single precision) count as zero. ValueError if X is all zeros.
    By hand: rows (2, 0), (0, 1) give 4.
    """
    # Return, as a number, the largest eigenvalue of the second moment of X over its smallest one that is not zero.
    # It measures how far X is from white: 1 means that all directions in which X has data weigh the same.
    # With fewer samples than inputs some eigenvalues are zero, and rounding makes them a little more or less.
    # Compute singular values of X rather than eigenvalues; those below 1e-10 of the largest count as zero
    # (1e-5 in float32). X of all zeros is a ValueError.
    # (5 points, about 15 minutes)
    raise NotImplementedError("whitening.condition_number")


@guard.accepts(X="P D", power="[0, 1]", rcond="[0, 1)")
def whitening_map(X, power=0.0, rcond=1e-3):
    """The matrix M (D, D) with X M = scale * U S^power V^T, where X = U S V^T: power 0 is white, power 1 is raw.

    X (P, D): the training rows. Rows seen later are mapped by the same M: whitening with their statistics too would
    leave the training rows not white. Of the singular values only the r above rcond times the largest are kept, since
    dividing by the others would amplify noise. The scale makes the mean squared row norm of X M equal to r, so that
    learning rates carry over. ValueError if X is all zeros.
    By hand: rows (2, 0), (0, 1) and power 0 give sqrt(2) diag(1/2, 1).
    """
    # With X = U S V^T, return M (D, D) such that X M = scale * U S^power V^T: power 0 is white, power 1 is raw.
    # Drop singular values that are not above rcond times the largest: dividing by them makes noise a feature.
    # Choose the scale so that the mean squared row norm of X M is r, the number of singular values that are kept.
    # For P <= D the white rows are orthogonal: a gradient step at one sample leaves the preactivations of the others.
    # It is a map and not new data, because test rows must go through the same M.
    # (8 points, about 30 minutes)
    raise NotImplementedError("whitening.whitening_map")

"""Unit 5. Alignment.

When has the kernel turned, when has the network learned, and is the network the kernel predictor of its final
kernel?

Work from top to bottom; minintk check 5 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, kernel
from minintk.alignment import norm


@guard.accepts(K="P P2 | C C P P2", Q="P P2 | C C P P2")
def kernel_alignment(K, Q):
    """A(K, Q): the cosine of the angle between two kernels, each taken as one vector of all its entries; not centred.

    K, Q (P, P2) or (C, C, P, P2). Returns a number, at most 1; 1 means that one is a positive multiple of the other.
    ValueError if one of them is all zeros. By hand: the 2 x 2 identity and the matrix of ones give 1 / sqrt(2).
    """
    # Compare the directions of two kernels and leave out their sizes. A = 1 exactly if K = g Q with a number g > 0:
    # this is what Theorem 1 of the paper asks of K_t at all times, with Q = K_inf.
    # norm is imported: |a| for an array of any shape, right also where the squares of its entries are no floats.
    # (5 points, about 10 minutes)
    raise NotImplementedError("alignment.kernel_alignment")


@guard.accepts(K="P P", y="P | P C")
def task_alignment(K, y):
    """The kernel-target alignment, not centred: how much of K points along the targets.

    K (P, P). For y (P,) it is A_y = A(K, y y^T), see `kernel_alignment`. For y (P, C) it is the mean of A_y over the
    columns of y, each weighted with its |y_c|^2; that is not the alignment with the matrix y y^T. Returns a number,
    whatever the scales of K and y. ValueError if one of them is all zeros.
    By hand: the P x P identity gives 1 / sqrt(P) for any y.
    """
    # While the outputs are small the loss falls at the rate |K| |y|^2 A_y / P^2: of all kernels of one size, the one
    # with the largest A_y learns fastest.
    # (6 points, about 10 minutes)
    raise NotImplementedError("alignment.task_alignment")


@guard.accepts(K="P P, symmetric")
def effective_rank(K):
    """In how many directions K is large: the participation ratio of its eigenvalues.

    K (P, P), symmetric. Returns a number made of the sum of the eigenvalues and of the sum of their squares, and of
    nothing else: r if r eigenvalues are equal and the others 0, whatever the scale of K. ValueError if K is all zeros.
    By hand: diag(3, 3, 0, 0) gives 2.
    """
    # Count the directions in which K is large, smoothly and without a threshold: is a trained kernel of low rank?
    # (5 points, about 10 minutes)
    raise NotImplementedError("alignment.effective_rank")


@guard.accepts(times="T, rising", alignments="T", level="[-1, 1]")
def alignment_time(times, alignments, level=0.95):
    """The first recorded time from which on the alignment stays at or above the level; inf if it ends below.

    times (T,), rising; alignments (T,) along a run. Returns one of the times, or inf. A curve that rises, falls and
    rises again counts from its last rise. By hand: 0.9, 0.96, 0.7, 0.97 at times 0, 1, 2, 3 and the level 0.95 give 3.
    """
    # Say when the kernel has turned. Each run's alignment ends at 1, since K_inf is its last kernel, and it may fall
    # in between; so the first time at the level says little.
    # (5 points, about 10 minutes)
    raise NotImplementedError("alignment.alignment_time")


@guard.accepts(
    K_inf_train="P P | C C P P, kernel",
    K_inf_test="P2 P | C C P2 P",
    f_train="P | P C",
    f_test="P2 | P2 C",
    f0_train="P | P C",
    f0_test="P2 | P2 C",
)
def predictor_gap(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    """G_t: how far the network at time t is from the machine of K_inf, at the test points.

    The machine is a second model: it starts at the network's first outputs f_0, its kernel is K_inf all the time, and
    it is trained to the targets f_t(X). G_t(x) is the network's output f_t(x) minus the output that it ends at.
    K_inf_train (P, P), K_inf_test (P2, P), or (C, C, P, P) and (C, C, P2, P); f_train (P,) or (P, C) and f_test: the
    outputs at time t; f0_train and f0_test: at time 0. Returns G_t in f_test's shape. G_0 = 0, and the gap changes only
    while the loss falls and the kernel is misaligned.
    By hand: K_inf = 2 and k_inf = 1. The network goes from 3 to 7 at the training point, and from 1 to 6 at the test
    point. There the machine goes from 1 to 3: G_t = 3.
    """
    # At the end G_t is the whole error of the machine; along the run it shows when that error was made.
    # No integral over the past is needed: the outputs at time t and at time 0 are enough, for block kernels too.
    # (7 points, about 15 minutes)
    raise NotImplementedError("alignment.predictor_gap")

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
    """The task alignment A_y: how well the direction of a kernel serves to learn the targets.

    K (P, P), y (P,) or (P, C). A network with the kernel K, the same for every output and none between two, has outputs
    that are all still 0, and is trained by gradient flow on the mean squared error with the targets y. The loss then
    falls at the rate |K| |y|^2 A_y / P^2, where |.|^2 is the sum of the squares of all entries. Returns A_y, a number,
    whatever the scales of K and y. ValueError if one of them is all zeros.
    By hand: the P x P identity gives 1 / sqrt(P) for any y.
    """
    # Work out how fast the loss begins to fall: how do the outputs move, and with them the loss?
    # Of all kernels of one size, the one with the largest A_y learns fastest. Which one has A_y = 1?
    # (6 points, about 20 minutes)
    raise NotImplementedError("alignment.task_alignment")


@guard.accepts(K="P P, symmetric")
def effective_rank(K):
    """In how many directions K is large: the number r of equal eigenvalues that would do the same.

    K (P, P), symmetric. Draw z (P,) from the standard normal distribution. The number z^T K z varies from draw to draw,
    relatively the less the more directions K has. Its variance over the square of its mean is that for a kernel with r
    equal eigenvalues and all others 0. Returns this r, exactly, in general not a whole number. ValueError if K is
    all zeros.
    By hand: diag(3, 3, 0, 0) gives 2.
    """
    # Count the directions in which K is large, smoothly and without a threshold: is a trained kernel of low rank?
    # No eigenvalue need be computed, and nothing drawn.
    # (5 points, about 20 minutes)
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
    """G_t: what the network's outputs have moved at the test points beyond what the kernel K_inf would have moved them.

    A model with the constant kernel K_inf that is pulled with numbers u (P,) at the training points moves with the
    velocity K_inf u there and k_inf u at the test points. Let it be pulled, at every moment, such that its training
    outputs have the velocity of the network's, as nearly as K_inf can (`kernel.kernel_predictor` says what it cannot).
    Then dG_t/dt is the velocity of the network's test outputs minus that of the model's, and G_0 = 0. With block
    kernels u is (P, C), and K[c, c'] takes the pull at output c' to output c.
    K_inf_train is K_inf (P, P), K_inf_test k_inf (P2, P), or (C, C, P, P) and (C, C, P2, P); f_train (P,) or (P, C) and
    f_test: the network's outputs at time t; f0_train and f0_test: at time 0. Returns G_t in f_test's shape. It changes
    only while the loss falls and the kernel is misaligned.
    By hand: K_inf = 2 and k_inf = 1. The network goes from 3 to 7 at the training point, and from 1 to 6 at the test
    point: G_t = 3.
    """
    # Find the gap from the outputs at two moments: what of the path between them has to be known?
    # At the end G_t is the whole error of the kernel predictor; along the run it shows when that error was made.
    # (7 points, about 25 minutes)
    raise NotImplementedError("alignment.predictor_gap")

"""Unit 5. Alignment.

When has the kernel turned, when has the network learned, and is the network the kernel machine of its final kernel?

Work from top to bottom; minintk check 5 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, kernel


@guard.accepts(K="P P2 | C C P P2", Q="P P2 | C C P P2")
def kernel_alignment(K, Q):
    """The cosine of the angle between two kernels, A(K, Q) = <K, Q> / (|K| |Q|), Frobenius, not centred.

    K, Q (P, P2) or (C, C, P, P2). Returns a number, at most 1; 1 means that one is a positive multiple of the other.
    By hand: the 2 x 2 identity and the matrix of ones give 1 / sqrt(2).
    """
    # Return the cosine of the angle between two kernels, each taken as one long vector of numbers.
    # It is 1 exactly if K = g Q with a number g > 0: what Theorem 1 of the paper asks of K_t, with Q = K_inf.
    # Subtract no means. Kernels may be rectangular, (P, P2), or have four axes for several outputs, (C, C, P, P2).
    # A number comes out.
    # (4 points, about 10 minutes)
    raise NotImplementedError("alignment.kernel_alignment")


@guard.accepts(A="...", A0="(-inf, 1)")
def relative_alignment(A, A0):
    """The share of the missing alignment that has been made up, (A - A_0) / (1 - A_0): 0 at the start, 1 if aligned.

    A: a number or an array of alignments; A0: the alignment at time 0, below 1. Returns the same form as A.
    """
    # Kernels are alike before anything is learned: I and diag(2, 1) have the alignment 0.95. Measure from the start.
    # Return the share of the way from A0 to 1 that A has gone: 0 at A = A0, 1 at A = 1, a straight line through both.
    # A is a number or an array, A0 one number. A new number or array of A's shape comes out.
    # (3 points, about 5 minutes)
    raise NotImplementedError("alignment.relative_alignment")


@guard.accepts(K="P P", y="P | P C")
def task_alignment(K, y):
    """How much of K points along the targets: A_y = y^T K y / (|K| |y|^2).

    K (P, P); y (P,): the alignment of K with y y^T; or y (P, C): sum_c y_c^T K y_c / (|K| |y|^2),
    which is not the alignment with y y^T. Returns a number.
    By hand: the P x P identity gives 1 / sqrt(P) for any y.
    """
    # Return y^T K y / (|K| |y|^2): for one output the alignment of K with y y^T, the kernel of the targets alone.
    # While the outputs are small the loss falls at the rate |K| |y|^2 A_y / P^2: of all kernels of one size, the one
    # with the largest A_y learns fastest.
    # For y (P, C) add up y_c^T K y_c over the columns y_c, and let |y|^2 be the sum of all squares.
    # A number comes out.
    # (5 points, about 15 minutes)
    raise NotImplementedError("alignment.task_alignment")


@guard.accepts(K="P P")
def effective_rank(K):
    """(tr K)^2 / |K|^2 for K (P, P): (sum of eigenvalues)^2 / (sum of squares), r if r are equal and the rest 0."""
    # In how many directions is K large? Return (sum of the eigenvalues)^2 / (sum of their squares).
    # With r equal eigenvalues and zeros otherwise it is r. In between it moves smoothly; K's scale does not matter.
    # No eigenvalue need be computed: both sums can be had from the entries of K.
    # A number comes out.
    # (4 points, about 10 minutes)
    raise NotImplementedError("alignment.effective_rank")


@guard.accepts(times="T", losses="T", drop="[0, 1]")
def learning_time(times, losses, drop=0.1):
    """The first recorded time at which the loss has dropped by this share of its start; inf if it never has.

    times (T,), losses (T,). The condition is L(t) <= (1 - drop) L(0).
    """
    # Return the first recorded time at which the loss has dropped by the share `drop` of its start.
    # Drop 0.1 means that 90 % of the start, or less, is left. Whether the loss rises again later does not matter.
    # The answer is a number, one of `times`; inf if the loss has never dropped so far.
    # (4 points, about 10 minutes)
    raise NotImplementedError("alignment.learning_time")


@guard.accepts(times="T", alignments="T", level="[-1, 1]")
def alignment_time(times, alignments, level=0.95):
    """The time from which on the alignment stays at or above the level; inf if it ends below.

    times (T,), alignments (T,) along a run. A curve that rises, falls and rises again counts from its last rise.
    """
    # Return the recorded time from which on the alignment stays at or above the level until the end.
    # The alignment with K_inf ends at 1 in every run, since K_inf is its last kernel, and it may fall in between.
    # So the first time at the level says little: a value below the level ends whatever came before it.
    # The answer is a number, one of `times`; inf if the curve ends below the level.
    # (5 points, about 15 minutes)
    raise NotImplementedError("alignment.alignment_time")


@guard.accepts(prediction="P | P C", network="P | P C")
def kernel_error(prediction, network):
    """The relative distance |prediction - network| / |network| over test points: err_inf with K_inf, err_0 with K_0.

    prediction, network: (P2,) or (P2, C). Returns a number.
    """
    # Return how far a kernel machine's predictions are from the network's outputs, relative to the network's outputs:
    # err_inf if the machine is that of K_inf, err_0 if it is that of K_0. Both are meant for test points.
    # Norms go over all points and outputs together. Predicting 0 everywhere has the error 1. A number comes out.
    # (3 points, about 5 minutes)
    raise NotImplementedError("alignment.kernel_error")


@guard.accepts(err_inf="[0, inf)", err_0="(0, inf)")
def silence_ratio(err_inf, err_0):
    """rho = err_inf / err_0. A lazy network has rho near 1, a silently aligned one below 0.05.

    A small err_inf alone proves nothing: where the kernel never moves, err_0 is small too.
    """
    # Return rho: how large the error of the K_inf machine is, measured in errors of the K_0 machine.
    # A small err_inf proves nothing while err_0 is small too: in a lazy network the kernel has hardly moved, and both
    # machines are good.
    # Lazy: rho near 1. Silent: below 0.05. A number comes out, which may be above 1.
    # (2 points, about 5 minutes)
    raise NotImplementedError("alignment.silence_ratio")


@guard.accepts(
    K_inf_train="P P | C C P P",
    K_inf_test="P2 P | C C P2 P",
    f_train="P | P C",
    f_test="P2 | P2 C",
    f0_train="P | P C",
    f0_test="P2 | P2 C",
)
def predictor_gap(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    """G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)]: how far f_t is from K_inf's machine.

    K_inf_train (P, P), K_inf_test (P2, P); f_train (P,) or (P, C) and f_test: the outputs at time t; f0_train and
    f0_test: at time 0. Returns G_t at the test points, in f_test's shape. G_0 = 0, and the gap changes only while the
    loss falls and the kernel is misaligned.
    """
    # How far is the network at time t from the machine of K_inf that starts at f_0 and has the targets f_t(X)?
    # Return G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)] at the test points.
    # At the end it is the whole error of the machine; along the run it shows when that error was made.
    # No integral over the past is needed. kernel.kernel_predictor of unit 2 does most of it, for block kernels too.
    # G_t comes out in f_test's shape.
    # (7 points, about 25 minutes)
    raise NotImplementedError("alignment.predictor_gap")

"""Unit 5. Alignment: the finished exercises.

Cut from minintk/alignment.py by minintk dev cut. The derivations are in 05_alignment.md.
"""

import numpy as np

from minintk import guard, kernel


@guard.accepts(K="P P2 | C C P P2", Q="P P2 | C C P P2")
def kernel_alignment(K, Q):
    """The cosine of the angle between two kernels, A(K, Q) = <K, Q> / (|K| |Q|), Frobenius, not centred.

    K, Q (P, P2) or (C, C, P, P2). Returns a number, at most 1; 1 means that one is a positive multiple of the other.
    By hand: the 2 x 2 identity and the matrix of ones give 1 / sqrt(2).
    """
    return float(np.vdot(K, Q) / (_norm(K, "kernel_alignment: K") * _norm(Q, "kernel_alignment: Q")))


def _norm(a, name):
    size = np.linalg.norm(a)
    if size == 0:
        raise ValueError(f"{name} is all zeros, expected a direction")
    return size


@guard.accepts(A="...", A0="(-inf, 1)")
def relative_alignment(A, A0):
    """The share of the missing alignment that has been made up, (A - A_0) / (1 - A_0): 0 at the start, 1 if aligned.

    A: a number or an array of alignments; A0: the alignment at time 0, below 1. Returns the same form as A.
    """
    return (A - A0) / (1 - A0)


@guard.accepts(K="P P", y="P | P C")
def task_alignment(K, y):
    """How much of K points along the targets: A_y = y^T K y / (|K| |y|^2).

    K (P, P); y (P,): the alignment of K with y y^T; or y (P, C): sum_c y_c^T K y_c / (|K| |y|^2),
    which is not the alignment with y y^T. Returns a number.
    By hand: the P x P identity gives 1 / sqrt(P) for any y.
    """
    return float(np.vdot(y, K @ y) / (_norm(K, "task_alignment: K") * _norm(y, "task_alignment: y") ** 2))


@guard.accepts(K="P P")
def effective_rank(K):
    """(tr K)^2 / |K|^2 for K (P, P): (sum of eigenvalues)^2 / (sum of squares), r if r are equal and the rest 0."""
    return float(np.trace(K) ** 2 / _norm(K, "effective_rank: K") ** 2)


@guard.accepts(times="T", losses="T", drop="[0, 1]")
def learning_time(times, losses, drop=0.1):
    """The first recorded time at which the loss has dropped by this share of its start; inf if it never has.

    times (T,), losses (T,). The condition is L(t) <= (1 - drop) L(0).
    """
    reached = np.flatnonzero(losses <= (1 - drop) * losses[0])
    return float(times[reached[0]]) if len(reached) else np.inf


@guard.accepts(times="T", alignments="T", level="[-1, 1]")
def alignment_time(times, alignments, level=0.95):
    """The time from which on the alignment stays at or above the level; inf if it ends below.

    times (T,), alignments (T,) along a run. A curve that rises, falls and rises again counts from its last rise.
    """
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[first]) if first < len(times) else np.inf


@guard.accepts(prediction="P | P C", network="P | P C")
def kernel_error(prediction, network):
    """The relative distance |prediction - network| / |network| over test points: err_inf with K_inf, err_0 with K_0.

    prediction, network: (P2,) or (P2, C). Returns a number.
    """
    return float(np.linalg.norm(prediction - network) / _norm(network, "kernel_error: network"))


@guard.accepts(err_inf="[0, inf)", err_0="(0, inf)")
def silence_ratio(err_inf, err_0):
    """rho = err_inf / err_0. A lazy network has rho near 1, a silently aligned one below 0.05.

    A small err_inf alone proves nothing: where the kernel never moves, err_0 is small too.
    """
    return err_inf / err_0


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
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)

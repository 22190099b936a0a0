"""Unit 5. Has the kernel turned already, and is the network the kernel predictor of its final kernel?

Four numbers are needed, none is enough alone: when the kernel aligns, how far the loss has dropped by then, the error
of K_inf's predictor against that of K_0's, and the gap between network and predictor as training goes on. K_0 is
already close to K_inf in angle, mostly through its isotropic part: compare alignments with where they started.
"""

import numpy as np

from minintk import guard, kernel


@guard.accepts(a="...")
def norm(a):
    """|a|, the root of the sum of the squares of all entries, in float64.

    Right for entries of any size, also where their squares are no floats.
    By hand: (3e-200, 4e-200) gives 5e-200, where the sum of the squares would be 0.
    """
    with np.errstate(over="ignore", under="ignore"):
        size = np.linalg.norm(np.asarray(a, np.float64))
    if _plain(size):
        return size
    largest = np.float64(abs(a).max())
    return largest * np.linalg.norm(a / largest) if largest else largest


@guard.accepts(K="P P2 | C C P P2", Q="P P2 | C C P P2")
def kernel_alignment(K, Q):
    """A(K, Q): the cosine of the angle between two kernels, each taken as one vector of all its entries; not centred.

    K, Q (P, P2) or (C, C, P, P2). Returns a number, at most 1; 1 means that one is a positive multiple of the other.
    ValueError if one of them is all zeros. By hand: the 2 x 2 identity and the matrix of ones give 1 / sqrt(2).

    How: A = <K, Q> / (|K| |Q|), where <K, Q> is the sum of K * Q over all axes, and |K| = sqrt(<K, K>).
    """
    K, size_K = _sized(K, "kernel_alignment: K")
    Q, size_Q = _sized(Q, "kernel_alignment: Q")
    return float(np.vdot(K, Q) / (size_K * size_Q))


@guard.accepts(K="P P", y="P | P C")
def task_alignment(K, y):
    """The task alignment A_y: how well the direction of a kernel serves to learn the targets.

    K (P, P), y (P,) or (P, C). A network with the kernel K, the same for every output and none between two, has outputs
    that are all still 0, and is trained by gradient flow on the mean squared error with the targets y. The loss then
    falls at the rate |K| |y|^2 A_y / P^2, where |.|^2 is the sum of the squares of all entries. Returns A_y, a number,
    whatever the scales of K and y. ValueError if one of them is all zeros.
    By hand: the P x P identity gives 1 / sqrt(P) for any y.

    How: The outputs move at the rate K y / P, so the loss falls at the rate y^T K y / P^2, summed over the columns of
    y: A_y = sum_c y_c^T K y_c / (|K| |y|^2). Above the line stands sum(y * (K y)), for y (P,) and (P, C) alike. For one
    output this is A(K, y y^T), see `kernel_alignment`; for several it is the mean of the outputs' own A_y, weighted
    with |y_c|^2, which is not the alignment with y y^T. Elsewhere A_y is called kernel-target alignment, not
    centred.
    """
    K, size_K = _sized(K, "task_alignment: K")
    y, size_y = _sized(y, "task_alignment: y")
    return float(np.vdot(y, K @ y) / (size_K * size_y**2))


@guard.accepts(A="...", A0="(-inf, 1)")
def relative_alignment(A, A0):
    """The share of the way from A_0 to 1 that A has gone: 0 at A = A_0, 1 at A = 1, a straight line through both.

    A: a number or an array of alignments; A0: the alignment at time 0, below 1. Returns a new number or array of A's
    shape, negative where A is below A_0. By hand: A = 0.9 and A_0 = 0.8 give 0.5.
    """
    return (A - A0) / (1 - A0)


@guard.accepts(K="P P, symmetric")
def effective_rank(K):
    """In how many directions K is large: the number r of equal eigenvalues that would do the same.

    K (P, P), symmetric. Draw z (P,) from the standard normal distribution. The number z^T K z varies from draw to draw,
    relatively the less the more directions K has. Its variance over the square of its mean is that for a kernel with r
    equal eigenvalues and all others 0. Returns this r, exactly, in general not a whole number. ValueError if K is
    all zeros.
    By hand: diag(3, 3, 0, 0) gives 2.

    How: In the eigenvectors of K z^T K z = sum_i k_i z_i^2 has the mean sum_i k_i and the variance 2 sum_i k_i^2. For r
    eigenvalues k their ratio is 2 r k^2 / (r k)^2 = 2 / r: r is the participation ratio (sum_i k_i)^2 / sum_i k_i^2. No
    eigenvalue is needed: their sum is tr K; their squares are the eigenvalues of K K, whose trace is |K|^2, the sum of
    all squared entries. So it is (tr K)^2 / |K|^2.
    """
    K, size = _sized(K, "effective_rank: K")
    return float((np.trace(K) / size) ** 2)


@guard.accepts(times="T, rising", alignments="T", level="[-1, 1]")
def alignment_time(times, alignments, level=0.95):
    """The first recorded time from which on the alignment stays at or above the level; inf if it ends below.

    times (T,), rising; alignments (T,) along a run. Returns one of the times, or inf. A curve that rises, falls and
    rises again counts from its last rise. By hand: 0.9, 0.96, 0.7, 0.97 at times 0, 1, 2, 3 and the level 0.95 give 3.

    How: With i the last index at which the alignment is below the level, it is times[i + 1]; times[0] if there is no
    such i, and inf if i is the last index of all.
    """
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[first]) if first < len(times) else np.inf


@guard.accepts(times="T, rising", losses="T", drop="[0, 1]")
def learning_time(times, losses, drop=0.1):
    """The first recorded time at which the loss has dropped by at least this share of its start; inf if it never has.

    times (T,), rising; losses (T,). Returns one of the times, or inf; whether the loss rises again later does not
    matter. By hand: losses 8, 6, 4, 1 at times 0, 1, 2.5, 4 and drop = 0.25 give 1.

    How: The smallest t with L(t) <= (1 - drop) L(0).
    """
    reached = np.flatnonzero(losses <= (1 - drop) * losses[0])
    return float(times[reached[0]]) if len(reached) else np.inf


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

    How: The model's test velocity is k_inf(x)^T K_inf^{-1} df_t(X)/dt. Nothing in front of df_t(X) depends on time, so
    the integral is G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)]: f_test minus what
    kernel.kernel_predictor gives with the targets f_train, started at f0_train and f0_test.
    """
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)


@guard.accepts(prediction="P | P C", network="P | P C")
def kernel_error(prediction, network):
    """|prediction - network| / |network|, where |.| is the root of the sum of squares over all points and outputs.

    prediction (P2,) or (P2, C): what the kernel predictor of a kernel K (the machine of K, in short) gives at the test
    points; network: the network's outputs there. Returns a number, called err_inf for K_inf and err_0 for K_0.
    ValueError if the network's outputs are all zeros.
    By hand: the prediction (3, 5) of a network (3, 4) has the error 0.2.
    """
    size = norm(network)
    if not size:
        raise ValueError("kernel_error: network is all zeros, expected outputs to measure in")
    return float(norm(prediction / size - network / size))


@guard.accepts(err_inf="[0, inf)", err_0="(0, inf)")
def silence_ratio(err_inf, err_0):
    """rho = err_inf / err_0: the error of the machine of K_inf, measured in errors of the machine of K_0.

    Two numbers as from `kernel_error`. Returns a number: near 1 if the network is lazy, below 0.05 if it is silently
    aligned, above 1 if K_inf is the worse one. By hand: 0.01 and 0.5 give 0.02.
    """
    return err_inf / err_0


def _sized(a, name):
    """(a, |a|) in float64, or (a / |a|, 1) where the square of |a| may be no float; ValueError if a is all zeros."""
    size = norm(a)
    if not size:
        raise ValueError(f"{name} is all zeros, expected a direction")
    return (np.asarray(a, np.float64), size) if _plain(size) else (a / size, 1.0)  # a copy costs more than all else


def _plain(size):
    """Whether products of four such numbers are floats, with digits to spare."""
    return 1e-50 < size < 1e50

"""Unit 5. Alignment: has the kernel turned already, and is the network the kernel machine of its final kernel?

The question. Let K_t be the tangent kernel at time t, and K_inf the one at the end. The paper's Theorem 1 says: if
K_t = g(t) K_inf on training and test points, g(t) a positive number, then the trained network is the kernel machine
of K_inf, f_T(x) = f_0(x) + k_inf(x)^T K_inf^{-1} [f_T(X) - f_0(X)]. A real run meets this only in part. The functions
of this unit say how far.

kernel_alignment. We want a number that is 1 exactly if K_t = g K_inf, and that does not depend on g. Take each kernel
as one vector of P^2 numbers, with <K, Q> = sum_mn K_mn Q_mn and |K|^2 = <K, K>. By Cauchy and Schwarz <K, Q> is at
most |K| |Q|, and equal to it exactly if one kernel is a positive multiple of the other. So A(K,
Q) = <K, Q> / (|K| |Q|).
By hand: K the 2 x 2 identity, Q all ones. <K, Q> = 2, |K| = sqrt(2), |Q| = 2, so A = 1 / sqrt(2).
A kernel with several outputs (C, C, P, P) is one vector too, of C^2 P^2 numbers.
Nothing is centred. With means subtracted, K plus a constant would count as aligned with K, but its machine is another
one.
Kernel matrices on the training points are positive semidefinite, and for such matrices <K, Q> = tr(K Q) >= 0. So A is
not negative between kernels, and kernels that have little in common need not have A near 0. Which value do they have?
This is the next point.

Why A = .9 at t = 0 means nothing. Take a wide two-layer linear network, white data X^T X = P I with D inputs, and
targets y = s X beta, |beta| = 1. Its kernel is K = X M X^T with M = W_1^T W_1 + |W_2|^2 I, (D, D).
 1. At the start M_0 is a multiple of I, up to noise that falls with the width. K_0 is X X^T, and knows nothing of
    beta.
 2. At the end M_inf = s (I + beta beta^T) (paper, section 3.1): the same I, and on it the one direction that was
    learned.
 3. Since X^T X = P I, <X M X^T, X Q X^T> = tr(M X^T X Q X^T X) = P^2 tr(M Q). So A(K_0, K_inf) is the alignment of I
    with I + beta beta^T. For these two tr(I + beta beta^T) = D + 1, |I|^2 = D, |I + beta
    beta^T|^2 = (D - 1) + 4 = D + 3:

        A_0 = (D + 1) / sqrt(D (D + 3)),    .949 at D = 2, .965 at D = 10, .985 at D = 30.

D = 2 by hand: I against diag(2, 1) gives 3 / sqrt(2 * 5). Nothing has been learned at t = 0, and A_0 is above .9,
whatever beta is: the two kernels share the isotropic part, which has D directions, and differ in one. At N = 50 and
D = 30 the noise in W_1^T W_1 lowers A_0 to about .90. (With L layers: A_0 = (D + L - 1) / sqrt(D (D + L^2 - 1)).)
There are two remedies: measure from the start, or ask about the one direction.

relative_alignment measures from the start: it is the straight line in A that is 0 at A_0 and 1 at 1, so
(A - A_0) / (1 - A_0). By hand: from .9 to .95 is half the way. It is negative where A has fallen below its start. For
an array it is the same line for every entry; A_0 is one number, that of time 0.
It says when the kernel turned, not whether it turned. In a lazy run (sigma = 1) A goes from .994 to 1, a way of .006,
and the relative alignment goes from 0 to 1 all the same. Report A_0 beside it, and the growth |K_inf| / |K_0|, here
1.09.

task_alignment asks about the one direction. The kernel y y^T has nothing but the targets in it. <K, y y^T> = sum_mn
K_mn y_m y_n = y^T K y, and |y y^T| = |y|^2. So A_y = A(K, y y^T) = y^T K y / (|K| |y|^2).
Why it matters: while f is nearly 0, dL/dt = -(1 / P^2) y^T K y = -(1 / P^2) |K| |y|^2 A_y. Of all kernels of one
size, the one with the largest A_y learns fastest.
In the example above y^T X M X^T y = s^2 P^2 beta^T M beta, |K| = P |M| and |y|^2 = s^2 P, so A_y = beta^T M
beta / |M|. At the start this is 1 / sqrt(D), at the end 2 / sqrt(D + 3): from .183 to .348 at D = 30, twice as much,
where A went from .985 to 1. By hand at D = 2: 1 / sqrt(2) = .707 and 2 / sqrt(5) = .894.
For y (P, C) the columns are added up: sum_c y_c^T K y_c / (|K| |y|^2), with |y|^2 the sum of all squares. The sum is
the inner product of y and K y, or the trace of the (C, C) matrix y^T K y: products of two different columns do not
enter. For C > 1 this is not the alignment with y y^T, whose norm is in general smaller than |y|^2.

effective_rank counts the directions in which a kernel is large. Let k_i be its eigenvalues. If r of them are equal to
k and the rest are 0, then sum k_i = r k and sum k_i^2 = r k^2, so (sum k_i)^2 / sum k_i^2 = r. Between such cases the
number moves smoothly, where np.linalg.matrix_rank jumps.
No eigenvalue need be computed: sum k_i = tr K, and sum k_i^2 = tr(K K) = |K|^2. By hand: diag(2, 1) gives 9 / 5. (One
can also write it as P A(K, I)^2.)
The low rank that silent alignment is known for is that of single layers and of the top eigenvector, not of K as a
whole. In the example the effective rank goes from D to (D + 1)^2 / (D + 3), from 30 to 29.1. In a run with N = 50 it
even goes up, from 25.2 to 29.1, since the noise in W_1^T W_1 is left behind. What becomes rank one is the term of the
last layer, (X W_1^T) (X W_1^T)^T.

learning_time. A curve is recorded at times t_0 = 0 < t_1 < ... The loss has dropped by a share d when L(t) <= (1 - d)
L(0): for d = .1, when 90 % of it is left, not 10 %. The first such time is t_learn, and inf if there is none. Times
between two records are not interpolated: the answer is as exact as the spacing of the records.

alignment_time. Here the first time will not do. K_inf is the last kernel of the run, so A(K_t, K_inf) ends at 1
whatever happens, and it may pass .95 and fall again. In a run of a ReLU network with three layers (sigma = .1) A was
.93 at 1 % loss drop, .83 at 50 % and 1 at the end: the classes are learned one after the other. So t_align is the
time from which on A stays at or above the level: look for the last record below it, and take the next. No record
below: t_align is t_0. The last record below: there is no such time, inf.
By hand, level .95: A = .5, .96, .94, .97, 1 at t = 0, 1, 2, 3, 4 gives 3, not 1.

The two times, two layers. While f is nearly 0 the weights obey linear equations: W_2, and the part of W_1 along beta,
grow as e^{st} from their start of order sigma.
 1. Alignment needs the growing part to be some number of times larger than the rest of the weights, which stands
    still. Both start at order sigma, so sigma drops out: t_align is some number times 1 / s.
 2. Learning needs the output, of order sigma^2 e^{2st}, to become as large as s. So t_learn = (1 / 2s)
    log(s / sigma^2), up to some number times 1 / s. (Section 3.1.2 of the paper says s^{-1} log(s / sigma^2), twice
    as much; the legend of its figure C.2b has the 1/2, and the runs below agree with it.)
Hence t_align / t_learn goes to 0 with sigma, but only as 1 / log(1 / sigma).

The two times, L >= 3 layers. Write theta = sigma v. While f is nearly 0, d theta / dt is homogeneous of degree L - 1
in theta, like the gradient of f. So dv/dt = sigma^{L-2} F(v), and in the time tau = sigma^{L-2} t no sigma is left.
The kernel aligns at some tau. The loss moves near the tau at which v would run to infinity, as du/dtau = u^{L-1}
does.
So both times are numbers times sigma^{-(L-2)}, and t_align / t_learn tends to a constant: smaller weights do not make
it smaller. What does become smaller is what has been learned by then: f at t_align is sigma^L times a number, and so
is the loss drop. Linear networks, N = 50, D = 30, P = 60, white, s = 1, one draw of the weights, multiplied by sigma:

    L    sigma    A_0    t_align  t_learn  ratio   loss drop at t_align
    2    .1       .90    .68      1.10     .62     4e-2
    2    .01      .90    .70      3.40     .21     5e-4
    2    .001     .90    .71      5.70     .12     5e-6
    3    .1       .74    7.7      9.9      .77     2e-2
    3    .01      .74    78       123      .63     2e-5
    4    .1       .66    44       51       .86     5e-3
    4    .02      .65    1110     1330     .83     1e-5

At L = 2 the ratio of the times measures silence. At L >= 3 it does not, and the loss drop at t_align does. Deep
nonlinear networks can have t_align > t_learn and still end close to the machine of K_inf: see 2 under predictor_gap.

kernel_error. Network and machine are compared at test points, |prediction - network| / |network|. At the training
points every machine with an invertible kernel meets its targets, and the error would be 0. The network gives the
scale, since it is what is to be predicted; predicting 0 everywhere has the error 1. Norms are taken over all points
first, and divided afterwards: a mean of relative errors would be ruled by points at which f happens to be near 0.

silence_ratio. rho = err_inf / err_0 compares the machine of the final kernel with that of the initial one.

Why a small err_inf is no evidence. There are three other ways to get one, and each has its own control.
 T1. Lazy. With large sigma the kernel hardly moves, K_inf and K_0 are nearly the same, and both predict the network.
     The control is err_0. A ReLU network with P = 40 white samples, D = 60, N = 100, medians of three draws:

             sigma    err_inf    err_0    rho     |K_inf| / |K_0|
             1        .140       .154     .91     1.07
             .1       .090       .62      .15     26
             .01      .013       .73      .018    2700

 T2. Linear. K = X M X^T and k(x) = X M x. For a test point x = X^T c in the span of the training points k(x)^T
     K^{-1} = c^T X M X^T (X M X^T)^{-1} = c^T. M has dropped out: the kernels of a linear network all predict the
     same, at the start, in the middle and at the end, for any data and any sigma. err_inf and err_0 are rounding
     errors, and their ratio means nothing: it was .24 in a run with data far from white. (A test point may have a
     part outside the span; there the machine of K_inf is off by something of order sigma.) The control is a
     nonlinearity, slope < 1. For linear networks look at alignments instead.
 T3. Too many samples. f is homogeneous of degree L in its weights, so by Euler f = (1 / L) <theta, grad f>: f is one
     of the functions that its own kernel can represent. With as many samples as there are independent such functions,
     regression with that kernel finds f, trained or not. An untrained ReLU network with 440 weights (N = 40, D = 10),
     predicted with its own kernel from its own outputs at P points, has the error .74, .47, .28, .15, .04, 1e-12 at
     P = 10, 20, 40, 80, 200, 400. K_0 of a trained network need not have f_T among its functions, so here rho can be
     small without silence. The control is P: keep it well below the number of weights.
So for a nonlinear network and few samples rho near 1 means lazy and rho below .05 silent. In between, the kernel
turned while the loss fell.

predictor_gap shows when the error was made. Define at every time, with the kernel at the end,

    G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)].

The machine of K_inf starts at f_0 and is asked to go as far, at the training points, as the network has gone at time
t; G_t is what the network has at x beyond this machine. In other words: f_t(x) minus kernel_predictor with the
targets f_t(X). G_0 = 0, and |G_T| / |f_T| = err_inf.
By hand: one training point, K_inf = 2, k_inf(x) = 1, f_0(X) = .1, f_t(X) = .9, f_0(x) = .2, f_t(x) = .5. G = .3 -
(1 / 2) * .8 = -.1.

The gap needs no integral. An error that is made along the way looks like a sum over the way:

    dG/dt = df_t(x)/dt - k_inf(x)^T K_inf^{-1} df_t(X)/dt
          = (1 / P) [k_t(x)^T - k_inf(x)^T K_inf^{-1} K_t] (y - f_t),    as df_t(x)/dt = (1 / P) k_t(x)^T (y - f_t).

But k_inf and K_inf do not depend on t, so the integral of the first line from 0 to t is the definition above. The
outputs at 0 and at t are enough, for any loss. The second line holds for the mean squared error, and is for
understanding. With the interpolation weights c_t(x) = K_t^{-1} k_t(x) it reads dG/dt = (c_t - c_inf)^T df_t(X)/dt.
This says two things.
 1. Misalignment costs something only while the loss falls. In the silent phase y - f is as large as it ever is, but
    K_t, of order sigma^{2L-2}, is small, so df_t(X)/dt is nearly 0 and the kernel may turn without cost. Afterwards
    c_t - c_inf is weighted by the motion of the training outputs. The gap relative to |f_T|, in two runs:

        loss drop                                     1 %     10 %    50 %    90 %    99 %
        leaky ReLU (slope .1), white, sigma = .001    .0003   .0009   .003    .005    .006
        ReLU, condition number 100, sigma = .01       .001    .016    .087    .14     .16

 2. It is c_t that has to stand still, not the direction of K_t. If K_t = g K_inf and k_t = g k_inf then c_t = c_inf,
    but there are other ways. Let k_t(x)^T = k_inf(x)^T M_t for all x, with one matrix M_t (P, P). For the training
    points this says K_t = K_inf M_t, hence c_t^T = k_inf^T M_t M_t^{-1} K_inf^{-1} = c_inf^T, and the gap stays 0. By
    hand: K_inf = I, k_inf(x) = (1/2, 1/3), M_t = diag(1, 1/10). Then K_t = diag(1, 1/10), and
    A = 1.1 / sqrt(2 * 1.01) = .77. But k_t(x) = (1/2, 1/30), and c_t = (1/2, 1/3) = c_inf. The first sample is
    learned before the second; A < 1, G = 0.
So a low A in the middle of a run does not prove an error. A ReLU network on white data, sigma = .01, with 16 samples
of one class and 24 of the other: A is .86, .83, .84, .96 at 1, 10, 50, 90 % loss drop, t_align / t_learn is 1.8, and
yet err_inf = .017 and err_0 = .70. Four measures belong together: t_align / t_learn (two layers only), the loss drop
at t_align, rho, and the gap curve.

What is easy to get wrong.
 - np.linalg.norm(K, 2) is the largest singular value of a matrix; the Frobenius norm is np.linalg.norm(K).
 - np.corrcoef subtracts means. So does what is called centred kernel alignment.
 - |y|^2, not |y|. Check by scaling: A_y must not change if y is doubled, nor if K is.
 - y.T @ K @ y is a number for y (P,) and a (C, C) matrix for y (P, C).
 - K.sum() is the sum of all entries; the trace is that of the diagonal.
 - np.argmax of a condition that is never true is 0, which looks like "at once" and means "never".
 - Returning the index of a record instead of its time. With times 0, 1, 2, ... the two agree.
 - A -= A0 changes the caller's array; A - A0 is a new one.
 - Leaving out f_0. With sigma = .001 it goes unnoticed; with sigma = 1, in the lazy control, f_0 is as large as f_T.
 - The sign of the gap: network minus machine.
"""

import numpy as np

from minintk import kernel
from minintk.alignment import (  # noqa: F401
    alignment_time,
    effective_rank,
    kernel_alignment,
    kernel_error,
    learning_time,
    predictor_gap,
    relative_alignment,
    silence_ratio,
    task_alignment,
)


def wrong_alignment_without_norms(K, Q):
    return float(np.vdot(K, Q))


def wrong_alignment_centred(K, Q):
    with np.errstate(all="ignore"):
        K, Q = K - K.mean(), Q - Q.mean()
        return float(np.vdot(K, Q) / (np.linalg.norm(K) * np.linalg.norm(Q)))


def wrong_alignment_squared_norms(K, Q):
    return float(np.vdot(K, Q) / (np.vdot(K, K) * np.vdot(Q, Q)))


def wrong_alignment_largest_eigenvalues(K, Q):
    if np.ndim(K) > 2:
        return float(np.vdot(K, Q) / (np.linalg.norm(K) * np.linalg.norm(Q)))
    return float(np.vdot(K, Q) / (np.linalg.norm(K, 2) * np.linalg.norm(Q, 2)))


def wrong_alignment_mean_over_rows(K, Q):
    return float(np.mean((K * Q).sum(-1) / (np.linalg.norm(K, axis=-1) * np.linalg.norm(Q, axis=-1))))


def wrong_alignment_of_each_entry(K, Q):
    return K * Q / (np.linalg.norm(K) * np.linalg.norm(Q))


def wrong_relative_to_the_start(A, A0):
    return (A - A0) / A0


def wrong_relative_without_scale(A, A0):
    return A - A0


def wrong_relative_ratio(A, A0):
    return A / A0


def wrong_relative_what_is_missing(A, A0):
    return (1 - A) / (1 - A0)


def wrong_relative_clipped(A, A0):
    return np.maximum(0.0, (A - A0) / (1 - A0))


def wrong_relative_in_place(A, A0):
    A = np.asarray(A)
    A -= A0
    A /= 1 - A0
    return A


def wrong_task_norm_not_squared(K, y):
    return float(np.vdot(y, K @ y) / (np.linalg.norm(K) * np.linalg.norm(y)))


def wrong_task_without_kernel_norm(K, y):
    return float(np.vdot(y, K @ y) / np.vdot(y, y))


def wrong_task_trace_for_norm(K, y):
    return float(np.vdot(y, K @ y) / (np.trace(K) * np.vdot(y, y)))


def wrong_task_matrix(K, y):
    return y.T @ K @ y / (np.linalg.norm(K) * np.vdot(y, y))


def wrong_task_all_pairs_of_columns(K, y):
    return float(np.sum(y.T @ K @ y) / (np.linalg.norm(K) * np.vdot(y, y)))


def wrong_task_outer_product(K, y):
    Y = y if y.ndim == 2 else y[:, None]
    return float(np.vdot(K, Y @ Y.T) / (np.linalg.norm(K) * np.linalg.norm(Y @ Y.T)))


def wrong_rank_counts(K):
    return float(np.linalg.matrix_rank(K))


def wrong_rank_without_square(K):
    return float(np.trace(K) / np.linalg.norm(K))


def wrong_rank_sums_all_entries(K):
    return float(K.sum() ** 2 / np.vdot(K, K))


def wrong_rank_upside_down(K):
    return float(np.vdot(K, K) / np.trace(K) ** 2)


def wrong_rank_share_of_the_top(K):
    return float(np.trace(K) / np.linalg.norm(K, 2))


def wrong_learning_share_that_is_left(times, losses, drop=0.1):
    reached = np.flatnonzero(losses <= drop * losses[0])
    return float(times[reached[0]]) if len(reached) else np.inf


def wrong_learning_argmax(times, losses, drop=0.1):
    return float(times[np.argmax(losses <= (1 - drop) * losses[0])])


def wrong_learning_index(times, losses, drop=0.1):
    reached = np.flatnonzero(losses <= (1 - drop) * losses[0])
    return float(reached[0]) if len(reached) else np.inf


def wrong_learning_stays(times, losses, drop=0.1):
    above = np.flatnonzero(losses > (1 - drop) * losses[0])
    first = above[-1] + 1 if len(above) else 0
    return float(times[first]) if first < len(times) else np.inf


def wrong_learning_absolute(times, losses, drop=0.1):
    reached = np.flatnonzero(losses <= losses[0] - drop)
    return float(times[reached[0]]) if len(reached) else np.inf


def wrong_learning_strictly(times, losses, drop=0.1):
    reached = np.flatnonzero(losses < (1 - drop) * losses[0])
    return float(times[reached[0]]) if len(reached) else np.inf


def wrong_learning_none(times, losses, drop=0.1):
    for t, loss in zip(times, losses):
        if loss <= (1 - drop) * losses[0]:
            return float(t)


def wrong_time_first_crossing(times, alignments, level=0.95):
    reached = np.flatnonzero(alignments >= level)
    return float(times[reached[0]]) if len(reached) else np.inf


def wrong_time_last_below(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    return float(times[below[-1]]) if len(below) else float(times[0])


def wrong_time_end_if_never(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[min(first, len(times) - 1)])


def wrong_time_strictly_above(times, alignments, level=0.95):
    below = np.flatnonzero(alignments <= level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[first]) if first < len(times) else np.inf


def wrong_time_index(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(first) if first < len(times) else np.inf


def wrong_error_absolute(prediction, network):
    return float(np.linalg.norm(prediction - network))


def wrong_error_relative_to_the_prediction(prediction, network):
    return float(np.linalg.norm(prediction - network) / np.linalg.norm(prediction))


def wrong_error_squared(prediction, network):
    return float(((prediction - network) ** 2).sum() / (network**2).sum())


def wrong_error_mean_of_relative_errors(prediction, network):
    return float(np.mean(abs(prediction - network) / abs(network)))


def wrong_error_difference_of_norms(prediction, network):
    return float(abs(np.linalg.norm(prediction) - np.linalg.norm(network)) / np.linalg.norm(network))


def wrong_error_mean_squared(prediction, network):
    return float(np.sqrt(((prediction - network) ** 2).mean()) / np.linalg.norm(network))


def wrong_ratio_upside_down(err_inf, err_0):
    return err_0 / err_inf if err_inf else float("inf")


def wrong_ratio_difference(err_inf, err_0):
    return err_0 - err_inf


def wrong_ratio_gain(err_inf, err_0):
    return 1 - err_inf / err_0


def wrong_ratio_at_most_one(err_inf, err_0):
    return min(1.0, err_inf / err_0)


def wrong_gap_from_zero(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train)


def wrong_gap_without_f0_at_the_test_points(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train)


def wrong_gap_machine_minus_network(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test) - f_test


def wrong_gap_is_the_machine(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)


def wrong_gap_without_inverse(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - f0_test - K_inf_test @ (f_train - f0_train)


def wrong_gap_blocks_one_by_one(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    if K_inf_train.ndim == 2:
        return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)
    columns = [
        kernel.kernel_predictor(K_inf_train[c, c], K_inf_test[c, c], f_train[:, c], f0_train[:, c], f0_test[:, c])
        for c in range(len(K_inf_train))
    ]
    return f_test - np.stack(columns, axis=1)


def wrong_gap_norm(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    gap = f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)
    return float(np.linalg.norm(gap))


MISTAKES = [
    ("kernel_alignment", "leaves out the norms", wrong_alignment_without_norms, "Yours is 2,"),
    ("kernel_alignment", "subtracts the means", wrong_alignment_centred, "NaN"),
    ("kernel_alignment", "divides by the squared norms", wrong_alignment_squared_norms, "Yours is 0.25"),
    ("kernel_alignment", "takes np.linalg.norm(K, 2)", wrong_alignment_largest_eigenvalues, "Yours is 1,"),
    ("kernel_alignment", "takes the mean of row cosines", wrong_alignment_mean_over_rows, "over all entries"),
    ("kernel_alignment", "does not sum over the entries", wrong_alignment_of_each_entry, "returned an array"),
    ("relative_alignment", "divides by the start", wrong_relative_to_the_start, "Yours is 0.125"),
    ("relative_alignment", "does not divide", wrong_relative_without_scale, "Yours is 0.1,"),
    ("relative_alignment", "takes the ratio to the start", wrong_relative_ratio, "Yours is 1.125"),
    ("relative_alignment", "returns the share that is missing", wrong_relative_what_is_missing, "0 at the start"),
    ("relative_alignment", "cuts off negative values", wrong_relative_clipped, "the worst entry"),
    ("relative_alignment", "writes into the input", wrong_relative_in_place, "was changed in place"),
    ("task_alignment", "forgets the square of |y|", wrong_task_norm_not_squared, "Yours is"),
    ("task_alignment", "forgets the norm of K", wrong_task_without_kernel_norm, "Yours is 1,"),
    ("task_alignment", "divides by the trace of K", wrong_task_trace_for_norm, "Yours is 0.25"),
    ("task_alignment", "returns a matrix for several columns", wrong_task_matrix, "returned an array"),
    ("task_alignment", "sums over pairs of columns too", wrong_task_all_pairs_of_columns, "are added up"),
    ("task_alignment", "divides by the norm of y y^T", wrong_task_outer_product, "are added up"),
    ("effective_rank", "counts the non-zero eigenvalues", wrong_rank_counts, "Yours is 6,"),
    ("effective_rank", "forgets to square the trace", wrong_rank_without_square, "the square root of the expected"),
    ("effective_rank", "sums all entries, not the diagonal", wrong_rank_sums_all_entries, "y y^T, by hand"),
    ("effective_rank", "turns the fraction upside down", wrong_rank_upside_down, "Yours is 0.2,"),
    ("effective_rank", "divides by the largest eigenvalue", wrong_rank_share_of_the_top, "with the eigenvalues"),
    ("learning_time", "waits until only that share is left", wrong_learning_share_that_is_left, "Yours is 4,"),
    ("learning_time", "takes argmax of a mask that is all False", wrong_learning_argmax, "infinite if it never drops"),
    ("learning_time", "returns the index", wrong_learning_index, "Yours is"),
    ("learning_time", "takes the time from which on it stays low", wrong_learning_stays, "the first time, a share"),
    ("learning_time", "subtracts the drop from the loss", wrong_learning_absolute, "the time of the drop"),
    ("learning_time", "does not count equality", wrong_learning_strictly, "equality included"),
    ("learning_time", "ends without a return if the loss never drops", wrong_learning_none, "returned None"),
    ("alignment_time", "takes the first time at the level", wrong_time_first_crossing, "from its last rise"),
    ("alignment_time", "takes the last time below the level", wrong_time_last_below, "Yours is"),
    ("alignment_time", "returns the end if it never stays", wrong_time_end_if_never, "expected inf"),
    ("alignment_time", "does not count equality", wrong_time_strictly_above, "Yours is 2.5"),
    ("alignment_time", "returns the index", wrong_time_index, "Yours is"),
    ("kernel_error", "does not divide", wrong_error_absolute, "Yours is 1,"),
    ("kernel_error", "divides by the norm of the prediction", wrong_error_relative_to_the_prediction, "expected 0.2"),
    ("kernel_error", "forgets the square root", wrong_error_squared, "the square of the expected"),
    ("kernel_error", "takes the mean of the relative errors", wrong_error_mean_of_relative_errors, "Yours is 0.125"),
    ("kernel_error", "subtracts the norms", wrong_error_difference_of_norms, "expected 0.2"),
    ("kernel_error", "divides a mean by a norm", wrong_error_mean_squared, "1/sqrt(P) times the expected"),
    ("silence_ratio", "turns the ratio upside down", wrong_ratio_upside_down, "Yours is 50,"),
    ("silence_ratio", "takes the difference", wrong_ratio_difference, "Yours is 0.49"),
    ("silence_ratio", "returns the gain", wrong_ratio_gain, "Yours is 0.98"),
    ("silence_ratio", "does not let it be above 1", wrong_ratio_at_most_one, "expected 1.5"),
    ("predictor_gap", "leaves out f_0", wrong_gap_from_zero, "Yours is 2.5, expected 3"),
    (
        "predictor_gap",
        "leaves out f_0 at the test points",
        wrong_gap_without_f0_at_the_test_points,
        "Yours is 4, expected 3",
    ),
    ("predictor_gap", "subtracts the network from the machine", wrong_gap_machine_minus_network, "sign is flipped"),
    ("predictor_gap", "returns the machine itself", wrong_gap_is_the_machine, "yours 3, expected -1"),
    ("predictor_gap", "leaves out the inverse", wrong_gap_without_inverse, "Yours is 1, expected 3"),
    ("predictor_gap", "solves for each output alone", wrong_gap_blocks_one_by_one, "solved as one system"),
    ("predictor_gap", "returns the norm of the gap", wrong_gap_norm, "returned a float"),
]

"""Unit 7. Several outputs and other losses: what remains of silent alignment.

Units 1 to 6 had one output and the squared error in mind. Then K_t = g(t) K_inf after the silent phase, and the network
ends as f_0(x) + k_inf(x)^T K_inf^{-1} (y - f_0). Two things are changed here, one at a time.

Several outputs. The kernel has C C blocks (P, P). Targets Y = X B^T with B = sum_a s_a z_a v_a^T fall apart into modes,
each learned at its own time of order 1 / s_a. The kernel's directions are settled in silence, their sizes come with
the modes. So A(K_t, K_inf) < 1 while the loss falls, however small sigma is.
Other losses. Whatever the loss, df/dt = -K_t dL/df. If K_t = g(t) K_inf this is the flow of the frozen K_inf on another
clock. What is lost is the end: with the logistic loss nothing ends, and K_inf^{-1} y is not what is learned.

Numbers below are from runs with the settings named beside them.


early_residual
--------------
For any loss dW_l/dt = -dL/dW_l = -(backward part)^T (dL/df) (inputs of the layer): the loss enters through dL/df (P, C)
alone. With small weights f is of order sigma^L, and dL/df is what it is at f = 0, up to order sigma^L.

    mse       (1 / P) sum |f - y|^2 / 2             dL/df = (f - y) / P                -y / P at f = 0
    logistic  (1 / P) sum log(1 + e^{-y f})         dL/df = -y / (1 + e^{y f}) / P     -y / (2 P)
    softmax   (1 / P) sum [log sum_c e^{f_c} - y.f]  dL/df = (softmax(f) - y) / P       (1 / C - y) / P

Times -P: y, y / 2 and y - 1 / C.
By hand: one sample of the second of four classes: (-1/4, 3/4, -1/4, -1/4).

Why it matters. The silent phase of a logistic network with labels +-1 is that of the squared error at half the rate,
and nothing else: the same directions, hence the same kernel at its end. Softmax sees the labels without their mean.

Common mistakes. dL/df itself, with its sign and its 1 / P. 1 / P for 1 / C. y /= 2 writes into the caller's labels.


early_modes
-----------
Two linear layers, f = W_2 W_1 x, while f is nearly 0. With M = residual^T X / P (C, D)

    dW_1/dt = W_2^T M,    dW_2/dt = M W_1^T.

Let M = sum_a s_a z_a v_a^T be its singular value decomposition, p_a = W_2^T z_a and q_a = W_1 v_a, both (N,). Then

    dq_a/dt = W_2^T M v_a = s_a p_a,    dp_a/dt = W_1 M^T z_a = s_a q_a,

since M v_a = s_a z_a and M^T z_a = s_a v_a. So p_a + q_a grows as e^{s_a t} and p_a - q_a decays as e^{-s_a t}: each
mode is a network with one output, which knows nothing of the others. No whiteness is needed for this. On white inputs
and with the squared error, Y = X B^T, M = B X^T X / P = B: the early modes are those of the targets, and so the
directions at the end. On other inputs M = B Sigma: early directions are turned towards large variances.
By hand: X = I (2, 2), y = [[0, 4], [2, 0]]: M = y^T / 2 = [[0, 1], [2, 0]]. The mode s = 2 goes from the first input to
the second output, z_1 = (0, 1), v_1 = (1, 0).

What is unique. z_a and v_a may change sign together, and modes with equal s_a may be mixed. s, Z diag(s) V^T and
z_a v_a^T (for unequal s_a) are unique. With softmax the residual's rows add up to 0, so that one s_a is 0 if C <= D.

Common mistakes. X^T residual, (D, C), which swaps Z and V. V^T for V. Squares of the s_a, from an eigenvalue problem.
All D vectors v, without full_matrices=False.


mode_strengths
--------------
A linear network is one matrix F = W_L ... W_1 (C, D). In the bases z and v its entries are z_a^T F v_b. Asked for are
those with a = b. If F has the same z and v as B, F = sum_a r_a z_a v_a^T, then the loss on white inputs is
|B - F|^2 / 2 = sum_a (s_a - r_a)^2 / 2: when mode a is learned, the loss drops by s_a^2 / 2.
By hand: W_2 W_1 = [[1, 2, 0], [2, 5, 1]]: z = (0, 1) and v = (0, 1, 1) give 5 + 1 = 6.

Common mistakes. W_1 W_2 ...: the first layer stands on the right. Z^T F V without its diagonal, (A, A). The norm
|F v_a|, which is r_a only if F v_a points along z_a.


sequential_mode_times
---------------------
White inputs, squared error. After the early phase each mode by itself is the network of unit 6 with a = p_a, b = q_a:
q + r = |p_a + q_a|^2 / 2 = |g_a|^2 / 2 at time 0, g_a = W_2^T z_a + W_1 v_a, and its strength is share * s_a at

    t_a = log[2 s_a share / ((1 - share)(q_0 + r_0))] / (2 s_a) = log[4 s_a share / ((1 - share) |g_a|^2)] / (2 s_a).

This is the paper's time for linear networks with several outputs. Modes are not quite by themselves: they share the N
hidden units. Keep F = W_2 W_1, that is B - F for B. Since z_b^T F v_a = p_b.q_a,

    dp_a/dt = s_a q_a - sum_b (p_a.q_b) q_b,    dq_a/dt = s_a p_a - sum_b (p_b.q_a) p_b.

 1. Let mode b be learned, p_b = q_b = sqrt(s_b) e with a unit vector e along g_b, and let mode a be still small.
 2. Along e: with p = p_a.e and q = q_a.e, dp/dt = s_a q - s_b p and dq/dt = s_a p - s_b q. So d(p + q)/dt =
    (s_a - s_b)(p + q): it decays, since s_b > s_a.
 3. At right angles to e the sum over b adds nothing: that part grows on with e^{s_a t}.
So mode a is carried by g_a', its part orthogonal to all g_b with larger s_b. This is Gram-Schmidt in the order of the
modes, and the diagonal of R in a QR decomposition. q_0 + r_0 = |g_a'|^2 / 2. (This step is ours.)
By hand: g_1 = (2e, 0), g_2 = (e, 2e): |g_2'| = 2e, where |g_2| = sqrt(5) e. The second mode comes log(5/4) / (2 s_2)
later than by itself.
Runs: s = (3, 1.5, .6), sigma = 1e-3, N = 50, D = 20: half times 2.469, 4.773, 11.044; predicted 2.469, 4.774, 11.044;
each mode alone 2.469, 4.770, 11.012. With N = 50 hidden units the g_a are nearly orthogonal
already. N = 5: 2.590, 5.058, 12.238, predicted 2.590, 5.058, 12.238, and each mode alone 2.590, 4.885, 11.942.

What it needs. Small weights; s_a so far apart that a learned mode has time to push the others away, e^{-(s_b - s_a) t}
small; and N >= modes, since W_2 W_1 has rank N at most: with more modes a ValueError is raised, and no time returned.
The times are listed by s_a, largest first. They need not rise: a mode whose g_a' is large may come before a mode with
a slightly larger s_a.

Common mistakes. Each mode alone. Orthogonal to the slower modes. Parts subtracted along g_1, g_2 where g_1', g_2' are
meant: right for two modes, wrong from the third on. p_a or q_a for their sum. Times sorted. A zero singular value kept:
its time is infinite, or NaN.


eigenvector_alignment
---------------------
Two layers: K_cc' = delta_cc' X W_1^T W_1 X^T + (W_2 W_2^T)_cc' X X^T. Late in the silent phase W_1 = sum_a q_a v_a^T
and W_2 = sum_a z_a p_a^T, up to what does not grow. Where the q_a are orthogonal to each other, and the p_a,

    K = sum_a |q_a|^2 T_a + |p_a|^2 U_a,    T_a = delta_cc' X v_a v_a^T X^T,    U_a = (z_a z_a^T)_cc' X X^T.

They are at the end, where |q_a|^2 = |p_a|^2 = s_a: this is K_inf (unit 6). Before, q_1.q_2 is small beside |q_1|^2,
which grows faster, and once mode 1 is learned q_2 is turned away from it (step 2 above). So in silence K_t takes the
form of K_inf, and what is missing is the numbers in front. |q_a|^2 grows as e^{2 s_a t}: the slower modes have next to
nothing when the first is learned, and K_t is the kernel of a task with fewer modes.

In eigenvectors: on white inputs, X^T X = c I, all T_a and U_a have the same ones, z_a in the outputs times X v_b in the
samples. There sum_a [lambda_a T_a + mu_a U_a] has the eigenvalue c (mu_a + lambda_b): A^2 eigenvalues made of 2 A
numbers. For A(K, Q) = 1 it is not enough that K has these eigenvectors: its eigenvalues must be such sums as well.
X = I, z_a and v_a the unit vectors of two dimensions, K with the one entry K[0, 0, 0, 0] = 1: K has these eigenvectors,
its eigenvalues 1, 0, 0, 0 are no sums mu_a + lambda_b, and the best Q has the cosine sqrt(3) / 2 with it.

How to measure it: of all Q = sum_a [lambda_a T_a + mu_a U_a] take the one with the largest A(K, Q).
 1. Write everything as vectors. Let Pi K be the projection of K on the span of the terms. <K, Q> = <Pi K, Q> for
    every Q in the span, and this is at most |Pi K| |Q|.
 2. So A(K, Q) = <Pi K, Q> / (|K| |Q|) <= |Pi K| / |K|, and Q = Pi K reaches it.
 3. Pi K = T c with the least-squares solution c of T c = K.
By hand: C = 1, X = I, v = (1, 0), z = 1: T = diag(1, 0), U = I. K = [[1, 1], [1, 1]] has the projection I: sqrt(2) / 2.

Dependent terms. If A = D, sum_a v_a v_a^T = I, and if A = C, sum_a z_a z_a^T = I: then sum_a T_a = delta_cc' X X^T =
sum_a U_a, and the 2 A terms span 2 A - 1 dimensions. Two equal columns of Z, or one that is zero, do the same. The
last column of Q in a QR decomposition is then made of rounding errors, and counts a direction that no sum of terms has.
The normal equations T^T T c = T^T K have a singular matrix. lstsq, pinv and the SVD see the rank.

Why it matters. s = (3, 1.5, .6): A(K_t, K_inf) at a loss drop of 10 % is .896, .888, .887 at sigma = .01, .001, .0001;
it does not go to 1. With the best numbers in front it is .9997 and more. The network is the machine of K_inf all the
same: with P = 10 < D = 20 samples err_inf is .0028 where err_0 is .25 (sigma = .01). What a machine needs is that
k_t(x)^T K_t^{-1} stands still, and this is less than A = 1. For x = X^T c, in the span of the samples, k_t(x) = K_t c,
so that it is c^T at every time, whatever a linear network's kernel does. Outside of the span W_1^T W_1 has to keep the
span to itself: the final one does, the one at the start does not, and this is K_0's error.

Common mistakes. Equal numbers, lambda_a = mu_a = 1. The squared cosine. Cosines with each term added up in squares:
the terms are not orthogonal to each other. T_a alone.


kernel_clock
------------
If K_t = g(t) K_inf with g = |K_t| / |K_inf|, then df/dt = -g K_inf dL/df for every loss. Let dh = g dt. Then

    df/dh = -K_inf dL/df,

the flow of a frozen kernel: f_t = (frozen flow at h(t)). While the kernel is small h stands still: silence is time
that h does not count. g can be measured, it is the ratio of norms, and the trapezoid
from t_i to t_{i+1} has the area (t_{i+1} - t_i)(g_i + g_{i+1}) / 2.
By hand: times (0, 1, 3), g = (0, 1/2, 1): areas 1/4 and 3/2, h = (0, 1/4, 7/4).

What survives for other losses. From df(x)/dt = -k_t(x)^T dL/df at any x, and k_t = g k_inf,

    f_t(x) - f_0(x) = k_inf(x)^T alpha(t),    alpha(t) = -int g dL/df dt    (P,),

at training and test points with the same alpha. Hence alpha = K_inf^{-1} [f_t(X) - f_0(X)], and the gap of unit 5,

    G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)] = 0    at every t and for every loss.

This is the statement about the span of the k_inf(., x_m), and alignment.predictor_gap measures it as it is: no loss
enters there. What is lost: for the squared error f_t(X) goes to y, and alpha to K_inf^{-1} y. The logistic and the
softmax loss have no f with dL/df = 0. The outputs of separable data grow for ever, as log t, and where they are at a
moment depends on the loss and on h. "The machine of K_inf with targets f_T(X)" is still right, "K_inf^{-1} y" is not.
And K_inf is a matter of when one stops: K_t grows with the outputs, and with P > D its direction may turn late.

Common mistakes. h without its first 0. |K_t| without |K_inf|. Left or right heights alone. Equal steps assumed.


frozen_kernel_flow
------------------
df_c(x_m)/dt = -sum_{c', n} K[c, c', m, n] dL/df_c'(x_n). dL/df (P, C) is that of unit 4, with the 1 / P of the mean.
For a kernel (P, P) shared by all outputs K[c, c'] = delta_cc' K, and the sum is K @ dL/df.
 1. mse: linear, and the closed form of unit 2: along an eigenvector of K with eigenvalue k, f = (1 - e^{-k t / P}) y.
 2. logistic, one sample, K = k, y = 1: df/dt = k / (1 + e^f), so (1 + e^f) df = k dt and f + e^f = 1 + k t. For late
    times f is near log(k t).
 3. More samples: no closed form. The integrator of unit 4 wants a function theta -> (rate, value) of flat arrays.
    theta = f.ravel(), rate = df/dt.ravel(), value = the loss. It yields its moments at exactly the times asked for,
    besides t = 0. The end value -inf says that no loss is low enough to stop.

Runs: 40 white samples, D = 60, ReLU, N = 100, sigma = .01, labels +-1, logistic loss, stopped at .02 log 2.
|G_t| / |f_t| at 200 test points for K_inf and for K_0; |f_t - frozen flow at h(t)| / |f_t| at the training points:

    loss / log 2            .9     .5     .1     .02
    t                     14.6   18.9   25.8    41.0
    h                      .07    .52    3.5    16.3
    gap of K_inf          .075   .032   .014    .009
    gap of K_0             .89    .86    .77     .76
    off the frozen flow    .24    .17    .046   .011

Early on the two classes are not learned at quite the same time, which one clock for all cannot tell. The span
statement does not need the clock, and holds better.

Common mistakes. +K dL/df, which climbs. 1 / P left out, or divided by once more. One output alone, or blocks whose rows
are ordered sample by sample while the outputs are ordered output by output. The moment t = 0 kept though it was not
asked for. One Euler step a moment."""

import numpy as np

from minintk import integrator, training
from minintk.outputs import (  # noqa: F401
    early_modes,
    early_residual,
    eigenvector_alignment,
    frozen_kernel_flow,
    kernel_clock,
    mode_strengths,
    sequential_mode_times,
)


def wrong_residual_is_the_derivative(y, loss="mse"):
    return training.loss_and_cotangent(np.zeros(y.shape), y, loss)[1]


def wrong_residual_with_the_mean(y, loss="mse"):
    return early_residual(y, loss) / len(y)


def wrong_residual_logistic_whole(y, loss="mse"):
    return y if loss == "logistic" else early_residual(y, loss)


def wrong_residual_softmax_over_samples(y, loss="mse"):
    return y - 1 / len(y) if loss == "softmax" else early_residual(y, loss)


def wrong_residual_softmax_is_y(y, loss="mse"):
    return y if loss == "softmax" else early_residual(y, loss)


def wrong_residual_in_place(y, loss="mse"):
    if loss == "logistic":
        y /= 2
    if loss == "softmax":
        y -= 1 / y.shape[1]
    return y


def wrong_residual_of_the_first_output(y, loss="mse"):
    return early_residual(y, loss)[:, :1]


def _svd(M):
    Z, s, Vt = np.linalg.svd(M, full_matrices=False)
    return Z, s, Vt.T


def wrong_modes_rows_of_v(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z, s, V.T


def wrong_modes_other_way_round(X, y, loss="mse"):
    return _svd(X.T @ early_residual(y, loss) / len(X))


def wrong_modes_rates_and_products(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return s, [np.outer(z, v) for z, v in zip(Z.T, V.T)]


def wrong_modes_without_p(X, y, loss="mse"):
    return _svd(early_residual(y, loss).T @ X)


def wrong_modes_squared_rates(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z, s**2, V


def wrong_modes_of_the_targets(X, y, loss="mse"):
    return _svd(y.T @ X / len(X))


def wrong_modes_all_vectors(X, y, loss="mse"):
    Z, s, Vt = np.linalg.svd(early_residual(y, loss).T @ X / len(X))
    return Z, s, Vt.T


def wrong_modes_smallest_first(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z[:, ::-1], s[::-1], V[:, ::-1]


def wrong_strengths_layers_the_wrong_way(weights, Z, V):
    moved = V
    for W in weights[::-1]:
        moved = W @ moved
    return (Z * moved).sum(axis=0)


def wrong_strengths_all_pairs(weights, Z, V):
    for W in weights:
        V = W @ V
    return Z.T @ V


def wrong_strengths_norms(weights, Z, V):
    for W in weights:
        V = W @ V
    return np.linalg.norm(V, axis=0)


def wrong_strengths_one_number(weights, Z, V):
    for W in weights:
        V = W @ V
    return float((Z * V).sum())


def wrong_strengths_of_two_layers(weights, Z, V):
    return (Z * (weights[-1] @ weights[0] @ V)).sum(axis=0)


def wrong_strengths_without_signs(weights, Z, V):
    return abs(mode_strengths(weights, Z, V))


def _modes(weights, B):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    kept = S > 1e-12 * S[0]
    W_1, W_2 = weights
    return W_2.T @ Z[:, kept] + W_1 @ Vt[kept].T, S[kept]


def _times(lengths, S, share):
    return np.log(4 * S * share / ((1 - share) * lengths**2)) / (2 * S)


def wrong_times_alone(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.linalg.norm(g, axis=0), S, share)


def wrong_times_after_slower_modes(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.diag(np.linalg.qr(g[:, ::-1], mode="r"))[::-1], S, share)


def wrong_times_smallest_first(weights, B, share=0.5):
    return sequential_mode_times(weights, B, share)[::-1]


def wrong_times_without_share(weights, B, share=0.5):
    return sequential_mode_times(weights, B)


def wrong_times_mean_of_both(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.diag(np.linalg.qr(g / 2, mode="r")), S, share)


def wrong_times_rate_s(weights, B, share=0.5):
    return 2 * sequential_mode_times(weights, B, share)


def wrong_times_first_layer_only(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    kept = S > 1e-12 * S[0]
    return _times(np.diag(np.linalg.qr(2 * weights[0] @ Vt[kept].T, mode="r")), S[kept], share)


def wrong_times_sorted(weights, B, share=0.5):
    return np.sort(sequential_mode_times(weights, B, share))


def wrong_times_along_whole_vectors(weights, B, share=0.5):
    g, S = _modes(weights, B)
    left = [g[:, a] - sum((g[:, a] @ e) / (e @ e) * e for e in g[:, :a].T) for a in range(len(S))]
    return _times(np.linalg.norm(left, axis=1), S, share)


def wrong_times_with_zero_modes(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    with np.errstate(all="ignore"):
        own = np.linalg.norm(weights[1].T @ Z + weights[0] @ Vt.T, axis=0)
        return _times(own, S, share)


def _terms(X, Z, V):
    left = [np.multiply.outer(np.eye(len(Z)), np.outer(X @ v, X @ v)) for v in V.T]
    return np.array([t.ravel() for t in left + [np.multiply.outer(np.outer(z, z), X @ X.T) for z in Z.T]])


def _projected(K, terms):
    return float(np.linalg.norm(np.linalg.lstsq(terms.T, K.ravel())[0] @ terms) / np.linalg.norm(K))


def wrong_eigenvectors_equal_numbers(K, X, Z, V):
    Q = _terms(X, Z, V).sum(axis=0)
    return float(K.ravel() @ Q / (np.linalg.norm(K) * np.linalg.norm(Q)))


def wrong_eigenvectors_squared(K, X, Z, V):
    return eigenvector_alignment(K, X, Z, V) ** 2


def wrong_eigenvectors_of_inputs_only(K, X, Z, V):
    return _projected(K, _terms(X, Z, V)[: V.shape[1]])


def wrong_eigenvectors_of_outputs_only(K, X, Z, V):
    return _projected(K, _terms(X, Z, V)[V.shape[1] :])


def wrong_eigenvectors_by_qr(K, X, Z, V):
    Q = np.linalg.qr(_terms(X, Z, V).T)[0]
    return float(np.linalg.norm(Q.T @ K.ravel()) / np.linalg.norm(K))


def wrong_eigenvectors_by_solve(K, X, Z, V):
    terms, A = _terms(X, Z, V), V.shape[1]
    terms = np.array([term for a in range(A) for term in (terms[a], terms[A + a])])  # T_1, U_1, T_2, U_2, ...
    return float(np.linalg.norm(np.linalg.solve(terms @ terms.T, terms @ K.ravel()) @ terms) / np.linalg.norm(K))


def wrong_eigenvectors_as_if_orthogonal(K, X, Z, V):
    terms = _terms(X, Z, V)
    cosines = terms @ K.ravel() / (np.linalg.norm(terms, axis=1) * np.linalg.norm(K))
    return float(np.linalg.norm(cosines))


def wrong_eigenvectors_without_the_norm(K, X, Z, V):
    return eigenvector_alignment(K, X, Z, V) * float(np.linalg.norm(K))


def wrong_eigenvectors_samples_first(K, X, Z, V):
    return eigenvector_alignment(np.ascontiguousarray(K.transpose(2, 3, 0, 1)).reshape(K.shape), X, Z, V)


def wrong_eigenvectors_one_mu(K, X, Z, V):
    terms = _terms(X, Z, V)
    A = V.shape[1]
    return _projected(K, np.array([*terms[:A], terms[A:].sum(axis=0)]))


def wrong_clock_without_start(times, sizes):
    return kernel_clock(times, sizes)[1:]


def wrong_clock_left_heights(times, sizes):
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * sizes[:-1] / sizes[-1])])


def wrong_clock_without_k_inf(times, sizes):
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * (sizes[1:] + sizes[:-1]) / 2)])


def wrong_clock_of_the_first_size(times, sizes):
    with np.errstate(all="ignore"):
        return kernel_clock(times, sizes) * sizes[-1] / sizes[0]


def wrong_clock_equal_steps(times, sizes):
    g = sizes / sizes[-1]
    return np.concatenate([[0.0], np.cumsum((g[1:] + g[:-1]) / 2) * (times[1] - times[0])])


def wrong_clock_sum_of_both_heights(times, sizes):
    return 2 * kernel_clock(times, sizes)


def wrong_clock_total(times, sizes):
    return float(kernel_clock(times, sizes)[-1])


def wrong_clock_starts_at_the_first_time(times, sizes):
    return times[0] + kernel_clock(times, sizes)


def _flow(K, y, times, loss, rate):
    def velocity(theta):
        value, cotangent = training.loss_and_cotangent(theta.reshape(y.shape), y, loss)
        return rate(cotangent).ravel(), value

    moments = integrator.integrate(velocity, np.zeros(y.size), max(times), -np.inf, times, (), 1e-8, 100_000)
    return [theta.reshape(y.shape) for _, _, theta, _ in moments]


def _pushed(K, cotangent):
    return K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)


def wrong_flow_of_the_outputs(K, y, times, loss="mse"):
    return np.zeros((len(times), *y.shape))  # df/dt = -K f from f = 0


def wrong_flow_uphill(K, y, times, loss="mse"):
    return -frozen_kernel_flow(K, y, times, loss)


def wrong_flow_without_the_mean(K, y, times, loss="mse"):
    return frozen_kernel_flow(K * len(y), y, times, loss)


def wrong_flow_with_the_mean_twice(K, y, times, loss="mse"):
    return frozen_kernel_flow(K / len(y), y, times, loss)


def wrong_flow_of_the_squared_error(K, y, times, loss="mse"):
    return frozen_kernel_flow(K, y, times)


def wrong_flow_with_the_start(K, y, times, loss="mse"):
    return np.array(_flow(K, y, times, loss, lambda cotangent: -_pushed(K, cotangent)))


def wrong_flow_blocks_transposed(K, y, times, loss="mse"):
    blocks = K if K.ndim == 2 else K.transpose(1, 0, 2, 3)
    return frozen_kernel_flow(blocks, y, times, loss)


def wrong_flow_diagonal_blocks(K, y, times, loss="mse"):
    blocks = K if K.ndim == 2 else K * np.eye(len(K))[:, :, None, None]
    return frozen_kernel_flow(blocks, y, times, loss)


def wrong_flow_orders_mixed(K, y, times, loss="mse"):
    if K.ndim == 2:
        return frozen_kernel_flow(K, y, times, loss)
    matrix = K.transpose(0, 2, 1, 3).reshape(y.size, y.size)
    return np.array([np.zeros(y.shape), *_flow(K, y, times, loss, lambda c: -matrix @ c.ravel())[1:]])[-len(times) :]


def wrong_flow_two_dimensional_only(K, y, times, loss="mse"):
    return frozen_kernel_flow(K if K.ndim == 2 else K[0, 0], y, times, loss)


def wrong_flow_euler(K, y, times, loss="mse"):
    f, t, found = np.zeros(y.shape), 0.0, []
    for time in times:
        f = f - (time - t) * _pushed(K, training.loss_and_cotangent(f, y, loss)[1])
        t = time
        found.append(f)
    return np.array(found)


def wrong_flow_end_only(K, y, times, loss="mse"):
    return frozen_kernel_flow(K, y, times, loss)[-1]


def wrong_flow_closed_form(K, y, times, loss="mse"):
    return np.array([training.loss_and_cotangent(f, y, loss)[1] * -len(y) for f in frozen_kernel_flow(K, y, times)])


MISTAKES = [
    ("early_residual", "returns dL/df", wrong_residual_is_the_derivative, "- 1/P times the expected"),
    ("early_residual", "leaves the 1/P in", wrong_residual_with_the_mean, "1/P times the expected"),
    ("early_residual", "forgets that the logistic slope is 1/2", wrong_residual_logistic_whole, "a constant factor"),
    ("early_residual", "takes 1/P for 1/C", wrong_residual_softmax_over_samples, "differs by the same number"),
    ("early_residual", "takes y for softmax", wrong_residual_softmax_is_y, "differs by the same number"),
    ("early_residual", "writes into y", wrong_residual_in_place, "was changed in place"),
    ("early_residual", "keeps one output", wrong_residual_of_the_first_output, "has shape"),
    ("early_modes", "returns V^T", wrong_modes_rows_of_v, "V has shape (2, 4), expected (4, 2)"),
    ("early_modes", "decomposes X^T residual", wrong_modes_other_way_round, "(z_1 v_1^T)[0, 1] is 1, expected 0"),
    ("early_modes", "forgets 1/P", wrong_modes_without_p, "s[0] is 4, expected 2. s is 2 times the expected"),
    ("early_modes", "returns squared rates", wrong_modes_squared_rates, "s[0] is 4, expected 2"),
    ("early_modes", "takes the targets for the residual", wrong_modes_of_the_targets, "the rates of each loss"),
    ("early_modes", "returns two things", wrong_modes_rates_and_products, "expected the three arrays Z, s, V"),
    ("early_modes", "keeps all right vectors", wrong_modes_all_vectors, "has shape"),
    ("early_modes", "puts the smallest rate first", wrong_modes_smallest_first, "expected numbers that fall"),
    ("mode_strengths", "multiplies W_L first", wrong_strengths_layers_the_wrong_way, "ValueError"),
    ("mode_strengths", "keeps all pairs of modes", wrong_strengths_all_pairs, "Only the diagonal is asked for"),
    ("mode_strengths", "takes |W_L ... W_1 v_a|", wrong_strengths_norms, "the worst entry"),
    ("mode_strengths", "sums over modes", wrong_strengths_one_number, "returned a float"),
    ("mode_strengths", "leaves layers out", wrong_strengths_of_two_layers, "any depth"),
    ("mode_strengths", "drops the sign", wrong_strengths_without_signs, "any depth"),
    ("sequential_mode_times", "takes each mode alone", wrong_times_alone, "only what faster modes leave"),
    ("sequential_mode_times", "goes from slow to fast", wrong_times_after_slower_modes, "only what faster modes leave"),
    ("sequential_mode_times", "returns the slowest first", wrong_times_smallest_first, "only what faster modes leave"),
    ("sequential_mode_times", "ignores share", wrong_times_without_share, "four fifths take log 2 more"),
    ("sequential_mode_times", "takes (p + q) / 2 for p + q", wrong_times_mean_of_both, "one hidden unit by hand"),
    ("sequential_mode_times", "takes the rate s", wrong_times_rate_s, "2 times the expected"),
    ("sequential_mode_times", "uses W_1 only", wrong_times_first_layer_only, "agrees with its single mode"),
    ("sequential_mode_times", "keeps modes with s_a = 0", wrong_times_with_zero_modes, "one entry more than expected"),
    ("sequential_mode_times", "sorts the times", wrong_times_sorted, "not in the order of the times"),
    ("sequential_mode_times", "subtracts along g_1, g_2", wrong_times_along_whole_vectors, "Only the third is wrong?"),
    ("eigenvector_alignment", "takes equal numbers", wrong_eigenvectors_equal_numbers, "Yours is"),
    ("eigenvector_alignment", "returns the squared cosine", wrong_eigenvectors_squared, "the square of the expected"),
    ("eigenvector_alignment", "leaves the outputs' terms out", wrong_eigenvectors_of_inputs_only, "Yours is"),
    ("eigenvector_alignment", "leaves the inputs' terms out", wrong_eigenvectors_of_outputs_only, "Yours is"),
    ("eigenvector_alignment", "trusts QR", wrong_eigenvectors_by_qr, "linearly dependent terms"),
    ("eigenvector_alignment", "adds squared cosines", wrong_eigenvectors_as_if_orthogonal, "Yours is"),
    ("eigenvector_alignment", "forgets |K|", wrong_eigenvectors_without_the_norm, "Yours is"),
    ("eigenvector_alignment", "solves the normal equations", wrong_eigenvectors_by_solve, "Singular matrix"),
    ("eigenvector_alignment", "puts samples before outputs", wrong_eigenvectors_samples_first, "whatever the numbers"),
    ("eigenvector_alignment", "has one mu for all outputs", wrong_eigenvectors_one_mu, "whatever the numbers"),
    ("kernel_clock", "leaves out the first 0", wrong_clock_without_start, "one entry fewer than expected"),
    ("kernel_clock", "takes the left heights", wrong_clock_left_heights, "two trapezoids by hand"),
    ("kernel_clock", "forgets |K_inf|", wrong_clock_without_k_inf, "a constant factor"),
    ("kernel_clock", "divides by |K_0|", wrong_clock_of_the_first_size, "NaN"),
    ("kernel_clock", "assumes equal steps", wrong_clock_equal_steps, "two trapezoids by hand"),
    ("kernel_clock", "adds both heights", wrong_clock_sum_of_both_heights, "2 times the expected"),
    ("kernel_clock", "returns the whole integral", wrong_clock_total, "returned a float"),
    ("kernel_clock", "starts at the first time", wrong_clock_starts_at_the_first_time, "differs by the same number"),
    ("frozen_kernel_flow", "climbs", wrong_flow_uphill, "sign is flipped"),
    ("frozen_kernel_flow", "leaves out 1/P", wrong_flow_without_the_mean, "the squared error in closed form"),
    ("frozen_kernel_flow", "divides by P twice", wrong_flow_with_the_mean_twice, "the squared error in closed form"),
    ("frozen_kernel_flow", "ignores the loss", wrong_flow_of_the_squared_error, "one sample by hand"),
    ("frozen_kernel_flow", "keeps the start", wrong_flow_with_the_start, "one entry more than expected"),
    ("frozen_kernel_flow", "multiplies K by f", wrong_flow_of_the_outputs, "all zeros"),
    ("frozen_kernel_flow", "swaps the outputs' axes", wrong_flow_blocks_transposed, "couples the outputs"),
    ("frozen_kernel_flow", "leaves the outputs uncoupled", wrong_flow_diagonal_blocks, "couples the outputs"),
    ("frozen_kernel_flow", "mixes two orders of flattening", wrong_flow_orders_mixed, "couples the outputs"),
    ("frozen_kernel_flow", "takes the first block for all", wrong_flow_two_dimensional_only, "couples the outputs"),
    ("frozen_kernel_flow", "takes one Euler step a moment", wrong_flow_euler, "the worst entry"),
    ("frozen_kernel_flow", "returns the last moment", wrong_flow_end_only, "has shape"),
    ("frozen_kernel_flow", "takes the residual for the outputs", wrong_flow_closed_form, "one sample by hand"),
]

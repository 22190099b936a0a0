"""Unit 6. Linear networks in closed form: what the runs are held against.

The setting. f(x) = W_L ... W_1 x, so the network is one row w^T = W_L ... W_1, (1, D). The data are white, X^T
X / P = I, and the targets are y = s X beta with |beta| = 1. Then (1/P) X^T (y - f) = s beta - w, and gradient flow
reads

    dW_l/dt = (W_L ... W_{l+1})^T (s beta - w)^T (W_{l-1} ... W_1)^T.

All that the weights see of the data is s beta. (If P < D, X^T X / P is the projector on the span of the rows. Take
beta in that span, and everything below holds in it.) Every formula here was compared with runs, D = 30 inputs, N = 50
hidden units, P = 60, s = 1, one draw of the weights, multiplied by sigma. Numbers below are from these runs unless
others are named. Where we say "in the text we read" the paper's text and our check differ; we read the text without
its layout, so look at the paper itself before you call it a misprint.


early_weights
-------------
Two layers, W = W_1 (N, D) and a = W_2^T (N,). w = W^T a is of order sigma^2. While it is small beside s beta leave it
out:

    da/dt = s W beta,    dW/dt = s a beta^T.

 1. da/dt needs W only as b = W beta. With |beta| = 1, db/dt = s a beta^T beta = s a. So a and b obey da/dt = s b and
    db/dt = s a, entry by entry: a = cosh(st) a_0 + sinh(st) b_0, b = cosh(st) b_0 + sinh(st) a_0.
 2. dW/dt has the direction beta^T on its right at every time. So W = W_0 + (b - b_0) beta^T: check it by W beta = b.
    This is W_0 + [(cosh(st) - 1) b_0 + sinh(st) a_0] beta^T. The -1 is there since b_0 is in W_0 already.
By hand: one unit, beta = (1, 0), W_0 = (0, 3), a_0 = 1, st = log 2, where cosh = 5/4 and sinh = 3/4. a = 5/4 and
W = (3/4, 3).

Why it matters. (i) The equations are linear, so sigma is a common factor of W and a at every time, and the angle of
the kernel X (W^T W + |a|^2 I) X^T does not know it. (ii) When e^{st} is large, a = e^{st} (a_0 + b_0) / 2, b is the
same, and W = a beta^T + a rest that does not grow. Then the kernel is |a|^2 X (beta beta^T + I) X^T: the direction
that it will have at the end. All this while f, of order sigma^2 e^{2st}, is still nearly 0. This is the silent phase
(paper, phase I of section 3.1). The relative error at t = 1/s is of order sigma^2: in a 3e-2, 3e-4, 3e-6 at
sigma = .1, .01, .001.

Common mistakes. cosh without the -1 counts b_0 twice. The outer product beta (...)^T is (D, N). W += changes the
caller's array. The growing part e^{st} alone is right late, and wrong at the start.


two_layer_mode
--------------
Now with w. Along beta, and up to a term of order sigma^2, w = r beta with r = a.b, so da/dt = (s - r) b and
db/dt = (s - r) a. (The term is W's part at right angles to beta, which stays of order sigma.) With q = (|a|^2 +
|b|^2) / 2

    dr/dt = da/dt.b + a.db/dt = (s - r) (|b|^2 + |a|^2) = 2 (s - r) q,
    dq/dt = a.da/dt + b.db/dt = 2 (s - r) r.

 1. d(q^2 - r^2)/dt = 4 (s - r) (q r - r q) = 0: q^2 - r^2 = c. c > 0 because |a.b| < (|a|^2 + |b|^2) / 2, unless
    a = b or a = -b.
 2. q + r grows: d(q + r)/dt = 2 (s - r) (q + r). Let z = (q + r) / sqrt(c). Since (q + r)(q - r) = c, the other one
    is q - r = sqrt(c) / z. So r = sqrt(c) (z - 1/z) / 2 and q = sqrt(c) (z + 1/z) / 2.
 3. dz/dt = 2 s z - 2 r z = 2 s z - sqrt(c) (z^2 - 1) = -sqrt(c) (z - z_+)(z - z_-), where z_+ and z_- are the roots,
    (s +- R) / sqrt(c), R = sqrt(s^2 + c).
 4. d/dt log[(z - z_+) / (z - z_-)] = dz/dt [1 / (z - z_+) - 1 / (z - z_-)] = -sqrt(c) (z_+ - z_-) = -2 R. So the
    fraction is x = x_0 e^{-2Rt}, and (z - z_+) = x (z - z_-) gives z = (z_+ - z_- x) / (1 - x).
By hand: q_0 = 3, r_0 = 0, s = 4: c = 9, R = 5, z_+ = 3, z_- = -1/3, z_0 = 1. At the end x = 0, z = 3, and r = 3 (3 -
1/3) / 2 = 4 = s, q = 5.

At r_0 = s the start z_0 is z_+: x_0 = 0, and nothing moves. 1 / x would be a division by 0. e^{-2Rt} falls to 0, and z
goes to z_+. e^{2Rt} overflows at 2Rt = 710, and inf / inf is NaN. z_- = (s - R) / sqrt(c) is a difference of two nearly
equal numbers for small c. z_+ z_- = -1 gives it without: z_- = -sqrt(c) / (s + R).

What the paper says. In the text we read, equations (50)-(51) start from r_0 = 0. r_0 = a_0.b_0 is a sum of N products
of either sign, of size sigma^2 / sqrt(D), and q_0 is near sigma^2 (1 + N/D) / 2. So r_0 / q_0 is of order D^{-1/2},
about +-.14 here, and it does not shrink with sigma. Without it the curve comes log(1 + r_0/q_0) / (2s) too early or
too late. Largest error of r(t) over the run, divided by s, for a draw with r_0 / q_0 = -.02 (a small one; another
draw gave 4e-2):

    sigma              .1      .01     .001
    r_0 kept           6e-3    1e-4    2e-6
    r_0 = 0            1e-2    6e-3    5e-3

Common mistakes. r_0 left out. The rate R instead of 2R. q and r in the other order.


half_loss_time
--------------
For small weights c is nearly 0, and once q has grown r = q. Then p = q + r obeys dp/dt = (2s - p) p, whose solution
is p = 2s e^{2st} / (e^{2st} - 1 + 2s / p_0). At the start r and q are not equal, but p obeys this equation there too:
r is then small beside s. So r = p / 2 = s e^{2st} / (e^{2st} - 1 + 2s / (q_0 + r_0)). The loss is |s beta -
w|^2 / 2 = (s - r)^2 / 2. It has halved at r = s (1 - sqrt(1/2)) = .29 s. In general r = share * s says e^{2st} (1 -
share) = share (2s / p_0 - 1), and the -1 is left out:

    t = log[2 s share / ((1 - share)(q_0 + r_0))] / (2s),    share / (1 - share) = sqrt(2) - 1 for half of the loss.

By hand: s = 1 and q_0 + r_0 = 2 (sqrt(2) - 1) e^{-2} = .112 give 1.
Runs: 2.034, 4.331, 6.634 at sigma = .1, .01, .001, and the formula 2.028, 4.331, 6.634.

Why it matters. q_0 + r_0 is sigma^2 times a number: t_half = (1 / 2s) log(1 / sigma^2) + a number. Divide sigma by 10
and log(10) / s = 2.3 is added. The time to align stays as it is. So the kernel turns ever earlier, measured in
learning times. In the text we read, section 3.1.2 has s^{-1} log(s / sigma^2), with twice that coefficient; the
legend of figure C.2b there has the 1/2, as do the runs.

Common mistakes. Half of the strength, share = 1/2, where a quarter of the loss is left. The factor 1/s. r_0 left out.


deep_mode
---------
Small weights make every layer rank one (paper, section 4.1). Put W_l = u r_{l+1} r_l^T with |r_l| = 1, r_1 = beta,
r_{L+1} = 1. Then w = u^L beta, and the flow above gives dW_l/dt = u^{L-1} (s - u^L) r_{l+1} r_l^T: the vectors stand
still, and

    du/dt = u^{L-1} (s - u^L).

The strength c = u^L obeys dc/dt = L u^{L-1} du/dt = L u^{2L-2} (s - c) = L c^{2-2/L} (s - c). In the text we read,
section 4.1.1 and equations (60), (61) do not have the factor L. At L = 2 they would then disagree with the paper's
(49), which is 2c (s - c). Integrated with s = 1 and u_0 = .1, .1, .3, that curve is off by .67, .995, .98 at L = 2,
3, 4. The one with L agrees with runs of whole networks that start from such layers.

L = 2 has a formula: c = s / (1 + (s/c_0 - 1) e^{-2st}). By hand: s = 1, c_0 = 1/2: 1 / (1 + 1/3) = 3/4 at
t = log(3) / 2.
Other L need numbers. u spends nearly all time near u_0, then jumps in a time of order s^{2/L-2}, and then creeps to
s^{1/L}.
 1. Turn it around: t(u) is an integral, and has no plateau to wait on.
 2. x = c / s goes from near 0 to near 1. In y = log(x / (1 - x)) both ends move out to infinity. dx/dy = x (1 - x),
    and dx/dt = L s^{2-2/L} x^{2-2/L} (1 - x), so dt/dy = x^{2/L-1} / (L s^{2-2/L}). This is smooth: e^{-y(1-2/L)}
    times a constant on the plateau, a constant after the jump.
 3. Sum it over cells of y, from y_0 to 40: there 1 - x is 4e-18, less than the rounding error of 1. For each time
    find its cell, and improve y by Newton's method, y - (t(y) - t) dy/dt. A bisection would do too.
A Runge-Kutta method in t is right as well. Its step should be a small share of u / (du/dt), not a fixed time.

Common mistakes. u^L returned for u. s - u for s - u^L. The logistic curve, which is L = 2 only. Euler's method, whose
error on a plateau of a thousand steps is a shift of the jump.


escape_time
-----------
On the plateau du/dt = s u^{L-1}. d/dt u^{-(L-2)} = -(L-2) u^{-(L-1)} du/dt = -(L-2) s, a constant. So u^{-(L-2)}
falls along a straight line and is 0 at t* = u_0^{-(L-2)} / ((L-2) s); u = u_0 / (1 - t/t*)^{1/(L-2)}.
By hand: u_0 = 1/2, s = 1, L = 3: 2. The true u turns off to s^{1/L} shortly before t*. Half-loss time by deep_mode,
and t*: 98.7 and 100 (u_0 = .01, s = 1, L = 3), 24.5 and 25 (.02, 2, 3), 199.4 and 200 (.05, 1, 4).

Why it matters. At L = 2 the growth is exponential, and t_learn is about log(1 / sigma) / s. At L > 2 it is t* ~
sigma^{-(L-2)}. The time to align scales so too, since before the loss moves only t sigma^{L-2} matters. Their ratio
tends to a constant. What still goes to 0 with sigma is the loss drop at the time of alignment, as sigma^L.

Common mistakes. The exponent L - 1 of the equation instead of L - 2. The factor 1 / (L - 2), which is 1 at L = 3.
u_0^{L-2} for its inverse: a small start takes long.


final_kernel
------------
For a linear network with one output K = sum_l |W_L ... W_{l+1}|^2 X (W_{l-1} ... W_1)^T (W_{l-1} ... W_1) X^T:
backward part times the Gram matrix of the layer's inputs. Put in W_l = u r_{l+1} r_l^T with u^L = s.
 1. l = 1: the backward part is u^{L-1} r_2, the inputs are X. The term is u^{2L-2} X X^T.
 2. l > 1: the backward part has the square norm u^{2(L-l)}, the inputs are u^{l-1} X beta r_l^T with the Gram matrix
    u^{2(l-1)} X beta beta^T X^T. The product is u^{2L-2} X beta beta^T X^T for every l, and there are L - 1 of them.
    (For l = L the backward part is 1, and for l = 1 the inputs have no u: the powers are right there too.)
With u^{2L-2} = s^{(2L-2)/L}: K_inf = s^{2-2/L} X [(L - 1) beta beta^T + I] X^T.
By hand: X = I, beta = (1, 0), s = 4, L = 2: 4 diag(2, 1) = diag(8, 4).
Runs: |K_T - K_inf| / |K_inf| = 1.5e-2, 1.5e-4, 1.3e-6 at L = 2, sigma = .1, .01, .001; 1.5e-4 at L = 3, sigma = .01;
3.5e-3 at L = 4, sigma = .05.

In the text we read, (58) has the factor L - 1 on I instead of on beta beta^T: the relative error is .87 at L = 3 and
1.6 at L = 4 (D = 30), and none at L = 2. (63) has s^{2L-2} instead of s^{(2L-2)/L}: no difference at s = 1, and too
large by the factors 3, 19, 140 at s = 3, L = 2, 3, 4. The derivation above and the runs give the form above.

Why it matters. K_inf as a whole is not low-rank: it has I in it. What was learned is the spike. M has the eigenvalue
L s^{2-2/L} along beta and s^{2-2/L} elsewhere, so L is how strong the spike is.

Common mistakes. L instead of L - 1. X^T X, which is (D, D), for X X^T. M itself, without X. The outer product of beta
with itself, (D, D), where f f^T is (P, P).


final_kernel_blocks
-------------------
Several outputs, Y = X B^T with B (C, D). One weight of layer l changes f_c by (backward row of c) times (input), so
with b_l = W_L ... W_{l+1} (C, n_l) and a_l = W_{l-1} ... W_1 (n_{l-1}, D)

    K_cc' = sum_l (b_l b_l^T)_cc' X a_l^T a_l X^T.

Small weights end balanced (see below), and then the layers share the singular values of B = U S V^T equally:
W_l = R_{l+1} S^{1/L} R_l^T with orthonormal columns, R_1 = V, R_{L+1} = U. So b_l = U S^{(L-l)/L} R_{l+1}^T and
a_l = R_l S^{(l-1)/L} V^T:

    b_l b_l^T = U S^{2(L-l)/L} U^T = (B B^T)^{(L-l)/L},    a_l^T a_l = V S^{2(l-1)/L} V^T = (B^T B)^{(l-1)/L}.

The two ends are special. Above layer L there is no layer, b_L = I (C, C), and below layer 1 none, a_1 = I (D, D). So
the power 0 of a matrix is I, not the projector U U^T: the derivative for W_L exists for all outputs, also for one
with target 0.
By hand: X = I, B = diag(4, 1), L = 2. (B B^T)^{1/2} = B, K_00 = 4 I + diag(4, 1) = diag(8, 5), K_11 = diag(5, 2),
K_01 = 0.
One output, B = s beta^T: (B B^T)^p = s^{2p} and (B^T B)^p = s^{2p} beta beta^T for p > 0: final_kernel.

Zeros. B^T B is (D, D) with rank at most C. Its zero eigenvalues are computed as +-1e-17. A negative one to a power is
NaN, a positive one to the power 1/4 is 6e-5. The singular values of B are better, and small ones are set to 0.

Why it matters. Modes with large s are learned first, at t_a = log(2 s_a / (q_0 + r_0)) / (2 s_a) for L = 2. Each
eigenvector turns early, but their sizes come one after the other, and A(K_t, K_inf) stays below 1 until the last is
learned.

Common mistakes. Singular values to the power that belongs to eigenvalues: S^{(L-l)/L} without the 2. Only the blocks
with c = c': pairs of outputs share B B^T too. l / L for (l-1) / L: layer l's inputs have passed l - 1 layers.


layer_terms
-----------
The gradient of f_c(x_m) has a part for every layer, and the inner product of two gradients is the sum of those of their
parts. The part of W_l is the outer product of B_l^c(x_m) and h_{l-1}(x_m) (unit 2), so that

    K = sum_l K_l,    K_l[c, d] = (B_l^c B_l^d^T) * (h_{l-1} h_{l-1}^T).

A linear network with one output has the same B_l at all samples, the row W_L ... W_{l+1}. So K_l = |B_l|^2 h_{l-1}
h_{l-1}^T, and h_{l-1} = X (W_{l-1} ... W_1)^T has the rank that the layers below have. K_1 is X X^T times a number, at
every time. Small weights make W_1 ... W_{L-1} rank one, along beta. Then K_l, l > 1, is a multiple of f f^T with
f = X beta.
By hand: u = 1, L = 2: K_1 = X X^T, K_2 = f f^T: final_kernel's two terms.

Why it matters. "The kernel becomes low rank" is true layer by layer only. The share of the largest eigenvalue in K as
a whole is L / (L + D - 1) in the end, .065 for L = 2 and D = 30, and its effective rank even rises. In K_l it goes to
1, and in later layers first: for L = 4 and sigma = .05 it is .95, .65, .14 in K_4, K_3, K_2 at a loss drop of .1 %.
Once the layers are aligned, the second singular value of W_{l-1} ... W_1 over its first is about that of one layer to
the power l - 1: the more layers stand below, the earlier the product is of rank one.

Common mistakes. h_l for h_{l-1}: the weights see their layer's inputs. h h^T without the B, right for the last layer
only. Sums up to layer l. One output of several.


balance_defect
--------------
Let G_l = -dW_l/dt be the gradient of any loss. The chain rule gives W_{l+1}^T G_{l+1} = G_l W_l^T: both are the sum
over samples of (what arrives at layer l from above) times (that layer)^T. In terms of unit 1, G_{l+1} = B_{l+1}^T h_l
and B_l = B_{l+1} W_{l+1}, h_l = h_{l-1} W_l^T: both are W_{l+1}^T B_{l+1}^T h_{l-1} W_l^T. Hence

    d/dt [W_{l+1}^T W_{l+1}] = -(W_{l+1}^T G_{l+1} + G_{l+1}^T W_{l+1}) = -(G_l W_l^T + W_l G_l^T) = d/dt [W_l W_l^T],

and the difference is constant (paper, appendix D). It is true for any data and any loss. With a slope below 1 the
gate of unit i stands between B_l and B_{l+1} W_{l+1}, and only the diagonal survives: one number a unit, |column i of
W_{l+1}|^2 minus |row i of W_l|^2. Gradient descent with finite steps changes it a little.
By hand: W_1 = (1, 2), W_2 = 3: 9 - 5 = 4.

Why it matters. At the start the defect is of order sigma^2. At the end the weights are of order 1 and it is still of
order sigma^2. So W_{l+1}^T W_{l+1} = W_l W_l^T nearly: neighbouring layers have equal singular values and share
singular vectors. W_L has one row, so W_{L-1} W_{L-1}^T has rank one, and so on down: all layers are rank one and
equally large. This is what deep_mode and final_kernel began with.

Common mistakes. W W^T where W^T W belongs: with N = D no shape tells. The traces alone, or the diagonal alone. The
difference the other way round."""

import numpy as np

from minintk import kernel, network
from minintk.linear_theory import (  # noqa: F401
    balance_defect,
    deep_mode,
    early_weights,
    escape_time,
    final_kernel,
    final_kernel_blocks,
    half_loss_time,
    layer_terms,
    two_layer_mode,
)


def wrong_early_without_minus_one(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    return W0 + np.outer(np.cosh(s * time) * b0 + np.sinh(s * time) * a0, beta), a


def wrong_early_transposed_product(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    return W0 + np.outer(beta, (np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0), a


def wrong_early_growing_part_only(W0, a0, beta, s, time):
    a = np.exp(s * time) * (a0 + W0 @ beta) / 2
    return W0 + np.outer(a - W0 @ beta, beta), a


def wrong_early_without_s(W0, a0, beta, s, time):
    return early_weights(W0, a0, beta, 1.0, time)


def wrong_early_one_euler_step(W0, a0, beta, s, time):
    return W0 + s * time * np.outer(a0, beta), a0 + s * time * W0 @ beta


def wrong_early_in_place(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    W0 += np.outer((np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0, beta)
    return W0, a


def wrong_early_other_order(W0, a0, beta, s, time):
    W, a = early_weights(W0, a0, beta, s, time)
    return a, W


def wrong_mode_without_r0(q0, r0, s, times):
    return two_layer_mode(q0, 0.0, s, times)


def wrong_mode_overflows(q0, r0, s, times):
    with np.errstate(all="ignore"):
        root = np.sqrt(q0**2 - r0**2)
        R = np.hypot(s, root)
        above, below, z0 = (s + R) / root, (s - R) / root, (q0 + r0) / root
        grow = (z0 - below) / (z0 - above) * np.exp(2 * R * times)
        z = (below - above * grow) / (1 - grow)
        return root * (z - 1 / z) / 2, root * (z + 1 / z) / 2


def wrong_mode_logistic(q0, r0, s, times):
    r = s / (1 + (2 * s / (q0 + r0) - 1) * np.exp(-2 * s * times))
    return r, r.copy()


def wrong_mode_half_the_rate(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times / 2)


def wrong_mode_other_order(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times)[::-1]


def wrong_mode_r_only(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times)[0]


def wrong_mode_rate_s(q0, r0, s, times):
    root = np.sqrt(q0**2 - r0**2)
    R = np.hypot(s, root)
    above, below, z0 = (s + R) / root, -root / (s + R), (q0 + r0) / root
    x = (z0 - above) / (z0 - below) * np.exp(-2 * s * times)
    z = (above - below * x) / (1 - x)
    return root * (z - 1 / z) / 2, root * (z + 1 / z) / 2


def wrong_half_of_the_strength(q0, r0, s):
    return float(np.log(2 * s / (q0 + r0)) / (2 * s))


def wrong_half_twice_the_coefficient(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) / s)


def wrong_half_without_r0(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / q0) / (2 * s))


def wrong_half_times_s(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) * s / 2)


def wrong_half_base_ten(q0, r0, s):
    return float(np.log10(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) / (2 * s))


def wrong_deep_strength(u0, s, L, times):
    return deep_mode(u0, s, L, times) ** L


def wrong_deep_strength_without_L(u0, s, L, times):
    return deep_mode(u0, s, L, times / L)


def wrong_deep_logistic(u0, s, L, times):
    return (s / (1 + (s / u0**L - 1) * np.exp(-L * s * times))) ** (1 / L)


def wrong_deep_euler(u0, s, L, times):
    u, t, found = u0, 0.0, []
    for time in times:
        n = max(1, int((time - t) / 0.02))
        for _ in range(n):
            u = u + (time - t) / n * u ** (L - 1) * (s - u**L)
        t = time
        found.append(u)
    return np.array(found)


def wrong_deep_plateau_only(u0, s, L, times):
    with np.errstate(all="ignore"):
        if L == 2:
            return u0 * np.exp(s * times)
        return u0 / (1 - times * (L - 2) * s * u0 ** (L - 2)) ** (1 / (L - 2))


def wrong_deep_end_at_s(u0, s, L, times):
    u, t, found = u0, 0.0, []
    for time in times:
        n = max(1, int((time - t) / 0.02))
        for _ in range(n):
            middle = u + (time - t) / (2 * n) * u ** (L - 1) * (s - u)
            u = u + (time - t) / n * middle ** (L - 1) * (s - middle)
        t = time
        found.append(u)
    return np.array(found)


def wrong_escape_exponent(u0, s, L):
    return float(u0 ** (1 - L) / ((L - 1) * s))


def wrong_escape_without_factor(u0, s, L):
    return float(u0 ** (2 - L) / s)


def wrong_escape_upside_down(u0, s, L):
    return float(u0 ** (L - 2) / ((L - 2) * s))


def wrong_escape_without_s(u0, s, L):
    return float(u0 ** (2 - L) / (L - 2))


def wrong_escape_of_two_layers(u0, s, L):
    return float(np.log(1 / u0) / s)


def wrong_kernel_factor_on_the_identity(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * (np.outer(f, f) + (L - 1) * X @ X.T)


def wrong_kernel_exponent(X, beta, s, L):
    f = X @ beta
    return s ** (2 * L - 2) * ((L - 1) * np.outer(f, f) + X @ X.T)


def wrong_kernel_L_spikes(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * (L * np.outer(f, f) + X @ X.T)


def wrong_kernel_without_X(X, beta, s, L):
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(beta, beta) + np.eye(len(beta)))


def wrong_kernel_spike_only(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * L * np.outer(f, f)


def wrong_kernel_inner_product(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * ((L - 1) * f @ f.T + X @ X.T)


def wrong_kernel_over_samples(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(f, f) + X @ X.T) / len(X)


def _blocks(X, B, L, left_power, right_power):
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    K = 0.0
    for l in range(1, L + 1):
        p, q = left_power(l), right_power(l)
        left = np.eye(len(B)) if p == 0 else (U * S**p) @ U.T
        right = X @ X.T if q == 0 else (X @ Vt.T * S**q) @ (X @ Vt.T).T
        K = K + left[:, :, None, None] * right
    return K


def wrong_blocks_singular_values(X, B, L):
    return _blocks(X, B, L, lambda l: (L - l) / L, lambda l: (l - 1) / L)


def wrong_blocks_inputs_one_layer_up(X, B, L):
    return _blocks(X, B, L, lambda l: 2 * (L - l) / L, lambda l: 2 * l / L)


def wrong_blocks_projector(X, B, L):
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    F, K = X @ Vt.T, 0.0
    for l in range(1, L + 1):
        left, right = (U * S ** (2 * (L - l) / L)) @ U.T, (F * S ** (2 * (l - 1) / L)) @ F.T
        K = K + left[:, :, None, None] * right
    return K


def wrong_blocks_diagonal_only(X, B, L):
    return final_kernel_blocks(X, B, L) * np.eye(len(B))[:, :, None, None]


def wrong_blocks_samples_first(X, B, L):
    return final_kernel_blocks(X, B, L).transpose(2, 3, 0, 1)


def wrong_blocks_one_output_without_axes(X, B, L):
    K = final_kernel_blocks(X, B, L)
    return K[0, 0] if len(K) == 1 else K


def _power(M, p):
    values, vectors = np.linalg.eigh(M)
    with np.errstate(all="ignore"):
        return np.eye(len(M)) if p == 0 else (vectors * values**p) @ vectors.T


def wrong_blocks_roots_of_rounding_errors(X, B, L):
    K = 0.0
    for l in range(1, L + 1):
        right = X @ _power(B.T @ B, (l - 1) / L) @ X.T
        K = K + _power(B @ B.T, (L - l) / L)[:, :, None, None] * right
    return K


def wrong_blocks_sides_swapped(X, B, L):
    K = 0.0
    for l in range(1, L + 1):
        right = X @ _power(B @ B.T, (l - 1) / L) @ X.T
        K = K + _power(B.T @ B, (L - l) / L)[:, :, None, None] * right
    return K


def wrong_balance_transposes(weights):
    return [V @ V.T - W.T @ W for W, V in zip(weights, weights[1:])]


def wrong_balance_columns_of_both(weights):
    return [V.T @ V - W.T @ W for W, V in zip(weights, weights[1:])]


def wrong_balance_sign(weights):
    return [W @ W.T - V.T @ V for W, V in zip(weights, weights[1:])]


def wrong_balance_traces(weights):
    return [float((V**2).sum() - (W**2).sum()) for W, V in zip(weights, weights[1:])]


def wrong_balance_diagonal(weights):
    return [(V**2).sum(axis=0) - (W**2).sum(axis=1) for W, V in zip(weights, weights[1:])]


def wrong_terms_without_gradients(weights, X, slope=0.0):
    return [h @ h.T for h, _ in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_with_own_outputs(weights, X, slope=0.0):
    layers, factors = network.forward(weights, X, slope), kernel.gradient_factors(weights, X, slope)
    return [(B[0] @ B[0].T) * (h @ h.T) for h, (_, B) in zip(layers[1:], factors)]


def wrong_terms_added_up(weights, X, slope=0.0):
    return list(np.cumsum(layer_terms(weights, X, slope), axis=0))


def wrong_terms_whole_kernel(weights, X, slope=0.0):
    return kernel.ntk(weights, X, slope=slope)


def wrong_terms_first_output(weights, X, slope=0.0):
    return [(B[0] @ B[0].T) * (h @ h.T) for h, B in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_matrix_product(weights, X, slope=0.0):
    return [(B[0] @ B[0].T) @ (h @ h.T) for h, B in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_blocks_always(weights, X, slope=0.0):
    return [K if K.ndim == 4 else K[None, None] for K in layer_terms(weights, X, slope)]


def wrong_balance_sum(weights):
    return [V.T @ V + W @ W.T for W, V in zip(weights, weights[1:])]


def wrong_balance_first_pair_only(weights):
    return [weights[1].T @ weights[1] - weights[0] @ weights[0].T]


MISTAKES = [
    ("early_weights", "counts W_0 beta twice", wrong_early_without_minus_one, "wrong only in [0]"),
    ("early_weights", "takes the outer product the other way", wrong_early_transposed_product, "[0] has shape (2, 2)"),
    ("early_weights", "keeps only what grows", wrong_early_growing_part_only, "by hand"),
    ("early_weights", "forgets s", wrong_early_without_s, "by hand"),
    ("early_weights", "takes one Euler step", wrong_early_one_euler_step, "by hand"),
    ("early_weights", "writes into W_0", wrong_early_in_place, "was changed in place"),
    ("early_weights", "returns a before W", wrong_early_other_order, "has shape"),
    ("two_layer_mode", "leaves out r_0, as in (50)-(51)", wrong_mode_without_r0, "All entries of the list are wrong"),
    ("two_layer_mode", "computes e^{2Rt}", wrong_mode_overflows, "NaN"),
    ("two_layer_mode", "takes q = r, the logistic curve", wrong_mode_logistic, "by hand"),
    ("two_layer_mode", "takes the rate R", wrong_mode_half_the_rate, "In [0]: 1 of 3"),
    ("two_layer_mode", "takes the rate 2 s", wrong_mode_rate_s, "In [0]: 1 of 3"),
    ("two_layer_mode", "returns q before r", wrong_mode_other_order, "by hand"),
    ("two_layer_mode", "returns r alone", wrong_mode_r_only, "returned an array"),
    ("half_loss_time", "takes half of the strength", wrong_half_of_the_strength, "Yours is"),
    ("half_loss_time", "has 1 / s for 1 / (2 s)", wrong_half_twice_the_coefficient, "2 times the expected"),
    ("half_loss_time", "leaves out r_0", wrong_half_without_r0, "Yours is"),
    ("half_loss_time", "multiplies by s", wrong_half_times_s, "expected 0.25"),
    ("half_loss_time", "takes the logarithm to base 10", wrong_half_base_ten, "Yours is"),
    ("deep_mode", "returns u^L", wrong_deep_strength, "the worst entry"),
    ("deep_mode", "forgets the factor L of dc/dt, as in (60)", wrong_deep_strength_without_L, "the worst entry"),
    ("deep_mode", "takes the logistic curve for every L", wrong_deep_logistic, "du/dt = u^{L-1} (s - u^L)"),
    ("deep_mode", "takes Euler steps of 0.02", wrong_deep_euler, "the worst entry"),
    ("deep_mode", "never leaves the plateau's equation", wrong_deep_plateau_only, "the worst entry"),
    ("deep_mode", "has s - u for s - u^L", wrong_deep_end_at_s, "the worst entry"),
    ("escape_time", "takes the exponent of the equation", wrong_escape_exponent, "expected 1"),
    ("escape_time", "forgets 1 / (L - 2)", wrong_escape_without_factor, "Yours is 2"),
    ("escape_time", "turns u_0 upside down", wrong_escape_upside_down, "Yours is 0.5"),
    ("escape_time", "forgets s", wrong_escape_without_s, "Yours is 2"),
    ("escape_time", "takes the logarithm of two layers", wrong_escape_of_two_layers, "Yours is 0.693"),
    ("final_kernel", "has L - 1 at I, as in (58)", wrong_kernel_factor_on_the_identity, "one and two layers"),
    ("final_kernel", "has the exponent 2 L - 2, as in (63)", wrong_kernel_exponent, "a constant factor"),
    ("final_kernel", "counts L spikes", wrong_kernel_L_spikes, "the worst entry"),
    ("final_kernel", "leaves out X", wrong_kernel_without_X, "has shape"),
    ("final_kernel", "leaves out I", wrong_kernel_spike_only, "one and two layers"),
    ("final_kernel", "takes f.f for f f^T", wrong_kernel_inner_product, "the worst entry"),
    ("final_kernel", "divides by P", wrong_kernel_over_samples, "1/P times the expected"),
    ("final_kernel_blocks", "takes singular values for eigenvalues", wrong_blocks_singular_values, "by hand"),
    ("final_kernel_blocks", "lets the inputs pass l layers", wrong_blocks_inputs_one_layer_up, "by hand"),
    ("final_kernel_blocks", "takes a projector as the power 0", wrong_blocks_projector, "agrees with final_kernel"),
    ("final_kernel_blocks", "keeps only the blocks c = c'", wrong_blocks_diagonal_only, "balanced layers"),
    ("final_kernel_blocks", "puts the samples' axes first", wrong_blocks_samples_first, "has shape"),
    ("final_kernel_blocks", "drops the axes of one output", wrong_blocks_one_output_without_axes, "has shape"),
    ("final_kernel_blocks", "takes roots of rounding errors", wrong_blocks_roots_of_rounding_errors, "NaN"),
    ("final_kernel_blocks", "swaps B B^T and B^T B", wrong_blocks_sides_swapped, "ValueError"),
    ("layer_terms", "leaves the gradients out", wrong_terms_without_gradients, "only in [0]"),
    (
        "layer_terms",
        "takes each layer's outputs for its inputs",
        wrong_terms_with_own_outputs,
        "All entries of the list",
    ),
    ("layer_terms", "adds up the layers so far", wrong_terms_added_up, "only in [1]"),
    ("layer_terms", "returns the whole kernel", wrong_terms_whole_kernel, "expected a list of 2"),
    ("layer_terms", "takes the first output only", wrong_terms_first_output, "has shape"),
    ("layer_terms", "multiplies the matrices", wrong_terms_matrix_product, "the worst entry"),
    ("layer_terms", "returns blocks for one output too", wrong_terms_blocks_always, "has shape"),
    ("balance_defect", "transposes both layers", wrong_balance_transposes, "[0] has shape (2, 2)"),
    ("balance_defect", "transposes the layer below", wrong_balance_columns_of_both, "[0] has shape (2, 2)"),
    ("balance_defect", "subtracts the other way round", wrong_balance_sign, "sign is flipped"),
    ("balance_defect", "takes traces", wrong_balance_traces, "[0] is a float"),
    ("balance_defect", "takes the diagonal", wrong_balance_diagonal, "has shape (1,)"),
    ("balance_defect", "adds", wrong_balance_sum, "by hand"),
    ("balance_defect", "stops after the first pair", wrong_balance_first_pair_only, "returned 1 array"),
]

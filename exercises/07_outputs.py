"""Unit 7. Several outputs and other losses.

What remains of silent alignment with several outputs, learned one after the other, and with losses other than the
squared error?

Work from top to bottom; minintk check 7 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, integrator, linear_theory, training


@guard.accepts(y="P C, of the loss", loss=training.LOSSES)
def early_residual(y, loss="mse"):
    """The targets with which the squared error drives small weights as this loss does: (P, C).

    y (P, C) and the loss as in `training.loss_and_cotangent`: y holds targets for "mse", signs for "logistic", one-hot
    rows for "softmax", and is not changed. While the outputs of a network are 0, whichever it is, gradient flow on this
    loss with y moves all weights as gradient flow on "mse" does with the targets returned. The silent phase knows of
    the loss by these numbers alone.
    By hand: "softmax", one sample of the first of two classes, y = [[1, 0]], gives [[1/2, -1/2]].
    """
    # Find what the squared error would have to be given: through what does a loss enter the flow of the weights?
    # With small weights all losses begin alike: the silent phase of one is that of another, with other targets.
    # (5 points, about 10 minutes)
    raise NotImplementedError("outputs.early_residual")


@guard.accepts(X="P D", y="P C, of the loss", loss=training.LOSSES)
def early_modes(X, y, loss="mse"):
    """The directions that small weights of a two-layer linear network grow in while f is nearly 0, and their rates.

    X (P, D), y (P, C) and the loss as in `early_residual`. f(x) = W_2 W_1 x, and all weights follow gradient flow with
    the derivative of the loss at f = 0. Returns Z (C, r), s (r,), V (D, r), r = min(C, D) modes: orthonormal columns
    z_a and orthonormal columns v_a, and rates s_a >= 0, largest first, such that for all weights the hidden vector
    W_2^T z_a + W_1 v_a grows exactly as e^{s_a t}, and together they are the whole flow: weights with W_2^T z_a = 0 and
    W_1 v_a = 0 for all a stand still. z_a and v_a may change sign together; some s_a may be 0.
    By hand: X = I and y = [[0, 4], [2, 0]], P = 2, give s = (2, 1), z_1 = (0, 1) and v_1 = (1, 0).
    """
    # Find the flow while f is nearly 0, and the pairs of directions that grow in it by themselves, each at its own
    # rate, with no other mode interfering. They are settled before the loss moves: with several outputs the weights
    # turn in silence too.
    # (7 points, about 30 minutes)
    raise NotImplementedError("outputs.early_modes")


@guard.accepts(weights="D -> N -> C", B="C D", share="(0, 1)")
def sequential_mode_times(weights, B, share=0.5):
    """When each mode of a two-layer linear network with several outputs has the strength share * s_a, largest first.

    weights: [W_1, W_2] at time 0, N hidden units; targets X B^T on white X, B (C, D) = sum_a s_a z_a v_a^T, a singular
    value decomposition. The flow is dW_1/dt = W_2^T (B - W_2 W_1), dW_2/dt = (B - W_2 W_1) W_1^T; mode a has the
    strength z_a^T W_2 W_1 v_a. Returns t_a (modes,) in the limit of small weights: linear in the logarithm of a common
    factor of all weights, and approached by the true time as this factor goes to 0. In this limit a mode is learned
    completely before the next one begins. The order is that of the s_a, even if the times do not rise. Modes with an
    s_a below 1e-12 of the largest are left out. ValueError if more are left than there are hidden units. The s_a should
    differ: B does not say which directions belong to equal ones, and the times are those of one choice among many.
    By hand: N = C = D = 1, W_1 = W_2 = e^{-3} and B = 1 give 3 for share = 1/2.
    """
    # Predict from the first weights when each mode is learned. A mode by itself is the network of unit 6, with the
    # time linear_theory.mode_time(q0, r0, s, share). But modes share the hidden units: what does a learned mode take
    # from later ones?
    # (10 points, about 60 minutes)
    raise NotImplementedError("outputs.sequential_mode_times")


@guard.accepts(K="C C P P", X="P D", Z="C A", V="D A")
def eigenvector_alignment(K, X, Z, V):
    """The largest alignment A(K, Q) over all Q built like a two-layer linear network's K_inf, with any mode sizes.

    K (C, C, P, P): of one output K[None, None], (1, 1, P, P). X (P, D), Z (C, A), V (D, A): modes z_a, v_a in columns,
    of any length, also 0. Q runs through the sums Q_cc' = sum_a [lambda_a delta_cc' X v_a v_a^T X^T +
    mu_a (z_a z_a^T)_cc' X X^T] with any numbers lambda_a, mu_a; K_inf has lambda_a = mu_a = s_a. The 2 A terms may be
    linearly dependent; where all are 0 so is the alignment. Returns a number, A as in `alignment.kernel_alignment`: 1
    for every network W_1 = sum_a q_a v_a^T, W_2 = sum_a z_a p_a^T with orthogonal q_a and p_a. ValueError if K is all
    zeros.
    By hand: C = 1, X = I (2, 2), z = (1), v = (1, 0): Q is any diagonal matrix, and K of four ones gives 1 / sqrt(2).
    """
    # Measure how well K is aligned with K_inf if the sizes of the modes are left free.
    # While modes are learned one after the other A(K_t, K_inf) is low, but this number is near 1 from the silent
    # phase on: directions are settled early, sizes come late.
    # (7 points, about 35 minutes)
    raise NotImplementedError("outputs.eigenvector_alignment")


@guard.accepts(times="T, rising", sizes="T, not negative")
def kernel_clock(times, sizes):
    """The clock on which the frozen K_inf would have learned: h(t) (T,), 0 at the first time.

    times (T,), rising; sizes (T,): |K_t|, the last one is |K_inf|. If a kernel has turned and only grows, every K_t is
    a positive multiple of K_inf. A model whose kernel is K_inf all the time, and whose outputs are the network's at the
    first time, then has at h(t) the outputs that the network has at t: f(t) = f_frozen(h(t)) for gradient flow on any
    loss. Returns h at the given times; between two of them |K_t| is taken for a straight line. ValueError if
    |K_inf| is 0.
    By hand: times (0, 2) and sizes (0, 4) give (0, 1).
    """
    # Find the clock: how fast does h run beside t? It stands nearly still in the silence.
    # A network whose kernel turned in silence follows the frozen K_inf on this clock, for every loss.
    # (6 points, about 10 minutes)
    raise NotImplementedError("outputs.kernel_clock")


@guard.accepts(K="P P | C C P P, kernel", y="P C, of the loss", times="each [0, inf)", loss=training.LOSSES)
def frozen_kernel_flow(K, y, times, loss="mse"):
    """The outputs of gradient flow on any loss while the kernel stays K, from f = 0: df/dt = -K dL/df, (T, P, C).

    K (P, P), the same for every output and none between two, or (C, C, P, P): df_c(x_m)/dt is minus the sum over c', n
    of K[c, c', m, n] dL/df_c'(x_n). y (P, C) as in `training.loss_and_cotangent`, which gives dL/df with its
    1 / P. times: T numbers, in any order.
    Returns f at each of the times, right to six digits. For "mse" and one output it is `kernel.constant_kernel_flow`.
    By hand: K = 2, one sample, y = 1: "mse" gives 1 - e^{-2t}; "logistic" the solution of e^f + f = 1 + 2 t.
    """
    # Follow the outputs in time: what a silently aligned network learns on the kernel clock.
    # Any method that is right to six digits will do; integrator.integrate takes adaptive steps (its docstring, in
    # minintk/integrator.py, says how).
    # (8 points, about 35 minutes)
    raise NotImplementedError("outputs.frozen_kernel_flow")

"""Unit 7. Several outputs and other losses.

What remains of silent alignment with several outputs, learned one after the other, and with losses other than the
squared error?

Work from top to bottom; minintk check 7 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, integrator, linear_theory, training


@guard.accepts(y="P C", loss=training.LOSSES)
def early_residual(y, loss="mse"):
    """What drives the weights while the outputs are still 0: minus P times dL/df at f = 0, (P, C).

    y (P, C): targets for "mse", signs for "logistic", one-hot rows for "softmax". The silent phase knows of the loss
    through this alone.
    By hand: "logistic" and one sample with y = 1: log(1 + e^{-f}) has the slope -1/2 at f = 0, and 1/2 comes out.
    """
    # Return what the weights see of the targets while the outputs are still 0: minus P times dL/df at f = 0.
    # For the squared error it is y. What is it for the two other losses, in the form of y and a number?
    # With small weights the silent phase knows of the loss through this alone: it is the same for all losses.
    # An array (P, C) comes out. Do not write into y.
    # (4 points, about 10 minutes)
    raise NotImplementedError("outputs.early_residual")


@guard.accepts(X="P D", y="P C", loss=training.LOSSES)
def early_modes(X, y, loss="mse"):
    """The rates at which directions grow in the silent phase: residual^T X / P = sum_a s_a z_a v_a^T.

    X (P, D), y (P, C) as in `early_residual`. Returns Z (C, r), s (r,) falling, V (D, r), r = min(C, D), with
    orthonormal columns z_a and v_a. In a two-layer linear network with small weights W_2^T z_a + W_1 v_a, a vector of
    the hidden units, grows as e^{s_a t}. The signs of z_a and v_a are free, together. With "softmax" one
    rate is 0 if C <= D.
    By hand: X = I and y = [[0, 4], [2, 0]], P = 2, give s = (2, 1), z_1 = (0, 1) and v_1 = (1, 0).
    """
    # Return the directions Z of the outputs and V of the inputs that grow in the silent phase, with their rates s.
    # Two small linear layers obey dW_1/dt = W_2^T M and dW_2/dt = M W_1^T with M = residual^T X / P (C, D).
    # With M = sum_a s_a z_a v_a^T, W_1 v_a and W_2^T z_a drive each other, and no other mode interferes.
    # min(C, D) modes, largest rate first; the rate is a singular value of M and has the unit 1 / time.
    # Three arrays come out, Z (C, r), s (r,) and V (D, r), a mode in each column of Z and V.
    # (7 points, about 20 minutes)
    raise NotImplementedError("outputs.early_modes")


@guard.accepts(weights="D -> C", Z="C A", V="D A")
def mode_strengths(weights, Z, V):
    """How much of each mode a linear network has learned: r_a = z_a^T W_L ... W_1 v_a, (A,).

    weights: [W_1 ... W_L]; Z (C, A), V (D, A): a direction of the outputs and one of the inputs in each column. With
    targets Y = X B^T, B = sum_a s_a z_a v_a^T, and small weights it goes from nearly 0 to r_a = s_a.
    By hand: one layer W = [[3, 1], [0, 2]] with z = (1, 0), v = (1, 0) gives 3, and with z = v = (1, 1) it gives 6.
    """
    # Return r_a = z_a^T W_L ... W_1 v_a for each column of Z and V: how much of mode a the network has learned.
    # It is what a linear network puts out in the direction z_a for the input v_a.
    # Followed in time, it is the learning curve of mode a.
    # Any number of layers. Z and V have A columns each; column a of the one belongs to column a of the other.
    # An array (A,) comes out.
    # (4 points, about 10 minutes)
    raise NotImplementedError("outputs.mode_strengths")


@guard.accepts(weights="D -> N -> C", B="C D", share="(0, 1)")
def sequential_mode_times(weights, B, share=0.5):
    """When each mode of a two-layer network with several outputs has the strength share * s_a, largest s_a first.

    weights: [W_1, W_2] at time 0, N hidden units; targets Y = X B^T on white X, B (C, D) = sum_a s_a z_a v_a^T. Returns
    times (modes,) in the order of the s_a, a time for each s_a > 0 (above 1e-12 of the largest); ValueError if there
    are more such modes than hidden units N. Mode a grows in the hidden units along g_a = W_2^T z_a + W_1 v_a (N,).
    Once a mode b with s_b > s_a is learned, any part along g_b decays as e^{(s_a - s_b) t}: only g_a', the part of g_a
    orthogonal to all earlier ones, is left. So
    t_a = log[4 s_a share / ((1 - share) |g_a'|^2)] / (2 s_a), for small weights and well separated s_a.
    By hand: s_a = 1, share = 1/2 and |g_a'| = 2 e^{-3} give 3.
    """
    # Return when each mode of B has reached this share of its strength s_a, the mode with the largest s_a first.
    # A mode by itself has q_0 + r_0 = |g_a|^2 / 2, g_a = W_2^T z_a + W_1 v_a, and the time linear_theory.mode_time.
    # But modes share the hidden units: a mode that is learned takes away what the later ones have along its own g_b.
    # So make the g_a orthogonal one after the other, and use the length of what is left.
    # Modes with s_a = 0 (below 1e-12 of the largest) are never learned: leave them out.
    # An array (modes,) comes out, in the order of the s_a.
    # (7 points, about 35 minutes)
    raise NotImplementedError("outputs.sequential_mode_times")


@guard.accepts(K="C C P P", X="P D", Z="C A", V="D A")
def eigenvector_alignment(K, X, Z, V):
    """The largest A(K, Q) over all Q built like a two-layer linear network's K_inf, with any numbers for its s_a.

    K (C, C, P, P): of one output K[None, None], (1, 1, P, P). X (P, D), Z (C, A), V (D, A): modes z_a, v_a in columns,
    of any length. Q runs through the sums Q_cc' = sum_a [lambda_a delta_cc' X v_a v_a^T X^T +
    mu_a (z_a z_a^T)_cc' X X^T] with any numbers lambda_a, mu_a; K_inf has lambda_a = mu_a = s_a. The best Q is the
    projection of K on the span of these 2 A terms, which may be linearly dependent. Returns a number,
    |projection| / |K|: 1 for every network W_1 = sum_a q_a v_a^T, W_2 = sum_a z_a p_a^T with orthogonal q_a and p_a.
    By hand: C = 1, X = I (2, 2), z = (1), v = (1, 0): Q is any diagonal matrix, and K of four ones gives 1 / sqrt(2).
    """
    # How well is K aligned with K_inf if the sizes of the modes are left free? Return the largest A(K, Q) over all
    # Q = sum_a [lambda_a T_a + mu_a U_a], T_a = delta_cc' X v_a v_a^T X^T, U_a = (z_a z_a^T)_cc' X X^T, (C, C, P, P).
    # K_inf has lambda_a = mu_a = s_a. A network whose directions are right has other numbers until late, and gives 1.
    # The largest cosine with a vector of a linear space is the cosine with the projection on that space.
    # The 2 A terms may be linearly dependent (if A = C = D they are). A number comes out.
    # (7 points, about 35 minutes)
    raise NotImplementedError("outputs.eigenvector_alignment")


@guard.accepts(times="T", sizes="T")
def kernel_clock(times, sizes):
    """The clock on which the frozen K_inf would have learned: h(t) (T,), by trapezoids.

    times (T,), sizes (T,): |K_t|; the last one is |K_inf|. h(t) is the integral of |K_u| / |K_inf| over u from the
    first time to t. It starts at 0 and does not count the silence, in which |K_u| is small. A trapezoid is the time
    between two moments times the mean of the two |K_u| / |K_inf|.
    By hand: times (0, 1, 3) and sizes (0, 2, 4) give (0, 0.25, 1.75).
    """
    # Return h(t), the integral of |K_t| / |K_inf| from the first time to each of the times, by the trapezoidal rule.
    # If K_t = g(t) K_inf, then df/dt = -g K_inf dL/df. With dh = g dt this is the flow of a kernel that never moved.
    # So a network whose kernel turned in silence follows the frozen K_inf, on a clock that stands in the silence.
    # The last of `sizes` is |K_inf|. An array (T,) comes out, which starts at 0.
    # (5 points, about 10 minutes)
    raise NotImplementedError("outputs.kernel_clock")


@guard.accepts(K="P P | C C P P", y="targets", times="each [0, inf)", loss=training.LOSSES)
def frozen_kernel_flow(K, y, times, loss="mse"):
    """The outputs of gradient flow on any loss while the kernel stays K, from f = 0: df/dt = -K dL/df, (T, P, C).

    K (P, P), the same for every output and none between two, or (C, C, P, P): df_c(x_m)/dt is minus the sum over c', n
    of K[c, c', m, n] dL/df_c'(x_n). y as in `training.loss_and_cotangent`, which gives dL/df with its 1 / P; it arrives
    as (P, C), and for "softmax" with a (P, P) kernel it must be one-hot. times: T rising numbers, with or without 0.
    For "mse" and one output this is `kernel.constant_kernel_flow`; other losses have no closed form and are integrated.
    By hand: K = 2, one sample, y = 1: "mse" gives 1 - e^{-2t}; "logistic" the solution of e^f + f = 1 + 2 t.
    """
    # Return the outputs f (P, C) at each of the times, from f = 0 on, if the kernel is K for ever: df/dt = -K dL/df.
    # First write velocity(theta), theta = f.ravel(). It returns a pair: df/dt as a flat array, and the loss.
    # Then loop: for t, value, theta, evaluations in integrator.integrate(velocity, np.zeros(y.size), max(times),
    # -np.inf, times, (), rtol=1e-8, budget=100_000). It yields t = 0 first and then each of the times once, exactly.
    # K (P, P) acts on each output by itself; a block kernel (C, C, P, P) also lets one output move another.
    # An array (T, P, C) comes out. If 0 is not among the times, leave out the first moment.
    # (8 points, about 40 minutes)
    raise NotImplementedError("outputs.frozen_kernel_flow")

"""Unit 6. Linear networks in closed form.

What do formulas say about a linear network with small weights: its early weights, its learning curve, its times and
its final kernel?

Work from top to bottom; minintk check 6 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, kernel
from minintk.linear_theory import mode_time


@guard.accepts(W0="N D", a0="N", beta="D", s="(0, inf)", time="[0, inf)")
def early_weights(W0, a0, beta, s, time):
    """Two layers while the outputs are still near 0: weights grow along beta, and nothing else moves.

    W0 (N, D) = W_1 and a0 (N,) = W_2[0] at time 0; beta (D,), |beta| = 1. With b0 = W0 beta, da/dt = s W beta and
    dW/dt = s a beta^T give a(t) = cosh(st) a0 + sinh(st) b0, W(t) = W0 + [(cosh(st) - 1) b0 + sinh(st) a0] beta^T.
    Returns W (N, D), a (N,). The error is O(sigma^2). Paper, phase I of section 3.1.
    """
    # Return the weights of a two-layer linear network at an early time, while its outputs are still near 0.
    # Then f is left out of y - f, the equations for W and a become linear, and they can be solved.
    # They say that the weights turn towards beta while the loss stands still. sigma is only a factor in front.
    # W (N, D) and a (N,) come out as new arrays. At right angles to beta W does not move.
    # (6 points, about 15 minutes)
    raise NotImplementedError("linear_theory.early_weights")


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)", times="T")
def two_layer_mode(q0, r0, s, times):
    """The learned strength r = a^T W beta and the size q = (|a|^2 + |W beta|^2) / 2 of a two-layer network, all along.

    q0 > |r0| at time 0; times (T,). Returns r (T,), q (T,). q^2 - r^2 = c is conserved, and dr/dt = 2 (s - r) q.
    With R = sqrt(s^2 + c) and z = (q + r) / sqrt(c), dz/dt = -(z - z_+)(z - z_-) sqrt(c), z_pm = (s +- R) / sqrt(c): so
    (z - z_+) / (z - z_-) decays as e^{-2Rt}. In the text we read, equations (50)-(51) take r0 = 0, which is wrong by
    O(D^{-1/2}) at every sigma.
    """
    # Return r and q of a two-layer linear network at all times, from the plateau to the end of learning.
    # r is the part of s that has been learned. r and q obey dr/dt = 2 (s - r) q and dq/dt = 2 (s - r) r.
    # So q^2 - r^2 = c stays as it is, and one unknown is left. z = (q + r) / sqrt(c) is a good one.
    # r_0 is not left out: it is smaller than q_0, but both shrink with sigma alike.
    # Late times must not overflow, and r_0 = s, where nothing moves, must not become 0 / 0.
    # Two arrays (T,) come out, first r and then q.
    # (7 points, about 35 minutes)
    raise NotImplementedError("linear_theory.two_layer_mode")


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)")
def half_loss_time(q0, r0, s):
    """When a two-layer network has halved its loss: t = log[2 s (sqrt(2) - 1) / (q0 + r0)] / (2 s), for small weights.

    With q0 + r0 ~ sigma^2 the learning time grows as (1 / 2s) log(1 / sigma^2); the alignment time does not.
    By hand: s = 1 and q0 + r0 = 2 (sqrt(2) - 1) e^{-2} give 1.
    """
    # Return the time at which a two-layer network with small weights has halved its loss.
    # The loss is (s - r)^2 / 2, so half of the loss is not half of the strength r.
    # The time grows as log(1 / sigma): ten times smaller weights add log(10) / s. Compare it with the time to align.
    # A number comes out. mode_time, which the file imports, gives the time for any share r / s; you may use it.
    # (4 points, about 10 minutes)
    raise NotImplementedError("linear_theory.half_loss_time")


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [2, inf)", times="T")
def deep_mode(u0, s, L, times):
    """The singular value u of every layer of a rank-one network: du/dt = u^{L-1} (s - u^L) from u0 < s^{1/L}.

    times (T,). Returns u (T,); the learned strength is u^L. In x = u^L / s and the logit y = log(x / (1 - x)) this is
    dt/dy = x^{2/L - 1} / (L s^{2 - 2/L}), smooth on both plateaus: integrated by Gauss' rule, solved by
    Newton's method.
    """
    # Return u(t), the singular value of every layer of a deep network that is rank one and balanced from the start.
    # It obeys du/dt = u^{L-1} (s - u^L). For L > 2 a long plateau near u_0 comes first, then a jump to s^{1/L}.
    # Any method will do that is right to six digits from t = 0 until long after the jump, for L = 2, 3, 4 and 5.
    # The docstring tells one that needs no small time steps. Fixed steps work too: how many does a plateau take?
    # An array (T,) comes out: u itself, not the strength u^L.
    # (7 points, about 45 minutes)
    raise NotImplementedError("linear_theory.deep_mode")


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [3, inf)")
def escape_time(u0, s, L):
    """How long a deep network stays near 0: t* = u0^{-(L-2)} / ((L-2) s), L > 2, when u = u0 / (1 - t / t*)^{1/(L-2)}.

    Both the alignment and the learning time scale so with sigma ~ u0, hence their ratio does not go to 0 for L > 2.
    """
    # Return how long a network with more than two layers stays near 0.
    # While u is small, du/dt = s u^{L-1}. For L > 2 its solution becomes infinite at a finite time: the answer.
    # The time to align and the time to learn both scale like it: for L > 2 their ratio does not fall with sigma.
    # A number comes out.
    # (4 points, about 5 minutes)
    raise NotImplementedError("linear_theory.escape_time")


@guard.accepts(X="P D", beta="D", s="(0, inf)", L="int [1, inf)")
def final_kernel(X, beta, s, L):
    """The kernel at the end, K_inf = s^{2 - 2/L} X [(L - 1) beta beta^T + I] X^T (P, P), for X (P, D), beta (D,)."""
    # Return the kernel at the end of training of L linear layers with small initial weights, on white data.
    # Every layer ends rank one and equally large, and the kernel is X M X^T: M is I plus a spike along beta.
    # It does not depend on how the weights were drawn. s sets its scale, and L how strong the spike is.
    # An array (P, P) comes out.
    # (5 points, about 10 minutes)
    raise NotImplementedError("linear_theory.final_kernel")


@guard.accepts(X="P D", B="C D", L="int [1, inf)")
def final_kernel_blocks(X, B, L):
    """The kernel at the end with several outputs, targets Y = X B^T: (C, C, P, P), for X (P, D), B (C, D).

    K_cc' = sum_l [(B B^T)^{(L-l)/L}]_cc' X (B^T B)^{(l-1)/L} X^T, where the power 0 of a matrix is I.
    """
    # Return the final kernel for C outputs, targets Y = X B^T: one block (P, P) for each pair of outputs.
    # Balanced layers share the singular values of B equally. So what lies above layer l enters by a power of B B^T,
    # and what lies below by a power of B^T B. The power 0 is I, also where B has rank less than C or D.
    # A zero eigenvalue is computed as +-1e-17, whose fourth root is 6e-5 or NaN: take care that it counts as 0.
    # An array (C, C, P, P) comes out, also for C = 1.
    # (7 points, about 40 minutes)
    raise NotImplementedError("linear_theory.final_kernel_blocks")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def layer_terms(weights, X, slope=0.0):
    """What each layer adds to the kernel: K = sum_l K_l, K_l = (h_{l-1} h_{l-1}^T) * (B_l B_l^T), * elementwise.

    weights: [W_1 ... W_L]; X (P, D). Returns [K_1 ... K_L], each (P, P), or (C, C, P, P) with several outputs.
    In a linear network with one output B_l is the same row for all samples: K_l is h_{l-1} h_{l-1}^T, scaled. So K_1
    stays a multiple of X X^T, and K_l, l > 1, becomes rank one with the layers below it.
    """
    # Return what each layer adds to the kernel: K = sum_l K_l, K_l = (h_{l-1} h_{l-1}^T) * (B_l B_l^T), by entries.
    # kernel.gradient_factors gives the pairs (h_{l-1}, B_l), B_l a list with one array an output.
    # K as a whole is far from low rank, but K_l with l > 1 becomes rank one while a linear network learns.
    # A list of L arrays comes out, each (P, P), or (C, C, P, P) with several outputs, as from `ntk`.
    # (5 points, about 15 minutes)
    raise NotImplementedError("linear_theory.layer_terms")


@guard.accepts(weights="D -> C")
def balance_defect(weights):
    """W_{l+1}^T W_{l+1} - W_l W_l^T for l = 1 ... L-1, each (n_l, n_l): constant under gradient flow.

    For slope = 1 the whole matrices are, for slope < 1 their diagonals. Small weights start small and so stay balanced.
    Paper, appendix D.
    """
    # Return, for every hidden layer l, what the weights above it have that the weights below it have not:
    # W_{l+1}^T W_{l+1} - W_l W_l^T. Gradient flow does not change it.
    # Weights that start near 0 have a defect near 0, and keep it while they grow: so all layers grow alike.
    # A list of L - 1 matrices (n_l, n_l) comes out; a single layer has none.
    # (4 points, about 10 minutes)
    raise NotImplementedError("linear_theory.balance_defect")

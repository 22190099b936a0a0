"""Unit 6. Linear networks in closed form.

What do formulas say about a linear network with small weights: its early weights, its learning curve, its times and
its final kernel?

Work from top to bottom; minintk check 6 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, kernel


@guard.accepts(W0="N D", a0="N", beta="D, of length 1", s="(0, inf)", time="[0, inf)")
def early_weights(W0, a0, beta, s, time):
    """The weights of a two-layer linear network f(x) = a.(W x) at an early time, while its outputs are still near 0.

    W0 (N, D) = W_1 and a0 (N,) = W_2[0] at time 0. The inputs are white, X^T X / P = I, and the targets s X beta with
    beta (D,), |beta| = 1. With f left out of y - f gradient flow is da/dt = s W beta, dW/dt = s a beta^T. Returns its
    exact solution W (N, D), a (N,), new arrays. A network of size sigma follows it up to O(sigma^2).
    Paper, section 3.1, phase I.
    By hand: W0 = (0, 3), a0 = 1, beta = (1, 0), s = 2 and time = log(2) / 2 give W = (3/4, 3), a = 5/4.
    """
    # Solve the two linear equations of the docstring: W and a at the given time.
    # They show the weights turning towards beta while the loss stands still. sigma is only a factor in front: the
    # kernel's direction does not know it.
    # (6 points, about 20 minutes)
    raise NotImplementedError("linear_theory.early_weights")


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)", times="T, not negative")
def two_layer_mode(q0, r0, s, times):
    """The learned strength r = a.(W beta) and the size q = (|a|^2 + |W beta|^2) / 2 of a two-layer network, all along.

    W, a, beta and s as in `early_weights`. With small weights dr/dt = 2 (s - r) q and dq/dt = 2 (s - r) r, with r = r0
    and q = q0 at time 0; ValueError unless q0 > |r0|. times (T,). Returns r (T,), q (T,), right to nine digits at all
    times: without overflow or NaN long after learning, and for r0 = s, where nothing moves; r0 may be negative or
    above s. Paper, equations (50)-(51).
    By hand: q0 = 3, r0 = 0 and s = 4 end at r = 4, q = 5.
    """
    # Solve the two equations in closed form. The result is the whole learning curve of a network, plateau and jump.
    # r_0 must not be left out: it is smaller than q_0, but both shrink with sigma alike.
    # (12 points, about 70 minutes)
    raise NotImplementedError("linear_theory.two_layer_mode")


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)")
def half_loss_time(q0, r0, s):
    """When a two-layer network has halved its loss (s - r)^2 / 2, in the limit of small weights.

    q0, r0 and s as in `two_layer_mode`; ValueError unless q0 + r0 > 0. Returns a number that is linear in the logarithm
    of a common factor of q0 and r0, and is approached by the true time as this factor goes to 0. Paper, section 3.1.2.
    By hand: s = 1 and q0 + r0 = 0.112115 give 1.
    """
    # Work out when half of the loss is gone; this is not half of the strength r. What becomes of the mode's
    # equations, or of their solution, when q0 and r0 are small beside s?
    # The time grows as log(1 / sigma), the time to align does not: so the kernel turns in silence.
    # (6 points, about 20 minutes)
    raise NotImplementedError("linear_theory.half_loss_time")


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [2, inf)", times="T, not negative")
def deep_mode(u0, s, L, times):
    """The singular value u of every layer of a deep linear network, rank one and balanced: all layers have the same u.

    du/dt = u^{L-1} (s - u^L), u = u0 at time 0; ValueError unless u0 < s^{1/L}. For L > 2 and a small u0 a long plateau
    comes first, then a jump to s^{1/L}. times (T,). Returns u (T,), not the strength u^L, right to six digits for L = 2
    to 5 from time 0 until long after the jump. Paper, section 4.1.
    By hand: L = 2, s = 1 and u0^2 = 1/2 give u^2 = 3/4 at time log(3) / 2.
    """
    # Compute u(t) by any method that is right to six digits. Fixed time steps work too: how many does a plateau take,
    # and is there a way without small time steps? The jump after a long plateau is how deep networks learn.
    # (12 points, about 60 minutes)
    raise NotImplementedError("linear_theory.deep_mode")


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [3, inf)")
def escape_time(u0, s, L):
    """How long a deep network stays near 0, in the limit of small weights.

    Take the time that `deep_mode`, L > 2, needs from u0 to a share of its end, say to u^L = s / 2. Divided by
    escape_time it tends to 1 as u0 goes to 0, whichever share it is. escape_time is a power of u0 times a number:
    returns it for this u0. Paper, section 4.1.
    By hand: L = 3, s = 1 and u0 = 1/2 give 2.
    """
    # Work out how long the plateau lasts: the jump after it takes a time that does not grow when u0 shrinks.
    # The times to align and to learn both scale like this one: for L > 2 their ratio does not fall with sigma.
    # (5 points, about 10 minutes)
    raise NotImplementedError("linear_theory.escape_time")


@guard.accepts(weights="D -> C")
def balance_defect(weights):
    """What gradient flow conserves: for every hidden layer a matrix (n_l, n_l), l = 1 ... L-1; none if L = 1.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}). Returns a list of L - 1 matrices. Matrix l is symmetric and quadratic in
    the weights W_l and W_{l+1}, without a constant. In a linear network every entry stays as it is under gradient flow,
    for any data and any loss; with slope < 1 the diagonal does. Paper, appendix D.
    By hand, for scale and sign: W_1 = [[1, 2], [0, 1]] and W_2 = [[3, 1]] give [[4, 1], [1, 0]].
    """
    # Find the matrices that do not change. What do dW_l/dt and dW_{l+1}/dt have in common?
    # Weights that start near 0 have a defect near 0, and keep it while they grow: so all layers grow alike.
    # (5 points, about 25 minutes)
    raise NotImplementedError("linear_theory.balance_defect")


@guard.accepts(X="P D", beta="D, of length 1", s="(0, inf)", L="int [1, inf)", gives="P P")
def final_kernel(X, beta, s, L):
    """The kernel at the end of training, K_inf (P, P) of L linear layers with one output and small initial weights.

    X (P, D); beta (D,), |beta| = 1. On white data with the targets s X beta small weights end with the product
    W_L ... W_1 = s beta^T and with the `balance_defect` that they had at the start: nearly 0. K_inf is the kernel of
    weights with this product and the defect 0, on the rows of X, which need not be white here: it is the same for all
    such weights. Paper, section 4.1.
    By hand: X = I (2, 2), beta = (1, 0), s = 4 and L = 2 give diag(8, 4).
    """
    # Find what such layers look like, from the first to the last, and from this their kernel.
    # It is known before training begins, and does not depend on how the weights were drawn: this is the kernel
    # whose predictor the network becomes.
    # (7 points, about 30 minutes)
    raise NotImplementedError("linear_theory.final_kernel")


@guard.accepts(X="P D", beta="D, of length 1", s="(0, inf)", delta="(-inf, inf)", gives="P P")
def unbalanced_kernel(X, beta, s, delta):
    """The kernel at the end of training, K_inf (P, P), of two linear layers that do not start equally small.

    X (P, D); beta (D,), |beta| = 1; delta: what |a|^2 - |W beta|^2 is before training, W = W_1 and a = W_2^T (N,). The
    first layer W starts near 0, the second, a, may be of any size. On white data with the targets s X beta training
    ends where these are met, with W = w beta^T and w parallel to a. K_inf is the kernel of the last weights on the rows
    of X, which need not be white here. With delta = 0 it is final_kernel for L = 2. Kunin et al. 2024, Domine
    et al. 2025.
    By hand: X = I (2, 2), beta = (1, 0), s = 2 and delta = 3 give diag(5, 4).
    """
    # Find how two layers that start at different sizes share s at the end, and from this their kernel.
    # A large delta leaves more of X X^T and less of beta in the kernel: the same target, learned with fewer features.
    # (6 points, about 25 minutes)
    raise NotImplementedError("linear_theory.unbalanced_kernel")


@guard.accepts(X="P D", B="C D", L="int [1, inf)", gives="C C P P")
def final_kernel_blocks(X, B, L):
    """The kernel at the end of training with C outputs: (C, C, P, P), also for C = 1, with the blocks of `kernel.ntk`.

    X (P, D); B (C, D), of any rank: singular values below 1e-12 of the largest are 0. On white data with the
    targets X B^T small weights end with the product W_L ... W_1 = B and a `balance_defect` of nearly 0. Returns the
    kernel of weights with this product and the defect 0, on the rows of X, which need not be white here.
    By hand: X = I (2, 2), B = diag(4, 1), L = 2 give the blocks diag(8, 5), diag(5, 2), and 0 between the outputs.
    """
    # Do the same for C outputs, a block (P, P) for each pair of them. Mind the first and the last layer, and a B
    # of lower rank than C or D: a zero eigenvalue is computed as +-1e-17, whose fourth root is 6e-5 or NaN.
    # (10 points, about 45 minutes)
    raise NotImplementedError("linear_theory.final_kernel_blocks")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", gives="C C P P")
def layer_terms(weights, X, slope=0.0):
    """What each layer adds to the kernel: K = K_1 + ... + K_L, where K_l comes from the weights W_l alone.

    weights: [W_1 ... W_L]; X (P, D). If W_l is trained and all other layers are held, gradient flow on any loss L(f)
    moves the outputs by df/dt = -K_l dL/df as long as the weights are near these ones. Returns a list of L arrays, each
    (P, P), or with several outputs (C, C, P, P): K_l[c, c', m, n] stands between f_c(x_m) and dL/df_c'(x_n).
    By hand: slope = 1, W_1 = (2), W_2 = (3), samples 1 and 2 give [[9, 18], [18, 36]] and [[4, 8], [8, 16]].
    """
    # Take the kernel apart: what would the outputs do if a single layer were trained?
    # K as a whole is far from low rank, but each K_l with l > 1 becomes rank one while a linear network learns.
    # (5 points, about 10 minutes)
    raise NotImplementedError("linear_theory.layer_terms")

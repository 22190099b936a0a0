"""Unit 6. Linear networks in closed form: the finished exercises.

Cut from minintk/linear_theory.py by minintk dev cut. The derivations are in 06_linear_theory.md.
"""

import numpy as np

from minintk import guard, kernel
from minintk.linear_theory import mode_time


@guard.accepts(W0="N D", a0="N", beta="D, of length 1", s="(0, inf)", time="[0, inf)")
def early_weights(W0, a0, beta, s, time):
    """The weights of a two-layer linear network f(x) = a.(W x) at an early time, while its outputs are still near 0.

    W0 (N, D) = W_1 and a0 (N,) = W_2[0] at time 0. The inputs are white, X^T X / P = I, and the targets s X beta with
    beta (D,), |beta| = 1. With f left out of y - f gradient flow is da/dt = s W beta, dW/dt = s a beta^T. Returns its
    exact solution W (N, D), a (N,), new arrays. A network of size sigma follows it up to O(sigma^2).
    Paper, section 3.1, phase I.
    By hand: W0 = (0, 3), a0 = 1, beta = (1, 0), s = 2 and time = log(2) / 2 give W = (3/4, 3), a = 5/4.

    How: b = W beta obeys db/dt = s a, and da/dt = s b. With b0 = W0 beta this gives a = cosh(st) a0 + sinh(st) b0 and
    b = cosh(st) b0 + sinh(st) a0. W changes along beta only, by what b has gained:
    W = W0 + [(cosh(st) - 1) b0 + sinh(st) a0] beta^T.
    """
    b0 = W0 @ beta  # (N,)
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    W = W0 + np.outer((np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0, beta)
    return W, a


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)", times="T, not negative")
def two_layer_mode(q0, r0, s, times):
    """The learned strength r = a.(W beta) and the size q = (|a|^2 + |W beta|^2) / 2 of a two-layer network, all along.

    W, a, beta and s as in `early_weights`. With small weights dr/dt = 2 (s - r) q and dq/dt = 2 (s - r) r, with r = r0
    and q = q0 at time 0; ValueError unless q0 > |r0|. times (T,). Returns r (T,), q (T,), right to nine digits at all
    times: without overflow or NaN long after learning, and for r0 = s, where nothing moves; r0 may be negative or
    above s. Paper, equations (50)-(51).
    By hand: q0 = 3, r0 = 0 and s = 4 end at r = 4, q = 5.

    How: q^2 - r^2 = c is conserved, so z = (q + r) / sqrt(c) gives both: r = sqrt(c) (z - 1/z) / 2,
    q = sqrt(c) (z + 1/z) / 2. dz/dt = -sqrt(c) (z - z_+)(z - z_-) with z_pm = (s +- R) / sqrt(c), R = sqrt(s^2 + c). So
    x = (z - z_+) / (z - z_-) is x_0 e^{-2Rt}, which cannot overflow, and z = (z_+ - z_- x) / (1 - x).
    """
    if q0 <= abs(r0):
        raise ValueError(f"two_layer_mode: q0 is {q0!r}, expected more than |r0| = {abs(r0)!r}")
    root = np.sqrt(q0 - r0) * np.sqrt(q0 + r0)  # of c; c itself may be too small for a float
    R = np.hypot(s, root)
    z_plus, z_minus, z0 = (s + R) / root, -root / (s + R), (q0 + r0) / root  # z_- without cancellation
    shrink = (z0 - z_plus) / (z0 - z_minus) * np.exp(-2 * R * times)  # (z - z_+) / (z - z_-), (T,)
    z = (z_plus - z_minus * shrink) / (1 - shrink)
    return root * (z - 1 / z) / 2, root * (z + 1 / z) / 2


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)")
def half_loss_time(q0, r0, s):
    """When a two-layer network has halved its loss (s - r)^2 / 2, in the limit of small weights.

    q0, r0 and s as in `two_layer_mode`; ValueError unless q0 + r0 > 0. Returns a number that is linear in the logarithm
    of a common factor of q0 and r0, and is approached by the true time as this factor goes to 0. Paper, section 3.1.2.
    By hand: s = 1 and q0 + r0 = 0.112115 give 1.

    How: (s - r)^2 is half of s^2 at r = s (1 - sqrt(1/2)), and `mode_time` gives the time for this share of s:
    t = log[2 s (sqrt(2) - 1) / (q0 + r0)] / (2 s).
    """
    return mode_time(q0, r0, s, 1 - np.sqrt(1 / 2))


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [2, inf)", times="T, not negative")
def deep_mode(u0, s, L, times):
    """The singular value u of every layer of a deep linear network, rank one and balanced: all layers have the same u.

    du/dt = u^{L-1} (s - u^L), u = u0 at time 0; ValueError unless u0 < s^{1/L}. For L > 2 and a small u0 a long plateau
    comes first, then a jump to s^{1/L}. times (T,). Returns u (T,), not the strength u^L, right to six digits for L = 2
    to 5 from time 0 until long after the jump. Paper, section 4.1.
    By hand: L = 2, s = 1 and u0^2 = 1/2 give u^2 = 3/4 at time log(3) / 2.

    How: Turn it around and compute the time as an integral, which has no plateau to wait on. With x = u^L / s and the
    logit y = log(x / (1 - x)) it is dt/dy = x^{2/L - 1} / (L s^{2 - 2/L}), smooth at both ends. Add up t(y) over small
    cells, from y_0 to 40, by Gauss' rule; find the cell of each time, and y inside by Newton's method. u = (s x)^{1/L}.
    """
    x0 = L * np.log(u0) - np.log(s)  # log(u0^L / s)
    if x0 >= 0:
        raise ValueError(f"deep_mode: u0 is {u0!r}, expected less than s^(1/L) = {s ** (1 / L):.6g}")
    nodes, weights = np.polynomial.legendre.leggauss(8)

    def share(y, power):  # x^power, x = 1 / (1 + e^{-y})
        return np.exp(-power * np.logaddexp(0, -y))

    def elapsed(start, stop):  # the time from logit start to logit stop, entry by entry
        middle, half = (start + stop) / 2, (stop - start) / 2
        y = middle[:, None] + half[:, None] * nodes
        return half * (share(y, 2 / L - 1) @ weights) / (L * s ** (2 - 2 / L))

    y0 = x0 - np.log(-np.expm1(x0))
    grid = np.arange(y0, 40, 0.1)  # near a logit of 40, 1 - x is below the rounding error of 1
    reached = np.concatenate([[0], np.cumsum(elapsed(grid[:-1], grid[1:]))])
    cell = np.searchsorted(reached, times, side="right") - 1
    y = np.interp(times, reached, grid)
    for _ in range(4):
        late = reached[cell] + elapsed(grid[cell], y) - times
        y = np.minimum(y - late * L * s ** (2 - 2 / L) * share(y, 1 - 2 / L), grid[-1])
    return s ** (1 / L) * share(y, 1 / L)


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [3, inf)")
def escape_time(u0, s, L):
    """How long a deep network stays near 0, in the limit of small weights.

    Take the time that `deep_mode`, L > 2, needs from u0 to a share of its end, say to u^L = s / 2. Divided by
    escape_time it tends to 1 as u0 goes to 0, whichever share it is. escape_time is a power of u0 times a number:
    returns it for this u0. Paper, section 4.1.
    By hand: L = 3, s = 1 and u0 = 1/2 give 2.

    How: On the plateau u^L is small beside s, and du/dt = s u^{L-1}. There u^{-(L-2)} has the constant derivative
    -(L-2) s. It falls along a straight line and is 0 at t* = u0^{-(L-2)} / ((L-2) s), when u would be infinite; the
    rise from a size that does not depend on u0 takes a time that does not depend on u0 either.
    """
    return float(u0 ** (2 - L) / ((L - 2) * s))


@guard.accepts(weights="D -> C")
def balance_defect(weights):
    """What gradient flow conserves: for every hidden layer a matrix (n_l, n_l), l = 1 ... L-1; none if L = 1.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}). Returns a list of L - 1 matrices. Matrix l is symmetric and quadratic in
    the weights W_l and W_{l+1}, without a constant. In a linear network every entry stays as it is under gradient flow,
    for any data and any loss; with slope < 1 the diagonal does. Paper, appendix D.
    By hand, for scale and sign: W_1 = [[1, 2], [0, 1]] and W_2 = [[3, 1]] give [[4, 1], [1, 0]].

    How: By the chain rule both W_{l+1}^T dW_{l+1}/dt and dW_l/dt W_l^T are the same matrix. So W_{l+1}^T W_{l+1} and
    W_l W_l^T have the same derivative, and their difference W_{l+1}^T W_{l+1} - W_l W_l^T is constant.
    """
    return [W2.T @ W2 - W1 @ W1.T for W1, W2 in zip(weights, weights[1:])]


@guard.accepts(X="P D", beta="D, of length 1", s="(0, inf)", L="int [1, inf)", gives="P P")
def final_kernel(X, beta, s, L):
    """The kernel at the end of training, K_inf (P, P) of L linear layers with one output and small initial weights.

    X (P, D); beta (D,), |beta| = 1. On white data with the targets s X beta small weights end with the product
    W_L ... W_1 = s beta^T and with the `balance_defect` that they had at the start: nearly 0. K_inf is the kernel of
    weights with this product and the defect 0, on the rows of X, which need not be white here: it is the same for all
    such weights. Paper, section 4.1.
    By hand: X = I (2, 2), beta = (1, 0), s = 4 and L = 2 give diag(8, 4).

    How: Without a defect all layers have the same singular values, and the product has one: W_l = u r_{l+1} r_l^T with
    |r_l| = 1, r_1 = beta, r_{L+1} = 1 and u^L = s. The first layer's inputs are X, so that it adds s^{2 - 2/L} X X^T. A
    later layer's inputs are multiples of X beta: each of the L - 1 adds s^{2 - 2/L} X beta beta^T X^T.
    K_inf = s^{2 - 2/L} X [(L - 1) beta beta^T + I] X^T.
    """
    f = X @ beta  # (P,)
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(f, f) + X @ X.T)


@guard.accepts(X="P D", beta="D, of length 1", s="(0, inf)", delta="(-inf, inf)", gives="P P")
def unbalanced_kernel(X, beta, s, delta):
    """The kernel at the end of training, K_inf (P, P), of two linear layers that do not start equally small.

    X (P, D); beta (D,), |beta| = 1; delta: what |a|^2 - |W beta|^2 is before training, W = W_1 and a = W_2^T (N,). The
    first layer W starts near 0, the second, a, may be of any size. On white data with the targets s X beta training
    ends where these are met, with W = w beta^T and w parallel to a. K_inf is the kernel of the last weights on the rows
    of X, which need not be white here. With delta = 0 it is final_kernel for L = 2. Kunin et al. 2024, Domine
    et al. 2025.
    By hand: X = I (2, 2), beta = (1, 0), s = 2 and delta = 3 give diag(5, 4).

    How: The kernel of two linear layers is X (W^T W + |a|^2 I) X^T. `balance_defect` keeps |a|^2 - |w|^2 = delta, and
    the targets are met where |a| |w| = s. So |a|^2 = (sqrt(delta^2 + 4 s^2) + delta) / 2, and
    K_inf = X (|w|^2 beta beta^T + |a|^2 I) X^T.
    """
    f = X @ beta  # (P,)
    a2 = (np.hypot(delta, 2 * s) + delta) / 2  # |a|^2
    return (a2 - delta) * np.outer(f, f) + a2 * X @ X.T


@guard.accepts(X="P D", B="C D", L="int [1, inf)", gives="C C P P")
def final_kernel_blocks(X, B, L):
    """The kernel at the end of training with C outputs: (C, C, P, P), also for C = 1, with the blocks of `kernel.ntk`.

    X (P, D); B (C, D), of any rank: singular values below 1e-12 of the largest are 0. On white data with the
    targets X B^T small weights end with the product W_L ... W_1 = B and a `balance_defect` of nearly 0. Returns the
    kernel of weights with this product and the defect 0, on the rows of X, which need not be white here.
    By hand: X = I (2, 2), B = diag(4, 1), L = 2 give the blocks diag(8, 5), diag(5, 2), and 0 between the outputs.

    How: Without a defect (W_L W_L^T)^L = B B^T and (W_1^T W_1)^L = B^T B, and the layers between are passed alike.
    Layer l adds, to block c c', the number [(B B^T)^{(L-l)/L}]_cc', from the layers above, times the matrix
    X (B^T B)^{(l-1)/L} X^T, from those below. With B = U S V^T (B B^T)^p = U S^{2p} U^T and (B^T B)^p = V S^{2p} V^T
    for p > 0; for p = 0 both are I, not U U^T or V V^T. left[:, :, None, None] * right multiplies all pairs at once.
    """
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    K = 0.0
    for l in range(1, L + 1):
        left = np.eye(len(B)) if l == L else (U * S ** (2 * (L - l) / L)) @ U.T  # (C, C)
        right = X @ X.T if l == 1 else (X @ Vt.T * S ** (2 * (l - 1) / L)) @ (X @ Vt.T).T  # (P, P)
        K = K + left[:, :, None, None] * right
    return K


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", gives="C C P P")
def layer_terms(weights, X, slope=0.0):
    """What each layer adds to the kernel: K = K_1 + ... + K_L, where K_l comes from the weights W_l alone.

    weights: [W_1 ... W_L]; X (P, D). If W_l is trained and all other layers are held, gradient flow on any loss L(f)
    moves the outputs by df/dt = -K_l dL/df as long as the weights are near these ones. Returns a list of L arrays, each
    (P, P), or with several outputs (C, C, P, P): K_l[c, c', m, n] stands between f_c(x_m) and dL/df_c'(x_n).
    By hand: slope = 1, W_1 = (2), W_2 = (3), samples 1 and 2 give [[9, 18], [18, 36]] and [[4, 8], [8, 16]].

    How: By the chain rule K_l[m, n] = <df(x_m)/dW_l, df(x_n)/dW_l>, the sum over all entries of W_l. These gradients
    are outer products, so K_l[c, c'] = (B_l[c] B_l[c']^T) * (h_{l-1} h_{l-1}^T), entry by entry, with the pairs
    (h_{l-1}, B_l) of `kernel.gradient_factors`. In a linear network with one output K_l is a multiple of
    h_{l-1} h_{l-1}^T.
    """
    terms = []
    for h, B in kernel.gradient_factors(weights, X, slope):
        blocks = np.array([[(B_c @ B_d.T) * (h @ h.T) for B_d in B] for B_c in B])  # (C, C, P, P)
        terms.append(blocks[0, 0] if len(B) == 1 else blocks)
    return terms

"""Unit 6. Linear networks in closed form: the finished exercises.

Cut from minintk/linear_theory.py by minintk dev cut. The derivations are in 06_linear_theory.md.
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
    b0 = W0 @ beta  # (N,)
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    W = W0 + np.outer((np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0, beta)
    return W, a


@guard.accepts(q0="(0, inf)", r0="(-inf, inf)", s="(0, inf)", times="T")
def two_layer_mode(q0, r0, s, times):
    """The learned strength r = a^T W beta and the size q = (|a|^2 + |W beta|^2) / 2 of a two-layer network, all along.

    q0 > |r0| at time 0; times (T,). Returns r (T,), q (T,). q^2 - r^2 = c is conserved, and dr/dt = 2 (s - r) q.
    With R = sqrt(s^2 + c) and z = (q + r) / sqrt(c), dz/dt = -(z - z_+)(z - z_-) sqrt(c), z_pm = (s +- R) / sqrt(c): so
    (z - z_+) / (z - z_-) decays as e^{-2Rt}. In the text we read, equations (50)-(51) take r0 = 0, which is wrong by
    O(D^{-1/2}) at every sigma.
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
    """When a two-layer network has halved its loss: t = log[2 s (sqrt(2) - 1) / (q0 + r0)] / (2 s), for small weights.

    With q0 + r0 ~ sigma^2 the learning time grows as (1 / 2s) log(1 / sigma^2); the alignment time does not.
    By hand: s = 1 and q0 + r0 = 2 (sqrt(2) - 1) e^{-2} give 1.
    """
    return mode_time(q0, r0, s, 1 - np.sqrt(1 / 2))


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [2, inf)", times="T")
def deep_mode(u0, s, L, times):
    """The singular value u of every layer of a rank-one network: du/dt = u^{L-1} (s - u^L) from u0 < s^{1/L}.

    times (T,). Returns u (T,); the learned strength is u^L. In x = u^L / s and the logit y = log(x / (1 - x)) this is
    dt/dy = x^{2/L - 1} / (L s^{2 - 2/L}), smooth on both plateaus: integrated by Gauss' rule, solved by
    Newton's method.
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
    grid = np.arange(y0, 40 + 0.1, 0.1)  # at a logit of 40, 1 - x is below the rounding error of 1
    reached = np.concatenate([[0], np.cumsum(elapsed(grid[:-1], grid[1:]))])
    cell = np.clip(np.searchsorted(reached, times, side="right") - 1, 0, len(grid) - 2)
    y = np.interp(times, reached, grid)
    for _ in range(4):
        late = reached[cell] + elapsed(grid[cell], y) - times
        y = np.minimum(y - late * L * s ** (2 - 2 / L) * share(y, 1 - 2 / L), grid[-1])
    return s ** (1 / L) * share(y, 1 / L)


@guard.accepts(u0="(0, inf)", s="(0, inf)", L="int [3, inf)")
def escape_time(u0, s, L):
    """How long a deep network stays near 0: t* = u0^{-(L-2)} / ((L-2) s), L > 2, when u = u0 / (1 - t / t*)^{1/(L-2)}.

    Both the alignment and the learning time scale so with sigma ~ u0, hence their ratio does not go to 0 for L > 2.
    """
    return float(u0 ** (2 - L) / ((L - 2) * s))


@guard.accepts(X="P D", beta="D", s="(0, inf)", L="int [1, inf)")
def final_kernel(X, beta, s, L):
    """The kernel at the end, K_inf = s^{2 - 2/L} X [(L - 1) beta beta^T + I] X^T (P, P), for X (P, D), beta (D,)."""
    f = X @ beta  # (P,)
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(f, f) + X @ X.T)


@guard.accepts(X="P D", B="C D", L="int [1, inf)")
def final_kernel_blocks(X, B, L):
    """The kernel at the end with several outputs, targets Y = X B^T: (C, C, P, P), for X (P, D), B (C, D).

    K_cc' = sum_l [(B B^T)^{(L-l)/L}]_cc' X (B^T B)^{(l-1)/L} X^T, where the power 0 of a matrix is I.
    """
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    K = 0.0
    for l in range(1, L + 1):
        left = np.eye(len(B)) if l == L else (U * S ** (2 * (L - l) / L)) @ U.T  # (C, C)
        right = X @ X.T if l == 1 else (X @ Vt.T * S ** (2 * (l - 1) / L)) @ (X @ Vt.T).T  # (P, P)
        K = K + left[:, :, None, None] * right
    return K


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def layer_terms(weights, X, slope=0.0):
    """What each layer adds to the kernel: K = sum_l K_l, K_l = (h_{l-1} h_{l-1}^T) * (B_l B_l^T), * elementwise.

    weights: [W_1 ... W_L]; X (P, D). Returns [K_1 ... K_L], each (P, P), or (C, C, P, P) with several outputs.
    In a linear network with one output B_l is the same row for all samples: K_l is h_{l-1} h_{l-1}^T, scaled. So K_1
    stays a multiple of X X^T, and K_l, l > 1, becomes rank one with the layers below it.
    """
    terms = []
    for h, B in kernel.gradient_factors(weights, X, slope):
        blocks = np.array([[(B_c @ B_d.T) * (h @ h.T) for B_d in B] for B_c in B])  # (C, C, P, P)
        terms.append(blocks[0, 0] if len(B) == 1 else blocks)
    return terms


@guard.accepts(weights="D -> C")
def balance_defect(weights):
    """W_{l+1}^T W_{l+1} - W_l W_l^T for l = 1 ... L-1, each (n_l, n_l): constant under gradient flow.

    For slope = 1 the whole matrices are, for slope < 1 their diagonals. Small weights start small and so stay balanced.
    Paper, appendix D.
    """
    return [W2.T @ W2 - W1 @ W1.T for W1, W2 in zip(weights, weights[1:])]

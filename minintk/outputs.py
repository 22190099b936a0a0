"""Unit 7. Several outputs and other losses: what remains of silent alignment.

Several outputs: with targets Y = X B^T and B = sum_a s_a z_a v_a^T, each mode a is learned at its own time ~ 1 / s_a.
The kernel has the form of K_inf early, the sizes of its modes come late, and the network is K_inf's machine all the
same.
Other losses: the outputs still move by df/dt = -K_t dL/df. If K_t = g(t) K_inf this is the flow of the frozen K_inf on
another clock, dh = g dt. What is lost is the closed form K_inf^{-1} y.
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
    return {"mse": y, "logistic": y / 2, "softmax": y - 1 / y.shape[1]}[loss]


@guard.accepts(X="P D", y="P C", loss=training.LOSSES)
def early_modes(X, y, loss="mse"):
    """The rates at which directions grow in the silent phase: residual^T X / P = sum_a s_a z_a v_a^T.

    X (P, D), y (P, C) as in `early_residual`. Returns Z (C, r), s (r,) falling, V (D, r), r = min(C, D), with
    orthonormal columns z_a and v_a. In a two-layer linear network with small weights W_2^T z_a + W_1 v_a, a vector of
    the hidden units, grows as e^{s_a t}. The signs of z_a and v_a are free, together. With "softmax" one
    rate is 0 if C <= D.
    By hand: X = I and y = [[0, 4], [2, 0]], P = 2, give s = (2, 1), z_1 = (0, 1) and v_1 = (1, 0).
    """
    Z, s, Vt = np.linalg.svd(early_residual(y, loss).T @ X / len(X), full_matrices=False)
    return Z, s, Vt.T


@guard.accepts(weights="D -> C", Z="C A", V="D A")
def mode_strengths(weights, Z, V):
    """How much of each mode a linear network has learned: r_a = z_a^T W_L ... W_1 v_a, (A,).

    weights: [W_1 ... W_L]; Z (C, A), V (D, A): a direction of the outputs and one of the inputs in each column. With
    targets Y = X B^T, B = sum_a s_a z_a v_a^T, and small weights it goes from nearly 0 to r_a = s_a.
    By hand: one layer W = [[3, 1], [0, 2]] with z = (1, 0), v = (1, 0) gives 3, and with z = v = (1, 1) it gives 6.
    """
    moved = V  # (n_l, A)
    for W in weights:
        moved = W @ moved
    return (Z * moved).sum(axis=0)


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
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    kept = S > 1e-12 * S[0]
    Z, S, V = Z[:, kept], S[kept], Vt[kept].T
    W_1, W_2 = weights
    if len(S) > len(W_1):
        raise ValueError(f"sequential_mode_times: {len(S)} modes, expected at most one a hidden unit, {len(W_1)}")
    own = np.diag(np.linalg.qr(W_2.T @ Z + W_1 @ V, mode="r"))  # |g_a'|, up to sign
    return np.array([linear_theory.mode_time(g**2 / 2, 0.0, s, share) for g, s in zip(own, S)])


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
    F, C = X @ V, len(Z)  # (P, A)
    terms = [np.multiply.outer(np.eye(C), np.outer(f, f)) for f in F.T]
    terms += [np.multiply.outer(np.outer(z, z), X @ X.T) for z in Z.T]
    terms = np.array([term.ravel() / max(np.linalg.norm(term), 1e-300) for term in terms])  # (2 A, C C P P)
    best = np.linalg.lstsq(terms.T, K.ravel())[0] @ terms
    return float(np.linalg.norm(best) / np.linalg.norm(K))


@guard.accepts(times="T", sizes="T")
def kernel_clock(times, sizes):
    """The clock on which the frozen K_inf would have learned: h(t) (T,), by trapezoids.

    times (T,), sizes (T,): |K_t|; the last one is |K_inf|. h(t) is the integral of |K_u| / |K_inf| over u from the
    first time to t. It starts at 0 and does not count the silence, in which |K_u| is small. A trapezoid is the time
    between two moments times the mean of the two |K_u| / |K_inf|.
    By hand: times (0, 1, 3) and sizes (0, 2, 4) give (0, 0.25, 1.75).
    """
    g = sizes / sizes[-1]
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * (g[1:] + g[:-1]) / 2)])


@guard.accepts(K="P P | C C P P", y="targets", times="each [0, inf)", loss=training.LOSSES)
def frozen_kernel_flow(K, y, times, loss="mse"):
    """The outputs of gradient flow on any loss while the kernel stays K, from f = 0: df/dt = -K dL/df, (T, P, C).

    K (P, P), the same for every output and none between two, or (C, C, P, P): df_c(x_m)/dt is minus the sum over c', n
    of K[c, c', m, n] dL/df_c'(x_n). y as in `training.loss_and_cotangent`, which gives dL/df with its 1 / P; it arrives
    as (P, C), and for "softmax" with a (P, P) kernel it must be one-hot. times: T rising numbers, with or without 0.
    For "mse" and one output this is `kernel.constant_kernel_flow`; other losses have no closed form and are integrated.
    By hand: K = 2, one sample, y = 1: "mse" gives 1 - e^{-2t}; "logistic" the solution of e^f + f = 1 + 2 t.
    """
    y = training.target_matrix(y, len(K) if K.ndim == 4 else y[0].size, loss)

    def velocity(f):
        value, cotangent = training.loss_and_cotangent(f.reshape(y.shape), y, loss)
        rate = K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)
        return -rate.ravel(), value

    moments = integrator.integrate(
        velocity, np.zeros(y.size), max(times), -np.inf, times, (), rtol=1e-8, budget=100_000
    )
    outputs = {t: f.reshape(y.shape) for t, _, f, _ in moments}
    return np.array([outputs[t] for t in times])

"""Unit 7. Several outputs and other losses: the finished exercises.

Cut from minintk/outputs.py by minintk dev cut. The derivations are in 07_outputs.md.
"""

import numpy as np

from minintk import alignment, guard, integrator, linear_theory, training


@guard.accepts(y="P C, of the loss", loss=training.LOSSES)
def early_residual(y, loss="mse"):
    """The targets with which the squared error drives small weights as this loss does: (P, C).

    y (P, C) and the loss as in `training.loss_and_cotangent`: y holds targets for "mse", signs for "logistic", one-hot
    rows for "softmax", and is not changed. While the outputs of a network are 0, whichever it is, gradient flow on this
    loss with y moves all weights as gradient flow on "mse" does with the targets returned. The silent phase knows of
    the loss by these numbers alone.
    By hand: "softmax", one sample of the first of two classes, y = [[1, 0]], gives [[1/2, -1/2]].

    How: The loss L enters through dL/df alone, which for "mse" is (f - targets) / P: so the targets are -P dL/df at
    f = 0. "mse": y - f is y. "logistic": y / (1 + e^{y f}) is y / 2. "softmax": y - softmax(f) is y - 1 / C.
    """
    return {"mse": y, "logistic": y / 2, "softmax": y - 1 / y.shape[1]}[loss]


@guard.accepts(X="P D", y="P C, of the loss", loss=training.LOSSES)
def early_modes(X, y, loss="mse"):
    """The directions that small weights of a two-layer linear network grow in while f is nearly 0, and their rates.

    X (P, D), y (P, C) and the loss as in `early_residual`. f(x) = W_2 W_1 x, and all weights follow gradient flow with
    the derivative of the loss at f = 0. Returns Z (C, r), s (r,), V (D, r), r = min(C, D) modes: orthonormal columns
    z_a and orthonormal columns v_a, and rates s_a >= 0, largest first, such that for all weights the hidden vector
    W_2^T z_a + W_1 v_a grows exactly as e^{s_a t}, and together they are the whole flow: weights with W_2^T z_a = 0 and
    W_1 v_a = 0 for all a stand still. z_a and v_a may change sign together; some s_a may be 0.
    By hand: X = I and y = [[0, 4], [2, 0]], P = 2, give s = (2, 1), z_1 = (0, 1) and v_1 = (1, 0).

    How: With the residual r = early_residual and M = r^T X / P (C, D) the flow is dW_1/dt = W_2^T M and
    dW_2/dt = M W_1^T. d/dt (W_2^T z + W_1 v) = W_1 M^T z + W_2^T M v is s (W_2^T z + W_1 v) for all weights if
    M v = s z and M^T z = s v. So M = sum_a s_a z_a v_a^T is a singular value decomposition: the last result of
    np.linalg.svd is V^T.
    """
    Z, s, Vt = np.linalg.svd(early_residual(y, loss).T @ X / len(X), full_matrices=False)
    return Z, s, Vt.T


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

    How: Mode a begins as g_a = W_2^T z_a + W_1 v_a (N,), which grows as e^{s_a t}. Once a mode b with s_b > s_a is
    learned, the part along g_b decays as e^{(s_a - s_b) t}. What is left is g_a', the part orthogonal to all earlier
    ones: the diagonal of R in a QR decomposition, up to sign. Then `linear_theory.mode_time` with
    q0 + r0 = |g_a'|^2 / 2 gives t_a = log[4 s_a share / ((1 - share) |g_a'|^2)] / (2 s_a).
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
    """The largest alignment A(K, Q) over all Q built like a two-layer linear network's K_inf, with any mode sizes.

    K (C, C, P, P): of one output K[None, None], (1, 1, P, P). X (P, D), Z (C, A), V (D, A): modes z_a, v_a in columns,
    of any length, also 0. Q runs through the sums Q_cc' = sum_a [lambda_a delta_cc' X v_a v_a^T X^T +
    mu_a (z_a z_a^T)_cc' X X^T] with any numbers lambda_a, mu_a; K_inf has lambda_a = mu_a = s_a. The 2 A terms may be
    linearly dependent; where all are 0 so is the alignment. Returns a number, A as in `alignment.kernel_alignment`: 1
    for every network W_1 = sum_a q_a v_a^T, W_2 = sum_a z_a p_a^T with orthogonal q_a and p_a. ValueError if K is all
    zeros.
    By hand: C = 1, X = I (2, 2), z = (1), v = (1, 0): Q is any diagonal matrix, and K of four ones gives 1 / sqrt(2).

    How: The best Q is the projection of K on the span of the terms, and A(K, Q) = |projection| / |K|. The projection is
    T c, T (C C P P, 2 A) with a flattened term in each column and c the least-squares solution of T c = K:
    np.linalg.lstsq finds it for dependent terms too.
    """
    if not K.any():
        raise ValueError("eigenvector_alignment: K is all zeros, expected a direction")
    K, X = _unit(K), _unit(X)
    F = [_unit(X @ _unit(v)) for v in V.T]  # A of (P,)
    terms = [np.multiply.outer(np.eye(len(Z)), np.outer(f, f)) for f in F]
    terms += [np.multiply.outer(np.outer(z, z), X @ X.T) for z in map(_unit, Z.T)]
    terms = np.array([term.ravel() for term in terms])  # (2 A, C C P P)
    return float(np.linalg.norm(np.linalg.lstsq(terms.T, K.ravel())[0] @ terms))


def _unit(a):
    """a / |a|; zeros stay zeros."""
    return a / (alignment.norm(a) or 1)


@guard.accepts(times="T, rising", sizes="T, not negative")
def kernel_clock(times, sizes):
    """The clock on which the frozen K_inf would have learned: h(t) (T,), 0 at the first time.

    times (T,), rising; sizes (T,): |K_t|, the last one is |K_inf|. If a kernel has turned and only grows, every K_t is
    a positive multiple of K_inf. A model whose kernel is K_inf all the time, and whose outputs are the network's at the
    first time, then has at h(t) the outputs that the network has at t: f(t) = f_frozen(h(t)) for gradient flow on any
    loss. Returns h at the given times; between two of them |K_t| is taken for a straight line. ValueError if
    |K_inf| is 0.
    By hand: times (0, 2) and sizes (0, 4) give (0, 1).

    How: K_t = g(t) K_inf with g = |K_t| / |K_inf|, so df/dt = -g K_inf dL/df, and df/dh = -K_inf dL/df if dh = g dt. So
    h is the integral of g, and a trapezoid adds (t_{i+1} - t_i) (g_i + g_{i+1}) / 2: np.cumsum, with a 0 put in front.
    """
    if not sizes[-1]:
        raise ValueError("kernel_clock: the last of sizes is 0, expected the size of a kernel that has learned")
    g = sizes / sizes[-1]
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * (g[1:] + g[:-1]) / 2)])


@guard.accepts(K="P P | C C P P, kernel", y="P C, of the loss", times="each [0, inf)", loss=training.LOSSES)
def frozen_kernel_flow(K, y, times, loss="mse"):
    """The outputs of gradient flow on any loss while the kernel stays K, from f = 0: df/dt = -K dL/df, (T, P, C).

    K (P, P), the same for every output and none between two, or (C, C, P, P): df_c(x_m)/dt is minus the sum over c', n
    of K[c, c', m, n] dL/df_c'(x_n). y (P, C) as in `training.loss_and_cotangent`, which gives dL/df with its
    1 / P. times: T numbers, in any order.
    Returns f at each of the times, right to six digits. For "mse" and one output it is `kernel.constant_kernel_flow`.
    By hand: K = 2, one sample, y = 1: "mse" gives 1 - e^{-2t}; "logistic" the solution of e^f + f = 1 + 2 t.

    How: Other losses have no closed form. velocity(theta), theta = f.ravel(), gives theta the shape of y, takes the
    loss and dL/df from `training.loss_and_cotangent`, and returns -K @ dL/df, or -np.einsum("cdmn,nd->mc", K, dL/df),
    flattened, and the loss. integrator.integrate(velocity, np.zeros(y.size), max(times), -np.inf, times, (), rtol=1e-8,
    budget=100_000) yields (t, loss, theta, evaluations) at t = 0 and then at each of the times: keep theta by t, and
    read it at the times.
    """

    def velocity(f):
        value, cotangent = training.loss_and_cotangent(f.reshape(y.shape), y, loss)
        rate = K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)
        return -rate.ravel(), value

    moments = integrator.integrate(
        velocity, np.zeros(y.size), max(times), -np.inf, times, (), rtol=1e-8, budget=100_000
    )
    outputs = {t: f.reshape(y.shape) for t, _, f, _ in moments}
    return np.array([outputs[t] for t in times])

"""Unit 7. Several outputs and other losses: what remains of silent alignment.

Several outputs: with targets Y = X B^T and B = sum_a s_a z_a v_a^T, each mode a is learned at its own time ~ 1 / s_a.
The kernel's eigenvectors align early, its eigenvalues do not, and the network is the machine of K_inf all the same.
Other losses: the outputs still move by df/dt = -K_t dL/df. If K_t = g(t) K_inf this is the flow of the frozen K_inf on
another clock, dh = g dt. What is lost is the closed form K_inf^{-1} y.
"""

import numpy as np

from minintk import guard, integrator, kernel, training


@guard.accepts(y="P C", loss=training.LOSSES)
def early_residual(y, loss="mse"):
    """What drives the weights while the outputs are still 0: minus P times dL/df at f = 0, (P, C).

    y (P, C): targets for "mse", signs for "logistic", one-hot rows for "softmax". It is y, y / 2 and y - 1 / C.
    So the silent phase is the same for all three losses, with another target and half the rate for "logistic".
    """
    return {"mse": y, "logistic": y / 2, "softmax": y - 1 / y.shape[1]}[loss]


@guard.accepts(X="P D", y="P C", loss=training.LOSSES)
def early_modes(X, y, loss="mse"):
    """The rates at which directions grow in the silent phase: residual^T X / P = sum_a s_a z_a v_a^T.

    X (P, D), y (P, C) as in `early_residual`. Returns Z (C, r), s (r,) falling, V (D, r), r = min(C, D): weights of a
    two-layer linear network grow as e^{s_a t} from v_a to z_a. The signs of z_a and v_a are free together.
    """
    Z, s, Vt = np.linalg.svd(early_residual(y, loss).T @ X / len(X), full_matrices=False)
    return Z, s, Vt.T


@guard.accepts(weights="D -> C", Z="C A", V="D A")
def mode_strengths(weights, Z, V):
    """How much of each mode a linear network has learned: r_a = z_a^T W_L ... W_1 v_a, (A,).

    weights: [W_1 ... W_L]; Z (C, A), V (D, A): directions of the outputs and of the inputs. At the end r_a = s_a.
    """
    moved = V  # (n_l, A)
    for W in weights:
        moved = W @ moved
    return (Z * moved).sum(axis=0)


@guard.accepts(times="T", sizes="T")
def kernel_clock(times, sizes):
    """The clock on which the frozen K_inf would have learned: h(t) = int_0^t |K_t'| / |K_inf| dt', (T,), by trapezoids.

    times (T,), sizes (T,): |K_t|; the last one is |K_inf|. h(0) = 0; silence is the time that h does not count.
    """
    g = sizes / sizes[-1]
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * (g[1:] + g[:-1]) / 2)])


@guard.accepts(K="P P | C C P P", y="targets", times="each [0, inf)", loss=training.LOSSES)
def frozen_kernel_flow(K, y, times, loss="mse"):
    """The outputs of gradient flow on any loss while the kernel stays K, from f = 0: df/dt = -K dL/df, (T, P, C).

    K (P, P) or (C, C, P, P); y as in `training.loss_and_cotangent`; times: T rising numbers. For "mse" and one output
    this is `kernel.constant_kernel_flow`; other losses have no closed form and are integrated.
    """
    matrix, shape = kernel.block_matrix(K), y.T.shape  # (C P, C P), (C, P)

    def velocity(f):
        value, cotangent = training.loss_and_cotangent(f.reshape(shape).T, y, loss)
        return -matrix @ cotangent.T.ravel(), value

    moments = integrator.integrate(velocity, np.zeros(y.size), max(times), 0.0, times, (), rtol=1e-8, budget=100_000)
    outputs = {t: f.reshape(shape).T for t, _, f, _ in moments}
    return np.array([outputs[t] for t in times])

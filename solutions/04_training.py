"""Unit 4. Descent and flow: the finished exercises.

Cut from minintk/training.py by minintk dev cut. The derivations are in 04_training.md.
"""

import numpy as np

from minintk import guard, network

LOSSES = ("mse", "logistic", "softmax")


@guard.accepts(f="P C", y="targets", loss=LOSSES)
def loss_and_cotangent(f, y, loss="mse"):
    """The loss, a mean over samples, and its derivative with respect to every output.

    The loss is the mean over samples of |f - y|^2 / 2 for "mse", y real; of sum_c log(1 + e^{-y_c f_c}) for "logistic",
    y = +1 or -1; of log(sum_c e^{f_c}) - y.f for "softmax", y one-hot rows. f (P, C), y (P, C); callers may give y (P,)
    if C = 1, or integer labels (P,) for softmax: they arrive here as (P, C). Returns the loss and dL/df (P, C).
    By hand, f = 0 and P = 1: "mse" |y|^2 / 2 and -y; "logistic" C log 2 and -y / 2; "softmax" log C and 1 / C - y.
    """
    P = len(f)
    if loss == "mse":
        residual = f - y
        return np.vdot(residual, residual) / (2 * P), residual / P
    if loss == "logistic":
        margin = y * f
        return np.logaddexp(0, -margin).sum() / P, -y * np.exp(-np.logaddexp(0, margin)) / P
    f = f - f.max(axis=1, keepdims=True)  # the loss does not change, and exp cannot overflow
    log_p = f - np.log(np.exp(f).sum(axis=1, keepdims=True))  # (P, C)
    return -np.vdot(y, log_p) / P, (np.exp(log_p) - y) / P


@guard.accepts(weights="D -> C", X="P D", y="targets", slope="[0, 1]", loss=LOSSES)
def loss_gradient(weights, X, y, slope=0.0, loss="mse"):
    """The loss and its gradient with respect to every weight matrix.

    weights: [W_1 ... W_L]; X (P, D); y as in `loss_and_cotangent`. Returns the loss and [G_1 ... G_L], each like W_l.
    """
    layers = network.forward(weights, X, slope)
    value, cotangent = loss_and_cotangent(layers[-1], y, loss)
    return value, network.weight_gradients(layers, network.backward(weights, layers, cotangent, slope))


@guard.accepts(weights="D -> C", X="P D", y="targets", step_size="(0, inf)", slope="[0, 1]", loss=LOSSES)
def gradient_descent_step(weights, X, y, step_size, slope=0.0, loss="mse"):
    """One step down the gradient: W_l - step_size * G_l.

    Returns new weights (the given ones stay as they are) and the loss before the step.
    """
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return [W - step_size * G for W, G in zip(weights, gradients)], value


@guard.accepts(X="P D")
def span_coordinates(X):
    """X in coordinates of its own row space: Z (P, r) and an orthonormal basis Q (D, r), X = Z Q^T, r = rank(X).

    Training can be done on Z. The gradient for W_1 is B_1^T X = (B_1^T Z) Q^T: it moves W_1 only in span(Q), and the
    outputs see W_1 only through X W_1^T = Z (W_1 Q)^T. So V = W_1 Q follows gradient descent on Z, step for step, and
    W_1(t) = W_1(0) + [V(t) - V(0)] Q^T. With P < D samples the first layer costs as much as r inputs instead of D.
    Singular values up to the largest times max(P, D) times the precision of X count as zero.
    By hand: rows (3, 4), (6, 8) give Q = (0.6, 0.8)^T and Z = (5, 10)^T, or minus both.
    """
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    r = max(1, int((S > S[0] * max(X.shape) * np.finfo(X.dtype).eps).sum()))
    return U[:, :r] * S[:r], Vt[:r].T

"""Unit 4. Descent and flow: the finished exercises.

Cut from minintk/training.py by minintk dev cut. The derivations are in 04_training.md.
"""

import math

import numpy as np

from minintk import guard, kernel, network
from minintk.training import gradient_descent_step

LOSSES = ("mse", "logistic", "softmax")
CURVATURE = {"mse": 1, "logistic": 1 / 4, "softmax": 1 / 2}  # at most this second derivative in f, per sample


@guard.accepts(f="P C", y="P C, of the loss", loss=LOSSES)
def loss_and_cotangent(f, y, loss="mse"):
    """The loss, a mean over samples, and its derivative with respect to every output.

    f (P, C), y (P, C). With "mse", y real, the loss of one sample is |f - y|^2 / 2. With the others it is minus the
    logarithm of the probability that the outputs give to the labels. "logistic": y_c = +1 or -1, each output by itself;
    f_c is the logarithm of the odds, the probability of +1 over that of -1. "softmax": y is a one-hot row, one of C
    classes; f_c is the logarithm of the probability of class c, up to a number that is the same for all classes.
    Returns the mean over the P samples, a number, and dL/df (P, C), the derivative of this mean. For "logistic" and
    "softmax" both are finite for outputs of any size, also where e^f is too large for a floating-point number.
    By hand, P = 1: "mse", f = 1 and y = 3: 2 and -2. "logistic", f = log 3 and y = 1: log(4/3) and -1/4. "softmax",
    f = (log 3, 0) and y = (1, 0): log(4/3) and (-1/4, 1/4).

    How: The losses of one sample are |f - y|^2 / 2, sum_c log(1 + e^{-y_c f_c}) and log(sum_c e^{f_c}) - y.f, and their
    derivatives f - y, -y / (1 + e^{y f}), and p - y with p_c = e^{f_c} / sum_k e^{f_k}. Against overflow:
    np.logaddexp(0, u) is log(1 + e^u) for every u, so 1 / (1 + e^u) is exp(-logaddexp(0, u)); and with the largest f_c
    of each row subtracted from it, p and the loss are the same, and log p = f - log(sum_c e^{f_c}).
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


@guard.accepts(weights="D -> C", X="P D", y="P C, of the loss", slope="[0, 1]", loss=LOSSES)
def loss_gradient(weights, X, y, slope=0.0, loss="mse"):
    """The loss and its gradient with respect to every weight matrix.

    weights: [W_1 ... W_L]; X (P, D); y (P, C) and loss as in `loss_and_cotangent`. Returns the loss of the network's
    outputs at X and [G_1 ... G_L], each of the shape of its W_l.
    By hand: f = w.x, w = 0, P = 1, x = (1, 2) and y = 3 give 4.5 and (-3, -6).

    How: The loss depends on the weights through the outputs, the last of the layers of network.forward. By the chain
    rule its gradient is a backward pass whose cotangent is dL/df, from `loss_and_cotangent`: G_l are the
    network.weight_gradients of its deltas.
    """
    layers = network.forward(weights, X, slope)
    value, cotangent = loss_and_cotangent(layers[-1], y, loss)
    return value, network.weight_gradients(layers, network.backward(weights, layers, cotangent, slope))


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", loss=LOSSES)
def stable_step(weights, X, slope=0.0, loss="mse"):
    """The largest step size at which gradient descent is stable while the kernel is that of these weights.

    weights: [W_1 ... W_L]; X (P, D). A loss curves, per sample, by at most c = CURVATURE[loss] in its outputs. Let
    every sample's loss be quadratic in its outputs, with this curvature in all directions, and let the kernel stay that
    of these weights. Returns the largest h with which no outputs (P, C) go further and further from those that minimise
    the loss; with a longer step some do.
    By hand: one layer, "mse", one sample x = (1, 1) gives 1.

    How: A step takes the errors e (P,) to e - h (c / P) K e; of several outputs e has C P entries, and K is the block
    matrix. An error along an eigenvector of K is multiplied by 1 - h c k / P, k the eigenvalue. This stays at -1 or
    above while h <= 2 P / (c k), for the largest k of all: np.linalg.eigvalsh of kernel.block_matrix(kernel.ntk(...)).
    """
    K = kernel.block_matrix(kernel.ntk(weights, X, slope=slope))
    return float(2 * len(X) / (CURVATURE[loss] * np.linalg.eigvalsh(K)[-1]))


@guard.accepts(
    weights="D -> C",
    X="P D",
    y="P C, of the loss",
    target_loss="[0, inf)",
    longest="(0, inf)",
    slope="[0, 1]",
    loss=LOSSES,
    steps="int [0, inf)",
)
def descend(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    """Plain gradient descent until the loss is at most target_loss, or `steps` steps have been taken.

    Each step is a `gradient_descent_step` of the size `longest`, or half of the `stable_step` at the weights from which
    it goes, if that is less. weights: [W_1 ... W_L]; X, y, slope and loss as there. Returns the last weights, the flow
    times (T,), 0 first, and the loss at each of them (T,). A start at or below the target is the end, too.
    By hand: f = w x, w = 1, x = 1, y = 3, target_loss = 1, longest = 0.5 give w = 2, times (0, 0.5), losses (2, 0.5).

    How: In a loop: take the step and its loss; append the loss; if it is at or below the target, or if there are more
    losses than `steps`, return the weights from before the step; else go to the new ones and append the time.
    """
    times, losses = [0.0], []
    while True:
        step_size = min(longest, stable_step(weights, X, slope, loss) / 2)
        ahead, value = gradient_descent_step(weights, X, y, step_size, slope, loss)
        losses.append(float(value))
        if value <= target_loss or len(losses) > steps:
            return weights, np.array(times), np.array(losses)
        weights = ahead
        times.append(times[-1] + step_size)


@guard.accepts(
    weights="D -> C",
    X="P D",
    y="P C, of the loss",
    length="(0, inf)",
    tolerance="(0, 1)",
    slope="[0, 1]",
    loss=LOSSES,
)
def adaptive_step(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    """One step of gradient flow by Heun's method, its error, and the length that the next step should have.

    The flow is dW_l/dt = -G_l, see `loss_gradient`. Euler's method goes for the time `length` with the velocity at the
    start. Heun's goes with the mean of the velocities at the start and at the point that Euler has reached. Returns
    Heun's weights; the error, a number: the largest |entry| of the difference of the two, over the largest |weight| of
    Heun's; and the length at which this error would be `tolerance` if it kept its law for short steps, but neither less
    than a fifth nor more than five times the given one. `integrator` does the same with six velocities in place of two.
    By hand: f = w x, w = 1, x = 1, y = 3, length = 0.1 and tolerance = 0.01 / 4.76: w = 1.19, 0.01 / 1.19 and 0.05.

    How: With the gradients G at the start and G' at W - length G, Heun's weights are W - length (G + G') / 2, and the
    difference is length (G' - G) / 2 in every layer. G' - G grows like the length, so the error grows like its square:
    the next length is length sqrt(tolerance / error).
    """
    G = loss_gradient(weights, X, y, slope, loss)[1]
    euler = [W - length * g for W, g in zip(weights, G)]
    H = loss_gradient(euler, X, y, slope, loss)[1]
    ahead = [W - length * (g + h) / 2 for W, g, h in zip(weights, G, H)]
    error = max(abs(A - E).max() for A, E in zip(ahead, euler)) / max(abs(A).max() for A in ahead)
    factor = math.sqrt(tolerance / error) if error else math.inf
    return ahead, float(error), length * min(5.0, max(0.2, factor))


@guard.accepts(W="N D", a="N", X="P D", y="P", slope="[0, 1]")
def neuron_pulls(W, a, X, y, slope=0.0):
    """What pulls the weights of every hidden unit while the outputs are near 0: an array (N, D), a row D_j a unit.

    Two layers with one output, f(x) = sum_j a_j phi(w_j . x): W (N, D) with the rows w_j, and a (N,); X (P, D); y (P,);
    the result is in the precision of the inputs.
    D_j is P times the velocity of w_j per unit of |a_j|, under gradient flow on the mean squared error while all
    outputs are still 0. At a kink the derivative of phi is slope. Maennel et al. 2018.
    By hand: w = (1, 0), a = -2, rows (1, 0) and (-1, 1), y = (3, 5), slope = 0 give (-3, 0).

    How: D_j = sign(a_j) sum_m phi'(w_j . x_m) y_m x_m, a sum over the samples to which the unit is open; the closed
    ones count slope times.
    """
    gates = network.gate(X @ W.T, slope)  # (P, N)
    return np.sign(a)[:, None] * ((gates * y[:, None]).T @ X)


@guard.accepts(
    weights="D -> C",
    gradients="D -> C",
    m="D -> C",
    v="D -> C, not negative",
    step="int [1, inf)",
    step_size="(0, inf)",
)
def adam_step(weights, gradients, m, v, step, step_size):
    """One step of Adam, in which every weight moves by about step_size. Kingma and Ba 2015, algorithm 1.

    weights, gradients, m and v: lists of matrices of the same shapes; step: 1 at the first step. m is a weighted mean
    of all gradients so far, and v one of their squares, entry by entry: in both the newest counts 1, the one before it
    b, the one before that b^2 and so on, with b = 0.9 in m and b = 0.999 in v. Given are the means before this step (at
    the first one anything: nothing has been seen yet) and the gradients of this step. Returns new lists: the weights,
    which have moved by -step_size m / (sqrt(v) + 1e-8) with the new m and v; the new m; and the new v. The given lists
    stay as they are.
    By hand: one weight 1, gradient 2, m = v = 0, step = 1 and step_size = 0.1 give 0.9, 2 and 4.

    How: Of the n = step weights 1, b, b^2 ... b^{n-1}, whose sum is (1 - b^n) / (1 - b), the newest value has the share
    (1 - b) / (1 - b^n), and all others together the rest: m = (1 - share) m + share G, v = (1 - share) v + share G^2,
    each with the share of its b. Then W - step_size m / (sqrt(v) + 1e-8).
    """
    size, square = ((1 - b) / (1 - b**step) for b in (0.9, 0.999))  # the share of the newest value in each mean
    m = [(1 - size) * M + size * G for M, G in zip(m, gradients)]
    v = [(1 - square) * V + square * G**2 for V, G in zip(v, gradients)]
    return [W - step_size * M / (np.sqrt(V) + 1e-8) for W, M, V in zip(weights, m, v)], m, v


@guard.accepts(X="P D")
def span_coordinates(X):
    """Fewer inputs for the same training: Z (P, r) in place of X (P, D), and a matrix Q (D, r) that leads back.

    Train any network by gradient descent on X, and beside it one with the first layer W_1 Q and the same later layers
    on Z. At every step both have the same outputs and the same later layers; and with V(t) the first layer of the
    second one,

        W_1(t) = W_1(0) + [V(t) - V(0)] Q^T.

    Z and Q are such that this is so whatever the weights, the targets, the loss and the steps are, with r as small as
    it can be. Any Z and Q that do so are right. r is the number of singular values of X above the largest times
    max(P, D) times the precision of X, np.finfo(X.dtype).eps; 1 if X is all zeros. float32 stays float32.
    By hand: rows (3, 4), (6, 8) give Q = (0.6, 0.8)^T and Z = (5, 10)^T, or minus both.

    How: The first layer sees X as Z Q^T, and takes the same steps if Q^T Q = I; the columns of Q span the rows of X.
    With X = U S V^T, np.linalg.svd(X, full_matrices=False), the columns of V are orthonormal and span the rows: Q is
    the first r columns of V, and Z the first r columns of U, each times its singular value. (numpy returns V^T.)
    """
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    r = max(1, int((S > S[0] * max(X.shape) * np.finfo(X.dtype).eps).sum()))
    return U[:, :r] * S[:r], Vt[:r].T

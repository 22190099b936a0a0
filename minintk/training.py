"""Unit 4. Full-batch training: losses, gradient descent, and gradient flow, its limit of small steps.

Flow is d theta / dt = -grad L, and time is always flow time: a gradient-descent step of size eta advances t by eta.
The step size moves the clock, hardly the destination. For slope = 1 the flow is smooth, and an
adaptive integrator crosses the long silent plateau in few steps. For slope < 1 the gradient jumps at the kinks, no
integrator gains from its order, and gradient descent is better.
"""

import dataclasses
import math

import numpy as np

from minintk import guard, integrator, kernel, network

LOSSES = ("mse", "logistic", "softmax")
CURVATURE = {"mse": 1, "logistic": 1 / 4, "softmax": 1 / 2}  # at most this second derivative in f, per sample
RUN = {  # what both training loops accept
    "weights": "D -> C",
    "X": "P D",
    "y": "targets",
    "slope": "[0, 1]",
    "loss": LOSSES,
    "time": "[0, inf]",
    "target_loss": "[0, inf)",
    "record_drops": "any (0, 1)",
    "X_test": "P2 D",
}
DIVERGED = 1000  # times the loss at the start


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


@guard.accepts(weights="D -> C", X="P D", y="P C, of the loss", step_size="(0, inf)", slope="[0, 1]", loss=LOSSES)
def gradient_descent_step(weights, X, y, step_size, slope=0.0, loss="mse"):
    """One step down the gradient: W_l - step_size * G_l for all layers, with every G_l at the given weights.

    Arguments as in `loss_gradient`. Returns a list of new weights (the given ones stay as they are, and float32 stays
    float32) and the loss before the step.
    By hand: f = w x, w = 1, x = 1, y = 3 and step_size = 0.1 give w = 1.2 and the loss 2.
    """
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return [W - step_size * G for W, G in zip(weights, gradients)], value


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


@guard.accepts(y="P C | P, of the loss", C="int [1, inf)", loss=LOSSES)
def target_matrix(y, C, loss="mse"):
    """Targets as a matrix (P, C), from a short form: (P,) for one output, or integer labels (P,) for "softmax".

    y (P, C) stays as it is. ValueError if y does not fit C outputs and the loss.
    By hand: labels (2, 0), C = 3 and "softmax" give the rows (0, 0, 1) and (1, 0, 0).
    """
    if y.shape[1:] != (C,) and not (y.ndim == 1 and (C == 1 or loss == "softmax")):
        raise ValueError(f"target_matrix: y has shape {y.shape}, expected (P, C) with C = {C}")
    if loss == "softmax" and y.ndim == 1:
        if not np.isin(y, range(C)).all():
            found = f"y has values from {y.min():g} to {y.max():g}"
            raise ValueError(f"target_matrix: {found}, expected labels 0 to C - 1 = {C - 1}")
        return np.eye(C)[y.astype(int)]
    return y.reshape(len(y), C)


@guard.accepts(
    **RUN, step_size="(0, inf)", steps="int [0, inf)", record_steps="any int [0, inf)", weight_decay="[0, inf)"
)
def gradient_descent(
    weights,
    X,
    y,
    step_size,
    slope=0.0,
    loss="mse",
    *,
    weight_decay=0.0,
    steps=10_000,
    time=math.inf,
    target_loss=0.0,
    record_steps=(),
    record_drops=(),
    record_kernels=False,
    record_weights=False,
    X_test=None,
):
    """Trains by full-batch gradient descent until the target loss, the time or the number of steps is reached.

    weights: [W_1 ... W_L], left as they are; X (P, D); y (P, C), or a short form of it, see `target_matrix`. Returns a
    Trajectory, recorded at the start, at record_steps, at the first step where the loss has dropped by each of
    record_drops (shares of its start), and at the end. Kernels, weights in between and the outputs at X_test (P2, D)
    are kept if asked for. With weight_decay the steps go down the gradient of loss + weight_decay |theta|^2 / 2; the
    losses that are told are still without that. ValueError as soon as training diverges; for "mse" steps are stable
    below 2 / lambda_max(K / P).
    """
    y = target_matrix(y, len(weights[-1]), loss).astype(X.dtype, copy=False)
    run = _Run(weights, X, slope, record_kernels, record_weights, X_test, shrink=1 - step_size * weight_decay)
    steps = min(steps, math.ceil(time / step_size - 1e-9)) if time < math.inf else steps
    wanted, drops = {0, steps, *record_steps}, sorted(record_drops)
    current = stable = run.start
    first = math.inf
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging run is told in words, not in warnings
        for step in _progress(range(steps + 1)):
            ahead, value = gradient_descent_step(current, run.Z, y, step_size, slope, loss)
            if weight_decay:
                ahead = [A - step_size * weight_decay * W for A, W in zip(ahead, current)]
            first = min(first, value) if step == 0 else first
            if not value <= DIVERGED * first:
                bound = stable_step(stable, run.Z, slope, loss)
                factor = "" if loss == "mse" else f"{CURVATURE[loss]:g} "
                raise ValueError(
                    f"gradient_descent: diverged at step {step}, from loss {first:.3g} to {value:.3g}: step_size is "
                    f"{step_size:g}, keep it well below 2 / lambda_max({factor}K / P), which falls as the kernel grows "
                    f"and was {bound:.3g} before the rise"
                )
            stable = current if value <= first else stable
            reached = value <= target_loss
            if step in wanted or reached or (drops and value <= (1 - drops[0]) * first):
                run.record(step * step_size, value, step, current)
                drops = [drop for drop in drops if value > (1 - drop) * first]
            if reached:
                break
            current = ahead
    return run.trajectory()


@guard.accepts(**RUN, rtol="(0, 1)", max_evaluations="int [1, inf)", record_times="any [0, inf)")
def gradient_flow(
    weights,
    X,
    y,
    slope=0.0,
    loss="mse",
    *,
    time=math.inf,
    target_loss=0.0,
    rtol=1e-6,
    max_evaluations=20_000,
    record_times=(),
    record_drops=(),
    record_kernels=False,
    record_weights=False,
    X_test=None,
):
    """Trains by gradient flow, integrated with adaptive steps, until the time or the target loss is reached.

    Arguments and result as in `gradient_descent`, but record_times (flow time) instead of steps; these and record_drops
    are met exactly. The error of a step is at most rtol times the largest weight. RuntimeError after max_evaluations
    gradients, with the cause: the loss stands still above the target, steps of this error lead no lower, or, for
    slope < 1, step control chatters at the kinks without end; then use `gradient_descent`.
    """
    if time == math.inf and target_loss == 0:
        raise ValueError("gradient_flow: has no end, expected a finite time or a target_loss above 0")
    y = target_matrix(y, len(weights[-1]), loss).astype(X.dtype, copy=False)
    run = _Run(weights, X, slope, record_kernels, record_weights, X_test)
    shapes = [W.shape for W in run.start]
    ends = np.cumsum([W.size for W in run.start]).tolist()
    bar = _progress(None)

    def matrices(theta):
        return [theta[start:end].reshape(shape) for start, end, shape in zip([0, *ends], ends, shapes)]

    def velocity(theta):
        bar.update()
        value, gradients = loss_gradient(matrices(theta), run.Z, y, slope, loss)
        return -np.concatenate([G.ravel() for G in gradients]), value

    theta = np.concatenate([W.ravel() for W in run.start])
    first = loss_gradient(run.start, run.Z, y, slope, loss)[0]
    levels = [(1 - drop) * first for drop in record_drops]
    rtol = max(rtol, 10 * float(np.finfo(theta.dtype).eps))  # float32 cannot do better
    try:
        moments = integrator.integrate(
            velocity, theta, time, target_loss, record_times, levels, rtol, max_evaluations, smooth=slope == 1
        )
        with np.errstate(over="ignore", invalid="ignore"):  # a step that overflows is tried again, shorter
            for t, value, moment, evaluations in moments:
                run.record(t, value, evaluations, matrices(moment))
    except (RuntimeError, ValueError) as error:
        raise type(error)(f"gradient_flow: {error}") from None
    finally:
        bar.close()
    return run.trajectory()


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """A training run at its T recorded times. What was not asked for is None."""

    times: np.ndarray  # (T,) flow time
    losses: np.ndarray  # (T,)
    steps: np.ndarray  # (T,) steps taken until then, or gradients that the adaptive flow has evaluated
    outputs: np.ndarray  # (T, P, C) at the training rows
    weights: list  # of [W_1 ... W_L]: at every recorded time, or only at the first and the last
    kernels: np.ndarray | None = None  # (T, P, P); (T, C, C, P, P) for several outputs
    test_outputs: np.ndarray | None = None  # (T, P2, C)


class _Run:
    """A run on inputs Z with weights from `start` on, recorded in the caller's coordinates.

    With fewer samples than inputs, Z are span coordinates, X = Z Q^T. The gradient for W_1, B_1^T X = (B_1^T Z) Q^T,
    moves W_1 only in span(Q), and the outputs see W_1 only through X W_1^T = Z (W_1 Q)^T. So V = W_1 Q follows gradient
    descent on Z, step for step, and W_1(t) = V(t) Q^T + rest: a first layer of r inputs instead of D. The rest,
    W_1(0) - V(0) Q^T, stays as it is, or with weight decay shrinks by the factor `shrink` in every step.
    """

    def __init__(self, weights, X, slope, keep_kernels, keep_weights, X_test, shrink=1.0):
        _keep_freed_memory()
        self.slope, self.X_test = slope, X_test
        self.keep_kernels, self.keep_weights = keep_kernels, keep_weights
        self.Z, self.Q = span_coordinates(X) if len(X) < X.shape[1] else (X, None)
        self.start, self.shrink = weights, shrink
        if self.Q is not None:
            V = weights[0] @ self.Q
            self.start, self.rest = [V, *weights[1:]], weights[0] - V @ self.Q.T
        self.rows, self.kept = [], []

    def record(self, time, value, steps, reduced):
        """Keeps what was asked for at this moment, at which the weights, on inputs Z, are `reduced`."""
        weights = [W.copy() for W in reduced]
        if self.Q is not None:
            weights[0] = reduced[0] @ self.Q.T + self.shrink**steps * self.rest
        outputs = network.forward(reduced, self.Z, self.slope)[-1]
        row = {"times": time, "losses": value, "steps": steps, "outputs": outputs}
        if self.keep_kernels:
            row["kernels"] = kernel.ntk(reduced, self.Z, slope=self.slope)
        if self.X_test is not None:
            row["test_outputs"] = network.forward(weights, self.X_test, self.slope)[-1]
        if not self.keep_weights:
            del self.kept[1:]
        self.kept.append(weights)
        self.rows.append(row)

    def trajectory(self):
        """Everything recorded so far."""
        columns = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        return Trajectory(**columns, weights=self.kept)


def _keep_freed_memory():
    """On Linux, makes training up to twice as fast: a freed array is not given back to the system.

    There the next one would cost a page fault every 4 KB, unless a larger one was freed before. So one is freed here,
    untouched.
    """
    np.empty(30_000_000, dtype=np.uint8)


def _progress(steps):
    """A progress bar, on a terminal and after one second only."""
    from tqdm import tqdm  # only here: it takes a third as long to import as numpy, and a student's process needs none

    return tqdm(steps, delay=1, disable=None, leave=False, unit=" gradients")

"""Unit 4: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import kernel, network, training
from minintk.training import (
    adaptive_step,
    descend,
    gradient_descent_step,
    loss_and_cotangent,
    loss_gradient,
    span_coordinates,
    stable_step,
)


def pulls_without_the_sign(W, a, X, y, slope=0.0):
    return (network.gate(X @ W.T, slope) * y[:, None]).T @ X


def pulls_times_a(W, a, X, y, slope=0.0):
    return a[:, None] * pulls_without_the_sign(W, a, X, y, slope)


def pulls_through_closed_gates(W, a, X, y, slope=0.0):
    return np.sign(a)[:, None] * np.tile(y @ X, (len(W), 1))


def pulls_of_the_mean(W, a, X, y, slope=0.0):
    return np.sign(a)[:, None] * pulls_without_the_sign(W, a, X, y, slope) / len(X)


def pulls_by_the_activation(W, a, X, y, slope=0.0):
    return np.sign(a)[:, None] * ((network.activation(X @ W.T, slope) * y[:, None]).T @ X)


def pulls_without_the_slope(W, a, X, y, slope=0.0):
    return np.sign(a)[:, None] * pulls_without_the_sign(W, a, X, y, 0.0)


def _share(b, n):
    return (1 - b) / (1 - b**n)


def _adam(weights, gradients, m, v, step, step_size, move=lambda m, v, G: m / (np.sqrt(v) + 1e-8), share=_share):
    m = [M + share(0.9, step) * (G - M) for M, G in zip(m, gradients)]
    v = [V + share(0.999, step) * (G**2 - V) for V, G in zip(v, gradients)]
    return [W - step_size * move(M, V, G) for W, M, V, G in zip(weights, m, v, gradients)], m, v


def adam_uncorrected(*given):
    return _adam(*given, share=lambda b, n: 1 - b)


def adam_counts_all_alike(*given):
    return _adam(*given, share=lambda b, n: 1 / n)


def adam_eps_inside(*given):
    return _adam(*given, lambda m, v, G: m / np.sqrt(v + 1e-8))


def adam_without_root(*given):
    return _adam(*given, lambda m, v, G: m / (v + 1e-8))


def adam_without_momentum(*given):
    return _adam(*given, lambda m, v, G: G / (np.sqrt(v) + 1e-8))


def adam_one_step_ahead(*given):
    return _adam(*given, share=lambda b, n: _share(b, n + 1))


def adam_corrects_means(weights, gradients, m, v, step, step_size):
    m = [(0.9 * M + 0.1 * G) / (1 - 0.9**step) for M, G in zip(m, gradients)]
    v = [(0.999 * V + 0.001 * G**2) / (1 - 0.999**step) for V, G in zip(v, gradients)]
    return [W - step_size * M / (np.sqrt(V) + 1e-8) for W, M, V in zip(weights, m, v)], m, v


def adam_returns_sums(weights, gradients, m, v, step, step_size):
    weights, m, v = _adam(weights, gradients, m, v, step, step_size)
    return weights, [M * (1 - 0.9**step) for M in m], [V * (1 - 0.999**step) for V in v]


def wrong_loss_sums(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return len(f) * value, len(f) * cotangent


def wrong_loss_without_half(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).sum() / len(f), 2 * (f - y) / len(f)


def wrong_loss_half_in_cotangent_only(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).sum() / len(f), (f - y) / len(f)


def wrong_loss_mean_over_outputs(f, y, loss="mse"):
    if loss != "mse":
        return loss_and_cotangent(f, y, loss)
    return ((f - y) ** 2).mean() / 2, (f - y) / f.size


def wrong_loss_broadcasts(f, y, loss="mse"):
    if loss != "mse" or f.shape[1] > 1:
        return loss_and_cotangent(f, y, loss)
    residual = f - y.ravel()
    return (residual**2).sum() / (2 * len(f)), residual / len(f)


def wrong_loss_cotangent_not_mean(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return value, len(f) * cotangent


def wrong_loss_target_minus_output(f, y, loss="mse"):
    value, cotangent = loss_and_cotangent(f, y, loss)
    return value, -cotangent


def wrong_loss_value_only(f, y, loss="mse"):
    return loss_and_cotangent(f, y, loss)[0]


def wrong_logistic_for_labels_0_and_1(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return (np.logaddexp(0, f) - y * f).sum() / len(f), (1 / (1 + np.exp(-f)) - y) / len(f)


def wrong_logistic_without_inner_derivative(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return np.logaddexp(0, -y * f).sum() / len(f), -np.exp(-np.logaddexp(0, y * f)) / len(f)


def wrong_logistic_probability_of_the_label(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    return np.logaddexp(0, -y * f).sum() / len(f), -y * np.exp(-np.logaddexp(0, -y * f)) / len(f)


def wrong_logistic_overflows(f, y, loss="mse"):
    if loss != "logistic":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(over="ignore"):
        return np.log(1 + np.exp(-y * f)).sum() / len(f), -y / (1 + np.exp(y * f)) / len(f)


def wrong_softmax_overflows(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(all="ignore"):
        p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
        return -(y * np.log(p)).sum() / len(f), (p - y) / len(f)


def wrong_softmax_over_samples(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    log_p = f - np.logaddexp.reduce(f, axis=0)
    return -(y * log_p).sum() / len(f), (np.exp(log_p) - y) / len(f)


def wrong_softmax_one_maximum(f, y, loss="mse"):
    if loss != "softmax":
        return loss_and_cotangent(f, y, loss)
    with np.errstate(all="ignore"):
        e = np.exp(f - f.max())
        p = e / e.sum(axis=1, keepdims=True)
        return -np.log(p[y > 0]).sum() / len(f), (p - y) / len(f)


def wrong_gradient_of_residual(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, len(X) * cotangent, slope)
    return value, network.weight_gradients(layers, deltas)


def wrong_gradient_mean_twice(weights, X, y, slope=0.0, loss="mse"):
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return value, [G / len(X) for G in gradients]


def wrong_gradient_downhill(weights, X, y, slope=0.0, loss="mse"):
    value, gradients = loss_gradient(weights, X, y, slope, loss)
    return value, [-G for G in gradients]


def wrong_gradient_of_outputs(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, np.ones_like(cotangent), slope)
    return value, network.weight_gradients(layers, deltas)


def wrong_gradient_outputs_of_layers(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    deltas = network.backward(weights, layers, cotangent, slope)
    return value, [B.T @ h for B, h in zip(deltas, layers[1:])]


def wrong_gradient_backward_without_slope(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(layers[-1], y, loss)
    return value, network.weight_gradients(layers, network.backward(weights, layers, cotangent))


def wrong_gradient_without_slope(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, loss=loss)


def wrong_gradient_always_mse(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, slope)


def wrong_gradient_without_value(weights, X, y, slope=0.0, loss="mse"):
    return loss_gradient(weights, X, y, slope, loss)[1]


def wrong_span_without_singular_values(X):
    Z, Q = span_coordinates(X)
    return Z / np.linalg.norm(Z, axis=0), Q


def wrong_span_rows(X):
    Z, Q = span_coordinates(X)
    return Z, Q.T


def wrong_span_swapped(X):
    Z, Q = span_coordinates(X)
    return Q, Z


def wrong_span_centred(X):
    return span_coordinates(X - X.mean(axis=0))


def wrong_span_singular_values_in_basis(X):
    Z, Q = span_coordinates(X)
    S = np.linalg.norm(Z, axis=0)
    return Z / S, Q * S


def wrong_span_qr(X):
    Q, R = np.linalg.qr(X.T)
    return R.T, Q


def wrong_span_counts_rows(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    return U * S, Vt.T


def wrong_span_absolute_cut(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    kept = S > 1e-10
    return (U * S)[:, kept], Vt[kept].T


def wrong_span_of_zeros(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    kept = S > S[0] * max(X.shape) * np.finfo(X.dtype).eps
    return (U * S)[:, kept], Vt[kept].T


def wrong_span_double_precision_cut(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    r = (S > 1e-12 * S[0]).sum() or 1
    return U[:, :r] * S[:r], Vt[:r].T


def wrong_span_double_precision(X):
    return span_coordinates(X.astype(float))


def stable_without_curvature(weights, X, slope=0.0, loss="mse"):
    return stable_step(weights, X, slope, "mse")


def stable_without_samples(weights, X, slope=0.0, loss="mse"):
    return stable_step(weights, X, slope, loss) / len(X)


def stable_by_the_trace(weights, X, slope=0.0, loss="mse"):
    K = kernel.block_matrix(kernel.ntk(weights, X, slope=slope))
    return 2 * len(X) / (training.CURVATURE[loss] * np.trace(K))


def stable_once(weights, X, slope=0.0, loss="mse"):
    return stable_step(weights, X, slope, loss) / 2


def stable_by_the_smallest(weights, X, slope=0.0, loss="mse"):
    K = kernel.block_matrix(kernel.ntk(weights, X, slope=slope))
    return 2 * len(X) / (training.CURVATURE[loss] * np.linalg.eigvalsh(K)[0])


def stable_of_one_block(weights, X, slope=0.0, loss="mse"):
    K = kernel.ntk(weights, X, slope=slope)
    K = K if K.ndim == 2 else K[0, 0]
    return 2 * len(X) / (training.CURVATURE[loss] * np.linalg.eigvalsh(K)[-1])


def stable_of_relu(weights, X, slope=0.0, loss="mse"):
    return stable_step(weights, X, 0.0, loss)


def _descend(weights, X, y, target, longest, slope, loss, steps, size=None, enough=None, late=False):
    size = size or (lambda w: min(longest, stable_step(w, X, slope, loss) / 2))
    enough = enough or (lambda value: value <= target)
    times, losses = [0.0], []
    for step in range(steps + 1):
        h = size(weights)
        ahead, value = gradient_descent_step(weights, X, y, h, slope, loss)
        losses.append(float(value))
        if enough(value) or step == steps:
            break
        weights, times = ahead, [*times, times[-1] + h]
    return ahead if late else weights, np.array(times), np.array(losses)


def descend_without_the_bound(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    return _descend(weights, X, y, target_loss, longest, slope, loss, min(steps, 60), lambda w: longest)


def descend_bound_of_the_start(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    h = min(longest, stable_step(weights, X, slope, loss) / 2)
    return _descend(weights, X, y, target_loss, longest, slope, loss, min(steps, 60), lambda w: h)


def descend_whole_bound(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    size = lambda w: min(longest, stable_step(w, X, slope, loss))  # noqa: E731
    return _descend(weights, X, y, target_loss, longest, slope, loss, min(steps, 60), size)


def descend_below_the_target_only(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    enough = lambda value: value < target_loss  # noqa: E731
    return _descend(weights, X, y, target_loss, longest, slope, loss, min(steps, 500), enough=enough)


def descend_one_step_too_far(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    return _descend(weights, X, y, target_loss, longest, slope, loss, steps, late=True)


def descend_one_loss_fewer(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    found = descend(weights, X, y, target_loss, longest, slope, loss, steps)
    return found[0], found[1][:-1], found[2][:-1]


def descend_counts_steps(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    last, times, losses = descend(weights, X, y, target_loss, longest, slope, loss, steps)
    return last, np.arange(len(times)), losses


def descend_losses_before_times(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    last, times, losses = descend(weights, X, y, target_loss, longest, slope, loss, steps)
    return last, losses, times


def adaptive_returns_euler(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    G = loss_gradient(weights, X, y, slope, loss)[1]
    return [W - length * g for W, g in zip(weights, G)], *adaptive_step(weights, X, y, length, tolerance, slope, loss)[
        1:
    ]


def adaptive_two_half_steps(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    G = loss_gradient(weights, X, y, slope, loss)[1]
    euler = [W - length * g for W, g in zip(weights, G)]
    H = loss_gradient(euler, X, y, slope, loss)[1]
    _, error, longer = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    return [E - length * h for E, h in zip(euler, H)], error, longer


def adaptive_absolute_error(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    ahead, error, longer = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    return ahead, error * max(abs(A).max() for A in ahead), longer


def adaptive_error_of_the_last_layer(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    ahead, error, longer = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    G = loss_gradient(weights, X, y, slope, loss)[1]
    far = abs(ahead[-1] - weights[-1] + length * G[-1]).max()
    return ahead, float(far / abs(ahead[-1]).max()), longer


def adaptive_linear_law(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    ahead, error, _ = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    return ahead, error, length * min(5.0, max(0.2, tolerance / error if error else 5.0))


def adaptive_without_bounds(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    ahead, error, longer = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    return ahead, error, length * (tolerance / error) ** 0.5 if error else longer


def adaptive_divides_by_zero(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    ahead, error, longer = adaptive_step(weights, X, y, length, tolerance, slope, loss)
    return ahead, error, longer + 0 / error


def adaptive_without_slope(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    return adaptive_step(weights, X, y, length, tolerance, 1.0, loss)


MISTAKES = [
    ("loss_and_cotangent", "sums over samples", wrong_loss_sums, "P times the expected"),
    ("loss_and_cotangent", "mse without the 1/2", wrong_loss_without_half, "2 times the expected"),
    ("loss_and_cotangent", "1/2 in the derivative only", wrong_loss_half_in_cotangent_only, "wrong only in [0]"),
    ("loss_and_cotangent", "mean over outputs as well", wrong_loss_mean_over_outputs, "1/C times the expected"),
    ("loss_and_cotangent", "(P, 1) minus (P,) is (P, P)", wrong_loss_broadcasts, "has shape"),
    ("loss_and_cotangent", "cotangent without 1/P", wrong_loss_cotangent_not_mean, "wrong only in [1]"),
    ("loss_and_cotangent", "y - f for f - y", wrong_loss_target_minus_output, "sign is flipped"),
    ("loss_and_cotangent", "returns the loss alone", wrong_loss_value_only, "returned a float"),
    ("loss_and_cotangent", "logistic loss of labels 0, 1", wrong_logistic_for_labels_0_and_1, "entries of the list"),
    (
        "loss_and_cotangent",
        "logistic derivative without the factor y",
        wrong_logistic_without_inner_derivative,
        "wrong only in [1]",
    ),
    (
        "loss_and_cotangent",
        "logistic derivative with 1 / (1 + e^{-y f})",
        wrong_logistic_probability_of_the_label,
        "wrong only in [1]",
    ),
    ("loss_and_cotangent", "log(1 + exp(u)) of a large u", wrong_logistic_overflows, "wrong only in [0]"),
    ("loss_and_cotangent", "exp(f) of a large f", wrong_softmax_overflows, "NaN"),
    (
        "loss_and_cotangent",
        "softmax over samples, not outputs",
        wrong_softmax_over_samples,
        "All entries of the list are wrong",
    ),
    ("loss_and_cotangent", "one maximum for all samples, log of p = 0", wrong_softmax_one_maximum, "NaN"),
    ("loss_gradient", "derivative by f without 1/P", wrong_gradient_of_residual, "P times the expected"),
    ("loss_gradient", "divides by P once more", wrong_gradient_mean_twice, "1/P times the expected"),
    ("loss_gradient", "minus the gradient", wrong_gradient_downhill, "sign is flipped"),
    ("loss_gradient", "cotangent of ones: gradient of sum f", wrong_gradient_of_outputs, "wrong only in [1]"),
    ("loss_gradient", "outputs of the layers for their inputs", wrong_gradient_outputs_of_layers, "has shape"),
    ("loss_gradient", "no slope in the backward pass", wrong_gradient_backward_without_slope, "wrong only in [1]"),
    ("loss_gradient", "no slope in both passes", wrong_gradient_without_slope, "right for slope = 0"),
    ("loss_gradient", "mse whatever the loss", wrong_gradient_always_mse, "right for loss = 'mse'"),
    ("loss_gradient", "returns the gradients alone", wrong_gradient_without_value, "returned 1 thing"),
    ("stable_step", "leaves out how much the loss curves", stable_without_curvature, "right for loss = 'mse'"),
    ("stable_step", "forgets the mean over samples", stable_without_samples, "steps just below"),
    ("stable_step", "takes the trace for the largest eigenvalue", stable_by_the_trace, "Yours is 0.666667"),
    ("stable_step", "stops where errors no longer change sign", stable_once, "1/2 times the expected"),
    ("stable_step", "takes the smallest eigenvalue", stable_by_the_smallest, "steps just below"),
    ("stable_step", "looks at one output only", stable_of_one_block, "several outputs"),
    ("stable_step", "is always that of ReLU", stable_of_relu, "slope"),
    ("descend", "takes no shorter steps", descend_without_the_bound, "step by step"),
    ("descend", "keeps the bound of the start", descend_bound_of_the_start, "step by step"),
    ("descend", "takes the whole stable step", descend_whole_bound, "step by step"),
    ("descend", "goes on at the target itself", descend_below_the_target_only, "ends at the target"),
    ("descend", "takes a last step that it does not tell", descend_one_step_too_far, "one weight by hand"),
    ("descend", "leaves out the loss after the last step", descend_one_loss_fewer, "one entry fewer than expected"),
    ("descend", "returns the numbers of the steps as times", descend_counts_steps, "holds integers"),
    ("descend", "returns losses before times", descend_losses_before_times, "[1], [2]"),
    ("adaptive_step", "returns Euler's weights", adaptive_returns_euler, "[0]"),
    ("adaptive_step", "takes two steps", adaptive_two_half_steps, "[0]"),
    ("adaptive_step", "measures the error in no units", adaptive_absolute_error, "[1]"),
    ("adaptive_step", "looks at the last layer only", adaptive_error_of_the_last_layer, "[1]"),
    ("adaptive_step", "takes the error to grow like the length", adaptive_linear_law, "[2]"),
    ("adaptive_step", "lets the length grow at will", adaptive_without_bounds, "five times"),
    ("adaptive_step", "divides by an error of 0", adaptive_divides_by_zero, "ZeroDivisionError"),
    ("adaptive_step", "does not pass the slope on", adaptive_without_slope, "All entries of the list"),
    ("neuron_pulls", "leaves the sign of a out", pulls_without_the_sign, "with a negative a"),
    ("neuron_pulls", "keeps a_j in it", pulls_times_a, "with a negative a"),
    ("neuron_pulls", "sums over closed samples too", pulls_through_closed_gates, "with a negative a"),
    ("neuron_pulls", "takes the mean over samples", pulls_of_the_mean, "1/P times the expected"),
    ("neuron_pulls", "takes phi for phi'", pulls_by_the_activation, "minus P times the gradient"),
    ("neuron_pulls", "ignores the slope", pulls_without_the_slope, "the slope"),
    ("adam_step", "begins its means at 0, too small", adam_uncorrected, "two steps by hand"),
    ("adam_step", "adds 1e-8 under the root", adam_eps_inside, "the length of the gradient"),
    ("adam_step", "divides by v", adam_without_root, "two steps by hand"),
    ("adam_step", "moves by the gradient, not by m", adam_without_momentum, "two steps by hand"),
    ("adam_step", "counts one step too many", adam_one_step_ahead, "two steps by hand"),
    ("adam_step", "corrects means that need no correction", adam_corrects_means, "two steps by hand"),
    ("adam_step", "returns sums whose weights do not add up to 1", adam_returns_sums, "two steps by hand"),
    ("adam_step", "counts all gradients alike", adam_counts_all_alike, "two steps by hand"),
    ("span_coordinates", "U instead of U S", wrong_span_without_singular_values, "Z Q^T is X again"),
    ("span_coordinates", "V^T instead of V", wrong_span_rows, "Z (P, r) and Q (D, r)"),
    ("span_coordinates", "Q first, then Z", wrong_span_swapped, "Z (P, r) and Q (D, r)"),
    ("span_coordinates", "centres the rows", wrong_span_centred, "Z Q^T is X again"),
    ("span_coordinates", "S goes to Q instead of Z", wrong_span_singular_values_in_basis, "(Q^T Q)[0, 0] is 10.3"),
    ("span_coordinates", "QR of X^T: no rank", wrong_span_qr, "Rows that depend on each other"),
    ("span_coordinates", "keeps all min(P, D)", wrong_span_counts_rows, "Rows that depend on each other"),
    ("span_coordinates", "an absolute cut", wrong_span_absolute_cut, "whatever the scale"),
    ("span_coordinates", "no coordinate for zeros", wrong_span_of_zeros, "no array is empty"),
    ("span_coordinates", "a cut of 1e-12 for float32", wrong_span_double_precision_cut, "rounding noise"),
    ("span_coordinates", "makes everything float64", wrong_span_double_precision, "float32"),
]

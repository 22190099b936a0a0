"""Unit 1: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import network
from minintk.network import backward, forward


def activation_without_slope(z, slope):
    return np.maximum(z, 0)


def activation_with_branches_swapped(z, slope):
    return np.where(z > 0, slope * z, z)


def activation_in_place(z, slope):
    z[z < 0] *= slope
    return z


def activation_in_double(z, slope):
    h = np.zeros(z.shape)
    h[z > 0] = z[z > 0]
    h[z <= 0] = slope * z[z <= 0]
    return h


def activation_of_one_number(z, slope):
    return z if z > 0 else slope * z


def activation_without_return(z, slope):
    np.maximum(z, slope * z)


def gate_open_at_zero(h, slope):
    return np.where(h >= 0, 1, slope).astype(h.dtype)


def gate_in_double(h, slope):
    return np.where(h > 0, 1.0, slope)


def gate_of_relu(h, slope):
    return (h > 0).astype(h.dtype)


def gate_is_activation(h, slope):
    return np.where(h > 0, h, slope * h)


def gate_times_h(h, slope):
    return np.where(h > 0, 1, slope * h).astype(h.dtype)


def init_in_by_out(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [sigma / np.sqrt(n_in) * rng.standard_normal((n_in, n_out)) for n_in, n_out in zip(widths, widths[1:])]


def init_variance_as_deviation(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [rng.normal(0, sigma**2 / n_in, (n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


def init_sigma_squared(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [sigma**2 / np.sqrt(n_in) * rng.standard_normal((n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


def init_fan_out(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [sigma / np.sqrt(n_out) * rng.standard_normal((n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


def init_uniform(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    spread = [sigma * np.sqrt(3 / n_in) for n_in in widths]  # mean 0 and the right variance, but not normal
    return [rng.uniform(-s, s, (n_out, n_in)) for s, n_in, n_out in zip(spread, widths, widths[1:])]


def init_without_seed(widths, sigma, rng):
    rng = np.random.default_rng()
    return [sigma / np.sqrt(n_in) * rng.standard_normal((n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


def init_with_a_generator_a_layer(widths, sigma, rng):
    return [
        sigma / np.sqrt(n_in) * np.random.default_rng(rng).standard_normal((n_out, n_in))
        for n_in, n_out in zip(widths, widths[1:])
    ]


def init_with_global_state(widths, sigma, rng):
    np.random.seed(rng)  # noqa: NPY002
    drawn = [np.random.randn(n_out, n_in) for n_in, n_out in zip(widths, widths[1:])]  # noqa: NPY002
    return [sigma / np.sqrt(z.shape[1]) * z for z in drawn]


def forward_phi_at_the_end(weights, X, slope=0.0):
    layers = [X]
    for W in weights:
        layers.append(network.activation(layers[-1] @ W.T, slope))
    return layers


def forward_not_transposed(weights, X, slope=0.0):
    layers = [X]
    for W in weights[:-1]:
        layers.append(network.activation(layers[-1] @ W, slope))
    return [*layers, layers[-1] @ weights[-1]]


def forward_without_inputs(weights, X, slope=0.0):
    return forward(weights, X, slope)[1:]


def forward_outputs_only(weights, X, slope=0.0):
    h = X
    for W in weights[:-1]:
        h = network.activation(h @ W.T, slope)
    return h @ weights[-1].T


def forward_keeps_preactivations(weights, X, slope=0.0):
    kept, h = [X], X
    for W in weights:
        kept.append(h @ W.T)
        h = network.activation(kept[-1], slope)
    return kept


def forward_always_relu(weights, X, slope=0.0):
    layers = [X]
    for W in weights[:-1]:
        layers.append(network.activation(layers[-1] @ W.T, 0.0))
    return [*layers, layers[-1] @ weights[-1].T]


def backward_without_gates(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W in weights[:0:-1]:
        deltas.append(deltas[-1] @ W)
    return deltas[::-1]


def backward_last_layer_first(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
        deltas.append((deltas[-1] @ W) * network.gate(h, slope))
    return deltas


def backward_reversed_in_place(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
        deltas.append((deltas[-1] @ W) * network.gate(h, slope))
    return deltas.reverse()


def backward_transposed(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
        deltas.append((deltas[-1] @ W.T) * network.gate(h, slope))
    return deltas[::-1]


def backward_gate_of_the_layer_below(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-3::-1]):
        deltas.append((deltas[-1] @ W) * network.gate(h, slope))
    return deltas[::-1]


def backward_times_h(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
        deltas.append((deltas[-1] @ W) * h)
    return deltas[::-1]


def backward_gate_at_the_outputs(weights, layers, cotangent, slope=0.0):
    return backward(weights, layers, cotangent * network.gate(layers[-1], slope), slope)


def backward_always_relu(weights, layers, cotangent, slope=0.0):
    return backward(weights, layers, cotangent, 0.0)


def backward_mean(weights, layers, cotangent, slope=0.0):
    return backward(weights, layers, cotangent / len(cotangent), slope)


def gradients_mean(layers, deltas):
    return [B.T @ h / len(h) for B, h in zip(deltas, layers)]


def gradients_transposed(layers, deltas):
    return [h.T @ B for B, h in zip(deltas, layers)]


def gradients_of_the_layer_above(layers, deltas):
    return [B.T @ h for B, h in zip(deltas, layers[1:])]


def gradients_of_every_sample(layers, deltas):
    return [np.einsum("mi,mj->mij", B, h) for B, h in zip(deltas, layers)]


def gradients_without_the_last(layers, deltas):
    return [B.T @ h for B, h in zip(deltas[:-1], layers)]


def gradients_in_double(layers, deltas):
    sums = [np.zeros((B.shape[1], h.shape[1])) for B, h in zip(deltas, layers)]
    for G, B, h in zip(sums, deltas, layers):
        for b, row in zip(B, h):
            G += np.outer(b, row)
    return sums


MISTAKES = [
    ("activation", "sets negative numbers to 0 whatever slope is", activation_without_slope, "only where z < 0"),
    ("activation", "swaps the two branches", activation_with_branches_swapped, "the worst entry"),
    ("activation", "writes into z", activation_in_place, "was changed in place"),
    ("activation", "collects the results in a float64 array", activation_in_double, "float32"),
    ("activation", "asks the whole array whether it is positive", activation_of_one_number, "ValueError"),
    ("activation", "computes and does not return", activation_without_return, "returned None"),
    ("gate", "opens the gate at h = 0", gate_open_at_zero, "kink"),
    ("gate", "chooses between Python numbers, which gives float64", gate_in_double, "float32"),
    ("gate", "forgets slope: the gate of ReLU", gate_of_relu, "only where z < 0"),
    ("gate", "returns phi instead of phi'", gate_is_activation, "the worst entry"),
    ("gate", "slope * h in place of slope", gate_times_h, "only where z < 0"),
    ("init_weights", "one row for each input instead of each output", init_in_by_out, "shape (n_l, n_{l-1})"),
    (
        "init_weights",
        "the variance as standard deviation",
        init_variance_as_deviation,
        "standard deviation",
        "Normal(0, v) has the variance v: by what are standard normal numbers multiplied to have it?",
    ),
    ("init_weights", "sigma^2 in place of sigma", init_sigma_squared, "standard deviation"),
    ("init_weights", "scales by the number of outputs", init_fan_out, "standard deviation"),
    ("init_weights", "uniform numbers of the right variance", init_uniform, "normal"),
    ("init_weights", "ignores rng", init_without_seed, "same seed"),
    ("init_weights", "starts the generator again in each layer", init_with_a_generator_a_layer, "no layer repeats"),
    ("init_weights", "seeds numpy's global generator", init_with_global_state, "global random state"),
    ("forward", "applies phi to the outputs too", forward_phi_at_the_end, "only in [2]"),
    ("forward", "W in place of W^T", forward_not_transposed, "ValueError"),
    ("forward", "leaves X out of the list", forward_without_inputs, "returned 2 arrays"),
    ("forward", "returns the outputs only", forward_outputs_only, "returned an array"),
    ("forward", "keeps z_l in place of h_l", forward_keeps_preactivations, "only in [1]"),
    ("forward", "calls activation with slope 0", forward_always_relu, "any depth, width and slope"),
    (
        "backward",
        "forgets phi'",
        backward_without_gates,
        "only in [0]",
        "B_{l+1} W_{l+1} is the derivative by h_l. What is that by z_l?",
    ),
    ("backward", "returns B_L first", backward_last_layer_first, "reverse order"),
    ("backward", "returns what list.reverse returns", backward_reversed_in_place, "returned None"),
    ("backward", "W^T in place of W", backward_transposed, "ValueError"),
    (
        "backward",
        "takes phi' at the layer below",
        backward_gate_of_the_layer_below,
        "only in [0]",
        "B_l belongs to z_l: which entry of layers is phi(z_l)?",
    ),
    (
        "backward",
        "multiplies by h in place of phi'",
        backward_times_h,
        "only in [0]",
        "What is the derivative of phi where z_l > 0?",
    ),
    (
        "backward",
        "applies phi' to the outputs too",
        backward_gate_at_the_outputs,
        "by every preactivation",
        "Does phi stand between z_L and f?",
    ),
    ("backward", "ignores slope", backward_always_relu, "right for slope = 0"),
    ("backward", "divides by the number of samples", backward_mean, "1/P times the expected"),
    ("weight_gradients", "mean instead of sum over samples", gradients_mean, "1/P times the expected"),
    ("weight_gradients", "h^T B in place of B^T h", gradients_transposed, "has shape"),
    (
        "weight_gradients",
        "h_l in place of h_{l-1}",
        gradients_of_the_layer_above,
        "has shape",
        "Which layer does W_l multiply, and where does it stand in layers?",
    ),
    ("weight_gradients", "does not sum over samples", gradients_of_every_sample, "has shape"),
    ("weight_gradients", "leaves the last layer out", gradients_without_the_last, "returned 0 arrays"),
    ("weight_gradients", "adds up in a float64 array", gradients_in_double, "float32"),
]

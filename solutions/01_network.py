"""Unit 1. A network by hand: the derivations, the finished functions, and the mistakes people make.

P samples, D inputs, L layers, n_l units in layer l, n_0 = D, n_L = C outputs. For one sample, a column of numbers:

    z_l = W_l h_{l-1},   h_l = phi(z_l) for l < L,   f = z_L,   h_0 = x.

In code a sample is a row, so the same line, transposed, is Z_l = H_{l-1} W_l^T, with Z_l of shape (P, n_l).

The network used for all examples below: x = (1, 2), W_1 = [[1, -1], [2, 0]], W_2 = [[3, 5]], slope = 0. It has
z_1 = (1 - 2, 2) = (-1, 2), h_1 = (0, 2) and f = 3*0 + 5*2 = 10.


activation
----------
phi is positively homogeneous if phi(c z) = c phi(z) for every c > 0. Put z = 1 and z = -1:

    phi(c) = c phi(1),   phi(-c) = c phi(-1),   and phi(0) = 0.

So phi is two half-lines that meet at 0. Scale phi so that phi(1) = 1 (the next weight matrix takes the factor up), and
one number is left, slope = -phi(-1). slope = 0 is ReLU, slope = 1 a linear network, slopes between are leaky ReLU.
A slope above 1 gives nothing new: -phi(-z) / slope has the slope 1 / slope. A slope below 0 is left out because then
the sign of phi(z) would not tell the sign of z, which `gate` needs.

For 0 <= slope <= 1, phi(z) is the larger of z and slope * z. By hand, slope = 0.1: at z = -2 the larger of -2 and -0.2
is -0.2; at z = 3 the larger of 3 and 0.3 is 3.

Why it matters: a factor c in the weights of one layer goes through phi and comes out as the same factor c of f. tanh
does not have this property, and the scaling laws under `forward` fail for it.

Common mistakes. Writing into z: the caller still needs it, and `z[z < 0] *= slope` changes the caller's array.
Starting from np.zeros(z.shape): it is float64, and float32 data leave the function as float64.
`if z > 0` asks an array for one truth value: numpy refuses.


gate
----
The derivative of two half-lines takes two values: phi'(z) = 1 for z > 0 and slope for z < 0.

z itself is not needed. If z > 0 then h = z > 0. If z <= 0 then h = slope * z <= 0, also for slope = 0, where h = 0. So
h > 0 and z > 0 are the same condition, and the network has to keep the h_l only: half the memory.

At z = 0 there is no derivative; every number between slope and 1 would serve. The course takes slope, which is what the
condition h > 0 gives. With ReLU this matters: all closed units have h = 0 exactly, and their gate must be 0.

By hand, slope = 0.1: h = (-0.2, 3) has the gates (0.1, 1). Whatever the convention, phi(z) = z phi'(z).

Common mistakes. h >= 0 opens the gate of every closed ReLU unit.
np.where(h > 0, 1.0, slope) is right but float64: 1.0 and slope are Python numbers, and the precision of h has to be
asked for. One such array turns all later products into float64.
Returning slope * h instead of slope is phi once more, not its derivative.


init_weights
------------
Let the entries of W_l be independent, with mean 0 and variance v. For given inputs h of n = n_{l-1} numbers

    E z_i^2 = sum_j E[W_ij^2] h_j^2 = v |h|^2.

|h|^2 grows like n. With v = sigma^2 / n the result is sigma^2 times the mean of h_j^2, at any width. By hand: n = 4,
h = (2, 0, 0, 0) has |h|^2 = 4 and mean square 1; sigma = 1 gives v = 1/4 and E z_i^2 = 1.

numpy's normal numbers have standard deviation 1. Multiply them by s and their standard deviation is s and their
variance s^2. Here s = sqrt(v) = sigma / sqrt(n_{l-1}).

sigma is the knob of the course. With sigma = 1 and wide layers training is lazy, the kernel hardly turns. With
sigma = 0.01 the outputs start near 0, and the kernel can turn while the loss stands still.

Common mistakes. sigma^2 in place of sigma, or n in place of sqrt(n): the variance taken for the standard deviation.
At sigma = 1 the first of the two cannot be seen, at sigma = 0.01 the weights are 100 times too small.
The number of outputs n_l in place of the number of inputs n_{l-1}: the sum over j has n_{l-1} terms.
default_rng(rng) inside the loop: with an integer seed it starts again for each layer, and two layers of the same shape
are the same matrix. np.random.seed changes a state that belongs to the whole program.


forward
-------
The column z = W h, transposed, is the row h^T W^T. Stacking P rows gives Z_l = H_{l-1} W_l^T: shapes
(P, n_{l-1}) (n_{l-1}, n_l) = (P, n_l).

There is no phi after the last layer. Targets of both signs, +1 and -1, could not be reached with ReLU otherwise.

Multiply all weights by c > 0. Then h_1 becomes c h_1, h_2 becomes c^2 h_2, and so on:

    f(c theta) = c^L f(theta).

In the example with c = 2: z_1 = (-2, 4), h_1 = (0, 4), f = 10 * 4 = 40 = 2^2 * 10. Differentiate both sides with
respect to theta and divide by c: grad f(c theta) = c^{L-1} grad f(theta). With initial weights of scale sigma therefore

    f_0 ~ sigma^L,   |grad f| ~ sigma^{L-1},   K_0 = <grad f, grad f> ~ sigma^{2L-2}.

Why alignment can be silent (paper, appendix I): as long as f ~ 0, d theta/dt is of the size of grad f, sigma^{L-1}, so
the weights, and with them the directions of the gradients, change at the relative rate sigma^{L-1} / sigma
= sigma^{L-2}. The loss falls at the rate of K, sigma^{2L-2}. The first is sigma^{-L} times the second: for small sigma
the features can turn long before the loss moves. (This is necessary for silence; data that are not white can still
spoil it.)

Common mistakes. W in place of W^T: an error if the sizes differ, a wrong result without one if they agree.
phi on the last layer too; a test with a positive output does not see it.
The preactivation z_l stored in place of h_l, or X left out of the list.
activation called without slope, or with slope = 0: the network is then ReLU whatever was asked for.


backward
--------
Let F = sum_{m,c} cotangent[m, c] f_c(x_m), one number. Define B_l[m, i] = dF / dz_l[m, i].

At the top f = z_L, so B_L = cotangent. One step down there are two links between z_l and z_{l+1}:

    h_l[m, j] = phi(z_l[m, j]),   z_{l+1}[m, i] = sum_j h_l[m, j] W_{l+1}[i, j].

Unit j feeds every unit i above, so dF/dh_l[m, j] = sum_i B_{l+1}[m, i] W_{l+1}[i, j]: this is the matrix product
B_{l+1} W_{l+1}, without a transpose, because the sum is now over the rows of W. Then the one link through phi:

    B_l = (B_{l+1} W_{l+1}) * phi'(z_l),   entry by entry.

In the example with cotangent 2: B_2 = (2), B_2 W_2 = (6, 10), gates of h_1 = (0, 2) are (0, 1), so B_1 = (0, 10).

Sample m reaches F through its own outputs only, so row m of B_l depends on row m of the cotangent only. This is used
twice: a cotangent dL/df gives the gradient of the loss, and a cotangent with ones in column c gives, row by row, the
gradients of f_c at all samples (unit 2).

Common mistakes. W^T where W is needed. Remember the shapes: (P, n_{l+1}) (n_{l+1}, n_l) = (P, n_l).
The gate of the wrong layer: phi' must be taken at z_l, the layer whose delta is being made, so h_l. There is no gate at
the outputs, because there is no phi there.
h_l itself in place of its gate.
The list in the order of computing, B_L first. `deltas.reverse()` turns a list round in place and returns None.
A mean over samples: the 1/P of the loss is in the cotangent already, and here it would count twice.


weight_gradients
----------------
W_l[i, j] enters z_l[m, i] = sum_j W_l[i, j] h_{l-1}[m, j] of every sample m. Hence

    dF/dW_l[i, j] = sum_m B_l[m, i] h_{l-1}[m, j],   that is G_l = B_l^T h_{l-1},   (n_l, P) (P, n_{l-1}).

In the example: G_2 = 2 * (0, 2) = (0, 4), and G_1 has the rows 0 * (1, 2) and 10 * (1, 2).

A check that needs no differences (Euler). Multiply one single W_l by c > 0: f becomes c f, because phi lets the
factor through. Differentiate with respect to c at c = 1: sum(W_l * G_l) = F, for every single l. In the example
F = 2 * 10 = 20; W_1 and G_1 give 2*10 + 0*20 = 20; W_2 and G_2 give 5*4 = 20.

Why it matters: let the cotangent be dL/df. Under gradient flow d|W_l|^2/dt = -2 sum(W_l * G_l) = -2 F, the same number
for every layer. So |W_{l+1}|^2 - |W_l|^2 never changes (paper, appendix D): layers that start small grow together.

Common mistakes. h_l in place of h_{l-1}: the list of layers has one entry more than the list of deltas, and zip pairs
them rightly from the front. Pairing from the back, or with layers[1:], is off by one.
h^T B, which is the transpose. A product without a sum over samples, of shape (P, n_l, n_{l-1}).
A mean over samples in place of the sum.
"""

import numpy as np

from minintk import network
from minintk.network import (  # noqa: F401
    activation,
    backward,
    forward,
    gate,
    init_weights,
    weight_gradients,
)


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
    ("init_weights", "the variance as standard deviation", init_variance_as_deviation, "standard deviation"),
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
    ("backward", "forgets phi'", backward_without_gates, "only in [0]"),
    ("backward", "returns B_L first", backward_last_layer_first, "reverse order"),
    ("backward", "returns what list.reverse returns", backward_reversed_in_place, "returned None"),
    ("backward", "W^T in place of W", backward_transposed, "ValueError"),
    ("backward", "takes phi' at the layer below", backward_gate_of_the_layer_below, "only in [0]"),
    ("backward", "multiplies by h in place of phi'", backward_times_h, "only in [0]"),
    ("backward", "applies phi' to the outputs too", backward_gate_at_the_outputs, "by every preactivation"),
    ("backward", "ignores slope", backward_always_relu, "right for slope = 0"),
    ("backward", "divides by the number of samples", backward_mean, "1/P times the expected"),
    ("weight_gradients", "mean instead of sum over samples", gradients_mean, "1/P times the expected"),
    ("weight_gradients", "h^T B in place of B^T h", gradients_transposed, "has shape"),
    ("weight_gradients", "h_l in place of h_{l-1}", gradients_of_the_layer_above, "has shape"),
    ("weight_gradients", "does not sum over samples", gradients_of_every_sample, "has shape"),
    ("weight_gradients", "leaves the last layer out", gradients_without_the_last, "returned 0 arrays"),
    ("weight_gradients", "adds up in a float64 array", gradients_in_double, "float32"),
]

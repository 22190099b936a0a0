"""Unit 1. A network by hand: the finished exercises.

Cut from minintk/network.py by minintk dev cut. The derivations are in 01_network.md.
"""

import numpy as np

from minintk import guard


@guard.accepts(z="...", slope="[0, 1]")
def activation(z, slope):
    """phi(z) = z where z > 0, slope * z elsewhere.

    z: array of any shape; slope: a number in [0, 1]. Returns a new array of z's shape and precision.
    By hand: activation([-2, 3], slope=0.1) is [-0.2, 3].

    How: Because slope <= 1, phi(z) is the larger of z and slope * z, entry by entry.
    """
    return np.maximum(z, slope * z if slope else 0.0)


@guard.accepts(h="...", slope="[0, 1]")
def gate(h, slope):
    """The derivative phi'(z), found from h = phi(z) alone. At the kink, z = 0, it is slope by convention.

    h: array of any shape, the output of `activation`; slope: a number in [0, 1].
    Returns an array of h's shape and precision. By hand: gate([-0.2, 3], slope=0.1) is [0.1, 1].

    How: h > 0 exactly where z > 0, so phi' is 1 where h > 0 and slope elsewhere; as an array of h.dtype.
    """
    is_open = (h > 0).astype(h.dtype)  # all of it for ReLU, and twice as fast as with the maximum
    return np.maximum(is_open, slope) if slope else is_open


@guard.accepts(widths="sizes", sigma="(0, inf)")
def init_weights(widths, sigma, rng):
    """Draws W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1}), all independent.

    widths: [n_0 = D, n_1, ..., n_L = C]; sigma > 0; rng: an int, which gives the same weights each time, or a numpy
    Generator, which is drawn from. The global random state of numpy is left alone. Returns
    [W_1 ... W_L], W_l (n_l, n_{l-1}), float64.
    With sigma = 1 a preactivation has on average the mean square of its inputs; ReLU then halves it.

    How: np.random.default_rng(rng) makes one generator for all layers. Its standard_normal numbers, in shape
    (n_l, n_{l-1}), times sigma / sqrt(n_{l-1}) are W_l.
    """
    rng = np.random.default_rng(rng)
    return [sigma / np.sqrt(n_in) * rng.standard_normal((n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def forward(weights, X, slope=0.0):
    """All layers of the network: for a sample x, h_0 = x, h_l = phi(W_l h_{l-1}) for l < L, and f = W_L h_{L-1}.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}); X (P, D), one sample a row. Returns [h_0 = X, h_1, ..., h_{L-1}, f],
    each (P, n_l), one sample a row, in the precision of the inputs.
    By hand: W_1 = [[1, -1], [2, 0]], W_2 = [[1, 1]] and slope 0 take x = (1, 2) to h_1 = (0, 2) and f = 2.

    How: Samples are rows, so h_l = phi(h_{l-1} W_l^T) for l = 1 ... L-1, and f = h_{L-1} W_L^T, without phi.
    """
    layers = [X]
    for W in weights[:-1]:
        layers.append(activation(layers[-1] @ W.T, slope))  # (P, n_l)
    layers.append(layers[-1] @ weights[-1].T)  # (P, C)
    return layers


@guard.accepts(weights="D -> C", layers="layers", cotangent="P C", slope="[0, 1]")
def backward(weights, layers, cotangent, slope=0.0):
    """B_l = dF/dz_l for every layer, where F = sum over samples and outputs of cotangent * f is one number.

    z_l (P, n_l) is the preactivation: h_l = phi(z_l), and f = z_L. Where z_l is 0 exactly, phi' is slope, as in `gate`.
    weights: [W_1 ... W_L]; layers: what `forward` returned; cotangent (P, C), held constant. Returns
    [B_1 ... B_L], B_l (P, n_l), in the precision of the inputs, which stay as they are.
    By hand: h_1 = (0, 2), W_2 = [[3, 5]], slope 0 and cotangent 2 give B_2 = 2 and B_1 = (0, 10).

    How: By the chain rule, from the top down. B_L = cotangent. Then z_{l+1} = h_l W_{l+1}^T and h_l = phi(z_l) give
    B_l = (B_{l+1} W_{l+1}) * phi'(z_l). In Python's counting W_{l+1} is weights[l], and gate reads phi'(z_l) off
    layers[l].
    """
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):  # W_{l+1} and h_l, for l = L-1 ... 1
        deltas.append(np.dot(deltas[-1], W) * gate(h, slope))  # (P, n_l); for one output @ is four times slower
    return deltas[::-1]


@guard.accepts(layers="layers", deltas="deltas")
def weight_gradients(layers, deltas):
    """G_l = dF/dW_l for every layer, where F = sum over samples and outputs of cotangent * f as in `backward`.

    layers: what `forward` returned; deltas: [B_1 ... B_L], what `backward` returned. Returns [G_1 ... G_L], each in the
    shape of W_l, (n_l, n_{l-1}), and in the precision of the inputs.
    By hand: one layer, rows (1, 2) and (3, 5) with deltas 2 and -1: G_1 = [[-1, -1]].
    Check (Euler, any homogeneous network): sum(W_l * G_l) = sum(cotangent * f) for every l.

    How: G_l = B_l^T h_{l-1}, since z_l = h_{l-1} W_l^T. The matrix product sums over samples.
    """
    return [B.T @ h for B, h in zip(deltas, layers)]

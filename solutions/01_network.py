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
    """
    return np.maximum(z, slope * z if slope else 0.0)  # slope <= 1: the larger of the two lines is phi


@guard.accepts(h="...", slope="[0, 1]")
def gate(h, slope):
    """phi'(z), read off from h = phi(z): 1 where h > 0, slope elsewhere (so phi'(0) = slope).

    h: array of any shape, the output of `activation`: h > 0 exactly where z > 0; slope: a number in [0, 1].
    Returns an array of h's shape and precision. By hand: gate([-0.2, 3], slope=0.1) is [0.1, 1].
    """
    return np.maximum(h > 0, slope, dtype=h.dtype)  # without branches: five times as fast as np.where


@guard.accepts(widths="sizes", sigma="(0, inf)")
def init_weights(widths, sigma, rng):
    """Draws W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1}), independent.

    widths: [n_0 = D, n_1, ..., n_L = C]; sigma > 0; rng: an int or a numpy Generator, made into one generator and drawn
    from layer by layer. Returns [W_1 ... W_L], W_l (n_l, n_{l-1}).
    With sigma = 1 a preactivation has on average the mean square of its inputs; ReLU then halves it. Only small sigma
    can be silent.
    """
    rng = np.random.default_rng(rng)
    return [sigma / np.sqrt(n_in) * rng.standard_normal((n_out, n_in)) for n_in, n_out in zip(widths, widths[1:])]


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def forward(weights, X, slope=0.0):
    """The activations of every layer: h_l = phi(h_{l-1} W_l^T), and f = h_{L-1} W_L^T without phi.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}); X (P, D), one sample a row.
    Returns [h_0 = X, h_1, ..., h_{L-1}, f], each (P, n_l). Preactivations are not kept: `gate` needs only their sign.
    """
    layers = [X]
    for W in weights[:-1]:
        layers.append(activation(layers[-1] @ W.T, slope))  # (P, n_l)
    layers.append(layers[-1] @ weights[-1].T)  # (P, C)
    return layers


@guard.accepts(weights="D -> C", layers="layers", cotangent="P C", slope="[0, 1]")
def backward(weights, layers, cotangent, slope=0.0):
    """Carries a cotangent from the outputs down to every preactivation z_l = h_{l-1} W_l^T.

    weights: [W_1 ... W_L]; layers: what `forward` returned; cotangent (P, C): what each output of each sample counts.
    Returns [B_1 ... B_L], B_l (P, n_l) = d(sum of cotangent * f)/dz_l, by the chain rule from the top:
    B_L = cotangent, B_l = (B_{l+1} W_{l+1}) * phi'(z_l).
    """
    deltas = [cotangent]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):  # W_{l+1} and h_l, for l = L-1 ... 1
        deltas.append((deltas[-1] @ W) * gate(h, slope))  # (P, n_l)
    return deltas[::-1]


@guard.accepts(layers="layers", deltas="deltas")
def weight_gradients(layers, deltas):
    """The gradient with respect to each weight matrix, summed over samples: G_l = B_l^T h_{l-1}.

    layers: what `forward` returned; deltas: what `backward` returned. Returns [G_1 ... G_L], G_l (n_l, n_{l-1}).
    Check (Euler, any homogeneous network): sum(W_l * G_l) = sum(cotangent * f) for every l.
    """
    return [B.T @ h for B, h in zip(deltas, layers)]

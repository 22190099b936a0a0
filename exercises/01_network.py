"""Unit 1. A network by hand.

How does a network compute its outputs and its gradients, and how do both scale with the weights?

Work from top to bottom; minintk check 1 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard


@guard.accepts(z="...", slope="[0, 1]")
def activation(z, slope):
    """phi(z) = z where z > 0, slope * z elsewhere.

    z: array of any shape; slope: a number in [0, 1]. Returns a new array of z's shape and precision.
    By hand: activation([-2, 3], slope=0.1) is [-0.2, 3].
    """
    # Write phi. It is positively homogeneous, phi(c z) = c phi(z) for every c > 0, and all that the course shows
    # about small weights rests on this.
    # (4 points, about 5 minutes)
    raise NotImplementedError("network.activation")


@guard.accepts(h="...", slope="[0, 1]")
def gate(h, slope):
    """The derivative phi'(z), found from h = phi(z) alone. At the kink, z = 0, it is slope by convention.

    h: array of any shape, the output of `activation`; slope: a number in [0, 1].
    Returns an array of h's shape and precision. By hand: gate([-0.2, 3], slope=0.1) is [0.1, 1].
    """
    # Find phi' from the output of phi. The backward pass will ask for it at every layer; that h is enough means that
    # preactivations need not be kept.
    # (4 points, about 10 minutes)
    raise NotImplementedError("network.gate")


@guard.accepts(widths="sizes", sigma="(0, inf)")
def init_weights(widths, sigma, rng):
    """Draws W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1}), all independent.

    widths: [n_0 = D, n_1, ..., n_L = C]; sigma > 0; rng: an int, which gives the same weights each time, or a numpy
    Generator, which is drawn from. The global random state of numpy is left alone. Returns
    [W_1 ... W_L], W_l (n_l, n_{l-1}), float64.
    With sigma = 1 a preactivation has on average the mean square of its inputs; ReLU then halves it.
    """
    # Draw a network at random. sigma is the number on which everything turns: outputs start near sigma^L, and only
    # small ones give the kernel time to align in silence.
    # (6 points, about 10 minutes)
    raise NotImplementedError("network.init_weights")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def forward(weights, X, slope=0.0):
    """All layers of the network: for a sample x, h_0 = x, h_l = phi(W_l h_{l-1}) for l < L, and f = W_L h_{L-1}.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}); X (P, D), one sample a row. Returns [h_0 = X, h_1, ..., h_{L-1}, f],
    each (P, n_l), one sample a row, in the precision of the inputs.
    By hand: W_1 = [[1, -1], [2, 0]], W_2 = [[1, 1]] and slope 0 take x = (1, 2) to h_1 = (0, 2) and f = 2.
    """
    # Compute all layers for all samples at once, without a loop over samples. Keep every layer: each is a factor of
    # a gradient later on.
    # (7 points, about 15 minutes)
    raise NotImplementedError("network.forward")


@guard.accepts(weights="D -> C", layers="layers", cotangent="P C", slope="[0, 1]")
def backward(weights, layers, cotangent, slope=0.0):
    """B_l = dF/dz_l for every layer, where F = sum over samples and outputs of cotangent * f is one number.

    z_l (P, n_l) is the preactivation: h_l = phi(z_l), and f = z_L. Where z_l is 0 exactly, phi' is slope, as in `gate`.
    weights: [W_1 ... W_L]; layers: what `forward` returned; cotangent (P, C), held constant. Returns
    [B_1 ... B_L], B_l (P, n_l), in the precision of the inputs, which stay as they are.
    By hand: h_1 = (0, 2), W_2 = [[3, 5]], slope 0 and cotangent 2 give B_2 = 2 and B_1 = (0, 10).
    """
    # Carry a cotangent from the outputs down to every preactivation. With cotangent = dL/df this leads to the
    # gradient of the loss, with ones and zeros to that of a single output: unit 2 makes the kernel from it.
    # (7 points, about 30 minutes)
    raise NotImplementedError("network.backward")


@guard.accepts(layers="layers", deltas="deltas")
def weight_gradients(layers, deltas):
    """G_l = dF/dW_l for every layer, where F = sum over samples and outputs of cotangent * f as in `backward`.

    layers: what `forward` returned; deltas: [B_1 ... B_L], what `backward` returned. Returns [G_1 ... G_L], each in the
    shape of W_l, (n_l, n_{l-1}), and in the precision of the inputs.
    By hand: one layer, rows (1, 2) and (3, 5) with deltas 2 and -1: G_1 = [[-1, -1]].
    Check (Euler, any homogeneous network): sum(W_l * G_l) = sum(cotangent * f) for every l.
    """
    # Complete back-propagation. Unit 4 trains with these gradients, and unit 2 makes the kernel of the same factors.
    # A mean over samples is not taken here: its 1/P is in the cotangent.
    # (6 points, about 10 minutes)
    raise NotImplementedError("network.weight_gradients")

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
    # Return phi(z) for every entry of z: z itself where z > 0, slope * z elsewhere.
    # phi(c z) = c phi(z) for every c > 0: what the course shows about small weights rests on this.
    # Return a new array of z's shape and precision, and leave z itself as it is.
    # (4 points, about 5 minutes)
    raise NotImplementedError("network.activation")


@guard.accepts(h="...", slope="[0, 1]")
def gate(h, slope):
    """phi'(z), read off from h = phi(z): 1 where h > 0, slope elsewhere (so phi'(0) = slope).

    h: array of any shape, the output of `activation`: h > 0 exactly where z > 0; slope: a number in [0, 1].
    Returns an array of h's shape and precision. By hand: gate([-0.2, 3], slope=0.1) is [0.1, 1].
    """
    # Return the derivative phi'(z) for every entry. You are given h = phi(z), not z.
    # The backward pass will ask for it at every layer, so that only the layers themselves need be kept.
    # At h = 0 exactly the answer is slope. An array of h's shape and precision (h.dtype) comes out.
    # (4 points, about 5 minutes)
    raise NotImplementedError("network.gate")


@guard.accepts(widths="sizes", sigma="(0, inf)")
def init_weights(widths, sigma, rng):
    """Draws W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1}), independent.

    widths: [n_0 = D, n_1, ..., n_L = C]; sigma > 0; rng: an int or a numpy Generator, made into one generator and drawn
    from layer by layer. Returns [W_1 ... W_L], W_l (n_l, n_{l-1}).
    With sigma = 1 a preactivation has on average the mean square of its inputs; ReLU then halves it. Only small sigma
    can be silent.
    """
    # Draw the weight matrices of a network with these widths: every entry of W_l normal, with mean 0 and variance
    # sigma^2 / n_{l-1}, where n_{l-1} is the number of inputs of layer l.
    # With sigma = 1 preactivations have the mean square of their inputs; with small sigma the outputs start near 0.
    # Make one generator, np.random.default_rng(rng), and draw from it layer by layer.
    # A list of L matrices comes out, W_l with shape (n_l, n_{l-1}).
    # (6 points, about 15 minutes)
    raise NotImplementedError("network.init_weights")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def forward(weights, X, slope=0.0):
    """The activations of every layer: h_l = phi(h_{l-1} W_l^T), and f = h_{L-1} W_L^T without phi.

    weights: [W_1 ... W_L], W_l (n_l, n_{l-1}); X (P, D), one sample a row.
    Returns [h_0 = X, h_1, ..., h_{L-1}, f], each (P, n_l). Preactivations are not kept: `gate` needs only their sign.
    """
    # Compute all layers of the network for all samples at once: [h_0 = X, h_1, ..., h_{L-1}, f].
    # phi stands between layers, not after the last one: outputs may have either sign.
    # Keep every layer: each is a factor of a gradient later on.
    # A list of L + 1 arrays comes out, number l with shape (P, n_l).
    # (7 points, about 15 minutes)
    raise NotImplementedError("network.forward")


@guard.accepts(weights="D -> C", layers="layers", cotangent="P C", slope="[0, 1]")
def backward(weights, layers, cotangent, slope=0.0):
    """Carries a cotangent from the outputs down to every preactivation z_l = h_{l-1} W_l^T.

    weights: [W_1 ... W_L]; layers: what `forward` returned; cotangent (P, C): what each output of each sample counts.
    Returns [B_1 ... B_L], B_l (P, n_l) = d(sum of cotangent * f)/dz_l, by the chain rule from the top:
    B_L = cotangent, B_l = (B_{l+1} W_{l+1}) * phi'(z_l).
    """
    # The chain rule, from the top down. Let F = sum over samples and outputs of cotangent * f, one number.
    # Find B_l = dF/dz_l for every layer, where z_l = h_{l-1} W_l^T is the preactivation.
    # With cotangent = dL/df this leads to the gradient of the loss; with ones and zeros, to that of one output.
    # A list [B_1 ... B_L] comes out, B_l with shape (P, n_l), B_1 first.
    # (7 points, about 25 minutes)
    raise NotImplementedError("network.backward")


@guard.accepts(layers="layers", deltas="deltas")
def weight_gradients(layers, deltas):
    """The gradient with respect to each weight matrix, summed over samples: G_l = B_l^T h_{l-1}.

    layers: what `forward` returned; deltas: what `backward` returned. Returns [G_1 ... G_L], G_l (n_l, n_{l-1}).
    Check (Euler, any homogeneous network): sum(W_l * G_l) = sum(cotangent * f) for every l.
    """
    # From the layers and the deltas B_l, the gradient of F = sum of cotangent * f for every weight matrix.
    # Sum over samples: if a mean is wanted, its 1/P is already in the cotangent.
    # This completes back-propagation; unit 4 trains with it, unit 2 takes the kernel from the same factors.
    # A list [G_1 ... G_L] comes out, G_l with the shape of W_l, (n_l, n_{l-1}).
    # (6 points, about 10 minutes)
    raise NotImplementedError("network.weight_gradients")

"""Unit 4. Descent and flow.

How does the loss move the weights, and what does the size of a step change: the path, or only the clock?

Work from top to bottom; minintk check 4 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
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
    """
    # Work out the three losses, each with its derivative, the cotangent. It is all that the backward pass learns
    # about the loss.
    # (8 points, about 40 minutes)
    raise NotImplementedError("training.loss_and_cotangent")


@guard.accepts(weights="D -> C", X="P D", y="P C, of the loss", slope="[0, 1]", loss=LOSSES)
def loss_gradient(weights, X, y, slope=0.0, loss="mse"):
    """The loss and its gradient with respect to every weight matrix.

    weights: [W_1 ... W_L]; X (P, D); y (P, C) and loss as in `loss_and_cotangent`. Returns the loss of the network's
    outputs at X and [G_1 ... G_L], each of the shape of its W_l.
    By hand: f = w.x, w = 0, P = 1, x = (1, 2) and y = 3 give 4.5 and (-3, -6).
    """
    # Put the parts together: you have them all. What comes out is the right-hand side of the flow, d W_l / dt =
    # -G_l, and so all that training will ever ask for.
    # (4 points, about 5 minutes)
    raise NotImplementedError("training.loss_gradient")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", loss=LOSSES)
def stable_step(weights, X, slope=0.0, loss="mse"):
    """The largest step size at which gradient descent is stable while the kernel is that of these weights.

    weights: [W_1 ... W_L]; X (P, D). A loss curves, per sample, by at most c = CURVATURE[loss] in its outputs. Let
    every sample's loss be quadratic in its outputs, with this curvature in all directions, and let the kernel stay that
    of these weights. Returns the largest h with which no outputs (P, C) go further and further from those that minimise
    the loss; with a longer step some do.
    By hand: one layer, "mse", one sample x = (1, 1) gives 1.
    """
    # Find how long a step may be before training blows up, from the kernel of the network. kernel.block_matrix makes
    # one matrix of a kernel with several outputs.
    # (6 points, about 30 minutes)
    raise NotImplementedError("training.stable_step")


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
    """
    # Write a training loop. gradient_descent_step is imported: (weights, X, y, step_size, slope, loss) give the
    # weights after a step and the loss before it. With small weights K grows a thousandfold: a step that is stable
    # at the start is not at the end. How many losses belong to how many steps?
    # (6 points, about 20 minutes)
    raise NotImplementedError("training.descend")


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
    """
    # Take one step of the flow itself, and estimate how wrong it is from two methods that disagree. How does the
    # disagreement grow with the length? From this follows the next length; deep plateaus are crossed this way.
    # (7 points, about 30 minutes)
    raise NotImplementedError("training.adaptive_step")


@guard.accepts(W="N D", a="N", X="P D", y="P", slope="[0, 1]")
def neuron_pulls(W, a, X, y, slope=0.0):
    """What pulls the weights of every hidden unit while the outputs are near 0: an array (N, D), a row D_j a unit.

    Two layers with one output, f(x) = sum_j a_j phi(w_j . x): W (N, D) with the rows w_j, and a (N,); X (P, D); y (P,);
    the result is in the precision of the inputs.
    D_j is P times the velocity of w_j per unit of |a_j|, under gradient flow on the mean squared error while all
    outputs are still 0. At a kink the derivative of phi is slope. Maennel et al. 2018.
    By hand: w = (1, 0), a = -2, rows (1, 0) and (-1, 1), y = (3, 5), slope = 0 give (-3, 0).
    """
    # Find what turns a hidden unit before the loss moves. This direction does not change while its gates stand
    # still, and the unit reaches it in a time that knows no sigma: here is the silence, unit by unit.
    # (4 points, about 20 minutes)
    raise NotImplementedError("training.neuron_pulls")


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
    """
    # Take one step of Adam, which the paper used for its larger networks. How is a mean over all gradients so far
    # made of the last mean and the newest gradient? Adam's steps know no length of a gradient: what does that do to
    # a silence that comes of small weights? (the experiment optimisers)
    # (5 points, about 25 minutes)
    raise NotImplementedError("training.adam_step")


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
    """
    # Find out when training on Z is training on X: what must Z and Q be for the first preactivations to be equal at
    # the start, and after a step? With 50 images of 3072 pixels the given training code runs on Z, and the first
    # layer becomes 60 times cheaper.
    # (7 points, about 35 minutes)
    raise NotImplementedError("training.span_coordinates")

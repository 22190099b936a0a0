"""Unit 4. Descent and flow.

How does the loss move the weights, and what does the size of a step change: the path, or only the clock?

Work from top to bottom; minintk check 4 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, network

LOSSES = ("mse", "logistic", "softmax")


@guard.accepts(f="P C", y="targets", loss=LOSSES)
def loss_and_cotangent(f, y, loss="mse"):
    """The loss, a mean over samples, and its derivative with respect to every output.

    The loss is the mean over samples of |f - y|^2 / 2 for "mse", y real; of sum_c log(1 + e^{-y_c f_c}) for "logistic",
    y = +1 or -1; of log(sum_c e^{f_c}) - y.f for "softmax", y one-hot rows. f (P, C), y (P, C); callers may give y (P,)
    if C = 1, or integer labels (P,) for softmax: they arrive here as (P, C). Returns the loss and dL/df (P, C).
    By hand, f = 0 and P = 1: "mse" |y|^2 / 2 and -y; "logistic" C log 2 and -y / 2; "softmax" log C and 1 / C - y.
    """
    # Return two things: the loss, a mean over samples, and its derivative by every output, an array (P, C).
    # The derivative, called the cotangent, is all that the backward pass learns about the loss.
    # f and y arrive as (P, C) arrays. Write the three losses in turn: "mse", "logistic", "softmax".
    # At f = 0 the derivatives are -y/P, -y/(2P) and (1/C - y)/P: all that the silent phase sees of the loss.
    # Outputs of 800 must work too, although exp(800) is too large for a floating-point number.
    # (8 points, about 30 minutes)
    raise NotImplementedError("training.loss_and_cotangent")


@guard.accepts(weights="D -> C", X="P D", y="targets", slope="[0, 1]", loss=LOSSES)
def loss_gradient(weights, X, y, slope=0.0, loss="mse"):
    """The loss and its gradient with respect to every weight matrix.

    weights: [W_1 ... W_L]; X (P, D); y as in `loss_and_cotangent`. Returns the loss and [G_1 ... G_L], each like W_l.
    """
    # Return the loss and its gradient with respect to every weight matrix, a list [G_1 ... G_L], G_l of W_l's shape.
    # You have all parts: network.forward, network.backward, network.weight_gradients, and loss_and_cotangent above.
    # This is the right-hand side of the flow, d W_l / dt = -G_l, and so all that training will ever ask for.
    # Pass slope and loss on to the functions that need them.
    # (6 points, about 10 minutes)
    raise NotImplementedError("training.loss_gradient")


@guard.accepts(weights="D -> C", X="P D", y="targets", step_size="(0, inf)", slope="[0, 1]", loss=LOSSES)
def gradient_descent_step(weights, X, y, step_size, slope=0.0, loss="mse"):
    """One step down the gradient: W_l - step_size * G_l.

    Returns new weights (the given ones stay as they are) and the loss before the step.
    """
    # Return a new list of weights, W_l - step_size * G_l for every layer, and the loss before the step.
    # All gradients are taken at the given weights; a step advances the time of the flow by step_size.
    # The given weights must stay as they are: K_0 and f_0 will be computed from them after training.
    # gradient_descent, which is written already, calls this function at every step, so yours will train the networks.
    # (6 points, about 10 minutes)
    raise NotImplementedError("training.gradient_descent_step")


@guard.accepts(X="P D")
def span_coordinates(X):
    """X in coordinates of its own row space: Z (P, r) and an orthonormal basis Q (D, r), X = Z Q^T, r = rank(X).

    Training can be done on Z. The gradient for W_1 is B_1^T X = (B_1^T Z) Q^T: it moves W_1 only in span(Q), and the
    outputs see W_1 only through X W_1^T = Z (W_1 Q)^T. So V = W_1 Q follows gradient descent on Z, step for step, and
    W_1(t) = W_1(0) + [V(t) - V(0)] Q^T. With P < D samples the first layer costs as much as r inputs instead of D.
    Singular values up to the largest times max(P, D) times the precision of X count as zero.
    By hand: rows (3, 4), (6, 8) give Q = (0.6, 0.8)^T and Z = (5, 10)^T, or minus both.
    """
    # Return Z (P, r) and Q (D, r), r = rank(X), such that X = Z Q^T and the columns of Q are orthonormal.
    # Gradient descent moves W_1 in the span of the rows of X only, so it can run on Z, with r inputs instead of D.
    # The given training code does this: with 50 images of 3072 pixels the first layer becomes 60 times cheaper.
    # Any orthonormal basis of the span will do. Count the rank with a cut that is relative and knows the precision:
    # a singular value counts if it is above s_1 * max(P, D) * eps, eps = np.finfo(X.dtype).eps.
    # (7 points, about 25 minutes)
    raise NotImplementedError("training.span_coordinates")

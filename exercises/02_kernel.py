"""Unit 2. The tangent kernel.

What is the tangent kernel of a network, and what does a network learn whose kernel stands still?

Work from top to bottom; minintk check 2 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import guard, network
from minintk.kernel import block_matrix


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def gradient_factors(weights, X, slope=0.0):
    """The two factors of every gradient: that of f_c(x_m) for W_l is the outer product of B_l[c][m] and h_{l-1}[m].

    weights: [W_1 ... W_L]; X (P, D). Returns a list of L pairs (h_{l-1}, B_l): h_{l-1} (P, n_{l-1}), the inputs of
    layer l, and B_l a list of C arrays (P, n_l), one an output.
    By hand: one layer, f = W x, has h_0 = X; B_1[c] is 1 in column c and 0 elsewhere.
    """
    # Find the two factors for every output, sample and layer. They are all that a network's gradients consist of:
    # jacobian multiplies them out; ntk never does, and so is fast.
    # (5 points, about 15 minutes)
    raise NotImplementedError("kernel.gradient_factors")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", gives="P C n_params")
def jacobian(weights, X, slope=0.0):
    """The gradient of every output at every sample, with respect to all weights.

    weights: [W_1 ... W_L]; X (P, D). Returns J (P, C, n_params) in the precision of the inputs: J[m, c] lists the
    derivatives of f_c(x_m), W_1 first, each matrix row by row. So f(theta + d) = f + J d to first order.
    By hand: x = 2, W_1 = (1, 3)^T, W_2 = (5, 7) give the row (10, 14, 2, 6).
    """
    # Write out every gradient. Everything in this unit follows from this definition, and it is the check for ntk.
    # (7 points, about 20 minutes)
    raise NotImplementedError("kernel.jacobian")


@guard.accepts(weights="D -> C", X1="P1 D", X2="P2 D", slope="[0, 1]", gives="C C P1 P2 | C C P1 P1")
def ntk(weights, X1, X2=None, slope=0.0):
    """The tangent kernel: inner products of the gradients of the outputs at the rows of X1 and of X2.

    weights: [W_1 ... W_L]; X1 (P1, D), X2 (P2, D), X1 again if it is not given. Returns K (P1, P2) if C = 1, else
    (C, C, P1, P2), with K[c, c', m, n] = <grad f_c(x_m), grad f_c'(x_n)>, a sum over all weights: `jacobian` gives the
    same, but no gradient is formed here, for they may not fit into memory. K(X, X) is symmetric.
    By hand: one layer, f = w.x, has K = X1 X2^T, whatever w is.
    """
    # Compute the kernel without forming a gradient. It drives training: the output at one sample moves by the sum
    # of K times the errors at all others.
    # (9 points, about 25 minutes)
    raise NotImplementedError("kernel.ntk")


@guard.accepts(K="P P, kernel", y="P", f0="P", times="T, not negative", gives="T P")
def constant_kernel_flow(K, y, f0, times):
    """The outputs of gradient flow on the mean squared error while the kernel stays K: df/dt = K (y - f) / P.

    K (P, P) symmetric, its eigenvalues 0 or above; y (P,); f0 (P,), the outputs at time 0; times (T,), 0 or above.
    Returns f (T, P), exact at the given times. This is how a lazy network (large sigma) learns.
    By hand: K = 2, P = 1, y = 1, f0 = 0 gives f(t) = 1 - exp(-2 t).
    """
    # Solve the equation of motion exactly, not in steps. A lazy network takes this path, and a silent one is
    # compared with it. Where does it lead, and what does it need time for?
    # (6 points, about 20 minutes)
    raise NotImplementedError("kernel.constant_kernel_flow")


@guard.accepts(
    K_train="P P | C C P P, kernel",
    K_test="P2 P | C C P2 P",
    targets="P | P C",
    f0_train="scalar | P | P C",
    f0_test="scalar | P2 | P2 C",
    rcond="[0, 1)",
)
def kernel_predictor(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    """What gradient flow on the mean squared error ends at while the kernel stays K: the kernel predictor of K.

    It is the limit t -> infinity of df(x)/dt = sum_m K(x, x_m) (targets_m - f(x_m)) / P, from f = f_0 at time 0, with
    x running through the training points and the test points.
    K_train (P, P), K_test (P2, P), test by train; targets (P,) or (P, C); f0_train, f0_test: f_0 at the training and at
    the test points, in the same form, or one number. With targets (P, C) a (P, P) kernel serves every output by itself;
    kernels (C, C, P, P) and (C, C, P2, P) join them: df_c(x)/dt also sums over c', with K[c, c'] and the error of
    output c'. Returns (P2,) or (P2, C).
    Eigenvalues of K_train below rcond times the largest (P eps times, if that is more, eps the precision of K_train)
    count as zero: what of the error lies along them is never learned and moves nothing.
    By hand: K_train = diag(2, 4), targets (6, 8) and a test row (1, 10) give 23.
    To ask whether a network is this predictor, take its final training outputs as targets: unfinished training is then
    not counted as the kernel's error. Paper, Theorem 1.
    """
    # Find where the flow of the last exercise ends, also at points that were not trained on. A silently aligned
    # network ends where K = K_inf does. block_matrix is given: of a kernel with blocks it makes one matrix, whose
    # row c P + m is output c of sample m.
    # (9 points, about 40 minutes)
    raise NotImplementedError("kernel.kernel_predictor")


@guard.accepts(K_train="P P, kernel", K_test="P2 P", targets="P | P C", decay="(0, inf)")
def ridge_predictor(K_train, K_test, targets, decay):
    """Where training with weight decay ends, while the kernel stays K.

    A model that is linear in its weights, f(x) = phi(x).theta, has the kernel K(x, x') = phi(x).phi(x'). It is trained
    to rest by gradient flow on the mean squared error, the mean over the P samples of |f - targets|^2 / 2, plus
    decay |theta|^2 / 2. Returns its outputs at the test points. K_train (P, P), which may be singular; K_test (P2, P),
    test by train; targets (P,) or (P, C), each output with weights of its own. Returns (P2,) or (P2, C). With
    decay -> 0 it is kernel_predictor from f_0 = 0. A network of L layers, trained to rest with weight decay lambda, is
    this predictor of its own last kernel, with decay = lambda L. Lauditi, Bordelon, Pehlevan 2025; our derivation.
    By hand: K_train = diag(2, 4), targets (8, 6), decay = 1 and a test row (1, 10) give 12.
    """
    # Find where weight decay leads: which weights stand still, and what are the outputs at points that were not
    # trained on? The kernel is all that you are told of the model. A network with weight decay ends there whatever
    # its kernel did before: a small error of this predictor is no evidence of silence (experiment weight_decay).
    # (5 points, about 25 minutes)
    raise NotImplementedError("kernel.ridge_predictor")

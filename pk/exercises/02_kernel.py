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

    weights: [W_1 ... W_L]; X (P, D). Returns [(h_{l-1}, B_l) for l = 1 ... L], h_{l-1} (P, n_{l-1}) and B_l a list of
    C arrays (P, n_l), one an output.
    One forward pass serves all outputs; each output needs a backward pass of its own, from a cotangent that
    is 1 in its column for all samples and 0 elsewhere.
    """
    # The gradient of one output at one sample for W_l is an outer product of two vectors.
    # Find these two for every output, sample and layer.
    # jacobian multiplies them out; ntk never does, and is fast because of it.
    # One call of network.forward serves all outputs; each output needs its own call of network.backward.
    # A list of L pairs comes out: h_{l-1} with shape (P, n_{l-1}), and a list of C arrays B_l, each (P, n_l).
    # (5 points, about 20 minutes)
    raise NotImplementedError("kernel.gradient_factors")


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def jacobian(weights, X, slope=0.0):
    """The gradient of every output at every sample: the definition that `ntk` must agree with.

    weights: [W_1 ... W_L]; X (P, D). Returns J (P, C, n_params), layers in order, each flattened row by row,
    in the precision of the inputs. Then f(theta + d) = f + J d to first order, and K_cc' = J[:, c] J[:, c']^T.
    """
    # Write out every gradient: J[m, c] lists the derivatives of f_c(x_m) by all weights.
    # W_1 comes first, and each matrix is listed row by row.
    # This is the definition from which everything in this unit follows, and the check for ntk.
    # Build it from gradient_factors and keep the precision of the inputs.
    # An array of shape (P, C, n_params) comes out, n_params = sum_l n_l n_{l-1}.
    # (7 points, about 20 minutes)
    raise NotImplementedError("kernel.jacobian")


@guard.accepts(weights="D -> C", X1="P1 D", X2="P2 D", slope="[0, 1]")
def ntk(weights, X1, X2=None, slope=0.0):
    """The tangent kernel between the rows of X1 and of X2 (X2 = X1 if it is not given), by the layerwise formula.

    weights: [W_1 ... W_L]; X1 (P1, D), X2 (P2, D). Returns K (P1, P2) if there is one output, else (C, C, P1, P2)
    with K[c, c', m, n] = <grad f_c(x_m), grad f_c'(x_n)>. No Jacobian is formed, and K(X, X) is symmetric.
    By hand: one layer, f = w.x, has K = X1 X2^T, whatever w is.
    """
    # The kernel between the samples of X1 and of X2: K_cc'(x, x') = <grad f_c(x), grad f_c'(x')>, no gradient formed.
    # K drives training: df/dt at one sample is a sum of K times the errors at the others.
    # X2 may be missing: then it is X1. A matrix (P1, P2) comes out if C = 1, else (C, C, P1, P2).
    # (8 points, about 30 minutes)
    raise NotImplementedError("kernel.ntk")


@guard.accepts(
    K_train="P P | C C P P",
    K_test="P2 P | C C P2 P",
    targets="P | P C",
    f0_train="scalar | P | P C",
    f0_test="scalar | P2 | P2 C",
    rcond="[0, 1)",
)
def kernel_predictor(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    """What gradient flow with a frozen kernel ends at: f_0(x) + k(x)^T K^{-1} (targets - f_0(X)).

    K_train (P, P), K_test (P2, P), test by train; targets (P,) or (P, C); f0_train, f0_test: the network before
    training, in the same form. Several outputs: kernels (C, C, P, P), (C, C, P2, P) and targets (P, C), or one (P, P)
    kernel shared by all outputs. Eigenvalues below rcond times the largest, or below what the precision of the kernel
    can tell from zero, count as zero. Returns (P2,) or (P2, C).
    To ask whether a network is this kernel's machine, take its final training outputs as targets: unfinished training
    is then not counted as the kernel's error. Paper, Theorem 1.
    """
    # What training ends at while the kernel stands still: f_0(x) + k(x)^T K^{-1} (targets - f_0(X)).
    # At the end of the course this is the machine that a silently aligned network equals, with K = K_inf.
    # K may be singular: eigenvalues below rcond times the largest count as zero (np.linalg.lstsq, pinv or eigh).
    # For kernels with blocks (C, C, P, P) block_matrix is given; row c P + m of its result is output c of
    # sample m, so the right-hand side is a (C P,) vector in that order, and one system is solved.
    # Predictions come out in the form of the targets: (P2,), or (P2, C).
    # (8 points, about 30 minutes)
    raise NotImplementedError("kernel.kernel_predictor")


@guard.accepts(K="P P", y="P", f0="P", times="T")
def constant_kernel_flow(K, y, f0, times):
    """The outputs of gradient flow on the mean squared error while the kernel stays K: df/dt = K (y - f) / P.

    K (P, P) symmetric; y (P,); f0 (P,) the outputs at time 0; times (T,). Returns f (T, P): along an eigenvector of K
    with eigenvalue k the error decays as exp(-k t / P). This is what a lazy network (large sigma) learns.
    By hand: K = 2, P = 1, y = 1, f0 = 0 gives f(t) = 1 - exp(-2 t).
    """
    # The path to the predictor: solve df/dt = K (y - f) / P from f(0) = f0, exactly, at the given times.
    # This is how a lazy network learns (large sigma), and what a silent network is compared with.
    # K is symmetric; its eigenvalues may be 0, and then nothing moves along those directions.
    # An array of shape (T, P) comes out, one row for each time.
    # (6 points, about 20 minutes)
    raise NotImplementedError("kernel.constant_kernel_flow")

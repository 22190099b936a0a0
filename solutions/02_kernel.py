"""Unit 2. The tangent kernel: the finished exercises.

Cut from minintk/kernel.py by minintk dev cut. The derivations are in 02_kernel.md.
"""

import numpy as np

from minintk import guard, network
from minintk.kernel import block_matrix

ROWS = 500  # of a tile of the kernel, at most: its products stay in the processor's cache


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def gradient_factors(weights, X, slope=0.0):
    """The two factors of every gradient: that of f_c(x_m) for W_l is the outer product of B_l[c][m] and h_{l-1}[m].

    weights: [W_1 ... W_L]; X (P, D). Returns [(h_{l-1}, B_l) for l = 1 ... L], h_{l-1} (P, n_{l-1}) and B_l a list of
    C arrays (P, n_l), one an output.
    One forward pass serves all outputs; each output needs a backward pass of its own, from a cotangent that
    is 1 in its column for all samples and 0 elsewhere.
    """
    layers = network.forward(weights, X, slope)
    P, C = layers[-1].shape
    one_hots = np.eye(C, dtype=layers[-1].dtype)
    deltas = [network.backward(weights, layers, np.tile(one_hot, (P, 1)), slope) for one_hot in one_hots]
    return [(h, B) for h, *B in zip(layers, *deltas)]


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def jacobian(weights, X, slope=0.0):
    """The gradient of every output at every sample: the definition that `ntk` must agree with.

    weights: [W_1 ... W_L]; X (P, D). Returns J (P, C, n_params), layers in order, each flattened row by row,
    in the precision of the inputs. Then f(theta + d) = f + J d to first order, and K_cc' = J[:, c] J[:, c']^T.
    """
    factors = gradient_factors(weights, X, slope)
    outer = [np.einsum("cpi,pj->pcij", B, h) for h, B in factors]  # each (P, C, n_l, n_{l-1})
    return np.concatenate([G.reshape(*G.shape[:2], -1) for G in outer], axis=2)


@guard.accepts(weights="D -> C", X1="P1 D", X2="P2 D", slope="[0, 1]")
def ntk(weights, X1, X2=None, slope=0.0):
    """The tangent kernel between the rows of X1 and of X2 (X2 = X1 if it is not given), by the layerwise formula.

    weights: [W_1 ... W_L]; X1 (P1, D), X2 (P2, D). Returns K (P1, P2) if there is one output, else (C, C, P1, P2)
    with K[c, c', m, n] = <grad f_c(x_m), grad f_c'(x_n)>. No Jacobian is formed, and K(X, X) is symmetric.
    By hand: one layer, f = w.x, has K = X1 X2^T, whatever w is.
    """
    rows = [(m, gradient_factors(weights, X1[m], slope)) for m in _slices(len(X1))]
    columns = rows if X2 is None else [(n, gradient_factors(weights, X2[n], slope)) for n in _slices(len(X2))]
    C, P1, P2 = len(weights[-1]), rows[-1][0].stop, columns[-1][0].stop
    K = np.zeros((C, C, P1, P2), dtype=np.result_type(X1, *weights))
    for i, (m, left) in enumerate(rows):
        for n, right in columns[i:] if X2 is None else columns:
            pairs = [(c, c2) for c in range(C) for c2 in range(c if right is left else 0, C)]
            for l, ((h, B), (h2, B2)) in enumerate(zip(left, right), start=1):
                gram = h @ h2.T  # (p, q), the same for all outputs
                for c, c2 in pairs:
                    if l < len(weights):
                        K[c, c2, m, n] += (B[c] @ B2[c2].T) * gram
                    elif c == c2:  # B_L is the identity: at the last layer outputs do not mix
                        K[c, c, m, n] += gram
            if X2 is None:
                for c, c2 in pairs:
                    if (c, m) != (c2, n):
                        K[c2, c, n, m] = K[c, c2, m, n].T
    return K[0, 0] if C == 1 else K


def _slices(P):
    """The rows 0 ... P - 1 in equal parts of at most ROWS."""
    size = -(-P // -(-P // ROWS))
    return [slice(i, min(i + size, P)) for i in range(0, P, size)]


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
    rcond = max(rcond, K_train.shape[-1] * np.finfo(K_train.dtype).eps)
    moved = targets - f0_train  # (P,) or (P, C)
    if K_train.ndim == 2:
        return f0_test + K_test @ np.linalg.lstsq(K_train, moved, rcond)[0]
    alpha = np.linalg.lstsq(block_matrix(K_train), moved.T.ravel(), rcond)[0]  # (C P,)
    return f0_test + (block_matrix(K_test) @ alpha).reshape(len(K_test), -1).T


@guard.accepts(K="P P", y="P", f0="P", times="T")
def constant_kernel_flow(K, y, f0, times):
    """The outputs of gradient flow on the mean squared error while the kernel stays K: df/dt = K (y - f) / P.

    K (P, P) symmetric; y (P,); f0 (P,) the outputs at time 0; times (T,). Returns f (T, P): along an eigenvector of K
    with eigenvalue k the error decays as exp(-k t / P). This is what a lazy network (large sigma) learns.
    By hand: K = 2, P = 1, y = 1, f0 = 0 gives f(t) = 1 - exp(-2 t).
    """
    eigenvalues, modes = np.linalg.eigh(K)
    decay = np.exp(-np.outer(times, eigenvalues) / len(y))  # (T, P)
    return y + decay * (modes.T @ (f0 - y)) @ modes.T

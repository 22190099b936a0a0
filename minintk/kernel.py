"""Unit 2. The neural tangent kernel, K(x, x') = <grad f(x), grad f(x')>, and what a frozen kernel learns.

The gradient of f_c(x) with respect to W_l is an outer product, B_l^c(x) h_{l-1}(x)^T. The inner product of two outer
products is a product of two inner products, so the kernel is a sum over layers,

    K_cc' = sum_l (h_{l-1} h_{l-1}^T) * (B_l^c B_l^c'^T),    * elementwise,

and no gradient is ever formed: a layer costs P^2 (n_{l-1} + n_l) multiplications instead of P^2 n_{l-1} n_l.
"""

import numpy as np

from minintk import guard, network

ROWS = 500  # of a tile of the kernel, at most


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]")
def gradient_factors(weights, X, slope=0.0):
    """The two factors of every gradient: that of f_c(x_m) for W_l is the outer product of B_l[c][m] and h_{l-1}[m].

    weights: [W_1 ... W_L]; X (P, D). Returns a list of L pairs (h_{l-1}, B_l): h_{l-1} (P, n_{l-1}), the inputs of
    layer l, and B_l a list of C arrays (P, n_l), one an output.
    By hand: one layer, f = W x, has h_0 = X; B_1[c] is 1 in column c and 0 elsewhere.

    How: One forward pass serves all outputs. Each output c needs a backward pass of its own, from a cotangent (P, C)
    that is 1 in column c for all samples and 0 elsewhere: row m of a backward pass depends on row m of its cotangent
    only. This gives for each c a list over layers; the answer is, for each layer, a list over c.
    """
    layers = network.forward(weights, X, slope)
    P, C = layers[-1].shape
    one_hots = np.eye(C, dtype=layers[-1].dtype)
    deltas = [network.backward(weights, layers, np.tile(one_hot, (P, 1)), slope) for one_hot in one_hots]
    return [(h, B) for h, *B in zip(layers, *deltas)]


@guard.accepts(weights="D -> C", X="P D", slope="[0, 1]", gives="P C n_params")
def jacobian(weights, X, slope=0.0):
    """The gradient of every output at every sample, with respect to all weights.

    weights: [W_1 ... W_L]; X (P, D). Returns J (P, C, n_params) in the precision of the inputs: J[m, c] lists the
    derivatives of f_c(x_m), W_1 first, each matrix row by row. So f(theta + d) = f + J d to first order.
    By hand: x = 2, W_1 = (1, 3)^T, W_2 = (5, 7) give the row (10, 14, 2, 6).

    How: For each layer G[m, c, i, j] = B_l[c][m, i] h_{l-1}[m, j] from `gradient_factors`, i and j merged into one axis
    by reshape, which goes row by row; then the layers are joined along it.
    """
    factors = gradient_factors(weights, X, slope)
    outer = [np.einsum("cpi,pj->pcij", B, h) for h, B in factors]  # each (P, C, n_l, n_{l-1})
    return np.concatenate([G.reshape(*G.shape[:2], -1) for G in outer], axis=2)


@guard.accepts(weights="D -> C", X1="P1 D", X2="P2 D", slope="[0, 1]", gives="C C P1 P2 | C C P1 P1")
def ntk(weights, X1, X2=None, slope=0.0):
    """The tangent kernel: inner products of the gradients of the outputs at the rows of X1 and of X2.

    weights: [W_1 ... W_L]; X1 (P1, D), X2 (P2, D), X1 again if it is not given. Returns K (P1, P2) if C = 1, else
    (C, C, P1, P2), with K[c, c', m, n] = <grad f_c(x_m), grad f_c'(x_n)>, a sum over all weights: `jacobian` gives the
    same, but no gradient is formed here, for they may not fit into memory. K(X, X) is symmetric.
    By hand: one layer, f = w.x, has K = X1 X2^T, whatever w is.

    How: The inner product of two outer products is a product of two inner products, (a.a') (b.b'). With
    `gradient_factors` of X1 and, marked ', of X2, K[c, c'] = sum_l (h_{l-1} h'_{l-1}^T) * (B_l[c] B'_l[c']^T), where *
    is entry by entry; the first factor is the same for all pairs of outputs.
    """
    left = gradient_factors(weights, X1, slope)
    right = left if X2 is None else gradient_factors(weights, X2, slope)
    C, P1, P2 = len(weights[-1]), len(X1), len(right[0][0])
    K = np.zeros((C, C, P1, P2), dtype=np.result_type(X1, *weights))
    for m, n, pairs in _tiles(K, symmetric=X2 is None):
        for (h, B), (h2, B2) in zip(left, right):
            gram = h[m] @ h2[n].T  # (p, q), the same for all outputs
            for c, c2 in pairs:
                K[c, c2, m, n] += (B[c][m] @ B2[c2][n].T) * gram
    return K[0, 0] if C == 1 else K


def _tiles(K, symmetric):
    """Tiles of K to be filled in: rows m of X1, rows n of X2, and pairs (c, c') of outputs.

    A tile and its products fit into the processor's cache. Of a symmetric K half is enough: what has been filled in is
    copied to its mirror image.
    """
    C, _, P1, P2 = K.shape
    for m in _slices(P1):
        for n in _slices(P2):
            if symmetric and n.start < m.start:
                continue
            pairs = [(c, c2) for c in range(C) for c2 in range(c if symmetric and m == n else 0, C)]
            yield m, n, pairs
            if symmetric:
                for c, c2 in pairs:
                    if (c, m) != (c2, n):
                        K[c2, c, n, m] = K[c, c2, m, n].T


def _slices(P):
    """The rows 0 ... P - 1 in equal parts of at most ROWS."""
    size = -(-P // -(-P // ROWS))
    return [slice(i, min(i + size, P)) for i in range(0, P, size)]


@guard.accepts(K="P P2 | C C P P2")
def block_matrix(K):
    """A kernel with several outputs (C, C, P1, P2) as one matrix (C P1, C P2); a (P1, P2) kernel stays as it is.

    Row c P1 + m belongs to output c of sample m: the order of Y.T.ravel() for outputs Y (P1, C).
    """
    if K.ndim == 2:
        return K
    C, _, P1, P2 = K.shape
    return K.transpose(0, 2, 1, 3).reshape(C * P1, C * P2)


@guard.accepts(K="P P, kernel", y="P", f0="P", times="T, not negative", gives="T P")
def constant_kernel_flow(K, y, f0, times):
    """The outputs of gradient flow on the mean squared error while the kernel stays K: df/dt = K (y - f) / P.

    K (P, P) symmetric, its eigenvalues 0 or above; y (P,); f0 (P,), the outputs at time 0; times (T,), 0 or above.
    Returns f (T, P), exact at the given times. This is how a lazy network (large sigma) learns.
    By hand: K = 2, P = 1, y = 1, f0 = 0 gives f(t) = 1 - exp(-2 t).

    How: Along an eigenvector of K with eigenvalue k the error f - y decays as exp(-k t / P). With K = V diag(k) V^T,
    np.linalg.eigh, f(t) = y + V [exp(-k t / P) * (V^T (f0 - y))]; all times at once, in rows: y + (decay * a) V^T,
    decay (T, P), a = V^T (f0 - y).
    """
    eigenvalues, modes = np.linalg.eigh(K)
    eigenvalues[eigenvalues < len(K) * np.finfo(K.dtype).eps * eigenvalues[-1]] = 0  # or a long time would blow it up
    decay = np.exp(-np.outer(times, eigenvalues) / len(y))  # (T, P)
    return y + decay * (modes.T @ (f0 - y)) @ modes.T


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

    How: f_0(x) + k(x)^T K^{-1} (targets - f_0(X)). Solve K_train alpha = targets - f0_train by least squares
    (np.linalg.lstsq has the cut rcond), all columns at once; the prediction is f0_test + K_test alpha. Blocks are one
    system with C P unknowns: `block_matrix` gives it, for a right-hand side in the order of (targets - f0_train)^T, row
    by row, and its product with alpha holds C rows of P2 numbers.
    """
    rcond = max(rcond, K_train.shape[-1] * np.finfo(K_train.dtype).eps)
    moved = targets - f0_train  # (P,) or (P, C)
    size, step = abs(K_train).max() or 1, abs(moved).max() or 1  # measured in them alpha fits into a float
    K_train, K_test, moved = K_train / size, K_test / size, moved / step
    if K_train.ndim == 2:
        return f0_test + step * (K_test @ np.linalg.lstsq(K_train, moved, rcond)[0])
    alpha = np.linalg.lstsq(block_matrix(K_train), moved.T.ravel(), rcond)[0]  # (C P,)
    return f0_test + step * (block_matrix(K_test) @ alpha).reshape(len(K_test), -1).T


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

    How: At rest (1/P) sum_m (f(x_m) - y_m) phi(x_m) + decay theta = 0: theta is a sum of phi(x_m), each alpha_m times,
    with alpha = (targets - f(X)) / (decay P). As f(X) = K_train alpha, alpha solves the linear system
    (K_train + decay P I) alpha = targets, np.linalg.solve, which has one solution however singular K_train is; and
    f = K_test alpha.
    """
    P = len(K_train)
    alpha = np.linalg.solve(K_train + decay * P * np.eye(P, dtype=K_train.dtype), targets)
    return K_test @ alpha

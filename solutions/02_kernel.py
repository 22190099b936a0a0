"""Unit 2. The tangent kernel: the derivations, the finished functions, and the mistakes people make.

theta are all weights of the network together. The tangent kernel of outputs c, c' at samples x, x' is

    K_cc'(x, x') = <grad f_c(x), grad f_c'(x')>,   grad with respect to theta.

Why it drives training: the loss L = 1/(2P) sum_n |f(x_n) - y_n|^2 has grad L = (1/P) sum_n (f(x_n) - y_n) grad f(x_n).
Under gradient flow, d theta/dt = -grad L, the chain rule gives for one output

    df(x)/dt = <grad f(x), d theta/dt> = (1/P) sum_n K(x, x_n) (y_n - f(x_n)).

The network used for the examples: one input, two ReLU units, one output, no biases, W_1 = (1, 3)^T, W_2 = (5, 7). At
x = 2 it has h_1 = (2, 6), f = 10 + 42 = 52, B_2 = 1 and B_1 = (5, 7).


gradient_factors
----------------
Unit 1 found the derivative of F = sum of cotangent * f with respect to W_l: G_l = sum_m B_l[m] h_{l-1}[m]^T, a sum of
outer products. Let F be one output c of one sample m; the sum has one term:

    gradient of f_c(x_m) for W_l = outer(B_l^c[m], h_{l-1}[m]).

h_{l-1} comes from one forward pass and does not depend on c. B_l^c does: it is what backward returns for the cotangent
that is 1 in column c and 0 elsewhere. All P rows of the cotangent can be set at once, because backward does not mix
samples: row m of the result belongs to f_c(x_m). So C backward passes give the gradients of P C outputs.

By hand: at x = 2 the gradient for W_1 is (5, 7)^T * 2 = (10, 14)^T, and for W_2 it is 1 * (2, 6). For one layer with
C outputs, f = W x, B^c is 1 in column c: the gradient of f_c has x in row c and zeros elsewhere.

Common mistakes. A cotangent of ones in all columns: that is the gradient of the sum of the outputs, for every c.
One row (1, C) instead of P rows: below the last layer numpy repeats it, at the last layer B_L has the wrong shape.
h_l beside B_l: the gradient of W_l needs what goes into W_l, h_{l-1}.
The lists grouped by output first: it must be one pair a layer.
forward or backward called without slope: right for ReLU, wrong for every other network.


jacobian
--------
Write all gradients as rows: J[m, c] is the gradient of f_c(x_m) as one long row, W_1's entries first, each matrix row
by row (entry (i, j) of W_l, counted from 0, stands at place i n_{l-1} + j of its part). Then for a small change d

    f(theta + d) = f(theta) + J d + terms of second order.

By hand: J at x = 2 is (10, 14, 2, 6). Double all weights, d = theta = (1, 3, 5, 7): J d = 10 + 42 + 10 + 42 = 104
= 2 * 52. This is Euler's relation: f is homogeneous of degree L, so J theta = L f. Each layer alone gives f, here 52.

Euler's relation says more: f = (1/L) <theta, grad f>. A trained network is linear in its own gradients. The question of
the course is when the tangent kernel at the end of training also yields this very function as its regression.

The Jacobian has P C n_params numbers. P = 1000, D = 64, N = 1000, L = 2, C = 1 makes 1000 * 65000 numbers, 520 MB;
the kernel has 1000 * 1000, 8 MB.

Common mistakes. weight_gradients sums over samples: from that sum single rows cannot be had back.
Column by column: outer(h, B) or order="F". It makes no difference in sums over all weights, so the kernel would still
be right, but J d would not.
The last layer first. The axis of the outputs dropped if C = 1, or put before the samples.
np.zeros((P, C, n_params)) is float64, and what is written into it becomes float64.


ntk
---
For fixed l, let a, b be the factors of one gradient and a', b' those of another one. Then

    <a b^T, a' b'^T> = sum_ij a_i b_j a'_i b'_j = (sum_i a_i a'_i) (sum_j b_j b'_j) = (a.a') (b.b').

theta contains all layers, so the kernel is the sum over layers:

    K_cc'(x, x') = sum_l (h_{l-1}.h'_{l-1}) (B_l^c.B'_l^c'),

and for all pairs of samples at once, with * entry by entry,

    K_cc' = sum_l (h_{l-1} h'_{l-1}^T) * (B_l^c B'_l^c'^T).

A layer costs P^2 (n_{l-1} + n_l) multiplications; with the Jacobian it is P^2 n_{l-1} n_l. For n_{l-1} = n_l = 100 this
is 200 P^2 against 10000 P^2.

By hand, x = 2 with itself: layer 1 gives 2*2 * (25 + 49) = 296, layer 2 gives (4 + 36) * 1 = 40, K = 336. From the
Jacobian: 100 + 196 + 4 + 36 = 336. Between x = 2 and x' = -1 K is 0: all units are closed at x', h'_1 = 0 and B'_1 = 0.
With slope = 0.1 instead: h'_1 = (-0.1, -0.3), B'_1 = (0.5, 0.7), and K = 2*(-1) * (2.5 + 4.9) + (-0.2 - 1.8) = -16.8.

One layer: h_0 = X and B_1 = 1, so K = X1 X2^T whatever the weights are. A linear model is always a kernel machine.
Several outputs: at the last layer B_L^c.B_L^c' is 1 if c = c' and 0 otherwise, so this layer adds to the blocks c = c'
only. The blocks are symmetric together: K[c, c', m, n] = K[c', c, n, m].

K is a matrix of inner products, so no eigenvalue is negative. All weights times c give c^{2L-2} times K, because
gradients get c^{L-1}; twice the weights of the example give K = 4 * 336. A network with small weights therefore starts
with a tiny kernel. If that kernel turns towards its final direction while it is tiny, the loss does not notice, and
afterwards K only grows, K_t = g(t) K_inf: this is silent alignment, and the next section says what follows from it.

Common mistakes. The matrix product of the two Gram matrices in place of the product entry by entry. Both have shape
(P, P) if X2 = X1, so nothing complains.
Adding the two Gram matrices instead of multiplying them.
The last layer only: that is the kernel of the last hidden layer's features. Training moves all weights.
B_l without the gates. h_l in place of h_{l-1}. A mean over samples: there is none in the definition.
X2 ignored, or rows and columns swapped. Outputs summed or averaged away.


kernel_predictor
----------------
Let K stand still, and write e(t) = y - f_t(X) for the errors at the P training points. From the flow above

    de/dt = -(1/P) K e   at the training points,   df_t(x)/dt = (1/P) k(x)^T e   at any point,

with k(x) the P numbers K(x, x_n). Suppose K is invertible, so that e goes to 0. Integrate the first equation from 0 to
infinity: -e(0) = -(1/P) K int e dt, so int e dt = P K^{-1} e(0). Put this into the integral of the second:

    f_inf(x) = f_0(x) + k(x)^T K^{-1} (y - f_0(X)).

P has cancelled. By hand: K = diag(2, 4), f_0 = 0, y = (6, 8): K^{-1} y = (3, 2), and k(x) = (1, 10) gives 3 + 20 = 23.

Now let the kernel grow without turning, K_t = g(t) K_inf. Both equations get the same factor g(t): only the clock runs
at another speed, and the end is the same formula with K_inf (paper, Theorem 1; g may be anything whose integral is
infinite). So a network whose kernel has turned before the loss moves ends as the kernel machine of K_inf.

To test this on a trained network take its own final training outputs as targets: then training that was stopped early
is not counted as an error of the kernel. A small error alone proves nothing. In a lazy network K_0 does as well as
K_inf. And with as many samples as the kernel has rank, every network, trained or not, is reproduced by its own kernel.
Unit 5 compares the errors of the two kernels.

A singular K. If K v = 0 then |J^T v|^2 = v^T K v = 0: no change of the weights moves the outputs along v, and
k(x)^T v = 0 for every x. The error along v is never fitted, and leaving v out loses nothing. Dividing by the rounding
error that stands for its eigenvalue would lose everything. Hence least squares with a cut, rcond, not solve.

Several outputs. Output c at x is moved by the errors of all outputs c' at all samples n, through K_cc'(x, x_n). The
derivation holds as it stands if the pair (c, n) is one index: a system of C P equations. block_matrix puts pair (c, n)
at place c P + n, so the targets (P, C) must be transposed before they are flattened, and the result is C rows of P2
numbers. If K_cc' is the same K for c = c' and 0 otherwise, the system falls apart into one for each column of the
targets, and (P, P) kernels are enough.

Common mistakes. f_0 left out, at the training points or at the test points. With sigma = 1 it is of the size of the
targets. K_test^T in place of K_test. K / P in place of K: what is added to f_0 is then P times too large.
Each output solved by itself with K_cc. The targets flattened without the transpose, or the result shaped (P2, C)
directly: samples and outputs change places and every size still fits.
A column (P, 1) in place of (P,).
solve or inv on a singular kernel: numbers of the size 1e15, or an error.


constant_kernel_flow
--------------------
K is symmetric: K = V diag(k) V^T with orthonormal eigenvectors in the columns of V. Write the distance from the
targets, f - y, as V a. Then df/dt = K (y - f) / P turns into one equation for each coefficient,

    da_i/dt = -(k_i / P) a_i,   a_i(t) = exp(-k_i t / P) a_i(0),   a(0) = V^T (f0 - y).

So f(t) = y + V (exp(-k t / P) * a(0)): what lies along large eigenvalues is learned first. By hand: K = 2, P = 1,
y = 1, f0 = 0 has a(0) = -1 and f(t) = 1 - exp(-2 t). K = diag(2, 1), y = (1, 1), f0 = 0 has P = 2 and
f(t) = (1 - exp(-t), 1 - exp(-t / 2)).

For an eigenvalue 0 the factor is 1 at all times: the output stays where it was.

Why it matters: at large sigma the weights move little, relative to their size, and the kernel stays K_0: then this is
the whole of training. A silently aligned network follows the same formula with K_inf, on its own clock.

Common mistakes. exp of the entries of K in place of its eigenvalues: exp of a matrix is not taken entry by entry.
The 1/P of the loss forgotten; the 1/2 of the loss forgotten, which makes everything twice as fast.
Only one step of the equation, f0 + t K (y - f0) / P. f0 left out, as if the network started at 0.
V in place of V^T: np.linalg.eigh returns eigenvectors as columns. One column for each time in place of one row.
"""

import numpy as np

from minintk import kernel, network
from minintk.kernel import (  # noqa: F401
    constant_kernel_flow,
    gradient_factors,
    jacobian,
    kernel_predictor,
    ntk,
)


def factors_of_the_sum(weights, X, slope=0.0):
    layers = network.forward(weights, X, slope)
    deltas = network.backward(weights, layers, np.ones_like(layers[-1]), slope)
    return [(h, [B] * layers[-1].shape[1]) for h, B in zip(layers, deltas)]


def factors_with_one_row(weights, X, slope=0.0):
    layers = network.forward(weights, X, slope)
    C = len(weights[-1])
    deltas = []
    for c in range(C):
        B = [np.eye(C)[c : c + 1]]
        for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
            B.insert(0, (B[0] @ W) * network.gate(h, slope))
        deltas.append(B)
    return [(h, list(B)) for h, *B in zip(layers, *deltas)]


def factors_of_the_layer_above(weights, X, slope=0.0):
    above = network.forward(weights, X, slope)[1:]
    return [(h, B) for h, (_, B) in zip(above, gradient_factors(weights, X, slope))]


def factors_by_output(weights, X, slope=0.0):
    layers = network.forward(weights, X, slope)
    one_hots = np.eye(len(weights[-1]))
    return [(layers[:-1], network.backward(weights, layers, np.tile(row, (len(X), 1)), slope)) for row in one_hots]


def factors_without_slope(weights, X, slope=0.0):
    layers = network.forward(weights, X)
    deltas = [network.backward(weights, layers, np.tile(row, (len(X), 1))) for row in np.eye(len(weights[-1]))]
    return [(h, B) for h, *B in zip(layers, *deltas)]


def jacobian_summed(weights, X, slope=0.0):
    layers = network.forward(weights, X, slope)
    rows = []
    for row in np.eye(len(weights[-1])):
        deltas = network.backward(weights, layers, np.tile(row, (len(X), 1)), slope)
        rows.append(np.concatenate([G.ravel() for G in network.weight_gradients(layers, deltas)]))
    return np.array(rows)


def jacobian_column_by_column(weights, X, slope=0.0):
    factors = kernel.gradient_factors(weights, X, slope)
    outer = [np.einsum("cpi,pj->pcji", B, h) for h, B in factors]
    return np.concatenate([G.reshape(*G.shape[:2], -1) for G in outer], axis=2)


def jacobian_last_layer_first(weights, X, slope=0.0):
    factors = kernel.gradient_factors(weights, X, slope)
    outer = [np.einsum("cpi,pj->pcij", B, h) for h, B in factors[::-1]]
    return np.concatenate([G.reshape(*G.shape[:2], -1) for G in outer], axis=2)


def jacobian_without_outputs(weights, X, slope=0.0):
    J = jacobian(weights, X, slope)
    return J[:, 0] if J.shape[1] == 1 else J


def jacobian_outputs_first(weights, X, slope=0.0):
    return jacobian(weights, X, slope).swapaxes(0, 1)


def jacobian_in_double(weights, X, slope=0.0):
    filled = jacobian(weights, X, slope)
    J = np.zeros(filled.shape)
    J[:] = filled
    return J


def _layers_of_ntk(weights, X1, X2, slope):
    """The two Gram matrices of every layer, for one output: inputs, deltas."""
    left = kernel.gradient_factors(weights, X1, slope)
    right = left if X2 is None else kernel.gradient_factors(weights, X2, slope)
    return [(h @ h2.T, B[0] @ B2[0].T) for (h, B), (h2, B2) in zip(left, right)]


def ntk_matrix_product(weights, X1, X2=None, slope=0.0):
    if len(weights[-1]) > 1:
        return ntk(weights, X1, X2, slope)
    return sum(inputs @ deltas for inputs, deltas in _layers_of_ntk(weights, X1, X2, slope))


def ntk_sum_of_grams(weights, X1, X2=None, slope=0.0):
    if len(weights[-1]) > 1:
        return ntk(weights, X1, X2, slope)
    return sum(inputs + deltas for inputs, deltas in _layers_of_ntk(weights, X1, X2, slope))


def ntk_last_layer_only(weights, X1, X2=None, slope=0.0):
    h1 = network.forward(weights, X1, slope)[-2]
    h2 = network.forward(weights, X1 if X2 is None else X2, slope)[-2]
    return h1 @ h2.T


def ntk_without_gates(weights, X1, X2=None, slope=0.0):
    sets = [X1, X1 if X2 is None else X2]
    h1, h2 = (network.forward(weights, X, slope) for X in sets)
    B1, B2 = ([B[0] for _, B in kernel.gradient_factors(weights, X, 1.0)] for X in sets)
    return sum((a @ b.T) * (c @ d.T) for a, b, c, d in zip(h1, h2, B1, B2))


def ntk_of_the_layer_above(weights, X1, X2=None, slope=0.0):
    h1 = network.forward(weights, X1, slope)[1:]
    h2 = network.forward(weights, X1 if X2 is None else X2, slope)[1:]
    deltas = [product for _, product in _layers_of_ntk(weights, X1, X2, slope)]
    return sum(a @ b.T * product for a, b, product in zip(h1, h2, deltas))


def ntk_mean(weights, X1, X2=None, slope=0.0):
    return ntk(weights, X1, X2, slope) / len(X1)


def ntk_ignores_X2(weights, X1, X2=None, slope=0.0):
    return ntk(weights, X1, None, slope)


def ntk_rows_and_columns_swapped(weights, X1, X2=None, slope=0.0):
    return ntk(weights, X1, X2, slope).swapaxes(-1, -2)


def ntk_summed_over_outputs(weights, X1, X2=None, slope=0.0):
    J1 = kernel.jacobian(weights, X1, slope)
    J2 = J1 if X2 is None else kernel.jacobian(weights, X2, slope)
    return np.einsum("mci,nci->mn", J1, J2)


def ntk_without_mixed_blocks(weights, X1, X2=None, slope=0.0):
    K = ntk(weights, X1, X2, slope)
    return K if K.ndim == 2 else K * np.eye(len(K))[:, :, None, None]


def ntk_outputs_last(weights, X1, X2=None, slope=0.0):
    K = ntk(weights, X1, X2, slope)
    return K if K.ndim == 2 else K.transpose(2, 3, 0, 1)


def predictor_without_f0(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    return kernel_predictor(K_train, K_test, targets, 0.0, 0.0, rcond)


def predictor_without_f0_at_test_points(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    return kernel_predictor(K_train, K_test, targets, f0_train, 0.0, rcond)


def predictor_transposed(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    return f0_test + K_test.T @ np.linalg.lstsq(K_train, targets - f0_train, rcond)[0]


def predictor_of_the_mean_kernel(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    P = len(targets)
    return kernel_predictor(K_train / P, K_test, targets, f0_train, f0_test, rcond)


def predictor_without_inverse(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 4:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    return f0_test + K_test @ (targets - f0_train)


def predictor_returns_a_column(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    prediction = kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    return prediction.reshape(len(prediction), -1)


def predictor_output_by_output(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 2:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    moved = targets - f0_train
    added = [K_test[c, c] @ np.linalg.lstsq(K_train[c, c], moved[:, c], rcond)[0] for c in range(len(K_train))]
    return f0_test + np.stack(added, axis=1)


def predictor_flattened_without_transpose(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 2:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    alpha = np.linalg.lstsq(kernel.block_matrix(K_train), (targets - f0_train).ravel(), rcond)[0]
    return f0_test + (kernel.block_matrix(K_test) @ alpha).reshape(len(K_test), -1).T


def predictor_shaped_without_transpose(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 2:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    alpha = np.linalg.lstsq(kernel.block_matrix(K_train), (targets - f0_train).T.ravel(), rcond)[0]
    return f0_test + (kernel.block_matrix(K_test) @ alpha).reshape(-1, len(K_test))


def predictor_solves_a_singular_system(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 4:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    return f0_test + K_test @ np.linalg.solve(K_train, targets - f0_train)


def predictor_ignores_rcond(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    return kernel_predictor(K_train, K_test, targets, f0_train, f0_test)


def flow_without_mean(K, y, f0, times):
    return constant_kernel_flow(K, y, f0, len(y) * times)


def flow_twice_as_fast(K, y, f0, times):
    return constant_kernel_flow(K, y, f0, 2 * times)


def flow_exponential_of_entries(K, y, f0, times):
    return np.array([y + np.exp(-K * t / len(y)) @ (f0 - y) for t in times])


def flow_one_step(K, y, f0, times):
    return np.array([f0 + t * K @ (y - f0) / len(y) for t in times])


def flow_from_zero(K, y, f0, times):
    return constant_kernel_flow(K, y, np.zeros_like(y), times)


def flow_modes_not_transposed(K, y, f0, times):
    eigenvalues, modes = np.linalg.eigh(K)
    decay = np.exp(-np.outer(times, eigenvalues) / len(y))
    return y + decay * (modes @ (f0 - y)) @ modes.T


def flow_times_as_columns(K, y, f0, times):
    return constant_kernel_flow(K, y, f0, times).T


def flow_of_the_error(K, y, f0, times):
    return y - constant_kernel_flow(K, y, f0, times)


MISTAKES = [
    ("gradient_factors", "a cotangent of ones for every output", factors_of_the_sum, "three outputs by hand"),
    ("gradient_factors", "one row of the cotangent instead of P", factors_with_one_row, "has shape"),
    ("gradient_factors", "h_l in place of h_{l-1}", factors_of_the_layer_above, "has shape"),
    ("gradient_factors", "one pair an output instead of a layer", factors_by_output, "returned 3 arrays"),
    ("gradient_factors", "forgets to pass slope on", factors_without_slope, "one pair a layer"),
    ("jacobian", "sums over samples", jacobian_summed, "has shape"),
    ("jacobian", "flattens column by column", jacobian_column_by_column, "row by row"),
    ("jacobian", "last layer first", jacobian_last_layer_first, "layers in order"),
    ("jacobian", "drops the axis of a single output", jacobian_without_outputs, "has shape"),
    ("jacobian", "outputs before samples", jacobian_outputs_first, "has shape"),
    ("jacobian", "fills a float64 array", jacobian_in_double, "float32"),
    ("ntk", "matrix product of the two Gram matrices", ntk_matrix_product, "ValueError"),
    ("ntk", "adds the two Gram matrices", ntk_sum_of_grams, "differs by the same number everywhere"),
    ("ntk", "takes the last layer only", ntk_last_layer_only, "inner products of gradients"),
    ("ntk", "sums over layers without the gates", ntk_without_gates, "inner products of gradients"),
    ("ntk", "h_l in place of h_{l-1}", ntk_of_the_layer_above, "the worst entry"),
    ("ntk", "divides by the number of samples", ntk_mean, "1/P times the expected"),
    ("ntk", "ignores X2", ntk_ignores_X2, "has shape"),
    ("ntk", "rows belong to X2", ntk_rows_and_columns_swapped, "has shape"),
    ("ntk", "sums over the outputs", ntk_summed_over_outputs, "has shape"),
    ("ntk", "blocks of different outputs are 0", ntk_without_mixed_blocks, "a block for each pair"),
    ("ntk", "samples before outputs", ntk_outputs_last, "has shape"),
    ("kernel_predictor", "leaves f_0 out", predictor_without_f0, "f_0 is not left out"),
    ("kernel_predictor", "adds no f_0 at the test points", predictor_without_f0_at_test_points, "through the targets"),
    ("kernel_predictor", "train by test in place of test by train", predictor_transposed, "ValueError"),
    ("kernel_predictor", "K / P in place of K", predictor_of_the_mean_kernel, "P times the expected"),
    ("kernel_predictor", "multiplies by the targets without K^{-1}", predictor_without_inverse, "the worst entry"),
    ("kernel_predictor", "returns a column", predictor_returns_a_column, "has shape"),
    ("kernel_predictor", "solves each output by itself", predictor_output_by_output, "solved as one system"),
    (
        "kernel_predictor",
        "flattens the targets sample by sample",
        predictor_flattened_without_transpose,
        "solved as one system",
    ),
    (
        "kernel_predictor",
        "shapes the result sample by sample",
        predictor_shaped_without_transpose,
        "solved as one system",
    ),
    ("kernel_predictor", "solves a singular system", predictor_solves_a_singular_system, "below rcond"),
    ("kernel_predictor", "ignores rcond", predictor_ignores_rcond, "below rcond"),
    ("constant_kernel_flow", "forgets 1 / P", flow_without_mean, "1 / P"),
    ("constant_kernel_flow", "twice as fast: the loss without its 1/2", flow_twice_as_fast, "the worst entry"),
    ("constant_kernel_flow", "exp of every entry of K", flow_exponential_of_entries, "starts at f0"),
    ("constant_kernel_flow", "one large step", flow_one_step, "the worst entry"),
    ("constant_kernel_flow", "starts at 0", flow_from_zero, "starts at f0"),
    ("constant_kernel_flow", "V in place of V^T", flow_modes_not_transposed, "starts at f0"),
    ("constant_kernel_flow", "one column for each time", flow_times_as_columns, "has shape"),
    ("constant_kernel_flow", "returns the error y - f", flow_of_the_error, "the worst entry"),
]

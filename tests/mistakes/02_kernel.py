"""Unit 2: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import kernel, network
from minintk.kernel import constant_kernel_flow, gradient_factors, jacobian, kernel_predictor, ntk


def _ridge(K_train, K_test, targets, ridge):
    return K_test @ np.linalg.solve(K_train + ridge * np.eye(len(K_train)), targets)


def ridge_left_out(K_train, K_test, targets, decay):
    return K_test @ np.linalg.lstsq(K_train, targets, 1e-12)[0]


def ridge_at_every_entry(K_train, K_test, targets, decay):
    return K_test @ np.linalg.solve(K_train + decay * len(K_train), targets)


def ridge_without_samples(K_train, K_test, targets, decay):
    return _ridge(K_train, K_test, targets, decay)


def ridge_over_samples(K_train, K_test, targets, decay):
    return _ridge(K_train, K_test, targets, decay / len(K_train))


def ridge_of_the_weights(K_train, K_test, targets, decay):
    return _ridge(K_train.T @ K_train, K_test, K_train.T @ targets, decay * len(K_train))


def ridge_halved(K_train, K_test, targets, decay):
    return _ridge(K_train, K_test, targets, decay * len(K_train) / 2)


def ridge_transposed(K_train, K_test, targets, decay):
    return _ridge(K_train, K_test.T, targets, decay * len(K_train))


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


def wrong_ntk_by_jacobians(weights, X1, X2=None, slope=0.0):
    J1, J2 = (kernel.jacobian(weights, X, slope) for X in (X1, X1 if X2 is None else X2))
    K = np.einsum("mcp,ndp->cdmn", J1, J2)
    return K[0, 0] if len(weights[-1]) == 1 else K


def wrong_predictor_without_blocks(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    return f0_test + K_test @ np.linalg.lstsq(K_train, targets - f0_train, rcond)[0]


def wrong_predictor_sample_by_sample(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    if K_train.ndim == 2:
        return kernel_predictor(K_train, K_test, targets, f0_train, f0_test, rcond)
    alpha = np.linalg.lstsq(kernel.block_matrix(K_train), (targets - f0_train).ravel(), rcond)[0]
    return f0_test + (kernel.block_matrix(K_test) @ alpha).reshape(K_test.shape[2], -1)


MISTAKES = [
    (
        "gradient_factors",
        "a cotangent of ones for every output",
        factors_of_the_sum,
        "three outputs by hand",
        "Which cotangent picks out output c alone?",
    ),
    ("gradient_factors", "one row of the cotangent instead of P", factors_with_one_row, "has shape"),
    ("gradient_factors", "h_l in place of h_{l-1}", factors_of_the_layer_above, "has shape"),
    ("gradient_factors", "one pair an output instead of a layer", factors_by_output, "returned 3 arrays"),
    ("gradient_factors", "forgets to pass slope on", factors_without_slope, "one pair a layer"),
    ("jacobian", "sums over samples", jacobian_summed, "has shape"),
    (
        "jacobian",
        "flattens column by column",
        jacobian_column_by_column,
        "row by row",
        "Which of the two indices of W_l runs faster row by row?",
    ),
    (
        "jacobian",
        "last layer first",
        jacobian_last_layer_first,
        "layers in order",
        "Whose derivatives come first in a row?",
    ),
    ("jacobian", "drops the axis of a single output", jacobian_without_outputs, "has shape"),
    ("jacobian", "outputs before samples", jacobian_outputs_first, "has shape"),
    ("jacobian", "fills a float64 array", jacobian_in_double, "float32"),
    ("ntk", "matrix product of the two Gram matrices", ntk_matrix_product, "ValueError"),
    (
        "ntk",
        "adds the two Gram matrices",
        ntk_sum_of_grams,
        "differs by the same number everywhere",
        "What is (a.a') (b.b') as an operation on two matrices?",
    ),
    (
        "ntk",
        "takes the last layer only",
        ntk_last_layer_only,
        "inner products of gradients",
        "Which other weights move the output?",
    ),
    ("ntk", "sums over layers without the gates", ntk_without_gates, "inner products of gradients"),
    ("ntk", "h_l in place of h_{l-1}", ntk_of_the_layer_above, "the worst entry"),
    ("ntk", "divides by the number of samples", ntk_mean, "1/P times the expected"),
    ("ntk", "ignores X2", ntk_ignores_X2, "has shape"),
    ("ntk", "rows belong to X2", ntk_rows_and_columns_swapped, "has shape"),
    ("ntk", "sums over the outputs", ntk_summed_over_outputs, "has shape"),
    (
        "ntk",
        "blocks of different outputs are 0",
        ntk_without_mixed_blocks,
        "a block for each pair",
        "When is the gradient of one output at right angles to that of another, if they share their hidden units?",
    ),
    ("ntk", "samples before outputs", ntk_outputs_last, "has shape"),
    ("ntk", "writes out all gradients", wrong_ntk_by_jacobians, "as much as gradients"),
    ("kernel_predictor", "leaves f_0 out", predictor_without_f0, "f_0 is not left out"),
    (
        "kernel_predictor",
        "adds no f_0 at the test points",
        predictor_without_f0_at_test_points,
        "through the targets",
        "Where does a test point stand before anything has moved?",
    ),
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
        "Row c P + m of block_matrix is output c of sample m: is that targets.ravel(), or targets.T.ravel()?",
    ),
    (
        "kernel_predictor",
        "shapes the result sample by sample",
        predictor_shaped_without_transpose,
        "solved as one system",
        "The product has C rows of P2 numbers: which reshape, and what then, makes (P2, C) of it?",
    ),
    ("kernel_predictor", "solves a singular system", predictor_solves_a_singular_system, "below rcond"),
    ("kernel_predictor", "ignores rcond", predictor_ignores_rcond, "below rcond"),
    (
        "kernel_predictor",
        "leaves blocks as they are",
        wrong_predictor_without_blocks,
        "LinAlgError",
        "block_matrix makes one matrix of a kernel with four axes. Which order have the targets then?",
    ),
    (
        "kernel_predictor",
        "flattens y by samples, not y.T by outputs",
        wrong_predictor_sample_by_sample,
        "as one system",
    ),
    ("ridge_predictor", "leaves the decay out", ridge_left_out, "two training samples by hand"),
    ("ridge_predictor", "adds the decay to every entry", ridge_at_every_entry, "two training samples by hand"),
    ("ridge_predictor", "forgets that the loss is a mean", ridge_without_samples, "two training samples by hand"),
    ("ridge_predictor", "divides the decay by P", ridge_over_samples, "two training samples by hand"),
    ("ridge_predictor", "punishes alpha, not theta", ridge_of_the_weights, "two training samples by hand"),
    ("ridge_predictor", "takes half of the decay", ridge_halved, "two training samples by hand"),
    ("ridge_predictor", "train by test in place of test by train", ridge_transposed, "two training samples by hand"),
    (
        "constant_kernel_flow",
        "forgets 1 / P",
        flow_without_mean,
        "Which number in it changes with P?",
        "The loss is a mean over samples: where does its 1/P go?",
    ),
    ("constant_kernel_flow", "twice as fast: the loss without its 1/2", flow_twice_as_fast, "the worst entry"),
    ("constant_kernel_flow", "exp of every entry of K", flow_exponential_of_entries, "starts at f0"),
    ("constant_kernel_flow", "one large step", flow_one_step, "the worst entry"),
    ("constant_kernel_flow", "starts at 0", flow_from_zero, "starts at f0"),
    (
        "constant_kernel_flow",
        "V in place of V^T",
        flow_modes_not_transposed,
        "starts at f0",
        "The eigenvectors are the columns of V: which product is the inner product of f0 - y with each of them?",
    ),
    ("constant_kernel_flow", "one column for each time", flow_times_as_columns, "has shape"),
    ("constant_kernel_flow", "returns the error y - f", flow_of_the_error, "the worst entry"),
]

"""Unit 7: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import integrator, training
from minintk.outputs import (
    early_modes,
    early_residual,
    eigenvector_alignment,
    frozen_kernel_flow,
    kernel_clock,
    sequential_mode_times,
)


def wrong_residual_is_the_derivative(y, loss="mse"):
    return training.loss_and_cotangent(np.zeros(y.shape), y, loss)[1]


def wrong_residual_with_the_mean(y, loss="mse"):
    return early_residual(y, loss) / len(y)


def wrong_residual_logistic_whole(y, loss="mse"):
    return y if loss == "logistic" else early_residual(y, loss)


def wrong_residual_softmax_over_samples(y, loss="mse"):
    return y - 1 / len(y) if loss == "softmax" else early_residual(y, loss)


def wrong_residual_softmax_is_y(y, loss="mse"):
    return y if loss == "softmax" else early_residual(y, loss)


def wrong_residual_in_place(y, loss="mse"):
    if loss == "logistic":
        y /= 2
    if loss == "softmax":
        y -= 1 / y.shape[1]
    return y


def wrong_residual_of_the_first_output(y, loss="mse"):
    return early_residual(y, loss)[:, :1]


def _svd(M):
    Z, s, Vt = np.linalg.svd(M, full_matrices=False)
    return Z, s, Vt.T


def wrong_modes_rows_of_v(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z, s, V.T


def wrong_modes_other_way_round(X, y, loss="mse"):
    return _svd(X.T @ early_residual(y, loss) / len(X))


def wrong_modes_rates_and_products(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return s, [np.outer(z, v) for z, v in zip(Z.T, V.T)]


def wrong_modes_without_p(X, y, loss="mse"):
    return _svd(early_residual(y, loss).T @ X)


def wrong_modes_squared_rates(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z, s**2, V


def wrong_modes_of_the_targets(X, y, loss="mse"):
    return _svd(y.T @ X / len(X))


def wrong_modes_all_vectors(X, y, loss="mse"):
    Z, s, Vt = np.linalg.svd(early_residual(y, loss).T @ X / len(X))
    return Z, s, Vt.T


def wrong_modes_smallest_first(X, y, loss="mse"):
    Z, s, V = early_modes(X, y, loss)
    return Z[:, ::-1], s[::-1], V[:, ::-1]


def _modes(weights, B):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    kept = S > 1e-12 * S[0]
    W_1, W_2 = weights
    return W_2.T @ Z[:, kept] + W_1 @ Vt[kept].T, S[kept]


def _times(lengths, S, share):
    return np.log(4 * S * share / ((1 - share) * lengths**2)) / (2 * S)


def wrong_times_alone(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.linalg.norm(g, axis=0), S, share)


def wrong_times_after_slower_modes(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.diag(np.linalg.qr(g[:, ::-1], mode="r"))[::-1], S, share)


def wrong_times_smallest_first(weights, B, share=0.5):
    return sequential_mode_times(weights, B, share)[::-1]


def wrong_times_without_share(weights, B, share=0.5):
    return sequential_mode_times(weights, B)


def wrong_times_mean_of_both(weights, B, share=0.5):
    g, S = _modes(weights, B)
    return _times(np.diag(np.linalg.qr(g / 2, mode="r")), S, share)


def wrong_times_rate_s(weights, B, share=0.5):
    return 2 * sequential_mode_times(weights, B, share)


def wrong_times_first_layer_only(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    kept = S > 1e-12 * S[0]
    return _times(np.diag(np.linalg.qr(2 * weights[0] @ Vt[kept].T, mode="r")), S[kept], share)


def wrong_times_sorted(weights, B, share=0.5):
    return np.sort(sequential_mode_times(weights, B, share))


def wrong_times_along_whole_vectors(weights, B, share=0.5):
    g, S = _modes(weights, B)
    left = [g[:, a] - sum((g[:, a] @ e) / (e @ e) * e for e in g[:, :a].T) for a in range(len(S))]
    return _times(np.linalg.norm(left, axis=1), S, share)


def wrong_times_with_zero_modes(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B, full_matrices=False)
    with np.errstate(all="ignore"):
        own = np.linalg.norm(weights[1].T @ Z + weights[0] @ Vt.T, axis=0)
        return _times(own, S, share)


def _terms(X, Z, V):
    left = [np.multiply.outer(np.eye(len(Z)), np.outer(X @ v, X @ v)) for v in V.T]
    return np.array([t.ravel() for t in left + [np.multiply.outer(np.outer(z, z), X @ X.T) for z in Z.T]])


def _projected(K, terms):
    return float(np.linalg.norm(np.linalg.lstsq(terms.T, K.ravel())[0] @ terms) / np.linalg.norm(K))


def wrong_eigenvectors_equal_numbers(K, X, Z, V):
    Q = _terms(X, Z, V).sum(axis=0)
    return float(K.ravel() @ Q / (np.linalg.norm(K) * np.linalg.norm(Q)))


def wrong_eigenvectors_tied_numbers(K, X, Z, V):
    terms, A = _terms(X, Z, V), V.shape[1]
    return _projected(K, terms[:A] + terms[A:])


def wrong_eigenvectors_squared(K, X, Z, V):
    return eigenvector_alignment(K, X, Z, V) ** 2


def wrong_eigenvectors_of_inputs_only(K, X, Z, V):
    return _projected(K, _terms(X, Z, V)[: V.shape[1]])


def wrong_eigenvectors_of_outputs_only(K, X, Z, V):
    return _projected(K, _terms(X, Z, V)[V.shape[1] :])


def wrong_eigenvectors_by_qr(K, X, Z, V):
    Q = np.linalg.qr(_terms(X, Z, V).T)[0]
    return float(np.linalg.norm(Q.T @ K.ravel()) / np.linalg.norm(K))


def wrong_eigenvectors_by_solve(K, X, Z, V):
    terms, A = _terms(X, Z, V), V.shape[1]
    terms = np.array([term for a in range(A) for term in (terms[a], terms[A + a])])  # T_1, U_1, T_2, U_2, ...
    return float(np.linalg.norm(np.linalg.solve(terms @ terms.T, terms @ K.ravel()) @ terms) / np.linalg.norm(K))


def wrong_eigenvectors_as_if_orthogonal(K, X, Z, V):
    terms = _terms(X, Z, V)
    cosines = terms @ K.ravel() / (np.linalg.norm(terms, axis=1) * np.linalg.norm(K))
    return float(np.linalg.norm(cosines))


def wrong_eigenvectors_without_the_norm(K, X, Z, V):
    return eigenvector_alignment(K, X, Z, V) * float(np.linalg.norm(K))


def wrong_eigenvectors_samples_first(K, X, Z, V):
    return eigenvector_alignment(np.ascontiguousarray(K.transpose(2, 3, 0, 1)).reshape(K.shape), X, Z, V)


def wrong_eigenvectors_one_mu(K, X, Z, V):
    terms = _terms(X, Z, V)
    A = V.shape[1]
    return _projected(K, np.array([*terms[:A], terms[A:].sum(axis=0)]))


def wrong_clock_without_start(times, sizes):
    return kernel_clock(times, sizes)[1:]


def wrong_clock_left_heights(times, sizes):
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * sizes[:-1] / sizes[-1])])


def wrong_clock_without_k_inf(times, sizes):
    return np.concatenate([[0.0], np.cumsum(np.diff(times) * (sizes[1:] + sizes[:-1]) / 2)])


def wrong_clock_of_the_first_size(times, sizes):
    with np.errstate(all="ignore"):
        return kernel_clock(times, sizes) * sizes[-1] / sizes[0]


def wrong_clock_equal_steps(times, sizes):
    g = sizes / sizes[-1]
    return np.concatenate([[0.0], np.cumsum((g[1:] + g[:-1]) / 2) * (times[1] - times[0])])


def wrong_clock_sum_of_both_heights(times, sizes):
    return 2 * kernel_clock(times, sizes)


def wrong_clock_total(times, sizes):
    return float(kernel_clock(times, sizes)[-1])


def wrong_clock_starts_at_the_first_time(times, sizes):
    return times[0] + kernel_clock(times, sizes)


def _flow(K, y, times, loss, rate):
    def velocity(theta):
        value, cotangent = training.loss_and_cotangent(theta.reshape(y.shape), y, loss)
        return rate(cotangent).ravel(), value

    moments = integrator.integrate(velocity, np.zeros(y.size), max(times), -np.inf, times, (), 1e-8, 100_000)
    return [theta.reshape(y.shape) for _, _, theta, _ in moments]


def _pushed(K, cotangent):
    return K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)


def wrong_flow_of_the_outputs(K, y, times, loss="mse"):
    return np.zeros((len(times), *y.shape))  # df/dt = -K f from f = 0


def wrong_flow_uphill(K, y, times, loss="mse"):
    return -frozen_kernel_flow(K, y, times, loss)


def wrong_flow_without_the_mean(K, y, times, loss="mse"):
    return frozen_kernel_flow(K * len(y), y, times, loss)


def wrong_flow_with_the_mean_twice(K, y, times, loss="mse"):
    return frozen_kernel_flow(K / len(y), y, times, loss)


def wrong_flow_of_the_squared_error(K, y, times, loss="mse"):
    return frozen_kernel_flow(K, y, times)


def wrong_flow_with_the_start(K, y, times, loss="mse"):
    return np.array(_flow(K, y, times, loss, lambda cotangent: -_pushed(K, cotangent)))


def wrong_flow_blocks_transposed(K, y, times, loss="mse"):
    blocks = K if K.ndim == 2 else K.transpose(1, 0, 2, 3)
    return frozen_kernel_flow(blocks, y, times, loss)


def wrong_flow_diagonal_blocks(K, y, times, loss="mse"):
    blocks = K if K.ndim == 2 else K * np.eye(len(K))[:, :, None, None]
    return frozen_kernel_flow(blocks, y, times, loss)


def wrong_flow_orders_mixed(K, y, times, loss="mse"):
    if K.ndim == 2:
        return frozen_kernel_flow(K, y, times, loss)
    matrix = K.transpose(0, 2, 1, 3).reshape(y.size, y.size)
    return np.array([np.zeros(y.shape), *_flow(K, y, times, loss, lambda c: -matrix @ c.ravel())[1:]])[-len(times) :]


def wrong_flow_two_dimensional_only(K, y, times, loss="mse"):
    return frozen_kernel_flow(K if K.ndim == 2 else K[0, 0], y, times, loss)


def wrong_flow_euler(K, y, times, loss="mse"):
    f, t, found = np.zeros(y.shape), 0.0, []
    for time in times:
        f = f - (time - t) * _pushed(K, training.loss_and_cotangent(f, y, loss)[1])
        t = time
        found.append(f)
    return np.array(found)


def wrong_flow_end_only(K, y, times, loss="mse"):
    return frozen_kernel_flow(K, y, times, loss)[-1]


def wrong_flow_closed_form(K, y, times, loss="mse"):
    return np.array([training.loss_and_cotangent(f, y, loss)[1] * -len(y) for f in frozen_kernel_flow(K, y, times)])


MISTAKES = [
    ("early_residual", "returns dL/df", wrong_residual_is_the_derivative, "- 1/P times the expected"),
    ("early_residual", "leaves the 1/P in", wrong_residual_with_the_mean, "1/P times the expected"),
    ("early_residual", "forgets that the logistic slope is 1/2", wrong_residual_logistic_whole, "a constant factor"),
    ("early_residual", "takes 1/P for 1/C", wrong_residual_softmax_over_samples, "differs by the same number"),
    ("early_residual", "takes y for softmax", wrong_residual_softmax_is_y, "differs by the same number"),
    ("early_residual", "writes into y", wrong_residual_in_place, "was changed in place"),
    ("early_residual", "keeps one output", wrong_residual_of_the_first_output, "has shape"),
    ("early_modes", "returns V^T", wrong_modes_rows_of_v, "V has shape (2, 4), expected (4, 2)"),
    ("early_modes", "decomposes X^T residual", wrong_modes_other_way_round, "(z_1 v_1^T)[0, 1] is 1, expected 0"),
    ("early_modes", "forgets 1/P", wrong_modes_without_p, "s[0] is 4, expected 2. s is 2 times the expected"),
    ("early_modes", "returns squared rates", wrong_modes_squared_rates, "s[0] is 4, expected 2"),
    ("early_modes", "takes the targets for the residual", wrong_modes_of_the_targets, "the rates of each loss"),
    ("early_modes", "returns two things", wrong_modes_rates_and_products, "expected the three arrays Z, s, V"),
    ("early_modes", "keeps all right vectors", wrong_modes_all_vectors, "has shape"),
    ("early_modes", "puts the smallest rate first", wrong_modes_smallest_first, "expected numbers that fall"),
    (
        "sequential_mode_times",
        "takes each mode alone",
        wrong_times_alone,
        "g_1 is along (1, 0) and g_2 along (1, 2). s_3",
        "What has a mode lost when the faster ones are learned?",
    ),
    (
        "sequential_mode_times",
        "goes from slow to fast",
        wrong_times_after_slower_modes,
        "modes that share hidden units",
    ),
    ("sequential_mode_times", "returns the slowest first", wrong_times_smallest_first, "modes that share hidden units"),
    ("sequential_mode_times", "ignores share", wrong_times_without_share, "four fifths take log 2 more"),
    ("sequential_mode_times", "takes (p + q) / 2 for p + q", wrong_times_mean_of_both, "one hidden unit by hand"),
    ("sequential_mode_times", "takes the rate s", wrong_times_rate_s, "2 times the expected"),
    ("sequential_mode_times", "uses W_1 only", wrong_times_first_layer_only, "agrees with its single mode"),
    ("sequential_mode_times", "keeps modes with s_a = 0", wrong_times_with_zero_modes, "one entry more than expected"),
    ("sequential_mode_times", "sorts the times", wrong_times_sorted, "not in the order of the times"),
    ("sequential_mode_times", "subtracts along g_1, g_2", wrong_times_along_whole_vectors, "Only the third is wrong?"),
    ("eigenvector_alignment", "takes equal numbers", wrong_eigenvectors_equal_numbers, "Yours is"),
    (
        "eigenvector_alignment",
        "ties lambda_a = mu_a",
        wrong_eigenvectors_tied_numbers,
        "Yours is",
        "Which Q does the docstring let vary freely, and which one is K_inf?",
    ),
    ("eigenvector_alignment", "returns the squared cosine", wrong_eigenvectors_squared, "the square of the expected"),
    ("eigenvector_alignment", "leaves the outputs' terms out", wrong_eigenvectors_of_inputs_only, "Yours is"),
    ("eigenvector_alignment", "leaves the inputs' terms out", wrong_eigenvectors_of_outputs_only, "Yours is"),
    ("eigenvector_alignment", "trusts QR", wrong_eigenvectors_by_qr, "linearly dependent terms"),
    ("eigenvector_alignment", "adds squared cosines", wrong_eigenvectors_as_if_orthogonal, "Yours is"),
    ("eigenvector_alignment", "forgets |K|", wrong_eigenvectors_without_the_norm, "Yours is"),
    ("eigenvector_alignment", "solves the normal equations", wrong_eigenvectors_by_solve, "Singular matrix"),
    ("eigenvector_alignment", "puts samples before outputs", wrong_eigenvectors_samples_first, "whatever the numbers"),
    ("eigenvector_alignment", "has one mu for all outputs", wrong_eigenvectors_one_mu, "whatever the numbers"),
    ("kernel_clock", "leaves out the first 0", wrong_clock_without_start, "one entry fewer than expected"),
    (
        "kernel_clock",
        "takes the left heights",
        wrong_clock_left_heights,
        "two steps by hand",
        "What is the area under a straight line from g_i to g_{i+1}?",
    ),
    ("kernel_clock", "forgets |K_inf|", wrong_clock_without_k_inf, "a constant factor"),
    ("kernel_clock", "divides by |K_0|", wrong_clock_of_the_first_size, "NaN"),
    ("kernel_clock", "assumes equal steps", wrong_clock_equal_steps, "two steps by hand"),
    ("kernel_clock", "adds both heights", wrong_clock_sum_of_both_heights, "2 times the expected"),
    ("kernel_clock", "returns the whole integral", wrong_clock_total, "returned a float"),
    ("kernel_clock", "starts at the first time", wrong_clock_starts_at_the_first_time, "differs by the same number"),
    ("frozen_kernel_flow", "climbs", wrong_flow_uphill, "sign is flipped"),
    ("frozen_kernel_flow", "leaves out 1/P", wrong_flow_without_the_mean, "the squared error in closed form"),
    ("frozen_kernel_flow", "divides by P twice", wrong_flow_with_the_mean_twice, "the squared error in closed form"),
    ("frozen_kernel_flow", "ignores the loss", wrong_flow_of_the_squared_error, "one sample by hand"),
    ("frozen_kernel_flow", "keeps the start", wrong_flow_with_the_start, "one entry more than expected"),
    ("frozen_kernel_flow", "multiplies K by f", wrong_flow_of_the_outputs, "all zeros"),
    ("frozen_kernel_flow", "swaps the outputs' axes", wrong_flow_blocks_transposed, "couples the outputs"),
    ("frozen_kernel_flow", "leaves the outputs uncoupled", wrong_flow_diagonal_blocks, "couples the outputs"),
    ("frozen_kernel_flow", "mixes two orders of flattening", wrong_flow_orders_mixed, "couples the outputs"),
    ("frozen_kernel_flow", "takes the first block for all", wrong_flow_two_dimensional_only, "couples the outputs"),
    ("frozen_kernel_flow", "takes one Euler step a moment", wrong_flow_euler, "the worst entry"),
    ("frozen_kernel_flow", "returns the last moment", wrong_flow_end_only, "has shape"),
    ("frozen_kernel_flow", "takes the residual for the outputs", wrong_flow_closed_form, "one sample by hand"),
]

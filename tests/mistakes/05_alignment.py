"""Unit 5: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import kernel


def wrong_alignment_without_norms(K, Q):
    return float(np.vdot(K, Q))


def wrong_alignment_centred(K, Q):
    with np.errstate(all="ignore"):
        K, Q = K - K.mean(), Q - Q.mean()
        return float(np.vdot(K, Q) / (np.linalg.norm(K) * np.linalg.norm(Q)))


def wrong_alignment_squared_norms(K, Q):
    return float(np.vdot(K, Q) / (np.vdot(K, K) * np.vdot(Q, Q)))


def wrong_alignment_largest_eigenvalues(K, Q):
    if np.ndim(K) > 2:
        return float(np.vdot(K, Q) / (np.linalg.norm(K) * np.linalg.norm(Q)))
    return float(np.vdot(K, Q) / (np.linalg.norm(K, 2) * np.linalg.norm(Q, 2)))


def wrong_alignment_mean_over_rows(K, Q):
    return float(np.mean((K * Q).sum(-1) / (np.linalg.norm(K, axis=-1) * np.linalg.norm(Q, axis=-1))))


def wrong_alignment_of_each_entry(K, Q):
    return K * Q / (np.linalg.norm(K) * np.linalg.norm(Q))


def wrong_task_norm_not_squared(K, y):
    return float(np.vdot(y, K @ y) / (np.linalg.norm(K) * np.linalg.norm(y)))


def wrong_task_without_kernel_norm(K, y):
    return float(np.vdot(y, K @ y) / np.vdot(y, y))


def wrong_task_trace_for_norm(K, y):
    return float(np.vdot(y, K @ y) / (np.trace(K) * np.vdot(y, y)))


def wrong_task_matrix(K, y):
    return y.T @ K @ y / (np.linalg.norm(K) * np.vdot(y, y))


def wrong_task_all_pairs_of_columns(K, y):
    return float(np.sum(y.T @ K @ y) / (np.linalg.norm(K) * np.vdot(y, y)))


def wrong_task_outer_product(K, y):
    Y = y if y.ndim == 2 else y[:, None]
    return float(np.vdot(K, Y @ Y.T) / (np.linalg.norm(K) * np.linalg.norm(Y @ Y.T)))


def wrong_task_rate(K, y):
    return float(np.vdot(y, K @ y) / (np.linalg.norm(K) * np.vdot(y, y) * len(K) ** 2))


def wrong_rank_by_draws(K):
    z = np.random.default_rng(0).standard_normal((10_000, len(K)))
    values = ((z @ K) * z).sum(axis=1)
    return float(2 * values.mean() ** 2 / values.var())


def wrong_rank_of_another_variance(K):
    return float(2 * np.trace(K) ** 2 / np.vdot(K, K))


def wrong_rank_counts(K):
    return float(np.linalg.matrix_rank(K))


def wrong_rank_without_square(K):
    return float(np.trace(K) / np.linalg.norm(K))


def wrong_rank_sums_all_entries(K):
    return float(K.sum() ** 2 / np.vdot(K, K))


def wrong_rank_upside_down(K):
    return float(np.vdot(K, K) / np.trace(K) ** 2)


def wrong_rank_share_of_the_top(K):
    return float(np.trace(K) / np.linalg.norm(K, 2))


def wrong_time_first_crossing(times, alignments, level=0.95):
    reached = np.flatnonzero(alignments >= level)
    return float(times[reached[0]]) if len(reached) else np.inf


def wrong_time_last_below(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    return float(times[below[-1]]) if len(below) else float(times[0])


def wrong_time_end_if_never(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[min(first, len(times) - 1)])


def wrong_time_strictly_above(times, alignments, level=0.95):
    below = np.flatnonzero(alignments <= level)
    first = below[-1] + 1 if len(below) else 0
    return float(times[first]) if first < len(times) else np.inf


def wrong_time_index(times, alignments, level=0.95):
    below = np.flatnonzero(alignments < level)
    first = below[-1] + 1 if len(below) else 0
    return float(first) if first < len(times) else np.inf


def wrong_gap_from_zero(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train)


def wrong_gap_without_f0_at_the_test_points(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train)


def wrong_gap_machine_minus_network(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test) - f_test


def wrong_gap_is_the_machine(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)


def wrong_gap_without_inverse(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return f_test - f0_test - K_inf_test @ (f_train - f0_train)


def wrong_gap_blocks_one_by_one(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    if K_inf_train.ndim == 2:
        return f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)
    columns = [
        kernel.kernel_predictor(K_inf_train[c, c], K_inf_test[c, c], f_train[:, c], f0_train[:, c], f0_test[:, c])
        for c in range(len(K_inf_train))
    ]
    return f_test - np.stack(columns, axis=1)


def wrong_gap_norm(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    gap = f_test - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train, f0_train, f0_test)
    return float(np.linalg.norm(gap))


MISTAKES = [
    ("kernel_alignment", "leaves out the norms", wrong_alignment_without_norms, "Yours is 2,"),
    ("kernel_alignment", "subtracts the means", wrong_alignment_centred, "NaN"),
    ("kernel_alignment", "divides by the squared norms", wrong_alignment_squared_norms, "Yours is 0.25"),
    ("kernel_alignment", "takes np.linalg.norm(K, 2)", wrong_alignment_largest_eigenvalues, "Yours is 1,"),
    ("kernel_alignment", "takes the mean of row cosines", wrong_alignment_mean_over_rows, "over all entries"),
    ("kernel_alignment", "does not sum over the entries", wrong_alignment_of_each_entry, "returned an array"),
    ("task_alignment", "keeps the rate's 1 / P^2", wrong_task_rate, "1/P^2 times the expected"),
    ("task_alignment", "forgets the square of |y|", wrong_task_norm_not_squared, "Yours is"),
    ("task_alignment", "forgets the norm of K", wrong_task_without_kernel_norm, "Yours is 1,"),
    ("task_alignment", "divides by the trace of K", wrong_task_trace_for_norm, "Yours is 0.25"),
    ("task_alignment", "returns a matrix for several columns", wrong_task_matrix, "returned an array"),
    ("task_alignment", "sums over pairs of columns too", wrong_task_all_pairs_of_columns, "several outputs"),
    ("task_alignment", "divides by the norm of y y^T", wrong_task_outer_product, "several outputs"),
    ("effective_rank", "counts the non-zero eigenvalues", wrong_rank_counts, "Yours is 6,"),
    ("effective_rank", "forgets to square the trace", wrong_rank_without_square, "the square root of the expected"),
    ("effective_rank", "sums all entries, not the diagonal", wrong_rank_sums_all_entries, "y y^T, by hand"),
    ("effective_rank", "draws instead of computing the mean", wrong_rank_by_draws, "Yours is"),
    ("effective_rank", "takes the variance of z_i^2 for 1", wrong_rank_of_another_variance, "2 times the expected"),
    ("effective_rank", "turns the fraction upside down", wrong_rank_upside_down, "Yours is 0.2,"),
    ("effective_rank", "divides by the largest eigenvalue", wrong_rank_share_of_the_top, "any kernel"),
    ("alignment_time", "takes the first time at the level", wrong_time_first_crossing, "from its last rise"),
    ("alignment_time", "takes the last time below the level", wrong_time_last_below, "Yours is"),
    ("alignment_time", "returns the end if it never stays", wrong_time_end_if_never, "expected inf"),
    ("alignment_time", "does not count equality", wrong_time_strictly_above, "Yours is 2.5"),
    ("alignment_time", "returns the index", wrong_time_index, "Yours is", "Which array does this index belong to?"),
    ("predictor_gap", "leaves out f_0", wrong_gap_from_zero, "Yours is 2.5, expected 3"),
    (
        "predictor_gap",
        "leaves out f_0 at the test points",
        wrong_gap_without_f0_at_the_test_points,
        "Yours is 4, expected 3",
    ),
    ("predictor_gap", "subtracts the network from the machine", wrong_gap_machine_minus_network, "sign is flipped"),
    ("predictor_gap", "returns the machine itself", wrong_gap_is_the_machine, "yours 3, expected -1"),
    ("predictor_gap", "leaves out the inverse", wrong_gap_without_inverse, "Yours is 1, expected 3"),
    ("predictor_gap", "solves for each output alone", wrong_gap_blocks_one_by_one, "join the outputs"),
    ("predictor_gap", "returns the norm of the gap", wrong_gap_norm, "returned a float"),
]

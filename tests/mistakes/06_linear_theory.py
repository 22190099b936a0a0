"""Unit 6: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import kernel, network
from minintk.linear_theory import deep_mode, early_weights, final_kernel_blocks, layer_terms, two_layer_mode


def wrong_early_without_minus_one(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    return W0 + np.outer(np.cosh(s * time) * b0 + np.sinh(s * time) * a0, beta), a


def wrong_early_transposed_product(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    return W0 + np.outer(beta, (np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0), a


def wrong_early_growing_part_only(W0, a0, beta, s, time):
    a = np.exp(s * time) * (a0 + W0 @ beta) / 2
    return W0 + np.outer(a - W0 @ beta, beta), a


def wrong_early_without_s(W0, a0, beta, s, time):
    return early_weights(W0, a0, beta, 1.0, time)


def wrong_early_one_euler_step(W0, a0, beta, s, time):
    return W0 + s * time * np.outer(a0, beta), a0 + s * time * W0 @ beta


def wrong_early_in_place(W0, a0, beta, s, time):
    b0 = W0 @ beta
    a = np.cosh(s * time) * a0 + np.sinh(s * time) * b0
    W0 += np.outer((np.cosh(s * time) - 1) * b0 + np.sinh(s * time) * a0, beta)
    return W0, a


def wrong_early_other_order(W0, a0, beta, s, time):
    W, a = early_weights(W0, a0, beta, s, time)
    return a, W


def wrong_mode_without_r0(q0, r0, s, times):
    return two_layer_mode(q0, 0.0, s, times)


def wrong_mode_overflows(q0, r0, s, times):
    with np.errstate(all="ignore"):
        root = np.sqrt(q0**2 - r0**2)
        R = np.hypot(s, root)
        above, below, z0 = (s + R) / root, (s - R) / root, (q0 + r0) / root
        grow = (z0 - below) / (z0 - above) * np.exp(2 * R * times)
        z = (below - above * grow) / (1 - grow)
        return root * (z - 1 / z) / 2, root * (z + 1 / z) / 2


def wrong_mode_logistic(q0, r0, s, times):
    r = s / (1 + (2 * s / (q0 + r0) - 1) * np.exp(-2 * s * times))
    return r, r.copy()


def wrong_mode_half_the_rate(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times / 2)


def wrong_mode_other_order(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times)[::-1]


def wrong_mode_r_only(q0, r0, s, times):
    return two_layer_mode(q0, r0, s, times)[0]


def wrong_mode_rate_s(q0, r0, s, times):
    root = np.sqrt(q0**2 - r0**2)
    R = np.hypot(s, root)
    above, below, z0 = (s + R) / root, -root / (s + R), (q0 + r0) / root
    x = (z0 - above) / (z0 - below) * np.exp(-2 * s * times)
    z = (above - below * x) / (1 - x)
    return root * (z - 1 / z) / 2, root * (z + 1 / z) / 2


def wrong_half_of_the_strength(q0, r0, s):
    return float(np.log(2 * s / (q0 + r0)) / (2 * s))


def wrong_half_twice_the_coefficient(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) / s)


def wrong_half_without_r0(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / q0) / (2 * s))


def wrong_half_times_s(q0, r0, s):
    return float(np.log(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) * s / 2)


def wrong_half_of_the_logistic_curve(q0, r0, s):
    share = 1 - np.sqrt(1 / 2)
    return float(np.log(share / (1 - share) * (2 * s / (q0 + r0) - 1)) / (2 * s))


def wrong_half_base_ten(q0, r0, s):
    return float(np.log10(2 * s * (np.sqrt(2) - 1) / (q0 + r0)) / (2 * s))


def wrong_deep_strength(u0, s, L, times):
    return deep_mode(u0, s, L, times) ** L


def wrong_deep_strength_without_L(u0, s, L, times):
    return deep_mode(u0, s, L, times / L)


def wrong_deep_logistic(u0, s, L, times):
    return (s / (1 + (s / u0**L - 1) * np.exp(-L * s * times))) ** (1 / L)


def wrong_deep_euler(u0, s, L, times):
    u, t, found = u0, 0.0, []
    for time in times:
        n = max(1, int((time - t) / 0.02))
        for _ in range(n):
            u = u + (time - t) / n * u ** (L - 1) * (s - u**L)
        t = time
        found.append(u)
    return np.array(found)


def wrong_deep_plateau_only(u0, s, L, times):
    with np.errstate(all="ignore"):
        if L == 2:
            return u0 * np.exp(s * times)
        return u0 / (1 - times * (L - 2) * s * u0 ** (L - 2)) ** (1 / (L - 2))


def wrong_deep_end_at_s(u0, s, L, times):
    u, t, found = u0, 0.0, []
    for time in times:
        n = max(1, int((time - t) / 0.02))
        for _ in range(n):
            middle = u + (time - t) / (2 * n) * u ** (L - 1) * (s - u)
            u = u + (time - t) / n * middle ** (L - 1) * (s - middle)
        t = time
        found.append(u)
    return np.array(found)


def wrong_escape_exponent(u0, s, L):
    return float(u0 ** (1 - L) / ((L - 1) * s))


def wrong_escape_without_factor(u0, s, L):
    return float(u0 ** (2 - L) / s)


def wrong_escape_upside_down(u0, s, L):
    return float(u0 ** (L - 2) / ((L - 2) * s))


def wrong_escape_at_half_loss(u0, s, L):
    end = (s * (1 - np.sqrt(1 / 2))) ** (1 / L)
    x, width = np.linspace(np.log(u0), np.log(end), 20001, retstep=True)
    middles = x[:-1] + width / 2
    return float(width * (np.exp((2 - L) * middles) / (s - np.exp(L * middles))).sum())


def wrong_escape_without_s(u0, s, L):
    return float(u0 ** (2 - L) / (L - 2))


def wrong_escape_of_two_layers(u0, s, L):
    return float(np.log(1 / u0) / s)


def wrong_kernel_factor_on_the_identity(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * (np.outer(f, f) + (L - 1) * X @ X.T)


def wrong_kernel_exponent(X, beta, s, L):
    f = X @ beta
    return s ** (2 * L - 2) * ((L - 1) * np.outer(f, f) + X @ X.T)


def wrong_kernel_L_spikes(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * (L * np.outer(f, f) + X @ X.T)


def wrong_kernel_without_X(X, beta, s, L):
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(beta, beta) + np.eye(len(beta)))


def wrong_kernel_spike_only(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * L * np.outer(f, f)


def wrong_kernel_inner_product(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * ((L - 1) * f @ f.T + X @ X.T)


def wrong_kernel_over_samples(X, beta, s, L):
    f = X @ beta
    return s ** (2 - 2 / L) * ((L - 1) * np.outer(f, f) + X @ X.T) / len(X)


def _blocks(X, B, L, left_power, right_power):
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    K = 0.0
    for l in range(1, L + 1):
        p, q = left_power(l), right_power(l)
        left = np.eye(len(B)) if p == 0 else (U * S**p) @ U.T
        right = X @ X.T if q == 0 else (X @ Vt.T * S**q) @ (X @ Vt.T).T
        K = K + left[:, :, None, None] * right
    return K


def wrong_blocks_singular_values(X, B, L):
    return _blocks(X, B, L, lambda l: (L - l) / L, lambda l: (l - 1) / L)


def wrong_blocks_inputs_one_layer_up(X, B, L):
    return _blocks(X, B, L, lambda l: 2 * (L - l) / L, lambda l: 2 * l / L)


def wrong_blocks_projector(X, B, L, in_the_first_layer=True):
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    S = np.where(S > 1e-12 * S.max(), S, 0.0)
    F, K = X @ Vt.T, 0.0
    for l in range(1, L + 1):
        left, right = (U * S ** (2 * (L - l) / L)) @ U.T, (F * S ** (2 * (l - 1) / L)) @ F.T
        K = K + left[:, :, None, None] * (right if l > 1 or in_the_first_layer else X @ X.T)
    return K


def wrong_blocks_projector_in_the_last_layer(X, B, L):
    return wrong_blocks_projector(X, B, L, in_the_first_layer=False)


def wrong_blocks_diagonal_only(X, B, L):
    return final_kernel_blocks(X, B, L) * np.eye(len(B))[:, :, None, None]


def _unbalanced(X, beta, of_beta, of_identity):
    return of_beta * np.outer(X @ beta, X @ beta) + of_identity * X @ X.T


def wrong_unbalanced_swapped(X, beta, s, delta):
    a2 = (np.hypot(delta, 2 * s) + delta) / 2
    return _unbalanced(X, beta, a2, a2 - delta)


def wrong_unbalanced_without_four(X, beta, s, delta):
    a2 = (np.hypot(delta, s) + delta) / 2
    return _unbalanced(X, beta, a2 - delta, a2)


def wrong_unbalanced_without_delta(X, beta, s, delta):
    return _unbalanced(X, beta, s, s)


def wrong_unbalanced_lengths(X, beta, s, delta):
    a2 = (np.hypot(delta, 2 * s) + delta) / 2
    return _unbalanced(X, beta, np.sqrt(a2 - delta), np.sqrt(a2))


def wrong_unbalanced_negative_root(X, beta, s, delta):
    a2 = (delta - np.hypot(delta, 2 * s)) / 2
    return _unbalanced(X, beta, a2 - delta, a2)


def wrong_unbalanced_without_identity(X, beta, s, delta):
    a2 = (np.hypot(delta, 2 * s) + delta) / 2
    return _unbalanced(X, beta, 2 * a2 - delta, 0)


def wrong_blocks_samples_first(X, B, L):
    return final_kernel_blocks(X, B, L).transpose(2, 3, 0, 1)


def wrong_blocks_one_output_without_axes(X, B, L):
    K = final_kernel_blocks(X, B, L)
    return K[0, 0] if len(K) == 1 else K


def _power(M, p):
    values, vectors = np.linalg.eigh(M)
    with np.errstate(all="ignore"):
        return np.eye(len(M)) if p == 0 else (vectors * values**p) @ vectors.T


def wrong_blocks_roots_of_rounding_errors(X, B, L):
    K = 0.0
    for l in range(1, L + 1):
        right = X @ _power(B.T @ B, (l - 1) / L) @ X.T
        K = K + _power(B @ B.T, (L - l) / L)[:, :, None, None] * right
    return K


def wrong_blocks_sides_swapped(X, B, L):
    K = 0.0
    for l in range(1, L + 1):
        right = X @ _power(B @ B.T, (l - 1) / L) @ X.T
        K = K + _power(B.T @ B, (L - l) / L)[:, :, None, None] * right
    return K


def wrong_balance_transposes(weights):
    return [V @ V.T - W.T @ W for W, V in zip(weights, weights[1:])]


def wrong_balance_columns_of_both(weights):
    return [V.T @ V - W.T @ W for W, V in zip(weights, weights[1:])]


def wrong_balance_sign(weights):
    return [W @ W.T - V.T @ V for W, V in zip(weights, weights[1:])]


def wrong_balance_traces(weights):
    return [float((V**2).sum() - (W**2).sum()) for W, V in zip(weights, weights[1:])]


def wrong_balance_diagonal(weights):
    return [(V**2).sum(axis=0) - (W**2).sum(axis=1) for W, V in zip(weights, weights[1:])]


def wrong_terms_without_gradients(weights, X, slope=0.0):
    return [h @ h.T for h, _ in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_with_own_outputs(weights, X, slope=0.0):
    layers, factors = network.forward(weights, X, slope), kernel.gradient_factors(weights, X, slope)
    return [(B[0] @ B[0].T) * (h @ h.T) for h, (_, B) in zip(layers[1:], factors)]


def wrong_terms_added_up(weights, X, slope=0.0):
    return list(np.cumsum(layer_terms(weights, X, slope), axis=0))


def wrong_terms_whole_kernel(weights, X, slope=0.0):
    return kernel.ntk(weights, X, slope=slope)


def wrong_terms_first_output(weights, X, slope=0.0):
    return [(B[0] @ B[0].T) * (h @ h.T) for h, B in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_matrix_product(weights, X, slope=0.0):
    return [(B[0] @ B[0].T) @ (h @ h.T) for h, B in kernel.gradient_factors(weights, X, slope)]


def wrong_terms_blocks_always(weights, X, slope=0.0):
    return [K if K.ndim == 4 else K[None, None] for K in layer_terms(weights, X, slope)]


def wrong_balance_sum(weights):
    return [V.T @ V + W @ W.T for W, V in zip(weights, weights[1:])]


def wrong_balance_first_pair_only(weights):
    return [weights[1].T @ weights[1] - weights[0] @ weights[0].T]


def wrong_deep_long_steps(u0, s, L, times):
    """Four Runge-Kutta steps a moment."""
    rate = lambda u: u ** (L - 1) * (s - u**L)  # noqa: E731
    u, t, found = u0, 0.0, []
    with np.errstate(all="ignore"):
        for time in times:
            h = np.float64((time - t) / 4)
            for _ in range(4):
                k = [rate(u)]
                for share in (0.5, 0.5, 1):
                    k.append(rate(u + h * share * k[-1]))
                u = u + h / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
            t = time
            found.append(u)
    return np.array(found)


MISTAKES = [
    (
        "early_weights",
        "counts W_0 beta twice",
        wrong_early_without_minus_one,
        "wrong only in [0]",
        "How much has b gained since time 0?",
    ),
    (
        "early_weights",
        "takes the outer product the other way",
        wrong_early_transposed_product,
        "[0] has shape (2, 2)",
        "W is (N, D): which of its axes belongs to beta?",
    ),
    ("early_weights", "keeps only what grows", wrong_early_growing_part_only, "by hand"),
    ("early_weights", "forgets s", wrong_early_without_s, "by hand"),
    ("early_weights", "takes one Euler step", wrong_early_one_euler_step, "by hand"),
    ("early_weights", "writes into W_0", wrong_early_in_place, "was changed in place"),
    ("early_weights", "returns a before W", wrong_early_other_order, "in the wrong order"),
    ("two_layer_mode", "leaves out r_0, as in (50)-(51)", wrong_mode_without_r0, "All entries of the list are wrong"),
    ("two_layer_mode", "computes e^{2Rt}", wrong_mode_overflows, "NaN"),
    ("two_layer_mode", "takes q = r, the logistic curve", wrong_mode_logistic, "by hand"),
    ("two_layer_mode", "takes the rate R", wrong_mode_half_the_rate, "In [0]: 1 of 3"),
    (
        "two_layer_mode",
        "takes the rate 2 s",
        wrong_mode_rate_s,
        "In [0]: 1 of 3",
        "At which rate does the distance to z_+ shrink beside it: which number is 2 R there?",
    ),
    ("two_layer_mode", "returns q before r", wrong_mode_other_order, "by hand"),
    ("two_layer_mode", "returns r alone", wrong_mode_r_only, "returned an array"),
    ("half_loss_time", "takes half of the strength", wrong_half_of_the_strength, "Yours is"),
    ("half_loss_time", "has 1 / s for 1 / (2 s)", wrong_half_twice_the_coefficient, "2 times the expected"),
    ("half_loss_time", "leaves out r_0", wrong_half_without_r0, "Yours is"),
    ("half_loss_time", "does not let the weights become small", wrong_half_of_the_logistic_curve, "Yours is"),
    ("half_loss_time", "multiplies by s", wrong_half_times_s, "expected 0.25"),
    ("half_loss_time", "takes the logarithm to base 10", wrong_half_base_ten, "Yours is"),
    ("deep_mode", "returns u^L", wrong_deep_strength, "the worst entry"),
    ("deep_mode", "forgets the factor L of dc/dt, as in (60)", wrong_deep_strength_without_L, "the worst entry"),
    ("deep_mode", "takes the logistic curve for every L", wrong_deep_logistic, "du/dt = u^{L-1} (s - u^L)"),
    ("deep_mode", "takes Euler steps of 0.02", wrong_deep_euler, "the worst entry"),
    ("deep_mode", "takes Runge-Kutta steps that are too long", wrong_deep_long_steps, "known mistake"),
    ("deep_mode", "never leaves the plateau's equation", wrong_deep_plateau_only, "the worst entry"),
    ("deep_mode", "has s - u for s - u^L", wrong_deep_end_at_s, "the worst entry"),
    ("escape_time", "takes the exponent of the equation", wrong_escape_exponent, "expected 1"),
    ("escape_time", "forgets 1 / (L - 2)", wrong_escape_without_factor, "Yours is 2"),
    ("escape_time", "turns u_0 upside down", wrong_escape_upside_down, "Yours is 0.5"),
    ("escape_time", "goes to half of the loss, not to the limit", wrong_escape_at_half_loss, "Yours is"),
    ("escape_time", "forgets s", wrong_escape_without_s, "Yours is 2"),
    ("escape_time", "takes the logarithm of two layers", wrong_escape_of_two_layers, "Yours is 0.693"),
    (
        "final_kernel",
        "has L - 1 at I, as in (58)",
        wrong_kernel_factor_on_the_identity,
        "one and two layers",
        "How many of the layers have inputs that are multiples of X beta?",
    ),
    ("final_kernel", "has the exponent 2 L - 2, as in (63)", wrong_kernel_exponent, "a constant factor"),
    ("final_kernel", "counts L spikes", wrong_kernel_L_spikes, "the worst entry"),
    ("final_kernel", "leaves out X", wrong_kernel_without_X, "has shape"),
    ("final_kernel", "leaves out I", wrong_kernel_spike_only, "one and two layers"),
    ("final_kernel", "takes f.f for f f^T", wrong_kernel_inner_product, "the worst entry"),
    ("final_kernel", "divides by P", wrong_kernel_over_samples, "1/P times the expected"),
    ("unbalanced_kernel", "swaps the two layers", wrong_unbalanced_swapped, "X = I"),
    ("unbalanced_kernel", "forgets the 4", wrong_unbalanced_without_four, "X = I"),
    ("unbalanced_kernel", "takes both layers for equal", wrong_unbalanced_without_delta, "X = I"),
    ("unbalanced_kernel", "takes lengths for their squares", wrong_unbalanced_lengths, "X = I"),
    ("unbalanced_kernel", "takes the negative root", wrong_unbalanced_negative_root, "X = I"),
    ("unbalanced_kernel", "leaves out I", wrong_unbalanced_without_identity, "X = I"),
    ("final_kernel_blocks", "takes singular values for eigenvalues", wrong_blocks_singular_values, "by hand"),
    ("final_kernel_blocks", "lets the inputs pass l layers", wrong_blocks_inputs_one_layer_up, "by hand"),
    ("final_kernel_blocks", "takes a projector as the power 0", wrong_blocks_projector, "agrees with final_kernel"),
    (
        "final_kernel_blocks",
        "takes a projector for I in the last layer",
        wrong_blocks_projector_in_the_last_layer,
        "layers without a defect",
        "Do the last layer's own weights move the outputs only along the left vectors of B?",
    ),
    ("final_kernel_blocks", "keeps only the blocks c = c'", wrong_blocks_diagonal_only, "layers without a defect"),
    ("final_kernel_blocks", "puts the samples' axes first", wrong_blocks_samples_first, "has shape"),
    ("final_kernel_blocks", "drops the axes of one output", wrong_blocks_one_output_without_axes, "has shape"),
    ("final_kernel_blocks", "takes roots of rounding errors", wrong_blocks_roots_of_rounding_errors, "NaN"),
    ("final_kernel_blocks", "swaps B B^T and B^T B", wrong_blocks_sides_swapped, "ValueError"),
    ("layer_terms", "leaves the gradients out", wrong_terms_without_gradients, "only in [0]"),
    (
        "layer_terms",
        "takes each layer's outputs for its inputs",
        wrong_terms_with_own_outputs,
        "All entries of the list",
    ),
    ("layer_terms", "adds up the layers so far", wrong_terms_added_up, "only in [1]"),
    ("layer_terms", "returns the whole kernel", wrong_terms_whole_kernel, "expected a list of 2"),
    ("layer_terms", "takes the first output only", wrong_terms_first_output, "has shape"),
    ("layer_terms", "multiplies the matrices", wrong_terms_matrix_product, "the worst entry"),
    ("layer_terms", "returns blocks for one output too", wrong_terms_blocks_always, "has shape"),
    ("balance_defect", "transposes both layers", wrong_balance_transposes, "two layers by hand"),
    ("balance_defect", "transposes the layer below", wrong_balance_columns_of_both, "two layers by hand"),
    ("balance_defect", "subtracts the other way round", wrong_balance_sign, "sign is flipped"),
    ("balance_defect", "takes traces", wrong_balance_traces, "[0] is a float"),
    ("balance_defect", "takes the diagonal", wrong_balance_diagonal, "has shape (2,)"),
    ("balance_defect", "adds", wrong_balance_sum, "by hand"),
    ("balance_defect", "stops after the first pair", wrong_balance_first_pair_only, "returned 1 array"),
]

"""No false alarm: right answers of other kinds than the library's get all points."""

import itertools
import math
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from minintk import integrator, kernel, linear_theory, network, outputs, training
from minintk.course import examine, grade, results, units

# the library's own, since another function stands in their place while it is graded
gradient_factors, jacobian, block_matrix = kernel.gradient_factors, kernel.jacobian, kernel.block_matrix
early_residual = outputs.early_residual


def activation_by_loops(z, slope):
    flat = [u if u > 0 else u * slope for u in z.ravel()]
    return np.array(flat, dtype=z.dtype).reshape(z.shape)


def activation_by_absolute_values(z, slope):
    return ((1 + slope) * z + (1 - slope) * abs(z)) / 2


def gate_by_signs(h, slope):
    open_ = (h > 0).astype(h.dtype)
    return open_ + (1 - open_) * h.dtype.type(slope)


def init_normal(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [rng.normal(0, sigma / math.sqrt(widths[i]), (widths[i + 1], widths[i])) for i in range(len(widths) - 1)]


def init_other_numbers(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return tuple(-sigma * rng.standard_normal((m, n)).T / m**0.5 for m, n in zip(widths, widths[1:]))


def forward_by_loops(weights, X, slope=0.0):
    layers = [X]
    for l, W in enumerate(weights, start=1):
        h = np.zeros((len(X), len(W)), dtype=X.dtype)
        for m in range(len(X)):
            for i in range(len(W)):
                z = sum(W[i, j] * layers[-1][m, j] for j in range(W.shape[1]))
                h[m, i] = z if z > 0 or l == len(weights) else slope * z
        layers.append(h)
    return layers


def forward_as_a_tuple(weights, X, slope=0.0):
    h, layers = X, (X,)
    for W in weights[:-1]:
        h = network.activation(z=np.einsum("mj,ij->mi", h, W), slope=slope)
        layers += (h,)
    return (*layers, np.dot(weights[-1], h.T).T)


def forward_as_a_list_of_columns(weights, X, slope=0.0):
    columns = [X.T]
    for W in weights[:-1]:
        z = W @ columns[-1]
        columns.append(np.where(z > 0, z, slope * z))
    return [np.ascontiguousarray(h.T) for h in [*columns, weights[-1] @ columns[-1]]]


def backward_by_recursion(weights, layers, cotangent, slope=0.0):
    if len(weights) == 1:
        return [cotangent]
    B = np.einsum("mi,ij->mj", cotangent, weights[-1]) * network.gate(slope=slope, h=layers[-2])
    return [*backward_by_recursion(weights[:-1], [*layers[:-2], B], B, slope), cotangent]


def backward_as_a_tuple(weights, layers, cotangent, slope=0.0):
    deltas = [None] * len(weights)
    deltas[-1] = cotangent
    for l in range(len(weights) - 2, -1, -1):
        deltas[l] = (weights[l + 1].T @ deltas[l + 1].T).T * np.where(layers[l + 1] > 0, 1, layers[0].dtype.type(slope))
    return tuple(deltas)


def gradients_einsum(layers, deltas):
    return tuple(np.einsum("mi,mj->ij", B, h) for B, h in zip(deltas, layers[:-1]))


def factors_as_lists(weights, X, slope=0.0):
    layers = network.forward(X=X, weights=weights, slope=slope)
    P, C = layers[-1].shape
    pairs = [[h, []] for h in layers[:-1]]
    for c in range(C):
        cotangent = np.zeros((P, C), dtype=X.dtype)
        cotangent[:, c] = 1
        for pair, B in zip(pairs, network.backward(weights, layers, cotangent, slope)):
            pair[1].append(B)
    return pairs


def jacobian_by_loops(weights, X, slope=0.0):
    C, rows = len(weights[-1]), []
    for x in X:
        layers, row = network.forward(weights, x[None], slope), []
        for one_hot in np.eye(C, dtype=X.dtype):
            gradients = network.weight_gradients(layers, network.backward(weights, layers, one_hot[None], slope))
            row.append(np.concatenate([G.ravel() for G in gradients]))
        rows.append(row)
    return np.array(rows)


def jacobian_as_lists(weights, X, slope=0.0):
    return jacobian_by_loops(weights, X, slope).tolist() if X.dtype == float else jacobian_by_loops(weights, X, slope)


def ntk_by_jacobians(weights, X1, X2=None, slope=0.0):
    J1, J2 = (jacobian(weights, X, slope) for X in (X1, X1 if X2 is None else X2))
    K = np.einsum("mcp,ndp->cdmn", J1, J2)
    return K[0, 0] if len(weights[-1]) == 1 else K


def ntk_einsum(weights, X1, X2=None, slope=0.0):
    left = gradient_factors(weights, X1, slope)
    right = gradient_factors(weights, X1 if X2 is None else X2, slope)
    K = sum(np.einsum("mi,ni,cmj,dnj->cdmn", h, g, np.array(B), np.array(A)) for (h, B), (g, A) in zip(left, right))
    return K.squeeze((0, 1)) if len(weights[-1]) == 1 else K


def ntk_as_lists(weights, X1, X2=None, slope=0.0):
    return ntk_by_jacobians(weights, X1, X2, slope).tolist()


def ntk_in_extended_precision(weights, X1, X2=None, slope=0.0):
    long = [W.astype(np.longdouble) for W in weights]
    layers = [[X.astype(np.longdouble)] for X in (X1, X1 if X2 is None else X2)]
    for side in layers:
        for W in long[:-1]:
            z = side[-1] @ W.T
            side.append(np.where(z > 0, z, slope * z))
    C, blocks = len(long[-1]), {}
    for c, d in itertools.product(range(C), range(C)):
        B = [np.tile(np.eye(C, dtype=np.longdouble)[k], (len(side[0]), 1)) for k, side in zip((c, d), layers)]
        K = 0
        for l in range(len(long) - 1, -1, -1):
            K = K + (layers[0][l] @ layers[1][l].T) * (B[0] @ B[1].T)
            if l:
                B = [(b @ long[l]) * np.where(side[l] > 0, 1, slope) for b, side in zip(B, layers)]
        blocks[c, d] = K
    return blocks[0, 0] if C == 1 else np.array([[blocks[c, d] for d in range(C)] for c in range(C)])


def predictor_pinv(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    moved = np.asarray(targets - f0_train)
    if K_train.ndim == 4:
        alpha = np.linalg.pinv(block_matrix(K_train), rcond) @ moved.T.reshape(-1)
        return f0_test + (block_matrix(K_test) @ alpha).reshape(K_test.shape[0], K_test.shape[2]).T
    return f0_test + K_test @ (np.linalg.pinv(K_train, rcond) @ moved)


def predictor_by_eigenvectors(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    moved, C = targets - f0_train, len(K_train) if K_train.ndim == 4 else 0
    if C:  # the unknowns sample by sample instead of output by output
        K_train = np.einsum("cdmn->mcnd", K_train).reshape(moved.size, moved.size)
        K_test = np.einsum("cdmn->mcnd", K_test).reshape(-1, moved.size)
        moved = moved.ravel()
    values, V = np.linalg.eigh(K_train)
    kept = values > rcond * values[-1]
    alpha = V[:, kept] @ ((V[:, kept].T @ moved).T / values[kept]).T
    predicted = K_test @ alpha
    return f0_test + (predicted.reshape(-1, C) if C else predicted)


def flow_by_times(K, y, f0, times):
    values, V = np.linalg.eigh(K)
    return [y + V @ (np.exp(-values * t / len(y)) * (V.T @ (f0 - y))) for t in times]


def flow_by_modes(K, y, f0, times):
    f = np.tile(y, (len(times), 1))
    values, V = np.linalg.eigh(K)
    for value, v in zip(values, -V.T):  # an eigenvector may have either sign
        f += np.exp(-value * times / len(y))[:, None] * v * (v @ (f0 - y))
    return f


def second_moment_of_outer_products(X):
    return np.mean([np.outer(x, x) for x in X], axis=0)


def condition_number_as_an_array(X):
    S = np.linalg.svd(X)[1].astype(float)
    S = S[S / S.max() > 1e-10]
    return np.array((S.max() / S.min()) ** 2)


def whitening_by_eigenvectors(X, power=0.0, rcond=1e-3):
    values, V = np.linalg.eigh(X.T @ X / len(X))
    kept = values > rcond**2 * values.max()
    M = V[:, kept] @ np.diag(values[kept] ** ((power - 1) / 2)) @ V[:, kept].T
    return M * np.sqrt(kept.sum() / ((X @ M) ** 2).sum(axis=1).mean())


def whitening_with_other_signs(X, power=0.0, rcond=1e-3):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    U, Vt, kept = -U, -Vt, S > rcond * S[0]
    M = np.linalg.pinv(X, rcond=rcond) @ (U[:, kept] * S[kept] ** power) @ Vt[kept]
    return M * np.sqrt(kept.sum() / np.mean(np.linalg.norm(X @ M, axis=1) ** 2))


def losses_as_a_list(f, y, loss="mse"):
    P = f.shape[0]
    if loss == "mse":
        return [0.5 * ((f - y) ** 2).sum(axis=1).mean(), (f - y) / P]
    if loss == "logistic":
        a = np.abs(f)
        values = np.log1p(np.exp(-a)) + np.maximum(-y * f, 0)
        sigmoid = np.where(y * f > 0, np.exp(-a), 1) / (1 + np.exp(-a))
        return [values.sum(axis=1).mean(), -y * sigmoid / P]
    top = f.max(axis=1, keepdims=True)
    p = np.exp(f - top) / np.exp(f - top).sum(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(f - top).sum(axis=1))
    return [(log_sum - (y * f).sum(axis=1)).mean(), (p - y) / P]


def loss_gradient_as_tuples(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(f=layers[-1], y=y, loss=loss)
    deltas = network.backward(weights=weights, layers=layers, cotangent=cotangent, slope=slope)
    return float(value), tuple(B.T @ h for B, h in zip(deltas, layers))


def step_as_a_list(weights, X, y, step_size, slope=0.0, loss="mse"):
    value, gradients = training.loss_gradient(weights, X, y, slope, loss)
    new = [W.copy() for W in weights]
    for W, G in zip(new, gradients):
        W -= step_size * G
    return [tuple(new), value]


def span_with_other_signs(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    r = int((S > S[0] * max(X.shape) * np.finfo(X.dtype).eps).sum())
    signs = np.where(np.arange(r) % 2 == 0, -1, 1).astype(X.dtype)
    return U[:, :r] * S[:r] * signs, Vt[:r].T * signs


def span_in_another_order(X):
    Vt = np.linalg.svd(X, full_matrices=False)[2][: np.linalg.matrix_rank(X)]
    Q = Vt[::-1].T
    return [X @ Q, Q]


def alignment_by_entries(K, Q):
    return np.sum(K * Q) / np.sqrt(np.sum(K**2) * np.sum(Q**2))


def relative_alignment_rewritten(A, A0):
    return 1 - (1 - A) / (1 - A0)


def task_alignment_by_trace(K, y):
    y = y.reshape(len(K), -1)
    return np.trace(y.T @ K @ y) / (np.linalg.norm(K) * np.trace(y.T @ y))


def effective_rank_by_eigenvalues(K):
    values = np.linalg.eigvalsh(K)
    return np.array(values.sum() ** 2 / (values**2).sum())


def learning_time_by_a_loop(times, losses, drop=0.1):
    for t, value in zip(times, losses):
        if value <= losses[0] * (1 - drop):
            return t
    return math.inf


def alignment_time_from_the_end(times, alignments, level=0.95):
    found = float("inf")
    for t, value in zip(times[::-1], alignments[::-1]):
        if value < level:
            break
        found = t
    return found


def kernel_error_by_entries(prediction, network):
    return math.sqrt(((prediction - network) ** 2).sum() / (network**2).sum())


def silence_ratio_by_powers(err_inf, err_0):
    return err_inf * err_0**-1


def gap_by_its_definition(K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test):
    return (f_test - f0_test) - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train - f0_train)


def early_weights_by_exponentials(W0, a0, beta, s, time):
    up, down = math.exp(s * time) / 2, math.exp(-s * time) / 2
    b0 = W0 @ beta
    b = up * (b0 + a0) + down * (b0 - a0)
    return W0 + (b - b0)[:, None] * beta, up * (a0 + b0) + down * (a0 - b0)


def two_layer_mode_by_hyperbolic_tangents(q0, r0, s, times):
    R = math.sqrt(s * s + q0 * q0 - r0 * r0)
    start, T = (q0 + r0 - s) / R, np.tanh(R * times)
    total = s + R * (start + T) / (1 + start * T)  # q + r
    return (total - (q0 * q0 - r0 * r0) / total) / 2, (total + (q0 * q0 - r0 * r0) / total) / 2


def half_loss_time_by_the_loss(q0, r0, s):
    return math.log(math.sqrt(2) - 1) / (2 * s) + math.log(2 * s / (q0 + r0)) / (2 * s)


def deep_mode_by_the_integrator(u0, s, L, times):
    def velocity(u):
        return u ** (L - 1) * (s - u**L), float(s - u[0] ** L)

    moments = integrator.integrate(velocity, np.array([u0]), max(times), -np.inf, times, (), rtol=1e-10, budget=10**6)
    found = {t: u[0] for t, _, u, _ in moments}
    return np.array([found[t] for t in times])


def escape_time_by_division(u0, s, L):
    return 1 / (s * (L - 2) * u0 ** (L - 2))


def final_kernel_by_its_matrix(X, beta, s, L):
    M = np.eye(len(beta)) + (L - 1) * beta[:, None] * beta
    return s ** ((2 * L - 2) / L) * X @ M @ X.T


def final_blocks_by_eigenvalues(X, B, L):
    def power(M, p):
        values, modes = np.linalg.eigh(M)
        values = np.where(values > 1e-13 * values.max(), values, 0)
        return (modes * values**p) @ modes.T if p > 0 else np.eye(len(M))

    terms = [
        np.einsum("cd,mn->cdmn", power(B @ B.T, 1 - l / L), X @ power(B.T @ B, (l - 1) / L) @ X.T)
        for l in range(1, L + 1)
    ]
    return sum(terms)


def layer_terms_by_the_jacobian(weights, X, slope=0.0):
    ends = np.cumsum([W.size for W in weights])[:-1]
    parts = np.split(kernel.jacobian(weights, X, slope), ends, axis=2)
    terms = [np.einsum("mci,ndi->cdmn", J, J) for J in parts]
    return [K[0, 0] for K in terms] if len(weights[-1]) == 1 else terms


def defects_by_einsum(weights):
    return [np.einsum("ki,kj->ij", V, V) - np.einsum("ik,jk->ij", W, W) for W, V in zip(weights[:-1], weights[1:])]


def residual_by_the_loss(y, loss="mse"):
    return -len(y) * training.loss_and_cotangent(f=np.zeros_like(y), y=y, loss=loss)[1]


def residual_by_branches(y, loss="mse"):
    if loss == "mse":
        return y.copy()
    if loss == "logistic":
        return 0.5 * y
    return np.array([[value - 1 / len(row) for value in row] for row in y.tolist()])


def modes_with_other_signs(X, y, loss="mse"):
    V, s, Zt = np.linalg.svd(X.T @ early_residual(y, loss) / len(X), full_matrices=False)
    return [-Zt.T, s, -V]


def modes_cut_to_size(X, y, loss="mse"):
    M = np.mean([np.outer(r, x) for r, x in zip(outputs.early_residual(loss=loss, y=y), X)], axis=0)
    Z, s, Vt = np.linalg.svd(M)
    r = len(s)
    signs = np.where(np.arange(r) % 2, 1, -1)
    return Z[:, :r] * signs, s, (Vt[:r].T * signs).tolist()


def strengths_by_forward(weights, Z, V):
    return np.einsum("ac,ca->a", network.forward(weights, V.T.copy(), 1.0)[-1], Z)


def strengths_by_one_matrix(weights, Z, V):
    F = np.eye(len(V))
    for W in weights:
        F = np.dot(W, F)
    return [float(Z[:, a] @ F @ V[:, a]) for a in range(Z.shape[1])]


def times_by_gram_schmidt(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B)
    found, basis = [], []
    for a, s in enumerate(S):
        if s <= 1e-12 * S[0]:
            break
        g = weights[1].T @ Z[:, a] + weights[0] @ Vt[a]
        for e in basis:
            g = g - (g @ e) * e
        size = np.linalg.norm(g)
        basis.append(g / size)
        found.append((math.log(4 * s / size**2) + math.log(share / (1 - share))) / (2 * s))
    return found


def times_by_eigenvectors_and_projections(weights, B, share=0.5):
    values, V = np.linalg.eigh(B.T @ B)
    V = V[:, values > 1e-12 * values[-1]][:, ::-1]
    S = np.linalg.norm(B @ V, axis=0)
    G = weights[1].T @ (B @ V / S) + weights[0] @ V
    times = []
    for a in range(len(S)):
        earlier = G[:, :a]
        rest = G[:, a] - earlier @ (np.linalg.pinv(earlier) @ G[:, a]) if a else G[:, a]
        times.append(linear_theory.mode_time(rest @ rest / 2, 0, S[a], share))
    return np.array(times)


def eigenvectors_by_svd(K, X, Z, V):
    F, gram, size = X @ V, X @ X.T, K.size
    T = [np.einsum("cd,m,n->cdmn", np.eye(len(K)), F[:, a], F[:, a]).reshape(size) for a in range(V.shape[1])]
    T += [np.einsum("c,d,mn->cdmn", Z[:, a], Z[:, a], gram).reshape(size) for a in range(Z.shape[1])]
    U, S, _ = np.linalg.svd(np.transpose(T), full_matrices=False)
    inside = U[:, S > 1e-10 * S[0]].T @ K.reshape(size)
    return np.sqrt((inside**2).sum() / (K**2).sum())


def eigenvectors_by_normal_equations(K, X, Z, V):
    C, P = len(Z), len(X)
    terms = []
    for z, v in zip(Z.T, V.T):
        f = X @ v
        terms.append(np.kron(np.eye(C), np.outer(f, f)))
        terms.append(np.kron(np.outer(z, z), X @ X.T))
    matrix = K.transpose(0, 2, 1, 3).reshape(C * P, C * P)
    right = np.array([np.vdot(term, matrix) for term in terms])
    gram = np.array([[np.vdot(a, b) for b in terms] for a in terms])
    squared = right @ np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ right
    return float(np.sqrt(squared) / np.linalg.norm(matrix))


def clock_by_a_loop(times, sizes):
    h = [0]
    for i in range(1, len(times)):
        h.append(h[-1] + (times[i] - times[i - 1]) * (sizes[i] + sizes[i - 1]) / 2 / sizes[-1])
    return h


def flow_by_runge_kutta(K, y, times, loss="mse"):
    K = K if K.ndim == 4 else np.array([[K * (c == d) for d in range(y.shape[1])] for c in range(y.shape[1])])

    def rate(f):
        return -np.tensordot(K, training.loss_and_cotangent(f, y, loss)[1], ((1, 3), (1, 0))).T

    f, t, found = np.zeros(y.shape), 0.0, []
    for time in times:
        n = math.ceil((time - t) / 0.05) or 1
        step = (time - t) / n
        for _ in range(n):
            a = rate(f)
            b = rate(f + step / 2 * a)
            c = rate(f + step / 2 * b)
            f = f + step / 6 * (a + 2 * b + 2 * c + rate(f + step * c))
        t = time
        found.append(f)
    return np.array(found)


def flow_by_a_list(K, y, times, loss="mse"):
    def velocity(theta):
        value, cotangent = training.loss_and_cotangent(theta.reshape(y.shape), y, loss)
        return -(K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)).ravel(), value

    f = []
    for _, _, theta, _ in integrator.integrate(velocity, np.zeros(y.size), max(times), -np.inf, times, (), 1e-8, 10**5):
        f.append(theta.reshape(y.shape))
    return f if 0 in times else f[1:]


ANSWERS = {
    "network.activation": [activation_by_loops, activation_by_absolute_values],
    "network.gate": [gate_by_signs],
    "network.init_weights": [init_normal, init_other_numbers],
    "network.forward": [forward_by_loops, forward_as_a_tuple, forward_as_a_list_of_columns],
    "network.backward": [backward_by_recursion, backward_as_a_tuple],
    "network.weight_gradients": [gradients_einsum],
    "kernel.gradient_factors": [factors_as_lists],
    "kernel.jacobian": [jacobian_by_loops, jacobian_as_lists],
    "kernel.ntk": [ntk_by_jacobians, ntk_einsum, ntk_as_lists, ntk_in_extended_precision],
    "kernel.kernel_predictor": [predictor_pinv, predictor_by_eigenvectors],
    "kernel.constant_kernel_flow": [flow_by_times, flow_by_modes],
    "whitening.second_moment": [second_moment_of_outer_products],
    "whitening.condition_number": [condition_number_as_an_array],
    "whitening.whitening_map": [whitening_by_eigenvectors, whitening_with_other_signs],
    "training.loss_and_cotangent": [losses_as_a_list],
    "training.loss_gradient": [loss_gradient_as_tuples],
    "training.gradient_descent_step": [step_as_a_list],
    "training.span_coordinates": [span_with_other_signs, span_in_another_order],
    "alignment.kernel_alignment": [alignment_by_entries],
    "alignment.relative_alignment": [relative_alignment_rewritten],
    "alignment.task_alignment": [task_alignment_by_trace],
    "alignment.effective_rank": [effective_rank_by_eigenvalues],
    "alignment.learning_time": [learning_time_by_a_loop],
    "alignment.alignment_time": [alignment_time_from_the_end],
    "alignment.kernel_error": [kernel_error_by_entries],
    "alignment.silence_ratio": [silence_ratio_by_powers],
    "alignment.predictor_gap": [gap_by_its_definition],
    "linear_theory.early_weights": [early_weights_by_exponentials],
    "linear_theory.two_layer_mode": [two_layer_mode_by_hyperbolic_tangents],
    "linear_theory.half_loss_time": [half_loss_time_by_the_loss],
    "linear_theory.deep_mode": [deep_mode_by_the_integrator],
    "linear_theory.escape_time": [escape_time_by_division],
    "linear_theory.final_kernel": [final_kernel_by_its_matrix],
    "linear_theory.final_kernel_blocks": [final_blocks_by_eigenvalues],
    "linear_theory.layer_terms": [layer_terms_by_the_jacobian],
    "linear_theory.balance_defect": [defects_by_einsum],
    "outputs.early_residual": [residual_by_the_loss, residual_by_branches],
    "outputs.early_modes": [modes_with_other_signs, modes_cut_to_size],
    "outputs.mode_strengths": [strengths_by_forward, strengths_by_one_matrix],
    "outputs.sequential_mode_times": [times_by_gram_schmidt, times_by_eigenvectors_and_projections],
    "outputs.eigenvector_alignment": [eigenvectors_by_svd, eigenvectors_by_normal_equations],
    "outputs.kernel_clock": [clock_by_a_loop],
    "outputs.frozen_kernel_flow": [flow_by_a_list, flow_by_runge_kutta],
}


@pytest.fixture(scope="module")
def graded():
    """{function: (all points?, feedback)}: one answer of each exercise in one run, until none is left."""
    found = {}
    for batch in itertools.zip_longest(*ANSWERS.values()):
        chosen = {full: function for full, function in zip(ANSWERS, batch) if function}
        examiner = examine.Examiner(examine.Local(chosen), list(chosen))
        grade.run(examiner)
        for full, function in chosen.items():
            result = examiner.results[full]
            found[function] = result.points == units.by_name(full)["points"], result.feedback
    return found


@pytest.mark.parametrize(
    "function", [f for answers in ANSWERS.values() for f in answers], ids=lambda function: function.__name__
)
def test_a_right_answer_of_another_kind_passes(graded, function):
    full_marks, feedback = graded[function]
    assert full_marks, feedback


FILE = '''
"""My answers."""
from __future__ import annotations

import collections
import functools
import sys as system
from typing import TypeAlias

import numpy as np
from numpy.linalg import norm

from minintk import guard, network

Array: TypeAlias = np.ndarray
HALF = 1 / 2
Pair = collections.namedtuple("Pair", "first second")
print("loading", __name__)


class Table:
    """Helper."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def look_up(self, positive: Array) -> Array:
        return np.where(positive, 1, self.slope)


def _both(z: Array, slope: float) -> Pair:
    return Pair(z, slope * z)


def trace(function):
    @functools.wraps(function)
    def traced(*args, **kwargs):
        print(function.__name__, len(args), sorted(kwargs))
        return function(*args, **kwargs)
    return traced


@guard.accepts(z="...", slope="[0, 1]")
@trace
def activation(z: Array, slope: float) -> Array:
    # the larger of both
    pair = _both(z, slope)
    return np.maximum(pair.first, pair.second)


gate = lambda h, slope: Table(slope).look_up(h > 0).astype(h.dtype)  # noqa


def forward(weights, X, slope=0.0, *, verbose=False):
    """Written anew, and without the guard."""
    layers = [X]
    for W in weights[:-1]:
        layers.append(network.activation(z=layers[-1] @ W.T, slope=slope))
    layers.append(layers[-1] @ weights[-1].T)
    return layers


if __name__ == "__main__":
    forward(None, None)
'''


@pytest.mark.parametrize("mark, end", [(b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n")])
def test_helpers_imports_prints_and_windows_line_ends_do_no_harm(tmp_path, mark, end):
    (tmp_path / "01_network.py").write_bytes(mark + FILE.strip().encode().replace(b"\n", end))
    names = ["network.activation", "network.gate", "network.forward"]
    examiner = grade.grade(tmp_path, [units.by_name(name) for name in names])
    for result in examiner.results.values():
        assert result.status is results.Status.PASSED, result.feedback
    assert "loading answers\nactivation 0 ['slope', 'z']\n" in examiner.answers.remote.printed


# pytest --answers


def run_pytest(answers, *words):
    """The exit code and the screen of pytest on the clone's tests."""
    clone = pathlib.Path(kernel.__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--answers", str(answers), "-q", *words]
    environment = os.environ | {"COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=clone, capture_output=True, encoding="utf-8", env=environment)
    return done.returncode, done.stdout + done.stderr


def test_pytest_grades_a_finished_folder_green_and_an_untouched_one_red(tmp_path):
    """The library's own file is a finished exercise file; beside it stand no other ones."""
    (tmp_path / "01_network.py").write_bytes(pathlib.Path(network.__file__).read_bytes())
    code, screen = run_pytest(tmp_path, "-v", "tests/test_network.py")
    assert code == 0, screen
    assert (
        "answers: yours: 6 of" in screen
        and "- activation, gate, init_weights, forward, backward, weight_gradients" in screen
    )
    code, screen = run_pytest(tmp_path, "tests/test_kernel.py")
    assert code == 1
    assert "kernel.ntk: not started" in screen and " passed" not in screen

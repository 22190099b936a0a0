"""No false alarm: right answers of other kinds than the library's get all points.

`exercise__kind` is an answer to the exercise: an entry of SHORT if it is one expression, else a function below it.
"""

import contextlib
import io
import itertools
import math
import pathlib

import numpy as np
import pytest

from minintk import alignment, integrator, kernel, linear_theory, network, outputs, silence, training
from minintk.course import examine, grade, results, submission, units

# the library's own, since another function stands in their place while it is graded
gradient_factors, jacobian, block_matrix, ntk = (
    kernel.gradient_factors,
    kernel.jacobian,
    kernel.block_matrix,
    kernel.ntk,
)
early_residual = outputs.early_residual

SHORT = {
    "activation__by_loops": lambda z, slope: np.array(
        [u if u > 0 else u * slope for u in z.ravel()], dtype=z.dtype
    ).reshape(z.shape),
    "activation__by_absolute_values": lambda z, slope: ((1 + slope) * z + (1 - slope) * abs(z)) / 2,
    "gate__by_signs": lambda h, slope: (h > 0).astype(h.dtype) + (h <= 0) * h.dtype.type(slope),
    "weight_gradients__einsum": lambda layers, deltas: tuple(
        np.einsum("mi,mj->ij", B, h) for B, h in zip(deltas, layers[:-1])
    ),
    "jacobian__as_lists": lambda weights, X, slope=0.0: (
        jacobian__by_loops(weights, X, slope).tolist() if X.dtype == float else jacobian__by_loops(weights, X, slope)
    ),
    "ntk__as_lists": lambda *args, **kwargs: ntk(*args, **kwargs).tolist(),
    "alignment_time__from_the_end": lambda times, alignments, level=0.95: min(
        itertools.compress(times[::-1], itertools.accumulate(alignments[::-1] >= level, min)), default=math.inf
    ),
    "predictor_gap__by_its_definition": lambda K_inf_train, K_inf_test, f_train, f_test, f0_train, f0_test: (
        (f_test - f0_test) - kernel.kernel_predictor(K_inf_train, K_inf_test, f_train - f0_train)
    ),
    "half_loss_time__by_the_loss": lambda q0, r0, s: (
        math.log(math.sqrt(2) - 1) / (2 * s) + math.log(2 * s / (q0 + r0)) / (2 * s)
    ),
    "escape_time__by_division": lambda u0, s, L: 1 / (s * (L - 2) * u0 ** (L - 2)),
    "final_kernel__by_its_matrix": lambda X, beta, s, L: (
        s ** ((2 * L - 2) / L) * X @ (np.eye(len(beta)) + (L - 1) * beta[:, None] * beta) @ X.T
    ),
    "balance_defect__by_einsum": lambda weights: [
        np.einsum("ki,kj->ij", V, V) - np.einsum("ik,jk->ij", W, W) for W, V in zip(weights[:-1], weights[1:])
    ],
    "early_residual__by_the_loss": lambda y, loss="mse": (
        -len(y) * training.loss_and_cotangent(f=np.zeros_like(y), y=y, loss=loss)[1]
    ),
}


def init_weights__normal(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return [rng.normal(0, sigma / math.sqrt(widths[i]), (widths[i + 1], widths[i])) for i in range(len(widths) - 1)]


def init_weights__other_numbers(widths, sigma, rng):
    rng = np.random.default_rng(rng)
    return tuple(-sigma * rng.standard_normal((m, n)).T / m**0.5 for m, n in zip(widths, widths[1:]))


def forward__by_loops(weights, X, slope=0.0):
    layers = [X]
    for l, W in enumerate(weights, start=1):
        z = [[sum(w * u for w, u in zip(row, h)) for row in W] for h in layers[-1]]
        h = z if l == len(weights) else [[u if u > 0 else slope * u for u in row] for row in z]
        layers.append(np.array(h, dtype=X.dtype))
    return layers


def forward__as_a_tuple(weights, X, slope=0.0):
    h, layers = X, (X,)
    for W in weights[:-1]:
        h = network.activation(z=np.einsum("mj,ij->mi", h, W), slope=slope)
        layers += (h,)
    return (*layers, np.dot(weights[-1], h.T).T)


def forward__as_a_list_of_columns(weights, X, slope=0.0):
    columns = [X.T]
    for W in weights[:-1]:
        z = W @ columns[-1]
        columns.append(np.where(z > 0, z, slope * z))
    return [np.ascontiguousarray(h.T) for h in [*columns, weights[-1] @ columns[-1]]]


def backward__by_recursion(weights, layers, cotangent, slope=0.0):
    if len(weights) == 1:
        return [cotangent]
    B = np.einsum("mi,ij->mj", cotangent, weights[-1]) * network.gate(slope=slope, h=layers[-2])
    return [*backward__by_recursion(weights[:-1], [*layers[:-2], B], B, slope), cotangent]


def backward__as_a_tuple(weights, layers, cotangent, slope=0.0):
    deltas = [None] * len(weights)
    deltas[-1] = cotangent
    for l in range(len(weights) - 2, -1, -1):
        deltas[l] = (weights[l + 1].T @ deltas[l + 1].T).T * np.where(layers[l + 1] > 0, 1, layers[0].dtype.type(slope))
    return tuple(deltas)


def gradient_factors__as_lists(weights, X, slope=0.0):
    layers = network.forward(X=X, weights=weights, slope=slope)
    rows = [np.tile(one_hot, (len(X), 1)) for one_hot in np.eye(len(weights[-1]), dtype=X.dtype)]
    deltas = zip(*(network.backward(weights, layers, cotangent, slope) for cotangent in rows))
    return [[h, list(B)] for h, B in zip(layers, deltas)]


def jacobian__by_loops(weights, X, slope=0.0):
    def row(x, one_hot):
        layers = network.forward(weights, x[None], slope)
        deltas = network.backward(weights, layers, one_hot[None], slope)
        return np.concatenate([G.ravel() for G in network.weight_gradients(layers, deltas)])

    return np.array([[row(x, one_hot) for one_hot in np.eye(len(weights[-1]), dtype=X.dtype)] for x in X])


def ntk__einsum(weights, X1, X2=None, slope=0.0):
    left = gradient_factors(weights, X1, slope)
    right = gradient_factors(weights, X1 if X2 is None else X2, slope)
    pairs = [(h, g, np.array(B), np.array(A)) for (h, B), (g, A) in zip(left, right)]
    K = sum(np.einsum("mi,ni,cmj,dnj->cdmn", *pair, optimize=True) for pair in pairs)
    return K.squeeze((0, 1)) if len(weights[-1]) == 1 else K


def ntk__in_extended_precision(weights, X1, X2=None, slope=0.0):
    weights, C = [W.astype(np.longdouble) for W in weights], len(weights[-1])

    def factors(X):
        layers, pairs = [X.astype(np.longdouble)], []
        for W in weights[:-1]:
            z = layers[-1] @ W.T
            layers.append(np.where(z > 0, z, slope * z))
        B = np.tile(np.eye(C, dtype=np.longdouble)[:, None], (1, len(X), 1))  # (C, P, n_l)
        for h, W in zip(layers[::-1], weights[::-1]):
            pairs.append((h, B))
            B = B @ W * np.where(h > 0, 1, slope)
        return pairs

    pairs = zip(factors(X1), factors(X1 if X2 is None else X2))
    K = sum(np.einsum("cmi,dni->cdmn", B, A) * (h @ g.T) for (h, B), (g, A) in pairs)
    return K[0, 0] if C == 1 else K


def floor(K, rcond):
    """The cut that the precision of a kernel allows."""
    return max(rcond, K.shape[-1] * np.finfo(K.dtype).eps)


def kernel_predictor__pinv(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    rcond = floor(K_train, rcond)
    moved = np.asarray(targets - f0_train)
    if K_train.ndim == 4:
        alpha = np.linalg.pinv(block_matrix(K_train), rcond) @ moved.T.reshape(-1)
        return f0_test + (block_matrix(K_test) @ alpha).reshape(K_test.shape[0], K_test.shape[2]).T
    return f0_test + K_test @ (np.linalg.pinv(K_train, rcond) @ moved)


def kernel_predictor__by_eigenvectors(K_train, K_test, targets, f0_train=0.0, f0_test=0.0, rcond=1e-12):
    moved, C, rcond = targets - f0_train, len(K_train) if K_train.ndim == 4 else 0, floor(K_train, rcond)
    if C:  # the unknowns sample by sample instead of output by output
        K_train = np.einsum("cdmn->mcnd", K_train).reshape(moved.size, moved.size)
        K_test = np.einsum("cdmn->mcnd", K_test).reshape(-1, moved.size)
        moved = moved.ravel()
    values, V = np.linalg.eigh(K_train)
    kept = values > rcond * values[-1]
    alpha = V[:, kept] @ ((V[:, kept].T @ moved).T / values[kept]).T
    predicted = K_test @ alpha
    return f0_test + (predicted.reshape(-1, C) if C else predicted)


def ridge_predictor__by_eigenvectors(K_train, K_test, targets, decay):
    values, V = np.linalg.eigh(K_train)
    return (K_test @ V) @ ((V.T @ targets).T / (values + decay * len(targets))).T


def constant_kernel_flow__by_times(K, y, f0, times):
    values, V = np.linalg.eigh(K)
    return [y + V @ (np.exp(-values * t / len(y)) * (V.T @ (f0 - y))) for t in times]


def constant_kernel_flow__by_modes(K, y, f0, times):
    f = np.tile(y, (len(times), 1))
    values, V = np.linalg.eigh(K)
    for value, v in zip(values, -V.T):  # an eigenvector may have either sign
        f += np.exp(-value * times / len(y))[:, None] * v * (v @ (f0 - y))
    return f


def condition_number__as_an_array(X):
    S = np.linalg.svd(X)[1].astype(float)
    refuse(not S.any())
    S = S[S / S.max() > (1e-10 if X.dtype == float else 1e-5)]
    return np.array((S.max() / S.min()) ** 2)


def refuse(case):
    """What many a docstring promises."""
    if case:
        raise ValueError("so it cannot be")


def whitening_map__by_eigenvectors(X, power=0.0, rcond=1e-3):
    refuse(not X.any())
    values, V = np.linalg.eigh(X.T @ X / len(X))
    kept = values > rcond**2 * values.max()
    M = V[:, kept] @ np.diag(values[kept] ** ((power - 1) / 2)) @ V[:, kept].T
    return M * np.sqrt(kept.sum() / ((X @ M) ** 2).sum(axis=1).mean())


def whitening_map__with_other_signs(X, power=0.0, rcond=1e-3):
    refuse(not X.any())
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    U, Vt, kept = -U, -Vt, S > rcond * S[0]
    M = np.linalg.pinv(X, rcond=rcond) @ (U[:, kept] * S[kept] ** power) @ Vt[kept]
    return M * np.sqrt(kept.sum() / np.mean(np.linalg.norm(X @ M, axis=1) ** 2))


def loss_and_cotangent__as_a_list(f, y, loss="mse"):
    if loss == "mse":
        values, slopes = 0.5 * (f - y) ** 2, f - y
    elif loss == "logistic":
        small = np.exp(-abs(f))
        values = np.log1p(small) + np.maximum(-y * f, 0)
        slopes = -y * np.where(y * f > 0, small, 1) / (1 + small)
    else:
        shifted = f - f.max(axis=1, keepdims=True)
        sums = np.exp(shifted).sum(axis=1, keepdims=True)
        values, slopes = y * (np.log(sums) - shifted), np.exp(shifted) / sums - y
    return [values.sum(axis=1).mean(), slopes / len(f)]


def loss_gradient__as_tuples(weights, X, y, slope=0.0, loss="mse"):
    layers = network.forward(weights, X, slope)
    value, cotangent = training.loss_and_cotangent(f=layers[-1], y=y, loss=loss)
    deltas = network.backward(weights=weights, layers=layers, cotangent=cotangent, slope=slope)
    return float(value), tuple(B.T @ h for B, h in zip(deltas, layers))


def neuron_pulls__by_loops(W, a, X, y, slope=0.0):
    rows = []
    for w, sign in zip(W, a):
        signed = [(x * label if x @ w > 0 else slope * x * label) for x, label in zip(X, y)]
        rows.append(sum(signed) if sign > 0 else -sum(signed))
    return np.array(rows, dtype=X.dtype)


def adam_step__in_place_of_copies(weights, gradients, m, v, step, step_size):
    weights, m, v = ([a.copy() for a in part] for part in (weights, m, v))
    for W, G, M, V in zip(weights, gradients, m, v):
        for mean, b, new in [(M, 0.9, G), (V, 0.999, G * G)]:
            before = sum(b**age for age in range(1, step))  # what all gradients before this one count
            mean *= before / (1 + before)
            mean += new / (1 + before)
        W -= step_size * M / (np.sqrt(V) + 1e-8)
    return [tuple(weights), m, v]


def adam_step__with_the_papers_sums(weights, gradients, m, v, step, step_size):
    old, new = ([1 - b**n for b in (0.9, 0.999)] for n in (step - 1, step))
    m = [0.9 * M * old[0] + 0.1 * G for M, G in zip(m, gradients)]
    v = [0.999 * V * old[1] + 0.001 * G**2 for V, G in zip(v, gradients)]
    m, v = [M / new[0] for M in m], [V / new[1] for V in v]
    return [W - step_size * M / (V**0.5 + 1e-8) for W, M, V in zip(weights, m, v)], m, v


def span_coordinates__with_other_signs(X):
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    r = int((S > S[0] * max(X.shape) * np.finfo(X.dtype).eps).sum()) or 1
    signs = np.where(np.arange(r) % 2 == 0, -1, 1).astype(X.dtype)
    return U[:, :r] * S[:r] * signs, Vt[:r].T * signs


def span_coordinates__in_another_order(X):
    Q = np.linalg.svd(X, full_matrices=False)[2][: np.linalg.matrix_rank(X) or 1][::-1].T
    return [X @ Q, Q]


def kernel_alignment__by_entries(K, Q):
    refuse(not K.any() or not Q.any())
    return np.sum(K * Q) / np.sqrt(np.sum(K**2) * np.sum(Q**2))


def effective_rank__by_moments(K):
    refuse(not K.any())
    K = K / np.linalg.norm(K)
    E = np.einsum("ij,kl->ijkl", np.eye(len(K)), np.eye(len(K)))
    fourth = E + E.transpose(0, 2, 1, 3) + E.transpose(0, 3, 2, 1)  # E[z_i z_j z_k z_l]
    square = np.einsum("ij,kl,ijkl->", K, K, fourth)
    mean = np.einsum("ij,ij->", K, np.eye(len(K)))
    return 2 * mean**2 / (square - mean**2)


def effective_rank__by_eigenvalues(K):
    refuse(not K.any())
    return np.array(np.linalg.eigvalsh(K).sum() ** 2 / (np.linalg.eigvalsh(K) ** 2).sum())


def task_alignment__by_trace(K, y):
    refuse(not K.any() or not y.any())
    y = y.reshape(len(K), -1)
    return np.trace(y.T @ K @ y) / (np.linalg.norm(K) * np.trace(y.T @ y))


def early_weights__by_exponentials(W0, a0, beta, s, time):
    up, down = math.exp(s * time) / 2, math.exp(-s * time) / 2
    b0 = W0 @ beta
    b = up * (b0 + a0) + down * (b0 - a0)
    return W0 + (b - b0)[:, None] * beta, up * (a0 + b0) + down * (a0 - b0)


def two_layer_mode__by_hyperbolic_tangents(q0, r0, s, times):
    refuse(q0 <= abs(r0))
    R = math.sqrt(s * s + q0 * q0 - r0 * r0)
    start, T = (q0 + r0 - s) / R, np.tanh(R * times)
    total = s + R * (start + T) / (1 + start * T)  # q + r
    return (total - (q0 * q0 - r0 * r0) / total) / 2, (total + (q0 * q0 - r0 * r0) / total) / 2


def deep_mode__by_the_integrator(u0, s, L, times):
    refuse(u0**L >= s)

    def velocity(u):
        left = s - u**L
        return u ** (L - 1) * np.where(left > 1e-9 * s, left, 0), float(left[0])

    moments = integrator.integrate(velocity, np.array([u0]), max(times), -np.inf, times, (), rtol=1e-10, budget=10**6)
    found = {t: u[0] for t, _, u, _ in moments}
    return np.array([found[t] for t in times])


def half_loss_time__by_shrinking_the_start(q0, r0, s):
    def left(t):  # of the loss, the weights being 1e-5 times as large
        r = linear_theory.two_layer_mode(1e-10 * q0, 1e-10 * r0, s, np.array([t]))[0][0]
        return (s - r) ** 2 / s**2

    shift = math.log(1e10) / (2 * s)  # what they wait longer
    low, high = 0.0, shift + 50 / s
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) > 0.5 else (low, middle)
    return low - shift


def final_kernel__by_the_kernel_of_weights(X, beta, s, L):
    first = np.eye(3)[:, :1] * beta if L > 1 else beta[None]
    return kernel.ntk(
        [s ** (1 / L) * W for W in [first, *[np.diag([1.0, 0, 0])] * (L - 2), np.eye(3)[:1]][:L]], X, slope=1
    )


def unbalanced_kernel__by_the_kernel_of_weights(X, beta, s, delta):
    a2 = np.roots([1, -delta, -(s**2)]).max()
    return kernel.ntk([s / a2**0.5 * beta[None], np.array([[a2**0.5]])], X, slope=1.0)


def final_kernel_blocks__by_the_kernel_of_weights(X, B, L):
    U, S, Vt = np.linalg.svd(B, full_matrices=False)
    power = np.where(S > 1e-12 * S[0], S, 0) ** (1 / L)
    if L == 1:
        weights = [B]
    else:
        weights = [power[:, None] * Vt, *[np.diag(power)] * (L - 2), U * power]
    return kernel.ntk(weights, X, slope=1.0).reshape(len(B), len(B), len(X), len(X))


def unbalanced_kernel__by_its_matrix(X, beta, s, delta):
    a2, w2 = (np.abs(np.linalg.eigvalsh([[delta / 2, s], [s, -delta / 2]])) + sign * delta / 2 for sign in (1, -1))
    return X @ (w2[0] * beta[:, None] * beta + a2[0] * np.eye(len(beta))) @ X.T


def final_kernel_blocks__by_eigenvalues(X, B, L):
    def power(M, p):
        values, modes = np.linalg.eigh(M)
        values = np.where(values > 1e-13 * values.max(), values, 0)
        return (modes * values**p) @ modes.T if p > 0 else np.eye(len(M))

    pairs = [(power(B @ B.T, 1 - l / L), X @ power(B.T @ B, (l - 1) / L) @ X.T) for l in range(1, L + 1)]
    return sum(np.einsum("cd,mn->cdmn", left, right) for left, right in pairs)


def layer_terms__by_the_jacobian(weights, X, slope=0.0):
    ends = np.cumsum([W.size for W in weights])[:-1]
    parts = np.split(kernel.jacobian(weights, X, slope), ends, axis=2)
    terms = [np.einsum("mci,ndi->cdmn", J, J) for J in parts]
    return [K[0, 0] for K in terms] if len(weights[-1]) == 1 else terms


def early_residual__by_branches(y, loss="mse"):
    if loss != "softmax":
        return y.copy() if loss == "mse" else 0.5 * y
    return np.array([[value - 1 / len(row) for value in row] for row in y.tolist()])


def early_modes__with_other_signs(X, y, loss="mse"):
    V, s, Zt = np.linalg.svd(X.T @ early_residual(y, loss) / len(X), full_matrices=False)
    return [-Zt.T, s, -V]


def early_modes__cut_to_size(X, y, loss="mse"):
    M = np.mean([np.outer(r, x) for r, x in zip(outputs.early_residual(loss=loss, y=y), X)], axis=0)
    Z, s, Vt = np.linalg.svd(M)
    signs = np.where(np.arange(len(s)) % 2, 1, -1)
    return Z[:, : len(s)] * signs, s, (Vt[: len(s)].T * signs).tolist()


def sequential_mode_times__by_gram_schmidt(weights, B, share=0.5):
    Z, S, Vt = np.linalg.svd(B)
    refuse((S > 1e-12 * S[0]).sum() > len(weights[0]))
    found, basis = [], []
    for z, s, v in zip(Z.T, S[S > 1e-12 * S[0]], Vt):
        g = weights[1].T @ z + weights[0] @ v
        for e in basis:
            g = g - (g @ e) * e
        basis.append(g / np.linalg.norm(g))
        found.append((math.log(4 * s / (g @ g)) + math.log(share / (1 - share))) / (2 * s))
    return found


def sequential_mode_times__by_eigenvectors_and_projections(weights, B, share=0.5):
    values, V = np.linalg.eigh(B.T @ B)
    V = V[:, values > 1e-12 * values[-1]][:, ::-1]
    S = np.linalg.norm(B @ V, axis=0)
    G = weights[1].T @ (B @ V / S) + weights[0] @ V
    rests = [g - G[:, :a] @ (np.linalg.pinv(G[:, :a]) @ g) for a, g in enumerate(G.T)]
    return np.array([linear_theory.mode_time(rest @ rest / 2, 0, s, share) for rest, s in zip(rests, S)])


def eigenvector_alignment__by_svd(K, X, Z, V):
    refuse(not K.any())
    T = [np.einsum("cd,m,n->cdmn", np.eye(len(K)), f, f).ravel() for f in (X @ V).T]
    T += [np.einsum("c,d,mn->cdmn", z, z, X @ X.T).ravel() for z in Z.T]
    U, S, _ = np.linalg.svd(np.transpose(T), full_matrices=False)
    return np.linalg.norm(U[:, S > 1e-10 * S[0]].T @ K.ravel()) / np.linalg.norm(K)


def eigenvector_alignment__by_normal_equations(K, X, Z, V):
    refuse(not K.any())
    terms, matrix = [], block_matrix(K)
    for z, v in zip(Z.T, V.T):
        terms += [np.kron(np.eye(len(Z)), np.outer(X @ v, X @ v)), np.kron(np.outer(z, z), X @ X.T)]
    right = np.array([np.vdot(term, matrix) for term in terms])
    gram = np.array([[np.vdot(a, b) for b in terms] for a in terms])
    return float(np.sqrt(right @ np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ right) / np.linalg.norm(matrix))


def kernel_clock__by_a_loop(times, sizes):
    refuse(sizes[-1] == 0)
    h = [0]
    for i in range(1, len(times)):
        h.append(h[-1] + (times[i] - times[i - 1]) * (sizes[i] + sizes[i - 1]) / 2 / sizes[-1])
    return h


def frozen_kernel_flow__by_runge_kutta(K, y, times, loss="mse"):
    K = K if K.ndim == 4 else np.einsum("cd,mn->cdmn", np.eye(y.shape[1]), K)

    def rate(f):
        return -np.tensordot(K, training.loss_and_cotangent(f, y, loss)[1], ((1, 3), (1, 0))).T

    f, found = np.zeros(y.shape), []
    for start, time in zip([0.0, *times], times):
        n = math.ceil((time - start) / (0.05 if time < 20 else 0.2)) or 1  # by then it has arrived
        step = (time - start) / n
        for _ in range(n):
            a = rate(f)
            b = rate(f + step / 2 * a)
            c = rate(f + step / 2 * b)
            f = f + step / 6 * (a + 2 * b + 2 * c + rate(f + step * c))
        found.append(f)
    return np.array(found)


def frozen_kernel_flow__by_a_list(K, y, times, loss="mse"):
    def velocity(theta):
        value, cotangent = training.loss_and_cotangent(theta.reshape(y.shape), y, loss)
        return -(K @ cotangent if K.ndim == 2 else np.einsum("cdmn,nd->mc", K, cotangent)).ravel(), value

    moments = integrator.integrate(velocity, np.zeros(y.size), max(times), -np.inf, times, (), 1e-8, 10**5)
    return [theta.reshape(y.shape) for t, _, theta, _ in moments if t in times]


def gap_curve__by_a_loop(weights, X, X_test, outputs, test_outputs, slope=0.0):
    kernels = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    starts = outputs[0], test_outputs[0]
    gaps = [alignment.predictor_gap(*kernels, f, f_test, *starts) for f, f_test in zip(outputs, test_outputs)]
    return np.linalg.norm(gaps, axis=(1, 2)) / np.linalg.norm(test_outputs[-1])


def experiment__with_rounded_steps(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    picked = sorted({round(math.exp(u)) for u in np.linspace(0, math.log(steps), silence.RECORDS)})
    kept = {"record_steps": picked, "record_drops": silence.DROPS, "record_kernels": True, "X_test": X_test}
    end = {"steps": steps, "target_loss": target_loss}
    run = training.gradient_descent(weights, X, y, step_size, slope, loss, **end, **kept)
    refuse(run.losses[0] <= target_loss or set(run.losses) == {run.losses[0]})
    ends = run.outputs[-1], run.outputs[0], run.test_outputs[0], slope
    told = {
        "times": run.times,
        "losses": run.losses,
        "alignments": silence.alignment_curve(run.kernels),
        "norms": np.sqrt((run.kernels**2).reshape(len(run.kernels), -1).sum(axis=1)),
        "network": run.test_outputs[-1],
        "machine_inf": silence.kernel_machine(run.weights[-1], X, X_test, *ends),
        "machine_0": silence.kernel_machine(run.weights[0], X, X_test, *ends),
    }
    gaps = silence.gap_curve(run.weights[-1], X, X_test, run.outputs, run.test_outputs, slope)
    kept = {"trained": run.outputs[-1], "kernels": run.kernels, "gaps": gaps}
    return told | kept | {"numbers": silence.silence_numbers(**told)}


def region__by_a_table(numbers):
    unlearnt, good = numbers["t_ratio"] is None, numbers["err_inf"] <= 0.1
    rho = numbers["rho"] if numbers["err_0"] >= 1e-6 else 1.0
    controls = (
        numbers.get("untrained", 1) < 0.01,
        numbers.get("err_inf_relu", 0) > 0.1,
        numbers["err_0"] < 1e-6,
    )
    table = {
        "unlearnt": unlearnt,
        "lazy": numbers["growth_end"] < 2 and rho > 0.25,
        "trivial": good and any(controls),
        "partially aligned": rho >= 0.05,
        "aligned late": not unlearnt and numbers["t_ratio"] > 1,
        "silent": True,
    }
    return next(word for word, holds in table.items() if holds)


def stable_step__by_powers(weights, X, slope=0.0, loss="mse"):
    J = jacobian(weights, X, slope).reshape(X.shape[0] * weights[-1].shape[0], -1)
    curvature = 1 if loss == "mse" else 0.25 if loss == "logistic" else 0.5
    return 2 * len(X) / (curvature * np.linalg.svd(J, compute_uv=False).max() ** 2)


def descend__by_a_for_loop(weights, X, y, target_loss, longest, slope=0.0, loss="mse", steps=1000):
    now, times, losses = 0.0, [0.0], [training.loss_gradient(weights, X, y, slope, loss)[0]]
    for _ in range(steps):
        if losses[-1] <= target_loss:
            break
        step = min(longest, 0.5 * training.stable_step(weights, X, slope, loss))
        gradients = training.loss_gradient(weights, X, y, slope, loss)[1]
        weights = [W - step * G for W, G in zip(weights, gradients)]
        now = now + step
        times.append(now)
        losses.append(training.loss_gradient(weights, X, y, slope, loss)[0])
    return weights, times, losses


def adaptive_step__by_two_euler_steps(weights, X, y, length, tolerance, slope=1.0, loss="mse"):
    one, _ = training.gradient_descent_step(weights, X, y, length, slope, loss)
    two, _ = training.gradient_descent_step(one, X, y, length, slope, loss)
    heun = [(W + V) / 2 for W, V in zip(weights, two)]
    error = max(np.max(np.abs(A - E)) for A, E in zip(heun, one)) / max(np.max(np.abs(A)) for A in heun)
    longer = 5 if error == 0 else np.clip(np.sqrt(tolerance / error), 0.2, 5)
    return heun, error, length * longer


ANSWERS = SHORT | {name: answer for name, answer in globals().items() if "__" in name.strip("_")}


@pytest.fixture(scope="module")
def graded():
    """{answer: its result}: one answer of each exercise in one run, until none is left."""
    waiting, found = dict(ANSWERS), {}
    while waiting:
        batch = {units.find(name.partition("__")[0])[0]["full"]: name for name in waiting}
        examiner = examine.Examiner(examine.Local({full: waiting.pop(batch[full]) for full in batch}), list(batch))
        grade.run(examiner)
        found |= {batch[full]: result for full, result in examiner.results.items()}
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_a_right_answer_of_another_kind_passes(graded, name):
    assert graded[name].status is results.Status.PASSED, graded[name].feedback


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
    return [*layers, layers[-1] @ weights[-1].T]

if __name__ == "__main__":
    forward(None, None)
'''


def test_helpers_imports_prints_and_windows_line_ends_do_no_harm(tmp_path):
    path, text = tmp_path / "01_network.py", FILE.strip()
    path.write_bytes(text.encode())
    assert submission.text(path) == text
    path.write_bytes(b"\xef\xbb\xbf" + text.encode().replace(b"\n", b"\r\n"))
    assert submission.text(path) == text
    names = ["network.activation", "network.gate", "network.forward"]
    examiner = grade.grade(tmp_path, [units.by_name(name) for name in names])
    for result in examiner.results.values():
        assert result.status is results.Status.PASSED, result.feedback
    assert "loading answers\nactivation 0 ['slope', 'z']\n" in examiner.answers.remote.printed


def run_pytest(answers, *words):
    """The exit code and the screen of `pytest --answers` on the clone's tests."""
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        code = pytest.main(["-p", "no:cacheprovider", "--answers", str(answers), "-v", *words])
    return code, screen.getvalue()


def test_pytest_grades_a_finished_folder_green_and_an_untouched_one_red(tmp_path, monkeypatch):
    """The library's own file is a finished exercise file; beside it stand no other ones."""
    monkeypatch.chdir(units.PACKAGE.parent)
    (tmp_path / "01_network.py").write_bytes(pathlib.Path(network.__file__).read_bytes())
    code, screen = run_pytest(tmp_path, "tests/test_network.py", "-k", "activation or gate")
    assert code == 0 and "answers: yours: 6 of" in screen, screen
    assert "- activation, gate, init_weights, forward, backward, weight_gradients" in screen
    code, screen = run_pytest(tmp_path, "tests/test_kernel.py", "-k", "test_ntk")
    assert code == 1 and "kernel.ntk: not started" in screen and " passed" not in screen

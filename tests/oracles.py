"""Expected values by other algorithms than the library's: explicit loops, finite differences, closed forms.

Nothing here imports minintk. The loops are slow and plain on purpose.
"""

import contextlib
import copy
import math
import re

import numpy as np


def assert_matches(got, expected, rtol=1e-9):
    """The same shape, real floating-point numbers, no NaN, and no entry further off than rtol * max|expected|."""
    if isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple):
            raise AssertionError(f"got a {type(got).__name__}, expected a list of {len(expected)}")
        if len(got) != len(expected):
            raise AssertionError(f"got {len(got)} things, expected {len(expected)}")
        for i, (one, wanted) in enumerate(zip(got, expected)):
            try:
                assert_matches(one, wanted, rtol)
            except AssertionError as error:
                raise AssertionError(f"[{i}] {error}") from None
        return
    got, expected = np.asarray(got), np.asarray(expected, dtype=float)
    if got.shape != expected.shape:
        raise AssertionError(f"got shape {got.shape}, expected {expected.shape}")
    if got.dtype.kind != "f":
        raise AssertionError(f"got {got.dtype}, expected floating-point numbers")
    if np.isnan(got).any():
        raise AssertionError(f"got {np.isnan(got).sum()} NaN of {got.size} entries")
    finite = np.isfinite(expected)
    if not np.array_equal(got[~finite], expected[~finite]):
        raise AssertionError(f"got {got[~finite]}, expected {expected[~finite]}")
    miss = abs(got[finite] - expected[finite])
    if miss.size and not miss.max() <= rtol * abs(expected[finite]).max():
        worst = np.argwhere(finite)[miss.argmax()].tolist()
        at = f" at {worst}" if worst else ""
        raise AssertionError(f"got {got[tuple(worst)]:.12g}{at}, expected {expected[tuple(worst)]:.12g}")


def expect(holds, told):
    """An assertion in the words that the student reads; pytest adds none of its own."""
    if not holds:
        raise AssertionError(told)


def assert_refused(function, *args):
    """function(*args) raises a ValueError."""
    try:
        function(*args)
    except ValueError:
        return
    raise AssertionError("No ValueError was raised; the docstring promises one for this call.")


def assert_named(name, got, expected, rtol=1e-9):
    """assert_matches, saying what is wrong: "s[0] is 4, expected 2", and by which factor if it is one.

    For answers that are not unique, of which nothing can be told by how they differ from the library's.
    """
    try:
        assert_matches(got, expected, rtol)
    except AssertionError as error:
        number = re.fullmatch(r"got (\S+?)(?: at (\[.*\]))?, expected (\S+)", str(error))
        told = f"{name}{number[2] or ''} is {number[1]}, expected {number[3]}" if number else f"{name}: {error}"
        if np.shape(got) == np.shape(expected) and np.any(expected) and np.size(expected) > 1:
            factor = np.vdot(expected, got) / np.vdot(expected, expected)
            if abs(got - factor * expected).max() <= 1e-6 * abs(factor * expected).max():
                told += f". {name} is {factor:.6g} times the expected"
        raise AssertionError(f"{told}.") from None


@contextlib.contextmanager
def unchanged(*values):
    """The arrays, and lists of arrays, hold the same numbers after the block as before it."""
    before = copy.deepcopy(values)
    yield
    for i, (value, old) in enumerate(zip(values, before)):
        pairs = zip(value, old, strict=True) if isinstance(value, list) else [(value, old)]
        if not all(np.array_equal(a, b) for a, b in pairs):
            raise AssertionError(f"array argument {i + 1} was changed in place")


# A network for every corner: what is not given here is drawn, and all drawn sizes differ.
NETWORKS = {
    "one_layer": {"L": 1, "C": 2},
    "relu": {"L": 2},
    "leaky": {"L": 2, "slope": 0.1},
    "one_sample": {"L": 2, "P": 1, "slope": 0.2},
    "one_input": {"L": 2, "D": 1, "slope": 0.5},
    "one_unit": {"L": 3, "N": 1, "slope": 0.5},
    "three_outputs": {"L": 2, "C": 3},
    "deep_relu": {"L": 3, "C": 2},
    "deep_leaky": {"L": 4, "C": 2, "slope": 0.3},
    "linear": {"L": 3, "slope": 1.0},
}


def draw_network(rng, L, C=1, slope=0.0, P=None, D=None, N=None):
    """Random weights, inputs and the slope; no preactivation is so near a kink that a difference would cross it.

    Nor are all gates of a layer shut for all inputs: then there is nothing to learn from.
    """
    sizes = [int(n) for n in rng.permutation(np.arange(2, 9))]
    widths = [D or sizes[0], *((N or n) for n in sizes[1:L]), C]
    while True:
        weights = [rng.standard_normal((n, m)) / math.sqrt(m) for m, n in zip(widths, widths[1:])]
        X = rng.standard_normal((P or sizes[-1], widths[0]))
        linear_in = [forward(weights[:l], X, slope)[-1] for l in range(1, L)]  # z_l: a shorter network ends without phi
        if all(abs(z).min() > 0.01 for z in linear_in) and forward(weights, X, slope)[-1].any():
            return weights, X, slope


def phi(z, slope):
    """The activation of one number."""
    return z if z > 0 else slope * z


def forward(weights, X, slope):
    """Every layer, sample by sample and unit by unit."""
    layers = [np.asarray(X).tolist()]
    for l, W in enumerate([np.asarray(W).tolist() for W in weights], start=1):
        rows = []
        for h in layers[-1]:
            z = [sum(w * u for w, u in zip(row, h)) for row in W]
            rows.append([phi(u, slope) for u in z] if l < len(weights) else z)
        layers.append(rows)
    return [np.array(rows) for rows in layers]


def outputs(weights, X, slope):
    """f (P, C)."""
    return forward(weights, X, slope)[-1]


def sample_deltas(weights, layers, cotangent, slope):
    """The derivative of cotangent . f by every preactivation of one sample, from unit to unit; phi'(0) = slope."""
    deltas = [list(cotangent)]
    for W, h in zip(weights[:0:-1], layers[-2:0:-1]):
        below = []
        for j, u in enumerate(h):
            arriving = sum(d * row[j] for d, row in zip(deltas[0], W.tolist()))
            below.append(arriving * (1.0 if u > 0 else slope))
        deltas.insert(0, below)
    return deltas


def deltas(weights, layers, cotangent, slope):
    """[B_1 ... B_L], sample by sample."""
    rows = [sample_deltas(weights, h, c, slope) for *h, c in zip(*(h.tolist() for h in layers), cotangent.tolist())]
    return [np.array(B) for B in zip(*rows)]


def sample_gradient(weights, x, c, slope):
    """The gradient of f_c at one sample for every weight."""
    layers = [h[0].tolist() for h in forward(weights, [x], slope)]
    one_hot = [float(i == c) for i in range(len(layers[-1]))]
    parts = zip(sample_deltas(weights, layers, one_hot, slope), layers)
    return [np.array([[d * u for u in h] for d in delta]) for delta, h in parts]


def jacobian(weights, X, slope):
    """J (P, C, n_params) from the gradients of single samples."""
    C = len(weights[-1])
    return np.array(
        [[np.concatenate([G.ravel() for G in sample_gradient(weights, x, c, slope)]) for c in range(C)] for x in X]
    )


def ntk(weights, X1, X2, slope):
    """K (C, C, P1, P2), one inner product of two gradients at a time."""
    J1, J2 = jacobian(weights, X1, slope).tolist(), jacobian(weights, X2, slope).tolist()
    C = len(weights[-1])
    return np.array(
        [[[[sum(a * b for a, b in zip(g1[c], g2[c2])) for g2 in J2] for g1 in J1] for c2 in range(C)] for c in range(C)]
    )


def differences(function, matrices, step=1e-4):
    """The derivative of an array-valued function of a list of matrices, by five-point central differences.

    Returns for each matrix an array of the function's shape followed by the matrix's.
    """
    result = []
    for l, W in enumerate(matrices):
        D = np.zeros(W.shape + np.shape(function(matrices)))
        for index in np.ndindex(W.shape):

            def at(change, l=l, index=index):
                moved = [V.copy() for V in matrices]
                moved[l][index] += change
                return np.asarray(function(moved))

            D[index] = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
        result.append(np.moveaxis(D, range(W.ndim), range(-W.ndim, 0)))
    return result


def loss(f, y, kind):
    """The mean over samples, term by term from the definitions. y (P, C)."""
    total = 0.0
    for f_m, y_m in zip(f.tolist(), y.tolist()):
        if kind == "mse":
            total += sum((a - b) ** 2 for a, b in zip(f_m, y_m)) / 2
        elif kind == "logistic":
            total += sum(math.log(1 + math.exp(-a * b)) for a, b in zip(f_m, y_m))
        else:
            total += math.log(sum(math.exp(a) for a in f_m)) - sum(a * b for a, b in zip(f_m, y_m))
    return total / len(f)


def draw_targets(rng, P, C, kind):
    """Random targets (P, C) that fit the loss."""
    if kind == "mse":
        return rng.standard_normal((P, C))
    if kind == "logistic":
        return rng.choice([-1.0, 1.0], (P, C))
    return np.eye(C)[rng.integers(C, size=P)]


def pulled_back(weights, X, cotangent, slope):
    """The gradient of sum(cotangent * f) for every weight, summed from the gradients of single outputs."""
    total = [np.zeros(W.shape) for W in weights]
    for x, row in zip(X, cotangent):
        for c, share in enumerate(row):
            for G, g in zip(total, sample_gradient(weights, x, c, slope)):
                G += share * g
    return total


def mse_gradient(weights, X, y, slope):
    """The gradient of the mean squared error, with its 1/2."""
    return pulled_back(weights, X, (outputs(weights, X, slope) - y) / len(X), slope)


def loss_gradient(weights, X, y, slope, kind):
    """The gradient of a loss: its derivative by the outputs, by differences, handed down by the chain rule."""
    f = outputs(weights, X, slope)
    cotangent = differences(lambda m: loss(m[0], y, kind), [f], step=1e-3)[0]
    return pulled_back(weights, X, cotangent, slope)


def rk4(velocity, state, times, step):
    """The solution of d state / dt = velocity(state) at the times, by classical Runge-Kutta with fixed small steps."""
    t, found = 0.0, []
    for time in times:
        n = max(1, math.ceil((time - t) / step))
        h = (time - t) / n
        for _ in range(n):
            k1 = velocity(state)
            k2 = velocity(state + h / 2 * k1)
            k3 = velocity(state + h / 2 * k2)
            k4 = velocity(state + h * k3)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t = time
        found.append(state)
    return np.array(found)


def two_layer_linear_velocity(X, y, N):
    """-grad L for f = X W^T a with the mean squared error; the state holds W (N, D) and then a (N,)."""
    P, D = X.shape

    def velocity(state):
        W, a = state[: N * D].reshape(N, D), state[N * D :]
        pull = X.T @ (y - X @ W.T @ a) / P
        return np.concatenate([np.outer(a, pull).ravel(), W @ pull])

    return velocity


def second_moment(X):
    """X^T X / P entry by entry."""
    P, D = X.shape
    return np.array([[sum(X[m, i] * X[m, j] for m in range(P)) / P for j in range(D)] for i in range(D)])


def whitening_map(X, power, rcond):
    """The map from the eigenvectors of the second moment: along each, divide by s and multiply by s^power."""
    values, V = np.linalg.eigh(second_moment(X))
    kept = values > rcond**2 * values.max()
    s = np.sqrt(values[kept] * len(X))
    M = sum(u ** (power - 1) * np.outer(v, v) for u, v in zip(s, V[:, kept].T))
    return M * math.sqrt(kept.sum() / np.mean(np.sum((X @ M) ** 2, axis=1)))


def draw_white(rng, P, D):
    """Inputs whose non-zero singular values all equal sqrt(P): X^T X / P = I if P >= D, X X^T = P I if P <= D."""
    tall = np.linalg.qr(rng.standard_normal((max(P, D), min(P, D))))[0]
    return math.sqrt(P) * (tall if P >= D else tall.T)


def draw_spd(rng, n):
    """A random symmetric positive definite matrix with eigenvalues between 1 and 3."""
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return (Q * rng.uniform(1, 3, n)) @ Q.T


def draw_block_kernel(rng, C, P1, P2):
    """Kernels (C, C, P1, P1) and (C, C, P2, P1) of one feature map of P1 + P2 samples with C outputs each."""
    n = C * (P1 + P2)
    K = draw_spd(rng, n).reshape(P1 + P2, C, P1 + P2, C).transpose(1, 3, 0, 2)
    return K[:, :, :P1, :P1], K[:, :, P1:, :P1]


def block_predictor(K_train, K_test, targets, f0_train, f0_test):
    """The kernel predictor for several outputs, the unknowns ordered sample by sample, solved by elimination."""
    C, _, P2, P = K_test.shape
    system = np.array([[K_train[c, d, m, n] for n in range(P) for d in range(C)] for m in range(P) for c in range(C)])
    alpha = np.linalg.solve(system, (targets - f0_train).reshape(P * C)).reshape(P, C)
    added = [
        [sum(K_test[c, d, m, n] * alpha[n, d] for n in range(P) for d in range(C)) for c in range(C)] for m in range(P2)
    ]
    return f0_test + np.array(added)


def alignment(K, Q):
    """<K, Q> / (|K| |Q|), entry by entry."""
    K, Q = np.ravel(K).tolist(), np.ravel(Q).tolist()
    return sum(a * b for a, b in zip(K, Q)) / math.sqrt(sum(a * a for a in K) * sum(b * b for b in Q))


def two_layer_mode(s, q0, r0, times):
    """r(t) of the two-layer linear network on white data with the overlap r_0 kept."""
    C = q0**2 - r0**2
    R = math.sqrt(s**2 + C)
    above, below = (s + R) / math.sqrt(C), (s - R) / math.sqrt(C)
    z0 = (q0 + r0) / math.sqrt(C)
    B = (z0 - below) / (z0 - above)
    shrink = np.exp(-2 * R * np.asarray(times))
    z = (below * shrink - above * B) / (shrink - B)
    return math.sqrt(C) * (z - 1 / z) / 2


def half_loss_time(s, q0, r0):
    """When the loss of a small two-layer linear network on white data has halved."""
    return math.log(2 * s / (q0 + r0) * (math.sqrt(2) - 1)) / (2 * s)


def final_kernel(X, beta, s, L):
    """K_inf of a deep linear network with small weights on white data."""
    return s ** ((2 * L - 2) / L) * X @ ((L - 1) * np.outer(beta, beta) + np.eye(len(beta))) @ X.T


def two_layer_ntk(W, a, X1, X2, slope):
    """The kernel of f = a.phi(W x) in closed form: sum_i phi phi' + a_i^2 phi'(z_i) phi'(z_i') x.x'."""
    Z1, Z2 = X1 @ W.T, X2 @ W.T
    H1, H2 = np.where(Z1 > 0, Z1, slope * Z1), np.where(Z2 > 0, Z2, slope * Z2)
    D1, D2 = np.where(Z1 > 0, 1, slope) * a, np.where(Z2 > 0, 1, slope) * a
    return H1 @ H2.T + (X1 @ X2.T) * (D1 @ D2.T)


def orthonormal(rng, n, k):
    """k orthonormal columns (n, k)."""
    return np.linalg.qr(rng.standard_normal((n, k)))[0]


def drawn_weights(rng, widths, sigma):
    """Random weights [W_1 ...] of these widths, standard deviation sigma / sqrt(n_{l-1})."""
    return [sigma * rng.standard_normal((n, m)) / m**0.5 for m, n in zip(widths, widths[1:])]

"""What there is to see at the end of each unit: small computations on that unit's functions and those before it."""

import numpy as np

from minintk import alignment, data, kernel, linear_theory, network, outputs, plots, training, whitening
from minintk.experiments import silent_alignment


def network_figure():
    """How large outputs and gradients are, against sigma, for two, three and four layers."""
    sigmas, depths = np.geomspace(1e-3, 1, 7), (2, 3, 4)
    X = np.random.default_rng(0).standard_normal((50, 30))
    outputs, gradients = np.empty((2, len(depths), len(sigmas)))
    for i, L in enumerate(depths):
        for j, sigma in enumerate(sigmas):
            weights = network.init_weights([30, *[50] * (L - 1), 1], sigma, rng=1)
            layers = network.forward(weights, X)
            deltas = network.backward(weights, layers, np.ones((50, 1)))
            outputs[i, j] = np.sqrt(np.mean(layers[-1] ** 2))
            gradients[i, j] = np.sqrt(sum((G**2).sum() for G in network.weight_gradients(layers, deltas)))
    return plots.scaling(sigmas, depths, outputs, gradients)


def kernel_figure():
    """The kernel between directions on a circle, and what it learns when it is frozen."""
    circle, few = np.linspace(0, 2 * np.pi, 121), np.array([0.3, 1.2, 2.0, 3.4, 4.3, 5.6])
    targets, times = np.array([1.0, -1.0, 0.5, 1.0, -0.5, -1.0]), np.geomspace(0.1, 1000, 60)
    X, X_test = (np.sqrt(2) * np.stack([np.cos(a), np.sin(a)], axis=1) for a in (few, circle))
    weights = network.init_weights([2, 300, 1], sigma=1.0, rng=2)
    K, K_test = kernel.ntk(weights, X), kernel.ntk(weights, X_test, X)
    f0, f0_test = (network.forward(weights, inputs)[-1][:, 0] for inputs in (X, X_test))
    flow = kernel.constant_kernel_flow(K, targets, f0, times)
    end = kernel.kernel_predictor(K, K_test, targets, f0, f0_test)
    return plots.frozen_kernel(circle, kernel.ntk(weights, X_test), few, targets, f0_test, end, times, flow)


def whitening_figure():
    """The singular values of digits and their Gram matrices, raw, partly white and white."""
    X = data.split(*data.digits(), ((3,), (8,)), P=50, rng=0)[0]
    powers = (1, 0.25, 0)
    mapped = [X @ whitening.whitening_map(X, power) for power in powers]
    conditions = [whitening.condition_number(Z) for Z in mapped]
    return plots.spectra(
        powers, [np.linalg.svd(Z, compute_uv=False) for Z in mapped], conditions, [Z @ Z.T for Z in mapped]
    )


def white_task(seed=0):
    """Gram-white inputs X (40, 60), balanced labels y (40,) and test rows (200, 60)."""
    rng = np.random.default_rng(seed)
    return data.white(40, 60, rng), np.repeat([1.0, -1.0], 20), rng.standard_normal((200, 60))


def training_figure():
    """The loss in flow time for smaller and smaller initial weights."""
    X, y, _ = white_task()
    sigmas, runs = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001), []
    for sigma in sigmas:
        weights = network.init_weights([60, 100, 1], sigma, rng=1)
        run = training.gradient_descent(
            weights, X, y, 0.1, steps=2000, target_loss=1e-3, record_steps=range(0, 2000, 2)
        )
        runs.append((run.times, run.losses / run.losses[0]))
    return plots.plateaus(sigmas, runs)


def alignment_figure():
    """Loss and alignments in time, on white inputs and on inputs with condition number 100."""
    X, y, X_test = white_task()
    stretched = data.gaussian(40, 60, condition=100, rng=3)
    runs = []
    for title, inputs in [("white inputs", X), ("condition number 100", stretched)]:
        weights = network.init_weights([60, 100, 1], sigma=0.01, rng=1)
        run = training.gradient_descent(
            weights, inputs, y, 0.05, steps=5000, target_loss=1e-3, record_steps=range(0, 5000, 4), record_kernels=True
        )
        A = np.array([alignment.kernel_alignment(K, run.kernels[-1]) for K in run.kernels])
        curves = {
            "loss $L/L_0$": run.losses / run.losses[0],
            r"$A(K_t, K_\infty)$": A,
            "relative alignment": alignment.relative_alignment(A, A[0]),
            "task alignment $A_y$": np.array([alignment.task_alignment(K, y) for K in run.kernels]),
        }
        marks = {
            "aligned": alignment.alignment_time(run.times, A),
            "learnt": alignment.learning_time(run.times, run.losses),
        }
        runs.append((title, run.times, curves, marks))
    return plots.alignments(runs)


def silence_figure():
    """The main experiment, one initialisation."""
    return plots.silent_alignment(silent_alignment.run(inits=1))


def linear_theory_figure():
    """Trained linear networks beside their closed forms: two layers for three sigmas, and two to four layers."""
    s, u0, end, rng = 1.0, 0.2, 16.0, np.random.default_rng(0)
    X, beta = data.white(60, 30, rng), rng.standard_normal(30)
    beta /= np.linalg.norm(beta)
    fine, start = np.linspace(0, end, 400), network.init_weights([30, 50, 1], 1.0, rng)
    sigmas, modes, depths, deep = (0.1, 0.01, 0.001), [], (2, 3, 4), []
    for sigma in sigmas:
        weights = [sigma * W for W in start]
        q0, r0 = linear_theory.mode_overlaps(weights, np.ones(1), beta)
        line = linear_theory.two_layer_mode(q0, r0, s, fine)[0]
        half = linear_theory.half_loss_time(q0, r0, s)
        modes.append((*_learned_strength(weights, X, s * beta, end), fine, line, half))
    for L in depths:
        directions = [beta, *(np.full(50, 50**-0.5) for _ in range(L - 1)), np.ones(1)]
        weights = [u0 * np.outer(above, below) for below, above in zip(directions, directions[1:])]
        escape = linear_theory.escape_time(u0, s, L) if L > 2 else None
        line = linear_theory.deep_mode(u0, s, L, fine) ** L
        deep.append((*_learned_strength(weights, X, s * beta, end), fine, line, escape))
    return plots.closed_forms(s, u0, sigmas, modes, depths, deep)


def _learned_strength(weights, X, target, time):
    """Flow times, and W_L ... W_1 beta at each of them, for a linear network trained on X target."""
    run = training.gradient_flow(
        weights, X, X @ target, slope=1.0, time=time, record_times=np.linspace(0, time, 41), record_weights=True
    )
    beta = target / np.linalg.norm(target)
    return run.times, np.array([np.linalg.multi_dot(moment[::-1]) @ beta for moment in run.weights])[:, 0]


def outputs_figure():
    """Three modes of a linear network, their strengths and alignments; and a logistic run beside its frozen K_inf."""
    C, D, P, s, end = 3, 12, 24, np.array([3.0, 1.5, 0.8]), 12.0
    rng = np.random.default_rng(0)
    X, Z, V = data.white(P, D, rng), *(np.linalg.qr(rng.standard_normal((n, C)))[0] for n in (C, D))
    start, B = network.init_weights([D, 30, C], 1e-3, rng), (Z * s) @ V.T
    Z, s, V = outputs.early_modes(X, X @ B.T)  # of white inputs, those of B
    run = training.gradient_flow(
        start,
        X,
        X @ B.T,
        slope=1.0,
        time=end,
        record_times=np.linspace(0, end, 241),
        record_kernels=True,
        record_weights=True,
    )
    strengths = np.array([outputs.mode_strengths(weights, Z, V) for weights in run.weights]) / s
    A = [alignment.kernel_alignment(K, run.kernels[-1]) for K in run.kernels]
    best = [outputs.eigenvector_alignment(K, X, Z, V) for K in run.kernels]
    modes = run.times, s, strengths, outputs.sequential_mode_times(start, B), A, best
    X, y, _ = white_task()
    weights = network.init_weights([60, 100, 1], sigma=0.01, rng=1)
    run = training.gradient_descent(
        weights,
        X,
        y,
        0.05,
        loss="logistic",
        steps=2000,
        target_loss=0.02,
        record_steps=range(0, 2000, 4),
        record_kernels=True,
    )
    clock = outputs.kernel_clock(run.times, np.linalg.norm(run.kernels, axis=(1, 2)))
    frozen = outputs.frozen_kernel_flow(run.kernels[-1], y, clock, "logistic")
    losses = [training.loss_and_cotangent(f, y[:, None], "logistic")[0] for f in frozen]
    return plots.modes_and_clock(modes, (run.times, run.losses, clock, losses))


FIGURES = {
    "network": network_figure,
    "kernel": kernel_figure,
    "whitening": whitening_figure,
    "training": training_figure,
    "alignment": alignment_figure,
    "linear_theory": linear_theory_figure,
    "outputs": outputs_figure,
    "silence": silence_figure,
}

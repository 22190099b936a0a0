"""What there is to see at the end of each unit: small computations on that unit's functions and those before it."""

import numpy as np

from minintk import alignment, data, kernel, linear_theory, network, outputs, silence, training, whitening
from minintk.experiments import silent_alignment, style


def network_figure():
    """How large outputs and gradients are, against sigma, for two to four layers; lines: sigma^L and sigma^(L-1)."""
    sigmas, X = np.geomspace(1e-3, 1, 7), np.random.default_rng(0).standard_normal((50, 30))
    fig, axes = style.panels(1, 2, (9, 4))
    for L, (color, _), marker in zip((2, 3, 4), style.STYLES, "os^"):
        sizes = np.array([_sizes(X, L, sigma) for sigma in sigmas]).T  # (2, sigmas)
        for ax, size, slope in zip(axes, sizes, (L, L - 1)):
            ax.plot(sigmas, size[-1] * (sigmas / sigmas[-1]) ** slope, color=color, lw=0.8)
            ax.plot(sigmas, size, color=color, ls="", marker=marker, label=f"L = {L}, line: slope {slope}")
    for ax, name in zip(axes, ("outputs", "gradients")):
        ax.set(xscale="log", yscale="log", xlabel=r"scale of the weights $\sigma$", ylabel=f"size of the {name}")
        ax.legend(fontsize=8)
    return fig


def _sizes(X, L, sigma):
    """The size of the outputs of L layers, and of the gradient of their sum."""
    weights = network.init_weights([X.shape[1], *[50] * (L - 1), 1], sigma, rng=1)
    layers = network.forward(weights, X)
    deltas = network.backward(weights, layers, np.ones((len(X), 1)))
    gradients = network.weight_gradients(layers, deltas)
    return np.sqrt(np.mean(layers[-1] ** 2)), np.sqrt(sum((G**2).sum() for G in gradients))


def kernel_figure():
    """The kernel of a random network, what it learns when it is frozen, and what trained networks do beside it."""
    circle, few = np.linspace(0, 2 * np.pi, 121), np.array([0.3, 1.2, 2.0, 3.4, 4.3, 5.6])
    targets, times = np.array([1.0, -1.0, 0.5, 1.0, -0.5, -1.0]), np.geomspace(0.1, 1000, 60)
    X, X_test = (np.sqrt(2) * np.stack([np.cos(a), np.sin(a)], axis=1) for a in (few, circle))
    weights = network.init_weights([2, 300, 1], sigma=1.0, rng=2)
    K, K_test = kernel.ntk(weights, X), kernel.ntk(weights, X_test, X)
    f0, f0_test = (network.forward(weights, inputs)[-1][:, 0] for inputs in (X, X_test))
    flow = kernel.constant_kernel_flow(K, targets, f0, times)
    end = kernel.kernel_predictor(K, K_test, targets, f0, f0_test)

    fig, ((left, random, turned), (middle, right, last)) = style.panels(2, 3, (13, 8))
    image = left.imshow(kernel.ntk(weights, X_test), extent=[0, circle[-1], circle[-1], 0], cmap="viridis")
    left.set(xlabel="angle of $x'$", ylabel="angle of $x$", title="$K(x, x')$ on a circle")
    fig.colorbar(image, ax=left)
    small = [0.1 * W for W in weights]
    trained = _trained(small, X, targets, X_test).weights[-1]
    for ax, w, title in ((random, weights, "random weights"), (turned, trained, "small weights, trained")):
        side = np.linspace(-2, 2, 81)
        plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        row = kernel.ntk(w, plane, X[1:2]).reshape(81, 81)
        ax.imshow(row, extent=[-2, 2, -2, 2], origin="lower", cmap="RdBu_r", vmin=-abs(row).max(), vmax=abs(row).max())
        ax.plot(*X[1], "k*", ms=11)
        for x, y in zip(X, targets):
            ax.plot(*x, color=style.BLACK, marker="+" if y > 0 else "_", mew=1.5)
        ax.set(xlabel="$x_1$", ylabel="$x_2$", title=f"$K(x, x_0)$, {title}")
    run = _trained(weights, X, targets, X_test)
    middle.plot(circle, f0_test, color=style.BLACK, ls=":", label="network at the start")
    middle.plot(circle, end, color=style.BLUE, label="predictor of the frozen kernel")
    middle.plot(circle, run.test_outputs[-1], color=style.GREEN, ls="--", label="the same network, trained")
    middle.set(xlabel="angle of $x$", ylabel="output", ylim=(-2, 2.7))
    for angle, y, f, marker, (color, dashes) in zip(few, targets, flow.T, "osD^vP", style.STYLES * 2):
        middle.plot(angle, y, color=color, marker=marker)
        right.plot(times, f, color=color, ls=dashes)
        right.plot(times[-1], y, color=color, marker=marker, ls="", label=f"target at {angle:g}")
    middle.legend(fontsize=8, loc="upper center")
    right.set(xscale="log", xlabel="flow time $t$", ylabel="outputs at the six points")
    right.legend(fontsize=8, loc="center right", bbox_to_anchor=(0.98, 0.42))
    widths = (30, 100, 300, 1000, 3000)
    last.plot(widths, [_missed(N, X, targets, X_test) for N in widths], color=style.BLUE, marker="o")
    last.set(xscale="log", yscale="log", xlabel="hidden units $N$", ylabel="error of the predictor of $K_0$")
    last.set_title("against the trained network", fontsize=10)
    return fig


def _trained(weights, X, y, X_test):
    """A run to a small loss, with half of the largest step that the first kernel allows, or 0.1 if that is less."""
    step = min(0.1, training.stable_step(weights, X) / 2)
    return training.gradient_descent(weights, X, y, step, steps=8000, target_loss=1e-4, X_test=X_test)


def _missed(N, X, y, X_test):
    """The error of the predictor of K_0 against the trained network of N units: the median of three."""
    errors = []
    for seed in range(3):
        weights = network.init_weights([2, N, 1], 1.0, rng=seed)
        run = _trained(weights, X, y, X_test)
        machine = silence.kernel_machine(weights, X, X_test, run.outputs[-1], run.outputs[0], run.test_outputs[0])
        errors.append(alignment.kernel_error(machine, run.test_outputs[-1]))
    return np.median(errors)


def whitening_figure():
    """The singular values of digits and their Gram matrices, raw, partly white and white."""
    X = data.split(*data.digits(), ((3,), (8,)), P=50, rng=0)[0]
    fig, (first, *rest) = style.panels(1, 4, (16, 4))
    for power, ax, (color, dashes) in zip((1, 0.25, 0), rest, style.STYLES):
        Z = X @ whitening.whitening_map(X, power)
        S, gram = np.linalg.svd(Z, compute_uv=False), Z @ Z.T
        S, top = S[S > 1e-9 * S[0]], abs(gram).max()
        label = f"power {power:g}: condition {whitening.condition_number(Z):.3g}"
        first.plot(np.arange(1, len(S) + 1), S, color=color, ls=dashes, label=label)
        ax.imshow(gram, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set(title=f"$X X^T$, power {power:g}", xlabel="sample", ylabel="sample")
    first.set(yscale="log", xlabel="number of the singular value", ylabel="singular value")
    first.legend(fontsize=8)
    return fig


def training_figure():
    """The loss, relative to its start, in flow time for smaller and smaller initial weights."""
    X, y = _white_task()
    fig, ax = style.panels(1, 1, (8, 4))
    for sigma, (color, dashes) in zip((0.3, 0.1, 0.03, 0.01, 0.003, 0.001), style.STYLES * 2):
        weights, moments = network.init_weights([60, 100, 1], sigma, rng=1), range(0, 2000, 2)
        run = training.gradient_descent(weights, X, y, 0.1, steps=2000, target_loss=1e-3, record_steps=moments)
        losses = run.losses / run.losses[0]
        ax.plot(run.times, losses, color=color, ls=dashes, lw=1 if sigma < 0.02 else 2)
        ax.annotate(f"{sigma:g}", (np.interp(-0.5, -losses, run.times), 0.5), fontsize=8, ha="left")
    ax.set(xlim=(0, None), ylim=(0, 1.05), xlabel="flow time $t$", ylabel="loss $L/L_0$")
    ax.set_title(r"each curve: another scale $\sigma$ of the initial weights", fontsize=10)
    return fig


def _white_task():
    """Gram-white inputs X (40, 60) and balanced labels y (40,)."""
    return data.white(40, 60, rng=0), np.repeat([1.0, -1.0], 20)


def alignment_figure():
    """Loss and alignments in time, on white inputs and on inputs with condition number 100."""
    X, y = _white_task()
    fig, axes = style.panels(1, 2, (13, 4.2))
    stretched = data.gaussian(40, 60, condition=100, rng=3)
    for ax, title, inputs in zip(axes, ("white inputs", "condition number 100"), (X, stretched)):
        weights = network.init_weights([60, 100, 1], sigma=0.01, rng=1)
        run = training.gradient_descent(
            weights, inputs, y, 0.05, steps=5000, target_loss=1e-3, record_steps=range(0, 5000, 4), record_kernels=True
        )
        A = silence.alignment_curve(run.kernels)
        curves = {
            "loss $L/L_0$": run.losses / run.losses[0],
            r"$A(K_t, K_\infty)$": A,
            "relative alignment": alignment.relative_alignment(A, A[0]),
            "task alignment $A_y$": np.array([alignment.task_alignment(K, y) for K in run.kernels]),
        }
        for (label, curve), (color, dashes) in zip(curves.items(), [(style.BLACK, "-"), *style.STYLES]):
            ax.plot(run.times, curve, color=color, ls=dashes, label=label)
        aligned, learnt = alignment.alignment_time(run.times, A), alignment.learning_time(run.times, run.losses)
        for label, time in (("aligned", aligned), ("learnt", learnt)):
            if np.isfinite(time):
                ax.axvline(time, color="0.6", lw=0.8)
                ax.text(time, 0.3, label, rotation=90, color="0.35", fontsize=8, ha="right")
        ax.set(title=title, xlim=(0, run.times[-1]), ylim=(-0.05, 1.05), xlabel="flow time $t$")
        ax.legend(fontsize=8, loc="center right")
    return fig


def linear_theory_figure():
    """Trained linear networks beside their closed forms: two layers for three sigmas, and two to four layers."""
    s, u0, end, rng = 1.0, 0.2, 16.0, np.random.default_rng(0)
    X, beta = data.white(60, 30, rng), rng.standard_normal(30)
    beta /= np.linalg.norm(beta)
    fine, start = np.linspace(0, end, 400), network.init_weights([30, 50, 1], 1.0, rng)
    modes, deep = [], []  # label, weights, closed form at the times `fine`, time to mark
    for sigma in (0.1, 0.01, 0.001):
        weights = [sigma * W for W in start]
        q0, r0 = linear_theory.mode_overlaps(weights, np.ones(1), beta)
        line, half = linear_theory.two_layer_mode(q0, r0, s, fine)[0], linear_theory.half_loss_time(q0, r0, s)
        modes.append((rf"$\sigma$ = {sigma:g}", weights, line, half))
    for L in (2, 3, 4):
        directions = [beta, *(np.full(50, 50**-0.5) for _ in range(L - 1)), np.ones(1)]
        weights = [u0 * np.outer(above, below) for below, above in zip(directions, directions[1:])]
        escape = linear_theory.escape_time(u0, s, L) if L > 2 else None
        deep.append((f"L = {L}", weights, linear_theory.deep_mode(u0, s, L, fine) ** L, escape))

    fig, (left, right) = style.panels(1, 2, (11, 4.2))
    for ax, cases, told, height in ((left, modes, "half-loss time", 0.8), (right, deep, "escape time $t^*$", 0.3)):
        for (label, weights, line, mark), (color, dashes), marker in zip(cases, style.STYLES, "os^"):
            ax.plot(fine, line, color=color, ls=dashes, lw=1.2)
            ax.plot(*_learned_strength(weights, X, s * beta, end), color=color, ls="", marker=marker, ms=3.5)
            ax.plot([], [], color=color, ls=dashes, marker=marker, ms=3.5, label=label)
            if mark is not None:
                ax.axvline(mark, color=color, lw=0.8, alpha=0.6)
                ax.text(mark, height * s, told, rotation=90, color="0.35", fontsize=7, va="center", ha="left")
        ax.set(xlim=(0, end), ylim=(-0.03 * s, 1.05 * s), xlabel="flow time $t$")
    for ax, place in ((left, "center right"), (right, (0.42, 0.35))):
        ax.legend(fontsize=8, loc=place, title="dots: trained network\nline: closed form", title_fontsize=8)
    left.set_ylabel("learned strength $r = a^T W \\beta$")
    left.set_title("two layers, small random weights", fontsize=10)
    right.set_ylabel("learned strength $u^L$")
    right.set_title(f"L layers of rank one, $u_0$ = {u0:g}", fontsize=10)
    return fig


def _learned_strength(weights, X, target, time):
    """Flow times, and W_L ... W_1 beta at each of them, for a linear network trained on X target."""
    run = training.gradient_flow(
        weights, X, X @ target, slope=1.0, time=time, record_times=np.linspace(0, time, 41), record_weights=True
    )
    beta = target / np.linalg.norm(target)
    return run.times, np.array([np.linalg.multi_dot(moment[::-1]) @ beta for moment in run.weights])[:, 0]


def outputs_figure():
    """Three modes of a linear network, their strengths and alignments; and a logistic run beside its frozen K_inf."""
    fig, (left, middle, right) = style.panels(1, 3, (14, 4.2))
    _modes(left, middle)
    _clock(right)
    for ax, place in ((left, "lower right"), (middle, "center right"), (right, "lower left")):
        ax.legend(fontsize=8, loc=place)
    return fig


def _modes(left, middle):
    """Strengths of the modes in time, with the predicted half times, and alignments."""
    C, D, P, s, end = 3, 12, 24, np.array([3.0, 1.5, 0.8]), 12.0
    rng = np.random.default_rng(0)
    X, Z, V = data.white(P, D, rng), *(np.linalg.qr(rng.standard_normal((n, C)))[0] for n in (C, D))
    start, B = network.init_weights([D, 30, C], 1e-3, rng), (Z * s) @ V.T
    Z, s, V = outputs.early_modes(X, X @ B.T)  # of white inputs, those of B
    moments = {"time": end, "record_times": np.linspace(0, end, 241), "record_kernels": True, "record_weights": True}
    run = training.gradient_flow(start, X, X @ B.T, slope=1.0, **moments)
    strengths = np.array([outputs.mode_strengths(weights, Z, V) for weights in run.weights]) / s  # (T, C)
    half = outputs.sequential_mode_times(start, B)
    for a, ((color, dashes), marker) in enumerate(zip(style.STYLES, "os^")):
        left.plot(run.times, strengths[:, a], color=color, ls=dashes, label=f"mode {a + 1}, $s_{a + 1}$ = {s[a]:.3g}")
        left.plot(half[a], 0.5, color=color, ls="", marker=marker, ms=8, mec=style.BLACK)
        middle.axvline(half[a], color="0.6", lw=0.8)
        middle.text(half[a], 0.705, f"mode {a + 1}", rotation=90, color="0.35", fontsize=7, va="bottom", ha="right")
    left.plot([], [], color="1", ls="", marker="o", ms=8, mec=style.BLACK, label="predicted half time")
    left.set(xlim=(0, end), ylim=(-0.02, 1.05), xlabel="flow time $t$", ylabel="learned strength $r_a/s_a$")
    left.set_title("three outputs, two linear layers: one mode after the other", fontsize=10)
    best = [outputs.eigenvector_alignment(K, X, Z, V) for K in run.kernels]
    middle.plot(run.times, silence.alignment_curve(run.kernels), color=style.BLUE, ls="-", label=r"$A(K_t, K_\infty)$")
    middle.plot(run.times, best, color=style.ORANGE, ls="--", label="with the best sizes of the modes")
    middle.set(xlim=(0, end), ylim=(0.7, 1.01), xlabel="flow time $t$", ylabel="alignment, cosine of an angle")
    middle.set_title("directions early, sizes late", fontsize=10)


def _clock(ax):
    """The logistic loss of a network, in its time and on the kernel clock, and of its frozen K_inf."""
    X, y = _white_task()
    weights = network.init_weights([60, 100, 1], sigma=0.01, rng=1)
    moments = {"steps": 2000, "target_loss": 0.02, "record_steps": range(0, 2000, 4), "record_kernels": True}
    run = training.gradient_descent(weights, X, y, 0.05, loss="logistic", **moments)
    clock = outputs.kernel_clock(run.times, np.linalg.norm(run.kernels, axis=(1, 2)))
    frozen = outputs.frozen_kernel_flow(run.kernels[-1], y[:, None], clock, "logistic")
    losses = [training.loss_and_cotangent(f, y[:, None], "logistic")[0] for f in frozen]
    ax.plot(run.times[1:], run.losses[1:], color=style.BLACK, ls=":", label="network, in flow time $t$")
    ax.plot(clock[1:], run.losses[1:], color=style.BLUE, lw=4, alpha=0.45, label="network, on the kernel clock $h$")
    ax.plot(clock[1:], losses[1:], color=style.ORANGE, ls="--", label=r"frozen $K_\infty$, in its own time")
    ax.set(xscale="log", xlim=(0.01, run.times[-1]), xlabel="flow time $t$, kernel clock $h$")
    ax.set(ylim=(0, None), ylabel="logistic loss $L$")
    ax.set_title(r"ReLU, logistic loss: $K_\infty$'s flow on another clock", fontsize=10)


def silence_figure():
    """The main experiment, one initialisation."""
    return silent_alignment.run(inits=1).figure()


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

"""Several outputs: each mode is learned at its own time, its directions early, its size late.

Claim. Targets Y = X B^T, B = sum_a s_a z_a v_a^T, on white data: two linear layers learn one mode after the other, at
t_a = (1/2s_a) log(1/sigma^2) up to a constant. Their directions z_a and v_a are found at a time of order 1/s_a,
whatever sigma. So the kernel's eigenvectors are aligned early, but its eigenvalues grow one by one as the modes are
learned: A(K_t, K_inf) stays below 1 while the loss falls, however small sigma is. The trained network is the kernel
predictor of K_inf (its machine, for short) all the same; but with P < D any linear network is (T2 of `minintk explain
three_traps`).

Why. While W_2 W_1 ~ 0

    dW_1/dt = W_2^T B,   dW_2/dt = B W_1^T:

the hidden vectors W_2^T z_a and W_1 v_a drive each other, and both become g_a e^{s_a t} / 2 with
g_a = W_2^T z_a + W_1 v_a at time 0. Each mode is a two-layer network with one output, and has half its strength when

    |g_a|^2 e^{2 s_a t} / 4 = s_a

(the exponential without saturation reaches s_a when the true strength r_a = z_a^T W_2 W_1 v_a is at s_a / 2). But modes
share the hidden units. A mode b that is there shrinks whatever else points along g_b, as e^{(s_a - s_b) t}. Of a slower
mode only the part g_a' orthogonal to all faster g_b is left:

    t_a = (1/2s_a) log(4 s_a / |g_a'|^2).

The kernel has a block for every two outputs c, c':

    K_cc' = delta_cc' X W_1^T W_1 X^T + (W_2 W_2^T)_cc' X X^T,

and at the end W_1^T W_1 = sum_a s_a v_a v_a^T, W_2 W_2^T = sum_a s_a z_a z_a^T: two terms a mode, of size s_a, which
come when the mode is learned. "With the best sizes" is the largest A(K_t, Q) of all Q made of these terms.
The machine of K_inf needs a frozen k(x)^T K^{-1}, not a frozen K. Here it is frozen: for x in the span of the samples,
x = X^T c, k_t(x) = K_t c, so that k_t(x)^T K_t^{-1} = c^T whatever K_t does. The rest of x adds O(sigma).

Source. Paper, the linear network with several outputs, where t_a follows from each mode alone. That is too early, since
the modes share the hidden units: by 0.3 % for seed 0, by 1.2 % for seed 2. With g_a' (our derivation) it is within
0.02 % for the first fifteen seeds.

Try next. S = (3, 2.9, 0.6): what fails first, the times or the order? `minintk sweep several_outputs --width 5 50
--seed 0 1 2`: in narrow layers the hidden vectors overlap more; how far off is each mode alone? S = (1, 1, 1) is the
last column of the second table: which directions are found then, and why does A come closer to 1?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, linear_theory, network, outputs, silence, training
from minintk.experiments import common, style

P, D, N = 40, 20, 50
S = (3.0, 1.5, 0.6)
SIGMAS = (0.01, 1e-3, 1e-4)
MAIN = 1e-3  # the sigma of the modes' table, and of equal s_a
DEEP = 0.01  # the sigma of the three layers
STEPS = (0.03, 0.2)  # between the times that are recorded, until t = 3 and after it
FEW = 10  # training samples, fewer than inputs, for the kernel predictors
FEW_SIGMAS = (0.1, 0.01)  # the verdict is about the last one


@guard.settings(seed="int [0, inf)")
def run(seed=0):
    """The same weights scaled to every sigma, once with equal s_a, once with three layers, once with few samples."""
    drawn, sigmas = task(seed, P, 2), sorted({*SIGMAS, MAIN}, reverse=True)
    cases, curves = zip(*(case(drawn, S, sigma) for sigma in sigmas), case(drawn, np.ones(len(S)), MAIN))
    few = [few_samples(seed, sigma) for sigma in FEW_SIGMAS]
    summary = {
        "experiment": "several_outputs",
        "settings": {"seed": seed, "P": P, "D": D, "N": N, "s": S, "sigmas": sigmas, "P_few": FEW},
        "cases": cases,
        "three_layers": three_layers(seed),
        "machines": {f"{sigma:g}": errors for sigma, (errors, _) in zip(FEW_SIGMAS, few)},
    }
    summary["verdict"] = verdict(summary)
    arrays = {f"case_{i}_{name}": curve for i, c in enumerate(curves) for name, curve in c.items()} | few[-1][1]
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, summary, curves, few[-1][1]))


@guard.settings(sigma="(0, inf)", width="int [1, inf)", seed="int [0, inf)")
def point(sigma=MAIN, width=N, seed=0):
    """One two-layer run in flat numbers for `minintk sweep`.

    Returns a dict: t_half, t_half_theory, t_half_alone and t_direction of every mode, as in t_half_1; A_10 and
    A_free_10, at a loss drop of 10 %; K_error.
    """
    numbers, _ = case(task(seed, P, 2, width), S, sigma)
    names = "t_half", "t_half_theory", "t_half_alone", "t_direction"
    modes = {f"{name}_{a}": time for name in names for a, time in enumerate(numbers[name], start=1)}
    return modes | {"A_10": numbers["A"][2], "A_free_10": numbers["A_free"][2], "K_error": numbers["K_error"]}


def task(seed, P, L, width=None):
    """White inputs (P, D), directions Z (C, C) and V (D, C), weights of L layers (width N) with sigma = 1; rng."""
    rng, C = np.random.default_rng(seed), len(S)
    X, Z, V = data.white(P, D, rng), basis(rng, C), basis(rng, D)
    return X, Z, V, network.init_weights([D, *[width or N] * (L - 1), C], 1.0, rng), rng


def basis(rng, n):
    """An orthonormal column (n,) for each mode."""
    return np.linalg.qr(rng.standard_normal((n, len(S))))[0]


def case(drawn, s, sigma):
    """Numbers and curves of one two-layer run, of these strengths s."""
    X, Z, V, directions, _ = drawn
    s, weights, B = np.array(s), [sigma * W for W in directions], (Z * s) @ V.T
    theory = outputs.sequential_mode_times(weights, B)
    overlaps = [linear_theory.mode_overlaps(weights, z, v) for z, v in zip(Z.T, V.T)]
    end = max(theory) + 8 / min(s)
    flow = training.gradient_flow(
        weights,
        X,
        X @ B.T,
        slope=1.0,
        time=end,
        record_times=np.concatenate([np.arange(0, 3, STEPS[0]), np.arange(3, end, STEPS[1])]),
        record_drops=silence.DROPS,
        record_kernels=True,
        record_weights=True,
    )
    r, drops = strengths(flow, Z, V), 1 - flow.losses / flow.losses[0]
    found = [np.linalg.svd(W[0], full_matrices=False)[2][: len(s)] for W in flow.weights]
    cosines = np.array([abs(np.diag(rows @ V)) for rows in found])  # (T, C)
    A = silence.alignment_curve(flow.kernels)
    kernels = flow.kernels.reshape(-1, len(s), len(s), P, P)  # also of a single output
    free = np.array([outputs.eigenvector_alignment(K, X, Z, V) for K in kernels])
    looked = [0, *(int(np.argmax(drops >= drop * (1 - 1e-6))) for drop in silence.DROPS)]
    tenth = np.argmax(r >= 0.1 * s, axis=0)  # (C,)
    numbers = {
        "sigma": sigma,
        "s": s.tolist(),
        "t_half": half_times(flow.times, r, s).tolist(),
        "t_half_theory": theory.tolist(),
        "t_half_alone": [linear_theory.mode_time(*overlap, s_a) for overlap, s_a in zip(overlaps, s)],
        "t_direction": [alignment.alignment_time(flow.times, cosine) for cosine in cosines.T],
        "cosine_at_tenth": [float(cosines[i, a]) for a, i in enumerate(tenth)],
        "A": A[looked].tolist(),
        "A_free": free[looked].tolist(),
        "K_error": common.relative_error(flow.kernels[-1], linear_theory.final_kernel_blocks(X, B, 2)),
    }
    return numbers, {"times": flow.times, "drops": drops, "r": r, "cosines": cosines, "A": A, "A_free": free}


def strengths(trajectory, Z, V):
    """z_a^T W_L ... W_1 v_a at every recorded time (T, C)."""
    return np.array([outputs.mode_strengths(weights, Z, V) for weights in trajectory.weights])


def half_times(times, r, s):
    """When each mode first has half its strength (C,)."""
    return np.array([np.interp(0.5, np.maximum.accumulate(r[:, a]) / s[a], times) for a in range(len(s))])


def three_layers(seed):
    """Times and final blocks with three layers: t_a s_a sigma is then about 1."""
    X, Z, V, directions, _ = task(seed, P, 3)
    s, B = np.array(S), (Z * S) @ V.T
    flow = training.gradient_flow(
        [DEEP * W for W in directions],
        X,
        X @ B.T,
        slope=1.0,
        target_loss=1e-10,
        record_times=np.arange(1, 2.4 / (DEEP * min(S))),
        record_weights=True,
    )
    t_half = half_times(flow.times, strengths(flow, Z, V), s)
    K = kernel.ntk(flow.weights[-1], X, slope=1.0)
    error = common.relative_error(K, linear_theory.final_kernel_blocks(X, B, 3))
    return {"sigma": DEEP, "t_half": t_half.tolist(), "scaled": (t_half * s * DEEP).tolist(), "K_error": error}


def few_samples(seed, sigma):
    """Fewer samples than inputs: the errors of the predictors of K_inf and K_0, and all test outputs."""
    X, Z, V, directions, rng = task(seed, FEW, 2)
    X_test, Y, weights = rng.standard_normal((200, D)), X @ V * S @ Z.T, [sigma * W for W in directions]
    flow = training.gradient_flow(weights, X, Y, slope=1.0, target_loss=1e-10, X_test=X_test)
    ends = flow.outputs[-1], flow.outputs[0], flow.test_outputs[0]
    machine_inf, machine_0 = (silence.kernel_machine(flow.weights[i], X, X_test, *ends, slope=1.0) for i in (-1, 0))
    found = {"network": flow.test_outputs[-1], "machine_inf": machine_inf, "machine_0": machine_0}
    err_inf, err_0 = (alignment.kernel_error(machine, found["network"]) for machine in (machine_inf, machine_0))
    return {"err_inf": err_inf, "err_0": err_0, "rho": alignment.silence_ratio(err_inf, err_0)}, found


def verdict(summary):
    """What the numbers mean, in sentences."""
    *cases, _ = summary["cases"]
    main = next(c for c in cases if c["sigma"] == MAIN)
    late = max(abs(t / theory - 1) for t, theory in zip(main["t_half"], main["t_half_theory"]))
    ordered = main["t_half"] == sorted(main["t_half"]) and late < 0.01
    A, free, few = [c["A"][2] for c in cases], cases[-1]["A_free"][2], summary["machines"][f"{FEW_SIGMAS[-1]:g}"]
    early = free > 0.99 and min(main["cosine_at_tenth"]) > 0.99
    open_ = max(A) < 0.95 and max(A) - min(A) < 0.02
    predicted = few["rho"] < silence.SILENT
    return (
        f"{'One mode after the other' if ordered else 'NOT one mode after the other'}: half times "
        f"{', '.join(f'{t:.2f}' for t in main['t_half'])}, {late:.2%} from the theory at most.\n"
        f"Eigenvectors {'early' if early else 'NOT early'}: at a loss drop of 10% A would be {free:.3f} with the best "
        f"sizes of the modes.\nEigenvalues {'late' if open_ else 'NOT late'}: A is {', '.join(f'{a:.3f}' for a in A)} "
        f"then at sigma = {', '.join(format(c['sigma'], 'g') for c in cases)}.\n"
        f"{'Still' if predicted else 'NOT'} the predictor of K_inf (off by {few['err_inf']:.2%}; K_0 by "
        f"{few['err_0']:.0%}{'), as any linear network with P < D is.' if predicted else ').'}"
    )


def report(summary):
    """Three tables, of the modes, of the kernels at each sigma and of few samples; and the verdict."""
    cases, deep, machines = summary["cases"], summary["three_layers"], summary["machines"]
    main = next(c for c in cases if c["sigma"] == MAIN)

    def line(label, form, values):
        return label, [form.format(value) for value in values]

    modes = [
        line(f"modes, sigma = {MAIN:g}", "mode {}", range(1, 1 + len(S))),
        line("s_a", "{:g}", S),
        line("t_half, half of the strength s_a", "{:.3f}", main["t_half"]),
        line("  theory", "{:.3f}", main["t_half_theory"]),
        line("  theory of each mode alone", "{:.3f}", main["t_half_alone"]),
        line("direction found, cos >= 0.95 from then on", "{:.2f}", main["t_direction"]),
        line("  times s_a", "{:.2f}", np.multiply(main["t_direction"], S)),
        line("cos of directions at a tenth of s_a", "{:.4f}", main["cosine_at_tenth"]),
        line(f"three layers, sigma = {DEEP:g}: t_half", "{:.1f}", deep["t_half"]),
        line("  times s_a sigma", "{:.2f}", deep["scaled"]),
    ]
    row = functools.partial(common.row, cases)
    kernels = [
        row("sigma, scale of the weights", "{:g}", "sigma"),
        ("s_a", [",".join(f"{s:g}" for s in c["s"]) for c in cases]),
        row("A(K_t, K_inf) at the start", "{:.3f}", "A", 0),
        *(row(f"  at a loss drop of {d:.0%}", "{:.3f}", "A", i) for i, d in enumerate(silence.DROPS, start=1)),
        row("with the best sizes of modes, at the start", "{:.3f}", "A_free", 0),
        *(row(f"  at a loss drop of {d:.0%}", "{:.3f}", "A_free", i) for i, d in enumerate(silence.DROPS, start=1)),
        row("K_inf's blocks, relative error", "{:.1e}", "K_error"),
    ]
    few = [
        line(f"P = {FEW} samples, sigma", "{}", machines),
        *(common.row(machines.values(), name, "{:.4f}", name) for name in ("err_inf", "err_0", "rho")),
    ]
    heading = (
        f"{len(S)} outputs, two linear layers, N = {N}, on {P} white samples of D = {D} inputs; seed "
        f"{summary['settings']['seed']}; gradient flow."
    )
    return "\n\n".join([heading, *map(common.table, (modes, kernels, few)), summary["verdict"]])


def figure(summary, curves, few):
    """Strengths and directions of the modes in time; alignment against time; network against predictors."""
    fig, (left, middle, right) = style.panels(1, 3, (15, 4.5))
    cases = summary["cases"]
    i = next(i for i, c in enumerate(cases) if c["sigma"] == MAIN)
    mode_panel(left, cases[i], curves[i])
    alignment_panel(middle, cases, curves, cases[i]["t_half_theory"])
    style.scatter(right, **few)
    errors = summary["machines"][f"{FEW_SIGMAS[-1]:g}"]
    told = rf"$\sigma$ = {FEW_SIGMAS[-1]:g}: $err_\infty$ = {errors['err_inf']:.2g}, $err_0$ = {errors['err_0']:.2g}"
    right.set_title(f"P = {FEW}, {told}", fontsize=10)
    right.set(xlabel="network $f(x)$, all outputs, test points", ylabel="kernel predictor")
    for ax, place in ((left, "upper left"), (middle, "lower left"), (right, "upper left")):
        ax.legend(fontsize=8, loc=place)
    return fig


def mode_panel(ax, numbers, curves):
    """Strength and direction of each mode, with its number, and the theory's half times."""
    times, s = curves["times"], numbers["s"]
    for a, (color, _), marker in zip(range(len(s)), style.STYLES * len(s), "os^D" * len(s)):
        cosines, half = curves["cosines"][:, a], numbers["t_half_theory"][a]
        ax.plot(times, curves["r"][:, a] / s[a], color=color)
        ax.plot(times, cosines, color=color, ls="--", lw=1)
        ax.plot(half, 0.5, color=color, ls="", marker=marker, ms=7, mec=style.BLACK)
        found = times[max(np.flatnonzero(cosines < 0.8), default=1)]
        for place in ((half, 0.5), (found, 0.8)):
            ax.annotate(f"{a + 1}", place, (7, -6), textcoords="offset points", fontsize=9)
    ax.plot([], [], color="0.4", label="strength $r_a/s_a$")
    ax.plot([], [], color="0.4", ls="--", label="direction, $|$cos$|$")
    ax.plot([], [], color="0.4", ls="", marker="o", mec=style.BLACK, label="theory, $r_a=s_a/2$")
    ax.set(xscale="log", xlim=(times[1] / 3, None), ylim=(0, 1.05), xlabel="flow time $t$")
    ax.set_ylabel("strength; cosine of $v_a$ and $W_1$'s vector $a$")
    told = ", ".join(f"{s_a:g}" for s_a in s)
    ax.set_title(f"modes of $s_a$ = {told}; $\\sigma$ = {numbers['sigma']:g}", fontsize=10)


def alignment_panel(ax, cases, curves, half_times):
    """A(K_t, K_inf) in time, and with the best sizes of the modes, for every sigma and for equal s_a."""
    for n, c, (color, dashes) in zip(cases, curves, style.STYLES * len(cases)):
        label = f"$\\sigma$ = {n['sigma']:g}" + (", equal $s_a$" if len(set(n["s"])) == 1 else "")
        ax.plot(c["times"], c["A"], color=color, ls=dashes, lw=2, label=label)
        ax.plot(c["times"], c["A_free"], color=color, ls=dashes, lw=0.8)
    floor = min(n["A"][0] for n in cases) - 0.12  # room for the legend
    for a, half in enumerate(half_times):
        ax.axvline(half, color="0.6", lw=0.8, zorder=0)
        ax.annotate(f"{a + 1}", (half, floor), (-8, 5), textcoords="offset points", fontsize=9)
    ax.set(xscale="log", xlim=(curves[0]["times"][1], None), ylim=(floor, 1.01))
    ax.set(xlabel="flow time $t$; grey: modes, as on the left", ylabel="alignment")
    ax.set_title(r"thick: $A(K_t,K_\infty)$; thin: with the best sizes of the modes", fontsize=10)

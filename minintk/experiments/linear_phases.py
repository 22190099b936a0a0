"""Two linear layers on white data: the kernel turns in a time that does not depend on sigma, the loss falls later.

Claim. With y = s X beta, |beta| = 1, and weights of scale sigma, training has two phases. First the outputs are near 0
and the weights grow along beta: the kernel is aligned at a time of order 1/s, whatever sigma. Then it only grows, and
the loss falls at t = (1/2s) log(1/sigma^2). So the kernel is aligned ever earlier, and at the end
K_inf = s X (I + beta beta^T) X^T.

Why. Write W = W_1 (N, D), a = W_2^T (N,) and b = W beta (N,). Then f = X W^T a, and with X^T X / P = I

    da/dt = W (s beta - W^T a),   dW/dt = a (s beta - W^T a)^T.

Phase I, W^T a ~ 0: da/dt = s b and db/dt = s a, so that a and b become equal, like e^{st}. The equations are linear:
sigma is a common factor of all weights, and the angle of K = X (W^T W + |a|^2 I) X^T does not know it.
Phase II, W = u w beta^T, a = u w with a unit vector w: only u(t) is left. With the strength r = a.b and the size
q = (|a|^2 + |b|^2) / 2

    dr/dt = 2 (s - r) q,   dq/dt = 2 (s - r) r.

Hence q^2 - r^2 is constant, and r(t) is elementary; when the weights are small

    r = s e^{2st} / (e^{2st} - 1 + 2s / (q_0 + r_0)).

The loss is s^2 (1 - r/s)^2 / 2: halved at t = (1/2s) log[2s (sqrt(2) - 1) / (q_0 + r_0)], and q_0 + r_0 ~ sigma^2.
At the end r = q = s: |a|^2 = s and W^T W = s beta beta^T, which gives K_inf.

Source. Paper, section 3.1 and equations (50)-(51). In the text we read, (50)-(51) neglect r_0. Since
r_0 / q_0 = O(D^{-1/2}) does not shrink with sigma, that costs the same share of s at every small sigma: 0.5 % for
seed 0 ("r_0 left out" in the table), 4 % for seed 1. In the text we read, 3.1.2 has the learning time
s^{-1} log(s / sigma^2); our fit gives half that coefficient.

Try next. `minintk sweep linear_phases --width 50 1000 --seed 0 1 2`: does leaving out r_0 cost less in wide layers, and
why is the kernel aligned from the start? S = 3.0: which times shrink, by how much? data.gaussian(P, D, rng=rng) in
place of data.white(P, D, rng) in `task`: which numbers of the theory fail?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, linear_theory, network, silence, training
from minintk.experiments import common, style

P, D, N, S = 60, 30, 50, 1.0
SIGMAS = (0.1, 0.03, 0.01, 1e-3, 1e-4)  # the largest of three or more is left out of the fit
MAIN = 1e-3  # the sigma at which theory and simulation must agree closely
EARLY = 200  # moments that are recorded until t = 2 / s, while the kernel turns; later there are ten times fewer


@guard.settings(seed="int [0, inf)")
def run(seed=0):
    """The same random weights, scaled to every sigma, trained by gradient flow and compared with the closed forms."""
    X, beta, directions = task(seed, 2)
    sigmas = sorted({*SIGMAS, MAIN}, reverse=True)
    if len(sigmas) < 2:
        raise ValueError(f"linear_phases: SIGMAS and MAIN are {sigmas[0]:g} alone, expected two sigmas at least")
    cases, curves = zip(*(case(X, beta, [sigma * W for W in directions], sigma) for sigma in sigmas))
    summary = {
        "experiment": "linear_phases",
        "settings": {"seed": seed, "P": P, "D": D, "N": N, "L": 2, "s": S, "sigmas": sigmas},
        "cases": cases,
        "slope": slope(cases),
        "verdict": verdict(cases),
    }
    arrays = {f"sigma_{n['sigma']:g}_{name}": curve for n, c in zip(cases, curves) for name, curve in c.items()}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, cases, curves))


@guard.settings(sigma="(0, inf)", width="int [1, inf)", seed="int [0, inf)")
def point(sigma=MAIN, width=N, seed=0):
    """One run in flat numbers for `minintk sweep`: a column of the table.

    Returns a dict: W_error, a_error, r_error, r_error_relative, r_error_without_r0, A_0, t_align, t_learn, t_half,
    t_ratio, K_error, and t_align_theory, t_learn_theory, t_half_theory.
    """
    X, beta, directions = task(seed, 2, width)
    numbers, _ = case(X, beta, [sigma * W for W in directions], sigma)
    return {name: value for name, value in numbers.items() if name != "sigma"}


def task(seed, L, width=None):
    """White inputs X (P, D), a unit vector beta (D,), and weights of L linear layers (of width N) with sigma = 1."""
    rng = np.random.default_rng(seed)
    X, beta = data.white(P, D, rng), rng.standard_normal(D)
    return X, beta / np.linalg.norm(beta), network.init_weights([D, *[width or N] * (L - 1), 1], 1.0, rng)


def train(X, beta, weights, **words):
    """Gradient flow on y = s X beta with kernels and weights kept; words: what else `training.gradient_flow` takes."""
    y = (S * X @ beta)[:, None]  # (P, 1)
    return training.gradient_flow(weights, X, y, slope=1.0, record_kernels=True, record_weights=True, **words)


def case(X, beta, weights, sigma):
    """Numbers and curves of one run from these weights."""
    q_0, r_0 = linear_theory.mode_overlaps(weights, np.ones(1), beta)
    t_half = linear_theory.half_loss_time(q_0, r_0, S)
    early = np.linspace(0, 2 / S, EARLY + 1)
    grid = np.concatenate([early, np.arange(2.1 / S, t_half + 10 / S, 20 / EARLY / S)])
    flow = train(X, beta, weights, time=grid[-1], record_times=grid, record_drops=(0.1, 0.5))
    times, A, K_inf = flow.times, silence.alignment_curve(flow.kernels), linear_theory.final_kernel(X, beta, S, 2)
    q, r = np.array([linear_theory.mode_overlaps(W, np.ones(1), beta) for W in flow.weights]).T
    r_theory, _ = linear_theory.two_layer_mode(q_0, r_0, S, times)
    r_paper, _ = linear_theory.two_layer_mode(q_0, 0.0, S, times)
    A_theory = np.array([alignment.kernel_alignment(early_kernel(X, beta, weights, t), K_inf) for t in early])
    i = int(np.argmin(abs(times - 1 / S)))
    W, a = linear_theory.early_weights(weights[0], weights[1][0], beta, S, times[i])
    numbers = {
        "sigma": sigma,
        "W_error": common.relative_error(flow.weights[i][0], W),
        "a_error": common.relative_error(flow.weights[i][1][0], a),
        "r_error": float(abs(r - r_theory).max() / S),
        "r_error_relative": float(abs(r / r_theory - 1).max()),
        "r_error_without_r0": float(abs(r - r_paper).max() / S),
        "A_0": float(A[0]),
        "t_align": alignment.alignment_time(times, A),
        "t_align_theory": alignment.alignment_time(early, A_theory),
        "t_learn": alignment.learning_time(times, flow.losses),
        "t_learn_theory": linear_theory.mode_time(q_0, r_0, S, 1 - np.sqrt(0.9)),
        "t_half": alignment.learning_time(times, flow.losses, 0.5),
        "t_half_theory": t_half,
        "K_error": common.relative_error(flow.kernels[-1], K_inf),
    }
    numbers["t_ratio"] = numbers["t_align"] / numbers["t_learn"]
    return numbers, {"times": times, "losses": flow.losses, "A": A, "r": r, "q": q, "r_theory": r_theory}


def early_kernel(X, beta, weights, time):
    """The kernel at this time if the outputs had stayed 0."""
    W, a = linear_theory.early_weights(weights[0], weights[1][0], beta, S, time)
    return kernel.ntk([W, a[None]], X, slope=1.0)


def slope(cases):
    """d t_half / d log(1 / sigma^2); the theory says 1 / (2 s)."""
    cases = fitted(cases)
    return float(np.polyfit([-2 * np.log(c["sigma"]) for c in cases], [c["t_half"] for c in cases], 1)[0])


def fitted(cases):
    """The cases of small sigma: all but the largest, if that leaves two."""
    return cases[1:] if len(cases) > 2 else cases


def verdict(cases):
    """What the numbers of all sigmas mean, in sentences."""
    main = next(c for c in cases if c["sigma"] == MAIN)
    small, grows = fitted(cases), slope(cases)
    spread = S * (max(c["t_align"] for c in small) - min(c["t_align"] for c in small))
    off = abs(main["t_half"] - main["t_half_theory"])
    close = main["r_error"] < 1e-5 and off < 0.002 and main["K_error"] < 1e-4
    apart = spread < 0.03 and abs(2 * S * grows - 1) < 0.02
    return (
        f"{'The theory holds' if close else 'The theory does NOT hold'} at sigma = {MAIN:g}: r(t) differs by "
        f"{main['r_error']:.1e} s,\n  the half-loss time by {off:.1e}, K_inf by {main['K_error']:.1e}.\n"
        f"{'Two clocks' if apart else 'NOT two clocks'}: from sigma = {small[0]['sigma']:g} to {small[-1]['sigma']:g} "
        f"t_align changes by {spread:.3f} / s,\n  and the half-loss time grows as {grows:.4f} log(1/sigma^2); "
        f"theory {1 / (2 * S):.4g}."
    )


def report(summary):
    """The table, a column for each sigma, and the verdict."""
    row = functools.partial(common.row, summary["cases"])
    rows = [
        row("sigma, scale of the weights", "{:g}", "sigma"),
        None,
        row("W at t = 1/s, error of the early theory", "{:.1e}", "W_error"),
        row("a at t = 1/s, error of the early theory", "{:.1e}", "a_error"),
        row("r(t), largest error / s", "{:.1e}", "r_error"),
        row("  relative to r(t) itself", "{:.1e}", "r_error_relative"),
        row("  over s, with r_0 left out", "{:.1e}", "r_error_without_r0"),
        row("K_inf, relative error", "{:.1e}", "K_error"),
        None,
        row("A(K_t, K_inf) at the start", "{:.3f}", "A_0"),
        row("t_align, A >= 0.95 from then on", "{:.2f}", "t_align"),
        row("  theory", "{:.2f}", "t_align_theory"),
        row("t_learn, loss drop 10%", "{:.3f}", "t_learn"),
        row("  theory", "{:.3f}", "t_learn_theory"),
        row("t_half, loss drop 50%", "{:.3f}", "t_half"),
        row("  theory", "{:.3f}", "t_half_theory"),
        row("t_align / t_learn", "{:.2f}", "t_ratio"),
    ]
    heading = (
        f"two linear layers, N = {N}, on {P} white samples of D = {D} inputs; y = s X beta, s = {S:g};\n"
        f"one draw of weights (seed {summary['settings']['seed']}), scaled to each sigma; gradient flow."
    )
    return "\n".join([heading, "", common.table(rows), "", summary["verdict"]])


def figure(cases, curves):
    """Strength of the mode beside the theory; alignment and loss in time; the times against sigma."""
    fig, (left, middle, right) = style.panels(1, 3, (15, 4.3))
    main = next(i for i, n in enumerate(cases) if n["sigma"] == MAIN)
    shown, end = sorted({0, len(cases) // 2, main}), 1.8 * cases[main]["t_half_theory"]
    few = np.linspace(0, end, 30)
    for i, (color, dashes), marker in zip(shown, style.STYLES, "os^"):
        c, label = curves[i], f"$\\sigma$ = {cases[i]['sigma']:g}"
        left.plot(c["times"], c["r_theory"], color=color, ls="-", lw=1)
        left.plot(few, np.interp(few, c["times"], c["r"]), color=color, ls="", marker=marker, ms=4, label=label)
        middle.plot(c["times"], c["A"], color=color, ls=dashes, lw=2, label=label)
        middle.plot(c["times"], c["losses"] / c["losses"][0], color=color, ls=dashes, lw=1)
    left.set(xlim=(0, end), xlabel="flow time $t$", ylabel="strength of the mode $r(t)$")
    left.legend(fontsize=8, loc="lower right")
    middle.set(xlim=(0, end), ylim=(0, 1.03), xlabel="flow time $t$", ylabel="alignment (thick), loss $L/L_0$ (thin)")
    middle.set_title("the kernel turns at one time, the loss falls later and later", fontsize=10)
    thick = "thick: $A(K_t,K_\\infty)$\nthin: loss $L/L_0$"
    middle.legend(fontsize=8, loc="center right", title=thick, title_fontsize=8)
    sigmas = [n["sigma"] for n in cases]
    named = [("half", "s", "$t$ of loss drop 50 %"), ("learn", "^", "$t$ of loss drop 10 %"), ("align", "o", "aligned")]
    for (name, marker, label), (color, dashes) in zip(named, style.STYLES):
        right.plot(sigmas, [n[f"t_{name}_theory"] for n in cases], color=color, ls=dashes, lw=1)
        right.plot(sigmas, [n[f"t_{name}"] for n in cases], color=color, ls="", marker=marker, label=label)
    right.set(xscale="log", ylim=(0, None), xlabel=r"scale of the weights $\sigma$", ylabel="flow time $t$")
    right.legend(fontsize=8)
    for ax in (left, right):
        ax.set_title("lines: theory; markers: simulation", fontsize=10)
    return fig

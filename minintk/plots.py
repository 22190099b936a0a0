"""The figures. Every function takes results and returns a matplotlib Figure; nothing is shown or written here.

Colours are told apart in black and white and by colour-blind readers (Okabe and Ito's palette), and never carry a
meaning alone: line styles, markers and labels do too.
"""

import numpy as np
from matplotlib import figure

BLACK, BLUE, ORANGE, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
STYLES = [(BLUE, "-"), (GREEN, "--"), (ORANGE, "-."), (BLACK, ":")]


def silent_alignment(results):
    """One column a case: loss, alignment and |K| in time; three kernels; network against machines; and all gaps below.

    results: what `experiments.silent_alignment.run` returns; of each case the first initialisation is drawn.
    """
    cases, n = results["cases"], len(results["cases"])
    fig = figure.Figure(figsize=(3.3 * n, 11.2), layout="constrained")
    curves, images, scatters, gaps = fig.subfigures(4, 1, height_ratios=[3.2, 1.6, 3.2, 2.6])
    for column, (case, ax) in enumerate(zip(cases, curves.subplots(1, n, squeeze=False)[0])):
        _curves(ax, case, legend=column == 0)
    for case, part in zip(cases, np.atleast_1d(images.subfigures(1, n))):
        _kernels(part.subplots(1, 3), case["runs"][0]["kernels"])
    for column, (case, ax) in enumerate(zip(cases, scatters.subplots(1, n, squeeze=False)[0])):
        _scatter(ax, case["runs"][0], legend=column == 0)
    _gaps(gaps.subplots(), cases)
    return fig


def _curves(ax, case, legend):
    run, numbers = case["runs"][0], case["runs"][0]["numbers"]
    end = run["times"][np.argmax(run["losses"] <= 0.01 * run["losses"][0])] * 1.15 or run["times"][-1]
    ax.plot(run["times"], run["losses"] / run["losses"][0], color=BLACK, ls="-", label="loss $L/L_0$")
    ax.plot(run["times"], run["alignments"], color=BLUE, ls="--", label=r"alignment $A(K_t,K_\infty)$")
    ax.plot(run["times"], run["norms"] / run["norms"][-1], color=ORANGE, ls="-.", label=r"size $|K_t|/|K_\infty|$")
    if 0 < numbers["t_align"] < end:
        ax.axvline(numbers["t_align"], color="0.6", lw=0.8)
        ax.text(numbers["t_align"], 0.25, "aligned", rotation=90, color="0.35", fontsize=7, va="center", ha="right")
    ax.set(xlim=(0, end), ylim=(0, 1.05), xlabel="flow time $t$")
    ax.set_title(f"{case['title']}, $\\sigma$ = {case['sigma']:g}", fontsize=10)
    if legend:
        ax.set_ylabel("relative to the start or the end")
        ax.legend(fontsize=7.5, loc="center right")


def _kernels(axes, kernels):
    for ax, K, name in zip(axes, kernels, ["$K_0$", "$K$ at 1 % drop", r"$K_\infty$"]):
        K = K if K.ndim == 2 else K[0, 0]  # of several outputs, the first
        top = abs(K - np.diag(np.diag(K))).max()  # the diagonal would outshine the rest
        ax.imshow(K, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set_title(name, fontsize=8)
        ax.set(xticks=[], yticks=[])


def _scatter(ax, run, legend):
    f = run["network"].ravel()
    span = 1.08 * abs(f).max()
    ax.plot([-span, span], [-span, span], color="0.7", lw=0.8, zorder=0)
    ax.plot(f, run["machine_0"].ravel(), ls="", marker="x", ms=3, mew=0.6, color=ORANGE, label=r"machine of $K_0$")
    ax.plot(f, run["machine_inf"].ravel(), ls="", marker=".", ms=3, color=BLUE, label=r"machine of $K_\infty$")
    ax.set(xlim=(-span, span), ylim=(-1.4 * span, 1.4 * span), xlabel="network $f(x)$, test points")
    ax.set_title(rf"$\rho$ = {run['numbers']['rho']:.2g}", fontsize=9)
    if legend:
        ax.set_ylabel("kernel machine")
        ax.legend(fontsize=7.5, loc="upper left", markerscale=2)


def _gaps(ax, cases):
    for case, (color, style) in zip(cases, STYLES * len(cases)):
        run = case["runs"][0]
        drops = 1 - run["losses"] / run["losses"][0]
        ax.plot(drops[1:], run["gaps"][1:], color=color, ls=style, label=case["title"])
    ax.set(
        yscale="log",
        xlim=(0, 1),
        ylim=(1e-4, None),
        xlabel="loss drop $1 - L(t)/L(0)$",
        ylabel=r"gap $|G_t| / |f_T|$, test points",
    )
    ax.legend(fontsize=8, ncols=len(cases))


def scaling(sigmas, depths, outputs, gradients):
    """Sizes of outputs and gradients (len(depths), len(sigmas)) against sigma; lines sigma^L and sigma^(L-1)."""
    fig = figure.Figure(figsize=(9, 4), layout="constrained")
    for ax, sizes, less, name in zip(fig.subplots(1, 2), (outputs, gradients), (0, 1), ("outputs", "gradients")):
        for L, size, (color, _), marker in zip(depths, sizes, STYLES, "os^"):
            line = size[-1] * (sigmas / sigmas[-1]) ** (L - less)
            ax.plot(sigmas, line, color=color, lw=0.8)
            ax.plot(sigmas, size, color=color, ls="", marker=marker, label=f"L = {L}, line: slope {L - less}")
        ax.set(xscale="log", yscale="log", xlabel=r"scale of the weights $\sigma$", ylabel=f"size of the {name}")
        ax.legend(fontsize=8)
    return fig


def frozen_kernel(circle, K, few, targets, f0, end, times, flow):
    """The kernel K between angles on the circle; targets at a few angles, f_0, the predictor; and the flow (T, P)."""
    fig = figure.Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    image = left.imshow(K, extent=[0, circle[-1], circle[-1], 0], cmap="viridis")
    left.set(xlabel="angle of $x'$", ylabel="angle of $x$", title="$K(x, x')$")
    fig.colorbar(image, ax=left)
    middle.plot(circle, f0, color=BLACK, ls=":", label="network at the start")
    middle.plot(circle, end, color=BLUE, label="predictor of the frozen kernel")
    middle.plot(few, targets, color=ORANGE, ls="", marker="o", label="targets")
    middle.set(xlabel="angle of $x$", ylabel="output", ylim=(-2, 2.4))
    middle.legend(fontsize=8, loc="upper center")
    for n, (color, style) in zip(range(len(few)), STYLES * 2):
        right.plot(times, flow[:, n], color=color, ls=style)
    right.plot(np.full(len(few), times[-1]), targets, color=ORANGE, ls="", marker="o", label="targets")
    right.set(xscale="log", xlabel="flow time $t$", ylabel="outputs at the training points")
    right.legend(fontsize=8)
    return fig


def spectra(powers, singular_values, conditions, grams):
    """Singular values after whitening with each power, their condition numbers, and the Gram matrices."""
    fig = figure.Figure(figsize=(4 * (len(powers) + 1), 4), layout="constrained")
    first, *rest = fig.subplots(1, len(powers) + 1)
    for power, S, condition, (color, style) in zip(powers, singular_values, conditions, STYLES):
        S = S[S > 1e-9 * S[0]]
        first.plot(
            np.arange(1, len(S) + 1), S, color=color, ls=style, label=f"power {power:g}: condition {condition:.3g}"
        )
    first.set(yscale="log", xlabel="number of the singular value", ylabel="singular value")
    first.legend(fontsize=8)
    for ax, power, gram in zip(rest, powers, grams):
        top = abs(gram).max()
        ax.imshow(gram, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set(title=f"$X X^T$, power {power:g}", xlabel="sample", ylabel="sample")
    return fig


def plateaus(sigmas, runs):
    """The loss, relative to its start, in flow time: one run (times, losses) for each sigma."""
    fig = figure.Figure(figsize=(8, 4), layout="constrained")
    ax = fig.subplots()
    for sigma, (times, losses), (color, style) in zip(sigmas, runs, STYLES * 2):
        ax.plot(times, losses, color=color, ls=style, lw=1 if sigma < 0.02 else 2)
        ax.annotate(f"{sigma:g}", (np.interp(-0.5, -losses, times), 0.5), fontsize=8, ha="left")
    ax.set(xlim=(0, None), ylim=(0, 1.05), xlabel="flow time $t$", ylabel="loss $L/L_0$")
    ax.set_title(r"each curve: another scale $\sigma$ of the initial weights", fontsize=10)
    return fig


def alignments(runs):
    """Curves in flow time, one panel a run: (title, times, {label: curve}, {label: time to mark})."""
    fig = figure.Figure(figsize=(6.5 * len(runs), 4.2), layout="constrained")
    for ax, (title, times, curves, marks) in zip(fig.subplots(1, len(runs), squeeze=False)[0], runs):
        for (label, curve), (color, style) in zip(curves.items(), [(BLACK, "-"), *STYLES]):
            ax.plot(times, curve, color=color, ls=style, label=label)
        for label, time in marks.items():
            if np.isfinite(time):
                ax.axvline(time, color="0.6", lw=0.8)
                ax.text(time, 0.3, label, rotation=90, color="0.35", fontsize=8, ha="right")
        ax.set(title=title, xlim=(0, times[-1]), ylim=(-0.05, 1.05), xlabel="flow time $t$")
        ax.legend(fontsize=8, loc="center right")
    return fig

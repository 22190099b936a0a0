"""The figures. Every function takes results and returns a matplotlib Figure; nothing is shown or written here.

Colours are told apart in black and white and by colour-blind readers (Okabe and Ito's palette), and never carry a
meaning alone: line styles, markers and labels do too.
"""

import numpy as np
from matplotlib import figure

from minintk import silence

BLACK, BLUE, ORANGE, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
STYLES = [(BLUE, "-"), (GREEN, "--"), (ORANGE, "-."), (BLACK, ":")]


def silent_alignment(results):
    """One column a case: loss, alignment and |K| in time; three kernels; network against machines; and all gaps below.

    results: what `experiments.silent_alignment.run` returns; of each case the run of median rho is drawn. Its gap is
    divided by its err_0, as rho is: without that, |G_t| / |f_T| of white inputs is the largest below a drop of 30 %.
    """
    cases = [case | {"runs": [_median_run(case["runs"])]} for case in results["cases"]]
    n = len(cases)
    fig = figure.Figure(figsize=(3.3 * n, 11.2), layout="constrained")
    curves, images, scatters, gaps = fig.subfigures(4, 1, height_ratios=[3.2, 1.6, 3.2, 2.6])
    for column, (case, ax) in enumerate(zip(cases, curves.subplots(1, n, squeeze=False)[0])):
        _curves(ax, case)
        if column == 0:
            ax.set_ylabel("relative to the start or the end")
    curves.legend(*ax.get_legend_handles_labels(), fontsize=8.5, ncols=3, loc="outside upper left")
    for case, part in zip(cases, np.atleast_1d(images.subfigures(1, n))):
        _kernels(part.subplots(1, 3), case["runs"][0]["kernels"])
    for column, (case, ax) in enumerate(zip(cases, scatters.subplots(1, n, squeeze=False)[0])):
        _scatter(ax, case["runs"][0], legend=column == 0)
        n = case["runs"][0]["numbers"]
        ax.set_title(rf"$\rho$ = {n['rho']:.2g}" if n["err_0"] >= silence.ROUNDING else r"$err_0 = 0$", fontsize=9)
    _gaps(gaps.subplots(), cases)
    return fig


def _median_run(runs):
    return sorted(runs, key=lambda run: run["numbers"]["rho"])[(len(runs) - 1) // 2]


def _curves(ax, case):
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


def _kernels(axes, kernels):
    for ax, K, name in zip(axes, kernels, ["$K_0$", "$K$ at 1 % drop", r"$K_\infty$"]):
        K = K if K.ndim == 2 else K[0, 0]  # of several outputs, the first
        top = abs(K - np.diag(np.diag(K))).max()  # the diagonal would outshine the rest
        ax.imshow(K, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set_title(name, fontsize=8)
        ax.set(xticks=[], yticks=[])
    axes[1].set_xlabel("red > 0 > blue, each to its own largest entry", fontsize=7)


def _scatter(ax, run, legend):
    f = run["network"].ravel()
    span = 1.08 * abs(f).max()
    ax.plot([-span, span], [-span, span], color="0.7", lw=0.8, zorder=0)
    ax.plot(f, run["machine_0"].ravel(), ls="", marker="x", ms=3, mew=0.6, color=ORANGE, label=r"machine of $K_0$")
    ax.plot(f, run["machine_inf"].ravel(), ls="", marker=".", ms=3, color=BLUE, label=r"machine of $K_\infty$")
    height = max(1.4 * span, 1.05 * abs(run["machine_0"]).max())
    ax.set(xlim=(-span, span), ylim=(-height, height), xlabel="network $f(x)$, test points")
    if legend:
        ax.set_ylabel("kernel machine")
        ax.legend(fontsize=7.5, loc="upper left", markerscale=2)


def _gaps(ax, cases):
    for case, (color, style) in zip(cases, STYLES * len(cases)):
        run, err_0 = case["runs"][0], case["runs"][0]["numbers"]["err_0"]
        if err_0 >= silence.ROUNDING:
            drops = 1 - run["losses"] / run["losses"][0]
            ax.plot(drops[1:], run["gaps"][1:] / err_0, color=color, ls=style, label=case["title"])
    ax.set(yscale="log", xlim=(0, 1), ylim=(1e-4, None), xlabel="loss drop $1 - L(t)/L(0)$")
    ax.set_ylabel(r"gap $|G_t|\,/\,(|f_T|\, err_0)$; at the end $\rho$")
    if ax.lines:
        ax.legend(fontsize=8, ncols=len(cases))
    else:
        ax.text(0.5, 0.5, r"$err_0 = 0$ up to rounding: nothing to compare with", ha="center", transform=ax.transAxes)


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


def lazy_to_rich(results):
    """Against sigma: alignment at the start and at 10 % drop; the ratio of the two times; both errors and rho."""
    cases = results["cases"]
    sigmas = [case["sigma"] for case in cases]
    fig = figure.Figure(figsize=(13, 4), layout="constrained")
    panels = fig.subplots(1, 3)
    curves = (
        {"A_0": "at the start", "A_10": "at a loss drop of 10 %"},
        {"t_ratio": "median"},
        {"err_0": r"$err_0$, machine of $K_0$", "err_inf": r"$err_\infty$, of $K_\infty$", "rho": r"$\rho$, ratio"},
    )
    for ax, labels in zip(panels, curves):
        for (name, label), (color, style), marker in zip(labels.items(), STYLES, "so^"):
            every = np.array([[run["numbers"][name] for run in case["runs"]] for case in cases], float)
            ax.plot(sigmas, every, color=color, ls="", marker=marker, ms=3, alpha=0.5)
            median = np.array([case["medians"][name] for case in cases], float)
            ax.plot(sigmas, median, color=color, ls=style, marker=marker, ms=6, mfc="none", label=label)
        ax.set(xscale="log", xlabel=r"scale of the initial weights $\sigma$")
        ax.legend(fontsize=8)
    panels[0].set(ylabel=r"alignment $A(K_t, K_\infty)$", ylim=(None, 1.02))
    panels[1].set(ylabel=r"$t_{align}$ ($A \geq 0.95$ from then on) / $t_{learn}$ (10 % drop)")
    panels[1].axhline(1, color="0.6", lw=0.8)
    panels[2].set(ylabel="relative error on test points; ratio", yscale="log")
    panels[2].axhline(0.05, color="0.6", lw=0.8)
    fig.suptitle("lines: medians; dots: single runs", fontsize=9)
    return fig


def whitening(results):
    """Linear networks against the condition number; ReLU: rho against it, and against P / D on white samples."""
    fig = figure.Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    linear = results["linear"]
    labels = {
        "cos_first_10": r"cosine of $v_1$ and $\Sigma\beta$, 10 % drop",
        "A_10": r"$A(K_t, K_\infty)$, 10 % drop",
        "cos_beta_90": r"cosine of $v_1$ and $\beta$, 90 % drop",
        "cos_beta_10": r"cosine of $v_1$ and $\beta$, 10 % drop",
    }
    for (name, label), (color, style), marker in zip(labels.items(), STYLES, "os^v"):
        x = [case["condition"] for case in linear]
        left.plot(x, [case[name] for case in linear], color=color, ls=style, marker=marker, label=label)
    worst = max(case["err_inf"] for case in linear)
    left.set(xscale="log", ylim=(0, 1.08), xlabel="condition number of $X^T X / P$", ylabel="alignment, cosine")
    left.set_title(rf"linear, $P > D$; $err_\infty \leq$ {worst:.0e}", fontsize=10)
    left.legend(fontsize=8, loc="lower left")
    powers, sizes = results["powers"], results["sizes"]
    for ax, cases, x in [
        (middle, powers, [case["medians"]["condition"] for case in powers]),
        (right, sizes, [case["value"] / 60 for case in sizes]),
    ]:
        ax.plot(x, [case["rhos"] for case in cases], color=BLUE, ls="", marker=".", alpha=0.6)
        ax.plot(x, [case["medians"]["rho"] for case in cases], color=BLUE, marker="o", mfc="none", label="median")
        ax.axhline(0.05, color="0.6", lw=0.8)
        ax.set(yscale="log", ylim=(0.01, 1), ylabel=r"$\rho = err_\infty / err_0$")
        ax.legend(fontsize=8, loc="lower right")
    middle.set(xscale="log", xlabel="condition number of $X^T X / P$, of its non-zero eigenvalues")
    middle.set_title("ReLU, isotropic sample: from whitened to as drawn", fontsize=10)
    right.axvline(1, color="0.6", lw=0.8)
    right.set(xlabel="samples per input $P / D$")
    right.set_title("ReLU, exactly white samples", fontsize=10)
    return fig


def gap(results):
    """|G_t| against the loss drop, how far the integral of its rate is off; and the misaligned part of the motion."""
    fig = figure.Figure(figsize=(11, 4.4), layout="constrained")
    left, right = fig.subplots(1, 2)
    for case, (color, style) in zip(results["cases"], STYLES):
        runs = sorted(case["runs"], key=lambda run: run["numbers"]["gap_end"])
        run = runs[(len(runs) - 1) // 2]  # the median one
        drops = run["drops"]
        left.plot(drops[1:], run["gaps"][1:], color=color, ls=style, lw=2, label=case["title"])
        left.plot(drops[1:], run["missed"][1:], color=color, ls=style, lw=0.8)
        right.plot(drops[:-1], run["turning"][:-1], color=color, ls=style, label=case["title"])
    left.plot([], [], color=BLACK, lw=0.8, label=r"thin: $|\int dG - G_t| / |f_T|$")
    left.set(yscale="log", xlim=(0, 1), ylim=(3e-8, 1), ylabel="gap $|G_t| / |f_T|$, test points")
    fig.suptitle("of each case the run with the median gap at the end", fontsize=9)
    right.set(yscale="log", xlim=(0, 1), ylabel="misaligned part of the motion $|dG/dt| / |df/dt|$")
    for ax in (left, right):
        ax.set(xlabel="loss drop $1 - L(t)/L(0)$")
    left.legend(fontsize=8, loc="lower right")
    return fig


def three_traps(results):
    """For each case the network against both machines, titled with the controls; and untrained networks against P.

    results: what `experiments.three_traps.run` returns; of each case the run of median rho is drawn, with its numbers.
    """
    cases = results["cases"]
    fig = figure.Figure(figsize=(3.3 * (len(cases) + 1), 4.2), layout="constrained")
    *axes, last = fig.subplots(1, len(cases) + 1)
    for column, (case, ax) in enumerate(zip(cases, axes)):
        run = _median_run(case["runs"])
        n = run["numbers"]
        _scatter(ax, run, legend=column == 0)
        relu = "" if case["relu"] else rf"; with ReLU $err_\infty$ = {n['err_inf_relu']:.2g}"
        ax.set_title(
            rf"{case['title']}: $err_\infty$ = {n['err_inf']:.2g}" + "\n"
            rf"$\rho$ = {n['rho']:.2g}{relu}" + "\n"
            f"untrained network {n['untrained']:.2g}",
            fontsize=9,
        )
    fig.suptitle("of each case the run of median $\\rho$, with its own numbers", fontsize=9)
    sizes, errors = results["curve"]
    last.plot(sizes, errors, color=GREEN, ls="--", marker="s")
    last.set(xscale="log", yscale="log", xlabel="samples $P$", ylabel="error of its own kernel's machine")
    last.set_title("untrained ReLU networks, medians,\nrank at most $N D$ = 400", fontsize=9)
    last.axvline(400, color="0.6", lw=0.8)
    return fig


def linear_phases(results):
    """Strength and size of the mode beside the theory; alignment and loss in time; the times against sigma.

    results: what `experiments.linear_phases.run` returns.
    """
    fig = figure.Figure(figsize=(15, 4.3), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    numbers = [case["numbers"] for case in results["cases"]]
    shown = [case for case in results["cases"] if case["numbers"]["sigma"] in (0.1, 0.01, 1e-3)]
    for case, (color, style), marker in zip(shown, STYLES, "os^"):
        curves, label = case["curves"], f"$\\sigma$ = {case['numbers']['sigma']:g}"
        times, few = curves["times"], np.searchsorted(curves["times"], np.arange(0, 12, 0.4))
        left.plot(times, curves["r_theory"], color=color, ls="-", lw=1)
        left.plot(times[few], curves["r"][few], color=color, ls="", marker=marker, ms=4, label=label)
        middle.plot(times, curves["A"], color=color, ls=style, lw=2, label=label)
        middle.plot(times, curves["losses"] / curves["losses"][0], color=color, ls=style, lw=1)
    left.set(xlim=(0, 12), xlabel="flow time $t$", ylabel="strength of the mode $r(t)$")
    left.set_title("lines: theory; markers: simulation", fontsize=10)
    middle.set(xlim=(0, 12), ylim=(0, 1.03), xlabel="flow time $t$", ylabel="alignment (thick), loss $L/L_0$ (thin)")
    middle.set_title("the kernel turns at one time, the loss falls later and later", fontsize=10)
    thick = "thick: $A(K_t,K_\\infty)$\nthin: loss $L/L_0$"
    middle.legend(fontsize=8, loc="center right", title=thick, title_fontsize=8)
    sigmas = [n["sigma"] for n in numbers]
    named = [("half", "s", "$t$ of loss drop 50 %"), ("learn", "^", "$t$ of loss drop 10 %"), ("align", "o", "aligned")]
    for (name, marker, label), (color, style) in zip(named, STYLES):
        right.plot(sigmas, [n[f"t_{name}_theory"] for n in numbers], color=color, ls=style, lw=1)
        right.plot(sigmas, [n[f"t_{name}"] for n in numbers], color=color, ls="", marker=marker, label=label)
    right.set(xscale="log", ylim=(0, None), xlabel=r"scale of the weights $\sigma$", ylabel="flow time $t$")
    right.set_title("lines: theory; markers: simulation", fontsize=10)
    left.legend(fontsize=8, loc="lower right")
    right.legend(fontsize=8)
    return fig


def depth(results):
    """Collapse of A(t), loss drop at alignment, layer terms of the deepest network, and rank-one networks.

    results: what `experiments.depth.run` returns.
    """
    fig = figure.Figure(figsize=(11, 8.4), layout="constrained")
    (collapse, drop), (terms, modes) = fig.subplots(2, 2)
    for part, (color, style), marker in zip(results["depths"], STYLES, "os^"):
        numbers, curves, L = part["numbers"], part["curves"], part["numbers"]["L"]
        at_align = {float(sigma): value for sigma, value in numbers["drop_at_align"].items()}
        for sigma, line in zip(at_align, ("-", "--", ":")):
            times, A = (curves[f"sigma_{sigma:g}_{name}"] for name in ("times", "A"))
            times = np.append(times * sigma ** (L - 2), 1.2)  # trained: there the kernel stays
            collapse.plot(times, np.append(A, 1), color=color, ls=line, label=f"L = {L}, $\\sigma$ = {sigma:g}")
        collapse.annotate(f"L = {L}", (0, A[0]), (4, 8), textcoords="offset points", fontsize=9)
        label = f"L = {L}, fitted slope {numbers['exponent']:.2f}"
        drop.plot(at_align.keys(), at_align.values(), color=color, ls=style, marker=marker, label=label)
        few = slice(None, None, 6)
        modes.plot(curves["rank_one_times"], curves["rank_one_theory"], color=color, ls="-", lw=1)
        times, c = curves["rank_one_times"][few], curves["rank_one_c"][few]
        modes.plot(times, c, color=color, ls="", marker=marker, ms=4, label=f"L = {L}")
    order = np.argsort(curves["drops"])
    order = order[curves["drops"][order] > 0]
    styles = zip(curves["shares"].T, [(BLACK, ":"), *STYLES], "Dos^")
    for l, (share, (color, style), marker) in enumerate(styles, start=1):
        terms.plot(curves["drops"][order], share[order], color=color, ls=style, marker=marker, ms=3, label=f"$K_{l}$")
    collapse.set(xlim=(0, 1.2), ylim=(0.6, 1.005), xlabel=r"scaled time $t \sigma^{L-2}$", ylabel=r"$A(K_t, K_\infty)$")
    collapse.set_title("alignment: one curve for all sigma", fontsize=10)
    drop.set(xscale="log", yscale="log", xlabel=r"scale of the weights $\sigma$", ylabel="loss drop when aligned")
    drop.set_title(r"how much is learned before the kernel is aligned: $\sigma^L$", fontsize=10)
    terms.set(xscale="log", xlim=(1e-5, 1), ylim=(0, 1.03), xlabel="loss drop $1 - L(t)/L(0)$")
    terms.set(ylabel=r"share of the top eigenvalue in $K_l$")
    terms.set_title(f"layer terms, L = {L}: later layers first", fontsize=10)
    modes.set(xscale="log", xlim=(1, None), xlabel="flow time $t$", ylabel="strength $u^L$")
    modes.set_title("rank-one networks from $u_0$ = 0.1; lines: theory", fontsize=10)
    for ax in (collapse, drop, terms, modes):
        ax.legend(fontsize=8)
    return fig


def several_outputs(results):
    """Strengths and directions of the modes in time; alignment against loss drop; network against machines.

    results: what `experiments.several_outputs.run` returns.
    """
    fig = figure.Figure(figsize=(15, 4.5), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    cases, settings = results["cases"], results["summary"]["settings"]
    main = next(case for case in cases if case["numbers"]["sigma"] == 1e-3)
    numbers, curves = main["numbers"], main["curves"]
    times = curves["times"]
    for a, ((color, _), marker) in enumerate(zip(STYLES, "os^")):
        s = numbers["s"][a]
        cosines, half = curves["cosines"][:, a], numbers["t_half_theory"][a]
        left.plot(times, curves["r"][:, a] / s, color=color)
        left.plot(times, cosines, color=color, ls="--", lw=1)
        left.plot(half, 0.5, color=color, ls="", marker=marker, ms=7, mec=BLACK)
        found = times[np.flatnonzero(cosines < 0.8)[-1]]
        for place in ((half, 0.5), (found, 0.8)):
            left.annotate(f"{a + 1}", place, (7, -6), textcoords="offset points", fontsize=9)
    left.plot([], [], color="0.4", label="strength $r_a/s_a$")
    left.plot([], [], color="0.4", ls="--", label="direction, $|$cos$|$")
    left.plot([], [], color="0.4", ls="", marker="o", mec=BLACK, label="theory, $r_a=s_a/2$")
    left.set(xscale="log", xlim=(0.01, None), ylim=(0, 1.05), xlabel="flow time $t$")
    left.set_ylabel("strength; cosine of $v_a$ and $W_1$'s vector $a$")
    told = ", ".join(f"{s:g}" for s in numbers["s"])
    left.set_title(f"modes 1, 2, 3 of $s_a$ = {told}; $\\sigma$ = {numbers['sigma']:g}", fontsize=10)
    for case, (color, style) in zip(cases, STYLES):
        s, sigma = case["numbers"]["s"], case["numbers"]["sigma"]
        label = f"$\\sigma$ = {sigma:g}" + (", equal $s_a$" if len(set(s)) == 1 else "")
        middle.plot(case["curves"]["times"], case["curves"]["A"], color=color, ls=style, lw=2, label=label)
        middle.plot(case["curves"]["times"], case["curves"]["A_free"], color=color, ls=style, lw=0.8)
    for a, half in enumerate(numbers["t_half_theory"]):
        middle.axvline(half, color="0.6", lw=0.8, zorder=0)
        middle.annotate(f"{a + 1}", (half, 0.65), (-8, 5), textcoords="offset points", fontsize=9)
    middle.set(xscale="log", xlim=(0.03, None), ylim=(0.65, 1.01), xlabel="flow time $t$; grey: modes, as on the left")
    middle.set_ylabel("alignment")
    middle.set_title(r"thick: $A(K_t,K_\infty)$; thin: with the best sizes of the modes", fontsize=10)
    few = results["machines"][0.01]
    f, errors = few["network"].ravel(), few["errors"]
    span = 1.08 * abs(f).max()
    right.plot([-span, span], [-span, span], color="0.7", lw=0.8, zorder=0)
    for name, color, marker in (("0", ORANGE, "x"), ("inf", BLUE, ".")):
        label = f"machine of $K_{{{name.replace('inf', chr(92) + 'infty')}}}$, error {errors[f'err_{name}']:.2g}"
        right.plot(f, few[f"machine_{name}"].ravel(), color=color, ls="", marker=marker, ms=4, mew=0.7, label=label)
    right.set(xlabel="network $f_c(x)$, test points", ylabel="kernel machine")
    right.set_title(f"P = {settings['P_few']} samples, all {len(numbers['s'])} outputs, $\\sigma$ = 0.01", fontsize=10)
    for ax, place in ((left, "upper left"), (middle, "lower left"), (right, "upper left")):
        ax.legend(fontsize=8, loc=place)
    return fig


def closed_forms(s, u0, sigmas, modes, depths, deep):
    """Strengths in flow time, trained networks (dots) and closed forms (lines): (times, dots, fine, line, mark).

    Left: two layers, one of modes for each sigma, with a mark at the half-loss time. Right: one of deep for each depth
    L, from layers of rank one and strength u0, with a mark at the escape time; None for L = 2.
    """
    fig = figure.Figure(figsize=(11, 4.2), layout="constrained")
    left, right = fig.subplots(1, 2)
    labels = [rf"$\sigma$ = {sigma:g}" for sigma in sigmas], [f"L = {L}" for L in depths]
    thin = ("half-loss time", 0.8), ("escape time $t^*$", 0.3)
    for ax, names, curves, (told, height) in zip((left, right), labels, (modes, deep), thin):
        for name, (times, dots, fine, line, mark), (color, style), marker in zip(names, curves, STYLES, "os^"):
            ax.plot(fine, line, color=color, ls=style, lw=1.2)
            ax.plot(times, dots, color=color, ls="", marker=marker, ms=3.5)
            ax.plot([], [], color=color, ls=style, marker=marker, ms=3.5, label=name)
            if mark is not None:
                ax.axvline(mark, color=color, lw=0.8, alpha=0.6)
                ax.text(mark, height * s, told, rotation=90, color="0.35", fontsize=7, va="center", ha="left")
        ax.set(xlim=(0, curves[0][2][-1]), ylim=(-0.03 * s, 1.05 * s), xlabel="flow time $t$")
    title = "dots: trained network\nline: closed form"
    left.legend(fontsize=8, loc="center right", title=title, title_fontsize=8)
    right.legend(fontsize=8, loc=(0.42, 0.35), title=title, title_fontsize=8)
    left.set_ylabel("learned strength $r = a^T W \\beta$")
    right.set_ylabel("learned strength $u^L$")
    left.set_title("two layers, small random weights", fontsize=10)
    right.set_title(f"L layers of rank one, $u_0$ = {u0:g}", fontsize=10)
    return fig


def losses(results):
    """Early growth under three losses; machines of K_inf and K_0; the clock; late directions.

    results: what `experiments.losses.run` returns; the clock is that of the ReLU run of median error half-way.
    """
    fig = figure.Figure(figsize=(12, 8.6), layout="constrained")
    (early, span), (clock, late) = fig.subplots(2, 2)
    for (loss, start), (color, style), marker in zip(results["growth"].items(), STYLES, "os^"):
        times, sizes = start["times"], start["sizes"] / start["sizes"][0]
        line = np.exp(start["theory"] * times)
        early.plot(times, line, color=color, ls=style, lw=1)
        early.plot(times, sizes, color=color, ls="", marker=marker, ms=4, label=f"{loss}, $2s$ = {start['theory']:.3f}")
    early.set(yscale="log", ylim=(0.5, 1e7), xlabel="flow time $t$", ylabel="mode $(q+r)$ relative to the start")
    early.set_title("two linear layers; markers: trained, lines: $e^{2st}$", fontsize=10)
    levels = results["arrays"]["levels"]
    for case, (color, style), marker in zip(results["cases"], STYLES, "os^v"):
        n = case["medians"]
        span.plot(levels, n["span_inf"], color=color, ls=style, marker=marker, label=case["title"])
        span.plot(levels, n["span_0"], color=color, ls=style, marker=marker, mfc="none", lw=0.8)
    span.set(xscale="log", yscale="log", ylim=(1e-3, 2), xlabel="loss $L/L_0$", ylabel="error over $|f_t-f_0|$, test")
    span.invert_xaxis()
    span.set_title(r"machine of $K_\infty$ (filled) and of $K_0$ (open)", fontsize=10)
    runs = sorted(results["cases"][1]["runs"], key=lambda run: run["numbers"]["flow_inf"][1])
    curves = runs[(len(runs) - 1) // 2]["curves"]
    few = curves["few"]
    clock.plot(curves["times"][1:], curves["losses"][1:], color=BLACK, ls=":", lw=2, label="network, in time $t$")
    clock.plot(curves["h"][few], curves["losses"][few], color=BLUE, ls="", marker="o", ms=4, label="network, on $h(t)$")
    clock.plot(curves["h"][1:], curves["frozen_losses"][1:], color=ORANGE, label=r"flow of frozen $K_\infty$, on $h$")
    clock.plot(curves["h"][few], curves["frozen_errors"], color=GREEN, ls="--", marker="x", ms=4, label="  its error")
    clock.set(xscale="log", yscale="log", xlim=(1e-3, None), ylabel="loss $L/L_0$; error over $|f_t-f_0|$, test")
    clock.set(xlabel="flow time $t$, clock $h$")
    clock.set_title(r"the clock $h = \int |K_t|/|K_\infty|\, dt$: " + results["cases"][1]["title"], fontsize=10)
    shown = np.append(levels, 0.001)
    for (size, n), (color, style), marker in zip(results["turns"].items(), STYLES, "os"):
        label = f"P = {size}, linear: cosine of $v_1$ and $X^T y$"
        late.plot(shown, n["cosines"], color=color, ls=style, marker=marker, label=label)
        label = f"P = {size}, ReLU: $A(K_t, K)$, $K$ at 0.9"
        late.plot(shown, n["A"], color=color, ls=style, marker=marker, mfc="none", lw=0.8, label=label)
    late.set(xscale="log", xlabel="loss $L/L_0$", ylabel="alignment, cosine")
    late.invert_xaxis()
    late.set_title("logistic loss, white rows, D = 60: what turns late", fontsize=10)
    for ax in (early, span, clock, late):
        ax.legend(fontsize=8)
    return fig


def phase_diagram(results):
    """Maps over power and sigma of rho, with its regions, and of A at a loss drop of 10 %; and the test accuracy.

    results: what `experiments.phase_diagram.run` returns. Lines border the silent and the lazy cells of the first map.
    """
    cells = results["cells"]
    powers = [cell["power"] for cell in cells[0]]
    regions = np.array([[cell["region"] for cell in row] for row in cells])
    fig = figure.Figure(figsize=(15, 4.8), layout="constrained")
    left, middle, right = fig.subplots(1, 3, width_ratios=[1.4, 1.4, 0.8])
    maps = [
        (left, "rho", {"norm": "log", "vmin": 0.01, "vmax": 1}, "{:#.2g}", r"$\rho$"),
        (middle, "A_10", {"vmin": 0.7, "vmax": 1}, "{:.2f}", r"$A(K_t, K_\infty)$"),
    ]
    for ax, name, scale, form, label in maps:
        values = np.array([[(cell["medians"] or {}).get(name) for cell in row] for row in cells], float)
        image = ax.pcolormesh(values, cmap="cividis", **scale)
        fig.colorbar(image, ax=ax, extend="both" if name == "rho" else "min", label=label)
        for (i, j), value in np.ndenumerate(values):
            word = "" if name != "rho" or regions[i, j] == "degraded" else f"\n{regions[i, j]}"
            color = "white" if image.norm(value) < 0.5 else BLACK
            ax.text(j + 0.5, i + 0.5, form.format(value) + word, color=color, fontsize=8, ha="center", va="center")
        for word, look in [("silent", (BLACK, "-", 5)), ("silent", ("white", "-", 2.5)), ("lazy", (BLACK, "--", 2.5))]:
            look = dict(zip(("color", "ls", "lw"), look))
            inside = regions == word
            i, j = np.nonzero(inside[1:] != inside[:-1])
            ax.hlines(i + 1, j, j + 1, **look)
            i, j = np.nonzero(inside[:, 1:] != inside[:, :-1])
            ax.vlines(j + 1, i, i + 1, **look)
        ax.set_xticks(np.arange(len(powers)) + 0.5, [f"{power:g}" for power in powers])
        ax.set_yticks(np.arange(len(cells)) + 0.5, [f"{row[0]['sigma']:g}" for row in cells])
        ax.set(xlabel=r"power $\gamma$ of the singular values (0 white, 1 raw)")
        ax.set(ylabel=r"scale of the initial weights $\sigma$", ylim=(len(cells), 0))
    left.set_title(r"$\rho = err_\infty / err_0$, medians; cells without a word: degraded", fontsize=10)
    middle.set_title(r"alignment $A(K_t, K_\infty)$ at a loss drop of 10 %; borders as left", fontsize=10)
    for row, (color, style), marker in zip(cells[:: -max(1, len(cells) // 3)], STYLES, "os^v"):
        accuracy = [cell["medians"]["test_accuracy"] if cell["medians"] else np.nan for cell in row]
        right.plot(powers, accuracy, color=color, ls=style, marker=marker, label=rf"$\sigma$ = {row[0]['sigma']:g}")
    right.set(xlabel=r"power $\gamma$", ylabel="share of test digits classified rightly")
    right.set_title("what whitening costs", fontsize=10)
    right.legend(fontsize=8, loc="center right")
    return fig


def modes_and_clock(modes, logistic):
    """Strengths of modes in time; alignments; the loss of a network and of its frozen K_inf, in time and on the clock.

    modes: times (T,), s (A,), r_a / s_a (T, A), predicted half times (A,), A(K_t, K_inf) (T,) and that with the best
    sizes of the modes (T,). logistic: times, losses, clock, losses of the frozen K_inf on that clock, all (T,).
    """
    fig = figure.Figure(figsize=(14, 4.2), layout="constrained")
    left, middle, right = fig.subplots(1, 3)
    times, s, strengths, half, A, best = modes
    for a, ((color, style), marker) in enumerate(zip(STYLES, "os^")):
        left.plot(times, strengths[:, a], color=color, ls=style, label=f"mode {a + 1}, $s_{a + 1}$ = {s[a]:.3g}")
        left.plot(half[a], 0.5, color=color, ls="", marker=marker, ms=8, mec=BLACK)
        middle.axvline(half[a], color="0.6", lw=0.8)
        middle.text(half[a], 0.705, f"mode {a + 1}", rotation=90, color="0.35", fontsize=7, va="bottom", ha="right")
    left.plot([], [], color="1", ls="", marker="o", ms=8, mec=BLACK, label="predicted half time")
    left.set(xlim=(0, times[-1]), ylim=(-0.02, 1.05), xlabel="flow time $t$", ylabel="learned strength $r_a/s_a$")
    left.set_title("three outputs, two linear layers: one mode after the other", fontsize=10)
    middle.plot(times, A, color=BLUE, ls="-", label=r"$A(K_t, K_\infty)$")
    middle.plot(times, best, color=ORANGE, ls="--", label="with the best sizes of the modes")
    middle.set(xlim=(0, times[-1]), ylim=(0.7, 1.01), xlabel="flow time $t$", ylabel="alignment, cosine of an angle")
    middle.set_title("directions early, sizes late", fontsize=10)
    times, losses, clock, frozen = logistic
    right.plot(times[1:], losses[1:], color=BLACK, ls=":", label="network, in flow time $t$")
    right.plot(clock[1:], losses[1:], color=BLUE, ls="-", lw=4, alpha=0.45, label="network, on the kernel clock $h$")
    right.plot(clock[1:], frozen[1:], color=ORANGE, ls="--", label=r"frozen $K_\infty$, in its own time")
    right.set(xscale="log", xlim=(0.01, times[-1]), xlabel="flow time $t$, kernel clock $h$")
    right.set(ylim=(0, None), ylabel="logistic loss $L$")
    right.set_title(r"ReLU, logistic loss: $K_\infty$'s flow on another clock", fontsize=10)
    for ax, place in ((left, "lower right"), (middle, "center right"), (right, "lower left")):
        ax.legend(fontsize=8, loc=place)
    return fig

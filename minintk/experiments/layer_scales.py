"""Two layers of different size: what is small decides what turns, and the growth of the kernel does not tell.

Claim. Scale the first layer by sigma_1 and the second by sigma_2. Along sigma_1 = sigma_2 the network goes from lazy to
silent (lazy_to_rich). Across it the two corners differ. With a small second layer, (1, 0.01), no weight turns. With a
small first layer, (0.01, 1), they turn far, ten times sooner than for (0.1, 0.1) with outputs of the same size, and
K_inf predicts the network 10 to 20 times better than K_0. Yet the kernel grows by less than a half in both corners,
and A_0 is .98 in both. Between the two, (0.1, 1), the weights turn as they do from (0.1, 0.1), and it is called lazy
all the same: the word is about kernels.

Why. For f = a . phi(W x) the kernel is K = K_1 + K_2. K_1, of the weights W, is a multiple of |a|^2, and K_2, of the
weights a, is the Gram matrix of the features phi(W x). A large a makes K_1 large from the start: on each unit's open
samples it is a multiple of X X^T, which hardly turns whatever W does. So K is slow to show what has been learned, while
W, which is small, is carried along by the large a, at a rate of order sigma_2.
With linear layers it can be worked out. A gradient flow keeps delta = |a|^2 - |W beta|^2 for targets s X beta, and with
a small first layer it ends at

    K_inf = X [|w|^2 beta beta^T + |a|^2 I] X^T,
    |a|^2, |w|^2 = (sqrt(delta^2 + 4 s^2) +- delta) / 2,

so that a large delta leaves little of beta in the kernel, though W ends as w beta^T.

Source. Kunin et al. 2024 (Get rich quick) and Domine et al. 2025 (From lazy to rich) on the relative scale of the
layers; the paper has one sigma for all. The closed form for white data is our short derivation (unbalanced_kernel).

Try next. SLOPE = 0.1 instead of ReLU: which of the corners changes? `minintk sweep layer_scales --sigma_1 0.01 0.1 1
--sigma_2 0.01 0.1 1 --width 400`: both layers are small parts of a larger sum; which of the four maps stay as they are?
Put sigma_2 = 10 into SECOND: does the closed form still hold?
"""

import functools

import numpy as np

from minintk import data, experiments, guard, kernel, linear_theory, network, silence, training
from minintk.experiments import common, style

P, D, N, P_TEST, SLOPE = 40, 60, 100, 400, 0.0
SCALES = (0.01, 0.1, 1)  # of either layer
FIRST, SECOND = 1e-3, (1e-3, 0.1, 0.3, 1, 3)  # of the linear networks
S = 1.0  # size of their targets
SHOWN = {"rho": "{:.3f}", "growth_end": "{:.3g}", "cosine": "{:.2f}", "t_learn": "{:.2f}"}
TITLES = {
    "rho": r"$\rho$",
    "growth_end": r"growth $|K_\infty| / |K_0|$",
    "cosine": "cosine of a unit's weights, before and after",
    "t_learn": "time until 10 % loss drop",
}


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Two layers of all pairs of scales on white samples, medians of `inits` runs; and linear ones beside theory."""
    scales = sorted(SCALES)
    cells = [cell(first, second, seed, inits) for first in scales for second in scales]
    linear = [theory(second, np.random.default_rng(seed)) for second in SECOND]
    summary = {
        "experiment": "layer_scales",
        "settings": {"seed": seed, "inits": inits, "P": P, "D": D, "N": N, "slope": SLOPE, "first": FIRST, "s": S},
        "cells": cells,
        "linear": linear,
        "verdict": verdict(cells, linear),
    }
    maps = {name: np.array([c["medians"][name] for c in cells], float).reshape(len(scales), -1) for name in SHOWN}
    arrays = {"scales": np.array(scales), **maps} | {name: np.array([n[name] for n in linear]) for name in linear[0]}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, scales, maps, linear))


def cell(first, second, seed, inits):
    """The medians of the runs from these scales, their region, and the rho of every run."""
    runs = [one(first, second, N, np.random.default_rng([seed, i])) for i in range(inits)]
    told = {"first": first, "second": second, "rhos": [numbers["rho"] for numbers in runs]}
    medians = common.medians(runs)
    return told | {"region": silence.region(medians), "medians": medians}


@guard.settings(sigma_1="(0, inf)", sigma_2="(0, inf)", width="int [1, inf)", seed="int [0, inf)")
def point(sigma_1=0.01, sigma_2=1.0, width=N, seed=0):
    """One run in flat numbers for `minintk sweep`: the first run of its cell.

    Returns a dict: rho, growth_end, cosine, t_learn, A_0, err_inf, err_0.
    """
    numbers = one(sigma_1, sigma_2, width, np.random.default_rng([seed, 0]))
    return {name: numbers[name] for name in (*SHOWN, "A_0", "err_inf", "err_0")}


def one(first, second, width, rng):
    """The numbers of one run, and the median cosine between a unit's weights before and after, in the data's span."""
    X, y = data.white(P, D, rng), common.balanced_labels(P, rng)  # (P, D), (P, 1)
    X_test = rng.standard_normal((P_TEST, D))
    W, a = network.init_weights([D, width, 1], 1.0, rng)
    weights = [first * W, second * a]
    fastest = np.linalg.eigvalsh(kernel.ntk(weights, X, slope=SLOPE))[-1] / P
    run, numbers = common.at_drops(weights, X, y, X_test, min(0.1, 0.3 / fastest), SLOPE)
    basis = training.span_coordinates(X)[1]  # (D, r)
    before, after = (w[0] @ basis for w in (weights, run.weights[-1]))
    cosines = (before * after).sum(axis=1) / np.linalg.norm(before, axis=1) / np.linalg.norm(after, axis=1)
    return numbers | {"cosine": float(np.median(cosines))}


def theory(second, rng):
    """One linear run with a small first layer: errors of K_inf's closed form, with delta and without."""
    X, beta = data.white(P, P // 2, rng), rng.standard_normal(P // 2)
    beta /= np.linalg.norm(beta)
    W, a = network.init_weights([P // 2, N, 1], 1.0, rng)
    weights = [FIRST * W, second * a]
    delta = float((weights[1] ** 2).sum() - ((weights[0] @ beta) ** 2).sum())
    flow = training.gradient_flow(weights, X, S * X @ beta, 1.0, target_loss=1e-11 * S**2, rtol=1e-8)
    K = kernel.ntk(flow.weights[-1], X, slope=1.0)
    balanced, unbalanced = linear_theory.final_kernel(X, beta, S, 2), linear_theory.unbalanced_kernel(X, beta, S, delta)
    growth = np.linalg.norm(K) / np.linalg.norm(kernel.ntk(weights, X, slope=1.0))
    errors = [common.relative_error(form, K) for form in (unbalanced, balanced)]
    return {"second": second, "delta": delta, "growth": float(growth), "error": errors[0], "error_balanced": errors[1]}


def verdict(cells, linear):
    """Whether the corners differ where the growth does not, and whether the closed form holds."""
    small, large = cells[len(SCALES) - 1], cells[-len(SCALES)]  # the first layer small, the second layer small
    n, other = small["medians"], large["medians"]
    hidden = max(n["growth_end"], other["growth_end"]) < silence.LAZY
    turned = n["cosine"] < 0.8 < other["cosine"] and n["rho"] < silence.ALIKE < other["rho"]
    worst = max(row["error"] for row in linear)
    return (
        f"{'Features turn unseen' if turned and hidden else 'Features do NOT turn unseen'}: from "
        f"({small['first']:g}, {small['second']:g}) the kernel grows {n['growth_end']:.2g} times, the\n"
        f"  weights turn to a cosine of {n['cosine']:.2f}, and K_inf predicts {1 / n['rho']:.2g} times better than K_0 "
        f"({small['region']});\n"
        f"  from ({large['first']:g}, {large['second']:g}) it grows {other['growth_end']:.2g} times, with "
        f"{other['cosine']:.2f} and {1 / other['rho']:.2g} times ({large['region']}).\n"
        f"The closed form with delta {'holds' if worst < 1e-4 else 'does NOT hold'}: errors of K_inf up to {worst:.1e}."
    )


def report(summary):
    """Two tables, of all pairs of scales and of the linear networks, and the verdict."""
    settings = summary["settings"]
    rows = [("sigma_1 sigma_2  region", ["rho", "growth", "cosine", "t_learn", "A_0"])]
    for c in summary["cells"]:
        n = c["medians"]
        values = [form.format(n[name]) for name, form in SHOWN.items()]
        rows.append((f"{c['first']:<7g} {c['second']:<7g}  {c['region']}", [*values, f"{n['A_0']:.2f}"]))
    theory = [("sigma_2", ["delta", "growth", "error of K_inf", "with delta = 0"])]
    for n in summary["linear"]:
        values = [f"{n['delta']:.3g}", f"{n['growth']:.3g}", f"{n['error']:.1e}", f"{n['error_balanced']:.1e}"]
        theory.append((f"{n['second']:g}", values))
    heading = (
        f"two layers, N = {N}, slope {SLOPE:g}; white sample, P = {P}, D = {D}, balanced labels; the first layer's\n"
        f"weights times sigma_1, the second's times sigma_2; medians of {settings['inits']} runs (seed "
        f"{settings['seed']}); cosine: of a unit's\nweights before and after training.\n{silence.REGIONS}"
    )
    middle = f"Linear layers on white samples, sigma_1 = {FIRST:g}; targets s X beta, s = {S:g}:"
    return "\n".join([heading, "", common.table(rows), "", middle, "", common.table(theory), "", summary["verdict"]])


def figure(scales, maps, linear):
    """The four maps over both scales, and the closed form's error against the second layer's scale."""
    fig, panels = style.panels(1, 5, (17, 3.9))
    labels = [f"{scale:g}" for scale in scales]
    for ax, (name, values) in zip(panels, maps.items()):
        shown = np.log10(values) if name in ("growth_end", "t_learn", "rho") else values
        ax.imshow(shown, cmap="cividis", origin="lower")
        middle = (shown.min() + shown.max()) / 2
        for (i, j), value in np.ndenumerate(values):
            color = "white" if shown[i, j] < middle else "black"
            ax.text(j, i, SHOWN[name].format(value), ha="center", va="center", color=color, fontsize=10)
        ax.set(xticks=range(len(scales)), yticks=range(len(scales)), xticklabels=labels, yticklabels=labels)
        ax.set_title(TITLES[name], fontsize=10)
        ax.set_xlabel(r"second layer $\sigma_2$")
    panels[0].set_ylabel(r"first layer $\sigma_1$")
    ax = panels[-1]
    seconds = [n["second"] for n in linear]
    for (name, label), (color, dashes), marker in zip(
        {"error": r"with $\delta$", "error_balanced": r"for $\delta = 0$"}.items(), style.STYLES, "os"
    ):
        ax.plot(seconds, [n[name] for n in linear], color=color, ls=dashes, marker=marker, label=label)
    ax.set(xscale="log", yscale="log", xlabel=r"second layer $\sigma_2$", ylabel=r"error of $K_\infty$")
    ax.set_title("linear layers: the closed form", fontsize=10)
    ax.legend(fontsize=8)
    return fig

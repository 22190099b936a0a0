"""Small initial weights make the kernel turn before the loss moves; large ones keep it from turning at all.

Claim. At one width one number, the scale sigma of the initial weights, leads from a lazy network to a silently aligned
one. From sigma = 0.3 down, the kernel is aligned ever earlier against the loss (above, it is aligned from the start).
rho falls from 1 to about .01 at sigma = .001, and no further at .0001. Over widths the number is sigma sqrt(N): at
sigma = 0.1 a wider network is ever more lazy, at sigma sqrt(N) = 1 it stays what it is.

Why. Weights theta = sigma * theta_1 and homogeneity give f_0 ~ sigma^L and K_0 ~ sigma^(2L - 2). Compare the relative
speed of the features with that of the loss at the start:

    (|d grad f / dt| / |grad f|) / (|dL/dt| / L) ~ sigma^(-L),

so that at large sigma the loss is gone before a feature has moved. At small sigma and L = 2 features grow like e^(st)
from sigma on. Their direction is settled after a time of order 1 / s, whatever sigma is. The outputs, of size
sigma^2 e^(2st), are felt after (1 / 2s) log(1 / sigma^2). Hence

    t_align / t_learn ~ 1 / log(1 / sigma).

The width. |K_0| is of the size N sigma^2 for two layers, for L layers N sigma^(2L - 2): the features are a sum over N
units. |K_inf| is set by the targets. So their ratio, the room for growth, knows N and sigma in this product only:
sigma sqrt(N) decides for L = 2, sigma N^(1/4) for L = 3 (from N = 100 to 400 the learning time then changes by less
than 5 %).
An output scale is no further knob: alpha f with weights of size 1 and the steps divided by sigma^2 is, for
alpha = sigma^L, the same network at every step.

The floor of rho is not explained by this: the two classes do not set off at the same moment, and the time between grows
with log(1 / sigma) too. At the smallest sigma the alignment at a loss drop of 10 % can therefore fall again, while the
predictor of K_inf hardly suffers.

Source. Paper, sections 2 and 3.1 and appendix I (relative speeds); in the text we read, 3.1.2 gives the learning time
twice the coefficient that a simulation has. The floor is our measurement, its cause a guess: over seeds 0 to 5 the
medians of three runs are .008 to .010 at sigma = .001 and .009 to .012 at .0001, single runs .006 to .022.

Try next. Wider layers, `minintk sweep lazy_to_rich --width 400 --sigma 0.1 0.03 0.01 0.003`: at which sigma is rho now
below .05, and where was it to be expected? `minintk run --slope 0.1` instead of ReLU. `minintk run --depth 3 --sigma
0.1`: A falls in mid-training, rho stays below 0.1.
"""

import functools

import numpy as np

from minintk import data, experiments, guard, network, silence
from minintk.experiments import common, style

SIGMAS = (3, 1, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
P, D, N, P_TEST = 40, 60, 100, 400
WIDTHS, WIDE_SIGMA = (100, 400, 1600), 0.1  # the sigma at the first of the widths
SHOWN = ("A_0", "A_10", "t_ratio", "growth_end", "err_inf", "err_0", "rho")


@guard.settings(seed="int [0, inf)", sigmas="each (0, inf)", inits="int [1, inf)")
def run(seed=0, sigmas=SIGMAS, inits=3):
    """ReLU, two layers, a white sample with balanced labels, from large to small sigma; medians of `inits` runs.

    Each run has its own sample and its own weights, which are only rescaled from one sigma to the next.
    """
    cases = []
    for sigma in sorted(sigmas, reverse=True):
        numbers = [_numbers(sigma, N, np.random.default_rng([seed, i])) for i in range(inits)]
        cases.append({"sigma": sigma, "runs": [{"numbers": n} for n in numbers], "medians": common.medians(numbers)})
    settings = {"seed": seed, "sigmas": list(sigmas), "inits": inits, "P": P, "D": D, "N": N, "L": 2, "slope": 0.0}
    wide = widths(seed)
    told = f"{verdict(cases)}\n{verdict_on_widths(wide)}"
    summary = {"experiment": "lazy_to_rich", "settings": settings, "cases": cases, "widths": wide, "verdict": told}
    arrays = {"sigma": np.array([case["sigma"] for case in cases])}
    arrays |= {name: np.array([[r["numbers"][name] for r in case["runs"]] for case in cases], float) for name in SHOWN}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, cases))


@guard.settings(sigma="(0, inf)", width="int [1, inf)", seed="int [0, inf)")
def point(sigma=0.01, width=N, seed=0):
    """One run in flat numbers for `minintk sweep`: the first run of its row.

    Returns a dict: A_0, A_10, t_ratio, growth_end, err_inf, err_0, rho. See `silence.silence_numbers`.
    """
    numbers = _numbers(sigma, width, np.random.default_rng([seed, 0]))
    return {name: numbers[name] for name in SHOWN}


def widths(seed):
    """One run at each width, at the same sigma and at the same sigma sqrt(N)."""
    rows = []
    for width in WIDTHS:
        scaled = WIDE_SIGMA * (WIDTHS[0] / width) ** 0.5
        same, fixed = (_numbers(s, width, np.random.default_rng([seed, 0])) for s in (WIDE_SIGMA, scaled))
        told = {"N": width, "sigma": scaled}
        rows.append(
            told | {f"{name}_{k}": n[name] for name in ("growth_end", "rho") for k, n in enumerate((same, fixed))}
        )
    return rows


def _numbers(sigma, width, rng):
    X, y = data.white(P, D, rng), common.balanced_labels(P, rng)  # (P, D), (P, 1)
    X_test = rng.standard_normal((P_TEST, D))
    weights = network.init_weights([D, width, 1], sigma, rng)
    step_size = min(0.1, 0.04 / sigma**2)  # a lazy kernel, and with it the fastest rate, grows as sigma^2
    numbers = silence.experiment(weights, X, y, X_test, step_size)["numbers"]
    return numbers | {"A_10": numbers["A"][1]}


def verdict(cases):
    """What the medians say: where it is lazy, where silent, and whether rho has stopped falling."""
    regions = [silence.region(case["medians"]) for case in cases]
    if "unlearnt" in regions:
        return "No verdict: some run has not learnt even a tenth."
    lazy, silent = ([c for c, found in zip(cases, regions) if found == word] for word in ("lazy", "silent"))
    words = [f"Lazy at sigma = {_list(c['sigma'] for c in lazy)}" if lazy else "Nowhere lazy"]
    words[0] += f"; silent at sigma = {_list(c['sigma'] for c in silent)}." if silent else "; nowhere silent."
    rich = [case for case in cases if case not in lazy]
    if len(rich) > 1:
        ratios = [case["medians"]["t_ratio"] for case in rich]
        falls = all(late < early for early, late in zip(ratios, ratios[1:]))
        words.append(
            f"t_align / t_learn {'falls' if falls else 'does not fall steadily'} from sigma = {rich[0]['sigma']:g} on: "
            f"{_list(ratios)}."
        )
    if len(silent) > 1:
        before, last = silent[-2:]
        stops = "stops falling" if last["medians"]["rho"] > before["medians"]["rho"] / 2 else "still falls"
        words.append(f"rho {stops} (in brackets the runs):\n{_rho(before)}, {_rho(last)}.")
    return "\n".join(words)


def verdict_on_widths(rows):
    """Whether the growth of the kernel follows sigma, or sigma sqrt(N)."""
    same, scaled = ([row[f"growth_end_{k}"] for row in rows] for k in (0, 1))
    decides = max(scaled) < 1.3 * min(scaled) and same[-1] < same[0] / 3
    return (
        f"From N = {rows[0]['N']} to {rows[-1]['N']} the kernel's growth goes from {same[0]:.2g} to {same[-1]:.2g} "
        f"at one sigma,\nand from {scaled[0]:.2g} to {scaled[-1]:.2g} at one sigma sqrt(N), which "
        f"{'decides' if decides else 'does NOT decide alone'}."
    )


def _rho(case):
    runs = [run["numbers"]["rho"] for run in case["runs"]]
    return f"{case['medians']['rho']:.2g} ({min(runs):.2g} to {max(runs):.2g}) at {case['sigma']:g}"


def _list(values):
    return ", ".join(f"{value:.2g}" for value in values)


def report(summary):
    """The table, a row for each sigma, and the verdict."""
    heads = ["A_0", "A at 10%", "t_ratio", "growth", "err_inf", "err_0", "rho", "smallest", "largest"]
    forms = ["{:.3f}", "{:.3f}", "{:.2f}", "{:.3g}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}"]
    rows = [("sigma", heads)]
    for case in summary["cases"]:
        rhos = [run["numbers"]["rho"] for run in case["runs"]]
        values = [*(case["medians"][name] for name in SHOWN), min(rhos), max(rhos)]
        rows.append((f"{case['sigma']:g}", ["-" if v is None else f.format(v) for f, v in zip(forms, values)]))
    settings = summary["settings"]
    heading = (
        f"ReLU, L = 2 layers, N = {N}; white sample, P = {P}, D = {D}, balanced labels;\n"
        f"medians of {settings['inits']} runs (seed {settings['seed']}), and the smallest and largest rho of these.\n"
        f"t_ratio = t_align / t_learn, growth = |K_inf| / |K_0|.\n{silence.REGIONS}"
    )
    heads = ["growth", "rho", "sigma", "growth", "rho"]
    wide = [(f"N, at sigma = {WIDE_SIGMA:g} and at one sigma sqrt(N)", heads)]
    for n in summary["widths"]:
        values = ["{growth_end_0:.3g}", "{rho_0:.3f}", "{sigma:.3g}", "{growth_end_1:.3g}", "{rho_1:.3f}"]
        wide.append((f"{n['N']}", [form.format(**n) for form in values]))
    return "\n".join([heading, "", common.table(rows), "", common.table(wide), "", summary["verdict"]])


def figure(cases):
    """Against sigma: alignment at the start and at 10 % drop; the ratio of the two times; both errors and rho."""
    sigmas = [case["sigma"] for case in cases]
    fig, panels = style.panels(1, 3, (13, 4))
    curves = (
        {"A_0": "at the start", "A_10": "at a loss drop of 10 %"},
        {"t_ratio": "median"},
        {"err_0": r"$err_0$, predictor of $K_0$", "err_inf": r"$err_\infty$, of $K_\infty$", "rho": r"$\rho$, ratio"},
    )
    for ax, labels in zip(panels, curves):
        for (name, label), (color, dashes), marker in zip(labels.items(), style.STYLES, "so^"):
            every = np.array([[run["numbers"][name] for run in case["runs"]] for case in cases], float)
            ax.plot(sigmas, every, color=color, ls="", marker=marker, ms=3, alpha=0.5)
            median = np.array([case["medians"][name] for case in cases], float)
            ax.plot(sigmas, median, color=color, ls=dashes, marker=marker, ms=6, mfc="none", label=label)
        ax.set(xscale="log", xlabel=r"scale of the initial weights $\sigma$")
        ax.legend(fontsize=8)
    panels[0].set(ylabel=r"alignment $A(K_t, K_\infty)$", ylim=(None, 1.02))
    panels[1].set(ylabel=r"$t_{align}$ ($A \geq 0.95$ from then on) / $t_{learn}$ (10 % drop)")
    panels[1].axhline(1, color="0.6", lw=0.8)
    panels[2].set(ylabel="relative error on test points; ratio", yscale="log")
    panels[2].axhline(silence.SILENT, color="0.6", lw=0.8)
    fig.suptitle("lines: medians; dots: single runs", fontsize=9)
    return fig

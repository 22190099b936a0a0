"""Silence is a corner of a map: for most training sets it takes small weights and nearly white inputs, both.

Claim. Over sigma and gamma, the power (whitening exponent) of the inputs, 0 white and 1 raw, there are three regions.

    lazy              |K_inf| < 2 |K_0| and rho > 0.25: at large sigma. Neither
                       predictor is better than the other.
    silent            rho < 0.05 and t_align <= t_learn: at small sigma and small gamma.
    partially aligned elsewhere. The kernel predictor of K_inf (its machine, for short) is better
                       than that of K_0, but it is not the network.

At power 0.25 the silence costs 3 points of accuracy on test digits, at full whitening 22. Some training sets are silent
at every power: the first of --seed 1 is, for sigma <= .01.

Why. Along sigma: the kernel starts at a size of 12 to 14 sigma^2 (the largest eigenvalue of K_0 / P) and at small sigma
it ends at 1 (white) to 4 (raw). It has that from the start at sigma = 0.3 to 0.6. Well above, the loss is gone before a
weight has moved. Well below, the weights have to grow, and the time (1 / 2s) log(1 / sigma^2) of their growth is time
for turning.

Along gamma: however long the silence, it turns a unit to the sum of y_m x_m over the samples that it is open to. For
centred, balanced classes the sum over either class is half of X^T y. If X^T y sorts the training samples,

    y_m x_m . (X^T y) > 0    for every m,

a unit that has turned to it is open to its own class alone, as it is at the end. Then no gate need move while the loss
falls, and each half of the units is a linear network, whose machine is exact. A sample on the wrong side opens the
gates of the other class first. White rows have X X^T y = c y, none on the wrong side (up to 1 %: the cut of tiny
singular values may remove a part of y); stretching them makes some.

A alone does not mark the borders: at a loss drop of 10 % lazy cells have A > .99, and at sigma = 0.003 it is .975 for
power 0.5 and .953 for 0.75, where rho is .06 and .14. Hence growth and rho in the rules.

Source. Not in the paper: its sections 2 and 3.1 follow sigma on white data, 3.2 and appendix G other data at small
sigma. The role of X^T y is our reading, not proved. Of the 43 runs that learnt at powers 0.5 to 1 and sigma = .003 with
--seed 0, 1 and 2, those with none, one and more samples on the wrong side have a median rho of .06, .14 and .28; some
without have .1 to .2: it is not all.

Try next. `minintk run phase_diagram --seed 1`: on its first training set even the raw inputs are silent for sigma <=
.01 (rho = .02, .01: the first of `rhos` in summary.json); how many of its samples are on the wrong side (`misplaced` in
results.npz: powers x runs)? `minintk sweep silent_alignment --sigma 0.1 0.01 0.001 --power 0 0.25 0.5 --width 50 400
--seed 0 1 2`: does the corner grow with the width? CLASSES = "0,1" or "parity" in this file.
"""

import dataclasses
import functools

import numpy as np

from minintk import alignment, experiments, guard, kernel, silence, whitening
from minintk.experiments import common, style

SIGMAS = (3, 1, 0.3, 0.1, 0.03, 0.01, 0.003)
POWERS = (0, 0.1, 0.25, 0.5, 0.75, 1)
CLASSES, P, N, STEPS, TARGET_LOSS = "3,8", 50, 100, 4000, 1e-4
SHOWN = ("rho", "err_inf", "err_0", "A_10", "t_ratio", "growth_end", "test_accuracy", "final_loss")
MARKS = {"silent": "*", "lazy": "~", "aligned late": "+"}
# Moments of a run that is followed: evenly in time until the loss has dropped by 1 %, then at these loss drops
EARLY, LOOKS = 9, sorted({*silence.DROPS, 0.03, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.97, 0.99, 0.999})
POINTS = 100  # at most so many test points are drawn


@guard.settings(seed="int [0, inf)", sigmas="each (0, inf)", powers="each [0, 1]", inits="int [1, inf)")
def run(seed=0, sigmas=SIGMAS, powers=POWERS, inits=5):
    """Two digits, ReLU, two layers, at every sigma and power; medians of `inits` runs.

    Each run has its own training set and its own weights, rescaled from one sigma to the next; one that has not learnt
    the labels is left out of the medians and counted.
    """
    sigmas, powers = sorted(sigmas, reverse=True), sorted(powers)
    found = np.empty((len(sigmas), len(powers), inits), dtype=object)
    inputs = {name: np.empty((len(powers), inits)) for name in ("condition", "misplaced")}
    for i in range(inits):
        raw = common.task(None, CLASSES, P, "mse", [seed, i])
        for g, power in enumerate(powers):
            task = common.whitened(raw, power)
            inputs["condition"][g, i] = whitening.condition_number(task["X"])
            inputs["misplaced"][g, i] = misplaced(task["X"], task["Y"])
            for s, sigma in enumerate(sigmas):
                _, found[s, g, i] = _train(task, sigma, [seed, i])
    cells = [[_cell(s, g, runs) for g, runs in zip(powers, row)] for s, row in zip(sigmas, found)]
    settings = {"seed": seed, "sigmas": sigmas, "powers": powers, "inits": inits, "P": P, "N": N, "L": 2, "slope": 0.0}
    summary = {"experiment": "phase_diagram", "settings": settings, "verdict": verdict(cells)}
    summary["cells"] = [cell for row in cells for cell in row]
    arrays = {name: np.array([[[n[name] for n in runs] for runs in row] for row in found], float) for name in SHOWN}
    arrays |= {"sigma": np.array(sigmas), "power": np.array(powers), **inputs}
    return experiments.Result(
        summary,
        arrays,
        report(cells, inputs, settings),
        functools.partial(figure, cells),
        followed=functools.partial(followed, seed, sigmas, powers),
    )


def misplaced(X, Y):
    """How many of the samples X (P, D) lie on the wrong side of X^T y for labels Y (P, 1) = +-1: no weights in it."""
    return int((X @ (X.T @ Y) * Y < 0).sum())


def _train(task, sigma, rng, **recorded):
    """A run, recorded at the loss drops or as told, and the numbers of it that are shown."""
    weights = common.initial_weights(task, 2, N, sigma, rng)
    step_size = min(0.1, 0.04 / sigma**2)  # a lazy kernel, and with it the fastest rate, grows as sigma^2
    recorded |= {"steps": STEPS, "target_loss": TARGET_LOSS}
    run, numbers = common.at_drops(weights, task["X"], task["Y"], task["X_test"], step_size, **recorded)
    numbers |= {"A_10": numbers["A"][1], "final_loss": float(run.losses[-1])}
    numbers["test_accuracy"] = common.accuracy(run.test_outputs[-1], task["y_test"])
    return run, {name: numbers[name] for name in SHOWN}


@dataclasses.dataclass(frozen=True)
class Followed:
    """The first run of a cell of the map at its T moments, for a page whose reader moves between cells and moments."""

    sigma: float
    power: float
    region: str
    mark: str  # of the region, as in the map
    rho: float | None  # None if it has not learnt the labels
    told: str  # its numbers, in words
    times: np.ndarray  # (T,)
    drops: np.ndarray  # (T,) of the loss, as shares of its start
    alignments: np.ndarray  # (T,) A(K_t, K_inf)
    growth: np.ndarray  # (T,) |K_t| / |K_0|
    gaps: np.ndarray  # (T,) |G_t| / (|f_T| err_0), which ends at rho
    kernels: np.ndarray  # (T, P, P)
    network: np.ndarray  # (T, points) its outputs at some test points
    machine_inf: np.ndarray  # (T, points) the predictor of K_inf given the training outputs at that moment
    machine_0: np.ndarray  # (T, points) that of K_0


def followed(seed, sigmas, powers):
    """Yields a `Followed` for each cell of the map, row after row."""
    raw = common.task(None, CLASSES, P, "mse", [seed, 0])
    tasks = [common.whitened(raw, power) for power in powers]
    for sigma in sigmas:
        for power, task in zip(powers, tasks):
            yield _followed(task, sigma, power, [seed, 0])


def _followed(task, sigma, power, rng):
    run, numbers = _train(task, sigma, rng)  # as in the map; it also tells when the loss begins to fall
    region = _cell(sigma, power, [numbers])["region"]
    first = run.steps[np.argmax(run.losses <= (1 - LOOKS[0]) * run.losses[0])]
    early = np.linspace(0, first, EARLY).astype(int)
    run, _ = _train(task, sigma, rng, record_steps=early, record_drops=LOOKS)
    X, X_test, f, f_test = task["X"], task["X_test"], run.outputs[:, :, 0], run.test_outputs[:, :, 0]  # (T, P), (T, P2)

    def machine(weights):
        K, k = kernel.ntk(weights, X), kernel.ntk(weights, X_test, X)
        return f_test[0] + kernel.kernel_predictor(K, k, (f - f[0]).T).T  # all moments at once: columns of targets

    machine_inf, machine_0 = machine(run.weights[-1]), machine(run.weights[0])
    points = np.linspace(0, len(X_test) - 1, min(POINTS, len(X_test))).astype(int)
    norms = np.array([alignment.norm(K) for K in run.kernels])
    size = alignment.norm(f_test[-1]) * numbers["err_0"]
    return Followed(
        sigma=sigma,
        power=power,
        region=region,
        mark=MARKS.get(region, ""),
        rho=None if region == "unlearnt" else numbers["rho"],
        told=f"rho = {numbers['rho']:#.2g} (err_inf {numbers['err_inf']:#.2g}, err_0 {numbers['err_0']:#.2g})",
        times=run.times,
        drops=1 - run.losses / run.losses[0],
        alignments=silence.alignment_curve(run.kernels),
        growth=norms / norms[0],
        gaps=np.array([alignment.norm(gap) for gap in f_test - machine_inf]) / size,
        kernels=run.kernels,
        network=f_test[:, points],
        machine_inf=machine_inf[:, points],
        machine_0=machine_0[:, points],
    )


def _cell(sigma, power, found):
    """What the map keeps of the runs at one sigma and power: those that have learnt; medians is None if none has."""
    learnt = [n for n in found if n["final_loss"] <= TARGET_LOSS]
    medians = common.medians(learnt) if learnt else None
    return {
        "sigma": sigma,
        "power": power,
        "region": silence.region(medians) if learnt else "unlearnt",
        "unlearnt": len(found) - len(learnt),
        "silent": sum(silence.region(n) == "silent" for n in learnt),
        "rhos": [n["rho"] for n in learnt],
        "medians": medians,
    }


def border(column):
    """The sigma below which all cells of one power are silent, column from the largest sigma; None if there are none.

    Between the last cell that is not silent and the next one it is where log rho, drawn straight in log sigma, is
    log silence.SILENT; the larger or only silent sigma where this cannot be drawn.
    """
    other = max((i for i, cell in enumerate(column) if cell["region"] != "silent"), default=-1)
    if other == len(column) - 1:
        return None
    inside, outside = column[other + 1], column[other]
    if other < 0 or outside["region"] != "partially aligned":
        return inside["sigma"]
    rhos, sigmas = zip(*((cell["medians"]["rho"], cell["sigma"]) for cell in (inside, outside)))
    return float(np.exp(np.interp(np.log(silence.SILENT), np.log(rhos), np.log(sigmas))))


def verdict(cells):
    """Where it is silent and where lazy, whether small sigma makes up for inputs that are not white, and the cost."""
    last = cells[-1]
    ends = [(column[-1], border(column)) for column in zip(*cells)]
    silent = ", ".join(f"{end:.2g} (power {cell['power']:g})" for cell, end in ends if end)
    never = [f"{cell['power']:g} ({cell['silent']} of {len(cell['rhos'])})" for cell, end in ends if not end]
    words = [f"Silent below sigma = {silent}," if silent else "Nowhere silent down to the smallest sigma."]
    words += ["interpolated between the rows of the map."] if silent else []
    if silent and never:
        never[0] = never[0].replace(")", " runs are)")
        words.append(f"Not silent at sigma = {last[0]['sigma']:g}: power {', '.join(never)}.")
    lazy = [f"{row[0]['sigma']:g}" for row in cells if all(cell["region"] == "lazy" for cell in row)]
    words.append(f"Lazy at every power: sigma = {', '.join(lazy)}." if lazy else "At no sigma lazy at every power.")
    rawest = [row[-1] for row in cells[-2:]]  # the two smallest sigmas, the inputs that are least white
    if len(rawest) == 2 and all(cell["region"] == "partially aligned" for cell in rawest):
        rhos = [cell["medians"]["rho"] for cell in rawest]
        falls = "rho still falls with sigma" if rhos[1] < rhos[0] / 1.5 else "smaller weights do not help"
        at = [f"{rho:.2g} at sigma = {cell['sigma']:g}" for rho, cell in zip(rhos, rawest)]
        words.append(f"At power {last[-1]['power']:g} {falls}: {', '.join(at)}.")
    accuracies = [cell["medians"]["test_accuracy"] if cell["medians"] else 0.0 for cell in last]
    kept = [(a, cell["power"]) for a, cell in zip(accuracies, last) if cell["region"] == "silent"]
    if kept:
        most, power = max(kept)
        points = [f"{100 * (max(accuracies) - a):.1f}" for a in (most, accuracies[0])]
        white = f", full whitening {points[1]}" if 0 == last[0]["power"] < power else ""
        costs = f"costs {points[0]} points of accuracy ({most:.1%}, at best {max(accuracies):.1%})"
        words.append(f"Power {power:g} is silent and {costs}{white}.")
    return "\n".join(words)


def report(cells, inputs, settings):
    """The map of rho, a row for each sigma; more about the smallest sigma; and the verdict.

    inputs: "condition" and "misplaced" of the training sets, each (powers, inits).
    """
    heads = [f"{power:g} " for power in settings["powers"]]

    def line(row, name="rho"):
        return ["-" if cell["medians"] is None else f"{cell['medians'][name]:.3f}" for cell in row]

    rows = [("sigma, power across", heads)]
    for row in cells:
        texts = [text + MARKS.get(cell["region"], " ") for text, cell in zip(line(row), row)]
        rows.append((f"{row[0]['sigma']:g}", texts))
    last = cells[-1]
    more = [
        ("condition number", [f"{condition:.3g}" for condition in np.median(inputs["condition"], axis=1)]),
        ("on the wrong side, mean", [f"{number:.1f}" for number in inputs["misplaced"].mean(axis=1)]),
        ("A at a loss drop of 10 %", line(last, "A_10")),
        ("err_inf", line(last, "err_inf")),
        ("err_0", line(last, "err_0")),
        ("smallest rho", [f"{min(cell['rhos'], default=np.nan):.3f}" for cell in last]),
        ("largest rho", [f"{max(cell['rhos'], default=np.nan):.3f}" for cell in last]),
        ("test accuracy", line(last, "test_accuracy")),
    ]
    more = [(f"at sigma = {last[0]['sigma']:g}", heads), *((label, [f"{c} " for c in texts]) for label, texts in more)]
    unlearnt = sum(cell["unlearnt"] for row in cells for cell in row)
    heading = (
        f"rho on digits, classes {CLASSES}; ReLU, L = 2 layers, N = {N}, P = {P};\n"
        f"medians of {settings['inits']} training sets and initial weights (seed {settings['seed']});\n"
        f"{unlearnt} of {len(cells) * len(heads) * settings['inits']} runs did not learn all labels, left out.\n"
        f"{silence.REGIONS}\nMarks: {', '.join(f'{mark} {word}' for word, mark in MARKS.items())}."
    )
    return "\n\n".join([heading, common.table(rows), common.table(more), verdict(cells)])


def figure(cells):
    """Maps over power and sigma of rho, with its regions, and of A at a loss drop of 10 %; and the test accuracy.

    Lines border the silent and the lazy cells of the first map.
    """
    powers = [cell["power"] for cell in cells[0]]
    fig, (left, middle, right) = style.panels(1, 3, (15, 4.8), width_ratios=[1.4, 1.4, 0.8])
    _map(fig, left, cells, "rho", r"$\rho$", extend="both", norm="log", vmin=0.01, vmax=1)
    left.set_title(r"$\rho = err_\infty / err_0$, medians; cells without a word: partially aligned", fontsize=10)
    _map(fig, middle, cells, "A_10", r"$A(K_t, K_\infty)$", extend="min", vmin=0.7, vmax=1)
    middle.set_title(r"alignment $A(K_t, K_\infty)$ at a loss drop of 10 %; borders as left", fontsize=10)
    for row, (color, dashes), marker in zip(cells[:: -max(1, len(cells) // 3)], style.STYLES * 2, "os^v" * 2):
        accuracy = [cell["medians"]["test_accuracy"] if cell["medians"] else np.nan for cell in row]
        right.plot(powers, accuracy, color=color, ls=dashes, marker=marker, label=rf"$\sigma$ = {row[0]['sigma']:g}")
    right.set(xlabel=r"power $\gamma$", ylabel="share of test digits classified rightly")
    right.set_title("what whitening costs", fontsize=10)
    right.legend(fontsize=8, loc="center right")
    return fig


def _map(fig, ax, cells, name, label, extend, **scale):
    """The cells' medians of this name in colours and numbers, bordered by region; the map of rho has words, too."""
    values = np.array([[(cell["medians"] or {}).get(name) for cell in row] for row in cells], float)
    image = ax.pcolormesh(values, cmap="cividis", **scale)
    fig.colorbar(image, ax=ax, extend=extend, label=label)
    regions = np.array([[cell["region"] for cell in row] for row in cells])
    for (i, j), value in np.ndenumerate(values):
        told = f"{value:#.2g}" if name == "rho" else f"{value:.2f}"
        if name == "rho" and regions[i, j] != "partially aligned":
            told += f"\n{regions[i, j]}"
        color = "white" if image.norm(value) < 0.5 else style.BLACK
        ax.text(j + 0.5, i + 0.5, told, color=color, fontsize=8, ha="center", va="center")
    for word, *look in [
        ("silent", style.BLACK, "-", 5),
        ("silent", "white", "-", 2.5),
        ("lazy", style.BLACK, "--", 2.5),
    ]:
        look, inside = dict(zip(("color", "ls", "lw"), look)), regions == word
        i, j = np.nonzero(inside[1:] != inside[:-1])
        ax.hlines(i + 1, j, j + 1, **look)
        i, j = np.nonzero(inside[:, 1:] != inside[:, :-1])
        ax.vlines(j + 1, i, i + 1, **look)
    ax.set_xticks(np.arange(len(cells[0])) + 0.5, [f"{cell['power']:g}" for cell in cells[0]])
    ax.set_yticks(np.arange(len(cells)) + 0.5, [f"{row[0]['sigma']:g}" for row in cells])
    ax.set(xlabel=r"power $\gamma$ of the singular values (0 white, 1 raw)")
    ax.set(ylabel=r"scale of the initial weights $\sigma$", ylim=(len(cells), 0))

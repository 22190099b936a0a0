"""The cause: every unit turns early on any data; on white data the direction it turns to is also the last one.

Claim. While the outputs are near 0, the weights w_j of each hidden unit are pulled along one direction, D_j, and by a
loss drop of 10 % they point along it, on white and on stretched data alike (cosine .85 and more). On white data they
stay there, and no gate opens or closes any more. On stretched data the errors that are left pull elsewhere, and a fifth
of the gates flip while the loss falls. The share of gates that are still to flip at 10 % orders runs on all kinds of
data as rho does.

Why. For two layers, the squared error and f = 0 the residual is -y, and with a_j the unit's output weight

    dw_j/dt = (1/P) |a_j| D_j,
    D_j = sign(a_j) sum of y_m x_m over the samples to which the unit is open.

|a_j| and |w_j| grow together, so w_j turns to D_j at a rate that does not know sigma. D_j is constant until a gate of
the unit changes. Later y_m is replaced by the residual y_m - f(x_m). White rows are orthogonal and of one length: what
a unit learns of one sample leaves all others alone, and all of its samples are fitted at once. Then the sum only
shrinks, its direction and the gates stay, and the kernel, which knows the gates and the directions, is final. If some
samples are fitted before others, the sum turns towards the rest.

Source. Maennel et al. 2018, and Boursier and Flammarion 2022 to 2024, on early alignment; Fort et al. 2020 on kernels
that turn early and then less and less. That the flips to come order runs as rho does is our measurement; much of that
order lies between kinds of data.

Try next. `minintk sweep neurons --sigma 0.1 0.01 0.001 --condition 1 10`: from which sigma on do units align before the
loss moves, and do smaller weights spare any gate its flip? CORNERS = 4: how many directions do the units of the right
panel end in? `minintk run neurons --animate` shows them turn. `minintk run losses`: with other losses the pull is the
early residual.
"""

import functools
import textwrap

import numpy as np

from minintk import alignment, data, experiments, guard, network, silence, training
from minintk.experiments import common, film, style

SIGMA, N, P, D, P_TEST = 0.01, 100, 40, 60, 400
# Of each kind of run: title, condition number of a Gaussian sample (1: exactly white) or None, exponent of the digits,
# and what sigma is times SIGMA
CASES = (
    ("white", 1, None, 1),
    ("white, sigma/10", 1, None, 0.1),
    ("condition 3", 3, None, 1),
    ("condition 10", 10, None, 1),
    ("condition 100", 100, None, 1),
    ("digits, white", None, 0, 1),
    ("digits, sigma/10", None, 0, 0.1),
    ("digits, 0.25", None, 0.25, 1),
    ("digits, 0.5", None, 0.5, 1),
    ("digits, raw", None, 1, 1),
)
DROPS = (0.01, 0.1)
CORNERS, UNITS = 6, 40  # samples on a circle and units of the picture
SIGNS = [(1, "$a_j > 0$", style.STYLES[0]), (-1, "$a_j < 0$", style.STYLES[2])]
SHOWN = ("cosine_1", "cosine_10", "cosine_end", "flips_1", "flips_10", "error_1", "error_10", "rho")


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=4):
    """Small ReLU networks on many kinds of data, medians of `inits` runs each; and one on a circle to look at."""
    cases = []
    for title, *kind, scale in CASES:
        runs = [follow(*sample(*kind, [seed, i]), scale * SIGMA, N, [seed, i]) for i in range(inits)]
        cases.append({"title": title, "medians": common.medians(runs), "runs": runs})
    flips, rhos = ([[found[name] for found in case["runs"]] for case in cases] for name in ("flips_10", "rho"))
    told = [{"title": case["title"], **case["medians"]} for case in cases]
    summary = {
        "experiment": "neurons",
        "settings": {"seed": seed, "inits": inits, "sigma": SIGMA, "N": N, "P": P, "D": D, "L": 2, "slope": 0.0},
        "cases": told,
        "rank_correlation": rank_correlation(np.ravel(flips), np.ravel(rhos)),
    }
    summary["verdict"] = verdict(summary)
    picture = circle(seed)
    arrays = {"flips_10": np.array(flips), "rho": np.array(rhos)} | picture
    return experiments.Result(
        summary,
        arrays,
        report(summary),
        functools.partial(figure, summary, cases, picture),
        functools.partial(_film, picture),
    )


@guard.settings(condition="[1, inf)", sigma="(0, inf)", width="int [1, inf)", seed="int [0, inf)")
def point(condition=1.0, sigma=SIGMA, width=N, seed=0):
    """One run on a Gaussian sample (condition = 1: exactly white) in flat numbers for `minintk sweep`.

    The first run of its row. Returns a dict: cosine_1, flips_1 and error_1, at a loss drop of 1 %, the same at 10 %,
    cosine_end, rho.
    """
    return follow(*sample(condition, None, [seed, 0]), sigma, width, [seed, 0])


def sample(condition, power, seed):
    """Training rows X, targets y (P, 1) and test rows."""
    if power is not None:
        task = common.whitened(common.task(None, "3,8", 50, "mse", seed), power)
        return task["X"], task["Y"], task["X_test"]
    rng = np.random.default_rng(seed)
    X = data.white(P, D, rng) if condition == 1 else data.gaussian(P, D, condition, rng)
    return X, common.balanced_labels(P, rng), data.gaussian(P_TEST, D, condition, rng)


def follow(X, y, X_test, sigma, width, seed):
    """The numbers of one run at loss drops of 1 and 10 % and at the end; units count by their part in the output."""
    start = network.init_weights([X.shape[1], width, 1], sigma, np.random.default_rng(seed))
    run, numbers = common.at_drops(start, X, y, X_test, 0.05, record_weights=True)
    end, basis = run.weights[-1], training.span_coordinates(X)[1]
    share = shares(end)

    def cosine(weights):
        pulls = training.neuron_pulls(weights[0], weights[1][0], X, y[:, 0])
        return float(share @ cosines(weights[0] @ basis, pulls @ basis))  # in the span of the data

    open_at_end, ends = X @ end[0].T > 0, (run.outputs[-1], run.outputs[0], run.test_outputs[0])
    found = {"cosine_end": cosine(end), "rho": numbers["rho"]}
    for drop in DROPS:
        weights = run.weights[int(np.argmax(run.losses <= (1 - drop) * run.losses[0]))]
        flips = ((X @ weights[0].T > 0) != open_at_end).mean(axis=0)  # (N,)
        machine = silence.kernel_machine(weights, X, X_test, *ends)
        error = alignment.kernel_error(machine, run.test_outputs[-1])
        name = f"{100 * drop:g}"
        found |= {f"cosine_{name}": cosine(weights), f"flips_{name}": float(share @ flips), f"error_{name}": error}
    return found


def shares(weights):
    """The part of every unit in the output (N,): |a_j| |w_j|, over the sum."""
    sizes = abs(weights[1][0]) * np.linalg.norm(weights[0], axis=1)
    return sizes / sizes.sum()


def cosines(W, pulls):
    """Of the weights of every unit with its pull, both (..., D); 0 where nothing pulls."""
    lengths = np.linalg.norm(W, axis=-1) * np.linalg.norm(pulls, axis=-1)
    return (W * pulls).sum(axis=-1) / np.where(lengths > 0, lengths, 1)


def rank_correlation(a, b):
    """The correlation of the places of a's entries with those of b's; equal entries share the mean of their places."""
    places = [sum(np.searchsorted(np.sort(v), v, side) for side in ("left", "right")) for v in (a, b)]
    return float(np.corrcoef(places)[0, 1])


def circle(seed):
    """A run in the plane: times, losses, all units' weights and pulls, both (T, UNITS, 2), and their mean cosine (T,).

    learnt: the first of the moments with a loss drop of 10 %; signs of a_j (T, UNITS); samples (CORNERS, 2), labels.
    """
    rng = np.random.default_rng(seed)
    angles = 2 * np.pi * (np.arange(CORNERS) + 0.6 * rng.random(CORNERS)) / CORNERS
    X, y = np.stack([np.cos(angles), np.sin(angles)], axis=1), np.where(np.arange(CORNERS) % 3 == 0, -1.0, 1.0)
    weights = network.init_weights([2, UNITS, 1], SIGMA / 10, rng)
    kept = {"record_steps": range(0, 3000, 5), "record_weights": True}
    run = training.gradient_descent(weights, X, y, 0.05, steps=3000, target_loss=0.01, **kept)
    W, A = (np.array(layer) for layer in zip(*((W, a) for W, (a,) in run.weights)))  # (T, UNITS, 2), (T, UNITS)
    pulls = np.array([training.neuron_pulls(*layers, X, y) for layers in zip(W, A)])
    found = {"times": run.times, "losses": run.losses, "weights": W, "pulls": pulls, "signs": np.sign(A)}
    found |= {"cosines": cosines(W, pulls) @ shares(run.weights[-1]), "samples": X, "labels": y}
    return found | {"learnt": np.argmax(run.losses <= 0.9 * run.losses[0])}


def angle(rows):
    """Of every row (..., 2) in the plane, in degrees from 0 to 360."""
    return np.degrees(np.arctan2(rows[..., 1], rows[..., 0])) % 360


def verdict(summary):
    """Whether units align early everywhere, whether they stay, and how well the flips to come order rho."""
    cases, correlation = summary["cases"], summary["rank_correlation"]
    lowest = min(n["cosine_10"] for n in cases)
    first, last = max(cases, key=lambda n: n["cosine_end"]), min(cases, key=lambda n: n["cosine_end"])
    words = [
        f"{'Units align early on all data' if lowest > 0.85 else 'Units do NOT align early on all data'}: at a loss "
        f"drop of 10% their cosine with the pull is {lowest:.2f} at least.",
        f"At the end it is {first['cosine_end']:.2f} ({first['title']}) to {last['cosine_end']:.2f} ({last['title']}).",
        f"Gates still to flip at 10% {'order' if correlation > 0.9 else 'do NOT order'} the runs as rho does: rank "
        f"correlation {correlation:.2f}.",
    ]
    return textwrap.fill(" ".join(words), 100)


def report(summary):
    """The table, a row for each kind of data, and the verdict."""
    heads = ["cos 1%", "10%", "end", "flips 1%", "10%", "err 1%", "10%", "rho"]
    rows = [("data", heads)]
    rows += [(n["title"], [f"{n[name]:.3f}" for name in SHOWN]) for n in summary["cases"]]
    settings = summary["settings"]
    heading = (
        f"ReLU, L = 2 layers, N = {N}, sigma = {SIGMA:g}; medians of {settings['inits']} runs (seed "
        f"{settings['seed']}), at a loss drop of 1 and 10 %\n"
        "and at the end. cos: of a unit's weights with its pull D_j; flips: share of gates\n"
        "that will still change; err: of the predictor of the kernel at that time. Units count by their\n"
        "|a_j| |w_j| at the end."
    )
    return "\n".join([heading, "", common.table(rows), "", summary["verdict"]])


def figure(summary, cases, picture):
    """Flips to come against rho; cosines on each kind of data; the directions of all units on a circle in time."""
    fig, (left, middle, right) = style.panels(1, 3, (15, 4.4))
    for case, marker in zip(cases, "o.s^vD+<>P" * len(cases)):
        points = [(found["flips_10"], found["rho"]) for found in case["runs"]]
        left.plot(*zip(*points), ls="", marker=marker, mfc="none", label=case["title"])
    left.set(xlabel="share of gates still to flip at 10 % loss drop", ylabel=r"$\rho$", yscale="log")
    left.set_title(f"rank correlation {summary['rank_correlation']:.2f}", fontsize=10)
    left.legend(fontsize=7.5)
    places = range(len(cases))
    for (name, label), (color, dashes), marker in zip(
        {"cosine_1": "at 1 % loss drop", "cosine_10": "at 10 %", "cosine_end": "at the end"}.items(),
        style.STYLES,
        "so^",
    ):
        middle.plot(places, [c["medians"][name] for c in cases], color=color, ls=dashes, marker=marker, label=label)
    middle.set(ylabel="cosine of weights and pull", xlabel="data", ylim=(None, 1.02))
    middle.set_xticks(places, [case["title"] for case in cases], rotation=40, ha="right")
    middle.legend(fontsize=8)
    times, at = picture["times"], picture["learnt"]
    for sign, name, (color, dashes) in SIGNS:
        turned = angle(picture["weights"][:, picture["signs"][at] == sign])
        jumps = abs(np.diff(turned, axis=0, prepend=turned[:1])) > 180  # from 360 to 0
        lines = right.plot(times, np.where(jumps, np.nan, turned), color=color, ls=dashes, lw=1)
        if lines:
            lines[0].set_label(name)
    pulls = angle(picture["pulls"][at])
    right.plot(
        np.full(len(pulls), times[at]), pulls, ls="", marker="x", color=style.BLACK, label="pulls $D_j$ at 10 % drop"
    )
    for place, label in zip(angle(picture["samples"]), picture["labels"]):
        right.text(times[-1] * 1.01, place, "+" if label > 0 else "-", va="center", fontsize=12)
    right.axvline(times[at], color="0.5", ls=":", lw=1)
    right.set(xlabel="flow time $t$ (dotted: loss drop 10 %)", ylabel="direction of a unit's weights, degrees")
    right.set_title(f"{UNITS} units in the plane; right: samples and labels", fontsize=10)
    right.legend(fontsize=7.5, loc="lower right", bbox_to_anchor=(1, 0.58))
    return fig


def _film(picture):
    """The run in the plane: the weights of all units turning, and their pulls."""
    kept = film.moments(picture["times"], picture["losses"])
    W, pulls, signs = (picture[name][kept] for name in ("weights", "pulls", "signs"))
    longest = np.linalg.norm(W, axis=2).max(axis=1)  # (frames,)
    far = np.linalg.norm(pulls, axis=2, keepdims=True)
    ends = pulls / np.where(far > 0, far, np.nan)  # on the circle; none for a unit that nothing pulls

    def begin(ax):
        ax.set(xlim=(-1.5, 1.5), ylim=(-2, 1.3), aspect="equal", xticks=[], yticks=[])
        ax.set(xlabel="$w_j$ over the longest one", title=f"{UNITS} units and their pulls")
        turn = np.linspace(0, 2 * np.pi, 200)
        ax.plot(np.cos(turn), np.sin(turn), color="0.8", lw=0.8)
        for (x, y), label in zip(1.17 * picture["samples"], picture["labels"]):
            ax.text(x, y, "+" if label > 0 else "\u2212", ha="center", va="center", fontsize=14)
        lines = {
            sign: ax.plot([], [], color=color, ls=dashes, lw=1.2, label=name)[0]
            for sign, name, (color, dashes) in SIGNS
        }
        (marks,) = ax.plot([], [], color=style.BLACK, ls="", marker="x", ms=5, label="pulls $D_j$")
        ax.legend(fontsize=8, loc="lower center", ncols=2)

        def move(i):
            for sign, line in lines.items():
                tips = W[i, signs[i] == sign] / longest[i]
                rays = np.stack([np.zeros_like(tips), tips, np.full_like(tips, np.nan)], axis=1)  # there, and a gap
                line.set_data(*rays.reshape(-1, 2).T)
            marks.set_data(*ends[i].T)

        return move

    cosine = picture["cosines"]
    text = [
        f"Left: {CORNERS} samples in the plane, drawn outside of the circle with their labels, and the weights of "
        f"{UNITS} hidden units (ReLU, sigma = {SIGMA / 10:g}) as lines from the middle, each over the length of the "
        "longest one: they grow a lot, and here only their directions and relative lengths show. Crosses: the pulls "
        "D_j, of the labels; only their directions show. Right: the loss, and the cosine of weights and pull, a mean "
        "over the units, which count by their part in the final output.",
        f"The cosine goes from {cosine[0]:.2f} to {cosine[picture['learnt']]:.2f} before the loss has dropped by 10 %, "
        f"and is {cosine[-1]:.2f} at the end. {CORNERS} rows in the plane cannot all be orthogonal: some samples are "
        "fitted before others, and what is left pulls elsewhere.",
        "`minintk explain neurons` says why.",
    ]
    label = "cosine", "cosine of $w_j$ and $D_j$, mean"
    return film.of_run(picture["times"], picture["losses"], cosine, label, kept, begin, "Units that turn", text)

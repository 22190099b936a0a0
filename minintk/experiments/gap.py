"""The error of the final kernel's predictor is made while the loss falls and the kernel still turns, and only then.

Claim. Let the gap G_t be how far the network is, at time t, from the kernel predictor of its final kernel (its machine,
for short). On white data |G_t| / |f_T| stays below .02 all along. On stretched data (Gaussian, of population condition
number 100) it grows with the loss drop, to about .2, and most of it is made while the loss drops from 10 to 90 %. No
integral over the past is needed: G_t follows from the outputs at time t.

Why. Define, for any model and any loss,

    G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)].

G_0 = 0, and at the end it is the network minus the machine of K_inf. It is linear in f, so that its rate is the same
expression in the velocities df_t/dt = k_t^T (y - f_t) / P:

    dG/dt = (1/P) [ k_t(x)^T - k_inf(x)^T K_inf^{-1} K_t ] (y - f_t).

The bracket is the misalignment. It counts only while f moves, and by how much f moves: before that it may be anything.
With c_t(x) = K_t^{-1} k_t(x) the sum is

    G_T = int (c_t - c_inf)^T df_t(X):

a frozen c_t suffices, and K_t proportional to K_inf is one way to get it.
The check below integrates the right side along the run. On white data it meets G_t to first order in the step size. On
stretched data it does not, at any step size: training samples push each other's preactivations to and fro across the
kink, and riding on it there is no gate that is right. The equation for df_t/dt then fails at the training points; at
the test points it holds.

Source. Theorem 1 of the paper asks for K_t = g(t) K_inf; the identity is our own short derivation, and more general.
That the kernel equation fails on kinks is our measurement.

Try next. STEP = 0.025: on white data the difference halves; on stretched data it stays, and signs change twice as
often. `minintk sweep gap --condition 1 3 10 100 --seed 0 1 2`: from which condition number on does the integral fail?
Slope 1 in CASES: G vanishes on the span of the training rows. Classes of 16 and 24 samples, y =
rng.permutation(np.repeat([[1.0], [-1.0]], (16, 24), axis=0)) in `follow`: A falls, does G grow?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, network, training
from minintk.experiments import common, style

CASES = (  # title, slope, sigma, condition number of the population (1: an exactly white sample)
    ("leaky, white", 0.1, 1e-3, 1),
    ("ReLU, white", 0.0, 0.01, 1),
    ("ReLU, stretched", 0.0, 0.01, 100),
)
P, D, N, P_TEST, STEP = 40, 60, 100, 100, 0.05
SMALL, MET = 0.03, 0.05  # below them the gap is small, and the integral meets it
DROPS = (0.01, 0.1, 0.5, 0.9, 0.99)
OFTEN = 10  # changes of sign of one preactivation, from which on it counts as riding on the kink


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Follows G_t and its rate along gradient descent on white and on stretched samples; medians of `inits` runs."""
    cases, arrays = [], {}
    for title, slope, sigma, condition in CASES:
        runs = [follow(slope, sigma, condition, np.random.default_rng([seed, i])) for i in range(inits)]
        cases.append({"title": title, "medians": common.medians([run["numbers"] for run in runs]), "runs": runs})
        for i, one in enumerate(runs):
            curves = {name: curve for name, curve in one.items() if name != "numbers"}
            arrays |= {f"{title.replace(', ', '_')}_{i}_{name}": curve for name, curve in curves.items()}
    settings = {"seed": seed, "inits": inits, "P": P, "D": D, "N": N, "step_size": STEP, "drops": DROPS}
    told = [{"title": case["title"], **case["medians"]} for case in cases]
    summary = {"experiment": "gap", "settings": settings, "cases": told, "verdict": verdict(told)}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, cases))


@guard.settings(sigma="(0, inf)", slope="[0, 1]", condition="[1, inf)", seed="int [0, inf)")
def point(sigma=0.01, slope=0.0, condition=1.0, seed=0):
    """One run in flat numbers for `minintk sweep`: the first run of its column; condition = 1 is exactly white.

    Returns a dict: |G_t| / |f_T| at every loss drop of DROPS, as in gap_10, and gap_end; difference, kinked.
    """
    numbers = follow(slope, sigma, condition, np.random.default_rng([seed, 0]))["numbers"]
    gaps = {f"gap_{100 * drop:g}": value for drop, value in zip(DROPS, numbers["gaps"])}
    return gaps | {name: numbers[name] for name in ("gap_end", "difference", "kinked")}


def follow(slope, sigma, condition, rng):
    """One run: curves over its steps (times, drops, gaps, turning, missed) and the numbers at the loss drops."""
    X = data.white(P, D, rng) if condition == 1 else data.gaussian(P, D, condition, rng)
    X_test = data.gaussian(P_TEST, D, condition, rng)
    y = common.balanced_labels(P, rng)  # (P, 1)
    weights = network.init_weights([D, N, 1], sigma, rng)
    kept = {"record_steps": range(10_000), "record_weights": True, "X_test": X_test}
    run = training.gradient_descent(weights, X, y, STEP, slope, target_loss=1e-4, **kept)
    f, f_test = run.outputs[:, :, 0].T, run.test_outputs[:, :, 0].T  # (P, T), (P_TEST, T): a time is a column
    both = np.concatenate([X, X_test])
    K = np.array([kernel.ntk(weights, both, X, slope=slope) for weights in run.weights])  # (T, P + P_TEST, P)
    final = K[-1, :P], K[-1, P:]
    zeros = np.zeros_like(f), np.zeros_like(f_test)  # G is linear: one call serves all times
    G = alignment.predictor_gap(*final, f - f[:, :1], f_test - f_test[:, :1], *zeros)  # (P_TEST, T)

    pull = ((y - f) / P).T  # (T, P)
    velocity, velocity_test = np.split((K @ pull[:, :, None])[:, :, 0].T, [P])  # (P, T), (P_TEST, T)
    rate = alignment.predictor_gap(*final, velocity, velocity_test, *zeros)
    areas = (rate[:, 1:] + rate[:, :-1]) / 2 * np.diff(run.times)  # trapezoids
    missed = np.cumsum(np.pad(areas, ((0, 0), (1, 0))), axis=1) - G

    size, drops = np.linalg.norm(f_test[:, -1]), 1 - run.losses / run.losses[0]
    at = [int(np.argmax(drops >= drop)) for drop in DROPS]
    shares = np.diff(np.append(G[:, [0, *at]], G[:, -1:], axis=1).T @ G[:, -1]) / (G[:, -1] @ G[:, -1])
    signs = np.array([X @ weights[0].T > 0 for weights in run.weights])  # (T, P, N)
    gaps = np.linalg.norm(G, axis=0) / size
    numbers = {
        "gaps": gaps[at].tolist(),
        "gap_end": float(gaps[-1]),
        "shares": shares.tolist(),  # of G_T, made from 0 to the first drop, ..., from the last drop to the end
        "difference": float(np.linalg.norm(missed, axis=0).max() / np.linalg.norm(G[:, -1])),
        "kinked": float(((signs[1:] != signs[:-1]).sum(axis=0) >= OFTEN).mean()),
    }
    turning = np.linalg.norm(rate, axis=0) / np.linalg.norm(velocity_test, axis=0)
    curves = {"times": run.times, "drops": drops, "gaps": gaps, "turning": turning}
    return {**curves, "missed": np.linalg.norm(missed, axis=0) / size, "numbers": numbers}


def verdict(cases):
    """Where the gap stays small, when it is made elsewhere, and for which runs the integral meets it."""
    words = []
    for n in cases:
        middle = sum(n["shares"][2:-2])
        size = "stays small" if n["gap_end"] < SMALL else "is large"
        meets = "meets it" if n["difference"] < MET else "does not meet it"
        words.append(
            f"{n['title']}: the gap {size}, {n['gap_end']:.2g} at the end, {middle:.0%} of it made at loss drops of "
            f"{100 * DROPS[1]:g} to {DROPS[-2]:.0%};\n  the integral of dG/dt {meets} (off by {n['difference']:.2g} of "
            f"|G_T|, {n['kinked']:.0%} of the gates on the kink)."
        )
    return "\n".join(words)


def report(summary):
    """The table, a column for each kind of data and network, and the verdict."""
    told = summary["cases"]
    row = functools.partial(common.row, told)
    names = ["0", *(f"{drop:.0%}" for drop in DROPS), "the end"]
    rows = [
        ("", [n["title"] for n in told]),
        ("sigma", [f"{sigma:g}" for _, _, sigma, _ in CASES]),
        ("slope", [f"{slope:g}" for _, slope, _, _ in CASES]),
        *(row(f"|G_t| / |f_T| at a loss drop of {d:.0%}", "{:.4f}", "gaps", i) for i, d in enumerate(DROPS)),
        row("  at the end", "{:.4f}", "gap_end"),
        None,
        *(
            row(f"share of G_T made from {start} to {stop}", "{:.0%}", "shares", i)
            for i, (start, stop) in enumerate(zip(names, names[1:]))
        ),
        None,
        row("integral of dG/dt - G_t, most, over |G_T|", "{:.3f}", "difference"),
        row(f"gates on the kink, {OFTEN} changes of sign", "{:.1%}", "kinked"),
    ]
    heading = (
        f"Two layers, N = {N}, P = {P}, D = {D}, balanced labels; {P_TEST} test points; step size {STEP}; stretched:\n"
        f"Gaussian, of population condition number {CASES[-1][-1]}; medians of {summary['settings']['inits']} runs "
        f"(seed {summary['settings']['seed']})."
    )
    return "\n".join([heading, "", common.table(rows), "", summary["verdict"]])


def figure(cases):
    """|G_t| against the loss drop, how far the integral of its rate is off; and the misaligned part of the motion."""
    fig, (left, right) = style.panels(1, 2, (11, 4.4))
    for case, (color, dashes) in zip(cases, style.STYLES * len(cases)):
        run = common.median_run(case["runs"], "gap_end")
        drops = run["drops"]
        left.plot(drops[1:], run["gaps"][1:], color=color, ls=dashes, lw=2, label=case["title"])
        left.plot(drops[1:], run["missed"][1:], color=color, ls=dashes, lw=0.8)
        right.plot(drops[:-1], run["turning"][:-1], color=color, ls=dashes)
    left.plot([], [], color=style.BLACK, lw=0.8, label=r"thin: $|\int dG - G_t| / |f_T|$")
    least = min(case["medians"]["gap_end"] for case in cases)
    left.set(yscale="log", ylim=(1e-5 * least, None), ylabel="gap $|G_t| / |f_T|$, test points")
    fig.suptitle("of each case the run with the median gap at the end", fontsize=9)
    right.set(yscale="log", ylabel="misaligned part of the motion $|dG/dt| / |df/dt|$")
    for ax in (left, right):
        ax.set(xlim=(0, 1), xlabel="loss drop $1 - L(t)/L(0)$")
    left.legend(fontsize=8, loc="lower right")
    return fig

"""The final kernel's predictor can be the network for three other reasons, and each has a control that shows it.

Claim. That the kernel predictor of K_inf (its machine, for short) is the network on test points, to a small err_inf, is
no evidence of silent alignment. A small err_inf is also found

    T1. in a lazy network. Control: the machine of K_0 is as good, rho is near 1.
    T2. in a linear network, on any data. Control: the same run with ReLU fails.
        rho does not notice, and A is high from the start.
    T3. with P at or above the rank of the network's tangent space. Control: the kernel of
        a network that has not been trained at all reproduces that network's own outputs
        just as well. rho does not notice.

Why. T1: at large sigma the kernel stays K_0, and the theorem on constant kernels holds from the start.

T2: K = X M X^T with M (D, D). On the span of X the interpolating weights c(x) = K^{-1} k(x) do not depend on M: where
x = X^T c, k(x) = K c. Every kernel is right there. What is left on other test points is O(sigma), off the span.

T3: homogeneity gives Euler's f = (1/L) <theta, grad f>. So f_T is a function of the tangent space at its own weights,
whatever these are, and that space has finite dimension. A two-layer ReLU network has the gradients phi'(w_j x) x and
phi(w_j x), the second a combination of the first: the rank is at most N D. With about N D samples the regression cannot
but find f_T.

T1 needs large weights, T2 data that are not white, T3 a small network: the columns differ in sigma, N, P and D, too. A
fourth trap has an experiment of its own, weight_decay.

Source. The paper has none of these as such: T1 is its lazy regime, T2 follows from its 3.2 and appendix G, T3 is our
short derivation. In the text we read, the predictor claim is f = k K^{-1} y + O(sigma^L); off the span it is O(sigma).

Try next. T1 with sigma = 1: which of the two errors is larger? T2 with test points in the span (X_test = C X): err_inf
and err_0 are rounding errors both, and rho their ratio. T3 with 40 samples in place of 120.
`minintk sweep three_traps --P 100 200 400 800 --width 20 40 80`: at which P is an untrained network's error gone?
"""

import functools
import textwrap

import numpy as np

from minintk import alignment, data, experiments, guard, network, silence
from minintk.experiments import common, style

# Of each run: title, slope, sigma, P, D, N, condition number of the population (None: exactly white), step size
CASES = (
    ("silent", 0.0, 0.01, 40, 60, 400, None, 0.1),
    ("T1 lazy", 0.0, 3.0, 40, 60, 400, None, 1e-3),
    ("T2 linear", 1.0, 0.01, 40, 60, 100, 100, 0.03),
    ("T3 P > rank", 0.0, 0.01, 120, 10, 10, None, 0.1),
)
STEPS, TARGET_LOSS, P_TEST = 2000, 1e-3, 200
UNTRAINED = (40, 10, (10, 20, 40, 80, 200, 400))  # N, D and the sample sizes P of the curve
SHOWN = {
    "A_0": ("A(K_0, K_inf)", "{:.3f}"),
    "A_rel": ("share of the turning done at 10% loss drop", "{:.2f}"),
    "growth_end": ("|K_inf| / |K_0|", "{:.3g}"),
    "err_inf": ("err_inf, predictor of K_inf", "{:.2g}"),
    "err_0": ("err_0, predictor of K_0", "{:.2g}"),
    "rho": ("control 1: rho = err_inf / err_0", "{:.2g}"),
    "err_inf_relu": ("control 2: err_inf of the same run with ReLU", "{:.2g}"),
    "rho_relu": ("           its rho", "{:.2g}"),
    "untrained": ("control 3: error of an untrained network", "{:.1g}"),
}


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """One silent run and the three traps, each with all three controls; medians of `inits` runs."""
    cases, arrays = [], {}
    for title, *settings in CASES:
        runs = [_case(*settings, np.random.default_rng([seed, i])) for i in range(inits)]
        slope, sigma, P, D, N, condition, _ = settings
        told = {"title": title, "rank": runs[0]["rank"], "sigma": sigma, "P": P, "D": D, "N": N}
        told |= {"condition": condition or 1, "relu": slope == 0}
        told["medians"] = common.medians([run["numbers"] for run in runs])
        cases.append(told | {"runs": runs})
        for name in ("network", "machine_inf", "machine_0"):
            arrays[f"{title.split()[0]}_{name}"] = runs[0][name]
    N, D, sizes = UNTRAINED
    curve = [[untrained_error(0.0, P, D, N, np.random.default_rng([seed, i])) for i in range(inits)] for P in sizes]
    arrays |= {"untrained_P": np.array(sizes), "untrained_error": np.array(curve)}
    told = [{key: value for key, value in case.items() if key != "runs"} for case in cases]
    summary = {"experiment": "three_traps", "settings": {"seed": seed, "inits": inits, "cases": CASES}, "cases": told}
    words = [f"{case['title']}: {verdict(case['medians'])}" for case in told]
    summary["verdict"] = "\n".join(textwrap.fill(line, 100, subsequent_indent="  ") for line in words)
    errors = np.median(curve, axis=1)
    return experiments.Result(summary, arrays, report(summary, errors), functools.partial(figure, cases, errors))


def _case(slope, sigma, P, D, N, condition, step_size, rng):
    X = data.white(P, D, rng) if condition is None else data.gaussian(P, D, condition, rng)
    X_test = data.gaussian(P_TEST, D, condition or 1, rng)
    y = common.balanced_labels(P, rng)  # (P, 1)
    weights = network.init_weights([D, N, 1], sigma, rng)
    how = {"steps": STEPS, "target_loss": TARGET_LOSS}
    result = silence.experiment(weights, X, y, X_test, step_size, slope, **how)
    relu = silence.experiment(weights, X, y, X_test, step_size, 0.0, **how) if slope else result
    numbers = result["numbers"] | {f"{name}_relu": relu["numbers"][name] for name in ("err_inf", "rho")}
    A = numbers["A"][1]
    numbers["A_rel"] = None if A is None else float(alignment.relative_alignment(A, numbers["A_0"]))
    numbers["untrained"] = untrained_error(slope, P, D, N, rng)
    return result | {"numbers": numbers, "rank": int(np.linalg.matrix_rank(result["kernels"][-1], rtol=1e-10))}


@guard.settings(width="int [1, inf)", P="int [1, inf)", seed="int [0, inf)")
def point(width=UNTRAINED[0], P=100, seed=0):
    """An untrained network in flat numbers for `minintk sweep`: the first run of the figure's curve, as `untrained`."""
    return {"untrained": untrained_error(0.0, P, UNTRAINED[1], width, np.random.default_rng([seed, 0]))}


def untrained_error(slope, P, D, N, rng):
    """How far an untrained network is from the machine of its own kernel, given its own outputs at P samples."""
    X, X_test = data.gaussian(P, D, rng=rng), data.gaussian(P_TEST, D, rng=rng)
    weights = network.init_weights([D, N, 1], 1.0, rng)
    f, f_test = (network.forward(weights, inputs, slope)[-1] for inputs in (X, X_test))
    machine = silence.kernel_machine(weights, X, X_test, f, np.zeros_like(f), np.zeros_like(f_test), slope)
    return alignment.kernel_error(machine, f_test)


def verdict(numbers):
    """Whether the predictor of K_inf is the network, and which controls give another reason for it than silence."""
    if numbers["err_inf"] > silence.GOOD:
        return f"no trap: the predictor of K_inf misses the network by {numbers['err_inf']:.0%}."
    found = []
    if numbers["rho"] > 0.5:
        found.append(f"the predictor of K_0 is as good (rho = {numbers['rho']:.2g})")
    if numbers["err_inf_relu"] > silence.GOOD:
        found.append(f"the same run with ReLU fails (err_inf {numbers['err_inf_relu']:.2g})")
    if numbers["untrained"] < silence.UNTRAINED:
        found.append(f"that of an untrained network is {numbers['untrained']:.0e}")
    start = f"err_inf is {numbers['err_inf']:.2g}"
    if found:
        return f"{start}, but {' and '.join(found)}: no evidence."
    region = silence.region(numbers)
    if region == "silent":
        return f"{start}, no control objects, rho = {numbers['rho']:.2g}, aligned before t_learn: silent alignment."
    return f"{start} and no control objects, but by rho and t_align the run is {region}: undecided."


def report(summary, errors):
    """The table, a column for each run, with the controls at the end, and the verdicts; errors (len(sizes),)."""
    cases, settings = summary["cases"], summary["settings"]
    rows = [
        ("", [case["title"] for case in cases]),
        ("activation", ["ReLU" if case["relu"] else "linear" for case in cases]),
        ("sigma, scale of the weights", [f"{case['sigma']:g}" for case in cases]),
        ("N / D", [f"{case['N']} / {case['D']}" for case in cases]),
        ("condition number of the population", [f"{case['condition']:g}" for case in cases]),
        ("P samples / rank of K_inf", [f"{case['P']} / {case['rank']}" for case in cases]),
        None,
    ]
    with_itself = {"err_inf_relu": None, "rho_relu": None}  # what is ReLU already has no second run
    columns = [case["medians"] | (with_itself if case["relu"] else {}) for case in cases]
    rows += [common.row(columns, label, form, name) for name, (label, form) in SHOWN.items()]
    N, D, sizes = UNTRAINED
    own = [("samples P", [str(P) for P in sizes]), ("error", [f"{error:.1e}" for error in errors])]
    return "\n".join(
        [
            f"Two layers, white samples but for T2; medians of {settings['inits']} runs (seed {settings['seed']}).",
            f"{silence.REGIONS}\n",
            f"{common.table(rows)}\n",
            f"Untrained ReLU network, N = {N}, D = {D}: how far its own kernel misses its outputs, from P samples",
            f"{common.table(own)}\n",
            summary["verdict"],
        ]
    )


def figure(cases, errors):
    """For each case the network against both predictors, titled with the controls; untrained networks against P."""
    fig, (*axes, last) = style.panels(1, len(cases) + 1, (3.3 * (len(cases) + 1), 4.2))
    for case, ax in zip(cases, axes):
        run = common.median_run(case["runs"], "rho")
        n = run["numbers"]
        style.scatter(ax, run["network"], run["machine_inf"], run["machine_0"])
        relu = "" if case["relu"] else rf"; with ReLU $err_\infty$ = {n['err_inf_relu']:.2g}"
        ax.set_title(
            rf"{case['title']}: $err_\infty$ = {n['err_inf']:.2g}" + "\n"
            rf"$\rho$ = {n['rho']:.2g}{relu}" + "\n"
            f"untrained network {n['untrained']:.2g}",
            fontsize=9,
        )
    axes[0].set_ylabel("kernel predictor")
    axes[0].legend(fontsize=7.5, loc="upper left", markerscale=2)
    fig.suptitle("of each case the run of median $\\rho$, with its own numbers", fontsize=9)
    N, D, sizes = UNTRAINED
    last.plot(sizes, errors, color=style.GREEN, ls="--", marker="s")
    last.set(xscale="log", yscale="log", xlabel="samples $P$", ylabel="error of its own kernel's predictor")
    last.set_title(f"untrained ReLU networks, medians,\nrank at most $N D$ = {N * D}", fontsize=9)
    last.axvline(N * D, color="0.6", lw=0.8)
    return fig

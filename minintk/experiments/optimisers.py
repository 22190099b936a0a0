"""Adam keeps the final kernel's predictor where gradient descent loses it: raw inputs spoil the one, not the other.

Claim. On white inputs both end as the predictor of K_inf. On stretched inputs and on raw digits gradient descent is ten
times further from it than Adam is, though with Adam the kernel has turned less when the loss begins to fall. Adam's
networks are predictors of the plain K_inf; of the kernel that Adam itself moves along they are not.

Why. Only a part is known. Adam moves every weight by about the step size, whatever the gradient's length:

    theta -= eta m / (sqrt(v) + eps),    m, v: running means of the gradient and of its square.

Small weights are left within some ten steps, at a speed that knows neither sigma nor the size of the singular values.
So directions of stretched data that gradient descent learns late are learned at once; and the layers no longer grow
together: the balance |w_j|^2 = a_j^2 of each unit, which gradient descent conserves, is lost. If the preconditioner
1 / (sqrt(v) + eps) stood still, the network would end as the predictor of the kernel sum_p df df' / (sqrt(v_p) + eps).
It does not stand still. Why the plain K_inf serves so well is not proved here, nor anywhere that we know of.

Source. The paper trained the networks of its Fig. 4 with Adam and its theory is on gradient flow. Adam: Kingma and Ba
2015. The comparison is ours.

Try next. STEP_SIZE = 1e-4 and 1e-2: does rho change with Adam's step? `minintk sweep optimisers --condition 1 10 100
--sigma 1 0.01`: whose network is lazy, and how much must the data be stretched before Adam is the better one?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, network, silence, training
from minintk.experiments import common, style

# Of each case: title, condition number of a Gaussian sample (1: exactly white; None: raw digits instead)
CASES = (("white", 1), ("stretched", 100), ("raw", None))
STEP_SIZE = 1e-3  # Adam's
SIGMA, N, P, D, P_TEST = 0.01, 100, 40, 60, 400
STEPS, TARGET_LOSS = 20_000, 1e-4
SHOWN = {
    "rho": ("rho = err_inf / err_0", "{:.3f}"),
    "err_inf": ("err_inf, predictor of K_inf", "{:.3f}"),
    "A_10": ("A(K_t, K_inf) at 10 % loss drop", "{:.3f}"),
    "balance": ("imbalance of the units", "{:.3f}"),
    "err_own": ("err, of Adam's own kernel", "{:.3f}"),
}


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Both optimisers from the same small weights on three kinds of data; medians of `inits` runs."""
    cases = []
    for title, condition in CASES:
        runs = [pair(condition, SIGMA, [seed, i]) for i in range(inits)]
        both = {who: common.medians([found[who]["numbers"] for found in runs]) for who in ("gd", "adam")}
        cases.append({"title": title, **both, "runs": runs})
    told = [{key: case[key] for key in ("title", "gd", "adam")} for case in cases]
    settings = {"seed": seed, "inits": inits, "sigma": SIGMA, "N": N, "L": 2, "slope": 0.0, "adam_step": STEP_SIZE}
    summary = {"experiment": "optimisers", "settings": settings, "cases": told, "verdict": verdict(told)}
    rhos = [[[found[who]["numbers"]["rho"] for found in case["runs"]] for who in ("gd", "adam")] for case in cases]
    return experiments.Result(summary, {"rho": np.array(rhos)}, report(summary), functools.partial(figure, cases))


@guard.settings(condition="[1, inf)", sigma="(0, inf)", seed="int [0, inf)")
def point(condition=1.0, sigma=SIGMA, seed=0):
    """Both optimisers on a Gaussian sample (condition = 1: exactly white) in flat numbers for `minintk sweep`.

    The first run of its two columns. Returns a dict: rho, err_inf, A_10 and balance of both, as in rho_gd and rho_adam;
    err_own_adam.
    """
    found = pair(condition, sigma, [seed, 0])
    numbers = {f"{name}_{who}": value for who in found for name, value in found[who]["numbers"].items()}
    return {name: value for name, value in numbers.items() if value is not None}


def sample(condition, seed):
    """Training rows X, targets y (P, 1) and test rows."""
    if condition is None:
        task = common.task(None, "3,8", 50, "mse", seed)
        return task["X"], task["Y"], task["X_test"]
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((D, D)))[0]  # Adam sees the axes: long directions must not be among them
    X = data.white(P, D, rng) if condition == 1 else data.gaussian(P, D, condition, rng) @ turn
    return X, common.balanced_labels(P, rng), data.gaussian(P_TEST, D, condition, rng) @ turn


def pair(condition, sigma, seed):
    """What gradient descent finds and what Adam does: numbers and the test outputs of network and predictors."""
    X, y, X_test = sample(condition, seed)
    start = network.init_weights([X.shape[1], N, 1], sigma, np.random.default_rng(seed))
    down = {"steps": STEPS, "target_loss": TARGET_LOSS, "record_drops": (0.1,), "record_weights": True}
    kept = training.gradient_descent(start, X, y, 0.1 if condition == 1 else 0.03, **down).weights
    found = {"gd": told(kept, X, X_test)}
    kept, v = adam(start, X, y)
    found["adam"] = told(kept, X, X_test)
    J, J_test = (kernel.jacobian(kept[-1], rows)[:, 0] for rows in (X, X_test))  # (P, n_params)
    speeds = 1 / (np.sqrt(np.concatenate([V.ravel() for V in v])) + 1e-8)
    ends = [network.forward(w, rows)[-1] for w, rows in [(kept[-1], X), (start, X), (start, X_test)]]
    own = kernel.kernel_predictor((J * speeds) @ J.T, (J_test * speeds) @ J.T, *ends)
    found["adam"]["numbers"]["err_own"] = alignment.kernel_error(own, found["adam"]["network"])
    return found


def adam(weights, X, y):
    """Adam until the target loss: the weights at the start, at 10 % loss drop and at the end; and its last v."""
    kept, m, v, first = [weights], *([np.zeros_like(W) for W in weights],) * 2, None
    for step in range(1, STEPS + 1):
        loss, gradients = training.loss_gradient(weights, X, y)
        first = first or loss
        if len(kept) == 1 and loss <= 0.9 * first:
            kept.append(weights)
        if loss <= TARGET_LOSS:
            break
        weights, m, v = training.adam_step(weights, gradients, m, v, step, STEP_SIZE)
    return [*kept, weights], v


def told(kept, X, X_test):
    """The numbers of a run from its weights at the start, at 10 % loss drop and at the end."""
    start, *_, end = kept
    kernels = [kernel.ntk(weights, X) for weights in kept]
    f, f0, f0_test = (network.forward(w, rows)[-1] for w, rows in [(end, X), (start, X), (start, X_test)])
    inf, zero = (silence.kernel_machine(w, X, X_test, f, f0, f0_test) for w in (end, start))
    f_test = network.forward(end, X_test)[-1]
    sizes = (end[0] ** 2).sum(axis=1), end[1][0] ** 2  # |w_j|^2 and a_j^2
    err_inf, err_0 = (alignment.kernel_error(machine, f_test) for machine in (inf, zero))
    numbers = {
        "rho": alignment.silence_ratio(err_inf, err_0),
        "err_inf": err_inf,
        "A_10": float(silence.alignment_curve(np.array(kernels))[1]),
        "balance": float(abs(sizes[1] - sizes[0]).sum() / (sizes[0] + sizes[1]).sum()),
        "err_own": None,
    }
    return {"numbers": numbers, "network": f_test, "machine_inf": inf, "machine_0": zero}


def verdict(cases):
    """Where each optimiser ends as the predictor of K_inf, and whether Adam's own kernel does better."""
    lines = []
    for case in cases:
        gd, adam = case["gd"]["rho"], case["adam"]["rho"]
        if max(gd, adam) < silence.SILENT:
            words = "both end as the predictor of K_inf"
        elif adam < silence.SILENT:
            words = f"only Adam does, {gd / adam:.2g} times nearer to it"
        else:
            neither = f"neither does, Adam's is {gd / adam:.2g} times nearer"
            words = "only gradient descent does" if gd < silence.SILENT else neither
        lines.append(f"{case['title']}: {words} (rho = {gd:.2g} and {adam:.2g}).")
    ratios = [f"{case['adam']['err_own'] / case['adam']['err_inf']:.2g}" for case in cases]
    lines.append(f"The predictor of Adam's own kernel errs {', '.join(ratios)} times as much as K_inf's.")
    return "\n".join(lines)


def report(summary):
    """The table, two columns for each kind of data, and the verdict."""
    settings, cases = summary["settings"], summary["cases"]
    rows = [("", [title for case in cases for title in (case["title"], "")])]
    rows += [("", ["descent", "Adam"] * len(cases)), None]
    columns = [case[who] for case in cases for who in ("gd", "adam")]
    rows += [common.row(columns, label, form, name) for name, (label, form) in SHOWN.items()]
    heading = (
        f"ReLU, L = 2 layers, N = {N}, sigma = {SIGMA:g}; white and stretched samples and raw digits;\ngradient "
        f"descent and Adam, step size {STEP_SIZE:g}; medians of {settings['inits']} runs (seed {settings['seed']}).\n"
        "Imbalance: sum over the units of |a_j^2 - |w_j|^2|, over that of a_j^2 + |w_j|^2."
    )
    return "\n".join([heading, "", common.table(rows), "", summary["verdict"]])


def figure(cases):
    """For both optimisers and each kind of data: both kernel predictors against the network on test points."""
    fig, axes = style.panels(2, len(cases), (4 * len(cases), 7.4), squeeze=False)
    for column, case in zip(axes.T, cases):
        for ax, who, name in zip(column, ("gd", "adam"), ("gradient descent", "Adam")):
            runs = [{"numbers": found[who]["numbers"], **found[who]} for found in case["runs"]]
            shown = common.median_run(runs, "rho")
            style.scatter(ax, shown["network"], shown["machine_inf"], shown["machine_0"])
            ax.set_title(f"{case['title']}, {name}: $\\rho$ = {shown['numbers']['rho']:.2g}", fontsize=10)
    for ax in axes[:, 0]:
        ax.set_ylabel("kernel predictor")
    axes[0, 0].legend(fontsize=8, loc="upper left", markerscale=2)
    return fig

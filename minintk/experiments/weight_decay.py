"""T4: with weight decay the network is a kernel predictor of its final kernel, without any silence.

Claim. Trained to the end on the loss plus lambda |theta|^2 / 2, a homogeneous network is the ridge predictor of its own
final kernel, whatever its weights started from and whatever the data are. So this too (three_traps has three others) is
a small error that is no evidence of silent alignment. Control: the same run without decay, and how near to stationary
the weights are.

Why. Where nothing moves any more, the gradient of the loss and that of the decay cancel. With r = f_T(X) - y,

    (1/P) sum_m r_m grad f(x_m) + lambda theta = 0.

A network of L layers is homogeneous, f(x) = (1/L) <theta, grad f(x)> (Euler). Take the product of the first line with
grad f(x) / (lambda L):

    f_T(x) = sum_m K_inf(x, x_m) alpha_m,    alpha = -r / (lambda L P).

At the training points that says f_T = K_inf alpha and y = f_T - r = (K_inf + lambda L P I) alpha. Hence

    f_T(x) = k_inf(x)^T [K_inf + lambda L P I]^{-1} y.

No kernel has stood still for this, and no loss had to wait. It is exact where the gradient vanishes. On stretched data
it does not: many samples end on the kinks of some units, where there is no gradient, and steps jump from side to side.
The error of the predictor then follows the size of what is left of the gradient.

Source. Not in the paper; cf. Lauditi, Bordelon, Pehlevan 2025 on kernels of networks with weight decay. The derivation
above is ours and short.

Try next. `minintk sweep weight_decay --decay 0.01 0.03 0.1`: is the predictor nearer, and what of the loss? STEPS =
1000: which of the two numbers tells that training was stopped too early? ("raw, sigma 1", 1, 1.0) as one more of CASES.
"""

import functools
import textwrap

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, network, silence, training
from minintk.experiments import common, style

# Of each case: title, whitening exponent of the digits (None: a Gaussian sample of condition number 100), sigma
CASES = (("white, sigma 1", 0, 1.0), ("raw, sigma 0.01", 1, 0.01), ("stretched, 0.01", None, 0.01))
DECAY, N, STEPS, STEP_SIZE = 0.03, 100, 4000, 0.05
HOLDS = 0.03  # error below it: the ridge predictor is the network
SHOWN = {
    "ridge": ("with decay: error of the ridge predictor", "{:.3f}"),
    "residual": ("  |gradient| / |lambda theta|", "{:.2f}"),
    "loss": ("  loss at the end", "{:.4f}"),
    "err_inf": ("without: error of K_inf's predictor", "{:.3f}"),
}


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Each case with decay, for a fixed number of steps, and without, to a loss of 1e-4; medians of `inits` runs."""
    cases = []
    for title, power, sigma in CASES:
        runs = [one(power, sigma, DECAY, [seed, i]) for i in range(inits)]
        medians = common.medians([found["numbers"] for found in runs])
        cases.append({"title": title, "medians": medians, "runs": runs})
    told = [{"title": case["title"], **case["medians"]} for case in cases]
    settings = {"seed": seed, "inits": inits, "decay": DECAY, "N": N, "L": 2, "slope": 0.0, "steps": STEPS}
    summary = {"experiment": "weight_decay", "settings": settings, "cases": told, "verdict": verdict(told)}
    arrays = {name: np.array([[r["numbers"][name] for r in c["runs"]] for c in cases]) for name in SHOWN}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, cases))


def sample(power, seed):
    """Training rows X, targets y (P, 1) and test rows."""
    if power is not None:
        task = common.whitened(common.task(None, "3,8", 50, "mse", seed), power)
        return task["X"], task["Y"], task["X_test"]
    rng = np.random.default_rng(seed)
    X, X_test = (data.gaussian(rows, 60, 100, rng) for rows in (40, 400))
    return X, common.balanced_labels(40, rng), X_test


@guard.settings(power="[0, 1]", sigma="(0, inf)", decay="(0, inf)", seed="int [0, inf)")
def point(power=0.0, sigma=1.0, decay=DECAY, seed=0):
    """A run on digits with decay and one without, in flat numbers for `minintk sweep`: the first run of its column.

    Returns a dict: ridge, residual, loss, err_inf.
    """
    return one(power, sigma, decay, [seed, 0])["numbers"]


def one(power, sigma, decay, seed):
    """A run with decay and one without, from the same weights."""
    X, y, X_test = sample(power, seed)
    start = network.init_weights([X.shape[1], N, 1], sigma, np.random.default_rng(seed))
    step_size = min(STEP_SIZE, 0.8 * len(X) / np.linalg.eigvalsh(kernel.ntk(start, X))[-1])
    train = functools.partial(training.gradient_descent, start, X, y, step_size, X_test=X_test)
    decayed, plain = train(weight_decay=decay, steps=STEPS), train(steps=20_000, target_loss=1e-4)
    weights = decayed.weights[-1]
    K, k = kernel.ntk(weights, X), kernel.ntk(weights, X_test, X)
    ridge = kernel.ridge_predictor(K, k, y, decay * len(weights))
    loss, gradients = training.loss_gradient(weights, X, y)
    left = [G + decay * W for G, W in zip(gradients, weights)]
    size = np.sqrt(sum((G**2).sum() for G in left)) / np.sqrt(sum(((decay * W) ** 2).sum() for W in weights))
    ends = plain.outputs[-1], plain.outputs[0], plain.test_outputs[0]
    machine = silence.kernel_machine(plain.weights[-1], X, X_test, *ends)
    numbers = {
        "ridge": alignment.kernel_error(ridge, decayed.test_outputs[-1]),
        "residual": float(size),
        "loss": loss,
        "err_inf": alignment.kernel_error(machine, plain.test_outputs[-1]),
    }
    return {"numbers": numbers, "network": decayed.test_outputs[-1], "ridge": ridge}


def verdict(cases):
    """Of each case whether the network is the ridge predictor, and if not, whether it has come to rest."""
    lines = []
    for n in cases:
        told = (
            f"{n['title']}: the ridge predictor errs by {n['ridge']:.1%}, K_inf's by {n['err_inf']:.1%} without decay"
        )
        if n["ridge"] < HOLDS:
            told += ": a kernel predictor, and no evidence of silence."
        elif n["residual"] > HOLDS:
            told += f"; the gradient has not vanished ({n['residual']:.2g} of the decay's): not stationary."
        else:
            told += ", though the weights are stationary: the claim FAILS."
        lines.append(textwrap.fill(told, 100, subsequent_indent="  "))
    return "\n".join(lines)


def report(summary):
    """The table, a column for each case, and the verdicts."""
    settings, cases = summary["settings"], summary["cases"]
    rows = [("", [n["title"] for n in cases]), None]
    rows += [common.row(cases, label, form, name) for name, (label, form) in SHOWN.items()]
    heading = (
        f"ReLU, L = 2 layers, N = {N}, on white and raw digits and on stretched samples; lambda = {DECAY:g},\n{STEPS} "
        f"steps; medians of {settings['inits']} runs (seed {settings['seed']}). At rest no gradient is left."
    )
    return "\n".join([heading, "", common.table(rows), "", summary["verdict"]])


def figure(cases):
    """For each case the ridge predictor against the network on test points."""
    fig, axes = style.panels(1, len(cases), (4 * len(cases), 4), squeeze=False)
    for ax, case in zip(axes[0], cases):
        found = common.median_run(case["runs"], "ridge")
        f, ridge = found["network"].ravel(), found["ridge"].ravel()
        span = 1.08 * max(abs(f).max(), abs(ridge).max())
        ax.plot([-span, span], [-span, span], color="0.7", lw=0.8, zorder=0)
        ax.plot(f, ridge, ls="", marker=".", ms=3, color=style.BLUE)
        n = found["numbers"]
        ax.set_title(f"{case['title']}\nerror {n['ridge']:.2g}, gradient left {n['residual']:.2g}", fontsize=10)
        ax.set(xlim=(-span, span), ylim=(-span, span), xlabel="network with weight decay, test points")
    axes[0, 0].set_ylabel(r"ridge predictor of $K_\infty$")
    return fig

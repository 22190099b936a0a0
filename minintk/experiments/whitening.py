"""Data that are not white: linear networks turn late but stay exact, ReLU networks lose the predictor.

Claim. If the sample is not white, the first direction the weights turn to is not the last one. Let v_1 be the top right
singular vector of W_1. In a linear network it is along Sigma beta when the loss has dropped by 10 %, and reaches beta
only at the end: at a condition number of 1000 cos(v_1, beta) is .52 by then, seed 0. A = .968 does not show it, since
most of K is a multiple of X X^T, which does not turn. The network is the kernel predictor of K_inf (its machine, for
short) all the same, as any linear network is. A ReLU network is not: rho rises from .02 at a condition number of 1 to
about .1 at 1.2. It also needs P <= D, for rows that are orthogonal and of one length. Isotropic sampling is not
whitening: its rho is that of data not white. Nor are white inputs with a bias white: rho rises from .02 to .26 (seed
0), and is .02 again when the constant input that the bias stands for is whitened with the others.

Why. While f is small every layer is pulled by the same vector: with W = W_1 and a = W_2^T,

    dW/dt = a (X^T y / P)^T,   X^T y / P = Sigma beta   for y = X beta, Sigma = X^T X / P.

At the end W is along beta, where the residual is 0. Only if Sigma is a multiple of I on the span are the two the same;
otherwise K turns from Sigma beta to beta while the loss falls. For slope = 1 this costs nothing:

    K = X M X^T,   M = W^T W + |a|^2 I.

For P >= D every invertible M gives k(x)^T K^+ X v = x^T v: the weights c(x) that interpolate a linear function are
fixed by geometry, and no kernel can be wrong. For ReLU they are not. On orthogonal rows, X X^T = c I, a step on one
sample moves only that sample's preactivations, so that gates settle early; for P > D not all rows can be orthogonal,
however white the features are. A bias of the hidden units is the weight of one more input that is always 1. The network
is as homogeneous in its weights as before, but that input adds 1 to every entry of X X^T, and a step on one sample now
moves all of them.

Source. Paper, section 3.2 and appendix G (linear, unwhitened), figure 1 (ReLU). That P <= D is needed, and what a
bias does, are our measurements at D = 60: the paper's claim for whitened ReLU networks is narrower than it reads.

Try next. L = 3 and sigma = 0.01 in LINEAR: is A at 10 % lower or higher? SLOPE = 0.5 and SIGMA = 1e-3: at power 0.1
err_inf stays small, why? BIAS = 0.25: is rho that of the same condition number without a bias? A linear teacher, y = X
@ rng.standard_normal((len(X.T), 1)) / D**0.5 in `_relu`: what becomes of rho at P = 120? `minintk sweep whitening --P
30 60 75 120 --power 0 1 --seed 0 1 2`: is the border of P at D for samples as drawn, too?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, network, silence, training, whitening
from minintk.experiments import common, style

CONDITIONS = (1, 10, 100, 1000)  # of the linear sample
LINEAR = {"L": 2, "P": 200, "D": 30, "N": 50, "sigma": 1e-3}
POWERS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)  # whitening exponents of an isotropic sample of P rows
SIZES = (15, 30, 60, 75, 120)  # rows of white samples
BIAS, WITH_BIAS = 1.0, (1, 0)  # a constant input beside white ones: as it is (power 1), and whitened with them (0)
P, D, N, SIGMA, SLOPE, P_TEST = 40, 60, 100, 0.01, 0.0, 400  # of the ReLU networks
FOUND = 0.9  # the cosine below which a direction is not found


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Linear networks over condition numbers; ReLU over powers of the singular values and over P / D."""
    linear = [linear_case(condition, np.random.default_rng([seed, 0]), **LINEAR) for condition in CONDITIONS]
    powers = [_case(functools.partial(_isotropic, P), power, seed, inits) for power in POWERS]
    sizes = [_case(_white, size, seed, inits) for size in SIZES]
    biases = [_case(_biased, power, seed, inits) for power in WITH_BIAS]
    settings = {"seed": seed, "inits": inits, "linear": LINEAR, "D": D, "N": N, "sigma": SIGMA, "slope": SLOPE}
    settings["bias"] = BIAS
    parts = {"linear": linear, "powers": powers, "sizes": sizes, "biases": biases}
    summary = {"experiment": "whitening", "settings": settings, **parts, "verdict": verdict(*parts.values())}
    arrays = {f"linear_{name}": np.array([case[name] for case in linear]) for name in linear[0]}
    for name, cases in [("power", powers), ("P", sizes), ("bias", biases)]:
        arrays[name] = np.array([case["value"] for case in cases])
        arrays[f"{name}_rho"] = np.array([case["rhos"] for case in cases])
        arrays[f"{name}_condition"] = np.array([case["medians"]["condition"] for case in cases])
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, *parts.values()))


@guard.settings(power="[0, 1]", P="int [1, inf)", seed="int [0, inf)")
def point(power=0.0, P=P, seed=0):
    """One ReLU network on an isotropic sample of P rows, in flat numbers for `minintk sweep`: the first run of its row.

    Returns a dict: condition (number), A_10 (at a loss drop of 10 %), err_inf, err_0, rho.
    """
    numbers = _isotropic(P, power, np.random.default_rng([seed, 1, 0]))
    numbers["A_10"] = numbers["A"][1]
    return {name: numbers[name] for name in ("condition", "A_10", "err_inf", "err_0", "rho")}


def linear_case(condition, rng, L, P, D, N, sigma):
    """Gradient flow of a linear network: where v_1, the top direction of W_1, points at loss drops of 10 and 90 %."""
    spectrum = np.geomspace(condition**0.5, condition**-0.5, D)
    X = data.white(P, D, rng) * np.sqrt(spectrum / spectrum.mean())
    beta = rng.standard_normal(D)
    beta /= np.linalg.norm(beta)
    X_test, y = rng.standard_normal((100, D)), (X @ beta)[:, None]  # (100, D), (P, 1)
    weights = network.init_weights([D, *[N] * (L - 1), 1], sigma, rng)
    first = whitening.second_moment(X) @ beta  # the direction of the first pull
    down = {"target_loss": 1e-6 * np.mean(y**2) / 2, "rtol": 1e-5, "record_drops": (0.1, 0.9)}
    kept = {"record_kernels": True, "record_weights": True, "X_test": X_test}
    run = training.gradient_flow(weights, X, y, 1.0, **down, **kept)
    _, at_10, at_90, _ = (np.linalg.svd(at_once[0])[2][0] for at_once in run.weights)  # v_1 at 0, 10 %, 90 %, the end
    A = silence.alignment_curve(run.kernels)
    ends = run.outputs[-1], run.outputs[0], run.test_outputs[0]
    machine = silence.kernel_machine(run.weights[-1], X, X_test, *ends, slope=1.0)
    return {
        "condition": condition,
        "cos_first_beta": float(first @ beta / np.linalg.norm(first)),
        "cos_first_10": float(abs(at_10 @ first) / np.linalg.norm(first)),
        "cos_beta_10": float(abs(at_10 @ beta)),
        "cos_beta_90": float(abs(at_90 @ beta)),
        "A_10": float(A[1]),
        "A_90": float(A[2]),
        "err_inf": alignment.kernel_error(machine, run.test_outputs[-1]),
    }


def _case(train, value, seed, inits):
    """Medians and rhos of ReLU networks: train(value, rng) is the numbers of one."""
    numbers = [train(value, np.random.default_rng([seed, 1, i])) for i in range(inits)]
    return {"value": value, "medians": common.medians(numbers), "rhos": [n["rho"] for n in numbers]}


def _isotropic(P, power, rng):
    X, X_test = data.gaussian(P, D, rng=rng), data.gaussian(P_TEST, D, rng=rng)
    M = whitening.whitening_map(X, power)
    return _relu(X @ M, X_test @ M, rng, target_loss=1e-4)


def _white(P, rng):
    return _relu(data.white(P, D, rng), data.gaussian(P_TEST, D, rng=rng), rng, target_loss=1e-3)


def _biased(power, rng):
    X, X_test = data.white(P, D, rng), data.gaussian(P_TEST, D, rng=rng)
    X, X_test = (np.column_stack([inputs, np.full(len(inputs), BIAS)]) for inputs in (X, X_test))  # (P, D + 1)
    M = whitening.whitening_map(X, power)
    return _relu(X @ M, X_test @ M, rng, target_loss=1e-3)


def _relu(X, X_test, rng, target_loss):
    y = common.balanced_labels(len(X), rng)  # (P, 1)
    weights = network.init_weights([X.shape[1], N, 1], SIGMA, rng)
    numbers = silence.experiment(weights, X, y, X_test, 0.1, SLOPE, target_loss=target_loss)["numbers"]
    return numbers | {"condition": whitening.condition_number(X)}


def verdict(linear, powers, sizes, biases):
    """A sentence for each part, as the numbers have it; the third needs samples on both sides of P = D."""
    worst = linear[-1]
    late = worst["cos_first_10"] >= FOUND > worst["cos_beta_10"]
    hidden = late and worst["A_10"] >= silence.LEVEL
    exact = max(case["err_inf"] for case in linear) < 1e-6
    words = [
        f"Linear: at condition number {worst['condition']:g} v_1 {'finds' if late else 'does NOT find'} beta late "
        f"(cosine {worst['cos_beta_10']:.2f} at a loss drop of 10 %),\n  {'though' if hidden else 'and'} A is then "
        f"{worst['A_10']:.3f}. The predictor is {'exact all the same' if exact else 'NOT exact'}."
    ]
    white, raw = powers[0]["medians"]["rho"], powers[-1]["medians"]["rho"]
    helps = white < silence.SILENT and raw > 3 * white
    words.append(
        f"ReLU: whitening the isotropic sample {'makes' if helps else 'does NOT make'} the difference:\n"
        f"  rho {raw:.2g} as drawn, {white:.2g} whitened."
    )
    below, above = ([c["medians"]["rho"] for c in sizes if (c["value"] > D) == more] for more in (False, True))
    if below and above:
        matters = max(below) < silence.SILENT and min(above) > 2 * max(below)
        words.append(
            f"P through D: rho is at most {max(below):.2g} for P <= D and at least {min(above):.2g} beyond;\n"
            f"  white features {'are not enough' if matters else 'make NO clear difference'}."
        )
    biased, mended = (case["medians"]["rho"] for case in biases)
    is_input = mended < silence.SILENT and biased > 3 * mended
    words.append(
        f"A bias: rho {biased:.2g} beside white inputs, {mended:.2g} when whitened with them:\n"
        f"  it {'spoils as an input that is not white' if is_input else 'does NOT act as an input that is not white'}."
    )
    return "\n".join(words)


def report(summary):
    """Four tables and the verdict."""
    heads = ["Sb,b", "v1,Sb 10%", "v1,b 10%", "v1,b 90%", "A 10%", "A 90%", "err_inf"]
    linear = [("condition", heads)]
    for case in summary["linear"]:
        *cosines, err_inf = list(case.values())[1:]
        linear.append((f"{case['condition']:g}", [*(f"{value:.3f}" for value in cosines), f"{err_inf:.0e}"]))
    relu = f"N = {N}, sigma = {SIGMA:g}, slope {SLOPE:g}; medians of {summary['settings']['inits']} runs"
    return "\n\n".join(
        [
            f"Data that are not white (seed {summary['settings']['seed']}). 10%, 90%: at these loss drops;\n"
            "condition: number of X^T X / P, of its non-zero eigenvalues.",
            f"Linear, {', '.join(f'{name} = {value:g}' for name, value in LINEAR.items())}; "
            f"cosines of v1, Sb = Sigma beta and b = beta:\n{common.table(linear)}",
            f"ReLU, L = 2, P = {P}, D = {D}, {relu};\n"
            f"an isotropic sample, its singular values raised to a power:\n{_table('power', summary['powers'])}",
            f"ReLU, L = 2, D = {D}, {relu}; white samples of P rows:\n{_table('P', summary['sizes'])}",
            f"The same, P = {P}, with a bias: one more input, {BIAS:g} for all samples; raised to a power with it:\n"
            f"{_table('power', summary['biases'])}",
            summary["verdict"],
        ]
    )


def _table(label, cases):
    rows = [(label, ["condition", "A 10%", "err_inf", "err_0", "rho", "of the runs"])]
    for case in cases:
        n = case["medians"]
        A = "-" if n["A"][1] is None else f"{n['A'][1]:.3f}"
        cells = [f"{n['condition']:.3g}", A, *(f"{n[name]:.3f}" for name in ("err_inf", "err_0", "rho"))]
        rows.append((f"{case['value']:g}", [*cells, f"{min(case['rhos']):.3f}-{max(case['rhos']):.3f}"]))
    return common.table(rows)


def figure(linear, powers, sizes, biases):
    """Linear networks against the condition number; ReLU: rho against it, and against P / D on white samples."""
    fig, (left, middle, right) = style.panels(1, 3, (13, 4))
    labels = {
        "cos_first_10": r"cosine of $v_1$ and $\Sigma\beta$, 10 % drop",
        "A_10": r"$A(K_t, K_\infty)$, 10 % drop",
        "cos_beta_90": r"cosine of $v_1$ and $\beta$, 90 % drop",
        "cos_beta_10": r"cosine of $v_1$ and $\beta$, 10 % drop",
    }
    for (name, label), (color, dashes), marker in zip(labels.items(), style.STYLES, "os^v"):
        x = [case["condition"] for case in linear]
        left.plot(x, [case[name] for case in linear], color=color, ls=dashes, marker=marker, label=label)
    worst = max(case["err_inf"] for case in linear)
    left.set(xscale="log", ylim=(0, 1.08), xlabel="condition number of $X^T X / P$", ylabel="alignment, cosine")
    left.set_title(rf"linear, $P/D$ = {LINEAR['P'] / LINEAR['D']:.3g}; $err_\infty \leq$ {worst:.0e}", fontsize=10)
    left.legend(fontsize=8, loc="lower left")
    conditions, shares = [case["medians"]["condition"] for case in powers], [case["value"] / D for case in sizes]
    middle.sharey(right)
    for ax, x, cases in [(middle, conditions, powers), (right, shares, sizes)]:
        ax.plot(x, [case["rhos"] for case in cases], color=style.BLUE, ls="", marker=".", alpha=0.6)
        ax.plot(x, [case["medians"]["rho"] for case in cases], color=style.BLUE, marker="o", mfc="none", label="median")
        ax.axhline(silence.SILENT, color="0.6", lw=0.8)
        ax.set(yscale="log", ylabel=r"$\rho = err_\infty / err_0$")
        ax.legend(fontsize=8, loc="lower right")
    x, y = zip(*((case["medians"]["condition"], case["medians"]["rho"]) for case in biases))
    middle.plot(x, y, color=style.ORANGE, ls="", marker="s", label="with a bias, as it is and whitened")
    middle.legend(fontsize=8, loc="lower right")
    low, high = right.get_ylim()
    right.set_ylim(min(low, 0.01), max(high, 1))
    middle.set(xscale="log", xlabel="condition number of $X^T X / P$, of its non-zero eigenvalues")
    middle.set_title("ReLU, isotropic sample: from whitened to as drawn", fontsize=10)
    right.axvline(1, color="0.6", lw=0.8)
    right.set(xlabel="samples per input $P / D$")
    right.set_title("ReLU, exactly white samples", fontsize=10)
    return fig

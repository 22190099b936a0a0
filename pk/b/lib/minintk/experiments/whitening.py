"""Data that are not white: linear networks turn late but stay exact, ReLU networks lose the predictor.

Claim. If the sample is not white, the first direction the weights turn to is not the last one. Let v_1 be the top right
singular vector of W_1. In a linear network it is along Sigma beta when the loss has dropped by 10 %, and reaches beta
only at the end: at a condition number of 1000 cos(v_1, beta) is .52 by then, seed 0. A = .968 does not show it, since
most of K is a multiple of X X^T, which does not turn. The network is the machine of K_inf all the same, as any linear
network is. A ReLU network is not: rho rises from .02 at a condition number of 1 to about .1 at 1.2. It also needs P <=
D, for rows that are orthogonal and of one length. Isotropic sampling is not whitening: its rho is that of data not
white.

Why. While f is small every layer is pulled by the same vector: with W = W_1 and a = W_2^T,

    dW/dt = a (X^T y / P)^T,   X^T y / P = Sigma beta   for y = X beta, Sigma = X^T X / P.

At the end W is along beta, where the residual is 0. Only if Sigma is a multiple of I on the span are the two the same;
otherwise K turns from Sigma beta to beta while the loss falls. For slope = 1 this costs nothing:

    K = X M X^T,   M = W^T W + |a|^2 I.

For P >= D every invertible M gives k(x)^T K^+ X v = x^T v: the weights c(x) that interpolate a linear function are
fixed by geometry, and no kernel can be wrong. For ReLU they are not. On orthogonal rows, X X^T = c I, a step on one
sample moves only that sample's preactivations, so that gates settle early; for P > D not all rows can be orthogonal,
however white the features are.

Source. Paper, section 3.2 and appendix G (linear, unwhitened), figure 1 (ReLU). That P <= D is needed is our
measurement at D = 60: the paper's claim for whitened ReLU networks is narrower than it reads.

Try next. L = 3 and sigma = 0.01 in LINEAR: is A at 10 % lower or higher? SLOPE = 0.5 and SIGMA = 1e-3: at power 0.1
err_inf stays small, why? A linear teacher, y = X @ rng.standard_normal((D, 1)) / D**0.5 in `_relu`: what becomes of rho
at P = 120?
"""

import numpy as np

from minintk import alignment, data, experiments, guard, network, silence, training, whitening
from minintk.experiments import silent_alignment

CONDITIONS = (1, 10, 100, 1000)  # of the linear sample
LINEAR = {"L": 2, "P": 200, "D": 30, "N": 50, "sigma": 1e-3}
POWERS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)  # of the singular values of an isotropic sample, P = 40
SIZES = (15, 30, 60, 75, 120)  # P of white samples
D, N, SIGMA, SLOPE = 60, 100, 0.01, 0.0  # of the ReLU networks
LATE = 0.9  # the cosine below which a direction is not found


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Linear networks over condition numbers; ReLU over powers of the singular values and over P / D."""
    linear = [linear_case(condition, np.random.default_rng([seed, 0]), **LINEAR) for condition in CONDITIONS]
    powers, sizes = [], []
    for values, cases, case in [(POWERS, powers, _power), (SIZES, sizes, _size)]:
        for value in values:
            runs = [case(value, np.random.default_rng([seed, 1, i])) for i in range(inits)]
            conditions = [r["condition"] for r in runs]
            told = silent_alignment.medians({"runs": runs}) | {"condition": float(np.median(conditions))}
            cases.append({"value": value, "medians": told, "rhos": [r["numbers"]["rho"] for r in runs]})
    arrays = {f"linear_{name}": np.array([case[name] for case in linear]) for name in linear[0]}
    for name, cases in [("power", powers), ("P", sizes)]:
        arrays[name] = np.array([case["value"] for case in cases])
        arrays[f"{name}_rho"] = np.array([case["rhos"] for case in cases])
        arrays[f"{name}_condition"] = np.array([case["medians"]["condition"] for case in cases])
    settings = {"seed": seed, "inits": inits, "linear": LINEAR, "D": D, "N": N, "sigma": SIGMA, "slope": SLOPE}
    summary = {"experiment": "whitening", "settings": settings, "linear": linear, "powers": powers, "sizes": sizes}
    summary["verdict"] = verdict(linear, powers, sizes)
    return {"linear": linear, "powers": powers, "sizes": sizes, "arrays": arrays, "summary": summary}


def linear_case(condition, rng, L, P, D, N, sigma):
    """Gradient flow of a linear network: where v_1, the top direction of W_1, points at loss drops of 10 and 90 %."""
    spectrum = np.geomspace(condition**0.5, condition**-0.5, D)
    X = data.white(P, D, rng) * np.sqrt(spectrum / spectrum.mean())
    beta = rng.standard_normal(D)
    beta /= np.linalg.norm(beta)
    X_test, y = rng.standard_normal((100, D)), (X @ beta)[:, None]  # (100, D), (P, 1)
    weights = network.init_weights([D, *[N] * (L - 1), 1], sigma, rng)
    first = whitening.second_moment(X) @ beta  # the direction of the first pull
    run = training.gradient_flow(
        weights,
        X,
        y,
        slope=1.0,
        target_loss=1e-6 * np.mean(y**2) / 2,
        rtol=1e-5,
        record_drops=(0.1, 0.9),
        record_kernels=True,
        record_weights=True,
        X_test=X_test,
    )
    directions = [np.linalg.svd(at_once[0])[2][0] for at_once in run.weights]  # v_1 at 0, 10 %, 90 %, the end
    ends = run.outputs[-1], run.outputs[0], run.test_outputs[0]
    machine = silence.kernel_machine(run.weights[-1], X, X_test, *ends, slope=1.0)
    return {
        "condition": condition,
        "cos_first_beta": float(first @ beta / np.linalg.norm(first)),
        "cos_first_10": float(abs(directions[1] @ first) / np.linalg.norm(first)),
        "cos_beta_10": float(abs(directions[1] @ beta)),
        "cos_beta_90": float(abs(directions[2] @ beta)),
        "A_10": alignment.kernel_alignment(run.kernels[1], run.kernels[-1]),
        "A_90": alignment.kernel_alignment(run.kernels[2], run.kernels[-1]),
        "err_inf": alignment.kernel_error(machine, run.test_outputs[-1]),
    }


def _power(power, rng):
    X, X_test = data.gaussian(40, D, rng=rng), data.gaussian(400, D, rng=rng)
    M = whitening.whitening_map(X, power)
    return _relu(X @ M, X_test @ M, rng, target_loss=1e-4)


def _size(P, rng):
    return _relu(data.white(P, D, rng), data.gaussian(400, D, rng=rng), rng, target_loss=1e-3)


def _relu(X, X_test, rng, target_loss):
    y = rng.permutation(np.where(np.arange(len(X)) < len(X) // 2, 1.0, -1.0))[:, None]  # (P, 1)
    weights = network.init_weights([D, N, 1], SIGMA, rng)
    numbers = silence.experiment(weights, X, y, X_test, 0.1, SLOPE, target_loss=target_loss)["numbers"]
    return {"numbers": numbers, "condition": whitening.condition_number(X)}


def verdict(linear, powers, sizes):
    """Three sentences, one for each part, as the numbers have it."""
    worst = linear[-1]
    late = worst["cos_first_10"] >= LATE > worst["cos_beta_10"]
    hidden = late and worst["A_10"] >= silence.LEVEL
    exact = max(case["err_inf"] for case in linear) < 1e-6
    words = [
        f"Linear: at condition number {worst['condition']:g} v_1 {'finds' if late else 'does NOT find'} beta late "
        f"(cosine {worst['cos_beta_10']:.2f} at a loss drop of 10 %),\n  {'though' if hidden else 'and'} A is then "
        f"{worst['A_10']:.3f}. The predictor is {'exact all the same' if exact else 'NOT exact'}."
    ]
    rhos = [case["medians"]["rho"] for case in powers]
    degrades = rhos[0] < 0.05 and rhos[-1] > 3 * rhos[0]
    words.append(
        f"ReLU: whitening the isotropic sample {'makes' if degrades else 'does NOT make'} the difference:\n  rho "
        f"{rhos[-1]:.2g} as drawn, {rhos[0]:.2g} whitened."
    )
    below = max(case["medians"]["rho"] for case in sizes if case["value"] <= D)
    above = min(case["medians"]["rho"] for case in sizes if case["value"] > D)
    words.append(
        f"P through D: rho is at most {below:.2g} for P <= D and at least {above:.2g} beyond;\n  white features "
        f"{'are not enough' if below < 0.05 and above > 2 * below else 'make NO clear difference'}."
    )
    return "\n".join(words)


def report(results):
    """Three tables and the verdict."""
    names = ["cos_first_beta", "cos_first_10", "cos_beta_10", "cos_beta_90", "A_10", "A_90"]
    heads = ["Sb,b", "v1,Sb 10%", "v1,b 10%", "v1,b 90%", "A 10%", "A 90%", "err_inf"]
    tables = [[("condition", heads)]]
    for case in results["linear"]:
        cells = [f"{case[name]:.3f}" for name in names] + [f"{case['err_inf']:.0e}"]
        tables[0].append((f"{case['condition']:g}", cells))
    heads = ["condition", "A 10%", "err_inf", "err_0", "rho", "of the runs"]
    for label, cases in [("power", results["powers"]), ("P", results["sizes"])]:
        rows = [(label, heads)]
        for case in cases:
            n = case["medians"]
            cells = [f"{n['condition']:.3g}", f"{n['A'][1]:.3f}", *(f"{n[k]:.3f}" for k in ("err_inf", "err_0", "rho"))]
            rows.append((f"{case['value']:g}", [*cells, f"{min(case['rhos']):.3f}-{max(case['rhos']):.3f}"]))
        tables.append(rows)
    settings = results["summary"]["settings"]
    relu = f"N = {N}, sigma = {SIGMA:g}, slope {SLOPE:g}"
    headings = (
        f"Data that are not white (seed {settings['seed']}). 10%, 90%: at these loss drops;\n"
        "condition: number of X^T X / P, of its non-zero eigenvalues.\n\n"
        f"Linear, {', '.join(f'{name} = {value:g}' for name, value in LINEAR.items())}; "
        "cosines of v1, Sb = Sigma beta and b = beta:",
        f"ReLU, L = 2, P = 40, D = {D}, {relu}; medians of {settings['inits']} runs;\n"
        "an isotropic sample, its singular values raised to a power:",
        f"ReLU, L = 2, D = {D}, {relu}; medians of {settings['inits']} runs; white samples of P rows:",
    )
    parts = [f"{heading}\n{experiments.table(rows)}" for heading, rows in zip(headings, tables)]
    return "\n\n".join([*parts, results["summary"]["verdict"]])

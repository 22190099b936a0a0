"""Small initial weights make the kernel turn before the loss moves; large ones keep it from turning at all.

Claim. One number, the scale sigma of the initial weights, leads from a lazy network to a silently aligned one. As
sigma falls, the kernel is aligned ever earlier against the loss, and rho = err_inf / err_0 falls from 1 to about .01,
not to 0.

Why. Weights theta = sigma * theta_1 and homogeneity give f_0 ~ sigma^L and K_0 ~ sigma^(2L - 2). Compare the relative
speed of the features with that of the loss at the start:
    (|d grad f / dt| / |grad f|) / (|dL/dt| / L) ~ sigma^(-L),
so that at large sigma the loss is gone before a feature has moved. At small sigma and L = 2 features grow like e^(st)
from sigma on. Their direction is settled after a time of order 1 / s, whatever sigma is. The outputs, of size
sigma^2 e^(2st), are felt after (1 / 2s) log(1 / sigma^2). Hence t_align / t_learn ~ 1 / log(1 / sigma).
The floor of rho is not explained by this: the two classes do not set off at the same moment, and the time between grows
with log(1 / sigma) too. At the smallest sigma the alignment at a loss drop of 10 % can therefore fall again, while the
machine of K_inf hardly suffers.

Source. Paper, sections 2 and 3.1 and appendix I (relative speeds); in the text we read, 3.1.2 gives the learning time
twice the coefficient that a simulation has. The floor is our measurement, its cause a guess.

Try next. Wider layers (N = 400): does the alignment at 10 % rise, and does rho fall? slope = 0.1 instead of ReLU. Three
layers at sigma = 0.1: A falls in mid-training, rho stays small.
"""

import numpy as np

from minintk import data, experiments, guard, network, silence
from minintk.experiments import silent_alignment

SIGMAS = (3, 1, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
P, D, N, P_TEST = 40, 60, 100, 400
SHOWN = ("A_0", "A_10", "t_ratio", "growth_end", "err_inf", "err_0", "rho")


@guard.settings(seed="int [0, inf)", sigmas="each (0, inf)", inits="int [1, inf)")
def run(seed=0, sigmas=SIGMAS, inits=3):
    """ReLU, two layers, a white sample with balanced labels, from large to small sigma; medians of `inits` runs.

    Each run has its own sample and its own weights, which are only rescaled from one sigma to the next.
    """
    settings = {"seed": seed, "sigmas": list(sigmas), "inits": inits, "P": P, "D": D, "N": N, "L": 2, "slope": 0.0}
    cases = []
    for sigma in sorted(sigmas, reverse=True):
        numbers = [_numbers(sigma, np.random.default_rng([seed, i])) for i in range(inits)]
        cases.append({"sigma": sigma, "runs": [{"numbers": n} for n in numbers]})
    for case in cases:
        case["medians"] = silent_alignment.medians(case)
    arrays = {"sigma": np.array([case["sigma"] for case in cases])}
    arrays |= {name: np.array([[r["numbers"][name] for r in case["runs"]] for case in cases], float) for name in SHOWN}
    summary = {"experiment": "lazy_to_rich", "settings": settings, "cases": cases, "verdict": verdict(cases)}
    return {"cases": cases, "arrays": arrays, "summary": summary}


def _numbers(sigma, rng):
    X, y = data.white(P, D, rng), rng.permutation(np.repeat([[1.0], [-1.0]], P // 2, axis=0))  # (P, D), (P, 1)
    X_test = rng.standard_normal((P_TEST, D))
    weights = network.init_weights([D, N, 1], sigma, rng)
    step_size = min(0.1, 0.04 / sigma**2)  # a lazy kernel, and with it the fastest rate, grows as sigma^2
    numbers = silence.experiment(weights, X, y, X_test, step_size)["numbers"]
    return numbers | {"A_10": numbers["A"][1]}


def verdict(cases):
    """What the medians say: where it is lazy, where silent, and whether rho has reached its floor."""
    told = {case["sigma"]: case["medians"] for case in cases}
    if any(n["A_10"] is None for n in told.values()):
        return "no verdict: some run has not learnt even a tenth."
    lazy = [sigma for sigma, n in told.items() if n["growth_end"] < 2 and n["rho"] > 0.5]
    silent = [sigma for sigma, n in told.items() if n["rho"] < 0.05 and n["A_10"] >= silence.LEVEL]
    words = [f"lazy at sigma = {_list(lazy)} (rho > 0.5)" if lazy else "nowhere lazy"]
    words.append(f"silent at sigma = {_list(silent)} (rho < 0.05)" if silent else "nowhere silent")
    rich = [n["t_ratio"] for sigma, n in told.items() if sigma not in lazy]
    if len(rich) > 1:
        falls = all(late < early for early, late in zip(rich, rich[1:]))
        words.append(f"t_align / t_learn {'falls' if falls else 'does not fall steadily'}: {_list(rich)}")
    if len(silent) > 1:
        before, last = (told[sigma]["rho"] for sigma in silent[-2:])
        floor = "has a floor" if last > before / 2 else "still falls"
        words.append(f"rho {floor}: {before:.2g} at sigma = {silent[-2]:g}, {last:.2g} at {silent[-1]:g}")
    return "; ".join(words).capitalize() + "."


def _list(values):
    return ", ".join(f"{value:.2g}" for value in values)


def report(results):
    """The table, a row for each sigma, and the verdict."""
    heads = ["A_0", "A at 10%", "t_al/t_learn", "|K_inf|/|K_0|", "err_inf", "err_0", "rho"]
    forms = ["{:.3f}", "{:.3f}", "{:.2f}", "{:.3g}", "{:.3f}", "{:.3f}", "{:.3f}"]
    rows = [("sigma", heads)]
    for case in results["cases"]:
        values = [case["medians"][name] for name in SHOWN]
        rows.append((f"{case['sigma']:g}", ["-" if v is None else f.format(v) for f, v in zip(forms, values)]))
    settings = results["summary"]["settings"]
    heading = (
        f"ReLU, L = 2 layers, N = {N}; white sample, P = {P}, D = {D}, balanced labels; "
        f"medians of {settings['inits']} runs (seed {settings['seed']})."
    )
    return "\n".join([heading, "", experiments.table(rows), "", results["summary"]["verdict"]])

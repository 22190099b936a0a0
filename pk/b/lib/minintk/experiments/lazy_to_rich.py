"""Small initial weights make the kernel turn before the loss moves; large ones keep it from turning at all.

Claim. One number, the scale sigma of the initial weights, leads from a lazy network to a silently aligned one. From
sigma = 0.3 down, the kernel is aligned ever earlier against the loss (above, it is aligned from the start). rho falls
from 1 to about .01 at sigma = .001, and no further at .0001.

Why. Weights theta = sigma * theta_1 and homogeneity give f_0 ~ sigma^L and K_0 ~ sigma^(2L - 2). Compare the relative
speed of the features with that of the loss at the start:

    (|d grad f / dt| / |grad f|) / (|dL/dt| / L) ~ sigma^(-L),

so that at large sigma the loss is gone before a feature has moved. At small sigma and L = 2 features grow like e^(st)
from sigma on. Their direction is settled after a time of order 1 / s, whatever sigma is. The outputs, of size
sigma^2 e^(2st), are felt after (1 / 2s) log(1 / sigma^2). Hence

    t_align / t_learn ~ 1 / log(1 / sigma).

The floor of rho is not explained by this: the two classes do not set off at the same moment, and the time between grows
with log(1 / sigma) too. At the smallest sigma the alignment at a loss drop of 10 % can therefore fall again, while the
machine of K_inf hardly suffers.

Source. Paper, sections 2 and 3.1 and appendix I (relative speeds); in the text we read, 3.1.2 gives the learning time
twice the coefficient that a simulation has. The floor is our measurement, its cause a guess: over seeds 0 to 5 the
medians of three runs are .008 to .010 at sigma = .001 and .009 to .012 at .0001, single runs .006 to .022.

Try next. Wider layers (N = 400): does the alignment at 10 % rise, and does rho fall? `minintk run --slope
0.1` instead of ReLU. `minintk run --depth 3 --sigma 0.1`: A falls in mid-training, rho stays below 0.1.
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


def _rho(case):
    runs = [run["numbers"]["rho"] for run in case["runs"]]
    return f"{case['medians']['rho']:.2g} ({min(runs):.2g} to {max(runs):.2g}) at {case['sigma']:g}"


def _list(values):
    return ", ".join(f"{value:.2g}" for value in values)


def report(results):
    """The table, a row for each sigma, and the verdict."""
    heads = ["A_0", "A at 10%", "t_ratio", "growth", "err_inf", "err_0", "rho", "smallest", "largest"]
    forms = ["{:.3f}", "{:.3f}", "{:.2f}", "{:.3g}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}"]
    rows = [("sigma", heads)]
    for case in results["cases"]:
        rhos = [run["numbers"]["rho"] for run in case["runs"]]
        values = [*(case["medians"][name] for name in SHOWN), min(rhos), max(rhos)]
        rows.append((f"{case['sigma']:g}", ["-" if v is None else f.format(v) for f, v in zip(forms, values)]))
    settings = results["summary"]["settings"]
    heading = (
        f"ReLU, L = 2 layers, N = {N}; white sample, P = {P}, D = {D}, balanced labels;\n"
        f"medians of {settings['inits']} runs (seed {settings['seed']}), and the smallest and largest rho of these.\n"
        f"t_ratio = t_align / t_learn, growth = |K_inf| / |K_0|.\n{silence.REGIONS}"
    )
    return "\n".join([heading, "", experiments.table(rows), "", results["summary"]["verdict"]])

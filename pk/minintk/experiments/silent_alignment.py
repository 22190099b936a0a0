"""On white digits with small weights the kernel turns before the loss moves; large weights or raw inputs spoil it.

Claim. With small initial weights and white inputs the tangent kernel turns while the loss stands still, and the trained
network is the kernel machine of its own final kernel, on test points too. Raw inputs spoil it for most training sets.
Large weights make the network lazy: the kernel hardly moves, and K_0 predicts the network about as well as K_inf does.
At sigma = 1 that is not well: both err by 11 to 38 % over twelve seeds. At sigma = 3 it is 6 and 7 % (lazy_to_rich).

Why. With loss L = |f - y|^2 / (2 P) gradient flow moves the outputs by

    df_t(x)/dt = k_t(x)^T (y - f_t(X)) / P.

Let the kernel keep its direction while the loss falls, K_t = g(t) K_inf. Then g only sets a clock h, dh = g dt, and

    df(x)/dh = k_inf(x)^T (y - f(X)) / P,

the flow of a frozen kernel, which ends at f_0 + k_inf^T K_inf^-1 (y - f_0), whatever g was. It is enough that all the
turning is done before the loss moves; what is strictly needed is in `minintk explain gap`.

Small weights leave the time for it: scaled by sigma, L layers without biases give outputs of size sigma^L, while at
L = 2 their gradient turns at a speed that does not shrink with sigma. Until the outputs count, every unit is pulled
along y X of the samples that open its gate; only how long it is pulled depends on sigma, like log(1/sigma). White rows
are nearly orthogonal, so that a sample opens and closes hardly any gates but its own. Nearly: centring and the cut of
tiny singular values leave these 50 rows a rank of 48; the diagonal of X X^T goes from 38 to 49, the largest entry off
it is 7.6.

A small err_inf proves nothing where err_0 is small too, hence rho. Nor does A alone: A = .99 is an angle of 8 degrees,
a change of the kernel by 14 %, and what it costs depends on its direction. The gap G_t is 0 at the start by definition
and can grow only while the loss falls; |G_t| / |f_T|, divided by err_0, ends at rho. White inputs cost accuracy, since
they give directions that are mostly noise the weight of all others: 19 points here, against 2 at power 0.25.

Source. Atanasov, Bordelon, Pehlevan, arXiv 2111.00034: sections 1 and 3, Theorem 1, and section 3.2 for inputs that
are not white. "White" is to be read with care for ReLU: silent are P <= D samples with nearly orthogonal rows. With
more samples than inputs we find rho from 0.1 to 0.5 at these sizes.

Try next. `--sigma 0.3`, then 0.001: where does rho stop falling, and why not at 0? `--classes 0,1`: the raw inputs look
silent too, until you read err_0. `--depth 3 --sigma 0.1`: the kernel still turns while the loss falls, and yet rho is
below 0.1. `--slope 1`: why does rho say nothing there? `minintk sweep silent_alignment --sigma 1 0.1 0.01 --power 0
0.5 1 --seed 0 1 2` tabulates the whole map.
"""

import functools
import textwrap

import numpy as np

from minintk import alignment, data, experiments, guard, network, silence, training, whitening

TARGETS = {"mse": 1e-4, "logistic": 0.007, "softmax": 0.01}  # without a finite minimum the last two end more slowly
P_TEST = 2000  # at most this many test samples
FRAMES = 60  # of the film
TURNED = 0.9  # share of the turning that counts as all of it
POOR = 0.1  # an error above it is not "predicted well"
POINT = (
    "err_inf", "err_0", "rho", "A_0", "A_10", "t_align", "t_learn", "drop_at_align", "growth_end", "test_accuracy",
    "final_loss", "steps",
)  # fmt: skip


@guard.settings(
    P="int [1, inf)",
    depth="int [1, inf)",
    width="int [1, inf)",
    sigma="(0, inf)",
    powers="each [0, 1]",
    slope="[0, 1]",
    loss=training.LOSSES,
    step_size="(0, inf)",
    inits="int [1, inf)",
    seed="int [0, inf)",
)
def run(
    path=None,
    classes="3,8",
    P=50,
    depth=2,
    width=100,
    sigma=0.01,
    powers=(0, 0.25, 1),
    slope=0.0,
    loss="mse",
    step_size=None,
    inits=3,
    seed=0,
):
    """Trains at every input power, and once more with sigma = 1 at the first power, from several initial weights.

    path: a file or folder for `data.read`, None for the shipped digits; classes: words for `data.parse_classes`; P
    training samples; depth: the number of layers L; width: N; powers: of the singular values of the inputs, 0 is white
    (`whitening.whitening_map`); step_size: None for 0.1, or 0.03 from power 0.4 on; inits: how many initial weights;
    seed: draws the training set and the weights.
    Returns arrays and summary for the files, heading, and cases: dicts with title, power, sigma, condition (number of
    the training inputs) and runs, one for each initialisation: what `silence.experiment` returns, with test_accuracy,
    final_loss and shares (of the turning, (A - A_0) / (1 - A_0) at each loss drop) among its numbers.
    """
    settings = dict(locals())
    if len({_title(power) for power in powers}) < len(powers):
        raise ValueError(f"run: powers is {list(powers)}, expected numbers that differ")
    raw = draw_task(path, classes, P, loss, seed)
    cases = []
    for title, power, scale in [*((_title(power), power, sigma) for power in powers), ("lazy", powers[0], 1.0)]:
        task = whitened(raw, power)
        eta = step_size or _step_size(power)
        runs = [_train(task, depth, width, scale, eta, slope, loss, [seed, i]) for i in range(inits)]
        condition = whitening.condition_number(task["X"])
        cases.append({"title": title, "power": power, "sigma": scale, "condition": condition, "runs": runs})
    heading = (
        f"{path or 'digits'}, classes {classes}; {P} training samples, L = {depth} layers, N = {width};\n"
        f"slope {slope:g}, {loss} loss; one training set (seed {seed}), medians of {inits} initial weights."
    )
    return {"cases": cases, "heading": heading, "arrays": _arrays(cases), "summary": _summary(cases, settings)}


@guard.settings(
    sigma="(0, inf)",
    width="int [1, inf)",
    depth="int [1, inf)",
    power="[0, 1]",
    P="int [1, inf)",
    seed="int [0, inf)",
)
def point(sigma=0.01, width=100, depth=2, power=0.0, P=50, seed=0):
    """One initialisation on digits 3 against 8, in flat numbers for `minintk sweep`: the first run of `run(seed)`.

    Returns a dict: err_inf, err_0, rho, A_0, A_10 (at a loss drop of 10 %), t_align, t_learn, drop_at_align,
    growth_end, test_accuracy, final_loss, steps. See `silence.silence_numbers`.
    """
    task, eta = whitened(draw_task(None, "3,8", P, "mse", seed), power), _step_size(power)
    run = _train(task, depth, width, sigma, eta, 0.0, "mse", [seed, 0])
    numbers = run["numbers"] | {"A_10": run["numbers"]["A"][1], "steps": round(run["times"][-1] / eta)}
    return {name: numbers[name] for name in POINT}


def film(results):
    """The first run once more, as far as 1.3 times the time of a 99 % loss drop, its kernel kept at many moments.

    results: what `run` returns. The moments are evenly spread over the silence (loss drop below 1 %), the escape (to
    99 %) and what follows. Returns a dict: title, sigma, runs (their number); times, losses, alignments with the run's
    K_inf, each (T,); kernels (T, P, P), or (T, C, C, P, P) for several outputs; and curves, the run's own times,
    losses, alignments.
    """
    given, case = results["summary"]["settings"], results["cases"][0]
    run = case["runs"][0]
    task = whitened(draw_task(given["path"], given["classes"], given["P"], given["loss"], given["seed"]), case["power"])
    eta = given["step_size"] or _step_size(case["power"])
    steps, drops = np.rint(run["times"] / eta).astype(int), 1 - run["losses"] / run["losses"][0]
    ends = [int(steps[reached[0]]) for reached in (np.flatnonzero(drops >= d) for d in (0.01, 0.99)) if len(reached)]
    borders = [0, *ends, min(int(1.3 * ends[-1]) + 1, int(steps[-1])) if len(ends) == 2 else int(steps[-1])]
    frames = max(4, min(FRAMES, silence.MEMORY // (8 * task["Y"].size ** 2)) // 3)
    kept = np.unique([np.linspace(a, b, frames).astype(int) for a, b in zip(borders, borders[1:])])
    again = training.gradient_descent(
        initial_weights(task, given["depth"], given["width"], case["sigma"], [given["seed"], 0]),
        task["X"],
        task["Y"],
        eta,
        given["slope"],
        given["loss"],
        steps=borders[-1],
        record_steps=kept,
        record_kernels=True,
    )
    return {
        "title": case["title"],
        "sigma": case["sigma"],
        "runs": len(case["runs"]),
        "times": again.times,
        "losses": again.losses,
        "alignments": np.array([alignment.kernel_alignment(K, run["kernels"][-1]) for K in again.kernels]),
        "kernels": again.kernels,
        "curves": {name: run[name] for name in ("times", "losses", "alignments")},
    }


def draw_task(path, classes, P, loss, seed):
    """The training and the test set, drawn by the seed: X (P, D), Y (P, C), X_test, y_test."""
    rng, groups = np.random.default_rng(seed), data.parse_classes(classes)
    X, y, X_test, y_test = data.split(*(data.read(path) if path else data.digits()), groups, P, rng)
    tested = np.sort(rng.permutation(len(X_test))[:P_TEST])
    return {"X": X, "Y": target_matrix(y, len(groups), loss), "X_test": X_test[tested], "y_test": y_test[tested]}


def whitened(task, power):
    """The task with its inputs mapped to this power of their singular values, by the training set's map."""
    M = whitening.whitening_map(task["X"], power)
    return task | {"X": task["X"] @ M, "X_test": task["X_test"] @ M}


def _step_size(power):
    return 0.1 if power < 0.4 else 0.03


def initial_weights(task, depth, width, sigma, rng):
    """Weights that fit the task's inputs and targets."""
    sizes = [task["X"].shape[1], *[width] * (depth - 1), task["Y"].shape[1]]
    return network.init_weights(sizes, sigma, np.random.default_rng(rng))


def _train(task, depth, width, sigma, eta, slope, loss, rng):
    weights = initial_weights(task, depth, width, sigma, rng)
    result = silence.experiment(
        weights, task["X"], task["Y"], task["X_test"], eta, slope, loss, target_loss=TARGETS[loss]
    )
    A_0, A = result["numbers"]["A_0"], result["numbers"]["A"]
    result["numbers"]["shares"] = [None if a is None or A_0 >= 1 else alignment.relative_alignment(a, A_0) for a in A]
    result["numbers"]["test_accuracy"] = accuracy(result["network"], task["y_test"])
    result["numbers"]["final_loss"] = float(result["losses"][-1])
    return result


def target_matrix(y, n_classes, loss):
    """Labels of `data.split` as targets (P, C): C = 1 for two classes, else (and for softmax) one output a class."""
    if n_classes == 2 and loss != "softmax":
        return y[:, None]
    index = (1 - y) / 2 if n_classes == 2 else y
    one_hot = np.eye(n_classes)[index.astype(int)]
    return 2 * one_hot - 1 if loss == "logistic" else one_hot


def accuracy(f, y):
    """The share of test samples put into their class by the sign of one output or the largest of several, f (P, C)."""
    if f.shape[1] == 1:
        return float((np.sign(f[:, 0]) == y).mean())
    index = (1 - y) / 2 if f.shape[1] == 2 else y
    return float((f.argmax(axis=1) == index).mean())


def medians(case):
    """The numbers of a case (see `silence.silence_numbers`), each the median of its runs; None where one is missing."""
    numbers = [run["numbers"] for run in case["runs"]]
    return {name: _median([n[name] for n in numbers]) for name in numbers[0]}


def verdict(numbers):
    """What the numbers of one case mean, by its region (`silence.region`)."""
    found, A_0, A_10, err_0 = silence.region(numbers), numbers["A_0"], numbers["A"][1], numbers["err_0"]
    if found == "unlearnt":
        return f"no verdict: the loss has not dropped by 10 % (it ended at {numbers['final_loss']:.2g})."
    told = f"K_inf predicts the network to {numbers['err_inf']:.1%}, K_0 to {err_0:.0%} (rho = {numbers['rho']:.2g})"
    if err_0 < silence.ROUNDING:
        told = f"K_0 predicts the network exactly (err_0 = {err_0:.0e}): rho says nothing, `explain three_traps` (T2)"
    elif found != "lazy" and numbers["t_ratio"] > 1 and numbers["rho"] < 1:
        told = f"yet the machine of K_inf is {1 / numbers['rho']:.2g} times better than that of K_0: {told}"
    if found == "lazy":
        nearly = (
            f"; both err by more than {POOR:.0%}: only nearly lazy" if min(numbers["err_inf"], err_0) > POOR else ""
        )
        return f"lazy. The kernel grew only {numbers['growth_end']:.2g} times, and A_0 is {A_0:.2f}; {told}{nearly}."
    turned = f"A goes from {A_0:.2f} to {A_10:.2f} before the loss has dropped by 10%{_turning(numbers['shares'][1])}"
    aligned = f"aligned {'only ' if numbers['t_ratio'] > 1 else ''}at {100 * numbers['drop_at_align']:.2g}% loss drop"
    aligned = aligned if numbers["t_align"] else f"A >= {silence.LEVEL:g} from the start"
    if found == "silent":
        return f"silent alignment. {turned}; {told}."
    if found == "trivial":
        silent = numbers["t_ratio"] <= 1 and (numbers["shares"][1] or 0) >= TURNED
        return f"{'turned in silence' if silent else 'not turned in silence'}, {aligned}. {turned}; {told}."
    why = aligned if numbers["t_ratio"] > 1 else f"rho >= {silence.SILENT:g}"
    return f"not silent ({why}). {turned}; {told}."


def _turning(share):
    if share is None:
        return ""
    if share < 0:
        return ": the kernel turns away from K_inf first, and back while the loss falls"
    return f", {share:.0%} of the turning" + ("" if share >= TURNED else "; the rest is done while the loss falls")


def report(results):
    """The table and the verdicts as text."""
    cases = results["cases"]
    columns = [medians(case) for case in cases]
    row = functools.partial(experiments.row, columns)
    rows = [
        ("", [case["title"] for case in cases]),
        ("power of the singular values", [f"{case['power']:g}" for case in cases]),
        ("sigma, scale of the weights", [f"{case['sigma']:g}" for case in cases]),
        ("condition number of X^T X / P", [f"{case['condition']:.3g}" for case in cases]),
        None,
        row("A(K_t, K_inf) at the start", "{:.3f}", "A_0"),
        *(row(f"  at a loss drop of {drop:.0%}", "{:.3f}", "A", i) for i, drop in enumerate(silence.DROPS)),
        ("share of the turning at 1% drop", [_share(n, 0) for n in columns]),
        ("  at 10% drop", [_share(n, 1) for n in columns]),
        ("|K_t| / |K_0| at the start", ["1"] * len(cases)),
        *(row(f"  at a loss drop of {drop:.0%}", "{:.3g}", "growth", i) for i, drop in enumerate(silence.DROPS)),
        row("  at the end", "{:.3g}", "growth_end"),
        None,
        row("t_align, A >= 0.95 from then on", "{:.2f}", "t_align"),
        row("t_learn, loss drop 10%", "{:.2f}", "t_learn"),
        row("t_align / t_learn", "{:.2f}", "t_ratio"),
        row("loss drop at t_align", "{:.2%}", "drop_at_align"),
        None,
        row("err_inf, machine of K_inf", "{:.3g}", "err_inf"),
        row("err_0, machine of K_0", "{:.3g}", "err_0"),
        ("rho = err_inf / err_0", ["-" if n["err_0"] < silence.ROUNDING else f"{n['rho']:.3f}" for n in columns]),
        ("  smallest and largest of the runs", [_range(case["runs"]) for case in cases]),
        row("test accuracy", "{:.2f}", "test_accuracy"),
    ]
    verdicts = [
        textwrap.fill(f"{case['title']}: {verdict(n)}", 100, subsequent_indent="  ") for case, n in zip(cases, columns)
    ]
    return "\n".join([results["heading"], silence.REGIONS, "", experiments.table(rows), "", *verdicts])


def _share(numbers, i):
    share = numbers["shares"][i]
    return "-" if share is None or silence.region(numbers) == "lazy" else f"{share:.0%}"


def _arrays(cases):
    return {
        f"{case['title']}_{i}_{name}".replace(" ", "_"): value
        for case in cases
        for i, run in enumerate(case["runs"])
        for name, value in run.items()
        if name != "numbers"
    }


def _summary(cases, settings):
    told = [
        {name: case[name] for name in ("title", "power", "sigma", "condition")}
        | {
            "verdict": verdict(medians(case)),
            "medians": medians(case),
            "runs": [run["numbers"] for run in case["runs"]],
        }
        for case in cases
    ]
    verdicts = [f"{case['title']}: {case['verdict']}" for case in told]
    return {"experiment": "silent_alignment", "settings": settings, "cases": told, "verdict": "\n".join(verdicts)}


def _title(power):
    return {0: "white", 1: "raw"}.get(power, f"power {power:g}")


def _median(values):
    if isinstance(values[0], list):
        return [_median(list(entries)) for entries in zip(*values)]
    return None if None in values else float(np.median(values))


def _range(runs):
    rhos = [run["numbers"]["rho"] for run in runs if run["numbers"]["err_0"] >= silence.ROUNDING]
    return f"{min(rhos):.3f}..{max(rhos):.3f}" if rhos else "-"

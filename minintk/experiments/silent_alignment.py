"""On white digits with small weights the kernel turns before the loss moves; large weights spoil it, raw inputs often.

Claim. With small initial weights and white inputs the tangent kernel turns while the loss stands still, and the trained
network is the kernel predictor of its own final kernel (its machine, for short), on test points too. Under gradient
descent raw inputs spoil it for most training sets (with Adam they do not: optimisers). Large weights make the network
lazy: the kernel hardly moves, and K_0 predicts the network about as well as K_inf does. At sigma = 1 that is not well:
both err by 11 to 38 % over twelve seeds. At sigma = 3 it is 6 and 7 % (lazy_to_rich).

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
a change of the kernel by 14 %, and what it costs depends on its direction: at a loss drop of 1 % the kernel of white
digits has A = .99, and its predictor still errs by .2 where that of K_inf errs by .02 (err_t in the table). So most of
the turning is done in silence, but what is left of it counts. The gap G_t is 0 at the start by definition
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

from minintk import alignment, experiments, guard, silence, training, whitening
from minintk.experiments import common, film, style

ON_THE_WAY = (0.01, 0.1, 0.5)  # the loss drops whose kernels' predictors are asked too
TARGETS = {"mse": 1e-4, "logistic": 0.007, "softmax": 0.01}  # without a finite minimum the last two end more slowly
LAZY_SIGMA = 1.0  # of the last case
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

    path: for `data.read`, None for the shipped digits; classes: for `data.parse_classes`; P training samples; depth:
    the number of layers L; width: N; powers: whitening exponents (`whitening.whitening_map`), 0 is white; step_size:
    None for 0.1, or 0.03 from power 0.4 on; inits: how many initial weights; seed: draws the training set and the
    weights.
    A case is a dict with title, power, sigma, condition (number of the training inputs) and runs, one for each
    initialisation: what `silence.experiment` returns, with test_accuracy, final_loss and shares (of the turning,
    (A - A_0) / (1 - A_0) at each loss drop) among its numbers, and of its kernels three: at the start, at a loss drop
    of 1 %, at the end.
    """
    settings = {
        "path": path, "classes": classes, "P": P, "depth": depth, "width": width, "sigma": sigma, "powers": powers,
        "slope": slope, "loss": loss, "step_size": step_size, "inits": inits, "seed": seed,
    }  # fmt: skip
    if len({_title(power) for power in powers}) < len(powers):
        raise ValueError(f"run: powers is {list(powers)}, expected numbers that differ")
    raw = common.task(path, classes, P, loss, seed)
    cases, filmed = [], None
    for title, power, scale in [*((_title(power), power, sigma) for power in powers), ("lazy", powers[0], LAZY_SIGMA)]:
        task, eta, runs = common.whitened(raw, power), step_size or _step_size(power), []
        for i in range(inits):
            result = _train(task, depth, width, scale, eta, slope, loss, [seed, i])
            filmed = filmed or _filmed(result)
            runs.append(result | {"kernels": result["kernels"][[0, _first(result, 0.01), -1]]})
        condition = whitening.condition_number(task["X"])
        A_y = _linear_A_y(task, depth) if power == 0 and raw["Y"].shape[1] == 1 else None
        told = {"title": title, "power": power, "sigma": scale, "condition": condition, "A_y_linear": A_y}
        cases.append(told | {"runs": runs})
    summary = _summary(cases, settings)
    return experiments.Result(
        summary,
        _arrays(cases),
        report(cases, settings),
        functools.partial(figure, cases),
        functools.partial(_film, cases[0], filmed),
    )


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
    task, eta = common.whitened(common.task(None, "3,8", P, "mse", seed), power), _step_size(power)
    run = _train(task, depth, width, sigma, eta, 0.0, "mse", [seed, 0])
    numbers = run["numbers"] | {"A_10": run["numbers"]["A"][1], "steps": round(run["times"][-1] / eta)}
    return {name: numbers[name] for name in POINT}


def _step_size(power):
    return 0.1 if power < 0.4 else 0.03


def _train(task, depth, width, sigma, eta, slope, loss, rng):
    weights = common.initial_weights(task, depth, width, sigma, rng)
    result = silence.experiment(
        weights, task["X"], task["Y"], task["X_test"], eta, slope, loss, target_loss=TARGETS[loss]
    )
    result["numbers"] |= _on_the_way(weights, task, eta, slope, loss, result)
    A_0, A = result["numbers"]["A_0"], result["numbers"]["A"]
    result["numbers"]["shares"] = [None if a is None or A_0 >= 1 else alignment.relative_alignment(a, A_0) for a in A]
    result["numbers"]["test_accuracy"] = common.accuracy(result["network"], task["y_test"])
    result["numbers"]["final_loss"] = float(result["losses"][-1])
    return result


def _on_the_way(weights, task, eta, slope, loss, result):
    """err_t, the errors of the predictors of K_t at the loss drops ON_THE_WAY; A_y at the start and at the end."""
    X, X_test, last = task["X"], task["X_test"], (1 - ON_THE_WAY[-1]) * result["losses"][0]
    kept = {"record_drops": ON_THE_WAY, "record_weights": True, "X_test": X_test}
    down = {"steps": 20_000, "target_loss": last, **kept}  # the first steps once more, with the weights on the way
    run = training.gradient_descent(weights, X, task["Y"], eta, slope, loss, **down)
    ends, errors = (result["trained"], run.outputs[0], run.test_outputs[0], slope), []
    for drop in ON_THE_WAY:
        reached = np.flatnonzero(run.losses <= (1 - drop) * run.losses[0])
        machine = silence.kernel_machine(run.weights[reached[0]], X, X_test, *ends) if len(reached) else None
        errors.append(None if machine is None else alignment.kernel_error(machine, result["network"]))
    one = result["kernels"].ndim == 3  # of several outputs, no A_y is told
    ends = [alignment.task_alignment(K, task["Y"]) if one else None for K in result["kernels"][[0, -1]]]
    return {"err_t": errors, "A_y": ends}


def _linear_A_y(task, depth):
    """The A_y at which small linear layers end on white inputs: R^2 L / sqrt(L^2 + rank - 1), R^2 of the linear fit."""
    X, y = task["X"], task["Y"][:, :1]
    fitted = X @ np.linalg.lstsq(X, y, 1e-10)[0]
    return float(
        (fitted**2).sum() / (y**2).sum() * depth / (depth**2 + np.linalg.matrix_rank(X, rtol=1e-10) - 1) ** 0.5
    )


def _first(run, drop):
    """The first recorded moment at this loss drop; 0, the start, if there is none."""
    return int(np.argmax(run["losses"] <= (1 - drop) * run["losses"][0]))


def _filmed(run):
    """The moments and kernels of a run that its film shows."""
    kept = film.moments(run["times"], run["losses"])
    return kept, run["kernels"][kept]


def verdict(numbers):
    """What the numbers of one case mean, by its region (`silence.region`)."""
    found, A_0, A_10, err_0 = silence.region(numbers), numbers["A_0"], numbers["A"][1], numbers["err_0"]
    if found == "unlearnt":
        return f"no verdict: the loss has not dropped by 10 % (it ended at {numbers['final_loss']:.2g})."
    told = f"K_inf predicts the network to {numbers['err_inf']:.1%}, K_0 to {err_0:.0%} (rho = {numbers['rho']:.2g})"
    if err_0 < silence.ROUNDING:
        told = f"K_0 predicts the network exactly (err_0 = {err_0:.0e}): rho says nothing, `explain three_traps` (T2)"
    elif found != "lazy" and numbers["t_ratio"] > 1 and numbers["rho"] < 1:
        told = f"yet the predictor of K_inf is {1 / numbers['rho']:.2g} times better than that of K_0: {told}"
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


def report(cases, settings):
    """The table and the verdicts as text."""
    heading = (
        f"{settings['path'] or 'digits'}, classes {settings['classes']}; {settings['P']} training samples, "
        f"L = {settings['depth']} layers, N = {settings['width']};\n"
        f"slope {settings['slope']:g}, {settings['loss']} loss; one training set (seed {settings['seed']}), "
        f"medians of {settings['inits']} initial weights."
    )
    columns = [medians(case) for case in cases]
    row = functools.partial(common.row, columns)
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
        row("err_inf, predictor of K_inf", "{:.3g}", "err_inf"),
        row("err_0, predictor of K_0", "{:.3g}", "err_0"),
        *(
            row(f"  err_t, of K_t at a loss drop of {drop:.0%}", "{:.3g}", "err_t", i)
            for i, drop in enumerate(ON_THE_WAY)
        ),
        ("rho = err_inf / err_0", ["-" if n["err_0"] < silence.ROUNDING else f"{n['rho']:.3f}" for n in columns]),
        ("  smallest and largest of the runs", [_range(case["runs"]) for case in cases]),
        None,
        row("A_y, alignment of K_0 and targets", "{:.3f}", "A_y", 0),
        row("  of K_inf", "{:.3f}", "A_y", 1),
        common.row(cases, "  of linear layers, at the end", "{:.3f}", "A_y_linear"),
        row("test accuracy", "{:.2f}", "test_accuracy"),
    ]
    verdicts = [
        textwrap.fill(f"{case['title']}: {verdict(n)}", 100, subsequent_indent="  ") for case, n in zip(cases, columns)
    ]
    return "\n".join([heading, silence.REGIONS, "", common.table(rows), "", *verdicts])


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
        {name: case[name] for name in ("title", "power", "sigma", "condition", "A_y_linear")}
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


def medians(case):
    """The numbers of a case, each the median of its runs."""
    return common.medians([run["numbers"] for run in case["runs"]])


def _range(runs):
    rhos = [run["numbers"]["rho"] for run in runs if run["numbers"]["err_0"] >= silence.ROUNDING]
    return f"{min(rhos):.3f}..{max(rhos):.3f}" if rhos else "-"


def figure(cases):
    """One column a case: loss, alignment and |K| in time; three kernels; network against predictors; all gaps below.

    Of each case the run of median rho is drawn. Its gap is divided by its err_0, as rho is: without that,
    |G_t| / |f_T| of white inputs is the largest below a drop of 30 %.
    """
    cases = [case | {"runs": [common.median_run(case["runs"], "rho")]} for case in cases]
    n = len(cases)
    fig = style.blank((3.3 * n, 11.2))
    curves, images, scatters, gaps = fig.subfigures(4, 1, height_ratios=[3.2, 1.6, 3.2, 2.6])
    for column, (case, ax) in enumerate(zip(cases, curves.subplots(1, n, squeeze=False)[0])):
        _curves(ax, case)
        if column == 0:
            ax.set_ylabel("relative to the start or the end")
    curves.legend(*ax.get_legend_handles_labels(), fontsize=8.5, ncols=3, loc="outside upper left")
    for case, part in zip(cases, np.atleast_1d(images.subfigures(1, n))):
        _kernels(part.subplots(1, 3), case["runs"][0]["kernels"])
    for column, (case, ax) in enumerate(zip(cases, scatters.subplots(1, n, squeeze=False)[0])):
        run, n = case["runs"][0], case["runs"][0]["numbers"]
        style.scatter(ax, run["network"], run["machine_inf"], run["machine_0"])
        if column == 0:
            ax.set_ylabel("kernel predictor")
            ax.legend(fontsize=7.5, loc="upper left", markerscale=2)
        ax.set_title(rf"$\rho$ = {n['rho']:.2g}" if n["err_0"] >= silence.ROUNDING else r"$err_0 = 0$", fontsize=9)
    _gaps(gaps.subplots(), cases)
    return fig


def _curves(ax, case):
    run, numbers = case["runs"][0], case["runs"][0]["numbers"]
    end = run["times"][np.argmax(run["losses"] <= 0.01 * run["losses"][0])] * 1.15 or run["times"][-1]
    ax.plot(run["times"], run["losses"] / run["losses"][0], color=style.BLACK, ls="-", label="loss $L/L_0$")
    ax.plot(run["times"], run["alignments"], color=style.BLUE, ls="--", label=r"alignment $A(K_t,K_\infty)$")
    ax.plot(
        run["times"], run["norms"] / run["norms"][-1], color=style.ORANGE, ls="-.", label=r"size $|K_t|/|K_\infty|$"
    )
    if 0 < numbers["t_align"] < end:
        ax.axvline(numbers["t_align"], color="0.6", lw=0.8)
        ax.text(numbers["t_align"], 0.25, "aligned", rotation=90, color="0.35", fontsize=7, va="center", ha="right")
    ax.set(xlim=(0, end), ylim=(0, 1.05), xlabel="flow time $t$")
    A_y = numbers["A_y"][1]
    told = "" if A_y is None else f"; $A_y$ {numbers['A_y'][0]:.2f} to {A_y:.2f}"
    told += "" if case["A_y_linear"] is None else f" (linear {case['A_y_linear']:.2f})"
    ax.set_title(f"{case['title']}, $\\sigma$ = {case['sigma']:g}{told}", fontsize=9.5)


def _kernels(axes, kernels):
    for ax, K, name in zip(axes, kernels, ["$K_0$", "$K$ at 1 % drop", r"$K_\infty$"]):
        K = K if K.ndim == 2 else K[0, 0]  # of several outputs, the first
        top = abs(K - np.diag(np.diag(K))).max()  # the diagonal would outshine the rest
        ax.imshow(K, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set_title(name, fontsize=8)
        ax.set(xticks=[], yticks=[])
    axes[1].set_xlabel("red > 0 > blue, each to its own largest entry", fontsize=7)


def _gaps(ax, cases):
    for case, (color, dashes) in zip(cases, style.STYLES * len(cases)):
        run, err_0 = case["runs"][0], case["runs"][0]["numbers"]["err_0"]
        if err_0 >= silence.ROUNDING:
            drops = 1 - run["losses"] / run["losses"][0]
            ax.plot(drops[1:], run["gaps"][1:] / err_0, color=color, ls=dashes, label=case["title"])
    ax.set(yscale="log", xlim=(0, 1), ylim=(1e-4, None), xlabel="loss drop $1 - L(t)/L(0)$")
    ax.set_ylabel(r"gap $|G_t|\,/\,(|f_T|\, err_0)$; at the end $\rho$")
    if ax.lines:
        ax.legend(fontsize=8, ncols=len(cases))
    else:
        ax.text(0.5, 0.5, r"$err_0 = 0$ up to rounding: nothing to compare with", ha="center", transform=ax.transAxes)


def _film(case, filmed):
    """The first run of the first case, its kernel drawn at the moments that were kept."""
    run, (kept, kernels) = case["runs"][0], filmed
    losses, A = run["losses"], run["alignments"]
    early = _first(run, 0.01)
    told = f"A goes from {A[0]:.3f} to {A[-1]:.3f}; the loss hardly moved."
    if early:
        told = f"When the loss has dropped by 1 %, A has gone from {A[0]:.3f} to {A[early]:.3f}."
    text = [
        f"Left: the tangent kernel K_t between the training samples, class after class ({case['title']} inputs, "
        f"sigma = {case['sigma']:g}). Every image is divided by its own largest entry off the diagonal: the kernel "
        "grows a lot, and here only its direction shows. Right: the loss, and A, the cosine of the angle between K_t "
        f"and the kernel at the end of training. This is run 1 of {len(case['runs'])}; the table has their medians. "
        "The frames are spread over the silence (loss drop below 1 %), the escape (to 99 %) and what follows, not "
        "evenly over time.",
        told,
        "`minintk explain silent_alignment` says why.",
    ]
    kernels = [K if K.ndim == 2 else K[0, 0] for K in kernels]  # of several outputs, the first

    def begin(ax):
        image = ax.imshow(kernels[0], cmap="RdBu_r", vmin=-1, vmax=1)
        ax.set(xlabel="training sample", ylabel="training sample", title="kernel $K_t$, direction only")

        def move(i):
            off = kernels[i] - np.diag(np.diag(kernels[i]))
            image.set_data(kernels[i] / (abs(off).max() or 1))  # the diagonal would outshine the rest

        return move

    label = "A", r"alignment $A(K_t, K_\infty)$"
    return film.of_run(run["times"], losses, A, label, kept, begin, "The tangent kernel in motion", text)

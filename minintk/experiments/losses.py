"""Logistic and softmax loss keep the silence and the predictor of K_inf; they lose the closed form of the end.

Claim. With small weights and white rows the silent phase is that of the squared loss, driven by y / 2 or y - 1/C in
place of y. From half the loss on, the network is the kernel predictor of K_inf (its machine, for short) to 3 %.
(Nothing ever ends here: K_inf is the kernel at 1 % of the loss at the start.) On another clock h it follows the flow of
the frozen K_inf, in its loss to 10 %, in its outputs only to 5 to 26 % half-way and to 1 % at the end. There is no
closed form for where it goes, and on P > D samples v_1, the top right singular vector of W_1, leaves X^T y again, late
and slowly.

Why. Write dL/df = -e(f) / P, for any loss. While f ~ 0, e is a constant: y, y / 2, or y - 1/C for one-hot rows y. With
e^T X / P = sum_a s_a z_a v_a^T two linear layers grow as

    |W_2^T z_a + W_1 v_a|^2 / 2 = q_a + r_a ~ exp(2 s_a t).

Later df_t(x)/dt = k_t(x)^T e(f_t) / P. If K_t = g(t) K_inf, this is f_t(x) - f_0(x) = k_inf(x)^T a(t), the same a(t)
for all x. At the training points it can be solved for a(t), so that at any time

    f_t(x) - f_0(x) = k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)],

and with dh = g dt it is the flow of the frozen K_inf:

    df(x)/dh = k_inf(x)^T e(f) / P.

For the squared loss the end is f = y, whatever g was. Here |f| grows without end, and the samples of least margin take
over. On P <= D white rows X^T y gives all samples the same margin. On P > D it does not, and v_1 leaves it.

Source. The paper treats the squared loss; the span statement and the clock are our own short derivation. With care:
early on the machine of K_t is better than that of K_inf, since the kernel still turns a little. Half-way the frozen
flow has the right loss but not the right outputs: the classes do not set off at the same moment. And unequal classes
alone turn the kernel of a ReLU network late, so that only the linear network shows cleanly what P > D does.

Try next. `minintk sweep losses --width 100 400 --seed 0 1 2`: does the frozen flow come closer half-way, in
flow_inf_0.5? np.quantile(f, 0.4) for np.median(f) in `turn`, classes of 24 and 16 at P = 40: A falls too. y =
rng.permutation(np.repeat([[1.0], [-1.0]], (16, 24), axis=0)) in `sample`: which error grows, that of the machine of
K_t, of the machine of K_inf or of its flow? 1e-4 for 0.001 in LATE: does the least margin still rise?
"""

import functools

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, linear_theory, network, outputs, training, whitening
from minintk.experiments import common, style

CASES = (  # title, data, slope, sigma, loss, step size
    ("leaky, logistic", "white", 0.1, 1e-3, "logistic", 0.2),
    ("ReLU, logistic", "white", 0.0, 0.01, "logistic", 0.2),
    ("digits, softmax", "digits", 0.0, 0.01, "softmax", 0.2),
    ("stretched, logistic", "stretched", 0.0, 0.01, "logistic", 0.1),
)
P, D, N, P_TEST = 40, 60, 100, 400
CONDITION = 100  # of the population from which the stretched rows are drawn
LEVELS = np.array([0.9, 0.5, 0.1, 0.01])  # shares of the loss at the start
LATE = np.append(LEVELS, 0.001)
SIZES = (40, 120)  # samples, fewer and more than D


@guard.settings(seed="int [0, inf)", inits="int [1, inf)")
def run(seed=0, inits=3):
    """Growth under three losses; machines and frozen flows of four networks; late directions. Medians of `inits`."""
    starts = {loss: growth(loss, np.random.default_rng(seed)) for loss in training.LOSSES}
    arrays = {f"growth_{loss}_{name}": start[name] for loss, start in starts.items() for name in ("times", "sizes")}
    arrays["levels"], cases, turns = LEVELS, [], {}
    for title, *setting in CASES:
        runs = [follow(*setting, N, np.random.default_rng([seed, i])) for i in range(inits)]
        cases.append({"title": title, "medians": common.medians([one["numbers"] for one in runs]), "runs": runs})
        place = title.replace(", ", "_")
        for name in runs[0]["numbers"]:
            arrays[f"{place}_{name}"] = np.array([one["numbers"][name] for one in runs])
        for i, one in enumerate(runs):
            arrays |= {f"{place}_{i}_{name}": curve for name, curve in one["curves"].items()}
    for size in SIZES:
        turns[str(size)] = common.medians([turn(size, np.random.default_rng([seed, i])) for i in range(inits)])
    summary = {
        "experiment": "losses",
        "settings": {"seed": seed, "inits": inits, "P": P, "D": D, "N": N, "levels": LEVELS.tolist()},
        "growth": {loss: {name: start[name] for name in ("rate", "theory")} for loss, start in starts.items()},
        "cases": [{"title": case["title"], **case["medians"]} for case in cases],
        "turns": turns,
    }
    summary["verdict"] = verdict(summary)
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, starts, cases, turns))


def growth(loss, rng, sigma=1e-3):
    """How fast q + r of the largest mode grows in two linear layers, measured from 0 to 3 / s, and 2 s."""
    X, teacher = data.white(60, 30, rng), rng.standard_normal((3, 30))
    y = np.eye(3)[np.argmax(X @ teacher.T, axis=1)] if loss == "softmax" else np.sign(X @ teacher[:1].T)  # (P, C)
    Z, s, V = outputs.early_modes(X, y, loss)
    weights = network.init_weights([30, 50, y.shape[1]], sigma, rng)
    times = np.arange(41) / (4 * s[0])
    kept = {"record_times": times, "record_weights": True}
    flow = training.gradient_flow(weights, X, y, 1.0, loss, time=times[-1], rtol=1e-8, **kept)
    sizes = np.array([sum(linear_theory.mode_overlaps(W, Z[:, 0], V[:, 0])) for W in flow.weights])  # (T,)
    rate = np.log(sizes[12] / sizes[0]) / times[12]
    return {"rate": float(rate), "theory": float(2 * s[0]), "times": flow.times, "sizes": sizes}


def sample(kind, rng):
    """Rows X, targets y (P, 1) or one-hot (P, 3), and test rows."""
    if kind == "digits":
        X, labels, X_test, _ = data.split(*data.digits(), (0, 1, 2), 36, rng, P_TEST)
        M = whitening.whitening_map(X)
        return X @ M, np.eye(3)[labels], X_test @ M
    condition = CONDITION if kind == "stretched" else 1
    X = data.white(P, D, rng) if kind == "white" else data.gaussian(P, D, condition, rng)
    X_test = data.gaussian(P_TEST, D, condition, rng)
    y = common.balanced_labels(P, rng)  # (P, 1)
    return X, y, X_test


@guard.settings(sigma="(0, inf)", slope="[0, 1]", width="int [1, inf)", seed="int [0, inf)")
def point(sigma=0.01, slope=0.0, width=N, seed=0):
    """One network on white rows under logistic loss, in flat numbers for `minintk sweep`: the first run of its table.

    Returns a dict: span_t, span_inf, span_0, flow_inf, flow_0 and flow_loss at each level of the loss, as in
    flow_inf_0.5.
    """
    numbers = follow("white", slope, sigma, "logistic", 0.2, width, np.random.default_rng([seed, 0]))["numbers"]
    names = "span_t", "span_inf", "span_0", "flow_inf", "flow_0", "flow_loss"
    return {f"{name}_{level:g}": value for name in names for level, value in zip(LEVELS, numbers[name])}


def follow(kind, slope, sigma, loss, step_size, width, rng):
    """One run: errors on test points of machines and frozen flows, four numbers each, one a level of the loss."""
    X, y, X_test = sample(kind, rng)
    weights = network.init_weights([X.shape[1], width, y.shape[1]], sigma, rng)
    start = training.loss_gradient(weights, X, y, slope, loss)[0]
    moments = {"record_steps": range(0, 10_000, 2), "record_drops": 1 - LEVELS[:-1]}
    kept = {"record_kernels": True, "record_weights": True, "X_test": X_test}
    down = {"target_loss": LEVELS[-1] * start, **moments, **kept}
    run = training.gradient_descent(weights, X, y, step_size, slope, loss, **down)
    at = [int(np.argmax(run.losses <= level * start * (1 + 1e-9))) for level in LEVELS]
    moved, moved_test = run.outputs - run.outputs[0], run.test_outputs - run.test_outputs[0]
    sizes = np.linalg.norm(run.kernels.reshape(len(run.kernels), -1), axis=1)  # (T,)
    h = outputs.kernel_clock(run.times, sizes)

    def errors(i, trained, times):
        """|f_t - machine| / |f_t - f_0| at these times, of the i-th kernel's machine with these training outputs."""
        K, K_test = run.kernels[i], kernel.ntk(run.weights[i], X_test, X, slope=slope)
        columns = trained.T.reshape(-1, len(trained))  # (C P, times): one machine serves all times
        machines = kernel.kernel_predictor(kernel.block_matrix(K), kernel.block_matrix(K_test), columns)
        tested = moved_test[times].T.reshape(-1, len(times))  # (C P_TEST, times)
        return [alignment.kernel_error(*pair) for pair in zip(machines.T, tested.T)]

    numbers = {"times": run.times[at].tolist(), "clock": h[at].tolist()}
    numbers["span_t"] = [errors(i, moved[[i]], [i])[0] for i in at]
    frozen_0 = outputs.frozen_kernel_flow(run.kernels[0] * (sizes[-1] / sizes[0]), y, h[at], loss)  # (levels, P, C)
    frozen = outputs.frozen_kernel_flow(run.kernels[-1], y, h, loss)  # (T, P, C)
    for name, i, flow in (("0", 0, frozen_0), ("inf", -1, frozen[at])):
        numbers |= {f"span_{name}": errors(i, moved[at], at), f"flow_{name}": errors(i, flow, at)}
    losses = np.array([training.loss_and_cotangent(f, y, loss)[0] for f in frozen]) / start
    numbers["flow_loss"] = losses[at].tolist()
    few = np.arange(1, len(h), 6)  # nothing has moved at time 0
    curves = {"times": run.times, "h": h, "losses": run.losses / start, "frozen_losses": losses}
    curves |= {"few": few, "frozen_errors": np.array(errors(-1, frozen[few], few))}
    return {"numbers": numbers, "curves": curves}


def turn(P, rng):
    """Logistic loss on P white samples of a linear teacher, far down: does the direction stay as it was at 0.9?"""
    X = data.white(P, D, rng)
    f = X @ rng.standard_normal(D)
    y = np.where(f > np.median(f), 1.0, -1.0)[:, None]  # (P, 1)
    first = X.T @ y[:, 0] / np.linalg.norm(X.T @ y)
    down = {"target_loss": LATE[-1] * np.log(2), "record_drops": 1 - LATE[:-1]}
    small, large = (network.init_weights([D, N, 1], sigma, rng) for sigma in (1e-3, 0.01))
    linear = training.gradient_flow(small, X, y, 1.0, "logistic", rtol=1e-4, record_weights=True, **down)
    relu = training.gradient_descent(large, X, y, 0.2, 0.0, "logistic", record_kernels=True, **down)
    directions = np.array([np.linalg.svd(W[0])[2][0] for W in linear.weights[1:]])  # (levels, D)
    directions *= np.sign(directions @ first)[:, None]
    return {
        "cosines": (directions @ first).tolist(),
        "margins": (y * (X @ directions.T)).min(axis=0).tolist(),
        "A": [alignment.kernel_alignment(K, relu.kernels[1]) for K in relu.kernels[1:]],
    }


def verdict(told):
    """What holds of each statement, by the tables."""
    off = max(abs(n["rate"] / n["theory"] - 1) for n in told["growth"].values())
    words = [f"Silent phase: {'the' if off < 1e-3 else 'NOT the'} rate 2 s of the early residual, to {off:.0e}."]
    for n in told["cases"]:
        most, least = max(n["span_inf"][1:]), min(n["span_0"][1:])
        half, end, end_0 = n["flow_inf"][1], n["flow_inf"][-1], n["flow_0"][-1]
        spans, flows = most < 0.1 and most < least / 5, end < 0.05 and end < end_0 / 5
        words.append(
            f"{n['title']}: {'the' if spans else 'NOT the'} predictor of K_inf from half the loss on, <= "
            f"{_percent(most)} off (K_0: >= {_percent(least)});\n  {'on' if flows else 'NOT on'} its flow at the end, "
            f"off by {_percent(end)}; half-way by {_percent(half)} (frozen K_0: {_percent(end_0)} at the end)."
        )
    few, many = (told["turns"][str(size)] for size in SIZES)
    stays, turns = few["cosines"][-1] > 0.999, many["cosines"][-1] < 0.99
    words.append(
        f"Linear, P = {SIZES[0]}: v_1 {'stays' if stays else 'does NOT stay'} along X^T y; P = {SIZES[1]}: it "
        f"{'leaves' if turns else 'does NOT leave'} it (cosine {many['cosines'][-1]:.3f}),\n  and the least margin "
        f"{'rises' if many['margins'][-1] > many['margins'][0] + 0.1 else 'does NOT rise'}."
    )
    return "\n".join(words)


def _percent(value):
    return f"{100 * value:.2g} %"


def report(summary):
    """A table of the growth, one for each network, one of the late directions, and the verdict."""
    starts = list(summary["growth"].values())
    first = [
        ("", list(summary["growth"])),
        ("driven by", ["y", "y / 2", "y - 1/C"]),
        common.row(starts, "2 s", "{:.4f}", "theory"),
        common.row(starts, "growth rate of q + r, measured", "{:.4f}", "rate"),
    ]
    labels = {
        "times": "flow time t",
        "clock": "clock h",
        "span_t": "error of the predictor of K_t",
        "span_inf": "  of K_inf",
        "span_0": "  of K_0",
        "flow_inf": "error of the flow of K_inf at h(t)",
        "flow_0": "  of K_0, scaled to |K_inf|",
        "flow_loss": "loss of the flow of K_inf at h(t)",
    }
    tables = []
    for n in summary["cases"]:
        rows = [(f"{n['title']}; at a loss of", [f"{level:g}" for level in LEVELS])]
        rows += [(label, [f"{v:.{1 if v >= 10 else 3}f}" for v in n[name]]) for name, label in labels.items()]
        tables.append(common.table(rows))
    names = ("cosines", "linear: cos(v_1, X^T y)"), ("margins", "  least margin of v_1"), ("A", "ReLU: A(K_t, K at .9)")
    third = [("at a loss of", [f"{level:g}" for level in LATE])]
    for size, n in summary["turns"].items():
        third += [(f"P = {size}, {label}", [f"{value:.3f}" for value in n[name]]) for name, label in names]
    settings = summary["settings"]
    return "\n\n".join(
        [
            f"Two layers; medians of {settings['inits']} runs (seed {settings['seed']}). Losses: over the start's.",
            "Linear, white, P = 60, D = 30; s, q and r of the largest mode:\n" + common.table(first),
            f"N = {N}, P = {P}, D = {D} (digits 0, 1, 2: P = 36, D = 64); leaky: slope 0.1; stretched: ReLU,\n"
            f"Gaussian rows of population condition number {CONDITION}. Errors are over |f_t - f_0|, test points.\n"
            "A predictor is given f_t(X), of the same time. A flow is gradient flow with the kernel kept.",
            *tables,
            f"Logistic, white, D = {D}, labels from a linear teacher; margin: y x.v_1 of a training sample:\n"
            + common.table(third),
            summary["verdict"],
        ]
    )


def figure(starts, cases, turns):
    """Early growth under three losses; predictors of K_inf and K_0; the clock of the second case; late directions."""
    fig, ((early, span), (clock, late)) = style.panels(2, 2, (12, 8.6))
    for (loss, start), (color, dashes), marker in zip(starts.items(), style.STYLES, "os^"):
        times, sizes = start["times"], start["sizes"] / start["sizes"][0]
        line = np.exp(start["theory"] * times)
        near = line < 10 * sizes.max()
        early.plot(times[near], line[near], color=color, ls=dashes, lw=1)
        early.plot(times, sizes, color=color, ls="", marker=marker, ms=4, label=f"{loss}, $2s$ = {start['theory']:.3f}")
    early.set(yscale="log", xlabel="flow time $t$", ylabel="mode $(q+r)$ relative to the start")
    early.set_title("two linear layers; markers: trained, lines: $e^{2st}$", fontsize=10)
    for case, (color, dashes), marker in zip(cases, style.STYLES * len(cases), "os^v" * len(cases)):
        n = case["medians"]
        span.plot(LEVELS, n["span_inf"], color=color, ls=dashes, marker=marker, label=case["title"])
        span.plot(LEVELS, n["span_0"], color=color, ls=dashes, marker=marker, mfc="none", lw=0.8)
    span.set(xscale="log", yscale="log", xlabel="loss $L/L_0$", ylabel="error over $|f_t-f_0|$, test")
    span.invert_xaxis()
    span.set_title(r"predictor of $K_\infty$ (filled) and of $K_0$ (open)", fontsize=10)
    _clock(clock, cases[:2][-1])
    for (size, n), (color, dashes), marker in zip(turns.items(), style.STYLES, "os"):
        label = f"P = {size}, linear: cosine of $v_1$ and $X^T y$"
        late.plot(LATE, n["cosines"], color=color, ls=dashes, marker=marker, label=label)
        label = f"P = {size}, ReLU: $A(K_t, K)$, $K$ at {LATE[0]:g}"
        late.plot(LATE, n["A"], color=color, ls=dashes, marker=marker, mfc="none", lw=0.8, label=label)
    late.set(xscale="log", xlabel="loss $L/L_0$", ylabel="alignment, cosine")
    late.invert_xaxis()
    late.set_title(f"logistic loss, white rows, D = {D}: what turns late", fontsize=10)
    for ax in (early, span, clock, late):
        ax.legend(fontsize=8)
    return fig


def _clock(ax, case):
    """The run of median error half-way: its loss in time and on the clock, beside the flow of the frozen K_inf."""
    c = common.median_run(case["runs"], "flow_inf", 1)["curves"]
    few = c["few"]
    ax.plot(c["times"][1:], c["losses"][1:], color=style.BLACK, ls=":", lw=2, label="network, in time $t$")
    ax.plot(c["h"][few], c["losses"][few], color=style.BLUE, ls="", marker="o", ms=4, label="network, on $h(t)$")
    ax.plot(c["h"][1:], c["frozen_losses"][1:], color=style.ORANGE, label=r"flow of frozen $K_\infty$, on $h$")
    ax.plot(c["h"][few], c["frozen_errors"], color=style.GREEN, ls="--", marker="x", ms=4, label="  its error")
    ax.set(xscale="log", yscale="log", xlabel="flow time $t$, clock $h$")
    ax.set(xlim=(1e-3, None), ylabel="loss $L/L_0$; error over $|f_t-f_0|$, test")
    ax.set_title(rf"the clock $h = \int |K_t|/|K_\infty|\, dt$: {case['title']}", fontsize=10)

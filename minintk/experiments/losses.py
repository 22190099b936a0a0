"""Logistic and softmax loss leave the silence and the machine as they are; what they take away is the end.

Claim. With small weights and white rows the silent phase is that of the squared loss, driven by y / 2 or Y - 1/C in
place of y. Afterwards the network is the machine of its kernel at every moment, and follows the flow of the frozen
K_inf on another clock. There is no closed form for where it goes, and on P > D samples it turns again, late and slowly.

Why. Write dL/df = -r(f) / P, for any loss. While f ~ 0, r is a constant: y, y / 2 or Y - 1/C. With r^T X / P =
sum_a s_a z_a v_a^T two linear layers grow as |W_2^T z_a + W_1 v_a|^2 / 2 = q_a + r_a ~ e^(2 s_a t). Later
    df_t(x)/dt = k_t(x)^T r(f_t) / P.
If K_t = g(t) K_inf, this is f_t(x) - f_0(x) = k_inf(x)^T a(t) with the same a(t) for all x. At the training points it
can be solved for a(t), so that at any time
    f_t(x) - f_0(x) = k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)],
and with dh = g dt it is the flow of the frozen K_inf: df(x)/dh = k_inf(x)^T r(f) / P. What is lost: for the squared
loss the end is f = y, whatever g was. Here |f| grows without end, and the samples of least margin take over. On P <= D
white rows X^T y gives all samples the same margin. On P > D it does not, and the direction leaves it.

Source. The paper treats the squared loss; the span statement and the clock are our own short derivation. Nothing ever
ends, so that K_inf is the kernel at 1 % of the loss at the start. Three things to take with care. Early on the machine
of K_t is better than that of K_inf: the kernel still turns a little. Half-way the frozen flow is off by .03 to .3,
though its loss is right: the classes do not set off at the same moment. (One factor for each class, fitted to the
training outputs, leaves .02 of .2 for leaky, .06 of .2 for ReLU.) And the kernel of a ReLU network turns late for
another reason too: with classes of 16 and 24 samples, P < D, the last table's A falls to about .86. So only the linear
network shows cleanly what P > D does.

Try next. N = 400: does the frozen flow come closer half-way? Unequal classes, 16 and 24 samples: which of the three
errors grows? Train on to a loss of 1e-4: does the least margin still rise?
"""

import numpy as np

from minintk import alignment, data, experiments, guard, kernel, linear_theory, network, outputs, training, whitening

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
    cases = []
    for title, *setting in CASES:
        runs = [follow(*setting, np.random.default_rng([seed, i])) for i in range(inits)]
        cases.append({"title": title, "medians": _medians(runs), "runs": runs})
    turns = {}
    for size in SIZES:
        turns[size] = _medians([turn(size, np.random.default_rng([seed, i])) for i in range(inits)])
    arrays = {f"growth_{loss}_{name}": start[name] for loss, start in starts.items() for name in ("times", "sizes")}
    arrays["levels"] = LEVELS
    for case in cases:
        title = case["title"].replace(", ", "_")
        arrays |= {f"{title}_{name}": np.array([r["numbers"][name] for r in case["runs"]]) for name in case["medians"]}
        arrays |= {f"{title}_{name}": curve for name, curve in case["runs"][0]["curves"].items()}
    told = {
        "growth": {loss: {name: start[name] for name in ("rate", "theory")} for loss, start in starts.items()},
        "cases": [{"title": case["title"], **case["medians"]} for case in cases],
        "turns": {str(size): n for size, n in turns.items()},
    }
    settings = {"seed": seed, "inits": inits, "P": P, "D": D, "N": N, "levels": LEVELS.tolist()}
    summary = {"experiment": "losses", "settings": settings, **told, "verdict": verdict(told)}
    return {"growth": starts, "cases": cases, "turns": turns, "arrays": arrays, "summary": summary}


def _medians(runs):
    told = [run["numbers"] for run in runs]
    return {name: np.median([n[name] for n in told], axis=0).tolist() for name in told[0]}


def growth(loss, rng, sigma=1e-3):
    """How fast q + r of the strongest mode grows in two linear layers, measured from 0 to 3 / s, and 2 s."""
    X, teacher = data.white(60, 30, rng), rng.standard_normal((3, 30))
    y = np.eye(3)[np.argmax(X @ teacher.T, axis=1)] if loss == "softmax" else np.sign(X @ teacher[:1].T)  # (P, C)
    Z, s, V = outputs.early_modes(X, y, loss)
    weights = network.init_weights([30, 50, y.shape[1]], sigma, rng)
    times = np.arange(41) / (4 * s[0])
    flow = training.gradient_flow(
        weights, X, y, 1.0, loss, time=times[-1], rtol=1e-8, record_times=times, record_weights=True
    )
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
    return X, rng.permutation(np.repeat([[1.0], [-1.0]], P // 2, axis=0)), X_test


def follow(kind, slope, sigma, loss, step_size, rng):
    """One run: errors on test points of machines and frozen flows, four numbers each, one a level of the loss."""
    X, y, X_test = sample(kind, rng)
    weights = network.init_weights([X.shape[1], N, y.shape[1]], sigma, rng)
    start = training.loss_gradient(weights, X, y, slope, loss)[0]
    run = training.gradient_descent(
        weights,
        X,
        y,
        step_size,
        slope,
        loss,
        target_loss=LEVELS[-1] * start,
        record_steps=range(0, 10_000, 2),
        record_drops=1 - LEVELS[:-1],
        record_kernels=True,
        record_weights=True,
        X_test=X_test,
    )
    at = [int(np.argmax(run.losses <= level * start * (1 + 1e-9))) for level in LEVELS]
    moved, moved_test = run.outputs - run.outputs[0], run.test_outputs - run.test_outputs[0]
    sizes = np.linalg.norm(run.kernels.reshape(len(run.kernels), -1), axis=1)  # (T,)
    h = outputs.kernel_clock(run.times, sizes)
    numbers = {"times": run.times[at].tolist(), "clock": h[at].tolist()}

    def errors(kernels, trained):
        """|f_t - machine| / |f_t - f_0| at every level, the machines with these outputs at the training points."""
        found = []
        for i, (K, K_test), f in zip(at, kernels, trained):
            gap = alignment.predictor_gap(K, K_test, f, moved_test[i], np.zeros_like(f), np.zeros_like(moved_test[i]))
            found.append(float(np.linalg.norm(gap) / np.linalg.norm(moved_test[i])))
        return found

    present = [(run.kernels[i], kernel.ntk(run.weights[i], X_test, X, slope=slope)) for i in at]
    numbers["span_t"] = errors(present, moved[at])
    for name, i in (("inf", -1), ("0", 0)):
        K, K_test = run.kernels[i], kernel.ntk(run.weights[i], X_test, X, slope=slope)
        both = [(K, K_test)] * len(at)
        numbers[f"span_{name}"] = errors(both, moved[at])
        numbers[f"flow_{name}"] = errors(both, frozen_at(K * (sizes[-1] / sizes[i]), y, run.losses[at], loss, h[-1]))
        if name == "inf":
            frozen = outputs.frozen_kernel_flow(K, y, h, loss)  # (T, P, C), on the network's clock
            numbers["on_clock"] = errors(both, frozen[at])
    frozen_losses = np.array([training.loss_and_cotangent(f, y, loss)[0] for f in frozen]) / start
    numbers["loss_on_clock"] = frozen_losses[at].tolist()
    curves = {"times": run.times, "h": h, "losses": run.losses / start, "frozen_losses": frozen_losses}
    return {"numbers": numbers, "curves": curves}


def frozen_at(K, y, losses, loss, horizon):
    """The outputs of the frozen kernel's flow at the times at which it has these losses, (levels, P, C)."""
    times = np.geomspace(1e-3, 10, 300) * horizon
    curve = [training.loss_and_cotangent(f, y, loss)[0] for f in outputs.frozen_kernel_flow(K, y, times, loss)]
    reached = np.interp(-np.log(losses), -np.log(curve), np.log(times))
    return outputs.frozen_kernel_flow(K, y, np.exp(reached), loss)


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
    numbers = {
        "cosines": (directions @ first).tolist(),
        "margins": (y * (X @ directions.T)).min(axis=0).tolist(),
        "A": [alignment.kernel_alignment(K, relu.kernels[1]) for K in relu.kernels[1:]],
    }
    return {"numbers": numbers}


def verdict(told):
    """What holds of each statement, by the medians."""
    off = max(abs(n["rate"] / n["theory"] - 1) for n in told["growth"].values())
    words = [f"Silent phase: {'the' if off < 1e-3 else 'NOT the'} rate 2 s of the early residual, to {off:.0e}."]
    for n in told["cases"]:
        late, early = max(n["span_inf"][1:]), n["flow_inf"][1]
        spans = late < 0.1 and late < min(n["span_0"]) / 5
        flows = n["flow_inf"][-1] < 0.05 and n["flow_inf"][-1] < n["flow_0"][-1] / 5
        words.append(
            f"{n['title']}: {'the' if spans else 'NOT the'} machine of K_inf from half the loss on, to {late:.2g} "
            f"(K_0 {min(n['span_0']):.2g}); {'on' if flows else 'NOT on'} its flow at the end, to "
            f"{n['flow_inf'][-1]:.2g} ({early:.2g} half-way; K_0 {n['flow_0'][-1]:.2g})."
        )
    few, many = (told["turns"][str(size)] for size in SIZES)
    stays, turns = few["cosines"][-1] > 0.999, many["cosines"][-1] < 0.99
    words.append(
        f"Linear, P = {SIZES[0]}: the direction {'stays' if stays else 'does NOT stay'} X^T y; P = {SIZES[1]}: it "
        f"{'leaves' if turns else 'does NOT leave'} it (cosine {many['cosines'][-1]:.3f}) and the least margin "
        f"{'rises' if many['margins'][-1] > many['margins'][0] + 0.1 else 'does NOT rise'}."
    )
    return "\n".join(words)


def report(results):
    """Three tables and the verdict."""
    summary = results["summary"]
    first = [("", list(summary["growth"])), ("driven by", ["y", "y / 2", "Y - 1/C"])]
    for name, label in (("theory", "2 s"), ("rate", "growth rate of q + r, measured")):
        first.append((label, [f"{n[name]:.4f}" for n in summary["growth"].values()]))
    labels = {
        "times": "flow time t",
        "clock": "clock h",
        "span_t": "machine of K_t",
        "span_inf": "machine of K_inf",
        "span_0": "machine of K_0",
        "flow_inf": "flow of K_inf at equal loss",
        "flow_0": "flow of K_0 at equal loss",
        "on_clock": "flow of K_inf at h(t)",
        "loss_on_clock": "  its loss",
    }
    second = [("", [n["title"] for n in summary["cases"]])]
    for name, label in labels.items():
        second.append((label, [" ".join(map(_short, n[name])) for n in summary["cases"]]))
    names = ("cosines", "linear: cos(v_1, X^T y)"), ("margins", "  least margin of v_1"), ("A", "ReLU: A(K_t, K at .9)")
    third = [("at a loss of", [f"{level:g}" for level in LATE])]
    for size, n in summary["turns"].items():
        third += [(f"P = {size}, {label}", [f"{value:.3f}" for value in n[name]]) for name, label in names]
    settings = summary["settings"]
    heading = f"Two layers; medians of {settings['inits']} runs (seed {settings['seed']})."
    return "\n\n".join(
        [
            heading,
            "Linear, white, P = 60, D = 30:\n" + experiments.table(first),
            f"N = {N}, P = {P}, D = {D} (digits 0, 1, 2: P = 36, D = 64). Errors are over |f_t - f_0|, test points.\n"
            "In each cell: at a loss of 0.9, 0.5, 0.1 and 0.01 of the start.\n" + experiments.table(second),
            f"Logistic, white, D = {D}, labels from a linear teacher:\n" + experiments.table(third),
            summary["verdict"],
        ]
    )


def _short(value):
    return f"{value:.0f}" if value >= 10 else f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.1f}"

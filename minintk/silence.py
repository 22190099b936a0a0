"""Unit 8. The whole experiment: train, follow the kernel, and ask whether it aligned before the loss moved.

Everything is made of the units before it. With K_inf the kernel at the end of training, three things decide: the
alignment A(K_t, K_inf) against the loss; the error of K_inf's kernel predictor ("machine") on test points against that
of K_0's; and the gap G_t, which shows when the error was made.
"""

import numpy as np

from minintk import alignment, guard, kernel, training

DROPS = (0.01, 0.1, 0.5, 0.9)  # the shares of the loss at which a run is looked at
LEVEL = 0.95  # of alignment, that counts as aligned
RECORDS = 400  # steps of a run that are kept, at most, evenly spaced in log(step)
SILENT = 0.05  # rho below it
LAZY = 2  # |K_inf| / |K_0| below it, if also rho is above ALIKE
ALIKE = 0.25
ROUNDING = 1e-6  # err_0 below it: both machines are the network, and rho is a ratio of rounding errors
GOOD = 0.1  # err_inf up to it: K_inf predicts the network
UNTRAINED = 0.01  # a control below it: any network of this size is predicted by its own kernel
REGIONS = (
    f"silent: rho < {SILENT:g} and t_align <= t_learn; aligned late: only the first of the two;\n"
    f"lazy: |K_inf| < {LAZY:g} |K_0| and rho > {ALIKE:g}; partially aligned: none of these."
)
MEMORY = 2**28  # bytes of kernels that are kept; fewer steps if they would take more


@guard.accepts(kernels="T P P | T C C P P")
def alignment_curve(kernels):
    """A(K_t, K_inf) at every recorded time, where K_inf is the last of the kernels.

    kernels (T, P, P) or (T, C, C, P, P). Returns an array (T,), which ends at 1.
    """
    return np.array([alignment.kernel_alignment(K, kernels[-1]) for K in kernels])


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", f_train="P C", f0_train="P C", f0_test="P2 C", slope="[0, 1]")
def kernel_machine(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    """What the machine of K, its kernel predictor, gives at the test points; K is the kernel at these weights.

    weights: [W_1 ... W_L] of a network with this slope; X (P, D); X_test (P2, D). The machine starts at f_0, the
    network's outputs before training, f0_train (P, C) and f0_test (P2, C). Its targets are the network's final outputs
    f_train (P, C), not y: unfinished training is not the kernel's error. Returns (P2, C). Paper, Theorem 1.
    By hand: one layer has K = X X^T. X = 2, X_test = 1, f_train = 7, f0_train = 3 and f0_test = 1 give 3.

    How: K = kernel.ntk(weights, X) and k = kernel.ntk(weights, X_test, X), both with the slope. The rest is
    kernel.kernel_predictor(K, k, f_train, f0_train, f0_test).
    """
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    return kernel.kernel_predictor(K_train, K_test, f_train, f0_train, f0_test)


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", outputs="T P C", test_outputs="T P2 C", slope="[0, 1]")
def gap_curve(weights, X, X_test, outputs, test_outputs, slope=0.0):
    """|G_t| / |f_T| at every recorded time: how far the network is from the machine of the kernel at these weights.

    G_t is the gap of `alignment.predictor_gap` at X_test (P2, D). weights: [W_1 ... W_L], the final ones, of a network
    with this slope; outputs (T, P, C) and test_outputs (T, P2, C): the network's at X (P, D) and X_test; f_0 is their
    first entry and f_T their last. Norms go over test points and outputs. Returns an array (T,), which starts at 0.
    By hand: one layer has K = X X^T. X = 2, X_test = 1, outputs 3 and 7, test_outputs 1 and 4 give (0, 1/4).

    How: The two kernels are those of kernel_machine, the same at all times, and each time has a predictor_gap. All of
    them at once: G_t is linear in f_t, so the times can be columns of the targets of one kernel predictor.
    """
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    moved, test_moved = ((f - f[0]).T.reshape(-1, len(f)) for f in (outputs, test_outputs))  # (C P, T) and (C P2, T)
    machine = kernel.kernel_predictor(kernel.block_matrix(K_train), kernel.block_matrix(K_test), moved)
    if not test_outputs[-1].any():
        raise ValueError("gap_curve: the last of test_outputs is all zeros, expected something to compare with")
    return np.array([alignment.norm(gap) for gap in (test_moved - machine).T]) / alignment.norm(test_outputs[-1])


@guard.accepts(
    times="T, rising",
    losses="T",
    alignments="T",
    norms="T, positive",
    network="P2 C",
    machine_inf="P2 C",
    machine_0="P2 C",
)
def silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0):
    """The numbers that tell a silent run from a lazy or a noisy one.

    times, losses, alignments A(K_t, K_inf) and norms |K_t|, each (T,); the final outputs at the test points of the
    network, of the machine of K_inf and of that of K_0, each (P2, C). Returns a dict of eleven floats or lists:
    A_0, the first alignment; growth_end, |K_inf| / |K_0|;
    A, growth: lists of A(K_t, K_inf) and of |K_t| / |K_0| at the first time with a loss drop of at least d, for each d
    of DROPS; None where there is no such time;
    t_align at LEVEL, see `alignment.alignment_time`, and t_learn, see `alignment.learning_time`;
    t_ratio, t_align / t_learn; None if t_learn is inf, and inf if only t_align is;
    drop_at_align, 1 - L(t_align) / L(0); None if t_align is inf;
    err_inf, err_0 and rho, see `alignment.kernel_error` and `alignment.silence_ratio`.
    By hand: times (0, 1, 2), losses (2, 1.9, 0.5), alignments (0.5, 0.96, 1) and norms (1, 1.1, 4) give A_0 = 0.5,
    A = [0.96, 1, 1, None], growth = [1.1, 4, 4, None], growth_end = 4, t_align = 1 and t_learn = 2, t_ratio = 0.5 and
    drop_at_align = 0.05.

    How: The index for d is the first one with L <= (1 - d) L(0), if np.flatnonzero finds any. t_align is one of the
    times: np.searchsorted(times, t_align) is its index. The rest are calls of functions of alignment.
    """
    drops = 1 - losses / losses[0]
    reached = [np.flatnonzero(losses <= (1 - d) * losses[0]) for d in DROPS]
    first = [int(moments[0]) if len(moments) else None for moments in reached]
    t_align = alignment.alignment_time(times, alignments, LEVEL)
    t_learn = alignment.learning_time(times, losses)
    err_inf, err_0 = (alignment.kernel_error(machine, network) for machine in (machine_inf, machine_0))
    return {
        "A_0": float(alignments[0]),
        "A": [None if i is None else float(alignments[i]) for i in first],
        "growth": [None if i is None else float(norms[i] / norms[0]) for i in first],
        "growth_end": float(norms[-1] / norms[0]),
        "t_align": t_align,
        "t_learn": t_learn,
        "t_ratio": t_align / t_learn if t_learn < np.inf else None,
        "drop_at_align": float(drops[np.searchsorted(times, t_align)]) if t_align < np.inf else None,
        "err_inf": err_inf,
        "err_0": err_0,
        "rho": alignment.silence_ratio(err_inf, err_0),
    }


def region(numbers):
    """The word for a run, or for the medians of several, from its numbers and from the controls that were made.

    numbers: a dict with growth_end, t_ratio, err_inf, err_0 and rho from `silence_numbers`; t_ratio is None if the loss
    has not dropped by 10 %. It may hold two controls: err_inf_relu, the err_inf of the same run with ReLU, and
    untrained, the error with which the kernel of an untrained network of this size predicts that network from as many
    samples. Returns the first of these words that fits:
    "unlearnt": the loss has not dropped by 10 %, and nothing can be said yet.
    "lazy": the kernel at the end is nearly the one at the start, both in size and in what it predicts: rho > ALIKE, or
    err_0 < ROUNDING, where rho is a ratio of rounding errors.
    "trivial": K_inf predicts the network (err_inf <= GOOD), but not since it has turned. K_0 would do to rounding, or
    the kernel of an untrained network, or the same run is not predicted once it has a kink (err_inf_relu > GOOD).
    "silent": K_inf predicts the network far better than K_0 (rho < SILENT, whatever err_inf and the growth are), and
    the kernel arrived no later than the network learned.
    "aligned late": the first holds, and not the second.
    "partially aligned": all else.
    Bounds, which themselves count as not reached: SILENT and ALIKE for rho, LAZY for the growth, UNTRAINED.

    How: t_ratio is None: unlearnt. growth_end < LAZY, and rho > ALIKE or err_0 < ROUNDING: lazy. err_inf <= GOOD, and
    err_0 < ROUNDING or untrained < UNTRAINED or err_inf_relu > GOOD: trivial. Not rho < SILENT: partially aligned. Then
    t_ratio decides: silent up to 1, else aligned late.
    """
    rho, err_0 = numbers["rho"], numbers["err_0"]
    if numbers["t_ratio"] is None:
        return "unlearnt"
    if numbers["growth_end"] < LAZY and (rho > ALIKE or err_0 < ROUNDING):
        return "lazy"
    untrained, with_a_kink = numbers.get("untrained", 1), numbers.get("err_inf_relu", 0)
    if (err_0 < ROUNDING or untrained < UNTRAINED or with_a_kink > GOOD) and numbers["err_inf"] <= GOOD:
        return "trivial"
    if not rho < SILENT:
        return "partially aligned"
    return "silent" if numbers["t_ratio"] <= 1 else "aligned late"


@guard.accepts(
    weights="D -> C",
    X="P D",
    y="targets",
    X_test="P2 D",
    step_size="(0, inf)",
    slope="[0, 1]",
    loss=training.LOSSES,
    steps="int [1, inf)",
    target_loss="[0, inf)",
    gives="C C P P",
)
def experiment(weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4):
    """Trains a network by `training.gradient_descent` and measures how silently its kernel aligned.

    weights: [W_1 ... W_L] at the start; X (P, D); y: targets, in any form that gradient_descent takes; X_test (P2, D).
    Recorded are the start, the first step with each loss drop of DROPS, the end, and RECORDS steps from 1 to `steps`,
    evenly spaced in log(step), each once. Returns a dict:
    times, losses, alignments A(K_t, K_inf), norms |K_t|, and gaps, see `gap_curve`, each (T,);
    kernels, all of them, (T, P, P) or (T, C, C, P, P); K_0 is the first and K_inf the last;
    trained, the network's final outputs at X (P, C);
    network, machine_inf, machine_0, the final outputs at X_test (P2, C) of the network and of the two machines;
    numbers, see `silence_numbers`.
    ValueError if the target loss is met at the start, or if the steps are too small to move the loss at all.

    How: run = training.gradient_descent(..., record_steps=np.unique(np.geomspace(1, steps, RECORDS).astype(int)),
    record_drops=DROPS, record_kernels=True, X_test=X_test) keeps all that is needed: f_0 is the first entry of
    run.outputs and run.test_outputs, f_T the last; run.weights are the first and the last. The rest is the functions
    above. The machine of K_inf, and the gaps, take the last weights, the machine of K_0 takes the first.
    """
    records = max(20, min(RECORDS, MEMORY // (8 * (len(X) * len(weights[-1])) ** 2)))
    run = training.gradient_descent(
        weights,
        X,
        y,
        step_size,
        slope,
        loss,
        steps=steps,
        target_loss=target_loss,
        record_steps=np.unique(np.geomspace(1, steps, records).astype(int)),
        record_drops=DROPS,
        record_kernels=True,
        X_test=X_test,
    )
    if run.losses[0] <= target_loss:
        raise ValueError(
            f"experiment: target_loss is {target_loss:g}, expected less than the first loss {run.losses[0]:g}"
        )
    if (run.losses == run.losses[0]).all():
        raise ValueError(f"experiment: {steps} steps of {step_size:g} have not moved the loss, expected longer ones")
    ends = run.outputs[-1], run.outputs[0], run.test_outputs[0]
    machines = {
        "machine_inf": kernel_machine(run.weights[-1], X, X_test, *ends, slope),
        "machine_0": kernel_machine(run.weights[0], X, X_test, *ends, slope),
    }
    curves = {
        "times": run.times,
        "losses": run.losses,
        "alignments": alignment_curve(run.kernels),
        "norms": np.array([alignment.norm(K) for K in run.kernels]),
    }
    return {
        **curves,
        **machines,
        "trained": run.outputs[-1],
        "network": run.test_outputs[-1],
        "gaps": gap_curve(run.weights[-1], X, X_test, run.outputs, run.test_outputs, slope),
        "kernels": run.kernels,
        "numbers": silence_numbers(**curves, **machines, network=run.test_outputs[-1]),
    }

"""Unit 8. Silent alignment: the finished exercises.

Cut from minintk/silence.py by minintk dev cut. The derivations are in 08_silent_alignment.md.
"""

import numpy as np

from minintk import alignment, guard, kernel, training

DROPS = (0.01, 0.1, 0.5, 0.9)  # the shares of the loss at which a run is looked at
LEVEL = 0.95  # of alignment, that counts as aligned
RECORDS = 400  # moments of a run that are kept, evenly spaced in log(time)
MEMORY = 2**28  # bytes of kernels that are kept; fewer moments if these are larger


@guard.accepts(kernels="T P P | T C C P P")
def alignment_curve(kernels):
    """A(K_t, K_inf) at every recorded time (T,); K_inf is the last of the kernels (T, P, P) or (T, C, C, P, P)."""
    return np.array([alignment.kernel_alignment(K, kernels[-1]) for K in kernels])


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", f_train="P C", f0_train="P C", f0_test="P2 C", slope="[0, 1]")
def kernel_machine(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    """What the kernel at these weights predicts at X_test (P2, D) from f_0 and the final outputs f_train (P, C).

    X (P, D); f0_train (P, C) and f0_test (P2, C): the network's outputs before training. Returns (P2, C).
    """
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    return kernel.kernel_predictor(K_train, K_test, f_train, f0_train, f0_test)


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", outputs="T P C", test_outputs="T P2 C", slope="[0, 1]")
def gap_curve(weights, X, X_test, outputs, test_outputs, slope=0.0):
    """|G_t| / |f_T| at the test points (T,): the gap to the machine of the kernel at the final weights.

    outputs (T, P, C) and test_outputs (T, P2, C): the network at X (P, D) and X_test (P2, D); f_0 is their first entry
    and f_T their last.
    """
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    gaps = [
        alignment.predictor_gap(K_train, K_test, f_train, f_test, outputs[0], test_outputs[0])
        for f_train, f_test in zip(outputs, test_outputs)
    ]
    return np.linalg.norm(gaps, axis=(1, 2)) / np.linalg.norm(test_outputs[-1])


@guard.accepts(times="T", losses="T", alignments="T", norms="T", network="P2 C", machine_inf="P2 C", machine_0="P2 C")
def silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0):
    """The numbers that tell a silent run from a lazy or a noisy one.

    times, losses, alignments A(K_t, K_inf) and norms |K_t|, each (T,); the final test outputs of the network, of the
    machine of K_inf and of that of K_0, each (P2, C). Returns a dict: A_0; A and growth = |K_t| / |K_0|, lists with one
    entry for each loss drop of DROPS (None if it was not reached); t_align at LEVEL, t_learn, t_ratio =
    t_align / t_learn (None if t_learn is inf, inf if only t_align is); drop_at_align, the loss drop at t_align (None if
    that is inf); err_inf, err_0, rho; and growth_end, |K_inf| / |K_0|.
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
)
def experiment(weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4):
    """Trains a network by gradient descent and measures how silently its kernel aligned.

    weights: [W_1 ... W_L] at the start; X (P, D), y as in `training.loss_and_cotangent`; X_test (P2, D). Trains by
    run = training.gradient_descent(weights, X, y, step_size, slope, loss, steps=, target_loss=, record_steps=,
    record_drops=, record_kernels=True, X_test=X_test), whose result has times, losses, kernels, outputs, test_outputs
    at the recorded moments, the start and the end among them, and weights, the first and the last.
    Returns a dict: times, losses, alignments, norms, gaps, each (T,); kernels, (3, P, P) or (3, C, C, P, P): K_0, the
    first recorded at a loss drop of 1 % (K_0 if there is none), K_inf; network, machine_inf, machine_0, the final test
    outputs (P2, C); and numbers, see `silence_numbers`. ValueError if the target loss is met at the start, or if the
    steps are too small to move it at all.
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
        "norms": np.array([np.linalg.norm(K) for K in run.kernels]),
    }
    early = int(np.argmax(run.losses <= (1 - DROPS[0]) * run.losses[0]))  # 0, the start, if it was never reached
    return {
        **curves,
        **machines,
        "network": run.test_outputs[-1],
        "gaps": gap_curve(run.weights[-1], X, X_test, run.outputs, run.test_outputs, slope),
        "kernels": run.kernels[[0, early, -1]],
        "numbers": silence_numbers(**curves, **machines, network=run.test_outputs[-1]),
    }

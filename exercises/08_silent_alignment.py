"""Unit 8. Silent alignment.

Does the kernel of a small network on white inputs turn before its loss moves, and does the network end as the
kernel predictor of its final kernel, or machine in short?

Work from top to bottom; minintk check 8 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import alignment, guard, kernel, training

DROPS = (0.01, 0.1, 0.5, 0.9)  # the shares of the loss at which a run is looked at
LEVEL = 0.95  # of alignment, that counts as aligned
RECORDS = 400  # steps of a run that are kept, at most, evenly spaced in log(step)


@guard.accepts(kernels="T P P | T C C P P")
def alignment_curve(kernels):
    """A(K_t, K_inf) at every recorded time, where K_inf is the last of the kernels.

    kernels (T, P, P) or (T, C, C, P, P). Returns an array (T,), which ends at 1.
    """
    # Follow the kernel's direction through a run, its size left out. The curve shows when the kernel has arrived.
    # (3 points, about 5 minutes)
    raise NotImplementedError("silence.alignment_curve")


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", f_train="P C", f0_train="P C", f0_test="P2 C", slope="[0, 1]")
def kernel_machine(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    """What the machine of K, its kernel predictor, gives at the test points; K is the kernel at these weights.

    weights: [W_1 ... W_L] of a network with this slope; X (P, D); X_test (P2, D). The machine starts at f_0, the
    network's outputs before training, f0_train (P, C) and f0_test (P2, C). Its targets are the network's final outputs
    f_train (P, C), not y: unfinished training is not the kernel's error. Returns (P2, C). Paper, Theorem 1.
    By hand: one layer has K = X X^T. X = 2, X_test = 1, f_train = 7, f0_train = 3 and f0_test = 1 give 3.
    """
    # Ask what a kernel predicts. The final weights give the machine of K_inf, the first ones that of K_0: the claim
    # and its control.
    # (7 points, about 15 minutes)
    raise NotImplementedError("silence.kernel_machine")


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", outputs="T P C", test_outputs="T P2 C", slope="[0, 1]")
def gap_curve(weights, X, X_test, outputs, test_outputs, slope=0.0):
    """|G_t| / |f_T| at every recorded time: how far the network is from the machine of the kernel at these weights.

    G_t is the gap of `alignment.predictor_gap` at X_test (P2, D). weights: [W_1 ... W_L], the final ones, of a network
    with this slope; outputs (T, P, C) and test_outputs (T, P2, C): the network's at X (P, D) and X_test; f_0 is their
    first entry and f_T their last. Norms go over test points and outputs. Returns an array (T,), which starts at 0.
    """
    # See when the error of the machine of K_inf was made. A kernel that turns in the silent phase makes none.
    # The scale |f_T| is the same at all times.
    # (5 points, about 20 minutes)
    raise NotImplementedError("silence.gap_curve")


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
    t_align at LEVEL, and t_learn, as in unit 5;
    t_ratio, t_align / t_learn; None if t_learn is inf, and inf if only t_align is;
    drop_at_align, 1 - L(t_align) / L(0); None if t_align is inf;
    err_inf, err_0 and rho, as in unit 5.
    """
    # Put a run into eleven numbers. None alone tells silent from lazy: a lazy run has A near 1, t_align = 0, growth
    # near 1 and rho near 1. What was not reached is None or inf, as the docstring says, never a number.
    # (5 points, about 30 minutes)
    raise NotImplementedError("silence.silence_numbers")


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
    """
    # All together: train and record, then look back. training.gradient_descent(weights, X, y, step_size, slope, loss,
    # steps=, target_loss=, record_steps=, record_drops=, record_kernels=True, X_test=X_test) gives times, losses,
    # kernels, outputs and test_outputs, one entry a record, and weights, the first and the last.
    # (11 points, about 60 minutes)
    raise NotImplementedError("silence.experiment")

"""Unit 8. Silent alignment.

Does the kernel of a small network on white inputs turn before its loss moves, and does the network end as the
kernel predictor of its final kernel, or machine in short?

Work from top to bottom; minintk check 8 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import alignment, guard, kernel, training
from minintk.silence import alignment_curve

DROPS = (0.01, 0.1, 0.5, 0.9)  # the shares of the loss at which a run is looked at
LEVEL = 0.95  # of alignment, that counts as aligned
RECORDS = 400  # steps of a run that are kept, at most, evenly spaced in log(step)
SILENT = 0.05  # rho below it
LAZY = 2  # |K_inf| / |K_0| below it, if also rho is above ALIKE
ALIKE = 0.25
ROUNDING = 1e-6  # err_0 below it: both machines are the network, and rho is a ratio of rounding errors
GOOD = 0.1  # err_inf up to it: K_inf predicts the network
UNTRAINED = 0.01  # a control below it: any network of this size is predicted by its own kernel


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
    # (5 points, about 10 minutes)
    raise NotImplementedError("silence.kernel_machine")


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", outputs="T P C", test_outputs="T P2 C", slope="[0, 1]")
def gap_curve(weights, X, X_test, outputs, test_outputs, slope=0.0):
    """|G_t| / |f_T| at every recorded time: how far the network is from the machine of the kernel at these weights.

    G_t is the gap of `alignment.predictor_gap` at X_test (P2, D). weights: [W_1 ... W_L], the final ones, of a network
    with this slope; outputs (T, P, C) and test_outputs (T, P2, C): the network's at X (P, D) and X_test; f_0 is their
    first entry and f_T their last. Norms go over test points and outputs. Returns an array (T,), which starts at 0.
    By hand: one layer has K = X X^T. X = 2, X_test = 1, outputs 3 and 7, test_outputs 1 and 4 give (0, 1/4).
    """
    # See when the error of the machine of K_inf was made. A kernel that turns in the silent phase makes none.
    # The scale |f_T| is the same at all times.
    # (5 points, about 15 minutes)
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
    t_align at LEVEL, see `alignment.alignment_time`, and t_learn, see `alignment.learning_time`;
    t_ratio, t_align / t_learn; None if t_learn is inf, and inf if only t_align is;
    drop_at_align, 1 - L(t_align) / L(0); None if t_align is inf;
    err_inf, err_0 and rho, see `alignment.kernel_error` and `alignment.silence_ratio`.
    By hand: times (0, 1, 2), losses (2, 1.9, 0.5), alignments (0.5, 0.96, 1) and norms (1, 1.1, 4) give A_0 = 0.5,
    A = [0.96, 1, 1, None], growth = [1.1, 4, 4, None], growth_end = 4, t_align = 1 and t_learn = 2, t_ratio = 0.5 and
    drop_at_align = 0.05.
    """
    # Put a run into eleven numbers; none alone tells silent from lazy. What was not reached is None or inf, never a
    # number. At hand in alignment: kernel_error(machine, network), silence_ratio(err_inf, err_0), and
    # learning_time(times, losses), the first time with a loss drop of 10 % or inf.
    # (4 points, about 25 minutes)
    raise NotImplementedError("silence.silence_numbers")


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
    """
    # Diagnose a run: eight of them stand in this unit's chapter (minintk explain 8). Name each by hand, and note
    # which number decided; then write down the rule. The bounds above are given.
    # (8 points, about 35 minutes)
    raise NotImplementedError("silence.region")


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
    # All together: train, record, look back. training.gradient_descent(weights, X, y, step_size, slope, loss, steps=,
    # target_loss=, record_steps=, record_drops=, record_kernels=True, X_test=X_test) returns an object with times,
    # losses, kernels, outputs, test_outputs, one a record, and weights, two. alignment_curve is imported.
    # (8 points, about 40 minutes)
    raise NotImplementedError("silence.experiment")

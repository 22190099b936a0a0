"""Unit 8. Silent alignment.

Does the kernel of a small network on white inputs turn before its loss moves, and does the network end as the
machine of that kernel?

Work from top to bottom; minintk check 8 grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""

import numpy as np

from minintk import alignment, guard, kernel, training

DROPS = (0.01, 0.1, 0.5, 0.9)  # the shares of the loss at which a run is looked at
LEVEL = 0.95  # of alignment, that counts as aligned


@guard.accepts(kernels="T P P | T C C P P")
def alignment_curve(kernels):
    """A(K_t, K_inf) at every recorded time (T,); K_inf is the last of the kernels (T, P, P) or (T, C, C, P, P)."""
    # Return A(K_t, K_inf) for every recorded kernel K_t. K_inf is the last of them.
    # The curve shows when the kernel has arrived at its final direction, while its size is left out.
    # An array of shape (T,) comes out, and it ends at 1.
    # (3 points, about 5 minutes)
    raise NotImplementedError("silence.alignment_curve")


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", f_train="P C", f0_train="P C", f0_test="P2 C", slope="[0, 1]")
def kernel_machine(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    """What the kernel at these weights predicts at X_test (P2, D) from f_0 and the final outputs f_train (P, C).

    X (P, D); f0_train (P, C) and f0_test (P2, C): the network's outputs before training. Returns (P2, C).
    """
    # Return what the kernel at the given weights predicts at X_test: f_0(x) + k(x)^T K^{-1} [f_T(X) - f_0(X)].
    # The final weights give the machine of K_inf, the first weights that of K_0: the claim and its control.
    # f_0 is the network before training in both cases, and the targets are its final outputs f_train, not y.
    # Both kernels take the slope. An array of shape (P2, C) comes out.
    # (7 points, about 15 minutes)
    raise NotImplementedError("silence.kernel_machine")


@guard.accepts(weights="D -> C", X="P D", X_test="P2 D", outputs="T P C", test_outputs="T P2 C", slope="[0, 1]")
def gap_curve(weights, X, X_test, outputs, test_outputs, slope=0.0):
    """|G_t| / |f_T| at the test points (T,): the gap to the machine of the kernel at the final weights.

    outputs (T, P, C) and test_outputs (T, P2, C): the network at X (P, D) and X_test (P2, D); f_0 is their first entry
    and f_T their last.
    """
    # Return |G_t| / |f_T| at the test points for every recorded time. G_t is the gap to these weights' machine.
    # Against the loss drop it shows when the error was made. A kernel that turns in the silent phase makes none.
    # f_0 is the first entry of outputs and test_outputs. |f_T|, from the last one, is the scale for all times.
    # Norms go over test points and outputs. An array of shape (T,) comes out; it starts at 0.
    # (5 points, about 20 minutes)
    raise NotImplementedError("silence.gap_curve")


@guard.accepts(times="T", losses="T", alignments="T", norms="T", network="P2 C", machine_inf="P2 C", machine_0="P2 C")
def silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0):
    """The numbers that tell a silent run from a lazy or a noisy one.

    times, losses, alignments A(K_t, K_inf) and norms |K_t|, each (T,); the final test outputs of the network, of the
    machine of K_inf and of that of K_0, each (P2, C). Returns a dict: A_0; A and growth = |K_t| / |K_0|, lists with one
    entry for each loss drop of DROPS (None if it was not reached); t_align at LEVEL, t_learn, t_ratio =
    t_align / t_learn (None if t_learn is inf, inf if only t_align is); drop_at_align, the loss drop at t_align (None if
    that is inf); err_inf, err_0, rho; and growth_end, |K_inf| / |K_0|.
    """
    # Return a dict with all eleven names of the docstring; values are plain numbers (float), lists of them, or None.
    # A and growth are read at the first moment with a loss drop of at least d, for d in DROPS; None if there is none.
    # t_align (level 0.95) and t_learn are those of unit 5, t_ratio = t_align / t_learn, or None if t_learn is inf.
    # drop_at_align is 1 - L(t_align) / L(0), or None if t_align is inf; t_align is one of the recorded times.
    # No single number tells silent from lazy: a lazy run has A near 1, t_align = 0, growth near 1 and rho near 1.
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
    # First train with training.gradient_descent; step_size, slope, loss, steps and target_loss are given. Record
    # kernels, outputs at X_test, the drops DROPS, and about 300 steps evenly spaced in log(step).
    # Then look back, with the last kernel as K_inf: alignments, norms |K_t|, the two machines, the gaps, the numbers.
    # Both machines get f_T(X) and f_0 of the run; they differ in the weights, last or first. The gaps take the last.
    # Names in the dict: times, losses, alignments, norms, gaps, kernels, network, machine_inf, machine_0, numbers.
    # kernels are K_0, the first one recorded at a loss drop of 1 % or more (K_0 if there is none), and K_inf.
    # (11 points, about 60 minutes)
    raise NotImplementedError("silence.experiment")

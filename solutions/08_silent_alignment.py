"""Unit 8. Silent alignment: the whole experiment, made of the units before it.

The claim. Draw small weights, make the inputs white, train. Then the tangent kernel first turns, while the loss
stands still (the silent phase), and afterwards only grows, K_t = g(t) K_inf, while the loss falls. By Theorem 1 of
the paper the trained network is then the kernel machine of its own final kernel,

    f_T(x) = f_0(x) + k_inf(x)^T K_inf^{-1} [f_T(X) - f_0(X)].

An experiment on this claim has to show four things: that the kernel turned at all, that it turned before the loss
moved, that the machine of K_inf predicts the network where that of K_0 does not, and when the remaining error was
made.
Every part exists already: gradients from unit 1, kernels and machines from unit 2, whitening from unit 3, the
training loop from unit 4, the measures from unit 5. What is left is the order of things.

The order. K_inf is known only at the end, but every comparison is with K_inf.
 1. Train, and keep on the way what cannot be had later: times, losses, kernels on the training points, outputs at the
    training points and at the test points.
 2. With the last kernel in hand, go back over the kernels: alignments and norms.
 3. From the last and the first weights: the two machines, and what each predicts at the test points.
 4. From the last weights and the outputs of all times: the gaps.
 5. Read off the numbers.
Kernels between test and training points (P2, P) are needed at two moments only, the first and the last, and the
weights of these moments are kept. There is no reason to compute them on the way.

alignment_curve. A(K_t, K_inf) for every recorded t, with K_inf = kernels[-1]; (T,) comes out. Against the first
kernel one would see that the kernel turns, but not when it has arrived. By hand: the kernels I, diag(2, 1), diag(20,
10) give 3 / sqrt(10) = .949, 1, 1. The last step is growth alone, and growth does not count.

kernel_machine. A machine has a kernel, a start and targets: f_0(x) + k(x)^T K^{-1} [targets - f_0(X)].
 - The kernel comes from the given weights. K = ntk(weights, X) is (P, P), and ntk(weights, X_test, X) is (P2, P),
   test by train, both with the slope of the network.
 - The start is the network before training, for the final kernel too. Theorem 1 adds up all changes since t = 0; the
   kernel of the last moment says in which proportion the outputs moved, not where they moved from.
 - The targets are the network's own final outputs f_T(X), not y. If training stops at a loss of 1e-4 the outputs
   still differ from y, by about .014 each, and a machine that is given y carries this difference as if it were the
   kernel's error.
One layer by hand: f = w.x has the kernel x.x', whatever w is. The machine adds x^T X^T (X X^T)^{-1} [f_T(X) -
f_0(X)], which is x times the smallest change of w that leads from f_0(X) to f_T(X): least squares.
One function serves K_inf and K_0. The two calls differ in the weights only, and this is what makes err_0 a control
for err_inf.

gap_curve. |G_t| / |f_T| with G_t(x) = [f_t(x) - f_0(x)] - k_inf(x)^T K_inf^{-1} [f_t(X) - f_0(X)]. The two kernels of
the final weights are computed once; each recorded time then needs only its outputs. f_0 is the first entry of the
outputs, for every t. All gaps are divided by one number, |f_T| at the test points. (Relative to |f_t|, which is small
at first, a gap without consequence would look large.) The curve starts at 0 and ends at err_inf: two checks of the
code.
By hand, one layer, X = 2, x = 1: K = 4, k = 2, so k / K = 1/2. Outputs 0, 1, 4 at X and 0, .7, 2 at x give the gaps
0, .2, 0, and |G_t| / |f_T| = 0, .1, 0.

silence_numbers. For each loss drop d in .01, .1, .5, .9 take the first record with L <= (1 - d) L(0), and read the
alignment and the growth |K_t| / |K_0| there. Read by loss drop, runs of different sigma can be compared, whose times
differ. The other numbers are calls into unit 5.
By hand: losses 1, .98, .85, .4, .05 at t = 0, 1, 2, 3, 4, alignments .5, .96, .94, .97, 1. The drops .01, .1, .5, .9
are first reached at t = 1, 2, 3, 4. t_align = 3, since the dip to .94 at t = 2 undoes the .96. t_learn = 2,
t_ratio = 1.5, and drop_at_align = 1 - .4 = .6.
What was not reached is None, not 0 and not the last value: a table must be able to say "not reached".

experiment. Which moments to record: in the silent phase f is nearly 0 for most of the time, then everything happens
within a few times 1 / s. Records evenly spaced in time would nearly all lie on the plateau or after the end. So
record at steps evenly spaced in log(step), and at the first step past each of the four loss drops, which are the
moments that the numbers are read at. A kernel is (P, P): 400 of them are 8 MB at P = 50 and 3 GB at P = 1000, so the
library keeps fewer when they are large. Some dozens are enough for the curves.
K at 1 % loss drop is kept for the figure. Beside K_0 and K_inf it shows that the pattern is there before the loss
moves.
Slope, loss, steps and target_loss go to gradient_descent. The slope is needed three times more, wherever kernels are
computed.

What to expect. ReLU, two layers, N = 100, white inputs with P = 40 and D = 60, balanced labels, medians of three
draws:

    sigma    A_0    A at 1, 10, 50, 90 % drop    t_align/t_learn    drop at t_align    err_inf    err_0    rho
    1        .996   .996  .996  .995  .999       0                  0                  .140       .154     .91
    .3       .81    .81   .83   .96   .997       3.2                48 %               .146       .44      .33
    .1       .72    .74   .96   .994  .999       1.0                11 %               .090       .62      .15
    .03      .71    .95   .987  .996  .999       .50                1.1 %              .033       .71      .046
    .01      .71    .984  .993  .997  .998       .34                .12 %              .013       .73      .018
    .001     .71    .997  .996  .992  .996       .24                < .01 %            .007       .74      .011

The first line is the lazy run. By A, which is near 1 all the time, by t_align and by the drop at t_align it would be
the best of all. But |K_inf| / |K_0| is 1.07 there (2700 at sigma = .01), and the two machines are equally good. No
single number tells silent from lazy; A_0, the growth and rho together do.
err_inf does not go to 0 with sigma here. Theorem 1 asks for K_t = g K_inf exactly. That the two classes start at
slightly different times, and that gates change late, is the likely cause of a floor near .01. For linear networks
there is no such floor, but there every kernel predicts the same (T2 in the solution of unit 5), and rho is a ratio of
two rounding errors.
Digits 3 against 8, P = 50: rho is .02 on white inputs, .25 on raw ones and .75 for sigma = 1, medians of three draws
of the weights. On raw inputs the kernel goes on turning while the loss falls, and there the gap curve rises. One
training set is not all: over twelve of them the raw rho goes from .02 to .33, the white one from .01 to .03. Run
other seeds before you believe a difference.

What is easy to get wrong.
 - One set of weights for both kernels. If machine_0 is given the final weights too, rho is 1 and the run looks lazy.
 - The test kernel transposed, (P, P2) instead of (P2, P). With as many test as training points nothing complains.
 - The slope. Without it ntk is the kernel of a ReLU network, whatever was trained. All shapes fit, and a leaky
   network seems to be no kernel machine.
 - The loss. If it is not passed on it is "mse".
 - f_0 of the wrong moment: outputs[0] is the start, outputs[-1] the end.
 - y for the targets of the machines. Then the last gap is not err_inf.
 - Whitening with test rows. The map comes from the training rows and is applied to both.
 - np.argmax where a drop was not reached: it gives 0, the start, and A_0 stands in the table as A at 90 %.
 - numpy arrays, integers or float32 numbers among the numbers: json cannot write them. float(...) makes a plain
   number.
"""

import numpy as np

from minintk import alignment, kernel, silence, training
from minintk.silence import (  # noqa: F401
    alignment_curve,
    experiment,
    gap_curve,
    kernel_machine,
    silence_numbers,
)


def wrong_curve_from_the_start(kernels):
    return np.array([alignment.kernel_alignment(K, kernels[0]) for K in kernels])


def wrong_curve_of_neighbours(kernels):
    return np.array([alignment.kernel_alignment(K, Q) for K, Q in zip(kernels, kernels[1:])])


def wrong_curve_without_norms(kernels):
    return np.array([np.vdot(K, kernels[-1]) / np.vdot(kernels[-1], kernels[-1]) for K in kernels])


def wrong_curve_one_number(kernels):
    return alignment.kernel_alignment(kernels[0], kernels[-1])


def wrong_machine_from_zero(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    return kernel.kernel_predictor(K_train, K_test, f_train)


def wrong_machine_without_f0_at_the_test_points(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    return kernel.kernel_predictor(K_train, K_test, f_train, f0_train)


def wrong_machine_transposed(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X, X_test, slope=slope)
    return f0_test + K_test @ np.linalg.solve(K_train, f_train - f0_train)


def wrong_machine_without_slope(weights, X, X_test, f_train, f0_train, f0_test, slope=0.0):
    K_train, K_test = kernel.ntk(weights, X), kernel.ntk(weights, X_test, X)
    return kernel.kernel_predictor(K_train, K_test, f_train, f0_train, f0_test)


def gaps(weights, X, X_test, outputs, test_outputs, slope):
    """G_t (T, P2, C), as it should be: the wrong curves below go wrong after this."""
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    return np.array(
        [
            alignment.predictor_gap(K_train, K_test, f, f_test, outputs[0], test_outputs[0])
            for f, f_test in zip(outputs, test_outputs)
        ]
    )


def wrong_gaps_over_each_moment(weights, X, X_test, outputs, test_outputs, slope=0.0):
    G = gaps(weights, X, X_test, outputs, test_outputs, slope)
    return np.linalg.norm(G, axis=(1, 2)) / np.linalg.norm(test_outputs, axis=(1, 2))


def wrong_gaps_without_scale(weights, X, X_test, outputs, test_outputs, slope=0.0):
    return np.linalg.norm(gaps(weights, X, X_test, outputs, test_outputs, slope), axis=(1, 2))


def wrong_gaps_signed(weights, X, X_test, outputs, test_outputs, slope=0.0):
    return gaps(weights, X, X_test, outputs, test_outputs, slope)[:, :, 0] / np.linalg.norm(test_outputs[-1])


def wrong_gaps_from_zero(weights, X, X_test, outputs, test_outputs, slope=0.0):
    K_train, K_test = kernel.ntk(weights, X, slope=slope), kernel.ntk(weights, X_test, X, slope=slope)
    G = [f_test - kernel.kernel_predictor(K_train, K_test, f) for f, f_test in zip(outputs, test_outputs)]
    return np.linalg.norm(G, axis=(1, 2)) / np.linalg.norm(test_outputs[-1])


def wrong_gaps_without_slope(weights, X, X_test, outputs, test_outputs, slope=0.0):
    G = gaps(weights, X, X_test, outputs, test_outputs, 0.0)
    return np.linalg.norm(G, axis=(1, 2)) / np.linalg.norm(test_outputs[-1])


def wrong_numbers_at_what_is_left(times, losses, alignments, norms, network, machine_inf, machine_0):
    numbers = silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0)
    left = [np.flatnonzero(losses <= d * losses[0]) for d in silence.DROPS]
    return numbers | {
        "A": [float(alignments[i[0]]) if len(i) else None for i in left],
        "growth": [float(norms[i[0]] / norms[0]) if len(i) else None for i in left],
    }


def wrong_numbers_errors_swapped(times, losses, alignments, norms, network, machine_inf, machine_0):
    return silence_numbers(times, losses, alignments, norms, network, machine_0, machine_inf)


def wrong_numbers_ratio_upside_down(times, losses, alignments, norms, network, machine_inf, machine_0):
    numbers = silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0)
    return numbers | {"t_ratio": numbers["t_learn"] / numbers["t_align"]}


def wrong_numbers_loss_at_align(times, losses, alignments, norms, network, machine_inf, machine_0):
    numbers = silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0)
    drop = numbers["drop_at_align"]
    return numbers | {"drop_at_align": None if drop is None else 1 - drop}


def wrong_numbers_argmax(times, losses, alignments, norms, network, machine_inf, machine_0):
    numbers = silence_numbers(times, losses, alignments, norms, network, machine_inf, machine_0)
    first = [np.argmax(losses <= (1 - d) * losses[0]) for d in silence.DROPS]  # 0 where it was never reached
    return numbers | {
        "A": [float(alignments[i]) for i in first],
        "growth": [float(norms[i] / norms[0]) for i in first],
    }


def trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss):
    """A recorded run, as it should be: the wrong experiments below go wrong after this."""
    return training.gradient_descent(
        weights,
        X,
        y,
        step_size,
        slope,
        loss,
        steps=steps,
        target_loss=target_loss,
        record_steps=np.unique(np.geomspace(1, steps, 400).astype(int)),
        record_drops=silence.DROPS,
        record_kernels=True,
        X_test=X_test,
    )


def result_of(run, X, X_test, slope, f_train=None, f0=None, first=0, last=-1):
    """What an experiment returns, with the targets, the start and the two sets of weights that are given."""
    f0_train, f0_test = f0 or (run.outputs[0], run.test_outputs[0])
    ends = run.outputs[-1] if f_train is None else f_train, f0_train, f0_test
    curves = {
        "times": run.times,
        "losses": run.losses,
        "alignments": alignment_curve(run.kernels),
        "norms": np.array([np.linalg.norm(K) for K in run.kernels]),
    }
    machines = {
        "machine_inf": kernel_machine(run.weights[last], X, X_test, *ends, slope),
        "machine_0": kernel_machine(run.weights[first], X, X_test, *ends, slope),
    }
    network = run.test_outputs[-1]
    early = int(np.argmax(run.losses <= 0.99 * run.losses[0]))
    return {
        **curves,
        **machines,
        "network": network,
        "gaps": gap_curve(run.weights[-1], X, X_test, run.outputs, run.test_outputs, slope),
        "kernels": run.kernels[[0, early, -1]],
        "numbers": silence_numbers(**curves, **machines, network=network),
    }


def wrong_experiment_targets_y(weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4):
    run = trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss)
    return result_of(run, X, X_test, slope, f_train=np.reshape(y, run.outputs[-1].shape))


def wrong_experiment_from_zero(weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4):
    run = trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss)
    return result_of(run, X, X_test, slope, f0=(0 * run.outputs[0], 0 * run.test_outputs[0]))


def wrong_experiment_final_weights_twice(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    run = trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss)
    return result_of(run, X, X_test, slope, first=-1)


def wrong_experiment_gaps_to_the_first_kernel(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    run = trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss)
    result = result_of(run, X, X_test, slope)
    return result | {"gaps": gap_curve(run.weights[0], X, X_test, run.outputs, run.test_outputs, slope)}


def wrong_experiment_all_steps(weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4):
    run = trained(weights, X, y, X_test, step_size, slope, loss, min(steps, 400), 0.0)
    return result_of(run, X, X_test, slope)


def wrong_experiment_without_slope(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    run = trained(weights, X, y, X_test, step_size, 0.0, loss, steps, target_loss)
    return result_of(run, X, X_test, 0.0)


def wrong_experiment_always_mse(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    run = trained(weights, X, y, X_test, step_size, slope, "mse", steps, target_loss)
    return result_of(run, X, X_test, slope)


MISTAKES = [
    ("alignment_curve", "compares with the first kernel", wrong_curve_from_the_start, "yours 1, expected"),
    ("alignment_curve", "compares each kernel with the next one", wrong_curve_of_neighbours, "has shape"),
    ("alignment_curve", "forgets the norm of K_t", wrong_curve_without_norms, "the worst entry"),
    ("alignment_curve", "returns one number for the whole run", wrong_curve_one_number, "returned a float"),
    ("kernel_machine", "leaves out f_0", wrong_machine_from_zero, "the worst entry"),
    (
        "kernel_machine",
        "leaves out f_0 at the test points",
        wrong_machine_without_f0_at_the_test_points,
        "the worst entry",
    ),
    ("kernel_machine", "takes the test kernel train by test", wrong_machine_transposed, "ValueError"),
    ("kernel_machine", "does not pass the slope on", wrong_machine_without_slope, "with this slope"),
    ("gap_curve", "divides by the norm of f_t instead of f_T", wrong_gaps_over_each_moment, "the worst entry"),
    ("gap_curve", "does not divide by |f_T|", wrong_gaps_without_scale, "a constant factor"),
    ("gap_curve", "returns the gaps instead of their norms", wrong_gaps_signed, "has shape"),
    ("gap_curve", "leaves out f_0", wrong_gaps_from_zero, "the worst entry"),
    ("gap_curve", "does not pass the slope on", wrong_gaps_without_slope, "with this slope"),
    ("silence_numbers", "takes the loss drop for the share that is left", wrong_numbers_at_what_is_left, "is None"),
    ("silence_numbers", "swaps the two machines", wrong_numbers_errors_swapped, 'only in ["err_inf"]'),
    ("silence_numbers", "inverts the ratio of the times", wrong_numbers_ratio_upside_down, 'only in ["t_ratio"]'),
    (
        "silence_numbers",
        "returns the loss that is left at t_align",
        wrong_numbers_loss_at_align,
        'only in ["drop_at_align"]',
    ),
    ("silence_numbers", "takes argmax where a drop was not reached", wrong_numbers_argmax, "None for a loss drop"),
    ("experiment", "gives the machines y instead of f_T(X)", wrong_experiment_targets_y, "the last gap equals err_inf"),
    ("experiment", "starts the machines from 0", wrong_experiment_from_zero, "the last gap equals err_inf"),
    ("experiment", "takes the final weights for K_0", wrong_experiment_final_weights_twice, "on white data is silent"),
    ("experiment", "measures the gaps to K_0's machine", wrong_experiment_gaps_to_the_first_kernel, "equals err_inf"),
    ("experiment", "does not stop at the target loss", wrong_experiment_all_steps, "to the target loss"),
    ("experiment", "does not pass the slope on", wrong_experiment_without_slope, "slope, loss and step size"),
    ("experiment", "does not pass the loss on", wrong_experiment_always_mse, "slope, loss and step size"),
]

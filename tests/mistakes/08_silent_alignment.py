"""Unit 8: wrong answers, each with words that its feedback must contain."""

import numpy as np

from minintk import alignment, kernel, silence, training
from minintk.silence import alignment_curve, gap_curve, kernel_machine, region, silence_numbers


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


def trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss, spaced=np.geomspace):
    """A recorded run, as it should be: most of the wrong experiments below go wrong after this."""
    return training.gradient_descent(
        weights,
        X,
        y,
        step_size,
        slope,
        loss,
        steps=steps,
        target_loss=target_loss,
        record_steps=np.unique(spaced(1, steps, 400).astype(int)),
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
    return {
        **curves,
        **machines,
        "trained": run.outputs[-1],
        "network": network,
        "gaps": gap_curve(run.weights[-1], X, X_test, run.outputs, run.test_outputs, slope),
        "kernels": run.kernels,
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


def wrong_region_by_alignment(numbers):
    if numbers["t_ratio"] is None:
        return "unlearnt"
    return "silent" if numbers["A_0"] > 0.6 and numbers["t_ratio"] <= 1 else "partially aligned"


def wrong_region_without_controls(numbers):
    if numbers["t_ratio"] is None:
        return "unlearnt"
    late = "silent" if numbers["t_ratio"] <= 1 else "aligned late"
    return late if numbers["rho"] < 0.05 else "lazy" if numbers["growth_end"] < 2 else "partially aligned"


def wrong_region_by_growth_alone(numbers):
    return "lazy" if (numbers["t_ratio"] or 0) > 0 and numbers["growth_end"] < 2 else region(numbers)


def wrong_region_without_the_untrained_control(numbers):
    return region(numbers | {"untrained": 1.0})


def wrong_region_without_the_control_by_relu(numbers):
    return region(numbers | {"err_inf_relu": 0.0})


def wrong_region_controls_must_be_there(numbers):
    numbers["untrained"], numbers["err_inf_relu"]
    return region(numbers)


def wrong_region_never_unlearnt(numbers):
    return region(numbers | {"t_ratio": numbers["t_ratio"] or 0.0})


def wrong_region_large_errors_are_trivial_too(numbers):
    return "trivial" if numbers.get("err_inf_relu", 0) > 0.1 else region(numbers)


def wrong_region_needs_a_small_error(numbers):
    return "partially aligned" if region(numbers) == "silent" and numbers["err_inf"] > 0.1 else region(numbers)


def wrong_region_needs_growth(numbers):
    return "partially aligned" if region(numbers) == "silent" and numbers["growth_end"] < 2 else region(numbers)


def wrong_region_trivial_at_any_error(numbers):
    return "trivial" if numbers["growth_end"] >= 2 and numbers.get("untrained", 1) < 0.01 else region(numbers)


def wrong_region_in_capitals(numbers):
    return region(numbers).capitalize()


def wrong_experiment_records_evenly(
    weights, X, y, X_test, step_size, slope=0.0, loss="mse", steps=20_000, target_loss=1e-4
):
    run = trained(weights, X, y, X_test, step_size, slope, loss, steps, target_loss, np.linspace)
    return result_of(run, X, X_test, slope)


NUMBERS = {"A_0": 0.7, "growth_end": 9.0, "t_ratio": 0.5, "err_inf": 0.01, "err_0": 0.5, "rho": 0.02}
CASES = {  # arguments with which a function is asked again where none can be made up
    "region": [
        {"numbers": NUMBERS | changes}
        for changes in [
            {},
            {"A_0": 0.5},
            {"t_ratio": 2.0},
            {"t_ratio": None},
            {"growth_end": 1.5},
            {"growth_end": 1.5, "err_inf": 0.05, "rho": 0.1},
            {"growth_end": 1.5, "err_inf": 0.3, "rho": 0.6},
            {"err_inf": 0.3, "rho": 0.6},
            {"err_inf": 0.3, "rho": 0.6, "err_inf_relu": 0.3},
            {"err_inf_relu": 0.3},
            {"untrained": 0.001},
            {"untrained": 0.001, "t_ratio": 2.0},
            {"err_inf_relu": 0.01, "untrained": 0.5},
            {"err_inf": 2e-9, "err_0": 1e-7},
        ]
    ],
}
MISTAKES = [
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
    ("region", "goes by the alignment", wrong_region_by_alignment, "It is run A of the chapter."),
    ("region", "asks no control, and never says trivial", wrong_region_without_controls, "It is run A of the chapter."),
    ("region", "calls every kernel lazy that hardly grows", wrong_region_by_growth_alone, "It is run G of"),
    ("region", "takes no untrained network for a control", wrong_region_without_the_untrained_control, "late"),
    ("region", "has no control for linear networks", wrong_region_without_the_control_by_relu, "yours      'silent'"),
    ("region", "asks for controls that were not made", wrong_region_controls_must_be_there, "KeyError"),
    ("region", "names a run that has learned nothing", wrong_region_never_unlearnt, "It is run B of"),
    ("region", "calls a large error trivial", wrong_region_large_errors_are_trivial_too, "run H of"),
    ("region", "calls a run silent only if err_inf is small", wrong_region_needs_a_small_error, "'err_0': 3.0"),
    ("region", "calls a run silent only if its kernel grows", wrong_region_needs_growth, "with {'growth_end': 1.4}"),
    ("region", "asks the untrained network first", wrong_region_trivial_at_any_error, "'untrained': 0.001}."),
    ("region", "writes the words in another way", wrong_region_in_capitals, "yours      'Trivial'"),
    ("experiment", "gives the machines y instead of f_T(X)", wrong_experiment_targets_y, "The last gap is"),
    ("experiment", "starts the machines from 0", wrong_experiment_from_zero, "the last gap equals err_inf"),
    ("experiment", "takes the final weights for K_0", wrong_experiment_final_weights_twice, "on white data is silent"),
    ("experiment", "measures the gaps to K_0's machine", wrong_experiment_gaps_to_the_first_kernel, "equals err_inf"),
    ("experiment", "records evenly in steps, not in their logarithm", wrong_experiment_records_evenly, "evenly spaced"),
    ("experiment", "does not stop at the target loss", wrong_experiment_all_steps, "to the target loss"),
    ("experiment", "does not pass the slope on", wrong_experiment_without_slope, "slope, loss and step size"),
    ("experiment", "does not pass the loss on", wrong_experiment_always_mse, "slope, loss and step size"),
]

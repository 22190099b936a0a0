"""Unit 8: the whole experiment."""

import numpy as np
import oracles
import pytest

from minintk import silence


def kernels_turning(T=4, P=5, seed=0):
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((T, P, 9))
    return J @ J.transpose(0, 2, 1)


def test_every_kernel_is_compared_with_the_last():
    """Entry t is the cosine between K_t and the last kernel, so the curve ends at 1."""
    kernels = kernels_turning()
    last = kernels[-1]
    expected = [(K * last).sum() / np.sqrt((K**2).sum() * (last**2).sum()) for K in kernels]
    oracles.assert_matches(silence.alignment_curve(kernels), np.array(expected))


def test_growth_alone_does_not_change_the_alignment():
    """Kernels that differ only by positive factors are all aligned: the curve is 1 from the start."""
    K = kernels_turning(T=1)[0]
    oracles.assert_matches(silence.alignment_curve(np.array([0.01 * K, K, 50 * K])), np.ones(3))


def linear_case(seed=1):
    rng = np.random.default_rng(seed)
    X, X_test, w = rng.standard_normal((3, 4)), rng.standard_normal((5, 4)), rng.standard_normal((1, 4))
    return X, X_test, w, rng.standard_normal((3, 1)), X @ w.T, X_test @ w.T


@pytest.mark.exercise("silence.kernel_machine", row=1)
def test_the_machine_of_a_single_layer_is_least_squares_from_the_start():
    """One layer f = w.x has the kernel X X^T, so its machine moves w by the smallest step that meets the targets."""
    X, X_test, w, f_train, f0_train, f0_test = linear_case()
    step = np.linalg.pinv(X) @ (f_train - f0_train)
    got = silence.kernel_machine([w], X, X_test, f_train, f0_train, f0_test)
    oracles.assert_matches(got, f0_test + X_test @ step)


@pytest.mark.exercise("silence.kernel_machine", row=2)
def test_the_machine_meets_its_targets_at_the_training_points():
    """Asked at the training points themselves, the machine returns f_train, for any slope."""
    rng = np.random.default_rng(2)
    weights = [rng.standard_normal((30, 6)), rng.standard_normal((1, 30))]
    X, f_train, f0 = rng.standard_normal((4, 6)), rng.standard_normal((4, 1)), rng.standard_normal((4, 1))
    got = silence.kernel_machine(weights, X, X, f_train, f0, f0, slope=0.2)
    oracles.assert_matches(got, f_train, rtol=1e-8)


def leaky_case(seed=5, slope=0.3):
    """A small leaky network with inputs, and its kernels train x train and test x train by loops over gradients."""
    rng = np.random.default_rng(seed)
    weights, X, slope = oracles.draw_network(rng, L=2, C=1, slope=slope, P=4, D=3, N=8)
    X_test = rng.standard_normal((5, 3))
    K, k = oracles.ntk(weights, X, X, slope)[0, 0], oracles.ntk(weights, X_test, X, slope)[0, 0]
    return weights, X, X_test, slope, K, k, rng


@pytest.mark.exercise("silence.kernel_machine", row=3)
def test_the_machine_uses_the_kernel_of_this_slope():
    """A leaky network's machine has the leaky network's kernel, train by train and test by train."""
    weights, X, X_test, slope, K, k, rng = leaky_case()
    f_train, f0_train, f0_test = (rng.standard_normal((n, 1)) for n in (4, 4, 5))
    got = silence.kernel_machine(weights, X, X_test, f_train, f0_train, f0_test, slope)
    oracles.assert_matches(got, f0_test + k @ np.linalg.solve(K, f_train - f0_train), rtol=1e-7)


@pytest.mark.exercise("silence.gap_curve", row=2)
def test_the_gap_uses_the_kernel_of_this_slope():
    """The gap of a leaky network is measured against the machine of the leaky network's kernel."""
    weights, X, X_test, slope, K, k, rng = leaky_case()
    outputs, test_outputs = rng.standard_normal((3, 4, 1)), rng.standard_normal((3, 5, 1))
    moved, test_moved = outputs - outputs[0], test_outputs - test_outputs[0]
    G = np.array([test_moved[t] - k @ np.linalg.solve(K, moved[t]) for t in range(3)])
    expected = np.sqrt((G**2).sum(axis=(1, 2)) / (test_outputs[-1] ** 2).sum())
    oracles.assert_matches(silence.gap_curve(weights, X, X_test, outputs, test_outputs, slope), expected, rtol=1e-7)


@pytest.mark.exercise("silence.gap_curve", row=1)
def test_the_gap_is_measured_from_time_zero_and_against_the_end():
    """A one-layer network: G_t is what f_t has at the test points beyond the least-squares step, over |f_T|."""
    X, X_test, w, *_ = linear_case()
    rng = np.random.default_rng(3)
    outputs, test_outputs = rng.standard_normal((4, 3, 1)), rng.standard_normal((4, 5, 1))
    gaps = [
        test_outputs[t] - test_outputs[0] - X_test @ np.linalg.pinv(X) @ (outputs[t] - outputs[0]) for t in range(4)
    ]
    expected = np.array([np.sqrt((G**2).sum() / (test_outputs[-1] ** 2).sum()) for G in gaps])
    oracles.assert_matches(silence.gap_curve([w], X, X_test, outputs, test_outputs), expected)


@pytest.mark.exercise("silence.gap_curve", row=1)
def test_the_gap_of_a_network_that_starts_at_zero():
    """One layer, X = 2 and X_test = 1: outputs 0 and 4 move the machine to 2, and the network is at 4."""
    one, outputs = np.ones((1, 1)), np.array([[[0.0]], [[4.0]]])
    oracles.assert_matches(silence.gap_curve([one], 2 * one, one, outputs, outputs), np.array([0.0, 0.5]))


def test_the_gap_of_several_outputs_is_solved_as_one_system(rng):
    """With a block kernel G_t is what is left of f_t after one system of C P equations, at each time by itself."""
    weights, X, slope = oracles.draw_network(rng, L=2, C=2, slope=0.3, P=4, D=5, N=9)
    X_test, outputs, test_outputs = (rng.standard_normal(shape) for shape in [(3, 5), (6, 4, 2), (6, 3, 2)])
    K, k = oracles.ntk(weights, X, X, slope), oracles.ntk(weights, X_test, X, slope)
    start = outputs[0], test_outputs[0]
    gaps = [f_test - oracles.block_predictor(K, k, f, *start) for f, f_test in zip(outputs, test_outputs)]
    expected = np.array([np.sqrt((G**2).sum() / (test_outputs[-1] ** 2).sum()) for G in gaps])
    oracles.assert_matches(silence.gap_curve(weights, X, X_test, outputs, test_outputs, slope), expected)


@pytest.mark.exercise("silence.silence_numbers", row=1)
def test_the_numbers_of_a_run_made_by_hand():
    """Losses 2, 1.96, 1.7, .8, .1 at times 0 ... 4: every number can be read off, the drops as shares of the start."""
    numbers = silence.silence_numbers(
        times=np.arange(5.0),
        losses=np.array([2, 1.96, 1.7, 0.8, 0.1]),
        alignments=np.array([0.5, 0.96, 0.94, 0.97, 1.0]),
        norms=np.array([2.0, 4.0, 6.0, 10.0, 20.0]),
        network=np.array([[3.0], [4.0]]),
        machine_inf=np.array([[3.0], [4.5]]),
        machine_0=np.array([[0.0], [0.0]]),
    )
    expected = {
        "A_0": 0.5,
        "A": [0.96, 0.94, 0.97, 1.0],
        "growth": [2.0, 3.0, 5.0, 10.0],
        "growth_end": 10.0,
        "t_align": 3.0,
        "t_learn": 2.0,
        "t_ratio": 1.5,
        "drop_at_align": 0.6,
        "err_inf": 0.1,
        "err_0": 1.0,
        "rho": 0.1,
    }
    assert set(numbers) == set(expected)
    for name, value in expected.items():
        oracles.assert_matches(np.array(numbers[name]), np.array(value))


@pytest.mark.exercise("silence.silence_numbers", row=2)
def test_a_loss_drop_that_was_not_reached_is_none():
    """A run that ends at half its loss has no entry at 90 %, and one that never aligns has t_align = inf."""
    f = np.ones((2, 1))
    numbers = silence.silence_numbers(
        times=np.arange(3.0),
        losses=np.array([1, 0.9, 0.5]),
        alignments=np.array([0.1, 0.3, 0.2]),
        norms=np.ones(3),
        network=f,
        machine_inf=0.9 * f,
        machine_0=2 * f,
    )
    assert numbers["A"] == [0.3, 0.3, 0.2, None] and numbers["growth"][3] is None
    assert numbers["t_align"] == np.inf and numbers["t_ratio"] == np.inf and numbers["drop_at_align"] is None
    still = silence.silence_numbers(
        times=np.arange(2.0),
        losses=np.array([1.0, 0.97]),
        alignments=np.array([0.5, 1.0]),
        norms=np.ones(2),
        network=f,
        machine_inf=0.9 * f,
        machine_0=2 * f,
    )
    assert still["t_learn"] == np.inf and still["t_ratio"] is None and still["t_align"] == 1.0


# Recorded runs: A_0, A at a loss drop of 10 %, growth_end, t_ratio, err_inf, err_0, rho, err_inf_relu, untrained.
NAMES = ("A_0", "A_10", "growth_end", "t_ratio", "err_inf", "err_0", "rho", "err_inf_relu", "untrained")
RUNS = {  # of the chapter
    "A": ("trivial", 0.97, 0.99, 7000, 0.0, 0.0012, 0.24, 0.0051, 0.28, 0.45),
    "B": ("unlearnt", 0.69, None, 60, None, 0.074, 0.67, 0.11, 0.074, 0.79),
    "C": ("silent", 0.69, 1.0, 2800, 0.33, 0.014, 0.73, 0.019, 0.014, 0.79),
    "D": ("trivial", 0.56, 0.5, 60000, 4.4, 7.3e-5, 1.6, 4.7e-5, 7.3e-5, 5e-15),
    "E": ("lazy", 1.0, 1.0, 0.99, 0.0, 0.084, 0.088, 0.96, 0.084, 0.79),
    "F": ("aligned late", 0.67, 0.83, 1600, 2.6, 0.023, 0.81, 0.028, 0.023, 0.79),
    "G": ("partially aligned", 0.98, 0.95, 1.5, 2.5, 0.028, 0.38, 0.074, 0.028, 0.79),
    "H": ("partially aligned", 0.75, 0.88, 5700, 1.7, 0.27, 0.73, 0.37, 0.27, 0.79),
}
OTHERS = {  # of the same kinds, from another draw
    "A": ("trivial", 0.96, 0.98, 6700, 0.0, 0.0023, 0.23, 0.01, 0.26, 0.39),
    "B": ("unlearnt", 0.72, None, 65, None, 0.06, 0.58, 0.1, 0.06, 0.55),
    "C": ("silent", 0.66, 1.0, 2900, 0.36, 0.015, 0.75, 0.02, 0.015, 0.55),
    "D": ("trivial", 0.61, 0.71, 36000, 2.1, 1.9e-4, 1.5, 1.3e-4, 1.9e-4, 6e-15),
    "E": ("lazy", 1.0, 1.0, 1.0, 0.0, 0.073, 0.071, 1.03, 0.073, 0.55),
    "F": ("aligned late", 0.63, 0.81, 1500, 2.9, 0.025, 0.95, 0.026, 0.025, 0.55),
    "G": ("partially aligned", 0.99, 0.99, 1.3, 0.0, 0.025, 0.37, 0.068, 0.025, 0.55),
    "H": ("partially aligned", 0.76, 0.89, 5200, 1.6, 0.25, 0.57, 0.45, 0.25, 0.55),
}


def recorded(run):
    """The word, and the run's numbers in the form of silence_numbers with two controls."""
    word, *values = run
    numbers = dict(zip(NAMES, values, strict=True))
    return word, numbers | {"A": [None, numbers.pop("A_10"), None, None]}


@pytest.mark.exercise("silence.region", row=1)
@pytest.mark.parametrize("letter", RUNS)
def test_the_runs_of_the_chapter_are_named(letter):
    """Eight recorded runs, A to H. Each has a word, and one number that decides between it and the next best."""
    word, numbers = recorded(RUNS[letter])
    oracles.expect(silence.region(numbers) == word, f"It is run {letter} of the chapter.")


@pytest.mark.exercise("silence.region", row=2)
@pytest.mark.parametrize("letter", OTHERS)
def test_other_runs_of_these_kinds_are_named(letter):
    """Eight runs with the settings of those, and other weights and data: the rule is no list of letters."""
    word, numbers = recorded(OTHERS[letter])
    oracles.expect(silence.region(numbers) == word, f"It is a second run with the settings of {letter}.")


@pytest.mark.exercise("silence.region", row=3)
def test_one_rule_names_the_region_of_a_run():
    """Runs that differ from a silent one in what is told below; a bound itself counts as the docstring says."""
    run = {"rho": 0.049, "err_0": 0.5, "growth_end": 9.0, "t_ratio": 1.0}
    for word, changes in [
        ("silent", {}),
        ("aligned late", {"t_ratio": 1.01}),
        ("aligned late", {"t_ratio": np.inf}),  # learned, and never aligned
        ("partially aligned", {"rho": 0.05}),
        ("partially aligned", {"growth_end": 1.5, "rho": 0.25}),
        ("silent", {"err_0": 0.1 / 0.049, "err_inf_relu": 0.1, "untrained": 0.01}),
        ("partially aligned", {"growth_end": 2.0, "t_ratio": np.inf, "rho": 0.5}),
        ("partially aligned", {"growth_end": 1.4, "rho": 0.07}),  # features that did turn
        ("silent", {"growth_end": 1.4}),  # and did so in time
        ("silent", {"err_0": 3.0}),  # K_inf is off by 15 %, and K_0 by far more
        ("partially aligned", {"rho": 0.3, "err_0": 0.7, "err_inf_relu": 0.2}),  # nothing small to be explained
        ("partially aligned", {"rho": 0.3, "err_0": 0.7, "untrained": 0.001}),
        ("lazy", {"growth_end": 1.99, "rho": 0.26}),
        ("lazy", {"growth_end": 1.99, "err_0": 1e-14, "rho": 0.2}),  # rho says nothing
        ("trivial", {"err_0": 9e-7, "rho": 1.2}),
        ("silent", {"err_0": 1e-6}),
        ("partially aligned", {"growth_end": 1.99, "err_0": 1e-6, "rho": 0.07}),
        ("unlearnt", {"t_ratio": None, "rho": 1.0, "growth_end": 1.0}),
    ]:
        numbers = run | changes
        numbers["err_inf"] = numbers["rho"] * numbers["err_0"]
        oracles.expect(silence.region(numbers) == word, f"It is a silent run with {changes}.")


def gram_white_classes(seed, P=40, D=60, N=100, sigma=0.01):
    """Orthogonal rows, balanced labels, a small ReLU network, and test points from the span and beyond."""
    rng = np.random.default_rng(seed)
    U, _, Vt = np.linalg.svd(rng.standard_normal((P, D)), full_matrices=False)
    X, X_test = np.sqrt(P) * U @ Vt, rng.standard_normal((5 * P, D))
    y = np.repeat([1.0, -1.0], P // 2)
    weights = [rng.standard_normal((N, D)) * sigma / np.sqrt(D), rng.standard_normal((1, N)) * sigma / np.sqrt(N)]
    return weights, X, y, X_test


@pytest.mark.exercise("silence.experiment", row=1)
def test_the_curves_run_from_the_start_to_the_target():
    """Curves and kernels have one entry a recorded time, 0 first; the loss ends at its target, the alignment at 1."""
    weights, X, y, X_test = gram_white_classes(0, P=20, D=30, N=50)
    result = silence.experiment(weights, X, y, X_test, step_size=0.1, target_loss=1e-3)
    T = len(result["times"])
    early = (result["times"] < 2).sum()
    oracles.expect(
        early > 10, f"{early} records before t = 2, where the kernel turns; are they evenly spaced in log(step)?"
    )
    for name in ["losses", "alignments", "norms", "gaps"]:
        oracles.expect(np.shape(result[name]) == (T,), f'"{name}" has shape {np.shape(result[name])}, expected {(T,)}.')
    for name, shape in [("kernels", (T, 20, 20)), ("network", (100, 1)), ("trained", (20, 1))]:
        oracles.expect(
            np.shape(result[name]) == shape, f'"{name}" has shape {np.shape(result[name])}, expected {shape}.'
        )
    oracles.expect(result["times"][0] == 0, f"The first time is {result['times'][0]:g}, expected 0.")
    second = f"The second time is {result['times'][1]:g}, expected 0.1: step 1 is recorded."
    oracles.expect(abs(result["times"][1] - 0.1) < 1e-9, second)
    ends = f"The last two losses are {result['losses'][-2]:.3g}, {result['losses'][-1]:.3g}; the run ends at 1e-3."
    oracles.expect(result["losses"][-1] <= 1e-3 < result["losses"][-2], ends)
    oracles.expect(
        abs(result["alignments"][-1] - 1) < 1e-9, f"The last alignment is {result['alignments'][-1]:g}, expected 1."
    )
    oracles.expect(
        abs(result["gaps"][0]) < 1e-9, f"The first gap is {result['gaps'][0]:g}, expected 0: there f is f_0."
    )
    oracles.assert_named(
        "kernels[0]", result["kernels"][0], oracles.two_layer_ntk(weights[0], weights[1][0], X, X, 0.0)
    )
    oracles.assert_named("norms", result["norms"], np.sqrt((result["kernels"] ** 2).sum(axis=(1, 2))))


@pytest.mark.exercise("silence.experiment", row=2)
def test_the_gap_at_the_end_is_the_error_of_the_final_machine():
    """|G_T| / |f_T| and err_inf are the same number, by the definition of the gap."""
    weights, X, y, X_test = gram_white_classes(1, P=20, D=30, N=50)
    result = silence.experiment(weights, X, y, X_test, step_size=0.1, target_loss=1e-3)
    oracles.assert_named("The last gap", result["gaps"][-1], result["numbers"]["err_inf"], rtol=1e-6)


@pytest.mark.exercise("silence.experiment", row=3)
def test_a_small_relu_network_on_white_data_aligns_in_silence():
    """At 1 % loss drop the kernel is aligned, and K_inf predicts the network far better than K_0 does."""
    numbers = silence.experiment(*gram_white_classes(0), step_size=0.1)["numbers"]
    oracles.expect(
        numbers["A"][0] > 0.97, f"The alignment at 1 % loss drop is {numbers['A'][0]:.3g}, expected more than 0.97."
    )
    oracles.expect(0.01 < numbers["rho"] < 0.04, f"rho is {numbers['rho']:.3g}, expected 0.01 to 0.04.")
    oracles.expect(
        0.2 < numbers["t_ratio"] < 0.5, f"t_align / t_learn is {numbers['t_ratio']:.3g}, expected 0.2 to 0.5."
    )


@pytest.mark.exercise("silence.experiment", row=4)
def test_slope_loss_and_step_size_are_the_callers():
    """Three logistic steps of a leaky network: losses, outputs and the final machine are those of these steps."""
    start, X, X_test, slope, _, _, rng = leaky_case(seed=6)
    y, weights, eta = np.array([[1.0], [-1.0], [1.0], [-1.0]]), start, 0.2
    losses = [oracles.loss(oracles.outputs(weights, X, slope), y, "logistic")]
    for _ in range(3):
        gradients = oracles.loss_gradient(weights, X, y, slope, "logistic")
        weights = [W - eta * G for W, G in zip(weights, gradients, strict=True)]
        losses.append(oracles.loss(oracles.outputs(weights, X, slope), y, "logistic"))
    (f0, f), (f0_test, f_test) = (
        [oracles.outputs(w, inputs, slope) for w in (start, weights)] for inputs in (X, X_test)
    )
    K, k = oracles.ntk(weights, X, X, slope)[0, 0], oracles.ntk(weights, X_test, X, slope)[0, 0]
    result = silence.experiment(start, X, y, X_test, eta, slope, "logistic", steps=3, target_loss=0.0)
    oracles.assert_named("losses", result["losses"], np.array(losses), rtol=1e-7)
    oracles.assert_named("trained", result["trained"], f, rtol=1e-7)
    oracles.assert_named("network", result["network"], f_test, rtol=1e-7)
    oracles.assert_named("machine_inf", result["machine_inf"], f0_test + k @ np.linalg.solve(K, f - f0), rtol=1e-6)


@pytest.mark.exercise("silence.experiment", row=5)
def test_the_experiment_refuses_a_target_that_is_met():
    """With a target loss above the first one there is nothing to train: a ValueError."""
    weights, X, y, X_test = gram_white_classes(0)
    oracles.assert_refused(silence.experiment, weights, X, y, X_test, 0.1, 0.0, "mse", 10, 1e9)


@pytest.mark.exercise("silence.experiment", row=5)
def test_the_experiment_refuses_steps_that_move_nothing():
    """Steps so small that the loss stays the same number: a ValueError."""
    weights, X, y, X_test = gram_white_classes(0)
    oracles.assert_refused(silence.experiment, weights, X, y, X_test, 1e-300, 0.0, "mse", 10)


def test_a_target_that_is_met_at_the_start_is_refused(rng):
    """Nothing would be trained, and nothing could be said."""
    weights, X = oracles.draw_network(rng, L=2)[:2]
    with pytest.raises(ValueError, match="^experiment: target_loss is 1e\\+09, expected less than the first loss "):
        silence.experiment(weights, X, np.ones(len(X)), X, 0.1, target_loss=1e9)

"""Kernels, data and outputs that are very small, very large, or not what a function needs; runs without an end."""

import numpy as np
import oracles
import pytest
from oracles import assert_matches

from minintk import alignment, data, guard, kernel, linear_theory, network, outputs, silence, training, whitening

SCALES = [(np.float64, 1e-300), (np.float64, 1e300), (np.float32, 5e-24), (np.float32, 1e-37), (np.float32, 1e37)]


def draw(rng):
    """A kernel (5, 5), outputs (5, 2) and inputs (5, 4)."""
    return oracles.draw_spd(rng, 5), rng.standard_normal((5, 2)), rng.standard_normal((5, 4))


# norms and ratios


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("precision, scale", SCALES)
def test_what_has_no_unit_is_the_same_for_tiny_and_for_huge_numbers(rng, precision, scale):
    """Cosines, ranks, errors and condition numbers do not change where the square of an entry would be no float."""
    K, f, X = draw(rng)
    Z, V, rtol = np.ones((1, 1)), np.eye(4)[:, :1], 1e-9 if precision == np.float64 else 1e-4
    weights, moved, there = [rng.standard_normal((1, 4))], rng.standard_normal((3, 5, 1)), np.ones((3, 2, 1))

    def told(s, dtype):
        K_s, f_s, X_s, moved_s, there_s = ((s * a).astype(dtype) for a in (K, f, X, moved, there))
        yield from (alignment.kernel_alignment(K_s, np.eye(5)), alignment.kernel_alignment(K_s, K_s[::-1]))
        yield from (alignment.task_alignment(K_s, f), alignment.task_alignment(K, f_s), alignment.effective_rank(K_s))
        yield from (alignment.kernel_error(f_s, f_s[::-1]), alignment.kernel_error(f_s, -f_s))
        yield from (whitening.condition_number(X_s), outputs.eigenvector_alignment(K_s[None, None], X, Z, V))
        yield from (outputs.eigenvector_alignment(K[None, None], X_s, Z, V), alignment.norm(K_s) / s)
        yield from silence.gap_curve(weights, X, X[:2] + 1, moved_s, there_s)

    for found, expected in zip(told(scale, precision), told(1.0, np.float64), strict=True):
        assert_matches(found, expected, rtol)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("precision, scale", SCALES)
def test_white_inputs_are_the_same_for_tiny_and_for_huge_inputs(rng, precision, scale, power):
    """X M has no unit, since its mean squared row norm is the rank."""
    X = draw(rng)[2]
    X_s = (scale * X).astype(precision)
    white = X_s.astype(float) @ whitening.whitening_map(X_s, power).astype(float)
    assert_matches(white, X @ oracles.whitening_map(X, power, 1e-3), 1e-9 if precision == np.float64 else 1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("precision, scale", SCALES)
def test_a_kernel_predicts_the_same_at_any_size(rng, precision, scale):
    """K and k times a number predict the same, also along small eigenvalues; targets times it give its multiple."""
    small = 1e-11 if precision == np.float64 else 1e-5
    K, k, y = (np.array(a, precision) for a in (np.diag([1, small]), [[1, small]], [1, 1]))
    number = precision(scale)
    assert_matches(kernel.kernel_predictor(number * K, number * k, y), np.array([2.0]), 1e-4)
    assert_matches(kernel.kernel_predictor(K, k, number * y) / number, np.array([2.0]), 1e-4)
    blocks = [np.array([[a, 0 * a], [0 * a, a]]) for a in (K, k)]
    targets = number * np.array([y, y]).T
    assert_matches(kernel.kernel_predictor(*blocks, targets) / number, np.array([[2.0, 2.0]]), 1e-4)


def test_the_kernel_of_four_layers_with_tiny_weights_in_single_precision_has_a_direction(rng):
    """sigma = 1e-4 and L = 4 give entries of 1e-24, whose squares are no float32."""
    weights, X = network.init_weights([6, 8, 8, 8, 1], 1e-4, rng), rng.standard_normal((5, 6))
    single = kernel.ntk([W.astype(np.float32) for W in weights], X.astype(np.float32), slope=0.5)
    double = kernel.ntk([1e4 * W for W in weights], X, slope=0.5)
    assert 0 < abs(single).max() < 1e-22
    assert_matches(alignment.kernel_alignment(single, np.eye(5)), oracles.alignment(double, np.eye(5)), 1e-5)
    assert alignment.effective_rank(single) == pytest.approx(alignment.effective_rank(double), rel=1e-5)


def test_a_norm_by_hand():
    """(3e-200, 4e-200) has the length 5e-200; and zeros have none."""
    assert_matches(alignment.norm([3e-200, 4e-200]), 5e-200)
    assert_matches(alignment.norm([[3e38], [-4e38]]), 5e38)
    assert alignment.norm(np.zeros((2, 2), np.float32)) == 0


def test_single_precision_is_right_up_to_its_largest_number():
    """3e38 and -3e38 are 6e38 apart, and ones of that size have a singular value of 9e38: both are no float32."""
    large = np.full((3, 3), 3e38, np.float32)
    assert_matches(alignment.kernel_error(large, -large), 2.0, 1e-6)
    assert_matches(whitening.condition_number(large), 1.0, 1e-6)
    assert_matches(whitening.condition_number(large * np.array([[1], [0], [-1]], np.float32)), 1.0, 1e-6)


def test_a_mode_that_the_inputs_hardly_see_counts_like_any_other():
    """f = X v is (1e-10, 0), so that Q may be any multiple of diag(1, 0): K = diag(1, 0) is aligned with it."""
    X, v = np.array([[1.0, 1e-10], [1.0, 0.0]]), np.array([[0.0], [1.0]])
    assert_matches(outputs.eigenvector_alignment(np.diag([1.0, 0.0])[None, None], X, np.ones((1, 1)), v), 1.0)


def test_true_zeros_are_told_of_in_one_line(rng):
    """A kernel of zeros has no modes, and a network that ends at 0 everywhere has no error to be measured in it."""
    X = rng.standard_normal((3, 2))
    with pytest.raises(ValueError, match="^eigenvector_alignment: K is all zeros, expected [^\n]*$"):
        outputs.eigenvector_alignment(np.zeros((1, 1, 3, 3)), X, np.ones((1, 1)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="^gap_curve: the last of test_outputs is all zeros, expected [^\n]*$"):
        silence.gap_curve([np.ones((1, 2))], X, X, np.ones((2, 3, 1)), np.zeros((2, 3, 1)))


# what a function needs and was not given

FALLING, LONG, LEANING, TURNED = [0.0, 2.0, 1.0], np.ones(3), np.array([[1.0, 5.0], [0.0, 1.0]]), np.diag([1.0, -0.1])
BLOCKS = np.arange(16.0).reshape(2, 2, 2, 2)  # off by 4 (c - c2) + (m - n), 5 of 15
UNMET = [
    (kernel.constant_kernel_flow, (LEANING, [0, 1], [0, 0], [1.0]), "K is off by 1 of its largest entry from its tran"),
    (kernel.constant_kernel_flow, (TURNED, [0, 1], [0, 0], [1.0]), "K has an eigenvalue -0.1 times its largest entry,"),
    (
        kernel.constant_kernel_flow,
        (np.eye(2), [0, 1], [0, 0], [1, -2]),
        "times has the entry -2, expected none below 0",
    ),
    (kernel.kernel_predictor, (LEANING, np.eye(2), [0, 1]), "K_train is off by 1 of its largest entry"),
    (kernel.kernel_predictor, (-np.eye(2), np.eye(2), [0, 1]), "K_train has an eigenvalue -1 times"),
    (kernel.kernel_predictor, (BLOCKS, BLOCKS, np.eye(2)), "K_train is off by 0.33 of its largest entry"),
    (alignment.predictor_gap, (TURNED, np.eye(2), *[np.ones(2)] * 4), "K_inf_train has an eigenvalue -0.1 times"),
    (
        alignment.effective_rank,
        (LEANING,),
        "K is off by 1 of its largest entry from its transpose, expected a symmetric",
    ),
    (alignment.alignment_time, (FALLING, LONG), "times falls from 2 to 1, expected rising numbers"),
    (alignment.learning_time, (FALLING, LONG), "times falls from 2 to 1, expected rising numbers"),
    (outputs.kernel_clock, (FALLING, LONG), "times falls from 2 to 1, expected rising numbers"),
    (outputs.kernel_clock, (LONG, -LONG), "sizes has the entry -1, expected none below 0"),
    (outputs.kernel_clock, (np.arange(3.0), [1, 1, 0]), "the last of sizes is 0, expected"),
    (outputs.frozen_kernel_flow, (TURNED, [[0], [1]], [1.0]), "K has an eigenvalue -0.1 times its largest entry"),
    (
        outputs.frozen_kernel_flow,
        (np.eye(2), [[0], [1]], [1.0], "logistic"),
        "y has values from 0 to 1, expected only +1",
    ),
    (outputs.early_residual, ([[0, 1]], "logistic"), "y has values from 0 to 1, expected only +1 and -1"),
    (outputs.early_modes, ([[1]], [[1, 1]], "softmax"), "y has a row that is not a distribution, expected one-hot"),
    (training.loss_and_cotangent, ([[1, 2]], [[2, 0]], "softmax"), "y has a row that is not a distribution"),
    (training.loss_gradient, ([np.eye(2)], [[1, 2]], [[2, 0]], 0.0, "logistic"), "y has values from 0 to 2, expected"),
    (training.gradient_descent_step, ([np.eye(2)], [[1, 2]], [[2, 0]], 1, 0.0, "softmax"), "y has a row that is not"),
    (linear_theory.early_weights, (np.eye(2), [1, 1], [1, 1], 1, 1), "beta has the length 1.41421, expected 1"),
    (linear_theory.mode_overlaps, ([np.eye(2), np.eye(2)], [1, 1], [1, 0]), "z has the length 1.41421, expected 1"),
    (linear_theory.mode_overlaps, ([np.eye(2), np.eye(2)], [1, 0], [0, 1e200]), "v has the length 1e+200, expected 1"),
    (linear_theory.final_kernel, (np.eye(2), [2, 0], 1, 2), "beta has the length 2, expected 1"),
    (linear_theory.two_layer_mode, (1, 0, 1, [0, -1]), "times has the entry -1, expected none below 0"),
    (linear_theory.deep_mode, (0.1, 1, 2, [-0.5]), "times has the entry -0.5, expected none below 0"),
    (silence.silence_numbers, (FALLING, *[LONG] * 3, *[[[1]]] * 3), "times falls from 2 to 1, expected rising"),
    (silence.silence_numbers, (*[LONG] * 3, 0 * LONG, *[[[1]]] * 3), "norms has the entry 0, expected all above 0"),
]


@pytest.mark.parametrize("function, given, told", UNMET, ids=[f"{f.__name__}-{i}" for i, (f, *_) in enumerate(UNMET)])
def test_what_the_docstring_asks_for_is_asked_for(function, given, told):
    """Symmetric kernels, rising times, vectors of length 1: a ValueError of one line, and no wrong number."""
    with pytest.raises(ValueError) as caught:
        function(*given)
    assert str(caught.value).startswith(f"{function.__name__}: {told}") and "\n" not in str(caught.value)


def test_a_block_kernel_that_is_one_is_accepted():
    """One weight, and output c sees it at sample c only: K[c, c', m, n] = 1 where c = m and c' = n, of rank one."""
    K = np.einsum("cm,dn->cdmn", np.eye(2), np.eye(2))
    assert_matches(kernel.kernel_predictor(K, K, np.array([[1.0, 5.0], [7.0, 3.0]])), 2 * np.eye(2))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_rounding_errors_are_no_reason_to_refuse(rng, precision):
    """A kernel of low rank, computed in single precision, is a kernel; a direction that was rounded has length 1."""
    X = rng.standard_normal((60, 3)).astype(np.float32)
    K = (X @ X.T * rng.uniform(1, 1 + 2e-7, (60, 60))).astype(precision)
    assert not np.array_equal(K, K.T) and np.linalg.eigvalsh(K)[0] < 0
    y = X[:, 0].astype(precision)
    assert_matches(kernel.kernel_predictor(K, K, y, rcond=1e-4), y, 1e-4)
    assert_matches(kernel.constant_kernel_flow(K, y, 0 * y, [1e3])[0], y, 1e-3)
    beta = (np.ones(3) / np.sqrt(3)).astype(np.float32).astype(precision)
    assert linear_theory.final_kernel(np.eye(3, dtype=precision), beta, 1.0, 2).shape == (3, 3)


@pytest.mark.parametrize("precision, rtol", [(np.float64, 1e-9), (np.float32, 1e-4)])
def test_a_frozen_kernel_of_low_rank_comes_to_rest(rng, precision, rtol):
    """Eigenvalues that are rounding errors, some below 0, neither learn nor blow up."""
    X, y, f0 = (a.astype(precision) for a in (rng.standard_normal((12, 3)), *rng.standard_normal((2, 12))))
    K = X @ X.T
    f = kernel.constant_kernel_flow(K, y, f0, [1e4, 1e30])
    for end in f:
        assert_matches(end, kernel.kernel_predictor(K, K, y, f0, f0), rtol)


def test_times_of_a_frozen_flow_may_come_in_any_order():
    """Each row belongs to its own time: K = 2, one sample and y = 1 give 1 - e^{-2t}."""
    f = outputs.frozen_kernel_flow([[2.0]], [[1.0]], [3.0, 0.5, 3.0, 0.0])
    assert_matches(f[:, 0, 0], 1 - np.exp([-6.0, -1.0, -6.0, 0.0]), 1e-6)


# whitening, masks and memory


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_whitening_never_amplifies_rounding_errors(rng, precision):
    """Inputs of rank 3, and pixels that are always black, give the same white inputs with the cut 0 as with another."""
    low = rng.standard_normal((20, 3)) @ rng.standard_normal((3, 6))
    black = rng.uniform(size=(20, 6)) * [1, 1, 1, 1, 0, 0]
    for X, rank in [(low, 3), (1e-200 * low if precision == np.float64 else 1e-30 * low, 3), (black, 4), (black.T, 4)]:
        X = X.astype(precision)
        M = whitening.whitening_map(X, rcond=0)
        assert_matches(M, whitening.whitening_map(X, rcond=1e-3), 1e-4)
        assert np.linalg.norm(X @ M) ** 2 / len(X) == pytest.approx(rank, rel=1e-4)


def test_the_cut_of_whitening_is_not_above_the_rounding_errors():
    """A direction of 1e-14 is data in double precision, one of 1e-16 is not; in single precision 1e-6 and 1e-7."""
    for precision, kept, dropped in [(np.float64, 1e-14, 2e-16), (np.float32, 1e-6, 1e-7)]:
        for small, rank in [(kept, 2), (dropped, 1)]:
            M = whitening.whitening_map(np.diag([1, small]).astype(precision), rcond=0)
            assert np.linalg.matrix_rank(M, tol=1e-3) == rank


@pytest.mark.parametrize("mask", [[[1, 0], [0, 0]], [[0, 0], [0, 0]]])
def test_masked_arrays_are_refused(mask):
    """What is hidden in them would be computed with: an array, a row of a list, and a matrix of weights."""
    hidden = np.ma.masked_array(np.eye(2), mask)
    told = "is a masked array, expected one without a mask: leave out or fill in what is hidden$"
    for call in [
        lambda: whitening.second_moment(hidden),
        lambda: whitening.second_moment([hidden[0], [1.0, 2.0]]),
        lambda: whitening.whitening_map(hidden.astype(np.float32)),
        lambda: network.forward([np.eye(2), hidden], np.eye(2)),
        lambda: network.forward([np.eye(2)], hidden),
        lambda: training.gradient_descent([np.eye(2)], np.eye(2), hidden, 0.1, steps=1),
        lambda: kernel.kernel_predictor(np.eye(2), np.eye(2), np.ones(2), hidden[0]),
    ]:
        with pytest.raises(ValueError, match=told):
            call()


MILLION = np.broadcast_to(np.ones(1), 1_000_000)  # takes no memory itself
HUGE = [
    (network.init_weights, ([10**6, 10**6, 1], 0.1, 0), "widths [1000000, 1000000, 1] would take 8e+12 bytes"),
    (network.init_weights, ([10, 10**400], 0.1, 0), "more than 1e300 bytes"),
    (kernel.ntk, ([np.eye(1)], MILLION[:, None]), "the result would take 8e+12 bytes"),
    (kernel.ntk, ([np.ones((2, 1))], MILLION[:, None], MILLION[: 10**5, None]), "the result would take 3.2e+12 bytes"),
    (kernel.jacobian, ([np.ones((1000, 10)), np.ones((10, 1000))], np.ones((10**5, 10))), "would take 1.6e+11 bytes"),
    (whitening.second_moment, (MILLION[None],), "the result would take 8e+12 bytes"),
    (whitening.whitening_map, (MILLION[None],), "the result would take 8e+12 bytes"),
    (linear_theory.final_kernel, (MILLION[:, None], [1.0], 1.0, 2), "the result would take 8e+12 bytes"),
    (linear_theory.final_kernel_blocks, (MILLION[:, None], [[1], [1]], 2), "the result would take 3.2e+13 bytes"),
    (linear_theory.layer_terms, ([np.eye(1)], MILLION[:, None]), "the result would take 8e+12 bytes"),
    (data.gaussian, (10**6, 10**6), "the result would take 8e+12 bytes"),
    (data.white, (10**6, 10**9), "the result would take 8e+15 bytes"),
    (silence.experiment, ([np.eye(1)], MILLION[:, None], MILLION, [[1]], 0.1), "the result would take 8e+12 bytes"),
]


@pytest.mark.parametrize("function, given, told", HUGE, ids=[f"{f.__name__}-{i}" for i, (f, *_) in enumerate(HUGE)])
def test_absurd_sizes_are_refused_before_any_memory_is_taken(function, given, told):
    """One line that says how many bytes it would take, whatever the machine has."""
    with pytest.raises(ValueError) as caught:
        function(*given)
    message = str(caught.value)
    assert message.startswith(f"{function.__name__}: ") and told in message and "\n" not in message


def test_what_fits_is_not_refused(monkeypatch):
    """The bound is on the bytes of the result, 8 an entry: D = 4 inputs have a second moment of 128 bytes."""
    monkeypatch.setattr(guard, "MOST", 128)
    assert whitening.second_moment(np.ones((2, 4))).shape == (4, 4)
    monkeypatch.setattr(guard, "MOST", 127)
    with pytest.raises(
        ValueError, match=r"^second_moment: the result would take 1.3e\+02 bytes of memory, expected at"
    ):
        whitening.second_moment(np.ones((2, 4)))


# flows that do not reach their end

MORE, KINKS = "raise max_evaluations or end earlier", "the gradient jumps at kinks (slope < 1), use gradient_descent"
STILL = "there the loss stands still, choose a target_loss above it or a shorter time"
ERRORS = "there the loss rises and falls by the errors of the steps, lower rtol or use float64"
ONE, TWICE = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])


def flow(X, y, slope=1.0, loss="mse", sigma=0.1, seed=0, **settings):
    """A flow of two layers with the same first weights each time, in a budget of 2000 evaluations."""
    weights = network.init_weights([X.shape[1], 4, 1], sigma, seed)
    given = {"target_loss": 1e-4, "max_evaluations": 2000} | settings
    return training.gradient_flow(weights, X, y, slope, loss, **given)


@pytest.mark.parametrize(
    "case, cause",
    [
        ({"X": TWICE, "y": [1, 0]}, f"loss 0.125; {STILL}"),  # one input with two targets: their mean, and 1/4 / 2
        ({"X": TWICE, "y": [1, 0], "target_loss": 0, "time": 1e9}, f"loss 0.125; {STILL}"),
        ({"X": TWICE, "y": [1, -1], "loss": "logistic"}, f"loss 0.693; {STILL}"),  # log 2
        ({"X": np.diag([1.0, 0.1]), "y": [1, -1], "rtol": 0.5}, ERRORS),
        ({"X": ONE, "y": [1], "max_evaluations": 60}, MORE),
        ({"X": ONE, "y": [1], "sigma": 1e-9, "max_evaluations": 200}, MORE),  # the loss stands still, the weights grow
        ({"X": np.diag([1.0, 1e-3]), "y": [1, 1]}, MORE),
        ({"X": ONE, "y": [1], "slope": 0.0, "seed": 2, "max_evaluations": 60}, MORE),  # no unit turns over
        ({"X": np.random.default_rng(0).standard_normal((20, 3)), "y": [1, -1] * 10, "slope": 0.0}, KINKS),
    ],
)
def test_a_flow_that_does_not_reach_its_end_says_why(case, cause):
    """A loss that stands still, and at which; the errors of the steps; kinks; or only the budget."""
    with pytest.raises(RuntimeError) as caught:
        flow(**case)
    message = str(caught.value)
    assert message.startswith("gradient_flow: ") and message.endswith(cause) and "\n" not in message


def test_a_plateau_that_ends_within_the_budget_is_no_standstill():
    """Weights of 1e-9 move the loss by nothing that a float can hold for most of the run, which reaches its target."""
    assert flow(ONE, [1.0], sigma=1e-9).losses[-1] <= 1e-4


def test_a_network_that_dies_on_its_way_stops_there():
    """w = 0.5, a = 1 and the target -1 drive w below 0 in a finite time; then f = 0, and the loss 1/2 for ever."""
    given = [np.array([[0.5]]), np.array([[1.0]])], np.ones((1, 1)), -np.ones(1)
    with pytest.raises(ValueError, match="^gradient_flow: the gradient is zero, the loss stays at 0.5$"):
        training.gradient_flow(*given, 0.0, target_loss=1e-4)
    run = training.gradient_flow(*given, 0.0, time=1e9, record_times=[1e3, 1e6])
    assert run.times.tolist() == [0, 1e3, 1e6, 1e9] and run.losses.tolist()[1:] == [0.5] * 3

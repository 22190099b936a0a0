"""A mistake that is not known is narrowed down: what the answer must be, how it must grow, and where it goes wrong."""

import numpy as np
import pytest

from minintk import alignment, kernel, linear_theory, whitening
from minintk.course import narrow, student

RNG = np.random.default_rng(0)


def question(library, function, *args):
    call = {"library": library, "args": list(args), "kwargs": {}, "expected": library(*args), "got": function(*args)}
    ask = lambda args, kwargs: student.call(function, args, kwargs)  # noqa: E731
    return narrow.question(ask, lambda args, kwargs: f"{len(args) + len(kwargs)} given", call)


K, y = np.diag([2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0])


def test_an_answer_that_should_be_an_argument_is_told_so():
    told = question(kernel.kernel_predictor, lambda K, k, y: k @ y, K, K, y)
    assert told == "Here it must be targets itself: which term is too much, or missing?"


def test_an_argument_that_stands_for_another_is_not_named():
    """X = I is X X^T as well, and here K_train is K_test."""
    kernels = (np.eye(3), np.array([1.0, 0, 0]), 2.0, 1)
    assert question(linear_theory.final_kernel, lambda X, *_: 0 * X, *kernels) is None
    found = question(kernel.kernel_predictor, lambda K, k, y: 2 * K, K, K, K)
    assert found is None or "itself" not in found


@pytest.mark.parametrize(
    "function, told",
    [
        (lambda X: X @ X.T, "is 1/2 of it, yours is 4 times as large"),
        (lambda X: X + 1, "is 1/2 of it, yours does not"),
    ],
)
def test_an_answer_that_grows_otherwise_with_an_argument_is_told_so(function, told):
    X = RNG.standard_normal((5, 5))
    asked = question(whitening.whitening_map, function, X)
    assert asked == f"With X twice as large the expected {told}: which factor is too much, or missing?"


def test_a_function_that_fails_when_asked_again_is_asked_once_more_at_most():
    """Each question may take its whole ten seconds."""
    asked = []

    def fails(*args):
        asked.append(args)
        raise student.Error("Timeout", "did not return")

    K = RNG.standard_normal((6, 6))
    call = {"library": alignment.kernel_alignment, "args": [K, K], "kwargs": {}, "expected": 1.0, "got": 0.3}
    assert narrow.question(fails, str, call) is None and len(asked) == 2


def mean_of_rows(K, Q):
    return np.mean((K * Q).sum(-1) / np.linalg.norm(K, axis=-1) / np.linalg.norm(Q, axis=-1))


def test_the_first_small_case_that_is_wrong_is_asked_about():
    large, other = RNG.standard_normal((2, 6, 6))
    told = question(alignment.kernel_alignment, mean_of_rows, large, other)
    shown = "kernel_alignment(2 given) is 1 given, yours is 1 given."
    assert told == f"It is right with one sample, unit and output. With two samples {shown}"
    told = question(alignment.kernel_alignment, lambda K, Q: -1 / 3, large, other)
    assert told == "A smaller case, to do by hand: kernel_alignment(2 given) is 1 given, yours is 1 given."


def test_two_samples_are_shown_and_not_called_the_cause():
    """The entropy of the eigenvalues is right for two samples, too, if these are equal."""

    def entropy(K):
        shares = np.linalg.eigvalsh(K) / np.trace(K)
        return float(np.exp(-(shares * np.log(shares)).sum()))

    told = question(alignment.effective_rank, entropy, np.diag(np.arange(1.0, 7)))
    assert told.startswith("It is right with one sample, unit and output. With two samples effective_rank(1 given) is")


def test_what_is_right_in_all_small_cases_is_asked_about_in_this_one():
    """A block kernel has four axes, and the small cases have two."""

    def each_output_alone(K_train, K_test, targets, *rest, **more):
        if K_train.ndim == 2:
            return kernel.kernel_predictor(K_train, K_test, targets, *rest, **more)
        return np.stack([K_test[c, c] @ np.linalg.solve(K_train[c, c], targets[:, c]) for c in (0, 1)], axis=1)

    J = RNG.standard_normal((2, 4, 30))
    K = np.einsum("cmi,dni->cdmn", J, J)
    told = question(kernel.kernel_predictor, each_output_alone, K, K[:, :, :3], RNG.standard_normal((4, 2)))
    assert told == "It is right for small made-up arguments: what is special in this call?"


def test_a_small_call_is_left_to_be_done_by_hand():
    """A single number may be that of an argument by chance."""
    one = np.array([[2.0]]), np.array([[2.0]]), np.array([3.0])
    assert question(kernel.kernel_predictor, lambda K, k, y: k @ y, *one) is None
    assert question(kernel.kernel_predictor, lambda K, k, y: k @ y, K[:2, :2], K[:1, :2], y[:2]) is None

"""The words of the feedback: every sentence on pairs made by hand, and silence where there is nothing to say."""

import math

import numpy as np
import pytest

from minintk.course import probe
from minintk.course.diagnose import CLAIMS, COARSE, diagnose, normalise


def said(got, expected, first=None, again=None):
    """The sentence; there is always a question with it."""
    sentence, question = diagnose(got, expected, first, again)
    assert question.endswith((".", "?")) and sentence.endswith(".")
    return sentence


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def asked(change, scale=1.0):
    """What a function answers at four sizes whose every answer is changed in the same way."""

    def again():
        answers = [(sizes, scale * draw(sizes["P"], sizes["D"], seed=i)) for i, sizes in enumerate(probe.SIZES)]
        return [(sizes, change(e, **sizes), e) for sizes, e in answers]

    return again


@pytest.mark.parametrize(
    "value",
    [
        draw(3, 4),
        np.zeros((2, 2)),
        np.empty((0, 3)),
        draw(3).astype(np.float32),
        np.array([np.inf, 1.0, -np.inf]),
        np.array([np.nan, 1.0]),
        0.0,
        math.inf,
        [draw(3, 4), draw(2)],
        [(draw(3), [draw(2), draw(1)])],
        (0.5, [draw(2)]),
        {"A": [None, 0.5], "t": math.inf, "d": None},
    ],
)
def test_equal_answers_give_nothing(value):
    assert diagnose(value, value) is None


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6, 1e-300])
def test_tolerance_is_relative_to_the_largest_entry(scale):
    """At sigma = 1e-3 a kernel has entries of 1e-6: there too, one entry that is off by a thousandth is wrong."""
    e = scale * draw(4, 4)
    assert diagnose(e * (1 + 1e-12 * draw(4, 4, seed=1)), e) is None
    g = e.copy()
    g[2, 1] *= 1.001
    assert said(g, e).startswith("1 of 16 entries is wrong; the worst entry is [2, 1]: yours ")
    g = e.copy()
    g[2, 1] += 1e-7 * abs(e).max()
    assert said(g, e).startswith("1 of 16 entries is wrong")


def test_single_precision_is_held_to_its_own_rounding():
    e = draw(4, 4).astype(np.float32)
    assert diagnose(e * np.float32(1 + 3e-7), e) is None
    g = e.copy()
    g[1, 2] += 0.001
    assert said(g, e).startswith("1 of 16 entries is wrong; the worst entry is [1, 2]")


def test_each_entry_of_a_list_has_its_own_scale():
    e = [1e6 * draw(3, 3), 1e-6 * draw(3, 2)]
    assert said([e[0], e[1] + 1e-9 * draw(3, 2, seed=1)], e).startswith("It is wrong only in [1], right in [0]. There:")


@pytest.mark.parametrize("expected", [np.ones(5), np.ones((5, 1))])
def test_a_square_in_place_of_a_column_is_traced_to_broadcasting(expected):
    sentence, question = diagnose(np.ones(5) - np.ones((5, 1)), expected)
    assert sentence == f"It has shape (5, 5), expected {expected.shape}."
    assert "(P,)" in question and "(P, 1)" in question and "(P, P)" in question


def test_other_wrong_shapes_are_not_blamed_on_broadcasting():
    assert "(P, P)" not in diagnose(draw(2, 3, 4), draw(3, 4))[1]
    assert "The entries may be right" in diagnose(draw(3, 1), draw(3))[1]
    assert "The entries may be right" in diagnose(draw(2, 1, 3), draw(1, 2, 3))[1]


@pytest.mark.parametrize(
    "got, expected, question",
    [
        (4, 3, "It has one entry more than expected: what does not belong?"),
        (2, 3, "It has one entry fewer than expected: what is missing?"),
        (6, 3, "It has 3 entries more than expected: what does not belong?"),
        (2, 5, "It has 3 entries fewer than expected: what is missing?"),
        (0, 1, "It has one entry fewer than expected: what is missing?"),
        ((4, 5), (3, 5), "Along the first axis it has one entry more than expected: what does not belong?"),
        ((3, 5, 2), (4, 5, 2), "Along the first axis it has one entry fewer than expected: what is missing?"),
        (1, 4, "Which axis was summed, kept or swapped?"),
        ((1, 5), (4, 5), "Which axis was summed, kept or swapped?"),
        ((4, 5), (4, 3), "Which axis was summed, kept or swapped?"),
        ((4, 2), (3, 5), "Which axis was summed, kept or swapped?"),
        ((), (2,), "Which axis was summed, kept or swapped?"),
    ],
)
def test_entries_too_many_or_missing_along_the_first_axis_are_counted(got, expected, question):
    assert diagnose(np.ones(got), np.ones(expected))[1] == question
    kind = "float" if got == () else "list"
    if kind == "list" and expected != (3, 5):  # a list of the same numbers is asked the same
        sentence, said = diagnose(np.ones(got).tolist(), np.ones(expected))
        assert sentence.startswith("It returned a list") and said == f"Its shape is {np.ones(got).shape}. {question}"


def test_a_list_with_other_axes_or_without_numbers_has_no_shape_to_speak_of():
    for got in ([np.ones(2), np.ones(2)], [[1.0], [2.0, 3.0]], ["a", "b"]):
        assert diagnose(got, np.ones(3))[1] == "What does the docstring return?"


def test_a_matrix_with_the_expected_diagonal_is_traced_to_it():
    e = draw(4)
    g = np.where(np.eye(4, dtype=bool), np.diag(e), draw(4, 4, seed=1))
    assert diagnose(g, e)[1] == "Only the diagonal is asked for."
    assert diagnose(g, e[:, None])[1] == "Only the diagonal is asked for."
    assert diagnose(np.diag(e), e)[1] == "Only the diagonal is asked for."
    a, b = draw(4, seed=2), draw(4, seed=3)
    for met in (a - b[:, None], a * b[:, None], a / b[:, None]):  # the diagonal is right there too
        assert "(P, 1)" in diagnose(met, np.diag(met).copy())[1]


ONE, TWO, THREE, GRID = np.ones(1), np.ones(2), np.ones(3), np.ones((3, 2))
FORMS = [
    (draw(3, 4), draw(2, 3), "It has shape (3, 4), expected (2, 3)."),
    (np.ones(4), np.ones((3, 4)), "It has shape (4,), expected (3, 4)."),  # the shape is never broadcast
    (np.full((2, 2), np.nan), TWO, "It has shape (2, 2), expected (2,)."),  # and comes first
    (np.array(1.0), ONE, "It has shape (), expected (1,)."),
    (None, THREE, "It returned None."),
    ([TWO, None], [TWO, THREE], "[1] is None."),
    ({"A": [None]}, {"A": [1.0]}, '["A"][0] is None.'),
    ({"A": [2.0]}, {"A": [None]}, '["A"][0] is a float, expected None.'),
    (1.0, None, "It returned a float, expected None."),
    (THREE, [THREE], "It returned an array, expected a list of 1."),
    (2.0, (1.0, [THREE]), "It returned a float, expected a tuple of 2."),
    ([TWO, TWO], GRID, "It returned a list, expected an array (3, 2)."),
    ("mse", TWO, "It returned a str, expected an array (2,)."),
    ([1.0], {"A": 1.0}, "It returned a list, expected a dict."),
    (np.ones((3, 3)), 1.0, "It returned an array of shape (3, 3), expected a number."),
    ([1.0], 1.0, "It returned a list, expected a number."),
    ([1.0, TWO], [TWO, TWO], "[0] is a float, expected an array (2,)."),
    ([(TWO, GRID)], [(TWO, [TWO])], "[0][1] is an array, expected a list of 1."),
    ([TWO], [TWO, THREE], "It returned 1 array, expected 2."),
    ([], [TWO], "It returned 0 arrays, expected 1."),
    ((1.0, [], 2.0), (1.0, []), "It returned 3 things, expected 2."),
    ([(TWO, [])], [(TWO, [TWO])], "[0][1] has 0 entries, expected 1."),
    ([draw(3, 4), GRID, ONE], [ONE, GRID, draw(3, 4)], "The list is in reverse order."),
    ([draw(2), -draw(2)], [-draw(2), draw(2)], "The list is in reverse order."),
    ([3.0, TWO], (TWO, 3.0), "The results are right, and in the wrong order."),
    ((2 * TWO, TWO), (TWO, 2 * TWO), "The results are right, and in the wrong order."),
    ([(TWO, [THREE]), (TWO, [THREE] * 2)], [(TWO, [THREE] * 2)] * 2, "[0][1] has 1 entry, expected 2."),
    (["x", "y"], [TWO, THREE], "[0] is a str, expected an array (2,)."),
    ([TWO, THREE], [TWO, TWO], "[1] has shape (3,), expected (2,)."),
    ([(TWO, [TWO, np.ones(5)])], [(TWO, [TWO, TWO])], "[0][1][1] has shape (5,), expected (2,)."),
    ({"t": [TWO]}, {"t": [THREE]}, '["t"][0] has shape (2,), expected (3,).'),
    ([np.ones(2, np.float32)], [TWO], "[0] is float32, expected float64."),
    ({"x": 1.0, "y0": 1.0}, {"x": 1.0, "y_0": 1.0}, "Its names differ from the expected ones in y0, y_0."),
    ({"A": 1.0, 3: 1.0}, {"A": 1.0}, "Its names differ from the expected ones in 3."),
    (np.ones(2, np.float32), TWO, "It is float32, expected float64."),
    (TWO, np.ones(2, np.float32), "It is float64, expected float32."),
    (np.ones(2, int), TWO, "It holds integers, expected float64."),
    (np.ones(2, bool), np.ones(2, np.float32), "It holds booleans, expected float32."),
]  # fmt: skip


@pytest.mark.parametrize("got, expected, sentence", FORMS, ids=range(len(FORMS)))
def test_a_wrong_type_length_shape_or_precision_is_told_and_where(got, expected, sentence):
    assert said(got, expected) == sentence


INF = math.inf
PAIR = np.array([1 / 3, 0.25])
WILD = np.array([1.0, INF, INF])
VALUES = [
    (np.array([[1, np.nan], [np.nan, 2]]), draw(2, 2), "2 of 4 entries are NaN."),
    (np.array([1.0, np.nan]), TWO, "1 of 2 entries is NaN."),
    (math.nan, 1.0, "It is NaN."),
    (np.array([np.nan, INF]), TWO, "1 of 2 entries is NaN."),
    (np.array([0.0, INF, INF]), np.array([0.0, 0.25, 1.75]), "2 of 3 entries are infinite."),
    (np.array([0.0, -INF]), np.zeros(2), "1 of 2 entries is infinite."),
    ([draw(2), np.array([1.0, INF])], [draw(2) + 1, np.zeros(2)], "1 of 4 entries is infinite."),
    ([TWO, [1.0, INF] * ONE], [TWO, TWO], "It is wrong only in [1], right in [0]. There: 1 of 2 entries is infinite."),
    (np.array([INF, INF, INF]), WILD, "1 of 3 entries is infinite."),  # two of them are expected
    (3.0, INF, "Yours is 3, expected inf."),
    (INF, 3.0, "Yours is inf, expected 3."),
    (-INF, INF, "Yours is -inf, expected inf."),
    (0.0, INF, "Yours is 0, expected inf."),
    (np.zeros((3, 2)), draw(3, 2), "It is all zeros."),
    ([np.zeros(3), np.zeros(2)], [draw(3), draw(2)], "It is all zeros."),
    (0.0, 2.5, "Yours is 0, expected 2.5."),
    (2.5, 4, "Yours is 2.5, expected 4."),
    (1 / 3 + 1e-8, 1 / 3, "Yours is 0.333333343333, expected 0.333333333333."),  # as many digits as tell them apart
    (draw(3, 3).T, draw(3, 3), "It is the transpose of the expected."),
    (draw(3, 3, 4, 4).transpose(1, 0, 2, 3), draw(3, 3, 4, 4), "Its axes are in another order."),
    (draw(3, 3, 4, 4).transpose(0, 1, 3, 2), draw(3, 3, 4, 4), "Its axes are in another order."),
    (draw(3, 2) + 0.25, draw(3, 2), "It differs by the same number everywhere: 0.25."),
    (draw(3, 2) - 3, draw(3, 2), "It differs by the same number everywhere: -3."),
    (draw(4, 4) * (1 + np.eye(4)), draw(4, 4), "It is right off the diagonal, wrong on it."),
    (draw(4, 4) * (2 - np.eye(4)), draw(4, 4), "It is right on the diagonal, wrong off it."),
]  # fmt: skip


@pytest.mark.parametrize("got, expected, sentence", VALUES, ids=range(len(VALUES)))
def test_what_is_wrong_with_the_numbers_is_told(got, expected, sentence):
    assert said(got, expected) == sentence


def test_zeros_are_asked_about():
    assert "written" in diagnose(np.zeros(3), draw(3))[1] and "depend" in diagnose(np.zeros(3), draw(3))[1]


WORST = [
    (np.array([2.0, INF, INF]), WILD, "1 of 3 entries is", "[0]: yours 2, expected 1."),
    (np.array([1.0, 2.0, 3.0]), WILD, "2 of 3 entries are", "[1]: yours 2, expected inf."),
    (np.array([1.0, -INF, INF]), WILD, "1 of 3 entries is", "[1]: yours -inf, expected inf."),
    (np.array([1, 1e200]), np.array([3, 1.0]), "2 of 2 entries are", "[1]: yours 1e+200, expected 1."),
    (np.array([np.nan, 1.5, 4]), np.array([np.nan, 1, 3]), "2 of 3 entries are", "[2]: yours 4, expected 3."),
    (np.array([7.0, 1.5]), np.array([np.nan, 1.0]), "2 of 2 entries are", "[0]: yours 7, expected nan."),
    (PAIR + [1e-8, 0], PAIR, "1 of 2 entries is", "[0]: yours 0.333333343333, expected 0.333333333333."),
    (np.array([[0.0, 2], [3, 4]]), np.array([[0.0, 2], [4, 7]]), "2 of 4 entries are", "[1, 1]: yours 4, expected 7."),
    (np.diag([3.0, 1, 5.5]), np.diag([1.0, 2, 5]), "3 of 9 entries are", "[0, 0]: yours 3, expected 1."),
]  # fmt: skip


@pytest.mark.parametrize("got, expected, wrong, worst", WORST, ids=range(len(WORST)))
def test_otherwise_the_worst_entry_is_told(got, expected, wrong, worst):
    assert said(got, expected) == f"{wrong} wrong; the worst entry is {worst}"


BY_HAND = "What would you get for this entry by hand?"
SYMMETRIC = draw(3, 3) + draw(3, 3).T
QUESTIONS = [
    (draw(6, seed=1), draw(6), BY_HAND),
    (draw(7, seed=1), draw(7), CLAIMS),
    (draw(6) * [1.001, 1.002, 1, 1.002, 1.001, 1], draw(6), f"It is right to 3 digits: {COARSE}"),
    (draw(6) + [0.001, 0.002, 0, 0, 0, 0], draw(6), BY_HAND),
    (2.5002, 2.5, f"It is right to 4 digits: {COARSE}"),
    (2.6, 2.5, "What does the definition give by hand?"),
    (draw(2, 2), np.ones((2, 2)), BY_HAND),
    (draw(3, 3), SYMMETRIC, "The expected array is symmetric, yours is not: which two things should enter it alike?"),
    (SYMMETRIC**2, SYMMETRIC, CLAIMS),
    (draw(3, 4) * [[1], [1], [3]], draw(3, 4), "Only row 2 is wrong: what is special there?"),
    (draw(3, 4) * [1, 2, 3, 1], draw(3, 4), "Only columns 1, 2 are wrong: what is special there?"),
]  # fmt: skip


@pytest.mark.parametrize("got, expected, question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_what_the_expected_entries_have_is_asked_about(got, expected, question):
    """Where they have nothing in common the call may tell more."""
    assert diagnose(got, expected)[1] == question
    other = diagnose(got, expected, more=lambda: "Why?")[1]
    assert other == ("Why?" if "by hand" in question or question == CLAIMS else question)


SIMPLE = ["P", "P^2", "D", "N", "C", "P C", "sqrt(P)", "sqrt(D)", "sqrt(N)"]
LAWS = [*SIMPLE, *(f"1/({law})" if " " in law else f"1/{law}" for law in SIMPLE), "P/(P-1)", "2", "1/2", "4", "1/4"]
LAWS += ["-2", "-1/2", "2 P", "1/2 P", "- 1/P", "2 1/sqrt(D)"]


def law_at(law, **sizes):
    """What the words of a law say, read as a formula."""
    return eval(law.replace("- ", "-").replace(" ", "*").replace("^", "**"), {"sqrt": math.sqrt} | sizes)


@pytest.mark.parametrize("scale", [1e-6, 1.0])
@pytest.mark.parametrize("law", LAWS)
def test_a_constant_factor_has_its_law(law, scale):
    e = scale * draw(3, 2)
    again = asked(lambda e, **sizes: law_at(law, **sizes) * e, scale)
    sentence = said(law_at(law, P=3, D=2, N=5, C=2) * e, e, again=again)
    assert sentence.startswith(f"It is {law} times the expected")


def test_a_law_is_shown_at_its_sizes():
    e = draw(3, 2)
    by_P, by_N = asked(lambda e, P, **_: P * e), asked(lambda e, N, **_: e / N)
    assert said(3 * e, e, again=by_P) == "It is P times the expected: 4, 7, 4, 6 at P = 4, 7, 4, 6."
    assert said(e / 5, e, again=by_N) == "It is 1/N times the expected: 0.2, 0.1667, 0.125, 0.3333 at N = 5, 6, 8, 3."
    assert said(2 * e, e, again=asked(lambda e, **_: 2 * e)) == "It is 2 times the expected."


def test_a_law_holds_for_numbers_and_lists_too():
    assert said(7.5, 2.5, again=lambda: [(s, s["P"] * 0.3, 0.3) for s in probe.SIZES]).startswith(
        "It is P times the expected"
    )
    e = [draw(3, 2), draw(2)]
    again = asked(lambda e, P, **_: e / P)
    assert said([a / 3 for a in e], e, again=lambda: [(s, [g, g], [e, e]) for s, g, e in again()]).startswith(
        "It is 1/P times the expected"
    )


def test_a_factor_without_a_law_is_a_number():
    e = draw(3, 2)
    assert said(0.7 * e, e) == "It is a constant factor times the expected: 0.7."
    assert said(0.7 * e, e, again=asked(lambda e, **_: 0.7 * e)) == "It is a constant factor times the expected: 0.7."
    assert said(0.7 * e, e, again=lambda: asked(lambda e, **_: 2 * e)()[:2]).startswith("It is a constant factor")


def test_a_factor_that_is_none_at_other_sizes_is_not_told():
    """Two entries of which one is zero are always multiples of each other."""
    g, e = np.array([0.0, 20.0]), np.array([0.0, 10.0])
    assert said(g, e, again=asked(lambda e, **_: e**3)).startswith("1 of 2 entries is wrong; the worst entry is [1]")


def test_sizes_at_which_there_is_no_answer_are_left_out():
    e = draw(3, 2)
    again = asked(lambda e, P, **_: P * e if P != 7 else None)
    assert said(3 * e, e, again=again) == "It is a constant factor times the expected: 3."


@pytest.mark.parametrize("again", [None, asked(lambda e, **_: -e)])
def test_a_flipped_sign_is_told(again):
    assert said(-draw(3, 2), draw(3, 2), again=again).startswith("The sign is flipped")


def test_a_square_and_a_root_are_told():
    e = abs(draw(3, 2)) + 0.1
    assert said(e**2, e) == "It is the square of the expected."
    assert said(e**0.5, e) == "It is the square root of the expected."
    squares = [(sizes, 0.1 * i, 0.01 * i * i) for i, sizes in enumerate(probe.SIZES, start=1)]
    assert said(2.0, 4.0, again=lambda: squares) == "It is the square root of the expected."
    assert said(2.0, 4.0) == "Yours is 2, expected 4."


def test_one_wrong_entry_says_nothing_of_the_diagonal():
    g, e = draw(4, 4), draw(4, 4)
    g[1, 1] = 7
    assert said(g, e).startswith("1 of 16 entries is wrong; the worst entry is [1, 1]: yours 7")
    g[1, 1], g[0, 3] = e[1, 1], 7
    assert said(g, e).startswith("1 of 16 entries is wrong; the worst entry is [0, 3]: yours 7")


def test_the_wrong_layer_is_told_and_what_is_wrong_there():
    e = [draw(3, 4), draw(3, 2, seed=1), draw(3, 1, seed=2)]
    assert said([e[0], e[1] + 0.5, e[2]], e) == (
        "It is wrong only in [1], right in [0], [2]. There: It differs by the same number everywhere: 0.5."
    )
    assert said([2 * e[0], 3 * e[1], e[2]], e) == (
        "It is wrong only in [0], [1], right in [2]. In [0]: It is a constant factor times the expected: 2."
    )
    assert said((0.5, [e[0], -e[1]]), (0.5, e[:2])).startswith(
        "It is wrong only in [1][1], right in [0], [1][0]. There: The sign is flipped"
    )
    numbers = dict.fromkeys("abcdef", 1.0)
    assert said(numbers | {"c": 3.0}, numbers) == (
        'It is wrong only in ["c"], right in the 5 others. There: Yours is 3, expected 1.'
    )


def test_the_law_of_the_wrong_layer_is_told():
    e = [draw(3, 2), draw(2)]
    again = asked(lambda e, P, **_: e / P)
    found = said([e[0], e[1] / 3], e, again=lambda: [(s, [e, g], [e, e]) for s, g, e in again()])
    assert found.startswith("It is wrong only in [1], right in [0]. There: It is 1/P times the expected")
    # the last layer is the last one also where there are more or fewer layers
    other = said([e[0], e[1] / 3], e, again=lambda: [(s, [e, e, g], [e, e, e]) for s, g, e in again()])
    assert other == found
    first = said([e[0] / 3, e[1], e[1]], [e[0], e[1], e[1]], again=lambda: [(s, [g], [e]) for s, g, e in again()])
    assert "There: It is 1/P times the expected" in first


def test_entries_that_are_all_wrong_are_told():
    sentence = said([draw(3), draw(2)], [draw(3, seed=1), draw(2, seed=1)])
    assert sentence.startswith("All entries of the list are wrong. In [0]: 3 of 3 entries are wrong")


def test_wrong_only_for_negative_z_is_told():
    z = np.array([[-2.0, 3.0, 1.0], [0.0, -1.0, 2.0]])
    assert said(np.where(z > 0, z, 0.0), np.where(z > 0, z, 0.1 * z), z) == "It is wrong only where z < 0."
    assert said(np.where(z >= 0, 1, 0.1), np.where(z > 0, 1, 0.1), z) == "It is wrong only where z = 0 exactly."
    assert "worst entry" in said(np.where(z > 0, z, 0.0), np.where(z > 0, z, 0.1 * z), z.ravel())
    assert "worst entry" in said(np.where(z > 0, 2 * z, 0.0), np.where(z > 0, z, 0.1 * z), z)


@pytest.mark.parametrize("last_bits", [-1e-12, 0.0, 1e-12])
@pytest.mark.parametrize("scale", [1e-6, 1.0])
def test_of_entries_that_miss_equally_the_first_is_told(last_bits, scale):
    """Whatever the last bits of this machine say; one that misses by a millionth more is told before them."""
    e = scale * np.array([[1.0, 2.0], [3.0, 4.0]])
    miss = scale * np.array([[0.0, 0.5], [-0.5 + last_bits, 0.25]])
    assert said(e + miss, e).startswith("3 of 4 entries are wrong; the worst entry is [0, 1]: yours ")
    miss[1, 1] = 0.500001 * scale
    assert said(e + miss, e).startswith("3 of 4 entries are wrong; the worst entry is [1, 1]: yours ")
    assert said(miss, 0 * e).startswith("3 of 4 entries are wrong; the worst entry is [1, 1]: yours ")


@pytest.mark.parametrize(
    "got, expected",
    [
        ([[1, 2.5], [3, 4]], np.array([[1, 2.5], [3, 4]])),
        ((1.0, 2.0), np.array([1.0, 2.0])),
        (2.5, np.array(2.5)),
        ([[1.0], [[2.0]]], [ONE, np.array([[2.0]])]),
        ({"A": [1.0]}, {"A": ONE}),
        *((number(2.5), 2.5) for number in (np.array, np.float32, np.longdouble, np.float64)),
        ((ONE, 2.0), [ONE, 2.0]),
        ([2.0, ONE], (2.0, ONE)),
    ],
)
def test_lists_count_as_arrays_arrays_without_axes_as_numbers_and_tuples_as_lists(got, expected):
    assert diagnose(normalise(got, expected), expected) is None


@pytest.mark.parametrize("got", [[1.0, 2.0, 3.0], [[1.0], [2.0, 3.0]], ["a", "b"], [None, 1.0], [[1.0, 2.0]], []])
def test_lists_of_another_shape_stay_lists(got):
    assert normalise(got, np.ones(2)) is got


def test_the_sizes_of_the_questions_tell_all_laws_apart():
    values = [[law_at(law, **sizes) for sizes in probe.SIZES] for law in LAWS]
    for i, a in enumerate(values):
        for b in values[:i]:
            assert not np.allclose(a, b)

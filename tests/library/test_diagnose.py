"""The words of the feedback: every sentence on pairs made by hand, and silence where there is nothing to say."""

import math

import numpy as np
import pytest

from minintk.course import probe
from minintk.course.diagnose import diagnose, normalise


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


# nothing to say


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


# form


def test_the_shape_comes_first_and_is_never_broadcast():
    assert said(draw(3, 4), draw(4, 3)[:2]) == "It has shape (3, 4), expected (2, 3)."
    assert said(np.ones(4), np.ones((3, 4))) == "It has shape (4,), expected (3, 4)."
    assert said(np.full((2, 2), np.nan), np.ones(2)) == "It has shape (2, 2), expected (2,)."
    assert said(np.array(1.0), np.ones(1)) == "It has shape (), expected (1,)."


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


def test_none_is_told_and_where():
    assert said(None, np.ones(3)) == "It returned None."
    assert said([np.ones(2), None], [np.ones(2), np.ones(3)]) == "[1] is None."
    assert said({"A": [None]}, {"A": [1.0]}) == '["A"][0] is None.'
    assert said({"A": [2.0]}, {"A": [None]}) == '["A"][0] is a float, expected None.'
    assert said(1.0, None) == "It returned a float, expected None."


def test_a_wrong_type_is_told_and_where():
    assert said(np.ones(3), [np.ones(3)]) == "It returned an array, expected a list of 1."
    assert said(2.0, (1.0, [np.ones(3)])) == "It returned a float, expected a tuple of 2."
    assert said([np.ones(2), np.ones(2)], np.ones((3, 2))) == "It returned a list, expected an array (3, 2)."
    assert said("mse", np.ones(2)) == "It returned a str, expected an array (2,)."
    assert said([1.0], {"A": 1.0}) == "It returned a list, expected a dict."
    assert said(np.ones((3, 3)), 1.0) == "It returned an array of shape (3, 3), expected a number."
    assert said([1.0], 1.0) == "It returned a list, expected a number."
    assert said([1.0, np.ones(2)], [np.ones(2), np.ones(2)]) == "[0] is a float, expected an array (2,)."
    assert (
        said([(np.ones(2), np.ones((3, 2)))], [(np.ones(2), [np.ones(2)])])
        == "[0][1] is an array, expected a list of 1."
    )


def test_a_wrong_length_is_told_and_where():
    assert said([np.ones(2)], [np.ones(2), np.ones(3)]) == "It returned 1 array, expected 2."
    assert said([], [np.ones(2)]) == "It returned 0 arrays, expected 1."
    assert said((1.0, [], 2.0), (1.0, [])) == "It returned 3 things, expected 2."
    assert said([(np.ones(2), [])], [(np.ones(2), [np.ones(2)])]) == "[0][1] has 0 entries, expected 1."


def test_a_list_in_reverse_order_is_told():
    e = [draw(3, 4), draw(3, 2), draw(3, 1)]
    assert said(e[::-1], e) == "The list is in reverse order."
    assert said([e[0], -e[0]], [-e[0], e[0]]) == "The list is in reverse order."
    a, b = np.ones(2), np.ones(3)
    assert said([(a, [b]), (a, [b, b])], [(a, [b, b]), (a, [b, b])]) == "[0][1] has 1 entry, expected 2."
    assert said(["x", "y"], [a, b]) == "[0] is a str, expected an array (2,)."


def test_a_wrong_shape_or_precision_in_a_list_is_told_where():
    assert said([np.ones(2), np.ones(3)], [np.ones(2), np.ones(2)]) == "[1] has shape (3,), expected (2,)."
    e = [(np.ones(2), [np.ones(2), np.ones(2)])]
    assert said([(np.ones(2), [np.ones(2), np.ones(5)])], e) == "[0][1][1] has shape (5,), expected (2,)."
    assert said({"t": [np.ones(2)]}, {"t": [np.ones(3)]}) == '["t"][0] has shape (2,), expected (3,).'
    assert said([np.ones(2, np.float32)], [np.ones(2)]) == "[0] is float32, expected float64."


def test_names_that_differ_are_listed():
    sentence = said({"err_inf": 1.0, "err0": 1.0, "rho": 1.0}, {"err_inf": 1.0, "err_0": 1.0, "rho": 1.0})
    assert sentence == "Its names differ from the expected ones in err0, err_0."
    assert said({"A": 1.0, 3: 1.0}, {"A": 1.0}) == "Its names differ from the expected ones in 3."


def test_precision_is_part_of_the_form():
    assert said(np.ones(2, np.float32), np.ones(2)) == "It is float32, expected float64."
    assert said(np.ones(2), np.ones(2, np.float32)) == "It is float64, expected float32."
    assert said(np.ones(2, int), np.ones(2)) == "It holds integers, expected float64."
    assert said(np.ones(2, bool), np.ones(2, np.float32)) == "It holds booleans, expected float32."


# values


def test_nan_is_counted():
    g = draw(3, 2)
    g[1] = np.nan
    assert said(g, draw(3, 2)) == "2 of 6 entries are NaN."
    assert said(np.array([1.0, np.nan]), np.ones(2)) == "1 of 2 entries is NaN."
    assert said(math.nan, 1.0) == "It is NaN."


def test_infinite_entries_are_counted_before_anything_is_compared():
    assert said(np.array([0.0, np.inf, np.inf]), np.array([0.0, 0.25, 1.75])) == "2 of 3 entries are infinite."
    assert said(np.array([0.0, -np.inf]), np.zeros(2)) == "1 of 2 entries is infinite."
    assert said([draw(2), np.array([1.0, np.inf])], [draw(2) + 1, np.zeros(2)]) == "1 of 4 entries is infinite."
    sentence = said([draw(2), np.array([1.0, np.inf])], [draw(2), np.ones(2)])
    assert sentence == "It is wrong only in [1], right in [0]. There: 1 of 2 entries is infinite."
    assert said(np.array([np.nan, np.inf]), np.ones(2)) == "1 of 2 entries is NaN."


def test_infinite_entries_that_are_expected_are_none_too_many():
    e = np.array([1.0, np.inf, np.inf])
    assert said(np.array([np.inf, np.inf, np.inf]), e) == "1 of 3 entries is infinite."
    assert said(np.array([2.0, np.inf, np.inf]), e).startswith(
        "1 of 3 entries is wrong; the worst entry is [0]: yours 2"
    )
    assert said(np.array([1.0, 2.0, 3.0]), e).startswith("2 of 3 entries are wrong; the worst entry is [1]: yours 2")
    assert said(np.array([1.0, -np.inf, np.inf]), e).endswith("the worst entry is [1]: yours -inf, expected inf.")


def test_zeros_are_told_of_arrays_and_a_zero_is_just_a_wrong_number():
    assert said(np.zeros((3, 2)), draw(3, 2)) == "It is all zeros."
    assert said([np.zeros(3), np.zeros(2)], [draw(3), draw(2)]) == "It is all zeros."
    assert "written" in diagnose(np.zeros(3), draw(3))[1] and "depend" in diagnose(np.zeros(3), draw(3))[1]
    assert said(0.0, 2.5) == "Yours is 0, expected 2.5."


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
    assert said(3 * e, e, again=asked(lambda e, P, **_: P * e)) == (
        "It is P times the expected: 4, 7, 4, 6 at P = 4, 7, 4, 6."
    )
    assert said(e / 5, e, again=asked(lambda e, N, **_: e / N)) == (
        "It is 1/N times the expected: 0.2, 0.1667, 0.125, 0.3333 at N = 5, 6, 8, 3."
    )
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


def test_a_transposed_matrix_is_told():
    assert said(draw(3, 3).T, draw(3, 3)) == "It is the transpose of the expected."


@pytest.mark.parametrize("axes", [(1, 0, 2, 3), (0, 1, 3, 2)])
def test_other_axes_of_a_kernel_with_several_outputs_are_told(axes):
    e = draw(3, 3, 4, 4)
    assert said(e.transpose(axes), e) == "Its axes are in another order."


def test_an_additive_constant_is_told():
    assert said(draw(3, 2) + 0.25, draw(3, 2)) == "It differs by the same number everywhere: 0.25."
    assert said(draw(3, 2) - 3, draw(3, 2)) == "It differs by the same number everywhere: -3."


def test_right_on_or_off_the_diagonal_only_is_told():
    e, on = draw(4, 4), np.eye(4, dtype=bool)
    assert said(np.where(on, 2 * e, e), e) == "It is right off the diagonal, wrong on it."
    assert said(np.where(on, e, 2 * e), e) == "It is right on the diagonal, wrong off it."


def test_zeros_off_the_diagonal_prove_nothing():
    sentence = said(np.diag([3.0, 1.0, 5.5]), np.diag([1.0, 2.0, 5.0]))
    assert sentence == "3 of 9 entries are wrong; the worst entry is [0, 0]: yours 3, expected 1."


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


def test_otherwise_the_worst_entry_is_shown():
    g, e = np.array([[1.0, 2.0], [3.0, 4.5]]), np.array([[1.0, 2.0], [3.5, 7.0]])
    assert said(g, e) == "2 of 4 entries are wrong; the worst entry is [1, 1]: yours 4.5, expected 7."
    assert said(2.5, 4) == "Yours is 2.5, expected 4."


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


def test_nan_that_is_expected_is_right_and_a_number_in_its_place_is_worst():
    e = np.array([np.nan, 1.0, 2.0])
    assert said(np.array([np.nan, 1.5, 2.75]), e).startswith("2 of 3 entries are wrong; the worst entry is [2]")
    told = "2 of 3 entries are wrong; the worst entry is [0]: yours 7, expected nan."
    assert said(np.array([7.0, 1.5, 2.0]), e) == told


def test_numbers_that_look_alike_are_shown_with_more_digits():
    assert said(1 / 3 + 1e-8, 1 / 3) == "Yours is 0.333333343333, expected 0.333333333333."
    assert "yours 0.333333343333, expected 0.333333333333" in said(np.array([1, 1 / 3 + 1e-8]), np.array([1, 1 / 3]))


@pytest.mark.parametrize(
    "got, expected, sentence",
    [
        (3.0, math.inf, "Yours is 3, expected inf."),
        (math.inf, 3.0, "Yours is inf, expected 3."),
        (-math.inf, math.inf, "Yours is -inf, expected inf."),
        (0.0, math.inf, "Yours is 0, expected inf."),
        (np.array([1.0, 2.0, np.inf]), np.array([1.0, 3.0, np.inf]), "1 of 3 entries is wrong; the worst entry is [1]"),
        (np.array([1.0, 1e200]), np.array([3.0, 1.0]), "2 of 2 entries are wrong; the worst entry is [1]"),
    ],
)
def test_infinite_and_huge_numbers_are_told_without_warnings(got, expected, sentence):
    assert said(got, expected).startswith(sentence)


# form that does not matter


def test_lists_of_numbers_count_as_arrays_of_the_right_shape():
    assert diagnose(normalise([[1, 2.5], [3, 4]], np.ones((2, 2))), np.array([[1, 2.5], [3, 4]])) is None
    assert diagnose(normalise((1.0, 2.0), np.ones(2)), np.array([1.0, 2.0])) is None
    assert diagnose(normalise(2.5, np.array(1.0)), np.array(2.5)) is None
    assert diagnose(normalise([[1.0], [[2.0]]], [np.ones(1), np.ones((1, 1))]), [np.ones(1), np.array([[2.0]])]) is None
    assert diagnose(normalise({"A": [1.0]}, {"A": np.ones(1)}), {"A": np.ones(1)}) is None


def test_arrays_without_axes_count_as_numbers():
    for number in (np.array(2.5), np.float32(2.5), np.longdouble(2.5), np.float64(2.5)):
        assert diagnose(normalise(number, 2.5), 2.5) is None


def test_a_tuple_counts_as_a_list_and_a_list_as_a_tuple():
    assert diagnose(normalise((np.ones(1), 2.0), [np.ones(1), 2.0]), [np.ones(1), 2.0]) is None
    assert diagnose(normalise([2.0, np.ones(1)], (2.0, np.ones(1))), (2.0, np.ones(1))) is None


@pytest.mark.parametrize("got", [[1.0, 2.0, 3.0], [[1.0], [2.0, 3.0]], ["a", "b"], [None, 1.0], [[1.0, 2.0]], []])
def test_lists_of_another_shape_stay_lists(got):
    assert normalise(got, np.ones(2)) is got


def test_the_sizes_of_the_questions_tell_all_laws_apart():
    values = [[law_at(law, **sizes) for sizes in probe.SIZES] for law in LAWS]
    for i, a in enumerate(values):
        for b in values[:i]:
            assert not np.allclose(a, b)

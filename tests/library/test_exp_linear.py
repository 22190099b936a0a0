"""The linear experiments: their numbers against theory and against other code, and their verdicts."""

import copy
import functools
import math
import operator

import numpy as np
import pytest

from minintk.experiments import depth, linear_phases, several_outputs, style, transfer


@pytest.fixture
def phases(found):
    """The numbers of each sigma, from the largest."""
    return {case["sigma"]: case for case in found("linear_phases").summary["cases"]}


@pytest.fixture
def deep(found):
    """The numbers of each L."""
    return {numbers["L"]: numbers for numbers in found("depth").summary["depths"]}


@pytest.fixture
def outputs(found):
    return found("several_outputs").summary


def test_two_layers_follow_the_closed_forms(phases):
    """Other code: max |r error| 6e-3, 1e-4, 2e-6 and K_inf 1.3e-2, 1.3e-4, 1.3e-6 at sigma = .1, .01, .001."""
    for sigma, r_error, K_error in ((0.1, 6e-3, 1.3e-2), (0.01, 1e-4, 1.3e-4), (1e-3, 2e-6, 1.3e-6)):
        case = phases[sigma]
        assert 0.5 < case["r_error"] / r_error < 1.5 and 0.7 < case["K_error"] / K_error < 1.4
    assert phases[1e-3]["r_error_relative"] < 1e-5
    assert phases[1e-3]["r_error_without_r0"] > 1e-3


def test_early_weights_err_as_sigma_squared(phases):
    """Other code: a and W at t = 1/s: (3e-2, 9e-3) at .1, (3e-4, 8e-5) at .01, (3e-6, 8e-7) at .001."""
    for sigma, a_error, W_error in ((0.1, 3e-2, 9e-3), (0.01, 3e-4, 8e-5), (1e-3, 3e-6, 8e-7)):
        case = phases[sigma]
        assert 0.7 < case["a_error"] / a_error < 1.4 and 0.6 < case["W_error"] / W_error < 1.4


def test_the_alignment_time_stays_and_the_learning_time_grows(phases, found):
    """Other code: alignment and learning times: .67 always; 1.05, 2.22, 3.32, 5.62, 7.93."""
    for case, expected in zip(phases.values(), (1.05, 2.22, 3.32, 5.62, 7.93)):
        assert case["t_learn"] == pytest.approx(expected, abs=0.12)
        assert case["t_align"] == pytest.approx(0.67, abs=0.15) == case["t_align_theory"]
        for name in ("t_learn", "t_half"):
            assert case[name] == pytest.approx(case[f"{name}_theory"], abs=0.002 if case["sigma"] < 0.1 / 3 else 0.02)
    assert found("linear_phases").summary["slope"] == pytest.approx(0.5, abs=5e-4)


def test_what_is_learned_before_alignment_falls_as_sigma_to_the_depth(deep):
    """Other code: exponents 2.00, 2.97, 3.95; drops 1.4e-5 (L = 3, .01) and 3.5e-4 (L = 4, .05)."""
    for L, numbers in deep.items():
        assert numbers["exponent"] == pytest.approx(L, abs=0.05)
    assert deep[3]["drop_at_align"]["0.01"] == pytest.approx(1.4e-5, rel=0.5)
    assert deep[4]["drop_at_align"]["0.05"] == pytest.approx(3.5e-4, rel=0.7)


def test_deep_networks_end_at_the_final_kernel(deep):
    """Other code: 1.2e-4 (L = 3, .01) and 2.6e-3 (L = 4, .05); effective ranks 29.1, 27.0, 24.2."""
    for L, error, rank, share in ((3, 1.2e-4, 27.0, 0.094), (4, 2.6e-3, 24.2, 0.120)):
        numbers = deep[L]
        assert 0.5 < numbers["K_error"] / error < 2
        assert numbers["ranks"][1] == pytest.approx(rank, abs=0.1)
        assert numbers["share_K"] == pytest.approx(share, abs=2e-3)
    assert deep[2]["K_error"] < 1e-5


def test_scaled_runs_collapse_and_rank_one_networks_follow_the_curve(deep):
    two, three, four = deep.values()
    assert all(1e-6 < n["collapse"] < 1e-3 and n["rank_one_error"] < 1e-5 for n in deep.values())
    assert two["t_ratio"] < 0.2 < 0.45 < three["t_ratio"] < four["t_ratio"] < 0.95
    assert 0.85 < three["effective_u_0"] < 1.05 and 0.85 < four["effective_u_0"] < 1.05


def test_later_layer_terms_are_rank_one_first(deep):
    """Other code: K_L has .94, .98, .95 of its trace in one eigenvalue at a loss drop of .1 %, K_1 has 1/D."""
    shares = deep[4]["shares"]
    assert shares["K_1"] == pytest.approx([1 / 30] * 5, rel=1e-6)
    assert shares["K_2"][2] < 0.5 < 0.9 < shares["K_3"][2] < shares["K_4"][2]
    assert [deep[L]["shares"][f"K_{L}"][1] for L in (2, 3, 4)] == pytest.approx([0.94, 0.98, 0.95], abs=0.04)


def test_modes_are_learned_in_turn_at_the_times_of_the_theory(outputs):
    """Other code: half times 2.55, 4.74, 11.46 (another seed); with shared hidden units to 1e-3."""
    main = outputs["cases"][1]
    assert main["sigma"] == 1e-3 and main["t_half"] == pytest.approx([2.55, 4.74, 11.46], rel=0.05)
    assert main["t_half"] == pytest.approx(main["t_half_theory"], rel=1e-3)
    assert 0.002 < 1 - main["t_half_alone"][2] / main["t_half"][2] < 0.004
    assert max(main["t_direction"]) < 3 and min(main["cosine_at_tenth"]) > 0.999
    assert outputs["three_layers"]["scaled"] == pytest.approx([1.0, 0.95, 1.1], abs=0.25)


def test_eigenvalues_stay_late_however_small_sigma_is(outputs):
    """Other code: A = .89 at a loss drop of 10 %, unequal s_a. By hand, only mode 1 is there by then.

    Blocks delta_cc' X M X^T + Q_cc' X X^T have |K|^2 / P^2 = C |M|^2 + 2 tr M tr Q + D |Q|^2. For K_inf |M|^2 and |Q|^2
    are 11.61 and both traces 5.1; for mode 1 alone they are 9 and 3; the product of the two takes 9 and 3 * 5.1.
    """
    C, D = 3, 20
    whole, alone, both = 23 * 11.61 + 2 * 5.1**2, 25 * 9, 9 * (C + D) + 2 * 3 * 5.1
    limit, cases = both / math.sqrt(whole * alone), outputs["cases"]
    assert [c["A"][2] for c in cases[:3]] == pytest.approx([0.89] * 3, abs=0.012)
    assert cases[2]["A"][2] == pytest.approx(limit, abs=2e-3) and cases[2]["A_free"][2] > 0.999
    assert cases[3]["A"][2] > 0.95
    assert cases[1]["K_error"] < 5e-6 and outputs["three_layers"]["K_error"] < 1.5e-4


def test_few_samples_make_the_predictor_of_the_final_kernel(outputs):
    """Other code: P = 10 < D = 20: err_inf .022, .0026 at sigma = .1, .01, err_0 .25, .28."""
    large, small = (outputs["machines"][sigma] for sigma in ("0.1", "0.01"))
    assert large["err_inf"] == pytest.approx(0.022, rel=0.35) and small["err_inf"] == pytest.approx(0.0026, rel=0.35)
    assert 0.15 < large["err_0"] < 0.4 and small["rho"] < 0.05


def doctored(numbers, *changes):
    """The numbers with some of them changed: (path of keys, value)."""
    numbers = copy.deepcopy(numbers)
    for (*path, last), value in changes:
        functools.reduce(operator.getitem, path, numbers)[last] = value
    return numbers


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([], "The theory holds"),
        ([], "\nTwo clocks"),
        ([((3, "r_error"), 1e-4)], "does NOT hold"),
        ([((3, "K_error"), 1e-3)], "does NOT hold"),
        ([((3, "t_half"), 6.64)], "does NOT hold"),
        ([((4, "t_align"), 2.0)], "NOT two clocks"),
        ([((4, "t_half"), 8.0)], "NOT two clocks"),
        ([((i, "t_align"), 0.0) for i in range(5)], "\nTwo clocks"),  # so it is for N = 1000
        ([((0, "t_align"), 0.0)], "\nTwo clocks"),  # the largest sigma does not count
    ],
)
def test_the_verdict_on_two_layers_follows_from_the_numbers(phases, changes, told):
    assert told in linear_phases.verdict(doctored(list(phases.values()), *changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([((1, "exponent"), 2.0)], "NOT sigma^L"),
        ([((0, "collapse"), 0.1)], "NOT only on t"),
        ([((2, "K_error"), 0.1)], "do NOT hold"),
        ([((2, "rank_one_error"), 0.1)], "do NOT hold"),
        ([((2, "shares", "K_2"), [0.1, 0.2, 0.3, 1.0, 1.0])], "NOT later layers first"),
        ([((2, "shares", "K_2"), [0.1, 0.2, 1.0, 0.3, 1.0])], "NOT later layers first"),
        ([((0, "shares", "K_2"), [0.1, 0.2, 0.8, 0.8, 1.0])], "NOT later layers first"),  # not rank one at all
    ],
)
def test_the_verdict_on_depth_follows_from_the_numbers(deep, changes, told):
    depths = list(deep.values())
    assert "NOT" not in depth.verdict(depths) and told in depth.verdict(doctored(depths, *changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([], "as any linear network with P < D is."),
        ([(("cases", 1, "t_half"), [2.5, 4.77, 11.04])], "NOT one mode"),
        ([(("cases", 1, name), [4.8, 4.77, 11.04]) for name in ("t_half", "t_half_theory")], "NOT one mode"),
        ([(("cases", 1, "cosine_at_tenth"), [1.0, 0.6, 1.0])], "NOT early"),
        ([(("cases", 2, "A_free"), [0.9] * 5)], "NOT early"),
        ([(("cases", 2, "A"), [0.8, 0.9, 0.92, 1.0, 1.0])], "NOT late"),
        ([(("cases", i, "A"), [0.8, 0.9, 0.96, 1.0, 1.0]) for i in range(3)], "NOT late"),
        ([(("machines", "0.01", "rho"), 0.7)], "NOT the predictor of K_inf (off by 0.28%; K_0 by 25%)."),
    ],
)
def test_the_verdict_on_several_outputs_follows_from_the_numbers(outputs, changes, told):
    assert "NOT" not in outputs["verdict"] and told in several_outputs.verdict(doctored(outputs, *changes))


@pytest.fixture
def few(monkeypatch):
    """Few samples, inputs and hidden units."""
    for name, number in {"P": 12, "D": 6, "N": 10, "EARLY": 40}.items():
        monkeypatch.setattr(linear_phases, name, number)


def test_the_closed_forms_are_tested_at_main_whatever_the_sigmas(monkeypatch, few):
    monkeypatch.setattr(linear_phases, "SIGMAS", (0.3, 0.1))
    monkeypatch.setattr(linear_phases, "MAIN", 0.2)
    result = linear_phases.run()
    assert [case["sigma"] for case in result.summary["cases"]] == [0.3, 0.2, 0.1]
    assert "at sigma = 0.2:" in result.report and "from sigma = 0.2 to 0.1" in result.report


def test_five_layers_follow_the_rule_as_well_and_are_all_drawn(monkeypatch, few):
    """The alignment comes so late there that the grid of times must become finer with L."""
    monkeypatch.setattr(depth, "SIGMAS", {5: (0.05, 0.06)})
    result = depth.run()
    assert result.summary["depths"][0]["exponent"] == pytest.approx(5, abs=0.1)
    collapse, drop, terms, modes = result.figure().get_axes()
    assert [text.get_text() for text in collapse.texts] == ["L = 5"]
    assert all(line.get_xdata()[-1] >= collapse.get_xlim()[1] for line in collapse.lines)
    assert [text.get_text() for text in terms.get_legend().get_texts()] == [f"$K_{l}$" for l in range(1, 6)]


def test_five_depths_four_sigmas_and_six_layers_have_their_lines(monkeypatch, few):
    monkeypatch.setattr(depth, "SIGMAS", {3: (0.5, 0.4, 0.3, 0.2)})
    numbers, curves = depth.depth(0, 3)
    curves["shares"] = np.tile(curves["shares"], 2)
    collapse, drop, terms, modes = depth.figure([numbers] * 5, [curves] * 5).get_axes()
    assert [len(ax.lines) for ax in (collapse, drop, terms, modes)] == [20, 5, 6, 10]


def test_every_mode_has_its_number_even_if_its_direction_is_there_from_the_start():
    _, ax = style.panels(1, 1, (4, 4))
    numbers = {"s": [2.0, 1.0], "sigma": 0.1, "t_half_theory": [1.0, 2.0]}
    cosines = np.array([[0.9, 0.3], [1.0, 0.7], [1.0, 0.9]])
    several_outputs.mode_panel(ax, numbers, {"times": np.arange(3.0), "r": np.ones((3, 2)), "cosines": cosines})
    told = [(text.get_text(), text.xy) for text in ax.texts]
    assert told == [("1", (1.0, 0.5)), ("1", (1.0, 0.8)), ("2", (2.0, 0.5)), ("2", (1.0, 0.8))]


def test_a_probe_on_the_final_kernel_learns_related_targets_from_fewer_samples(found, monkeypatch):
    """Other code: L = 3, alpha = .75 gives .441 on K_inf; theory for five pairs (A, alpha)."""
    assert [transfer.theory(*case) for case in ((0, 0.75), (1, 0.75), (2, 0.75), (5, 0.2), (5, 1))] == pytest.approx(
        [0.667, 0.515, 0.446, 0.689, 0.106], abs=6e-4
    )
    cases = found("transfer").summary["cases"]
    for case in cases:
        off = np.subtract(case["error_inf"], case["theory_inf"])
        assert (abs(off) < 3 * np.array(case["spread_inf"]) + 0.005).all() and min(case["error_0"]) > 0.667
    assert cases[1]["error_inf"][3] == pytest.approx(0.441, abs=0.02)
    words = transfer.verdict(cases)
    assert words.startswith("Related targets gain") and "The theory holds" in words
    last = [case | {"error_inf": [*case["error_inf"][:-1], 0.5 * case["theory_inf"][-1]]} for case in cases]
    assert "The theory holds" in transfer.verdict(last)  # at alpha = 1 it need not
    monkeypatch.setattr(transfer, "ALPHAS", (0, 0.25, 0.5, 0.75, 0.8))
    assert "does NOT hold" in transfer.verdict(last)
    cases = [case | {"error_inf": [1.2 * e for e in case["error_0"]]} for case in cases]
    assert transfer.verdict(cases).startswith("NOT as claimed") and "does NOT hold" in transfer.verdict(cases)


def test_a_probe_is_kernel_regression_on_its_own_samples():
    """As many samples as inputs leave no error, whatever the metric is."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((transfer.D, transfer.D))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "SAMPLES", transfer.D)
        assert transfer.probe(root @ root.T, np.eye(transfer.D)[0], 0.3, rng) < 1e-6

"""The linear experiments: their numbers against closed forms worked out here, their verdicts, their figures."""

import copy
import math

import numpy as np
import oracles
import pytest

from minintk import linear_theory, network, plots
from minintk.experiments import depth, linear_phases, several_outputs


def find_phases():
    return linear_phases.run()


@pytest.fixture(scope="module")
def phases(ahead):
    return ahead(find_phases)


def find_deep():
    return depth.run()


@pytest.fixture(scope="module")
def deep(ahead):
    return ahead(find_deep)


def find_outputs():
    return several_outputs.run()


@pytest.fixture(scope="module")
def outputs(ahead):
    return ahead(find_outputs)


def by_sigma(results):
    return {case["sigma"]: case for case in results["summary"]["cases"]}


def by_depth(results):
    return {numbers["L"]: numbers for numbers in results["summary"]["depths"]}


def test_the_final_spectrum_is_that_of_the_final_kernel(rng):
    X, beta = oracles.draw_white(rng, 12, 5), np.full(5, 5**-0.5)
    for L in (1, 2, 4):
        K = oracles.final_kernel(X, beta, 1.7, L)
        e, y = np.linalg.eigvalsh(K), X @ beta
        expected = [e[-1] / e.sum(), e.sum() ** 2 / (e**2).sum(), oracles.alignment(K, np.outer(y, y))]
        oracles.assert_matches(list(linear_theory.final_spectrum(5, L)), expected)


def test_modes_solve_their_differential_equations():
    """du/dt = u^{L-1} (s - u^L), and dr/dt = 2 (s - r) q, dq/dt = 2 (s - r) r, by small Runge-Kutta steps."""
    for L, u_0, s, end in ((2, 0.1, 0.7, 8.0), (3, 0.2, 1.0, 9.0), (4, 0.4, 2.0, 4.0), (5, 0.6, 1.0, 5.0)):
        times = np.linspace(0.1, end, 12)
        u = oracles.rk4(lambda u, L=L, s=s: u ** (L - 1) * (s - u**L), np.array([u_0]), times, 0.002)[:, 0]
        oracles.assert_matches(linear_theory.deep_mode(u_0, s, L, times), u, rtol=1e-9)
    q_0, r_0, s, times = 0.02, -0.005, 1.3, np.linspace(0.1, 5, 12)
    rq = oracles.rk4(lambda v: 2 * (s - v[0]) * v[::-1], np.array([r_0, q_0]), times, 0.001)
    oracles.assert_matches(np.array(linear_theory.two_layer_mode(q_0, r_0, s, times)).T, rq, rtol=1e-9)


def test_a_mode_that_cannot_grow_is_refused():
    with pytest.raises(ValueError, match="q0 \\+ r0 is 0.0, expected more than 0"):
        linear_theory.mode_time(1.0, -1.0, 1.0)


def test_a_mode_reaches_every_share_of_its_strength_at_mode_time():
    """The exact r(t) of the oracle, for weights so small that the theory's neglected terms are below 1e-9."""
    q_0, r_0, s = 3e-10, -1e-10, 1.4
    for share in (0.05, 0.5, 0.9):
        time = linear_theory.mode_time(q_0, r_0, s, share)
        oracles.assert_matches(oracles.two_layer_mode(s, q_0, r_0, [time])[0] / s, share, rtol=1e-8)
    oracles.assert_matches(linear_theory.half_loss_time(q_0, r_0, s), oracles.half_loss_time(s, q_0, r_0))


def test_the_overlaps_of_a_mode_are_its_size_and_its_strength(rng):
    """q = (|a|^2 + |b|^2) / 2 and r = a.b with a = W_2^T z, b = W_1 v; for one output z = (1,)."""
    weights, beta = [rng.standard_normal((7, 4)), rng.standard_normal((1, 7))], np.eye(4)[2]
    a, b = weights[1][0], weights[0] @ beta
    oracles.assert_matches(list(linear_theory.mode_overlaps(weights, [1.0], beta)), [(a @ a + b @ b) / 2, a @ b])


def test_two_layers_follow_the_closed_forms(phases):
    """Other code: max |r error| 6e-3, 1e-4, 2e-6 and K_inf 1.3e-2, 1.3e-4, 1.3e-6 at sigma = .1, .01, .001."""
    for sigma, r_error, K_error in ((0.1, 6e-3, 1.3e-2), (0.01, 1e-4, 1.3e-4), (1e-3, 2e-6, 1.3e-6)):
        case = by_sigma(phases)[sigma]
        assert 0.5 < case["r_error"] / r_error < 1.5 and 0.7 < case["K_error"] / K_error < 1.4
    assert by_sigma(phases)[1e-3]["r_error_relative"] < 1e-5
    assert by_sigma(phases)[1e-3]["r_error_without_r0"] > 1e-3


def test_early_weights_err_as_sigma_squared(phases):
    """Other code: a and W at t = 1/s: (3e-2, 9e-3) at .1, (3e-4, 8e-5) at .01, (3e-6, 8e-7) at .001."""
    for sigma, a_error, W_error in ((0.1, 3e-2, 9e-3), (0.01, 3e-4, 8e-5), (1e-3, 3e-6, 8e-7)):
        case = by_sigma(phases)[sigma]
        assert 0.7 < case["a_error"] / a_error < 1.4 and 0.6 < case["W_error"] / W_error < 1.4


def test_the_alignment_time_stays_and_the_learning_time_grows(phases):
    """Other code: alignment and learning times: .67 always; 1.05, 2.22, 3.32, 5.62, 7.93."""
    cases = phases["summary"]["cases"]
    for case, expected in zip(cases, (1.05, 2.22, 3.32, 5.62, 7.93)):
        assert case["t_learn"] == pytest.approx(expected, abs=0.12)
        assert case["t_align"] == pytest.approx(0.67, abs=0.15) == case["t_align_theory"]
        assert case["t_half"] == pytest.approx(case["t_half_theory"], abs=0.002 if case["sigma"] < 0.1 / 3 else 0.02)
    assert phases["summary"]["slope"] == pytest.approx(0.5, abs=5e-4)


def test_what_is_learned_before_alignment_falls_as_sigma_to_the_depth(deep):
    """Other code: exponents 2.00, 2.97, 3.95; drops 1.4e-5 (L = 3, .01) and 3.5e-4 (L = 4, .05)."""
    for L, numbers in by_depth(deep).items():
        assert numbers["exponent"] == pytest.approx(L, abs=0.05)
    assert by_depth(deep)[3]["drop_at_align"]["0.01"] == pytest.approx(1.4e-5, rel=0.5)
    assert by_depth(deep)[4]["drop_at_align"]["0.05"] == pytest.approx(3.5e-4, rel=0.7)


def test_deep_networks_end_at_the_final_kernel(deep):
    """Other code: 1.2e-4 (L = 3, .01) and 2.6e-3 (L = 4, .05); effective ranks 29.1, 27.0, 24.2."""
    for L, error, rank, share in ((3, 1.2e-4, 27.0, 0.094), (4, 2.6e-3, 24.2, 0.120)):
        numbers = by_depth(deep)[L]
        assert 0.5 < numbers["K_error"] / error < 2
        assert numbers["ranks"][1] == pytest.approx(rank, abs=0.1) and numbers["share_K"] == pytest.approx(
            share, abs=2e-3
        )
    assert by_depth(deep)[2]["K_error"] < 1e-5


def test_scaled_runs_collapse_and_rank_one_networks_follow_the_curve(deep):
    for numbers in by_depth(deep).values():
        assert numbers["collapse"] < 1e-3 and numbers["rank_one_error"] < 1e-5
    assert (
        by_depth(deep)[2]["t_ratio"] < 0.2 < 0.45 < by_depth(deep)[3]["t_ratio"] < by_depth(deep)[4]["t_ratio"] < 0.95
    )
    assert 0.85 < by_depth(deep)[3]["effective_u_0"] < 1.05 and 0.85 < by_depth(deep)[4]["effective_u_0"] < 1.05


def test_later_layer_terms_are_rank_one_first(deep):
    """Other code: K_L has .94, .98, .95 of its trace in one eigenvalue at a loss drop of .1 %, K_1 has 1/D."""
    shares = by_depth(deep)[4]["shares"]
    assert shares["K_1"] == pytest.approx([1 / 30] * 5, rel=1e-6)
    assert shares["K_2"][2] < 0.5 < 0.9 < shares["K_3"][2] < shares["K_4"][2]
    assert [by_depth(deep)[L]["shares"][f"K_{L}"][1] for L in (2, 3, 4)] == pytest.approx([0.94, 0.98, 0.95], abs=0.04)


def test_modes_are_learned_in_turn_at_the_times_of_the_theory(outputs):
    """Other code: half times 2.55, 4.74, 11.46 (another seed); with shared hidden units to 1e-3."""
    main = by_sigma({"summary": {"cases": outputs["summary"]["cases"][:-1]}})[1e-3]
    assert main["t_half"] == pytest.approx([2.55, 4.74, 11.46], rel=0.05)
    assert main["t_half"] == pytest.approx(main["t_half_theory"], rel=1e-3)
    assert max(main["t_direction"]) < 3 and min(main["cosine_at_tenth"]) > 0.999
    assert outputs["summary"]["three_layers"]["scaled"] == pytest.approx([1.0, 0.95, 1.1], abs=0.25)


def test_eigenvalues_stay_late_however_small_sigma_is(outputs):
    """Other code: A = .89 at a loss drop of 10 %, unequal s_a. By hand, only mode 1 is there by then.

    Blocks delta_cc' X M X^T + Q_cc' X X^T have |K|^2 / P^2 = C |M|^2 + 2 tr M tr Q + D |Q|^2. For K_inf |M|^2 and |Q|^2
    are 11.61 and both traces 5.1; for mode 1 alone they are 9 and 3; the product of the two takes 9 and 3 * 5.1.
    """
    C, D = 3, 20
    whole, alone, both = 23 * 11.61 + 2 * 5.1**2, 25 * 9, 9 * (C + D) + 2 * 3 * 5.1
    limit = both / math.sqrt(whole * alone)
    cases = outputs["summary"]["cases"]
    assert [c["A"][2] for c in cases[:3]] == pytest.approx([0.89] * 3, abs=0.012)
    assert cases[2]["A"][2] == pytest.approx(limit, abs=2e-3) and cases[2]["A_free"][2] > 0.999
    assert cases[3]["A"][2] > 0.95
    assert cases[1]["K_error"] < 5e-6 and outputs["summary"]["three_layers"]["K_error"] < 1.5e-4


def test_few_samples_make_the_machine_of_the_final_kernel(outputs):
    """Other code: P = 10 < D = 20: err_inf .022, .0026 at sigma = .1, .01, err_0 .25, .28."""
    large, small = (outputs["summary"]["machines"][sigma] for sigma in ("0.1", "0.01"))
    assert large["err_inf"] == pytest.approx(0.022, rel=0.35) and small["err_inf"] == pytest.approx(0.0026, rel=0.35)
    assert 0.15 < large["err_0"] < 0.4 and small["rho"] < 0.05


def doctored(results, *changes):
    """The results' summary with numbers changed: (path of keys, value)."""
    summary = copy.deepcopy(results["summary"])
    for path, value in changes:
        place = summary
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    return summary


def test_verdicts_change_when_the_numbers_do(phases, deep, outputs):
    def of_phases(*changes):
        return linear_phases.verdict(doctored(phases, *changes)["cases"])

    assert "NOT" not in of_phases()
    assert "does NOT hold" in of_phases((("cases", 3, "r_error"), 1e-4))
    assert "NOT two clocks" in of_phases((("cases", 4, "t_align"), 2.0))
    assert "NOT two clocks" in of_phases((("cases", 4, "t_half"), 8.0))

    def of_depth(*changes):
        return depth.verdict(doctored(deep, *changes)["depths"])

    assert "NOT" not in of_depth()
    assert "NOT sigma^L" in of_depth((("depths", 1, "exponent"), 2.0))
    assert "NOT only on t" in of_depth((("depths", 0, "collapse"), 0.1))
    assert "do NOT hold" in of_depth((("depths", 2, "K_error"), 0.1))
    assert "NOT later layers first" in of_depth((("depths", 2, "shares", "K_2"), [1.0] * 5))

    def of_outputs(*changes):
        return several_outputs.verdict(doctored(outputs, *changes))

    assert "NOT" not in of_outputs()
    assert "NOT one mode" in of_outputs((("cases", 1, "t_half"), [5.0, 4.8, 11.0]))
    assert "NOT early" in of_outputs((("cases", 1, "cosine_at_tenth"), [1.0, 0.6, 1.0]))
    assert "NOT late" in of_outputs((("cases", 2, "A"), [0.8, 0.9, 0.99, 1.0, 1.0]))
    assert "as any linear network" in of_outputs()
    without = of_outputs((("machines", "0.01", "rho"), 0.7))
    assert "NOT the machine" in without and "as any linear network" not in without


@pytest.mark.parametrize("name", ["linear_phases", "depth", "several_outputs"])
def test_every_axis_is_labelled_and_the_report_ends_with_the_verdict(name, request):
    results = request.getfixturevalue({"linear_phases": "phases", "depth": "deep", "several_outputs": "outputs"}[name])
    axes = getattr(plots, name)(results).get_axes()
    assert len(axes) >= 3 and all(ax.get_xlabel() and ax.get_ylabel() and ax.get_legend() for ax in axes)
    module = {"linear_phases": linear_phases, "depth": depth, "several_outputs": several_outputs}[name]
    assert module.report(results).endswith(results["summary"]["verdict"])
    assert all(isinstance(array, np.ndarray) for array in results["arrays"].values())


@pytest.mark.parametrize("name", ["linear_phases", "depth", "several_outputs"])
def test_reports_fit_a_hundred_columns(name, request):
    results = request.getfixturevalue({"linear_phases": "phases", "depth": "deep", "several_outputs": "outputs"}[name])
    module = {"linear_phases": linear_phases, "depth": depth, "several_outputs": several_outputs}[name]
    assert max(map(len, module.report(results).splitlines())) <= 100


def test_a_kernel_aligned_from_the_start_has_a_verdict_too(phases):
    """So it is for N = 1000: t_align is 0 at every sigma."""
    cases = copy.deepcopy(phases["summary"]["cases"])
    for case in cases:
        case["t_align"] = 0.0
    assert "\nTwo clocks" in linear_phases.verdict(cases)
    cases[-1]["t_align"] = 0.05
    assert "NOT two clocks" in linear_phases.verdict(cases)


def test_figures_of_linear_networks_can_be_read_without_colour(phases, deep, outputs):
    def words(ax):
        return [text.get_text() for text in ax.texts]

    _, middle, _ = plots.linear_phases(phases).get_axes()
    assert "thin: loss" in middle.get_legend().get_title().get_text()
    collapse = plots.depth(deep).get_axes()[0]
    assert words(collapse) == ["L = 2", "L = 3", "L = 4"]
    assert all(line.get_xdata()[-1] >= collapse.get_xlim()[1] for line in collapse.lines)
    left, middle, _ = plots.several_outputs(outputs).get_axes()
    assert words(left) == ["1", "1", "2", "2", "3", "3"] and left.get_ylim()[1] < 1.1
    assert words(middle) == ["1", "2", "3"] and "time" in middle.get_xlabel() and middle.get_xscale() == "log"


def test_five_layers_follow_the_rule_as_well(monkeypatch):
    """The alignment comes so late there that the grid of times must become finer with L."""
    monkeypatch.setattr(depth, "SIGMAS", {5: (0.06, 0.05)})
    monkeypatch.setattr(depth, "MAIN", {5: 0.06})
    assert depth.depth(0, 5)["numbers"]["exponent"] == pytest.approx(5, abs=0.1)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others():
    X, beta, directions = linear_phases.task(3, 2)
    weights = [1e-3 * W for W in directions]
    first, again = (depth.flow(X, beta, weights, []).losses.tolist() for _ in range(2))
    assert first == again
    assert not np.allclose(directions[0], linear_phases.task(4, 2)[2][0])
    assert [W.shape for W in network.init_weights([30, 50, 1], 1.0, 0)] == [W.shape for W in directions]

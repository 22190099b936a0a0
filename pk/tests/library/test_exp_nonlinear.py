"""lazy_to_rich, whitening, gap and three_traps: numbers against published or closed ones, verdicts, figures."""

import copy

import numpy as np
import pytest

from minintk import network, plots
from minintk.experiments import gap, lazy_to_rich, three_traps, whitening

RUNS = {
    "lazy_to_rich": lambda: lazy_to_rich.run(sigmas=(3, 0.1, 0.01, 1e-3), inits=1),
    "whitening": lambda: whitening.run(inits=1),
    "gap": lambda: gap.run(inits=1),
    "three_traps": lambda: three_traps.run(inits=1),
}


def find_results():
    return {name: run() for name, run in RUNS.items()}


@pytest.fixture(scope="module")
def results(ahead):
    return ahead(find_results)


def test_small_weights_lead_from_lazy_to_silent(results):
    """Other code: (sigma .1, .01, 1e-3): A at 10 % .94 .994 .995, rho .18 .023 .015, time ratio 1.07 .35 .21."""
    lazy, *rich = (case["medians"] for case in results["lazy_to_rich"]["cases"])
    assert lazy["growth_end"] == pytest.approx(1, abs=0.1) and 0.7 < lazy["rho"] < 1.3 and lazy["A_0"] > 0.99
    for n, A, rho, ratio in zip(rich, (0.94, 0.994, 0.995), (0.18, 0.023, 0.015), (1.07, 0.35, 0.21), strict=True):
        assert n["A_10"] == pytest.approx(A, abs=0.05)
        assert rho / 3 < n["rho"] < 1.5 * rho
        assert n["t_ratio"] == pytest.approx(ratio, rel=0.2)


def test_linear_networks_turn_late_and_are_exact_nevertheless(results):
    """Other code: v_1 is along Sigma beta at a loss drop of 10 %; K_inf's machine errs by rounding only."""
    cases = results["whitening"]["linear"]
    for case in cases:
        D = 30
        e = np.geomspace(case["condition"] ** 0.5, case["condition"] ** -0.5, D)
        rng = np.random.default_rng([0, 0])
        rng.standard_normal((200, D))  # the sample is drawn before beta
        beta = rng.standard_normal(D)
        cosine = e @ beta**2 / np.linalg.norm(e * beta) / np.linalg.norm(beta)
        assert case["cos_first_beta"] == pytest.approx(cosine, rel=1e-9)
        assert case["cos_first_10"] > 0.999 and case["cos_beta_10"] == pytest.approx(cosine, abs=0.01)
        assert case["err_inf"] < 1e-10
    assert cases[0]["A_10"] > 0.9999 and [c["A_10"] for c in cases[1:]] == pytest.approx(
        [0.993, 0.984, 0.974], abs=0.01
    )


def test_relu_needs_white_rows_and_no_more_of_them_than_inputs(results):
    """Other code: rho .02 white, .1 from a condition number of 1.2 on; .02-.04 for P <= D, above .12 beyond."""
    powers = {case["value"]: case["medians"] for case in results["whitening"]["powers"]}
    assert powers[0]["condition"] == pytest.approx(1) and powers[0]["rho"] < 0.04
    assert 1.1 < powers[0.05]["condition"] < 1.4 and 0.04 < powers[0.05]["err_inf"] < 0.13
    assert powers[1]["condition"] > 30 and 0.15 < powers[1]["rho"] < 0.5
    for case in results["whitening"]["sizes"]:
        assert case["medians"]["rho"] < 0.04 if case["value"] <= 60 else 0.12 < case["medians"]["rho"] < 0.5


def test_the_gap_is_made_while_the_loss_falls(results):
    """Other code, at 1, 10, 50, 90, 99 %; single runs on white data spread by a factor of 4."""
    leaky, _, stretched = (case["medians"] for case in results["gap"]["cases"])
    for got, expected in zip(leaky["gaps"], (0.0002, 0.0008, 0.0027, 0.0045, 0.0049), strict=True):
        assert expected / 4 < got < 4 * expected
    for got, expected in zip(stretched["gaps"], (0.001, 0.010, 0.062, 0.152, 0.184), strict=True):
        assert expected / 2 < got < 2 * expected
    assert sum(leaky["shares"]) == pytest.approx(1) and sum(stretched["shares"]) == pytest.approx(1)


def test_the_integral_of_the_rate_meets_the_gap_to_first_order_in_the_step():
    """On white data, where the right side is smooth but for single jumps; on stretched data kinks forbid it."""
    coarse, fine = (gap.follow(0.1, 1e-3, None, np.random.default_rng(1), step_size=h)["numbers"] for h in (0.1, 0.05))
    assert coarse["difference"] < 0.03
    assert fine["difference"] == pytest.approx(coarse["difference"] / 2, rel=0.15)
    assert coarse["kinked"] == 0


def test_gradient_descent_rides_on_kinks_only_on_stretched_data(results):
    leaky, relu, stretched = (case["medians"] for case in results["gap"]["cases"])
    assert leaky["kinked"] == relu["kinked"] == 0 and max(leaky["difference"], relu["difference"]) < 0.05
    assert stretched["kinked"] > 0.1 and stretched["difference"] > 0.3


def test_each_trap_is_exposed_by_its_own_control(results):
    silent, lazy, linear, many = (case["medians"] for case in results["three_traps"]["cases"])
    assert all(n["err_inf"] < 0.05 for n in (silent, lazy, linear, many))
    assert [n["rho"] > 0.5 for n in (silent, lazy, linear, many)] == [False, True, False, False]
    assert [n["err_inf_relu"] > 0.1 for n in (silent, lazy, linear, many)] == [False, False, True, False]
    assert [n["untrained"] < 1e-6 for n in (silent, lazy, linear, many)] == [False, False, False, True]
    assert results["three_traps"]["cases"][3]["rank"] <= 100  # N D


def test_an_untrained_network_is_its_own_machine_from_the_rank_on(results):
    """Other code: T3: .55 .49 .26 .12 .024 7e-11 at P = 10 20 40 80 200 400, where N D = 400."""
    *below, at = results["three_traps"]["curve"][1]
    assert below == pytest.approx([0.55, 0.49, 0.26, 0.12, 0.024], rel=0.6) and at < 1e-6


def test_verdicts_change_with_the_numbers(results):
    cases = copy.deepcopy(results["lazy_to_rich"]["cases"])
    words = lazy_to_rich.verdict(cases)
    assert words.startswith("Lazy at sigma = 3; silent at sigma = 0.01, 0.001.") and "from sigma = 0.1 on: " in words
    for rho, told in [(0.51, "stops falling"), (0.49, "still falls")]:
        cases[-1]["medians"]["rho"] = rho * cases[-2]["medians"]["rho"]
        assert f"rho {told} (in brackets the runs):\n" in lazy_to_rich.verdict(cases)
    for case in cases:
        case["medians"] |= {"rho": 0.3, "growth_end": 9.0}
    assert lazy_to_rich.verdict(cases).startswith("Nowhere lazy; nowhere silent")

    linear, powers, sizes = (copy.deepcopy(results["whitening"][name]) for name in ("linear", "powers", "sizes"))
    words = whitening.verdict(linear, powers, sizes)
    assert "finds beta late" in words and "though A is" in words and "makes the difference" in words
    assert "exact all the same" in words and "though A is" not in whitening.verdict(
        [linear[-1] | {"A_10": 0.9}], powers, sizes
    )
    linear[-1] |= {"cos_beta_10": 1.0, "err_inf": 0.1}
    for case in powers + sizes:
        case["medians"]["rho"] = 0.02
    words = whitening.verdict(linear, powers, sizes)
    assert "does NOT find beta late" in words and "NOT exact" in words
    assert "does NOT make the difference" in words and "make NO clear difference" in words

    told = results["gap"]["summary"]["cases"][0]
    assert "stays small" in gap.verdict([told]) and "meets it" in gap.verdict([told])
    other = gap.verdict([told | {"gap_end": 0.2, "difference": 0.7}])
    assert "is large" in other and "does not meet it" in other


def test_verdicts_on_traps_name_the_control_or_say_that_there_is_no_trap(results):
    silent, lazy, linear, many = (case["medians"] for case in results["three_traps"]["cases"])
    assert "machine of K_0 is as good" in three_traps.verdict(lazy)
    assert "with ReLU fails" in three_traps.verdict(linear)
    assert "untrained network" in three_traps.verdict(many)
    assert three_traps.verdict(silent).endswith("silent alignment.")
    assert three_traps.verdict(silent | {"err_inf": 0.3}).startswith("no trap")
    assert "the run is late: undecided" in three_traps.verdict(silent | {"t_ratio": 1.2})
    assert "the run is unlearnt: undecided" in three_traps.verdict(silent | {"t_ratio": None})


def test_the_traps_table_tells_the_settings_and_leaves_out_the_control_that_is_the_run_itself(results):
    rows = {line[:44].strip(): line[44:].split() for line in three_traps.report(results["three_traps"]).splitlines()}
    assert rows["sigma, scale of the weights"] == ["0.01", "3", "0.01", "0.01"]
    assert rows["condition number of the population"] == ["1", "1", "100", "1"]
    relu = rows["control 2: err_inf of the same run with ReLU"]
    assert [cell == "-" for cell in relu] == [True, True, False, True]


@pytest.mark.parametrize("name, panels", [("lazy_to_rich", 3), ("whitening", 3), ("gap", 2), ("three_traps", 5)])
def test_figures_have_labelled_axes_and_reports_fit_a_screen(results, name, panels):
    axes = getattr(plots, name)(results[name]).get_axes()
    assert len(axes) == panels and all(ax.get_xlabel() for ax in axes)
    assert all(ax.get_ylabel() for ax in axes) or name == "three_traps"  # its scatters share the first one's
    module = {"lazy_to_rich": lazy_to_rich, "whitening": whitening, "gap": gap, "three_traps": three_traps}[name]
    report, summary = module.report(results[name]), results[name]["summary"]
    assert summary["experiment"] == name and report.endswith(summary["verdict"])
    tables = report.removesuffix(summary["verdict"]).splitlines()
    assert max(map(len, tables)) <= 135
    if name in ("lazy_to_rich", "three_traps"):
        assert max(map(len, report.splitlines())) <= 100
    assert all(isinstance(array, np.ndarray) for array in results[name]["arrays"].values())


@pytest.mark.parametrize("name", ["whitening", "gap"])
def test_reports_fit_a_hundred_columns(results, name):
    report = {"whitening": whitening, "gap": gap}[name].report(results[name])
    assert max(map(len, report.splitlines())) <= 100 and "sigma" in report and "N = 100" in report


def test_the_gaps_figure_draws_the_median_run_and_says_so(results):
    runs = []
    for end in (0.3, 0.1, 0.2):
        run = copy.deepcopy(results["gap"]["cases"][0]["runs"][0])
        run["numbers"]["gap_end"] = run["gaps"][-1] = end
        runs.append(run)
    fig = plots.gap({"cases": [{"title": "one", "runs": runs}]})
    assert fig.get_axes()[0].lines[0].get_ydata()[-1] == 0.2 and "median" in fig.get_suptitle()


def test_a_replaced_function_reaches_the_experiments(monkeypatch):
    """`--answers` puts a student's function in the module: nothing may hold on to the library's."""
    calls = []
    real = network.backward
    monkeypatch.setattr(network, "backward", lambda *args: calls.append(1) or real(*args))
    lazy_to_rich.run(sigmas=(3,), inits=1)
    assert calls

"""Experiments on ReLU networks: numbers against published or closed ones, and verdicts."""

import copy

import numpy as np
import pytest

from minintk import network, training
from minintk.experiments import (
    gap,
    layer_scales,
    lazy_to_rich,
    neurons,
    optimisers,
    three_traps,
    weight_decay,
    whitening,
)


@pytest.fixture
def cases(found):
    """cases("gap"): a copy of what its summary tells of each case, to be changed at will."""
    return lambda name: copy.deepcopy(found(name).summary["cases"])


def test_small_weights_lead_from_lazy_to_silent(cases):
    """Other code: (sigma .1, .01, 1e-3): A at 10 % .94 .994 .995, rho .18 .023 .015, time ratio 1.07 .35 .21."""
    told = {case["sigma"]: case["medians"] for case in cases("lazy_to_rich")}
    lazy = told[3]
    assert lazy["growth_end"] == pytest.approx(1, abs=0.1) and 0.7 < lazy["rho"] < 1.3 and lazy["A_0"] > 0.99
    for sigma, A, rho, ratio in ((0.1, 0.94, 0.18, 1.07), (0.01, 0.994, 0.023, 0.35), (1e-3, 0.995, 0.015, 0.21)):
        assert told[sigma]["A_10"] == pytest.approx(A, abs=0.05) and rho / 3 < told[sigma]["rho"] < 1.5 * rho
        assert told[sigma]["t_ratio"] == pytest.approx(ratio, rel=0.2)


def test_the_verdict_from_lazy_to_rich_changes_with_the_numbers(cases):
    told = cases("lazy_to_rich")
    words = lazy_to_rich.verdict(told)
    assert words.startswith("Lazy at sigma = 3, 1; silent at sigma = 0.03, 0.01, 0.001, 0.0001.")
    assert "t_learn falls from sigma = 0.3 on: " in words
    for rho, end in [(0.51, "stops falling"), (0.49, "still falls")]:
        told[-1]["medians"]["rho"] = rho * told[-2]["medians"]["rho"]
        assert f"rho {end} (in brackets the runs):\n" in lazy_to_rich.verdict(told)
    for case in told:
        case["medians"] |= {"rho": 0.3, "growth_end": 9.0}
    assert lazy_to_rich.verdict(told).startswith("Nowhere lazy; nowhere silent")


def test_over_widths_sigma_times_the_root_of_the_width_decides(found):
    """Other code, medians of 3 seeds, at sigma = .1 and at sigma sqrt(N) = 1."""
    rows = found("lazy_to_rich").summary["widths"]
    expected = [(100, 28, 0.153, 28, 0.153), (400, 8.1, 0.19, 31, 0.132), (1600, 2.7, 0.3, 31.5, 0.144)]
    for row, (width, growth, rho, scaled, scaled_rho) in zip(rows, expected, strict=True):
        assert row["N"] == width and row["sigma"] == pytest.approx(1 / width**0.5)
        assert (row["growth_end_0"], row["growth_end_1"]) == pytest.approx((growth, scaled), rel=0.06)
        assert (row["rho_0"], row["rho_1"]) == pytest.approx((rho, scaled_rho), rel=0.12)
    assert lazy_to_rich.verdict_on_widths(rows).endswith("which decides.")
    for change in ({"growth_end_1": 20}, {"growth_end_0": 10}):
        assert lazy_to_rich.verdict_on_widths([*rows[:2], rows[2] | change]).endswith("does NOT decide alone.")


@pytest.mark.parametrize("L", [2, 3])
def test_an_output_scale_is_the_same_knob_as_the_scale_of_the_weights(rng, L):
    """alpha f with weights of size 1 and steps divided by sigma^2, alpha = sigma^L: equal outputs over 200 steps."""
    X, y, sigma, step_size = rng.standard_normal((6, 8)), rng.standard_normal((6, 1)), 0.3, 0.1
    weights = network.init_weights([8, *[10] * (L - 1), 1], 1.0, rng)
    run = training.gradient_descent([sigma * W for W in weights], X, y, step_size, steps=200, target_loss=0.0)
    for _ in range(200):
        layers = network.forward(weights, X)
        cotangent = sigma**L * training.loss_and_cotangent(sigma**L * layers[-1], y)[1]
        gradients = network.weight_gradients(layers, network.backward(weights, layers, cotangent))
        weights = [W - step_size / sigma**2 * G for W, G in zip(weights, gradients)]
    assert np.allclose(sigma**L * network.forward(weights, X)[-1], run.outputs[-1], rtol=1e-10, atol=1e-12)
    assert abs(run.outputs[-1] - run.outputs[0]).max() > 0.01


def test_a_small_first_layer_turns_under_a_kernel_that_hardly_grows(found):
    """Other code, 7 seeds: growth 1.16, 27.8, 1.40, A_0 .98, .71, .98, cosines 1.00, .78, .46, rho .42, .153, .071."""
    told = {(c["first"], c["second"]): c for c in found("layer_scales").summary["cells"]}
    expected = {
        (1, 0.01): (1.16, 0.98, 0.11, 1.0, 0.42, "lazy"),
        (0.1, 0.1): (27.8, 0.71, 2.1, 0.78, 0.153, "partially aligned"),
        (0.01, 1): (1.4, 0.98, 0.2, 0.46, 0.071, "partially aligned"),
    }
    for scales, (growth, A_0, t_learn, cosine, rho, region) in expected.items():
        n = told[scales]["medians"]
        assert (n["growth_end"], n["t_learn"], n["rho"]) == pytest.approx((growth, t_learn, rho), rel=0.12)
        assert (n["A_0"], n["cosine"]) == pytest.approx((A_0, cosine), abs=0.02) and told[scales]["region"] == region
    for row, balanced in zip(found("layer_scales").summary["linear"], (None, None, 0.04, 0.4, 0.9), strict=True):
        assert row["error"] < 5e-6 and (balanced is None or 0.7 < row["error_balanced"] / balanced < 1.5)


def test_the_verdict_on_layers_changes_with_the_numbers(found):
    told = copy.deepcopy(found("layer_scales").summary)
    assert layer_scales.verdict(told["cells"], told["linear"]).startswith("Features turn unseen: from (0.01, 1) the")
    told["linear"][0]["error"] = 2e-4
    assert "form with delta does NOT hold: errors of K_inf up to 2.0e-04" in layer_scales.verdict(
        *map(told.get, ("cells", "linear"))
    )
    for name, value in [("cosine", 0.81), ("rho", 0.26), ("growth_end", 2.1)]:
        cells = copy.deepcopy(told["cells"])
        cells[len(layer_scales.SCALES) - 1]["medians"][name] = value
        assert layer_scales.verdict(cells, told["linear"]).startswith("Features do NOT turn unseen")


def test_linear_networks_turn_late_and_are_exact_nevertheless(found):
    """Other code: v_1 is along Sigma beta at a loss drop of 10 %; the predictor of K_inf errs by rounding only."""
    linear = found("whitening").summary["linear"]
    for case in linear:
        e = np.geomspace(case["condition"] ** 0.5, case["condition"] ** -0.5, 30)
        rng = np.random.default_rng([0, 0])
        rng.standard_normal((200, 30))  # the sample is drawn before beta
        beta = rng.standard_normal(30)
        cosine = e @ beta**2 / np.linalg.norm(e * beta) / np.linalg.norm(beta)
        assert case["cos_first_beta"] == pytest.approx(cosine, rel=1e-9)
        assert case["cos_first_10"] > 0.999 and case["cos_beta_10"] == pytest.approx(cosine, abs=0.01)
        assert case["cos_beta_90"] >= case["cos_beta_10"] and case["A_90"] >= case["A_10"]
        assert case["err_inf"] < 1e-10
    assert [case["A_10"] for case in linear] == pytest.approx([1, 0.993, 0.984, 0.974], abs=0.01)
    assert linear[0]["A_10"] > 0.9999


def test_relu_needs_white_rows_and_no_more_of_them_than_inputs(found):
    """Other code: rho .02 white, .1 from a condition number of 1.2 on; .02-.04 for P <= D, above .12 beyond."""
    powers = {case["value"]: case["medians"] for case in found("whitening").summary["powers"]}
    assert powers[0]["condition"] == pytest.approx(1) and powers[0]["rho"] < 0.04
    assert 1.1 < powers[0.05]["condition"] < 1.4 and 0.04 < powers[0.05]["err_inf"] < 0.13
    assert powers[1]["condition"] > 30 and 0.15 < powers[1]["rho"] < 0.5
    for case in found("whitening").summary["sizes"]:
        assert case["medians"]["rho"] < 0.04 if case["value"] <= 60 else 0.12 < case["medians"]["rho"] < 0.5


def test_a_bias_spoils_white_inputs_unless_it_is_whitened_with_them(found):
    """Other code: rho .23. By hand: X X^T = P I gets 1 1^T, so that its eigenvalues are P and once P + P."""
    biased, mended = (case["medians"] for case in found("whitening").summary["biases"])
    assert biased["condition"] == pytest.approx(2) and mended["condition"] == pytest.approx(1)
    assert 0.15 < biased["rho"] < 0.4 and mended["rho"] < 0.04


def test_the_verdict_on_whitening_changes_with_the_numbers(found):
    summary = copy.deepcopy(found("whitening").summary)
    linear, powers, sizes, biases = (summary[name] for name in ("linear", "powers", "sizes", "biases"))
    words = whitening.verdict(linear, powers, sizes, biases)
    assert "finds beta late" in words and "though A is" in words and "exact all the same" in words
    assert "makes the difference" in words and "are not enough" in words and "it spoils as an input" in words
    assert "and A is" in whitening.verdict([linear[-1] | {"A_10": 0.9}], powers, sizes, biases)
    assert "P through D" not in whitening.verdict(linear, powers, sizes[-1:], biases)  # none with P <= D
    linear[-1] |= {"cos_beta_10": 1.0, "err_inf": 0.1}
    for case in powers + sizes + biases:
        case["medians"]["rho"] = 0.02
    words = whitening.verdict(linear, powers, sizes, biases)
    assert "does NOT find beta late" in words and "and A is" in words and "NOT exact" in words
    assert "does NOT make the difference" in words and "make NO clear difference" in words
    assert "does NOT act as an input" in words


def test_the_gap_is_made_while_the_loss_falls(cases):
    """Other code, at 1, 10, 50, 90, 99 %; single runs on white data spread by a factor of 4."""
    leaky, _, stretched = cases("gap")
    told = [(leaky, 4, (0.0002, 0.0008, 0.0027, 0.0045, 0.0049)), (stretched, 2, (0.001, 0.010, 0.062, 0.152, 0.184))]
    for case, spread, expected in told:
        ratios = np.array(case["gaps"]) / expected
        assert max(ratios) < spread and min(ratios) > 1 / spread


def test_the_integral_of_the_rate_meets_the_gap_to_first_order_in_the_step(monkeypatch):
    """On white data, where the right side is smooth but for single jumps; on stretched data kinks forbid it."""

    def numbers(step_size):
        monkeypatch.setattr(gap, "STEP", step_size)
        return gap.follow(0.1, 1e-3, 1, np.random.default_rng(1))["numbers"]

    coarse, fine = numbers(0.1), numbers(0.05)
    assert coarse["difference"] < 0.03
    assert fine["difference"] == pytest.approx(coarse["difference"] / 2, rel=0.15)
    assert coarse["kinked"] == 0 and sum(coarse["shares"]) == pytest.approx(1)


def test_gradient_descent_rides_on_kinks_only_on_stretched_data(cases):
    leaky, relu, stretched = cases("gap")
    assert leaky["kinked"] == relu["kinked"] == 0 and max(leaky["difference"], relu["difference"]) < 0.05
    assert stretched["kinked"] > 0.1 and stretched["difference"] > 0.3


def test_the_verdict_on_the_gap_changes_with_the_numbers(cases, monkeypatch):
    told = cases("gap")[0] | {"shares": [0.1, 0.2, 0.3, 0.25, 0.1, 0.05]}
    words = gap.verdict([told])
    assert "stays small" in words and "meets it" in words and "55% of it made at loss drops of 10 to 90%" in words
    words = gap.verdict([told | {"gap_end": 0.2, "difference": 0.7}])
    assert "is large, 0.2 at the end" in words and "does not meet it (off by 0.7 " in words
    monkeypatch.setattr(gap, "DROPS", (0.1, 0.2, 0.4, 0.8, 0.95))
    assert "55% of it made at loss drops of 20 to 80%" in gap.verdict([told])


def test_the_gaps_figure_draws_the_median_run_and_says_so():
    drops = np.linspace(0, 1, 5)
    runs = [{"numbers": {"gap_end": end}, "drops": drops, "gaps": end * drops} for end in (0.3, 0.1, 0.2)]
    runs = [run | {"missed": drops, "turning": drops} for run in runs]
    fig = gap.figure([{"title": "one", "runs": runs, "medians": {"gap_end": 0.2}}])
    assert fig.get_axes()[0].lines[0].get_ydata()[-1] == 0.2 and "median" in fig.get_suptitle()


def test_each_trap_is_exposed_by_its_own_control(cases):
    medians = [case["medians"] for case in cases("three_traps")]  # silent, lazy, linear, many samples
    assert all(n["err_inf"] < 0.05 for n in medians)
    assert [n["rho"] > 0.5 for n in medians] == [False, True, False, False]
    assert [n["err_inf_relu"] > 0.1 for n in medians] == [False, False, True, False]
    assert [n["untrained"] < 1e-6 for n in medians] == [False, False, False, True]
    assert cases("three_traps")[3]["rank"] <= 100  # N D


def test_an_untrained_network_is_its_own_machine_from_the_rank_on(found):
    """Other code: T3: .55 .49 .26 .12 .024 7e-11 at P = 10 20 40 80 200 400, where N D = 400."""
    *below, at = np.median(found("three_traps").arrays["untrained_error"], axis=1)
    assert below == pytest.approx([0.55, 0.49, 0.26, 0.12, 0.024], rel=0.6) and at < 1e-6


def test_verdicts_on_traps_name_the_control_or_say_that_there_is_no_trap(cases):
    silent, lazy, linear, many = (case["medians"] for case in cases("three_traps"))
    for numbers, words in [
        (lazy, "predictor of K_0 is as good"),
        (linear, "with ReLU fails"),
        (many, "untrained network"),
        (silent | {"t_ratio": 1.2}, "the run is aligned late: undecided"),
        (silent | {"t_ratio": None}, "the run is unlearnt: undecided"),
    ]:
        assert words in three_traps.verdict(numbers)
    assert three_traps.verdict(silent).endswith("silent alignment.")
    assert three_traps.verdict(silent | {"err_inf": 0.3}).startswith("no trap")


def test_the_traps_table_tells_the_settings_and_leaves_out_the_control_that_is_the_run_itself(found):
    rows = {line[:44].strip(): line[44:].split() for line in found("three_traps").report.splitlines()}
    assert rows["sigma, scale of the weights"] == ["0.01", "3", "0.01", "0.01"]
    assert rows["condition number of the population"] == ["1", "1", "100", "1"]
    relu = rows["control 2: err_inf of the same run with ReLU"]
    assert [cell == "-" for cell in relu] == [True, True, False, True]


def test_with_weight_decay_the_network_is_a_ridge_predictor(found):
    """Other code, 3 seeds: .009 (.178 without decay), .017 (.064) and .15, where the gradient does not vanish."""
    white, raw, stretched = found("weight_decay").summary["cases"]
    for n, ridge, err_inf in [(white, 0.009, 0.178), (raw, 0.017, 0.064)]:
        assert ridge / 2 < n["ridge"] < 2 * ridge and n["err_inf"] == pytest.approx(err_inf, rel=0.4)
    assert stretched["ridge"] == pytest.approx(0.15, rel=0.2) and stretched["residual"] > 0.2
    lines = " ".join(weight_decay.verdict([white, raw, stretched]).split())
    assert lines.count("a kernel predictor, and no") == 2 and lines.count("not stationary") == 1
    assert weight_decay.verdict([white | {"ridge": 0.1, "residual": 0.01}]).endswith("FAILS.")


def test_adam_ends_as_the_final_kernels_predictor_on_stretched_and_raw_inputs(found):
    """Other code, medians of 3 to 7 seeds: rho of both, Adam's A at 10 %, and the error of Adam's own kernel."""
    cases = found("optimisers").summary["cases"]
    expected = [(0.016, 0.019, 0.977, 0.16), (0.044, 0.403, 0.8, 0.33), (0.024, 0.247, 0.87, 0.09)]
    for case, (adam, descent, A, own) in zip(cases, expected, strict=True):
        assert adam / 1.8 < case["adam"]["rho"] < 1.8 * adam and descent / 2.7 < case["gd"]["rho"] < 1.7 * descent
        assert case["adam"]["A_10"] == pytest.approx(A, abs=0.08) and own / 2 < case["adam"]["err_own"] < 2 * own
        assert case["adam"]["balance"] > 0.8 and case["gd"]["balance"] < 0.02
    words = optimisers.verdict(cases)
    assert words.count("only Adam does") == 2 and "white: both end" in words
    times = ", ".join(f"{case['adam']['err_own'] / case['adam']['err_inf']:.2g}" for case in cases)
    assert words.endswith(f"Adam's own kernel errs {times} times as much as K_inf's.")
    cases[0]["adam"]["rho"], cases[1]["adam"]["rho"], cases[1]["gd"]["rho"] = 0.06, 0.06, 0.3
    words = optimisers.verdict(cases)
    assert "white: only gradient descent does" in words
    assert "stretched: neither does, Adam's is 5 times nearer (rho = 0.3 and 0.06)." in words


def test_units_align_early_on_any_data_and_flips_to_come_order_rho(found):
    """Other code: cosines at 1, 10 % and the end, flips at 10 %; rank correlation .97 over 40 runs."""
    summary = found("neurons").summary
    told = {case["title"]: case for case in summary["cases"]}
    for title, cosines, flips in [("white", (0.88, 0.98, 0.98), 0), ("condition 100", (0.8, 0.9, 0.6), 0.21)]:
        measured = [told[title][f"cosine_{moment}"] for moment in ("1", "10", "end")]
        assert measured == pytest.approx(cosines, abs=0.06) and told[title]["flips_10"] == pytest.approx(
            flips, abs=0.02
        )
    assert told["digits, white"]["error_1"] == pytest.approx(0.18, abs=0.04)
    assert summary["rank_correlation"] > 0.92
    assert neurons.rank_correlation([3, 1, 2, 9], [30, 10, 20, 40]) == pytest.approx(1)
    assert neurons.rank_correlation([1, 2, 3], [9, 8, 1]) == pytest.approx(-1)
    ties = neurons.rank_correlation([0, 0, 1, 2, 2, 2], range(6))  # places 1.5, 1.5, 3, 5, 5, 5
    assert ties == pytest.approx(60 / (60 * 70) ** 0.5)
    words = " ".join(neurons.verdict(summary).split())
    assert words.startswith("Units align early on all data") and "10% order the runs" in words
    worse = summary | {"rank_correlation": 0.5, "cases": [told["white"] | {"cosine_10": 0.5}]}
    words = " ".join(neurons.verdict(worse).split())
    assert words.startswith("Units do NOT align") and "do NOT order the runs" in words

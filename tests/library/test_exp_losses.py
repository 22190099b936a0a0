"""losses: numbers against other code's and closed forms worked out here, the verdict, the clock's panel."""

import copy
import functools
import operator

import numpy as np
import pytest
from matplotlib import figure

from minintk.experiments import losses


@pytest.fixture
def told(found):
    """A copy of the summary, to be changed at will."""
    return copy.deepcopy(found("losses").summary)


@pytest.fixture
def cases(told):
    return {case["title"]: case for case in told["cases"]}


def test_the_silent_phase_grows_at_the_rate_of_the_early_residual(told):
    """y, y / 2 and Y - 1/C; other code: 1.832 and .916 for other samples, 4e-4 from 2 s."""
    rng = np.random.default_rng(0)
    U, _, Vt = np.linalg.svd(rng.standard_normal((60, 30)), full_matrices=False)
    X, teacher = np.sqrt(60) * U @ Vt, rng.standard_normal((3, 30))
    signs, one_hot = np.sign(X @ teacher[0]), np.eye(3)[np.argmax(X @ teacher.T, axis=1)]
    s = np.linalg.norm(X.T @ signs) / 60
    expected = {"mse": 2 * s, "logistic": s, "softmax": 2 * np.linalg.norm((one_hot - 1 / 3).T @ X / 60, 2)}
    assert expected["mse"] == pytest.approx(1.83, abs=0.1)
    for loss, start in told["growth"].items():
        assert start["theory"] == pytest.approx(expected[loss], rel=1e-9)
        assert start["rate"] == pytest.approx(expected[loss], rel=2e-4)


def test_the_network_is_the_machine_of_its_kernel_at_every_loss(cases):
    """Other code, with K_t, at .9, .5, .1, .01; over 12 seeds leaky and digits spread by a factor of 4 and 3."""
    expected = {
        "leaky, logistic": ((0.0034, 0.0027, 0.0038, 0.0035), 4.5),
        "ReLU, logistic": ((0.026, 0.011, 0.007, 0.006), 1.7),
        "digits, softmax": ((0.030, 0.017, 0.016, 0.016), 2.5),
        "stretched, logistic": ((0.054, 0.077, 0.161, 0.182), 2.4),
    }
    for title, (errors, spread) in expected.items():
        ratios = np.array(cases[title]["span_t"]) / errors
        assert max(ratios) < spread and min(ratios) > 1 / spread


def test_the_last_kernels_machine_serves_all_the_way_on_white_rows_only(cases):
    *white, stretched = cases.values()
    for n in white:
        assert n["span_inf"][-1] == pytest.approx(n["span_t"][-1]) and max(n["span_inf"]) < 0.1
        assert max(n["span_inf"][1:]) < 0.06 and min(n["span_0"]) > 0.4
    assert min(stretched["span_inf"]) > 0.09


def test_the_frozen_flow_ends_where_the_network_does(cases):
    """Other code, at equal loss .5, .1: leaky .059, .011; ReLU .078, .021; single runs: .02-.2, .07-.24 half-way."""
    for title, half, tenth in (("leaky, logistic", 0.059, 0.011), ("ReLU, logistic", 0.078, 0.021)):
        n = cases[title]
        assert half / 4 < n["flow_inf"][1] < 4 * half and tenth / 4 < n["flow_inf"][2] < 4 * tenth
        assert n["flow_inf"][3] < 0.015 and min(n["flow_0"]) > 0.45
    assert cases["digits, softmax"]["flow_inf"][3] < 0.025 < 0.4 < min(cases["digits, softmax"]["flow_0"])


def test_the_clock_gives_the_time_and_leaves_out_the_silence(cases):
    *white, stretched = cases.values()
    for n in white:
        assert n["flow_loss"] == pytest.approx([0.9, 0.5, 0.1, 0.01], rel=0.12)
        assert n["clock"][0] < 0.1 < 10 < n["times"][0]
    assert abs(stretched["flow_loss"][1] - 0.5) > 0.06


def test_with_more_samples_than_inputs_the_direction_turns_to_a_larger_margin(told):
    """Other code: the cosine falls from 1.000 to .983 (.95-.99 over seeds). The largest margin by Gilbert's method."""
    few, many = told["turns"]["40"], told["turns"]["120"]
    assert few["cosines"] == pytest.approx([1] * 5, abs=1e-4)
    assert few["margins"] == pytest.approx([1] * 5, abs=0.01)  # X X^T = P I: X^T y / P gives every sample the margin 1
    assert many["cosines"][0] > 0.999 and 0.95 < many["cosines"][-1] < 0.985
    largest = largest_margin(np.random.default_rng([0, 0]))
    assert np.all(np.diff(many["margins"]) > 0) and many["margins"][0] < 0
    assert 0.75 * largest < many["margins"][-1] < largest
    assert 0.8 < many["A"][-1] < 0.98  # other code: .805; few["A"] falls as well where one class is ahead


def largest_margin(rng):
    """At least the largest margin on the sample drawn by this rng: how far the hull of the rows y x is from 0."""
    U, _, Vt = np.linalg.svd(rng.standard_normal((120, 60)), full_matrices=False)
    X = np.sqrt(120) * U @ Vt
    f = X @ rng.standard_normal(60)
    rows = np.where(f > np.median(f), 1.0, -1.0)[:, None] * X
    w = rows.mean(axis=0)  # becomes the point nearest to 0 in the hull
    for _ in range(4000):
        step = rows[np.argmin(rows @ w)] - w
        w = w + np.clip(-(w @ step) / (step @ step), 0, 1) * step
    return np.linalg.norm(w)


def test_the_verdict_changes_when_the_numbers_do(told):
    def lines(numbers):
        return losses.verdict(numbers).replace("\n  ", " ").splitlines()

    *white, stretched, turn = lines(told)
    assert not any("NOT" in line for line in (*white, turn)) and stretched.count("NOT") == 2
    for line, words, (*path, last), value in [
        (0, "NOT the rate", ("growth", "softmax", "rate"), 2.0),
        (2, "NOT the predictor", ("cases", 1, "span_inf"), [0.3] * 4),
        (1, "NOT the predictor", ("cases", 0, "span_0"), [0.01] * 4),
        (3, "NOT on its flow", ("cases", 2, "flow_inf"), [0.2] * 4),
        (5, "does NOT stay", ("turns", "40", "cosines"), [0.9] * 5),
        (5, "does NOT leave", ("turns", "120", "cosines"), [1.0] * 5),
        (5, "does NOT rise", ("turns", "120", "margins"), [0.3] * 5),
    ]:
        changed = copy.deepcopy(told)
        functools.reduce(operator.getitem, path, changed)[last] = value
        assert words in lines(changed)[line]


def test_the_verdict_tells_the_tables_numbers_from_half_the_loss_on(told):
    told["cases"][1] |= {"span_inf": [0.9, 0.02, 0.04, 0.01], "span_0": [0.3, 0.8, 0.7, 0.75]}
    told["cases"][1] |= {"flow_inf": [0.9, 0.25, 0.1, 0.012], "flow_0": [0.4, 0.5, 0.6, 0.62]}
    words = losses.verdict(told)
    assert "ReLU, logistic: the predictor of K_inf from half the loss on, <= 4 % off (K_0: >= 70 %);" in words
    assert "on its flow at the end, off by 1.2 %; half-way by 25 % (frozen K_0: 62 % at the end)." in words


def test_the_figure_shows_how_far_the_frozen_flow_is_from_the_outputs_of_the_median_run(found):
    """Not only its loss, which is right: half-way the outputs are off by more than the loss tells."""
    arrays = found("losses").arrays
    names = ("times", "h", "losses", "frozen_losses", "few", "frozen_errors")
    curves = {name: arrays[f"ReLU_logistic_0_{name}"] for name in names}
    errors = np.interp(0.5, curves["losses"][curves["few"]][::-1], curves["frozen_errors"][::-1])
    assert errors == pytest.approx(arrays["ReLU_logistic_flow_inf"][0, 1], rel=0.2)
    flat, runs = np.ones(len(curves["few"])), []
    for half in (0.3, 0.1, 0.2):
        runs.append({"numbers": {"flow_inf": [0.9, half]}, "curves": curves | {"frozen_errors": half * flat}})
    ax = figure.Figure().subplots()
    losses._clock(ax, {"title": "three runs", "runs": runs})
    drawn = next(line for line in ax.lines if line.get_label().strip() == "its error")
    assert set(drawn.get_ydata()) == {0.2} and "error over" in ax.get_ylabel()

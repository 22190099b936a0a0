"""phase_diagram: rho over sigma and power against other code's values, the border, the verdict, the figure."""

import copy

import numpy as np
import pytest

from minintk import network, plots
from minintk.experiments import phase_diagram, silent_alignment

SIGMAS, POWERS = (1, 0.1, 0.01), (0, 0.25, 0.5, 1)


def find_results():
    return phase_diagram.run(sigmas=SIGMAS, powers=POWERS, inits=3)


@pytest.fixture(scope="module")
def results(ahead):
    return ahead(find_results)


def column(*values):
    """Cells of one power: (sigma, rho, growth), from the largest sigma."""
    cells = []
    for sigma, rho, growth in values:
        medians = {"rho": rho, "growth_end": growth, "A_10": 0.99, "test_accuracy": 0.9, "err_0": 0.5, "t_ratio": 0.5}
        told = {"sigma": sigma, "power": 0.0, "region": phase_diagram.region(medians), "unlearnt": 0}
        cells.append(told | {"rhos": [rho], "medians": medians})
    return cells


def test_the_map_holds_the_known_ratios_of_digits(results):
    """Other code, one training set, sigma .01: rho .017 .028 .083 .367 at power 0 .25 .5 1; .88 at sigma 1, white.

    Ten other training sets spread from .02 to .13 at power .5, and from .14 to .47 at power 1.
    """
    white, quarter, half, raw = (cell["medians"] for cell in results["cells"][-1])
    assert 0.01 < white["rho"] < 0.03 and 0.015 < quarter["rho"] < 0.045
    assert 0.02 < half["rho"] < 0.15 and 0.14 < raw["rho"] < 0.5
    assert 1.0 < white["err_0"] < 1.5 and 0.15 < raw["err_0"] < 0.35  # other code 1.22 and .24
    assert min(n["A_10"] for n in (white, quarter)) > 0.97 and 0.85 < raw["A_10"] < 0.96
    assert [cell["region"] for cell in results["cells"][0]] == ["lazy"] * 4
    assert 0.5 < results["cells"][0][0]["medians"]["rho"] < 1.2


def test_a_quarter_power_keeps_the_accuracy_that_whitening_costs(results):
    """Other code: .76 at power 0, .97 at .25, .97 raw."""
    white, quarter, _, raw = (cell["medians"]["test_accuracy"] for cell in results["cells"][-1])
    assert white < 0.85 < 0.93 < min(quarter, raw)
    last = results["summary"]["verdict"].splitlines()[-1]
    assert (
        last.startswith(("Power 0.25 is silent and costs ", "Power 0.5 is silent and")) and ", full whitening " in last
    )


def test_its_first_run_is_that_of_the_main_experiment(results):
    point = silent_alignment.point(sigma=0.01, power=0.25, seed=0)
    for name in ("rho", "err_0", "A_10", "test_accuracy", "final_loss"):
        assert results["arrays"][name][2, 1, 0] == pytest.approx(point[name], rel=1e-9)


def test_samples_on_the_wrong_side_are_counted_without_weights(results):
    """By hand: X^T y = (1, 1) - (3, 0) + (0, 2) = (-2, 3) has 1, -6, 6 with the rows, labels 1, -1, 1: all right."""
    X, Y = np.array([[1.0, 1.0], [3.0, 0.0], [0.0, 2.0]]), np.array([[1.0], [-1.0], [1.0]])
    assert phase_diagram.misplaced(X, Y) == 0
    assert (
        phase_diagram.misplaced(np.array([[4.0], [1.0]]), Y[:2]) == 1
    )  # X^T y = 3: the second row's 3 has the label -1
    wrong = results["arrays"]["misplaced"]
    assert (wrong[:2] == 0).all() and wrong[-1].mean() >= 1


def test_the_border_is_met_exactly_where_rho_is_a_power_of_sigma():
    """rho = 5 sigma^1 and rho = .5 sqrt(sigma) are .05 at sigma = .01, wherever the grid lies."""
    for rho in (lambda s: 5 * s, lambda s: 0.5 * s**0.5):
        cells = column(*((s, rho(s), 9.0) for s in (0.07, 0.02, 0.004, 0.001)))
        assert phase_diagram.border(cells) == pytest.approx(0.01, rel=1e-12)


def test_a_border_needs_silence_down_to_the_smallest_sigma():
    assert phase_diagram.border(column((0.1, 0.2, 9), (0.01, 0.04, 9), (0.001, 0.06, 9))) is None
    assert phase_diagram.border(column((0.1, 0.02, 9), (0.01, 0.01, 9))) == 0.1
    assert phase_diagram.border(column((1, 0.9, 1.1), (0.1, 0.04, 9))) == 0.1  # lazy beside silent: nothing to draw
    assert phase_diagram.border(column((1, 0.02, 1.1))) is None  # a small rho of a kernel that never grew


def test_lazy_is_told_by_growth_and_silent_by_rho():
    assert [c["region"] for c in column((1, 0.9, 1.9), (1, 0.01, 1.9), (1, 0.9, 2.1), (1, 0.049, 2.1))] == [
        "lazy",
        "lazy",
        "degraded",
        "silent",
    ]
    assert phase_diagram.region(None) == "unlearnt"


def test_the_verdict_changes_with_the_numbers(results):
    words = results["summary"]["verdict"]
    assert words.startswith("Silent below sigma = ") and "Lazy at every power: sigma = 1." in words
    assert "interpolated" in words
    cells = copy.deepcopy(results["cells"])
    for cell in sum(cells, []):
        cell["medians"]["rho"] = 0.3
        cell["region"] = "degraded"
    words = phase_diagram.verdict(cells)
    assert words.startswith("Nowhere silent") and "At no sigma lazy" in words and "accuracy" not in words
    assert "At power 1 smaller weights do not help: 0.3 at sigma = 0.1, 0.3 at sigma = 0.01." in words
    cells[-1][-1]["medians"]["rho"] = 0.1
    assert "At power 1 rho still falls with sigma: 0.3 at sigma = 0.1, 0.1" in phase_diagram.verdict(cells)
    for cell, accuracy in zip(cells[-1], (0.7, 0.9, 0.95, 0.98), strict=True):
        cell["medians"] |= {"test_accuracy": accuracy}
    cells[-1][0]["region"] = "silent"
    words = phase_diagram.verdict(cells)
    assert words.endswith("Power 0 is silent and costs 28.0 points of accuracy (70.0%, at best 98.0%).")
    cells[-1][1]["region"] = "silent"
    words = phase_diagram.verdict(cells)
    assert words.endswith("costs 8.0 points of accuracy (90.0%, at best 98.0%), full whitening 28.0.")


def test_runs_are_counted_as_silent_by_the_same_rule_as_cells(results):
    for row in results["cells"]:
        for cell in row:
            assert 0 <= cell["silent"] <= sum(rho < 0.05 for rho in cell["rhos"])
    late = {"rho": 0.01, "growth_end": 9.0, "final_loss": 9e-5, "err_0": 0.5, "t_ratio": 1.2}
    assert phase_diagram._cell(0.01, 0.0, [late, late | {"t_ratio": 0.9}, late | {"t_ratio": 1.1}])["silent"] == 1


def test_a_run_that_has_not_learnt_is_counted_and_left_out():
    """A sample whose gates have all closed is never learnt: the loss stays at 1 / (2 P) = .01."""
    learnt = {"rho": 0.02, "growth_end": 9.0, "final_loss": 9e-5, "err_0": 0.5, "t_ratio": 0.5}
    cell = phase_diagram._cell(0.01, 0.0, [learnt, learnt | {"rho": 5.0, "final_loss": 0.01}])
    assert (cell["unlearnt"], cell["rhos"], cell["medians"]["rho"], cell["region"]) == (1, [0.02], 0.02, "silent")
    assert phase_diagram._cell(0.01, 0.0, [learnt | {"final_loss": 0.01}])["region"] == "unlearnt"


def test_the_figure_has_labelled_axes_and_the_report_fits_100_columns(results):
    axes = plots.phase_diagram(results).get_axes()
    maps = [ax for ax in axes if ax.get_label() != "<colorbar>"]
    assert len(maps) == 3 and all(ax.get_xlabel() and ax.get_ylabel() for ax in maps)
    assert all(ax.get_ylabel() for ax in axes)
    for ax in maps[:2]:  # columns of equal width, and lines only between cells
        assert np.allclose(np.diff(ax.get_xticks()), 1)
        ends = np.concatenate([path.vertices for lines in ax.collections[1:] for path in lines.get_paths()])
        assert len(ends) and np.array_equal(ends, ends.round())
    words = {text.get_text().split("\n")[-1] for text in maps[0].texts}
    assert {"silent", "lazy"} <= words
    report, summary = phase_diagram.report(results), results["summary"]
    assert summary["experiment"] == "phase_diagram" and report.endswith(summary["verdict"])
    assert max(map(len, f"phase_diagram. {report}".splitlines())) <= 100
    assert all(isinstance(array, np.ndarray) for array in results["arrays"].values())


def test_cells_without_a_number_can_be_told_and_drawn(results):
    broken = copy.deepcopy(results)
    broken["cells"][-1][-1] |= {"medians": None, "region": "unlearnt", "rhos": [], "unlearnt": 3}
    plots.phase_diagram(broken).canvas.draw()
    assert "unlearnt" in {text.get_text().split("\n")[-1] for text in plots.phase_diagram(broken).get_axes()[0].texts}
    assert "3 of 36 runs did not learn" in phase_diagram.report(broken)


def test_a_replaced_function_reaches_the_map(monkeypatch):
    calls = []
    real = network.backward
    monkeypatch.setattr(network, "backward", lambda *args: calls.append(1) or real(*args))
    phase_diagram.run(sigmas=(3,), powers=(0,), inits=1)
    assert calls

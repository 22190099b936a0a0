"""phase_diagram: rho over sigma and power against other code's values, the border, the verdict, the map."""

import copy

import numpy as np
import pytest

from minintk import silence
from minintk.experiments import phase_diagram, silent_alignment

SIGMAS, POWERS = [1, 0.01, 0.003], [0, 0.25, 0.5, 0.75, 1]  # of the map in conftest.py


@pytest.fixture
def cells(found):
    """A copy of the map, a row for each sigma."""
    told, n = copy.deepcopy(found("phase_diagram").summary["cells"]), len(POWERS)
    return [told[i : i + n] for i in range(0, len(told), n)]


def column(*values):
    """Cells of one power: (sigma, rho, growth), from the largest sigma."""
    cells = []
    for sigma, rho, growth in values:
        medians = {"rho": rho, "growth_end": growth, "err_0": 0.5, "t_ratio": 0.5}
        cells.append({"sigma": sigma, "region": silence.region(medians), "medians": medians})
    return cells


def first_three(found, name, sigma):
    """{power: median} of the first three training sets."""
    return dict(zip(POWERS, np.median(found("phase_diagram").arrays[name][SIGMAS.index(sigma), :, :3], axis=1)))


def test_the_map_holds_the_known_ratios_of_digits(found, cells):
    """Other code, one training set, sigma .01: rho .017 .028 .083 .367 at power 0 .25 .5 1; .88 at sigma 1, white.

    Ten other training sets spread from .02 to .13 at power .5, and from .14 to .47 at power 1.
    """
    rho, err_0, A_10 = (first_three(found, name, 0.01) for name in ("rho", "err_0", "A_10"))
    assert 0.01 < rho[0] < 0.03 and 0.015 < rho[0.25] < 0.045
    assert 0.02 < rho[0.5] < 0.15 and 0.14 < rho[1] < 0.5
    assert 1.0 < err_0[0] < 1.5 and 0.15 < err_0[1] < 0.35  # other code 1.22 and .24
    assert min(A_10[0], A_10[0.25]) > 0.97 and 0.85 < A_10[1] < 0.96
    assert 0.5 < first_three(found, "rho", 1)[0] < 1.2
    assert [cell["region"] for cell in cells[SIGMAS.index(1)]] == ["lazy"] * len(POWERS)


def test_a_quarter_power_keeps_the_accuracy_that_whitening_costs(found):
    """Other code: .76 at power 0, .97 at .25, .97 raw."""
    accuracy = first_three(found, "test_accuracy", 0.01)
    assert accuracy[0] < 0.85 < 0.93 < min(accuracy[0.25], accuracy[1])
    last = found("phase_diagram").summary["verdict"].splitlines()[-1]
    assert last.startswith("Power 0.25 is silent and costs ") and ", full whitening " in last


def test_its_first_run_is_that_of_the_main_experiment(found):
    point = silent_alignment.point(sigma=0.01, power=0.25, seed=0)
    for name in ("rho", "err_0", "A_10", "test_accuracy", "final_loss"):
        here = found("phase_diagram").arrays[name][SIGMAS.index(0.01), POWERS.index(0.25), 0]
        assert here == pytest.approx(point[name], rel=1e-9)


def test_samples_on_the_wrong_side_are_counted_without_weights(found):
    """By hand: X^T y = (1, 1) - (3, 0) + (0, 2) = (-2, 3) has 1, -6, 6 with the rows, labels 1, -1, 1: all right."""
    X, Y = np.array([[1.0, 1.0], [3.0, 0.0], [0.0, 2.0]]), np.array([[1.0], [-1.0], [1.0]])
    assert phase_diagram.misplaced(X, Y) == 0
    X = np.array([[4.0], [1.0]])  # X^T y = 3: the second row's 3 has the label -1
    assert phase_diagram.misplaced(X, Y[:2]) == 1
    wrong = found("phase_diagram").arrays["misplaced"]
    assert (wrong[: POWERS.index(0.5)] == 0).all() and wrong[-1].mean() >= 1


def test_the_border_is_met_exactly_where_rho_is_a_power_of_sigma():
    """rho = 5 sigma^1 and rho = .5 sqrt(sigma) are .05 at sigma = .01, wherever the grid lies."""
    for rho in (lambda s: 5 * s, lambda s: 0.5 * s**0.5):
        cells = column(*((s, rho(s), 9.0) for s in (0.07, 0.02, 0.004, 0.001)))
        assert phase_diagram.border(cells) == pytest.approx(0.01, rel=1e-12)


def test_a_border_needs_silence_down_to_the_smallest_sigma():
    assert phase_diagram.border(column((0.1, 0.2, 9), (0.01, 0.04, 9), (0.001, 0.06, 9))) is None
    assert phase_diagram.border(column((0.1, 0.02, 9), (0.01, 0.01, 9))) == 0.1
    assert phase_diagram.border(column((1, 0.9, 1.1), (0.1, 0.04, 9))) == 0.1  # lazy beside silent: nothing to draw
    assert phase_diagram.border(column((1, 0.9, 1.1))) is None


def test_the_verdict_changes_with_the_numbers(cells):
    words = phase_diagram.verdict(cells)
    assert words.startswith("Silent below sigma = ") and "Lazy at every power: sigma = 1." in words
    assert "interpolated" in words and "power 0.5 (2 of 5 runs are), 0.75 (0 of 5), 1 (0 of 4)." in words
    for cell in cells[1]:
        cell["region"] = "lazy"
    assert "Lazy at every power: sigma = 1, 0.01." in phase_diagram.verdict(cells)
    for cell in sum(cells, []):
        cell["medians"]["rho"], cell["region"] = 0.3, "partially aligned"
    words = phase_diagram.verdict(cells)
    assert words.startswith("Nowhere silent") and "At no sigma lazy" in words and "accuracy" not in words
    no_help, falls = "smaller weights do not help", "rho still falls with sigma"
    for rho, told in [("0.3 at sigma = 0.003.", no_help), ("0.25", no_help), ("0.1", falls)]:
        cells[-1][-1]["medians"]["rho"] = float(rho.split()[0])
        assert f"At power 1 {told}: 0.3 at sigma = 0.01, {rho}" in phase_diagram.verdict(cells)
    for cell, accuracy in zip(cells[-1], (0.7, 0.9, 0.95, 0.97, 0.98), strict=True):
        cell["medians"]["test_accuracy"] = accuracy
    cells[-1][0]["region"] = "silent"
    told = phase_diagram.verdict(cells)
    assert told.endswith("Power 0 is silent and costs 28.0 points of accuracy (70.0%, at best 98.0%).")
    cells[-1][1]["region"] = "silent"
    told = phase_diagram.verdict(cells)
    assert told.endswith("costs 8.0 points of accuracy (90.0%, at best 98.0%), full whitening 28.0.")


LEARNT = {"rho": 0.02, "growth_end": 9.0, "final_loss": 9e-5, "err_0": 0.5, "t_ratio": 0.5}


def test_runs_are_counted_as_silent_by_the_same_rule_as_cells(cells):
    for cell in sum(cells, []):
        assert 0 <= cell["silent"] <= sum(rho < 0.05 for rho in cell["rhos"])
    assert phase_diagram._cell(0.01, 0.0, [LEARNT | {"t_ratio": ratio} for ratio in (1.2, 0.9, 1.1)])["silent"] == 1


def test_a_run_that_has_not_learnt_is_counted_and_left_out():
    """A sample whose gates have all closed is never learnt: the loss stays at 1 / (2 P) = .01."""
    cell = phase_diagram._cell(0.01, 0.0, [LEARNT, LEARNT | {"rho": 5.0, "final_loss": 0.01}])
    assert (cell["unlearnt"], cell["rhos"], cell["medians"]["rho"], cell["region"]) == (1, [0.02], 0.02, "silent")
    assert phase_diagram._cell(0.01, 0.0, [LEARNT | {"final_loss": 0.01}])["region"] == "unlearnt"


def test_lines_run_between_cells_and_cells_have_words(cells):
    left, middle, *_ = phase_diagram.figure(cells).get_axes()
    for ax in (left, middle):  # columns of equal width
        assert np.allclose(np.diff(ax.get_xticks()), 1)
        ends = np.concatenate([path.vertices for lines in ax.collections[1:] for path in lines.get_paths()])
        assert len(ends) and np.array_equal(ends, ends.round())
    numbers, words = zip(*((text.get_text() + "\n").split("\n")[:2] for text in left.texts))
    assert [float(rho) for rho in numbers] == pytest.approx([c["medians"]["rho"] for c in sum(cells, [])], rel=0.05)
    assert {"silent", "lazy"} <= set(words)


def test_cells_without_a_number_can_be_told_and_drawn(found, cells):
    cells[-1][-1] |= {"medians": None, "region": "unlearnt", "rhos": [], "unlearnt": 5}
    fig = phase_diagram.figure(cells)
    fig.canvas.draw()
    assert "unlearnt" in {text.get_text().split("\n")[-1] for text in fig.get_axes()[0].texts}
    known = found("phase_diagram")
    told = phase_diagram.report(cells, known.arrays, known.summary["settings"])
    assert "5 of 75 runs did not learn" in told and known.report.count("1 of 75 runs did not learn") == 1

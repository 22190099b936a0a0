"""The main job: its numbers, its screen, its files, and what it says to wrong words."""

import concurrent.futures
import errno
import json
import os
import pathlib
import re

import matplotlib
import numpy as np
import pytest
from matplotlib import figure

from minintk import alignment, cli, data, experiments, linear_theory
from minintk.experiments import common, lazy_to_rich, silent_alignment, style
from minintk.tools import pool
from minintk.tools import run as runs

SMALL = {"P": 8, "width": 20, "powers": (0,), "inits": 1, "sigma": 0.1}


@pytest.fixture(scope="module")
def cases(found):
    return found("silent_alignment").summary["cases"]


@pytest.fixture(scope="module")
def numbers(cases):
    return [case["medians"] for case in cases]


def test_digits_give_the_published_silence_ratios(numbers):
    """On one training set: rho about .02 on white digits, .03 at power .25, above .2 on raw ones, near 1 if lazy."""
    white, partly, raw, lazy = numbers
    assert 0.01 < white["rho"] < 0.03 and white["A"][1] > 0.97
    assert 0.015 < partly["rho"] < 0.045 and partly["A"][1] > 0.97
    assert raw["rho"] > 0.2
    for errors, err_inf in [(white["err_t"], 0.021), (partly["err_t"], 0.016)]:  # other code, white: .18 at 1 %
        assert errors[0] == pytest.approx(0.18, abs=0.04) and errors[0] > errors[1] > errors[2] > 1.4 * err_inf
    assert lazy["rho"] > 0.6 and lazy["growth_end"] < 1.2


def test_whitening_costs_accuracy_and_a_quarter_power_does_not(numbers):
    """Full whitening makes noise directions as large as signal ones."""
    white, partly, raw, _ = (n["test_accuracy"] for n in numbers)
    assert white < 0.85 < 0.93 < min(partly, raw)


def test_the_verdicts_follow_from_the_numbers(cases, numbers):
    words = [silent_alignment.verdict(n) for n in numbers]
    begun = [re.split(r"\.| \(", word)[0] for word in words]
    assert begun == ["silent alignment", "silent alignment", "not silent", "lazy"]
    assert words == [case["verdict"] for case in cases] and f"rho = {numbers[0]['rho']:.2g}" in words[0]
    unlearnt = numbers[0] | {"A": [0.9, None, None, None], "t_ratio": None}
    assert silent_alignment.verdict(unlearnt).startswith("no verdict")


def test_rho_of_a_linear_network_is_not_believed():
    """Any kernel's predictor is the network there, so that rho is a ratio of rounding errors."""
    result = silent_alignment.run(P=20, width=20, powers=(0, 1), inits=1, slope=1.0)
    white, raw, lazy = result.summary["cases"]
    assert max(case["medians"]["err_0"] for case in (white, raw, lazy)) < 1e-10
    assert white["verdict"].startswith("turned in silence, ") and raw["verdict"].startswith("not turned in silence")
    assert lazy["verdict"].startswith("lazy") and "rho says nothing" in white["verdict"] and raw["verdict"]
    assert re.search(r"rho = err_inf / err_0( +-){3}\n", result.report)
    axes = result.figure().get_axes()
    assert not any("rho" in ax.get_title() for ax in axes) and not axes[-1].lines


def test_what_is_said_of_the_turning_follows_from_its_share(numbers):
    raw = numbers[2]
    A_0, A_10 = raw["A_0"], raw["A"][1]
    assert raw["shares"][1] == pytest.approx((A_10 - A_0) / (1 - A_0), abs=0.1)  # medians of three each
    rest = "the rest is done while the loss falls"
    assert rest in silent_alignment.verdict(raw | {"shares": [0.5, 0.89, 1, 1]})
    assert rest not in silent_alignment.verdict(raw | {"shares": [0.5, 0.9, 1, 1]})
    assert "turns away from K_inf first" in silent_alignment.verdict(raw | {"shares": [0.5, -0.1, 1, 1]})


def test_a_kernel_that_aligned_late_is_not_silent_however_good_its_predictor(numbers):
    words = silent_alignment.verdict(numbers[0] | {"t_ratio": 1.2, "drop_at_align": 0.87, "rho": 0.02})
    assert words.startswith("not silent (aligned only at 87% loss drop)")
    assert "yet the predictor of K_inf is 50 times better than that of K_0" in words


def test_a_lazy_network_far_from_both_predictors_is_called_nearly_lazy(numbers):
    assert "only nearly lazy" in silent_alignment.verdict(numbers[3] | {"err_inf": 0.11, "err_0": 0.2})
    assert "nearly" not in silent_alignment.verdict(numbers[3] | {"err_inf": 0.09, "err_0": 0.2})


def test_the_figure_shows_every_cross_and_its_gaps_end_at_rho():
    result = silent_alignment.run(P=12, width=30, powers=(0, 0.5), inits=3)
    axes = result.figure().get_axes()
    labelled = [ax for ax in axes if ax.get_xlabel() and not ax.images]
    assert len(labelled) == 7 and len([ax for ax in axes if ax.images]) == 9
    rhos = [sorted(run["rho"] for run in case["runs"])[1] for case in result.summary["cases"]]
    for ax, rho in zip(labelled[3:6], rhos, strict=True):
        assert f"{rho:.2g}" in ax.get_title()
        crosses = next(line for line in ax.lines if line.get_marker() == "x")
        assert ax.get_ylim()[1] > abs(crosses.get_ydata()).max()
    assert [line.get_ydata()[-1] for line in labelled[-1].lines] == pytest.approx(rhos, rel=1e-6)


def test_targets_of_two_three_and_softmax_classes():
    signs, labels = np.array([1.0, -1.0, 1.0]), np.array([2, 0, 1])
    assert common.targets(signs, 2, "mse").tolist() == [[1], [-1], [1]]
    assert common.targets(signs, 2, "softmax").tolist() == [[1, 0], [0, 1], [1, 0]]
    assert common.targets(labels, 3, "mse").tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert common.targets(labels, 3, "logistic").tolist() == [[-1, -1, 1], [1, -1, -1], [-1, 1, -1]]


@pytest.mark.parametrize("L", [2, 3])
def test_the_linear_maximum_of_A_y_is_that_of_the_final_kernel(rng, L):
    """On white inputs, for targets of which the inputs explain a part only; and with fewer samples than inputs."""
    for P, D in [(60, 30), (20, 30)]:
        X, beta = data.white(P, D, rng), rng.standard_normal(D)
        beta = X.T @ (X @ beta) if P < D else beta  # what lies in the span of the rows
        beta /= np.linalg.norm(beta)
        off = rng.standard_normal((P, 1))
        off -= X @ np.linalg.lstsq(X, off, 1e-10)[0]
        y = 2 * (X @ beta)[:, None] + off
        expected = alignment.task_alignment(linear_theory.final_kernel(X, beta, 2.0, L), y)
        assert silent_alignment._linear_A_y({"X": X, "Y": y}, L) == pytest.approx(expected, rel=1e-9)


def test_accuracy_by_hand():
    assert common.accuracy(np.array([[2.0], [-1.0], [-3.0], [0.5]]), np.array([1, -1, 1, 1])) == 0.75
    assert common.accuracy(np.array([[2.0, 1], [0, 1]]), np.array([1.0, 1])) == 0.5
    assert common.accuracy(np.eye(3), np.array([0, 1, 0])) == pytest.approx(2 / 3)


def run(tmp_path, *words):
    return cli.main(["run", "--out", str(tmp_path), "--inits", "1", *words])


def test_the_command_prints_a_table_and_leaves_three_files(tmp_path, capsys, undrawn):
    assert run(tmp_path, "--P", "12", "--width", "20") == 0
    screen = capsys.readouterr().out
    assert "rho = err_inf / err_0" in screen and "white: " in screen and max(map(len, screen.split("\n\n")[1])) < 100
    folder = tmp_path / "silent_alignment"
    assert (folder / "figure.png").exists()
    summary = json.loads((folder / "summary.json").read_text())
    assert [case["title"] for case in summary["cases"]] == ["white", "power 0.25", "raw", "lazy"]
    with np.load(folder / "results.npz") as arrays:
        losses = arrays["white_0_losses"]
    assert losses[0] == pytest.approx(0.5, rel=1e-2) and losses[-1] <= 1e-4
    rho = re.search(r"rho = err_inf / err_0 +([0-9.]+)", screen)[1]
    assert float(rho) == pytest.approx(summary["cases"][0]["medians"]["rho"], abs=6e-4)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others():
    first, again, other = (silent_alignment.run(**SMALL, seed=seed).summary["cases"] for seed in (5, 5, 6))
    assert first == again != other


def test_several_classes_softmax_and_depth(tmp_path, undrawn):
    words = "--classes 0,1,2 --loss softmax --P 12 --width 20 --depth 3 --sigma 0.3 --power 0 --slope 0.1"
    assert run(tmp_path, *words.split()) == 0


def test_a_users_own_file_is_read(tmp_path, capsys, undrawn):
    images, labels = data.digits()
    np.savez(tmp_path / "mine.npz", x=images, y=labels)
    assert run(tmp_path, "--data", str(tmp_path / "mine.npz"), "--P", "10", "--width", "10", "--power", "0") == 0
    assert "mine.npz" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, told",
    [
        ("--data nowhere.npz", "nowhere.npz"),
        ("--classes 3", "'3'"),
        ("--classes 3,12", "12"),
        ("--P 1", "P = 1"),
        ("--P 100000", "100000"),
        ("--sigma 0", "sigma is 0"),
        ("--sigma nan", "sigma is nan"),
        ("--width 0", "width is 0"),
        ("--depth 0", "depth is 0"),
        ("--slope 2", "slope is 2"),
        ("--power 3", "powers is 3"),
        ("--step-size -1", "step_size is -1"),
        ("--step-size 90", "diverged"),
        ("--inits 0", "inits is 0"),
        ("--loss mae", "invalid choice"),
        ("--P many", "invalid int value"),
        ("--seed -1", "seed is -1"),
        ("silent", "'silent' is no experiment"),
        ("phase_diagram --power 0", "--power is for silent_alignment alone, not for phase_diagram"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(tmp_path, capsys, words, told):
    try:
        code = run(tmp_path, *words.split())
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2 and told in error and "Traceback" not in error
    assert len(error.strip().splitlines()[-1:]) == 1 and error.strip().splitlines()[-1].startswith("minintk")


def result(figure=figure.Figure, **changes):
    return experiments.Result(
        **{"summary": {"a": 1}, "arrays": {"x": np.ones(2)}, "report": "", "figure": figure} | changes
    )


def test_what_json_cannot_say_is_null(tmp_path):
    common.save(tmp_path / "new", result(summary={"t": float("inf"), "list": [1, (float("nan"), "x")]}))
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == {"t": None, "list": [1, [None, "x"]]}


def test_without_words_and_workbook_the_first_commands_are_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main([]) == 0
    assert "minintk init" in capsys.readouterr().out


def test_the_list_names_every_experiment_with_its_claim(capsys):
    assert cli.main(["run", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(experiments.registry()) and all(len(line) > 40 for line in lines)


def test_numbers_are_kept_whole_or_not_at_all(tmp_path, monkeypatch):
    """A second run that fails while it writes leaves the first one's three files."""
    common.save(tmp_path, result())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(before) == ["figure.png", "results.npz", "summary.json"]

    def full(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(common.json, "dumps", full)
    with pytest.raises(OSError):
        common.save(tmp_path, result(arrays={"x": np.zeros(2)}))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_numbers_are_there_before_anything_is_drawn_and_no_older_figure_beside_them(tmp_path):
    common.save(tmp_path, result())

    def broken():
        assert json.loads((tmp_path / "summary.json").read_text()) == {"a": 2}
        raise RuntimeError("no font")

    with pytest.raises(RuntimeError):
        common.save(tmp_path, result(broken, summary={"a": 2}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.npz", "summary.json"]


@pytest.fixture
def narrow(monkeypatch):
    """lazy_to_rich without its wide networks, which take most of its time."""
    monkeypatch.setattr(lazy_to_rich, "WIDTHS", (20,))


def test_a_figure_that_a_viewer_holds_costs_neither_the_table_nor_the_numbers(tmp_path, monkeypatch, narrow):
    """As on Windows, where nobody can remove a file that another program shows."""
    (tmp_path / "lazy_to_rich").mkdir()
    (tmp_path / "lazy_to_rich" / "figure.png").write_bytes(b"old")

    def held(path, missing_ok=False):
        raise PermissionError(errno.EACCES, "Access is denied", str(path))

    monkeypatch.setattr(pathlib.Path, "unlink", held)
    told = runs.one("lazy_to_rich", tmp_path, {"sigmas": (3,), "inits": 1}, animate=False)
    assert "rho" in told and told.endswith(
        "\nits figure.png is an older one (Access is denied): close it where it is open, then run again\n"
    )
    assert sorted(os.listdir(tmp_path / "lazy_to_rich")) == ["figure.png", "results.npz", "summary.json"]


def test_figures_do_not_depend_on_the_users_matplotlib_settings(tmp_path):
    """As a matplotlibrc would set them before we are imported; usetex would end the drawing."""

    def make():
        fig, (left, right) = style.panels(1, 2, (4, 2))
        left.imshow(np.eye(3))
        right.plot([1, 3, 2])
        right.set(xlabel=r"$\sigma$", title="a line")
        return fig

    style.draw(make, tmp_path / "a.png")
    own = {"image.origin": "lower", "axes.facecolor": "black", "savefig.transparent": True, "text.usetex": True}
    with matplotlib.rc_context(own | {"lines.linewidth": 7, "figure.dpi": 30, "image.cmap": "jet"}):
        style.draw(make, tmp_path / "b.png")
        assert matplotlib.rcParams["text.usetex"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_experiments_side_by_side_are_told_in_order_and_a_failure_in_words(tmp_path, monkeypatch, undrawn, narrow):
    """In processes of our own: what `found` tells."""
    monkeypatch.setattr(pool, "own", concurrent.futures.ThreadPoolExecutor)
    words = {"sigmas": (3,), "inits": 1}
    (alone,) = runs.several(["lazy_to_rich"], tmp_path, words, 1)
    assert list(runs.several(["lazy_to_rich"] * 2, tmp_path, words, 2)) == [alone] * 2
    assert str(runs._told("lazy_to_rich", tmp_path, {"sigmas": (-1,)})[1]).startswith("run: sigmas is -1")
    assert "TypeError" in str(runs._told("lazy_to_rich", tmp_path, {"other": 1})[1])


def test_steps_too_small_to_move_anything_and_equal_powers_are_refused(tmp_path, capsys, undrawn):
    words = "run --P 6 --width 4 --inits 1 --sigma 0.1 --out".split()
    assert cli.main([*words, str(tmp_path), "--power", "0", "--step-size", "1e-20"]) == 2
    assert "steps of 1e-20 have not moved the loss" in capsys.readouterr().err
    assert cli.main([*words, str(tmp_path), "--power", "0.5", "0.5"]) == 2
    assert "powers is [0.5, 0.5], expected numbers that differ" in capsys.readouterr().err

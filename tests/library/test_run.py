"""The main job: its numbers, its screen, its files, and what it says to wrong words."""

import json
import re

import numpy as np
import pytest

from minintk import cli, data, experiments, plots
from minintk.experiments import silent_alignment


def find_results():
    return silent_alignment.run()


@pytest.fixture(scope="module")
def results(ahead):
    return ahead(find_results)


@pytest.fixture(scope="module")
def cases(results):
    return results["cases"]


def test_digits_give_the_published_silence_ratios(cases):
    """On one training set: rho about .02 on white digits, .03 at power .25, above .2 on raw ones, near 1 if lazy."""
    white, partly, raw, lazy = (silent_alignment.medians(case) for case in cases)
    assert 0.01 < white["rho"] < 0.03 and white["A"][1] > 0.97
    assert 0.015 < partly["rho"] < 0.045 and partly["A"][1] > 0.97
    assert raw["rho"] > 0.2
    assert lazy["rho"] > 0.6 and lazy["growth_end"] < 1.2


def test_whitening_costs_accuracy_and_a_quarter_power_does_not(cases):
    """Full whitening makes noise directions as large as signal ones."""
    white, partly, raw, _ = (silent_alignment.medians(case)["test_accuracy"] for case in cases)
    assert white < 0.85 < 0.93 < min(partly, raw)


def test_the_verdicts_follow_from_the_numbers(cases):
    words = [silent_alignment.verdict(silent_alignment.medians(case)) for case in cases]
    assert [word.split(".")[0] for word in words] == ["silent alignment", "silent alignment", "not silent", "lazy"]
    assert f"rho = {silent_alignment.medians(cases[0])['rho']:.2g}" in words[0]


def test_a_run_that_has_not_learnt_gets_no_verdict(cases):
    numbers = silent_alignment.medians(cases[0]) | {"A": [0.9, None, None, None]}
    assert silent_alignment.verdict(numbers).startswith("no verdict")


def test_the_figure_has_all_panels_with_labelled_axes(results):
    figure = plots.silent_alignment(results)
    labelled = [ax for ax in figure.get_axes() if ax.get_xlabel() and not ax.images]
    assert len(labelled) == 9 and len([ax for ax in figure.get_axes() if ax.images]) == 12
    assert figure.get_axes()[0].get_ylabel() and labelled[-1].get_ylabel()


def test_targets_of_two_three_and_softmax_classes():
    signs, labels = np.array([1.0, -1.0, 1.0]), np.array([2, 0, 1])
    assert silent_alignment.target_matrix(signs, 2, "mse").tolist() == [[1], [-1], [1]]
    assert silent_alignment.target_matrix(signs, 2, "softmax").tolist() == [[1, 0], [0, 1], [1, 0]]
    assert silent_alignment.target_matrix(labels, 3, "mse").tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert silent_alignment.target_matrix(labels, 3, "logistic").tolist() == [[-1, -1, 1], [1, -1, -1], [-1, 1, -1]]


def test_accuracy_by_hand():
    assert silent_alignment.accuracy(np.array([[2.0], [-1.0], [-3.0], [0.5]]), np.array([1, -1, 1, 1])) == 0.75
    assert silent_alignment.accuracy(np.array([[2.0, 1], [0, 1]]), np.array([1.0, 1])) == 0.5
    assert silent_alignment.accuracy(np.eye(3), np.array([0, 1, 0])) == pytest.approx(2 / 3)


def run(tmp_path, *words):
    return cli.main(["run", "--out", str(tmp_path), "--inits", "1", *words])


def test_the_command_prints_a_table_and_leaves_three_files(tmp_path, capsys):
    assert run(tmp_path, "--P", "20", "--width", "20") == 0
    screen = capsys.readouterr().out
    assert "rho = err_inf / err_0" in screen and "white: " in screen and max(map(len, screen.split("\n\n")[1])) < 100
    folder = tmp_path / "silent_alignment"
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    summary = json.loads((folder / "summary.json").read_text())
    assert [case["title"] for case in summary["cases"]] == ["white", "power 0.25", "raw", "lazy"]
    with np.load(folder / "results.npz") as arrays:
        losses = arrays["white_0_losses"]
    assert losses[0] == pytest.approx(0.5, rel=1e-2) and losses[-1] <= 1e-4
    rho = re.search(r"rho = err_inf / err_0 +([0-9.]+)", screen)[1]
    assert float(rho) == pytest.approx(summary["cases"][0]["medians"]["rho"], abs=6e-4)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others():
    settings = {"P": 10, "width": 10, "powers": [0], "inits": 1}
    first, again, other = (silent_alignment.run(**settings, seed=seed)["summary"]["cases"] for seed in (5, 5, 6))
    assert first == again != other


def test_several_classes_softmax_and_depth(tmp_path):
    words = "--classes 0,1,2 --loss softmax --P 12 --width 20 --depth 3 --sigma 0.3 --power 0 --slope 0.1"
    assert run(tmp_path, *words.split()) == 0


def test_a_users_own_file_is_read(tmp_path, capsys):
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


def test_what_json_cannot_say_is_null(tmp_path):
    figure = plots.figure.Figure()
    experiments.save(tmp_path / "new", figure, {"a": np.ones(2)}, {"t": float("inf"), "list": [1, (float("nan"), "x")]})
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == {"t": None, "list": [1, [None, "x"]]}


def test_without_words_and_workbook_the_first_commands_are_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main([]) == 0
    assert "minintk init" in capsys.readouterr().out


def test_the_list_names_every_experiment_with_its_claim(capsys):
    assert cli.main(["run", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(experiments.NAMES) and all(len(line) > 40 for line in lines)

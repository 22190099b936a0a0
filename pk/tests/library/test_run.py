"""The main job: its numbers, its screen, its files, and what it says to wrong words."""

import json
import re

import numpy as np
import pytest
from matplotlib import figure

from minintk import cli, data, experiments, plots, silence
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
    assert [re.split(r"\.| \(", word)[0] for word in words] == [
        "silent alignment",
        "silent alignment",
        "not silent",
        "lazy",
    ]
    assert f"rho = {silent_alignment.medians(cases[0])['rho']:.2g}" in words[0]


def test_a_run_that_has_not_learnt_gets_no_verdict(cases):
    numbers = silent_alignment.medians(cases[0]) | {"A": [0.9, None, None, None], "t_ratio": None}
    assert silent_alignment.verdict(numbers).startswith("no verdict")


def test_one_rule_names_the_region_of_a_run():
    silent = {"rho": 0.049, "err_0": 0.5, "growth_end": 9.0, "t_ratio": 1.0}
    named = {
        "silent": {},
        "late": {"t_ratio": 1.01},
        "degraded": {"rho": 0.05},
        "lazy": {"growth_end": 1.99, "err_0": 1e-14},
        "trivial": {"err_0": 9e-7, "rho": 1.2},
        "unlearnt": {"t_ratio": None},
    }
    assert [silence.region(silent | changes) for changes in named.values()] == list(named)
    assert silence.region(silent | {"growth_end": 2.0, "t_ratio": np.inf, "rho": 0.5}) == "degraded"


def test_rho_of_a_linear_network_is_not_believed():
    """Any kernel's machine is the network there, so that rho is a ratio of rounding errors."""
    results = silent_alignment.run(P=20, width=20, powers=(0, 1), inits=1, slope=1.0)
    numbers = [silent_alignment.medians(case) for case in results["cases"]]
    assert max(n["err_0"] for n in numbers) < 1e-10
    white, raw, lazy = map(silent_alignment.verdict, numbers)
    assert white.startswith("turned in silence, ") and raw.startswith("not turned in silence")
    assert lazy.startswith("lazy") and all("rho says nothing" in words for words in (white, raw, lazy))
    assert re.search(r"rho = err_inf / err_0( +-){3}\n", silent_alignment.report(results))
    figure = plots.silent_alignment(results)
    assert not any("rho" in ax.get_title() for ax in figure.get_axes()) and not figure.get_axes()[-1].lines


def test_what_is_said_of_the_turning_follows_from_its_share(cases):
    numbers = silent_alignment.medians(cases[2])
    A_0, A_10 = numbers["A_0"], numbers["A"][1]
    assert numbers["shares"][1] == pytest.approx((A_10 - A_0) / (1 - A_0), abs=0.1)  # medians of three each
    rest = "the rest is done while the loss falls"
    assert rest in silent_alignment.verdict(numbers | {"shares": [0.5, 0.89, 1, 1]})
    assert rest not in silent_alignment.verdict(numbers | {"shares": [0.5, 0.9, 1, 1]})
    assert "turns away from K_inf first" in silent_alignment.verdict(numbers | {"shares": [0.5, -0.1, 1, 1]})


def test_a_kernel_that_aligned_late_is_not_silent_however_good_its_machine(cases):
    numbers = silent_alignment.medians(cases[0]) | {"t_ratio": 1.2, "drop_at_align": 0.87, "rho": 0.02}
    words = silent_alignment.verdict(numbers)
    assert words.startswith("not silent (aligned only at 87% loss drop)")
    assert "yet the machine of K_inf is 50 times better than that of K_0" in words


def test_a_lazy_network_far_from_both_machines_is_called_nearly_lazy(cases):
    numbers = silent_alignment.medians(cases[3])
    assert "only nearly lazy" in silent_alignment.verdict(numbers | {"err_inf": 0.11, "err_0": 0.2})
    assert "nearly" not in silent_alignment.verdict(numbers | {"err_inf": 0.09, "err_0": 0.2})


def test_the_screen_is_at_most_100_columns_wide(results):
    assert max(map(len, silent_alignment.report(results).splitlines())) <= 100


def test_the_figure_has_all_panels_with_labelled_axes(results):
    figure = plots.silent_alignment(results)
    labelled = [ax for ax in figure.get_axes() if ax.get_xlabel() and not ax.images]
    assert len(labelled) == 9 and len([ax for ax in figure.get_axes() if ax.images]) == 12
    assert figure.get_axes()[0].get_ylabel() and labelled[-1].get_ylabel()
    for ax, case in zip(labelled[4:8], results["cases"]):  # every cross of K_0 is inside
        crosses = max(
            abs(run["machine_0"]).max() for run in case["runs"] if f"{run['numbers']['rho']:.2g}" in ax.get_title()
        )
        assert ax.get_ylim()[1] > crosses
    for line, case in zip(labelled[-1].lines, results["cases"], strict=True):  # the gaps end at rho
        rhos = [run["numbers"]["rho"] for run in case["runs"]]
        assert line.get_ydata()[-1] == pytest.approx(np.median(rhos), rel=1e-6)


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


def test_results_are_kept_whole_or_not_at_all(tmp_path, monkeypatch):
    """A second run that fails while it writes leaves the first one's three files."""
    first, second = figure.Figure(), figure.Figure(figsize=(2, 1))
    experiments.save(tmp_path, first, {"x": np.ones(2)}, {"a": 1})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(before) == ["figure.png", "results.npz", "summary.json"]

    def full(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(experiments.np, "savez_compressed", full)
    with pytest.raises(OSError):
        experiments.save(tmp_path, second, {"x": np.zeros(2)}, {"a": 2})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_results_are_saved_before_they_are_told(tmp_path, monkeypatch):
    def broken(results):
        raise BrokenPipeError

    monkeypatch.setattr(silent_alignment, "report", broken)
    monkeypatch.setattr(cli.os, "dup2", lambda *_: None)
    words = "run --P 6 --width 4 --power 0 --inits 1 --sigma 0.1 --out".split()
    assert cli.main([*words, str(tmp_path)]) == 0
    assert len(list((tmp_path / "silent_alignment").iterdir())) == 3


def test_steps_too_small_to_move_anything_and_equal_powers_are_refused(tmp_path, capsys):
    words = "run --P 6 --width 4 --inits 1 --sigma 0.1 --out".split()
    assert cli.main([*words, str(tmp_path), "--power", "0", "--step-size", "1e-20"]) == 2
    assert "steps of 1e-20 have not moved the loss" in capsys.readouterr().err
    assert cli.main([*words, str(tmp_path), "--power", "0.5", "0.5"]) == 2
    assert "powers is [0.5, 0.5], expected numbers that differ" in capsys.readouterr().err

"""The chapters: what they hold, that they give nothing away, that their numbers are right, and who names them."""

import functools
import inspect
import re
import shutil

import numpy as np
import pytest
from matplotlib import image
from test_silence import NAMES, OTHERS, RUNS

from minintk import alignment, cli, experiments, kernel, linear_theory, network, silence, training, whitening
from minintk.course import progress, results, units
from minintk.experiments import eight_runs

UNITS = units.units()
BY_UNIT = pytest.mark.parametrize("unit", UNITS, ids=[unit["slug"] for unit in UNITS])
ENDS = ["Before you look at the figure", "What it is good for", "Letters"]


@BY_UNIT
def test_a_chapter_asks_shows_and_says_what_to_predict(unit):
    text = units.chapter(unit)
    lines = text.splitlines()
    assert lines[0] == f"# Unit {unit['id']}. {unit['title']}"
    assert max(map(len, lines)) <= 100 and 60 < len(lines) < 120
    heads = [line[3:] for line in lines if line.startswith("## ")]
    assert heads[0] == "The question" and heads[-3:] == ENDS and "small example" in " ".join(heads)
    words = " ".join(text.split())
    assert unit["question"] in words and f"`minintk see {unit['id']}`" in words


def test_the_readme_counts_the_course():
    readme = (units.PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    exercises = units.exercises()
    points, minutes = ([sum(e[key] for e in unit["exercise"]) for unit in UNITS] for key in ("points", "minutes"))
    assert f"Eight units, {len(exercises)} exercises, {sum(points)} points, about " in readme
    for unit, total in zip(UNITS, points):
        assert f"{unit['id']} {unit['title']:<35}0 of {total}   {'·' * len(unit['exercise'])}\n" in readme
    assert f"{', '.join(map(str, minutes[:-1]))} and {minutes[-1]} for\nunits 1 to 8" in readme


def test_the_projects_are_named_printed_and_handed_out(capsys, tmp_path):
    assert cli.main(["explain"]) == 0 and "projects           Three open projects\n" in capsys.readouterr().out
    assert cli.main(["explain", "projects"]) == 0
    assert capsys.readouterr().out.split() == units.chapter(units.PROJECTS).split()
    assert cli.main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "09_projects.md").read_text(encoding="utf-8") == units.chapter(units.PROJECTS)


def squeezed(text):
    return re.sub(r"[\s`]", "", text)


@BY_UNIT
def test_no_chapter_says_how_an_exercise_is_done(unit):
    """No part of a method stands in any chapter, no formula and no phrase of some length."""
    text = "".join(squeezed(units.chapter(other)) for other in UNITS)
    for exercise in unit["exercise"]:
        contract, how = units.parted(inspect.getdoc(getattr(units.module(exercise), exercise["name"])))
        for part in re.split(r"(?<=[.:,;]) ", how or ""):
            part = squeezed(part).rstrip(".:,;")
            known = part in squeezed(contract) or len(part) < (9 if "=" in part else 20)
            assert known or part not in text, f"{exercise['full']}: {part}"


def test_explain_finds_a_chapter_by_the_units_number_or_name_and_an_experiment_first(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    told = []
    for name in ("2", "kernel", "02_kernel.py", "whitening"):
        assert cli.main(["explain", name]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] == told[2] and told[0].startswith("# Unit 2. The tangent kernel\n\n## The question\n")
    assert told[0].split() == units.chapter(UNITS[1]).split()
    assert max(len(line) for line in told[0].splitlines() if line[:1] not in (" ", "#")) <= 60
    assert told[3].split()[:9] == experiments.text("whitening").split()[:9]


def test_the_chapter_is_named_until_something_of_its_unit_is_begun(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "."]) == 0

    def named():
        capsys.readouterr()
        assert cli.main([]) == 0
        return re.findall("\nread first: minintk explain (.)\n\nnext", capsys.readouterr().out)

    assert named() == ["1"]
    real, passed = progress.state, {e["full"]: (results.Status.PASSED, e["points"]) for e in UNITS[0]["exercise"]}
    monkeypatch.setattr(progress, "state", lambda folder: real(folder) | passed)
    assert named() == ["2"]
    shutil.copy(units.folder("solutions") / UNITS[1]["file"], tmp_path)
    assert named() == []


def said(id, *told):
    """Whether the chapter has all this."""
    text = " ".join(units.chapter(UNITS[id - 1]).split())
    return all(one in text for one in told)


def test_the_example_of_unit_1():
    W, x = [np.array([[1.0], [-2.0]]), np.array([[4.0, 5.0]])], np.array([[3.0]])
    layers = network.forward(W, x)
    first, second = network.weight_gradients(layers, network.backward(W, layers, np.ones((1, 1))))
    assert layers[-1] == 12 and first.tolist() == [[12], [0]] and second.tolist() == [[3, 0]]
    assert network.forward([M / 2 for M in W], x)[-1] == 3
    assert said(1, "f = 4 * 3 + 5 * 0 = 12", "the derivative is 12", "the derivative is 3")


def test_the_examples_of_unit_2():
    K, k = np.array([[2.0, 1], [1, 2]]), np.array([[1.0, 1], [1, 0], [1, 0], [0, 1]])
    assert np.allclose(kernel.kernel_predictor(K, k, np.array([3.0, 0])), [1, 2, 2, -1])
    assert said(2, "alpha = (2, -1)", "gives 2 - 1 = 1", "it gives 2.")
    W = [np.array([[2.0]]), np.array([[3.0]])]
    assert np.allclose(kernel.ntk(W, np.array([[1.0]]), np.array([[1.0], [2], [-1]])), [[13, 26, 0]])
    assert said(2, "K(1, 1) = 9 + 4 = 13", "K(1, 2) = 18 + 8 = 26", "K(1, -1) = 0", "13 * 6 = 78", "26 * 6 = 156")


def test_the_example_of_unit_3():
    X, angles = np.sqrt(2) * np.diag([3.0, 1]), []
    for power in (1, 0.25, 0):
        pull = whitening.second_moment(X @ whitening.whitening_map(X, power)) @ [1, 1]
        angles.append(round(np.degrees(np.arctan2(*pull)) - 45))
    assert angles == [39, 15, 0] and said(3, "39 degrees", "15 degrees", "0 degrees", "= 0.78", "1.32", "1.73")
    assert np.allclose([82**-0.5 * 2**-0.5 * 10, 3**0.25, 3**0.5], [0.78, 1.32, 1.73], atol=0.005)


def test_the_examples_of_unit_4():
    X = y = np.ones((1, 1))
    errors = [1 - training.gradient_descent([0 * X], X, y, step, 1.0, time=1.0).outputs[-1] for step in (0.1, 0.5)]
    assert np.allclose(np.ravel(errors), [0.349, 0.25], atol=5e-4) and said(4, "0.368", "0.349", "0.25", "0.98")
    run = training.gradient_flow([0.01 * X, 0.01 * X], X, y, 1.0, time=np.log(10))
    assert np.allclose([run.weights[-1][0][0, 0], run.losses[-1] / run.losses[0]], [0.1, 0.98], atol=1e-3)


def test_the_examples_of_unit_5():
    start, end, y = np.eye(2), np.diag([2.0, 1]), np.array([1.0, 0])
    assert np.isclose(alignment.kernel_alignment(start, end), 0.949, atol=5e-4) and said(5, "cosine 0.949")
    assert np.allclose([alignment.task_alignment(K, y) for K in (start, end)], [0.71, 0.89], atol=0.005)
    wide = np.eye(30)
    assert np.isclose(alignment.kernel_alignment(wide, wide + np.diag([1.0] + 29 * [0])), 0.985, atol=5e-4)
    assert said(5, "0.985", "from 0.71 to 0.89", "0.505", "off by 1 %", "0.75", "off by 33 %")


def test_the_example_of_unit_6():
    X, one = np.sqrt(2) * np.eye(2), np.ones((1, 1))
    found = []
    for sigma in (0.1, 0.01, 0.001):
        moments = {"record_times": [1.0, *np.arange(1.25, 1.4, 0.01)], "record_drops": (0.1,), "record_kernels": True}
        start = [np.array([[0, sigma]]), sigma * one]
        run = training.gradient_flow(start, X, X[:, 0], 1.0, time=12, record_weights=True, **moments)
        A = silence.alignment_curve(run.kernels)
        aligned = alignment.alignment_time(run.times, A)
        drop = 1 - run.losses[run.times == aligned][0] / run.losses[0]
        found.append([aligned, drop, alignment.learning_time(run.times, run.losses)])
        W = run.weights[1][0][0]  # at t = 1
        assert np.allclose(run.kernels[0], 2 * sigma**2 * np.diag([1, 2]))
        assert np.isclose(A[0], 4 / 5, atol=1e-5) and np.isclose(np.degrees(np.arctan2(*W)), 50, atol=1)
    assert np.allclose(found, [[1.32, 0.065, 1.55], [1.32, 7e-4, 3.84], [1.32, 7e-6, 6.14]], rtol=0.01)
    assert said(6, "0.1 1.32 6.5 % 1.55", "0.01 1.32 0.07 % 3.84", "0.001 1.32 0.0007 % 6.14", "about 50 degrees")
    final = linear_theory.final_kernel(X, np.array([1.0, 0]), 1.0, 2)
    assert np.allclose(final, 2 * np.diag([2, 1])) and said(
        6, "2 sigma^2 diag(1, 2) at the start", "2 diag(2, 1) at the end"
    )


def test_the_numbers_of_unit_7():
    t = np.log(1000) / 2
    assert np.allclose([t, np.exp(t) / 1000, np.exp(np.log(1e5) / 2) / 1e5], [3.454, 0.0316, 0.00316], rtol=2e-3)
    assert np.allclose([np.exp(f) + f for f in (1.67, 7.6)], [7, 2001], rtol=0.005)
    assert said(7, "= 3.45", "= 0.032", "0.0032", "f = 1.67 at t = 3", "f = 7.60 at t = 1000")


def test_the_example_of_unit_8():
    for network_output, machine_0, numbers in [
        (0.505, 1, ("0.0099", "0.98", "0.010")),
        (0.75, 1, ("0.33", "0.33", "1")),
    ]:
        f = np.array([network_output])
        err_inf, err_0 = (alignment.kernel_error(np.array([machine]), f) for machine in (0.5, machine_0))
        assert np.allclose(
            [err_inf, err_0, alignment.silence_ratio(err_inf, err_0)], list(map(float, numbers)), rtol=0.02
        )
        assert said(8, f"{network_output} 0.5 1 " + " ".join(numbers))


recorded = functools.cache(eight_runs.records)


def test_the_eight_runs_of_unit_8_can_be_had_again_and_stand_in_its_table():
    for seed, runs in [(0, RUNS), (1, OTHERS)]:
        for letter, record in recorded(seed).items():
            numbers = record["numbers"] | {"A_10": record["numbers"]["A"][1]}
            told = dict(zip(NAMES, runs[letter][1:], strict=True))
            for name, value in told.items():
                if name == "untrained" and letter == "D":
                    assert numbers[name] < 1e-12
                elif value is None or numbers[name] is None:
                    assert numbers[name] is value is None
                else:
                    assert np.isclose(numbers[name], value, rtol=0.3 if letter == "D" else 0.06, atol=0.001)
    rows = re.findall(
        r"^    (?:run|[A-Za-z_, %0-9]+?)  +(.*)$", units.chapter(UNITS[7]).partition("## Eight runs")[2], re.M
    )
    table = [[None if cell == "-" else float(cell) for cell in row.split()] for row in rows[1 : 1 + len(NAMES)]]
    for letter, column in zip("ABCDEFGH", zip(*table, strict=True), strict=True):
        for shown, value in zip(column, RUNS[letter][1:], strict=True):
            assert shown is value or np.isclose(shown, value, rtol=0.07)


def grey_blocks(path):
    """A picture in shades of grey, (38, 78): each the mean over 15 x 15 pixels, which fonts hardly change."""
    grey = image.imread(path)[..., :3].mean(axis=2)
    return grey[: 38 * 15, : 78 * 15].reshape(38, 15, 78, 15).mean(axis=(1, 3))


def test_the_picture_of_the_eight_runs_is_drawn_into_the_exercises_and_shows_these_records(
    tmp_path, monkeypatch, capsys
):
    """By `minintk dev draw`, also with other versions of matplotlib. Runs in other places are seen."""
    real, found = units.folder, recorded(0)
    kept, drawn = real("exercises") / units.PICTURE, tmp_path / units.PICTURE
    assert kept.stat().st_size < 100_000 and f"]({kept.name})" in units.chapter(UNITS[7])
    monkeypatch.setattr(units, "folder", lambda name: tmp_path if name == "exercises" else real(name))

    def off(records):
        monkeypatch.setattr(eight_runs, "records", lambda: records)
        assert cli.main(["dev", "draw"]) == 0 and f"written: {drawn}" in capsys.readouterr().out
        return abs(grey_blocks(drawn) - grey_blocks(kept)).mean()

    assert off(found) < 0.012 < off(dict(zip(found, reversed(found.values()))))


def test_the_picture_is_handed_out(tmp_path):
    assert cli.main(["init", str(tmp_path / "book")]) == 0
    handed, kept = tmp_path / "book" / units.PICTURE, units.folder("exercises") / units.PICTURE
    assert handed.read_bytes() == kept.read_bytes()

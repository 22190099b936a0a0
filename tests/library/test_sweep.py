"""`minintk sweep`: every point once whatever happens in between, the same rows on every engine, errors as rows."""

import concurrent.futures
import csv
import importlib.util
import itertools
import json
import math
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import types

import pytest

from minintk import cli, experiments
from minintk.experiments import silent_alignment
from minintk.tools import pool, sweep

TOY = """
import sys, time
from minintk import experiments
from minintk.tools import sweep

def point(sigma=1.0, width=1, seed=0):
    time.sleep(0.003)
    return {"product": sigma * width, "number": seed * width}

experiments.points = lambda: {"toy": point}  # workers run this file too, and so find it
if __name__ == "__main__":
    lists = {"sigma": [0.1, 0.25, 1, 3], "width": range(1, 6), "seed": range(10)}
    sweep.sweep("toy", lists, sys.argv[1], jobs=2)
"""
PRODUCT = list(itertools.product([0.1, 0.25, 1.0, 3.0], range(1, 6), range(10)))  # 200 points


@pytest.fixture
def toy(monkeypatch):
    """An experiment whose `point` a test may replace."""
    module = types.SimpleNamespace(point=lambda sigma=1.0, seed=0: {"product": sigma * seed})
    monkeypatch.setattr(experiments, "points", lambda: {"toy": module.point})
    return module


@pytest.fixture
def threads():
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def swept(tmp_path, toy, threads):
    """swept(seeds): the rows of the toy for these seeds, in tmp_path."""
    return lambda seeds: sweep.sweep("toy", {"seed": seeds}, tmp_path, executor=threads)


def lines(folder):
    return [json.loads(line) for line in (folder / "points.jsonl").read_text().splitlines()]


def table(folder):
    with open(folder / "points.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def others_alive(group):
    """How many processes of this group run, zombies not counted."""
    stats = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            stats.append(path.read_text().rsplit(")", 1)[1].split())
        except OSError:
            pass  # it ended while we looked
    return sum(int(fields[2]) == group and fields[0] != "Z" for fields in stats)


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9 here")
def test_two_hundred_points_killed_twice_end_with_two_hundred_right_rows(tmp_path):
    script, folder, rng = tmp_path / "toy.py", tmp_path / "out", random.Random(4)
    script.write_text(TOY)
    record, now = folder / "points.jsonl", b""
    for kill in range(2):
        before, more = now, now.count(b"\n") + rng.randint(1, 17)
        process = subprocess.Popen([sys.executable, script, folder], start_new_session=True, stderr=subprocess.DEVNULL)
        if kill:  # while it works; the first time while it starts
            while process.poll() is None and not (record.exists() and record.read_bytes().count(b"\n") >= more):
                time.sleep(0.001)
        time.sleep(rng.random() * (0.01 if kill else 0.5))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = record.read_bytes() if record.exists() else b""
        assert now.startswith(before)  # no finished point is lost or done again
    assert 2 <= now.count(b"\n") < 200
    subprocess.run([sys.executable, script, folder], check=True, stderr=subprocess.DEVNULL)
    assert record.read_bytes().startswith(now)
    expected = {(s, w, seed): {"product": s * w, "number": seed * w} for s, w, seed in PRODUCT}
    rows = lines(folder)
    assert len(rows) == 200
    assert {(row.pop("sigma"), row.pop("width"), row.pop("seed")): row for row in rows} == expected
    assert [(float(r["sigma"]), int(r["width"]), int(r["seed"])) for r in table(folder)] == PRODUCT
    if pathlib.Path("/proc/self/stat").exists():
        deadline = time.monotonic() + 60
        while others_alive(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not others_alive(process.pid)  # a killed sweep leaves no workers behind


@pytest.mark.parametrize("cut", [1, 2, 20, 1000])
def test_a_torn_last_line_is_done_again(tmp_path, swept, cut):
    """The last line without its end, down to one character of it."""
    rows = swept(range(6))
    record = tmp_path / "points.jsonl"
    *whole, last = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join(whole) + last[: max(1, len(last) - cut)])
    assert swept(range(6)) == rows
    assert sorted(row["seed"] for row in lines(tmp_path)) == list(range(6))


def test_finished_points_are_not_computed_again_and_new_values_are_added(tmp_path, toy, swept):
    asked = []
    toy.point = lambda sigma=1.0, seed=0: asked.append(seed) or {"product": sigma * seed}
    swept([0, 1, 1])
    rows = swept([2, 0, 1])
    assert sorted(asked) == [0, 1, 2] and [row["seed"] for row in rows] == [2, 0, 1]
    (tmp_path / "points.csv").unlink()
    assert swept([2, 0, 1]) == rows
    assert [row["product"] for row in table(tmp_path)] == ["2.0", "0.0", "1.0"] and len(asked) == 3


def test_serial_threads_and_our_own_processes_give_the_same_rows(tmp_path, threads):
    lists, rows = {"sigma": [0.3, 30.0], "width": [20, 24], "P": [8], "seed": [1]}, []
    for sigma, width in itertools.product(lists["sigma"], lists["width"]):
        settings = {"sigma": sigma, "width": width, "depth": 2, "power": 0.0, "P": 8, "seed": 1}
        try:
            rows.append(settings | silent_alignment.point(**settings))
        except ValueError as error:
            rows.append(settings | {"error": str(error)})
    assert ["error" in row for row in rows] == [False, False, True, True] and "diverged" in rows[-1]["error"]
    assert sweep.sweep("silent_alignment", lists, tmp_path / "threads", executor=threads) == rows
    assert sweep.sweep("silent_alignment", lists, tmp_path / "own", jobs=2) == rows
    assert threads.submit(int, "3").result() == 3  # what is not ours stays open
    assert len({(tmp_path / name / "points.csv").read_bytes() for name in ("threads", "own")}) == 1


@pytest.mark.parametrize(
    "name, settings, column, told",
    [
        ("silent_alignment", {"width": 100}, "rho", lambda summary, arrays: summary["cases"][0]["runs"][0]["rho"]),
        ("depth", {"sigma": 1e-3, "depth": 2}, "t_half", lambda summary, arrays: summary["depths"][0]["t_half"]),
        ("whitening", {"power": 0.01}, "rho", lambda summary, arrays: arrays["power_rho"][1, 0]),
        ("three_traps", {"P": 20}, "untrained", lambda summary, arrays: arrays["untrained_error"][1, 0]),
        ("lazy_to_rich", {"sigma": 0.03}, "rho", lambda summary, arrays: arrays["rho"][4, 0]),
        ("layer_scales", {"sigma_1": 1, "sigma_2": 0.1}, "rho", lambda summary, arrays: summary["cells"][7]["rhos"][0]),
        ("linear_phases", {"sigma": 0.01}, "t_half", lambda summary, arrays: summary["cases"][2]["t_half"]),
        ("several_outputs", {"sigma": 0.01}, "t_half_3", lambda summary, arrays: summary["cases"][0]["t_half"][2]),
        ("losses", {}, "flow_inf_0.1", lambda summary, arrays: arrays["ReLU_logistic_flow_inf"][0, 2]),
        ("gap", {"condition": 100}, "gap_end", lambda summary, arrays: arrays["ReLU_stretched_0_gaps"][-1]),
        ("neurons", {"condition": 10}, "flips_10", lambda summary, arrays: arrays["flips_10"][3, 0]),
        ("weight_decay", {}, "ridge", lambda summary, arrays: arrays["ridge"][0, 0]),
        ("optimisers", {"condition": 100}, "rho_adam", lambda summary, arrays: arrays["rho"][1, 1, 0]),
        ("transfer", {}, "error_inf_0.75", lambda summary, arrays: arrays["error_inf"][1, 3]),
    ],
)
def test_a_point_is_the_experiments_own_run(name, settings, column, told, found):
    full = found(name)
    point = experiments.points()[name](**settings)
    assert all(value is None or isinstance(value, float | int) for value in point.values())
    assert point[column] == pytest.approx(told(full.summary, full.arrays), rel=1e-3)


def test_every_point_has_its_line_above():
    mark, *_ = test_a_point_is_the_experiments_own_run.pytestmark
    assert {name for name, *_ in mark.args[1]} == set(experiments.points())
    assert experiments.registry().keys() - experiments.points() == {"phase_diagram"}  # a map of silent_alignment's


@pytest.mark.parametrize("name", experiments.registry())
def test_try_next_has_a_sweep_that_the_experiment_takes(name):
    told = " ".join(experiments.text(name).partition("Try next.")[2].split())
    asked = [cli._parser().parse_args(words.split()) for words in re.findall("`minintk (sweep [^`]+)`", told)]
    assert asked
    for options in asked:
        assert options.experiment == ("silent_alignment" if name == "phase_diagram" else name)
        given = {setting: getattr(options, setting) for setting in cli.SWEPT}
        sweep._lists(options.experiment, {setting: values for setting, values in given.items() if values})


def test_our_own_workers_have_one_blas_thread_and_the_environment_is_left_as_it_was(monkeypatch):
    """With two threads the same point ends in other last digits."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with pool.own(1) as workers:
        assert workers.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
        assert workers.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7" and "OPENBLAS_NUM_THREADS" not in os.environ


@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not installed: minintk[dask]")
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_rows(tmp_path):
    import distributed

    words = ["sweep", "silent_alignment", "--sigma", "0.3", "30", "--width", "4", "--P", "8", "--seed", "1", "2"]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        code = cli.main([*words, "--out", str(tmp_path / "dask"), "--dask", cluster.scheduler_address])
    assert code == cli.main([*words, "--out", str(tmp_path / "own")]) == 0
    assert len({(tmp_path / n / "sweep_silent_alignment" / "points.csv").read_bytes() for n in ("dask", "own")}) == 1


def test_a_point_of_silent_alignment_is_the_first_run_of_the_experiment():
    cases = silent_alignment.run(P=8, width=20, powers=[0.25], sigma=0.1, inits=1, seed=3).summary["cases"]
    numbers = cases[0]["runs"][0]
    point = silent_alignment.point(P=8, width=20, power=0.25, sigma=0.1, seed=3)
    assert point.pop("A_10") == numbers["A"][1]
    assert point.pop("steps") in range(1, 20_001)
    assert point == {name: numbers[name] for name in point} and {"rho", "err_inf", "test_accuracy"} < set(point)


class CannotBeSent(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def test_a_failing_point_is_a_row_with_its_error(tmp_path, toy, swept):
    def point(sigma=1.0, seed=0):
        if seed == 1:
            raise CannotBeSent("two\nlines", 2)
        return {"t": float("inf"), "bad": object() if seed == 2 else None}

    toy.point = point
    rows = swept(range(4))
    assert rows[0] == {"sigma": 1.0, "seed": 0, "t": None, "bad": None}
    assert rows[1] == {"sigma": 1.0, "seed": 1, "error": "CannotBeSent: two lines 2"}
    assert rows[2]["error"].startswith("TypeError") and "error" not in rows[3]
    assert [row["error"] != "" for row in table(tmp_path)] == [False, True, True, False]
    assert sweep.told(rows).startswith("4 points, 2 of them failed; the first at sigma 1, seed 1:")


def test_a_lost_worker_ends_the_sweep_and_keeps_what_is_finished(tmp_path, swept, monkeypatch):
    def solve(name, settings, values):
        if values[1] < 3:  # (sigma, seed)
            return whole(name, settings, values)
        for _ in range(5000):  # until what is finished has been written
            if (tmp_path / "points.jsonl").read_bytes().count(b"\n") == 3:
                raise concurrent.futures.BrokenExecutor("a process was terminated abruptly")
            time.sleep(0.001)

    whole = sweep.solve
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="a worker was lost .*terminated abruptly"):
        patch.setattr(sweep, "solve", solve)
        swept(range(5))
    assert {row["seed"] for row in lines(tmp_path)} == {0, 1, 2}
    assert len(swept(range(5))) == len(lines(tmp_path)) == 5


def test_two_sweeps_do_not_write_into_one_folder(tmp_path, swept):
    if not sweep.fcntl:
        pytest.skip("this system has no such lock")
    with sweep._record(tmp_path), pytest.raises(RuntimeError, match="another sweep is writing there"):
        swept([0])


def test_a_folder_with_another_sweep_or_a_spoilt_line_is_told_in_a_line(tmp_path, swept, monkeypatch):
    def told(match, seeds=(1, 2)):
        with pytest.raises(ValueError, match=match):
            swept(seeds)

    swept([1, 2])
    told("holds a sweep that has seed = 1 too; add it, or take another folder", seeds=[2, 3])
    with monkeypatch.context() as patch:
        patch.setattr(sweep.version, "VERSION", "99")
        told("holds a sweep of minintk .*, not 99; take another folder")
    record = tmp_path / "points.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    told("line 1 is no point of this sweep")
    (tmp_path / "sweep.json").unlink()
    told("without sweep.json")
    for text in ("{", "{}", "[]", '{"experiment": "toy", "minintk": "1", "lists": 3}'):
        (tmp_path / "sweep.json").write_text(text)
        told("sweep.json does not say what is swept there; take another folder with --out")


@pytest.mark.parametrize(
    "name, lists, told",
    [
        ("toy", {"seed": [1, 1.5]}, "^seed is 1.5, expected a whole number$"),
        ("toy", {"seed": [float("nan")]}, "^seed is nan, expected a whole number$"),
        ("toy", {"sigma": [float("nan")]}, "^sigma is nan, expected a number$"),
        ("toy", {"width": [1]}, "toy has no setting width; expected sigma, seed"),
        ("toy", {"seed": []}, "the list of seed is empty"),
        ("depth", {}, "'depth' cannot be swept; expected one of toy"),
    ],
)
def test_settings_that_do_not_fit_the_experiment_are_told(tmp_path, toy, name, lists, told):
    with pytest.raises(ValueError, match=told):
        sweep.sweep(name, lists, tmp_path)


def test_whole_numbers_may_be_floats(swept):
    assert [row["seed"] for row in swept([1.0, 2])] == [1, 2]


@pytest.mark.parametrize(
    "words, told",
    [
        ("nothing", "'nothing' cannot be swept; expected one of silent_alignment"),
        ("silent_alignment --sigma x", "invalid float value"),
        ("silent_alignment --jobs 0", "jobs is 0, expected at least 1"),
        ("silent_alignment --jobs 2 --dask here:1", "not allowed with"),
        ("", "EXPERIMENT"),
    ],
)
def test_wrong_words_are_told_in_a_line(tmp_path, capsys, words, told):
    try:
        code = cli.main(["sweep", *words.split(), "--out", str(tmp_path)])
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and told in capsys.readouterr().err.strip().splitlines()[-1]


def test_without_dask_the_command_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    assert cli.main(["sweep", "silent_alignment", "--out", str(tmp_path), "--dask", "here:1"]) == 2
    assert capsys.readouterr().err == 'minintk: dask is not installed: pip install "minintk[dask]"\n'


def test_a_sweep_with_a_point_that_failed_ends_with_1(tmp_path, toy, capsys, monkeypatch):
    toy.point = lambda sigma=1.0, seed=0: {"root": math.sqrt(sigma)}
    monkeypatch.setattr(pool, "own", concurrent.futures.ThreadPoolExecutor)
    assert cli.main(["sweep", "toy", "--sigma", "0.1", "-1", "--out", str(tmp_path)]) == 1
    assert "2 points, 1 of them failed; the first at sigma -1" in capsys.readouterr().out

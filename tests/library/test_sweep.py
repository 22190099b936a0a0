"""`minintk sweep`: every point once whatever happens in between, the same rows on every engine, errors as rows."""

import concurrent.futures
import csv
import importlib.util
import itertools
import json
import multiprocessing
import os
import pathlib
import random
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
def test_two_hundred_points_killed_ten_times_end_with_two_hundred_right_rows(tmp_path):
    script, folder, rng = tmp_path / "toy.py", tmp_path / "out", random.Random(4)
    script.write_text(TOY)
    record = folder / "points.jsonl"
    kills = 0
    while kills < 10:
        before = record.read_bytes() if record.exists() else b""
        process = subprocess.Popen([sys.executable, script, folder], start_new_session=True, stderr=subprocess.DEVNULL)
        if kills % 3:  # while it works; every third time while it starts
            more = before.count(b"\n") + rng.randint(1, 17)
            while process.poll() is None and not (record.exists() and record.read_bytes().count(b"\n") >= more):
                time.sleep(0.001)
        time.sleep(rng.random() * (0.01 if kills % 3 else 0.5))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        now = record.read_bytes() if record.exists() else b""
        assert now.startswith(before)  # no finished point is lost or done again
    assert 20 < now.count(b"\n") < 200
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
def test_a_torn_last_line_is_done_again(tmp_path, toy, threads, cut):
    """The last line without its end, down to one character of it."""
    rows = sweep.sweep("toy", {"seed": range(6)}, tmp_path, executor=threads)
    record = tmp_path / "points.jsonl"
    *whole, last = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join(whole) + last[: max(1, len(last) - cut)])
    assert sweep.sweep("toy", {"seed": range(6)}, tmp_path, executor=threads) == rows
    assert sorted(row["seed"] for row in lines(tmp_path)) == list(range(6))


def test_finished_points_are_not_computed_again_and_new_values_are_added(tmp_path, toy, threads):
    asked = []
    toy.point = lambda sigma=1.0, seed=0: asked.append(seed) or {"product": sigma * seed}
    sweep.sweep("toy", {"seed": [0, 1, 1]}, tmp_path, executor=threads)
    rows = sweep.sweep("toy", {"seed": [2, 0, 1]}, tmp_path, executor=threads)
    assert sorted(asked) == [0, 1, 2] and [row["seed"] for row in rows] == [2, 0, 1]
    (tmp_path / "points.csv").unlink()
    assert sweep.sweep("toy", {"seed": [2, 0, 1]}, tmp_path, executor=threads) == rows
    assert [row["product"] for row in table(tmp_path)] == ["2.0", "0.0", "1.0"] and len(asked) == 3


def test_serial_threads_spawned_processes_and_our_own_pool_give_the_same_rows(tmp_path, threads):
    lists = {"sigma": [0.3, 30.0], "width": [20, 24], "P": [8], "seed": [1, 2]}
    alone = {}
    for sigma, width, seed in itertools.product(lists["sigma"], lists["width"], lists["seed"]):
        try:
            alone[sigma, width, seed] = silent_alignment.point(sigma=sigma, width=width, P=8, seed=seed)
        except ValueError as error:
            alone[sigma, width, seed] = {"error": str(error)}
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as processes:
        for number, engine in enumerate([{"executor": threads}, {"executor": processes}, {"jobs": 2}]):
            rows = sweep.sweep("silent_alignment", lists, tmp_path / str(number), **engine)
            defaults = {"depth": 2, "power": 0.0, "P": 8}
            assert rows == [dict(zip(("sigma", "width", "seed"), key)) | defaults | alone[key] for key in alone]
        assert processes.submit(int, "3").result() == 3  # what is not ours stays open
    assert sum("error" in row for row in rows) == 4 and all("diverged" in row.get("error", "diverged") for row in rows)
    assert len({(tmp_path / str(n) / "points.csv").read_bytes() for n in range(3)}) == 1


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


def test_a_failing_point_is_a_row_with_its_error(tmp_path, toy, threads, capsys):
    def point(sigma=1.0, seed=0):
        if seed == 1:
            raise CannotBeSent("two\nlines", 2)
        return {"t": float("inf"), "bad": object() if seed == 2 else None}

    toy.point = point
    rows = sweep.sweep("toy", {"seed": range(4)}, tmp_path, executor=threads)
    assert rows[0] == {"sigma": 1.0, "seed": 0, "t": None, "bad": None}
    assert rows[1] == {"sigma": 1.0, "seed": 1, "error": "CannotBeSent: two lines 2"}
    assert rows[2]["error"].startswith("TypeError") and "error" not in rows[3]
    assert [row["error"] != "" for row in table(tmp_path)] == [False, True, True, False]
    assert sweep.told(rows).startswith("4 points, 2 of them failed; the first at sigma 1, seed 1:")


class Losing(concurrent.futures.Executor):
    """Computes two points, then loses its workers."""

    def __init__(self):
        self.left = 2

    def submit(self, function, *values):
        future = concurrent.futures.Future()
        self.left -= 1
        if self.left >= 0:
            future.set_result(function(*values))
        else:
            future.set_exception(concurrent.futures.BrokenExecutor("a process was terminated abruptly"))
        return future


def test_a_lost_worker_ends_the_sweep_and_keeps_what_is_finished(tmp_path, toy, threads):
    seen = set()
    for _ in range(3):  # as_completed may give the lost ones first
        try:
            sweep.sweep("toy", {"seed": range(5)}, tmp_path, executor=Losing())
        except RuntimeError as error:
            assert "a worker was lost" in str(error) and "terminated abruptly" in str(error)
        kept = {row["seed"] for row in lines(tmp_path)}
        assert seen <= kept
        seen = kept
    assert len(sweep.sweep("toy", {"seed": range(5)}, tmp_path, executor=threads)) == len(lines(tmp_path)) == 5


def test_two_sweeps_do_not_write_into_one_folder(tmp_path, toy, threads):
    if not sweep.fcntl:
        pytest.skip("this system has no such lock")
    with sweep._record(tmp_path), pytest.raises(RuntimeError, match="another sweep is writing there"):
        sweep.sweep("toy", {}, tmp_path, executor=threads)


def test_a_folder_with_another_sweep_is_told_in_a_line(tmp_path, toy, threads, monkeypatch):
    sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)
    with pytest.raises(ValueError, match="holds a sweep that has seed = 1 too; add it, or take another folder"):
        sweep.sweep("toy", {"seed": [2, 3]}, tmp_path, executor=threads)
    monkeypatch.setattr(sweep.version, "VERSION", "99")
    with pytest.raises(ValueError, match="holds a sweep of minintk .*, not 99; take another folder"):
        sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)
    (tmp_path / "sweep.json").unlink()
    with pytest.raises(ValueError, match="without sweep.json"):
        sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"experiment": "toy", "minintk": "1", "lists": 3}'])
def test_a_folder_that_does_not_say_what_is_swept_is_told_in_a_line(tmp_path, toy, threads, text):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match="sweep.json does not say what is swept there; take another folder with --out"):
        sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)


def test_settings_that_are_whole_numbers_are_not_cut_off(tmp_path, toy, threads):
    with pytest.raises(ValueError, match="^seed is 1.5, expected a whole number$"):
        sweep.sweep("toy", {"seed": [1, 1.5]}, tmp_path, executor=threads)
    with pytest.raises(ValueError, match="^seed is nan, expected a whole number$"):
        sweep.sweep("toy", {"seed": [float("nan")]}, tmp_path, executor=threads)
    assert len(sweep.sweep("toy", {"seed": [1.0, 2]}, tmp_path, executor=threads)) == 2


def test_a_spoilt_line_is_told_with_its_number(tmp_path, toy, threads):
    sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)
    record = tmp_path / "points.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    with pytest.raises(ValueError, match="line 1 is no point of this sweep"):
        sweep.sweep("toy", {"seed": [1, 2]}, tmp_path, executor=threads)


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


def test_settings_that_the_experiment_does_not_have_are_told(tmp_path, toy):
    with pytest.raises(ValueError, match="toy has no setting width; expected sigma, seed"):
        sweep.sweep("toy", {"width": [1]}, tmp_path)
    with pytest.raises(ValueError, match="the list of seed is empty"):
        sweep.sweep("toy", {"seed": []}, tmp_path)
    with pytest.raises(ValueError, match="'depth' cannot be swept; expected one of toy"):
        sweep.sweep("depth", {}, tmp_path)


def test_a_sweep_with_a_point_that_failed_ends_with_1(tmp_path, capsys):
    words = "sweep silent_alignment --P 8 --width 20 --sigma 0.1 -1 --out".split()
    assert cli.main([*words, str(tmp_path)]) == 1
    assert "2 points, 1 of them failed; the first at sigma -1" in capsys.readouterr().out

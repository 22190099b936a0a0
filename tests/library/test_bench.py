"""Claims about minintk.tools.bench. Operations are counted by hand, kernels come from explicit gradients."""

import contextlib
import mmap
import pathlib
import re

import numpy as np
import pytest

from minintk import training
from minintk.tools import bench


def explicit_kernel(weights, X):
    """(C, C, P, P) for two layers, from gradients written out: W_2 sees the hidden units, W_1 what W_2 lets through."""
    W1, W2 = weights
    h = np.where(X @ W1.T > 0, X @ W1.T, 0)
    P, C, N, D = len(X), len(W2), *W1.shape
    dW1 = np.einsum("ci,mi,mj->mcij", W2, h > 0, X).reshape(P, C, N * D)
    dW2 = np.einsum("cd,mi->mcdi", np.eye(C), h).reshape(P, C, C * N)
    return np.einsum("mcp,ndp->cdmn", dW1, dW1) + np.einsum("mcp,ndp->cdmn", dW2, dW2)


OTHERS = pytest.mark.parametrize("write", [bench.gram_by_loop, lambda weights, X: bench.layerwise(np, weights, X)])


@pytest.mark.parametrize("C", [1, 3])
@OTHERS
def test_both_other_ways_to_write_the_kernel_are_the_gram_matrix_of_explicit_gradients(write, C, rng):
    weights, X = [rng.standard_normal((5, 4)), rng.standard_normal((C, 5))], rng.standard_normal((6, 4))
    expected = explicit_kernel(weights, X)
    got = write(weights, X)
    assert got.shape == (C, C, 6, 6)
    assert abs(got - expected).max() < 1e-12 * abs(expected).max()


def outputs(weights, X):
    return np.maximum(np.maximum(X @ weights[0].T, 0) @ weights[1].T, 0) @ weights[2].T


def differences(weights, value, step):
    """The finite difference of value() in each weight."""
    for W in weights:
        for entry in np.ndindex(W.shape):
            W[entry] += step
            above = value()
            W[entry] -= 2 * step
            yield (above - value()) / (2 * step)
            W[entry] += step


@OTHERS
def test_for_three_layers_both_are_the_gram_matrix_of_finite_differences(write, rng):
    weights, X = [rng.standard_normal(s) for s in [(4, 3), (5, 4), (2, 5)]], rng.standard_normal((3, 3))
    J = list(differences(weights, lambda: outputs(weights, X), 1e-6))
    expected = np.einsum("pmc,pnd->cdmn", J, J)
    assert abs(write(weights, X) - expected).max() < 1e-7 * abs(expected).max()


def test_a_step_of_the_others_moves_every_weight_down_the_finite_difference_gradient(rng, monkeypatch):
    monkeypatch.setattr(bench, "STEP_SIZE", 1.0)
    weights = [rng.standard_normal(s) for s in [(4, 3), (5, 4), (2, 5)]]
    X, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    moved = [W - new for W, new in zip(weights, bench.descend(weights, X, y))]
    slopes = list(differences(weights, lambda: ((outputs(weights, X) - y) ** 2).sum() / 12, 1e-5))
    assert np.concatenate([change.ravel() for change in moved]) == pytest.approx(np.array(slopes), abs=1e-8)


def test_the_operations_of_tiny_kernels_are_those_counted_by_hand():
    # P = 2, D = 3, N = 5, three layers, one output. Forward: X W_1^T 2*2*3*5 = 60, h_1 W_2^T 2*2*5*5 = 100.
    # Backward: B_2 W_2 2*2*5*5 = 100. Symmetric 2 x 2 products, 2*3 each inner index: X 3, h_1 5, h_2 5, B_1 5, B_2 5.
    assert bench.ntk_operations(2, 3, 5, 3, 1) == (60 + 100 + 100, 6 * 23)
    # As above with two outputs: backward twice; B_1 and B_2 twice; and one full product of the outputs, 2*2*2*5 for
    # B_1 and for B_2.
    assert bench.ntk_operations(2, 3, 5, 3, 2) == (60 + 100 + 2 * 100 + 2 * 40, 6 * (3 + 5 + 5) + 2 * 6 * (5 + 5))


def test_the_operations_of_a_tiny_step_are_its_five_products_counted_by_hand():
    # P = 4, D = 3, N = 5, two layers: X W_1^T 120, h W_2^T 40, B_2 W_2 40, B_2^T h 40, B_1^T X 120.
    assert bench.step_operations(4, 3, 5, 2, 1) == (360, 0)
    assert bench.step_operations(4, 1000, 5, 2, 1) == bench.step_operations(4, 4, 5, 2, 1)  # of more inputs P count


def test_the_limit_is_the_operations_at_the_two_measured_rates(monkeypatch):
    monkeypatch.setattr(bench, "SIZE", 10)  # A B is 2000 operations, A A^T 1100
    assert bench.limit_seconds((4000, 0), 3.0, 5.0) == pytest.approx(6.0)
    assert bench.limit_seconds((0, 550), 3.0, 5.0) == pytest.approx(2.5)
    assert bench.limit_seconds((4000, 550), 3.0, 5.0) == pytest.approx(8.5)


def test_the_loop_is_left_out_by_memory_and_by_operations():
    assert bench.loop_fits(5000, 64, 256, 2, 1)
    assert not bench.loop_fits(500, 784, 500, 3, 1)  # 500 (784 * 500 + 500^2 + 500) * 8 bytes = 2.6 GB
    assert not bench.loop_fits(100_000, 10, 50, 2, 1)  # 0.4 GB, but 100 000^2 * 550 = 5.5e12 operations


def test_a_line_fits_100_columns_and_shows_minintk_over_the_limit_and_the_others_over_minintk():
    row = {"case": (1000, 784, 1000, 3, 10), "what": "ntk", "limit": 100.0, "minintk": 150.0, "jax": 300.0}
    text = bench.table_line(row)
    assert text.split() == "1000, 784, 1000, 3, 10 ntk 100 150 x1.50 - 300 x2.00 - -".split()
    assert len(text) <= 100
    # a line of memory has no ratios and says what is not known
    row = {"case": (50, 784, 100, 2, 1), "what": "MB", "limit": None, "minintk": 1.5, "torch": float("nan")}
    assert bench.table_line(row).split() == ["MB", "-", "1.50", "-", "-", "-", "-"]


def test_the_conclusion_gives_the_extremes_of_the_kernels_and_ignores_steps():
    rows = [
        {"what": "ntk", "limit": 1.0, "minintk": 2.0, "jax": 1.0},
        {"what": "ntk", "limit": 10.0, "minintk": 15.0, "jax": 45.0},
        {"what": "step", "limit": 1.0, "minintk": 9.0, "jax": 900.0},
    ]
    assert bench.conclusion(rows) == (
        "For a kernel minintk takes 1.50 to 2.00 times the limit; times of the others over minintk's: jax 0.50 to 3.00."
    )


def test_a_turn_lasts_until_its_kernels_fill_it_and_gives_the_time_of_one_by_the_clock(monkeypatch):
    clock, asked = [5.0], []
    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock[0])
    contender = bench._Contender("minintk", (4, 3, 5, 2, 1))

    def run(times):
        asked.append(times)
        clock[0] += 7 + 0.02 * times  # 0.02 s a kernel on top of 7 s of other things

    contender.times, contender.run = 1, run
    assert contender.turn() == pytest.approx(0.02)
    assert max(asked) == 8  # doubled until a turn of 0.1 s is full: four do not fill it, eight do


def test_a_kernel_that_agrees_is_run_as_often_as_asked_and_one_that_differs_by_a_millionth_is_not(monkeypatch):
    runs = []
    monkeypatch.setitem(bench.KERNELS, "jax", lambda w, X: lambda: runs.append(len(X)) or explicit_kernel(w, X))
    contender = bench._Contender("jax", (4, 3, 5, 2, 2))
    contender.ntk()
    runs.clear()
    contender.run(0)
    contender.run(3)
    assert runs == [4, 4, 4]
    monkeypatch.setitem(bench.KERNELS, "jax", lambda weights, X: lambda: explicit_kernel(weights, X) * (1 + 1e-6))
    with pytest.raises(ValueError, match="differs from minintk's by 1.0e-06 of the largest entry"):
        bench._Contender("jax", (4, 3, 5, 2, 1)).ntk()


@pytest.mark.skipif(not pathlib.Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a moment")
def test_memory_is_what_the_call_held_beyond_its_result(monkeypatch):
    def holding_40_MB(weights, X):
        def call():
            block = np.frombuffer(mmap.mmap(-1, 40_000_000), np.uint8)  # from the system: malloc may have kept some
            block[:] = 1
            return explicit_kernel(weights, X)

        return call

    monkeypatch.setitem(bench.KERNELS, "loop", holding_40_MB)
    assert bench._Contender("loop", (4, 3, 5, 2, 1)).ntk() == pytest.approx(40, abs=4)


def test_ten_units_of_training_are_ten_steps_more_than_none(monkeypatch):
    taken, step = [], training.gradient_descent_step
    monkeypatch.setattr(training, "gradient_descent_step", lambda *args: taken.append(1) or step(*args))
    contender = bench._Contender("minintk", (4, 3, 5, 2, 1))
    contender.step()
    taken.clear()
    contender.run(0)
    none = len(taken)  # one step, and the gradient at its end: as many records as in any other run
    contender.run(10)
    assert (none, len(taken)) == (2, 2 + 12)


def test_a_child_has_its_threads_and_cores_before_it_imports_numpy(monkeypatch):
    started = []
    monkeypatch.setattr(bench.subprocess, "Popen", lambda command, **options: started.append((command, options)))
    monkeypatch.setattr(bench.os, "sched_getaffinity", lambda pid: {3, 1, 2}, raising=False)
    bench._Worker("minintk", (4, 3, 5, 2, 1), 2)
    ((_, _, program), options) = started[0]
    assert {options["env"][f"{name}_NUM_THREADS"] for name in ("OPENBLAS", "OMP", "MKL")} == {"2"}
    assert 0 < program.index("os.sched_setaffinity(0, [2, 3])") < program.index("from minintk.tools import bench")


def test_the_quick_bench_prints_a_kernel_and_a_step_measured_in_children(monkeypatch, capsys):
    monkeypatch.setattr(bench, "CONTENDERS", ("minintk", "loop"))
    monkeypatch.setattr(bench, "CASES", [(4, 3, 5, 2, 2)])
    bench.main(rounds=1, quick=True)
    machine, *lines = capsys.readouterr().out.splitlines()
    assert "threads: 1" in machine and max(map(len, lines)) <= 100
    shapes = [
        [word[0] if word[0] in "x-" else word for word in line.split() if not word[0].isdigit()] for line in lines
    ]
    assert ["ntk", "x", "x"] in shapes and ["MB", "-"] in shapes and ["step", "x", "-"] in shapes
    assert re.search(r"For a kernel minintk takes \S+ to \S+ times the limit; .* loop \S+ to \S+\.$", " ".join(lines))


def test_a_contender_that_fails_is_left_out_with_one_line(monkeypatch):
    class Broken(contextlib.ExitStack):
        def __init__(self, name, case, threads):
            super().__init__()
            self.name = name

        def ask(self, word):
            if self.name == "torch":
                raise RuntimeError("ImportError: no such symbol")
            return "a machine" if word == "machine" else 2.0

    monkeypatch.setattr(bench, "_Worker", Broken)
    monkeypatch.setattr(bench, "NEEDS", {})
    monkeypatch.setattr(bench, "CONTENDERS", ("minintk", "torch"))
    rows = list(bench.bench(cases=[(4, 3, 5, 2, 1), (6, 3, 5, 2, 1)], rounds=2))
    assert rows[:2] == ["a machine", "torch is left out: ImportError: no such symbol"]
    assert rows[2] == {"case": (4, 3, 5, 2, 1), "what": "ntk", "limit": 2000.0, "minintk": 2000.0}
    assert len(rows) == 8 and not any("torch" in row for row in rows[2:])


def test_a_child_that_dies_is_an_error_of_one_line():
    with bench._Worker("no such contender", (4, 3, 5, 2, 1), 1) as worker:
        with pytest.raises(RuntimeError, match="KeyError: 'no such contender'"):
            worker.ask("ntk")
        worker.process.kill()
        with pytest.raises(RuntimeError, match="its process ended with code"):
            worker.ask("ntk")

"""The same on every machine: errors that are the machine's, odd ways to start Python, other systems' habits."""

import concurrent.futures
import errno
import types

import numpy as np
import pytest

from minintk import experiments
from minintk.tools import sweep


@pytest.fixture
def toy(monkeypatch):
    """An experiment whose `point` a test may replace."""
    module = types.SimpleNamespace(point=None)
    monkeypatch.setattr(experiments, "points", lambda: {"toy": lambda seed=0: module.point(seed)})
    return module


def swept(folder, seeds=(1, 2)):
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        return sweep.sweep("toy", {"seed": seeds}, folder, executor=executor)


def raising(error):
    def point(seed):
        if seed == 2:
            raise error
        return {"found": 7}

    return point


def too_large(seed):
    return {"found": int(np.empty(2**59, np.uint8)[0]) if seed == 2 else 7}


@pytest.mark.parametrize(
    "point",
    [
        too_large,
        raising(MemoryError()),
        raising(OSError(errno.ENOSPC, "No space left on device")),
        raising(BrokenPipeError("a worker is gone")),
        raising(ModuleNotFoundError("No module named 'numpy'")),
        raising(RuntimeError("can't start new thread")),
    ],
)
def test_a_point_that_the_machine_failed_is_done_again_by_the_next_sweep(tmp_path, toy, point):
    toy.point = point
    rows = swept(tmp_path)
    assert rows[0] == {"seed": 1, "found": 7} and set(rows[1]) == {"seed", "error"}
    assert rows[1]["error"] in (tmp_path / "points.csv").read_text()
    toy.point = lambda seed: {"found": 8}
    assert swept(tmp_path) == [{"seed": 1, "found": 7}, {"seed": 2, "found": 8}]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such seed"),
        np.linalg.LinAlgError("singular"),
        FloatingPointError("overflow"),
        ZeroDivisionError(),
    ],
)
def test_a_point_whose_numbers_cannot_be_is_not_asked_again(tmp_path, toy, error):
    toy.point = raising(error)
    rows = swept(tmp_path)
    assert "error" in rows[1]
    toy.point = lambda seed: pytest.fail("it was asked again")
    assert swept(tmp_path) == rows

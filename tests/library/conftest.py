"""`minintk run all`, begun with the session in a process of its own: what it leaves behind is what `found` tells."""

import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import typing

import numpy as np
import pytest

from minintk.experiments import style

running = {}


class Found(typing.NamedTuple):
    summary: dict  # of summary.json
    arrays: dict  # of results.npz
    report: str  # its part of the screen


def pytest_collection_modifyitems(items):
    items.sort(key=_reads)  # by then the results are there


def pytest_collection_finish(session):
    if any(map(_reads, session.items)):
        running["folder"] = tempfile.TemporaryDirectory()
        command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "minintk", "run", "all", "--jobs", "1"]
        command += ["--out", running["folder"].name]
        running["all"] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def pytest_unconfigure():
    if running:
        running["all"].kill()
        running["all"].communicate()
        running["folder"].cleanup()
        running.clear()


def _reads(item):
    return "found" in getattr(item, "fixturenames", ())


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files: to draw them takes longer than all the rest of a small run."""
    monkeypatch.setattr(style, "draw", lambda make, path: path.write_bytes(b""))


@pytest.fixture(scope="session")
def found():
    """found("gap"): what this experiment finds with its own settings and seed 0."""
    screen, errors = running["all"].communicate()
    assert running["all"].returncode == 0 and errors == "", f"minintk run all: {errors}"

    @functools.cache
    def fetch(name):
        folder = pathlib.Path(running["folder"].name) / name
        report = screen.partition(f"{name}\n\n")[2].partition(f"\n\n{folder}: figure.png")[0]
        with np.load(folder / "results.npz") as arrays:
            return Found(json.loads((folder / "summary.json").read_text(encoding="utf-8")), dict(arrays), report)

    return fetch

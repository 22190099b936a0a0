"""Two processes share these tests, on two cores in about half of the time, and a third one runs all experiments.

The second process is the same pytest command once more. It keeps the tests of the course, and what it reports is told
here as if they had run here. What the third leaves behind is what `found` tells.
"""

import functools
import gc
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing

import numpy as np
import pytest

from minintk import cli
from minintk.course import workbook
from minintk.experiments import style

COURSE = ("begun", "commands", "examine", "hostile", "mistakes", "records", "regime", "right_answers")
REPORTS = "MININTK_TEST_REPORTS"  # the variable by which the second process knows its file
SMALLER = {  # what is tested of these holds for one or two draws as for more, and for a part of the map
    **dict.fromkeys(("whitening", "gap", "three_traps", "neurons", "losses"), {"inits": 1}),
    "weight_decay": {"inits": 2},
    "phase_diagram": {"sigmas": (1, 0.01, 0.003), "powers": (0, 0.25, 0.5, 0.75, 1)},
}
EXPERIMENTS = f"""
import gc, sys
from matplotlib import figure
from minintk import experiments
from minintk.experiments import style
from minintk.tools import run

gc.set_threshold(50_000)
style.blank = lambda size: figure.Figure(size)  # to lay a figure out takes longer than to draw it
for name in experiments.registry():
    print(run.one(name, sys.argv[1], {SMALLER}.get(name, {{}}), False))
"""
running = {}
gc.set_threshold(50_000)  # thousands of tests are no garbage, and a tenth of the time would go into finding that out


class Found(typing.NamedTuple):
    summary: dict  # of summary.json
    arrays: dict  # of results.npz
    report: str  # its part of the screen


def pytest_collection_modifyitems(items):
    if REPORTS in os.environ:
        items[:] = filter(_of_the_course, items)
    items.sort(key=lambda item: (_of_the_course(item), _reads(item)))  # by then the results are there


def pytest_ignore_collect(collection_path):
    if REPORTS in os.environ and collection_path.stem.removeprefix("test_") not in COURSE:
        return collection_path.is_file() or None


def pytest_collection_finish(session):
    gc.freeze()
    config, course = session.config, sum(map(_of_the_course, session.items))
    if any(map(_reads, session.items)):
        running["folder"] = tempfile.TemporaryDirectory()
        command = [sys.executable, "-W", "error::RuntimeWarning", "-c", EXPERIMENTS, running["folder"].name]
        running["all"] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    alone = REPORTS in os.environ or hasattr(config, "workerinput") or config.option.usepdb
    if 0 < course < len(session.items) and not alone:
        running["second"] = Second(config)


class Second:
    """The second process."""

    def __init__(self, config):
        self.config, self.told, self.line = config, {}, ""
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name, "reports")
        path.touch()
        self.stream = open(path, encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *config.invocation_params.args, "--ignore-glob=*/tests/test_*"],
            cwd=config.invocation_params.dir,
            env=os.environ | {REPORTS: str(path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def reports(self, name):
        """The reports on this test; none if the process has ended without them."""
        ended = False
        while self.told.get(name, [{}])[-1].get("when") != "teardown":
            if line := self.stream.readline():
                self.line += line
                if line.endswith("\n"):  # all of it is written
                    data, self.line = json.loads(self.line), ""
                    self.told.setdefault(data["nodeid"], []).append(data)
            elif ended:
                return []
            else:
                ended = self.process.poll() is not None
                time.sleep(0.02)
        read = self.config.hook.pytest_report_from_serializable
        return [read(config=self.config, data=data) for data in self.told[name]]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.stream.close()
        self.folder.cleanup()


def pytest_runtest_protocol(item):
    """Tells what the second process reported; returns None, and the test runs here, if there is nothing."""
    if "second" in running and _of_the_course(item) and (reports := running["second"].reports(item.nodeid)):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if REPORTS in os.environ:
        data = item.config.hook.pytest_report_to_serializable(config=item.config, report=report)
        with open(os.environ[REPORTS], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(data) + "\n")
    return report


def pytest_unconfigure():
    if "second" in running:
        running["second"].close()
    if "all" in running:
        running["all"].kill()
        running["all"].communicate()
        running["folder"].cleanup()
    running.clear()


def _of_the_course(item):
    return item.path.stem.removeprefix("test_") in COURSE


def _reads(item):
    return "found" in getattr(item, "fixturenames", ())


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A workbook in the folder exercises of the working directory, without its chapters; at no keyboard."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    folder = tmp_path / "exercises"
    folder.mkdir()
    for name, text in workbook.texts().items():
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture
def run(capsys):
    """Runs a command: its exit code and all it printed."""

    def run(*words):
        capsys.readouterr()
        code = cli.main(list(words))
        return code, "".join(capsys.readouterr())

    return run


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files: to draw them takes longer than all the rest of a small run."""
    monkeypatch.setattr(style, "draw", lambda make, path: path.write_bytes(b""))


@pytest.fixture(scope="session")
def found():
    """found("gap"): what this experiment finds with its own settings, or those of SMALLER, and seed 0."""
    screen, errors = running["all"].communicate()
    assert running["all"].returncode == 0 and errors == "", errors

    @functools.cache
    def fetch(name):
        folder = pathlib.Path(running["folder"].name) / name
        assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
        report = screen.partition(f"{name}\n\n")[2].partition(f"\n\n{folder}: figure.png")[0]
        with np.load(folder / "results.npz") as arrays:
            return Found(json.loads((folder / "summary.json").read_text(encoding="utf-8")), dict(arrays), report)

    return fetch

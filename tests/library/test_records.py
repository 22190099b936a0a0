"""What is kept beside the workbook never decides what is told; and what is missing, damaged or changed is said."""

import errno
import io
import json
import os
import pathlib
import re
import shutil
import sys

import pytest

from minintk import cli, network
from minintk.course import grade, help, progress, remote, units, watch
from minintk.course.results import Status
from minintk.tools import files

HEAD = "import numpy as np\n\n\n"
RIGHT = f"{HEAD}def activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n"
WRONG = f"{HEAD}def activation(z, slope):\n    return slope * z\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A workbook with its README in the folder exercises of the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert cli.main(["init", "exercises"]) == 0
    return tmp_path / "exercises"


@pytest.fixture
def run(capsys):
    """Runs a command: its exit code and all it printed."""

    def run(*words):
        capsys.readouterr()
        code = cli.main(list(words))
        return code, "".join(capsys.readouterr())

    return run


@pytest.fixture
def quick(monkeypatch):
    """Grading at a glance: what is begun passes, if it does not return slope * z."""

    def look(examiner):
        for full, result in examiner.results.items():
            if examiner.answers.started(full):
                wrong = "return slope * z" in examiner.answers.text(full)
                result.status = Status.FAILED if wrong else Status.PASSED
                for row in result.rows:
                    row.status = Status.WAITING if wrong else Status.PASSED

    monkeypatch.setattr(grade, "run", look)
    monkeypatch.setattr(remote.Remote, "start", lambda self: None)


def write(book, text):
    (book / "01_network.py").write_text(text, encoding="utf-8")


# a record that cannot be written


def full_disk(monkeypatch, book):
    """Half of each file is written, then there is no room."""
    whole = pathlib.Path.write_bytes

    def write_bytes(path, content):
        whole(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", write_bytes)


def file_in_the_way(monkeypatch, book):
    (book / ".minintk").write_text("")


def folder_in_the_way(monkeypatch, book):
    (book / ".minintk" / "progress.json" / "x").mkdir(parents=True)
    (book / ".minintk" / "progress.damaged.json" / "x").mkdir(parents=True)
    (book / ".minintk" / "calls").write_text("")


def may_not(monkeypatch, book):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "mkdir", refuse)
    monkeypatch.setattr(files, "write", refuse)


MISHAPS = [full_disk, file_in_the_way, folder_in_the_way, may_not]


def told(out):
    """What was said but for how to repeat the call, and the note that nothing was recorded."""
    lines, notes = out.splitlines(), []
    if (again := next((i for i, line in enumerate(lines) if line.startswith("  again:")), None)) is not None:
        del lines[again : again + 2]
    notes = [i for i, line in enumerate(lines) if line.startswith("(not recorded: ")]
    for i in reversed(notes):
        del lines[i - 1 : i + 1]
    return lines, len(notes)


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_workbook_that_may_not_be_written_gets_the_whole_feedback(book, run, monkeypatch, mishap):
    write(book, WRONG)
    code, usual = run("check", "activation")
    shutil.rmtree(book / ".minintk")
    mishap(monkeypatch, book)
    before = {path for path in book.rglob("*") if path.is_file()}
    now = run("check", "activation")
    assert now[0] == code == 1 and told(now[1]) == (told(usual)[0], 1)
    assert {path for path in book.rglob("*") if path.is_file()} == before  # no litter


@pytest.mark.parametrize("mishap", MISHAPS)
def test_what_passed_is_done_though_it_could_not_be_recorded(book, run, quick, monkeypatch, mishap):
    write(book, RIGHT)
    code, usual = run("check", "activation")
    assert "next: gate in" in usual
    shutil.rmtree(book / ".minintk")
    mishap(monkeypatch, book)
    now = run("check", "activation")
    assert now[0] == code == 0 and told(now[1]) == (told(usual)[0], 1)


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_hint_is_shown_though_it_could_not_be_recorded(book, run, monkeypatch, mishap):
    usual = run("hint", "gate")
    shutil.rmtree(book / ".minintk")
    mishap(monkeypatch, book)
    now = run("hint", "gate")
    assert now[0] == usual[0] == 0 and told(now[1]) == (told(usual[1])[0], 1)


@pytest.mark.parametrize("mishap", MISHAPS[:1])
def test_without_a_backup_nothing_is_reset_and_nothing_is_left(book, run, monkeypatch, mishap):
    write(book, RIGHT)
    mishap(monkeypatch, book)
    code, out = run("reset", "activation")
    assert code == 2 and "No space left" in out and out.count("\n") == 1
    assert (book / "01_network.py").read_text(encoding="utf-8") == RIGHT
    assert not [path for path in book.rglob(".minintk/**/*") if path.is_file()]


# a record that cannot be read

FULL = "network.activation"


def entry(**changed):
    return {"status": "passed", "points": 4, "text": "0123456789abcdef"} | changed


DAMAGED = {
    "no points": {"exercises": {FULL: entry(points=None)}, "hints": {}},
    "points in words": {"exercises": {FULL: entry(points="4")}, "hints": {}},
    "true points": {"exercises": {FULL: entry(points=True)}, "hints": {}},
    "minus points": {"exercises": {FULL: entry(points=-4)}, "hints": {}},
    "half points": {"exercises": {FULL: entry(points=0.5)}, "hints": {}},
    "a list of statuses": {"exercises": {FULL: entry(status=["passed"])}, "hints": {}},
    "no text": {"exercises": {FULL: entry(text=None)}, "hints": {}},
    "a hint before the first": {"exercises": {}, "hints": {FULL: -3}},
    "half a hint": {"exercises": {}, "hints": {FULL: 0.5}},
    "a hint in words": {"exercises": {}, "hints": {FULL: "1"}},
    "a true hint": {"exercises": {}, "hints": {FULL: True}},
}


@pytest.mark.parametrize("what", DAMAGED)
def test_what_cannot_be_read_is_set_aside_with_one_line(book, run, what):
    path, text = book / ".minintk" / "progress.json", json.dumps(DAMAGED[what])
    path.parent.mkdir()
    path.write_text(text)
    aside = path.with_name("progress.damaged.json")
    code, out = run()
    assert (
        code == 0
        and out.splitlines()[0] == f"{path.relative_to(book.parent)} could not be read; it is now {aside.name}"
    )
    assert out.splitlines()[1].endswith(" 0 of 34   ······")
    assert aside.read_text() == text and not path.exists()
    assert run()[1].splitlines() == out.splitlines()[1:]
    assert run("hint", "activation")[1].startswith("network.activation, hint 1 of 3:\n")


@pytest.mark.parametrize(
    "changed",
    [{"points": 99}, {"points": 10**30}, {"points": 3}, {"status": "failed"}, {"status": "waiting", "points": 1}],
)
def test_points_that_cannot_be_are_not_counted(book, run, quick, changed):
    write(book, RIGHT)
    run("check", "activation")
    path = book / ".minintk" / "progress.json"
    kept = json.loads(path.read_text())
    kept["exercises"][FULL] |= changed
    path.write_text(json.dumps(kept))
    code, out = run()
    assert code == 0 and out.splitlines()[0].endswith(" 0 of 34   ?·····")


def test_more_hints_than_there_are_show_the_last(book, run):
    (book / ".minintk").mkdir()
    (book / ".minintk" / "progress.json").write_text(json.dumps({"exercises": {}, "hints": {FULL: 99, "no.more": 2}}))
    assert run("hint", "activation")[1].startswith("network.activation, hint 3 of 3:\n")


@pytest.mark.parametrize("change", [{"claim": "something else"}, {"points": 2}])
def test_a_pass_is_asked_again_when_a_row_of_its_rubric_changed(book, run, quick, monkeypatch, change):
    write(book, RIGHT)
    run("check", "activation")
    assert progress.state(book)[FULL] == (Status.PASSED, 4)
    monkeypatch.setitem(units.by_name(FULL), "rows", [units.by_name(FULL)["rows"][0] | change])
    assert progress.state(book)[FULL] == (Status.NOT_CHECKED, 0)

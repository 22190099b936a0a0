"""What is kept beside the workbook never decides what is told; and what is missing, damaged or changed is said."""

import errno
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from minintk import cli
from minintk.course import grade, progress, regime, remote, units, watch
from minintk.course.results import Status
from minintk.tools import files

HEAD = "import numpy as np\n\n\n"
RIGHT = f"{HEAD}def activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n"
WRONG = f"{HEAD}def activation(z, slope):\n    return slope * z\n"


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
    make = pathlib.Path.mkdir

    def refuse(path, *args, **kwargs):
        if book in pathlib.Path(path).resolve().parents:
            raise PermissionError(errno.EACCES, "Permission denied")
        make(path, *args, **kwargs)

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


def test_a_workbook_that_may_not_be_written_gets_the_whole_feedback(book, run, monkeypatch):
    write(book, WRONG)
    code, usual = run("check", "activation")
    shutil.rmtree(book / ".minintk")
    for mishap in MISHAPS:
        with monkeypatch.context() as patch:
            mishap(patch, book)
            before = {path for path in book.rglob("*") if path.is_file()}
            now = run("check", "activation")
            assert now[0] == code == 1 and told(now[1]) == (told(usual)[0], 1), mishap
            assert {path for path in book.rglob("*") if path.is_file()} == before, mishap  # no litter
        if (book / ".minintk").exists():
            (book / ".minintk").rename(book.parent / mishap.__name__)


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
    assert run("hint", "activation")[1].startswith("network.activation, hint 3 of 3, the last one, once more:\n")


@pytest.mark.parametrize("change", [{"claim": "something else"}, {"points": 2}])
def test_a_pass_is_asked_again_when_a_row_of_its_rubric_changed(book, run, quick, monkeypatch, change):
    write(book, RIGHT)
    run("check", "activation")
    assert progress.state(book)[FULL] == (Status.PASSED, 4)
    monkeypatch.setitem(units.by_name(FULL), "rows", [units.by_name(FULL)["rows"][0] | change])
    assert progress.state(book)[FULL] == (Status.NOT_CHECKED, 0)


# files that are missing, renamed, or somebody else's


@pytest.mark.parametrize("words", [["activation"], ["1"], ["network", "ntk"], ["gate", "forward"]])
def test_a_file_that_was_renamed_is_missing_and_asking_for_it_by_name_fails(book, run, words):
    (book / "01_network.py").rename(book / "1_network.py")
    code, out = run("check", *words)
    assert code == 1 and "not started: 01_network.py is missing\n" in out
    assert out.splitlines()[-1].startswith(f"{os.path.join('exercises', '01_network.py')} is missing. Was it renamed? ")


def test_a_function_that_was_renamed_is_missing_and_asking_for_it_by_name_fails(book, run):
    write(book, RIGHT.replace("activation", "activatoin"))
    code, out = run("check", "activation")
    assert code == 1 and "01_network.py has no def activation. Was it renamed?" in out


@pytest.mark.parametrize("words", [[], ["all"], ["all", "gate"]])
def test_all_is_everything_and_a_missing_file_in_it_is_no_failure(book, run, quick, words):
    write(book, RIGHT)
    (book / "02_kernel.py").unlink()
    code, out = run("check", *words)
    total = sum(exercise["points"] for exercise in units.exercises())
    assert code == 0 and f"\n4 of {total} points\n" in out and "02_kernel.py is missing" in out


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "answers/01_network.py", ".git/config"])
def test_a_workbook_is_made_among_other_files_and_touches_none_of_them(tmp_path, run, name):
    other = tmp_path / "mine" / name
    other.parent.mkdir(parents=True)
    other.write_bytes(b"mine\r\n")
    assert run("init", str(tmp_path / "mine"))[0] == 0
    assert other.read_bytes() == b"mine\r\n"
    assert {unit["file"] for unit in units.units()} <= {path.name for path in (tmp_path / "mine").iterdir()}


def test_a_link_in_the_place_of_an_exercise_is_not_written_through(tmp_path, run):
    (tmp_path / "01_network.py").symlink_to(tmp_path / "elsewhere.py")
    assert run("init", str(tmp_path))[0] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"01_network.py"}


@pytest.fixture
def watched(book, run, quick, monkeypatch):
    """Watches while these things happen, one between each two looks: what was checked, and the screen."""

    def watched(*events):
        left = iter(events)

        def sleep(seconds):
            event = next(left, None)
            if event is None:
                raise KeyboardInterrupt
            event()

        monkeypatch.setattr(watch.time, "sleep", sleep)
        code, out = run("watch")
        assert code == 130  # only Ctrl-C ends it
        return re.findall(r"^network\.(\w+)  (\d)/", out, re.MULTILINE), out

    return watched


def test_a_save_within_one_tick_of_the_clock_is_noticed(book, watched):
    path = book / "01_network.py"
    write(book, WRONG)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns

    def save(text):
        write(book, text)
        os.utime(path, ns=times)

    found, _ = watched(lambda: save(WRONG), lambda: save(RIGHT))
    assert found == [("activation", "0"), ("activation", "4")]


def test_a_file_that_is_gone_for_a_while_is_waited_for(book, watched):
    path, aside = book / "01_network.py", book / "away"
    write(book, WRONG)
    changes = [lambda: path.rename(aside), lambda: None, lambda: aside.rename(path), lambda: write(book, RIGHT)]
    assert watched(*changes)[0] == [("activation", "0"), ("activation", "4")]


def test_a_file_that_vanishes_between_two_looks_of_a_check_is_missing_for_that_time(book, watched, monkeypatch):
    path, exists = book / "01_network.py", pathlib.Path.exists
    write(book, WRONG)

    def vanishes(self, **how):
        there = exists(self, **how)
        if self.name == path.name and there:
            path.unlink()
        return there

    def vanish():
        write(book, RIGHT)
        monkeypatch.setattr(pathlib.Path, "exists", vanishes)

    def come_back():
        monkeypatch.setattr(pathlib.Path, "exists", exists)
        write(book, RIGHT + "\n")

    assert watched(vanish, come_back, lambda: write(book, WRONG))[0][-1] == ("activation", "0")


def test_what_cannot_be_read_is_told_and_watched_on(book, watched):
    write(book, WRONG)
    found, out = watched(lambda: (book / "01_network.py").write_bytes(b"\xff\xfea\x00"), lambda: write(book, RIGHT))
    assert found == [("activation", "0"), ("activation", "4")] and "save it as UTF-8" in out


def test_when_all_is_done_it_is_watched_on(book, watched, monkeypatch):
    monkeypatch.setattr(progress, "current", lambda folder, *more: None)
    found, out = watched(lambda: write(book, WRONG))
    assert out.startswith("All exercises are done.\n\nwatching") and found == [("activation", "0")]


# the question before a solution

QUESTION = "You have not passed it yet. Show the solution? [y/N] "


@pytest.fixture
def seated(book, monkeypatch):
    """Somebody sits at the terminal and types this, unless an end of it is somewhere else."""

    def seated(typed, *elsewhere):
        stdin = io.StringIO(typed)
        for stream, name in [(stdin, "stdin"), (sys.stdout, "stdout"), (sys.stderr, "stderr")]:
            monkeypatch.setattr(stream, "isatty", lambda name=name: name not in elsewhere)
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.delenv("JPY_PARENT_PID", raising=False)

    return seated


def solution(capsys, *words):
    """What the command prints on its two streams."""
    capsys.readouterr()
    assert cli.main(["solution", "gate", *words]) == 0
    return capsys.readouterr()


@pytest.mark.parametrize("typed", ["n\n", "\n", "no\n", "", "y\n", " Yes \n"])  # "": Ctrl-D
def test_the_solution_asks_first_where_it_does_not_get_into_the_output(seated, capsys, typed):
    seated(typed)
    out, err = solution(capsys)
    shown = "y" in typed.lower()
    assert err == QUESTION and ("def gate(h, slope):" in out) is shown
    assert ("Not shown. minintk hint gate" in out) is not shown


@pytest.mark.parametrize("elsewhere", [["stdin"], ["stdout"], ["stderr"], ["stdin", "stdout", "stderr"]])
def test_a_pipe_or_a_file_at_any_end_is_not_asked(seated, capsys, elsewhere):
    seated("n\n", *elsewhere)
    out, err = solution(capsys)
    assert err == "" and "def gate(h, slope):" in out


def test_a_notebook_is_not_asked_though_it_has_a_terminal(seated, capsys, monkeypatch):
    seated("n\n")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    out, err = solution(capsys)
    assert err == "" and "def gate(h, slope):" in out


def test_without_standard_input_nobody_is_asked(seated, capsys, monkeypatch):
    seated("n\n")
    monkeypatch.setattr(sys, "stdin", None)
    assert solution(capsys).err == ""


def test_one_who_says_yes_or_has_passed_is_not_asked(seated, capsys, quick, book):
    seated("n\n")
    assert "def gate(h, slope):" in solution(capsys, "--yes").out
    write(book, RIGHT + "\n\ndef gate(h, slope):\n    return np.where(h > 0, 1, slope)\n")
    assert cli.main(["check", "gate"]) == 0
    out, err = solution(capsys)
    assert err == "" and "def gate(h, slope):" in out


@pytest.fixture
def see(monkeypatch, capsys):
    """What `minintk see 1` prints on its two streams, where the figure costs nothing."""

    def see():
        monkeypatch.setattr(regime, "run", lambda words: print("drawn"))
        capsys.readouterr()
        assert cli.main(["see", "1"]) == 0
        return [" ".join(text.split()) for text in capsys.readouterr()]

    return see


@pytest.mark.parametrize("typed", ["100 and 10\n", "\n", ""])
def test_see_asks_draws_and_then_says_what_the_figure_shows_against_the_guess(seated, see, typed):
    seated(typed)
    out, err = see()
    unit = units.units()[0]
    assert err == f"{unit['ask']} Your guess (Enter skips):"
    guess = "Your guess: 100 and 10. " if typed.strip() else ""
    assert out == f"drawn {guess}The figure: {unit['answer']}"


def test_see_asks_nothing_on_a_pipe_and_in_a_notebook(seated, see, monkeypatch):
    seated("100\n", "stdout")
    assert see() == ["drawn", ""]
    seated("100\n")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    assert see() == ["drawn", ""]


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_a_terminal_at_which_nobody_types_does_not_wait_for_ever(book):
    """As the ! of a notebook starts it; in a real terminal the same command waits at its question."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "minintk", "solution", "gate"]
    ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "cwd": book.parent}
    with subprocess.Popen(command, env=os.environ | {"JPY_PARENT_PID": "1"}, **ends) as process:
        os.close(theirs)
        told = b""
        while b"np.where" not in told and b"[y/N]" not in told:
            told += os.read(ours, 4096)
        process.kill()
    os.close(ours)
    assert b"[y/N]" not in told

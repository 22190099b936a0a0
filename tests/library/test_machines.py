"""The same on every machine: errors that are the machine's, odd ways to start Python, other systems' habits."""

import concurrent.futures.process
import errno
import os
import re
import shlex
import subprocess
import sys
import types

import numpy as np
import pytest

from minintk import cli, experiments
from minintk.course import screen, units, workbook
from minintk.tools import pool, shell, sweep


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


WRONG = "    import numpy as np\n    return np.where(z > 0, z, slope)"
IN_DOUBLE = "import numpy as np\n    return np.where(h > 0, 1.0, slope)"
SAID = """
from minintk import cli
from minintk.tools import doctor

doctor.product_rate = lambda core=None: 1.0  # it would start two processes to measure it
for words in {words}:
    try:
        print("== code", cli.main(words))
    except SystemExit as stop:
        print("== code", stop.code or 0)
"""


def book(folder):
    """A workbook with one wrong answer."""
    workbook.init(folder)
    path = folder / "01_network.py"
    hole = '    raise NotImplementedError("network.activation")'
    path.write_text(path.read_text(encoding="utf-8").replace(hole, WRONG), encoding="utf-8")
    return str(folder)


def said(words, *flags, cwd, path):
    """What these commands say, one after the other in one process, and their exit codes."""
    command = [sys.executable, "-B", "-u", *flags, "-c", SAID.format(words=words)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(path), "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    parts = re.findall(r"(.*?)== code (\d)\n", done.stdout, re.DOTALL)
    assert len(parts) == len(words), done.stdout
    return [(int(code), text) for text, code in parts]


def test_without_docstrings_every_text_is_still_there(tmp_path):
    """python -OO, or PYTHONOPTIMIZE=2."""
    at = ["--workbook", book(tmp_path / "book")]
    path, hole = tmp_path / "book" / "01_network.py", 'raise NotImplementedError("network.gate")'
    path.write_text(path.read_text(encoding="utf-8").replace(hole, IN_DOUBLE), encoding="utf-8")
    words = [["--help"], ["check", "activation", *at], ["check", "gate", *at], ["dev", "check"]]
    helped, checked, asserted, developed = said(words, "-OO", cwd=tmp_path, path=units.PACKAGE.parent)
    assert helped[0] == 0 and "silent alignment" in helped[1]
    assert checked[0] == 1 and "\n  activation([-2, 3], slope=0.1) is [-0.2, 3].\n  called" in checked[1]
    assert asserted[0] == 1 and "gate, row 4: " in asserted[1]  # an assertion is what finds it
    assert developed[0] == 2 and "minintk: dev compares docstrings, which python -OO leaves out" in developed[1]


def test_without_docstrings_the_experiments_still_have_theirs(monkeypatch, capsys):
    texts = {name: module.__doc__ for name, module in experiments.registry().items()}
    for module in experiments.registry().values():
        monkeypatch.setattr(module, "__doc__", None)
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["run", "--list"]) == 0
    assert capsys.readouterr().out == "".join(f"{name:<18} {text.splitlines()[0]}\n" for name, text in texts.items())
    assert cli.main(["explain", "gap"]) == 0
    assert capsys.readouterr().out.startswith(texts["gap"].splitlines()[0][:60])


FINDER = """
import importlib.machinery, os, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "minintk":
            return importlib.machinery.PathFinder.find_spec(name, [os.path.join({clone!r}, *name.split(".")[:-1])])

sys.meta_path.insert(1 + sys.meta_path.index(importlib.machinery.PathFinder), Finder)
"""


@pytest.fixture
def above(tmp_path):
    """The folder above a clone named minintk, and the path by which an editable install is found: after the folder."""
    (tmp_path / "above" / "minintk").mkdir(parents=True)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(FINDER.format(clone=str(units.PACKAGE.parent)), "utf-8")
    return {"cwd": tmp_path / "above", "path": tmp_path / "site"}


def test_in_the_folder_above_a_clone_every_command_works(tmp_path, above):
    at = ["--workbook", book(tmp_path / "book")]
    small = ["silent_alignment", "--P", "8", "--width", "5", "--sigma", "0.3", "--out", str(tmp_path / "out")]
    words = [["--version"], ["status", *at], ["check", "activation", *at], ["sweep", *small], ["doctor"]]
    version, status, checked, swept, doctor = said(words, cwd=above["cwd"], path=above["path"])
    assert version == (0, "minintk 0.1.0\n")
    assert status[0] == 0 and "next: activation in" in status[1]
    assert checked[0] == 1 and "It is wrong only where z < 0." in checked[1]
    assert swept[0] == 0 and "1 points\n" in swept[1]
    assert f"minintk 0.1.0 in {units.PACKAGE}\n" in doctor[1]


@pytest.mark.parametrize("words", ["-m minintk --version", "-c import,minintk.course.replay"])
def test_in_the_folder_above_a_clone_it_can_be_imported(above, words):
    command = [sys.executable, "-B", *(word.replace(",", " ") for word in words.split())]
    environment = os.environ | {"PYTHONPATH": str(above["path"])}
    done = subprocess.run(command, cwd=above["cwd"], env=environment, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_that_is_open_in_another_program_is_told_and_no_point_is_lost(tmp_path, toy, monkeypatch):
    """As on Windows: nobody can replace a file that a spreadsheet shows."""
    replace = os.replace

    def held(part, path):
        if os.path.basename(path) == "points.csv":
            raise PermissionError(errno.EACCES, "Access is denied", str(part))
        replace(part, path)

    toy.point = lambda seed: {"found": 7}
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", held)
        with pytest.raises(PermissionError, match="points.csv: Access is denied; close it if it is open elsewhere"):
            swept(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["points.jsonl", "sweep.json"]
    toy.point = lambda seed: pytest.fail("it was asked again")
    assert swept(tmp_path) == [{"seed": 1, "found": 7}, {"seed": 2, "found": 7}]
    assert (tmp_path / "points.csv").read_text() == "seed,found,error\n1,7,\n2,7,\n"


@pytest.mark.parametrize(
    "system, environment, coloured",
    [
        ("posix", {}, True),
        ("nt", {}, False),  # the console of old: it would show the codes
        ("nt", {"WT_SESSION": "7"}, True),
        ("nt", {"TERM": "xterm"}, True),
        ("nt", {"WT_SESSION": "7", "NO_COLOR": "1"}, False),
    ],
)
def test_an_old_windows_console_shows_no_codes_for_colours(monkeypatch, system, environment, coloured):
    monkeypatch.setattr(screen, "os", types.SimpleNamespace(name=system, environ=environment))
    monkeypatch.setattr(screen, "sys", types.SimpleNamespace(stdout=types.SimpleNamespace(isatty=lambda: True)))
    assert ("\x1b" in screen.paint("text", "32")) is coloured


def test_a_hundred_jobs_on_windows_are_61_processes(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")  # where Python itself refuses more
    with pool.own(100) as workers:
        assert workers._max_workers == 61


@pytest.mark.parametrize("name", ["book", "Anna's $HOME"])
def test_every_command_that_is_shown_can_be_pasted(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    book(tmp_path / name)
    at = f"--workbook {shlex.quote(name)}"

    def shown(*words):
        capsys.readouterr()
        code = cli.main([*words, "--workbook", name])
        return code, capsys.readouterr().out

    _, status = shown("status")
    assert status.endswith(
        f"\n  minintk check activation {at}      or leave  minintk watch {at}  running while you write\n"
    )
    _, checked = shown("check", "activation")
    assert checked.endswith(f"\n  minintk check activation {at}      (stuck? minintk hint activation {at})\n")
    assert shown("hint", "activation")[1].endswith(f"\nmore: minintk hint activation {at}\n")
    assert shown("hint", "activation", "-n", "3")[1].endswith(f"\nmore: minintk solution activation {at}\n")
    assert shown("check", "gate")[1].endswith(f"\n  minintk check gate {at}\n")
    assert cli.main(["diff", "activation", "--workbook", name]) == 2
    assert f"; minintk check activation {at} first" in capsys.readouterr().err
    (tmp_path / "away").mkdir()
    again = [line.removeprefix("  again:").strip() for line in checked.splitlines() if "replay" in line]
    monkeypatch.chdir(tmp_path / "away")  # as from a notebook that stands elsewhere
    names = {}
    exec("\n".join(again), names)
    assert names["yours"].tolist() == [0.1, 3.0] and names["expected"].tolist() == [-0.2, 3.0]


def test_a_workbook_that_is_found_by_itself_is_not_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    book(tmp_path / "exercises")
    for words in ([], ["--workbook", "exercises"], ["--workbook", str(tmp_path / "exercises")]):
        assert cli.main(["status", *words]) == 0
        out = capsys.readouterr().out
        assert out.endswith("\n  minintk check activation      or leave  minintk watch  running while you write\n")


def test_the_way_into_a_new_workbook_can_be_pasted(tmp_path, capsys):
    workbook.init(tmp_path / "my book")
    assert f"\n  cd '{tmp_path / 'my book'}'\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "system, command",
    [("posix", "minintk run --answers 'C:\\My book'"), ("nt", 'minintk run --answers "C:\\My book"')],
)
def test_paths_are_quoted_as_the_systems_shell_reads_them(monkeypatch, system, command):
    monkeypatch.setattr(shell, "os", types.SimpleNamespace(name=system))
    assert shell.join(["minintk", "run", "--answers", "C:\\My book"]) == command

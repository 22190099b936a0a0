"""One regime for a student's code: a process of its own with a clock, its own folder, and its prints kept apart."""

import os
import pathlib
import sys
import textwrap
import types
import warnings

import numpy as np
import pytest

from minintk import cli
from minintk.course import grade, progress, regime, remote, student, units
from minintk.course.results import Status

ONES = [np.ones(2), 0.1]
NO_ALARM = "if hasattr(signal, 'setitimer'): signal.setitimer(signal.ITIMER_REAL, 0)"
SLEEP = "while True: __import__('time').sleep(1)"  # costs the machine less than a loop at work, and is as hard to end


@pytest.fixture(scope="module")
def living():
    """A worker that waits long for all that ends at last; its user's figures open windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "TkAgg")
        worker = remote.Remote()
        worker.seconds = 60.0
        yield worker
        worker.close()


@pytest.fixture
def worker(living):
    """The same one, or after its death another, in each test; it has printed nothing yet."""
    living.printed = ""
    return living


def define(worker, body):
    """Loads an activation with this body, whose first line is line 5 of the file."""
    text = f"import numpy as np\n\n\ndef activation(z, slope):\n{textwrap.indent(body, '    ')}"
    return worker.load(text, "01_network.py", "network.activation")


def failure(worker, body, seconds=60.0):
    """(kind, text, line) of the error that the body gives."""
    define(worker, body)
    worker.seconds = seconds
    with pytest.raises(student.Error) as caught:
        worker.call(ONES, {})
    worker.seconds = 60.0
    return caught.value.kind, caught.value.text, caught.value.line


# what it printed, and why it ended


@pytest.mark.parametrize(
    "say", ["print('.', end='', flush=True)", "print('.', end='')", "import os; os.write(2, b'.' * 10_000)"]
)
def test_of_a_loop_that_prints_there_are_its_prints_alone_and_not_too_many(worker, say):
    told = failure(worker, f"while True:\n    {say}", 0.15)
    assert told[:2] == ("Timeout", "did not return within 0.15 seconds")
    assert set(worker.printed) == {"."} and len(worker.printed) <= remote.LOG


def test_no_words_of_the_student_are_taken_for_ours(worker):
    words = 'Timeout (0:00:10)!\nFatal Python error: Segmentation fault\n  File "01_network.py", line 99 in f\n'
    told = failure(worker, f"import os, sys\nsys.stderr.write({words!r})\nos._exit(3)")
    assert told == ("Crash", "ended the process it ran in (exit code 3)", None)
    assert worker.printed == words


def test_a_crash_in_the_middle_of_a_line_leaves_the_line_as_it_was_printed(worker):
    told = failure(worker, "import ctypes\nprint('so far', end='')\nctypes.string_at(0)")
    assert told[0] == "Crash" and told[2] == 7
    assert worker.printed == "so far"


def test_one_who_stops_our_clock_is_cut_by_the_other_one(worker, monkeypatch):
    monkeypatch.setattr(remote, "GRACE", 0.2)
    body = f"import faulthandler, signal\nfaulthandler.cancel_dump_traceback_later()\n{NO_ALARM}\n{SLEEP}"
    assert failure(worker, body, 0.2)[:2] == ("Timeout", "did not return within 0.2 seconds")


@pytest.mark.skipif(os.name == "nt", reason="its limits are set otherwise")
@pytest.mark.parametrize("size", ["np.empty(10**9)[:1]", "np.zeros((2, 10**9))[0, :1]", "bytearray(6 << 30)[:1]"])
def test_memory_that_would_take_the_machine_is_an_error_in_its_line(worker, size):
    assert failure(worker, f"return {size}")[::2] == ("MemoryError", 5)
    assert define(worker, "return 2 * z") == [] and worker.call(ONES, {}).tolist() == [2, 2]


# a process of its own


@pytest.mark.skipif(os.name == "nt", reason="processes are grouped otherwise there")
def test_what_it_starts_ends_with_it(worker):
    define(worker, "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'while True: pass'])\nreturn z")
    worker.call(ONES, {})
    worker.close()
    assert not worker.listener.is_alive()  # nobody holds the other end any more


def test_figures_are_shown_nowhere(worker):
    define(worker, "import os\nreturn os.environ['MPLBACKEND']")
    assert worker.call(ONES, {}) == "Agg"


def test_its_folder_is_its_own_and_leaves_with_it(worker):
    body = (
        "import os\nopen('litter', 'w').close()\nos.chdir('..')\nreturn [os.path.abspath('home'), os.listdir('home')]"
    )
    define(worker, body)
    here = os.getcwd()
    folder, found = worker.call(ONES, {})
    assert found == ["litter"] and os.getcwd() == here and pathlib.Path(here) not in pathlib.Path(folder).parents
    worker.close()
    assert not pathlib.Path(folder).exists()


# all of a student's functions together: see, and run --answers

RIGHT = "def activation(z, slope):\n    {}\n    return np.where(z > 0, z, slope * z)\n"
SMALL = ["--inits", "1", "--power", "0", "--P", "8", "--width", "20", "--sigma", "0.1"]


@pytest.fixture
def together(tmp_path, monkeypatch, capfd):
    """Runs a command on an activation with this line in it and this text above: (code, screen, errors)."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "book"]) == 0

    def together(command, above, line=""):
        text = f"import numpy as np\n{above}\n\n\n{RIGHT.format(line)}"
        (tmp_path / "book" / "01_network.py").write_text(text, encoding="utf-8")
        passed = types.SimpleNamespace(status=Status.PASSED, points=4)
        answers = types.SimpleNamespace(text=lambda full: progress.texts("book")[full][0])
        progress.record("book", types.SimpleNamespace(results={"network.activation": passed}, answers=answers))
        words = {"see": ["--workbook", "book", "see", "1"], "run": ["run", "--answers", "book", *SMALL]}
        capfd.readouterr()
        return cli.main(words[command]), *capfd.readouterr()

    return together


def test_a_loop_without_end_is_cut_with_its_line_at_the_top_of_a_file_and_in_a_function(together, monkeypatch):
    usual, loop = regime.SECONDS, "while True: pass"
    for command, seconds, above, line, place in [
        ("see", {"file": 0.3}, loop, "", 2),
        ("run", {"call": 0.5}, "", SLEEP, 6),
    ]:
        monkeypatch.setattr(regime, "SECONDS", usual | seconds)
        code, _, errors = together(command, above, line)
        assert code == 2 and f"01_network.py, line {place} did not return in time; minintk check" in errors
        assert errors.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="there is no second clock there")
def test_one_who_stops_the_clock_of_see_and_run_is_cut_by_another_one(together, monkeypatch):
    monkeypatch.setattr(regime, "SECONDS", {"file": 0.3, "call": 0.3, "grace": 0.1})
    stopped = f"import faulthandler\nfaulthandler.cancel_dump_traceback_later()\n{SLEEP}"
    code, _, errors = together("see", stopped)
    assert code == 2 and "your code did not return in time; minintk check" in errors


def test_a_function_that_ends_the_process_is_told(together):
    code, _, errors = together("run", "import os", "os._exit(0)")
    assert code == 2 and "your code ended the process it ran in (exit code 0); minintk check" in errors


STATE = """
import io, os, sys, warnings
import matplotlib, matplotlib.pyplot as plt

open("litter", "w").close()
os.chdir("/")
sys.stdout = io.StringIO()
np.seterr(all="raise")
np.set_printoptions(precision=1)
warnings.simplefilter("error")
plt.plot([1, 2])
plt.show()
plt.style.use("dark_background")
print("at the top")
"""


def test_what_a_file_does_to_the_process_changes_neither_our_screen_nor_our_files(together, tmp_path, monkeypatch):
    """Against a file that only prints, which comes after our own screen."""
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    found, files = [], []
    for above, line in [("", "print('z', end=' ')"), (STATE, "np.seterr(all='raise')")]:
        found.append(together("see", above, line))
        kept = [p for p in tmp_path.rglob("*") if p.is_file() and not {"book", ".minintk"} & set(p.parts)]
        files.append({path.relative_to(tmp_path): path.read_bytes() for path in kept})
    (code, plain, nothing), (again, changed, errors) = found
    plain, _, printed = plain.partition("\nit printed:\n")
    assert code == again == 0 and nothing == errors == "" and changed == plain and plain.startswith("yours: 1 of ")
    assert set(printed.rstrip("\n")) == {"z", " "} and len(printed) <= 4001
    assert files[0] == files[1] and len(files[0]) == 1


@pytest.mark.parametrize("what", ["file", "call"])
def test_what_it_changes_of_the_process_is_put_back(tmp_path, what):
    def state():
        return np.geterr(), np.get_printoptions(), os.getcwd(), sys.stdout, sys.stderr, list(warnings.filters)

    def change():
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        warnings.simplefilter("error")
        os.chdir(tmp_path)
        sys.stdout = sys.stderr = None
        raise KeyError

    before = state()
    with pytest.raises(KeyError):
        if what == "call":
            regime.on_the_clock(change)()
        with regime.theirs(what):
            change()
    assert state() == before


@pytest.mark.parametrize("method", ["load", "call"])
def test_what_the_machine_refuses_is_told_as_what_it_is(tmp_path, monkeypatch, method):
    def refuse(*given):
        raise RuntimeError("can't start new thread")

    text = f"import numpy as np\n\n\n{RIGHT.format('')}"
    (tmp_path / "01_network.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(remote.Remote, method, refuse)
    examiner = grade.grade(tmp_path, [units.by_name("network.activation")])
    result = examiner.results["network.activation"]
    assert result.status is Status.FAILED and "can't start new thread" in result.feedback


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows set no such limit")
def test_memory_that_would_take_the_machine_is_an_error_of_see_too(together):
    code, _, errors = together("see", "", "np.empty(6 << 30, np.uint8)")
    assert code == 2 and errors.count("\n") == 1 and "01_network.py, line 6: MemoryError" in errors

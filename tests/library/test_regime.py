"""One regime for a student's code: a process of its own with a clock, its own folder, and its prints kept apart."""

import os
import pathlib
import textwrap

import numpy as np
import pytest

from minintk.course import remote, student

ONES = [np.ones(2), 0.1]


@pytest.fixture
def worker():
    """One for each test, which waits long for all that ends at last."""
    worker = remote.Remote()
    worker.seconds = 60.0
    yield worker
    worker.close()


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
    assert failure(worker, f"while True:\n    {say}", 1)[:2] == ("Timeout", "did not return within 1 seconds")
    assert set(worker.printed) == {"."} and len(worker.printed) <= remote.LOG


@pytest.mark.parametrize(
    "words", ["Timeout (0:00:10)!", "Fatal Python error: Segmentation fault", '  File "01_network.py", line 99 in f']
)
def test_no_words_of_the_student_are_taken_for_ours(worker, words):
    told = failure(worker, f"import os, sys\nprint({words!r}, file=sys.stderr)\nos._exit(3)")
    assert told == ("Crash", "ended the process it ran in (exit code 3)", None)
    assert worker.printed == f"{words}\n"


def test_a_crash_in_the_middle_of_a_line_leaves_the_line_as_it_was_printed(worker):
    told = failure(worker, "import ctypes\nprint('so far', end='')\nctypes.string_at(0)")
    assert told[0] == "Crash" and told[2] == 7
    assert worker.printed == "so far"


def test_one_who_stops_our_clock_is_cut_by_the_other_one(worker, monkeypatch):
    monkeypatch.setattr(remote, "GRACE", 0.5)
    body = "import faulthandler\nfaulthandler.cancel_dump_traceback_later()\nwhile True: pass"
    assert failure(worker, body, 0.5)[:2] == ("Timeout", "did not return within 0.5 seconds")


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

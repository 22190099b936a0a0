"""A command on all of a student's functions: it runs once more in a process of its own, which may hang or crash.

There the student's code is on a clock, in a folder of its own, and its prints go apart from ours. What it changes of
the process's state (folder, streams, numpy's errors, warnings) is put back before our own code goes on.
"""

import contextlib
import faulthandler
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import warnings

import numpy as np

from minintk.course import isolate, remote, screen, units

# to run a file through; for one call, whose arguments are an experiment's; and more until the second clock ends all
SECONDS = {"file": 10.0, "call": 100.0, "grace": 5.0}
FOLDER = "MININTK_APART"  # the variable by which the process of its own knows its folder


def apart():
    """Whether this is the process of its own."""
    return FOLDER in os.environ


def run(words):
    """Runs this command line in a process of its own. RuntimeError if it does not come to its end."""
    sys.stdout.flush()
    log = bytearray()
    with tempfile.TemporaryDirectory(prefix="minintk-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        (folder / "home").mkdir()
        (folder / "seconds").write_text(json.dumps(SECONDS))
        process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-m", "minintk", *words],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {FOLDER: name, "MPLBACKEND": "Agg"},
            start_new_session=True,
        )
        listener = threading.Thread(target=remote.listen, args=(process.stderr, log), daemon=True)
        listener.start()
        try:
            code = process.wait()
        finally:
            remote.kill(process)
            process.wait()
            listener.join(5)
        screen.printed(log.decode(errors="replace"))
        if not (folder / "end").exists():
            late, file, line = remote.fault(folder / "faults", [unit["file"] for unit in units.units()])
            late = late or remote.cause(code) == "SIGALRM"
            why = "did not return in time" if late else f"ended the process it ran in ({remote.cause(code)})"
            raise RuntimeError(f"{f'{file}, line {line}' if file else 'your code'} {why}; minintk check tells more")
        if error := (folder / "end").read_text(encoding="utf-8"):
            raise RuntimeError(error)


@contextlib.contextmanager
def ending():
    """The work of the process of its own: when it is done, or stopped by an error, the process says so and ends."""
    isolate.modest(remote.Limits().memory)
    sys.stderr = sys.stdout  # progress bars; what was standard error has the student's prints
    error = ""
    try:
        yield
    except (ValueError, RuntimeError, OSError, MemoryError, ModuleNotFoundError) as stopped:
        error = str(stopped) or type(stopped).__name__
    sys.stdout.flush()
    pathlib.Path(os.environ[FOLDER], "end").write_text(error, encoding="utf-8")
    os._exit(0)  # whatever threads and exit handlers a student left behind


@functools.cache
def _clock():
    """({what: seconds}, the file in which the clock leaves the line)."""
    folder = pathlib.Path(os.environ[FOLDER])
    faults = open(folder / "faults", "wb", buffering=0)
    faulthandler.enable(faults)
    return json.loads((folder / "seconds").read_text()), faults


@contextlib.contextmanager
def theirs(what):
    """While the student's code runs: a "file" or a "call"."""
    here, streams = os.getcwd(), (sys.stdout, sys.stderr)
    if apart():
        seconds, faults = _clock()
        faulthandler.dump_traceback_later(seconds[what], exit=True, file=faults)
        if hasattr(signal, "setitimer"):  # not on Windows; it ends the process of one who stopped the other clock
            signal.setitimer(signal.ITIMER_REAL, seconds[what] + seconds["grace"])
        os.chdir(pathlib.Path(os.environ[FOLDER], "home"))
        sys.stdout = sys.stderr = sys.__stderr__
    try:
        with np.errstate(), np.printoptions(), warnings.catch_warnings():
            yield
    finally:
        if apart():
            faulthandler.cancel_dump_traceback_later()
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout, sys.stderr = streams
        os.chdir(here)


def on_the_clock(function):
    """The function, called by our code as `theirs`; what a student's function calls in its turn is on its clock."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        if _running:
            return function(*args, **kwargs)
        _running.append(function)
        try:
            with theirs("call"):
                return function(*args, **kwargs)
        finally:
            _running.clear()

    return call


_running = []

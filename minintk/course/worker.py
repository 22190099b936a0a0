"""A process of its own, started by course/remote.py: defines a student's function and calls it when asked.

Requests come on standard input and answers go to what was standard output, one frame each. What the student prints
goes to standard error. A call that does not end in time is ended here, by a signal, which works in an endless loop of C
code too, and faulthandler leaves the line in a file of ours. The first frame says that the process is ready and what it
gave up.
"""

import ctypes
import faulthandler
import gc
import importlib
import os
import signal
import sys
import tracemalloc

import numpy as np

from minintk.course import frames, isolate, student, units

FORKS = sys.platform == "linux"  # elsewhere a fork is no safe copy of a process with libraries such as BLAS


def main(faults, memory, seconds, locked):
    """faults: our file; memory: bytes, more is an error in the student's line; locked: for a stranger's code.

    A stranger's function runs in a copy of this process, made for it alone: it gives up its rights, forgets the
    library's answer, and what it breaks is gone with it. It has so many seconds of CPU time for all it does.
    """
    if locked:
        for name in [*(f"minintk.{unit['module']}" for unit in units.units()), "tqdm", "numpy.ma"]:
            importlib.import_module(name)  # and what they import when they need it: later nothing can be read
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # prints must not end up among the answers
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # input() ends at once instead of eating requests
    versions = {"python": sys.version, "numpy": np.__version__}
    if not (locked and FORKS):
        faults = open(faults, "wb", buffering=0)
        defences = isolate.lock(memory, seconds, isolate.landlock()) if locked else isolate.modest(memory)
        _say(answers, {"ready": versions | {"defences": defences}})
        _serve(requests, answers, faults)
    isolate.modest(memory)
    rules = isolate.landlock()
    drawn()  # the first time takes long
    gc.freeze()  # what is here stays: copies share it
    if not os.fork():  # a first copy only finds out what can be given up
        _say(answers, {"ready": versions | {"defences": isolate.lock(memory, seconds, rules)}})
        os._exit(0)
    os.wait()
    while True:
        request = _request(requests)
        if "end" in request:
            _say(answers, {"ok": None, "number": request["number"]})
        elif child := os.fork():
            _, status = os.waitpid(child, 0)
            if os.waitstatus_to_exitcode(status) != ENDED:
                _say(answers, {"dead": os.waitstatus_to_exitcode(status)})
        else:
            stream = open(faults, "wb", buffering=0)  # while it may
            isolate.lock(memory, seconds, rules)
            _serve(requests, answers, stream, request)


ENDED = 77  # exit code of a copy that was told to end


def _serve(requests, answers, faults, request=None):
    """Answers requests, the given one first, until it is told to end, or until there are no more."""
    faulthandler.enable(faults)
    if ALARM:
        faulthandler.register(signal.SIGALRM, faults, chain=True)  # and then the signal ends this process
    function = filename = None
    while True:
        request = request or _request(requests)
        if "end" in request:
            _say(answers, {"ok": None, "number": request["number"]})
            os._exit(ENDED)
        _clock(request["seconds"], faults)
        np.random.random()  # noqa: NPY002  # so that the same seed once more is seen as well
        before = drawn()
        if request.get("traced"):
            tracemalloc.start()
        try:
            if "source" in request:
                filename = request["source"]["filename"]
                withhold(request["source"]["full"])
                function, result = student.define(**request["source"])
            else:
                result = [student.outcome(function, *call, filename) for call in request["calls"]]
            answer = {"ok": result}
        except student.Error as error:
            answer = {"error": [error.kind, error.text, error.line]}
        answer["drawn"] = drawn() != before
        answer["peak"] = tracemalloc.get_traced_memory()[1]  # bytes; 0 if they are not counted
        tracemalloc.stop()
        _clock(0, faults)
        answer["number"] = request["number"]
        _say(answers, answer)
        request = None


ALARM = hasattr(signal, "setitimer")


def _clock(seconds, faults):
    """Ends this process after so many seconds, 0 for never."""
    if ALARM:  # needs no thread, which a stranger's process may not begin
        signal.setitimer(signal.ITIMER_REAL, seconds)
    elif seconds:  # Windows
        faulthandler.dump_traceback_later(seconds, exit=True, file=faults)
    else:
        faulthandler.cancel_dump_traceback_later()


def _request(requests):
    try:
        return frames.read(requests)
    except EOFError:
        os._exit(0)  # no exit handlers, no waiting for threads


def _say(answers, answer):
    try:
        frame = frames.pack(answer)
    except TypeError as error:
        frame = frames.pack({"error": ["TypeError", f"returned {error}", None], "number": answer["number"]})
    except MemoryError:
        told = ["MemoryError", "returned more than fits into memory", None]
        frame = frames.pack({"error": told, "number": answer["number"]})
    answers.write(frame)
    answers.flush()


withheld = []  # module, name and the library's function


def withhold(full):
    """Takes the library's version of a function away, where it might be called, and gives back the one before.

    In a copy of the process there is none before, and nothing keeps what was taken away: it ends here.
    """
    if withheld:
        setattr(*withheld)
    module, name = units.module(units.by_name(full)), full.split(".")[1]
    if not FORKS or os.getpid() == os.getsid(0):  # the process itself, which serves the next function, too
        withheld[:] = module, name, getattr(module, name)

    def refusal(*args, **kwargs):
        raise RuntimeError(f"the library's {full} is not lent to the answer that is graded")

    setattr(module, name, refusal)


def drawn():
    """What changes when numpy's global random numbers are seeded or used: their state, 624 words and a position."""
    return ctypes.string_at(np.random.get_bit_generator().ctypes.state_address, 4 * 625)

"""The parent's side: a student's functions in a process of their own, which may hang, crash or exit without harm."""

import contextlib
import dataclasses
import math
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc

import numpy as np

from minintk.course import frames, student, worker
from minintk.tools import threads

try:
    import pwd
except ModuleNotFoundError:  # Windows
    pwd = None

GRACE = 5.0  # seconds more, in which the worker ends itself and leaves its line
LOG = 100_000  # bytes that are kept of what was printed
LARGEST = 1 << 32  # bytes that a call may say it took


@dataclasses.dataclass(frozen=True)
class Limits:
    """How a worker runs. The defaults are for one's own code; `locked` is for a stranger's, see `isolate`."""

    seconds: float = 10.0  # for one call
    total: float = math.inf  # seconds for everything that is asked of one Remote
    memory: int = 4 << 30  # bytes: more is an error in the student's line, not the end of other programs
    locked: bool = False
    user: str | None = None  # whose rights the process has, for a parent that is root
    wrap: tuple[str, ...] = ()  # the words of a launcher before the command


class Remote:
    """One worker process, started when it is first needed and again after it died. Close it when done."""

    def __init__(self, limits=None):
        self.limits, self.process, self.loaded = limits or Limits(), None, None
        self.seconds, self.left, self.ready = self.limits.seconds, self.limits.total, None
        self.printed = ""  # by the student's functions, of workers that were closed
        self.error = ""  # why no worker could be started, which is no student's fault

    def begin(self):
        """Starts a worker and waits until it is ready; what it told: python, numpy, defences."""
        self.start()
        self._greeted()
        return self.ready

    def load(self, text, filename, full):
        """Makes this function the one that `call` calls. Returns the file's problems, as (line, sentence)."""
        if self.limits.locked and self.process is not None and self.loaded is not None:
            self._end()
        self.loaded = {"text": text, "filename": str(filename), "full": full}
        return self._ask({"source": self.loaded}, self.seconds)["ok"]

    def call(self, args, kwargs):
        """The function's result; student.Error if it raised, died or did not return in time."""
        answer = self._ask({"calls": [[list(args), kwargs]], "traced": tracemalloc.is_tracing()}, self.seconds)
        np.empty(answer["peak"], np.uint8)  # as much memory at once: a test that traces it sees it here
        if answer["drawn"]:
            np.random.random()  # noqa: NPY002  # of the global numbers, so that a test sees it in its own process
        (outcome,) = answer["ok"]
        if "error" in outcome:
            raise student.Error(*outcome["error"])
        return outcome["ok"]

    def outcomes(self, calls, seconds):
        """What all of these calls [args, kwargs] come to, as from `student.outcome`; None if they use global numbers.

        student.Error if the function died or needs more than so many seconds.
        """
        answer = self._ask({"calls": calls}, seconds)
        return None if answer["drawn"] else answer["ok"]

    def rest(self):
        """After a submission: keeps the worker for the next one, where nothing of this one can be left behind."""
        if self.process is not None and self.loaded is not None:
            self._end()
        if self.process is not None and self.loaded is not None:
            landlock = any(name.startswith("Landlock") for name in self.ready["defences"])
            if not (landlock and self._home_is_empty() and self._asked_to_end()):
                self.close()  # among its answers there may be more than its own
        self.loaded, self.left, self.serving = None, self.limits.total, False

    def close(self):
        """Ends the worker and keeps what was printed."""
        if self.process is not None:
            kill(self.process)
            self.process.wait()
            if self.limits.locked:
                sweep(self.folder.name)
            self.listener.join(5)
            self.printed += bytes(self.log).decode(errors="replace").replace(os.linesep, "\n")
            for stream in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):  # a request that could not be sent is still in the stream
                    stream.close()
            self.folder.cleanup()
            self.process = None

    def _ask(self, request, seconds):
        if self.left <= 0:
            raise student.Error("Timeout", f"was not asked: the {self.limits.total:g} seconds for all were over")
        if self.process is None:
            self.start()
        if self.ready is None:
            self._greeted()
        if "calls" in request and not self.serving:  # the worker died at an earlier call
            self._ask({"source": self.loaded}, self.seconds)
        self.late, seconds = False, min(seconds, self.left)
        clock = threading.Timer(seconds + GRACE, self._stop)  # if even the worker's own clock is stuck
        clock.start()
        begun, number = time.monotonic(), secrets.randbelow(2**53)  # which no earlier function can know
        try:
            self.process.stdin.write(frames.pack({"seconds": seconds, "number": number} | request))
            self.process.stdin.flush()
            answer = _checked(frames.read(self.process.stdout), number, request)
        except (EOFError, OSError):
            raise self._obituary() from None
        except ValueError:
            self.close()
            raise student.Error("Crash", "wrote among the answers of the process it ran in") from None
        finally:
            clock.cancel()
            self.left -= time.monotonic() - begun
        if "dead" in answer:  # or a stranger says so
            error = self._obituary(answer["dead"])
            if not (self._childless() and self._alone() and self._asked_to_end()):
                self.close()  # what else is in the stream nobody knows
            self.serving = False
            raise error
        self.serving = True
        if "error" in answer:
            raise student.Error(*answer["error"])
        return answer

    def _end(self):
        """Ends the copy of the worker that served the last function; the worker too, if anything of it may be left."""
        if self._childless() and self.serving and self._asked_to_end():
            self.serving = not self._alone()
        if self.serving or not self._childless():
            self.close()

    def _childless(self):
        """Whether a copy of the worker can leave no process behind."""
        return worker.FORKS and "new processes" in self.ready["defences"]

    def _asked_to_end(self):
        """Whether it answers when it is told to end: the copy, or the worker, which then only waits for another one."""
        with contextlib.suppress(student.Error):
            self._ask({"end": True}, self.seconds)
            return True
        return False

    def _home_is_empty(self):
        try:
            return not any(self.home.iterdir())
        except OSError:  # it was shut
            return False

    def _alone(self):
        """Whether the copy has ended, by what the system says: what it says itself a stranger may have written."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for _ in range(100):
            try:
                if not children.read_text():
                    return True
            except OSError:
                break
            time.sleep(0.002)
        return False

    def start(self):
        """Starts a worker and does not wait for it."""
        self.folder = tempfile.TemporaryDirectory(prefix="minintk-", ignore_cleanup_errors=True)
        self.faults = pathlib.Path(self.folder.name) / "faults"  # a channel of our own, apart from the student's prints
        self.home = home = pathlib.Path(self.folder.name) / "home"
        home.mkdir()
        limits, path = self.limits, [os.path.abspath(place) for place in sys.path if place]
        given = str(self.faults), limits.memory, min(limits.total, 10**6), limits.locked
        code = f"import sys; sys.path[:] = {path!r}; from minintk.course import worker; worker.main(*{given!r})"
        command = [*limits.wrap, sys.executable, "-I", "-B", "-u", "-c", code]  # -u: prints survive death
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=home,
                env=environment(home),
                start_new_session=True,  # so that what it starts ends with it
                **_rights(limits.user, [self.folder.name, home]),
            )
        except OSError as error:
            self.folder.cleanup()
            if limits.user or limits.wrap:
                self.error = f"{limits.user or limits.wrap[0]} cannot run {command[0]} ({error.strerror})"
                raise RuntimeError(self.error) from None
            raise
        self.ready, self.serving = None, False
        self.log = bytearray()
        self.listener = threading.Thread(target=listen, args=(self.process.stderr, self.log), daemon=True)
        self.listener.start()

    def _greeted(self):
        """Waits for the first frame. RuntimeError, which is no student's fault, if it does not come."""
        clock = threading.Timer(60, self._stop)
        clock.start()
        try:
            self.ready = frames.read(self.process.stdout)["ready"]
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            self.close()
            last = self.printed.strip().splitlines()[-1:] or ["it said nothing"]
            self.error = f"the process for a student's functions did not start ({last[0]})"
            raise RuntimeError(self.error) from None
        finally:
            clock.cancel()

    def _stop(self):
        self.late = True
        kill(self.process)

    def _obituary(self, code=None):
        """Why the worker, or with its exit code a copy of it, died, and at which line of the student's file."""
        self.serving, whole = False, code is None
        code = self.process.wait() if whole else code
        late, _, line = fault(self.faults, [pathlib.Path(self.loaded["filename"]).name])
        if whole:
            self.close()
        if self.late or late or cause(code) == "SIGALRM":
            return student.Error("Timeout", f"did not return within {self.seconds:g} seconds", line)
        return student.Error("Crash", f"ended the process it ran in ({cause(code)})", line)


def _checked(answer, number, request):
    """An answer made new in one of worker.py's forms. ValueError if it has another: a stranger may have written it."""
    try:
        if "dead" in answer:
            return {"dead": int(answer["dead"])}
        peak = int(answer.get("peak", 0))
        if answer["number"] != number or not 0 <= peak < LARGEST:
            raise ValueError("no answer to this request")
        checked = {"drawn": bool(answer.get("drawn")), "peak": peak}
        if "error" in answer:
            return checked | {"error": _error(*answer["error"])}
        told = answer["ok"]
        if "calls" in request:
            pairs = zip(request["calls"], told, strict=True)
            told = [{"error": _error(*o["error"])} if "error" in o else {"ok": o["ok"]} for _, o in pairs]
        elif "source" in request:
            told = [(line and int(line), _words(problem)) for line, problem in told]
        return checked | {"ok": told}
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"no answer in one of our forms ({error})") from None


def _error(kind, text, line):
    return _words(kind)[:100], _words(text), line and int(line)


def _words(text):
    """A stranger's text, not too long, and such that it can be written: half a letter of UTF-16 could not."""
    return str(text)[:2000].encode(errors="backslashreplace").decode()


def environment(home):
    """The variables of a worker, made from nothing: no name, key or path of the user's reaches a student's code."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH", "TZ") if name in os.environ}
    own = {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), "TEMP": str(home), "MPLBACKEND": "Agg"}
    return kept | own | dict.fromkeys(threads.NAMES, "1")


def listen(stream, log):
    """Keeps the end of what was printed: a loop that prints may write gigabytes. Closes the stream at its end.

    Nobody else may close it: that waits for a process that got away and holds the other end.
    """
    with stream:
        while chunk := stream.read1(LOG):
            log += chunk
            del log[:-LOG]


def _rights(user, places):
    """What Popen is told to give a process the rights of another user, who gets these folders; for root only."""
    if not user:
        return {}
    try:
        entry = pwd.getpwnam(user)
    except (AttributeError, KeyError):
        raise ValueError(f"there is no user {user!r} on this machine") from None
    for place in places:
        os.chown(place, entry.pw_uid, -1)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def sweep(folder):
    """Ends processes whose home is in this folder: what a stranger's code started in a session of its own (Linux)."""
    for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"HOME={folder}".encode() in place.read_bytes():
                os.kill(int(place.parent.name), signal.SIGKILL)


def kill(process):
    """Ends a process that leads its own session, and all that it started."""
    with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def fault(path, names):
    """(whether time was up, file, line) from what faulthandler wrote: where in these files; None if in none."""
    told = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for file, line in re.findall(r'File "([^"]*)", line (\d+)', told):  # some letters of the path are escaped
        if name := next((name for name in names if file.endswith(name)), None):
            return told.startswith("Timeout ("), name, int(line)
    return told.startswith("Timeout ("), None, None


def cause(code):
    """The end of a process in words; any number, which a stranger may have made up."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"

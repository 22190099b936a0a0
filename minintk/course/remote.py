"""The parent's side: a student's functions in a process of their own, which may hang, crash or exit without harm."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

from minintk.course import frames, student
from minintk.tools import threads

SECONDS = 10.0  # for one call
LOG = 100_000  # bytes of what was printed that are looked at


class Remote:
    """One worker process, started when it is first needed and again after it died. Close it when done."""

    def __init__(self):
        self.seconds, self.process, self.loaded = SECONDS, None, None
        self.folder = os.getcwd()  # for a worker that is started again: the tests run in a folder of their own
        self.printed = ""  # by the student's functions, of workers that were closed

    def load(self, text, filename, full):
        """Makes this function the one that `call` calls. Returns the file's problems, as (line, sentence)."""
        self.loaded = {"text": text, "filename": str(filename), "full": full}
        return self._ask({"source": self.loaded})

    def call(self, args, kwargs):
        """The function's result; student.Error if it raised, died or did not return in time."""
        return self._ask({"call": [list(args), kwargs]})

    def close(self):
        """Ends the worker and keeps what was printed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.printed += re.split(r"^(?:Timeout \(|Fatal Python error)", self._log(), flags=re.MULTILINE)[0]
            for stream in (self.process.stdin, self.process.stdout, self.log):
                with contextlib.suppress(OSError):  # a request that could not be sent is still in the stream
                    stream.close()
            self.process = None

    def _ask(self, request):
        if self.process is None:
            self.start()
            if "call" in request:  # the worker died at an earlier call
                self._ask({"source": self.loaded})
        late = threading.Timer(self.seconds + 5, self.process.kill)  # if even the worker's own clock is stuck
        late.start()
        try:
            self.process.stdin.write(frames.pack({"seconds": self.seconds} | request))
            self.process.stdin.flush()
            answer = frames.read(self.process.stdout)
        except (EOFError, OSError):
            raise self._obituary() from None
        except ValueError:
            self.close()
            raise student.Error("Crash", "wrote among the answers of the process it ran in") from None
        finally:
            late.cancel()
        if "error" in answer:
            raise student.Error(*answer["error"])
        return answer["ok"]

    def start(self):
        """Starts a worker and does not wait for it."""
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-u", "-m", "minintk.course.worker"],  # -u: what it printed survives its death
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=self.folder,
            env=os.environ | {name: "1" for name in threads.NAMES} | {"PYTHONIOENCODING": "utf-8"},
        )

    def _log(self):
        """The end of what the worker wrote to its log: a loop that prints may have written gigabytes."""
        self.log.seek(max(0, self.log.seek(0, os.SEEK_END) - LOG))
        return self.log.read().decode(errors="replace")

    def _obituary(self):
        """Why the worker died, from its log, and at which line of the student's file."""
        code = self.process.wait()
        log, name = self._log(), pathlib.Path(self.loaded["filename"]).name
        lines = re.findall(r'File "([^"]*)", line (\d+)', log)  # in which faulthandler escapes some letters of a path
        line = next((int(number) for file, number in lines if file.endswith(name)), None)
        self.close()
        if "Timeout (" in log:
            return student.Error("Timeout", f"did not return within {self.seconds:g} seconds", line)
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return student.Error("Crash", f"ended the process it ran in ({cause})", line)

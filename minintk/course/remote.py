"""The parent's side: a student's functions in a process of their own, which may hang, crash or exit without harm."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

from minintk.course import frames

SECONDS = 10.0  # for one call


class StudentError(Exception):
    """What went wrong in a student's function: the kind (an exception's name), a sentence, and the line if known."""

    def __init__(self, kind, text, line=None):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text, self.line = kind, text, line


class Remote:
    """One worker process, started when it is first needed and again after it died. Close it when done."""

    def __init__(self, seconds=SECONDS):
        self.seconds, self.process, self.loaded = seconds, None, None
        self.printed = ""  # by the student's functions, of workers that were closed

    def load(self, text, filename, full):
        """Makes this function the one that `call` calls. Returns the file's problems, as (line, sentence)."""
        self.loaded = {"text": text, "filename": str(filename), "full": full}
        answer = self._ask({"source": self.loaded})
        if "error" in answer:
            raise StudentError(*answer["error"])
        return [tuple(problem) for problem in answer["problems"]]

    def call(self, args, kwargs):
        """The function's result; StudentError if it raised, died or did not return in time."""
        answer = self._ask({"call": [list(args), kwargs]})
        if "error" in answer:
            raise StudentError(*answer["error"])
        if answer["changed"]:
            raise StudentError("ValueError", "assignment destination is read-only")
        return answer["ok"]

    def close(self):
        """Ends the worker and keeps what was printed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.log.seek(0)
            log = self.log.read().decode(errors="replace")
            self.printed += re.split(r"^(?:Timeout \(|Fatal Python error)", log, flags=re.MULTILINE)[0]
            for stream in (self.process.stdin, self.process.stdout, self.log):
                stream.close()
            self.process = None

    def _ask(self, request):
        if self.process is None:
            self._start()
        late = threading.Timer(self.seconds + 5, self.process.kill)  # if even the worker's own clock is stuck
        late.start()
        try:
            self.process.stdin.write(frames.pack({"seconds": self.seconds} | request))
            self.process.stdin.flush()
            return frames.read(self.process.stdout)
        except (EOFError, OSError, ValueError):
            raise self._obituary() from None
        finally:
            late.cancel()

    def _start(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-m", "minintk.course.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )

    def _obituary(self):
        """Why the worker died, from its log, and at which line of the student's file."""
        code = self.process.wait()
        self.log.seek(0)
        log = self.log.read().decode(errors="replace")
        lines = re.findall(r'File "([^"]*)", line (\d+)', log)
        line = next((int(number) for file, number in lines if self.loaded and file == self.loaded["filename"]), None)
        self.close()
        if "Timeout (" in log:
            return StudentError("Timeout", f"did not return within {self.seconds:g} seconds", line)
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return StudentError("Crash", f"ended the process it ran in ({cause})", line)

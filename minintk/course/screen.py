"""What is printed and asked. Colours and questions in a terminal only; ASCII where the console needs it."""

import os
import sys

from minintk.course import results, units
from minintk.tools import shell

MARKS = {
    results.Status.PASSED: ("\N{CHECK MARK}", "+", "32"),
    results.Status.FAILED: ("\N{BALLOT X}", "x", "31"),
    results.Status.WAITING: ("\N{HORIZONTAL ELLIPSIS}", ".", "2"),
    results.Status.NOT_RUN: ("\N{HORIZONTAL ELLIPSIS}", ".", "2"),
    results.Status.NOT_CHECKED: ("?", "?", "33"),
    results.Status.NOT_STARTED: ("\N{MIDDLE DOT}", "-", "2"),
}


def mark(status):
    """The sign of a status."""
    sign, plain, code = MARKS[status]
    return paint(sign if _shows(sign) else plain, code)


def paint(text, code):
    """The text in a colour (an ANSI code), if colours are wanted."""
    wanted = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    old = os.name == "nt" and not {"WT_SESSION", "TERM", "ANSICON"} & set(os.environ)  # a console that shows the codes
    return f"\x1b[{code}m{text}\x1b[0m" if wanted and not old else text


def say(text):
    """Prints the text at once, also into a pipe."""
    print(text, flush=True)


def asked(question):
    """What somebody answers in this terminal; None where nobody can, as in a pipe, a file or a notebook."""
    ends = (sys.stdin, sys.stdout, sys.stderr)
    if not all(end is not None and end.isatty() for end in ends) or "JPY_PARENT_PID" in os.environ:
        return None  # in a notebook there is a terminal, at which nobody types
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def printed(text):
    """The end of what a student's functions printed, if they did."""
    if text:
        lines = text[-4000:].rstrip().splitlines()
        say("\n".join(["", "it printed:", *(["..."] if len(lines) > 8 else []), *lines[-8:]]))


def command(folder, *words):
    """A minintk command to be pasted, with the workbook if it has to be named."""
    return shell.join(["minintk", *words, *(["--workbook", folder] if units.elsewhere(folder) else [])])


def read_first(exercise, states):
    """What to read before an exercise of a unit in which nothing is begun; states: as from `progress.state`."""
    unit = units.unit(exercise["full"])
    if all(states[e["full"]][0] is results.Status.NOT_STARTED for e in unit["exercise"]):
        say(f"\nread first: minintk explain {unit['id']}")


def all_done(folder):
    """What to do when there is nothing left to write."""
    run = shell.join(["minintk", "run", "--answers", folder])
    say("\nAll exercises are done. Three open projects are left: minintk explain projects")
    say(f"\nNow the whole experiment, with nothing lent:\n  {run}")


def _shows(sign):
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True

"""Checks what is being written each time a file is saved, by looking at what stands in the files."""

import contextlib
import pathlib
import time

from minintk.course import check, progress, screen, units

PAUSE = 0.25  # seconds between two looks


def watch(folder, once=False):
    """Checks the current exercise, and after every save the first function that was changed, until interrupted.

    If a save changed no function, it checks the current exercise again. A file that cannot be read is told, and one
    that is gone for a while is waited for. once: ends after the first check and returns its exit code.
    """
    seen, texts = None, {}
    while True:
        now = (seen or {}) | _contents(folder)
        if now != seen:
            if seen is not None:
                screen.say("\n" + "-" * 72)
            seen, code = now, 0
            try:
                before, texts = texts, progress.texts(folder)
                changed = [e for e in units.exercises() if before and texts[e["full"]] != before[e["full"]]]
                exercise = next((e for e in changed if texts[e["full"]][1]), progress.current(folder))
                if exercise is None:
                    screen.say("All exercises are done.")
                else:
                    code = check.check(folder, [exercise["full"]])
            except (ValueError, RuntimeError, OSError) as error:
                if once or isinstance(error, BrokenPipeError):
                    raise
                screen.say(f"minintk: {error}")
            if once:
                return code
            screen.say(f"\nwatching {folder}; end with Ctrl-C")
        time.sleep(PAUSE)


def _contents(folder):
    """{file name: (its time, its bytes)} of those that can be read now: two saves may have one time."""
    found = {}
    for unit in units.units():
        with contextlib.suppress(OSError):
            path = pathlib.Path(folder) / unit["file"]
            found[unit["file"]] = path.stat().st_mtime_ns, path.read_bytes()
    return found

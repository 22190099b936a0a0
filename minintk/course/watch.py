"""Checks the current exercise each time a file is saved, by looking at modification times."""

import pathlib
import time

from minintk.course import check, progress, screen, units

PAUSE = 0.25  # seconds between two looks


def watch(folder, once=False):
    """Checks the current exercise now and after every save, until interrupted; if once, only now. The exit code."""
    seen, code = None, 0
    while True:
        now = _times(folder)
        if now != seen:
            exercise = progress.current(folder)
            if exercise is None:
                screen.say("All exercises are done.")
                return 0
            if seen is not None:
                screen.say("\n" + "-" * 72)
            code = check.check(folder, [exercise["full"]])
            if once:
                return code
            screen.say(f"\nwatching {folder}; end with Ctrl-C")
            seen = now
        time.sleep(PAUSE)


def _times(folder):
    paths = [pathlib.Path(folder) / unit["file"] for unit in units.units()]
    return [path.stat().st_mtime_ns if path.exists() else None for path in paths]

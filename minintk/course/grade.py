"""Runs the library's tests on a student's functions, by pytest, without whatever else pytest would bring along."""

import contextlib
import io
import pathlib
import sys

import pytest

from minintk.course import examine, units


def grade(folder, exercises):
    """Grades these exercises of a folder. Returns the Examiner, which has the results and the folder's answers."""
    answers = examine.Folder(folder)
    examiner = examine.Examiner(answers, [e["full"] for e in exercises], pathlib.Path(folder) / ".minintk" / "calls")
    if any(answers.started(e["full"]) for e in exercises):
        answers.remote.start()  # it is ready by the time the tests are collected
        run(examiner)
    return examiner


def run(examiner):
    """Examines the functions of this examiner with the test files of their modules. RuntimeError if it cannot."""
    begun = [full for full in examiner.names if examiner.answers.started(full)] or examiner.names
    files = sorted({f"test_{full.split('.')[0]}.py" for full in begun})
    try:
        code = pytest_run(files, [examiner])
    finally:
        examiner.answers.close()
    if examiner.unasked:
        raise RuntimeError(f"the tests could not be run ({examiner.unasked})")
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"the tests could not be run ({code!r})")


def pytest_run(files, plugins, *words):
    """One silent pytest run over these test files, with the settings of tests/grading.ini alone; its exit code.

    What the user's machine means for other tests must not change marks: no configuration above the tests is read, no
    plugin loads itself, and since pytest runs in the folder of the tests, it never has to take their path apart.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(units.folder("tests"))
        patch.syspath_prepend(units.folder("tests"))  # oracles.py
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
            patch.delenv(name, raising=False)
        if units.installed():
            patch.setattr(sys, "dont_write_bytecode", True)  # pip would not remove what pytest writes beside the tests
        kept = ["--assert=rewrite"] if sys.flags.optimize else []  # python -O would leave the tests' assertions out
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return pytest.main(["-c", "grading.ini", *kept, *words, *files], plugins=plugins)

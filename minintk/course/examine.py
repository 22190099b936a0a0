"""Grades a student's functions with the library's own tests: one function at a time, the library in every other place.

An Examiner is a pytest plugin. It puts a proxy where the library's function stood; the proxy asks the student's
function, keeps what was asked and answered, and hands the answer to the test. If the test fails, the first answer that
differs from the library's is diagnosed. A function that was not begun, or has no file, fails as "not started".
"""

import contextlib
import functools
import inspect
import io
import pathlib
import re
import tracemalloc

import numpy as np
import pytest

from minintk.course import diagnose, frames, mistakes, narrow, probe, remote, results, student, submission, units
from minintk.tools import files


class Local:
    """Asks a function in this process; used for the solutions' mistakes, which we wrote ourselves."""

    def __init__(self, functions):
        self.functions = functions

    def load(self, full):
        self.function = self.functions[full]
        return []

    def call(self, args, kwargs):
        result = student.call(self.function, args, kwargs)
        try:
            return frames.read(io.BytesIO(frames.pack(result)))  # as it would come from another process
        except TypeError as error:
            raise student.Error("TypeError", f"returned {error}") from None

    def started(self, full):
        return full in self.functions

    def close(self):
        pass


class Folder:
    """Asks the functions in a folder of exercise files, in a process of their own."""

    def __init__(self, folder, worker=None):
        self.remote, self.files = worker or remote.Remote(), {}
        for unit in units.units():
            path, text, functions, problems = submission.of_unit(pathlib.Path(folder).resolve(), unit)
            self.files[unit["file"]] = {"path": path, "text": text, "functions": functions, "problems": problems}

    def started(self, full):
        return self._function(full)[1]

    def text(self, full):
        """The function's text in its file."""
        return self._function(full)[0]

    def _function(self, full):
        exercise = units.by_name(full)
        return self.files[exercise["file"]]["functions"][exercise["name"]]

    def problems(self, exercises):
        """What is wrong with the exercises' files as a whole, as (file, line, sentence)."""
        names = dict.fromkeys(exercise["file"] for exercise in exercises)
        return [(name, *problem) for name in names for problem in self.files[name]["problems"]]

    def load(self, full):
        file = self.files[units.by_name(full)["file"]]
        if "fatal" in file:
            raise file["fatal"]
        try:
            file["problems"] = self.remote.load(file["text"], file["path"], full)
        except student.Error as error:
            if error.kind in ("Timeout", "Crash"):
                file["fatal"] = error  # for all its other functions too
            raise
        return file["problems"]

    def call(self, args, kwargs):
        return self.remote.call(args, kwargs)

    def close(self):
        self.remote.close()


class Examiner:
    """The plugin. results: {full name: Result}, filled as the tests run.

    names: of the functions, all if not given; calls: the folder in which a call that failed is kept; first_only: ask
    no more of a function after its first failed row.
    """

    def __init__(self, answers, names=None, calls=None, first_only=False):
        self.answers, self.calls_folder, self.first_only = answers, calls and calls.resolve(), first_only
        self.book = ""  # the workbook as an argument of replay.again, if it has to be named; the tests run elsewhere
        if calls and units.elsewhere(calls.parents[1]):
            self.book = f", {str(self.calls_folder.parents[1])!r}"
        self.names = [e["full"] for e in units.exercises()] if names is None else list(names)
        self.results = {full: results.Result.blank(units.by_name(full)) for full in self.names}
        self.unasked = ""  # the first of the tests that could not be read or prepared, and why
        self.opened = None  # the exercise whose function is loaded
        self.broken = ""  # why it could not be loaded
        self.dead = False  # it is asked no more: it was broken, did not return or ended its process
        self.right = []  # its calls in tests that passed
        self.asked = []  # of it, by its tests: (args, kwargs, what came of it; None if its memory was measured)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        kept = [item for item in items if (mark := _mark(item)) and mark[0] in self.results]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = sorted(kept, key=lambda item: (self.names.index(_mark(item)[0]), _mark(item)[1]))

    def pytest_report_header(self):
        mine = [full.split(".")[1] for full in self.names if self.answers.started(full)]
        return f"answers: yours: {len(mine)} of {len(self.names)}" + (f" - {', '.join(mine)}" if mine else "")

    def pytest_exception_interact(self, call, report):
        if report.when in ("collect", "setup") and not self.unasked:
            self.unasked = f"{report.nodeid}: {call.excinfo.exconly().splitlines()[-1].removeprefix('E ').strip()}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        full, row = _mark(item)
        result = self.results[full]
        state = result.rows[row - 1]
        if not self.answers.started(full):
            pytest.fail(f"{full}: not started", pytrace=False)
        self.open(full)
        if self.broken and row == 1:
            state.status, state.text = results.Status.FAILED, f"{full}: {self.broken}"
            pytest.fail(state.text, pytrace=False)
        failed = [r.status is results.Status.FAILED for r in result.rows]
        if self.dead or (row > 1 and failed[0]) or (self.first_only and any(failed)):
            if state.status is results.Status.NOT_RUN:
                state.status = results.Status.WAITING
            pytest.skip("waits for an earlier row")
        self.calls, self.others = [], None
        try:
            with self._swapped(full):
                outcome = yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            state.status, result.status = results.Status.FAILED, results.Status.FAILED
            self.dead = self.dead or any(call.get("fatal") for call in self.calls)
            state.text = state.text or self._feedback(full, row, item, error)
        else:
            self.right += self.calls
            if state.status is results.Status.NOT_RUN:
                state.status = results.Status.PASSED
            if all(r.status is results.Status.PASSED for r in result.rows):
                result.status = results.Status.PASSED
            return outcome
        pytest.fail(state.text, pytrace=False)  # here, and not above, pytest tells nothing of the error

    def open(self, full):
        """Loads the function once, when its first test comes or before."""
        if self.opened == full:
            return
        self.opened, self.broken, self.dead, self.asked, self.right = full, "", False, [], []
        self.results[full].status = results.Status.FAILED
        try:
            self.results[full].problems = self.answers.load(full)
        except student.Error as error:
            self.broken, self.dead = error.text, True
            if error.kind in ("Timeout", "Crash"):
                place = f"{units.by_name(full)['file']}, line {error.line}: " if error.line else ""
                self.broken = f"{place}the file itself {error.text}"
        except Exception as error:  # of the machine: no process, no thread to be had
            self.broken, self.dead = f"it could not be asked ({type(error).__name__}: {error})", True

    def passed(self, full):
        """Marks all tests of a function as passed."""
        for thing in [self.results[full], *self.results[full].rows]:
            thing.status = results.Status.PASSED

    @contextlib.contextmanager
    def _swapped(self, full):
        exercise = units.by_name(full)
        module = units.module(exercise)
        library = getattr(module, exercise["name"])
        setattr(module, exercise["name"], self._proxy(library))
        try:
            yield
        finally:
            setattr(module, exercise["name"], library)

    def _proxy(self, library):
        def proxy(*args, **kwargs):
            args, kwargs = _frozen([list(args), kwargs])
            call = {"args": args, "kwargs": kwargs, "library": library}
            self.calls.append(call)
            try:
                call["expected"] = library(*args, **kwargs)
            except Exception as error:  # a test may ask for an error
                call["refused"] = error
            try:
                got = self.answers.call(*_frozen([args, kwargs]))
                self.asked.append((args, kwargs, None if tracemalloc.is_tracing() else {"ok": got}))
            except student.Error as error:
                self.asked.append((args, kwargs, {"error": [error.kind, error.text]}))
                if error.kind == "ValueError" and "refused" in call:
                    raise ValueError(error.text) from None
                call["error"], call["fatal"] = error, error.kind in ("Timeout", "Crash")
                raise
            call["got"] = diagnose.normalise(got, call.get("expected"))
            return call["got"]

        return proxy

    def _feedback(self, full, row, item, error):
        exercise = units.by_name(full)
        claim = exercise["rows"][row - 1]
        told = " ".join(units.docstring(item.function).split())
        text = [f"{full}, row {row}: {claim['claim']} ({units.points(claim['points'])})", f"  {told}"]
        for line, problem in self.results[full].problems:
            text.append(f"  {exercise['file']}, line {line}: {problem}")
        known = self._known(exercise)
        call, said = self._mistake(full, exercise.get("free", False), known)
        if call is None:
            said = " ".join(str(error).partition("\nassert ")[0].split())
            text += [f"  {said[:600]}"] if said and not said.startswith("assert ") else []  # a bare one tells nothing
            shown = next((c for c in reversed(self.calls) if "got" in c), None)
            if shown:
                text.append(f"  called     {exercise['name']}({_shown_arguments(shown['args'], shown['kwargs'])})")
                text.append(f"  yours      {_shown(shown['got'])}")
            return "\n".join(text + known)
        text.append(f"  called     {exercise['name']}({_shown_arguments(call['args'], call['kwargs'])})")
        if "error" in call:
            text += [f"  {line}" for line in _told_error(call["error"], exercise["file"])] + known
        else:
            text += [
                f"  yours      {_shown(call['got'])}",
                f"  {error}" if isinstance(call["expected"], str) else f"  expected   {_shown(call['expected'])}",
                f"  {said[0]}",
                *([f"  {said[1]}"] if not known or ("by hand?" not in said[1] and said[1] != diagnose.CLAIMS) else []),
                *known,
            ]
        if self.calls_folder and self._keep(full, call):
            text += ["  again:     from minintk.course import replay"]
            text += [f'             yours, expected = replay.again("{full}"{self.book})']
        return "\n".join(text)

    def _mistake(self, full, free, known):
        """The call that shows the mistake, and the diagnosis; (None, None) if only the test can tell."""
        for call in self.calls:
            if "error" in call:
                return call, None
            if free or "expected" not in call or "got" not in call:
                continue
            first = next((a for a in [*call["args"], *call["kwargs"].values()] if isinstance(a, np.ndarray)), None)
            more = None if known else functools.partial(narrow.question, self._ask, _shown_arguments, call)
            said = diagnose.diagnose(call["got"], call["expected"], first, self._sized, more)
            if said:
                return call, self._ignored(call) or said
        return None, None

    def _known(self, exercise):
        """Lines that say which known mistake answers as the student does; none if none does."""
        told = [call for call in self.calls if "got" in call or "error" in call]
        right = [c for c in told if "got" in c and "expected" in c and diagnose.alike(c["got"], c["expected"])]
        if len(right) == len(told) or any(call.get("fatal") for call in told):
            return []

        def answer(function, call):
            return _answered(call, lambda *asked: _of_mistake(function, frames.pack(asked)))

        passed = [call for call in self.right if "got" in call]
        found = mistakes.known(exercise, told, answer, lambda: [] if exercise.get("free") else self._again(), passed)
        if not found:
            return []
        what, *question = found
        return [f"  It answers as a known mistake does: {what}. Does yours?", *(f"  {line}" for line in question)]

    def _ignored(self, call):
        """Whether the answer is the one for another slope or loss: the argument was taken but not passed on."""
        library = call["library"]
        given = inspect.signature(library).bind(*call["args"], **call["kwargs"]).arguments
        for name, usual in [("slope", 0.0), ("loss", "mse")] if "weights" in given else []:
            if given.get(name, usual) != usual and library(**given | {name: usual}) is not None:
                if diagnose.diagnose(call["got"], library(**given | {name: usual})) is None:
                    return (
                        f"It is right for {name} = {usual!r}, which was not asked.",
                        f"Is {name} passed on everywhere?",
                    )
        return None

    def _again(self):
        """Calls at four other sizes, with the student's answers, once a test; fewer if the library cannot answer."""
        if self.others is None:
            self.others, library = [], self.calls[0]["library"]
            given = mistakes.cases(self.opened)
            for sizes in [{}] * len(given) or probe.SIZES:
                with contextlib.suppress(Exception):
                    kwargs = given[len(self.others)] if given else probe.arguments(library, sizes)
                    bound = inspect.signature(library).bind(**kwargs)  # by place: a student's names may be others
                    call = {"args": _frozen(list(bound.args)), "kwargs": _frozen(bound.kwargs), "sizes": sizes}
                    call["expected"] = library(*call["args"], **call["kwargs"])
                    self.others.append(_answered(call, self._ask))
                    if "error" in self.others[-1] and self.others[-1]["error"].kind in ("Timeout", "Crash"):
                        break  # it would be waited for at each of them
        return self.others

    def _sized(self):
        """[(sizes, yours, expected)] of these, where there is an answer."""
        return [(call["sizes"], call["got"], call["expected"]) for call in self._again() if "got" in call]

    def _ask(self, args, kwargs):
        return self.answers.call(*_frozen([args, kwargs]))

    def _keep(self, full, call):
        """Keeps the call for replay. Whether it could: where nothing may be written the feedback is told without."""
        with contextlib.suppress(OSError):
            self.calls_folder.mkdir(parents=True, exist_ok=True)
            files.write(self.calls_folder / f"{full}.call", frames.pack([call["args"], call["kwargs"]]))
            return True
        return False


def _answered(call, ask):
    """The call with what came of asking it, "got" or "error"."""
    call = {key: item for key, item in call.items() if key not in ("got", "error")}
    try:
        got = ask(call["args"], call["kwargs"])
    except student.Error as error:
        return call | {"error": error}
    return call | {"got": diagnose.normalise(got, call.get("expected"))}


@functools.lru_cache(5000)  # the tests ask the same of everybody
def _of_mistake(function, asked):
    """What a known mistake answers to (args, kwargs) as a frame."""
    answers = Local({"": function})
    answers.load("")
    return answers.call(*frames.read(io.BytesIO(asked)))


def exercise_of(item):
    """The full name of the exercise that a test belongs to."""
    return _mark(item)[0]


def _mark(item):
    marker = item.get_closest_marker("exercise")
    return (marker.args[0], marker.kwargs["row"]) if marker else None


def _frozen(value):
    """A copy of plain data whose arrays are read-only: a function that changes its inputs is found out."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_frozen(item) for item in value)
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


def _told_error(error, file):
    place = f"{file}, line {error.line}: " if error.line else ""
    if "read-only" in error.text:
        return [f"{place}an input was changed in place.", "Work on a copy: the caller still needs its array."]
    if error.kind == "NotImplementedError":
        return [f"{place}raise NotImplementedError is still there.", "Delete that line when the function is written."]
    if error.kind in ("Timeout", "Crash"):
        slow = "Does every loop end? If so, how much work is one turn, and how many are there?"
        question = slow if error.kind == "Timeout" else "What in it can end a process?"
        return [f"{place}it {error.text}.", f"{question} The remaining rows of this function were not asked."]
    of_shapes = re.search("shape|dimension|broadcast|axis|axes|size|index", error.text)
    question = ["What are the shapes there?"] if of_shapes and error.kind in ("ValueError", "IndexError") else []
    return [f"{place}{error}", *question]


def _shown_arguments(args, kwargs):
    parts = [_short(value) for value in args] + [f"{k}={_short(v)}" for k, v in kwargs.items()]
    return ", ".join(parts)


def _short(value):
    """An argument in a few words: small things whole, large ones by their shape."""
    if isinstance(value, np.ndarray):
        small = value.size <= 16
        return np.array2string(value, precision=4, separator=", ").replace("\n", "") if small else f"<{value.shape}>"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_short(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _shown(value):
    """A result, whole if it is small."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":  # beside large entries rounding errors are nothing to look at
            value = np.where(abs(value) < 1e-13 * abs(value[np.isfinite(value)]).max(initial=0), 0, value)
        if value.ndim > 2 and value.size > 40:
            return f"<{value.shape}>"
        text = np.array2string(value, precision=6, separator=", ", threshold=40, edgeitems=2)
        return text.replace("\n", "\n" + " " * 13)
    if isinstance(value, list | tuple):
        return "[" + f",\n{' ' * 13}".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return f"\n{' ' * 13}".join(f"{key}: {_short(item)}" for key, item in value.items())
    return f"{value:.10g}" if isinstance(value, float) else repr(value)

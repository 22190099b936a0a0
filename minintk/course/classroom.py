"""`minintk grade`: the submissions of a class, each graded by the library's tests in a process that is locked in.

What is found of a student is a file in OUT/records, written at once and for good. A second run grades what has changed
only, and everything else in OUT is made from the records: the same submissions give the same bytes.
"""

import concurrent.futures
import contextlib
import hashlib
import itertools
import json
import math
import os
import pathlib
import re
import sys
import tempfile

from tqdm import tqdm

from minintk.course import collect, examine, grade, handback, remote, results, submission, units, verdicts
from minintk.tools import files, pool, version

CHUNK = 25  # submissions that share one collection of the tests, at most


def grade_class(paths, out, chosen=None, limits=None, salt="", jobs=1, executor=None, roster=None, gradescope=None):
    """Grades all submissions in these paths and writes grades.csv, feedback/ and class.html into `out`.

    chosen: numbers of units, all if None; limits: a remote.Limits; salt: other seeds and sizes for the tests that draw
    them; executor: any concurrent.futures.Executor that sees the same files, of processes or of one thread, for the
    library's functions are exchanged while they are graded; roster: a CSV file, everyone in it gets a row; gradescope:
    a file for the results of a single submission. Returns the table for the screen, and the defences in force.
    ValueError or RuntimeError in words for what is the instructor's to mend; nothing in a submission is.
    """
    limits = limits or remote.Limits(total=120, memory=2 << 30, locked=True)
    defences = _tried(limits)
    handed_in = collect.submissions(paths, single=bool(gradescope))
    people = handback.people(roster) if roster else []
    exercises = [e for unit in units.units() if not chosen or unit["id"] in chosen for e in unit["exercise"]]
    out = pathlib.Path(out).resolve()  # the tests run elsewhere
    (out / "records").mkdir(parents=True, exist_ok=True)
    asked = {"version": version.VERSION, "exercises": [e["full"] for e in exercises], "salt": salt}
    asked |= {"seconds": limits.seconds, "total": limits.total, "memory": limits.memory, "defences": defences}
    named = _file_names(handed_in)
    todo = []
    for name, given in handed_in.items():
        path, key = out / "records" / f"{named[name]}.json", _key(given, asked)
        if _read(path).get("key") != key:
            todo.append((name, given.files, given.notes, str(path), key))
    if todo:
        _fair(salt, exercises)
    count = jobs * math.ceil(len(todo) / jobs / CHUNK)  # as many for each process
    chunks = [todo[i::count] for i in range(min(count, len(todo)))]
    workers = contextlib.nullcontext(executor)
    if executor is None and len(chunks) > 1 and jobs > 1:
        workers = pool.own(min(jobs, len(chunks)))
    with workers as running, tqdm(total=len(todo), unit=" submissions", disable=None, delay=1, leave=False) as bar:
        given = asked["exercises"], limits, salt
        if running is None:
            done = (graded(chunk, *given) for chunk in chunks)
        else:
            waiting = {running.submit(graded, chunk, *given) for chunk in chunks}
            done = (future.result() for future in concurrent.futures.as_completed(waiting))
        try:
            for names, error in done:
                if error:
                    raise RuntimeError(error)
                bar.update(len(names))
        except concurrent.futures.BrokenExecutor:
            raise RuntimeError("a process that grades was ended; what it had done is kept, try again") from None
    records = [_read(out / "records" / f"{named[name]}.json") for name in handed_in]
    return handback.write(out, records, named, exercises, asked, people, gradescope), defences


def graded(chunk, names, limits, salt):
    """Grades some submissions and writes their records: (the students, None) or (those until then, why it stopped).

    chunk: [(student, files, notes, path of the record, key)]; names: full names of exercises. Never raises.
    """
    session = _Session(chunk, names, limits, salt)
    modules = dict.fromkeys(full.split(".")[0] for full in names)
    try:
        os.environ["MININTK_SALT"] = salt
        grade.pytest_run([f"test_{module}.py" for module in modules], [session])
    except Exception as error:
        return session.done, f"{type(error).__name__}: {error}"
    finally:
        session.worker.close()
        os.environ.pop("MININTK_SALT", None)
    missing = len(session.done) < len(chunk)
    return session.done, session.error or ("the tests could not be collected" if missing else None)


class _Session:
    """A pytest plugin: one collection of the tests, and a run over them for each submission."""

    def __init__(self, chunk, names, limits, salt):
        self.chunk, self.names, self.salt, self.done, self.error = chunk, names, salt, [], ""
        self.worker = remote.Remote(limits)

    def pytest_runtestloop(self, session):
        for student, contents, notes, path, key in self.chunk:
            with tempfile.TemporaryDirectory(prefix="minintk-") as folder:
                for file, content in contents.items():
                    (pathlib.Path(folder) / file).write_bytes(content)
                try:
                    found = self._graded(session, folder)
                    head = {"key": key, "student": student, "notes": notes, "missing": self._missing(contents)}
                    record = head | found
                    files.write(pathlib.Path(path), json.dumps(record, indent=1, ensure_ascii=False) + "\n")
                except (RuntimeError, OSError) as error:  # no worker, no disk: no student's fault
                    self.error = str(error)
                    return True
            self.done.append(student)
        return True

    def _graded(self, session, folder):
        refused = self._unreadable(folder)
        answers = examine.Folder(folder, self.worker)
        begun = [full for full in self.names if answers.started(full)]
        examiner = examine.Examiner(answers, begun)
        items = list(session.items)
        examiner.pytest_collection_modifyitems(session.config, items)
        session.config.pluginmanager.register(examiner)
        try:
            for full, tests in itertools.groupby(items, key=examine.exercise_of):
                self._examine(session, examiner, full, list(tests))
        finally:
            session.config.pluginmanager.unregister(examiner)
            self.worker.rest()
        found, asked = {}, [units.by_name(full) for full in self.names]
        problems = [f"{name}, line {line}: {told}" for name, line, told in answers.problems(asked)]
        for full in self.names:
            result = examiner.results.get(full) or results.Result.blank(units.by_name(full))
            rows = [{"status": row.status.value, "text": _plain(row.text, folder)} for row in result.rows]
            found[full] = {"status": result.status.value, "points": result.points, "rows": rows}
            found[full]["text"] = answers.text(full)
        return {"results": found, "problems": [_plain(p, folder) for p in [*problems, *refused]]}

    def _examine(self, session, examiner, full, tests):
        """All tests of one function."""
        examiner.open(full)
        if not examiner.broken and verdicts.passes((self.salt, full), self.worker):
            examiner.passed(full)
            return
        for item in tests:
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.worker.error:
                raise RuntimeError(self.worker.error)
        if examiner.results[full].status is results.Status.PASSED:
            verdicts.learn((self.salt, full), examiner.asked)

    def _unreadable(self, folder):
        """Takes away files that are no text; why, in sentences."""
        told = []
        for unit in units.units():
            try:
                submission.of_unit(folder, unit)
            except (ValueError, RecursionError, MemoryError) as error:
                (pathlib.Path(folder) / unit["file"]).unlink()
                told.append(f"{unit['file']}: {error or 'nested too deeply'}")
        return told

    def _missing(self, contents):
        return sorted({units.by_name(full)["file"] for full in self.names} - set(contents))


def _plain(text, folder):
    """A text without the name of a folder that is another one in each run."""
    return re.sub(r"\S*minintk-[a-z0-9_]{8}\S*[/\\]", "", text.replace(f"{folder}{os.sep}", ""))


def _tried(limits):
    """The defences that are in force in a worker, found by starting one. RuntimeError or ValueError if none may."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and limits.user is None:
        raise ValueError("root can grade only with the rights of someone else; expected --user nobody (or root)")
    worker = remote.Remote(limits)
    try:
        return worker.begin()["defences"]
    finally:
        worker.close()


def _fair(salt, exercises):
    """Grades the library first: a check that it fails, by the draws of a salt or on this machine, is no measure."""
    library = {e["full"]: getattr(units.module(e), e["name"]) for e in exercises}
    examiner = examine.Examiner(examine.Local(library), list(library))
    os.environ["MININTK_SALT"] = salt
    try:
        grade.run(examiner)
    finally:
        del os.environ["MININTK_SALT"]
    for full, result in examiner.results.items():
        for i, row in enumerate(result.rows, 1):
            if row.status is results.Status.FAILED:
                told = f"the library itself fails {full}, row {i}"
                if salt:
                    raise ValueError(f"--salt {salt}: {told}, by chance; take another salt")
                raise RuntimeError(f"{told}, on this machine; nobody was graded")


def _key(submission, asked):
    """What a record stands for: these files, graded in this way."""
    told = [submission.name, asked, submission.notes]
    told += [[file, hashlib.sha256(content).hexdigest()] for file, content in sorted(submission.files.items())]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _read(path):
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _file_names(handed_in):
    """{student: a name that any file system takes}, no two alike."""
    taken, named = set(), {}
    for name in handed_in:
        plain = re.sub(r"[^\w @+=,.-]", "_", name)[:100].strip(". ") or "student"
        plain, again = (plain + "_" if plain.upper() in ("CON", "PRN", "AUX", "NUL") else plain), 2
        while plain.lower() in taken:
            plain, again = f"{re.sub('~[0-9]+$', '', plain)}~{again}", again + 1
        taken.add(plain.lower())
        named[name] = plain
    return named


def told(defences):
    """The defences in words for the screen; a warning where there are few."""
    if sys.platform == "win32":
        return "No defences on Windows: use WSL for submissions of strangers."
    landlock = any(name.startswith("Landlock") for name in defences)
    more = "" if landlock else "; no Landlock here: what the grader may read, a submission may read"
    return f"Defences in force: {', '.join(defences) or 'none'}{more}."

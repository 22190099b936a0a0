"""Hostile and broken submissions are graded in one go: each has its row, and costs nobody anything but itself."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import time

import pytest

from minintk.course import classroom, collect, remote, student, units, verdicts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strangers' code is locked in on Linux")
spec = importlib.util.spec_from_file_location("hostile_cases", units.folder("tests") / "hostile" / "cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)
NAMES = [*cases.CASES, *cases.FILES]
LIMITS = remote.Limits(0.4, 8.0, 1 << 30, True, "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else None)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(records by name, the folder, what stood outside before, Landlock or not)."""
    folder = tmp_path_factory.mktemp("class")
    for name in NAMES:
        (folder / "all" / name).mkdir(parents=True)
        if name in cases.CASES:
            (folder / "all" / name / "01_network.py").write_text(
                cases.text(cases.CASES[name]) + "\n\n" + cases.AFTER.get(name, ""), encoding="utf-8"
            )
        else:
            cases.FILES[name](folder / "all" / name)
    (folder / "all" / "right").mkdir()
    (folder / "all" / "right" / "01_network.py").write_bytes((units.folder("solutions") / "01_network.py").read_bytes())
    (folder / "homes").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "GRACE", 0.5)
        patch.setattr(collect, "MOST", 200)
        patch.setattr(verdicts, "SECONDS", 0.1)  # who needs more is asked in the tests
        patch.setattr(tempfile, "tempdir", str(folder / "homes"))
        patch.setenv("MININTK_SECRET", "x")
        table, defences = classroom.grade_class([folder / "all"], folder / "out", [1], LIMITS)
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "out" / "records").iterdir()
    }
    return records, folder, table, any("Landlock" in name for name in defences)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_its_row_and_loses_its_own_points_only(graded, name):
    records, _, table, landlock = graded
    points = {full: result["points"] for full, result in records[name]["results"].items()}
    assert f"\n{name} " in f"\n{table}"
    if not landlock and name in ("reads_the_library", "writes_elsewhere"):
        pytest.skip("there is no Landlock here")
    assert sum(points.values()) == cases.POINTS.get(name, 4), records[name]["results"]["network.gate"]["rows"][0][
        "text"
    ]
    if cases.POINTS.get(name, 4) == 4:
        assert points["network.activation"] == 4


def test_one_that_is_right_is_not_touched_by_them(graded):
    assert sum(result["points"] for result in graded[0]["right"]["results"].values()) == 34


def test_each_has_its_files(graded):
    _, folder, _, _ = graded
    for kind in ("txt", "html"):
        assert {path.stem for path in (folder / "out" / "feedback").glob(f"*.{kind}")} == {*NAMES, "right"}
    assert len((folder / "out" / "grades.csv").read_text().splitlines()) == len(NAMES) + 2


def test_nothing_is_left_running(graded):
    time.sleep(0.1)
    homes = f"HOME={graded[1] / 'homes'}".encode()
    left = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            left += [path] if homes in path.read_bytes() else []
    assert left == [] and list((graded[1] / "homes").iterdir()) == []


def test_nothing_outside_was_written(graded):
    landlock = graded[3]
    assert not any(pathlib.Path(path).exists() for path in ("/tmp/pickled", "/tmp/minintk-slipped.py"))
    assert not pathlib.Path("/tmp/minintk-was-here").exists() or not landlock
    assert not list(graded[1].glob("minintk-slipped*"))


@pytest.mark.parametrize(
    "name, told",
    [
        ("loop", "line 13: it did not return within 0.4 seconds"),
        ("loop_in_c", "line 13: it did not return within"),
        ("segfault", "line 14: it ended the process it ran in (SIGSEGV)"),
        ("exit", "it ended the process it ran in (exit code 0)"),
        ("memory", "MemoryError"),
        ("asks_the_library", "the library's network.gate is not lent"),
        ("pickles", "returned a P, which is not plain data"),
        ("syntax_error", "'(' was never closed"),
    ],
)
def test_the_student_is_told_what_happened(graded, name, told):
    assert told in graded[0][name]["results"]["network.gate"]["rows"][0]["text"]


@pytest.mark.parametrize(
    "name, told",
    [("utf16", "UTF-16"), ("too_long", "longer than 1 MB"), ("zip_bomb", "longer than 1 MB"), ("no_zip", "no zip")],
)
def test_what_could_not_be_read_is_told(graded, name, told):
    record = graded[0][name]
    assert told in " ".join([*record["notes"], *record["problems"]])


@pytest.fixture(scope="module")
def living():
    worker = remote.Remote(LIMITS)
    yield worker
    worker.close()


@pytest.fixture
def worker(living):
    """A locked process of which no other can come: the one of the test before, if it lives."""
    if living.process is None:
        living.begin()
    if not any(name.startswith("Landlock") for name in living.ready["defences"]):
        pytest.skip("there is no Landlock here")
    return living


LEAVES_AN_ANSWER = """import os, sys
from minintk.course import frames, worker
frame = sys._getframe()
while 'answers' not in frame.f_locals:
    frame = frame.f_back
answers, read = frame.f_locals['answers'], frames.read
def stay(stream):
    request = read(stream)
    if 'end' in request:
        worker._say(answers, {'ok': None, 'number': request['number']})
        worker._say(answers, {'ok': [{'ok': 1.0}], 'number': 1})
        os._exit(worker.ENDED)
    return request
frames.read = stay
return h"""


@pytest.mark.parametrize(
    "body, kept",
    [
        ("return h", True),
        ("open('left', 'w')\nreturn h", False),
        (LEAVES_AN_ANSWER, False),
        (cases.CASES["stays_for_the_next_function"], False),
        (cases.CASES["says_that_it_is_dead"], False),
        (cases.CASES["segfault"], True),
    ],
    ids=["right", "leaves a file", "leaves an answer", "stays", "says that it is dead", "dies"],
)
def test_a_process_is_kept_for_the_next_submission_if_nothing_is_left_of_this_one(worker, body, kept):
    process = worker.process
    worker.load(cases.text(body), "01_network.py", "network.gate")
    with contextlib.suppress(student.Error):
        worker.call([[1.0], 0.1], {})
    worker.rest()
    assert (worker.process is process) == kept
    worker.load(cases.text("return h + 1"), "01_network.py", "network.gate")
    assert worker.call([2.0, 0.1], {}) == 3.0


SAYS = """import sys
from minintk.course import worker
frame = sys._getframe()
while 'answers' not in frame.f_locals:
    frame = frame.f_back
worker._say(frame.f_locals['answers'], TOLD)
return h"""


@pytest.mark.parametrize(
    "body",
    [SAYS.replace("TOLD", told) for told in ("{'dead': -999}", "{'dead': 10**30}", "{'number': 1}", "[1]")],
    ids=["an unknown signal", "a huge code", "another number", "a list"],
)
def test_what_a_submission_says_when_all_is_asked_at_once_stops_nobody(worker, monkeypatch, body):
    """Its answers are not those that passed, and no error of any kind reaches the class."""
    monkeypatch.setattr(verdicts, "known", {"key": ([[[1.0, 0.1], {}]], b"", {"none"})})
    worker.load(cases.text(body), "01_network.py", "network.gate")
    assert not verdicts.passes("key", worker)
    worker.rest()


def test_a_home_that_cannot_be_looked_into_is_not_kept(worker, tmp_path):
    worker.load(cases.text("return h"), "01_network.py", "network.gate")
    worker.home = tmp_path / "shut"
    worker.rest()
    assert worker.process is None


def test_where_processes_may_be_begun_none_is_kept(worker):
    """Neither for the next function, which one left behind could answer, nor for the next submission."""
    worker.load(cases.text("return h"), "01_network.py", "network.gate")
    process = worker.process
    worker.ready["defences"].clear()
    worker.load(cases.text("return h"), "01_network.py", "network.gate")
    assert worker.process is not process
    worker.ready["defences"] = [name for name in worker.ready["defences"] if name != "new processes"]
    worker.rest()
    assert worker.process is None


def test_where_files_may_be_left_elsewhere_none_is_kept_for_the_next_submission(worker):
    process = worker.process
    worker.ready["defences"] = [name for name in worker.ready["defences"] if not name.startswith("Landlock")]
    for _ in range(2):
        worker.load(cases.text("return h"), "01_network.py", "network.gate")
    assert worker.process is process  # within one it is
    worker.rest()
    assert worker.process is None


BEGINS = """import os, threading
for begin in (os.fork, threading.Thread(target=print).start):
    try:
        begin()
    except (OSError, RuntimeError):
        continue
    return 0.0
return 1.0"""


def test_neither_a_process_nor_a_thread_is_begun(worker):
    if "new processes" not in worker.ready["defences"]:
        pytest.skip("root may begin processes on this kind of machine")
    worker.load(cases.text(BEGINS), "01_network.py", "network.gate")
    assert worker.call([[1.0], 0.1], {}) == 1.0


def test_nobody_waits_for_a_process_that_got_away(monkeypatch):
    """Where it cannot be found it keeps the stream of prints open; it ends by itself here, after a while."""
    monkeypatch.setattr(remote, "sweep", lambda folder: None)
    away = "import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(20)\n    os._exit(0)\n"
    start = f"{away}os.execv(sys.argv[1], sys.argv[1:])"
    worker, told = remote.Remote(dataclasses.replace(LIMITS, wrap=(sys.executable, "-c", start))), []
    worker.load(cases.text("return h"), "01_network.py", "network.gate")
    monkeypatch.setattr(worker.listener, "join", told.append)
    begun = time.monotonic()
    worker.close()
    assert told == [5] and time.monotonic() - begun < 15

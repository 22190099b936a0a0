"""minintk grade: exports of all kinds are read, everyone has a row, and a second run gives the same bytes."""

import concurrent.futures
import csv
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from minintk import cli, whitening
from minintk.course import classroom, collect, handback, remote, units, verdicts
from minintk.tools import version

USER = "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
LIMITS = remote.Limits(30.0, 120.0, 1 << 30, True, USER)
RIGHT = (units.folder("solutions") / "03_whitening.py").read_text(encoding="utf-8")
WRONG = RIGHT.replace("scale * (V *", "2 * scale * (V *")
WHEEL = f"minintk-{version.VERSION}-py3-none-any.whl"
TOTAL = sum(e["points"] for e in units.units()[2]["exercise"])
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a class is graded on Linux and macOS")


def written(path, text=RIGHT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder of a small class and what was written for it, with a roster."""
    folder = tmp_path_factory.mktemp("class")
    written(folder / "in" / "ada" / "03_whitening.py")
    written(folder / "in" / "bob" / "exercises" / "03_whitening.py", WRONG)
    written(folder / "in" / "copy" / "03_whitening.py", WRONG.replace("scale", "factor"))
    (folder / "in" / "nobody").mkdir()
    written(
        folder / "roster.csv", "student_id,last_name,first_name,email\nbob,Stone,Bob,b@x.org\neve,Doe,=1+1,e@x.org\n"
    )
    told, _ = classroom.grade_class([folder / "in"], folder / "out", [3], LIMITS, roster=folder / "roster.csv")
    return folder, told


tried = functools.cache(classroom._tried)


@pytest.fixture(autouse=True)
def trusted(request, monkeypatch):
    """The library is not graded first again, but where this is the point, nor are the same defences tried again."""
    monkeypatch.setattr(classroom, "_tried", tried)
    if "salt" not in request.node.name and "library_fails" not in request.node.name:
        monkeypatch.setattr(classroom, "_fair", lambda salt, exercises: None)


def test_the_table_has_everyone_first_those_of_the_roster(graded):
    lines = [line.split() for line in graded[1].splitlines()]
    assert [line[0] for line in lines] == ["student", "bob", "eve", "ada", "copy", "nobody"]
    assert lines[3][1] == f"{TOTAL}/{TOTAL}" and lines[4][1:] == lines[1][1:]
    assert "handed in nothing" in graded[1] and lines[5][1:3] == [f"0/{TOTAL}", "2"]


def test_grades_are_in_nbgraders_columns_with_one_for_each_function(graded):
    with open(graded[0] / "out" / "grades.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    head = "assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score"
    names = ["whitening.condition_number", "whitening.whitening_map"]
    assert list(rows[0]) == [*head.split(), "max_score", *names]
    assert [row["student_id"] for row in rows] == ["bob", "eve", "ada", "copy", "nobody"]
    assert rows[0]["last_name"] == "Stone" and rows[1]["first_name"] == "'=1+1"  # no formula for a spreadsheet
    for row in rows:
        assert int(row["score"]) == sum(int(row[name]) for name in names) and row["max_score"] == str(TOTAL)
    assert rows[2]["score"] == str(TOTAL) and 0 < int(rows[0]["score"]) < TOTAL and rows[1]["score"] == "0"


def test_a_student_reads_the_diagnosis_and_the_class_page_what_is_common(graded):
    text = (graded[0] / "out" / "feedback" / "bob.txt").read_text(encoding="utf-8")
    assert text.startswith("minintk ") and "- row 1, 1 point: two samples by hand" in text and "It is 2 times" in text
    assert "public checks" in text and "nan seconds" not in text and str(graded[0]) not in text
    page = (graded[0] / "out" / "class.html").read_text(encoding="utf-8")
    assert "whitening.whitening_map, row 1: two samples by hand" in page and "bob, copy" in page
    assert "the library, ada" in page and "<svg" in page and "http" not in page


def test_a_second_run_asks_nobody_again_and_writes_the_same_bytes(graded, tmp_path, monkeypatch):
    folder, told = tmp_path / "class", graded[1]
    shutil.copytree(graded[0], folder)
    before, asked, real = tree(folder / "out"), [], classroom.graded
    monkeypatch.setattr(
        classroom, "graded", lambda chunk, *rest: (asked.extend(s[0] for s in chunk), real(chunk, *rest))[1]
    )

    def again(out="out"):
        return classroom.grade_class([folder / "in"], folder / out, [3], LIMITS, roster=folder / "roster.csv")[0]

    assert again() == told and asked == [] and tree(folder / "out") == before
    written(folder / "in" / "bob" / "exercises" / "03_whitening.py", WRONG + "\n# again\n")
    again()
    assert asked == ["bob"]
    written(folder / "in" / "bob" / "exercises" / "03_whitening.py", WRONG)
    again("new")
    assert tree(folder / "new") == before


def test_two_processes_or_an_executor_of_ones_own_give_the_same_bytes(graded, tmp_path):
    folder, _ = graded
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        for name, how in (("two", {"jobs": 2}), ("own", {"executor": executor})):
            classroom.grade_class([folder / "in"], tmp_path / name, [3], LIMITS, roster=folder / "roster.csv", **how)
            assert tree(tmp_path / name) == tree(folder / "out")


def test_a_grading_process_that_is_ended_is_told_in_a_line(graded, tmp_path):
    class Broken(concurrent.futures.Executor):
        def submit(self, *call):
            future = concurrent.futures.Future()
            future.set_exception(concurrent.futures.BrokenExecutor("a child died"))
            return future

    with pytest.raises(RuntimeError, match="^a process that grades was ended; what it had done is kept, try again$"):
        classroom.grade_class([graded[0] / "in"], tmp_path, [3], LIMITS, executor=Broken())


def test_the_salt_draws_other_numbers_and_right_answers_pass(graded, tmp_path):
    told, _ = classroom.grade_class([graded[0] / "in"], tmp_path, [3], LIMITS, "a salt")
    assert f"ada{TOTAL:>13}/{TOTAL}" in told.replace(" " * 3, "   ") or f" {TOTAL}/{TOTAL}" in told
    assert "at other seeds and sizes" in (tmp_path / "feedback" / "ada.txt").read_text(encoding="utf-8")
    assert "MININTK_SALT" not in os.environ


def test_nobody_is_graded_by_checks_that_the_library_fails(graded, tmp_path, monkeypatch):
    monkeypatch.setattr(whitening, "condition_number", lambda X: 1.0)
    told = "the library itself fails whitening.condition_number, row 1, "
    with pytest.raises(ValueError, match=f"^--salt x: {told}by chance; take another salt$"):
        classroom.grade_class([graded[0] / "in"], tmp_path, [3], LIMITS, "x")
    with pytest.raises(RuntimeError, match=f"^{told}on this machine; nobody was graded$"):
        classroom.grade_class([graded[0] / "in"], tmp_path, [3], LIMITS)
    assert "MININTK_SALT" not in os.environ and not list((tmp_path / "records").iterdir())


def fields(value, kinds):
    return all(isinstance(value[name], kind) for name, kind in kinds.items())


def test_who_answers_as_somebody_who_passed_is_asked_no_more_and_any_other_is(tmp_path, monkeypatch):
    """Bit for bit: a last digit that is within the tolerance is examined, and passes."""
    monkeypatch.setattr(verdicts, "known", {})
    told, passes = [], verdicts.passes
    monkeypatch.setattr(verdicts, "passes", lambda key, worker: told.append(passes(key, worker)) or told[-1])
    nearly = RIGHT.replace("return", "return (1 + 2**-50) *")
    chunk = []
    for name, text in [("ada", RIGHT), ("bob", RIGHT), ("cy", nearly), ("dee", nearly), ("eve", WRONG), ("fay", WRONG)]:
        chunk.append((name, {"03_whitening.py": text.encode()}, [], str(tmp_path / name), ""))
    names = [exercise["full"] for exercise in units.units()[2]["exercise"]]
    assert classroom.graded(chunk, names, LIMITS, "") == ([student for student, *_ in chunk], None)
    assert told == [False] * 2 + [True] * 2 + [False] * 2 + [True] * 2 + [True, False] * 2
    found = [json.loads((tmp_path / student).read_text(encoding="utf-8"))["results"] for student, *_ in chunk]
    for first, second in [(0, 1), (2, 3), (4, 5)]:
        assert found[first] == found[second]
    points = [sum(result["points"] for result in results.values()) for results in found]
    assert points[0] == points[2] == TOTAL > points[4]


DEEP = functools.reduce(lambda inner, _: [inner], range(10_000), [])  # no frame can hold it


@pytest.mark.parametrize(
    "outcome, twin, same",
    [
        ({"ok": 1.0}, {"ok": 1.0}, True),
        ({"ok": 1.0}, {"ok": 1}, False),
        ({"ok": np.ones(2)}, {"ok": np.ones(2, np.float32)}, False),
        ({"ok": [1.0]}, {"ok": (1.0,)}, False),
        ({"error": ["ValueError", "X is 0", 3]}, {"error": ["ValueError", "X is 0", 7]}, True),
        ({"error": ["ValueError", "X is 0", 3]}, {"error": ["ValueError", "X is 1", 3]}, False),
        ({"error": ["ValueError", "X is 0", 3]}, {"ok": ["ValueError", "X is 0"]}, False),
        (None, {"ok": 1.0}, False),
        ({"ok": 1.0}, {"ok": DEEP}, False),
        ({"ok": DEEP}, {"ok": DEEP}, False),
    ],
)
def test_answers_are_the_same_in_every_bit(monkeypatch, outcome, twin, same):
    class Worker:
        def outcomes(self, calls, seconds):
            assert calls == [[[1.0], {}]]
            return [twin]

    monkeypatch.setattr(verdicts, "known", {})
    verdicts.learn("key", [([1.0], {}, outcome)])
    assert verdicts.passes("key", Worker()) == same


def test_results_for_gradescope_have_its_fields_and_types(graded, tmp_path):
    path = tmp_path / "results.json"
    classroom.grade_class([graded[0] / "in" / "bob"], tmp_path / "out", [3], LIMITS, gradescope=path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert fields(found, {"score": int, "output": str, "tests": list, "extra_data": dict})
    assert found["visibility"] == "visible" and found["output_format"] == "text"
    for test in found["tests"]:
        assert fields(test, {"name": str, "number": str, "score": int, "max_score": int, "output": str})
        assert test["status"] == ("passed" if test["score"] == test["max_score"] else "failed")
        assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
    assert found["score"] == sum(test["score"] for test in found["tests"]) < TOTAL
    assert sum(test["max_score"] for test in found["tests"]) == TOTAL
    with pytest.raises(ValueError, match="^--gradescope is for one submission, given 2$"):
        both = [graded[0] / "in" / "bob", graded[0] / "in" / "ada"]
        classroom.grade_class(both, tmp_path / "all", [3], LIMITS, gradescope=path)


def test_the_autograder_grades_a_submission_in_gradescopes_folders(tmp_path):
    """Laid out as Gradescope does, with the wheel installed from the zip itself."""
    built = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for path in built:
        assert cli.main(["grade", "--autograder", str(path), "--units", "3"]) == 0
    assert built[0].read_bytes() == built[1].read_bytes()
    with zipfile.ZipFile(built[0]) as archive:
        assert sorted(archive.namelist()) == [WHEEL, "run_autograder", "setup.sh"]
        assert all(info.external_attr >> 16 & 0o111 for info in archive.infolist() if info.filename != WHEEL)
        archive.extractall(tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, str(tmp_path / "source" / WHEEL)], check=True, capture_output=True)
    program = tmp_path / "venv" / "bin" / "minintk"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} -m minintk "$@"\n')
    program.chmod(0o755)
    written(tmp_path / "submission" / "work" / "03_whitening.py", WRONG)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"AUTOGRADER": str(tmp_path), "GRADER_USER": USER or "nobody"}
    script = tmp_path / "source" / "run_autograder"
    if USER is None:  # nobody's rights are root's to give
        script.write_text(script.read_text().replace('--user "${GRADER_USER:-nobody}"', ""))
    done = subprocess.run(["bash", script], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))
    assert 0 < found["score"] < TOTAL and len(found["tests"]) == 10
    assert subprocess.run(["bash", "-n", tmp_path / "source" / "setup.sh"]).returncode == 0


def test_what_an_autograder_did_not_finish_is_no_mark(tmp_path):
    cli.main(["grade", "--autograder", str(tmp_path / "a.zip")])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "source")
    environment = os.environ | {"AUTOGRADER": str(tmp_path)}  # where there is no venv
    subprocess.run(["bash", tmp_path / "source" / "run_autograder"], env=environment, capture_output=True)
    found = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))
    assert found == {"score": 0, "output": "the autograder did not finish"}


EXPORTS = {
    "moodle": {"Ada Stone_123_assignsubmission_file/03_whitening.py": "Ada Stone_123"},
    "moodle zip": {"Ada Stone_123_assignsubmission_file_/work.zip": "Ada Stone_123"},
    "canvas": {"stoneada_123_4567_03_whitening.py": "stoneada_123"},
    "canvas late again": {"stoneada_LATE_123_4567_03_whitening-2.py": "stoneada_123"},
    "canvas zip": {"stoneada_123_4567_work.zip": "stoneada_123"},
    "gradescope": {"submission_99/03_whitening.py": "submission_99"},
    "a zip a student": {"ada.zip": "ada"},
    "deeper": {"ada/minintk/exercises/03_whitening.py": "ada"},
    "renamed": {"ada/ada-03_whitening (1).py": "ada"},
    "a file a student": {"ada_03_whitening.py": "ada"},
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("files", EXPORTS.values(), ids=EXPORTS)
def test_exports_are_read_as_platforms_make_them(tmp_path, files, packed):
    for path in files:
        if path.endswith(".zip"):
            (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(tmp_path / "in" / path, "w") as archive:
                archive.writestr("work/03_whitening.py", RIGHT)
                archive.writestr("__MACOSX/._03_whitening.py", "x")
        else:
            written(tmp_path / "in" / path)
    place = tmp_path / "in"
    if packed:
        place = shutil.make_archive(tmp_path / "export", "zip", place)
    found = collect.submissions([place])
    assert list(found) == list(files.values())
    assert {name: one.files for name, one in found.items()} == {
        name: {"03_whitening.py": RIGHT.encode()} for name in files.values()
    }


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the name of a file is always text")
def test_a_name_of_bytes_that_are_no_letters_can_be_written(tmp_path):
    for place in (b"M\xfcller/01_network.py", b"ada/01_network.py", b"ada/\xfc/01_network.py"):
        path = os.path.join(os.fsencode(tmp_path), place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(b"x = 1")
    found = collect.submissions([tmp_path])
    assert list(found) == ["M\ufffdller", "ada"] and found["M\ufffdller"].files == {"01_network.py": b"x = 1"}
    assert "".join([*found, *found["ada"].notes]).encode() and found["ada"].notes


def test_of_too_many_files_the_first_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "MOST", 3)
    for name in ("ada/01_network.py", "ada/1.txt", "ada/2.txt", "ada/z/03_whitening.py", "bob/z/03_whitening.py"):
        written(tmp_path / name)
    found = collect.submissions([tmp_path])
    assert [list(one.files) for one in found.values()] == [["01_network.py"], ["03_whitening.py"]]


def test_a_folder_of_ones_own_files_is_one_submission_and_the_latest_file_counts(tmp_path):
    written(tmp_path / "ada" / "03_whitening.py", "old")
    written(tmp_path / "ada" / "03_whitening-1.py", "new")
    written(tmp_path / "ada" / "backup" / "03_whitening-7.py", "older")
    found = collect.submissions([tmp_path / "ada"])
    assert list(found) == ["ada"] and found["ada"].files == {"03_whitening.py": b"new"} and len(found["ada"].notes) == 2


@pytest.mark.parametrize(
    "words, told",
    [
        (["nowhere"], "nowhere is not there; expected a folder or a zip"),
        (["empty"], "no submissions; expected"),
        (["in", "--units", "9"], "--units 9: expected numbers from 1 to 8"),
        (["in", "--seconds", "0"], "expected numbers above 0"),
        (["in", "--roster", "in/ada/03_whitening.py"], "expected a line of names with student_id"),
        (["in", "--user", "no-such-user"], "there is no user 'no-such-user'"),
    ],
)
def test_an_instructors_mistake_is_one_line(tmp_path, monkeypatch, capsys, words, told):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in" / "ada" / "03_whitening.py")
    (tmp_path / "empty").mkdir()
    user = ["--user", USER] if USER and "--user" not in words else []
    assert cli.main(["grade", *words, *user]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


@pytest.mark.skipif(USER is None, reason="only root has to name someone")
def test_root_has_to_name_whose_rights_a_submission_gets(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in" / "ada" / "03_whitening.py")
    assert cli.main(["grade", "in"]) == 2 and "expected --user nobody" in capsys.readouterr().err


def test_a_worker_that_does_not_start_is_the_instructors_to_mend(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in" / "ada" / "03_whitening.py")
    user = ["--user", USER] if USER else []
    assert cli.main(["grade", "in", *user, "--wrap", "false"]) == 2
    assert "did not start" in capsys.readouterr().err and not list(tmp_path.glob("grades/*.csv"))


def test_the_command_prints_the_table_and_writes_where_it_is_told(tmp_path, monkeypatch, capsys):
    """Both paths as a user gives them, from the folder in which the user stands."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in" / "ada" / "03_whitening.py")
    words = ["grade", "in", "--out", "here", "--units", "3", "--jobs", "1", *(["--user", USER] if USER else [])]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert f"{TOTAL}/{TOTAL}" in told and "Defences in force: " in told
    assert told.endswith("here: grades.csv, feedback, class.html\n")
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"class.html", "feedback", "grades.csv", "records"}


def test_a_full_disk_is_the_instructors_to_mend(graded, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError("the disk is full")

    monkeypatch.setattr(classroom.files, "write", full)
    with pytest.raises(RuntimeError, match="^the disk is full$"):
        classroom.grade_class([graded[0] / "in"], tmp_path, [3], LIMITS)


def test_killed_again_and_again_it_goes_on_where_it_was(tmp_path):
    for i in range(4):
        written(tmp_path / "in" / f"s{i:02}" / "03_whitening.py", RIGHT + f"\n# {i}\n")
    words = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--units", "3", "--jobs", "1"]
    words += ["--user", USER] if USER else []
    package = os.pathsep.join(filter(None, [str(units.PACKAGE.parent), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "minintk", *words]
    environment = os.environ | {"PYTHONPATH": package}
    records, kept = tmp_path / "out" / "records", 0
    for _ in range(2):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(list(records.glob("*.json"))) <= kept and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        found = [json.loads(path.read_text(encoding="utf-8")) for path in records.glob("*.json")]
        assert len(found) > kept and all(record["results"] for record in found)  # whole ones, and no fewer
        kept = len(found)
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and done.stdout.count(f"{TOTAL}/{TOTAL}") == 4


def test_the_readmes_workflow_grades_a_step_a_unit(tmp_path):
    """Each command ends well on finished exercises and promises the unit's points; on stubs it ends badly."""
    text = (
        (units.PACKAGE.parent / "README.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    )
    commands = re.findall(r"command: (minintk check (\d) [^,]*), timeout: \d+, max-score: (\d+)}", text)
    ids = re.findall(r"- id: (\w+)", text)
    assert [int(unit) for _, unit, _ in commands] == [1, 3] and "runners: " + f'"{",".join(ids)}"' in text
    assert all(f"{name.upper()}_RESULTS: " in text and f"steps.{name}.outputs.result" in text for name in ids)
    program = tmp_path / "bin" / "minintk"
    package = os.pathsep.join(filter(None, [str(units.PACKAGE.parent), os.environ.get("PYTHONPATH")]))
    written(program, f'#!/bin/sh\nPYTHONPATH={package} exec {sys.executable} -m minintk "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    for folder, code, asked in (("solutions", 0, commands), ("exercises", 1, commands[:1])):
        shutil.copytree(units.folder(folder), tmp_path / folder / "exercises")
        for command, unit, points in asked:
            assert int(points) == sum(e["points"] for e in units.units()[int(unit) - 1]["exercise"])
            done = subprocess.run(["bash", "-c", command], cwd=tmp_path / folder, env=environment, capture_output=True)
            assert done.returncode == code


def test_people_are_found_by_id_mail_or_name():
    ada = {"student_id": "123", "first_name": "Ada", "last_name": "Stone", "email": "ada@x.org"}
    for name in ("123", "Ada Stone_123", "stoneada_123", "ada@x.org", "AdaStone", "Stone, Ada"):
        assert handback._is(ada, name)
    for name in ("1234", "Ada Stones", "ada"):
        assert not handback._is(ada, name)

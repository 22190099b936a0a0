"""The student's commands, through the command line: what they print, what they keep, and their exit codes."""

import contextlib
import inspect
import io
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

from minintk import cli, network, training
from minintk.course import frames, grade, help, progress, regime, remote, replay, swap, units, watch, workbook
from minintk.course.results import Status

HEAD = "import numpy as np\n\nfrom minintk import network\n\n\n"
RIGHT = "def activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n"
WRONG = "def activation(z, slope):\n    return z * slope\n"
STUB = 'def activation(z, slope):\n    raise NotImplementedError("network.activation")\n'
RIGHT_GATE = "\n\ndef gate(h, slope):\n    return np.where(h > 0, 1, slope).astype(h.dtype)\n"
TOTAL = sum(exercise["points"] for exercise in units.units()[0]["exercise"])  # of unit 1
NAMES = [exercise["name"] for exercise in units.exercises()]
WRONG_GATE = "\n\ndef gate(h, slope):\n    return h\n"


@pytest.fixture
def run(capsys):
    """Runs a command: its exit code and what it printed; errors have one line and print nothing else."""

    def run(*words):
        capsys.readouterr()
        code = cli.main(list(words))
        out, err = capsys.readouterr()
        assert code == 2 or not err
        if code == 2:
            assert not out and err.startswith("minintk: ") and err.count("\n") == 1, out + err
        return code, out + err

    return run


@pytest.fixture
def quick(monkeypatch):
    """Grading at a glance, without tests and processes: for what a command makes of the results."""

    def look(examiner):
        for full, result in examiner.results.items():
            if examiner.answers.started(full):
                wrong = re.search(r"return (z \* slope|2 \* h|h)$", examiner.answers.text(full))
                result.status = Status.FAILED if wrong else Status.PASSED
                for row in result.rows:
                    row.status = Status.WAITING if wrong else Status.PASSED
                if wrong:
                    result.rows[0].status, result.rows[0].text = Status.FAILED, f"{full}, row 1: why"

    monkeypatch.setattr(grade, "run", look)
    monkeypatch.setattr(remote.Remote, "start", lambda self: None)


def write(book, text):
    """The student's 01_network.py; the file's time always moves."""
    (book / "01_network.py").write_text(HEAD + text, encoding="utf-8")


def write_library(book):
    shutil.copy(network.__file__, book / "01_network.py")  # which is a finished 01_network.py


def content(book):
    return (book / "01_network.py").read_text(encoding="utf-8")


def first_line(run):
    """Of the state: points and marks of unit 1."""
    return run()[1].splitlines()[0]


@pytest.fixture
def all_passed(monkeypatch):
    states = {exercise["full"]: (Status.PASSED, exercise["points"]) for exercise in units.exercises()}
    monkeypatch.setattr(progress, "state", lambda folder: states)


def test_init_makes_a_workbook_with_the_folders_above_and_touches_no_other_file(tmp_path, run):
    folder = tmp_path / "a" / "b"
    code, out = run("init", str(folder))
    assert code == 0 and out.endswith("minintk\n") and str(folder) in out
    names = {unit[key] for unit in units.units() for key in ("file", "chapter")}
    assert {path.name for path in folder.iterdir()} == names | {"README.md", units.PROJECTS["chapter"], units.PICTURE}
    assert (folder / "02_kernel.md").read_text(encoding="utf-8") == units.chapter(units.unit("kernel"))
    assert all((folder / name).read_bytes() == text.encode() for name, text in workbook.texts().items())
    before = {path: path.read_bytes() for path in folder.iterdir()}
    code, out = run("init", str(folder))
    assert code == 2 and "01_network.py" in out
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    readme = tmp_path / "README.md"
    readme.write_text("mine")
    assert run("init", str(tmp_path))[0] == 0 and readme.read_text() == "mine"
    assert (tmp_path / "01_network.py").exists()


def test_without_words_it_says_where_you_are_and_what_is_next(book, run):
    code, out = run()
    lines = out.splitlines()
    assert code == 0
    assert [line[0] for line in lines[: len(units.units())]] == [str(unit["id"]) for unit in units.units()]
    assert "0 of" in lines[0] and "next: activation in exercises/01_network.py".replace("/", os.sep) in out
    assert "  minintk check activation" in out
    assert run("status") == (code, out)


def test_without_a_workbook_each_command_says_how_to_begin(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    code, out = run()
    assert code == 0 and "minintk init" in out
    for words in (["check"], ["watch", "--once"], ["hint", "ntk"], ["reset", "ntk"], ["diff", "ntk"]):
        code, out = run(*words)
        assert code == 2 and "minintk init" in out
    assert run("--workbook", "nowhere", "status")[0] == 2
    with pytest.raises(ValueError, match="no exercise files"), swap.swapped(tmp_path):
        pass  # not the library's success


def test_a_workbook_is_found_here_too(book, run, monkeypatch):
    monkeypatch.chdir(book)
    assert "next: activation in 01_network.py" in run()[1]
    monkeypatch.chdir("/")
    assert run("--workbook", str(book), "status")[0] == 0


def test_points_and_marks_follow_what_was_checked(book, run, quick):
    write(book, RIGHT + WRONG_GATE)
    assert first_line(run).endswith(f"0 of {TOTAL}   ??····")
    run("check", "1")
    assert first_line(run).endswith(f"4 of {TOTAL}   ✓✗····") and "next: gate" in run()[1]
    write(book, RIGHT + WRONG_GATE.replace("h\n", "2 * h\n"))
    assert first_line(run).endswith(f"4 of {TOTAL}   ✓?····")
    write(book, RIGHT + RIGHT_GATE)
    run("check", "gate")
    assert first_line(run).endswith(f"8 of {TOTAL}   ✓✓····")


def test_check_of_an_untouched_exercise_is_no_failure(book, run):
    code, out = run("check", "activation")
    assert code == 0 and "0/4 points" in out and "not started" in out and "✓" not in out
    code, out = run("check")
    assert code == 0 and out.count("not started") == len(units.exercises()) and "\n0 of " in out


def test_check_of_a_wrong_function_shows_rows_mistake_and_the_next_command_and_it_can_be_repeated(book, run):
    write(book, WRONG)
    code, out = run("check", "activation")
    assert code == 1
    assert "network.activation  0/4 points" in out
    assert "  ✗ row 1, 1 point: " in out and out.count("(waits for an earlier row)") == 3
    assert "yours      [-0.2,  0.3]" in out and "expected   [-0.2,  3. ]" in out
    assert "1 of 2 entries is wrong; the worst entry is [1]: yours 0.3, expected 3." in out
    assert out.endswith("  minintk check activation      (stuck? minintk hint activation)\n")
    yours, expected = replay.again("network.activation")
    assert yours.tolist() == pytest.approx([-0.2, 0.3]) and expected.tolist() == pytest.approx([-0.2, 3])
    write(book, RIGHT)
    yours, expected = replay.again("activation", folder=book)
    assert yours.tolist() == expected.tolist() == pytest.approx([-0.2, 3])
    write(book, "def activation(z, slope:\n    return z\n")
    with pytest.raises(ValueError, match="activation could not be defined; 01_network.py, line 6: SyntaxError"):
        replay.again("network.activation", book)


def test_check_of_a_right_function_shows_what_it_printed_and_the_next_one(book, run, monkeypatch):
    """Also in a file with Windows's mark and line ends and an odd letter, and with settings for other tests."""
    settings = {"PYTEST_ADDOPTS": "-k nothing --nonsense", "PYTEST_PLUGINS": "none"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    search, folder = list(sys.path), os.getcwd()
    text = HEAD + "# M\xfcller\n" + RIGHT.replace("    return", "    print('z is', z.shape)\n    return")
    (book / "01_network.py").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode("latin-1"))
    before = (book / "01_network.py").read_bytes()
    code, out = run("check", "activation")
    assert code == 0 and "4/4 points" in out and out.count("✓") == 4
    assert "it printed:\n...\nz is" in out and out.count("z is") == 8
    assert "next: gate in" in out and out.endswith("  minintk check gate\n")
    why = units.by_name("network.activation")["why"]
    assert f"\n\n{why}\n  read: minintk solution activation\n" in out
    assert settings.items() <= os.environ.items() and (sys.path, os.getcwd()) == (search, folder)
    assert first_line(run).endswith(f"4 of {TOTAL}   ✓·····")
    assert run("reset", "activation")[0] == 0
    text = (book / "01_network.py").read_bytes()
    assert b"def activation" in text and b"np.where" not in text and b"# M\xfcller\r\n" in text
    assert [path.read_bytes() for path in (book / ".minintk" / "backup").iterdir()] == [before]
    assert run("check", "activation")[1].count("not started") == 1


@pytest.mark.parametrize(
    "word, passed, told",
    [
        ("early_residual", ["early_residual"], "early_modes"),
        ("early_residual", ["early_residual", "early_modes"], "sequential_mode_times"),
        ("early_residual", [], "early_residual"),
        ("7", [], "early_residual"),
        ("7", ["early_residual", "kernel_clock", "activation"], "early_modes"),
        (NAMES[-1], [NAMES[-1], "activation"], "gate"),  # after the last the first
        ("gate", NAMES[1:], "activation"),
    ],
)
def test_the_next_one_is_the_next_that_is_not_passed(book, run, quick, monkeypatch, word, passed, told):
    """Whoever begins with a later unit goes on there; the state screen still names the first that is missing."""
    states = {e["full"]: (Status.PASSED if e["name"] in passed else Status.NOT_STARTED, 0) for e in units.exercises()}
    monkeypatch.setattr(progress, "state", lambda folder: states)
    assert run("check", word)[1].split("\nnext: ")[1].removeprefix("write ").split()[0] == told
    first = next(name for name in NAMES if name not in passed)
    assert f"\nnext: {first} in " in run("status")[1]


def test_check_of_a_unit_has_a_line_for_each_exercise_and_shows_the_first_failure(book, run, quick):
    write(book, RIGHT + WRONG_GATE)
    code, out = run("check", "1")
    assert code == 1 and out.count("not started") == 4
    assert "  ✓ activation              4/4\n" in out and "  ✗ gate                    0/4  row 1\n" in out
    assert f"\n4 of {TOTAL} points\n" in out
    assert "network.gate, row 1" in out and "next: mend gate in" in out
    write(book, WRONG + WRONG_GATE)
    code, out = run("check")
    assert code == 1 and out.count("✗") == 2
    assert "network.activation, row 1" in out and "network.gate, row 1" not in out


def test_a_unit_has_many_names_an_exercise_is_known_by_its_tail_and_counts_once(book, run, quick):
    for word in ("1", "01", "network", "01_network", "01_network.py", "exercises/01_network.py"):
        assert units.find(word) == units.units()[0]["exercise"]
    for word in ("activation", "network.activation", "ctivation"):
        assert [exercise["full"] for exercise in units.find(word)] == ["network.activation"]
    write(book, RIGHT)
    assert f"\n4 of {TOTAL} points\n" in run("check", "1", "gate", "activation", "1")[1]
    assert run("check", "gate", "gate")[1].startswith("network.gate  0/4 points")


@pytest.mark.parametrize(
    "word, hint",
    [
        ("forwards", "did you mean forward"),
        ("n", "is not one exercise"),
        ("", "is not one exercise"),
        ("xyzzy", "expected a unit"),
        ("9", "is no exercise"),
    ],
)
def test_a_name_that_is_unknown_or_not_unique_or_a_whole_unit_is_one_line_and_2(book, run, word, hint):
    for command in ("check", "hint", "solution", "diff", "reset"):
        code, out = run(command, word)
        assert code == 2 and hint in out
    for command in ("hint", "solution", "diff"):
        code, out = run(command, "1")
        assert code == 2 and "'1' is a whole unit; name one exercise: activation, gate" in out


def test_a_finished_unit_points_to_its_figure(book, run, quick):
    write_library(book)
    code, out = run("check", "1")
    assert code == 0 and f"{TOTAL} of {TOTAL} points" in out and "minintk see 1" in out
    assert "next: gradient_factors" in out
    assert "minintk see" not in run("check", "2")[1]
    assert "next: gradient_factors" in run("check")[1]


def test_a_syntax_error_is_shown_with_file_and_line_and_the_rest_is_graded(book, run):
    write(book, RIGHT + "\n\ndef gate(h, slope:\n    return h\n")
    code, out = run("check", "activation", "gate")
    assert code == 1
    assert out.count("01_network.py, line 10: SyntaxError: ") == 1
    assert "✓ activation" in out and "✗ gate" in out
    assert first_line(run).endswith(f"4 of {TOTAL}   ✓✗····")


def test_a_workbook_that_cannot_be_read_is_one_line_and_2(book, run):
    (book / "01_network.py").unlink()
    (book / "01_network.py").mkdir()
    for words in (["check", "activation"], ["status"], ["reset", "activation"]):
        code, out = run(*words)
        assert code == 2 and "01_network.py" in out


DAMAGED = [
    "", "{", "[]", "3", "null", '"x"', "{}", '{"exercises": 1, "hints": 2}', '{"exercises": {}, "hints": []}',
    '{"exercises": [], "hints": {}}', '{"exercises": {"network.activation": 7}, "hints": {}}',
    '{"exercises": {"network.activation": {}}, "hints": {}}', '{"exercises": {}, "hints": {"network.activation": "x"}}',
    '{"exercises": {"network.activation": null}, "hints": {"network.activation": null}}', "\x00\x01", "[" * 5000,
    '{"exercises": {}, "hints": {"kernel.ntk": 1e400}}', "\xff\xfe\x00",
    '{"exercises": {"network.activation": {"status": "done", "points": 4, "text": ""}}, "hints": {}}',
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_progress_is_begun_anew(book, run, text):
    write(book, RIGHT)
    (book / ".minintk").mkdir()
    (book / ".minintk" / "progress.json").write_text(text, encoding="latin-1")  # which need not be UTF-8
    code, out = run()
    assert code == 0 and f"0 of {TOTAL}   ?·····" in out
    assert "hint 1 of" in run("hint", "activation")[1]
    assert json.loads((book / ".minintk" / "progress.json").read_text())["hints"] == {"network.activation": 1}


def test_a_file_saved_while_it_is_checked_is_not_passed(book, run, quick, monkeypatch):
    write(book, RIGHT)
    run_tests = grade.run
    monkeypatch.setattr(grade, "run", lambda examiner: (run_tests(examiner), write(book, WRONG)))
    run("check", "activation")
    assert progress.state(book)["network.activation"] == ("not checked", 0)


def test_hints_come_one_after_the_other_or_by_number(book, run):
    hints = units.hints(units.by_name("network.gate"))
    for number, told in ((1, "1 of 3"), (2, "2 of 3"), (3, "3 of 3"), (3, "3 of 3, the last one, once more")):
        code, out = run("hint", "gate")
        assert code == 0 and out.startswith(f"network.gate, hint {told}:\n")
        assert " ".join(hints[number - 1].split()) in " ".join(out.split())
        assert out.endswith("more: minintk hint gate\n" if number < 3 else "more: minintk solution gate\n")
    assert "hint 2 of 3" in run("hint", "forward", "-n", "2")[1]
    assert "hint 1 of 3" in run("hint", "forward", "-n", "1")[1]
    assert "hint 3 of 3" in run("hint", "forward")[1]  # the one after the farthest
    for number in ("0", "4", "-1"):
        code, out = run("hint", "gate", "-n", number)
        assert code == 2 and "hints 1 to 3" in out


def test_every_solution_can_be_shown(book, run, all_passed):
    for exercise in units.exercises():
        code, out = run("solution", exercise["full"])
        assert code == 0 and inspect.getsource(getattr(units.module(exercise), exercise["name"])).rstrip() in out
        assert len(out.split(f"def {exercise['name']}(")[0].strip()) > 100


def test_a_derivation_is_the_part_under_the_name():
    first, second = "## first\n\nOne.\n\n### A detail\n\n    x = 1", "## second\n\nTwo, as in\n\n    ## first"
    text = f"# Unit 1\n\nAt first.\n\n## first of all\n\nNone.\n\n{first}\n\n{second}\n\n## third\n\nThree.\n"
    assert help.derivation(text, "first") == first
    assert help.derivation(text, "second") == second


def test_the_difference_is_shown_only_after_passing(book, run, quick):
    write(book, RIGHT)
    code, out = run("diff", "activation")
    assert code == 2 and "has not passed yet" in out
    run("check", "activation")
    code, out = run("diff", "activation")
    assert code == 0 and "+    return np.where(z > 0, z, slope * z)" in out and "\n-    return np.maximum" in out
    write(book, WRONG)
    assert run("diff", "activation")[0] == 2
    write_library(book)
    run("check", "gate")
    assert run("diff", "gate") == (0, "Yours is the library's, to the letter.\n")


def backups(book):
    return sorted(path.read_text(encoding="utf-8") for path in (book / ".minintk" / "backup").iterdir())


def test_reset_puts_the_stub_back_and_keeps_the_file(book, run):
    stubs = content(book)
    assert run("reset", "gate") == (0, "gate is untouched.\n")
    assert content(book) == stubs and not (book / ".minintk").exists()
    mine = stubs.replace('raise NotImplementedError("network.gate")', "return 1")
    (book / "01_network.py").write_text(mine, encoding="utf-8")
    code, out = run("reset", "gate")
    assert code == 0 and "gate is a stub again" in out and "backup" in out
    assert content(book) == stubs and backups(book) == [mine]


def test_reset_of_a_unit_keeps_the_file_as_it_was_before(book, run):
    stub_file = content(book)
    write_library(book)
    mine = content(book)
    code, out = run("reset", "1")
    assert code == 0 and out.count("is a stub again") == 6
    assert backups(book) == [mine]
    for exercise in units.units()[0]["exercise"]:
        line = f'    raise NotImplementedError("{exercise["full"]}")\n'
        assert line in content(book) and stub_file.split(line)[0].rsplit("\n\n\n", 1)[1] in content(book)


def test_every_reset_keeps_its_own_backup(book, run):
    versions = [RIGHT, WRONG, "def activation(z, slope):\n    return 3\n"]
    for version in versions:
        write(book, version)
        run("reset", "activation")
    assert backups(book) == sorted(HEAD + version for version in versions)


@pytest.mark.parametrize(
    "broken", ["def gate(h, slope:\n    return h\n", 'def gate(h, slope):\n    """Half\n    return h\n']
)
def test_reset_mends_a_function_that_does_not_parse(book, run, broken):
    write(book, f"{RIGHT}\n\n@np.vectorize\n{broken}\n\n{STUB.replace('activation', 'forward')}")
    assert run("reset", "gate")[0] == 0
    text = content(book)
    compile(text, "01_network.py", "exec")
    assert text.count("def gate(") == 1 and "vectorize" not in text
    assert text.index("def activation(") < text.index("def gate(") < text.index("def forward(")
    assert first_line(run).endswith("?·····")


def test_reset_brings_a_deleted_function_and_a_missing_or_empty_file_back(book, run):
    stubs = content(book)
    write(book, RIGHT)
    assert run("reset", "gate")[0] == 0
    text = content(book)
    assert text.startswith(HEAD + RIGHT.rstrip()) and text.endswith('    raise NotImplementedError("network.gate")\n')
    (book / "01_network.py").unlink()
    assert run("reset", "1") == (0, f"{os.path.join('exercises', '01_network.py')} is written anew.\n")
    assert content(book) == stubs
    (book / "01_network.py").write_text("\n")
    run("reset", "forward")
    assert content(book) == stubs


def test_watch_once_checks_the_first_exercise_that_is_not_passed(book, run, quick):
    assert run("watch", "--once")[0] == 0
    write(book, RIGHT + WRONG_GATE)
    code, out = run("watch", "--once")
    assert code == 0 and out.startswith("network.activation  4/4")
    code, out = run("watch", "--once")
    assert code == 1 and out.startswith("network.gate  0/4")


@pytest.fixture
def watched(book, run, quick, monkeypatch):
    """Runs watch while these texts are saved, one a look (None: nothing is). What was checked, and what was printed."""

    def watched(*texts):
        events = iter(texts)

        def sleep(seconds):
            assert seconds <= 0.5
            try:
                text = next(events)
            except StopIteration:
                raise KeyboardInterrupt from None
            if text:
                write(book, text)

        monkeypatch.setattr(watch.time, "sleep", sleep)
        code, out = run("watch")
        assert code == 130
        return [line.removesuffix(" points") for line in out.splitlines() if line.endswith(" points")], out

    return watched


def test_watch_checks_after_a_save_and_only_then(watched):
    checked, out = watched(None, None, WRONG, None, None, RIGHT)
    assert checked == [f"network.activation  {score}/4" for score in (0, 0, 4)]
    assert out.count("not started") == 1 and out.count("watching") == 3


def test_watch_checks_the_function_that_was_changed(watched):
    """gate is written before activation, and activation taken up later; a save without a change: what comes next."""
    last = WRONG + RIGHT_GATE.replace("1, slope", "2, slope")
    checked, _ = watched(STUB + RIGHT_GATE, WRONG + RIGHT_GATE, last, last)
    names = [line.split()[0].removeprefix("network.") for line in checked]
    assert names == ["activation", "gate", "activation", "gate", "activation"]


def test_watch_shows_at_once_what_it_says(book, monkeypatch):
    """The real command, in a process of its own, whose screen is a pipe that holds back what is not sent off."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # or it would hold back nothing
    process = minintk("watch", cwd=book.parent)
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()

    def until(words):
        while words not in lines.get(timeout=60):
            pass

    try:
        until("watching")
        write(book, WRONG)
        for words in ("-" * 72, "yours 0.3, expected 3.", "watching"):
            until(words)
    finally:
        process.kill()
        process.communicate()


def test_repeating_lends_the_library_to_holes_as_grading_does(book):
    hole = 'def gradient_factors(weights, X, slope=0.0):\n    raise NotImplementedError("kernel.gradient_factors")\n'
    mine = "def jacobian(weights, X, slope=0.0):\n    return gradient_factors(weights, X, slope)[0][0]\n"
    (book / "02_kernel.py").write_text(f"{hole}\n\n{mine}", encoding="utf-8")
    kept = book / ".minintk" / "calls" / "kernel.jacobian.call"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(frames.pack([[[np.ones((2, 3)), np.ones((1, 2))], np.ones((4, 3))], {}]))
    yours, expected = replay.again("kernel.jacobian", book)
    assert yours.shape == (4, 3) and expected.shape == (4, 1, 8)  # h_0 = X, and 2 * 3 + 1 * 2 weights


@pytest.mark.parametrize("name, told", [("network.gate", "minintk check gate keeps one"), ("gat", "did you mean gate")])
def test_repeating_without_a_mistake_is_told(book, name, told):
    with pytest.raises(ValueError, match=told):
        replay.again(name, book)


def test_finished_functions_are_put_in_and_holes_are_lent(book):
    write(book, "def activation(z, slope):\n    return gate(z, slope)\n" + RIGHT_GATE)
    names = ("activation", "gate", "forward")
    library = [getattr(network, name) for name in names]
    with swap.swapped(book) as (mine, every, problems):
        assert mine == ["network.activation", "network.gate"] and problems == []
        assert every == [exercise["full"] for exercise in units.exercises()]
        assert network.activation(np.array([-3.0, 3.0]), 0.1).tolist() == [0.1, 1.0]
        hidden = network.forward([np.ones((2, 1)), np.ones((1, 2))], np.ones((1, 1)) * 5)[1]
        assert hidden.tolist() == [[1.0, 1.0]]  # the library's forward, the student's activation
        assert swap.told(mine, every) == f"yours: 2 of {len(every)} - activation, gate"
    assert [getattr(network, name) for name in names] == library


def test_a_whole_training_is_one_call_on_the_clock(book, monkeypatch):
    write(book, RIGHT)
    library, begun, weights = training.gradient_descent, [], [np.ones((2, 1)), np.ones((1, 2))]
    with swap.swapped(book):
        monkeypatch.setattr(regime, "theirs", lambda what: begun.append(what) or contextlib.nullcontext())
        training.gradient_descent(weights, np.ones((3, 1)), np.zeros(3), 0.01, steps=4)
    assert begun == ["call"] and training.gradient_descent is library


def test_the_library_is_back_after_an_error_and_problems_are_told(book):
    library, path = network.activation, book / "01_network.py"
    write(book, RIGHT + "\n\nexit()\n\n\ndef gate(h)):\n    return h\n")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"), swap.swapped(book) as (mine, every, problems):
        assert mine == ["network.activation"]
        assert [problem.split(": ")[:2] for problem in problems] == [
            [f"{path}, line 13", "SyntaxError"],
            [f"{path}, line 10", "SystemExit"],
        ]
        raise ZeroDivisionError
    assert network.activation is library


@pytest.mark.parametrize(
    "body, told",
    [
        ("return 1 / 0", "01_network.py, line 7: ZeroDivisionError: division by zero; minintk check tells more"),
        ("import sys; sys.exit()", "01_network.py, line 7: SystemExit; minintk"),
        (
            "raise NotImplementedError('network.activation')\n    return z",
            "01_network.py, line 7: NotImplementedError: network.activation",
        ),
    ],
)
def test_what_breaks_the_library_on_ones_answers_is_told(book, body, told):
    write(book, f"def activation(z, slope):\n    {body}\n")
    with pytest.raises(RuntimeError, match=re.escape(told)), swap.swapped(book):
        network.forward([np.ones((1, 1)), np.ones((1, 1))], np.ones((1, 1)))


def test_what_breaks_a_run_on_ones_answers_is_told_in_a_line(book, capsys, tmp_path):
    write(book, "def activation(z, slope):\n    raise ValueError('a\\nb')\n")
    words = ["--inits", "1", "--power", "0", "--P", "8", "--width", "20", "--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert cli.main(["run", "--answers", str(book), *words]) == 2
    told = "minintk: 01_network.py, line 7: ValueError: a b; minintk check tells more\n"
    assert capsys.readouterr().err == told


def test_when_all_is_done_the_last_command_names_the_workbook(book, run, quick, all_passed):
    for words in (["status"], ["check", "gate"]):
        code, out = run(*words)
        assert code == 0 and "All exercises are done." in out
    assert run("status")[1].endswith("  minintk run --answers exercises\n")
    assert run("check", "gate")[1].endswith("  minintk run --answers exercises\n")


def minintk(*words, cwd, **environment):
    """Starts the command as a student does."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"} | environment
    command = [sys.executable, "-m", "minintk", *words]
    return subprocess.Popen(command, cwd=cwd, env=environment, encoding="utf-8", **streams)


@pytest.mark.parametrize(
    "terminal, environment, coloured",
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_has_colours_unless_they_are_unwanted(
    book, run, quick, monkeypatch, terminal, environment, coloured
):
    write(book, WRONG)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    for words in (["status"], ["check", "1"]):
        assert ("\x1b[" in run(*words)[1]) is coloured


@pytest.fixture
def console(monkeypatch):
    """What a command writes to a console of this encoding."""

    def console(encoding, *words):
        screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", screen)
        cli.main(list(words))
        return screen.buffer.getvalue().decode(encoding)

    return console


@pytest.mark.parametrize("encoding, marks", [("ascii", "+x----"), ("cp1252", "+x····"), ("utf-8", "✓✗····")])
def test_marks_are_what_the_console_can_show(book, run, quick, console, encoding, marks):
    write(book, RIGHT + WRONG_GATE)
    run("check", "1")
    assert console(encoding, "status").splitlines()[0].endswith(f" {marks}")


def test_a_pipe_that_is_closed_early_is_no_error(book):
    process = minintk("status", cwd=book.parent)
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_what_other_packages_say_of_each_other_is_no_error_of_ours():
    def say(category, module):
        warnings.warn_explicit("x", category, "file.py", 1, module=module)

    with warnings.catch_warnings(record=True):
        say(DeprecationWarning, "matplotlib.text")
        for category, module in [(DeprecationWarning, "minintk.kernel"), (RuntimeWarning, "numpy.linalg")]:
            with pytest.raises(category):
                say(category, module)


AROUND = {
    "pyproject.toml": '[tool.pytest.ini_options]\npython_functions = "check_*"\naddopts = "--nonsense"\n',
    "../pytest.ini": '[pytest]\npython_functions = "check_*"\naddopts = "--nonsense"\n',
    "conftest.py": "raise SystemExit\n",
    "foreign.py": "def pytest_itemcollected(item):\n    raise SystemExit\n",
    "foreign-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: foreign\nVersion: 1\n",
    "foreign-1.dist-info/entry_points.txt": "[pytest11]\nforeign = foreign\n",
}


def test_neither_its_path_nor_what_stands_around_it_changes_marks(tmp_path):
    """A clone in a folder of an odd name, with settings, a conftest and a plugin that loads itself beside and above."""
    clone = tmp_path / ("a b's [c]$HOME" + '"\\d' * (os.name != "nt"))
    for name in ("minintk", "tests"):
        shutil.copytree(units.PACKAGE.parent / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in AROUND.items():
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).write_text(text)
    (clone / "exercises").mkdir()
    write(clone / "exercises", RIGHT)
    out, _ = minintk("check", "activation", cwd=clone, PYTHONPATH=str(clone)).communicate(timeout=60)
    assert "network.activation  4/4 points" in out, out


def test_an_interrupted_check_ends_as_an_interrupted_command(book, run, monkeypatch):
    write(book, RIGHT)
    monkeypatch.setattr(grade.pytest, "main", lambda *args, **kwargs: pytest.ExitCode.INTERRUPTED)
    assert cli.main(["check", "activation"]) == 130


def test_a_function_that_is_not_to_be_found_is_told(book, run, quick):
    write(book, RIGHT.replace("activation", "activatoin"))
    assert "not started: 01_network.py has no def activation\n" in run("check", "activation")[1]
    out = run("check", "1")[1]
    assert "not started: 01_network.py has no def gate\n" in out
    write(book, STUB)
    assert "no def" not in run("check", "activation")[1]


@pytest.mark.parametrize(
    "words, told",
    [
        (["nope"], "invalid choice: 'nope'"),
        (["hint"], "NAME"),
        (["check", "--fast"], "--fast"),
        (["hint", "gate", "-n", "two"], "'two'"),
        (["run", "--P", "x"], "argument --P: invalid int value: 'x'; see minintk run --help"),
        (["run", "--data", ""], "argument --data: is empty, expected a name"),
        (["run", "--answers", ""], "argument --answers: is empty"),
        (["check", "--workbook", ""], "argument --workbook: is empty"),
        (["init", ""], "argument DIR: is empty"),
    ],
)
def test_mistakes_in_the_words_are_one_line(capsys, words, told):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    error = capsys.readouterr().err
    assert caught.value.code == 2 and told in error and error.startswith("minintk: ") and error.count("\n") == 1


def test_names_are_not_for_cut_and_check(run):
    assert run("dev", "check", "x") == (2, "minintk: dev check takes no names, given 'x'\n")

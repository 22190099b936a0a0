"""Grading: students' functions in a process of their own, one at a time; and right answers of every kind pass."""

import os
import shutil
import sys
import textwrap

import numpy as np
import pytest

from minintk import network
from minintk.course import examine, grade, remote, student, units

ONES = [np.ones(2), 0.1]


# a student's function in its own process


@pytest.fixture(scope="module")
def worker():
    """A process that is started again whenever a test has killed it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # prints must survive without it
        patch.setenv("PYTHONIOENCODING", "ascii")  # and be of any language
        worker = remote.Remote()
        worker.seconds = 60.0  # only what never ends may take longer than a busy machine
        yield worker
        worker.close()


def define(worker, body, above=""):
    """Loads an activation with this body, whose first line is line 5 of the file."""
    text = f"{above}import numpy as np\n\n\ndef activation(z, slope):\n{textwrap.indent(body, '    ')}"
    return worker.load(text, "/home/Jörg~1/01_network.py", "network.activation")


def failure(worker, body, *args, **kwargs):
    """(kind, text, line) of the error that the body gives."""
    define(worker, body)
    with pytest.raises(student.Error) as caught:
        worker.call(args or ONES, kwargs)
    return caught.value.kind, caught.value.text, caught.value.line


def printed(worker):
    """What was printed since the last time; ends the process."""
    worker.close()
    text, worker.printed = worker.printed, ""
    return text


def test_a_result_comes_back_with_keywords_too(worker):
    assert define(worker, "return [z * slope, {'slope': slope}]") == []
    got = worker.call([np.array([1.0, 2.0])], {"slope": 0.5})
    assert got[0].tolist() == [0.5, 1.0] and got[1] == {"slope": 0.5}


def test_an_exception_has_its_line(worker):
    assert failure(worker, "y = 1\nreturn y / 0") == ("ZeroDivisionError", "division by zero", 6)
    inner = "def helper(x):\n    return x['key']\nreturn helper(\n    z[0])"
    assert failure(worker, inner)[::2] == ("IndexError", 6)
    assert failure(worker, "return np.linalg.inv(z)")[::2] == ("LinAlgError", 5)
    assert failure(worker, "return z", 1, 2, 3)[::2] == ("TypeError", None)


def test_an_assertion_or_an_exit_of_the_student_is_an_error_like_any_other(worker):
    assert failure(worker, "assert slope > 1, 'too flat'") == ("AssertionError", "too flat", 5)
    assert failure(worker, "import sys\nsys.exit('bye')") == ("SystemExit", "bye", 6)
    assert failure(worker, "raise KeyboardInterrupt")[::2] == ("KeyboardInterrupt", 5)


@pytest.mark.parametrize(
    "body, arguments",
    [
        ("z += 1\nreturn z", ONES),
        ("z[0] = 1\nreturn z", ONES),
        ("z.sort()\nreturn z", ONES),
        ("np.maximum(z, 0, out=z)\nreturn z", ONES),
        ("z[0][0] = 1\nreturn z", [[np.ones(2)], 0.1]),
        ("z.append(1)\nreturn z", [[np.ones(2)], 0.1]),
        ("z[0] = z[0] + 1\nreturn z", [[np.ones(2)], 0.1]),
        ("return z.pop()", [[np.ones(2), np.ones(2)], 0.1]),
        ("z.reverse()\nreturn z", [[np.ones(2), np.ones(2)], 0.1]),
    ],
)
def test_an_input_that_is_changed_in_place_is_found(worker, body, arguments):
    kind, text, _ = failure(worker, body, *arguments)
    assert kind == "ValueError" and "read-only" in text


def test_a_copy_may_be_changed(worker):
    define(worker, "z, y = z.copy(), list(z)\nz += 1\ny[0] = 5\nreturn z")
    assert worker.call([np.ones(2), 0.1], {}).tolist() == [2, 2]


@pytest.mark.parametrize(
    "endless", ["while True: y = 0", "sum(iter(int, 1))", "np.linalg.matrix_power(np.eye(1500), 2**99)"]
)
def test_a_call_without_end_is_cut_with_its_line(worker, endless):
    define(worker, f"y = 1\n{endless}")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(student.Error) as caught:
        patch.setattr(worker, "seconds", 0.5)
        worker.call(ONES, {})
    told = caught.value.kind, caught.value.text, caught.value.line
    assert told == ("Timeout", "did not return within 0.5 seconds", 6)


@pytest.mark.parametrize(
    "body, cause, line",
    [
        ("import os\nos._exit(3)", "exit code 3", None),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV", 6),
        ("import os\nos.abort()", "SIGABRT", 6),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL", None),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals have other names there")
def test_the_end_of_the_process_is_told_and_outlived(worker, body, cause, line):
    kind, text, where = failure(worker, body)
    assert (kind, text, where) == ("Crash", f"ended the process it ran in ({cause})", line)
    assert define(worker, "return 2 * z") == []
    assert worker.call(ONES, {}).tolist() == [2, 2]


def test_a_process_that_died_is_started_again_with_the_same_function(worker):
    define(worker, "import os\nif z[0] == 0:\n    os._exit(1)\nreturn 2 * z")
    with pytest.raises(student.Error, match="exit code 1"):
        worker.call([np.zeros(2), 0.1], {})
    assert worker.call(ONES, {}).tolist() == [2, 2]


@pytest.mark.parametrize("size", [2, 300_000])
def test_a_process_that_dies_between_two_calls_is_told(worker, size):
    define(worker, "import os, threading\nthreading.Timer(0.05, os._exit, [4]).start()\nreturn z[:1]")
    assert worker.call([np.ones(size), 0.1], {}).tolist() == [1]
    worker.process.wait(60)
    with pytest.raises(student.Error, match=r"Crash: ended the process it ran in \(exit code 4\)"):
        worker.call([np.ones(size), 0.1], {})


def test_endless_recursion_is_an_error(worker):
    kind, _, line = failure(worker, "def inner(x):\n    return inner(x + 1)\nreturn inner(z)")
    assert (kind, line) == ("RecursionError", 6)


def test_too_much_memory_is_an_error(worker):
    assert failure(worker, "return np.ones(10**14)")[::2] == ("MemoryError", 5)


def test_input_does_not_wait(worker):
    assert failure(worker, "return input('z? ')")[::2] == ("EOFError", 5)


@pytest.mark.parametrize(
    "result, phrase",
    [
        ("object()", "returned an object, which is not plain data"),
        ("z + 1j", "returned an array of complex128"),
        ("(x for x in z)", "returned a generator"),
        ("'x' * (5 << 20)", "returned a list of too many numbers"),
        ("10**5000", "too many digits"),
    ],
)
def test_a_result_that_is_no_plain_data_is_told(worker, result, phrase):
    kind, text, _ = failure(worker, f"return {result}")
    assert kind == "TypeError" and phrase in text


@pytest.mark.skipif(os.name == "nt", reason="descriptors are numbered otherwise there")
def test_what_is_written_among_the_answers_is_no_answer(worker):
    """It is known at once for what it is: nobody waits for the rest of an answer that garbled bytes announce."""
    write = "    with contextlib.suppress(OSError):\n        os.write(i, b'x' * 99)"
    told = failure(worker, f"import contextlib, os\nfor i in range(3, 20):\n{write}")
    assert told == ("Crash", "wrote among the answers of the process it ran in", None)


@pytest.mark.parametrize(
    "end, kind",
    [
        ("return z", None),
        ("1 / 0", "ZeroDivisionError"),
        ("import os\nos._exit(1)", "Crash"),
    ],
)
def test_prints_are_kept_apart(worker, end, kind):
    printed(worker)
    define(worker, f"print('Grüße', z)\n{end}")
    if kind is None:
        assert worker.call(ONES, {}).tolist() == [1, 1]
    else:
        with pytest.raises(student.Error) as caught:
            worker.call(ONES, {})
        assert caught.value.kind == kind
    assert printed(worker) == "Grüße [1. 1.]\n"


def test_of_a_flood_of_prints_the_end_is_kept(worker):
    printed(worker)
    define(worker, "for i in range(30_000):\n    print(i, 'x' * 100)\nreturn z")
    worker.call(ONES, {})
    text = printed(worker)
    assert text.endswith(f"29999 {'x' * 100}\n") and len(text) < 200_000


def test_closed_streams_do_no_harm(worker):
    define(worker, "import os\nos.close(0)\nos.close(1)\nreturn z")
    assert worker.call(ONES, {}).tolist() == [1, 1]
    printed(worker)


def test_a_file_that_fails_or_exits_at_the_top_still_gives_its_functions(worker):
    problems = define(worker, "return 3 * z", above="import no_such_package\nexit()\n")
    assert problems == [(1, "ModuleNotFoundError: No module named 'no_such_package'"), (2, "SystemExit: None")]
    assert worker.call(ONES, {}).tolist() == [3, 3]


def test_a_function_that_could_not_be_defined_is_told_with_its_line(worker):
    with pytest.raises(student.Error) as caught:
        define(worker, "return (z\n")
    assert caught.value.kind == "NameError"
    assert caught.value.text.startswith("activation could not be defined; 01_network.py, line 5: SyntaxError: ")


def test_the_library_stands_in_for_the_other_functions_of_the_file(worker):
    text = "def activation(z, slope):\n    return None\n\n\ndef gate(h, slope):\n    return activation(h, slope)\n"
    worker.load(text, "01_network.py", "network.gate")
    assert worker.call([np.array([-2.0, 3.0]), 0.1], {}) == pytest.approx([-0.2, 3])


# grading a folder

BACKWARD = """
def backward(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for l in range(len(weights) - 1, 0, -1):
        deltas.insert(0, deltas[0] @ weights[l] * gate(layers[l], slope))
    return deltas
"""
GATE = "\ndef gate(h, slope):\n    return np.where(h > 0, 1, slope).astype(h.dtype)\n"
HEAD = "import numpy as np\n\nfrom minintk import network\n\n"


def graded(folder, names, **files):
    """Writes the unit files and grades the functions: {name: (status, points, statuses of rows, first text)}."""
    for module, text in files.items():
        unit = next(unit for unit in units.units() if unit["module"] == module)
        (folder / unit["file"]).write_text(HEAD + text, encoding="utf-8")
    examiner = grade.grade(folder, [units.by_name(name) for name in names])
    return {
        full.split(".")[1]: (result.status, result.points, [row.status for row in result.rows], result.feedback)
        for full, result in examiner.results.items()
    }


def test_a_hole_or_a_missing_file_stays_not_started_beside_finished_functions(tmp_path):
    stub = 'def backward(weights, layers, cotangent, slope=0.0):\n    raise NotImplementedError("network.backward")\n'
    names = ["network.gate", "network.backward", "network.forward", "kernel.ntk"]
    found = graded(tmp_path, names, network=GATE + stub)
    assert found["gate"][:2] == ("passed", 4)
    for name in ("backward", "forward", "ntk"):
        assert found[name][:2] == ("not started", 0)
        assert "passed" not in found[name][2]


def test_a_mistake_costs_its_own_points_only(tmp_path):
    """A wrong gate beside a backward that calls it, a wrong forward under a gradient_factors that needs it."""
    wrong_gate = "\ndef gate(h, slope):\n    return 7 * h\n"
    wrong_forward = "\ndef forward(weights, X, slope=0.0):\n    return [X]\n"
    wrong_factors = "\ndef gradient_factors(weights, X, slope=0.0):\n    return []\n"
    jacobian = """
def jacobian(weights, X, slope=0.0):
    assert network.forward(weights, X, slope)[-1].shape == (len(X), len(weights[-1]))
    parts = []
    for h, B in gradient_factors(weights, X, slope):
        parts.append(np.array([[np.outer(b[m], h[m]).ravel() for b in B] for m in range(len(X))]))
    return np.concatenate(parts, axis=2)
"""
    names = ["network.gate", "network.forward", "network.backward", "kernel.gradient_factors", "kernel.jacobian"]
    network_file = wrong_gate + wrong_forward + BACKWARD
    found = graded(tmp_path, names, network=network_file, kernel=wrong_factors + jacobian)
    for module, name in (("network", "backward"), ("kernel", "jacobian")):
        assert found[name][:2] == ("passed", units.by_name(f"{module}.{name}")["points"])
    for name in ("gate", "forward", "gradient_factors"):
        assert found[name][:2] == ("failed", 0)


@pytest.mark.parametrize(
    "body, score, rows",
    [
        ("return h", 0, ["failed", "waiting", "waiting", "waiting"]),  # what the first row finds fails once
        ("return np.where(h > 0, 1, slope)", 3, ["passed", "passed", "passed", "failed"]),
    ],
)
def test_later_rows_wait_for_the_first_and_then_each_counts_alone(tmp_path, body, score, rows):
    found = graded(tmp_path, ["network.gate"], network=f"\ndef gate(h, slope):\n    {body}\n")
    assert found["gate"][:3] == ("failed", score, rows)


@pytest.fixture
def impatient(monkeypatch):
    """Waits 0.2 seconds for these functions (or for a file to be loaded), and for the others as long as it takes."""

    def wait(method, *names):
        ask = getattr(remote.Remote, method)

        def asked(self, *args):
            full = self.loaded["full"] if method == "call" else args[2]
            self.seconds = 0.2 if full in names else 60
            try:
                return ask(self, *args)
            finally:
                self.seconds = 60

        monkeypatch.setattr(remote, "SECONDS", 60)
        monkeypatch.setattr(remote.Remote, method, asked)

    return wait


SIGNATURE = "def forward(weights, X, slope=0.0):"


@pytest.mark.parametrize(
    "forward, told, question",
    [
        (
            f"{SIGNATURE}\n    while True: pass",
            "01_network.py, line 7: it did not return within 0.2 seconds.",
            "Does every loop end?",
        ),
        (
            f"{SIGNATURE}\n    import ctypes\n    ctypes.string_at(0)",
            "01_network.py, line 8: it ended the process it ran in (",
            "What in it can end a process?",
        ),
        (
            "def forward(weights, X:\n    return 1",
            "network.forward: forward could not be defined; 01_network.py, line 6: SyntaxError",
            "",
        ),
    ],
)
def test_a_function_that_cannot_be_asked_is_told_with_its_line_and_the_rest_is_graded(
    tmp_path, impatient, forward, told, question
):
    impatient("call", "network.forward")
    found = graded(tmp_path, ["network.forward", "network.gate"], network=f"\n{forward}\n{GATE}")
    assert found["gate"][0] == "passed"
    status, score, rows, text = found["forward"]
    assert (status, score) == ("failed", 0) and rows[0] == "failed" and set(rows[1:]) == {"waiting"}
    assert told in text and question in text


def test_a_loop_at_the_top_of_a_file_is_waited_for_once(tmp_path, monkeypatch, impatient):
    names = [e["full"] for e in units.exercises() if e["module"] == "network"] + ["kernel.gradient_factors"]
    impatient("load", *names[:-1])
    functions = "".join(f"\ndef {name.split('.')[1]}(*args, **kwargs):\n    return 1\n" for name in names)
    started, start = [], remote.Remote.start
    monkeypatch.setattr(remote.Remote, "start", lambda self: (started.append(1), start(self)))
    found = graded(tmp_path, names, network="\nwhile True: pass\n" + functions, kernel=functions)
    assert len(started) == 2  # for the file that never ends, and for the other one
    assert "01_network.py, line 6: the file itself did not return within 0.2 seconds" in found["gate"][3]
    assert {found[name.split(".")[1]][0] for name in names} == {"failed"}
    assert "It returned an int, expected a list" in found["gradient_factors"][3]


def test_the_feedback_shows_call_answers_mistake_question_and_how_to_repeat_it(tmp_path):
    mean = "\ndef weight_gradients(layers, deltas):\n    return [B.T @ h / len(h) for B, h in zip(deltas, layers)]\n"
    text = graded(tmp_path, ["network.weight_gradients"], network=mean)["weight_gradients"][3]
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0].startswith("network.weight_gradients, row 1: ") and lines[0].endswith("point)")
    assert "called     weight_gradients([[[1., 2.], [3., 5.]], [[0.], [0.]]], [[[ 2.], [-1.]]])" in lines
    assert "yours      [[[-0.5, -0.5]]]" in lines
    assert "expected   [[[-1., -1.]]]" in lines
    assert "It is 1/P times the expected: 0.25, 0.1429, 0.25, 0.1667 at P = 4, 7, 4, 6." in lines
    assert "Mean or sum over samples?" in lines
    assert lines[-2:] == [
        "again:     from minintk.course import replay",
        f'yours, expected = replay.again("network.weight_gradients", {str(tmp_path)!r})',
    ]


@pytest.mark.parametrize(
    "body, told",
    [
        ("h *= slope\n    return h", "01_network.py, line 7: an input was changed in place."),
        (
            "return h.nothing",
            "01_network.py, line 7: AttributeError: 'numpy.ndarray' object has no attribute 'nothing'",
        ),
        ("x = 1\n    raise NotImplementedError", "01_network.py, line 8: raise NotImplementedError is still there."),
        ("x = 1", "It returned None."),
        ("return object()", "TypeError: returned an object, which is not plain data"),
    ],
)
def test_the_feedback_names_file_line_and_reason(tmp_path, body, told):
    text = graded(tmp_path, ["network.gate"], network=f"\ndef gate(h, slope):\n    {body}\n")["gate"][3]
    assert told in text


def test_a_mistake_that_breaks_at_other_sizes_is_still_told(tmp_path):
    body = "if h.shape != (2,):\n        import os\n        os._exit(1)\n    return 2 * np.where(h > 0, 1, slope)"
    found = graded(tmp_path, ["network.gate"], network=f"\ndef gate(h, slope):\n    {body}\n")["gate"]
    assert found[2] == ["failed", "waiting", "waiting", "waiting"]
    assert "It is a constant factor times the expected: 2." in found[3]


# what tests may do


@pytest.fixture
def with_tests(tmp_path, monkeypatch):
    """Grades a function for network.gate, which has four rows, by tests of this file's own."""

    def examined(function, tests):
        head = "import numpy as np\nimport pytest\n\nfrom minintk import network\n\n"
        (tmp_path / "test_network.py").write_text(head + textwrap.dedent(tests), encoding="utf-8")
        shutil.copy(units.folder("tests") / "grading.ini", tmp_path)
        monkeypatch.setattr(units, "folder", lambda name: tmp_path)
        monkeypatch.setitem(sys.modules, "test_network", None)  # whatever comes under this name leaves with the test
        del sys.modules["test_network"]
        examiner = examine.Examiner(examine.Local({"network.gate": function}), ["network.gate"])
        grade.run(examiner)
        rows = examiner.results["network.gate"].rows
        return [row.status for row in rows], [row.text for row in rows]

    return examined


library_gate = network.gate  # which stays itself while another function stands in its place


class Timeout(Exception):
    """Counts as a time-out, which ends the questions to a function."""


def test_a_row_that_failed_does_not_wait_later(with_tests):
    def hangs_at_two(h, slope):
        if len(h) == 2:
            raise Timeout("did not return within 10 seconds")
        return library_gate(h, slope)

    statuses, texts = with_tests(
        hangs_at_two,
        """
        @pytest.mark.exercise("network.gate", row=1)
        def test_a():
            network.gate(np.ones(1), 0.1)

        @pytest.mark.exercise("network.gate", row=2)
        @pytest.mark.parametrize("size", [1, 2, 3])
        def test_b(size):
            network.gate(np.ones(size), 0.1)

        @pytest.mark.exercise("network.gate", row=3)
        def test_c():
            network.gate(np.ones(1), 0.1)
        """,
    )
    assert statuses == ["passed", "failed", "waiting", "not run"]
    assert "did not return within 10 seconds" in texts[1]


def test_one_failed_test_fails_its_row_wherever_it_stands(with_tests):
    statuses, _ = with_tests(
        lambda h, slope: h,
        """
        @pytest.mark.exercise("network.gate", row=1)
        def test_a():
            pass

        @pytest.mark.exercise("network.gate", row=2)
        @pytest.mark.parametrize("right", [True, False, True])
        def test_b(right):
            assert right

        def test_without_a_row():
            assert False
        """,
    )
    assert statuses == ["passed", "failed", "not run", "not run"]


def test_an_error_that_the_library_raises_too_is_no_mistake(with_tests):
    def refuses(h, slope):
        if np.isnan(h).any():
            raise ValueError("NaN")
        return 3 * library_gate(h, slope)

    statuses, texts = with_tests(
        refuses,
        """
        @pytest.mark.exercise("network.gate", row=1)
        def test_a():
            with pytest.raises(ValueError):
                network.gate(np.array([np.nan, 1.0]), 0.1)

        @pytest.mark.exercise("network.gate", row=2)
        def test_b():
            with pytest.raises(ValueError):
                network.gate(np.array([np.nan, 1.0]), 0.1)
            assert network.gate(np.array([2.0, -1.0]), 0.1)[0] == 1
        """,
    )
    assert statuses[:2] == ["passed", "failed"]
    assert "called     gate([ 2., -1.], 0.1)" in texts[1]
    assert "It is a constant factor times the expected: 3." in texts[1]


@pytest.mark.parametrize(
    "change",
    [lambda h: h.__imul__(2), lambda h: h.__setitem__(0, 2), lambda h: np.add(h, 1, out=h), lambda h: h.sort()],
)
def test_an_input_changed_in_place_is_told_in_this_process_too(with_tests, change):
    statuses, texts = with_tests(
        lambda h, slope: (change(h), library_gate(h, slope))[1],
        """
        @pytest.mark.exercise("network.gate", row=1)
        def test_a():
            network.gate(np.array([2.0, -1.0]), 0.1)
        """,
    )
    assert statuses[0] == "failed" and "an input was changed in place." in texts[0]


def test_infinite_answers_are_told_where_warnings_are_errors(with_tests):
    statuses, texts = with_tests(
        lambda h, slope: np.array([np.inf, -np.inf]),
        """
        @pytest.mark.exercise("network.gate", row=1)
        @pytest.mark.filterwarnings("error")
        def test_a():
            assert network.gate(np.array([2.0, -1.0]), 0.1)[0] == 1
        """,
    )
    assert statuses[0] == "failed"
    assert "2 of 2 entries are infinite." in texts[0]

"""Grading: students' functions in a process of their own, one at a time; and right answers of every kind pass."""

import os
import re
import shutil
import sys
import textwrap

import numpy as np
import pytest

from minintk import network
from minintk.course import examine, grade, remote, student, units

ONES = [np.ones(2), 0.1]


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


@pytest.mark.skipif(sys.platform != "linux", reason="the threads of a process are counted in /proc")
def test_a_calls_clock_needs_no_thread(worker):
    """Where a submission may begin no process it may begin no thread, unless it has the rights of root."""
    define(worker, "import os\nreturn len(os.listdir('/proc/self/task'))")
    assert worker.call(ONES, {}) == 1


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
    "change, first",
    [
        ("z += 1", np.ones(2)),
        ("z[0] = 1", np.ones(2)),
        ("z.sort()", np.ones(2)),
        ("np.maximum(z, 0, out=z)", np.ones(2)),
        ("z[0][0] = 1", [np.ones(2)]),
        ("z.append(1)", [np.ones(2)]),
        ("z[0] = z[0] + 1", [np.ones(2)]),
        ("z.pop()", [np.ones(2), np.ones(2)]),
        ("z.reverse()", [np.ones(2), np.ones(2)]),
    ],
)
def test_an_input_that_is_changed_in_place_is_found(worker, change, first):
    kind, text, _ = failure(worker, f"{change}\nreturn z", first, 0.1)
    assert kind == "ValueError" and "read-only" in text


def test_a_copy_may_be_changed(worker):
    define(worker, "z, y = z.copy(), list(z)\nz += 1\ny[0] = 5\nreturn z")
    assert worker.call([np.ones(2), 0.1], {}).tolist() == [2, 2]


@pytest.mark.parametrize("endless", ["sum(iter(int, 1))", "np.linalg.matrix_power(np.eye(1500), 2**99)"])
def test_a_call_without_end_is_cut_with_its_line_in_c_code_too(worker, monkeypatch, endless):
    define(worker, f"y = 1\n{endless}")
    monkeypatch.setattr(worker, "seconds", 0.1)
    with pytest.raises(student.Error, match="Timeout: did not return within 0.1 seconds") as caught:
        worker.call(ONES, {})
    assert caught.value.line == 6


@pytest.mark.parametrize(
    "body, cause, line",
    [
        ("import os\nos._exit(3)", "exit code 3", None),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV", 6),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL", None),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals have other names there")
def test_the_end_of_the_process_is_told_and_outlived(worker, body, cause, line):
    assert failure(worker, body) == ("Crash", f"ended the process it ran in ({cause})", line)
    assert define(worker, "return 2 * z") == []
    assert worker.call(ONES, {}).tolist() == [2, 2]


def test_a_process_that_died_is_started_again_with_the_same_function(worker):
    define(worker, "import os\nif z[0] == 0:\n    os._exit(1)\nreturn 2 * z")
    with pytest.raises(student.Error, match="exit code 1"):
        worker.call([np.zeros(2), 0.1], {})
    assert worker.call(ONES, {}).tolist() == [2, 2]


@pytest.mark.parametrize("size", [2, 300_000])
def test_a_process_that_dies_between_two_calls_is_told(worker, size):
    define(worker, "return z[:1]")
    assert worker.call([np.ones(size), 0.1], {}).tolist() == [1]
    worker.process.kill()
    worker.process.wait(60)
    with pytest.raises(student.Error, match=r"Crash: ended the process it ran in \("):
        worker.call([np.ones(size), 0.1], {})


@pytest.mark.parametrize(
    "body, kind, line",
    [
        ("def inner(x):\n    return inner(x + 1)\nreturn inner(z)", "RecursionError", 6),
        ("return np.ones(10**14)", "MemoryError", 5),
        ("return input('z? ')", "EOFError", 5),  # which does not wait
    ],
)
def test_too_deep_too_large_or_waiting_for_input_is_an_error(worker, body, kind, line):
    worker.close()  # in an earlier one exit() may have closed what input() reads
    assert failure(worker, body)[::2] == (kind, line)


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


def test_prints_are_kept_apart_from_answers_also_those_before_an_error_or_the_end(worker):
    printed(worker)
    define(worker, "print('Grüße', z)\nreturn z")
    assert worker.call(ONES, {}).tolist() == [1, 1]
    assert failure(worker, "print('Grüße', z)\n1 / 0")[0] == "ZeroDivisionError"
    assert failure(worker, "print('Grüße', z)\nimport os\nos._exit(1)")[0] == "Crash"
    assert printed(worker) == 3 * "Grüße [1. 1.]\n"


def test_of_a_flood_of_prints_the_end_is_kept(worker):
    printed(worker)
    define(worker, "for i in range(3_000):\n    print(i, 'x' * 100)\nreturn z")
    worker.call(ONES, {})
    text = printed(worker)
    assert text.endswith(f"2999 {'x' * 100}\n") and len(text) < 200_000


def test_closed_streams_do_no_harm(worker):
    define(worker, "import os\nos.close(0)\nos.close(1)\nreturn z")
    assert worker.call(ONES, {}).tolist() == [1, 1]
    printed(worker)


def test_a_file_that_fails_or_exits_at_the_top_still_gives_its_functions(worker):
    problems = define(worker, "return 3 * z", above="import no_such_package\nexit()\n")
    assert problems == [(1, "ModuleNotFoundError: No module named 'no_such_package'"), (2, "SystemExit: None")]
    assert worker.call(ONES, {}).tolist() == [3, 3]


def test_the_library_stands_in_for_the_other_functions_of_the_file(worker):
    text = "def activation(z, slope):\n    return None\n\n\ndef gate(h, slope):\n    return activation(h, slope)\n"
    worker.load(text, "01_network.py", "network.gate")
    assert worker.call([np.array([-2.0, 3.0]), 0.1], {}) == pytest.approx([-0.2, 3])


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


NETWORK = """
def gate(h, slope):
    return 7 * h

def forward(weights, X, slope=0.0):
    return [X]

def backward(weights, layers, cotangent, slope=0.0):
    deltas = [cotangent]
    for l in range(len(weights) - 1, 0, -1):
        deltas.insert(0, deltas[0] @ weights[l] * gate(layers[l], slope))
    return deltas

def weight_gradients(layers, deltas):
    raise NotImplementedError("network.weight_gradients")
"""
KERNEL = """
def gradient_factors(weights, X, slope=0.0):
    return []

def jacobian(weights, X, slope=0.0):
    assert network.forward(weights, X, slope)[-1].shape == (len(X), len(weights[-1]))
    parts = []
    for h, B in gradient_factors(weights, X, slope):
        parts.append(np.array([[np.outer(b[m], h[m]).ravel() for b in B] for m in range(len(X))]))
    return np.concatenate(parts, axis=2)
"""


def test_a_mistake_costs_its_own_points_only_and_what_is_missing_is_not_started(tmp_path):
    """A wrong gate beside a backward that calls it; a wrong forward under, wrong factors beside a jacobian."""
    right, wrong = (
        ["network.backward", "kernel.jacobian"],
        ["network.gate", "network.forward", "kernel.gradient_factors"],
    )
    missing = ["network.weight_gradients", "kernel.ntk", "whitening.condition_number"]  # a hole, no function, no file
    found = graded(tmp_path, right + wrong + missing, network=NETWORK, kernel=KERNEL)
    for names, status in [(right, "passed"), (wrong, "failed"), (missing, "not started")]:
        for full in names:
            points = units.by_name(full)["points"] if status == "passed" else 0
            assert found[full.split(".")[1]][:2] == (status, points), full
            assert status == "passed" or "passed" not in found[full.split(".")[1]][2]


@pytest.fixture
def impatient(monkeypatch):
    """Waits 0.5 seconds for "calls" of these functions (or for their "source"), else as long as it takes."""

    def wait(kind, *names):
        ask = remote.Remote._ask

        def asked(self, request, seconds):
            self.seconds = 0.5 if kind in request and self.loaded["full"] in names else 60
            return ask(self, request, self.seconds)

        monkeypatch.setattr(remote.Remote, "_ask", asked)

    return wait


def test_a_function_that_cannot_be_asked_is_told_with_its_line_and_the_rest_is_graded(tmp_path, impatient):
    impatient("calls", "network.forward")
    ends = "def forward(weights, X, slope=0.0):\n    import time; time.sleep(99)\n"
    dies = "def backward(weights, layers, cotangent, slope=0.0):\n    import ctypes\n    ctypes.string_at(0)\n"
    broken = "def weight_gradients(layers, deltas:\n    return 1\n"
    names = [f"network.{name}" for name in ("forward", "backward", "weight_gradients", "gate")]
    found = graded(tmp_path, names, network=f"\n{ends}\n{dies}\n{broken}\n{GATE}")
    assert found["gate"][0] == "passed"
    for name, told, question in [
        ("forward", "01_network.py, line 7: it did not return within 0.5 seconds.", "Does every loop end?"),
        ("backward", "01_network.py, line 11: it ended the process it ran in (", "What in it can end a process?"),
        ("weight_gradients", "weight_gradients could not be defined; 01_network.py, line 13: SyntaxError", ""),
    ]:
        status, score, rows, text = found[name]
        assert (status, score) == ("failed", 0) and rows[0] == "failed" and set(rows[1:]) == {"waiting"}
        assert told in text and question in text


def test_a_loop_at_the_top_of_a_file_is_waited_for_once(tmp_path, monkeypatch, impatient):
    names = ["network.gate", "network.forward", "network.backward", "kernel.gradient_factors"]
    impatient("source", *names[:-1])
    functions = "".join(f"\ndef {name.split('.')[1]}(*args, **kwargs):\n    return 1\n" for name in names)
    started, start = [], remote.Remote.start
    monkeypatch.setattr(remote.Remote, "start", lambda self: (started.append(1), start(self)))
    found = graded(tmp_path, names, network="\nimport time; time.sleep(99)\n" + functions, kernel=functions)
    assert len(started) == 2  # for the file that never ends, and for the other one
    assert "01_network.py, line 6: the file itself did not return within 0.5 seconds" in found["gate"][3]
    assert "It returned an int, expected a list" in found["gradient_factors"][3]
    assert {status for status, *_ in found.values()} == {"failed"}


def test_numpys_global_random_numbers_are_missed_where_the_tests_run(tmp_path):
    """Seeded alike at each call in the student's process, the weights are right: only the row on the state fails."""
    draw = "rng.standard_normal((m, n)) * sigma / n**0.5 for m, n in zip(widths[1:], widths)"
    body = f"np.random.seed(7)\n    rng = np.random.default_rng(rng)\n    return [{draw}]"
    text = f"\ndef init_weights(widths, sigma, rng):\n    {body}\n"
    status, points, rows, _ = graded(tmp_path, ["network.init_weights"], network=text)["init_weights"]
    assert (status, rows) == ("failed", ["passed"] * 4 + ["failed"]) and points == 5


BODIES = {
    "gate(h, slope)": "return np.where(h > 0, 1, slope)",  # of float64, whatever h is
    "weight_gradients(layers, deltas)": "return [B.T @ h / len(h) for B, h in zip(deltas, layers)]",
    "activation(z, slope)": "z *= slope\n    return z",
    "init_weights(widths, sigma, rng)": "return widths.nothing",
    "forward(weights, X, slope=0.0)": "x = 1\n    raise NotImplementedError",
    "backward(weights, layers, cotangent, slope=0.0)": "x = 1",
    "gradient_factors(weights, X, slope=0.0)": "return object()",
}


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory):
    """A folder of mistakes, graded once."""
    text = [f"\ndef {call}:\n    {body}\n" for call, body in BODIES.items()]
    names = [f"network.{call.split('(')[0]}" for call in BODIES][:-1] + ["kernel.gradient_factors"]
    return graded(tmp_path_factory.mktemp("book"), names, network="".join(text[:-1]), kernel=text[-1])


def test_later_rows_wait_for_the_first_and_then_each_counts_alone(mistakes):
    assert mistakes["weight_gradients"][:2] == ("failed", 0)
    first, *later = mistakes["weight_gradients"][2]  # what the first row finds fails once
    assert first == "failed" and set(later) == {"waiting"}
    assert mistakes["gate"][:3] == ("failed", 3, ["passed", "passed", "passed", "failed"])


def test_the_feedback_shows_call_answers_mistake_question_and_how_to_repeat_it(mistakes):
    lines = [line.strip() for line in mistakes["weight_gradients"][3].splitlines()]
    assert lines[0].startswith("network.weight_gradients, row 1: ") and lines[0].endswith("point)")
    assert re.fullmatch(r'yours, expected = replay.again\("network.weight_gradients", \'.*book0\'\)', lines.pop())
    assert lines[2:] == [
        "called     weight_gradients([[[1., 2.], [3., 5.]], [[0.], [0.]]], [[[ 2.], [-1.]]])",
        "yours      [[[-0.5, -0.5]]]",
        "expected   [[[-1., -1.]]]",
        "It is 1/P times the expected: 0.25, 0.1429, 0.25, 0.1667 at P = 4, 7, 4, 6.",
        "Mean or sum over samples?",
        "It answers as a known mistake does: mean instead of sum over samples. Does yours?",
        "again:     from minintk.course import replay",
    ]


@pytest.mark.parametrize(
    "name, told",
    [
        ("activation", "01_network.py, line 13: an input was changed in place."),
        ("init_weights", "01_network.py, line 17: AttributeError: 'list' object has no attribute 'nothing'"),
        ("forward", "01_network.py, line 21: raise NotImplementedError is still there."),
        ("backward", "It returned None."),
        ("gradient_factors", "TypeError: returned an object, which is not plain data"),
    ],
)
def test_the_feedback_names_file_line_and_reason(mistakes, name, told):
    assert told in mistakes[name][3]


@pytest.fixture
def with_tests(tmp_path, monkeypatch):
    """Grades a function for network.gate, which has four rows, by tests of this file's own."""
    examine.mistakes.of_unit(1)  # kept from now on: there are none in the folder below

    def examined(function, *tests):
        head = "import numpy as np\nimport pytest\n\nfrom minintk import network\n\n"
        for row, test in enumerate(tests, start=1):
            head += f'\n@pytest.mark.exercise("network.gate", row={row})\n' + test
        (tmp_path / "test_network.py").write_text(head, encoding="utf-8")
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


def test_a_test_that_cannot_be_prepared_ends_in_words_not_in_marks(with_tests):
    broken = "@pytest.fixture\ndef broken():\n    raise MemoryError('no room')\n\n\n"
    with pytest.raises(
        RuntimeError, match=r"^the tests could not be run \(test_network.py::test_2: MemoryError: no room"
    ):
        with_tests(library_gate, "def test_1():\n    pass\n\n" + broken, "def test_2(broken):\n    pass\n")


def test_tests_that_cannot_be_read_end_in_words_not_in_silence(with_tests):
    with pytest.raises(RuntimeError, match=r"^the tests could not be run \(test_network.py: \w+: no room\)$"):
        with_tests(library_gate, "def test_1():\n    pass\n\n\nraise MemoryError('no room')\n")


class Timeout(Exception):
    """Counts as a time-out, which ends the questions to a function."""


def test_a_row_that_failed_does_not_wait_later(with_tests):
    def hangs_at_two(h, slope):
        if len(h) == 2:
            raise Timeout("did not return within 10 seconds")
        return library_gate(h, slope)

    sizes = '@pytest.mark.parametrize("size", {})\ndef test_{}(size):\n    network.gate(np.ones(size), 0.1)\n'
    tests = [sizes.format([1], "a"), sizes.format([1, 2, 3], "b"), sizes.format([1], "c")]
    statuses, texts = with_tests(hangs_at_two, *tests)
    assert statuses == ["passed", "failed", "waiting", "not run"]
    assert "did not return within 10 seconds" in texts[1]


def test_one_failed_test_fails_its_row_wherever_it_stands(with_tests):
    three = '@pytest.mark.parametrize("right", [True, False, True])\ndef test_b(right):\n    assert right\n'
    unmarked = "\ndef test_without_a_row():\n    assert False\n"
    statuses, _ = with_tests(lambda h, slope: h, "def test_a():\n    pass\n", three + unmarked)
    assert statuses == ["passed", "failed", "not run", "not run"]


ONE = "    assert network.gate(np.array([2.0, -1.0]), 0.1)[0] == 1\n"
IS_ONE = f"def test_one():\n{ONE}"
REFUSES_NAN = """def test_nan():
    with pytest.raises(ValueError):
        network.gate(np.array([np.nan, 1.0]), 0.1)
"""


LARGE = """def test_large():
    h = np.linspace(-1, 2, 30).reshape(5, 6)
    assert (network.gate(h, 0.1) == np.where(h > 0, 1, 0.1)).all()
"""


def test_a_mistake_that_nobody_knows_is_narrowed_down(with_tests):
    """Both functions are asked again, with twice the argument."""
    text = with_tests(lambda h, slope: library_gate(h, slope) + h**2, LARGE)[1][0]
    assert "known mistake" not in text and "\n  30 of 30 entries are wrong" in text
    assert "\n  With h twice as large the expected stays as it is, yours does not: which factor" in text


def test_an_error_that_the_library_raises_too_is_no_mistake(with_tests):
    def refuses(h, slope):
        if np.isnan(h).any():
            raise ValueError("NaN")
        return 3 * library_gate(h, slope)

    statuses, texts = with_tests(refuses, REFUSES_NAN, REFUSES_NAN.replace("nan()", "nan_first()") + ONE)
    assert statuses[:2] == ["passed", "failed"]
    assert "called     gate([ 2., -1.], 0.1)" in texts[1]
    assert "It is a constant factor times the expected: 3." in texts[1]


@pytest.mark.parametrize(
    "change",
    [lambda h: h.__imul__(2), lambda h: h.__setitem__(0, 2), lambda h: np.add(h, 1, out=h), lambda h: h.sort()],
)
def test_an_input_changed_in_place_is_told_in_this_process_too(with_tests, change):
    statuses, texts = with_tests(lambda h, slope: (change(h), library_gate(h, slope))[1], IS_ONE)
    assert statuses[0] == "failed" and "an input was changed in place." in texts[0]


def test_a_mistake_that_breaks_at_other_sizes_is_still_told(with_tests):
    def breaks(h, slope):
        return 2 * library_gate(h, slope) if h.shape == (2,) else 1 / 0

    assert "It is a constant factor times the expected: 2." in with_tests(breaks, IS_ONE)[1][0]


def test_infinite_answers_are_told_where_warnings_are_errors(with_tests):
    strict = f'@pytest.mark.filterwarnings("error")\n{IS_ONE}'
    statuses, texts = with_tests(lambda h, slope: np.array([np.inf, -np.inf]), strict)
    assert statuses[0] == "failed" and "2 of 2 entries are infinite." in texts[0]

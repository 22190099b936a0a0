"""A function that was defined in a notebook's cell or at a prompt is graded by check.function."""

import linecache

import numpy as np
import pytest

from minintk import guard, network
from minintk.course import cell, check, progress, units, workbook

RIGHT = "def activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n"
HELPED = "PART = 0.5\n\ndef twice(x):\n    return x / PART\n\n"


def defined(text, name, **given):
    """The function of a cell: as a notebook does, its text is kept where Python looks for lines."""
    file = f"<cell {abs(hash(text))}>"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    place = {"__name__": "__main__", "np": np} | given
    exec(compile(text, file, "exec"), place)
    return place[name]


@pytest.fixture
def book(tmp_path, monkeypatch, capsys):
    workbook.init(tmp_path / "exercises")
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "exercises"


@pytest.mark.parametrize("above", ["", '@guard.accepts(z="...", slope="[0, 1]")\n'])
def test_a_right_function_passes_and_is_put_in_the_place_of_its_stub(book, capsys, above):
    check.function(defined(above + RIGHT, "activation", guard=guard))
    told = capsys.readouterr().out
    assert told.startswith("network.activation  4/4 points\n")
    assert told.endswith(f"It stands in {book.relative_to(book.parent) / '01_network.py'} now.\n")
    assert progress.state(book)["network.activation"] == ("passed", 4)
    text = (book / "01_network.py").read_text(encoding="utf-8")
    assert RIGHT in text and text.count("def activation") == 1 and "def gate" in text


def test_one_that_uses_others_of_the_cell_is_graded_with_them_and_stays_there(book, capsys):
    before = (book / "01_network.py").read_bytes()
    text = HELPED + RIGHT.replace("slope * z", "twice(slope * z * PART)")
    check.function(defined(text, "activation"))
    assert "4/4 points" in (told := capsys.readouterr().out) and "stands in" not in told
    assert (book / "01_network.py").read_bytes() == before


def test_a_begun_exercise_of_the_workbook_is_not_touched(book, capsys):
    path = book / "01_network.py"
    begun = path.read_text(encoding="utf-8").replace(
        '    raise NotImplementedError("network.activation")', "    return z"
    )
    path.write_text(begun, encoding="utf-8")
    check.function(defined(RIGHT, "activation"))
    assert "4/4" in (told := capsys.readouterr().out) and "stands in" not in told
    assert path.read_text(encoding="utf-8") == begun


def test_a_wrong_one_is_told_in_the_same_words_with_its_own_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    check.function(defined("def gate(h, slope):\n    return h > 0\n", "gate"))
    told = capsys.readouterr().out
    assert "gate([-0.2, 3], slope=0.1) is [0.1, 1]." in told and "It holds booleans" in told and "again:" not in told
    check.function(defined("def gate(h, slope):\n    a = 1\n    return h.nothing\n", "gate"))
    assert "\n  line 3 of gate: AttributeError" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_library_can_be_called_by_the_names_under_which_a_cell_has_it(tmp_path, monkeypatch, capsys):
    text = "def forward(weights, X, slope=0.0):\n    layers = [X]\n    for W in weights:\n"
    text += (
        "        layers.append(net.activation(layers[-1] @ W.T, slope) if W is not weights[-1] else layers[-1] @ W.T)\n"
    )
    monkeypatch.chdir(tmp_path)
    check.function(defined(text + "    return layers\n", "forward", net=network))
    assert "network.forward  7/7 points" in capsys.readouterr().out


def other():
    """No exercise has this name."""


@pytest.mark.parametrize(
    "given, told",
    [
        (other, "^'other' is no exercise; "),
        (3, "^check.function: given a int, expected a function that you defined$"),
        (np.sin, "^check.function: given a ufunc, expected a function"),
        (eval("lambda z, slope: z"), "^'<lambda>' is no exercise; "),
    ],
)
def test_what_is_no_exercise_is_refused_in_a_line(given, told):
    with pytest.raises(ValueError, match=told):
        check.function(given)


def test_a_function_without_a_source_is_refused_in_a_line():
    place = {}
    exec(RIGHT, place)
    with pytest.raises(
        ValueError, match="^check.function: the source of activation is not kept here, expected [^\n]*$"
    ):
        check.function(place["activation"])


def test_every_exercise_has_its_decorator_and_its_head():
    """A function that leaves the decorator out gets that of the library."""
    for exercise in units.exercises():
        text = f"def {exercise['name']}(x):\n    return x\n"
        _, whole, first, more = cell.source(defined(text, exercise["name"]))
        assert whole.splitlines()[first - 1] == text.splitlines()[0] and not more
        assert ("@guard.accepts(" in whole) == (exercise["name"] != "region")
        compile(whole, "whole", "exec")

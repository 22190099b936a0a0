"""A function that was defined in a notebook's cell or at a prompt is graded by check.function."""

import linecache

import numpy as np
import pytest

from minintk import guard, network
from minintk.course import cell, check, progress, units

RIGHT = "def activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n"
HELPED = "PART = 0.5\n\ndef twice(x):\n    return x / PART\n\n"


def defined(text, name, **given):
    """The function of a cell: as a notebook does, its text is kept where Python looks for lines."""
    file = f"<cell {abs(hash(text))}>"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    place = {"__name__": "__main__", "np": np} | given
    exec(compile(text, file, "exec"), place)
    return place[name]


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
    assert "4/4 points" in (told := capsys.readouterr().out) and told.endswith("it uses more of what you defined.\n")
    assert (book / "01_network.py").read_bytes() == before


def test_a_begun_exercise_of_the_workbook_is_not_touched(book, capsys):
    path = book / "01_network.py"
    begun = path.read_text(encoding="utf-8").replace(
        '    raise NotImplementedError("network.activation")', "    return z"
    )
    path.write_text(begun, encoding="utf-8")
    check.function(defined(RIGHT, "activation"))
    assert "4/4" in (told := capsys.readouterr().out) and told.endswith("there is one of yours.\n")
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
        (other, "'other' is no exercise; "),
        (3, "check.function: given a int, expected a function that you defined\n"),
        (np.sin, "check.function: given a ufunc, expected a function"),
        (eval("lambda z, slope: z"), "'<lambda>' is no exercise; "),
    ],
)
def test_what_is_no_exercise_is_refused_in_a_line(capsys, given, told):
    check.function(given)
    assert (out := capsys.readouterr().out).startswith(told) and out.count("\n") == 1


def test_a_function_without_a_source_is_refused_in_a_line(capsys):
    place = {}
    exec(RIGHT, place)
    check.function(place["activation"])
    out = capsys.readouterr().out
    assert out.startswith("check.function: the source of activation is not kept here, expected ")
    assert out.count("\n") == 1


def test_what_was_imported_in_any_way_goes_with_it_and_arrays_do_not(tmp_path, monkeypatch, capsys):
    """numpy's functions are no plain functions; a list of arrays cannot be written down."""
    monkeypatch.chdir(tmp_path)
    body = "    return maximum(z, z * slope * float(norm([1.0])) * SCALES[0])\n"
    given = {"maximum": np.maximum, "norm": np.linalg.norm, "SCALES": [1.0, {"x": 2}]}
    check.function(defined(f"def activation(z, slope):\n{body}", "activation", **given))
    assert "4/4 points" in capsys.readouterr().out
    given["SCALES"] = [np.ones(1)]
    check.function(defined(f"def activation(z, slope):\n{body}", "activation", **given))
    out = capsys.readouterr().out
    assert "line 2 of activation: NameError: name 'SCALES' is not defined" in out and "'array'" not in out
    assert out.endswith("\nnext: mend it and run its cell again      (stuck? minintk hint activation)\n")


def test_the_librarys_functions_stand_in_for_the_other_exercises_of_a_notebook(book, capsys):
    """A forward that is wrong, of unit 1, costs nothing in unit 2; nor does one of the same unit."""
    text = "def forward(*given):\n    return 1 / 0\n\ndef gradient_factors(*given):\n    return 1 / 0\n\n"
    text += "def jacobian(weights, X, slope=0.0):\n    assert len(forward(weights, X)) == len(weights) + 1\n"
    text += "    outer = [np.einsum('cpi,pj->pcij', B, h) for h, B in gradient_factors(weights, X, slope)]\n"
    text += "    return np.concatenate([G.reshape(*G.shape[:2], -1) for G in outer], axis=2)\n"
    check.function(defined(text, "jacobian"))
    assert "kernel.jacobian  7/7 points" in capsys.readouterr().out
    text = text.replace("    assert len(forward(weights, X)) == len(weights) + 1\n", "")
    check.function(defined(text, "jacobian"))  # one of the same unit is in the workbook, too
    assert "It stands in" in capsys.readouterr().out


def test_an_error_in_a_function_that_it_calls_is_told_as_such(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "def helper(z):\n    return z['x']\n\ndef activation(z, slope):\n    return helper(z)\n"
    check.function(defined(text, "activation"))
    out = capsys.readouterr().out
    assert "\n  in what activation uses: IndexError" in out


def test_every_exercise_has_its_decorator_and_its_head():
    """A function that leaves the decorator out gets that of the library."""
    for exercise in units.exercises():
        text = f"def {exercise['name']}(x):\n    return x\n"
        _, whole, first, more = cell.source(defined(text, exercise["name"]))
        assert whole.splitlines()[first - 1] == text.splitlines()[0] and not more
        assert ("@guard.accepts(" in whole) == (exercise["name"] != "region")
        compile(whole, "whole", "exec")

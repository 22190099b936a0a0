"""The tests are tested: every mistake in tests/mistakes fails, and the feedback says what it must say."""

import ast
import re

import numpy as np
import pytest

from minintk import network
from minintk.course import examine, grade, mistakes, results, student, units
from minintk.silence import region  # itself, whatever stands in its place

MISTAKES = {
    f"{unit['module']}.{name}: {what}": (f"{unit['module']}.{name}", wrong, *phrases)
    for unit in units.units()
    for name, what, wrong, *phrases in mistakes.of_unit(unit["id"])
}


class Graded:
    """A pytest plugin that grades all mistakes on one collection of the tests. texts: the first feedback for each."""

    def __init__(self):
        self.texts = {}

    def pytest_runtestloop(self, session):
        tests = {}
        for key, (full, wrong, *_) in MISTAKES.items():
            examiner = examine.Examiner(examine.Local({full: wrong}), [full])
            rows = examiner.results[full].rows
            if full not in tests:
                tests[full] = list(session.items)
                examiner.pytest_collection_modifyitems(session.config, tests[full])  # leaves this exercise's, in order
            session.config.pluginmanager.register(examiner)
            for test in tests[full]:
                session.config.hook.pytest_runtest_protocol(item=test, nextitem=None)
                if any(row.status is results.Status.FAILED for row in rows):
                    break
            session.config.pluginmanager.unregister(examiner)
            self.texts[key] = examiner.results[full].feedback or None
        return True


@pytest.fixture(scope="module")
def texts():
    graded = Graded()
    grade.pytest_run([f"test_{module}.py" for module in dict.fromkeys(u["module"] for u in units.units())], [graded])
    return graded.texts


@pytest.mark.parametrize("key", MISTAKES)
def test_a_mistake_is_found_and_named(texts, key):
    """By its phrase, and by its question if it has one."""
    assert texts[key] is not None, "all rows passed"
    for phrase in MISTAKES[key][2:]:
        assert phrase in texts[key], f"\nexpected {phrase!r} in\n{texts[key]}"


def test_what_is_known_is_named_as_itself(texts):
    """A mistake's feedback ends in its own name, or in that of one which cannot be told from it by any answer."""
    named = {key: re.findall("known mistake does: (.*). Does yours", texts[key]) for key in MISTAKES}
    others = {key: told for key, told in named.items() if told and told != [key.partition(": ")[2]]}
    assert len(others) < 4 and sum(map(bool, named.values())) > 365, others
    by_chance = ("silence.region", "alignment.alignment_time")  # one word or one number is easily the same
    assert not any(key.startswith(by_chance) for key in others), others
    assert not any(re.search("smaller case|twice as large|small made-up", texts[key]) for key in MISTAKES if named[key])


def test_of_several_known_mistakes_the_one_with_most_of_the_answers_is_named(monkeypatch):
    """Both have the answer to the call, and one of those elsewhere, which is enough; one has the other as well."""
    known = [("gate", what, wrong, "") for what, wrong in [("first", lambda x: min(x, 2)), ("second", lambda x: x)]]
    calls = [{"x": x, "got": float(x), "expected": 0.0} for x in (1, 2, 3)]

    def answer(function, call):
        return {"got": float(function(call["x"]))}

    for left, told in [(known, ("second",)), (known[:1], ("first",))]:
        monkeypatch.setattr(mistakes, "of_unit", lambda id, left=left: left)
        assert mistakes.known(units.by_name("network.gate"), calls[:1], answer, lambda: calls[1:]) == told


@pytest.mark.parametrize("case", ["refused", "own error", "passed"])
def test_what_a_wrong_answer_of_another_kind_may_share_is_no_evidence(monkeypatch, case):
    """An error for another one, an error that the mistake does not raise, a test that the mistake would not pass."""
    monkeypatch.setattr(mistakes, "of_unit", lambda id: [("gate", "doubles", lambda x: 2.0 * x, "")])
    divided = student.Error("ZeroDivisionError", "division by zero")
    calls = [{"x": 1, "got": 2.0, "expected": 1.0}, {"x": 2, "got": 4.0, "expected": 2.0}]
    more, passed = [{"x": 3, "got": 6.0, "expected": 3.0}], []

    def answer(function, call):
        return {"error": divided} if call["x"] == 0 else {"got": function(call["x"])}

    def told():
        return mistakes.known(units.by_name("network.gate"), calls, answer, lambda: more, passed)

    assert told() == ("doubles",)
    if case == "refused":
        calls, more = [{"x": 0, "error": divided}], []
        assert told() == ("doubles",)
        calls[0]["refused"] = ValueError("x is 0")
    elif case == "own error":
        more.append({"x": 4, "error": divided, "expected": 4.0})
    else:
        passed.append({"x": 5, "got": 5.0, "expected": 5.0})
    assert told() is None


def test_the_word_for_a_run_is_not_given_away(texts):
    """Which run it is and what was answered, and not what was expected."""
    for key, told in texts.items():
        if key.startswith("silence.region") and "row 1" in told:
            assert "expected   " not in told and "It is run " in told or "KeyError" in told


def told_of(full, wrong):
    """The feedback on a wrong function."""
    examiner = examine.Examiner(examine.Local({full: wrong}), [full])
    grade.pytest_run([f"test_{full.split('.')[0]}.py"], [examiner])
    return examiner.results[full].feedback


@pytest.mark.parametrize(
    "wrong, named",
    [
        (lambda n: region({**n, "untrained": 1.0}), "takes no untrained network for a control"),
        (lambda n: "lazy" if n["growth_end"] < 2 else region(n), "calls every kernel lazy that hardly grows"),
        (lambda n: "silent" if n["rho"] < 0.019 else region(n), None),
    ],
)
def test_a_wrong_word_is_named_by_the_whole_rule(wrong, named):
    """The word that is wrong first has one mistake in common with others; the arguments may have other names."""
    told = told_of("silence.region", wrong)
    assert ("known mistake" in told) == (named is not None) and (named or "") in told


def test_another_wrong_answer_is_no_known_mistake():
    """Twice the right answer, and an error of its own, are told without a comparison."""
    for wrong in (lambda h, slope: 2 * network.gate(h, slope), lambda h, slope: h[0] / None):
        told = told_of("network.gate", wrong)
        assert "row 1" in told and "known mistake" not in told


def test_an_answer_that_is_that_of_a_known_mistake_by_chance_is_not_called_so():
    """Identity and ones have the product 2: over the trace it is 1, as it is over the largest eigenvalues."""
    told = told_of("alignment.kernel_alignment", lambda K, Q: float(np.vdot(K, Q) / np.trace(K)))
    assert "Yours is 1, expected 0.707107." in told and "known mistake" not in told


def test_a_known_mistake_in_a_form_of_its_own_is_named():
    """The last layer alone; its blocks for several outputs are those of no known mistake."""

    def last_layer(weights, X1, X2=None, slope=0.0):
        h1, h2 = (network.forward(weights, X, slope)[-2] for X in (X1, X1 if X2 is None else X2))
        return h1 @ h2.T if len(weights[-1]) == 1 else np.zeros((1, 1))

    assert "known mistake does: takes the last layer only." in told_of("kernel.ntk", last_layer)


def test_every_graded_test_has_words_for_the_student():
    for path in units.folder("tests").glob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if "mark.exercise(" in " ".join(map(ast.unparse, getattr(node, "decorator_list", []))):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"

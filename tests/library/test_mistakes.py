"""The tests are tested: every mistake in the solutions fails, and the feedback says what it must say."""

import itertools

import pytest

from minintk.course import dev, examine, grade, results, units

MISTAKES = {
    f"{unit['module']}.{name}: {what}": (f"{unit['module']}.{name}", wrong, phrase)
    for unit in units.units()
    for name, what, wrong, phrase in dev.solution(unit).MISTAKES
}


def find_texts():
    """The first failed row's feedback for every mistake; one mistake of each exercise in one run."""
    queues = {}
    for key, (full, wrong, _) in MISTAKES.items():
        queues.setdefault(full, []).append((key, wrong))
    found = {}
    for batch in itertools.zip_longest(*queues.values()):
        chosen = {full: one for full, one in zip(queues, batch, strict=True) if one is not None}
        answers = examine.Local({full: wrong for full, (_, wrong) in chosen.items()})
        examiner = examine.Examiner(answers, list(chosen), first_only=True)
        grade.run(examiner)
        for full, (key, _) in chosen.items():
            rows = examiner.results[full].rows
            found[key] = next((row.text for row in rows if row.status is results.Status.FAILED), None)
    return found


@pytest.fixture(scope="module")
def texts(ahead):
    return ahead(find_texts)


@pytest.mark.parametrize("key", MISTAKES)
def test_a_mistake_is_found_and_named(texts, key):
    phrase = MISTAKES[key][2]
    assert texts[key] is not None, "all rows passed"
    assert phrase in texts[key], f"\nexpected {phrase!r} in\n{texts[key]}"

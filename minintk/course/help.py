"""Help with one exercise: the next hint, the solution, and your version beside the library's."""

import difflib
import inspect
import pathlib
import re
import textwrap

from minintk.course import progress, results, screen, units


def hint(folder, word, number=None):
    """Prints the next hint, or hint `number` from 1; remembers how far you are."""
    exercise = _one(word)
    kept, hints = progress.load(folder), units.hints(exercise)
    if number is not None and not 1 <= number <= len(hints):
        raise ValueError(f"{exercise['name']} has hints 1 to {len(hints)}, not {number}")
    shown = kept["hints"].get(exercise["full"], 0)
    number = number or min(shown + 1, len(hints))
    kept["hints"][exercise["full"]] = max(shown, number)
    note = progress.save(folder, kept)
    again = ", the last one, once more" if shown >= len(hints) == number else ""
    screen.say(f"{exercise['full']}, hint {number} of {len(hints)}{again}:")
    screen.say(textwrap.fill(hints[number - 1].strip(), 96, initial_indent="  ", subsequent_indent="  "))
    more = screen.command(folder, "hint" if number < len(hints) else "solution", exercise["name"])
    screen.say(f"\nmore: {more}")
    if note:
        screen.say(f"\n{note}")


def solution(folder, word, yes=False):
    """Prints the derivation and the library's source; asks first, but for yes, if the exercise is not passed yet."""
    exercise = _one(word)
    if not yes and progress.state(folder)[exercise["full"]][0] is not results.Status.PASSED and not _sure():
        screen.say(f"Not shown. {screen.command(folder, 'hint', exercise['name'])} gives a hint.")
        return
    text = (units.folder("solutions") / exercise["file"]).with_suffix(".md").read_text(encoding="utf-8")
    screen.say(derivation(text, exercise["name"]))
    screen.say("\n" + _library_text(exercise))


def derivation(text, name):
    """The part of a unit's derivations under the heading "## name", up to the next heading of this kind."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return next(f"## {part}".strip() for part in parts if part.startswith(f"{name}\n"))


def diff(folder, word):
    """Prints the difference between the library's function and yours, once yours has passed."""
    exercise = _one(word)
    if progress.state(folder)[exercise["full"]][0] is not results.Status.PASSED:
        raise ValueError(
            f"{exercise['name']} has not passed yet; {screen.command(folder, 'check', exercise['name'])} first"
        )
    yours = progress.texts(folder)[exercise["full"]][0].splitlines()
    library = _library_text(exercise).splitlines()
    lines = list(
        difflib.unified_diff(library, yours, "library", str(pathlib.Path(folder) / exercise["file"]), lineterm="", n=50)
    )
    screen.say("\n".join(lines) if lines else "Yours is the library's, to the letter.")


def _library_text(exercise):
    """The library function's source, from its file: the function in the module may be swapped."""
    function = getattr(units.module(exercise), exercise["name"])
    return inspect.getsource(function).rstrip()


def _sure():
    answer = screen.asked("You have not passed it yet. Show the solution? [y/N]")
    return answer is None or answer.lower() in ("y", "yes")  # where nobody is asked the command meant what it said


def _one(word):
    found = units.find(word)
    if len(found) != 1:
        raise ValueError(f"{word!r} is a whole unit; name one exercise: {', '.join(e['name'] for e in found)}")
    return found[0]

"""A function defined in a notebook's cell or at a prompt, as the file that a student would have written."""

import ast
import inspect
import re
import sys
import textwrap
import types

import numpy as np

from minintk.course import cut, submission, units


def source(function):
    """(exercise, the text of a file with this function, the line at which it begins there, whether it needs more).

    The file has what the exercise's file imports, and more that stands around the function if it uses it: functions
    from the same place, by their source, whatever was imported, and plain values. Of other exercises it has the
    library's functions. ValueError in words if it cannot be.
    """
    if not isinstance(function, types.FunctionType):
        raise ValueError(f"check.function: given a {type(function).__name__}, expected a function that you defined")
    found = [exercise for exercise in units.exercises() if exercise["name"] == function.__name__]
    if not found:
        units.find(function.__name__)  # raises, and says which name is near
        raise ValueError(f"{function.__name__!r} is a whole unit; expected the name of an exercise")
    exercise, own = found[0], inspect.unwrap(function)
    text = _text(own)
    head = cut.exercise_file(units.unit(exercise["full"])).partition("\n@guard")[0].rstrip()
    there = {a.asname or a.name for node in ast.parse(head).body for a in getattr(node, "names", [])}
    modules = {e["name"]: e["module"] for e in units.exercises()} | {None: exercise["module"]}
    used = _used(text, own.__globals__, {exercise["name"], *there}, modules)
    above = f"{head}\n{used}\n\n" + ("" if text.startswith("@") else f"{_decorator(exercise)}\n")
    return exercise, above + text, above.count("\n") + 1, bool(used)


def alone(text, exercise):
    """The function from such a text."""
    return submission.read(text)[0][exercise["name"]][0]


def _text(function):
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip() + "\n"
    except (OSError, TypeError):
        raise ValueError(
            f"check.function: the source of {function.__name__} is not kept here, expected a notebook or a file"
        ) from None


def _decorator(exercise):
    """The line @guard.accepts of the library's function."""
    text = inspect.getsource(inspect.unwrap(getattr(units.module(exercise), exercise["name"])))
    return re.split("^def ", text, flags=re.MULTILINE)[0].rstrip()


def _used(text, names, seen, modules):
    """Lines that define what a text uses of these names, each after what it uses itself.

    modules: {exercise: its module}, and that of this exercise under None; there the library's stand in any case.
    """
    lines = []
    for name in sorted({node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - seen):
        if name not in names:
            continue
        seen.add(name)
        value = names[name]
        home = "numpy" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)  # older ones do not say
        if name in modules:
            lines += [f"from minintk.{modules[name]} import {name}"] * (modules[name] != modules[None])
        elif isinstance(value, types.ModuleType):
            lines.append(f"import {value.__name__} as {name}")
        elif home == names.get("__name__") and isinstance(value, types.FunctionType):
            helper = _text(inspect.unwrap(value))
            lines += [_used(helper, names, seen, modules), helper]
        elif callable(value) and getattr(sys.modules.get(home), getattr(value, "__name__", ""), None) is value:
            lines.append(f"from {home} import {value.__name__} as {name}")
        elif _plain(value):
            lines.append(f"{name} = {value!r}")
    return "\n".join(line for line in lines if line)


def _plain(value):
    """Whether the value can be written down: no array, no NaN."""
    try:
        return ast.literal_eval(repr(value)) == value
    except (ValueError, SyntaxError):
        return False

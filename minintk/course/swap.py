"""Puts all of a student's finished functions into the library at once, and lends the library's for each hole."""

import contextlib
import pathlib
import traceback

from minintk import training
from minintk.course import progress, regime, results, submission, units


@contextlib.contextmanager
def swapped(folder, passed=False):
    """While this lasts the library runs on the folder's functions, in this process. Yields (mine, all, problems).

    passed: take only functions that have passed, not all that were begun.
    mine and all: full names; problems: sentences about files that did not run through. ValueError if there is no file.
    Whatever a student's function does to its caller, short of ending the process, becomes a RuntimeError of one line.
    """
    folder = units.workbook(folder)
    library = {e["full"]: getattr(units.module(e), e["name"]) for e in units.exercises()}
    trainers = {train.__name__: train for train in (training.gradient_descent, training.gradient_flow)}
    states = progress.state(folder) if passed else {}
    mine, problems, files = [], [], []
    try:
        for unit in units.units():
            path, text, functions, _ = submission.of_unit(folder, unit)
            files.append(str(path))
            started = {name for name, (_, begun) in functions.items() if begun}
            if passed:
                started &= {e["name"] for e in unit["exercise"] if states[e["full"]][0] is results.Status.PASSED}
            with regime.theirs("file"):
                namespace, wrong = submission.run(text, str(path))
            problems += [f"{path}, line {line}: {sentence}" for line, sentence in wrong]
            for exercise in unit["exercise"]:
                if exercise["name"] in started and callable(namespace.get(exercise["name"])):
                    setattr(units.module(exercise), exercise["name"], regime.on_the_clock(namespace[exercise["name"]]))
                    mine.append(exercise["full"])
                else:
                    namespace[exercise["name"]] = library[exercise["full"]]
        for name, train in trainers.items():  # one call on the clock: to start that at every step doubles the time
            setattr(training, name, regime.on_the_clock(train))
        yield mine, list(library), problems
    except BaseException as error:
        told = (ValueError, RuntimeError, OSError)
        if not mine or isinstance(error, KeyboardInterrupt | GeneratorExit):
            raise
        words = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
        if (place := traceback.extract_tb(error.__traceback__)[-1]) and place.filename in files:
            place = f"{pathlib.Path(place.filename).name}, line {place.lineno}"
            raise RuntimeError(f"{place}: {words}; minintk check tells more") from None
        if isinstance(error, told) and not isinstance(error, NotImplementedError):
            raise
        raise RuntimeError(f"stopped in or after one of your functions by {words}; minintk check tells more") from None
    finally:
        for exercise in units.exercises():
            setattr(units.module(exercise), exercise["name"], library[exercise["full"]])
        for name, train in trainers.items():
            setattr(training, name, train)


def told(mine, every):
    """Whose functions are used, in a line."""
    names = [full.split(".")[1] for full in mine]
    return f"yours: {len(mine)} of {len(every)}" + (f" - {', '.join(names)}" if names else "; the library's for all")

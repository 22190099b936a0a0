"""Runs experiments and keeps what they found: one in this process, or several side by side."""

import pathlib

from minintk import experiments
from minintk.experiments import common
from minintk.tools import pages, pool


def one(name, folder, settings, animate=False, explore=False):
    """Runs an experiment with these settings, writes its files into folder / name. Returns what to print."""
    module, folder = experiments.find(name), pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)  # before the work, so that a folder we cannot write to costs nothing
    result = module.run(**settings)
    note = common.save(folder, result)
    told = f"{name}\n\n{result.report}\n\n{folder}: figure.png, results.npz, summary.json\n{note}"
    if animate:
        told += f"\n{pages.animation(folder / 'animation.html', result.film)}: open it in a browser\n"
    if explore:
        told += f"\n{pages.explore(folder / 'explore.html', result.followed)}: open it in a browser\n"
    return told


def several(names, folder, settings, jobs, **more):
    """Yields what to print for each of the experiments, in their order; so many of them at work at once.

    more: for one experiment alone, animate or explore, see `one`.
    """
    if min(jobs, len(names)) == 1:
        yield from (one(name, folder, settings, **more) for name in names)
        return
    with pool.own(min(jobs, len(names))) as workers:
        for done in [workers.submit(_told, name, folder, settings) for name in names]:
            text, error = done.result()
            if error:
                raise error
            yield text


def _told(name, folder, settings):
    """`one` in a process of its own: (text, None) or (None, error), as some errors would break the pool."""
    try:
        return one(name, folder, settings), None
    except (ValueError, OSError) as error:
        return None, type(error)(str(error))
    except Exception as error:
        return None, RuntimeError(f"{name}: {type(error).__name__}: {error}")

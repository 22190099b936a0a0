"""The paper's claims, one file each.

run(seed=0) computes and returns a dict with `arrays` and `summary` for the files and whatever else is drawn or told;
report(results) puts it in words, a table and a verdict that follows from the numbers; the function of plots with the
experiment's name draws it. The module's docstring is what `minintk explain` prints.
"""

import importlib
import json
import math
import pathlib

import numpy as np

NAMES = (
    "silent_alignment",
    "lazy_to_rich",
    "linear_phases",
    "depth",
    "whitening",
    "several_outputs",
    "losses",
    "gap",
    "three_traps",
    "phase_diagram",
)


def load(name):
    """The experiment's module."""
    return importlib.import_module(f"minintk.experiments.{name}")


def table(rows):
    """Lines of (label, cells) under each other, cells to the right; None is an empty line."""
    width = max(len(label) for label, _ in filter(None, rows))
    cell = 2 + max(len(text) for _, cells in filter(None, rows) for text in cells)
    return "\n".join(
        "" if row is None else f"{row[0]:<{width}}" + "".join(f"{c:>{cell}}" for c in row[1]) for row in rows
    )


def save(folder, figure, arrays, summary):
    """Writes figure.png, results.npz (arrays by name) and summary.json into the folder, which is made if need be."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "figure.png", dpi=130)
    np.savez_compressed(folder / "results.npz", **arrays)
    (folder / "summary.json").write_text(json.dumps(_plain(summary), indent=2) + "\n", encoding="utf-8")


def _plain(value):
    """The value with None in place of what JSON cannot say: infinite times and undefined ratios."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

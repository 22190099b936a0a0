"""The paper's claims, one file each: `run` computes, `report` puts it in words, and a function in plots draws it."""

import json
import math
import pathlib

import numpy as np


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

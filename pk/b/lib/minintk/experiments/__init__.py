"""The paper's claims, one file each.

run(seed=0) computes and returns a dict with `arrays` and `summary` for the files and whatever else is drawn or told;
report(results) puts it in words, a table and a verdict that follows from the numbers; the function of plots with the
experiment's name draws it. The module's docstring is what `minintk explain` prints.
"""

import importlib
import json
import math
import os
import pathlib
import tempfile

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
SYMBOLS = """Symbols.

    P, D, N, L, C   training samples, inputs, hidden units, layers, outputs
    f_0, f_T        the network before and after training
    K_t, k_t(x)     its tangent kernel at time t, between training samples, and between x and them
    K_inf           the kernel at the end of training
    machine of K    f_0(x) + k(x)^T K^{-1} [f_T(X) - f_0(X)], the kernel predictor that is given the
                    network's own training outputs and asked for its test outputs
    err_inf, err_0  |machine - f_T| / |f_T| on test points, for K_inf and K_0; rho = err_inf / err_0
    A(K, Q)         <K, Q> / (|K| |Q|), the cosine of the angle between two kernels
    A_0             A(K_0, K_inf)
    t_align         the time from which on A(K_t, K_inf) >= 0.95
    t_learn         the time at which the loss has dropped by 10 %
    sigma           scale of the initial weights, W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1})
    slope           of the activation below 0: 0 is ReLU, 1 a linear network, leaky between
    white           inputs X whose non-zero singular values are equal
    s, beta         linear targets are y = s X beta with |beta| = 1
"""


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


def row(cases, label, form, name, entry=None):
    """A line of `table`: each case's number of this name, or this entry of its list, in this form; "-" for None."""
    values = [case[name] if entry is None else case[name][entry] for case in cases]
    return label, ["-" if value is None else form.format(value) for value in values]


def save(folder, figure, arrays, summary):
    """Writes figure.png, results.npz (arrays by name) and summary.json into the folder, all of them or none.

    The folder is made if need be; what stands there under these names is replaced.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as part:
        part = pathlib.Path(part)
        figure.savefig(part / "figure.png", dpi=130)
        np.savez_compressed(part / "results.npz", **arrays)
        (part / "summary.json").write_text(json.dumps(_plain(summary), indent=2) + "\n", encoding="utf-8")
        for file in list(part.iterdir()):
            os.replace(file, folder / file.name)


def _plain(value):
    """The value with None in place of what JSON cannot say: infinite times and undefined ratios."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""What two or more experiments share: the task on digits, medians over runs, tables, and the files."""

import json
import math
import os
import pathlib
import tempfile

import numpy as np

from minintk import alignment, data, network, silence, training, whitening
from minintk.experiments import style

P_TEST = 2000  # at most this many test samples


def task(path, classes, P, loss, seed):
    """A training and a test set, drawn by the seed: a dict of X (P, D), Y (P, C), X_test, y_test.

    path: for `data.read`, None for the shipped digits; classes: for `data.parse_classes`.
    """
    rng, groups = np.random.default_rng(seed), data.parse_classes(classes)
    X, y, X_test, y_test = data.split(*(data.read(path) if path else data.digits()), groups, P, rng)
    tested = np.sort(rng.permutation(len(X_test))[:P_TEST])
    return {"X": X, "Y": targets(y, len(groups), loss), "X_test": X_test[tested], "y_test": y_test[tested]}


def targets(y, n_classes, loss):
    """Labels of `data.split` as targets (P, C): C = 1 for two classes, else (and for softmax) one output a class."""
    if n_classes == 2 and loss != "softmax":
        return y[:, None]
    index = (1 - y) / 2 if n_classes == 2 else y
    one_hot = np.eye(n_classes)[index.astype(int)]
    return 2 * one_hot - 1 if loss == "logistic" else one_hot


def whitened(task, power):
    """The task with its inputs mapped to this power of their singular values, by the training set's map."""
    M = whitening.whitening_map(task["X"], power)
    return task | {"X": task["X"] @ M, "X_test": task["X_test"] @ M}


def at_drops(weights, X, Y, X_test, step_size, slope=0.0, **down):
    """A run as in `silence.experiment`, but recorded at the loss drops only: (Trajectory, its numbers). No curves."""
    down = {"record_drops": silence.DROPS, "record_kernels": True, "X_test": X_test, "target_loss": 1e-4} | down
    run = training.gradient_descent(weights, X, Y, step_size, slope, **down)
    ends = run.outputs[-1], run.outputs[0], run.test_outputs[0], slope
    machines = [silence.kernel_machine(w, X, X_test, *ends) for w in (run.weights[-1], weights)]
    A, norms = silence.alignment_curve(run.kernels), [alignment.norm(K) for K in run.kernels]
    return run, silence.silence_numbers(run.times, run.losses, A, norms, run.test_outputs[-1], *machines)


def initial_weights(task, depth, width, sigma, rng):
    """Weights that fit the task's inputs and targets."""
    sizes = [task["X"].shape[1], *[width] * (depth - 1), task["Y"].shape[1]]
    return network.init_weights(sizes, sigma, np.random.default_rng(rng))


def balanced_labels(P, rng):
    """P // 2 labels +1 and the others -1 in random order, (P, 1)."""
    return rng.permutation(np.where(np.arange(P) < P // 2, 1.0, -1.0))[:, None]


def accuracy(f, y):
    """The share of test samples put into their class by the sign of one output or the largest of several, f (P, C)."""
    if f.shape[1] == 1:
        return float((np.sign(f[:, 0]) == y).mean())
    index = (1 - y) / 2 if f.shape[1] == 2 else y
    return float((f.argmax(axis=1) == index).mean())


def medians(numbers):
    """Entry by entry the median of several runs' numbers, a list of dicts; None where one of them is None."""
    return {name: _median([n[name] for n in numbers]) for name in numbers[0]}


def _median(values):
    if isinstance(values[0], list):
        return [_median(list(entries)) for entries in zip(*values)]
    return None if None in values else float(np.median(values))


def median_run(runs, name, entry=None):
    """The run whose number of this name, or this entry of its list, is the median one; each run has "numbers"."""

    def number(run):
        return run["numbers"][name] if entry is None else run["numbers"][name][entry]

    return sorted(runs, key=number)[(len(runs) - 1) // 2]


def relative_error(found, theory):
    """|found - theory| / |theory|."""
    return float(np.linalg.norm(found - theory) / np.linalg.norm(theory))


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


def save(folder, result):
    """Writes results.npz and summary.json into the folder, both or none, and then figure.png. Returns "", or a line.

    The folder is made if need be; what stands there under these names is replaced. The numbers are there before
    anything is drawn, and a figure that cannot be drawn leaves no older one beside them. The line says that the older
    one could not be replaced.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as part:
        part = pathlib.Path(part)
        np.savez_compressed(part / "results.npz", **result.arrays)
        summary = json.dumps(plain(result.summary), indent=2) + "\n"
        (part / "summary.json").write_text(summary, encoding="utf-8", newline="\n")
        for file in list(part.iterdir()):
            os.replace(file, folder / file.name)
        try:
            (folder / "figure.png").unlink(missing_ok=True)
        except PermissionError as error:  # on Windows, while a viewer shows it
            return f"its figure.png is an older one ({error.strerror}): close it where it is open, then run again\n"
        style.draw(result.figure, part / "figure.png")
        os.replace(part / "figure.png", folder / "figure.png")
    return ""


def plain(value):
    """The value as JSON can say it: numpy's numbers as Python's, None for infinite times and undefined ratios."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value

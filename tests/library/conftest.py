"""What `minintk run all` leaves behind, for the tests that look at real numbers."""

import functools
import json
import typing

import numpy as np
import pytest
from matplotlib import figure

from minintk import experiments
from minintk.experiments import common


class Found(typing.NamedTuple):
    summary: dict  # of summary.json
    arrays: dict  # of results.npz
    report: str


@pytest.fixture(scope="session")
def found(tmp_path_factory):
    """found("gap"): what this experiment finds with its own settings and seed 0."""

    @functools.cache
    def fetch(name):
        result, folder = experiments.find(name).run(), tmp_path_factory.mktemp(name)
        common.save(folder, experiments.Result(result.summary, result.arrays, result.report, figure.Figure))
        with np.load(folder / "results.npz") as arrays:
            return Found(json.loads((folder / "summary.json").read_text()), dict(arrays), result.report)

    return fetch

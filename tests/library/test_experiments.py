"""What every experiment promises: files, a screen, a figure, the same numbers for the same seed, and room for changes."""

import re

import numpy as np
import pytest
from matplotlib import figure

from minintk import experiments, network
from minintk.experiments import style

NAMES = list(experiments.registry())
SMALL = {}
TRY = {}


def small(name, monkeypatch, constants=(), **settings):
    """The experiment's result at a size that takes no time."""
    module = experiments.find(name)
    for constant, value in (SMALL[name]["constants"] | dict(constants)).items():
        monkeypatch.setattr(module, constant, value)
    return module.run(**SMALL[name]["settings"] | settings)


def assert_drawn(result):
    """The figure can be drawn, no panel is empty, and every axis that is not an image has a name."""
    with style.defaults():
        fig = result.figure()
        fig.canvas.draw()
    assert isinstance(fig, figure.Figure) and fig.get_axes()
    for ax in fig.get_axes():
        assert ax.lines or ax.images or ax.collections, "an empty panel"
        if not ax.images and ax.get_label() != "<colorbar>":
            assert ax.get_xlabel(), "an axis without a name"
            row = [other for other in fig.get_axes() if other.get_position().y0 == ax.get_position().y0]
            assert any(other.get_ylabel() for other in row)  # its neighbours may share the first one's


@pytest.mark.parametrize("name", NAMES)
def test_its_files_and_its_screen(name, found):
    summary, arrays, report = found(name)
    assert summary["experiment"] == name and "seed" in summary["settings"]
    assert report.endswith(summary["verdict"]) and max(map(len, report.splitlines())) <= 100
    assert arrays and all(array.dtype.kind in "biuf" for array in arrays.values())


@pytest.mark.parametrize("name", NAMES)
def test_its_figure_and_its_seed(name, monkeypatch):
    first, again, other = (small(name, monkeypatch, seed=seed) for seed in (3, 3, 4))
    assert first.arrays.keys() == again.arrays.keys()
    assert all(np.array_equal(first.arrays[key], again.arrays[key], equal_nan=True) for key in first.arrays)
    assert first.report == again.report != other.report
    assert_drawn(first)


@pytest.mark.parametrize("name", NAMES)
def test_a_replaced_function_reaches_it(name, monkeypatch):
    """`--answers` puts a student's function in the module: nothing may hold on to the library's."""
    calls, real = [], network.forward
    monkeypatch.setattr(network, "forward", lambda *args: calls.append(1) or real(*args))
    small(name, monkeypatch)
    assert calls


@pytest.mark.parametrize("name, constants", [(name, changed) for name in TRY for changed in TRY[name]])
def test_what_try_next_invites_to_change_may_be_changed(name, constants, monkeypatch):
    assert_drawn(small(name, monkeypatch, constants))


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_that_try_next_names_is_changed_above(name):
    told = experiments.find(name).__doc__.partition("Try next.")[2]
    named = set(re.findall(r"\b([A-Z][A-Z_]*)\b(?: =|,| in )", told)) & set(vars(experiments.find(name)))
    assert named <= {constant for changed in TRY.get(name, []) for constant in changed}

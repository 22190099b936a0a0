"""What every experiment promises: files, a screen, a figure, the same numbers for a seed, and room for changes."""

import re

import numpy as np
import pytest
from matplotlib import figure

from minintk import experiments, network
from minintk.experiments import common, style

NAMES = list(experiments.registry())
# Settings and constants that make a run short
LINEAR = {"L": 2, "P": 40, "D": 10, "N": 10, "sigma": 0.03}
FOLLOWED = (("leaky, white", 0.1, 0.05, 1), ("ReLU, white", 0.0, 0.1, 1), ("ReLU, stretched", 0.0, 0.1, 100))
TRAPS = (
    ("silent", 0.0, 0.1, 10, 20, 30, None, 0.1),
    ("T1 lazy", 0.0, 3.0, 10, 20, 30, None, 1e-3),
    ("T2 linear", 1.0, 0.1, 10, 20, 10, 100, 0.03),
    ("T3 P > rank", 0.0, 0.1, 24, 4, 4, None, 0.1),
)
LEVELS = np.array([0.9, 0.5, 0.3])

SMALL = {
    "silent_alignment": {
        "settings": {"P": 8, "width": 20, "powers": (0, 1), "inits": 1, "sigma": 0.1},
        "constants": {},
    },
    "lazy_to_rich": {
        "settings": {"sigmas": (1, 0.1), "inits": 1},
        "constants": {"P": 10, "D": 20, "N": 20, "P_TEST": 20, "WIDTHS": (20, 40)},
    },
    "layer_scales": {
        "settings": {"inits": 1},
        "constants": {"P": 10, "D": 20, "N": 20, "P_TEST": 20, "SCALES": (0.1, 1), "SECOND": (0.1, 1)},
    },
    "whitening": {
        "settings": {"inits": 1},
        "constants": {
            "CONDITIONS": (1, 10), "LINEAR": LINEAR, "POWERS": (0, 1), "SIZES": (9, 40),
            "P": 10, "D": 20, "N": 20, "SIGMA": 0.1, "P_TEST": 20,
        },
    },
    "losses": {
        "settings": {"inits": 1},
        "constants": {
            "CASES": (
                ("leaky, logistic", "white", 0.1, 0.05, "logistic", 0.2),
                ("ReLU, logistic", "stretched", 0.0, 0.1, "logistic", 0.1),
                ("digits, softmax", "digits", 0.0, 0.1, "softmax", 0.2),
            ),
            "P": 10, "D": 20, "N": 20, "P_TEST": 20, "LEVELS": LEVELS, "LATE": np.append(LEVELS, 0.1),
            "SIZES": (10, 40),
        },
    },
    "gap": {
        "settings": {"inits": 1},
        "constants": {"CASES": FOLLOWED, "P": 10, "D": 20, "N": 20, "P_TEST": 20, "STEP": 0.2},
    },
    "three_traps": {
        "settings": {"inits": 1},
        "constants": {
            "CASES": TRAPS, "P_TEST": 20, "STEPS": 200, "TARGET_LOSS": 0.2, "UNTRAINED": (5, 4, (5, 10, 20)),
        },
    },
    "neurons": {
        "settings": {"inits": 2},
        "constants": {
            "SIGMA": 0.5, "N": 20, "P": 10, "D": 20, "P_TEST": 20, "UNITS": 8,
            "CASES": (("white", 1, None, 1), ("raw", None, 1, 0.5)),
        },
    },
    "transfer": {
        "settings": {},
        "constants": {"P": 20, "D": 10, "N": 12, "SIGMAS": {2: 0.1, 3: 0.2}, "SAMPLES": 4, "DRAWS": 20},
    },
    "optimisers": {
        "settings": {"inits": 1},
        "constants": {"N": 20, "P": 10, "D": 20, "P_TEST": 20, "SIGMA": 0.1, "STEP_SIZE": 0.01, "TARGET_LOSS": 0.05},
    },
    "weight_decay": {
        "settings": {"inits": 1},
        "constants": {"CASES": (("white", 0, 1.0), ("stretched", None, 0.1)), "N": 10, "STEPS": 100},
    },
    "phase_diagram": {
        "settings": {"sigmas": (1, 0.1), "powers": (0, 1), "inits": 1},
        "constants": {"P": 20, "N": 20, "STEPS": 200, "TARGET_LOSS": 0.01},
    },
    "linear_phases": {
        "settings": {},
        "constants": {"P": 12, "D": 6, "N": 10, "SIGMAS": (0.1, 0.03), "MAIN": 0.1, "EARLY": 20},
    },
    "depth": {
        "settings": {},
        "constants": {
            "linear_phases.P": 12,
            "linear_phases.D": 6,
            "linear_phases.N": 10,
            "SIGMAS": {2: (0.03, 0.1), 3: (0.1, 0.2)},
            "MOMENTS": 8,
        },
    },
    "several_outputs": {
        "settings": {},
        "constants": {
            "P": 12, "D": 6, "N": 12, "FEW": 4, "SIGMAS": (0.3, 0.1), "MAIN": 0.3, "FEW_SIGMAS": (0.3,), "DEEP": 0.3,
            "STEPS": (0.3, 2),
        },
    },
}  # fmt: skip

# What "Try next" invites to change, together where one change does not hide what another one does
TRY = {
    "linear_phases": [{"N": 200, "S": 3.0, "MAIN": 0.05}, {"SIGMAS": (0.1, 0.05)}],
    "depth": [{"SIGMAS": {3: (0.06, 0.1), 5: (0.2, 0.25, 0.3)}}, {"linear_phases.S": 3.0, "linear_phases.N": 40}],
    "several_outputs": [{"S": (3, 2.9, 0.6), "N": 5}, {"S": (1, 1, 1), "MAIN": 0.02}],
    "lazy_to_rich": [{"N": 40}],
    "layer_scales": [{"SLOPE": 0.1, "N": 40, "SECOND": (0.1, 10)}],
    "whitening": [{"LINEAR": LINEAR | {"L": 3, "sigma": 0.1}, "SLOPE": 0.5, "SIGMA": 1e-3, "BIAS": 0.25}],
    "losses": [{"N": 40, "LATE": np.append(LEVELS, 0.01)}],
    "gap": [
        {"STEP": 0.1, "CASES": tuple((title, 1.0, *rest) for title, _, *rest in FOLLOWED)},
        {"CASES": FOLLOWED[:1] + (("linear", 1.0, 0.1, 100),)},
    ],
    "three_traps": [
        {
            "CASES": tuple(
                (title, slope, 1.0 if "T1" in title else sigma, *rest) for title, slope, sigma, *rest in TRAPS
            )
        },
        {"CASES": TRAPS[:3] + (("T3 P > rank", 0.0, 0.1, 8, 4, 4, None, 0.1),)},
    ],
    "neurons": [{"SIGMA": 0.05, "CORNERS": 4}],
    "transfer": [{"SAMPLES": 8, "D": 20, "P": 40, "SIGMAS": {2: 1.0}}],
    "optimisers": [{"STEP_SIZE": 0.003}, {"SIGMA": 1}],
    "weight_decay": [{"DECAY": 0.1, "STEPS": 30, "CASES": (("raw", 1, 1.0),)}],
    "phase_diagram": [{"CLASSES": "0,1"}, {"CLASSES": "parity"}],
}


def small(name, monkeypatch, constants=(), **settings):
    """The experiment's result at a size that takes no time."""
    for path, value in (SMALL[name]["constants"] | dict(constants)).items():
        owner, _, constant = path.rpartition(".")
        monkeypatch.setattr(experiments.find(owner or name), constant, value)
    return experiments.find(name).run(**SMALL[name]["settings"] | settings)


def assert_whole(result):
    """The figure is made, no panel is empty, and every axis that is not an image has a name."""
    with style.defaults():
        fig = result.figure()
    assert isinstance(fig, figure.Figure) and fig.get_axes()
    for ax in fig.get_axes():
        assert ax.lines or ax.images or ax.collections, "an empty panel"
        if not ax.images and ax.get_label() != "<colorbar>":
            assert ax.get_xlabel(), "an axis without a name"
            row = [other for other in fig.get_axes() if other.get_position().y0 == ax.get_position().y0]
            assert any(other.get_ylabel() for other in row)  # its neighbours may share the first one's


def same(arrays, others):
    return arrays.keys() == others.keys() and all(np.array_equal(arrays[k], others[k], equal_nan=True) for k in arrays)


@pytest.mark.parametrize("name", NAMES)
def test_its_files_and_its_screen(name, found):
    summary, arrays, report = found(name)
    assert summary["experiment"] == name and "seed" in summary["settings"]
    assert " ".join(report.split()).endswith(" ".join(summary["verdict"].split()))  # the screen may break its lines
    assert max(map(len, report.splitlines())) <= 100
    assert arrays and all(array.dtype.kind in "biuf" for array in arrays.values())


@pytest.mark.parametrize("name", NAMES)
def test_its_figure_its_seed_and_functions_put_in_place_of_the_librarys(name, monkeypatch):
    """`--answers` puts a student's function in the module: nothing may hold on to the library's."""
    first, other = (small(name, monkeypatch, seed=seed) for seed in (3, 4))
    assert_whole(first)
    calls, real = [], network.forward
    monkeypatch.setattr(network, "forward", lambda *args: calls.append(1) or real(*args))
    again = small(name, monkeypatch, seed=3)
    assert calls and same(first.arrays, again.arrays) and not same(first.arrays, other.arrays)
    assert first.report == again.report != other.report


@pytest.mark.parametrize("name, constants", [(name, changed) for name in TRY for changed in TRY[name]])
def test_what_try_next_invites_to_change_may_be_changed(name, constants, monkeypatch):
    assert_whole(small(name, monkeypatch, constants))


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_that_try_next_names_is_changed_above(name):
    told = experiments.find(name).__doc__.partition("Try next.")[2]
    named = set(re.findall(r"\b[A-Z][A-Z_]+\b", told)) & set(vars(experiments.find(name)))
    assert named <= {constant for changed in TRY.get(name, []) for constant in changed}


@pytest.mark.parametrize(
    "name, constants, labels",
    [
        ("gap", {"CASES": [(f"case {i}", 1.0, 0.1, 1) for i in range(5)]}, [f"case {i}" for i in range(5)]),
        ("several_outputs", {"S": (1.5,)}, []),
        ("losses", {"CASES": (("alone", "white", 0.1, 0.1, "logistic", 0.2),)}, ["alone"]),
    ],
)
def test_as_many_things_as_one_asks_for_are_drawn(name, constants, labels, monkeypatch):
    result = small(name, monkeypatch, constants)
    assert_whole(result)
    drawn = {line.get_label() for ax in result.figure().get_axes() for line in ax.lines}
    assert all(label in drawn for label in labels), drawn


def test_a_figure_drawn_in_a_notebook_has_matplotlibs_own_settings(monkeypatch):
    import matplotlib

    result = small("transfer", monkeypatch)
    with matplotlib.rc_context({"axes.facecolor": "black", "text.usetex": True}):
        axes = result.figure().get_axes()
    assert axes[0].get_facecolor() == (1, 1, 1, 1) and not axes[0].title.get_usetex()


@pytest.mark.parametrize("name, constants", [("linear_phases", {"SIGMAS": (0.1,)}), ("depth", {"SIGMAS": {3: (0.1,)}})])
def test_one_sigma_where_two_are_compared_is_told_in_a_line(name, constants, monkeypatch):
    with pytest.raises(ValueError, match=f"^{name}: SIGMAS.* 0.1 alone, expected two sigmas at least$"):
        small(name, monkeypatch, constants)


def test_the_median_run_by_hand():
    """Of an even number the lower one of the two in the middle."""
    numbers = [(3, [0, 2]), (1, [9, 4]), (2, [5, 1]), (4, [7, 3])]
    runs = [{"numbers": {"rho": rho, "flow": flow}} for rho, flow in numbers]
    assert common.median_run(runs, "rho") is runs[2] and common.median_run(runs, "flow", 1) is runs[0]

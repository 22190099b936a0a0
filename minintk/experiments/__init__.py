"""The paper's claims, one file each: its docstring is what `minintk explain` prints, its `run` computes the rest."""

import ast
import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np

from minintk.experiments import style


@dataclasses.dataclass(frozen=True)
class Result:
    """What an experiment found. Only the experiment itself knows what its summary and arrays hold."""

    summary: dict  # settings, numbers and "verdict", for summary.json
    arrays: dict[str, np.ndarray]  # for results.npz
    report: str  # heading, table and verdict, for the screen
    figure: Callable  # draws and returns a matplotlib Figure
    film: Callable | None = None  # prepares a `film.Film`
    followed: Callable | None = None  # yields a `phase_diagram.Followed` for each cell of a map

    def __post_init__(self):
        object.__setattr__(self, "figure", style.defaults()(self.figure))  # in a notebook's cell, too


def registry():
    """{name: module} of all experiments, in the order in which they are told; imported only when asked for."""
    from minintk.experiments import (
        depth,
        gap,
        layer_scales,
        lazy_to_rich,
        linear_phases,
        losses,
        neurons,
        optimisers,
        phase_diagram,
        several_outputs,
        silent_alignment,
        three_traps,
        transfer,
        weight_decay,
        whitening,
    )

    return {
        "silent_alignment": silent_alignment,
        "lazy_to_rich": lazy_to_rich,
        "layer_scales": layer_scales,
        "linear_phases": linear_phases,
        "depth": depth,
        "whitening": whitening,
        "several_outputs": several_outputs,
        "neurons": neurons,
        "losses": losses,
        "optimisers": optimisers,
        "gap": gap,
        "transfer": transfer,
        "three_traps": three_traps,
        "weight_decay": weight_decay,
        "phase_diagram": phase_diagram,
    }


def find(name):
    """The experiment's module; ValueError if there is none of this name."""
    known = registry()
    if name not in known:
        raise ValueError(f"{name!r} is no experiment; expected one of {', '.join(known)}")
    return known[name]


def text(name):
    """The experiment's docstring, from its file: under `python -OO` the module has none."""
    return ast.get_docstring(ast.parse(pathlib.Path(find(name).__file__).read_text(encoding="utf-8")), clean=False)


def points():
    """{name: function} of the experiments that can be swept: one setting in, flat numbers out."""
    return {name: module.point for name, module in registry().items() if hasattr(module, "point")}


SYMBOLS = """Symbols.

    P, D, N, L, C   training samples, inputs, hidden units, layers, outputs
    f_0, f_T        the network before and after training
    K_t, k_t(x)     its tangent kernel at time t, between training samples, and between x and them
    K_inf           the kernel at the end of training
    predictor of K  f_0(x) + k(x)^T K^{-1} [f_T(X) - f_0(X)], the kernel predictor that is given the
                    network's own training outputs, asked for its test outputs; short: machine
    err_inf, err_0  |predictor - f_T| / |f_T| on test points, for K_inf, K_0; rho = err_inf / err_0
    A(K, Q)         <K, Q> / (|K| |Q|), the cosine of the angle between two kernels
    A_0             A(K_0, K_inf)
    t_align         the time from which on A(K_t, K_inf) >= 0.95
    t_learn         the time at which the loss has dropped by 10 %
    sigma           scale of the initial weights, W_l[i, j] ~ Normal(0, sigma^2 / n_{l-1})
    slope           of the activation below 0: 0 is ReLU, 1 a linear network, leaky between
    white           inputs X whose non-zero singular values are equal
    power           whitening exponent: the inputs are U S^power V^T, 0 is white, 1 is raw
    s, beta         linear targets are y = s X beta with |beta| = 1
"""

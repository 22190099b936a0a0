"""The eight runs that unit 8's chapter asks to name: their records, and the picture beside the chapter.

Two layers each. What makes them different is told here and not in the chapter: read that first.
"""

import numpy as np

from minintk import data, network, silence
from minintk.experiments import common, style, three_traps


def records(seed=0):
    """{letter: what `silence.experiment` returns, and in its numbers the two controls}, from these data and weights."""
    rng, P, D = np.random.default_rng(seed), 40, 60
    X, X_test, y = data.white(P, D, rng), rng.standard_normal((400, D)), common.balanced_labels(P, rng)
    found = {}

    def run(letter, X, y, X_test, first, second, step_size, slope=0.0, N=100, steps=4000):
        P, D = X.shape
        W, a = network.init_weights([D, N, y.shape[1]], 1.0, rng)
        given = [first * W, second * a], X, y, X_test, step_size
        down = {"steps": steps, "target_loss": 1e-3}
        record = found[letter] = silence.experiment(*given, slope, **down)
        relu = silence.experiment(*given, 0.0, **down) if slope else record
        untrained = three_traps.untrained_error(slope, P, D, N, np.random.default_rng([seed, 77]))
        record["numbers"] |= {"err_inf_relu": relu["numbers"]["err_inf"], "untrained": untrained}

    run("C", X, y, X_test, 0.01, 0.01, 0.1)
    run("E", X, y, X_test, 1.5, 1.5, 0.01)
    run("G", X, y, X_test, 0.01, 1, 0.1)
    run("B", X, y, X_test, 0.001, 0.001, 0.1, steps=55)
    raw, raw_test = data.gaussian(P, D, 100, rng), data.gaussian(400, D, 100, rng)
    run("H", raw, y, raw_test, 0.01, 0.01, 0.02)
    run("A", raw, y, raw_test, 0.01, 0.01, 0.03, 1.0)
    many, many_test = data.white(120, 10, rng), rng.standard_normal((400, 10))
    run("D", many, common.balanced_labels(120, rng), many_test, 0.01, 0.01, 0.1, N=10)
    two = np.repeat([[1, 0], [0, 0.4]], P // 2, axis=0) * common.balanced_labels(P, rng)  # each half has an output
    run("F", X, two, X_test, 0.01, 0.01, 0.1)
    return dict(sorted(found.items()))


def figure(found):
    """Loss and alignment in time of each of these records, a panel a run."""
    fig, axes = style.panels(2, 4, (9, 4.4), sharey=True)
    for ax, (letter, record) in zip(axes.flat, found.items(), strict=True):
        times, losses = record["times"], record["losses"]
        ax.axhline(silence.LEVEL, color="0.8", lw=0.8)
        ax.plot(times[1:], losses[1:] / losses[0], color=style.BLACK, label="loss over its start")
        ax.plot(times[1:], record["alignments"][1:], color=style.BLUE, ls="--", label=r"alignment $A(K_t, K_\infty)$")
        ax.set(xscale="log", ylim=(-0.03, 1.05), title=letter)
    for ax in axes[1]:
        ax.set(xlabel="flow time $t$")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    return fig

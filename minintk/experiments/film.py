"""A film: frames that a browser can step through. Here the kernel of one run, turning while the loss stands still."""

import dataclasses
from collections.abc import Callable

import numpy as np

from minintk.experiments import style

FRAMES = 60


@dataclasses.dataclass(frozen=True)
class Film:
    """A figure, its number of frames, the function that draws the i-th one, and what is written about it."""

    figure: object
    frames: int
    draw: Callable
    title: str
    text: list[str]  # paragraphs


def moments(times, losses):
    """Which of the recorded moments make the film: FRAMES indices or fewer, rising.

    They are spread over the silence (loss drop below 1 %), the escape (to 99 %) and 1.3 times the time until then: a
    third of the frames each, as evenly as the record allows.
    """
    drops = 1 - losses / losses[0]
    ends = [times[reached[0]] for reached in (np.flatnonzero(drops >= d) for d in (0.01, 0.99)) if len(reached)]
    borders = [0, *ends, min(1.3 * ends[-1], times[-1]) if len(ends) == 2 else times[-1]]
    wanted = [np.linspace(a, b, FRAMES // 3) for a, b in zip(borders, borders[1:])]
    return np.unique(np.searchsorted(times, np.concatenate(wanted)).clip(max=len(times) - 1))


def kernel_film(times, losses, alignments, kept, kernels, text):
    """The film of a run: curves of all its times (T,), and the kernels (frames, P, P) at the moments `kept`."""
    from matplotlib.backends import backend_agg

    fig, (left, right) = style.panels(1, 2, (6.4, 3.6), width_ratios=[1, 1.15])
    fig.set_dpi(130)
    backend_agg.FigureCanvasAgg(fig)
    kernels = [K if K.ndim == 2 else K[0, 0] for K in kernels]  # of several outputs, the first
    image = left.imshow(kernels[0], cmap="RdBu_r", vmin=-1, vmax=1)
    left.set(xlabel="training sample", ylabel="training sample", title="kernel $K_t$, direction only")
    losses = losses / losses[0]
    right.plot(times, losses, color=style.BLACK, ls="-", label="loss $L/L_0$")
    right.plot(times, alignments, color=style.BLUE, ls="--", label=r"alignment $A(K_t, K_\infty)$")
    (now,) = right.plot([0, 0], [0, 0], color=style.ORANGE, ls="", marker="o", ms=8)
    line = right.axvline(0, color="0.6", lw=0.8, zorder=0)
    right.set(xlim=(0, times[kept[-1]]), ylim=(-0.04, 1.08), xlabel="flow time $t$")
    right.legend(loc="lower left", fontsize=10)
    told = right.set_title("\n")

    def draw(i):
        K, t, loss, A = kernels[i], times[kept[i]], losses[kept[i]], alignments[kept[i]]
        image.set_data(K / (abs(K - np.diag(np.diag(K))).max() or 1))  # the diagonal would outshine the rest
        now.set_data([t, t], [loss, A])
        line.set_xdata([t, t])
        told.set_text(f"t = {t:.3g}\nloss {loss:.3f}, A = {A:.3f}")

    draw(0)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # found once: nothing may jump between frames
    return Film(fig, len(kept), draw, "The tangent kernel in motion", text)

"""A film: frames that a browser can step through. On the left what turns, on the right the loss of the run."""

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


def of_run(times, losses, turned, label, kept, begin, title, text):
    """The film of a run: its losses and what tells how far it has turned, both (T,), with a mark that moves along.

    label: (short, long) name of `turned`; kept: the moments that are frames; begin(ax) draws the panel on the left, and
    returns the function that moves it to the i-th frame.
    """
    from matplotlib.backends import backend_agg

    fig, (left, right) = style.panels(1, 2, (6.4, 3.6), width_ratios=[1, 1.15])
    fig.set_dpi(130)
    backend_agg.FigureCanvasAgg(fig)
    move, losses = begin(left), losses / losses[0]
    right.plot(times, losses, color=style.BLACK, ls="-", label="loss $L/L_0$")
    right.plot(times, turned, color=style.BLUE, ls="--", label=label[1])
    (now,) = right.plot([0, 0], [0, 0], color=style.ORANGE, ls="", marker="o", ms=8)
    line = right.axvline(0, color="0.6", lw=0.8, zorder=0)
    right.set(xlim=(0, times[kept[-1]]), ylim=(-0.3, 1.08), yticks=np.linspace(0, 1, 6), xlabel="flow time $t$")
    right.legend(loc="lower left", fontsize=10)
    told = right.set_title("\n")

    def draw(i):
        move(i)
        t, loss, far = times[kept[i]], losses[kept[i]], turned[kept[i]]
        now.set_data([t, t], [loss, far])
        line.set_xdata([t, t])
        told.set_text(f"t = {t:.3g}\nloss {loss:.3f}, {label[0]} = {far:.3f}")

    draw(0)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # found once: nothing may jump between frames
    return Film(fig, len(kept), draw, title, text)

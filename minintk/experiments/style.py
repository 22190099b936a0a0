"""How all figures look: one palette, one set of matplotlib's settings, and the panels that two or more share.

Colours are told apart in black and white and by colour-blind readers (Okabe and Ito's palette), and never carry a
meaning alone: line styles, markers and labels do too. matplotlib is imported where something is drawn: it takes longer
than all our modules, and a command that draws nothing does without.
"""

import contextlib

BLACK, BLUE, ORANGE, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
STYLES = [(BLUE, "-"), (GREEN, "--"), (ORANGE, "-."), (BLACK, ":")]


@contextlib.contextmanager
def defaults():
    """matplotlib's own settings while this lasts, whatever the user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def draw(make, path):
    """Writes the figure that make() returns to this file."""
    from matplotlib.backends import backend_agg

    with defaults():
        fig = make()
        fig.set_dpi(130)
        backend_agg.FigureCanvasAgg(fig).print_png(path)  # savefig would draw it twice


def blank(size):
    """A figure of this size (inches) with nothing in it."""
    from matplotlib import figure

    return figure.Figure(figsize=size, layout="constrained")


def panels(rows, columns, size, **words):
    """A figure of this size (inches) and its panels, in the shape that Figure.subplots gives them."""
    fig = blank(size)
    return fig, fig.subplots(rows, columns, **words)


def scatter(ax, network, machine_inf, machine_0):
    """A panel: both kernel predictors against the network, at the same test points; three arrays of one shape."""
    f = network.ravel()
    span = 1.08 * abs(f).max()
    ax.plot([-span, span], [-span, span], color="0.7", lw=0.8, zorder=0)
    ax.plot(f, machine_0.ravel(), ls="", marker="x", ms=3, mew=0.6, color=ORANGE, label=r"predictor of $K_0$")
    ax.plot(f, machine_inf.ravel(), ls="", marker=".", ms=3, color=BLUE, label=r"predictor of $K_\infty$")
    height = max(1.4 * span, 1.05 * abs(machine_0).max())
    ax.set(xlim=(-span, span), ylim=(-height, height), xlabel="network $f(x)$, test points")

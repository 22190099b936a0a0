"""Pages for a browser, each one file that needs nothing else: the gallery of the experiments, and the kernel in motion.

The text that goes with an experiment is its module's docstring; `minintk explain` prints the same.
"""

import base64
import html
import json
import pathlib
import re
import textwrap

import matplotlib
import numpy as np
from matplotlib import animation as animations
from matplotlib import figure
from matplotlib.backends import backend_agg
from tqdm import tqdm

from minintk import experiments, plots

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
body {{ max-width: 62rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #111;
  background: #fff; overflow-wrap: break-word; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }}
h2 {{ font-size: 1.2rem; line-height: 1.3; margin-top: 2.5rem; border-top: 1px solid #bbb; padding-top: 1rem; }}
a {{ color: #0072b2; }}
sub {{ line-height: 0; }}
img {{ max-width: 100%; height: auto; }}
pre {{ overflow-x: auto; font-size: .85rem; line-height: 1.4; }}
code {{ font-size: .9rem; background: #f2f2f2; padding: .1rem .3rem; }}
.verdict {{ white-space: pre-line; border-left: .25rem solid #0072b2; padding-left: .75rem; }}
.figure {{ display: block; overflow-x: auto; cursor: zoom-in; }}
.figure input {{ position: absolute; opacity: 0; }}
.figure input:checked + img {{ max-width: none; }}
.animation {{ display: block !important; }}
.animation img {{ max-height: 68vh; }}
.animation .anim-slider {{ width: min(374px, 95%) !important; }}
.anim-buttons button {{ width: 2.2rem !important; height: 2.2rem; font-size: 1rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
# matplotlib's player shows its buttons in a font from the net; these characters are in everybody's
SIGNS = {
    "fa-minus": "&minus;",
    "fa-fast-backward": "|&lt;",
    "fa-step-backward": "&lt;",
    "fa-play fa-flip-horizontal": "&#9664;&#65038;",
    "fa-pause": "||",
    "fa-play": "&#9654;&#65038;",
    "fa-step-forward": "&gt;",
    "fa-fast-forward": "&gt;|",
    "fa-plus": "+",
}


def explained(name, width):
    """The docstring of an experiment and the symbols; paragraphs wrapped to this many columns, formulas left alone."""
    settings = f"Settings: the constants at the top of minintk/experiments/{name}.py."
    blocks = [*_blocks(experiments.load(name).__doc__), *_blocks(experiments.SYMBOLS), (False, settings)]
    return "\n\n".join(text if formula else textwrap.fill(text, width) for formula, text in blocks)


def gallery(folder, commands):
    """Writes folder/gallery.html from the experiments' results there. Returns its path.

    commands: {name of an experiment: the command that made it}; folder/NAME holds its figure.png and summary.json.
    """
    folder = pathlib.Path(folder)
    index = " · ".join(f'<a href="#{name}">{name}</a>' for name in commands)
    parts = [_experiment(folder / name, name, command) for name, command in commands.items()]
    parts.append("<h2>Symbols</h2>\n" + "\n".join(map(_paragraph, _blocks(experiments.SYMBOLS)[1:])))
    title = "minintk: the claims of the silent alignment paper, each with its figure"
    return _write(
        folder / "gallery.html",
        title,
        "\n".join([f"<p>{index}</p>", "<p>Touch a figure for its full size.</p>", *parts]),
    )


def animation(path, film):
    """Writes the page on which the kernel turns while the loss stands still; film: from `silent_alignment.film`."""
    bar = tqdm(total=len(film["times"]), delay=1, disable=None, leave=False, unit=" frames")
    fig, draw = _motion(film)

    def frame(i):
        draw(i)
        bar.update()

    with bar, matplotlib.rc_context({"animation.embed_limit": 100}):
        moving = animations.FuncAnimation(fig, frame, len(film["times"]), init_func=lambda: None, interval=120)
        player = moving.to_jshtml(default_mode="once")
    drops = 1 - film["losses"] / film["losses"][0]
    silent = np.flatnonzero(drops >= 0.01)
    A = film["alignments"]
    told = f"A goes from {A[0]:.3f} to {A[-1]:.3f}; the loss hardly moved."
    if len(silent):
        told = f"When the loss has dropped by 1 %, A has gone from {A[0]:.3f} to {A[silent[0]]:.3f}."
    claim = _blocks(experiments.load("silent_alignment").__doc__)[1][1].removeprefix("Claim. ").split(". ")[0] + "."
    text = [
        f"Left: the tangent kernel K<sub>t</sub> between the training samples, class after class ({film['title']} "
        f"inputs, &sigma; = {film['sigma']:g}). Every image is divided by its own largest entry off the diagonal: the "
        "kernel grows a lot, and here only its direction shows. Right: the loss, and A, the cosine of the angle "
        f"between K<sub>t</sub> and the kernel at the end of training. This is run 1 of {film['runs']}; the table has "
        "their medians. The frames are spread evenly over the silence (loss drop below 1 %), the escape (to 99 %) and "
        "what follows, not over time.",
        told,
        f"The claim: {html.escape(claim)} <code>minintk explain silent_alignment</code> says why.",
        "Made by <code>minintk run --animate</code>; summary.json, written beside this page, has the settings.",
    ]
    body = "".join(f"<p>{sentence}</p>\n" for sentence in text)
    return _write(path, "The tangent kernel in motion", _without_net(player) + body)


def _motion(film):
    """The figure, and the function that draws its i-th frame."""
    fig = figure.Figure(figsize=(6.4, 3.6), dpi=130, layout="constrained")
    backend_agg.FigureCanvasAgg(fig)
    left, right = fig.subplots(1, 2, width_ratios=[1, 1.15])
    kernels = [K if K.ndim == 2 else K[0, 0] for K in film["kernels"]]  # of several outputs, the first
    image = left.imshow(kernels[0], cmap="RdBu_r", vmin=-1, vmax=1)
    left.set(xlabel="training sample", ylabel="training sample", title="kernel $K_t$, direction only")
    curves, end = film["curves"], film["times"][-1]
    right.plot(curves["times"], curves["losses"] / curves["losses"][0], color=plots.BLACK, ls="-", label="loss $L/L_0$")
    right.plot(curves["times"], curves["alignments"], color=plots.BLUE, ls="--", label=r"alignment $A(K_t, K_\infty)$")
    (now,) = right.plot([0, 0], [0, 0], color=plots.ORANGE, ls="", marker="o", ms=8)
    line = right.axvline(0, color="0.6", lw=0.8, zorder=0)
    right.set(xlim=(0, end), ylim=(-0.04, 1.08), xlabel="flow time $t$")
    right.legend(loc="lower left", fontsize=10)
    told = right.set_title("\n")

    def draw(i):
        K, t, loss, A = kernels[i], film["times"][i], film["losses"][i] / film["losses"][0], film["alignments"][i]
        image.set_data(K / (abs(K - np.diag(np.diag(K))).max() or 1))  # the diagonal would outshine the rest
        now.set_data([t, t], [loss, A])
        line.set_xdata([t, t])
        told.set_text(f"t = {t:.3g}\nloss {loss:.3f}, A = {A:.3f}")

    draw(0)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # found once: nothing may jump between frames
    return fig, draw


def _without_net(player):
    """matplotlib's player with signs in place of the icons that it would fetch, and the same names in every file."""
    player = re.sub(r"<link[^>]*>", "", player)
    player = re.sub(r'<i class="(fa[^"]*)"></i>', lambda icon: SIGNS.get(icon[1].removeprefix("fa "), "?"), player)
    (name,) = set(re.findall(r"_anim_img([0-9a-f]+)", player))
    return player.replace(name, "kernel")


def _write(path, title, body):
    page = PAGE.format(title=html.escape(title), body=f"<h1>{html.escape(title)}</h1>\n{body}")
    path = pathlib.Path(path)
    path.write_text(page, encoding="utf-8")
    return path


def _blocks(told):
    """(is it a formula, text) of every paragraph; formulas are what is indented."""
    paragraphs = re.split(r"\n\s*\n", told.strip())
    return [(text.startswith(" "), text if text.startswith(" ") else " ".join(text.split())) for text in paragraphs]


def _paragraph(block):
    formula, told = block[0], html.escape(block[1])
    if formula:
        return f"<pre>{told}</pre>"
    told = re.sub(r"^(Claim|Why|Source|Try next)\.", r"<b>\1.</b>", told)
    return "<p>" + re.sub("`([^`]*)`", r"<code>\1</code>", told) + "</p>"


def _experiment(folder, name, command):
    (_, title), *blocks = _blocks(experiments.load(name).__doc__)
    verdict = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["verdict"]
    verdict = verdict if isinstance(verdict, str) else "\n".join(verdict)
    image = base64.b64encode((folder / "figure.png").read_bytes()).decode()
    lines = [
        f'<h2 id="{name}">{html.escape(title)}</h2>',
        f"<p><code>{html.escape(command)}</code></p>",
        '<label class="figure"><input type="checkbox" aria-label="full size">'
        f'<img src="data:image/png;base64,{image}" alt="{html.escape(title)}"></label>',
        f'<p class="verdict">{html.escape(verdict)}</p>',
    ]
    return "\n".join([*lines, *map(_paragraph, blocks)])

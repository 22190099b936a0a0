"""Pages for a browser, each one file that needs nothing else: the gallery, the kernel in motion, the map to explore.

The text that goes with an experiment is its module's docstring; `minintk explain` prints the same.
"""

import base64
import html
import json
import pathlib
import re
import textwrap

import numpy as np
from tqdm import tqdm

from minintk import experiments
from minintk.experiments import common, style
from minintk.tools import files

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
CURVES = ("times", "drops", "alignments", "growth", "gaps")
EXPLORED = ("phase_diagram", "silent_alignment", "lazy_to_rich", "gap")  # the claims behind the map to explore
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
    return filled("\n\n".join([experiments.text(name), experiments.SYMBOLS, settings]), width)


def filled(told, width):
    """A text whose paragraphs are wrapped to this many columns; formulas, which are indented, are left alone."""
    return "\n\n".join(text if formula else textwrap.fill(text, width) for formula, text in _blocks(told))


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


def animation(path, make):
    """Writes the page on which the `film.Film` that make() returns plays, with its text under it. Returns its path."""
    import matplotlib
    from matplotlib import animation as animations

    with style.defaults(), matplotlib.rc_context({"animation.embed_limit": 100}):
        film = make()
        canvas = film.figure.canvas  # matplotlib would draw every frame three times
        canvas.draw_idle, film.figure.savefig = lambda: None, lambda path, **_: canvas.print_png(path)
        with tqdm(total=film.frames, delay=1, disable=None, leave=False, unit=" frames") as bar:

            def frame(i):
                film.draw(i)
                bar.update()

            moving = animations.FuncAnimation(film.figure, frame, film.frames, init_func=lambda: None, interval=120)
            player = moving.to_jshtml(default_mode="once")
    made = "Made by `minintk run` with `--animate`; summary.json, written beside this page, has the settings."
    text = [_paragraph((False, paragraph)) for paragraph in (*film.text, made)]
    return _write(path, film.title, "\n".join([_without_net(player), *text]))


def explore(path, follow):
    """Writes the page of sliders over the runs that follow() yields, row after row of a map. Returns its path.

    The runs, see `phase_diagram.Followed`, are in the page as JSON, which the script of explore.html draws.
    """
    runs = [_coded(run) for run in tqdm(follow(), delay=1, disable=None, leave=False, unit=" runs")]
    data = json.dumps(common.plain(runs), separators=(",", ":")).replace("</", "<\\/")
    index = " · ".join(f'<a href="#{name}">{name}</a>' for name in EXPLORED)
    body = pathlib.Path(__file__).with_name("explore.html").read_text(encoding="utf-8")
    body = body.replace("CLAIMS", index).replace("RUNS", data)
    claims = [part for name in EXPLORED for part in _claim(name)]
    return _write(path, "Move through the map of the phase diagram", "\n".join([body, *claims]))


def _coded(run):
    """A run as JSON can say it. Kernels and test points are bytes: 1, 128, 255 for -1, 0, 1 of their largest value."""
    rows, columns = np.tril_indices(run.kernels.shape[1])
    tops = np.array([abs(K - np.diag(np.diag(K))).max() or 1 for K in run.kernels])  # the diagonal would outshine all
    span = 1.5 * abs(run.network).max()
    points = np.stack([run.network, run.machine_inf, run.machine_0], axis=1) / span  # (T, 3, points)
    numbers = {name: [float(f"{x:.4g}") for x in getattr(run, name)] for name in CURVES}
    words = {name: getattr(run, name) for name in ("sigma", "power", "region", "mark", "rho", "told")}
    images = {"kernels": _bytes(run.kernels[:, rows, columns] / tops[:, None]), "points": _bytes(points)}
    return words | numbers | images | {"span": span}


def _bytes(values):
    levels = np.nan_to_num(128 + 127 * values.clip(-1, 1)).round().astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode()


def _without_net(player):
    """matplotlib's player with signs in place of the icons that it would fetch, and the same names in every file."""
    player = re.sub(r"<link[^>]*>", "", player)
    player = re.sub(r'<i class="(fa[^"]*)"></i>', lambda icon: SIGNS.get(icon[1].removeprefix("fa "), "?"), player)
    (name,) = set(re.findall(r"_anim_img([0-9a-f]+)", player))
    return player.replace(name, "kernel")


def _write(path, title, body):
    page = PAGE.format(title=html.escape(title), body=f"<h1>{html.escape(title)}</h1>\n{body}")
    files.write(path, page)
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


def _claim(name):
    """The docstring of an experiment as HTML: its first line, as a heading, and the paragraphs."""
    (_, title), *blocks = _blocks(experiments.text(name))
    return f'<h2 id="{name}">{html.escape(title)}</h2>', "\n".join(map(_paragraph, blocks))


def _experiment(folder, name, command):
    (heading, text), title = _claim(name), html.escape(experiments.text(name).splitlines()[0])
    verdict = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["verdict"]
    image = base64.b64encode((folder / "figure.png").read_bytes()).decode()
    lines = [
        heading,
        f"<p><code>{html.escape(command)}</code></p>",
        '<label class="figure"><input type="checkbox" aria-label="full size">'
        f'<img src="data:image/png;base64,{image}" alt="{title}"></label>',
        f'<p class="verdict">{html.escape(verdict)}</p>',
        text,
    ]
    return "\n".join(lines)

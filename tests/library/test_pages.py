"""The pages: what they say, and that a real browser shows them without an error, at laptop and at phone width."""

import base64
import dataclasses
import functools
import json
import re
import shutil
import subprocess
import types

import numpy as np
import pytest

from minintk import cli, experiments
from minintk.experiments import film, neurons, phase_diagram, silent_alignment, style
from minintk.tools import pages

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic --disable-background-timer-throttling --disable-renderer-backgrounding "
    "--enable-logging=stderr --virtual-time-budget=30000 --hide-scrollbars --window-size=1300,900 --dump-dom"
).split()
# Added to a copy of the page: what the page looks like from inside, after a while
MEASURE = """<script>
setTimeout(function () {
  %s
  setTimeout(function () {
    var images = Array.from(document.images), wide = [];
    document.querySelectorAll("body *").forEach(function (e) {
      if (e.getBoundingClientRect().right > innerWidth + 1) wide.push(e.tagName);
    });
    var slider = document.querySelector("input[type=range]");
    console.log("MEASURED%d" + JSON.stringify({
      inner: innerWidth, scroll: document.documentElement.scrollWidth, wide: wide,
      images: images.map(function (i) { return i.complete ? i.naturalWidth : 0; }),
      shown: images.map(function (i) { return Math.round(i.getBoundingClientRect().width); }),
      slider: slider && [Number(slider.value), Number(slider.max)]}) + "END");
  }, 1000);
}, 500);
</script></body>"""
SIZES = {"laptop": (1280, 800), "phone": (360, 740)}
PLAYED = 'document.querySelector("[title=Play]").click();'
MOVED = """var s = document.querySelector("input[type=range]"), before = document.images[0].src;
    s.value = 5; s.dispatchEvent(new Event("input"));
    if (document.images[0].src == before) console.error("the picture stays");"""
# Each slider changes the words, its own text and the picture named beside it; then the kernel's greys, in their order
EXPLORED = """function look(name) {
  var e = document.getElementById(name);
  return e.toDataURL ? e.toDataURL() : e.innerHTML || e.textContent;
}
[["moment", "curves"], ["moment", "scatter"], ["power", "kernel"], ["sigma", "map"], ["moment", "kernel"]].forEach(
  function (pair) {
    var s = document.getElementById(pair[0]), seen = [look("state"), look(pair[1]), s.getAttribute("aria-valuetext")];
    s.value = Number(s.value) ? 0 : s.max;
    s.dispatchEvent(new Event("input"));
    [look("state"), look(pair[1]), s.getAttribute("aria-valuetext")].forEach(function (now, i) {
      if (now === seen[i]) console.error(pair + " leaves " + i + " as it was");
    });
  });
var canvas = document.getElementById("kernel"), P = canvas.width, greys = [];
var now = document.getElementById("moment").value, size = P * (P + 1) / 2;
var run = JSON.parse(document.getElementById("runs").textContent)[document.getElementById("power").max];
var pixels = canvas.getContext("2d").getImageData(0, 0, P, P).data, bytes = atob(run.kernels);
for (var i = 0, k = now * size; i < P; i++) for (var j = 0; j <= i; j++, k++) {
  var at = 4 * (P * j + i);
  greys.push([bytes.charCodeAt(k), 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]]);
}
greys.sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; });
if (greys.some(function (g, i) { return i && g[1] < greys[i - 1][1]; })) console.error("greys out of order");
if (greys[greys.length - 1][1] - greys[0][1] < 80) console.error("all of one grey");
"""
VIEWS = {  # of each page: the size of its frame, and what is done there
    "moving": [("laptop", PLAYED), ("phone", MOVED)],
    "gallery": [("laptop", ""), ("phone", ""), ("phone", "document.images[0].click();")],
    "map": [("laptop", EXPLORED), ("phone", EXPLORED)],
}


@pytest.fixture(scope="module")
def main():
    return silent_alignment.run(P=12, width=20, powers=(0,), inits=1)


def every(film, n):
    """The film with each n-th frame only: frames take long to draw."""
    return dataclasses.replace(film, frames=1 + (film.frames - 1) // n, draw=lambda i: film.draw(n * i))


@pytest.fixture(scope="module")
def shown(main):
    return main.film()


@pytest.fixture(scope="module")
def moving(shown, tmp_path_factory):
    return pages.animation(tmp_path_factory.mktemp("page") / "animation.html", lambda: every(shown, 6))


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """Two small experiments with wide figures."""

    def draw():
        fig, ax = style.panels(1, 1, (16, 4))
        ax.plot([1, 2])
        return fig

    folder = tmp_path_factory.mktemp("experiments")

    def toy(name):
        formula = f"    f = {'x + ' * 60}y"
        text = f"The {name} claim: x < y.\n\nClaim. Words & words.\n\n{formula}\n\nTry next. Run `x`."
        module = types.ModuleType(name)
        module.__file__ = str(folder / f"{name}.py")
        (folder / f"{name}.py").write_text(f'''"""{text}"""''', encoding="utf-8")
        module.run = lambda seed=0: experiments.Result(
            {"verdict": f"{name} holds for seed {seed}."}, {"x": np.ones(2)}, "heading", draw
        )
        return module

    return {name: toy(name) for name in ("first", "second")}


@pytest.fixture
def two(monkeypatch, toys):
    """The toys in place of the real experiments."""
    monkeypatch.setattr(experiments, "registry", lambda: toys)


def shrink_the_map(patch):
    for name, value in {"P": 20, "N": 20, "STEPS": 150, "TARGET_LOSS": 0.01}.items():
        patch.setattr(phase_diagram, name, value)
    small = {"sigmas": (1, 0.03), "powers": (0, 1), "inits": 1}
    patch.setattr(phase_diagram, "run", functools.partial(phase_diagram.run, **small))


@pytest.fixture(scope="module")
def opened(moving, toys, tmp_path_factory):
    """{page: what it measures in each of its VIEWS}, all in frames of one window; the console stays empty.

    Skips where there is no browser, or one that cannot open a page, in its own words.
    """
    if not BROWSER:
        pytest.skip("there is no Chromium here to open the pages in")
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        shrink_the_map(patch)
        follow = phase_diagram.run(powers=phase_diagram.POWERS).followed  # a table as wide as the real one
        written = {"moving": moving, "map": pages.explore(folder / "explore.html", follow)}
        patch.setattr(experiments, "registry", lambda: toys)
        cli.main(["run", "first", "second", "--jobs", "1", "--out", str(folder)])
        written["gallery"] = folder / "gallery.html"
    frames, views = ["<p>It opens."], [(page, *view) for page in VIEWS for view in VIEWS[page]]
    for i, (page, size, act) in enumerate(views):
        text = written[page].read_text(encoding="utf-8").replace("</body>", MEASURE % (act, i))
        (folder / f"{page}_{i}.html").write_text(text, encoding="utf-8")
        width, height = SIZES[size]  # of a frame: a window is never narrower than 500
        frames.append(f'<iframe src="{page}_{i}.html" width={width} height={height}></iframe>')
    window = folder / "frames.html"
    window.write_text("\n".join(['<link rel="icon" href="data:,">', *frames]))
    # Every name fails to resolve: a page that fetches anything would complain in the console
    words = [f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND", window.as_uri()]
    told = {"capture_output": True, "encoding": "utf-8", "errors": "replace"}
    try:
        done = subprocess.run([BROWSER, *FLAGS, *words], timeout=60, **told)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{BROWSER} opens no page: {error}")
    if "It opens." not in done.stdout:
        pytest.skip(f"{BROWSER} opens no page: {done.stderr.strip()[-300:] or f'exit code {done.returncode}'}")
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line and "MEASURED" not in line] == []
    measured = dict(re.findall(r"MEASURED(\d)(.*?)END", done.stderr))
    assert len(measured) == len(views), done.stderr[-2000:]
    measured = iter([json.loads(measured[str(i)]) for i in range(len(views))])
    return {page: [next(measured) for _ in VIEWS[page]] for page in VIEWS}


def test_the_film_is_spread_over_the_three_phases_of_the_run():
    """The loss falls as 1 / (1 + e^(t - 10)): by 1 % and 99 % at t = 10 -+ log 99, the film ends at 1.3 times that."""
    times = np.linspace(0, 40, 4001)
    kept = times[film.moments(times, 1 / (1 + np.exp(times - 10)))]
    ends = 10 - np.log(99), 10 + np.log(99)
    borders = [0, *ends, 1.3 * ends[1]]
    for low, high in zip(borders, borders[1:]):
        assert film.FRAMES // 3 - 1 <= ((low <= kept) & (kept <= high)).sum() <= film.FRAMES // 3 + 1
    assert kept[0] == 0 and kept[-1] == pytest.approx(borders[-1], abs=0.011)
    for losses in (np.ones(50), np.linspace(1, 0.5, 50)):  # never there, never at its end
        assert film.moments(np.arange(50.0), losses)[[0, -1]].tolist() == [0, 49]


def test_the_film_draws_what_the_run_recorded(main, shown):
    """Its first and last kernels are those in results.npz, and the words over a frame are the run's numbers there."""
    arrays = main.arrays
    left, right = shown.figure.get_axes()
    for i, K in [(0, arrays["white_0_kernels"][0]), (shown.frames - 1, None)]:
        shown.draw(i)
        t, A = right.lines[2].get_xdata()[0], right.lines[2].get_ydata()[1]
        at = np.flatnonzero(arrays["white_0_times"] == t)
        assert len(at) == 1 and A == arrays["white_0_alignments"][at[0]]
        assert f"A = {A:.3f}" in right.get_title()
        if K is not None:
            assert np.allclose(left.images[0].get_array(), K / abs(K - np.diag(np.diag(K))).max())


def test_the_film_of_the_units_draws_their_weights_and_pulls():
    """In its last frame: lines to w_j over the longest one, and crosses on the circle where sum y_m x_m points."""
    picture = neurons.circle(3)
    shown, W, X, signs = neurons._film(picture), picture["weights"][-1], picture["samples"], picture["signs"][-1]
    shown.draw(shown.frames - 1)
    left, right = shown.figure.get_axes()
    circle, positive, negative, crosses = left.lines
    for line, sign in [(positive, 1), (negative, -1)]:
        middle, tips, gap = line.get_xydata().reshape(-1, 3, 2).swapaxes(0, 1)
        assert len(tips) and not middle.any() and np.isnan(gap).all()
        assert np.allclose(tips, W[signs == sign] / max(np.hypot(*W.T)))
    pulls = signs * np.array([sum(y * x for x, y in zip(X, picture["labels"]) if x @ w > 0) for w in W]).T
    drawn, pulled = crosses.get_xydata(), np.hypot(*pulls) > 0
    assert np.allclose(drawn[pulled], (pulls / np.hypot(*pulls)).T[pulled]) and np.isnan(drawn[~pulled]).all()
    parts = np.linalg.norm(W, axis=1) ** 2  # |a_j| = |w_j| from small weights on
    cosines = (W.T * pulls).sum(axis=0)[pulled] / np.hypot(*W.T)[pulled] / np.hypot(*pulls)[pulled]
    assert right.lines[2].get_ydata()[1] == pytest.approx(parts[pulled] @ cosines / parts.sum(), abs=1e-3)


@pytest.mark.parametrize("settings", [{"loss": "softmax", "classes": "0,1,2"}, {"sigma": 1.0}, {"powers": (1,)}])
def test_several_outputs_lazy_and_raw_runs_have_films_too(settings):
    result = silent_alignment.run(**({"P": 9, "width": 8, "powers": (0,), "sigma": 0.1, "inits": 1} | settings))
    shown = result.film()
    shown.draw(shown.frames - 1)
    assert shown.frames > 10


def test_the_animation_needs_nothing_from_the_net_and_is_the_same_each_time(main, shown, moving, tmp_path):
    text = moving.read_text(encoding="utf-8")
    assert not re.search(r"https?://", text) and '<link rel="icon" href="data:,">' in text
    assert text.count("data:image/png;base64,") == every(shown, 6).frames
    assert ">?<" not in text and 'class="fa' not in text and text.count("<button") == 9 and "viewport" in text
    A, losses = main.arrays["white_0_alignments"], main.arrays["white_0_losses"]
    assert f"A has gone from {A[0]:.3f} to {A[np.argmax(losses <= 0.99 * losses[0])]:.3f}" in text
    assert "run 1 of 1;" in text and "not evenly over time" in text
    assert "<code>minintk run</code> with <code>--animate</code>; summary.json" in text
    once = pages.animation(tmp_path / "once.html", lambda: every(shown, 40)).read_bytes()
    again = pages.animation(tmp_path / "again.html", lambda: every(main.film(), 40)).read_bytes()
    assert once == again


def test_the_animation_plays_and_its_slider_moves_the_picture(opened):
    played, moved = opened["moving"]
    for page, size in [(played, "laptop"), (moved, "phone")]:
        assert page["scroll"] <= page["inner"] == SIZES[size][0] and page["wide"] == []
        assert page["images"] == [832] and page["shown"][0] > min(500, 0.85 * page["inner"])
    assert 4 <= played["slider"][0] <= 11 and moved["slider"][0] == 5 and moved["slider"][1] >= 6


def test_run_all_writes_a_gallery_and_one_run_does_not(two, tmp_path, capsys):
    assert cli.main(["run", "first", "--out", str(tmp_path)]) == 0
    assert not (tmp_path / "gallery.html").exists()
    assert cli.main(["run", "all", "--jobs", "1", "--seed", "3", "--out", str(tmp_path)]) == 0
    assert "gallery.html" in capsys.readouterr().out
    text = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert text.count("<h2>Symbols</h2>\n<pre>    P, D, N, L, C   training samples") == 1
    for name in ("first", "second"):
        assert f"The {name} claim: x &lt; y." in text and f"{name} holds for seed 3." in text
        assert f"<code>minintk run {name} --seed 3</code>" in text
    assert text.count("data:image/png;base64,") == 2 and "<b>Claim.</b> Words &amp; words." in text
    assert "Run <code>x</code>." in text
    assert "<script" not in text and not re.search(r'(src|href)="http', text)


def test_the_gallery_fits_the_window_of_a_browser_and_a_touched_figure_grows_within_its_frame(opened):
    *plain, touched = opened["gallery"]
    for page, size in zip(plain, SIZES, strict=True):
        assert page["scroll"] <= page["inner"] == SIZES[size][0] and page["wide"] == []
        assert page["images"] == [2080, 2080] and min(page["shown"]) > 0.7 * page["inner"]
    assert touched["shown"][0] == 2080 > touched["inner"] > touched["shown"][1]
    assert touched["scroll"] <= touched["inner"]


def test_animate_is_told_where_it_does_not_belong(two, capsys):
    assert cli.main(["run", "first", "--animate"]) == 2
    assert capsys.readouterr().err == "minintk: --animate is for silent_alignment or neurons, one alone\n"


@pytest.mark.parametrize("words", ["neurons", "silent_alignment --P 8 --width 20 --sigma 0.1 --power 0 --inits 1"])
def test_the_command_animates(tmp_path, capsys, monkeypatch, undrawn, words):
    monkeypatch.setattr(film, "FRAMES", 3)
    monkeypatch.setattr(neurons, "CASES", neurons.CASES[:1])
    assert cli.main(["run", *words.split(), "--animate", "--out", str(tmp_path)]) == 0
    assert "animation.html" in capsys.readouterr().out
    assert (tmp_path / words.split()[0] / "animation.html").stat().st_size > 100_000


@pytest.fixture
def small_map(monkeypatch):
    """The map with two sigmas and two powers, of which one run learns nothing like all labels."""
    shrink_the_map(monkeypatch)
    return phase_diagram.run()


def test_the_runs_to_explore_are_the_first_runs_of_the_map(small_map, monkeypatch):
    """Their rho and err_0, found there from the ends alone, are where the gap and the predictor of K_0 end."""
    monkeypatch.setattr(phase_diagram, "POINTS", 10_000)  # all of them
    runs, arrays = list(small_map.followed()), small_map.arrays
    assert [(run.sigma, run.power) for run in runs] == [(1, 0), (1, 1), (0.03, 0), (0.03, 1)]
    assert [run.region for run in runs] == [cell["region"] for cell in small_map.summary["cells"]]
    for run, rho, err_0 in zip(runs, arrays["rho"].ravel(), arrays["err_0"].ravel(), strict=True):
        assert run.gaps[-1] == pytest.approx(rho, rel=1e-9) and f"rho = {rho:#.2g}" in run.told
        assert run.rho == (None if run.region == "unlearnt" else rho)
        size = np.linalg.norm(run.network[-1])
        assert np.linalg.norm(run.machine_0[-1] - run.network[-1]) / size == pytest.approx(err_0, rel=1e-9)
        assert run.gaps == pytest.approx(np.linalg.norm(run.machine_inf - run.network, axis=1) / size / err_0, rel=1e-9)
        assert run.drops[0] == run.gaps[0] == run.times[0] == 0 and run.alignments[-1] == pytest.approx(1)
        norms = np.linalg.norm(run.kernels, axis=(1, 2))
        assert run.growth == pytest.approx(norms / norms[0])


def test_the_moments_to_explore_are_spread_over_the_silence_and_the_fall(small_map):
    white = list(small_map.followed())[2]
    first = np.argmax(white.drops >= 0.01)
    assert first == phase_diagram.EARLY - 1 and np.ptp(np.diff(white.times[: first + 1])) < 0.11  # a step is 0.1
    assert np.diff(white.drops[first:]).max() < 0.2


def test_the_page_to_explore_holds_the_runs_and_needs_nothing_from_the_net(small_map, tmp_path):
    runs = list(small_map.followed())
    text = pages.explore(tmp_path / "explore.html", lambda: runs).read_text(encoding="utf-8")
    assert not re.search(r"https?://", text) and len(text) < 100_000
    for name in pages.EXPLORED:
        assert f'<a href="#{name}">' in text and f'<h2 id="{name}">' in text
    written = json.loads(re.search('type="application/json" id="runs">(.*?)</script>', text)[1])
    for run, told in zip(runs, written, strict=True):
        assert (told["sigma"], told["power"], told["region"]) == (run.sigma, run.power, run.region)
        assert told["alignments"] == pytest.approx(run.alignments, rel=1e-3)
        points = decoded(told["points"]).reshape(len(run.times), 3, -1) * told["span"]
        shown = np.stack([run.network, run.machine_inf, run.machine_0], axis=1).clip(-told["span"], told["span"])
        assert abs(points - shown).max() <= told["span"] / 250
        K, low = run.kernels[-1], np.tril_indices(phase_diagram.P)
        seen = decoded(told["kernels"]).reshape(len(run.times), -1)[-1]
        assert abs(seen - (K / (K - np.diag(np.diag(K))).max())[low].clip(-1, 1)).max() <= 1 / 250


def decoded(text):
    return (np.frombuffer(base64.b64decode(text), np.uint8) - 128.0) / 127


def test_sliders_move_the_page_to_explore_and_it_fits_the_window(opened):
    for page, size in zip(opened["map"], SIZES, strict=True):
        assert page["scroll"] <= page["inner"] == SIZES[size][0] and page["wide"] == []
        assert page["slider"] == [1, 1]  # sigma, at its largest


def test_the_command_explores_and_other_experiments_refuse(small_map, tmp_path, capsys, undrawn):
    assert cli.main(["run", "phase_diagram", "--explore", "--out", str(tmp_path)]) == 0
    page = tmp_path / "phase_diagram" / "explore.html"
    assert f"{page}: open it in a browser" in capsys.readouterr().out and page.stat().st_size > 20_000
    for words in (["gap"], ["all"], []):
        assert cli.main(["run", *words, "--explore"]) == 2
        assert capsys.readouterr().err == "minintk: --explore is for phase_diagram alone\n"


def test_explain_wraps_words_and_keeps_formulas(two, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert cli.main(["explain", "first"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The first claim: x < y." and lines[2] == "Claim. Words & words."
    assert lines[4] == "    f = " + "x + " * 60 + "y" and lines[6] == "Try next. Run `x`."


def test_explain_alone_lists_and_an_unknown_name_is_told(two, capsys):
    assert cli.main(["explain"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{'second':<18} The second claim: x < y."
    assert cli.main(["explain", "third"]) == 2
    told = "'third' is no unit and no experiment; expected a unit (1 to 8) or an experiment (first, second)"
    assert capsys.readouterr().err == f"minintk: {told}\n"


@pytest.mark.parametrize("name", experiments.registry())
def test_every_experiment_explains_itself_in_four_parts(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["explain", name]) == 0
    told = capsys.readouterr().out
    heads = re.findall(r"^(Claim|Why|Source|Try next)\.", told, re.M)
    assert heads == ["Claim", "Why", "Source", "Try next"]
    assert "\nSymbols.\n\n    P, D, N, L, C   training samples" in told
    assert told.endswith(f"top of minintk/experiments/{name}.py.\n")
    assert max(len(line) for line in told.splitlines()) <= 100

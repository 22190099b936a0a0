"""A notebook, run once by nbconvert: what the README says of one. Skipped where nbconvert or a kernel is missing."""

import base64
import json
import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from minintk.course import units, workbook

CELLS = [
    "!minintk check activation",
    "!minintk solution gate",
    "!minintk see 1",
    "!minintk run --P 8 --width 20 --power 0 --inits 1 --sigma 0.1",
    "%matplotlib inline",
    "from minintk.experiments import gap\ngap.run(inits=1).figure()",
    "import numpy as np\nfrom minintk.course import check\n\ndef gate(h, slope):\n"
    "    return np.where(h > 0, 1, slope).astype(h.dtype)\n\ncheck.function(gate)",
]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """What stands below each of the cells: [(text, the PNG images)]."""
    pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    scripts = sysconfig.get_path("scripts")
    if not shutil.which("minintk", path=scripts):
        pytest.skip(f"there is no minintk in {scripts}")
    folder = tmp_path_factory.mktemp("notebook")
    workbook.init(folder / "exercises")
    path = folder / "exercises" / "01_network.py"
    right = "    return np.where(z > 0, z, slope * z)"
    stub = path.read_text(encoding="utf-8")
    path.write_text(stub.replace('    raise NotImplementedError("network.activation")', right), encoding="utf-8")
    code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    notebook = {"cells": [code | {"source": source} for source in CELLS], "metadata": {}}
    (folder / "a.ipynb").write_text(json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    own = dict.fromkeys(["IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"], folder / "own")
    path = os.pathsep.join([scripts, os.environ["PATH"]])  # as after the activation
    package = os.pathsep.join(filter(None, [str(units.PACKAGE.parent), os.environ.get("PYTHONPATH")]))
    words = "nbconvert --to notebook --execute --ExecutePreprocessor.timeout=100 --output b.ipynb a.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", *words.split()],
        cwd=folder,
        env=os.environ | own | {"PATH": path, "PYTHONPATH": package, "JUPYTER_PREFER_ENV_PATH": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "b.ipynb").read_text(encoding="utf-8"))["cells"]
    return [(_text(cell["outputs"]), _images(cell["outputs"])) for cell in found]


def _text(outputs):
    return "".join("".join(output.get("text", "")) for output in outputs)


def _images(outputs):
    data = [output.get("data", {}) for output in outputs]
    return [base64.b64decode("".join(each["image/png"])) for each in data if "image/png" in each]


def test_a_command_after_a_sign_says_what_it_says_in_a_terminal(cells):
    checked, _, seen, run = (text for text, _ in cells[:4])
    assert "network.activation  4/4 points" in checked and checked.rstrip().endswith("minintk check gate")
    assert "unit_1.png: " in seen and "yours: 1 of " in seen
    assert "rho = err_inf / err_0" in run and "silent_alignment: figure.png, results.npz, summary.json" in run


def test_a_solution_is_shown_without_a_question(cells):
    shown = cells[1][0]
    assert shown.startswith("## gate") and "def gate(" in shown and "[y/N]" not in shown


def test_a_figure_is_shown_below_its_cell(cells):
    text, images = cells[5]
    assert text == "" and [image[:4] for image in images] == [b"\x89PNG"]


def test_a_function_of_a_cell_is_graded(cells):
    assert cells[6][0].startswith("network.gate  4/4 points\n") and "It stands in exercises" in cells[6][0]

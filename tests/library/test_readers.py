"""A folder of images is read as people have it: unpacked by whatever tool, one data set beside others."""

import gzip
import struct

import pytest

from minintk import data


def idx(*axes, start=0):
    values = bytes(range(start, start + axes[0] * (axes[1] * axes[2] if axes[1:] else 1)))
    return bytes([0, 0, 8, len(axes)]) + b"".join(struct.pack(">I", n) for n in axes) + values


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def stored(folder, images="train-images-idx3-ubyte", labels="train-labels-idx1-ubyte", start=0):
    """Two images of 1 x 2 pixels, the first of them (start, start + 1), with labels start and start + 1."""
    written(folder / images, idx(2, 1, 2, start=start))
    written(folder / labels, idx(2, start=start))


@pytest.mark.parametrize(
    "images, labels",
    [
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),  # as some downloads spell it
        ("train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz"),
        ("train-images-idx3-ubyte", "train-labels.idx1-ubyte.gz"),  # a mixture
        ("train-images-idx3-ubyte/train-images-idx3-ubyte", "train-labels-idx1-ubyte/train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte/train-images.idx3-ubyte", "train-labels-idx1-ubyte/train-labels.idx1-ubyte"),
        ("train-images-idx3-ubyte.gz/train-images-idx3-ubyte", "train-labels-idx1-ubyte"),  # one of them unpacked
        ("archive/train-images.idx3-ubyte", "archive/train-labels.idx1-ubyte"),
        ("FashionMNIST/raw/train-images-idx3-ubyte", "FashionMNIST/raw/train-labels-idx1-ubyte"),
        ("KMNIST/raw/train-images-idx3-ubyte.gz", "KMNIST/raw/train-labels-idx1-ubyte.gz"),
    ],
)
def test_images_and_labels_are_found_however_they_were_unpacked(tmp_path, images, labels):
    stored(tmp_path, images, labels, start=3)
    for path in (tmp_path, tmp_path / images):  # the folder, and the file alone
        x, y = data.read(path)
        assert x.tolist() == [[[3, 4]], [[5, 6]]] and y.tolist() == [3, 4]


def test_the_test_files_are_found_by_the_same_rule(tmp_path):
    stored(tmp_path, "train-images.idx3-ubyte", "train-labels.idx1-ubyte")
    stored(tmp_path, "t10k-images-idx3-ubyte/t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte.gz", start=5)
    assert data.read(tmp_path)[1].tolist() == [0, 1, 5, 6]


def test_a_file_twice_in_one_folder_is_read_once(tmp_path):
    stored(tmp_path)
    stored(tmp_path, "train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz")
    stored(tmp_path, "train-images-idx3-ubyte.gz/train-images-idx3-ubyte")
    assert data.read(tmp_path)[1].tolist() == [0, 1]


@pytest.mark.parametrize("inner", ["", "raw"])
def test_of_two_data_sets_none_is_taken_in_silence(tmp_path, inner):
    stored(tmp_path / "MNIST" / inner)
    stored(tmp_path / "FashionMNIST" / inner, start=5)
    with pytest.raises(ValueError, match=r"FashionMNIST.* and MNIST.*; expected one data set"):
        data.read(tmp_path)
    assert data.read(tmp_path / "FashionMNIST")[1].tolist() == [5, 6]
    assert data.read(tmp_path / "MNIST")[1].tolist() == [0, 1]


def test_mnist_beside_cifar10_is_not_taken_in_silence(tmp_path):
    stored(tmp_path / "MNIST" / "raw")
    written(tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin", bytes(3073))
    with pytest.raises(ValueError, match="MNIST.* and cifar-10-batches-bin; expected one data set"):
        data.read(tmp_path)


def test_the_labels_of_another_data_set_are_not_borrowed(tmp_path):
    stored(tmp_path / "MNIST")
    stored(tmp_path / "FashionMNIST")
    (tmp_path / "FashionMNIST" / "train-labels-idx1-ubyte").unlink()
    for path in (tmp_path / "FashionMNIST", tmp_path / "FashionMNIST" / "train-images-idx3-ubyte"):
        with pytest.raises(ValueError, match="no labels beside it"):
            data.read(path)


def test_a_folder_of_something_else_is_refused_with_what_was_found_there(tmp_path):
    with pytest.raises(ValueError, match="a folder with nothing; expected train-images-idx3-ubyte and "):
        data.read(tmp_path)
    for name in ("t10k-images-idx3-ubyte", "train-images.csv", "two\nlines"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError) as caught:
        data.read(tmp_path)
    assert r"a folder with ['t10k-images-idx3-ubyte', 'train-images.csv', 'two\nlines']; exp" in str(caught.value)

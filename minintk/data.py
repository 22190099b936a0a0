"""Data: the shipped digits, readers for files you already have, and synthetic samples.

Nothing is downloaded, nothing is unpickled, and no header is believed: its claim is compared with what is there before
memory is spent on it. A file that does not fit raises one line, "PATH: what was found; expected ...".
"""

import contextlib
import gzip
import math
import os
import pathlib
import struct
import zipfile
import zlib

import numpy as np

from minintk import guard

LARGEST = 2**31  # bytes in one array: small images never need as many, so a file that claims more is refused
RECORD = 1 + 3 * 32 * 32  # bytes: a CIFAR-10 label and its image
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
BROKEN = (EOFError, OSError, OverflowError, RuntimeError, UnicodeError, struct.error, zipfile.BadZipFile, zlib.error)

CIFAR = "the binary version of CIFAR-10, a folder cifar-10-batches-bin with data_batch_1.bin and so on"
IDX = "an IDX file, plain or gzip"
IMAGES = "train-images-idx3-ubyte"
MNIST = f"{IMAGES} and train-labels-idx1-ubyte, with - or . before idx, plain or .gz"
NPZ = "an .npz file with arrays x_train and y_train, or x and y"


def digits():
    """The shipped handwritten digits: images (1797, 8, 8) uint8 with values 0 to 16, and labels (1797,)."""
    return read_npz(pathlib.Path(__file__).with_name("digits.npz"))


def read(path):
    """Images (n, ...), in their stored type, and labels (n,) int64 from whatever stands at `path`.

    path: a folder with MNIST (train files, then t10k files if there) or another set in its form, in itself, one folder
    down, or in the raw/ of one; or with the binary CIFAR-10; or one file: .npz, a CIFAR-10 .bin, or IDX images with the
    labels file beside them.
    Raises FileNotFoundError when nothing is there, and ValueError when it is something else, damaged, or several sets.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        levels = [path], path.glob("*/"), path.glob("*/raw/")
        mnist = next(filter(None, ([at for at in sorted(level) if _stored(at, IMAGES)] for level in levels)), [])
        names = "cifar-10-batches-*", "data_batch_*", "test_batch*"
        cifar = sorted(at for name in names for at in path.glob(name))[:1]
        if len(mnist + cifar) > 1:
            found = " and ".join(str(at.relative_to(path)) for at in mnist + cifar)
            raise ValueError(f"{path}: a folder with {found}; expected one data set, name it")
        if cifar:
            return read_cifar10(path)
        if not mnist:
            found = sorted(at.name for at in path.iterdir())[:8]
            raise ValueError(f"{path}: a folder with {found or 'nothing'}; expected {MNIST}, or {CIFAR}")
        train, test = (_stored(mnist[0], IMAGES.replace("train", part)) for part in ("train", "t10k"))
        return _together(mnist[0], [_idx_pair(images) for images in (train, test) if images])
    with _opened(path, "a data file") as file:
        start = file.read(2)
    if path.suffix == ".bin" or start[:1] == b"\x80":  # a pickle begins so: read_cifar10 says what to get instead
        return read_cifar10(path)
    if path.suffix == ".npz" or start == b"PK":
        return read_npz(path)
    if "images" in path.name:
        return _together(path, [_idx_pair(path)])
    raise ValueError(f"{path}: a file of unknown kind; expected .npz, a CIFAR-10 .bin, or an IDX file as in {MNIST}")


def read_idx(path):
    """The array in one IDX file, plain or gzip, of the shape and number type that its header names.

    path: the file; gzip is recognised by its first bytes, not by its name.
    Raises ValueError when the header is not IDX, or the values are fewer or more than it says.
    """
    with _opened(path, IDX) as file:
        if file.peek(2)[:2] == b"\x1f\x8b":
            file = gzip.GzipFile(fileobj=file)
        zeros, code, ndim = struct.unpack(">HBB", file.read(4).ljust(4, b"\xff"))
        if zeros != 0 or code not in IDX_TYPES or not 1 <= ndim <= 32:  # 32 axes: what every numpy can hold
            raise ValueError(f"no IDX header; expected {IDX}")
        sizes = file.read(4 * ndim)
        if len(sizes) < 4 * ndim:
            raise ValueError(f"a header of {4 + len(sizes)} bytes; expected {4 + 4 * ndim} for {ndim} axes")
        return _array(file, struct.unpack(f">{ndim}I", sizes), IDX_TYPES[code])


def read_npz(path):
    """Images and labels from an .npz with x_train, y_train (then x_test, y_test if there), or with x, y.

    path: the file. Raises ValueError for other names, python objects, and headers at odds with the sizes in the zip.
    """
    with _opened(path, NPZ) as file, zipfile.ZipFile(file) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
        parts = [part for part in ("_train", "_test") if f"x{part}" in names] if "x_train" in names else [""]
        if not names.issuperset(key + part for key in "xy" for part in parts):
            raise ValueError(f"holds the arrays {sorted(names)[:8]}; expected {NPZ}")
        pairs = [[_npz_array(archive, key + part) for key in "xy"] for part in parts]
    return _together(path, pairs)


def read_cifar10(path):
    """Images (n, 3, 32, 32) uint8 and labels (n,) from the binary version of CIFAR-10.

    path: the folder of data_batch_*.bin and test_batch.bin, the folder above it, or one .bin file.
    Raises ValueError for incomplete records, and for the python version: reading a pickle can run any code.
    """
    path, files, pairs = pathlib.Path(path), [pathlib.Path(path)], []
    if path.is_dir():
        inner = path / "cifar-10-batches-bin"
        folder = inner if inner.is_dir() else path
        files = [*sorted(folder.glob("data_batch_*.bin")), *folder.glob("test_batch.bin")]
    if not files:
        pickled = any(path.glob("data_batch_*")) or (path / "cifar-10-batches-py").is_dir()
        raise ValueError(f"{path}: {'python pickles' if pickled else 'no CIFAR-10 batches'}; expected {CIFAR}")
    for name in files:
        with _opened(name, CIFAR) as file:
            found = _taken(file, LARGEST)
            if found[:1] == b"\x80":
                raise ValueError(f"a python pickle; expected {CIFAR}")
            if not found or len(found) % RECORD or len(found) > LARGEST:
                raise ValueError(f"{len(found)} bytes; expected records of {RECORD} bytes, {CIFAR}")
            records = np.frombuffer(found, np.uint8).reshape(-1, RECORD)
            if records[:, 0].max() > 9:
                raise ValueError(f"a label {records[:, 0].max()}; expected labels 0 to 9, {CIFAR}")
            pairs.append((records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]))
    return _together(path, pairs)


@contextlib.contextmanager
def _opened(path, expected):
    """The file, open for reading; whatever is raised while it is read becomes one line that begins with its path."""
    try:
        if pathlib.Path(path).exists() and not pathlib.Path(path).is_file():  # opening a pipe would wait for ever
            raise ValueError(f"not a file; expected {expected}")
        with open(path, "rb") as file:
            yield file
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise type(error)(f"{path}: {error.strerror}") from None
    except BROKEN as error:
        raise ValueError(f"{path}: not readable ({error}); expected {expected}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _taken(file, size):
    """At most size + 1 bytes, in pieces, so that memory follows what is there and not what a header claims."""
    taken = bytearray()
    while len(taken) <= size and (piece := file.read(min(2**20, size + 1 - len(taken)))):
        taken += piece
    return taken


def _array(file, shape, dtype, order="C"):
    """The rest of the file as an array; it must hold exactly the values of this shape and type."""
    dtype, size = np.dtype(dtype), math.prod(shape) * np.dtype(dtype).itemsize
    if min(shape, default=1) < 1 or size > LARGEST:
        raise ValueError(f"a header with shape {shape}; expected no empty axis and at most {LARGEST} bytes")
    values = _taken(file, size)
    if len(values) != size:
        found = f"{len(values)}" if len(values) < size else f"more than {size}"
        raise ValueError(f"{found} bytes of values; expected {size} for the shape {shape} in the header")
    return np.frombuffer(values, dtype).reshape(shape, order=order).astype(dtype.newbyteorder("="), copy=False)


def _npz_array(archive, key):
    """One array of an .npz; its header must agree with the size in the zip's directory before any value is read."""
    info = archive.getinfo(key + ".npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # numpy writes no other
        raise ValueError(f"{key} is compressed by method {info.compress_type}; expected stored or deflated")
    with archive.open(info) as file:
        try:
            np.lib.format.read_magic(file)
            # Later formats fail here: their headers may be gigabytes long, and arrays of numbers never need one.
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except Exception:  # numpy reads the header as a Python literal, which can fail in any way
            raise ValueError(f"{key} has no readable header; expected an array in .npy format 1.0") from None
        if dtype.kind not in "biuf":
            raise ValueError(f"{key} holds {dtype}; expected numbers")
        left, size = info.file_size - file.tell(), math.prod(shape) * dtype.itemsize
        if left != size:
            raise ValueError(f"{key} has {left} bytes of values; expected {size} for the shape {shape} in its header")
        return _array(file, shape, dtype, order="F" if fortran else "C")


def _stored(folder, name):
    """The IDX file of this name, with - or . before idx, plain or .gz, in the folder or one of that name; or None."""
    names = [name.replace("-idx", f"{dot}idx") + end for end in ("", ".gz") for dot in "-."]
    paths = [at / name for at in (folder, *(folder / name for name in names)) for name in names]
    return next((path for path in paths if os.path.isfile(path)), None)  # not is_file: a forbidden folder has none


def _idx_pair(path):
    """The array in an IDX images file and the one in the labels file beside it."""
    own, above = (at.name.removesuffix(".gz").replace(".idx", "-idx") for at in (path, path.parent))
    name = own.replace("images", "labels").replace("idx3", "idx1")
    labels = _stored(path.parent.parent if above == own else path.parent, name)
    if labels is None:
        raise ValueError(f"{path}: no labels beside it; expected {name}, with - or . before idx, plain or .gz")
    return read_idx(path), read_idx(labels)


def _together(source, pairs):
    """All images (n, ...) and labels (n,) int64, one pair after the other; `source` begins the line of an error."""
    shapes = [(x.shape, y.shape) for x, y in pairs]
    fits = [len(x) > 1 and x[1:] == shapes[0][0][1:] and 0 not in x and y in (x[:1], (x[0], 1)) for x, y in shapes]
    if not all(fits):
        shapes = " and ".join(f"{x} with labels {y}" for x, y in shapes)
        raise ValueError(f"{source}: images {shapes}; expected (n, ...) with labels (n,), and images of one size")
    images = np.concatenate([x for x, _ in pairs])
    labels = np.concatenate([y.ravel() for _, y in pairs])  # ravel: Keras keeps the labels of CIFAR-10 as (n, 1)
    for name, array in (("images", images), ("labels", labels)):
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise ValueError(f"{source}: {name} of type {array.dtype}, not all numbers; expected finite numbers")
    if (labels.astype(np.int64) != labels).any():
        raise ValueError(f"{source}: labels that are not integers; expected class labels")
    return images, labels.astype(np.int64)


def parse_classes(text):
    """Classes in words: "3,8" is ((3,), (8,)), "0+1,2+3" is ((0, 1), (2, 3)), "parity" is odd against even digits.

    text: labels of one class joined by +, classes separated by commas. Raises ValueError for anything else.
    """
    if text == "parity":
        return (1, 3, 5, 7, 9), (0, 2, 4, 6, 8)
    try:
        classes = tuple(tuple(int(label) for label in word.split("+")) for word in text.split(","))
    except ValueError:
        classes = ()
    if len(classes) < 2:
        raise ValueError(f"classes {text!r}; expected parity, or two or more classes like 3,8 or 0+1,2+3")
    return classes


@guard.accepts(P="int [1, inf)", P2="int [1, inf)")
def split(images, labels, classes, P, rng, P2=None):
    """A balanced training set and a test set of other samples, as float64 rows centred on the training mean.

    images (n, ...), labels (n,); classes: two or more, each a label or a tuple of labels; P training samples, the first
    classes get one more if P does not divide; rng: an int or a numpy Generator; P2: how many of the rest to draw,
    None for all. Returns X_train (P, D), y_train (P,), X_test (P2, D), y_test (P2,), rows in the order of the
    classes. With two classes y is +1 for the first and -1 for the second; with more it is the integer index.
    Raises ValueError for unknown or repeated labels, and when a class or the test has too few samples.
    """
    images, labels = _together("split", [(np.asarray(images), np.asarray(labels))])
    groups = [np.ravel(group).tolist() for group in classes] if np.iterable(classes) else []
    if not 2 <= len(groups) <= P or not all(groups):
        raise ValueError(f"split: classes {classes!r} and P = {P}; expected two or more non-empty classes, at most P")
    known, named = set(labels.tolist()), [label for group in groups for label in group]
    for label in named:
        if label not in known:
            raise ValueError(f"split: label {label!r} is not in the data; expected labels {min(known)} to {max(known)}")
        if named.count(label) > 1:
            raise ValueError(f"split: label {label!r} stands twice in the classes; expected each label once")

    rng = np.random.default_rng(rng)
    members = [rng.permutation(np.flatnonzero(np.isin(labels, group))) for group in groups]
    shares = [P // len(groups) + (c < P % len(groups)) for c in range(len(groups))]
    for group, found, share in zip(groups, members, shares, strict=True):
        if len(found) < share:
            raise ValueError(f"split: class {group} has {len(found)} samples; expected at least {share} for P = {P}")
    train = np.concatenate([found[:share] for found, share in zip(members, shares, strict=True)])  # (P,)
    rest = np.concatenate([found[share:] for found, share in zip(members, shares, strict=True)])
    if len(rest) < (P2 or 1):
        raise ValueError(f"split: {len(rest)} samples left for the test; expected at least {P2 or 1}")
    test = rest[np.sort(rng.permutation(len(rest))[:P2])]  # (P2,), sorted: class after class here too

    y = sum(c * np.isin(labels, group) for c, group in enumerate(groups))
    y = 1.0 - 2.0 * y if len(groups) == 2 else y
    X = images.reshape(len(images), -1)
    X_train, X_test = X[train].astype(np.float64), X[test].astype(np.float64)
    mean = X_train.mean(axis=0)  # test samples must not decide where zero is
    return X_train - mean, y[train], X_test - mean, y[test]


@guard.accepts(P="int [1, inf)", D="int [1, inf)", condition="[1, inf)", gives="P D")
def gaussian(P, D, condition=1.0, rng=0):
    """Gaussian rows X (P, D) whose population covariance is diagonal, with log-spaced eigenvalues of mean 1.

    P samples, D inputs; condition: largest over smallest eigenvalue; rng: an int or a numpy Generator.
    By hand: D = 2 and condition = 9 give 3 and 1/3, divided by their mean 5/3: eigenvalues 1.8 and 0.2.
    """
    eigenvalues = np.geomspace(condition**0.5, condition**-0.5, D)
    return np.random.default_rng(rng).standard_normal((P, D)) * np.sqrt(eigenvalues / eigenvalues.mean())


@guard.accepts(P="int [1, inf)", D="int [1, inf)", gives="P D")
def white(P, D, rng=0):
    """An exactly white sample X (P, D) = sqrt(P) U V^T, from the singular vectors of a Gaussian sample U S V^T.

    P samples, D inputs; rng: an int or a numpy Generator. Gram-white for P <= D, X X^T = P I; feature-white for P >= D,
    X^T X = P I. Isotropic sampling is not whitening: gaussian(P, D) has covariance I in the population, but the
    singular values of a sample spread from about |sqrt(P) - sqrt(D)| to sqrt(P) + sqrt(D).
    """
    U, _, Vt = np.linalg.svd(np.random.default_rng(rng).standard_normal((P, D)), full_matrices=False)
    return np.sqrt(P) * U @ Vt

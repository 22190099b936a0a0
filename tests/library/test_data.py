"""Claims about minintk.data. Every file is written byte by byte here, so that no reader is checked against itself."""

import gzip
import io
import math
import os
import pathlib
import pickle
import signal
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from minintk import data

MEGABYTE = 2**20
BOMB = bytes(12 * MEGABYTE)
ENDLESS = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(BOMB))  # a header of so many bytes follows
READERS = [data.read, data.read_idx, data.read_npz, data.read_cifar10]


def idx(code, shape, values):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + values


def npy(shape, descr, values, fortran=False):
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def u1(*shape):
    return npy(shape, "|u1", bytes(math.prod(shape)))


def npz(compression=zipfile.ZIP_DEFLATED, suffix=".npy", **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for key, content in members.items():
            archive.writestr(key + suffix, content)
    return file.getvalue()


def in_both_headers(content, local, central, change):
    """The zip of these bytes with `change` written into its first member's two headers, at these places."""
    content = bytearray(content)
    for signature, place in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        start = content.find(signature) + place
        content[start : start + len(change)] = change
    return bytes(content)


def record(label, red=0, green=0, blue=0):
    return bytes([label]) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def mnist(folder, part="train", images=None, labels=None, zipped=()):
    """Writes the two files of one part, the zipped ones as .gz; returns the path of the images."""
    for kind, content in (("images-idx3", images or TWO_IMAGES), ("labels-idx1", labels or TWO_LABELS)):
        packed = kind[:6] in zipped
        written(folder / f"{part}-{kind}-ubyte{'.gz' * packed}", gzip.compress(content) if packed else content)
    return folder / f"{part}-images-idx3-ubyte"


def one_line(start, words, function, *values, **options):
    """The call raises a plain ValueError of one line that says what was found and what was expected."""
    with pytest.raises(ValueError) as caught:
        function(*values, **options)
    message = str(caught.value)
    assert caught.type is ValueError
    assert message.startswith(start) and "expected" in message and "\n" not in message
    for word in words:
        assert word in message


def refused(reader, path, *words, names=None):
    one_line(f"{names or path}: ", ("; expected ", *words), reader, path)


def same(array, expected, dtype):
    assert array.dtype == np.dtype(dtype) and array.dtype.isnative
    assert array.shape == np.shape(expected)
    assert array.tolist() == expected


TWO_IMAGES = idx(8, (2, 2, 3), bytes(range(12)))
TWO_LABELS = idx(8, (2,), bytes([7, 1]))
X_TWO = npy((2, 1, 2), "|u1", bytes([1, 2, 3, 4]))
Y_TWO = npy((2,), "|u1", bytes([7, 1]))


def test_digits_are_the_1797_test_images_of_the_uci_set_fresh_each_time():
    data.digits()[0][:] = 99
    images, labels = data.digits()
    assert images.shape == (1797, 8, 8) and images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]  # the first line of optdigits.tes
    assert labels.shape == (1797,) and labels[:10].tolist() == list(range(10))
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # optdigits.names


def test_the_digits_come_with_their_source_and_licence():
    note = pathlib.Path(data.__file__).with_name("digits.md").read_text(encoding="utf-8")
    for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "creativecommons.org/licenses/by/4.0"):
        assert word in note


@pytest.mark.parametrize(
    ("code", "values", "expected", "dtype"),
    [
        (0x08, b"\x00\x01\xff", [0, 1, 255], "u1"),
        (0x09, b"\x00\x01\xff", [0, 1, -1], "i1"),
        (0x0B, b"\x01\x00\x00\x02\xff\xfe", [256, 2, -2], "i2"),
        (0x0C, b"\x00\x01\x00\x00\x00\x00\x00\x02\xff\xff\xff\xfe", [65536, 2, -2], "i4"),
        (0x0D, b"\x3f\x80\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x00", [1.0, -2.0, 0.5], "f4"),
        (0x0E, b"\x3f\xf0" + bytes(6) + b"\xc0\x00" + bytes(6) + b"\x3f\xe0" + bytes(6), [1.0, -2.0, 0.5], "f8"),
        (0x08, bytes(range(12)), [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]], "u1"),  # the last axis is fastest
    ],
)
def test_idx_values_of_every_type_are_read_as_big_endian(tmp_path, code, values, expected, dtype):
    same(data.read_idx(written(tmp_path / "f", idx(code, np.shape(expected), values))), expected, dtype)


def test_gzip_is_recognised_by_its_bytes_and_not_by_its_name(tmp_path):
    same(data.read_idx(written(tmp_path / "plain name", gzip.compress(TWO_LABELS))), [7, 1], "u1")
    same(data.read_idx(written(tmp_path / "name.gz", TWO_LABELS)), [7, 1], "u1")


PACKED = gzip.compress(TWO_IMAGES)
BAD_IDX = {f"the first {n} bytes": TWO_IMAGES[:n] for n in (0, 3, 4, 10, 16, 27)} | {
    "over-long": TWO_IMAGES + b"\x00",
    "text": b"label,pixel0,pixel1\n",
    "unknown type": idx(0x0A, (1,), b"\x00"),
    "wrong magic": b"\x00\x01" + TWO_LABELS[2:],
    "little-endian magic": TWO_LABELS[3::-1] + TWO_LABELS[4:],
    "no axes": idx(8, (), b"\x00"),
    "255 axes": idx(8, (1,) * 255, b"\x00"),
    "empty axis": idx(8, (0, 28, 28), b""),
    "18 million terabytes": idx(0x0E, (2**32 - 1,) * 3, bytes(8)),
}
BAD_GZIP = {f"{kind}, packed": gzip.compress(content) for kind, content in BAD_IDX.items()}
BAD_GZIP |= {f"the first {n} packed bytes": PACKED[:n] for n in (2, len(PACKED) // 2, len(PACKED) - 1)} | {
    "wrong checksum": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "garbage inside": PACKED[:10] + b"\xff" * 8 + PACKED[18:],
    "garbage after": PACKED + b"more",
}
ONE_PART = {"x_train": X_TWO, "y_train": Y_TWO}
STORED = npz(zipfile.ZIP_STORED, x=X_TWO, y=Y_TWO)
BAD_ARRAYS = {f"the first {n} bytes of x": {"x": X_TWO[:n], "y": Y_TWO} for n in (0, 9, 20, len(X_TWO) - 1)} | {
    "x missing": {"y": Y_TWO},
    "y missing": {"x": X_TWO},
    "y_train missing": {"x_train": X_TWO, "y": Y_TWO},
    "y_test missing": ONE_PART | {"x_test": X_TWO},
    "other names": {"images": X_TWO, "labels": Y_TWO},
    "object images": {"x": npy((2,), "|O", pickle.dumps(np.array([{}, {}], dtype=object))), "y": Y_TWO},
    "text labels": {"x": X_TWO, "y": npy((2,), "<U1", "ab".encode("utf-32-le"))},
    "complex images": {"x": npy((2, 1), "<c8", bytes(16)), "y": Y_TWO},
    "member is text": {"x": b"pixels", "y": Y_TWO},
    "header is no literal": {"x": b"\x93NUMPY\x01\x00\x05\x00{oops", "y": Y_TWO},
    "values over-long": {"x": X_TWO + b"\x00", "y": Y_TWO},
    "product overflows": {"x": npy((2**32, 2**32), "|u1", b""), "y": Y_TWO},
    "negative shape": {"x": npy((-2, -2), "|u1", bytes(4)), "y": Y_TWO},
    "scalar": {"x": u1(), "y": u1()},
    "empty arrays": {"x": u1(0, 2), "y": u1(0)},
    "flat images": {"x": u1(2), "y": Y_TWO},
    "counts differ": {"x": X_TWO, "y": u1(3)},
    "counts differ by part": {"x_train": X_TWO, "y_train": u1(1), "x_test": u1(1, 1, 2), "y_test": Y_TWO},
    "sizes differ by part": ONE_PART | {"x_test": u1(2, 2, 1), "y_test": Y_TWO},
    "one-hot labels": {"x": X_TWO, "y": u1(2, 2)},
    "labels not whole": {"x": X_TWO, "y": npy((2,), "<f4", struct.pack("<2f", 0.5, 1.0))},
    "labels not finite": {"x": X_TWO, "y": npy((2,), "<f4", struct.pack("<2f", float("nan"), 1.0))},
    "images not finite": {"x": npy((2, 1), "<f4", struct.pack("<2f", float("nan"), 1.0)), "y": Y_TWO},
}
BAD_NPZ = {kind: npz(**members) for kind, members in BAD_ARRAYS.items()}
BAD_NPZ |= {f"the first {n} bytes": STORED[:n] for n in (0, 40, len(STORED) - 1)} | {
    "start missing": STORED[100:],
    "over-long": STORED + STORED[-22:-2],
    "bit flipped": STORED.replace(b"\x01\x02\x03\x04", b"\x01\x02\x03\x05"),
    "html": b"<!doctype html>",
    "an .npy": X_TWO,
    "members without .npy in their names": npz(suffix="", x=X_TWO, y=Y_TWO),
}


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        pytest.param(reader, content, id=f"{reader.__name__}, {kind}")
        for reader, files in [(data.read_idx, BAD_IDX), (data.read_idx, BAD_GZIP), (data.read_npz, BAD_NPZ)]
        for kind, content in files.items()
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, reader, content):
    refused(reader, written(tmp_path / "f", content))


def test_the_line_says_what_was_found(tmp_path):
    path = tmp_path / "f.bin"
    refused(data.read_idx, written(path, TWO_IMAGES[:10]), "10 bytes", "expected 16 for 3 axes")
    refused(data.read_idx, written(path, TWO_IMAGES[:-1]), "11 bytes", "expected 12", "(2, 2, 3)")
    refused(data.read_npz, written(path, npz(zipfile.ZIP_LZMA, x=X_TWO, y=Y_TWO)), "method 14")  # memory without bound
    refused(data.read_npz, written(path, in_both_headers(STORED, 6, 8, b"\x01")), "encrypted")
    refused(data.read, written(path, pickle.dumps([0] * 5000, protocol=2)), "python pickle", "binary version")


def lying_zip():
    """It declares a gigabyte where 100 bytes are."""
    x = npy((1, 2**30), "|u1", bytes(100))
    declared = struct.pack("<I", len(x) - 100 + 2**30)
    return in_both_headers(npz(x=x, y=u1(1)), 22, 24, declared)


BOMBS = {
    "gzip behind a small header": (data.read_idx, lambda: gzip.compress(TWO_LABELS + BOMB), "more than 2 bytes"),
    "honest gzip": (data.read_idx, lambda: gzip.compress(idx(8, (len(BOMB),), BOMB)), f"at most {MEGABYTE} bytes"),
    "idx that claims a gigabyte": (data.read_idx, lambda: idx(8, (2**30,), bytes(100)), "100 bytes"),
    "zip behind a small header": (
        data.read_npz,
        lambda: npz(x=X_TWO + BOMB, y=Y_TWO),
        f"{4 + len(BOMB)} bytes of values; expected 4",
    ),
    "honest zip": (data.read_npz, lambda: npz(x=u1(2, len(BOMB)), y=Y_TWO), f"at most {MEGABYTE} bytes"),
    "zip with an endless header": (data.read_npz, lambda: npz(x=ENDLESS + BOMB, y=Y_TWO), "format 1.0"),
    "zip that claims a gigabyte": (data.read_npz, lying_zip, ""),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_no_more_is_unpacked_than_the_header_asks_for_and_the_file_holds(tmp_path, monkeypatch, kind):
    reader, build, found = BOMBS[kind]
    if "honest" in kind:  # it can only be refused by its size
        monkeypatch.setattr(data, "LARGEST", MEGABYTE)
    path = written(tmp_path / "f", build())
    tracemalloc.start()
    try:
        refused(reader, path, found)
        assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_cifar10_file_without_end_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "LARGEST", 2 * 3073 - 1)  # what is read is then two whole records
    refused(data.read_cifar10, written(tmp_path / "f.bin", record(1) * 2000), "binary version")


def test_an_npz_is_read_in_all_its_forms(tmp_path):
    def check(images, labels, dtype="u1", **members):
        found = data.read_npz(written(tmp_path / "f.npz", npz(**members)))
        same(found[0], images, dtype)
        same(found[1], labels, "i8")

    two, one = [[[1, 2]], [[3, 4]]], {"x_test": npy((1, 1, 2), "|u1", b"\x05\x06"), "y_test": npy((1,), "|i1", b"\x03")}
    check(two, [7, 1], x=X_TWO, y=Y_TWO)
    check(two, [7, 1], **ONE_PART)
    check([*two, [[5, 6]]], [7, 1, 3], **one, **ONE_PART)  # the training part comes first
    by_columns = npy((2, 3), ">i2", struct.pack(">6h", 1, 4, 2, 5, 3, 6), fortran=True)
    check([[1, 2, 3], [4, 5, 6]], [7, 1], "i2", x=by_columns, y=Y_TWO)
    check(two, [-1, 1], x=X_TWO, y=npy((2, 1), "<f4", struct.pack("<2f", -1.0, 1.0)))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_as_numpy_itself_writes_it_is_read(tmp_path, save):
    save(tmp_path / "f.npz", x=np.arange(12.0).reshape(3, 2, 2), y=[0, 1, 0])
    images, labels = data.read_npz(tmp_path / "f.npz")
    same(images, np.arange(12.0).reshape(3, 2, 2).tolist(), "f8")
    same(labels, [0, 1, 0], "i8")


def test_reading_an_npz_never_unpickles(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    y = npy((2,), "|O", pickle.dumps(np.array([Trap(), Trap()], dtype=object)))
    refused(data.read_npz, written(tmp_path / "f.npz", npz(x=X_TWO, y=y)), "object")
    assert not (tmp_path / "sprung").exists()


def test_a_cifar10_record_is_a_label_and_then_red_green_and_blue_rows(tmp_path):
    second = bytes([3]) + bytes(range(32)) + bytes(3072 - 32)
    images, labels = data.read_cifar10(written(tmp_path / "data_batch_1.bin", record(9, 1, 2, 3) + second))
    assert images.shape == (2, 3, 32, 32) and images.dtype == np.uint8
    assert images[0].min(axis=(1, 2)).tolist() == images[0].max(axis=(1, 2)).tolist() == [1, 2, 3]
    assert images[1, 0, 0].tolist() == list(range(32)) and images[1].sum() == sum(range(32))
    same(labels, [9, 3], "i8")


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
@pytest.mark.parametrize("reader", [data.read_cifar10, data.read])
def test_the_batches_of_a_cifar10_folder_follow_in_order_with_the_test_batch_last(tmp_path, inner, reader):
    for name, label in (("test_batch.bin", 5), ("data_batch_2.bin", 2), ("data_batch_1.bin", 1)):
        written(tmp_path / inner / name, record(label, red=label))
    images, labels = reader(tmp_path)
    same(labels, [1, 2, 5], "i8")
    assert images[:, 0, 0, 0].tolist() == [1, 2, 5]


@pytest.mark.parametrize("reader", [data.read_cifar10, data.read])
@pytest.mark.parametrize("content", [b"", record(1)[:-1], record(1) + b"\0", record(10), b"\1" + record(1), b"text\n"])
def test_a_bad_cifar10_file_is_refused_in_one_line(tmp_path, content, reader):
    refused(reader, written(tmp_path / "data_batch_1.bin", content), "binary version")


@pytest.mark.parametrize("reader", [data.read_cifar10, data.read])
@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_the_python_version_of_cifar10_is_refused_and_the_binary_version_named(tmp_path, inner, reader):
    path = written(tmp_path / inner / "data_batch_1", pickle.dumps({b"data": b"", b"labels": []}, protocol=2))
    refused(reader, tmp_path, "python pickles", "binary version", "cifar-10-batches-bin")
    refused(reader, path, "python pickle", "binary version", "cifar-10-batches-bin")


@pytest.mark.parametrize("folder", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("zipped", [(), ("images",), ("labels",), ("images", "labels")])
def test_mnist_is_found_in_its_usual_places_plain_or_packed(tmp_path, folder, zipped):
    mnist(tmp_path / folder, zipped=zipped)
    images, labels = data.read(tmp_path)
    same(images, [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]], "u1")
    same(labels, [7, 1], "i8")


def test_the_t10k_files_are_appended_to_the_train_files(tmp_path):
    mnist(tmp_path, "t10k", idx(8, (1, 2, 3), bytes([9] * 6)), idx(8, (1,), bytes([4])), zipped=("images",))
    mnist(tmp_path)
    images, labels = data.read(tmp_path)
    assert images[:, 0, 0].tolist() == [0, 6, 9]
    same(labels, [7, 1, 4], "i8")


@pytest.mark.parametrize("dot", ["-", "."])
def test_an_idx_images_file_brings_the_labels_beside_it(tmp_path, dot):
    path = written(tmp_path / f"emnist-images{dot}idx3-ubyte.gz", PACKED)
    written(tmp_path / f"emnist-labels{dot}idx1-ubyte", TWO_LABELS)
    same(data.read(path)[1], [7, 1], "i8")


def test_an_npz_or_bin_file_is_read_through_the_same_door_and_a_path_may_be_a_string(tmp_path):
    same(data.read(written(tmp_path / "f.npz", STORED))[1], [7, 1], "i8")
    same(data.read(str(written(tmp_path / "an npz of another name", STORED)))[1], [7, 1], "i8")
    same(data.read(written(tmp_path / "f.bin", record(0) + record(6)))[1], [0, 6], "i8")


def test_images_that_have_no_fitting_labels_beside_them_are_refused(tmp_path):
    path = mnist(tmp_path, labels=idx(8, (3,), bytes(3)))
    refused(data.read, path, "(2, 2, 3)", "(3,)")
    refused(data.read, tmp_path, "(2, 2, 3)", "(3,)")
    refused(data.read, mnist(tmp_path, images=TWO_LABELS))  # labels in the place of images
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    refused(data.read, path, "train-labels-idx1-ubyte")
    refused(data.read, tmp_path, "train-labels-idx1-ubyte", names=path)


@pytest.mark.parametrize("name", ["f.txt", "f.npz", "f.bin", "f.gz", "f-images-idx3-ubyte", "train-labels-idx1-ubyte"])
@pytest.mark.parametrize("content", [b"", b"a", b"some text\n", b"\x1f\x8b", b"PK\x03\x04", b"\x80\x04."])
def test_a_file_of_unknown_kind_is_refused_in_one_line(tmp_path, name, content):
    refused(data.read, written(tmp_path / name, content))


def test_a_folder_without_data_is_refused_with_what_it_could_hold(tmp_path):
    refused(data.read, tmp_path, "train-images-idx3-ubyte", "cifar-10-batches-bin")
    refused(data.read_cifar10, tmp_path, "no CIFAR-10 batches", "binary version")
    refused(data.read_idx, tmp_path)
    refused(data.read_npz, tmp_path)


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_or_forbidden_file_is_told_in_one_line(tmp_path, reader, monkeypatch):
    def forbid(*args):
        raise PermissionError(13, "Permission denied", str(args[0]))

    path = tmp_path / "f.bin"
    with pytest.raises(FileNotFoundError) as caught:
        reader(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
    written(path, record(0))
    monkeypatch.setattr(data, "open", forbid, raising=False)  # file modes do not stop root
    with pytest.raises(PermissionError) as caught:
        reader(path)
    assert str(caught.value) == f"{path}: Permission denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, reader):
    os.mkfifo(tmp_path / "pipe")
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the reader waits for the pipe"))
    signal.alarm(5)
    try:
        refused(reader, tmp_path / "pipe")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_file_of_many_megabytes_is_read_whole(tmp_path):
    values = np.random.default_rng(0).integers(256, size=(3000, 28, 28), dtype=np.uint8)
    assert (data.read_idx(written(tmp_path / "f", idx(8, values.shape, values.tobytes()))) == values).all()


def test_classes_are_read_from_words():
    assert data.parse_classes("3,8") == ((3,), (8,))
    assert data.parse_classes("0+1,2+3") == ((0, 1), (2, 3))
    assert data.parse_classes("0, 1+2 ,10") == ((0,), (1, 2), (10,))
    assert data.parse_classes("parity") == ((1, 3, 5, 7, 9), (0, 2, 4, 6, 8))


@pytest.mark.parametrize("text", ["", "3", "3,", ",", "3;8", "3+8", "0+,1", "a,b", "3,8.5", "odd", "3,8\n\n,"])
def test_bad_words_for_classes_are_refused_in_one_line(text):
    one_line("classes ", [repr(text)], data.parse_classes, text)


LABELS = np.array([2, 0, 1] * 10)
IMAGES = np.arange(30.0)[:, None, None] * [[1.0, 2.0], [3.0, 4.0]]  # i times a pattern: a row tells which image it was
IMAGES.flags.writeable = LABELS.flags.writeable = False  # what is given is left alone


def chosen(X_train, X_test):
    """Which images the rows are, read off the first pixel; image 0 must be among them."""
    step = np.concatenate([X_train[:, 0], X_test[:, 0]])
    numbers = np.rint(step - step.min()).astype(int)
    return numbers[: len(X_train)], numbers[len(X_train) :]


def test_split_uses_each_image_once_and_centres_both_sets_on_the_training_mean():
    X_train, y_train, X_test, y_test = data.split(IMAGES, LABELS, (0, 1, 2), 12, rng=0)
    train, test = chosen(X_train, X_test)
    assert sorted([*train, *test]) == list(range(30))
    assert LABELS[train].tolist() == y_train.tolist() and LABELS[test].tolist() == y_test.tolist()
    mean = np.mean([IMAGES[i].ravel() for i in train], axis=0)
    for X, numbers in ((X_train, train), (X_test, test)):
        assert X.shape == (len(numbers), 4) and X.dtype == np.float64
        assert np.abs(X - np.array([IMAGES[i].ravel() - mean for i in numbers])).max() < 1e-12


def test_the_training_set_is_balanced_and_both_sets_stand_class_after_class():
    _, y_train, _, y_test = data.split(IMAGES, LABELS, (2, 0, 1), 8, rng=1)
    assert y_train.tolist() == [0] * 3 + [1] * 3 + [2] * 2
    assert y_test.tolist() == [0] * 7 + [1] * 7 + [2] * 8
    assert y_train.dtype == y_test.dtype == np.int64


def test_of_two_classes_the_first_is_plus_one_and_each_may_be_a_group_of_labels():
    X_train, y_train, X_test, y_test = data.split(IMAGES, LABELS, ((1, 2), (0,)), 9, rng=0)
    assert y_train.dtype == y_test.dtype == np.float64
    assert y_train.tolist() == [1.0] * 5 + [-1.0] * 4
    assert y_test.tolist() == [1.0] * 15 + [-1.0] * 6
    train, test = chosen(X_train, X_test)
    assert ((LABELS[train] == 0) == (y_train < 0)).all() and ((LABELS[test] == 0) == (y_test < 0)).all()


def test_p_test_samples_are_drawn_at_random_from_the_rest_and_leave_the_training_set_alone():
    X_train, y_train, _, _ = data.split(IMAGES, LABELS, (0, 1, 2), 12, rng=3)
    seen = set()
    for rng in range(20):
        few = data.split(IMAGES, LABELS, (0, 1, 2), 12, rng=rng, P2=5)
        assert few[2].shape == (5, 4) and few[3].tolist() == sorted(few[3].tolist())
        seen.add(tuple(few[3].tolist()))
        if rng == 3:
            assert (few[0] == X_train).all() and (few[1] == y_train).all()
    assert len(seen) > 5
    assert data.split(IMAGES, LABELS, (0, 1), 12, rng=0, P2=8)[2].shape == (8, 4)  # all that is left


def test_the_training_samples_are_drawn_at_random_and_not_from_the_front():
    draws = {tuple(chosen(*data.split(IMAGES, LABELS, (0, 1, 2), 6, rng=rng)[::2])[0]) for rng in range(10)}
    assert len(draws) == 10


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.int64, bool])
def test_rows_are_float64_and_do_not_wrap_whatever_the_images_are_stored_in(dtype):
    images = IMAGES.astype(dtype)
    for X, exact in zip(*(data.split(x, LABELS, (0, 1), 6, rng=0)[::2] for x in (images, images.astype(float)))):
        assert X.dtype == np.float64 and (X == exact).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": (0, 7)}, ("7", "0 to 2")),
        ({"classes": "01"}, ("'0'",)),
        ({"classes": ((0, 1), (1, 2))}, ("label 1", "twice")),
        ({"classes": (0, 0)}, ("label 0", "twice")),
        ({"classes": (0,)}, ("(0,)", "two")),
        ({"classes": ()}, ("()", "two")),
        ({"classes": 3}, ("3", "two")),
        ({"classes": ((), (1,))}, ("((), (1,))", "non-empty")),
        ({"classes": (0, 1, 2), "P": 2}, ("P = 2",)),
        ({"P": 0}, ("P is 0",)),
        ({"P": 2.5}, ("P is 2.5",)),
        ({"P2": 0}, ("P2 is 0",)),
        ({"P": 21}, ("class [0]", "10 samples", "at least 11")),
        ({"P": 20}, ("0 samples left", "at least 1")),
        ({"P": 4, "P2": 17}, ("16 samples left", "at least 17")),
        ({"labels": LABELS[:-1]}, ("(30, 2, 2)", "(29,)")),
        ({"labels": LABELS + 0.5}, ("integers",)),
        ({"labels": LABELS[:, None] * [1, 1]}, ("(30, 2)",)),
        ({"images": IMAGES[:, 0, 0]}, ("(30,)",)),
        ({"images": IMAGES * float("nan")}, ("finite",)),
        ({"images": IMAGES.astype(str)}, ("numbers",)),
    ],
)
def test_split_says_in_one_line_what_was_given_and_what_was_expected(changes, words):
    arguments = {"images": IMAGES, "labels": LABELS, "classes": (0, 1), "P": 4, "rng": 0} | changes
    one_line("split: ", words, data.split, **arguments)


def test_the_eigenvalues_of_gaussian_are_log_spaced_with_mean_one():
    for D, condition, eigenvalues in [(2, 9.0, [1.8, 0.2]), (3, 100.0, [10 / 3.7, 1 / 3.7, 0.1 / 3.7]), (1, 50.0, [1])]:
        ratio = data.gaussian(5, D, condition=condition, rng=4) / data.gaussian(5, D, rng=4)
        assert np.abs(ratio - np.sqrt(eigenvalues)).max() < 1e-12


def test_gaussian_rows_have_mean_zero_the_stated_covariance_and_gaussian_tails():
    P = 100_000
    X = data.gaussian(P, 3, condition=100.0, rng=0)
    eigenvalues = np.array([10.0, 1.0, 0.1]) / 3.7
    Z = X / np.sqrt(eigenvalues)
    assert X.shape == (P, 3) and X.dtype == np.float64
    assert np.abs(Z.mean(axis=0)).max() < 5 / P**0.5
    assert np.abs(Z.T @ Z / P - np.eye(3)).max() < 5 * (2 / P) ** 0.5
    assert np.abs((Z**4).mean(axis=0) - 3).max() < 5 * (96 / P) ** 0.5


@pytest.mark.parametrize(("P", "D"), [(1, 1), (1, 5), (4, 9), (20, 60), (7, 7), (5, 1), (9, 4), (200, 30)])
def test_all_singular_values_of_white_are_the_same(P, D):
    X = data.white(P, D, rng=0)
    assert X.shape == (P, D) and X.dtype == np.float64
    assert np.abs(np.linalg.svd(X, compute_uv=False) / P**0.5 - 1).max() < 1e-12


def test_an_isotropic_sample_is_not_white():
    X = data.gaussian(40, 40, rng=0)
    singular = np.linalg.svd(X, compute_uv=False)
    assert singular[0] > 1.7 * 40**0.5 and singular[-1] < 0.2 * 40**0.5


def test_white_points_in_every_direction_alike():
    first = np.array([data.white(2, 4, rng=rng)[0] for rng in range(400)]) / 2**0.5  # uniform on the unit sphere in R^4
    assert np.abs(first.mean(axis=0)).max() < 5 * (0.25 / 400) ** 0.5
    assert np.abs(first.T @ first / 400 - np.eye(4) / 4).max() < 0.1


def test_no_sample_of_white_is_longer_than_another_on_average():
    squares = np.mean([(data.white(6, 2, rng=rng) ** 2).sum(axis=1) for rng in range(400)], axis=0)
    assert np.abs(squares - 2).max() < 5 * (2 / 400) ** 0.5  # 6 times a Beta(1, 2) variable: mean 2, variance 2


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: data.gaussian(4, 3, rng=rng),
        lambda rng: data.white(4, 3, rng=rng),
        lambda rng: data.split(IMAGES, LABELS, (0, 1), 6, rng=rng)[0],
    ],
    ids=["gaussian", "white", "split"],
)
def test_rng_is_a_seed_or_a_generator_and_never_the_global_state(draw):
    before = np.random.get_state()[1].copy()  # noqa: NPY002, the legacy state is what must stay
    assert (draw(7) == draw(7)).all() and (draw(7) == draw(np.random.default_rng(7))).all()
    generator = np.random.default_rng(7)
    first, second = draw(generator), draw(generator)
    assert (first == draw(7)).all() and (first != second).any() and (draw(8) != draw(7)).any()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize("draw", [data.gaussian, data.white])
def test_a_bad_size_or_condition_is_refused_in_one_line(draw):
    for P, D, word in [(0, 3, "P is 0"), (2.0, 3, "P is 2.0"), (3, -1, "D is -1"), (3, "3", "D is '3'")]:
        one_line("", [word], draw, P, D)
    for condition in (0.5, float("nan"), float("inf")):
        one_line("", [f"condition is {condition}"], data.gaussian, 2, 3, condition)

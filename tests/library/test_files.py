"""The two small modules that everything may use: text files whole or not at all, and the number of BLAS threads."""

import os

import pytest

from minintk.tools import files, threads


def test_a_text_is_written_as_utf8_with_plain_line_ends_also_through_a_link(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_bytes(b"old and longer than what is new")
    link.symlink_to(path)
    files.write(link, "Grüße\nx\r\n")
    assert path.read_bytes() == b"Gr\xc3\xbc\xc3\x9fe\nx\r\n" and link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_a_text_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeError):
        files.write(path, "half \ud800")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.write(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "said, found",
    [({}, "1 1 1 1"), ({"MKL_NUM_THREADS": "5"}, "1 1 5 1"), ({"OMP_NUM_THREADS": "7"}, "7 7 7 7")],
    ids=["nothing", "of one library", "of all"],
)
def test_blas_takes_one_thread_unless_the_user_has_said_how_many(monkeypatch, said, found):
    names = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    threads.one_by_default()
    assert [os.environ[name] for name in names] == found.split()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be kept to a core here")
def test_cores_are_those_that_may_be_used():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, [min(allowed)])
        assert threads.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)

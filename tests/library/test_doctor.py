"""Claims about minintk.tools.doctor: what it says of machines that are not like this one."""

import errno
import io
import pathlib
import sys

import pytest

from minintk import data
from minintk.tools import doctor


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """In a folder that can be written."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def machine(monkeypatch):
    """A function that gives the doctor a machine: its BLAS, its processor's flags, and rates of a product by core."""

    def pretend(blas=("openblas 0.3", "SkylakeX", 2), flags=("avx2", "avx512f"), rates=None):
        monkeypatch.setattr(doctor, "blas", lambda: blas)
        monkeypatch.setattr(doctor, "cpu_flags", lambda: set(flags))
        monkeypatch.setattr(doctor, "product_rate", lambda core=None: (rates or {})[core])

    return pretend


def test_it_prints_a_verdict_on_every_line_and_returns_the_number_of_bad_ones(monkeypatch, capsys):
    def sick():
        return [("bad", "this"), ("ok", "that"), ("bad", "those")]

    monkeypatch.setattr(doctor, "packages", sick)
    monkeypatch.setattr(doctor, "kernels", lambda: [("note", "slow")])
    assert doctor.main() == 2
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "note", "bad"}
    assert "bad   this" in lines and "note  slow" in lines and len(lines) >= 9


def test_a_check_that_breaks_on_an_odd_machine_is_a_note(monkeypatch, capsys):
    def shipped_data():
        raise KeyError("odd")

    monkeypatch.setattr(doctor, "shipped_data", shipped_data)
    monkeypatch.setattr(doctor, "kernels", list)
    assert doctor.main() == 0
    assert "note  shipped data: could not be checked, KeyError('odd')" in capsys.readouterr().out


def test_it_can_speak_on_an_ascii_console(monkeypatch):
    monkeypatch.setattr(doctor, "output_folder", lambda: [("ok", "results can be written in /home/josé")])
    monkeypatch.setattr(doctor, "kernels", list)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    doctor.main()
    lines = raw.getvalue().decode("ascii").splitlines()
    assert "ok    results can be written in /home/jos?" in lines
    assert any(line.startswith("note  output in ascii") and "PYTHONIOENCODING=utf-8" in line for line in lines)


def test_a_python_that_is_too_old_is_bad(monkeypatch):
    assert doctor.python()[0][0] == "ok"
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    ((verdict, text),) = doctor.python()
    assert verdict == "bad" and "install Python 3.11 or newer" in text


def test_a_missing_package_is_bad_and_comes_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    verdicts = {text.split()[0].strip(":"): (verdict, text) for verdict, text in doctor.packages()}
    assert [verdicts[name][0] for name in ("minintk", "numpy", "matplotlib", "tqdm")] == ["ok", "ok", "ok", "bad"]
    assert "-m pip install tqdm" in verdicts["tqdm"][1]


def test_missing_or_damaged_digits_are_bad(monkeypatch, tmp_path):
    assert doctor.shipped_data() == [("ok", "shipped digits: 1797 images")]
    monkeypatch.setattr(data, "__file__", str(tmp_path / "data.py"))
    assert doctor.shipped_data()[0][0] == "bad"
    (tmp_path / "digits.npz").write_bytes(b"PK\x03\x04 cut off")
    ((verdict, text),) = doctor.shipped_data()
    assert verdict == "bad" and "digits.npz" in text and "install minintk again" in text


def test_a_folder_that_cannot_be_written_or_is_a_file_is_bad(monkeypatch, tmp_path):
    (tmp_path / "results").write_text("")
    assert doctor.output_folder(tmp_path / "results")[0][0] == "bad"

    def read_only(dir):
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", read_only)
    ((verdict, text),) = doctor.output_folder(tmp_path)
    assert verdict == "bad" and str(tmp_path) in text and "Permission denied" in text and "--out" in text


def test_the_nearest_folder_that_exists_is_tried_and_left_as_it_was(tmp_path):
    assert doctor.output_folder(tmp_path / "a" / "b") == [("ok", f"results can be written in {tmp_path}")]
    assert not list(tmp_path.iterdir())


def test_a_wrong_core_type_is_a_note_with_the_setting_and_the_measured_gain(machine):
    machine(("openblas 0.3", "Haswell", 1), rates={None: 50e9, "SkylakeX": 80e9})
    ((verdict, text),) = doctor.kernels()
    assert verdict == "note" and "Haswell" in text and "OPENBLAS_CORETYPE=SkylakeX, measured 1.6 times" in text
    machine(("openblas 0.3", "Nehalem", 1), flags=["avx2"], rates={None: 10e9, "Haswell": 40e9})
    assert "OPENBLAS_CORETYPE=Haswell, measured 4.0 times" in doctor.kernels()[0][1]


def test_an_unknown_core_type_is_measured_too(machine):
    for rate, verdict in [(50e9, "note"), (80e9, "ok")]:
        machine(("scipy-openblas 0.3", None, None), rates={None: rate, "SkylakeX": 80e9})
        assert doctor.kernels()[0][0] == verdict


FITS = [
    ("mkl 2025", None, "avx512f"),
    ("accelerate", None, ""),
    ("openblas 0.3", None, ""),
    ("openblas", "Haswell", "avx2"),
]


@pytest.mark.parametrize("name, core, flag", FITS)
def test_where_there_is_nothing_to_compare_nothing_is_measured(machine, name, core, flag):
    machine((name, core, None), [flag])  # asking for a rate would raise
    assert doctor.kernels()[0][0] == "ok"


def test_more_threads_than_cores_are_a_note(machine, monkeypatch):
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    machine(("openblas 0.3", "SkylakeX", 64))
    ((verdict, text),) = doctor.cores()
    assert verdict == "note" and "OPENBLAS_NUM_THREADS=2" in text
    machine(("openblas 0.3", "SkylakeX", 2))
    assert doctor.cores()[0][0] == "ok"


def test_the_blas_has_a_name_without_threadpoolctl_and_with_an_old_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    name, core, threads = doctor.blas()
    assert name and core is None and threads is None
    monkeypatch.setattr(doctor.importlib.import_module("numpy"), "show_config", lambda **_: None)
    assert doctor.blas() == ("an unknown BLAS", None, None)


def test_the_processor_is_read_from_linux_and_may_be_unknown(monkeypatch):
    text = (
        "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu avx2 avx512f\n\nprocessor\t: 1\nflags\t: fpu\n"
    )
    monkeypatch.setattr(pathlib.Path, "read_text", lambda self, errors: text)
    assert doctor.cpu() == "Some CPU @ 2 GHz" and doctor.cpu_flags() == {"fpu", "avx2", "avx512f"}

    def missing(self, errors):
        raise FileNotFoundError(self)

    monkeypatch.setattr(pathlib.Path, "read_text", missing)
    assert doctor.cpu_flags() == set() and isinstance(doctor.cpu(), str)


def test_the_rate_is_the_median_of_what_the_child_measures_with_this_core_type(monkeypatch):
    monkeypatch.setattr(
        doctor, "PRODUCT", "import os; print(7, 1, 9); print(len(os.environ['OPENBLAS_CORETYPE']), 100)"
    )
    assert doctor.product_rate("SkylakeX") == 8  # the length of the name

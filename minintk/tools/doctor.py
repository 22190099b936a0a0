"""Is this machine ready, and does its numpy use all of the processor? `minintk doctor` prints one line a check.

"ok" is as it should be, "note" works but could be better, "bad" has to be mended. Only the standard library is imported
here at first, because a missing numpy is one of the things to report.
"""

import contextlib
import importlib
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

from minintk.tools import shell, threads, version

WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # OpenBLAS core types with AVX-512 kernels
NEWER = WIDE | {"Haswell", "Zen", "Excavator"}  # and those with AVX2 kernels
EXPORT = "set" if os.name == "nt" else "export"
PRODUCT = """
import time, numpy
A = numpy.ones((800, 800))
for _ in range(7):
    start = time.perf_counter(); A @ A; print(2 * 800**3 / (time.perf_counter() - start))
"""


def main():
    """Prints what was found and what to do; returns the number of bad lines."""
    bad = 0
    for check in (python, packages, shipped_data, output_folder, console, cores, kernels):
        try:
            lines = check()
        except Exception as error:  # an odd machine is a finding, not a crash
            lines = [("note", f"{check.__name__.replace('_', ' ')}: could not be checked, {error!r}")]
        for verdict, text in lines:
            encoding = getattr(sys.stdout, "encoding", None) or "ascii"
            print(f"{verdict:4}  {text}".encode(encoding, "replace").decode(encoding), flush=True)
            bad += verdict == "bad"
    return bad


def python():
    text = f"Python {platform.python_version()} on {platform.platform(terse=True)}, {cpu()}"
    return [("ok", text) if sys.version_info >= (3, 11) else ("bad", f"{text}: install Python 3.11 or newer")]


def packages():
    lines = [("ok", f"minintk {version.VERSION} in {pathlib.Path(__file__).parents[1]}")]
    for name in ("numpy", "matplotlib", "tqdm"):
        try:
            lines.append(("ok", f"{name} {importlib.import_module(name).__version__}"))
        except ImportError as error:
            lines.append(("bad", f"{name}: {error}; run: {shell.join([sys.executable, '-m', 'pip', 'install', name])}"))
    return lines


def shipped_data():
    try:
        images, _ = importlib.import_module("minintk.data").digits()
        return [("ok", f"shipped digits: {len(images)} images")]
    except (OSError, ValueError) as error:
        return [("bad", f"shipped digits: {error}; install minintk again")]


def output_folder(folder="results"):
    """The folder that `minintk run` writes to, or the nearest one above it that exists."""
    folder = pathlib.Path(folder).absolute()
    place = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            return [("ok", f"results can be written in {place}")]
    except OSError as error:
        return [("bad", f"cannot write in {place} ({error.strerror}): go to another folder, or name one with --out")]


def console():
    encoding = sys.stdout.encoding or "ascii"
    kind = "a terminal" if sys.stdout.isatty() else "not a terminal: no colours, no progress bars"
    try:
        "✓".encode(encoding)
        return [("ok", f"output in {encoding}, {kind}")]
    except UnicodeEncodeError:
        return [("note", f"output in {encoding}: marks are plain ASCII; for ticks set PYTHONIOENCODING=utf-8; {kind}")]


def cores():
    name, core, used = blas()
    there = threads.cores()
    text = f"{name}, core type {core or 'unknown'}, threads {used or 'unknown'}, on {there} cores"
    if used and used > there:
        return [("note", f"{text}: more threads than cores are slow, {EXPORT} OPENBLAS_NUM_THREADS={there}")]
    return [("ok", text)]


def kernels():
    """Whether OpenBLAS took the fastest kernels that the processor can run; on some virtual machines it does not."""
    (name, core, _), flags = blas(), cpu_flags()
    best, good = ("SkylakeX", WIDE) if "avx512f" in flags else ("Haswell", NEWER)
    if "openblas" not in name or not {"avx512f", "avx2"} & flags:
        return [("ok", f"kernels of {name}: nothing known to compare them with on this processor")]
    if core in good:
        return [("ok", f"kernels for {core} fit this processor")]
    gain = product_rate(best) / product_rate()
    core = core or "an unknown core type"
    if gain < 1.1:
        return [("ok", f"kernels for {core}: those for {best} are not faster, measured {gain:.1f} times")]
    return [("note", f"kernels for {core}: {EXPORT} OPENBLAS_CORETYPE={best}, measured {gain:.1f} times faster")]


def cpu():
    """The processor's name."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def cpu_flags():
    """What the processor says that it can do; empty where the system does not tell."""
    return set(_cpuinfo("flags").split())


def blas():
    """numpy's BLAS with its version, its core type, its threads; None for what cannot be known."""
    numpy = importlib.import_module("numpy")
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
        pool = next(pool for pool in pools if pool["user_api"] == "blas")
        return f"{pool['internal_api']} {pool['version']}", pool.get("architecture"), pool["num_threads"]
    except (ImportError, StopIteration):
        with contextlib.suppress(KeyError, TypeError):
            built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
            return f"{built['name']} {built['version']}", None, None
        return "an unknown BLAS", None, None


def product_rate(core=None):
    """Operations per second of a matrix product in a fresh process, with OpenBLAS kernels for `core` if it is given."""
    env = os.environ | ({"OPENBLAS_CORETYPE": core} if core else {})
    run = subprocess.run([sys.executable, "-c", PRODUCT], env=env, capture_output=True, timeout=60, check=True)
    return statistics.median(map(float, run.stdout.split()))


def _cpuinfo(key):
    """The first value of this key in Linux's description of the processor."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")

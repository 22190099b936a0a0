"""One experiment at many settings, on many processes, stopped at any moment and taken up again.

A sweep is the Cartesian product of lists. Every finished point is one line in points.jsonl, written at once and for
good: that file is the record. A line that was torn when the sweep was killed is cut off and its point done again.
points.csv is made from the record whenever a sweep ends or begins.
"""

import concurrent.futures
import contextlib
import csv
import inspect
import io
import itertools
import json
import os
import pathlib

from tqdm import tqdm

from minintk import experiments
from minintk.experiments import common
from minintk.tools import files, pool, version

try:
    import fcntl
except ModuleNotFoundError:  # Windows has no such lock: there nobody stops a second sweep in the same folder
    fcntl = None


def sweep(name, lists, folder, jobs=1, executor=None):
    """Computes every point of the product that the folder does not hold yet. Returns all rows, in the product's order.

    name: of an experiment that has a function `point`, all of whose settings have defaults; lists: {setting: values},
    for those that are not to stay at their default. A row is a dict: the settings, then what `point` returned, or
    `error` and a sentence. Only an error of the numbers is the point's own and kept: the same again would end alike.
    Any other (memory, disk, a missing module) may be the machine's, and its point is done again by the next sweep.
    jobs: processes of our own, with one BLAS thread each; executor: any concurrent.futures.Executor instead, which
    stays open. The rows are the same to the last bit wherever BLAS has one thread (in our processes, and in those of
    dask's `dask worker`; elsewhere it is the owner's choice).
    A folder takes up the same sweep again, and the same with more values in its lists; ValueError for any other.
    """
    lists = _lists(name, lists)
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _record(folder) as record:
        _same_sweep(folder, name, lists)
        done = _read(record, tuple(lists))
        points = list(itertools.product(*lists.values()))
        missing = [values for values in points if values not in done]
        try:
            if done:
                _write_csv(folder, points, done)
            with (
                pool.own(min(jobs, len(missing)))
                if executor is None and missing
                else contextlib.nullcontext(executor) as workers
            ):
                for values, row, final in _solved(workers, name, tuple(lists), missing, len(points)):
                    line = (json.dumps(row) + "\n").encode() if final else b""
                    if record.write(line) < len(line):
                        raise OSError(f"{record.name}: the disk is full")
                    os.fsync(record.fileno())
                    done[values] = row
        finally:
            _write_csv(folder, points, done)
    return [done[values] for values in points]


def told(rows):
    """How it went, in a line or two."""
    failed = [row for row in rows if "error" in row]
    if not failed:
        return f"{len(rows)} points"
    where = ", ".join(f"{name} {value:g}" for name, value in failed[0].items() if name != "error")
    return f"{len(rows)} points, {len(failed)} of them failed; the first at {where}:\n  {failed[0]['error']}"


@contextlib.contextmanager
def dask(address):
    """An executor on the dask cluster at this address; the client is closed at the end, the cluster stays."""
    try:
        from dask import distributed
    except ModuleNotFoundError:
        raise RuntimeError('dask is not installed: pip install "minintk[dask]"') from None
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise RuntimeError(f"dask: no scheduler answers at {address!r} ({type(error).__name__})") from None
    with client:
        yield client.get_executor(pure=False)


def solve(name, settings, values):
    """One point, wherever it runs: what it adds to its row, and whether that is final.

    It never raises: some errors cannot be sent between processes, and would break the pool.
    """
    try:
        numbers = common.plain(experiments.points()[name](**dict(zip(settings, values))))
        json.dumps(numbers)  # what cannot be written is this point's error
        return numbers, True
    except Exception as error:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return {"error": " ".join(text.split())}, isinstance(error, ValueError | ArithmeticError)


def _lists(name, lists):
    """The lists in the order of `point`'s settings, its defaults for those not given, every value once."""
    points = experiments.points()
    if name not in points:
        raise ValueError(f"{name!r} cannot be swept; expected one of {', '.join(points)}")
    settings = inspect.signature(points[name]).parameters
    for given in lists:
        if given not in settings:
            raise ValueError(f"{name} has no setting {given}; expected {', '.join(settings)}")
    full = {}
    for setting, parameter in settings.items():
        values = lists.get(setting, [parameter.default])
        kind = type(parameter.default)
        for value in values:
            if value != value or kind(value) != value:  # NaN is not equal to itself
                raise ValueError(f"{setting} is {value!r}, expected {'a whole number' if kind is int else 'a number'}")
        full[setting] = tuple(dict.fromkeys(map(kind, values)))
        if not full[setting]:
            raise ValueError(f"the list of {setting} is empty")
    return full


def _same_sweep(folder, name, lists):
    """Writes what is swept to sweep.json; ValueError if the folder holds another sweep, or points of unknown origin."""
    path = folder / "sweep.json"
    if not path.exists() and (folder / "points.jsonl").stat().st_size:
        raise ValueError(f"{folder}: points.jsonl without sweep.json; take another folder with --out")
    wanted = {"experiment": name, "minintk": version.VERSION, "lists": {s: list(v) for s, v in lists.items()}}
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            found = {
                "experiment": found["experiment"],
                "minintk": found["minintk"],
                "lists": {s: list(v) for s, v in dict(found["lists"]).items()},
            }
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path} does not say what is swept there; take another folder with --out") from None
        other = [key for key in ("experiment", "minintk") if found[key] != wanted[key]]
        if other:
            told = f"{other[0]} {found[other[0]]}, not {wanted[other[0]]}"
            raise ValueError(f"{folder} holds a sweep of {told}; take another folder with --out")
        for setting, values in lists.items():
            less = [value for value in found["lists"].get(setting, []) if value not in values]
            if less:
                told = f"a sweep that has {setting} = {less[0]:g} too; add it"
                raise ValueError(f"{folder} holds {told}, or take another folder with --out")
    files.write(path, json.dumps(wanted, indent=2) + "\n")


@contextlib.contextmanager
def _record(folder):
    """The file points.jsonl, open for reading and appending, and ours alone."""
    with open(folder / "points.jsonl", "a+b", buffering=0) as record:
        if fcntl:
            try:
                fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
            except BlockingIOError:
                raise RuntimeError(f"{folder}: another sweep is writing there just now") from None
        yield record


def _read(record, settings):
    """{values: row} of all whole lines; a torn last one is cut off the file."""
    record.seek(0)
    text = record.read()
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        record.truncate(whole)
    done = {}
    for number, line in enumerate(text[:whole].splitlines(), start=1):
        try:
            row = json.loads(line)
            done[tuple(row[setting] for setting in settings)] = row
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{record.name}, line {number} is no point of this sweep; delete the line") from None
    return done


def _solved(workers, name, settings, missing, total):
    """(values, row, whether it is final) of every missing point as it is finished."""
    futures = {workers.submit(solve, name, settings, values): values for values in missing} if missing else {}
    bar = tqdm(total=total, initial=total - len(missing), unit=" points", disable=None, smoothing=0.05)
    try:
        for future in concurrent.futures.as_completed(futures):
            values = futures[future]
            found, final = future.result()
            yield values, dict(zip(settings, values)) | found, final
            bar.update()
    except Exception as error:  # not the point's fault: it never raises
        told = f"{type(error).__name__}: {error}".strip(": ").splitlines()[0]
        raise RuntimeError(f"a worker was lost ({told}); what is finished is kept, run it again to go on") from None
    finally:
        bar.close()
        for future in futures:
            future.cancel()


def _write_csv(folder, points, done):
    """One row a finished point, in the product's order; what a point lacks stays empty."""
    rows = [done[values] for values in points if values in done]
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "error")) + ["error"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write(folder / "points.csv", text.getvalue())

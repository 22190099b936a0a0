"""What a class has handed in, as a learning platform exports it: the exercise files of each student, and nothing else.

A submission is a folder, a zip, or files of one student; an export is a folder or a zip of these. Zips are read in
memory and never unpacked, links are not followed, and no file is read beyond its cap.
"""

import io
import os
import pathlib
import re
import zipfile

from minintk.course import units

LARGEST = 1 << 20  # bytes of an exercise file
MOST = 10_000  # files of one folder that are looked at; in a zip ten times as many
CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)")  # doejane_LATE_123_456_01_network.py
MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_file_?$")


class Submission:
    """name: of the student or group; files: {"01_network.py": bytes}; notes: what was odd, in sentences."""

    def __init__(self, name):
        self.name, self.files, self.notes, self._rank = name, {}, [], {}

    def add(self, file, parts, content):
        """Takes a file for a unit, the latest resubmission of those that lie least deep."""
        rank = (-len(parts), int((re.findall(r"[-( ](\d+)\)?\.py$", parts[-1]) or ["0"])[0]), parts)
        if file in self.files:
            self.notes.append(f"{file}: there are several, {'/'.join(max(rank, self._rank[file])[2])} was taken")
        if file not in self.files or rank > self._rank[file]:
            self.files[file], self._rank[file] = content, rank


def submissions(paths, single=False):
    """{name: Submission} of all that these paths hold, in the order of names. ValueError for what is not there.

    single: each path is all of one student's.
    """
    found = {}
    for path in map(pathlib.Path, paths):
        if not path.exists():
            raise ValueError(f"{path} is not there; expected a folder or a zip of submissions")
        entries, own = list(_entries(path)), _letters(path.resolve().name).removesuffix(".zip")
        alone = single or any(len(parts) == 1 and _unit_file(parts[0]) == parts[0] for parts, _ in entries)
        if single:
            found[own] = Submission(own)
        if path.is_dir() and not alone:
            for place in sorted(place.name for place in path.iterdir() if place.is_dir() and not place.is_symlink()):
                name = _owner((_letters(place), ""))[0]  # also of a folder with nothing in it
                found.setdefault(name, Submission(name))
        for parts, content in entries:
            name, rest = (own, parts) if alone else _owner(parts)
            submission = found.setdefault(name, Submission(name))
            _take(submission, rest, content)
    if not found:
        raise ValueError(f"{', '.join(map(str, paths))}: no submissions; expected a folder, a zip or files a student")
    return dict(sorted(found.items()))


def _letters(name):
    """A file's name as it can be written: it may hold bytes that are no letters."""
    return os.fsencode(name).decode(errors="replace")


def _owner(parts):
    """Whose this file of an export is, and its path among the student's own."""
    first = parts[0]
    if len(parts) > 1:
        moodle = MOODLE.match(first)
        return (f"{moodle['who']}_{moodle['id']}" if moodle else first), parts[1:]
    if canvas := CANVAS.match(first):
        return f"{canvas['who']}_{canvas['id']}", (canvas["file"],)
    file = _unit_file(first)
    own = first[: first.find(file[:-3])].strip("_- ") if file else ""
    return own or first.removesuffix(".zip"), parts


def _take(submission, parts, content):
    if file := _unit_file(parts[-1]):
        kept = content()
        if kept is None or len(kept) > LARGEST:
            submission.notes.append(f"{'/'.join(parts)}: longer than {LARGEST >> 20} MB or unreadable, left out")
        else:
            submission.add(file, parts, kept)
    elif parts[-1].lower().endswith(".zip"):
        try:
            inside = list(_zipped(content(cap=64 << 20)))
        except (zipfile.BadZipFile, OSError, TypeError, ValueError, NotImplementedError, RuntimeError):
            submission.notes.append(f"{'/'.join(parts)}: no zip that can be read")
            return
        for deeper, inner in inside:
            if _unit_file(deeper[-1]):
                _take(submission, (*parts, *deeper), inner)


def _unit_file(name):
    """The exercise file that a file's name means: "01_network.py" for "doe-01_network (2).py"; None if none."""
    for unit in units.units():
        if re.search(rf"(^|[^0-9a-z]){unit['file'][:-3]}([- ]?\(?\d+\)?)?\.py$", name, re.IGNORECASE):
            return unit["file"]
    return None


def _entries(path):
    """(parts, content) of every file below a folder or in a zip; content(cap) reads it, None if it is too long."""
    if path.is_file():
        if path.suffix.lower() == ".zip":
            try:
                yield from _zipped(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise ValueError(f"{path} cannot be read as a zip ({error})") from None
        else:
            yield (path.name,), lambda cap=LARGEST: _read(path, cap)
        return
    seen = {}
    for place, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = pathlib.Path(place, name)
            parts = tuple(map(_letters, file.relative_to(path).parts))
            seen[parts[0]] = seen.get(parts[0], 0) + 1
            if not file.is_symlink() and seen[parts[0]] <= MOST and file.is_file():
                yield parts, lambda cap=LARGEST, file=file: _read(file, cap)


def _zipped(source):
    archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    for info in archive.infolist()[: MOST * 10]:
        parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part not in ("", ".", ".."))
        if parts and not info.is_dir() and "__MACOSX" not in parts:
            yield parts, lambda cap=LARGEST, info=info: _member(archive, info, cap)


def _member(archive, info, cap):
    try:
        with archive.open(info) as stream:
            content = stream.read(cap + 1)  # a bomb is cut here
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
        return None
    return content if len(content) <= cap else None


def _read(path, cap):
    try:
        with open(path, "rb") as stream:
            content = stream.read(cap + 1)
    except OSError:
        return None
    return content if len(content) <= cap else None

"""Plain data as bytes and back, for talking with a process that runs a student's code. Nothing is ever unpickled.

A frame is two lengths, a JSON head, and the raw bytes of the arrays. Unpacked arrays are read-only for good: they are
views of bytes.
"""

import json

import numpy as np

DTYPES = {"|b1", "|u1", "<i4", "<i8", "<f4", "<f8"}
LARGEST_HEAD = 4 << 20  # a longer head could decode to gigabytes of small objects
LARGEST_BODY = 1 << 28  # of arrays; none of the course's comes near it


def pack(value):
    """None, numbers, strings, lists, tuples, dicts and arrays as one frame. TypeError for anything else."""
    blocks, offset = [], 0

    def plain(v):
        nonlocal offset
        if v is None or isinstance(v, bool | int | float | str):
            return v.item() if isinstance(v, np.generic) else v
        if isinstance(v, list):
            return [plain(x) for x in v]
        if isinstance(v, tuple):
            return {"t": [plain(x) for x in v]}
        if isinstance(v, dict):
            return {"d": [[str(k), plain(x)] for k, x in v.items()]}
        if not isinstance(v, np.ndarray | np.generic):
            name = type(v).__name__
            raise TypeError(f"{'an' if name[0] in 'aeiou' else 'a'} {name}, which is not plain data")
        a = np.asarray(v)
        if a.dtype.kind in "iuf" and a.dtype.newbyteorder("<").str not in DTYPES:
            a = a.astype(np.float64 if a.dtype.kind == "f" else np.int64)  # float128, int16: numbers all the same
        a = np.asarray(a, dtype=a.dtype.newbyteorder("<"), order="C")
        if a.dtype.str not in DTYPES:
            raise TypeError(f"an array of {a.dtype}, which is not plain data")
        start, offset = offset, offset + a.nbytes
        blocks.append(a.tobytes())
        return {"a": [a.dtype.str, list(a.shape), start]}

    try:
        head = json.dumps(plain(value)).encode()
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list in itself
        raise TypeError("a number with too many digits or a list in itself") from None
    if len(head) > LARGEST_HEAD:
        raise TypeError("a list of too many numbers; an array can hold them")
    return len(head).to_bytes(8, "little") + offset.to_bytes(8, "little") + head + b"".join(blocks)


def unpack(head, body):
    """The value of a frame from its two parts. ValueError if they do not fit."""

    def value(v):
        if isinstance(v, list):
            return [value(x) for x in v]
        if not isinstance(v, dict):
            return v
        ((tag, x),) = v.items()
        if tag == "t":
            return tuple(value(y) for y in x)
        if tag == "d":
            return {key: value(y) for key, y in x}
        dtype, shape, start = x
        if tag != "a" or dtype not in DTYPES or any(type(n) is not int or n < 0 for n in [*shape, start]):
            raise ValueError("a frame with a bad array")
        count = int(np.prod(shape, dtype=object))
        return np.frombuffer(body, dtype, count, start).reshape(shape) if count else np.empty(shape, dtype)

    try:
        return value(json.loads(head))
    except (AttributeError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"a garbled frame ({error})") from None


def read(stream):
    """The next value from a binary stream; EOFError if it ends."""
    sizes = _exactly(stream, 16)
    head, body = int.from_bytes(sizes[:8], "little"), int.from_bytes(sizes[8:], "little")
    if head > LARGEST_HEAD or body > LARGEST_BODY:
        raise ValueError("a frame that is too long")
    return unpack(_exactly(stream, head), _exactly(stream, body))


def _exactly(stream, size):
    try:
        data = stream.read(size)
    except (OverflowError, MemoryError):
        raise ValueError("a frame of absurd size") from None
    if len(data) < size:
        raise EOFError
    return data

"""What a process gives up before it runs a stranger's code: limits on its resources, and with Landlock the file system.

Each defence is taken where the system has it, and is told by name where it is in force. None can be taken back.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import signal
import struct
import sys
import sysconfig

SYSCALLS = {"create": 444, "add": 445, "restrict": 446}  # the same on every kind of machine that Linux runs on
READ, READ_DIR = 1 << 2, 1 << 3  # with execution (1 << 0), which libraries need
NO_TCP, NO_SIGNALS = 4, 6  # the Landlock versions from which on these are closed too
BEGINS = {  # a machine: its number in seccomp's data, and the system calls that begin a process or a thread
    "x86_64": (0xC000003E, [56, 57, 58, 435]),  # clone, fork, vfork, clone3
    "aarch64": (0xC00000B7, [220, 435]),  # clone, clone3
}


def lock(memory, seconds, rules):
    """Takes every defence there is. Returns their names.

    memory in bytes; seconds of CPU time for the whole process; rules: what `landlock` gave, to this process or to the
    one that it is a copy of.
    """
    return [*_limits(memory, seconds), *_dies_with_its_parent(), *_restricted(rules)]


def modest(memory):
    """What costs one's own code nothing: an end to its memory, and to itself when its parent ends."""
    return [*_limits(memory), *_dies_with_its_parent()]


def _limits(memory, seconds=None):
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return []
    wanted = {"memory": ("AS", memory), "core files": ("CORE", 0)}
    if seconds is not None:
        wanted |= {
            "new processes": ("NPROC", 0),
            "file size": ("FSIZE", 64 << 20),
            "CPU time": ("CPU", int(seconds) + 1),
        }
    taken = []
    for name, (limit, value) in wanted.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):  # macOS refuses AS
            resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (value, value))
            if name != "new processes" or os.geteuid() != 0 or _begins_none():  # root is exempt from the limit
                taken.append(name)
    return taken


def _begins_none():
    """Has the kernel refuse, by a filter of seccomp, what begins a process or a thread. Whether it will (Linux)."""
    if sys.platform != "linux" or os.uname().machine not in BEGINS:
        return False
    machine, calls = BEGINS[os.uname().machine]
    # rows: a code (load, jump if equal, jump if at least, return), how many rows to skip if so and if not, a value;
    # from 1 << 30 on x86_64 counts its calls once more, for programs of another kind
    rows = [(0x20, 0, 0, 4), (0x15, 0, len(calls) + 3, machine), (0x20, 0, 0, 0), (0x35, len(calls) + 1, 0, 1 << 30)]
    rows += [(0x15, len(calls) - i, 0, call) for i, call in enumerate(calls)]
    rows += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | errno.EPERM)]  # allowed; refused
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *row) for row in rows))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, which a filter asks for
    return libc.prctl(22, 2, struct.pack("HP", len(rows), ctypes.addressof(code))) == 0  # PR_SET_SECCOMP


def _dies_with_its_parent():
    if sys.platform != "linux":
        return []
    return ["ends with its parent"] if ctypes.CDLL(None).prctl(1, signal.SIGKILL) == 0 else []  # PR_SET_PDEATHSIG


def landlock():
    """Rules by which only Python's own library, numpy and this folder exist for a process, and no TCP (Linux 5.13).

    (the version, a file descriptor); None where there is no Landlock.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(SYSCALLS["create"], None, 0, 1)
    if version < 1:
        return None
    everything = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    parts = [everything, *([3] if version >= NO_TCP else []), *([3] if version >= NO_SIGNALS else [])]
    ruled = (ctypes.c_uint64 * len(parts))(*parts)
    rules = libc.syscall(SYSCALLS["create"], ctypes.byref(ruled), ctypes.sizeof(ruled), 0)
    for path, access in [*((path, READ | READ_DIR | 1) for path in _readable()), (pathlib.Path.cwd(), everything)]:
        access = access if path.is_dir() else access & (READ | 2)
        place = os.open(path, os.O_PATH)
        rule = access.to_bytes(8, "little") + place.to_bytes(4, "little")
        libc.syscall(SYSCALLS["add"], rules, 1, rule, 0)
        os.close(place)
    return version, rules


def _restricted(rules):
    if rules is None:
        return []
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, which Landlock asks for
    done = libc.syscall(SYSCALLS["restrict"], rules[1], 0) == 0
    os.close(rules[1])
    return [f"Landlock {rules[0]}"] if done else []


def _readable():
    """What a student's function may need: the standard library without the packages in it, numpy, system libraries."""
    import numpy

    library, numpys = pathlib.Path(sysconfig.get_path("stdlib")), pathlib.Path(numpy.__file__).parent
    inside = [path for path in library.iterdir() if not path.name.endswith("-packages")]
    there = [*inside, numpys, numpys.with_name("numpy.libs")]
    there += map(pathlib.Path, ["/dev/null", "/dev/urandom", "/lib", "/lib64", "/usr/lib"])
    return [path for path in there if path.exists() and "dist-packages" not in path.parts]

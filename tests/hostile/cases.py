# ruff: noqa: E501
"""Hostile and broken submissions. Each has a right `activation`, worth 4 points, and a `gate` that is up to something.

CASES: {name: the body of gate, or TOP + what stands at the top of the file}; FILES: {name: a function that makes the
submission's folder}. POINTS: what a case earns where it is not 4.
"""

import os
import zipfile

HEAD = "import numpy as np\n\nfrom minintk import guard\n\n\n"
RIGHT = (
    '@guard.accepts(z="...", slope="[0, 1]")\ndef activation(z, slope):\n    return np.where(z > 0, z, slope * z)\n\n\n'
)
GATE = '@guard.accepts(h="...", slope="[0, 1]")\ndef gate(h, slope):\n'
TOP = "#top\n"


def text(body):
    """The file 01_network.py of a case."""
    if body.startswith(TOP):
        return HEAD + body + "\n\n" + RIGHT + GATE + "    return np.where(h > 0, 1, slope)\n"
    return HEAD + RIGHT + GATE + "".join(f"    {line}\n" for line in body.splitlines())


CASES = {
    # that do not end
    "loop": "while True: pass",
    "loop_in_c": "sum(iter(int, 1))",
    "loop_of_matrices": "np.linalg.matrix_power(np.eye(1500), 2**99)",
    "sleep": "import time\ntime.sleep(1000)",
    "stops_itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "stops_our_clock": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True:\n    pass",
    "catches_everything": "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    "waits_for_input": "import sys\nreturn sys.stdin.read() or input()",
    # that take what there is
    "memory": "return np.ones((10**6, 10**5))",
    "memory_bit_by_bit": "kept = []\nwhile True:\n    kept.append(bytes(10**8))",
    "files": "for i in range(1_000):\n    open(f'file{i}', 'w').write('x')",
    "a_large_file": "with open('large', 'wb') as f:\n    for _ in range(200):\n        f.write(bytes(10**6))",
    "prints_without_end": "while True:\n    print('x' * 1000)",
    "forks": "import os, time\nfor _ in range(50):\n    if os.fork() == 0:\n        time.sleep(1000)",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\nreturn None",
    "daemon_of_a_daemon": "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)\nreturn None",
    "threads": "import threading, time\nfor _ in range(20):\n    threading.Thread(target=time.sleep, args=(1000,)).start()",
    "a_large_answer": "return np.zeros(6 * 10**7)",
    "a_deep_answer": "a = []\nfor _ in range(10**5):\n    a = [a]\nreturn a",
    "a_long_answer": "return ['x' * 1000] * 10**5",
    # that end the process
    "exit": "import os\nos._exit(0)",
    "exit_as_we_do": "import os\nos._exit(77)",
    "sys_exit": "import sys\nsys.exit()",
    "abort": "import os\nos.abort()",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "kills_itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "kills_its_parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nreturn None",
    "kills_its_group": "import os, signal\nos.killpg(0, signal.SIGKILL)",
    # that want marks for nothing
    "always_equal": "class E(float):\n    __eq__ = __ge__ = __le__ = lambda *a: True\n    __array__ = lambda self, *a: np.ones(1)\nreturn E()",
    "patches_numpy": "np.testing.assert_allclose = np.array_equal = np.allclose = lambda *a, **k: True\nreturn np.zeros_like(h)",
    "patches_the_library": "from minintk import network\nnetwork.forward = network.activation = None\nreturn h",
    "asks_the_library": "from minintk import network\nreturn network.gate(h, slope)",
    "looks_for_the_library": (
        "import gc\nfor o in gc.get_objects():\n    if getattr(o, '__name__', '') == 'gate' and 'minintk.network' in "
        "str(getattr(o, '__module__', '')):\n        return o(h, slope)"
    ),
    "reads_the_library": (
        "import minintk, os\nplace = os.path.dirname(minintk.__file__)\nspace = {}\n"
        "exec(open(os.path.join(place, 'network.py')).read(), space)\nreturn space['gate'](h, slope)"
    ),
    "looks_at_its_caller": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    if 'expected' in frame.f_locals:\n"
        "        return frame.f_locals['expected']\n    frame = frame.f_back\nreturn None"
    ),
    "forges_answers": (
        "import os\nfrom minintk.course import frames\nfor fd in range(3, 30):\n    try:\n"
        "        os.write(fd, frames.pack({'ok': [1.0], 'number': 1}))\n    except OSError:\n        pass\nreturn None"
    ),
    "garbage_among_the_answers": (
        "import os\nfor fd in range(3, 30):\n    try:\n        os.write(fd, b'garbage' * 100)\n"
        "    except OSError:\n        pass\nreturn None"
    ),
    "pickles": "import pickle\nclass P:\n    def __reduce__(self):\n        return (open, ('/tmp/pickled', 'w'))\nreturn P()",
    "stays_for_the_next_function": (
        "import sys\nfrom minintk import network\nfrom minintk.course import frames, student, worker\n"
        "frame = sys._getframe()\nwhile 'answers' not in frame.f_locals:\n    frame = frame.f_back\n"
        "answers, read = frame.f_locals['answers'], frames.read\n"
        "def stay(stream):\n    request = read(stream)\n    if 'end' in request:\n"
        "        worker._say(answers, {'ok': None, 'number': request['number']})\n        return stay(stream)\n"
        "    return request\n"
        "frames.read = stay\nworker.withhold = lambda full: None\n"
        "student.define = lambda text, filename, full: (network.init_weights, [])\nreturn h"
    ),
    "says_that_it_is_dead": (
        "import sys\nfrom minintk.course import worker\nframe = sys._getframe()\n"
        "while 'answers' not in frame.f_locals:\n    frame = frame.f_back\n"
        "worker._say(frame.f_locals['answers'], {'dead': 0})\nreturn h"
    ),
    # that are broken
    "half_a_letter": "raise ValueError('\\ud800')",
    "answers_half_a_letter": "return '\\ud800'",
    "syntax_error": "return (h > 0",
    "raises_at_the_top": TOP + "raise RuntimeError('no')",
    "not_begun": 'raise NotImplementedError("network.gate")',
    # that look around
    "reads_passwords": "return open('/etc/passwd').read()",
    "reads_the_home": "import os\nreturn os.listdir(os.path.expanduser('~' + os.environ.get('USER', 'root')))",
    "writes_elsewhere": "open('/tmp/minintk-was-here', 'w').write('x')\nreturn None",
    "reads_the_environment": "import os\nif 'MININTK_SECRET' in os.environ:\n    return np.where(h > 0, 1, slope)\nreturn None",
    "the_network": "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=0.2)\nreturn None",
}


def _file(content):
    return lambda folder: (folder / "01_network.py").write_bytes(content)


def _zip_slip(folder):
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        archive.writestr("../../01_network.py", text("return h"))
        archive.writestr("/tmp/minintk-slipped.py", "x")
        archive.writestr("../../../minintk-slipped", "x")


def _bomb(folder):
    with zipfile.ZipFile(folder / "work.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("01_network.py", bytes(3 * 10**7))


def _link(folder):
    os.symlink("/etc/passwd", folder / "01_network.py")


def _links(folder):
    os.symlink("/", folder / "all")
    (folder / "01_network.py").write_text(text("return h"))


def _many(folder):
    for i in range(250):
        (folder / f"{i}.txt").touch()
    (folder / "01_network.py").write_text(text("return h"))


FILES = {
    "empty_file": _file(b""),
    "no_text": _file(bytes(range(256)) * 10),
    "utf16": _file(text("return h").encode("utf-16")),
    "latin": _file(b"# M\xfcller\n" + text("return h").encode()),
    "unknown_encoding": _file(b"# coding: klingon\n" + text("return h").encode()),
    "too_long": _file(b"#" * (2 << 20)),
    "deep": _file(HEAD.encode() + b"x = " + b"(" * 10_000 + b"1" + b")" * 10_000 + b"\n" + RIGHT.encode()),
    "deep_minus": _file(HEAD.encode() + b"x = " + b"-" * 100_000 + b"1\n" + RIGHT.encode()),
    "deep_dots": _file(HEAD.encode() + b"x = a" + b".a" * 100_000 + b"\n" + RIGHT.encode()),
    "no_files": lambda folder: (folder / "notes.txt").write_text("sorry"),
    "zip_slip": _zip_slip,
    "zip_bomb": _bomb,
    "no_zip": lambda folder: (folder / "work.zip").write_bytes(b"PK\x03\x04 and then nothing"),
    "link": _link,
    "links": _links,
    "many_files": _many,
}
AFTER = {  # what stands below gate: a function that is wrong, and one that is right
    "stays_for_the_next_function": "def init_weights(widths, sigma, rng):\n    return None\n",
    "says_that_it_is_dead": (
        "def init_weights(widths, sigma, rng):\n    rng = np.random.default_rng(rng)\n"
        "    return [rng.standard_normal((n, m)) * sigma / m**0.5 for m, n in zip(widths, widths[1:])]\n"
    ),
}
NOTHING = ["empty_file", "no_text", "utf16", "too_long", "no_files", "zip_bomb", "no_zip", "link"]
POINTS = dict.fromkeys(NOTHING, 0) | {"raises_at_the_top": 7, "says_that_it_is_dead": 10}

"""The course's small parts: exercises cut from a library, students' files read and run, plain data as bytes."""

import ast
import io
import traceback

import numpy as np
import pytest

from minintk.course import cut, frames, submission, units

LIBRARY = '''"""A toy module."""

import math
import os, sys

import numpy as np

from minintk import guard, kernel, network

LOSSES = ("mse", "softmax")
LIMIT = 5  # of doublings
TILE = 384

@guard.accepts(
    x="P D", loss=LOSSES
)
def double(x, loss="mse", *, limit=LIMIT):
    """Twice x, at most LIMIT times.

    x (P, D). By hand: 1 gives 2.
    """
    # the secret of doubling
    y = _halved(shifted(x)) * math.pi * TILE
    return network.forward(y, 4)  # the secret

def shifted(x):
    """x + 1."""
    return x + 1

def _halved(x):
    return os.path.join(x)

def triple(x):
    """Three times x."""
    return np.multiply(x, 3)
    # a last secret
'''
TASKS = {"double": "Double it.\n\nIt is asked for.", "triple": "Triple it."}


@pytest.fixture(scope="module")
def stubs():
    """The toy module's exercises, in another order than the module's."""
    return cut.cut(LIBRARY, ["triple", "double"], "toy", TASKS)


def test_cut_keeps_the_imports_constants_and_functions_that_are_needed_in_the_chosen_order_and_no_others(stubs):
    body = ast.parse(stubs).body
    assert [ast.unparse(node) for node in body if not isinstance(node, ast.FunctionDef)] == [
        "import math",
        "import numpy as np",
        "from minintk import guard, network",
        "LOSSES = ('mse', 'softmax')",
        "LIMIT = 5",
    ]
    assert list(functions(stubs)) == ["triple", "double"]


def test_a_stub_is_given_the_librarys_functions_that_its_task_names_and_no_others(stubs):
    given = "\nfrom minintk.toy import shifted\n"
    assert given not in stubs
    assert given in cut.cut(LIBRARY, ["double"], "toy", {"double": "Double it; shifted is given."})
    assert given in cut.cut(LIBRARY, ["double"], "toy")


def functions(text):
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def test_a_stub_keeps_decorator_signature_and_docstring(stubs):
    given, kept = (functions(text)["double"] for text in (LIBRARY, stubs))
    for node in (given, kept):
        node.body = node.body[:1]  # the docstring
    assert ast.unparse(kept) == ast.unparse(given)


def test_a_stub_has_no_body_but_the_task_and_its_full_name(stubs):
    assert "secret" not in stubs and "pi" not in stubs and "multiply" not in stubs
    assert stubs.endswith(
        '    # Double it.\n    #\n    # It is asked for.\n    raise NotImplementedError("toy.double")\n'
    )
    for name, (_, started) in submission.read(stubs)[0].items():
        assert started is (name not in ("double", "triple"))


def test_a_solution_keeps_the_functions_whole_with_what_they_need():
    solved = cut.cut(LIBRARY, ["triple", "double"], "toy")
    given, kept = functions(LIBRARY), functions(solved)
    assert list(kept) == ["triple", "double", "_halved"]  # the private one below the one that calls it
    assert all(ast.unparse(node) == ast.unparse(given[name]) for name, node in kept.items())
    assert "    # the secret of doubling\n" in solved
    assert solved.startswith(
        "import math\nimport os\n\nimport numpy as np\n\nfrom minintk import guard, network\n"
        'from minintk.toy import shifted\n\nLOSSES = ("mse", "softmax")\nLIMIT = 5  # of doublings\nTILE = 384\n'
    )


def test_a_solution_keeps_the_method_that_its_stub_leaves_out():
    library = 'def double(x):\n    """Twice x.\n\n    How: add x\n    to x.\n    """\n    return x + x\n'
    assert library in cut.cut(library, ["double"], "toy") and "How" not in cut.cut(library, ["double"], "toy", TASKS)


def test_the_given_block_matrix_is_imported_into_the_kernel_exercises():
    unit = units.unit("kernel")
    text = cut.exercise_file(unit)
    assert "from minintk.kernel import block_matrix\n" in text
    assert "def block_matrix" not in text and "ROWS" not in text
    assert text.startswith(f'"""Unit 2. {unit["title"]}.\n') and "minintk check 2" in text
    assert all(len(line) <= 120 for line in text.splitlines())


BROKEN = {
    "a bracket that is never closed": "def second(x):\n    return (x + 1\n",
    "a missing colon": "def second(x)\n    return x\n",
    "a wrong indentation": "def second(x):\n        y = x\n    return y\n",
    "a string that is never closed": 'def second(x):\n    """Half a docstring.\n    return x\n',
    "a bracket too much": "def second(x):\n    return x)\n",
    "an unfinished signature": "def second(x,\n",
    "a tab among spaces": "def second(x):\n    y = x\n\treturn y\n",
    "a name with a hyphen": "def second(x):\n    new-value = x\n    return new\n",
}


def three(second):
    """A file whose second function is given; the third one fails at the line that says so."""
    first = '"""Exercises."""\n\nimport math\n\nSCALE = dict(\n    x=2,\n)\n\n\n@staticmethod\ndef first(x):\n'
    third = "def third(x):\n    # no brackets )]\n    return SCALE['x'] / x  # here\n"
    return f"{first}    return math.sqrt(x)\n\n\n{second}\n\n{third}"


def line_of(call):
    """(file, line, function) where this division by zero happens."""
    with pytest.raises(ZeroDivisionError) as caught:
        call(0)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    return frame.filename, frame.lineno, frame.name


@pytest.mark.parametrize("second", BROKEN.values(), ids=BROKEN)
def test_a_syntax_error_in_one_function_leaves_the_others_and_their_line_numbers(second):
    source = three(second)
    lines = source.splitlines()
    found, problems = submission.read(source)
    assert found["first"] == ("@staticmethod\ndef first(x):\n    return math.sqrt(x)", True)
    assert found["third"][1] and found["third"][0].endswith("# here")
    assert found["second"] == (second.rstrip(), True)
    namespace, ran = submission.run(source, "answers.py")
    assert namespace["first"](4) == 2 and namespace["third"](1) == 2 and "second" not in namespace
    assert ran == problems and len(problems) == 1
    line, sentence = problems[0]
    assert lines.index(second.splitlines()[0]) < line <= len(lines)
    assert sentence.split(":")[0] in ("SyntaxError", "IndentationError", "TabError") and "\n" not in sentence
    assert line_of(namespace["third"]) == ("answers.py", lines.index("    return SCALE['x'] / x  # here") + 1, "third")


def test_a_broken_function_takes_nothing_along_and_is_told_by_its_line():
    namespace, problems = submission.run("TABLE = dict(\n    x=2,\n)\n\ny = = 2\n", "answers.py")
    assert namespace["TABLE"] == {"x": 2} and problems == [(5, "SyntaxError: invalid syntax")]


@pytest.mark.parametrize(
    "statement, sentence",
    [
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("from minintk.network import no_such_function", "ImportError: cannot import name"),
        ("exit()", "SystemExit: "),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
        ("activation(1, 2)", "NameError: name 'activation' is not defined"),
    ],
)
def test_a_statement_that_fails_leaves_later_functions(statement, sentence):
    root = "def root(x):\n    return math.sqrt(x)\n"
    namespace, ((line, told),) = submission.run(f"import math\n\n{statement}\n\n\n{root}", "a.py")
    assert namespace["root"](9) == 3
    assert line == 3 and told.startswith(sentence)


HOLES = {
    "as it was cut": '    """Doc."""\n    # The task.\n    raise NotImplementedError("toy.f")\n',
    "without its task": '    """Doc."""\n    raise NotImplementedError("toy.f")\n',
    "without a docstring": '    raise NotImplementedError("toy.f")\n',
    "with remarks of one's own": '    """Doc."""\n    # What is x?\n    raise NotImplementedError("toy.f")  # later\n',
    "with its docstring only": '    """Doc."""\n',
    "with docstring and comments only": '    """Doc."""\n    # The task.\n    # And my thoughts.\n',
}
BEGUN = {
    "another name": '    """Doc."""\n    raise NotImplementedError("toy.g")\n',
    "no name": "    raise NotImplementedError\n",
    "an empty call": "    raise NotImplementedError()\n",
    "another error": '    raise ValueError("toy.f")\n',
    "a line before it": '    y = 2 * x\n    raise NotImplementedError("toy.f")\n',
    "the task left in place": '    """Doc."""\n    # The task.\n    return 2 * x\n',
    "pass": "    pass\n",
}


@pytest.mark.parametrize("body", HOLES | BEGUN)
def test_a_hole_is_known_and_what_is_begun_is_none(body):
    source = f"@decorated\ndef f(x):\n{(HOLES | BEGUN)[body]}"
    assert submission.read(source)[0]["f"][1] is (body in BEGUN)
    assert submission.read("f = lambda x: 2 * x\n")[0]["f"] == ("f = lambda x: 2 * x", True)


def test_the_last_of_two_functions_of_one_name_counts():
    stub, mine = 'def f(x):\n    raise NotImplementedError("toy.f")\n', "def f(x):\n    return x\n"
    assert submission.read(f"{stub}\n\n{mine}")[0]["f"][1] is True
    assert submission.read(f"{mine}\n\n{stub}")[0]["f"][1] is False


def test_a_formula_in_a_docstring_is_worth_no_warning():
    assert submission.read('def f(x):\n    """\\phi and \\theta."""\n    return x\n')[1] == []


def test_a_file_is_the_same_text_with_a_mark_or_with_other_line_ends(tmp_path):
    plain = b"def f(x):\n    return x  # \xc3\xbc\n"
    windows, path = plain.replace(b"\n", b"\r\n"), tmp_path / "a.py"
    assert submission.text(path) == ""
    for content in (plain, windows, b"\xef\xbb\xbf" + plain, b"\xef\xbb\xbf" + windows):
        path.write_bytes(content)
        assert submission.text(path) == plain.decode()


def test_bytes_that_are_no_utf8_and_odd_line_breaks_do_not_spoil_a_file(tmp_path):
    (tmp_path / "latin.py").write_bytes(b"# M\xfcller\x0c\n\x0cdef f(x):\n    return 1 / x\n")
    text = submission.text(tmp_path / "latin.py")
    assert submission.read(text) == ({"f": ("\x0cdef f(x):\n    return 1 / x", True)}, [])
    assert line_of(submission.run(text, "latin.py")[0]["f"]) == ("latin.py", 3, "f")


PLAIN = {
    "nothing": None,
    "flags": [True, False],
    "numbers": [0, -3, 2**70, 0.1, -0.0, float("inf"), 1e-300],
    "texts": ["", "mse", "Grüße", "\ud800", '"t"'],
    "nested": [1, [2.5, (3, "x", None)], {"t": [1], "d": {"a": ()}, "a": ["|b1", [1], 0]}],
    "empty": [[], (), {}],
}
ARRAYS = {
    "float64": np.linspace(-1, 1, 24).reshape(2, 3, 4),
    "float32": np.array([[0.1, -0.0], [np.inf, 3]], dtype=np.float32),
    "int64": np.arange(-3, 4),
    "int32": np.arange(6, dtype=np.int32).reshape(3, 2),
    "uint8": np.arange(256, dtype=np.uint8),
    "bool": np.array([True, False]),
    "no axis": np.array(2.5),
    "no entry": np.empty((0, 3)),
    "NaN": np.array([np.nan, 1.0]),
    "every second": np.arange(10.0)[::2],
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "other end first": np.arange(5, dtype=">f8"),
}


def there_and_back(value):
    return frames.read(io.BytesIO(frames.pack(value)))


@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_plain_data_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value and repr(back) == repr(value)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_come_back_as_they_were_but_read_only(array):
    back = there_and_back({"x": [1, array]})["x"][1]
    assert back.dtype == array.dtype.newbyteorder("=") and back.shape == array.shape
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")
    if array.size:
        with pytest.raises(ValueError, match="read-only"):
            back[...] = 0
        with pytest.raises(ValueError):
            back.flags.writeable = True


def test_several_frames_follow_each_other():
    stream = io.BytesIO(b"".join(map(frames.pack, [[1, ARRAYS["float64"]], "second", ARRAYS["bool"]])))
    assert frames.read(stream)[0] == 1
    assert frames.read(stream) == "second"
    assert frames.read(stream).tolist() == [True, False]
    with pytest.raises(EOFError):
        frames.read(stream)


@pytest.mark.parametrize("given, dtype", [("longdouble", "f8"), ("f2", "f8"), ("i2", "i8"), ("u4", "i8")])
def test_odd_kinds_of_numbers_become_common_ones(given, dtype):
    back = there_and_back(np.array([3, 2.5]).astype(given))
    assert back.dtype == dtype and back.tolist() == [3, 2.5 if dtype == "f8" else 2]


def test_numbers_of_numpy_stay_numbers():
    assert there_and_back(np.float64(0.1)) == 0.1 and type(there_and_back(np.float64(0.1))) is float
    assert there_and_back(np.float32(0.5)).dtype == np.float32
    assert there_and_back(np.int64(7)) == 7 and there_and_back(np.bool_(True)).item() is True


LOOP = []
LOOP.append(LOOP)
REFUSED = {
    "an object": (object(), "an object"),
    "a set": ({1, 2}, "a set"),
    "a function": ([len], "a builtin_function_or_method"),
    "an array of objects": (np.array([None, 1], dtype=object), "an array of object"),
    "complex numbers": (np.ones(2, dtype=complex), "an array of complex128"),
    "a complex number": (1j, "a complex"),
    "texts in an array": (np.array(["a"]), "an array of <U1"),
    "a list in itself": (LOOP, "a list in itself"),
    "a number of many digits": (10**5000, "too many digits"),
    "a long list": (["x" * (5 << 20)], "a list of too many numbers"),
}


@pytest.mark.parametrize("value, phrase", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(value, phrase):
    with pytest.raises(TypeError, match=phrase):
        frames.pack(value)


HEADS = [
    b"", b"{", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"x": 1}', b'{"a": 1, "t": []}', b'{"t": 3}', b'{"t": null}',
    b'{"d": 3}', b'{"d": [3]}', b'{"d": [[1]]}', b'{"d": [[[], 1]]}', b'{"a": 5}', b'{"a": []}',
    b'{"a": ["<f8", [2], 0, 0]}', b'{"a": ["<f8", 2, 0]}', b'{"a": ["<f8", [2], -8]}', b'{"a": ["<f8", [-1], 0]}',
    b'{"a": ["<f8", [2.0], 0]}', b'{"a": ["<f8", ["2"], 0]}', b'{"a": ["<f8", [true], 0]}', b'{"a": ["|O", [2], 0]}',
    b'{"a": [["<f8"], [2], 0]}', b'{"a": ["<c16", [1], 0]}', b'{"a": ["<f8", [3], 0]}', b'{"a": ["<f8", [2], 1]}',
    b'{"a": ["<f8", [1], 99999999999999999999]}', b'{"a": ["<f8", [9223372036854775807], 0]}',
    b'{"a": ["<f8", [4294967296, 4294967296], 0]}', b'{"a": ["<f8", [99999999999999999999999], 0]}',
    b'{"a": ["<f8", [0, 99999999999999999999999], 0]}', b'{"a": ["<f8", [0, 9223372036854775807], 0]}',
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_a_garbled_head_is_a_value_error(head):
    with pytest.raises(ValueError):
        frames.unpack(head, bytes(16))


@pytest.mark.parametrize(
    "head, body", [(2**62, 0), (2**63, 0), (2**64 - 1, 0), (5 << 20, 0), (1, 2**62), (1, 2**64 - 1)]
)
def test_absurd_sizes_are_refused(head, body):
    content = head.to_bytes(8, "little") + body.to_bytes(8, "little") + b"1" * 64
    with pytest.raises(ValueError):
        frames.read(io.BufferedReader(io.BytesIO(content)))  # as from a pipe, it makes room before it reads


def test_damaged_bytes_give_a_value_or_an_error_of_two_kinds(rng):
    whole = frames.pack([{"name": "x", "pair": (1, 2.5)}, ARRAYS["float32"], ARRAYS["float64"], "text"])
    for _ in range(3000):
        damaged = bytearray(whole)
        for place in rng.integers(8 if rng.random() < 0.5 else 16, len(whole), rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        try:
            frames.read(io.BytesIO(bytes(damaged)))
        except (ValueError, EOFError):
            pass

"""What was begun is never "not started", whatever broke it; and reset replaces one exercise and no other byte."""

import re

import numpy as np
import pytest

from minintk.course import student, submission, units

DECORATOR = '@guard.accepts(z="...", slope="[0, 1]")\n'
DOC = 'def activation(z, slope):\n    """phi."""\n'
HOLE = '    raise NotImplementedError("network.activation")\n'
BODY = "    return np.where(z > 0, z, slope * z)\n"
NEXT = '\n\n@guard.accepts(h="...", slope="[0, 1]")\ndef gate(h, slope):\n'
RIGHT_GATE = NEXT + "    return np.where(h > 0, 1, slope).astype(h.dtype)\n"
HEAD = "import numpy as np\n\nfrom minintk import guard\n\n\n"
CONFLICT = f"<<<<<<< HEAD\n{BODY}=======\n    return z\n>>>>>>> other\n"


BROKEN = {  # an activation that was begun, and what Python says of it
    "a body in the first column": (DECORATOR + DOC + BODY.lstrip(), "line 9: SyntaxError: 'return' outside function"),
    "a body in the first column under the stub": (
        DECORATOR + DOC + HOLE + BODY.lstrip(),
        "line 10: SyntaxError: 'return' outside function",
    ),
    "the last line in the first column": (
        DOC + "    y = np.where(z > 0, z, slope * z)\nreturn y\n",
        "line 9: SyntaxError: 'return' outside function",
    ),
    "a body in the first column that returns nothing": (
        DOC + "y = np.where(z > 0, z, slope * z)\n",
        "line 8: NameError: name 'z' is not defined",
    ),
    "conflict markers in its body": (DECORATOR + DOC + CONFLICT, "line 9: SyntaxError: invalid syntax"),
    "conflict markers around it": (
        f"<<<<<<< HEAD\n{DECORATOR}{DOC}{HOLE}=======\n{DECORATOR}{DOC}{BODY}>>>>>>> other\n",
        "line 6: SyntaxError: invalid syntax",
    ),
    "an argument that is named twice": (
        DOC.replace("slope", "z") + BODY,
        "line 6: SyntaxError: duplicate argument 'z' in function definition",
    ),
    "a break without a loop": (DOC + "    break\n", "line 8: SyntaxError: 'break' outside loop"),
    "more brackets than Python takes": (DOC + f"    return {'(' * 300}\n", "line 8: SyntaxError: too many nested"),
    "everything moved to the right": (
        "    " + (DOC + BODY).replace("\n", "\n    ").rstrip() + "\n",
        "line 6: IndentationError: unexpected indent",
    ),
    "a keyword with a capital": ((DOC + BODY).replace("def", "Def"), "line 6: SyntaxError: invalid syntax"),
    "a coroutine": ("async " + DOC + BODY, "returned a coroutine"),
    "a class": ("class activation:\n    pass\n", "activation() takes no arguments"),
}


BY_READING = [what for what, (_, told) in BROKEN.items() if "SyntaxError" in told and "markers in" not in what]


@pytest.mark.parametrize("what", BY_READING)
def test_what_does_not_compile_is_begun_and_pythons_own_sentence_about_it(what):
    text, told = BROKEN[what]
    functions, ((line, sentence), *_) = submission.read(HEAD + text + RIGHT_GATE)
    assert functions["activation"][1] and f"line {line}: {sentence}".startswith(told), (line, sentence)


BY_CHECKING = ["conflict markers in its body", "a body in the first column that returns nothing", "a coroutine"]


@pytest.mark.parametrize("what", [what for what in BROKEN if what not in BY_READING + BY_CHECKING])
def test_what_does_not_run_is_begun_and_pythons_own_sentence_about_it(what):
    """And the next function of its file is as good as ever."""
    text, told = BROKEN[what]
    source = HEAD + text + RIGHT_GATE
    assert submission.read(source)[0]["activation"][1]
    with pytest.raises(student.Error, match=re.escape(told)):
        student.call(student.define(source, "01_network.py", "network.activation")[0], [np.ones(1), 0.1], {})
    gate = student.define(source, "01_network.py", "network.gate")[0]
    assert gate(np.array([-2.0, 3.0]), 0.1).tolist() == [0.1, 1.0]


@pytest.mark.parametrize("what", BY_CHECKING)
def test_what_is_begun_but_broken_has_failed_with_pythons_own_sentence(book, run, what):
    text, told = BROKEN[what]
    (book / "01_network.py").write_text(HEAD + text + RIGHT_GATE, encoding="utf-8")
    code, out = run("check", "activation", "gate")
    assert code == 1 and "activation              0/4  row 1\n" in out and "gate                    4/4\n" in out
    assert told in out, out


@pytest.mark.parametrize("what", BROKEN)
def test_reset_mends_what_is_broken(book, run, what):
    text, fresh, path = BROKEN[what][0], stub(book), book / "01_network.py"
    path.write_text(HEAD + text + RIGHT_GATE, encoding="utf-8")
    assert run("reset", "activation")[0] == 0
    mended = path.read_text(encoding="utf-8")
    if what not in ("a keyword with a capital", "everything moved to the right"):  # whose first line nobody knows
        assert mended == HEAD + fresh + RIGHT_GATE
        assert not submission.read(mended)[0]["activation"][1] and submission.read(mended)[1] == []


BETWEEN = ["", "# remarks\n", "SCALE = 3\n", "import math\n", "def helper(z):\n    return z\n", "z = 1\nprint(z)\n"]


@pytest.mark.parametrize("between", BETWEEN)
def test_a_stub_is_not_started_whatever_stands_below_it(between):
    found, problems = submission.read(HEAD + DECORATOR + DOC + HOLE + between + RIGHT_GATE)
    assert found["activation"] == ((DECORATOR + DOC + HOLE).rstrip(), False)
    assert found["gate"][1] and problems == []


def test_a_function_made_in_another_way_is_begun():
    for source in (
        "f, g = 1, 2\n",
        "f: object = abs\n",
        "from math import sqrt as f\n",
        "if True:\n    def f(): pass\n",
    ):
        assert submission.read(source)[0]["f"][1], source
    assert "f" not in submission.read("def g():\n    f = 1\n    return f\n")[0]


def test_a_statement_between_a_broken_function_and_the_next_is_kept():
    source = "def f(x):\nreturn x\n\n\nimport math\n\nSCALE = 3\n\n\ndef g(x):\n    return math.pi * SCALE * x\n"
    namespace, problems = submission.run(source, "answers.py")
    assert "f" not in namespace and namespace["g"](0) == 0
    assert problems == [(2, "IndentationError: expected an indented block after function definition on line 1")]


def test_every_broken_function_has_its_own_sentence():
    text = f"{HEAD}{DOC}{CONFLICT}{NEXT}return h\n"
    for full, told in [
        ("network.activation", "line 8: SyntaxError: invalid syntax"),
        ("network.gate", "line 17: IndentationError: expected an indented block"),
    ]:
        with pytest.raises(student.Error, match=f"could not be defined; 01_network.py, {told}"):
            student.define(text, "01_network.py", full)


# reset


def stub(book):
    """The first one."""
    return (book / "01_network.py").read_text(encoding="utf-8").split("\n\n\n")[1] + "\n"


LETTERS = {
    "as it was": lambda text: text.encode(),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "marked": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "a declared encoding": lambda text: ("# -*- coding: latin-1 -*-\n" + text).encode("latin-1"),
    "an encoding that is not declared": lambda text: text.encode("latin-1"),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "form feeds": lambda text: text.replace("# Müller", "# M\x0c\x1c\x85\u2028").encode(),
}


@pytest.mark.parametrize("what", LETTERS)
def test_reset_leaves_all_other_bytes_as_they_are(book, run, what):
    """The stub has the line ends of the file."""
    fresh, encode = stub(book), LETTERS[what]
    head, tail = HEAD + "# Müller\n", RIGHT_GATE + "\n# the end ü\n"
    begun = DECORATOR + DOC + BODY + "# mine\nreturn 3\n"
    path = book / "01_network.py"
    path.write_bytes(encode(head + begun + tail))
    assert run("reset", "activation")[0] == 0
    assert path.read_bytes() == encode(head + fresh + tail)


def test_reset_leaves_neither_stray_lines_nor_doubled_comments(book, run):
    fresh = (book / "01_network.py").read_bytes()
    hole = b'    raise NotImplementedError("network.activation")\n'
    for mine in (hole + b"return z\n", b"return z\n", b"    return z\n    # more\n# and more\n\n\nx = 3\n"):
        (book / "01_network.py").write_bytes(fresh.replace(hole, mine))
        assert "activation is a stub again" in run("reset", "activation")[1]
        assert (book / "01_network.py").read_bytes() == fresh


def test_reset_of_a_function_in_one_line_changes_that_line_alone(book, run):
    line = "def activation(z, slope): return z\n"
    path, fresh = book / "01_network.py", stub(book)
    path.write_text(f'"""\n{line}"""\n{HEAD}{line}{RIGHT_GATE}\n\nTEXT = """\n{line}"""', encoding="utf-8")
    run("reset", "activation")
    assert path.read_text(encoding="utf-8") == f'"""\n{line}"""\n{HEAD}{fresh}{RIGHT_GATE}\n\nTEXT = """\n{line}"""'


def test_reset_of_the_last_exercise_ends_the_file_with_a_line_end(book, run):
    path = book / "01_network.py"
    fresh = path.read_bytes()
    path.write_bytes(re.sub(rb"    raise NotImplementedError\(.network.weight_gradients.\)\n", b"return 3", fresh))
    run("reset", "weight_gradients")
    assert path.read_bytes() == fresh


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_that_python_cannot_read_is_refused_in_one_line_and_left_alone(book, run, encoding):
    path = book / "01_network.py"
    path.write_text(HEAD + DOC + BODY, encoding=encoding)
    before = path.read_bytes()
    for words in (["reset", "activation"], ["check", "activation"], ["status"]):
        code, out = run(*words)
        assert code == 2 and "01_network.py" in out and "save it as UTF-8" in out and out.count("\n") == 1
    assert path.read_bytes() == before and not (book / ".minintk" / "backup").exists()


def test_an_encoding_that_is_declared_is_read(book, run):
    text = f"# coding: latin-1\n{HEAD}{DOC}    assert 'ü' == chr(252)\n{BODY}"
    (book / "01_network.py").write_text(text, encoding="latin-1")
    assert run("check", "activation")[0] == 0
    assert submission.text(book / "01_network.py") == text
    assert [e["full"] for e in units.find("activation")] == ["network.activation"]

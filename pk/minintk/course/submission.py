"""A student's file: read without running it, or run statement by statement, so that one mistake spoils one function."""

import ast
import linecache
import re
import warnings


def text(path):
    """The text of a student's file, with or without a byte-order mark; empty if there is no file."""
    return path.read_text(encoding="utf-8-sig", errors="replace") if path.exists() else ""


def read(source):
    """What stands in a file, without running it: {name: (text, started)}, and the problems as (line, sentence).

    A function is not started while its body is its own raise NotImplementedError. One that does not parse is started.
    """
    nodes, problems = _statements(source)
    lines = source.split("\n")
    functions = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            functions[node.name] = "\n".join(lines[first - 1 : node.end_lineno]), not _is_hole(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):  # f = lambda ...
            functions[node.targets[0].id] = "\n".join(lines[node.lineno - 1 : node.end_lineno]), True
    for _, part in _parts(source) if problems else []:
        named = re.search(r"^def (\w+)", part, re.MULTILINE)
        if named and named[1] not in functions:
            functions[named[1]] = part.rstrip(), True
    return functions, problems


def run(source, filename):
    """Runs a file and returns its namespace and the problems, as (line, sentence)."""
    nodes, problems = _statements(source)
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)  # tracebacks quote the lines
    namespace = {"__name__": "answers", "__file__": filename}
    for node in nodes:
        try:
            exec(compile(ast.Module([node], []), filename, "exec"), namespace)
        except BaseException as error:  # also exit() at the top of a file
            problems.append((node.lineno, f"{type(error).__name__}: {error}"))
    return namespace, problems


def _statements(source):
    """The file's statements; if it does not parse as a whole, those of its parts that do."""
    try:
        return _parsed(source), []
    except (SyntaxError, ValueError) as error:
        problem = (getattr(error, "lineno", None) or 1, f"{type(error).__name__}: {getattr(error, 'msg', error)}")
    nodes = []
    for start, part in _parts(source):
        try:
            nodes += _parsed("\n" * start + part)  # the empty lines keep line numbers right
        except (SyntaxError, ValueError):
            continue
    return nodes, [problem]


def _parsed(source):
    with warnings.catch_warnings(action="ignore"):  # "\phi" in a docstring is worth no remark
        return ast.parse(source).body


def _parts(source):
    """(line offset, text) of each piece that begins in the first column; decorators stay with their function."""
    parts = []
    for number, line in enumerate(source.split("\n")):
        begins = line[:1] not in ("", " ", "\t", "#", ")", "]", "}")
        above = parts[-1][1].rstrip() if parts else ""
        decorated = above.startswith("@") and above.rsplit("\n", 1)[-1][:1] in ("@", ")")
        if begins and not (decorated and line.startswith(("def ", "@"))):
            parts.append((number, ""))
        if parts:
            parts[-1] = (parts[-1][0], parts[-1][1] + line + "\n")
    return parts


def _is_hole(node):
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or not isinstance(body[0].exc, ast.Call):
        return not body
    call = body[0].exc
    named = [a.value.rsplit(".", 1)[-1] for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return getattr(call.func, "id", None) == "NotImplementedError" and named == [node.name]

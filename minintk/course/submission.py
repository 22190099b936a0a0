"""A student's file: read without running it, or run statement by statement, so that one mistake spoils one function.

A function's piece of the file goes from its first decorator to the next function's. If Python does not compile a
piece, this function is broken, and the other pieces stand.
"""

import ast
import functools
import io
import keyword
import linecache
import pathlib
import re
import tokenize
import warnings

FUNCTION = r"(?:async\s+def|def|class)\s+(\w+)"


def text(path):
    """The text of a student's file, as Python would read it; empty if there is no file."""
    try:
        return plain(decoded(path)[0])
    except FileNotFoundError:
        return ""


def plain(letters):
    """A decoded text with plain line ends, and signs in place of bytes that are no letters."""
    return re.sub("[\udc80-\udcff]", "\N{REPLACEMENT CHARACTER}", re.sub("\r\n?", "\n", letters))


def decoded(path):
    """A file's text with its own line ends, and the encoding that gives back its bytes, with "surrogateescape"."""
    content = path.read_bytes()
    if b"\0" in content:
        raise ValueError(f"{path} is not a text that Python reads (UTF-16?); save it as UTF-8")
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        if content.decode(encoding).encode(encoding) == content:
            return content.decode(encoding), encoding
    except (SyntaxError, LookupError, ValueError):
        pass
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    return content.decode(encoding, "surrogateescape"), encoding


def of_unit(folder, unit):
    """A unit's file: (path, text, {exercise: (text, started)}, problems)."""
    path = pathlib.Path(folder) / unit["file"]
    source = text(path)
    found, problems = read(source)
    return path, source, {e["name"]: found.get(e["name"], ("", False)) for e in unit["exercise"]}, problems


@functools.lru_cache(20)  # a command reads every file more than once
def read(source):
    """What stands in a file, without running it: {name: (text, started)}, and the problems as (line, sentence).

    A function is not started while its body is its own raise NotImplementedError. A broken one is started.
    """
    pieces, functions, lines = _pieces(source), {}, source.split("\n")
    for piece, nodes, problem in pieces:
        if problem:
            functions |= {name: (piece.rstrip(), True) for name in _broken(piece)}
            continue
        for i, node in enumerate(nodes):
            begun, told = True, "\n".join(lines[_first(node) : node.end_lineno])
            if isinstance(node, ast.FunctionDef) and _is_hole(node):
                begun = _goes_on(node, nodes[i + 1 :])
                told = piece.rstrip() if begun else told
            functions |= {name: (told, begun) for name in _names(node)}
    return functions, [problem for _, _, problem in pieces if problem]


def run(source, filename):
    """Runs a file and returns its namespace and the problems, as (line, sentence)."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)  # tracebacks quote the lines
    namespace, pieces = {"__name__": "answers", "__file__": filename}, _pieces(source)
    problems = [problem for _, _, problem in pieces if problem]
    for piece, nodes, problem in pieces:
        broken = _broken(piece) if problem else []
        for node in nodes:
            try:
                exec(compile(ast.Module([node], []), filename, "exec"), namespace)
            except BaseException as error:  # also exit() at the top of a file
                if not broken:  # what is left of a broken function is told already
                    problems.append((node.lineno, f"{type(error).__name__}: {error}"))
        for name in broken:
            namespace.pop(name, None)  # an earlier one of this name does not count
    return namespace, problems


def problem(source, name):
    """(line, sentence) about the function of this name, or else about the file; None if there is nothing to say."""
    told = [(name in _broken(piece), problem) for piece, _, problem in _pieces(source) if problem]
    return max(told, key=lambda each: each[0], default=(False, None))[1]


def extents(source, names):
    """{name: [(first, end), ...]}, the lines of each function from its first decorator to the next of these names."""
    nodes = _compiled(source)[0]
    starts = [(line, name) for line, found in _starts(source, nodes, names) for name in found if name in names]
    found = {}
    for (first, name), (end, _) in zip(starts, [*starts[1:], (len(source.split("\n")), None)]):
        found.setdefault(name, []).append((first, end))
    return found


def _pieces(source):
    """[(text, statements, problem)] for the head of a file and for each of its functions.

    Of a piece that does not compile there are only the statements before and after the function, as far as they do.
    """
    nodes, whole = _compiled(source)
    lines, pieces = source.split("\n"), []
    bounds = [0, *(line for line, _ in _starts(source, nodes)), len(lines)]
    for first, end in zip(bounds, bounds[1:]):
        piece, wrong = "\n".join(lines[first:end]), None
        if whole is None:
            own = [node for node in nodes if first < node.lineno <= end]
        else:
            own, wrong = _compiled("\n" * first + piece)  # the empty lines keep line numbers right
        pieces.append((piece, _statements(first, piece) if wrong else own, wrong))
    if whole and not any(wrong for _, _, wrong in pieces):
        pieces.append(("", [], whole))  # two pieces that do not go together
    return pieces


def _compiled(source):
    """(statements, None) of a text, or (None, (line, sentence)) if Python does not compile it."""
    try:
        with warnings.catch_warnings(action="ignore"):  # "\phi" in a docstring is worth no remark
            tree = ast.parse(source)
            compile(tree, "answers", "exec")  # which finds a stray return
        return tree.body, None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        sentence = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
        return None, (getattr(error, "lineno", None) or 1, sentence)


def _starts(source, nodes, names=()):
    """[(line from 0, names)] where the functions begin, and all else that binds one of the names given."""
    if nodes is not None:
        return [(_first(n), _names(n)) for n in nodes if _is_function(n) or not _names(n).isdisjoint(names)]
    starts, above, lines = [], None, source.split("\n")  # above: the first line of decorators that wait for their def
    for number, line in enumerate(lines):
        found = re.match(FUNCTION, line) or re.match(rf"({'|'.join(names) or '!'})\s*[:=]", line)
        conflict = line.startswith("<<<<<<<") and re.match(rf"@|{FUNCTION}", "".join(lines[number + 1 : number + 2]))
        if above is None and (line.startswith("@") or conflict):
            above = number
        if found:
            starts.append((number if above is None else above, {found[1]}))
            above = None
    return starts


def _statements(first, piece):
    """The statements in the first column of a piece that compile by themselves and are no functions."""
    parts = []
    for number, line in enumerate(piece.split("\n"), start=first):
        if line[:1] not in ("", " ", "\t", "#", ")", "]", "}"):
            parts.append("\n" * number)
        if parts:
            parts[-1] += line + "\n"
    found = [_compiled(part)[0] or _compiled(part.partition("\n    ")[0])[0] or [] for part in parts]
    return [node for nodes in found for node in nodes if not _is_function(node)]


def _broken(piece):
    """The names of the functions in a piece that does not compile."""
    for pattern in (rf"^{FUNCTION}", rf"^\s+{FUNCTION}"):
        if found := re.findall(pattern, piece, re.MULTILINE):
            break
    almost = re.findall(r"^(\w+)\s+(\w+)\s*\(", piece, re.MULTILINE)  # Def activation(
    return found + [name for word, name in almost if not keyword.iskeyword(word)]


def _is_function(node):
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _first(node):
    """The line, from 0, on which a statement begins, with its decorators."""
    return min(part.lineno for part in [node, *getattr(node, "decorator_list", [])]) - 1


def _names(node):
    """What a statement at the top of a file gives a name to."""
    if _is_function(node):
        return {node.name}
    inner = list(ast.walk(node))
    names = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names | {n.asname or n.name for n in inner if isinstance(n, ast.alias)} | {
        n.name for n in inner if _is_function(n)
    }  # fmt: skip


def _goes_on(function, below):
    """Whether the statements below a function use its arguments: its body, written in the first column."""
    arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    given = {name for node in below for name in _names(node)}
    used = {n.id for node in below for n in ast.walk(node) if isinstance(n, ast.Name)}
    return not arguments.isdisjoint(used - given)


def _is_hole(node):
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or not isinstance(body[0].exc, ast.Call):
        return not body
    call = body[0].exc
    named = [a.value.rsplit(".", 1)[-1] for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return getattr(call.func, "id", None) == "NotImplementedError" and named == [node.name]

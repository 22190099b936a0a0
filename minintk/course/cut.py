"""Cuts exercises from the library: signature, decorator and docstring stay, the body becomes the task.

Of a docstring the paragraph "How: ..." is left out: it is the method, and the exercise's last hint. A solution is cut
by the same rules and loses nothing.
"""

import ast
import re
import textwrap

from minintk.course import units


def exercise_file(unit, solved=False):
    """The text of a unit's exercise file; solved: of the same file with the functions finished."""
    source = (units.PACKAGE / f"{unit['module']}.py").read_text(encoding="utf-8")
    names = [exercise["name"] for exercise in unit["exercise"]]
    tasks = {
        e["name"]: f"{e['task'].strip()}\n({e['points']} points, about {e['minutes']} minutes)"
        for e in unit["exercise"]
    }
    if solved:
        head = f"""Unit {unit["id"]}. {unit["title"]}: the finished exercises.

Cut from minintk/{unit["module"]}.py by minintk dev cut. The derivations are in {unit["file"][:-3]}.md.
"""
    else:
        head = f"""Unit {unit["id"]}. {unit["title"]}.

{textwrap.fill(unit["question"].strip(), 116)}

Work from top to bottom; minintk check {unit["id"]} grades this file. The line @guard.accepts
above a function says what it accepts and checks it: leave it there, and write what follows the docstring.
"""
    return f'"""{head}"""\n\n' + cut(source, names, unit["module"], None if solved else tasks)


def cut(source, names, module, tasks=None):
    """The named functions of a module in this order, under the imports and constants that they need.

    source: the module's text; tasks: the text for the body of each name. Then the functions are stubs, and a stub ends
    in raise NotImplementedError("module.name"), by which an untouched exercise is known. Without tasks they are whole,
    and private functions that they call follow them.
    """
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    chosen = [functions[name] for name in (_with_private(names, functions) if tasks is None else names)]
    used = _names(chosen)
    shown = used if tasks is None else _names(part for node in chosen for part in node.decorator_list)
    shown = shown | set(re.findall(r"\w+", " ".join(units.parted(ast.get_docstring(functions[n]))[0] for n in names)))
    imports, constants = [], []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [a for a in node.names if (a.asname or a.name) in used]
            if kept:
                imports.append(ast.unparse(type(node)(**{**vars(node), "names": kept})))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in shown:
            constants.append(_lines(source, node.lineno, node.end_lineno))
    if tasks is not None:  # which of the library's functions help is part of an answer, unless the task names them
        used = set(re.findall(r"\w+(?= is (?:given|imported)\b)", " ".join(tasks.values())))
    given = sorted(name for name in used & set(functions) - set(names) if not name.startswith("_"))
    if given:
        imports.append(f"from minintk.{module} import {', '.join(given)}")
    groups = [[], [], [], constants]  # Python's own modules, numpy, ours
    for line in imports:
        groups[2 if "minintk" in line else 1 if "numpy" in line else 0].append(line)
    top = "\n\n".join("\n".join(group) for group in groups if group)
    if tasks is None:
        cuts = [_lines(source, _first(node), node.end_lineno) for node in chosen]
    else:
        cuts = [stub(source, node, f"{module}.{node.name}", tasks[node.name]) for node in chosen]
    return "\n\n\n".join([top, *cuts]) + "\n"


def _names(nodes):
    """All names that stand in these parts of a program."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _with_private(names, functions):
    """The names, each followed by the private functions that it calls and that have not come before."""
    found = []
    for name in names:
        called = sorted(n for n in _names([functions[name]]) & set(functions) - {name} if n.startswith("_"))
        found += [n for n in [name, *_with_private(called, functions)] if n not in found]
    return found


def _first(node):
    """The line on which a function begins, with its decorators."""
    return min(n.lineno for n in [node, *node.decorator_list])


def _lines(source, first, last):
    return "\n".join(source.splitlines()[first - 1 : last])


def stub(source, node, full, task):
    """One function with its body replaced by the task as a comment."""
    kept = _lines(source, _first(node), node.body[0].end_lineno).splitlines()  # to the end of the docstring
    if (how := next((i for i, line in enumerate(kept) if line.strip().startswith("How: ")), None)) is not None:
        kept[how - 1 :] = ['    """']
    comment = [f"    # {line}".rstrip() for line in task.splitlines()]
    return "\n".join([*kept, *comment, f'    raise NotImplementedError("{full}")'])

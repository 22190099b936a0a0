"""Cuts exercises from the library: signature, decorator and docstring stay, the body becomes the task.

Of a docstring the paragraph "How: ..." is left out: it is the method, and the exercise's last hint.
"""

import ast
import re
import textwrap

from minintk.course import units


def exercise_file(unit):
    """The text of a unit's exercise file."""
    source = (units.PACKAGE / f"{unit['module']}.py").read_text(encoding="utf-8")
    names = [exercise["name"] for exercise in unit["exercise"]]
    tasks = {
        e["name"]: f"{e['task'].strip()}\n({e['points']} points, about {e['minutes']} minutes)"
        for e in unit["exercise"]
    }
    head = f'"""Unit {unit["id"]}. {unit["title"]}.\n\n{textwrap.fill(unit["question"].strip(), 116)}\n\n'
    head += f"Work from top to bottom; minintk check {unit['id']} grades this file. The line @guard.accepts\n"
    head += (
        "above a function says what it accepts and checks it: leave it there, and write what follows the docstring.\n"
    )
    head += '"""\n\n'
    return head + cut(source, names, unit["module"], tasks)


def cut(source, names, module, tasks):
    """The named functions of a module as stubs, in this order, under the imports and constants that they need.

    source: the module's text; tasks: the text for the body of each name. A stub ends in
    raise NotImplementedError("module.name"), by which an untouched exercise is known.
    """
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    chosen = [functions[name] for name in names]
    used = {n.id for node in chosen for n in ast.walk(node) if isinstance(n, ast.Name)}
    shown = {n.id for node in chosen for part in node.decorator_list for n in ast.walk(part) if isinstance(n, ast.Name)}
    shown |= set(re.findall(r"\w+", " ".join(units.parted(ast.get_docstring(node))[0] for node in chosen)))
    lines = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [a for a in node.names if (a.asname or a.name) in used]
            if kept:
                lines.append(ast.unparse(type(node)(**{**vars(node), "names": kept})))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in shown:
            lines.append(ast.get_source_segment(source, node))
    given = sorted(name for name in used & set(functions) - set(names) if not name.startswith("_"))
    if given:
        lines.append(f"from minintk.{module} import {', '.join(given)}")
    lines = sorted(lines, key=lambda line: ("import" not in line, "minintk" in line))
    imports = [line for line in lines if "import" in line]
    groups = [[i for i in imports if "minintk" not in i], [i for i in imports if "minintk" in i]]
    top = "\n\n".join("\n".join(group) for group in [*groups, [c for c in lines if "import" not in c]] if group)
    stubs = [stub(source, node, f"{module}.{node.name}", tasks[node.name]) for node in chosen]
    return "\n\n\n".join([top, *stubs]) + "\n"


def stub(source, node, full, task):
    """One function with its body replaced by the task as a comment."""
    first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
    kept = source.splitlines()[first - 1 : node.body[0].end_lineno]  # to the end of the docstring
    if (how := next((i for i, line in enumerate(kept) if line.strip().startswith("How: ")), None)) is not None:
        kept[how - 1 :] = ['    """']
    comment = [f"    # {line}".rstrip() for line in task.splitlines()]
    return "\n".join([*kept, *comment, f'    raise NotImplementedError("{full}")'])

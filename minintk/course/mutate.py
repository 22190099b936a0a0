"""Tests the tests: changes the library one small thing at a time and asks whether a unit's tests notice.

An exercise's function is examined as a student's would be, by the rows of that exercise alone; every other function of
a unit by its unit's whole test file.
"""

import ast
import concurrent.futures
import copy
import inspect
import multiprocessing
import textwrap

from tqdm import tqdm

from minintk.course import examine, grade, results, units

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}
COMPARED = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.Is: ast.IsNot}


def functions():
    """[(module name, qualified name)] of everything that is mutated: all functions and methods of the units."""
    found = []
    for name in dict.fromkeys(unit["module"] for unit in units.units()):
        module = units.module({"module": name})
        for item in vars(module).values():
            if getattr(item, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(item):
                found.append((name, item.__name__))
            elif inspect.isclass(item):
                methods = [
                    m for m in vars(item).values() if inspect.isfunction(m) and m.__qualname__.startswith(item.__name__)
                ]
                found += [
                    (name, m.__qualname__) for m in methods if inspect.unwrap(m).__code__.co_filename == module.__file__
                ]
    return found


def mutants(module, qualified):
    """[(what was changed, the changed function's tree)] for one function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(_find(module, qualified)))).body[0]
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    found = []
    for node in [n for statement in body for n in ast.walk(statement)]:
        for change, what in _changes(node):
            kept = {k: list(v) if isinstance(v, list) else v for k, v in vars(node).items()}, type(node)
            change(node)
            found.append((f"line {node.lineno}: {what}", copy.deepcopy(tree)))
            node.__class__ = kept[1]
            vars(node).clear()
            vars(node).update(kept[0])
    return found


def _changes(node):
    """(function that changes this node in place, what it does) for every small mistake that fits it."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        other = SWAPPED[type(node.op)]
        yield lambda n: setattr(n, "op", other()), f"{ast.unparse(node)}: {type(node.op).__name__} to {other.__name__}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Pow):
        yield lambda n: _become(n, n.left), f"{ast.unparse(node)}: right factor dropped"
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPPED:
        yield lambda n: setattr(n, "op", SWAPPED[type(n.op)]()), f"{ast.unparse(node)}: operator flipped"
    if isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield lambda n: _become(n, n.value), f"{ast.unparse(node)}: transpose dropped"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield lambda n: _become(n, n.operand), f"{ast.unparse(node)}: minus dropped"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield lambda n: n.ops.__setitem__(0, other()), f"{ast.unparse(node)}: to {other.__name__}"
    if isinstance(node, ast.keyword) and node.arg == "axis" and getattr(node.value, "value", None) in (0, 1):
        yield lambda n: setattr(n, "value", ast.Constant(1 - n.value.value)), f"axis={node.value.value} to the other"
    if isinstance(node, ast.Slice | ast.Subscript | ast.Call):
        yield from _shifted(node)


def _shifted(node):
    """Whole numbers in an index, a slice or a call, one more: off by one in layers, samples and ranges."""
    for field in ("lower", "upper", "slice"):
        part = getattr(node, field, None)
        number = part.operand if isinstance(part, ast.UnaryOp) else part
        if isinstance(number, ast.Constant) and type(number.value) is int:
            sign = -1 if part is not number else 1
            new = ast.parse(str(sign * number.value + 1), mode="eval").body
            yield lambda n, f=field, v=new: setattr(n, f, v), f"{ast.unparse(node)}: {field} one more"
    for i, argument in enumerate(getattr(node, "args", [])):
        if isinstance(argument, ast.Constant) and type(argument.value) is int:
            new = ast.Constant(argument.value + 1)
            yield lambda n, i=i, v=new: n.args.__setitem__(i, v), f"{ast.unparse(node)}: argument {i} one more"


def survives(module, qualified, number):
    """Whether the tests pass with this mutant in place; runs in a process of its own."""
    what, tree = mutants(module, qualified)[number]
    home = units.module({"module": module})
    namespace = dict(vars(home))
    exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), f"<mutant of {qualified}>", "exec"), namespace)
    function, full = namespace[tree.name], f"{module}.{qualified}"
    if full in [exercise["full"] for exercise in units.exercises()]:
        examiner = examine.Examiner(examine.Local({full: function}), [full], first_only=True)
        grade.run(examiner)
        return examiner.results[full].status is results.Status.PASSED
    owner = home if "." not in qualified else getattr(home, qualified.split(".")[0])
    setattr(owner, tree.name, function)
    return grade.pytest_run([f"test_{module}.py"], [], "-x") == 0


def mutate(words=()):
    """Runs all mutants (or those of the named functions) and prints the survivors and the share that was killed."""
    chosen = [f for f in functions() if not words or f[1] in words or f[0] in words]
    tasks = [(m, q, i, what) for m, q in chosen for i, (what, _) in enumerate(mutants(m, q))]
    context, alive = multiprocessing.get_context("spawn"), []
    with concurrent.futures.ProcessPoolExecutor(mp_context=context, max_tasks_per_child=1) as pool:
        asked = {pool.submit(survives, m, q, i): f"{m}.{q} {what}" for m, q, i, what in tasks}
        for done in tqdm(concurrent.futures.as_completed(asked), total=len(tasks), unit=" mutants"):
            if done.exception() is None and done.result():
                alive.append(asked[done])
    print("\n".join(sorted(alive)))
    print(f"{len(tasks) - len(alive)} of {len(tasks)} mutants killed ({1 - len(alive) / max(len(tasks), 1):.1%})")
    return alive


def _find(module, qualified):
    found = units.module({"module": module})
    for part in qualified.split("."):
        found = getattr(found, part)
    return found


def _become(node, other):
    """Puts another node in this one's place."""
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    node.__class__ = type(other)
    fields = dict(vars(other))
    vars(node).clear()
    vars(node).update(fields | place)

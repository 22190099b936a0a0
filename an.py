import ast,sys
from minintk.course import units
for u in units.units():
    src=(units.PACKAGE/f"{u['module']}.py").read_text(); tree=ast.parse(src)
    names=[e['name'] for e in u['exercise']]
    defs={}
    for n in tree.body:
        if isinstance(n,(ast.FunctionDef,ast.ClassDef)): defs[n.name]=n
        elif isinstance(n,ast.Assign): defs[n.targets[0].id]=n
        elif not isinstance(n,(ast.Import,ast.ImportFrom,ast.Expr)): print("??",ast.dump(n)[:80])
    lib=[n for n in defs if n in names]
    print(u['module'],"order same" if lib==names else (lib,names))
    used=set()
    todo=list(names)
    while todo:
        x=todo.pop()
        for n in ast.walk(defs[x]):
            if isinstance(n,ast.Name) and n.id in defs and n.id not in names and n.id not in used: used.add(n.id); todo.append(n.id)
    print("  needs",sorted(used))
    print("  imports",[ast.unparse(n) for n in tree.body if isinstance(n,(ast.Import,ast.ImportFrom))])

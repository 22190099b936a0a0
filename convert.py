import ast,re,sys,pathlib,textwrap
sys.path.insert(0,'.')
from minintk.course import units
for u in units.units():
    p=pathlib.Path('solutions')/u['file']; text=p.read_text(); tree=ast.parse(text)
    doc=ast.get_docstring(tree); names=[e['name'] for e in u['exercise']]
    end=tree.body[0].end_lineno
    rest="\n".join(text.split("\n")[end:]).lstrip("\n").replace("  # noqa: F401","")
    (pathlib.Path('tests/mistakes')/u['file']).write_text(f'"""Unit {u["id"]}: wrong answers, each with words that its feedback must contain."""\n\n'+rest)
    # md
    title,_,body=doc.partition("\n")
    out=[f"# Unit {u['id']}. {u['title']}",""]
    body=body.strip()
    if re.search(r"^-{3,}$",body,re.M):
        body=re.sub(r"^([a-z_0-9]+)\n-{3,}\n",r"## \1\n\n",body,flags=re.M); body=re.sub(r"\n\n\n+","\n\n",body)
        md="\n".join(out)+"\n"+body+"\n"
    else:
        paras=re.split(r"\n(?=(?:%s)[. ])"%"|".join(names),body); md="\n".join(out)+"\n"+paras[0].rstrip()+"\n"; seen=set()
        for para in paras[1:]:
            n=re.match(r"\w+",para)[0]
            if n in seen: md+="\n"+para; continue
            seen.add(n); md+=f"\n## {n}\n\n"+para.strip()+"\n"
        print(u['id'],[n for n in names if n not in seen])
    missing=[n for n in names if f"## {n}\n" not in md]; print(u['id'],missing)
    p.with_suffix('.md').write_text(md)

import re,sys,textwrap
G="\x01"
def glue(s):
    s=re.sub(r" (=|\+|\*|/|<|>|~|<=|>=|->|-|\|) ",G+r"\1"+G,s)
    s=re.sub(r" (=|\+|\*|/|<|>|~|<=|>=|->|-) ",G+r"\1"+G,s)
    def g(m): return m[0].replace(" ",G) if len(m[0])<=40 and not re.search(r"[a-z]{4,} [a-z]{3,}",m[0]) else m[0]
    for _ in range(2): s=re.sub(r"[\(\[][^()\[\]]*[\)\]]",g,s)
    s=re.sub(r"\b(unit|units|section|appendix|Theorem) (\w)",r"\1"+G+r"\2",s)
    toks=s.split(" "); r=toks[0]
    def mathy(k):
        k=k.split(G)[-1] if G in k else k
        c=k.strip(".,:;")
        return bool(re.fullmatch(r"[B-Zb-z]'?|[\d./]+",c) or re.search(r"[\^_{}\[\](]|\w\)",c)) and not re.search(r"[a-z]{5,}",re.sub(r"np\.\S+","",c))
    for a,b in zip(toks,toks[1:]):
        fb=b.split(G)[0]
        r+=(G if mathy(a) and mathy(fb) and a[-1:] not in ".,:;" else " ")+b
    s=r
    s=re.sub(r"`[^`]*`",lambda m:m[0].replace(" ",G),s)
    return s
def fill(s,**k): return textwrap.fill(glue(" ".join(s.split())),110,break_on_hyphens=False,break_long_words=False,**k).replace(G," ")
for p in sys.argv[1:]:
    t=open(p).read(); out=[]
    for b in re.split(r"\n\n+",t.strip()):
        if b.startswith(("    ","#","|")): out.append("\n".join(l.rstrip() for l in b.split("\n"))); continue
        items=re.split(r"\n(?=(?:- |\d+\. ))",b)
        o=[]
        for it in items:
            m=re.match(r"(- |\d+\. )",it)
            o.append(fill(it,subsequent_indent=" "*len(m[1])) if m else fill(it))
        out.append("\n".join(o))
    open(p,"w").write("\n\n".join(out)+"\n")
    for i,l in enumerate(open(p),1):
        if len(l.rstrip("\n"))>110: print(p,i,len(l))
        if re.search(r"(\s[=+*/<>~-]|,)$",l.rstrip("\n")) and not l.startswith("    ") and re.search(r"\s[=+*/<>~-]$",l.rstrip("\n")): print("break",p,i,l.strip()[-30:])

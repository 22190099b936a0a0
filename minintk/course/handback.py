"""What a class gets back: a table, grades.csv, a text and a page for each student and for the class, results.json."""

import ast
import collections
import csv
import hashlib
import html
import io
import json
import pathlib
import re
import textwrap

from minintk.course import results, units
from minintk.tools import files

COLUMNS = (  # nbgrader's
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
).split(",")
SIGNS = {results.Status.PASSED: "+", results.Status.FAILED: "-"}
STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}pre{background:#f4f4f4;padding:.7em;\
overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}"
)


def write(out, records, named, exercises, asked, people, gradescope=None):
    """Writes everything into `out` from the records, in their order. Returns the table for the screen."""
    totals = {record["student"]: _points(record) for record in records}
    most = sum(e["points"] for e in exercises)
    rows = _rows(records, people)
    files.write(out / "grades.csv", _grades(rows, exercises, most))
    (out / "feedback").mkdir(exist_ok=True)
    for record in records:
        text = feedback(record, exercises, asked)
        files.write(out / "feedback" / f"{named[record['student']]}.txt", text)
        files.write(out / "feedback" / f"{named[record['student']]}.html", page(f"minintk: {record['student']}", text))
    files.write(out / "class.html", overview(records, exercises, most))
    if gradescope:
        if len(records) != 1:
            raise ValueError(f"--gradescope is for one submission, given {len(records)}")
        files.write(gradescope, json.dumps(for_gradescope(records[0], exercises, asked), indent=1) + "\n")
    lines = [("student", "points", "not begun", "failed")]
    for person, record in rows:
        name = record["student"] if record else f"{person['student_id']} (handed in nothing)"
        states = collections.Counter(r["status"] for r in record["results"].values()) if record else {}
        lines.append(
            (
                name,
                f"{totals.get(name, 0)}/{most}",
                *(str(states.get(s, 0)) for s in (results.Status.NOT_STARTED, results.Status.FAILED)),
            )
        )
    width = max(len(line[0]) for line in lines)
    return "\n".join(f"{line[0]:<{width}}" + "".join(f"{cell:>11}" for cell in line[1:]) for line in lines)


def people(roster):
    """The rows of a roster: a CSV file with a column student_id, and if it has them last_name, first_name, email."""
    text = pathlib.Path(roster).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or "student_id" not in rows[0]:
        raise ValueError(f"{roster}: expected a line of names with student_id, and a line for each student")
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in rows]


def _rows(records, people):
    """[(person, record)]: everyone of the roster, None for one who handed in nothing; then who is not in it."""
    left, rows = {record["student"]: record for record in records}, []
    for person in people:
        name = next((name for name in left if _is(person, name)), None)
        rows.append((person, left.pop(name) if name is not None else None))
    return rows + [({"student_id": name}, record) for name, record in left.items()]


def _is(person, name):
    """Whether a submission's name is this person's: the id is one of its parts, or it is their mail or their name."""
    parts, plain = re.split(r"[^0-9a-z@.+-]+|_", name.lower()), re.sub(r"[^a-z]", "", name.lower())
    first, last = (re.sub(r"[^a-z]", "", person.get(key, "").lower()) for key in ("first_name", "last_name"))
    mail = person.get("email", "").lower()
    return person["student_id"].lower() in [name.lower(), *parts] or (
        bool(mail) and mail in name.lower() or bool(first and last) and plain in (first + last, last + first)
    )


def _points(record):
    return sum(result["points"] for result in record["results"].values())


def _grades(rows, exercises, most):
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([*COLUMNS, *(e["full"] for e in exercises)])
    for person, record in rows:
        points = _points(record) if record else 0
        own = person | {"assignment": "minintk", "raw_score": points, "late_submission_penalty": 0, "score": points}
        own["max_score"] = most
        each = [record["results"][e["full"]]["points"] if record else 0 for e in exercises]
        table.writerow([_cell(own.get(column, "")) for column in COLUMNS] + each)
    return stream.getvalue()


def _cell(value):
    """A text that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def feedback(record, exercises, asked):
    """What a student reads: points, what was missing, every row, and the diagnosis of each function that failed."""
    most = sum(e["points"] for e in exercises)
    lines = [f"minintk {asked['version']}: {record['student']}", f"{_points(record)} of {most} points", ""]
    lines += [f"missing: {', '.join(record['missing'])}", ""] if record["missing"] else []
    lines += [f"note: {note}" for note in [*record["notes"], *record["problems"]]]
    for exercise in exercises:
        result = record["results"][exercise["full"]]
        state = "" if result["status"] in SIGNS else f"  {result['status']}"
        lines += ["", f"{exercise['full']}  {result['points']}/{exercise['points']}{state}"]
        if result["status"] in SIGNS:
            for i, (row, rubric) in enumerate(zip(result["rows"], exercise["rows"], strict=True), 1):
                sign = SIGNS.get(row["status"], ".")
                lines.append(f"  {sign} row {i}, {units.points(rubric['points'])}: {rubric['claim']}")
            lines += [f"\n{textwrap.indent(row['text'], '    ')}" for row in result["rows"] if row["text"]][:1]
    public = "the public checks" if not asked["salt"] else "the public checks at other seeds and sizes"
    lines += ["", f"Graded by {public}. The process was limited by: {', '.join(asked['defences']) or 'nothing'}."]
    return "\n".join(lines) + "\n"


def page(title, text):
    """A text as a page."""
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n<h1>{html.escape(title)}</h1>\n<pre>{html.escape(text)}</pre>\n</html>\n"
    )


def overview(records, exercises, most):
    """The page for the instructor: what the class found hard, what it was told most, and which answers are equal."""
    begun = {e["full"]: [r for r in (record["results"][e["full"]] for record in records) if r["status"] in SIGNS]
             for e in exercises}  # fmt: skip
    points = sorted(map(_points, records))
    parts = [
        f"<p>{len(records)} submissions, {most} points; the middle one has {points[len(points) // 2]}.</p>",
        "<h2>How many pass</h2>",
        _bars(
            {full: sum(r["status"] == results.Status.PASSED for r in each) for full, each in begun.items()},
            len(records),
        ),
        "<h2>Rows that failed</h2>",
        _table(["failed", "of begun", "row"], _hard(begun, exercises)[:40]),
        "<h2>What was told most</h2>",
        _table(["times", "diagnosis"], _told_most(begun)[:25]),
        "<h2>Equal answers</h2>",
        "<p>After names, layout and docstrings are taken away. Functions of a few lines have few forms, and equal ones "
        "prove nothing.</p>",
        _table(["function", "whose"], _equal(records, exercises)),
    ]
    return page("minintk: the class", "").replace("<pre></pre>", "\n".join(parts))


def _bars(numbers, whole):
    """A bar for each number out of the whole."""
    bars = []
    for i, (name, number) in enumerate(numbers.items()):
        y, share = 18 * i, 400 * number / whole
        bars.append(f'<text x="0" y="{y + 13}" font-size="13">{name}</text>')
        bars.append(f'<rect x="250" y="{y + 2}" height="13" width="{share:.1f}" fill="#0072B2"/>')
        bars.append(f'<text x="{255 + share:.1f}" y="{y + 13}" font-size="12">{number}</text>')
    return f'<svg width="720" height="{18 * len(numbers) + 4}" role="img" aria-label="passed">{"".join(bars)}</svg>'


def _hard(begun, exercises):
    """[(how many failed, of how many, row)], most first."""
    rows = []
    for e in exercises:
        for i, rubric in enumerate(e["rows"]):
            failed = sum(r["rows"][i]["status"] == results.Status.FAILED for r in begun[e["full"]])
            rows += [(failed, len(begun[e["full"]]), f"{e['full']}, row {i + 1}: {rubric['claim']}")] if failed else []
    return sorted(rows, key=lambda row: (-row[0], row[2]))


def _told_most(begun):
    """[(times, function and diagnosis)], most first."""
    said = collections.Counter(
        f"{full}: {line}" for full, each in begun.items() for r in each for line in _diagnoses(r)
    )
    return sorted(((count, text) for text, count in said.items()), key=lambda row: (-row[0], row[1]))


def _table(head, rows):
    cells = [("th", head), *(("td", row) for row in rows)]
    lines = ["".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row) for tag, row in cells]
    return "<table>" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table>" if rows else "<p>None.</p>"


def _diagnoses(result):
    """The lines that say what is wrong, without numbers of a single case."""
    texts = [row["text"] for row in result["rows"] if row["text"]][:1]
    wanted = r"known mistake does: .*|Error: .*|(It|There|In) .* (shape|wrong|NaN|times|transpose|None|expected).*"
    lines = [line for text in texts for line in text.splitlines()[2:] if re.search(wanted, line)]
    known = [line for line in lines if "known mistake" in line]
    return [re.sub(r"^.*known mistake does: (.*)\. Does yours.$", r"\1", line) for line in known or lines[:1]]


def _equal(records, exercises):
    """[(function, whose)]: answers that are the same program, the library's too; only of some length."""
    rows = []
    for exercise in exercises:
        alike = collections.defaultdict(list)
        library = units.source(exercise)
        for name, text in [
            ("the library", library),
            *((r["student"], r["results"][exercise["full"]]["text"]) for r in records),
        ]:
            if (form := _form(text)) is not None:
                alike[form].append(name)
        rows += [(exercise["full"], ", ".join(names)) for names in alike.values() if len(names) > 1]
    return rows


def _form(text):
    """A hash of what a function does, names and layout aside; None for what does not compile or is short."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    function = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), None)
    if function is None:
        return None
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if sum(1 for node in body for _ in ast.walk(node)) < 40:
        return None
    names = {}
    for node in (node for part in [function.args, *body] for node in ast.walk(part)):
        for field in ("id", "arg", "name"):
            if isinstance(getattr(node, field, None), str):
                setattr(node, field, names.setdefault(getattr(node, field), f"v{len(names)}"))
    return hashlib.sha256("".join(ast.dump(node) for node in body).encode()).hexdigest()


def for_gradescope(record, exercises, asked):
    """Gradescope's results.json, as a dict: a test for each row."""
    tests = []
    for exercise in exercises:
        result = record["results"][exercise["full"]]
        for i, (row, rubric) in enumerate(zip(result["rows"], exercise["rows"], strict=True), 1):
            passed = row["status"] == results.Status.PASSED
            tests.append(
                {
                    "name": f"{exercise['full']}, row {i}: {rubric['claim']}",
                    "number": f"{exercise['full']}.{i}",
                    "score": rubric["points"] if passed else 0,
                    "max_score": rubric["points"],
                    "status": "passed" if passed else "failed",
                    "output": row["text"] or ("" if passed else result["status"] if i == 1 else "not asked"),
                    "output_format": "text",
                    "visibility": "visible",
                }
            )
    told = [*record["notes"], *record["problems"], *(f"missing: {name}" for name in record["missing"])]
    return {
        "score": _points(record),
        "output": "\n".join([f"minintk {asked['version']}", *told]),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
        "extra_data": {key: asked[key] for key in ("version", "defences")},
    }

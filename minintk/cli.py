"""The command line: reads the words, calls one function, prints what it returns."""

import argparse
import contextlib
import functools
import os
import pathlib
import shlex
import shutil
import sys
import textwrap

from minintk.tools import threads, version


def main(words=None):
    """Runs one command. Returns the exit code: 0, 1 if a check failed, 2 for a mistake in the words or in a file."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # a letter that the console cannot show is no reason to stop
    words = sys.argv[1:] if words is None else list(words)
    options = _parser().parse_args(words)
    options.words = words
    threads.one_by_default()  # before anything imports numpy
    try:
        return options.command(options) or 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes
        return 0
    except ModuleNotFoundError as error:
        print(f'minintk: {error.name} is not installed: pip install "minintk[test]"', file=sys.stderr)
        return 2
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        print(f"minintk: {' '.join(str(error).split()) or type(error).__name__}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"minintk: {message}; see {self.prog} --help\n")


def _named(text):
    """A path or an address: "" is what a shell makes of a variable that is not set."""
    if not text:
        raise argparse.ArgumentTypeError("is empty, expected a name")
    return text


@functools.cache  # making it takes milliseconds, and the tests call main hundreds of times
def _parser():
    parser = _Parser(
        prog="minintk", description="The silent alignment effect in pure numpy: a toolkit and a graded course."
    )
    parser.add_argument("--version", action="version", version=f"minintk {version.VERSION}")
    parser.add_argument(
        "--workbook", type=_named, metavar="DIR", help="your exercise files (default: ./exercises, or this folder)"
    )
    parser.set_defaults(command=_status)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _course(commands)

    doctor = commands.add_parser("doctor", help="what this machine has, and what to mend")
    doctor.set_defaults(command=_doctor)
    bench = commands.add_parser("bench", help="kernel and training step beside the machine's limit and other tools")
    bench.set_defaults(command=_bench)
    bench.add_argument("--threads", type=int, default=1, help="BLAS threads (default: %(default)s)")
    bench.add_argument("--rounds", type=int, default=7, help="medians of so many rounds (default: %(default)s)")
    bench.add_argument("--quick", action="store_true", help="only the smallest cases, three rounds")
    run = commands.add_parser("run", help="the paper's claims: tables, figures and numbers in a folder")
    run.set_defaults(command=_run)
    run.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="default: silent_alignment; all: every one")
    run.add_argument("--list", action="store_true", help="list the experiments")
    run.add_argument("--seed", type=int, help="of data and weights")
    run.add_argument("--answers", type=_named, metavar="DIR", help="run it on the finished functions in this folder")
    run.add_argument("--jobs", type=int, metavar="N", help="experiments at work at once (default: one a core)")
    run.add_argument(
        "--out", type=_named, default="results", metavar="DIR", help="folder for the results (default: %(default)s)"
    )
    run.add_argument(
        "--animate", action="store_true", help="only for silent_alignment and neurons: also animation.html, a film"
    )
    run.add_argument(
        "--explore", action="store_true", help="only for phase_diagram: also explore.html, the map with sliders"
    )
    own = run.add_argument_group("only for silent_alignment; what is used is printed above its table")
    own.add_argument("--data", type=_named, metavar="PATH", dest="path", help="MNIST (IDX), CIFAR-10 (binary) or .npz")
    own.add_argument("--classes", help="3,8 or 0+1,2+3 or parity")
    own.add_argument("--P", type=int, help="training samples")
    own.add_argument("--depth", type=int, help="layers L")
    own.add_argument("--width", type=int, help="hidden units N")
    own.add_argument("--sigma", type=float, help="scale of the initial weights")
    own.add_argument("--power", type=float, nargs="+", dest="powers", help="whitening exponents: 0 white, 1 raw")
    own.add_argument("--slope", type=float, help="0 ReLU, 1 linear")
    own.add_argument("--loss", choices=["mse", "logistic", "softmax"])
    own.add_argument("--step-size", type=float, help="of gradient descent")
    own.add_argument("--inits", type=int, help="initial weights; medians are shown")

    explain = commands.add_parser(
        "explain", help="a unit's chapter; or an experiment's claim, why it holds, its source"
    )
    explain.set_defaults(command=_explain)
    explain.add_argument("name", nargs="?", metavar="NAME", help="2 or kernel; gap (default: list them)")

    sweep = commands.add_parser("sweep", help="an experiment at all combinations of settings, a row each; goes on "
                                "where it was stopped")  # fmt: skip
    sweep.set_defaults(command=_sweep)
    sweep.add_argument("experiment", metavar="EXPERIMENT")
    for name, kind in SWEPT.items():
        sweep.add_argument(f"--{name}", type=kind, nargs="+", metavar="X", help="one or more values")
    engine = sweep.add_mutually_exclusive_group()
    engine.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    engine.add_argument(
        "--dask", type=_named, metavar="ADDRESS", help="of a dask scheduler, host:port, instead of own processes"
    )
    sweep.add_argument(
        "--out", type=_named, default="results", metavar="DIR", help="folder for the results (default: %(default)s)"
    )
    return parser


def _course(commands):
    def add(name, action, text):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--workbook", type=_named, metavar="DIR", default=argparse.SUPPRESS, help="your exercise files"
        )
        command.set_defaults(command=action)
        return command

    add("status", _status, "where you are and what is next (also without any command)")
    watch = add("watch", _watch, "check what you write each time a file is saved")
    watch.add_argument("--once", action="store_true", help="check it once and end")
    add("check", _check, "grade functions or units").add_argument("names", nargs="*", metavar="NAME")
    hint = add("hint", _hint, "the next hint for an exercise")
    hint.add_argument("name", metavar="NAME")
    hint.add_argument("-n", type=int, metavar="K", help="hint number K")
    solution = add("solution", _solution, "derivation and source")
    solution.add_argument("name", metavar="NAME")
    solution.add_argument("--yes", action="store_true", help="do not ask first")
    add("diff", _diff, "yours beside the library's, after passing").add_argument("name", metavar="NAME")
    add("reset", _reset, "the stub again; your file is kept as a backup").add_argument("name", metavar="NAME")
    classes = commands.add_parser("grade", help="for instructors: the submissions of a class")
    classes.set_defaults(command=_grade)
    classes.add_argument("paths", type=_named, nargs="*", metavar="PATH", help="a folder or zip, a student each inside")
    classes.add_argument("--autograder", type=_named, metavar="FILE", help="only write a zip for Gradescope")
    classes.add_argument("--out", type=_named, default="grades", metavar="DIR", help="results (default: %(default)s)")
    classes.add_argument("--units", type=int, nargs="+", metavar="N", help="only these units")
    classes.add_argument("--roster", type=_named, metavar="FILE", help="CSV with student_id: everyone gets a row")
    classes.add_argument("--salt", default="", metavar="TEXT", help="draw other seeds and sizes for the checks")
    cores = threads.cores()
    classes.add_argument("--jobs", type=int, default=cores, metavar="N", help="processes (default: the cores)")
    classes.add_argument("--seconds", type=float, default=10, metavar="S", help="for a call (default: %(default)s)")
    classes.add_argument(
        "--total", type=float, default=120, metavar="S", help="for a submission (default: %(default)s)"
    )
    classes.add_argument("--memory", type=float, default=2, metavar="GB", help="of a process (default: %(default)s)")
    classes.add_argument("--user", metavar="NAME", help="whose rights a submission has, for root: nobody")
    classes.add_argument("--wrap", type=shlex.split, default=(), metavar="CMD", help="a launcher before the process")
    classes.add_argument("--gradescope", type=_named, metavar="FILE", help="results.json of a single submission")
    see = add("see", _see, "a unit's figure, drawn by your functions that have passed")
    see.add_argument("unit", metavar="UNIT")
    see.add_argument(
        "--out", type=_named, default="results", metavar="DIR", help="folder for the figure (default: %(default)s)"
    )
    add("init", _init, "make a workbook").add_argument("folder", type=_named, metavar="DIR")
    dev = add("dev", _dev, "for those who change the course")
    dev.add_argument("action", choices=["cut", "draw", "check", "mutate"], help="write exercises/ anew; draw "
                     "the picture of its eight runs anew; prove that all agrees; "
                     "test the tests (takes many minutes)")  # fmt: skip
    dev.add_argument("names", nargs="*", metavar="NAME", help="mutate: only these functions or modules")


def _grade(options):
    from minintk.course import autograder, classroom, remote, units

    known = [unit["id"] for unit in units.units()]
    if wrong := [number for number in options.units or [] if number not in known]:
        raise ValueError(f"--units {wrong[0]}: expected numbers from {known[0]} to {known[-1]}")
    if options.autograder:
        autograder.build(options.autograder, options.units, options.salt)
        print(f"{options.autograder}: setup.sh, run_autograder and the course; upload it as it is")
        return
    if not options.paths:
        raise ValueError("nothing to grade; expected a folder or a zip of submissions")
    if min(options.seconds, options.total, options.memory, options.jobs) <= 0:
        raise ValueError("--seconds, --total, --memory and --jobs: expected numbers above 0")
    limits = remote.Limits(
        options.seconds, options.total, int(options.memory * 2**30), True, options.user, tuple(options.wrap)
    )
    table, defences = classroom.grade_class(
        options.paths, options.out, options.units, limits, options.salt, options.jobs,
        roster=options.roster, gradescope=options.gradescope,
    )  # fmt: skip
    print(f"{table}\n\n{classroom.told(defences)}\n{options.out}: grades.csv, feedback, class.html")


def _status(options):
    from minintk.course import status, units

    try:
        folder = units.workbook(options.workbook)
    except ValueError:
        if options.workbook:
            raise
        print("No workbook here. Try one of\n  minintk init exercises\n  minintk run\n  minintk --help")
        return
    status.status(folder)


def _watch(options):
    from minintk.course import units, watch

    return watch.watch(units.workbook(options.workbook), options.once)


def _check(options):
    from minintk.course import check, units

    return check.check(units.workbook(options.workbook), options.names)


def _hint(options):
    from minintk.course import help, units

    help.hint(units.workbook(options.workbook), options.name, options.n)


def _solution(options):
    from minintk.course import help, units

    help.solution(units.workbook(options.workbook), options.name, options.yes)


def _diff(options):
    from minintk.course import help, units

    help.diff(units.workbook(options.workbook), options.name)


def _reset(options):
    from minintk.course import units, workbook

    workbook.reset(units.workbook(options.workbook), options.name)


def _see(options):
    from minintk.course import regime, screen, swap, units

    unit, folder = units.unit(options.unit), units.workbook(options.workbook)
    if not regime.apart():
        guess = screen.asked(f"{textwrap.fill(unit['ask'], 96)}\nYour guess (Enter skips):")
        regime.run(options.words)
        if guess is not None:
            told = f"Your guess: {guess}. " if guess else ""
            screen.say(textwrap.fill(f"{told}The figure: {unit['answer']}", 96))
        return
    with regime.ending():
        with swap.swapped(folder, passed=True) as (mine, every, problems):
            from minintk.experiments import style, unit_figures  # the student's files have been read by now

            print("\n".join([*problems, swap.told(mine, every)]))
            path = pathlib.Path(options.out) / f"unit_{unit['id']}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            style.draw(unit_figures.FIGURES[unit["module"]], path)
        print(f"{path}: {unit['figure']}")


def _init(options):
    from minintk.course import workbook

    workbook.init(options.folder)


def _dev(options):
    from minintk.course import dev, mutate

    dev.ready()
    if options.action == "mutate":
        mutate.mutate(options.names)
        return
    if options.names:
        raise ValueError(f"dev {options.action} takes no names, given {options.names[0]!r}")
    if options.action == "cut":
        print(f"written: {dev.cut()}")
        return
    if options.action == "draw":
        from minintk.course import units
        from minintk.experiments import eight_runs, style

        path = units.folder("exercises") / units.PICTURE
        style.draw(lambda: eight_runs.figure(eight_runs.records()), path)
        print(f"written: {path}")
        return
    found = dev.check()
    print("\n".join(found) or "the course agrees with itself")
    return 1 if found else 0


def _doctor(options):
    from minintk.tools import doctor

    return 1 if doctor.main() else 0


def _bench(options):
    from minintk.tools import bench

    bench.main(options.threads, options.rounds, options.quick)


OWN = ("path", "classes", "P", "depth", "width", "sigma", "powers", "slope", "loss", "step_size", "inits")
SWEPT = {
    "sigma": float, "sigma_1": float, "sigma_2": float, "width": int, "depth": int, "slope": float, "power": float,
    "condition": float, "decay": float, "P": int, "seed": int,
}  # fmt: skip


def _sweep(options):
    from minintk.tools import sweep

    lists = {name: getattr(options, name) for name in SWEPT if getattr(options, name) is not None}
    folder = pathlib.Path(options.out) / f"sweep_{options.experiment}"
    try:
        with sweep.dask(options.dask) if options.dask else contextlib.nullcontext() as executor:
            rows = sweep.sweep(options.experiment, lists, folder, options.jobs, executor)
    except KeyboardInterrupt:
        print("\nminintk: stopped; what is finished is kept, the same command goes on from there", file=sys.stderr)
        raise
    print(f"{sweep.told(rows)}\n{folder}: points.csv, points.jsonl")
    return 1 if any("error" in row for row in rows) else 0


def _explain(options):
    from minintk import experiments
    from minintk.course import units
    from minintk.tools import pages

    name, width = options.name, min(shutil.get_terminal_size().columns, 120)
    if name is None:
        print("\n".join(f"{page['id']:<18} {page['title']}" for page in [*units.units(), units.PROJECTS]))
        _list()
    elif name in experiments.registry():
        print(pages.explained(name, width))
    else:
        print(pages.filled(units.chapter(units.PROJECTS if name == "projects" else _unit(name)), width))


def _unit(name):
    from minintk import experiments
    from minintk.course import units

    try:
        return units.unit(name)
    except ValueError:
        known = f"a unit (1 to {len(units.units())}) or an experiment ({', '.join(experiments.registry())})"
        raise ValueError(f"{name!r} is no unit and no experiment; expected {known}") from None


def _list():
    from minintk import experiments

    for name in experiments.registry():
        print(f"{name:<18} {experiments.text(name).splitlines()[0]}")


def _run(options):
    from minintk import experiments
    from minintk.tools import pages, run, shell

    if options.list:
        return _list()
    names = options.experiments or ["silent_alignment"]
    names = list(experiments.registry()) if names == ["all"] else names
    own = {name: getattr(options, name) for name in OWN if getattr(options, name) is not None}
    for name in names:
        experiments.find(name)
        if own and name != "silent_alignment":
            word, *_ = own
            flag = {"path": "data", "powers": "power", "step_size": "step-size"}.get(word, word)
            raise ValueError(f"--{flag} is for silent_alignment alone, not for {name}")
    if options.animate and names not in (["silent_alignment"], ["neurons"]):
        raise ValueError("--animate is for silent_alignment or neurons, one alone")
    if options.explore and names != ["phase_diagram"]:
        raise ValueError("--explore is for phase_diagram alone")
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"jobs is {options.jobs}, expected at least 1")
    settings = own if options.seed is None else own | {"seed": options.seed}
    with contextlib.ExitStack() as stack:
        jobs = options.jobs or threads.cores()
        if options.answers:
            from minintk.course import regime, swap

            if not regime.apart():
                return regime.run(options.words)
            stack.enter_context(regime.ending())
            mine, every, problems = stack.enter_context(swap.swapped(options.answers))
            print("\n".join([*problems, swap.told(mine, every), ""]))
            jobs = 1  # they are in this process only
        for told in run.several(names, options.out, settings, jobs, animate=options.animate, explore=options.explore):
            print(told, flush=True)
        if len(names) > 1 or options.experiments == ["all"]:
            words = [] if options.seed is None else ["--seed", str(options.seed)]
            words += ["--answers", options.answers] if options.answers else []
            commands = {name: shell.join(["minintk", "run", name, *words]) for name in names}
            print(f"{pages.gallery(options.out, commands)}: every figure with its claim, its verdict and its command")

"""The command line: reads the words, calls one function, prints what it returns."""

import argparse
import os
import pathlib
import sys

import minintk


def main(words=None):
    """Runs one command. Returns the exit code: 0, 1 if a check failed, 2 for a mistake in the words or in a file."""
    options = _parser().parse_args(words)
    try:
        return options.command(options) or 0
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        print(f"minintk: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes
        return 0
    except KeyboardInterrupt:
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="minintk", description=minintk.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"minintk {minintk.__version__}")
    parser.set_defaults(command=lambda options: parser.print_help())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="silent alignment on real digits: a table, a figure, numbers in a folder")
    run.set_defaults(command=_run)
    run.add_argument("experiment", nargs="?", default="silent_alignment", choices=["silent_alignment"])
    run.add_argument("--data", metavar="PATH", help="MNIST (IDX), CIFAR-10 (binary) or .npz; default: shipped digits")
    run.add_argument("--classes", default="3,8", help="3,8 or 0+1,2+3 or parity (default: %(default)s)")
    run.add_argument("--P", type=int, default=50, help="training samples (default: %(default)s)")
    run.add_argument("--depth", type=int, default=2, help="layers L (default: %(default)s)")
    run.add_argument("--width", type=int, default=100, help="hidden units N (default: %(default)s)")
    run.add_argument("--sigma", type=float, default=0.01, help="scale of the initial weights (default: %(default)s)")
    run.add_argument("--power", type=float, nargs="+", default=[0, 0.25, 1], help="of the inputs' singular values: "
                     "0 white, 1 raw (default: 0 0.25 1)")  # fmt: skip
    run.add_argument("--slope", type=float, default=0.0, help="0 ReLU, 1 linear (default: %(default)s)")
    run.add_argument("--loss", default="mse", choices=["mse", "logistic", "softmax"])
    run.add_argument("--step-size", type=float, help="of gradient descent (default: 0.1, or 0.03 from power 0.4 on)")
    run.add_argument("--inits", type=int, default=3, help="initial weights; medians are shown (default: %(default)s)")
    run.add_argument("--seed", type=int, default=0, help="of the training set and the weights (default: %(default)s)")
    run.add_argument("--out", default="results", metavar="DIR", help="folder for the results (default: %(default)s)")
    return parser


def _run(options):
    from minintk import data, experiments, plots
    from minintk.experiments import silent_alignment

    settings = {name: getattr(options, name) for name in
                ["P", "depth", "width", "sigma", "slope", "loss", "step_size", "inits", "seed"]}  # fmt: skip
    settings["powers"] = options.power
    folder = pathlib.Path(options.out) / options.experiment
    folder.mkdir(parents=True, exist_ok=True)  # before the work, so that a folder we cannot write to costs nothing
    images, labels = data.read(options.data) if options.data else data.digits()
    cases = silent_alignment.run(images, labels, data.parse_classes(options.classes), **settings)
    print(f"Silent alignment. {options.data or 'digits'}, classes {options.classes}; {settings['P']} training samples, "
          f"L = {options.depth} layers, N = {options.width}, slope {options.slope:g}, {options.loss} loss;\n"
          f"one training set (seed {options.seed}), medians of {options.inits} initial weights.\n")  # fmt: skip
    print(silent_alignment.report(cases))
    experiments.save(folder, plots.silent_alignment(cases), *silent_alignment.results(cases, settings))
    print(f"\n{folder}: figure.png, results.npz, summary.json")

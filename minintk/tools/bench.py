"""How fast minintk is here, beside what the machine allows and what others take: `minintk bench`.

The limit is the operations that cannot be avoided, at the rates this machine reaches for one large product A B and one
large symmetric product A A^T. Every contender computes the same kernel, checked, and takes the same gradient-descent
steps, in span coordinates, in a process of its own on the same cores. The processes take turns, so a moment in which
the machine is slow is slow for all. Times are medians over the turns. Memory is what a process grows by during its
first kernel, beyond the kernel itself (peak resident size; on macOS by ru_maxrss, on Windows not known).
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import textwrap
import time

import numpy as np

from minintk import guard, kernel, network, training
from minintk.tools import doctor
from minintk.tools import threads as blas

CASES = [  # P, D, N, L, C
    (50, 10, 50, 2, 1),
    (50, 784, 100, 2, 1),
    (200, 64, 256, 2, 1),
    (500, 784, 500, 3, 1),
    (300, 64, 128, 3, 10),
    (1000, 784, 1000, 3, 1),
    (2000, 100, 500, 4, 1),
    (5000, 64, 256, 2, 1),
]
STEP_ONLY = CASES[:1]  # as a kernel it is all overhead
CONTENDERS = ("minintk", "loop", "jax", "torch", "neural-tangents")
LEGEND = """
ntk: ms a kernel, checked against minintk's to 1e-8. MB: memory beside it. step: ms a training step.
x: minintk in times of the limit, the others in times of minintk. loop: the Gram matrix of
per-sample gradients, left out above 2 GB of them or 3e12 operations (about a minute).
"""
SIZE = 1500  # of the square products that measure the machine
TURN = 0.1  # seconds that a turn lasts at least
PATIENCE = 10  # seconds after which a contender takes no more turns
STEP_SIZE = 1e-9  # the steps are timed, not the training


@guard.settings(threads="int [1, inf)", rounds="int [1, inf)")
def main(threads=1, rounds=7, quick=False):
    """Prints the table, row by row, and what follows from it. quick: three rounds of the three smallest cases."""
    rows = []
    for row in bench(threads, CASES[:3] if quick else CASES, min(rounds, 3) if quick else rounds):
        if isinstance(row, dict):
            if not rows:
                heads = "".join(f"{name:>8}    " for name in CONTENDERS)
                print(f"{LEGEND}\n{'P, D, N, L, C':28}{'limit':>7}{heads}".rstrip())
            rows.append(row)
        print(table_line(row) if isinstance(row, dict) else row, flush=True)
    print(f"\n{textwrap.fill(conclusion(rows), 98)}")


def bench(threads=1, cases=CASES, rounds=7):
    """Yields rows, {"case", "what", "limit", a number for each contender}, and remarks, which are text."""
    absent = {name for name, module in NEEDS.items() if importlib.util.find_spec(module) is None}
    for case in cases:
        names = [name for name in ("limit", *CONTENDERS) if name not in absent and (name != "loop" or loop_fits(*case))]
        with contextlib.ExitStack() as stack:
            workers = {name: stack.enter_context(_Worker(name, case, threads)) for name in names}
            if case == cases[0]:
                yield workers["limit"].ask("machine")
            for task in ("step",) if case in STEP_ONLY else ("ntk", "step"):
                memory = {}
                for name in [name for name in names if task == "ntk" or name in {*STEPS} - absent]:
                    try:
                        memory[name] = workers[name].ask(task)
                    except RuntimeError as error:
                        absent.add(name)
                        yield f"{name} is left out: {error}"
                yield {"case": case, "what": task} | _take_turns({name: workers[name] for name in memory}, rounds)
                if task == "ntk":
                    yield {"case": case, "what": "MB"} | memory


def _take_turns(workers, rounds):
    """The median time of each worker, milliseconds."""
    times = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            if sum(times[name]) < PATIENCE:
                times[name].append(worker.ask("turn"))
    return {name: 1e3 * statistics.median(taken) for name, taken in times.items()}


def table_line(row):
    """A row of the table as text."""
    case = ", ".join(map(str, row["case"])) if row["what"] == "ntk" or row["case"] in STEP_ONLY else ""
    text = f"{case:23}{row['what']:5}{_digits(row.get('limit')):>7}"
    for name in CONTENDERS:
        base = row.get("limit" if name == "minintk" else "minintk")
        ratio = f"x{_digits(row[name] / base)}" if row["what"] != "MB" and name in row and base else ""
        text += f"{_digits(row.get(name)):>6} {ratio:<5}"
    return text.rstrip()


def conclusion(rows):
    """What follows from the rows, and from nothing else."""
    kernels = [row for row in rows if row["what"] == "ntk"]
    ratios = {name: [row[name] / row["minintk"] for row in kernels if name in row] for name in CONTENDERS[1:]}
    ratios = {"the limit": [row["minintk"] / row["limit"] for row in kernels]} | ratios
    spans = [f"{name} {_digits(min(r))} to {_digits(max(r))}" for name, r in ratios.items() if r]
    text = f"For a kernel minintk takes {spans[0].removeprefix('the limit ')} times the limit"
    return f"{text}; times of the others over minintk's: {', '.join(spans[1:])}." if spans[1:] else f"{text}."


def _digits(x):
    return "-" if x is None or x != x else f"{x:.3f}" if x < 0.1 else f"{x:.{2 - (x >= 10) - (x >= 100)}f}"


def ntk_operations(P, D, N, L, C):
    """Additions and multiplications that the layerwise formula cannot avoid: in general and in symmetric products.

    Forward to h_{L-1}; backward from B_{L-1}, which is W_L times the gate, for each output; and then the Gram matrices
    of every h_{l-1} and B_l but B_L, n (n + 1) k each, with full products between different outputs.
    """
    widths = [D, *[N] * (L - 1)]  # of h_0 ... h_{L-1}
    links = [a * b for a, b in zip(widths, widths[1:])]  # entries of W_1 ... W_{L-1}
    general = 2 * P * (sum(links) + C * sum(links[1:])) + C * (C - 1) * P * P * sum(widths[1:])
    return general, P * (P + 1) * (sum(widths) + C * sum(widths[1:]))


def step_operations(P, D, N, L, C):
    """The same for a training step: forward, weight gradients, and backward to B_1, with min(P, D) inputs."""
    widths = [min(P, D), *[N] * (L - 1), C]
    links = [a * b for a, b in zip(widths, widths[1:])]
    return 2 * P * (2 * sum(links) + sum(links[1:])), 0


def loop_fits(P, D, N, L, C):
    """Whether `gram_by_loop` is tried: at most 2 GB of gradients and 3e12 additions and multiplications."""
    entries = P * C * (D * N + N * N * (L - 2) + N * C)
    return 8 * entries <= 2e9 and P * C * entries <= 3e12


@guard.accepts()
def gram_by_loop(weights, X):
    """The kernel as a first attempt writes it: every gradient, sample by sample, then all their inner products."""
    J = np.concatenate([kernel.jacobian(weights, x[None]) for x in X])  # (P, C, n_params)
    P, C, _ = J.shape
    J = J.reshape(P * C, -1)
    return (J @ J.T).reshape(P, C, P, C).transpose(1, 3, 0, 2)


def _hidden(weights, X):
    layers = [X]
    for W in weights[:-1]:
        z = layers[-1] @ W.T
        layers.append(z * (z > 0))
    return layers


def layerwise(xp, weights, X):
    """The formula of `kernel.ntk` in words that jax.numpy and torch share: whole matrices, no tiles. (C, C, P, P)"""
    layers, C = _hidden(weights, X), len(weights[-1])
    K = xp.einsum("cd,mn->cdmn", xp.eye(C, dtype=X.dtype), layers[-1] @ layers[-1].T)
    B = weights[-1][:, None, :]  # (C, 1, N)
    for W, h, h_below in zip(weights[-2::-1], layers[:0:-1], layers[-2::-1]):
        B = B * (h > 0)  # (C, P, n_l)
        K = K + xp.einsum("cmi,dni->cdmn", B, B) * (h_below @ h_below.T)
        B = B @ W
    return K


def descend(weights, X, y):
    """A step of gradient descent on the mean squared error, in words that jax.numpy and torch share."""
    layers = _hidden(weights, X)
    B = (layers[-1] @ weights[-1].T - y) / len(y)
    moved = []
    for W, h in zip(weights[::-1], layers[::-1]):
        moved.append(W - STEP_SIZE * (B.T @ h))
        B = (B @ W) * (h > 0) if h is not X else None
    return moved[::-1]


class _Worker:
    """A contender in a child process: `ask` sends it a word and returns its answer."""

    def __init__(self, name, case, threads):
        pinned = sorted(os.sched_getaffinity(0))[-threads:] if hasattr(os, "sched_getaffinity") else []
        pin = f"import os; os.sched_setaffinity(0, {pinned}); " if pinned else ""
        code = f"{pin}from minintk.tools import bench; bench._serve({name!r}, {tuple(case)})"
        env = os.environ | dict.fromkeys(blas.NAMES, str(threads))
        env |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}
        eigen = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
        env["XLA_FLAGS"] = f"{eigen} intra_op_parallelism_threads={threads}"
        here = str(pathlib.Path(__file__).parents[2])
        env["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, "-c", code], env=env, text=True, **pipes)

    def ask(self, word):
        try:
            print(word, file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            raise RuntimeError(f"its process ended with code {self.process.wait()}") from None
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def _serve(name, case):
    """The child's side: answers words from the standard input until it ends."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    contender = _Limit(case) if name == "limit" else _Contender(name, case)
    for word in sys.stdin:
        try:
            answer = {"value": getattr(contender, word.strip())()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=channel, flush=True)


class _Limit:
    """Stands for the machine: its turn is the time of the unavoidable operations at the rates measured just now."""

    def __init__(self, case):
        self.case = case
        self.A, self.B = np.random.default_rng(0).standard_normal((2, SIZE, SIZE))

    def machine(self):
        name, core, threads = doctor.blas()
        threads = threads or os.environ["OPENBLAS_NUM_THREADS"]
        return f"{doctor.cpu()}; {name}, core type {core or 'unknown'}; threads: {threads}; numpy {np.__version__}"

    def ntk(self):
        self.operations = ntk_operations(*self.case)

    def step(self):
        self.operations = step_operations(*self.case)

    def turn(self):
        return limit_seconds(self.operations, _seconds(lambda: self.A @ self.B), _seconds(lambda: self.A @ self.A.T))


def limit_seconds(operations, general, symmetric):
    """The time of (general, symmetric) operations, from that of A B and of A A^T with SIZE rows and columns."""
    return operations[0] * general / (2 * SIZE**3) + operations[1] * symmetric / (SIZE * SIZE * (SIZE + 1))


class _Contender:
    def __init__(self, name, case):
        P, D, N, L, C = case
        rng = np.random.default_rng(0)
        self.name = name
        self.X, self.y = rng.standard_normal((P, D)), rng.standard_normal((P, C))
        self.weights = network.init_weights([D, *[N] * (L - 1), C], 1.0, rng)

    def ntk(self):
        """Gets the kernel ready to be timed; returns the memory of the first one, MB."""
        KERNELS[self.name](self.weights, self.X[:2])()  # what a library sets up once is not the kernel's
        call = KERNELS[self.name](self.weights, self.X)
        with contextlib.suppress(OSError):
            pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
        before = _resident("VmRSS")
        K = call()
        grown = _resident("VmHWM") - before - K.nbytes
        expected = kernel.ntk(self.weights, self.X)
        K = np.asarray(K).transpose(2, 3, 0, 1) if self.name == "neural-tangents" else np.asarray(K)
        error = abs(K.reshape(expected.shape) - expected).max() / abs(expected).max()
        if not error < 1e-8:
            raise ValueError(f"its kernel differs from minintk's by {error:.1e} of the largest entry")
        self.times, self.run = 1, lambda times: _repeat(call, times)
        return max(grown, 0) / 1e6

    def step(self):
        """Gets training steps ready to be timed: one more than asked for, as `turn` takes the time of one off."""
        Z, Q = training.span_coordinates(self.X)
        steps = STEPS[self.name]([self.weights[0] @ Q, *self.weights[1:]], Z, self.y)
        steps(1)
        self.times, self.run = 8, lambda times: steps(times + 1)

    def turn(self):
        """Seconds for one kernel or one step, from as many as fill a turn."""
        while True:
            seconds = _seconds(lambda: self.run(self.times)) - _seconds(lambda: self.run(0))
            if seconds >= TURN:
                return seconds / self.times
            self.times *= 2


def _repeat(call, times):
    for _ in range(times):
        call()


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _resident(key):
    """Bytes of this process in memory, now (VmRSS) or at the peak (VmHWM); NaN where the system does not tell."""
    with contextlib.suppress(OSError):
        status = pathlib.Path("/proc/self/status").read_text()
        return 1024 * int(status.partition(f"{key}:")[2].split()[0])
    with contextlib.suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float("nan")


def _minintk(weights, X):
    return lambda: kernel.ntk(weights, X)


def _minintk_steps(weights, X, y):
    return lambda n: training.gradient_descent(weights, X, y, STEP_SIZE, steps=n)


def _loop(weights, X):
    return lambda: gram_by_loop(weights, X)


def _jax(weights, X):
    import jax

    compiled = jax.jit(lambda *args: layerwise(jax.numpy, *args)).lower(weights, X).compile()
    weights, X = jax.device_put((weights, X))
    return lambda: compiled(weights, X).block_until_ready()


def _jax_steps(weights, X, y):
    import jax

    run = jax.jit(lambda n, *args: jax.lax.fori_loop(0, n, lambda _, weights: descend(weights, *args[1:]), args[0]))
    args = jax.device_put((weights, X, y))
    return lambda n: jax.block_until_ready(run(n, *args))


def _torch(weights, X):
    import torch

    weights, X = [torch.from_numpy(W) for W in weights], torch.from_numpy(X)
    return lambda: layerwise(torch, weights, X)


def _torch_steps(weights, X, y):
    import torch

    start, X, y = [torch.from_numpy(W) for W in weights], torch.from_numpy(X), torch.from_numpy(y)

    def run(n):
        weights = start
        for _ in range(n):
            weights = descend(weights, X, y)

    return run


def _neural_tangents(weights, X):
    import jax
    import neural_tangents as nt

    def f(weights, X):
        for W in weights[:-1]:
            X = jax.nn.relu(X @ W)
        return X @ weights[-1]

    weights = [W.T.copy() for W in weights]  # it does not see the structure of a layer behind a transpose
    structured = nt.NtkImplementation.STRUCTURED_DERIVATIVES
    ntk = nt.empirical_ntk_fn(f, trace_axes=(), vmap_axes=0, implementation=structured)
    compiled = jax.jit(lambda weights, X: ntk(X, None, weights)).lower(weights, X).compile()
    weights, X = jax.device_put((weights, X))
    return lambda: compiled(weights, X).block_until_ready()


KERNELS = {"minintk": _minintk, "loop": _loop, "jax": _jax, "torch": _torch, "neural-tangents": _neural_tangents}
STEPS = {"limit": None, "minintk": _minintk_steps, "jax": _jax_steps, "torch": _torch_steps}
NEEDS = {"jax": "jax", "torch": "torch", "neural-tangents": "neural_tangents"}

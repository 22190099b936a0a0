"""Made-up arguments for a library function, from what its guard says it accepts: to ask a student's function again."""

import inspect

import numpy as np

SIZES = [  # of four questions; no two laws in these letters agree on all of them
    {"P": 4, "D": 3, "N": 5, "C": 1},
    {"P": 7, "D": 3, "N": 6, "C": 1},
    {"P": 4, "D": 6, "N": 8, "C": 2},
    {"P": 6, "D": 5, "N": 3, "C": 3},
]


def arguments(function, sizes, seed=0, whole=False):
    """Keyword arguments for the function at these sizes, {"P", "D", "N", "C"}; the same ones for the same seed.

    Those that may be left out are made only for the whole, but for the number of steps, which is small here.
    """
    rng = np.random.default_rng(seed)
    made = {}
    for name, parameter in inspect.signature(function).parameters.items():
        spec = function.specs.get(name)
        if spec is None:
            made[name] = 0 if parameter.default is parameter.empty else parameter.default
        elif name == "steps":
            made[name] = 30
        elif isinstance(spec, str) and parameter.default is not parameter.empty and not whole:
            continue
        else:
            made[name] = _value(spec, name, sizes, made, rng)
    return made


def _value(spec, name, sizes, made, rng):
    P, D, N, C = (sizes[letter] for letter in "PDNC")
    if isinstance(spec, tuple):
        return spec[0]
    if spec == "sizes":
        return [D, N, C]
    if "->" in spec:
        shapes = [(N, D), (C, N)] if spec.count("->") == 2 else [(N, D), (N, N), (C, N)]
        drawn = [rng.standard_normal(shape) for shape in shapes]
        return [W**2 for W in drawn] if spec.endswith("not negative") else drawn
    if spec.startswith(("each ", "any ")):
        return [1, 2, 3] if "int" in spec else (np.cumsum(rng.random(3)) / 3).tolist()
    if spec in ("layers", "deltas"):
        widths = [len(W) for W in made["weights"]] if "weights" in made else [N, N, C]
        return [rng.standard_normal((P, n)) for n in ([D, *widths] if spec == "layers" else widths)]
    if spec == "targets":
        return rng.standard_normal((P, C))
    if spec[-1] in ")]":
        return 3 if spec.startswith("int") else 0.1 if name == "r0" else 0.3
    spec, _, wanted = spec.partition(", ")
    axes = spec.removeprefix("scalar | ").split("|")[0].split() if spec != "..." else ["P", "N"]
    shape = [sizes.get(axis[0], P + 1) + (axis[1:] not in ("", "1")) for axis in axes]
    if len(axes) >= 2 and axes[-1] == axes[-2]:
        J = rng.standard_normal([*shape[:-1], 2 * P + 1])
        return J @ np.swapaxes(J, -1, -2)
    if wanted in ("rising", "not negative", "positive"):
        return np.cumsum(rng.random(shape))
    drawn = rng.standard_normal(shape)
    return drawn / np.linalg.norm(drawn) if wanted == "of length 1" else drawn

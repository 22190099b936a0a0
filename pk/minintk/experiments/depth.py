"""Deep linear layers: alignment takes a fixed share of the learning time, yet ever less of the loss falls before it.

Claim. With L > 2 layers on white data both the alignment and the learning time grow as sigma^{-(L-2)}: their ratio does
not go to 0, as it does for L = 2, but to a constant (.58 for L = 3, .85 for L = 4, seed 0). What does go to 0 is the
loss drop at the alignment time, as sigma^L. The kernel ends at

    K_inf = s^{2-2/L} X [(L - 1) beta beta^T + I] X^T.

Its layer terms K_l, l > 1, become rank one, later layers first; the whole kernel does not.

Why. While f ~ 0, dW_l/dt is a product of L - 1 weight matrices with y: multiply all weights by sigma, and the same flow
runs sigma^{L-2} times as fast. So A(t) is one function of t sigma^{L-2} until the loss moves. There f ~ sigma^L, and
the loss drop is 2 f / y to first order.
One direction grows fastest, and balance makes u the same in all layers:

    W_l -> u r_{l+1} r_l^T,  |r_l| = 1,  r_1 = beta,  f = u^L X beta,  du/dt = u^{L-1} (s - u^L).

From u_0 ~ sigma, u leaves at the escape time t* = u_0^{-(L-2)} / ((L-2) s).
Layer l adds K_l = |B_l|^2 h_{l-1} h_{l-1}^T, where h_{l-1} = X W_1^T ... W_{l-1}^T and B_l is one vector for all
samples. With rank-one layers that is u^{2L-2} X beta beta^T X^T, but for l = 1 nothing below selects beta: X X^T.
Sum them with u^L = s to find K_inf. And if each layer is rank one up to a small remainder e, the product of l - 1
layers is so up to e^{l-1}: later terms are rank one first.

Source. Paper, section 4.1 and equations (58)-(63). In the text we read, 4.1.1 and (60)-(61) have dc/dt for c = u^L
without its factor L; with it, dc/dt = L c^{2-2/L} (s - c), rank-one networks follow the curve to 1e-6 ("u^L" in the
table). In the text we read, (58) has the factor L - 1 on I and (63) has s^{2L-2}; the runs end at the form above.

Try next. L = 5: 5: (0.06, 0.05, 0.04) in SIGMAS and 5: 0.06 in MAIN: what exponent do you expect, and which t_half?
S = 3.0 in linear_phases.py: which times change, and by which factor for each L? N = 200 there: is alignment a smaller
share of the learning time?
"""

import functools

import numpy as np

from minintk import alignment, experiments, guard, linear_theory, training
from minintk.experiments import linear_phases

SIGMAS = {2: (0.1, 0.01, 1e-3), 3: (0.03, 0.01, 3e-3), 4: (0.05, 0.02, 0.01)}  # by L, falling
MAIN = {2: 1e-3, 3: 0.01, 4: 0.05}  # the sigma whose numbers stand in the table
DROPS = (1e-3, 0.01, 0.1)  # the loss drops at which the layer terms are looked at, besides start and end
S = linear_phases.S


@guard.settings(seed="int [0, inf)")
def run(seed=0):
    """For every depth the same random weights, scaled to three sigmas, and one rank-one network beside the closed form.

    Returns arrays, summary, and depths: a dict of numbers and curves for each L.
    """
    depths = [depth(seed, L) for L in SIGMAS]
    numbers = [d["numbers"] for d in depths]
    settings = {"seed": seed, "P": linear_phases.P, "D": linear_phases.D, "N": linear_phases.N, "s": S}
    arrays = {f"L_{d['numbers']['L']}_{name}": curve for d in depths for name, curve in d["curves"].items()}
    summary = {"experiment": "depth", "settings": settings | {"sigmas": SIGMAS}, "depths": numbers}
    return {"depths": depths, "arrays": arrays, "summary": summary | {"verdict": verdict(numbers)}}


def depth(seed, L):
    """Numbers and curves of all runs with L layers."""
    X, beta, directions = linear_phases.task(seed, L)
    grid = np.linspace(0.01, 2.0 if L == 2 else 1.5 / (L - 2), 200) / S  # of t sigma^{L-2}
    flows = {sigma: flow(X, beta, [sigma * W for W in directions], grid * sigma ** (2 - L)) for sigma in SIGMAS[L]}
    curves, at_align, A_before = {}, [], []
    for sigma, run in flows.items():
        A = np.array([alignment.kernel_alignment(K, run.kernels[-1]) for K in run.kernels])
        first = np.searchsorted(run.times, alignment.alignment_time(run.times, A))
        at_align.append(float(1 - run.losses[first] / run.losses[0]))
        A_before.append(np.interp(grid, run.times * sigma ** (L - 2), A))
        curves |= {f"sigma_{sigma:g}_times": run.times, f"sigma_{sigma:g}_A": A, f"sigma_{sigma:g}_losses": run.losses}
    main, sigma = flows[MAIN[L]], MAIN[L]
    A, drops = curves[f"sigma_{sigma:g}_A"], 1 - main.losses / main.losses[0]
    shares = np.array([[top_share(K) for K in linear_theory.layer_terms(W, X, 1.0)] for W in main.weights])  # (T, L)
    looked = [0, *(int(np.argmax(drops >= drop * (1 - 1e-6))) for drop in DROPS), -1]
    t_align, t_half = alignment.alignment_time(main.times, A), alignment.learning_time(main.times, main.losses, 0.5)
    until = grid <= t_align * sigma ** (L - 2)
    times, c, c_theory = rank_one(X, beta, L)
    K_inf = linear_theory.final_kernel(X, beta, S, L)
    numbers = {
        "L": L,
        "sigma": sigma,
        "A_0": float(A[0]),
        "t_align": t_align,
        "t_ratio": t_align / alignment.learning_time(main.times, main.losses),
        "drop_at_align": dict(zip(map("{:g}".format, SIGMAS[L]), at_align)),
        "exponent": float(np.polyfit(np.log(SIGMAS[L]), np.log(at_align), 1)[0]),
        "collapse": float(abs(A_before[-1] - A_before[-2])[until].max()),
        "t_half": t_half,
        "effective_u_0": float(((L - 2) * S * t_half) ** (1 / (2 - L)) / sigma) if L > 2 else None,
        "K_error": linear_phases.distance(main.kernels[-1], K_inf),
        "rank_one_error": float(abs(c - c_theory).max() / S),
        "shares": {f"K_{l + 1}": shares[looked, l].tolist() for l in range(L)},
        "share_K": top_share(main.kernels[-1]),
        "ranks": [alignment.effective_rank(main.kernels[i]) for i in (0, -1)],
        "spectrum_theory": linear_theory.final_spectrum(linear_phases.D, L),
    }
    curves |= {"drops": drops, "shares": shares, "rank_one_times": times, "rank_one_c": c, "rank_one_theory": c_theory}
    return {"numbers": numbers, "curves": curves}


def flow(X, beta, weights, times):
    """A run to the end, recorded at these times and, for the layer terms, at many loss drops."""
    return training.gradient_flow(
        weights,
        X,
        (S * X @ beta)[:, None],
        slope=1.0,
        target_loss=1e-11 * S**2,
        record_times=times,
        record_drops=(*DROPS, *np.geomspace(2e-4, 0.9, 12), 0.5, 0.99),
        record_kernels=True,
        record_weights=True,
    )


def rank_one(X, beta, L, u_0=0.1):
    """The learned strength c = u^L of a balanced rank-one network along beta: times, simulation, closed form."""
    units = [beta, *np.eye(2)[[0] * (L - 1)], np.ones(1)]  # r_1 ... r_{L+1}
    weights = [u_0 * np.outer(above, below) for below, above in zip(units, units[1:])]
    start = -np.log(u_0) if L == 2 else linear_theory.escape_time(u_0, S, L) * S
    times = np.linspace(0, 1.2 * start + 2, 240) / S
    run = training.gradient_flow(
        weights, X, (S * X @ beta)[:, None], slope=1.0, time=times[-1], record_times=times, record_weights=True
    )
    c = np.array([np.linalg.multi_dot(W[::-1])[0] @ beta for W in run.weights])
    return run.times, c, linear_theory.deep_mode(u_0, S, L, run.times) ** L


def top_share(K):
    """The share of the largest eigenvalue in the trace."""
    return float(np.linalg.eigvalsh(K)[-1] / np.trace(K))


def verdict(depths):
    """What the numbers of all depths mean, in sentences."""
    exponents = all(abs(d["exponent"] / d["L"] - 1) < 0.03 for d in depths)
    kernels = all(d["K_error"] < 0.01 and d["rank_one_error"] < 1e-4 for d in depths)
    collapse = all(d["collapse"] < 0.01 for d in depths)
    ordered = all(later(d, i) for d in depths for i in (2, 3))
    told = ", ".join(f"{d['exponent']:.2f}" for d in depths)
    ratios = ", ".join(f"{d['t_ratio']:.2f}" for d in depths)
    layers = ", ".join(f"{d['L']}" for d in depths)
    return (
        f"The loss drop at t_align falls as sigma to the power {told} for L = {layers}: "
        f"{'sigma^L' if exponents else 'NOT sigma^L'}.\n"
        f"t_align / t_learn is {ratios}.\n"
        f"Until t_align A(t) depends {'only on t sigma^(L-2)' if collapse else 'NOT only on t sigma^(L-2)'}.\n"
        f"The closed forms of u(t) and K_inf {'hold' if kernels else 'do NOT hold'}.\n"
        f"The layer terms become rank one, {'later layers first' if ordered else 'but NOT later layers first'}."
    )


def later(numbers, i):
    """Whether at the i-th look every layer term has a larger top share than the one before it."""
    shares = [share[i] for share in numbers["shares"].values()]
    return all(a < b + 1e-3 for a, b in zip(shares, shares[1:])) and shares[-1] > 0.9


def report(results):
    """The table and the verdict as text."""
    depths = results["summary"]["depths"]
    row = functools.partial(experiments.row, depths)
    looks = ["start", *(f"drop {drop:g}" for drop in DROPS), "end"]
    terms = [(f"L = {d['L']}", name, shares) for d in depths for name, shares in d["shares"].items()]
    rows = [
        ("L, layers", [str(d["L"]) for d in depths]),
        row("sigma, scale of the weights", "{:g}", "sigma"),
        row("A(K_t, K_inf) at the start", "{:.3f}", "A_0"),
        row("t_align, A >= 0.95 from then on", "{:.2f}", "t_align"),
        row("t_align / t_learn (loss drop 10%)", "{:.2f}", "t_ratio"),
        ("loss drop at t_align", [f"{d['drop_at_align'][format(d['sigma'], 'g')]:.1e}" for d in depths]),
        row("  fitted exponent of sigma in the line above", "{:.2f}", "exponent"),
        row("largest difference of A at equal t sigma^(L-2)", "{:.0e}", "collapse"),
        row("t_half, loss drop 50%", "{:.1f}", "t_half"),
        row("  u_0 / sigma whose escape time t* is t_half", "{:.2f}", "effective_u_0"),
        row("u^L of a rank-one network, error / s", "{:.0e}", "rank_one_error"),
        row("K_inf, relative error", "{:.1e}", "K_error"),
        ("effective rank of K_0", [f"{d['ranks'][0]:.1f}" for d in depths]),
        ("effective rank of K_inf", [f"{d['ranks'][1]:.1f}" for d in depths]),
        ("  theory", [f"{d['spectrum_theory'][1]:.1f}" for d in depths]),
        ("share of K_inf's top eigenvalue", [f"{d['share_K']:.3f}" for d in depths]),
        ("  theory", [f"{d['spectrum_theory'][0]:.3f}" for d in depths]),
    ]
    shares = [("share of the top eigenvalue in K_l", looks)]
    shares += [(f"  {layers}, {name}", [f"{share:.2f}" for share in values]) for layers, name, values in terms]
    settings = results["summary"]["settings"]
    heading = (
        f"deep linear networks, N = {settings['N']}, on {settings['P']} white samples of D = {settings['D']} inputs; "
        f"y = s X beta, s = {S:g};\nseed {settings['seed']}; gradient flow. The exponent is fitted to three sigmas for "
        "each L, A compared for the\nsmaller two until t_align; the other lines are those of the one given."
    )
    tables = [experiments.table(rows), "", experiments.table(shares)]
    return "\n".join([heading, "", *tables, "", results["summary"]["verdict"]])

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
table). In the text we read, (58) has the factor L - 1 on I and (63) has s^{2L-2}; the runs end at the form above, which
is (10) of the main text.

Try next. L = 5: 5: (0.06, 0.05, 0.04) in SIGMAS: what exponent do you expect, and which t_half? S = 3.0 in
linear_phases.py: which times change, and by which factor for each L? N = 200 there: is alignment a smaller share of the
learning time? `minintk sweep depth --depth 2 3 4 5 --width 50 200 --sigma 0.06 --seed 0 1 2` asks for both at once.
"""

import functools

import numpy as np

from minintk import alignment, experiments, guard, linear_theory, silence
from minintk.experiments import common, linear_phases, style

SIGMAS = {2: (1e-3, 0.01, 0.1), 3: (0.01, 0.03, 3e-3), 4: (0.05, 0.02, 0.01)}  # by L; the first is the table's
DROPS = (1e-3, 0.01, 0.1)  # the loss drops at which the layer terms are looked at, besides start and end
U_0 = 0.1  # of the rank-one networks
MOMENTS = 200  # that are recorded of a run
POINT = "A_0", "t_align", "t_ratio", "t_half", "drop_at_align", "K_error", "share_K"


@guard.settings(seed="int [0, inf)")
def run(seed=0):
    """For every depth the same random weights, scaled to its sigmas, and one rank-one network beside the closed form.

    Data, width and s are those of `linear_phases`.
    """
    depths, curves = zip(*(depth(seed, L) for L in SIGMAS))
    settings = {"seed": seed, "P": linear_phases.P, "D": linear_phases.D, "N": linear_phases.N, "s": linear_phases.S}
    settings["sigmas"] = {L: sorted(sigmas, reverse=True) for L, sigmas in SIGMAS.items()}
    summary = {"experiment": "depth", "settings": settings, "depths": depths, "verdict": verdict(depths)}
    arrays = {f"L_{d['L']}_{name}": curve for d, c in zip(depths, curves) for name, curve in c.items()}
    return experiments.Result(summary, arrays, report(summary), functools.partial(figure, depths, curves))


@guard.settings(sigma="(0, inf)", width="int [1, inf)", depth="int [2, inf)", seed="int [0, inf)")
def point(sigma=0.01, width=linear_phases.N, depth=3, seed=0):
    """One run in flat numbers for `minintk sweep`, as in the table.

    Returns a dict: A_0, t_align, t_ratio, t_half, drop_at_align, K_error, share_K.
    """
    X, beta, directions = linear_phases.task(seed, depth, width)
    flow = train(X, beta, [sigma * W for W in directions], scaled_times(depth) * sigma ** (2 - depth))
    A, drops = silence.alignment_curve(flow.kernels), 1 - flow.losses / flow.losses[0]
    numbers, _ = main_run(flow, A, drops, X, beta, depth)
    numbers["drop_at_align"] = float(drops[np.searchsorted(flow.times, numbers["t_align"])])
    return {name: numbers[name] for name in POINT}


def scaled_times(L):
    """The moments t sigma^(L-2) that are recorded of every run with L layers."""
    return np.linspace(0.01, 2.0 if L == 2 else 1.5 / (L - 2), MOMENTS) / linear_phases.S


def depth(seed, L):
    """Numbers and curves of all runs with L layers."""
    (X, beta, directions), s, grid = linear_phases.task(seed, L), linear_phases.S, scaled_times(L)
    main, *others = SIGMAS[L]
    if not others:
        raise ValueError(f"depth: SIGMAS for L = {L} is {main:g} alone, expected two sigmas at least")
    curves, at_align, A_before = {}, {}, []
    for sigma in sorted(SIGMAS[L], reverse=True):
        flow = train(X, beta, [sigma * W for W in directions], grid * sigma ** (2 - L))
        A, drops = silence.alignment_curve(flow.kernels), 1 - flow.losses / flow.losses[0]
        t_align = alignment.alignment_time(flow.times, A)
        at_align[sigma] = float(drops[np.searchsorted(flow.times, t_align)])
        A_before.append(np.interp(grid, flow.times * sigma ** (L - 2), A))
        kept = {"times": flow.times, "A": A, "losses": flow.losses}
        curves |= {f"sigma_{sigma:g}_{name}": curve for name, curve in kept.items()}
        if sigma == main:
            numbers, shares = main_run(flow, A, drops, X, beta, L)
            until = grid <= t_align * sigma ** (L - 2)
            curves |= {"drops": drops, "shares": shares}
    times, c, c_theory = rank_one(X, beta, L)
    numbers |= {
        "L": L,
        "sigma": main,
        "drop_at_align": {f"{sigma:g}": drop for sigma, drop in at_align.items()},
        "exponent": float(np.polyfit(np.log(list(at_align)), np.log(list(at_align.values())), 1)[0]),
        "collapse": float(abs(A_before[-1] - A_before[-2])[until].max()),
        "effective_u_0": float(((L - 2) * s * numbers["t_half"]) ** (1 / (2 - L)) / main) if L > 2 else None,
        "rank_one_error": float(abs(c - c_theory).max() / s),
        "spectrum_theory": linear_theory.final_spectrum(linear_phases.D, L),
    }
    return numbers, curves | {"rank_one_times": times, "rank_one_c": c, "rank_one_theory": c_theory}


def train(X, beta, weights, times):
    """A run to the end, recorded at these times and, for the layer terms, at many loss drops."""
    drops = (*DROPS, *np.geomspace(2e-4, 0.9, 12), 0.5, 0.99)
    end = 1e-11 * linear_phases.S**2
    return linear_phases.train(X, beta, weights, target_loss=end, record_times=times, record_drops=drops)


def main_run(flow, A, drops, X, beta, L):
    """The numbers of the run that the table is about, and at each moment the top shares of its layer terms (T, L)."""
    shares = np.array([[top_share(K) for K in linear_theory.layer_terms(W, X, 1.0)] for W in flow.weights])
    looked = [0, *(int(np.argmax(drops >= drop * (1 - 1e-6))) for drop in DROPS), -1]
    t_align = alignment.alignment_time(flow.times, A)
    numbers = {
        "A_0": float(A[0]),
        "t_align": t_align,
        "t_ratio": t_align / alignment.learning_time(flow.times, flow.losses),
        "t_half": alignment.learning_time(flow.times, flow.losses, 0.5),
        "K_error": common.relative_error(flow.kernels[-1], linear_theory.final_kernel(X, beta, linear_phases.S, L)),
        "shares": {f"K_{l + 1}": shares[looked, l].tolist() for l in range(L)},
        "share_K": top_share(flow.kernels[-1]),
        "ranks": [alignment.effective_rank(flow.kernels[i]) for i in (0, -1)],
    }
    return numbers, shares


def top_share(K):
    """The share of the largest eigenvalue in the trace."""
    return float(np.linalg.eigvalsh(K)[-1] / np.trace(K))


def rank_one(X, beta, L):
    """The learned strength c = u^L of a balanced rank-one network along beta: times, simulation, closed form."""
    s, units = linear_phases.S, [beta, *np.eye(2)[[0] * (L - 1)], np.ones(1)]  # r_1 ... r_{L+1}
    weights = [U_0 * np.outer(above, below) for below, above in zip(units, units[1:])]
    start = -np.log(U_0) if L == 2 else linear_theory.escape_time(U_0, s, L) * s
    times = np.linspace(0, 1.2 * start + 2, MOMENTS) / s
    flow = linear_phases.train(X, beta, weights, time=times[-1], record_times=times)
    c = np.array([np.linalg.multi_dot(W[::-1])[0] @ beta for W in flow.weights])
    return flow.times, c, linear_theory.deep_mode(U_0, s, L, flow.times) ** L


def verdict(depths):
    """What the numbers of all depths mean, in sentences."""
    exponents = all(abs(d["exponent"] / d["L"] - 1) < 0.03 for d in depths)
    kernels = all(d["K_error"] < 0.01 and d["rank_one_error"] < 1e-4 for d in depths)
    collapse = all(d["collapse"] < 0.01 for d in depths)
    ordered = all(later(d, i) for d in depths for i in range(2, 1 + len(DROPS)))
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


def report(summary):
    """The tables, a column for each L and a row for each layer term, and the verdict."""
    depths, settings = summary["depths"], summary["settings"]
    row = functools.partial(common.row, depths)
    rows = [
        row("L, layers", "{}", "L"),
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
        row("effective rank of K_0", "{:.1f}", "ranks", 0),
        row("effective rank of K_inf", "{:.1f}", "ranks", 1),
        row("  theory", "{:.1f}", "spectrum_theory", 1),
        row("share of K_inf's top eigenvalue", "{:.3f}", "share_K"),
        row("  theory", "{:.3f}", "spectrum_theory", 0),
    ]
    terms = [("share of the top eigenvalue in K_l", ["start", *(f"drop {drop:g}" for drop in DROPS), "end"])]
    for d in depths:
        for name, shares in d["shares"].items():
            terms.append((f"  L = {d['L']}, {name}", [f"{share:.2f}" for share in shares]))
    heading = (
        f"deep linear networks, N = {settings['N']}, on {settings['P']} white samples of D = {settings['D']} inputs; "
        f"y = s X beta, s = {settings['s']:g};\nseed {settings['seed']}; gradient flow. The exponent is fitted to "
        "all sigmas of each L, A compared for the\nsmallest two until t_align; the other lines are those of the one "
        "given."
    )
    return "\n".join([heading, "", common.table(rows), "", common.table(terms), "", summary["verdict"]])


def figure(depths, curves):
    """Collapse of A(t), loss drop at alignment, layer terms of the deepest network, and rank-one networks."""
    fig, ((collapse, drop), (terms, modes)) = style.panels(2, 2, (11, 8.4))
    for d, c, (color, dashes), marker in zip(depths, curves, style.STYLES * len(depths), "os^D" * len(depths)):
        L, at_align = d["L"], {float(sigma): value for sigma, value in d["drop_at_align"].items()}
        collapsed(collapse, L, at_align, c, color)
        label = f"L = {L}, fitted slope {d['exponent']:.2f}"
        drop.plot(at_align.keys(), at_align.values(), color=color, ls=dashes, marker=marker, label=label)
        times, few = c["rank_one_times"], slice(None, None, 6)
        modes.plot(times, c["rank_one_theory"], color=color, ls="-", lw=1)
        modes.plot(times[few], c["rank_one_c"][few], color=color, ls="", marker=marker, ms=4, label=f"L = {L}")
    collapse.set(xlim=(0, 1.2 / linear_phases.S), ylim=(None, 1.005), ylabel=r"$A(K_t, K_\infty)$")
    collapse.set(xlabel=r"scaled time $t \sigma^{L-2}$")
    collapse.set_title("alignment: one curve for all sigma", fontsize=10)
    drop.set(xscale="log", yscale="log", xlabel=r"scale of the weights $\sigma$", ylabel="loss drop when aligned")
    drop.set_title(r"how much is learned before the kernel is aligned: $\sigma^L$", fontsize=10)
    modes.set(xscale="log", xlim=(1 / linear_phases.S, None), xlabel="flow time $t$", ylabel="strength $u^L$")
    modes.set_title(f"rank-one networks from $u_0$ = {U_0:g}; lines: theory", fontsize=10)
    layer_terms(terms, curves[-1]["drops"], curves[-1]["shares"])
    for ax, place in ((collapse, "lower right"), (drop, "upper left"), (terms, "upper left"), (modes, "upper left")):
        ax.legend(fontsize=8, loc=place)
    return fig


def collapsed(ax, L, sigmas, curves, color):
    """The alignments of all runs with L layers, in scaled time."""
    for sigma, line in zip(sigmas, ("-", "--", ":", "-.") * len(sigmas)):
        times, A = (curves[f"sigma_{sigma:g}_{name}"] for name in ("times", "A"))
        times = np.append(times * sigma ** (L - 2), 1.2 / linear_phases.S)  # trained: there the kernel stays
        ax.plot(times, np.append(A, 1), color=color, ls=line, label=f"L = {L}, $\\sigma$ = {sigma:g}")
    ax.annotate(f"L = {L}", (0, A[0]), (4, 8), textcoords="offset points", fontsize=9)


def layer_terms(ax, drops, shares):
    """How near each layer term is to rank one, against the loss drop."""
    order = np.argsort(drops)
    order = order[drops[order] > 0]
    L = shares.shape[1]
    looks = zip(shares.T, [(style.BLACK, ":"), *style.STYLES] * L, "Dos^v" * L)
    for l, (share, (color, dashes), marker) in enumerate(looks, start=1):
        ax.plot(drops[order], share[order], color=color, ls=dashes, marker=marker, ms=3, label=f"$K_{l}$")
    ax.set(xscale="log", xlim=(DROPS[0] / 100, 1), ylim=(0, 1.03), xlabel="loss drop $1 - L(t)/L(0)$")
    ax.set(ylabel=r"share of the top eigenvalue in $K_l$")
    ax.set_title(f"layer terms, L = {L}: later layers first", fontsize=10)

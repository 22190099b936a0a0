"""An adaptive integrator, Dormand-Prince 5(4), for the smooth gradient flows of unit 4.

While nothing seems to happen a network with small weights sits near the origin for a long time, and all that counts
is the weights' relative growth. So the error of a step is measured against the largest weight, never against an
absolute tolerance: that would not see the weights at all.
"""

import math

# Dormand and Prince (1980). Row i gives stage i + 1 from the stages before it; the last row is the step itself, so the
# last stage is the next step's first. ERROR is the difference between the 5th and the 4th order step.
STAGES = [
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
]
ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]


def integrate(velocity, theta, end_time, end_value, times, levels, rtol, budget, smooth=True):
    """Follows d theta/dt = velocity(theta) and yields (t, value, theta, evaluations) at the moments asked for.

    velocity(theta) returns d theta/dt and a value that falls along the flow (the loss); theta (n,). The moments are the
    start, each of `times`, the first time that the value falls to each of `levels`, and the end: end_time or end_value,
    whichever comes first. A step that would pass a moment is shortened to it. The error of a step is at most
    rtol * max|theta|, before or after it. After `budget` evaluations: a RuntimeError that says how far it came, and
    what is in the way; `smooth` tells whether it may be jumps of the velocity. ValueError if nothing moves and there is
    no end_time.
    """
    rate, value = velocity(theta)
    t, h, evaluations = 0.0, 0.01 * float(abs(theta).max() or 1.0) / max(float(abs(rate).max()), 1e-300), 1
    times = sorted({x for x in [*times, end_time] if 0 < x <= end_time})
    levels = sorted({x for x in [*levels, end_value] if x < value}, reverse=True)
    yield t, value, theta, evaluations
    half, early, late, refused = theta, [value], [], 0  # the first and the second half of the budget
    while t < end_time and value > end_value:
        if not rate.any():  # nothing will ever move
            if end_time == math.inf:
                raise ValueError(f"the gradient is zero, the loss stays at {value:.3g}")
            for t in times:
                yield t, value, theta, evaluations
            return
        length = min(h, times[0] - t)
        ahead = _step(velocity, theta, rate, length)
        evaluations += 6
        if evaluations > budget:
            still = abs(theta - half).max() <= 1e-3 * abs(theta).max()
            cause = _obstacle(early, late, still, jumps=not smooth and refused > evaluations / 60)
            raise RuntimeError(f"{budget} gradient evaluations reached only t = {t:.6g}, loss {value:.3g}; {cause}")
        ratio = ahead[-1] / (rtol * max(abs(theta).max(), abs(ahead[0]).max(), 1e-300))
        if not ratio <= 1:  # or it is not a number: the step has overflowed
            h = length * max(0.2, 0.9 * ratio**-0.2)
            refused += 1
            continue
        longer = length * min(5.0, 0.9 * max(ratio, 1e-10) ** -0.2)
        h = max(h, longer) if length < h else longer  # a step shortened to a moment is no reason for short ones
        passed = levels and ahead[2] <= levels[0]
        if passed:
            length, ahead, tries = _shorten(velocity, theta, rate, value, length, ahead, levels[0])
            evaluations += 6 * tries
        at_time = length == times[0] - t
        t = times[0] if at_time else t + length
        theta, rate, value, _ = ahead
        value = min(value, levels[0]) if passed else value  # at a level, not a rounding error above it
        if evaluations <= budget / 2:
            half = theta
            early.append(value)
        else:
            late.append(value)
        if passed or at_time:
            yield t, value, theta, evaluations
        times = [x for x in times if x > t]
        levels = levels[1:] if passed else levels


def _obstacle(early, late, still, jumps):
    """Why a budget was not enough, and what to do: from the losses in its two halves; still: theta kept its place."""
    if jumps:  # more than one step in ten was refused
        return "the gradient jumps at kinks (slope < 1), use gradient_descent"
    lowest = min(early)
    if late and max(late) > (1 + 1e-6) * lowest:
        return "there the loss rises and falls by the errors of the steps, lower rtol or use float64"
    if late and still and min(late) >= (1 - 1e-6) * lowest:
        return "there the loss stands still, choose a target_loss above it or a shorter time"
    return "raise max_evaluations or end earlier"


def _step(velocity, theta, rate, h):
    """theta, rate and value after a step of length h, and the largest error among the entries of theta."""
    stages = [rate]
    for row in STAGES:
        ahead = theta + h * sum(a * k for a, k in zip(row, stages))
        rate, value = velocity(ahead)
        stages.append(rate)
    error = h * sum(e * k for e, k in zip(ERROR, stages))
    return ahead, rate, value, abs(error).max()


def _shorten(velocity, theta, rate, value, length, ahead, level):
    """The step at whose end the value is `level`, by false position (Illinois); tries counts the steps it took."""
    short, above, below, side = 0.0, value - level, ahead[2] - level, 0
    tries = 0
    while tries < 50:
        tries += 1
        middle = length - below * (length - short) / (below - above)
        ahead = _step(velocity, theta, rate, middle)
        miss = ahead[2] - level
        if abs(miss) <= 1e-9 * level:
            break
        if miss > 0:
            short, above, below, side = middle, miss, below / (1 + (side > 0)), 1
        else:
            length, below, above, side = middle, miss, above / (1 + (side < 0)), -1
    return middle, ahead, tries

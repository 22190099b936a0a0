"""Spares a function its tests where they must pass: it answers, bit for bit, as somebody did who passed them all.

The tests of a function ask the same questions of everybody. They are known from the first who passed, and asked at
once. Where any answer is another one the tests run as ever, and decide.
"""

import hashlib

from minintk.course import frames, student

SECONDS = 1.0  # for all questions at once; the tests give a function more
LARGEST = 8 << 20  # bytes of questions that are kept

known = {}  # {(salt, full name): (questions, as [args, kwargs]; their frame; digests of answers)}, of this process


def passes(key, worker):
    """Whether the function that a remote.Remote has loaded gives answers that have passed."""
    if key not in known:
        return False
    questions, _, digests = known[key]
    try:
        outcomes = worker.outcomes(questions, SECONDS)
    except student.Error:
        return False
    return outcomes is not None and _digest(outcomes) in digests


def learn(key, asked):
    """Keeps what the tests of a function asked, and what came of it, when they have passed: `examine.Examiner.asked`.

    Nothing is kept of a function of which they want more than answers: memory, which stands there as None.
    """
    if not asked or any(outcome is None for _, _, outcome in asked):
        return
    questions = [[args, kwargs] for args, kwargs, _ in asked]
    frame = frames.pack(questions)
    if key not in known and len(frame) <= LARGEST:
        known[key] = questions, frame, set()
    digest = _digest([outcome for _, _, outcome in asked])
    if digest and key in known and known[key][1] == frame:
        known[key][2].add(digest)


def _digest(outcomes):
    """A number for these outcomes; None for lists in lists that are too deep to be packed here."""
    told = [list(o["error"][:2]) if "error" in o else (o["ok"],) for o in outcomes]  # lines of errors may differ
    try:
        return hashlib.sha256(frames.pack(told)).digest()
    except TypeError:
        return None

"""How many threads BLAS takes, by variables that it reads when numpy is first imported; how many cores there are."""

import os

NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_by_default():
    """One thread, unless the user has said how many: our matrices are small, and more threads are slower."""
    said = os.environ.get("OMP_NUM_THREADS", "1")  # which the others follow too
    for name in NAMES:
        os.environ.setdefault(name, said)


def cores():
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

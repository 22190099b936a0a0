"""How many threads BLAS takes: the variables it reads, once, when numpy is first imported."""

import os

NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_by_default():
    """One thread, unless the user has said how many: our matrices are small, and more threads are slower."""
    for name in NAMES:
        os.environ.setdefault(name, "1")

"""Processes of our own for work that can be done side by side."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import sys
import threading

from tqdm import tqdm

from minintk.tools import threads


@contextlib.contextmanager
def own(jobs):
    """A pool of so many processes, each started afresh and with one BLAS thread.

    Many threads a process would fight, and a product split among more threads ends in other last digits.
    """
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # a pool cannot wait for more processes there
    before = {name: os.environ.get(name) for name in threads.NAMES}
    os.environ.update(dict.fromkeys(threads.NAMES, "1"))  # BLAS reads it when a worker first imports numpy
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _begin():
    """A worker's first act: no bars of its own, gone at Ctrl-C, and gone when the parent is, which may be killed."""
    sys.stderr = open(os.devnull, "w")
    tqdm.set_lock(threading.RLock())  # its own would be a semaphore between processes, leaked by a killed worker
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def leave_with_the_parent():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=leave_with_the_parent, daemon=True).start()

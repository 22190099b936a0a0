"""Commands that can be pasted."""

import os
import shlex
import subprocess


def join(words):
    """The words as one command, with quotes where this system's shell needs them."""
    words = [str(word) for word in words]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)

"""minintk: the silent alignment effect, from hand-written forward and backward passes up.

Read the units in order: network, kernel, whitening, training, alignment. Everything else is written on them.
"""

import numpy as np

__version__ = "0.1.0"

# On Linux a freed array goes back to the system, and the next one costs a page fault every 4 KB, unless a larger one
# was freed before. So free one here, never touched: with P = 200, N = 256 a step takes 0.46 ms instead of 0.83.
np.empty(30_000_000, dtype=np.uint8)

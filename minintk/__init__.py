"""minintk: the silent alignment effect, from hand-written forward and backward passes up.

Read the units in order: network, kernel, whitening, training, alignment. Everything else is written on them.
"""

__version__ = "0.1.0"

"""Fixtures: one generator, and one random network for every corner."""

from minintk.tools import threads

threads.one_by_default()  # before numpy is imported: last digits would depend on their number

import hashlib
import os

import numpy as np
import oracles
import pytest

SEED = 34


@pytest.fixture
def rng():
    """A fresh generator for each test, always from the same seed; from another one with the salt of a class."""
    salt = os.environ.get("MININTK_SALT", "")
    return np.random.default_rng([SEED, *hashlib.sha256(salt.encode()).digest()] if salt else SEED)


@pytest.fixture(params=oracles.NETWORKS)
def drawn(request, rng):
    """Weights, inputs and slope of a random network."""
    return oracles.draw_network(rng, **oracles.NETWORKS[request.param])

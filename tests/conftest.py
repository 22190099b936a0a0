"""Fixtures: one generator, and one random network for every corner."""

from minintk.tools import threads

threads.one_by_default()  # before numpy is imported: last digits would depend on their number

import numpy as np
import oracles
import pytest

SEED = 34


@pytest.fixture
def rng():
    """A fresh generator for each test, always from the same seed."""
    return np.random.default_rng(SEED)


@pytest.fixture(params=oracles.NETWORKS)
def drawn(request, rng):
    """Weights, inputs and slope of a random network."""
    return oracles.draw_network(rng, **oracles.NETWORKS[request.param])

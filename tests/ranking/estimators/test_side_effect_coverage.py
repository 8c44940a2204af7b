"""The interval of the side effect holds the truth as often as it says, and not where voters are taken for votes."""

import numpy as np
import pytest

from ranking.estimators.options import Cluster
from ranking.estimators.regression import Rows, regress

STRENGTHS = np.array([-0.6, -0.1, 0.2, 0.5])
SIDE = 0.2
REPLICATIONS = 250


def _rows(rng, n_voters, votes_each):
    """Votes whose voters differ in how much they favour side A."""
    m = n_voters * votes_each
    voter = np.repeat(np.arange(n_voters), votes_each)
    a = rng.integers(0, 4, m)
    b = (a + rng.integers(1, 4, m)) % 4
    favour = SIDE + 1.2 * rng.normal(size=n_voters)[voter]
    # With voters this different the pooled coefficient is nearer to 0: its truth is found on many votes below.
    won = rng.random(m) < 1 / (1 + np.exp(-(STRENGTHS[a] - STRENGTHS[b] + favour)))
    one = np.ones(m, dtype=np.int64)
    names = tuple(f"m{i}" for i in range(4))
    return Rows(names, ("side",), a, b, np.where(won, 0, 1), one.astype(float), one, voter, np.ones((m, 1)))


@pytest.mark.thorough
def test_interval_of_the_side_effect():
    rng = np.random.default_rng(11)
    truth = regress(_rows(rng, 40_000, 10)).coefficients[0]
    held = dict.fromkeys(Cluster, 0)
    for _ in range(REPLICATIONS):
        rows = _rows(rng, 60, 10)
        for cluster in Cluster:
            found = regress(rows, cluster=cluster)
            held[cluster] += abs(found.coefficients[0] - truth) < 1.959964 * found.errors[0]
    # 95% within three standard errors of 250 replications, and a little for 60 clusters being few.
    assert 0.91 <= held[Cluster.VOTER] / REPLICATIONS <= 0.99
    assert held[Cluster.NONE] / REPLICATIONS < 0.88

"""Campaigns drawn from known voters, many and fast, and what their votes tend to."""

import numpy as np

from ranking.estimators import votes_from_codes
from ranking.estimators.fitting import fit
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs

TIE = 0.6
"""Davidson's tie parameter in these campaigns: a little under a quarter of the votes between equals are ties."""


def chances(d, *, ties=True):
    """Davidson's probabilities that A wins, that B wins, and of a tie, (..., 3)."""
    odds = np.stack([np.exp(d / 2), np.exp(-d / 2), np.full_like(d, TIE if ties else 0.0)], axis=-1)
    return odds / odds.sum(axis=-1, keepdims=True)


def campaign(truth, seed, *, taste=0.0, voters=120, each=20, ties=True):
    """Votes of `voters` voters, whose own log-strengths lie around the truth with standard deviation `taste`."""
    rng = np.random.default_rng(seed)
    n, m = len(truth), voters * each
    voter = np.repeat(np.arange(voters), each)
    own = truth + taste * rng.standard_normal((voters, n))
    a = rng.integers(0, n, m)
    b = (a + rng.integers(1, n, m)) % n
    p = chances(own[voter, a] - own[voter, b], ties=ties)
    outcome = (rng.random(m)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    names = [f"m{i:02d}" for i in range(n)]
    return votes_from_codes(names, a, b, outcome, voter=voter, voters=[f"v{i:04d}" for i in range(voters)])


def population(truth, *, taste=0.0, ties=True, method=Method.BRADLEY_TERRY):
    """What the method's strengths tend to with ever more voters: its fit to the expected votes, (n,)."""
    n = len(truth)
    first, second = np.triu_indices(n, 1)
    own = truth + taste * np.random.default_rng(0).standard_normal((100_000 if taste else 1, n))
    expected = chances(own[:, first] - own[:, second], ties=ties).mean(axis=0)
    tally = np.empty_like(expected)
    tally[:, [FIRST, SECOND, TIED]] = expected
    return fit(method, Pairs(n, first.astype(np.int64), second.astype(np.int64)), tally).strength

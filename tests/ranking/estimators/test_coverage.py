"""Intervals hold the truth as often as they say, and those that ignore voters do not where voters matter."""

import numpy as np
import pytest

from ranking.estimators import OUTCOMES, Options, encode_votes, rank
from ranking.estimators.estimates import ELO_PER_LOG_ODDS

pytestmark = pytest.mark.thorough

TRUTH = np.array([0.6, 0.2, -0.2, -0.6])
CAMPAIGNS = 60


def _campaign(seed, *, taste):
    """40 voters of 25 votes each, whose own strengths for the models differ from the truth by `taste`."""
    rng = np.random.default_rng(seed)
    voter = np.repeat(np.arange(40), 25)
    own = TRUTH + rng.normal(0, taste, (40, 4))
    a = rng.integers(0, 4, len(voter))
    b = (a + rng.integers(1, 4, len(voter))) % 4
    won = rng.random(len(voter)) < 1 / (1 + np.exp(own[voter, b] - own[voter, a]))
    names = np.array(["w", "x", "y", "z"])
    return encode_votes(
        names[a].tolist(),
        names[b].tolist(),
        [OUTCOMES[0] if first else OUTCOMES[1] for first in won],
        voter=[f"v{number}" for number in voter],
    )


def _coverage(*, taste, **options):
    # With tastes that differ, the odds of a random voter are a little nearer to even than the truth's.
    inside = total = 0
    truth = 1000 + ELO_PER_LOG_ODDS * _population_strengths(taste)
    for seed in range(CAMPAIGNS):
        ranking = rank(_campaign(seed, taste=taste), Options(**options))
        for line in ranking.ratings:
            inside += line.ci_low <= truth["wxyz".index(line.model)] <= line.ci_high
            total += 1
    return inside / total


def _population_strengths(taste):
    """What Bradley-Terry tends to with ever more voters: the fit to expected wins, by fixed point."""
    rng = np.random.default_rng(0)
    own = TRUTH + rng.normal(0, taste, (200_000, 4))
    wins = np.array(
        [[0 if i == j else np.mean(1 / (1 + np.exp(own[:, j] - own[:, i]))) for j in range(4)] for i in range(4)]
    )
    weight = np.ones(4)
    for _ in range(2000):
        weight = wins.sum(axis=1) / (1 / (weight[:, None] + weight[None, :]) * (1 - np.eye(4))).sum(axis=1)
        weight /= np.exp(np.log(weight).mean())
    return np.log(weight)


@pytest.mark.parametrize("options", [{"interval": "sandwich"}, {"interval": "bootstrap", "rounds": 99}])
def test_clustered_intervals_hold_the_truth(options):
    assert 0.91 <= _coverage(taste=0.8, **options) <= 0.99


def test_unclustered_intervals_hold_the_truth_where_voters_are_alike():
    assert 0.91 <= _coverage(taste=0.0, interval="sandwich", cluster="none") <= 0.99


def test_unclustered_intervals_fail_where_voters_differ():
    assert _coverage(taste=0.8, interval="sandwich", cluster="none") < 0.90

"""Intervals of each kind hold the true difference as often as they say, and those that ignore voters do not where
voters matter; the ranges of ranks hold all true ranks at once."""

import numpy as np
import pytest

from ranking.estimators import Options, differences, solve
from ranking.estimators.estimates import ELO_PER_LOG_ODDS
from tests.ranking.estimators.campaigns import campaign, population

pytestmark = pytest.mark.thorough

TRUTH = np.array([0.6, 0.2, -0.2, -0.6])
TASTE = 1.0
SANDWICH, BOOTSTRAP = {"interval": "sandwich"}, {"interval": "bootstrap", "rounds": 999}
CAMPAIGNS = {"sandwich": 500, "bootstrap": 200}
"""Six differences each. The Monte Carlo standard error of a coverage of 0.95, were a campaign's differences independent
of one another, is 0.004 and 0.006; were they all alike, 0.010 and 0.015."""


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """The corrections for all pairs are not looked at where single differences are."""
    monkeypatch.setattr("ranking.estimators.joint.DRAWS", 50)


def coverage(*, taste, campaigns=None, **options):
    """Share of all differences' own 95% intervals, over all campaigns, that hold what the votes tend to."""
    how = Options(**options)
    true = ELO_PER_LOG_ODDS * population(TRUTH, taste=taste, method=how.method)
    code = {f"m{i:02d}": i for i in range(len(TRUTH))}
    inside = [
        pair.ci_low <= true[code[pair.model_a]] - true[code[pair.model_b]] <= pair.ci_high
        for seed in range(campaigns or CAMPAIGNS[how.interval])
        for pair in differences(solve(campaign(TRUTH, seed, taste=taste), how)).pairs
    ]
    return np.mean(inside)


@pytest.mark.parametrize("kind", [SANDWICH, BOOTSTRAP], ids=["sandwich", "bootstrap"])
@pytest.mark.parametrize("taste", [0.0, TASTE], ids=["voters alike", "voters differ"])
def test_clustered_intervals_hold_the_true_difference(kind, taste):
    assert 0.93 <= coverage(taste=taste, cluster="voter", **kind) <= 0.97


@pytest.mark.parametrize("kind", [SANDWICH, BOOTSTRAP], ids=["sandwich", "bootstrap"])
def test_unclustered_intervals_do_where_voters_are_alike(kind):
    assert 0.93 <= coverage(taste=0.0, cluster="none", **kind) <= 0.97


@pytest.mark.parametrize("kind", [SANDWICH, BOOTSTRAP], ids=["sandwich", "bootstrap"])
def test_unclustered_intervals_fail_where_voters_differ(kind):
    assert coverage(taste=TASTE, cluster="none", campaigns=100, **kind) < 0.91


@pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
def test_tie_models_hold_the_true_difference(method):
    """Rao-Kupper against what it tends to on votes that are Davidson's."""
    assert 0.93 <= coverage(taste=TASTE, method=method, campaigns=200, **SANDWICH) <= 0.97


class TestRankRanges:
    """At 95%, with clustered voters. Standard error of a share of 0.95 over 200 and 120 campaigns: 0.015 and 0.020."""

    campaigns = {"sandwich": 200, "bootstrap": 120}

    @staticmethod
    def held(truth, kind, campaigns):
        true = np.array(truth)
        best, worst = 1 + (true[:, None] > true).sum(axis=0), len(true) - (true[:, None] < true).sum(axis=0)
        count = 0
        for seed in range(campaigns):
            ranking = solve(campaign(true, seed, taste=0.5), Options(**kind)).ranking
            count += all(
                line.rank_low <= best[int(line.model[1:])] and worst[int(line.model[1:])] <= line.rank_high
                for line in ranking.ratings
            )
        return count / campaigns

    @pytest.mark.parametrize("kind", [SANDWICH, BOOTSTRAP], ids=["sandwich", "bootstrap"])
    @pytest.mark.parametrize("truth", [[0.0] * 6, [0.0, 0.0, 0.1, 0.1, 0.4, 0.8]], ids=["all level", "some level"])
    def test_hold_all_true_ranks_at_once(self, kind, truth):
        campaigns = self.campaigns[kind["interval"]]
        assert self.held(truth, kind, campaigns) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / campaigns)

    def test_say_something(self):
        ranking = solve(campaign(np.linspace(0, 5, 6), 1, taste=0.5), Options(**SANDWICH)).ranking
        assert all(line.rank_low == line.rank == line.rank_high for line in ranking.ratings)

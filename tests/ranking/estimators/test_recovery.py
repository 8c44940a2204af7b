"""20,000 votes with ties, an advantage of side A and an effect of style give back the truth within their intervals."""

import numpy as np
import pytest

from ranking.estimators import Options, solve, votes_from_codes
from ranking.estimators.regression import regress
from ranking.estimators.rows import Rows
from ranking.estimators.scale import ELO_PER_LOG_ODDS

VOTES, VOTERS = 20_000, 800
TRUTH = np.linspace(-0.9, 0.9, 10)
SIDE, STYLE = 0.15, np.array([0.25, -0.1])
TIE = 0.5
"""Davidson's tie parameter; for Rao-Kupper the lead that a win needs."""


def simulated(method, seed):
    """Votes by the named model, and the covariates of each: side, length, headings."""
    rng = np.random.default_rng(seed)
    n = len(TRUTH)
    a = rng.integers(0, n, VOTES)
    b = (a + rng.integers(1, n, VOTES)) % n
    style = rng.standard_normal((VOTES, 2))
    style[:, 0] += 0.8 * (TRUTH[a] - TRUTH[b])  # better models write more
    d = TRUTH[a] - TRUTH[b] + SIDE + style @ STYLE
    if method == "davidson":
        odds = np.stack([np.exp(d / 2), np.exp(-d / 2), np.full(VOTES, np.exp(TIE - 1))], axis=1)
        p = odds / odds.sum(axis=1, keepdims=True)
    elif method == "rao-kupper":
        first, second = 1 / (1 + np.exp(TIE - d)), 1 / (1 + np.exp(TIE + d))
        p = np.stack([first, second, 1 - first - second], axis=1)
    else:
        # Bradley-Terry says nothing of ties: half of what is sure to be tied is taken from either side alike.
        share = 0.2
        win = 1 / (1 + np.exp(-d))
        tied = share * 4 * win * (1 - win)
        p = np.stack([win - tied / 2, 1 - win - tied / 2, tied], axis=1)
    outcome = (rng.random(VOTES)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(0, 2)
    voter = rng.integers(0, VOTERS, VOTES)
    names = [f"m{i}" for i in range(n)]
    votes = votes_from_codes(names, a, b, outcome, voter=voter, voters=[f"v{i:03d}" for i in range(VOTERS)])
    return votes, np.column_stack([np.ones(VOTES), style])


@pytest.mark.parametrize("method", ["bradley-terry", "davidson", "rao-kupper"])
def test_everything_is_given_back(method):
    votes, covariates = simulated(method, seed=11)
    found = regress(Rows.of(votes, covariates, ["side", "length", "headings"]), method=method)
    effects = found.effects()
    for effect, true in zip(effects, ELO_PER_LOG_ODDS * np.r_[SIDE, STYLE], strict=True):
        assert effect.ci_low <= true <= effect.ci_high
        assert effect.ci_low > 0 or effect.ci_high < 0
    error = np.sqrt(np.diag(found.covariance)[: len(TRUTH)])
    z = (found.strength - (TRUTH - TRUTH.mean())) / error
    assert (np.abs(z) < 1.96).mean() >= 0.8 and np.abs(z).max() < 3.3
    if method != "bradley-terry":
        assert found.tie == pytest.approx(TIE - 1 if method == "davidson" else TIE, abs=0.06)


def test_without_style_the_ratings_are_off():
    """The control: what the covariates are for."""
    votes, _ = simulated("davidson", seed=11)
    estimate = solve(votes, Options(method="davidson")).estimate
    z = (estimate.strength - (TRUTH - TRUTH.mean())) / np.sqrt(np.diag(estimate.covariance))
    assert np.abs(z).max() > 3.3


def test_side_effect_as_an_option():
    """Without style in the votes, the option of the ranking finds the side too."""
    rng = np.random.default_rng(2)
    a = rng.integers(0, 10, VOTES)
    b = (a + rng.integers(1, 10, VOTES)) % 10
    first = rng.random(VOTES) < 1 / (1 + np.exp(-(TRUTH[a] - TRUTH[b] + SIDE)))
    votes = votes_from_codes([f"m{i}" for i in range(10)], a, b, np.where(first, 0, 1))
    (effect,) = solve(votes, Options(side_effect=True)).ranking.effects
    assert effect.ci_low <= SIDE * ELO_PER_LOG_ODDS <= effect.ci_high and effect.ci_low > 0

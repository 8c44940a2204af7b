"""Rank ranges: hold all true ranks at once, and claim what the votes show."""

import numpy as np
import pytest

from ranking.estimators import Options, rank
from ranking.estimators.ranks import certain_by_covariance, certain_by_resamples
from tests.ranking.estimators.samples import draw_rows, ranked, votes_of

PAIRS = ~np.eye(3, dtype=bool)


def test_holm_steps_down():
    """z of 2.5 alone is certain at 5%; among three equal ones its bound is 0.05 / 3, and 0.0124 is below that too."""
    strength = np.array([2.5, 0.0, -0.5]) * np.sqrt(2)
    certain = certain_by_covariance(strength, np.eye(3), PAIRS, 0.05)
    # z: 2.5 (p 0.0124), 3.0 (p 0.0027), 0.5. Holm's bounds: 0.0167, 0.025, 0.05.
    assert certain.tolist() == [[False, True, True], [False, False, False], [False, False, False]]
    strength[0] = 2.2 * np.sqrt(2)
    # z: 2.2 (p 0.0278), 2.7 (p 0.0069): the first is below 0.0167, the second not below 0.025.
    certain = certain_by_covariance(strength, np.eye(3), PAIRS, 0.05)
    assert certain.tolist() == [[False, False, True], [False, False, False], [False, False, False]]


def test_resamples_claim_what_nearly_all_of_them_say():
    rng = np.random.default_rng(1)
    values = rng.normal([3.0, 0.0, 0.1], 0.3, (1000, 3))
    certain = certain_by_resamples(values.mean(axis=0), values, PAIRS, 0.05)
    assert certain.tolist() == [[False, True, True], [False, False, False], [False, False, False]]


def test_resamples_that_say_nothing_count_against_their_own_pair_only():
    rng = np.random.default_rng(1)
    values = rng.normal([3.0, 0.0, 6.0], 0.3, (1000, 3))
    values[:100, 2] = np.nan
    certain = certain_by_resamples(np.array([3.0, 0.0, 6.0]), values, PAIRS, 0.05)
    assert certain.tolist() == [[False, True, False], [False, False, False], [False, False, False]]


def test_infinite_resamples_are_far_above():
    rng = np.random.default_rng(1)
    values = rng.normal([3.0, 0.0, 6.0], 0.3, (1000, 3))
    values[:100, 2] = np.inf
    strength = np.array([3.0, 0.0, 6.0])
    assert certain_by_resamples(strength, values, PAIRS, 0.05)[2].tolist() == [True, True, False]


@pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
def test_ranges_hold_all_true_ranks_at_once(interval):
    """At 80%, where 40 campaigns can show a failure: 97% of such counts are 27 or more."""
    strengths = [0.0, 0.15, 0.3, 0.45, 0.6, 0.75]
    true_ranks = {f"m{i:02d}": 6 - i for i in range(6)}
    held = 0
    for seed in range(40):
        votes = votes_of(draw_rows(strengths, 600, seed=seed))
        ranking = rank(votes, Options(interval=interval, level=0.8, rounds=99))
        held += all(line.rank_low <= true_ranks[line.model] <= line.rank_high for line in ranking.ratings)
    assert held >= 27


def test_clear_differences_are_found():
    ranking = ranked(draw_rows([0.0, 1.0, 2.0], 900), rounds=500)
    assert [(line.rank_low, line.rank_high) for line in ranking.ratings] == [(1, 1), (2, 2), (3, 3)]

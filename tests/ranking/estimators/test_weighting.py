"""Weights that correct for how pairs were drawn."""

import random

import numpy as np
import pytest

from ranking.estimators import BadRow, EstimationError, Options, rank
from ranking.estimators.weighting import inverse_probability, weights_notice
from tests.ranking.estimators.samples import draw_rows, rating_of, votes_of

ROWS = draw_rows([0.0, 0.4, 0.9], 300)


def test_weights_are_inverse_and_of_mean_one():
    weighted = inverse_probability(votes_of(ROWS[:4]), np.array([0.5, 0.25, 0.125, 0.125]))
    assert weighted.weight.tolist() == [2 / 5.5, 4 / 5.5, 8 / 5.5, 8 / 5.5]
    assert weighted.weight.mean() == pytest.approx(1)
    notice = dict(weights_notice(weighted).values)
    assert notice == {"least": "0.364", "most": "1.45", "worth": round(22**2 / (4 + 16 + 64 + 64))}


def test_equal_probabilities_change_nothing():
    weighted = inverse_probability(votes_of(ROWS), np.full(len(ROWS), 1 / 6))
    assert rank(weighted, Options()).as_dict() == rank(votes_of(ROWS), Options()).as_dict()


def test_the_order_of_votes_changes_no_digit():
    probability = np.random.default_rng(1).uniform(0.01, 1, len(ROWS))
    order = random.Random(2).sample(range(len(ROWS)), len(ROWS))
    one = inverse_probability(votes_of(ROWS), probability)
    other = inverse_probability(votes_of([ROWS[i] for i in order]), probability[order])
    assert rank(one, Options()).as_dict() == rank(other, Options()).as_dict()


def test_what_a_uniform_draw_would_have_shown():
    """Where no Bradley-Terry model holds, ratings depend on which pairs meet how often; weighted, they do not."""
    rng = np.random.default_rng(3)
    chances = {("x", "y"): 0.8, ("y", "z"): 0.8, ("x", "z"): 0.4}  # z beats x, though y is between them
    pairs, share = list(chances), np.array([0.6, 0.3, 0.1])

    def drawn(share, m=40_000):
        picked = rng.choice(3, m, p=share)
        rows = [(*pairs[i], "a" if rng.random() < chances[pairs[i]] else "b") for i in picked]
        return rows, share[picked]

    uniform = rating_of(rank(votes_of(drawn(np.full(3, 1 / 3))[0]), Options(interval="none")))
    rows, probability = drawn(share)
    plain = rating_of(rank(votes_of(rows), Options(interval="none")))
    weighted = rating_of(rank(inverse_probability(votes_of(rows), probability), Options(interval="none")))
    assert weighted == pytest.approx(uniform, abs=12)
    assert max(abs(plain[model] - uniform[model]) for model in plain) > 40


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, float("nan"), float("inf")])
def test_what_is_no_probability(value):
    probability = np.full(len(ROWS), 0.5)
    probability[7] = value
    with pytest.raises(BadRow, match="above 0 and at most 1") as raised:
        inverse_probability(votes_of(ROWS), probability)
    assert raised.value.number == 8


def test_lengths_and_nothing():
    with pytest.raises(EstimationError, match="1 probabilities and 300 votes"):
        inverse_probability(votes_of(ROWS), np.ones(1))
    assert len(inverse_probability(votes_of([]), np.ones(0))) == 0

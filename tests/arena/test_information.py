"""How much a vote would tell, against the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.information import PRIOR, fit_strengths, gains, information


def _tables(seed: int, n: int = 6, most: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wins = np.triu(rng.integers(0, most, (n, n)), 1).astype(float)
    wins += np.triu(rng.integers(0, most, (n, n)), 1).T
    return wins + wins.T, wins


def _spread(inverse: np.ndarray, wanted: np.ndarray) -> float:
    """Summed variance of the wanted strengths around their mean."""
    rows = np.eye(len(inverse))[wanted]
    rows = rows - rows.mean(axis=0)
    return float(np.trace(rows @ inverse @ rows.T))


@pytest.mark.parametrize("left", [0, 2])
def test_a_gain_is_what_the_covariance_loses_with_one_more_vote(left: int) -> None:
    votes, wins = _tables(3)
    wanted = np.arange(6) < 6 - left
    found = gains(votes, wins, wanted)
    strength = fit_strengths(votes, wins)
    before = information(votes, strength)
    for i in range(6):
        for j in range(i):
            one = np.zeros((6, 6))
            one[i, j] = one[j, i] = 1
            after = information(votes + one, strength)
            lost = _spread(np.linalg.inv(before), wanted) - _spread(np.linalg.inv(after), wanted)
            assert [found[i, j], found[j, i]] == pytest.approx([lost, lost], rel=1e-9)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), most=st.sampled_from([1, 2, 50, 10**5]))
def test_strengths_are_at_the_optimum_however_one_sided(seed: int, most: int) -> None:
    votes, wins = _tables(seed, most=most)
    wins[0] = votes[0]
    wins[:, 0] = 0
    strength = fit_strengths(votes, wins)
    chance = 1 / (1 + np.exp(strength[None, :] - strength[:, None]))
    slope = (wins - votes * chance).sum(axis=1) + PRIOR * (0.5 - 1 / (1 + np.exp(-strength)))
    assert np.abs(slope).max() < 1e-6 * max(1.0, votes.sum())


def test_two_models_by_hand() -> None:
    """Nobody has met: the information is the prior's, PRIOR / 4 each; a vote between equals adds a quarter."""
    nobody = np.zeros((2, 2))
    found = gains(nobody, nobody, np.ones(2, dtype=bool))
    # The difference has variance 8 before and 1 / (1/8 + 1/4) after; each strength around the mean a quarter of it.
    assert found[0, 1] == pytest.approx(2 * (8 - 8 / 3) / 4)

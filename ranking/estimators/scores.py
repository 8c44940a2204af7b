"""First derivatives of the log-likelihoods of `families`, and no more, for many resamples at once.

Arrays are laid out (p, r), pairs by resamples, so that what belongs to one pair lies side by side in memory.
"""

from collections.abc import Callable

import numpy as np

from ranking.estimators.arrays import FloatArray
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED

Score = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""From differences (p, r) and tie parameters (r,): derivatives by each pair's difference (p, r), by the tie (r,).

Differences that are the same in all resamples may be given once, (p, 1)."""


def score_of(method: Method, tallies: FloatArray) -> Score:
    """The score of a method at tallies (p, 3, r)."""
    return _SCORES[method](tallies)


def _bradley_terry(tallies: FloatArray) -> Score:
    total = tallies.sum(axis=1)
    won = tallies[:, FIRST] + tallies[:, TIED] / 2

    def score(d: FloatArray, tie: FloatArray) -> tuple[FloatArray, FloatArray]:
        expected = total * _expit(d)
        return np.subtract(won, expected, out=expected), np.zeros(len(tie))

    return score


def _davidson(tallies: FloatArray) -> Score:
    total = tallies.sum(axis=1)
    lead = tallies[:, FIRST] - tallies[:, SECOND]
    n_tied = tallies[:, TIED].sum(axis=0)

    def score(d: FloatArray, tie: FloatArray) -> tuple[FloatArray, FloatArray]:
        win = np.exp(d / 2)
        loss, draw = 1 / win, np.exp(tie)
        expected = total / (win + loss + draw)
        return (lead - expected * (win - loss)) / 2, n_tied - draw * expected.sum(axis=0)

    return score


def _rao_kupper(tallies: FloatArray) -> Score:
    up, down = tallies[:, FIRST] + tallies[:, TIED], tallies[:, SECOND] + tallies[:, TIED]
    n_tied = tallies[:, TIED].sum(axis=0)

    def score(d: FloatArray, tie: FloatArray) -> tuple[FloatArray, FloatArray]:
        lost_up, lost_down = up * _expit(tie - d), down * _expit(tie + d)
        slope = -2 / np.expm1(-2 * tie)
        return lost_up - lost_down, n_tied * slope - (lost_up + lost_down).sum(axis=0)

    return score


def _expit(d: FloatArray) -> FloatArray:
    found = np.negative(d)
    np.exp(found, out=found)
    found += 1
    return np.divide(1, found, out=found)


_SCORES: dict[Method, Callable[[FloatArray], Score]] = {
    Method.BRADLEY_TERRY: _bradley_terry,
    Method.DAVIDSON: _davidson,
    Method.RAO_KUPPER: _rao_kupper,
}

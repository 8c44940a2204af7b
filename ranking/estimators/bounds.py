"""The finite end of a rating that has none: what a model that never lost, or never won, certainly reaches.

The bound is Clopper and Pearson's (1934) for a run of nothing but wins: the strength at which such a run would have
the probability `tail`, the others' strengths held at their estimates.
"""

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit
from ranking.estimators.pairs import Pairs

REACH = 60.0
"""How far (natural log-odds) from the others' strengths a bound is looked for."""


def lone_bounds(pairs: Pairs, tally: FloatArray, fitted: Fit, tail: float) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends (n,) in log-strength of the models without a rating; infinite where there is no end.

    Only votes against rated models bound a model. Where exactly two models met and one won every time, their
    ratings are opposite halves of the difference, which is bounded in the same way.
    """
    n = pairs.n_models
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    for model in np.flatnonzero(~fitted.rated).tolist():
        opponents, votes = _votes_against(pairs, tally, model, fitted.rated)
        if not len(opponents):
            continue
        strengths = fitted.strength[opponents]
        if fitted.structure.above[model, opponents].any():
            low[model] = _least_strength(fitted, strengths, votes, tail)
        elif fitted.structure.above[opponents, model].any():
            high[model] = -_least_strength(fitted, -strengths, votes, tail)
    _bound_couples(pairs, tally, fitted, tail, low, high)
    return low, high


def _bound_couples(
    pairs: Pairs, tally: FloatArray, fitted: Fit, tail: float, low: FloatArray, high: FloatArray
) -> None:
    component = fitted.structure.component
    sizes = np.bincount(component, minlength=1)
    for first, second, votes in zip(pairs.first, pairs.second, tally.sum(axis=1), strict=True):
        if sizes[component[first]] != 2 or fitted.rated[first] or votes == 0:
            continue
        if not (fitted.structure.above[first, second] or fitted.structure.above[second, first]):
            continue
        winner, loser = (first, second) if fitted.structure.above[first, second] else (second, first)
        lead = _least_strength(fitted, np.zeros(1), np.array([votes]), tail)
        low[winner], high[loser] = lead / 2, -lead / 2


def _votes_against(pairs: Pairs, tally: FloatArray, model: int, rated: BoolArray) -> tuple[FloatArray, FloatArray]:
    opponent = np.where(pairs.first == model, pairs.second, pairs.first)
    met = ((pairs.first == model) | (pairs.second == model)) & rated[opponent] & (tally.sum(axis=1) > 0)
    return opponent[met], tally[met].sum(axis=1)


def _least_strength(fitted: Fit, opponents: FloatArray, votes: FloatArray, tail: float) -> float:
    """The strength at which winning all these votes has probability `tail`."""
    log_win = FAMILIES[fitted.method].log_win

    def excess(strength: float) -> float:
        return float(votes @ log_win(strength - opponents, fitted.tie) - np.log(tail))

    lowest, highest = opponents.min() - REACH, opponents.max() + REACH + abs(fitted.tie)
    if excess(lowest) >= 0:  # weights so small that nothing at all is known
        return -np.inf
    # Late, since it takes long and few votes need it.
    from scipy.optimize import brentq

    return float(brentq(excess, lowest, highest, xtol=1e-12))

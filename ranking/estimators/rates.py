"""How often each model won against each other, and how often the fitted model expects it to."""

import numpy as np
from scipy.special import expit

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.errors import EstimationError
from ranking.estimators.families import FAMILIES
from ranking.estimators.pairs import FIRST, SECOND, TIED, counted_slots
from ranking.estimators.ranking import Solution


def battle_counts(solution: Solution) -> IntArray:
    """Votes on each pair of models, (n, n), symmetric, by the models' codes."""
    pairs = solution.pairs
    counts = np.zeros((pairs.n_models, pairs.n_models), dtype=np.int64)
    counts[pairs.first, pairs.second] = counted_slots(solution.cells, pairs).sum(axis=1)
    return counts + counts.T


def measured_rates(solution: Solution) -> FloatArray:
    """Share of its votes against each other model that each model won, (n, n), a tie being half a win; NaN without any.

    Weighted as the votes are.
    """
    pairs, tally = solution.pairs, solution.units.all_tallies()
    rates = np.full((pairs.n_models, pairs.n_models), np.nan)
    total = tally.sum(axis=1)
    rates[pairs.first, pairs.second] = (tally[:, FIRST] + tally[:, TIED] / 2) / total
    rates[pairs.second, pairs.first] = (tally[:, SECOND] + tally[:, TIED] / 2) / total
    return rates


def predicted_rates(solution: Solution) -> FloatArray:
    """As `measured_rates`, by the fitted model, neither side having an advantage; NaN where a model has no rating.

    Of Davidson and Rao-Kupper, the probability of a win and half of that of a tie.
    """
    estimate = solution.estimate
    if estimate.fitted is None:
        raise EstimationError("Elo is no model of votes, so it predicts no win rates: take another method")
    strength = np.where(np.isfinite(estimate.rating), estimate.strength, np.nan)
    d = strength[:, None] - strength[None, :]
    together = estimate.structure.component[:, None] == estimate.structure.component[None, :]
    family, tie = FAMILIES[estimate.fitted.method], estimate.fitted.tie
    wins = (1 + np.exp(family.log_win(d, tie)) - np.exp(family.log_win(-d, tie))) / 2 if family.has_tie else expit(d)
    return np.where(together & ~np.eye(len(d), dtype=bool), wins, np.nan)

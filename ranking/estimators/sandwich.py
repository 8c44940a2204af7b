"""Robust covariance of a likelihood fit: the sandwich (Huber, 1967; White, 1982), clustered by voter where asked.

Covariance = I^-1 M I^-1, where I is the observed information and M the sum over units (votes, or voters: Liang and
Zeger, 1986) of the outer product of a unit's score, times g / (g - 1) for g units.
"""

import numpy as np

from ranking.estimators.arrays import FloatArray
from ranking.estimators.families import FAMILIES, Family
from ranking.estimators.fitting import Fit
from ranking.estimators.newton import block_centre, evaluate, information
from ranking.estimators.pairs import Pairs, Units


def sandwich_covariance(pairs: Pairs, units: Units, fitted: Fit) -> FloatArray:
    """Covariance (n, n) of the log-strengths, each centred within its block. Needs at least two units."""
    family = FAMILIES[fitted.method]
    inner = Pairs(pairs.n_models, pairs.first[fitted.within], pairs.second[fitted.within])
    columns = np.flatnonzero(np.repeat(fitted.within, 3))
    tally = units.all_tallies()[fitted.within]
    strength, tie = fitted.strength[None], np.array([fitted.tie])
    centre = block_centre(fitted.structure.block)
    terms = evaluate(family, inner, tally[None], strength, tie)
    info = information(family, inner, terms, centre, inner.incidence())[0]
    scores = units.contribution[:, columns] @ _slot_scores(family, inner, strength, tie)
    meat = scores.T @ (units.multiplicity[:, None] * scores)
    bread = np.linalg.inv(info)
    n, g = pairs.n_models, units.total
    return np.asarray(bread @ meat @ bread * (g / (g - 1)))[:n, :n]


def _slot_scores(family: Family, pairs: Pairs, strength: FloatArray, tie: FloatArray) -> FloatArray:
    """Score of one vote in each slot of each pair, (3p, n) or (3p, n + 1)."""
    n = pairs.n_models
    scores = np.zeros((len(pairs), 3, n + family.has_tie))
    row = np.arange(len(pairs))
    for slot in range(3):
        one_vote = np.zeros((1, len(pairs), 3))
        one_vote[..., slot] = 1
        terms = evaluate(family, pairs, one_vote, strength, tie)
        scores[row, slot, pairs.first] = terms.d[0]
        scores[row, slot, pairs.second] = -terms.d[0]
        if family.has_tie:
            scores[:, slot, n] = terms.t[0]
    return scores.reshape(3 * len(pairs), -1)

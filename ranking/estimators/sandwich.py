"""Robust covariance of a likelihood fit: the sandwich (Huber, 1967; White, 1982), clustered by voter where asked.

Covariance = I^-1 M I^-1, where I is the observed information and M the sum over units (votes, or voters: Liang and
Zeger, 1986) of the outer product of a unit's score, times g / (g - 1) for g units.
"""

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.families import FAMILIES, Family
from ranking.estimators.fitting import Fit
from ranking.estimators.newton import block_centre, evaluate, information
from ranking.estimators.pairs import Pairs, Units

CHUNK_ENTRIES = 250_000
"""Largest number of scores, or of votes that they are of, worked on at once (2 MB)."""
SPARSE_PAYS = 8
"""How much rarer than all entries those other than 0 have to be for sparse sums to be the quicker."""


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
    contribution = units.contribution if fitted.within.all() else units.contribution[:, columns]
    meat = _meat(contribution, units.multiplicity, _slot_scores(family, inner, strength, tie))
    bread = np.linalg.inv(info)
    n, g = pairs.n_models, units.total
    return np.asarray(bread @ meat @ bread * (g / (g - 1)))[:n, :n]


def _meat(contribution: sparse.csr_array, multiplicity: IntArray, slot_scores: sparse.csr_array) -> FloatArray:
    """Sum over units (u, 3p) of the outer products of their scores, (m, m), some units at a time.

    Units that each touch few models (votes, or voters of few votes among many models) are summed as sparse rows.
    """
    size = slot_scores.shape[1]
    meat = np.zeros((size, size))
    n_units = contribution.shape[0]
    step = max(1, CHUNK_ENTRIES // max(size, contribution.nnz // max(n_units, 1)))
    for start in range(0, n_units, step):
        some = slice(start, start + step)
        scores = contribution[some] @ slot_scores
        weighted = scores * np.sqrt(multiplicity[some])[:, None]
        if scores.nnz * SPARSE_PAYS < scores.shape[0] * size:
            meat += (weighted.T @ weighted).toarray()
        else:
            dense = weighted.toarray()
            meat += dense.T @ dense
    return meat


def _slot_scores(family: Family, pairs: Pairs, strength: FloatArray, tie: FloatArray) -> sparse.csr_array:
    """Score of one vote in each slot of each pair, (3p, n) or (3p, n + 1): of its two models, and of the tie."""
    n, slots = pairs.n_models, np.arange(3 * len(pairs)).reshape(-1, 3)
    one_vote = np.broadcast_to(np.eye(3)[:, None, :], (3, len(pairs), 3))  # a tally with one vote in each pair
    terms = evaluate(family, pairs, one_vote, np.repeat(strength, 3, axis=0), np.repeat(tie, 3))
    by_model = terms.d.T.reshape(-1)
    rows = np.r_[slots.reshape(-1), slots.reshape(-1)]
    columns = np.r_[np.repeat(pairs.first, 3), np.repeat(pairs.second, 3)]
    values = np.r_[by_model, -by_model]
    if family.has_tie:
        rows, columns = np.r_[rows, slots.reshape(-1)], np.r_[columns, np.full(slots.size, n)]
        values = np.r_[values, terms.t.T.reshape(-1)]
    return sparse.csr_array((values, (rows, columns)), shape=(slots.size, n + family.has_tie))

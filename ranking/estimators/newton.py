"""Newton's method for many sets of counts at once.

Starting near the optimum (at the fit to all votes), a resample takes three or four steps, each one batch of small
linear systems. Backtracking makes it safe far from the optimum too: all three likelihoods are concave.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.families import Family, Terms
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs

STEP_TOLERANCE = 1e-9
"""Largest last step (natural log-odds); the error after it is its square or so."""

MAX_STEPS = 200
MAX_HALVINGS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Log-strengths (r, n), centred on 0 within each block; tie parameters (r,); whether each converged (r,)."""

    strength: FloatArray
    tie: FloatArray
    converged: BoolArray


def maximise(
    family: Family,
    pairs: Pairs,
    tallies: FloatArray,
    block: IntArray,
    *,
    strength: FloatArray,
    tie: FloatArray,
) -> Optimum:
    """Fit `family` to each of r tallies (r, p, 3), from starting points (r, n) and (r,).

    Every pair must lie within a block (n,), and every block must be strongly connected in every tally.
    """
    strength, tie = strength.copy(), tie.copy()
    centre, incidence = block_centre(block), pairs.incidence()
    active = np.arange(len(tallies))
    terms = evaluate(family, pairs, tallies, strength, tie)
    for _ in range(MAX_STEPS):
        step, tie_step = _direction(family, pairs, terms, centre, incidence)
        scale, terms = _backtrack(family, pairs, tallies[active], strength[active], tie[active], step, tie_step, terms)
        strength[active] += scale[:, None] * step
        tie[active] += scale * tie_step
        size = np.maximum(np.abs(step).max(axis=1, initial=0), np.abs(tie_step))
        moving = ~(size < STEP_TOLERANCE)
        active, terms = active[moving], _select(terms, moving)
        if not len(active):
            break
    converged = np.ones(len(tallies), dtype=bool)
    converged[active] = False
    return Optimum(strength - strength @ centre, tie, converged)


def block_centre(block: IntArray) -> FloatArray:
    """Projection (n, n) onto what is constant within each block."""
    same = block[:, None] == block[None, :]
    return np.asarray(same / np.maximum(same.sum(axis=1, keepdims=True), 1))


def information(
    family: Family, pairs: Pairs, terms: Terms, centre: FloatArray, incidence: sparse.csr_array
) -> FloatArray:
    """Observed information (r, n, n), or (r, n + 1, n + 1) with a tie parameter last.

    `centre` is added to the strengths' part, which fixes each block's mean and leaves everything else alone.
    """
    n = pairs.n_models
    size = n + family.has_tie
    info = np.zeros((len(terms.d), size, size))
    info[:, pairs.first, pairs.second] = info[:, pairs.second, pairs.first] = terms.dd
    diagonal = np.arange(n)
    info[:, diagonal, diagonal] = -terms.dd @ abs(incidence)
    info[:, :n, :n] += centre
    if family.has_tie:
        info[:, :n, n] = info[:, n, :n] = -terms.dt @ incidence
        info[:, n, n] = -terms.tt.sum(axis=1)
    return info


def evaluate(family: Family, pairs: Pairs, tallies: FloatArray, strength: FloatArray, tie: FloatArray) -> Terms:
    """The family's terms of each pair, (r, p), at strengths (r, n) and tie parameters (r,)."""
    d = strength[:, pairs.first] - strength[:, pairs.second]
    return family.terms(d, tie[:, None], tallies[..., FIRST], tallies[..., SECOND], tallies[..., TIED])


def _direction(
    family: Family, pairs: Pairs, terms: Terms, centre: FloatArray, incidence: sparse.csr_array
) -> tuple[FloatArray, FloatArray]:
    n = pairs.n_models
    gradient = terms.d @ incidence
    if family.has_tie:
        gradient = np.concatenate([gradient, terms.t.sum(axis=1)[:, None]], axis=1)
    info = information(family, pairs, terms, centre, incidence)
    step = np.linalg.solve(info, gradient[..., None])[..., 0]
    return step[:, :n], (step[:, n] if family.has_tie else np.zeros(len(step)))


def _backtrack(
    family: Family,
    pairs: Pairs,
    tallies: FloatArray,
    strength: FloatArray,
    tie: FloatArray,
    step: FloatArray,
    tie_step: FloatArray,
    terms: Terms,
) -> tuple[FloatArray, Terms]:
    """Halve each step until it does not lower the likelihood (but for rounding); the scales and the new terms."""
    before = terms.value.sum(axis=1)
    slack = 1e-12 * (1 + np.abs(before))
    scale = np.ones(len(step))
    for _ in range(MAX_HALVINGS):
        new = evaluate(family, pairs, tallies, strength + scale[:, None] * step, tie + scale * tie_step)
        worse = ~(new.value.sum(axis=1) >= before - slack)
        if not worse.any():
            return scale, new
        scale = np.where(worse, scale / 2, scale)
    scale = np.where(worse, 0.0, scale)
    return scale, evaluate(family, pairs, tallies, strength + scale[:, None] * step, tie + scale * tie_step)


def _select(terms: Terms, rows: BoolArray) -> Terms:
    return Terms(
        value=terms.value[rows],
        d=terms.d[rows],
        dd=terms.dd[rows],
        t=terms.t[rows],
        dt=terms.dt[rows],
        tt=terms.tt[rows],
    )

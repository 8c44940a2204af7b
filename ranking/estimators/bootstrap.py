"""Percentile bootstrap (Efron and Tibshirani, 1993) of a likelihood fit, over votes or over voters.

Resamples are drawn as multinomial counts per unit and fitted many at a time. A resample in which a model never loses
puts it at +inf, one in which it never wins at -inf; one that says nothing of it (it is absent, or not connected to
the others) gives NaN. Percentiles are taken on this extended scale: see `percentile_ends`.
"""

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.newton import maximise
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs, Units
from ranking.estimators.structure import blocks_hold

CHUNK_ENTRIES = 8_000_000
"""Largest number of matrix entries worked on at once (64 MB)."""


def bootstrap_strengths(
    method: Method, pairs: Pairs, units: Units, fitted: Fit, *, rounds: int, seed: int
) -> FloatArray:
    """Log-strengths (rounds, n) of the rated models, each resample shifted onto the point estimate's scale.

    The shift makes the mean over a component's finite models equal to their mean in the point estimate. Models that
    are not rated are NaN throughout.
    """
    rng = np.random.default_rng(seed)
    total = units.total
    strengths = np.full((rounds, pairs.n_models), np.nan)
    widest = max(len(units.multiplicity), 3 * len(pairs), pairs.n_models**2, 1)
    step = max(1, CHUNK_ENTRIES // widest)
    inner = Pairs(pairs.n_models, pairs.first[fitted.within], pairs.second[fitted.within])
    for start in range(0, rounds, step):
        draws = rng.multinomial(total, units.multiplicity / total, size=min(step, rounds - start))
        tallies = units.tallies(draws)[:, fitted.within]
        strengths[start : start + len(draws)] = _fit_resamples(method, inner, tallies, fitted)
    strengths[:, ~fitted.rated] = np.nan
    return strengths


def percentile_ends(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends (n,) of the central interval of each column of (r, n), on the extended scale.

    What a resample leaves undetermined (NaN) is taken at its worst: as -inf for the lower end and as +inf for the
    upper. Between two finite order statistics the percentile is interpolated as numpy does; next to an infinite one,
    the outer is taken.
    """
    tail = (1 - level) / 2
    low = np.sort(np.where(np.isnan(values), -np.inf, values), axis=0)
    high = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
    return _quantile(low, tail, outer=np.floor), _quantile(high, 1 - tail, outer=np.ceil)


def _quantile(ordered: FloatArray, share: float, *, outer: np.ufunc) -> FloatArray:
    # Rounding first keeps 0.025 x 1000 at 25, where the product in binary may fall on either side.
    position = round(share * (len(ordered) - 1), 9)
    below, above = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
    fraction = position - np.floor(position)
    finite = np.isfinite(below) & np.isfinite(above)
    with np.errstate(invalid="ignore"):
        between = below + fraction * (above - below)
    return np.asarray(np.where(finite, between, ordered[int(outer(position))]))


def _fit_resamples(method: Method, pairs: Pairs, tallies: FloatArray, fitted: Fit) -> FloatArray:
    """Strengths (r, n) on the point estimate's scale; tallies (r, p, 3) are of the pairs within blocks."""
    strengths = np.empty((len(tallies), pairs.n_models))
    regular = _regular(pairs, tallies, fitted)
    if regular.any() and len(pairs):
        n_regular = int(regular.sum())
        best = maximise(
            FAMILIES[fitted.method],
            pairs,
            tallies[regular],
            fitted.structure.block,
            strength=np.repeat(fitted.strength[None], n_regular, axis=0),
            tie=np.full(n_regular, fitted.tie),
        )
        best.strength[~best.converged] = np.nan
        strengths[regular] = best.strength
    for row in np.flatnonzero(~regular):
        strengths[row] = _irregular(method, pairs, tallies[row], fitted)
    return _on_scale(strengths, fitted)


def _regular(pairs: Pairs, tallies: FloatArray, fitted: Fit) -> BoolArray:
    """Which resamples have the point estimate's blocks and, with a tie parameter, certainly a finite one, (r,)."""
    regular = blocks_hold(pairs, tallies, fitted.structure.block)
    if FAMILIES[fitted.method].has_tie:
        both_won = (np.minimum(tallies[..., FIRST], tallies[..., SECOND]) > 0).any(axis=1)
        regular &= both_won & (tallies[..., TIED] > 0).any(axis=1)
    return regular


def _irregular(method: Method, pairs: Pairs, tally: FloatArray, fitted: Fit) -> FloatArray:
    """Strengths (n,) of one resample whose blocks differ, read for the models of each point-estimate block."""
    again = fit(method, pairs, tally)
    structure = again.structure
    strength = np.full(pairs.n_models, np.nan)
    if again.separated:
        return strength
    met = np.zeros(pairs.n_models, dtype=bool)
    played = tally.sum(axis=1) > 0
    met[pairs.first[played]] = met[pairs.second[played]] = True
    for label in np.unique(fitted.structure.block):
        members = np.flatnonzero(fitted.structure.block == label)
        largest = structure.component[members].min()  # components are numbered largest first
        anchor = structure.anchor[largest]
        here = members[structure.component[members] == largest]
        rated = here[structure.block[here] == anchor]
        strength[rated] = again.strength[rated]
        others = here[structure.block[here] != anchor]
        opponents = rated if len(rated) else here
        above = structure.above[np.ix_(others, opponents)].any(axis=1)
        below = structure.above[np.ix_(opponents, others)].any(axis=0)
        strength[others[above & ~below]] = np.inf
        strength[others[below & ~above]] = -np.inf
    strength[~met] = np.nan
    return strength


def _on_scale(strengths: FloatArray, fitted: Fit) -> FloatArray:
    """Shift each resample so that each block's finite models have the mean that they have in the point estimate."""
    shifted = strengths.copy()
    for label in np.unique(fitted.structure.block[fitted.structure.rated]):
        members = fitted.structure.block == label
        values = strengths[:, members]
        finite = np.isfinite(values)
        n_finite = np.maximum(finite.sum(axis=1), 1)
        offset = np.where(finite, fitted.strength[members] - values, 0).sum(axis=1) / n_finite
        shifted[:, members] = values + offset[:, None]
    return shifted

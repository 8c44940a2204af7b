"""Percentile bootstrap (Efron and Tibshirani, 1993) of a likelihood fit, over votes or over voters.

Resamples are drawn as multinomial counts per unit and fitted many at a time. A resample in which a model never loses
puts it at +inf, one in which it never wins at -inf; one that says nothing of it (it is absent, or not connected to
the others) gives NaN. Percentiles are taken on this extended scale: see `percentile_ends`.

Resamples come in groups with a stream of random numbers each, so that threads may take them in any order.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.connections import Connections
from ranking.estimators.drawing import Drawer
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.irregular import on_scale, placed
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs, Units
from ranking.estimators.resampling import Start, fit_resamples, start_at
from ranking.estimators.threads import in_threads

GROUP_ENTRIES = 2_000_000
"""Counts in a group of resamples (16 MB). Random numbers depend on it, so to change it changes every bootstrap."""
MOST_IN_GROUP = 250


def bootstrap_strengths(
    method: Method, pairs: Pairs, units: Units, fitted: Fit, *, rounds: int, seed: int
) -> FloatArray:
    """Log-strengths (rounds, n) of the rated models, each resample shifted onto the point estimate's scale.

    The shift makes the mean over a component's finite models equal to their mean in the point estimate. Models that
    are not rated are NaN throughout.
    """
    work = _Work.of(method, pairs, units, fitted)
    widest = max(len(units.multiplicity), 3 * len(pairs), pairs.n_models**2, 1)
    size = min(MOST_IN_GROUP, max(1, GROUP_ENTRIES // widest))
    starts = range(0, rounds, size)
    streams = np.random.SeedSequence(seed).spawn(len(starts))
    groups = [(stream, min(size, rounds - start)) for start, stream in zip(starts, streams, strict=True)]
    strengths = np.concatenate(in_threads(work.strengths, groups))
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


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What the groups have in common. contribution (u, 3p) and `inner` are of the pairs within blocks."""

    method: Method
    fitted: Fit
    inner: Pairs
    contribution: sparse.csr_array
    drawer: Drawer
    connections: Connections
    start: Start

    @classmethod
    def of(cls, method: Method, pairs: Pairs, units: Units, fitted: Fit) -> "_Work":
        within, block = fitted.within, fitted.structure.block
        inner = Pairs(pairs.n_models, pairs.first[within], pairs.second[within])
        contribution = units.contribution
        if not within.all():
            contribution = contribution[:, np.flatnonzero(np.repeat(within, 3))]
        tally = units.all_tallies()[within]
        return cls(
            method=method,
            fitted=fitted,
            inner=inner,
            contribution=contribution,
            drawer=Drawer(units.multiplicity),
            connections=Connections.of(inner, tally, block),
            start=start_at(fitted.method, inner, tally, block, fitted.strength, fitted.tie),
        )

    def strengths(self, group: tuple[np.random.SeedSequence, int]) -> FloatArray:
        """Strengths (r, n) of one group of resamples, on the point estimate's scale."""
        stream, rounds = group
        counts = self.drawer.draw(np.random.default_rng(stream), rounds)
        tallies = np.asarray(self.contribution.T @ counts).reshape(len(self.inner), 3, rounds)
        del counts
        strengths = np.empty((self.inner.n_models, rounds))
        regular = self._regular(tallies)
        if regular.all():
            strengths = fit_resamples(self.start, tallies)
        elif regular.any():
            strengths[:, regular] = fit_resamples(self.start, np.ascontiguousarray(tallies[..., regular]))
        for column in np.flatnonzero(~regular):
            tally = np.ascontiguousarray(tallies[..., column])
            strengths[:, column] = placed(fit(self.method, self.inner, tally), self.inner, tally, self.fitted)
        return on_scale(np.ascontiguousarray(strengths.T), self.fitted)

    def _regular(self, tallies: FloatArray) -> BoolArray:
        """Which resamples have the point estimate's blocks and, with a tie parameter, certainly a finite one, (r,)."""
        regular = self.connections.hold(tallies)
        if FAMILIES[self.fitted.method].has_tie:
            regular &= (np.minimum(tallies[:, FIRST], tallies[:, SECOND]) > 0).any(axis=0)
            regular &= (tallies[:, TIED] > 0).any(axis=0)
        return regular

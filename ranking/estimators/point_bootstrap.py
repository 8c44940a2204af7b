"""Bootstrap over votes or voters of fits with side effect or regularisation: see `bootstrap` for what is meant."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.designs import Point, Pull
from ranking.estimators.errors import EstimationError
from ranking.estimators.irregular import on_scale, placed
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.points import Points, PointsFit, fit_points
from ranking.estimators.rows import Rows, pair_tallies
from ranking.estimators.structure import find_structure

CHUNK_ENTRIES = 8_000_000
"""Largest number of matrix entries worked on at once (64 MB)."""


@dataclass(frozen=True, slots=True, eq=False)
class PointUnits:
    """What is drawn together, as `pairs.Units` has it, but over the points of a design and their outcomes.

    multiplicity (u,): how many equal units there are. contribution (u, 3p): the weight that one adds to each slot.
    """

    multiplicity: IntArray
    contribution: sparse.csr_array

    @classmethod
    def of(cls, rows: Rows, kind: IntArray, n_points: int, *, by_voter: bool) -> "PointUnits":
        """Votes, or voters; `kind` (m,) is each row's design point. A vote without a voter is a unit of its own."""
        alone = np.flatnonzero(rows.voter < 0) if by_voter else np.arange(len(rows))
        together = np.flatnonzero(rows.voter >= 0) if by_voter else np.empty(0, dtype=np.int64)
        voters, voter = np.unique(rows.voter[together], return_inverse=True)
        unit = np.r_[np.arange(len(alone)), len(alone) + voter]
        row = np.r_[alone, together]
        weight = np.r_[rows.weight[alone], (rows.weight * rows.count)[together]]
        multiplicity = np.r_[rows.count[alone], np.ones(len(voters), dtype=np.int64)]
        slot = 3 * kind[row] + rows.outcome[row]
        shape = (len(multiplicity), 3 * n_points)
        return cls(multiplicity, sparse.csr_array((weight, (unit, slot)), shape=shape))

    @property
    def total(self) -> int:
        return int(self.multiplicity.sum())

    def drawn(self, draws: IntArray) -> FloatArray:
        """Weights (r, p, 3) from how often each unit was drawn, (r, u)."""
        return np.asarray((self.contribution.T @ draws.T.astype(np.float64)).T).reshape(len(draws), -1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """How to fit a resample: as the votes themselves were."""

    method: Method
    points: Points
    pairs: Pairs
    pull: Pull | None
    found: PointsFit

    def __call__(self, tallies: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log-strengths (r, n), on the point estimate's scale, and coefficients (r, k) of resamples (r, p, 3)."""
        n, k = self.points.n_models, len(self.points.names)
        strengths, coefficients = np.full((len(tallies), n), np.nan), np.full((len(tallies), k), np.nan)
        regular = self._regular(tallies)
        if regular.any():
            start, times = self.found.point, int(regular.sum())
            repeated = (np.repeat(part, times, axis=0) for part in (start.strength, start.coefficients, start.tie))
            best = self.found.maximiser.fit(tallies[regular][:, self.found.kept], Point(*repeated))
            held = np.where(best.converged, 1.0, np.nan)[:, None]
            strengths[regular], coefficients[regular] = best.point.strength * held, best.point.coefficients * held
        for row in np.flatnonzero(~regular):
            strengths[row], coefficients[row] = self._irregular(tallies[row])
        if self.pull is not None:  # which pulls a model that is absent to the others' mean
            strengths[~self._met(tallies)] = np.nan
        return on_scale(strengths, self.found.fit), coefficients

    def _regular(self, tallies: FloatArray) -> BoolArray:
        """Which resamples have the point estimate's blocks and, with a tie parameter, certainly a finite one, (r,)."""
        fit = self.found.fit
        regular = np.ones(len(tallies), dtype=bool)
        if self.found.maximiser.family.has_tie:
            decided, tied = tallies[..., [FIRST, SECOND]].any(axis=(1, 2)), tallies[..., TIED].any(axis=1)
            both = np.zeros(len(tallies), dtype=bool)
            for resample, tally in enumerate(tallies):
                of_pairs = self._of_pairs(tally)[1]
                both[resample] = (np.minimum(of_pairs[:, FIRST], of_pairs[:, SECOND]) > 0).any()
            regular &= tied & (decided if self.pull is not None else both)
        if self.pull is not None:
            return regular
        for row in np.flatnonzero(regular):
            regular[row] = (find_structure(*self._of_pairs(tallies[row])).block == fit.structure.block).all()
        return regular

    def _irregular(self, tally: FloatArray) -> tuple[FloatArray, FloatArray]:
        n, k = self.points.n_models, len(self.points.names)
        try:
            again = fit_points(self.method, self.points, tally, pull=self.pull)
        except EstimationError:  # a resample that tells nothing, or not what is asked, leaves everything open
            return np.full(n, np.nan), np.full(k, np.nan)
        return placed(again.fit, *self._of_pairs(tally), self.found.fit), again.coefficients

    def _of_pairs(self, tally: FloatArray) -> tuple[Pairs, FloatArray]:
        return pair_tallies(self.points.model_a, self.points.model_b, tally, self.points.n_models)

    def _met(self, tallies: FloatArray) -> BoolArray:
        met = np.zeros((len(tallies), self.points.n_models), dtype=bool)
        row, point = np.nonzero(tallies.sum(axis=2) > 0)
        met[row, self.points.model_a[point]] = met[row, self.points.model_b[point]] = True
        return met


def point_resamples(refit: Refit, units: PointUnits, *, rounds: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Log-strengths (rounds, n) and coefficients (rounds, k); NaN throughout for models without a rating."""
    rng = np.random.default_rng(seed)
    n, k = refit.points.n_models, len(refit.points.names)
    strengths, coefficients = np.empty((rounds, n)), np.empty((rounds, k))
    step = max(1, CHUNK_ENTRIES // max(len(units.multiplicity), 3 * len(refit.points), n**2, 1))
    for start in range(0, rounds, step):
        draws = rng.multinomial(units.total, units.multiplicity / units.total, size=min(step, rounds - start))
        here = slice(start, start + len(draws))
        strengths[here], coefficients[here] = refit(units.drawn(draws))
    strengths[:, ~refit.found.fit.rated] = np.nan
    return strengths, coefficients

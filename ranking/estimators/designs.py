"""Newton's method for comparisons with covariates, for many sets of counts at once.

A design point is a setting of a comparison: who was shown as A, who as B, and the covariates x. Its linear predictor
is d = strength[a] - strength[b] + x @ coefficients, and the three families of `families` say what follows from it.
All of them are concave in (strengths, coefficients, tie parameter), and so is what may be taken off: a ridge on
the coefficients, and a pull of the strengths towards one another (`Pull`).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit, log_expit

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.families import Family, Terms
from ranking.estimators.newton import MAX_HALVINGS, MAX_STEPS, STEP_TOLERANCE, block_centre
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs

OUT_OF_REACH = 16.0
"""Log-odds due to covariates beyond which these are taken to separate the outcomes: odds of nearly 10^7 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """Fictitious votes between pairs of models, half of them won by each side: weights (q,) on `pairs`."""

    pairs: Pairs
    weight: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """`p` design points of `n` models and `k` covariates.

    model_a, model_b (p,): codes. x (p, k): covariates, best of about unit size. block (n,): within which strengths
    are centred; every point lies within a block. ridge: of the coefficients, minus ridge / 2 times their squares.
    """

    model_a: IntArray
    model_b: IntArray
    x: FloatArray
    block: IntArray
    ridge: float = 0.0
    pull: Pull | None = None

    @property
    def n_models(self) -> int:
        return len(self.block)

    def incidence(self) -> sparse.csr_array:
        """Matrix (p, n) with 1 at each point's model A and -1 at its model B."""
        return Pairs(self.n_models, self.model_a, self.model_b).incidence()


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Parameters of r fits at once: strengths (r, n), coefficients (r, k), tie parameters (r,)."""

    strength: FloatArray
    coefficients: FloatArray
    tie: FloatArray

    def moved(self, step: FloatArray, scale: FloatArray) -> "Point":
        n, k = self.strength.shape[1], self.coefficients.shape[1]
        step = scale[:, None] * step
        tie = self.tie + step[:, n + k] if step.shape[1] > n + k else self.tie
        return Point(self.strength + step[:, :n], self.coefficients + step[:, n : n + k], tie)

    def rows(self, rows: BoolArray | IntArray) -> "Point":
        return Point(self.strength[rows], self.coefficients[rows], self.tie[rows])


@dataclass(frozen=True, slots=True, eq=False)
class DesignFit:
    """Where Newton ended: the point, whether each of the r fits converged, and their (penalised) log-likelihoods."""

    point: Point
    converged: BoolArray
    value: FloatArray


class Maximiser:
    """Fits a family to tallies (r, p, 3) of the points of a design."""

    def __init__(self, family: Family, design: Design) -> None:
        self.family, self.design = family, design
        self._centre = block_centre(design.block)
        self._incidence = design.incidence()
        self._absolute = abs(self._incidence)
        low, high = np.minimum(design.model_a, design.model_b), np.maximum(design.model_a, design.model_b)
        keys, pair = np.unique(low * design.n_models + high, return_inverse=True)
        self._low, self._high = np.divmod(keys, design.n_models)
        shape = (len(low), len(keys))
        self._pairing = sparse.csr_array((np.ones(len(low)), (np.arange(len(low)), pair)), shape=shape)
        self._pull_incidence = design.pull.pairs.incidence() if design.pull else None

    def fit(self, tallies: FloatArray, start: Point) -> DesignFit:
        """Maximise from starting points; every block must be strongly connected in every tally, or pulled."""
        point, active = start, np.arange(len(tallies))
        converged = np.zeros(len(tallies), dtype=bool)
        value, terms = self._evaluate(tallies, point)
        for _ in range(MAX_STEPS):
            here = point.rows(active)
            try:
                step = self._step(terms, here)
            except np.linalg.LinAlgError:  # so far out that the likelihood is flat to the last bit
                break
            here, value[active], terms = self._backtrack(tallies[active], here, step, value[active])
            point = _replaced(point, active, here)
            done, near = np.abs(step).max(axis=1, initial=0) < STEP_TOLERANCE, self._within_reach(here)
            converged[active[done & near]] = True
            going = ~done & near
            active, terms = active[going], _select(terms, going)
            if not len(active):
                break
        centred = point.strength - point.strength @ self._centre
        return DesignFit(Point(centred, point.coefficients, point.tie), converged, value)

    def terms(self, tallies: FloatArray, point: Point) -> Terms:
        """The family's terms at each design point, (r, p)."""
        d = self.predictor(point)
        return self.family.terms(d, point.tie[:, None], tallies[..., FIRST], tallies[..., SECOND], tallies[..., TIED])

    def predictor(self, point: Point) -> FloatArray:
        """The linear predictor d of each design point, (r, p)."""
        d = point.strength[:, self.design.model_a] - point.strength[:, self.design.model_b]
        return np.asarray(d + point.coefficients @ self.design.x.T)

    def information(self, terms: Terms, point: Point) -> FloatArray:
        """Observed information of strengths, coefficients and (where there is one) tie parameter, (r, s, s).

        The projection onto block means is added to the strengths' part, which fixes each block's mean and leaves
        everything else alone.
        """
        n, k, x = self.design.n_models, self.design.x.shape[1], self.design.x
        size = n + k + self.family.has_tie
        info = np.zeros((len(terms.d), size, size))
        between = terms.dd @ self._pairing
        info[:, self._low, self._high] = info[:, self._high, self._low] = between
        info[:, np.arange(n), np.arange(n)] = -terms.dd @ self._absolute
        info[:, :n, :n] += self._centre
        for j in range(k):
            weighted = -terms.dd * x[:, j]
            info[:, :n, n + j] = info[:, n + j, :n] = weighted @ self._incidence
            info[:, n : n + k, n + j] = weighted @ x
            info[:, n + j, n + j] += self.design.ridge
        if self.family.has_tie:
            cross = np.concatenate([-terms.dt @ self._incidence, -terms.dt @ x], axis=1)
            info[:, :-1, -1] = info[:, -1, :-1] = cross
            info[:, -1, -1] = -terms.tt.sum(axis=1)
        if self.design.pull is not None and self._pull_incidence is not None:
            pulled, edge = self.design.pull, self._pull_incidence
            p = expit(point.strength[:, pulled.pairs.first] - point.strength[:, pulled.pairs.second])
            stiff = pulled.weight * p * (1 - p)
            info[:, pulled.pairs.first, pulled.pairs.second] -= stiff
            info[:, pulled.pairs.second, pulled.pairs.first] -= stiff
            info[:, np.arange(n), np.arange(n)] += stiff @ abs(edge)
        return info

    def _step(self, terms: Terms, point: Point) -> FloatArray:
        gradient = self._gradient(terms, point)
        return np.asarray(np.linalg.solve(self.information(terms, point), gradient[..., None])[..., 0], np.float64)

    def _gradient(self, terms: Terms, point: Point) -> FloatArray:
        strengths = terms.d @ self._incidence
        if self.design.pull is not None and self._pull_incidence is not None:
            pulled = self.design.pull
            d = point.strength[:, pulled.pairs.first] - point.strength[:, pulled.pairs.second]
            strengths = strengths + (pulled.weight * (0.5 - expit(d))) @ self._pull_incidence
        parts = [strengths, terms.d @ self.design.x - self.design.ridge * point.coefficients]
        if self.family.has_tie:
            parts.append(terms.t.sum(axis=1)[:, None])
        return np.concatenate(parts, axis=1)

    def _evaluate(self, tallies: FloatArray, point: Point) -> tuple[FloatArray, Terms]:
        """Penalised log-likelihoods (r,) and the terms they are made of."""
        terms = self.terms(tallies, point)
        value = terms.value.sum(axis=1) - self.design.ridge / 2 * (point.coefficients**2).sum(axis=1)
        if self.design.pull is not None:
            pulled = self.design.pull
            d = point.strength[:, pulled.pairs.first] - point.strength[:, pulled.pairs.second]
            value = value + (log_expit(d) + log_expit(-d)) @ pulled.weight / 2
        return value, terms

    def _backtrack(
        self, tallies: FloatArray, point: Point, step: FloatArray, before: FloatArray
    ) -> tuple[Point, FloatArray, Terms]:
        """Halve each step until it does not lower the likelihood (but for rounding)."""
        slack = 1e-12 * (1 + np.abs(before))
        scale = np.ones(len(step))
        for _ in range(MAX_HALVINGS):
            moved = point.moved(step, scale)
            value, terms = self._evaluate(tallies, moved)
            worse = ~(value >= before - slack)
            if not worse.any():
                return moved, value, terms
            scale = np.where(worse, scale / 2, scale)
        moved = point.moved(step, np.where(worse, 0.0, scale))
        return moved, *self._evaluate(tallies, moved)

    def _within_reach(self, point: Point) -> BoolArray:
        shares = point.coefficients @ self.design.x.T
        return np.asarray(np.abs(shares).max(axis=1, initial=0) < OUT_OF_REACH)


def _replaced(point: Point, rows: IntArray, new: Point) -> Point:
    strength, coefficients, tie = point.strength.copy(), point.coefficients.copy(), point.tie.copy()
    strength[rows], coefficients[rows], tie[rows] = new.strength, new.coefficients, new.tie
    return Point(strength, coefficients, tie)


def _select(terms: Terms, rows: BoolArray) -> Terms:
    if rows.all():
        return terms
    return Terms(*(getattr(terms, name)[rows] for name in ("value", "d", "dd", "t", "dt", "tt")))

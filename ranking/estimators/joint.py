"""The joint distribution of pairwise differences: what makes claims about all pairs hold at once.

`max-t`: the critical value is a quantile of the largest studentised error over all pairs, drawn from the joint
distribution of the strengths (normal with the estimated covariance, or the bootstrap's resamples). Simultaneous
intervals use it in one step (Fan, Lou, Wang and Yu, arXiv 2211.11957); tests step down from it (Romano and Wolf,
Econometrica 2005), so that a pair is compared with the pairs not yet told apart only. Holm (1979) needs no joint
distribution and pays for that with power.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray

DRAWS = 20_000
"""Draws from the normal distribution. An adjusted p of 0.05 has a Monte Carlo standard error of 0.0015."""

DRAW_SEED = 0
"""Of these draws: always the same, so that sandwich results depend on votes and options alone."""

NO_WIDTH = 1e-9
"""Log-odds below which a standard error is rounding."""

IN_CACHE = 1 << 15
"""Errors that are looked at at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """`p` differences first[k] - second[k] of log-strengths, and how they err together.

    error (p,): standard errors, NaN where not known. deviation (n, r): draws of the strengths' errors (which may be
    infinite or NaN in resamples). against (p,): share of the draws that leave the difference unknown or put it
    infinitely far on the other side. open_low, open_high (p,): whether any draw leaves that end without bound.
    exact: whether the differences are normal with these errors, so that Holm's bound holds beyond what draws resolve.
    """

    first: IntArray
    second: IntArray
    difference: FloatArray
    error: FloatArray
    deviation: FloatArray
    against: FloatArray
    open_low: BoolArray
    open_high: BoolArray
    exact: bool

    def __len__(self) -> int:
        return len(self.first)

    def z(self) -> FloatArray:
        """Studentised differences (p,); NaN where the error is not known."""
        return np.asarray(self.difference / self.error)

    def p_values(self) -> FloatArray:
        """Two-sided p of each difference by itself, (p,): normal tails plus the share of draws against it."""
        return np.asarray(np.minimum(2 * ndtr(-np.abs(self.z())) + self.against, 1))

    def p_holm(self) -> FloatArray:
        """Holm's (1979) adjusted p, (p,)."""
        p = self.p_values()
        known = np.flatnonzero(~np.isnan(p))
        order = known[np.argsort(p[known], kind="stable")]
        adjusted = np.full_like(p, np.nan)
        adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1)
        return adjusted

    def p_max_t(self) -> FloatArray:
        """Step-down max-t adjusted p, (p,); where the distribution is exact, never above Holm's.

        Both procedures err only where the largest studentised error over the true nulls exceeds its own quantile, so
        that rejecting where either rejects keeps the level.
        """
        adjusted, _ = self._step_down()
        return np.fmin(adjusted, self.p_holm()) if self.exact else adjusted

    def critical_value(self, alpha: float) -> float:
        """How many standard errors hold all errors at once in all but a share alpha of the draws."""
        _, largest = self._step_down()
        position = int(np.ceil(round((1 - alpha) * (len(largest) + 1), 9))) - 1
        return float(np.sort(largest)[position]) if position < len(largest) else float("inf")

    def _step_down(self) -> tuple[FloatArray, FloatArray]:
        """Adjusted p (p,), and the largest studentised error of each draw over all known pairs (r,).

        Pairs are taken in from the least studentised difference up, so that each is compared with the largest error
        of those that it would still stand among.
        """
        z = np.abs(self.z())
        known = np.flatnonzero(~np.isnan(z))
        order = known[np.argsort(z[known], kind="stable")]
        draws = self.deviation.shape[1]
        largest, exceeding = np.zeros(draws), np.zeros(len(order))
        for some in _chunks(len(order), draws):
            running = self._studentised(order[some])
            np.maximum(running[0], largest, out=running[0])
            np.maximum.accumulate(running, axis=0, out=running)
            exceeding[some] = np.count_nonzero(running >= z[order[some], None], axis=1)
            largest = running[-1].copy()
        p = np.full(len(z), np.nan)
        p[order] = np.maximum.accumulate(((1 + exceeding) / (1 + draws))[::-1])[::-1]
        return np.minimum(p + self.against, 1), largest

    def _studentised(self, pairs: IntArray) -> FloatArray:
        """Absolute errors (k, r) of some differences in standard errors; on a side without bound there is none."""
        with np.errstate(invalid="ignore"):  # inf - inf: not known
            error = self.deviation[self.first[pairs]] - self.deviation[self.second[pairs]]
            error /= self.error[pairs, None]
        np.abs(error, out=error)
        bounded = ~(self.open_low[pairs] | self.open_high[pairs])
        if not bounded.all():
            error[~bounded[:, None] & ~np.isfinite(error)] = 0.0
        return error


def joint_of_covariance(strength: FloatArray, covariance: FloatArray, candidates: BoolArray) -> Joint:
    """Differences of the candidate pairs (n, n) with normal errors of this covariance (n, n)."""
    i, j = np.nonzero(np.triu(candidates, 1))
    variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
    nothing = np.zeros(len(i), dtype=bool)
    return Joint(
        first=i,
        second=j,
        difference=strength[i] - strength[j],
        error=np.where(variance > NO_WIDTH**2, np.sqrt(np.maximum(variance, 0)), np.nan),
        deviation=normal_errors(covariance) if len(i) else np.zeros((len(strength), 0)),
        against=np.zeros(len(i)),
        open_low=nothing,
        open_high=nothing,
        exact=True,
    )


def joint_of_resamples(strength: FloatArray, values: FloatArray, candidates: BoolArray) -> Joint:
    """Differences of the candidate pairs (n, n), erring as resampled strengths (r, n) do around the estimate.

    A resample that leaves a difference unknown, or infinitely far on the other side, counts against the claim on that
    pair, and not on the others'; standard errors are those of the finite resamples.
    """
    i, j = np.nonzero(np.triu(candidates, 1))
    with np.errstate(invalid="ignore"):
        deviation = np.ascontiguousarray((values - strength).T)
    difference = strength[i] - strength[j]
    error, against = np.full(len(i), np.nan), np.zeros(len(i))
    open_low, open_high = np.zeros(len(i), dtype=bool), np.zeros(len(i), dtype=bool)
    bounded: BoolArray = np.asarray(np.isfinite(deviation).all(axis=1))
    plain = bounded[i] & bounded[j]
    if deviation.shape[1] > 1:
        error[plain] = _spreads(deviation, i[plain], j[plain])
    for pair in np.flatnonzero(~plain).tolist():
        with np.errstate(invalid="ignore"):
            errors = deviation[i[pair]] - deviation[j[pair]]
        finite, unknown, up = np.isfinite(errors), np.isnan(errors), np.isposinf(errors)
        down = ~finite & ~unknown & ~up
        against[pair] = np.mean(unknown | (down if difference[pair] > 0 else up))
        open_low[pair], open_high[pair] = (unknown | down).any(), (unknown | up).any()
        errors = errors[finite]
        if len(errors) > 1 and (spread := errors.std(ddof=1)) > NO_WIDTH:
            error[pair] = spread
    return Joint(i, j, difference, error, deviation, against, open_low, open_high, exact=False)


def normal_errors(covariance: FloatArray) -> FloatArray:
    """Draws (n, DRAWS) from the normal distribution with this covariance (n, n).

    By the symmetric square root, which is unique: eigenvectors, whose signs a library may choose, cancel in it.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.where(values > 1e-12 * values.max(initial=0.0), values, 0.0)
    root = (vectors * np.sqrt(values)) @ vectors.T
    normal = np.random.default_rng(DRAW_SEED).standard_normal((len(covariance), DRAWS))
    return np.asarray(root @ normal)


def _spreads(deviation: FloatArray, first: IntArray, second: IntArray) -> FloatArray:
    """Standard deviations (k,) of the differences of rows of finite errors (n, r); NaN where they are rounding."""
    spread = np.empty(len(first))
    for some in _chunks(len(first), deviation.shape[1]):
        spread[some] = (deviation[first[some]] - deviation[second[some]]).std(axis=1, ddof=1)
    return np.where(spread > NO_WIDTH, spread, np.nan)


def _chunks(rows: int, columns: int) -> Iterator[slice]:
    """Some rows at a time, so that what is computed of them stays in a core's cache."""
    step = max(1, IN_CACHE // max(columns, 1))
    for start in range(0, rows, step):
        yield slice(start, start + step)

"""Generalised least squares of values that are known up to a common constant."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import ndtr, ndtri

from ranking.estimators.arrays import FloatArray
from ranking.estimators.errors import EstimationError

SINGULAR = 1e-10
"""Smallest eigenvalue of a covariance of contrasts, relative to the largest, that is not rounding."""
RANK = 1e-9
"""Smallest singular value of a design, relative to the largest, that is not rounding."""
UNTOLD = 1e-7
"""Largest part of a contrast outside a design's row space, relative to the contrast, that is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSpace:
    """What a design (n, k) can tell: an orthonormal basis (r, k) of the contrasts of its rows."""

    basis: FloatArray

    def tells(self, contrast: FloatArray) -> bool:
        """Whether the data determine this combination (k,) of coefficients."""
        missing = contrast - self.basis.T @ (self.basis @ contrast)
        return bool(np.abs(missing).max(initial=0.0) <= UNTOLD * np.abs(contrast).max(initial=0.0))

    def tells_all(self, contrasts: Iterable[FloatArray]) -> bool:
        return all(self.tells(contrast) for contrast in contrasts)


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """A fit of `n` values by `k` coefficients, of which `rank` combinations can be told.

    coefficients (k,) and covariance (k, k): meaningful in combinations that `tells` grants. residual (n,): mean 0.
    """

    space: RowSpace
    coefficients: FloatArray
    covariance: FloatArray
    residual: FloatArray
    statistic: float
    trace: float

    @classmethod
    def solve(cls, design: FloatArray, values: FloatArray, covariance: FloatArray) -> "LeastSquares":
        """Fit values (n,) with this covariance (n, n), known up to a constant, by a design (n, k) without intercept.

        Raises `EstimationError` where the covariance of the values' contrasts is singular.
        """
        basis = _contrasts(len(values))
        spread = basis @ covariance @ basis.T
        eigenvalues = np.linalg.eigvalsh(spread)
        if eigenvalues[0] <= SINGULAR * eigenvalues[-1]:
            raise EstimationError(
                "the ratings' covariance is singular: there are too few votes, or fewer voters than models, for factors"
            )
        root = np.linalg.cholesky(spread)
        white = solve_triangular(root, basis @ design, lower=True)
        target = solve_triangular(root, basis @ values, lower=True)
        left, sizes, right = np.linalg.svd(white, full_matrices=False)
        rank = int((sizes > RANK * sizes.max(initial=0.0)).sum())
        left, sizes, right = left[:, :rank], sizes[:rank], right[:rank]
        coefficients = right.T @ ((left.T @ target) / sizes)
        rest = target - left @ (left.T @ target)
        residual = values - design @ coefficients
        # Of the weights' trace, what the coefficients leave: the residuals' expected sum per unit of extra variance.
        inverse = solve_triangular(root, np.eye(len(spread)), lower=True)
        free = inverse - left @ (left.T @ inverse)
        return cls(
            space=RowSpace(right),
            coefficients=coefficients,
            covariance=(right.T / sizes**2) @ right,
            residual=residual - residual.mean(),
            statistic=float(rest @ rest),
            trace=float((free**2).sum()),
        )

    def tells(self, contrast: FloatArray) -> bool:
        """Whether the values determine this combination (k,) of coefficients."""
        return self.space.tells(contrast)

    def value(self, contrast: FloatArray) -> tuple[float, float]:
        """A combination of coefficients, and its standard error."""
        return float(contrast @ self.coefficients), math.sqrt(max(float(contrast @ self.covariance @ contrast), 0.0))

    def wald(self, contrasts: FloatArray) -> tuple[float, int]:
        """Wald's statistic of combinations (c, k) that are all 0, and its degrees of freedom."""
        values: FloatArray = contrasts @ self.coefficients
        spread: FloatArray = contrasts @ self.covariance @ contrasts.T
        eigen = np.linalg.eigh(spread)
        sizes, vectors = np.asarray(eigen[0]), np.asarray(eigen[1])
        kept = sizes > RANK * sizes.max(initial=0.0)
        return float(((vectors.T @ values)[kept] ** 2 / sizes[kept]).sum()), int(kept.sum())

    def lack_of_fit(self) -> tuple[float, int]:
        """The residuals' Wald statistic, and its degrees of freedom."""
        return self.statistic, len(self.residual) - 1 - len(self.space.basis)

    def between(self) -> float:
        """Standard deviation of what the values have besides, by moments (DerSimonian and Laird, 1986)."""
        statistic, df = self.lack_of_fit()
        return math.sqrt(max(statistic - df, 0) / self.trace) if self.trace > 0 else 0.0


def contrasts_of_all(design: FloatArray) -> RowSpace:
    """What a design (n, k) can tell of its coefficients, whatever the values."""
    _, sizes, right = np.linalg.svd(_contrasts(len(design)) @ design, full_matrices=False)
    return RowSpace(right[sizes > RANK * sizes.max(initial=0.0)])


def interval(value: float, error: float, level: float) -> tuple[float, float]:
    """The ends of a normal interval."""
    half = -float(ndtri((1 - level) / 2)) * error
    return value - half, value + half


def two_sided(value: float, error: float) -> float:
    """The normal probability of a value at least so far from 0."""
    return float(2 * ndtr(-abs(value) / error)) if error > 0 else float(value == 0)


def _contrasts(n: int) -> FloatArray:
    """An orthonormal basis (n - 1, n) of what sums to 0: Helmert's."""
    rows = np.tril(np.ones((n - 1, n)))
    rows[np.arange(n - 1), np.arange(1, n)] = -np.arange(1.0, n)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

"""Ratings beside scores of benchmarks: do the models that people prefer score best too? Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from ranking.estimators import EstimationError, Ranking
from ranking.estimators.arrays import FloatArray

MEAN = "mean of all"
"""The models' mean score over the benchmarks, of the models that have them all."""
FEWEST = 4
"""Models below which a correlation has no interval."""

LEAST = 0.001
"""Probabilities below this are said to be so."""

Scores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation of ratings and a benchmark's scores over `models` models, with interval and p."""

    benchmark: str
    models: int
    rho: float
    ci_low: float
    ci_high: float
    p: float

    def __str__(self) -> str:
        p = f"below {LEAST:g}" if self.p < LEAST else f"{self.p:.3f}"
        return (
            f"{self.benchmark}: rho {self.rho:+.2f} [{self.ci_low:+.2f}, {self.ci_high:+.2f}], "
            f"p {p}, {self.models} models"
        )


def correlations(ranking: Ranking, scores: Scores, level: float) -> tuple[Correlation, ...]:
    """Of each benchmark, highest first, and of their mean where there are several.

    Over the rated models of the largest component that have the score; benchmarks with fewer than 4 of them are left
    out. Interval: Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) (Bonett and Wright, 2000); p: Student's t
    with n - 2 degrees of freedom, or, where the ranks are the same or turned, the share of all orders that are.
    Neither knows how uncertain ratings are, nor how the models came to be chosen.

    Raises `EstimationError` where no benchmark is left.
    """
    ratings = comparable(ranking)
    found = [found for name in scores if (found := correlation(name, ratings, scores[name], level))]
    if not found:
        raise EstimationError(f"no benchmark has scores of {FEWEST} rated models that are not all alike")
    found.sort(key=lambda each: (-each.rho, each.benchmark))
    if len(scores) > 1:
        common = set(ratings).intersection(*(each.keys() for each in scores.values()))
        means = {model: sum(each[model] for each in scores.values()) / len(scores) for model in sorted(common)}
        found += [mean] if (mean := correlation(MEAN, ratings, means, level)) else []
    return tuple(found)


def comparable(ranking: Ranking) -> dict[str, float]:
    """The ratings that can be compared with each other: those of the largest component."""
    return {line.model: line.rating for line in ranking.ratings if line.rating is not None and line.component == 1}


def correlation(
    name: str, ratings: Mapping[str, float], scores: Mapping[str, float], level: float
) -> Correlation | None:
    """Of ratings with the scores of one benchmark; None with fewer than 4 models, or where one side is all alike."""
    models = sorted(ratings.keys() & scores.keys())
    n = len(models)
    if n < FEWEST:
        return None
    x, y = _ranks([ratings[model] for model in models]), _ranks([scores[model] for model in models])
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    if size == 0:
        return None
    rho = min(max(float(x @ y) / size, -1.0), 1.0)
    if abs(rho) > 1 - 1e-12:
        return Correlation(name, n, round(rho), round(rho), round(rho), _by_chance(x))
    half = -float(ndtri((1 - level) / 2)) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    t = abs(rho) * math.sqrt((n - 2) / (1 - rho**2))
    return Correlation(
        name, n, rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half), float(2 * stdtr(n - 2, -t))
    )


def _by_chance(ranks: FloatArray) -> float:
    """The share of all orders of ranks (n,) that are the same as these, or turned."""
    _, alike = np.unique(ranks, return_counts=True)
    return min(1.0, 2 * math.prod(math.factorial(int(count)) for count in alike) / math.factorial(len(ranks)))


def _ranks(values: Sequence[float]) -> FloatArray:
    """Ranks from 1, the mean of their places for those that are alike."""
    _, position, counts = np.unique(np.array(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[position], dtype=np.float64)

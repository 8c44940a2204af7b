"""Comparisons of two models: a difference with its own interval and probability, corrected for all pairs.

    solution = solve(votes, options)
    found = differences(solution)
    found.between("latxa-70b", "gpt-4o").p_better

What a single pair shows is `ci_low`, `ci_high`, `p` and `p_better`. Whoever looks at all pairs and then picks one reads
`p_max_t` or `p_holm`, and the simultaneous ends. Whether two models' own intervals overlap decides nothing; how many
pairs that rule would separate is in `Separability` so that it can be said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.best import best_probabilities
from ranking.estimators.bootstrap import percentile_ends
from ranking.estimators.errors import EstimationError
from ranking.estimators.estimates import ELO_PER_LOG_ODDS
from ranking.estimators.joint import Joint, joint_of_covariance, joint_of_resamples
from ranking.estimators.ranking import Solution
from ranking.estimators.ranks import same_component
from ranking.estimators.results import DECIMALS

SIGNIFICANT = 6
"""Probabilities are rounded to this many significant digits."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far `model_a` stands above `model_b` on the Elo scale, and how sure that is.

    difference, se: in Elo points. ci_low, ci_high: the interval of this difference by itself; simultaneous_low,
    simultaneous_high: ends that hold for all pairs at once. p_better: the probability that model_a is the better one:
    Phi(difference / se), or the share of the bootstrap's resamples that say so. p: two-sided; p_holm, p_max_t: the
    same corrected for all pairs. None where there is no number: without bound, without rating, without intervals.
    """

    model_a: str
    model_b: str
    difference: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    simultaneous_low: float | None = None
    simultaneous_high: float | None = None
    p_better: float | None = None
    p: float | None = None
    p_holm: float | None = None
    p_max_t: float | None = None

    def turned(self) -> "Difference":
        """The same seen from the other model."""

        def minus(value: float | None) -> float | None:
            return None if value is None else -value

        return replace(
            self,
            model_a=self.model_b,
            model_b=self.model_a,
            difference=minus(self.difference),
            ci_low=minus(self.ci_high),
            ci_high=minus(self.ci_low),
            simultaneous_low=minus(self.simultaneous_high),
            simultaneous_high=minus(self.simultaneous_low),
            p_better=None if self.p_better is None else _significant(1 - self.p_better),
        )


@dataclass(frozen=True, slots=True)
class Separability:
    """Of `pairs` pairs whose difference has an error, how many each rule tells apart at the level of the ranking.

    overlap: the two models' own intervals do not overlap. uncorrected: each difference by itself. holm, max_t:
    corrected for all pairs. unrated: pairs beyond these, within a component, whose difference has no number.
    """

    pairs: int
    overlap: int
    uncorrected: int
    holm: int
    max_t: int
    unrated: int


@dataclass(frozen=True, slots=True)
class Differences:
    """All pairs within components: the model that is ranked higher first, best pairs first."""

    level: float
    pairs: tuple[Difference, ...]
    best: Mapping[str, float | None]
    separability: Separability

    def between(self, model_a: str, model_b: str) -> Difference:
        """The difference of two models, whichever is ahead. Raises `EstimationError` where there is none."""
        if model_a == model_b:
            raise EstimationError(f"“{model_a}” cannot be compared with itself")
        for name in (model_a, model_b):
            if name not in self.best:
                raise EstimationError(f"“{name}” is no model of these votes. They are: {', '.join(sorted(self.best))}")
        for pair in self.pairs:
            if (pair.model_a, pair.model_b) == (model_a, model_b):
                return pair
            if (pair.model_b, pair.model_a) == (model_a, model_b):
                return pair.turned()
        raise EstimationError(f"“{model_a}” and “{model_b}” never met, not even through others")

    def as_dict(self) -> dict[str, Any]:
        """What `rank --differences --format json` prints under `differences`."""
        return {
            "pairs": [asdict(pair) for pair in self.pairs],
            "best": dict(self.best),
            "separability": asdict(self.separability),
        }


def differences(solution: Solution) -> Differences:
    """Every pair's difference, each model's probability of being best, and how many pairs each rule tells apart.

    The models, their order, the level and the kind of interval are those of the solution.
    """
    estimate, options = solution.estimate, solution.ranking.options
    code = {name: position for position, name in enumerate(solution.cells.models)}
    order = [code[rating.model] for rating in solution.ranking.ratings]
    rated = np.isfinite(estimate.rating)
    together = same_component(estimate.structure)
    sure = rated & ~estimate.one_sided  # no resample shows how else a one-sided record might have ended
    joint = _joint(solution, together & sure[:, None] & sure[None, :])
    rows = _rows(joint, estimate.strength, estimate.resamples, options.level) if joint is not None else {}
    names = solution.cells.models
    pairs = []
    for place, a in enumerate(order):
        for b in order[place + 1 :]:
            if not together[a, b]:
                continue
            plain = Difference(names[a], names[b])
            if rated[a] and rated[b]:
                plain = replace(
                    plain, difference=_elo(ELO_PER_LOG_ODDS * (estimate.strength[a] - estimate.strength[b]))
                )
            pairs.append(_oriented(plain, rows.get((min(a, b), max(a, b))), swapped=a > b))
    return Differences(
        level=options.level,
        pairs=tuple(pairs),
        best=dict(zip(names, map(_share, best_probabilities(estimate)), strict=True)),
        separability=_separability(solution, pairs),
    )


def _joint(solution: Solution, candidates: BoolArray) -> Joint | None:
    estimate = solution.estimate
    if estimate.resamples is not None:
        return joint_of_resamples(estimate.strength, estimate.resamples, candidates)
    if estimate.covariance is not None:
        return joint_of_covariance(estimate.strength, estimate.covariance, candidates)
    return None


def _rows(
    joint: Joint, strength: FloatArray, resamples: FloatArray | None, level: float
) -> dict[tuple[int, int], Difference]:
    """The numbers of each pair of codes (i < j), seen from i; without names."""
    low, high, better = _own(joint, strength, resamples, level)
    half = joint.critical_value(1 - level) * joint.error
    all_low = np.where(joint.open_low, -np.inf, joint.difference - half)
    all_high = np.where(joint.open_high, np.inf, joint.difference + half)
    p, holm, max_t = joint.p_values(), joint.p_holm(), joint.p_max_t()
    rows = {}
    for k, (i, j) in enumerate(zip(joint.first.tolist(), joint.second.tolist(), strict=True)):
        if np.isnan(joint.error[k]):
            continue
        ends = (_elo(ELO_PER_LOG_ODDS * end) for end in (joint.error[k], low[k], high[k], all_low[k], all_high[k]))
        chances = (_share(value) for value in (better[k], p[k], holm[k], max_t[k]))
        rows[i, j] = Difference("", "", None, *ends, *chances)
    return rows


def _own(
    joint: Joint, strength: FloatArray, resamples: FloatArray | None, level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each difference's own ends and the probability that the first is better, (p,) each."""
    if resamples is None:
        half = -ndtri((1 - level) / 2) * joint.error
        return joint.difference - half, joint.difference + half, np.asarray(ndtr(joint.z()))
    low, high, better = (np.empty(len(joint)) for _ in range(3))
    for k, (i, j) in enumerate(zip(joint.first.tolist(), joint.second.tolist(), strict=True)):
        with np.errstate(invalid="ignore"):
            drawn = resamples[:, i] - resamples[:, j]
        ends = percentile_ends(drawn[:, None], level)
        low[k], high[k] = ends[0][0], ends[1][0]
        better[k] = np.mean(drawn > 0) + np.mean((drawn == 0) | np.isnan(drawn)) / 2
    return low, high, better


def _oriented(plain: Difference, row: Difference | None, *, swapped: bool) -> Difference:
    if row is None:
        return plain
    seen = row.turned() if swapped else row
    return replace(seen, model_a=plain.model_a, model_b=plain.model_b, difference=plain.difference)


def _separability(solution: Solution, pairs: list[Difference]) -> Separability:
    alpha = 1 - solution.ranking.options.level
    line = {rating.model: rating for rating in solution.ranking.ratings}
    counted = [pair for pair in pairs if pair.p is not None]

    def apart(pair: Difference) -> bool:
        upper, lower = line[pair.model_a].ci_low, line[pair.model_b].ci_high
        return upper is not None and lower is not None and upper > lower

    def certain(values: Iterator[float | None]) -> int:
        return sum(value is not None and value <= alpha for value in values)

    return Separability(
        pairs=len(counted),
        overlap=sum(map(apart, counted)),
        uncorrected=certain(pair.p for pair in counted),
        holm=certain(pair.p_holm for pair in counted),
        max_t=certain(pair.p_max_t for pair in counted),
        unrated=sum(pair.difference is None for pair in pairs),
    )


def _elo(points: FloatArray | float) -> float | None:
    return round(float(points), DECIMALS) + 0.0 if np.isfinite(points) else None


def _share(value: FloatArray | float) -> float | None:
    return None if np.isnan(value) else _significant(float(value))


def _significant(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT}g}")

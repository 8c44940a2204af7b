"""How many more votes would tell two models apart."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from ranking.diagnostics.evidence import Evidence
from ranking.estimators.differences import Differences
from ranking.estimators.options import Cluster, Interval, Options
from ranking.estimators.pairs import TIED
from ranking.estimators.ranking import solve
from ranking.estimators.scale import ELO_PER_LOG_ODDS

POWER = 0.8
"""Chance with which a difference as large as the estimated one is to be found."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Two models next to each other in the ranking, and the votes that are still needed to tell them apart.

    told_apart: whether their difference by itself is certain at the level already. of_the_pair: further votes, all on
    these two; as_so_far: further votes of the campaign, spread as they are. Both suppose that the difference is what it
    now seems, and find it with probability POWER, at the level of a single difference. inflation: how many times the
    variance is what it would be if votes of one voter were independent. None: no number of votes (no difference).
    """

    better: str
    worse: str
    difference: float
    told_apart: bool
    inflation: float
    of_the_pair: int | None
    as_so_far: int | None


def needed_votes(evidence: Evidence, found: Differences) -> tuple[Needed, ...]:
    """For each two rated neighbours of the ranking, best first.

    With standard error s now, the difference d is found with probability POWER once its error is d / (z + z_power).
    Votes spread as so far shrink s by the root of their number; n votes of the pair add n times their information over
    the inflation to 1 / s^2.
    """
    ranking = evidence.solution.ranking
    level = 1 - ranking.options.level
    alone = solve(evidence.votes, Options(interval=Interval.SANDWICH, cluster=Cluster.NONE)).estimate.covariance
    if alone is None:
        return ()
    code = {name: position for position, name in enumerate(evidence.votes.models)}
    reach = -ndtri(level / 2) + ndtri(POWER)
    result = []
    rated = [line for line in ranking.ratings if line.rating is not None]
    for one, other in zip(rated, rated[1:], strict=False):
        if one.component != other.component:
            continue
        pair = found.between(one.model, other.model)
        if pair.se is None or pair.difference is None or pair.p is None:
            continue
        i, j = code[one.model], code[other.model]
        error, gap = pair.se / ELO_PER_LOG_ODDS, abs(pair.difference) / ELO_PER_LOG_ODDS
        plain = alone[i, i] + alone[j, j] - 2 * alone[i, j]
        inflation = error**2 / plain if plain > 0 else 1.0
        wanted = (reach / gap) ** 2 if gap > 0 else math.inf
        missing = max(wanted - 1 / error**2, 0.0)
        result.append(
            Needed(
                better=one.model,
                worse=other.model,
                difference=pair.difference,
                told_apart=pair.p <= level,
                inflation=float(inflation),
                of_the_pair=_votes(missing * inflation / _information(evidence, gap)),
                as_so_far=_votes(len(evidence.votes) * max(wanted * error**2 - 1, 0.0)),
            )
        )
    return tuple(result)


def _information(evidence: Evidence, gap: float) -> float:
    """What one vote between two models with this difference tells of it, a tie being half a win for each.

    The score of a vote has variance p (1 - p) less a quarter of the share of ties.
    """
    slope = float(expit(gap) * expit(-gap))
    ties = float(evidence.counts[:, TIED].sum() / max(evidence.counts.sum(), 1))
    return slope**2 / max(slope - ties / 4, slope / 10)


def _votes(number: float) -> int | None:
    return int(np.ceil(number)) if math.isfinite(number) else None

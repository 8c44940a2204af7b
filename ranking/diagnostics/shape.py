"""Who met whom, how often, and on which side."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from ranking.diagnostics.evidence import Evidence
from ranking.estimators.effects import Effect
from ranking.estimators.errors import EstimationError
from ranking.estimators.regression import regress
from ranking.estimators.rows import Rows


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Which differences the votes can tell at all.

    pairs_met of pairs_possible pairs have votes; components: groups that never met one another; unrated: models
    without a finite rating; fewest_votes: of the model with fewest.
    """

    models: int
    votes: int
    pairs_met: int
    pairs_possible: int
    components: int
    unrated: tuple[str, ...]
    fewest_votes: int
    fewest_votes_model: str | None


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Pearson's statistic, its degrees of freedom, and its p; None where there is nothing to test."""

    statistic: float
    df: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Whether pairs were drawn alike, and each model of a pair as often as A as the other.

    pairs: of the votes on each possible pair of models against equal numbers. sides: of the votes with either model of
    a pair as A against halves, summed over pairs. fewest, most: votes on a pair; share_as_a: of each model's votes, the
    least and the most.
    """

    pairs: ChiSquare
    sides: ChiSquare
    fewest: int
    most: int
    least_share_as_a: float | None
    most_share_as_a: float | None


@dataclass(frozen=True, slots=True)
class SideEffect:
    """The advantage of being shown as A, estimated with the ratings; `effect` is None where it cannot be, and why."""

    effect: Effect | None
    why_not: str | None = None


def connectivity(evidence: Evidence) -> Connectivity:
    """Counts of models, pairs and groups."""
    played = np.bincount(evidence.pairs.first, evidence.totals, evidence.pairs.n_models)
    played = played + np.bincount(evidence.pairs.second, evidence.totals, evidence.pairs.n_models)
    taking_part = np.flatnonzero(played)
    n = len(taking_part)
    fewest = int(taking_part[played[taking_part].argmin()]) if n else None
    structure = evidence.solution.estimate.structure
    return Connectivity(
        models=n,
        votes=len(evidence.votes),
        pairs_met=len(evidence.pairs),
        pairs_possible=n * (n - 1) // 2,
        components=len(np.unique(structure.component[taking_part])),
        unrated=tuple(evidence.name(model) for model in taking_part.tolist() if not structure.rated[model]),
        fewest_votes=0 if fewest is None else int(played[fewest]),
        fewest_votes_model=None if fewest is None else evidence.name(fewest),
    )


def balance(evidence: Evidence) -> Balance:
    """Chi-square tests of equal numbers. That a policy drew pairs unevenly on purpose is no fault, but to be known."""
    votes, pairs = evidence.votes, evidence.pairs
    models = np.unique(np.r_[pairs.first, pairs.second])
    possible = len(models) * (len(models) - 1) // 2
    totals = np.r_[evidence.totals, np.zeros(possible - len(pairs), dtype=np.int64)]
    expected = len(votes) / max(possible, 1)
    of_pairs = float(((totals - expected) ** 2).sum() / expected) if len(votes) else 0.0
    lower_as_a = np.bincount(evidence.pair, votes.model_a < votes.model_b, len(pairs))
    of_sides = float(((2 * lower_as_a - evidence.totals) ** 2 / np.maximum(evidence.totals, 1)).sum())
    as_a, as_b = (np.bincount(side, minlength=len(votes.models))[models] for side in (votes.model_a, votes.model_b))
    share = as_a / np.maximum(as_a + as_b, 1)
    return Balance(
        pairs=_chi_square(of_pairs, possible - 1),
        sides=_chi_square(of_sides, len(pairs)),
        fewest=int(totals.min(initial=len(votes))) if possible else 0,
        most=int(totals.max(initial=0)),
        least_share_as_a=float(share.min()) if len(share) else None,
        most_share_as_a=float(share.max()) if len(share) else None,
    )


def side_effect(evidence: Evidence, level: float) -> SideEffect:
    """By a regression with a constant covariate; errors clustered by voter where voters are known."""
    votes = evidence.votes
    try:
        found = regress(Rows.of(votes, np.ones((len(votes), 1)), ["shown as A"]))
    except EstimationError as error:
        return SideEffect(None, str(error))
    return SideEffect(found.effects(level)[0])


def _chi_square(statistic: float, df: int) -> ChiSquare:
    return ChiSquare(statistic, max(df, 0), float(chdtrc(df, statistic)) if df > 0 else None)

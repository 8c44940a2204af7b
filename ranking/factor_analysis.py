"""What the commands do with factors: the ratings as their effects, and the study's groups beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ranking.estimators import EstimationError, Interval, Options
from ranking.estimators.factor_results import FactorAnalysis
from ranking.estimators.factors import analyse_factors
from ranking.estimators.groups import GroupRanking, rank_groups
from ranking.estimators.ranking import Solution
from ranking.sources import Asked, factors_asked


@dataclass(frozen=True, slots=True)
class ByFactors:
    """A ranking of models, and what their factors make of it."""

    solution: Solution
    analysis: FactorAnalysis
    groups: Sequence[GroupRanking]


def by_factors(asked: Asked, how: Options, options: dict[str, Any]) -> ByFactors:
    """Analyse votes by the factors of `--by`. Raises `EstimationError` where there is no covariance to do it with."""
    if how.interval is not Interval.SANDWICH:
        raise EstimationError(
            "factors need the ratings' covariance: leave out --interval, and take another method than elo"
        )
    factors = factors_asked(options)
    solution = asked.solve(how)
    analysis = analyse_factors(solution, factors, options["by"])
    # Groups are other models than those that an anchor or measures of style are about.
    plain = replace(how, anchor=None, anchor_rating=Options().anchor_rating, style_control=False)
    groups = [
        rank_groups(asked.votes, factors, tuple(term.split(":")), plain, dimension=asked.dimension)
        for term in analysis.terms
    ]
    return ByFactors(solution, analysis, groups)

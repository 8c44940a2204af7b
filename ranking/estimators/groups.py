"""The study's own way with factors: models merged into groups by their levels, and the groups ranked."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ranking.estimators.errors import EstimationError
from ranking.estimators.factor_design import Factors, Term, label
from ranking.estimators.options import Options
from ranking.estimators.ranking import rank
from ranking.estimators.results import Ranking
from ranking.estimators.votes import Votes


@dataclass(frozen=True, slots=True)
class Group:
    """Models that share their levels, ranked as if they were one."""

    name: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRanking:
    """A ranking of groups. Votes between two models of a group say nothing about groups: `within` of them are left
    out, and so are `without_factors` votes on models that lack a factor."""

    term: str
    groups: tuple[Group, ...]
    within: int
    without_factors: int
    ranking: Ranking

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the groups' ratings as those of models, under the name `group`."""
        ranking = self.ranking.as_dict()
        ratings = [
            {"group" if key == "model" else key: value for key, value in line.items()} for line in ranking["ratings"]
        ]
        return {
            "term": self.term,
            "groups": [{"group": group.name, "models": list(group.models)} for group in self.groups],
            "within": self.within,
            "without_factors": self.without_factors,
            "n_battles": ranking["n_battles"],
            "n_ties": ranking["n_ties"],
            "ratings": ratings,
            "warnings": ranking["warnings"],
        }


def rank_groups(
    votes: Votes, factors: Factors, term: Term, options: Options, *, dimension: str = "overall"
) -> GroupRanking:
    """Rank the combinations of levels of a term's factors, each as one model.

    What the study did for its figures. It counts the models of a group in proportion to their votes and takes them as
    alike, so its intervals say nothing about other models with the same level.
    """
    names = [_group(factors.get(model, {}), term) for model in votes.models]
    known = tuple(sorted({name for name in names if name is not None}))
    if not known:
        raise EstimationError(f"no model has {label(term)}")
    code = np.array([known.index(name) if name is not None else -1 for name in names], dtype=np.int64)
    model_a, model_b = code[votes.model_a], code[votes.model_b]
    described = (model_a >= 0) & (model_b >= 0)
    keep = described & (model_a != model_b)
    kept = replace(
        votes,
        models=known,
        model_a=model_a[keep],
        model_b=model_b[keep],
        outcome=votes.outcome[keep],
        weight=votes.weight[keep],
        voter=votes.voter[keep],
    )
    members = {
        name: [model for model, group in zip(votes.models, names, strict=True) if group == name] for name in known
    }
    return GroupRanking(
        term=label(term),
        groups=tuple(Group(name, tuple(models)) for name, models in members.items()),
        within=int((described & ~keep).sum()),
        without_factors=int((~described).sum()),
        ranking=rank(kept, options, dimension=dimension),
    )


def _group(levels: Any, term: Term) -> str | None:
    """The name of a model's group; None where it lacks a factor."""
    return ":".join(levels[name] for name in term) if all(name in levels for name in term) else None

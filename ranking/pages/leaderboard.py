"""What the leaderboard page shows, made from a computed ranking. Reads nothing else."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format

from ranking.models import ComputedRanking
from ranking.notices import sentence
from ranking.pages.charts import Bar, Tick, interval_bar, scale_for
from ranking.pages.duels import asked_about, duel_of, told_apart
from ranking.pages.effects_shown import effects_of, with_and_without
from ranking.pages.heat import MOST_MODELS, HeatMap, heat_maps, predictions_of, results_of

#: Below this many votes for each model in the mean, the page says that the ranking means little.
ENOUGH_BATTLES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One model of the ranking. `win_rate` counts a tie as half a win; `best` is the probability of being the best."""

    rating: Mapping[str, Any]
    bar: Bar | None
    win_rate: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Models whose ratings can be compared, best first."""

    number: int
    lines: list[Line]
    ticks: list[Tick]
    maps: list[HeatMap]

    @property
    def models(self) -> list[str]:
        return [line.rating["model"] for line in self.lines]

    @property
    def mapped(self) -> list[str]:
        """The models that the heat maps have room for."""
        return self.models[:MOST_MODELS]

    @property
    def is_cut(self) -> bool:
        return len(self.lines) > MOST_MODELS


def context_of(ranking: ComputedRanking, query: Mapping[str, str]) -> dict[str, Any]:
    """All that the page says of a ranking, the answer to the reader's question about two models included."""
    groups = groups_of(ranking)
    models = [model for group in groups for model in group.models]
    asked = asked_about(models, query.get("a", ""), query.get("b", ""))
    return {
        "ranking": ranking,
        "groups": groups,
        "models": models,
        "notices": notices_of(ranking),
        "means_little": means_little(ranking),
        "percent": level_in_percent(ranking),
        "command": command_of(ranking),
        "effects": effects_of(ranking),
        "with_and_without": with_and_without(ranking),
        "told_apart": told_apart(ranking),
        "has_best": any(line.best is not None for group in groups for line in group.lines),
        "duel": duel_of(ranking, *asked) if asked else None,
    }


def groups_of(ranking: ComputedRanking) -> list[Group]:
    """The ranking in its connected components, largest first."""
    ratings: list[Mapping[str, Any]] = ranking.result["ratings"]
    results, predicted = results_of(ranking), predictions_of(ranking)
    best = ranking.comparisons.get("best", {})
    groups = []
    for number in sorted({rating["component"] for rating in ratings}):
        members = [rating for rating in ratings if rating["component"] == number]
        ends = [rating[key] for rating in members for key in ("ci_low", "ci_high")]
        scale = scale_for([*(rating["rating"] for rating in members), *ends], with_room=None in ends)
        lines = [
            Line(
                rating,
                interval_bar(scale, *(rating[key] for key in ("rating", "ci_low", "ci_high"))),
                _rate(rating),
                best.get(rating["model"]),
            )
            for rating in members
        ]
        names = [rating["model"] for rating in members]
        groups.append(Group(number, lines, scale.ticks(), heat_maps(names, results, predicted)))
    return groups


def notices_of(ranking: ComputedRanking) -> list[str]:
    """What has to be said about the ranking, in the active language."""
    return [sentence(notice) for notice in ranking.notices]


def means_little(ranking: ComputedRanking) -> bool:
    """Whether the votes are so few that the order is mostly chance."""
    ratings = ranking.result["ratings"]
    return not ratings or sum(rating["battles"] for rating in ratings) < ENOUGH_BATTLES * len(ratings)


def level_in_percent(ranking: ComputedRanking) -> str:
    """The intervals' level as people write it: 95, or 99.5 with the language's own decimal mark."""
    return number_format(f"{ranking.level * 100:.4g}")


def command_of(ranking: ComputedRanking) -> str:
    """The command that computes the ranking again from the campaign's votes."""
    parts = [
        f"manage.py rank --campaign {ranking.campaign.slug} --dimension {ranking.dimension}",
        f"--method {ranking.method} --interval {ranking.interval} --rounds {ranking.rounds}",
        f"--level {ranking.level} --seed {ranking.seed} --cluster {ranking.cluster}",
        *ranking.selection.flags,
        *further_flags(ranking.further_options),
        "--format json",
    ]
    return " ".join(parts)


def further_flags(options: Mapping[str, Any]) -> list[str]:
    """What `rank` is told of the options that not every ranking states."""
    flags = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        flags.append(flag if value is True else f"{flag} {shlex.quote(str(value))}")
    return flags


def _rate(rating: Mapping[str, Any]) -> float | None:
    return (rating["wins"] + rating["ties"] / 2) / rating["battles"] if rating["battles"] else None

"""What else than the models made answers win, as the page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ranking.estimators.adjusted import SIDE
from ranking.models import ComputedRanking

#: The names of effects, as people read them. tests/ranking/test_leaderboard.py checks that none is missing.
NAMES: Mapping[str, Promise] = {
    SIDE: _("Shown as A"),
    "tokens": _("Longer answer"),
    "headings": _("More headings"),
    "lists": _("More lists"),
    "bold": _("More bold text"),
    "basque": _("Larger share in Basque"),
}


@dataclass(frozen=True, slots=True)
class EffectShown:
    """One effect in Elo points; an end is None where there is no bound."""

    name: str | Promise
    value: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class WithAndWithout:
    """A model's rating with style held equal and as it is."""

    model: str
    held: float | None
    plain: float | None


def effects_of(ranking: ComputedRanking) -> list[EffectShown]:
    """The effects that were estimated with the ratings; none where none was asked."""
    effects: list[dict[str, Any]] = ranking.result.get("effects", [])
    return [
        EffectShown(NAMES.get(effect["name"], effect["name"]), effect["value"], effect["ci_low"], effect["ci_high"])
        for effect in effects
    ]


def with_and_without(ranking: ComputedRanking) -> list[WithAndWithout]:
    """Each model's rating with and without style control, where that is on."""
    plain = {line["model"]: line["rating"] for line in ranking.result.get("ratings_without_style", [])}
    lines = ranking.result["ratings"] if plain else []
    return [WithAndWithout(line["model"], line["rating"], plain.get(line["model"])) for line in lines]

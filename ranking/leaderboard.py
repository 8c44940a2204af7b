"""What the leaderboard page shows, made from a snapshot. Reads nothing else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format

from arena.models import Campaign
from ranking.charts import Bar, Tick, interval_bar, scale_for, shade
from ranking.models import Snapshot
from ranking.notices import sentence

#: Below this many votes for each model in the mean, the page says that the ranking means little.
ENOUGH_BATTLES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One model of the ranking."""

    rating: Mapping[str, Any]
    bar: Bar | None
    win_rate: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Models whose ratings can be compared, best first."""

    number: int
    lines: list[Line]
    ticks: list[Tick]
    heat: "list[HeatRow]"

    @property
    def models(self) -> list[str]:
        return [line.rating["model"] for line in self.lines]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How often the row's model won against the column's, ties as half a win; `share` is None where they never met."""

    opponent: str
    share: float | None
    shade: int
    battles: int
    itself: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    model: str
    cells: list[HeatCell]


def groups_of(snapshot: Snapshot) -> list[Group]:
    """The ranking in its connected components, largest first."""
    ratings: list[Mapping[str, Any]] = snapshot.result["ratings"]
    results = _results(snapshot)
    groups = []
    for number in sorted({rating["component"] for rating in ratings}):
        members = [rating for rating in ratings if rating["component"] == number]
        ends = [rating[key] for rating in members for key in ("ci_low", "ci_high")]
        scale = scale_for([*(rating["rating"] for rating in members), *ends], with_room=None in ends)
        lines = [
            Line(rating, interval_bar(scale, *(rating[key] for key in ("rating", "ci_low", "ci_high"))), _rate(rating))
            for rating in members
        ]
        names = [rating["model"] for rating in members]
        groups.append(Group(number, lines, scale.ticks(), _heat(names, results)))
    return groups


def notices_of(snapshot: Snapshot) -> list[str]:
    """What has to be said about the ranking, in the active language."""
    return [sentence(notice) for notice in snapshot.notices]


def means_little(snapshot: Snapshot) -> bool:
    """Whether the votes are so few that the order is mostly chance."""
    ratings = snapshot.result["ratings"]
    return not ratings or sum(rating["battles"] for rating in ratings) < ENOUGH_BATTLES * len(ratings)


def level_in_percent(snapshot: Snapshot) -> str:
    """The intervals' level as people write it: 95, or 99.5 with the language's own decimal mark."""
    return number_format(f"{snapshot.level * 100:.4g}")


def command_of(campaign: Campaign, snapshot: Snapshot) -> str:
    """The command that computes the snapshot again from the campaign's votes."""
    parts = [
        f"manage.py rank --campaign {campaign.slug} --dimension {snapshot.dimension}",
        f"--method {snapshot.method} --interval {snapshot.interval} --rounds {snapshot.rounds}",
        f"--level {snapshot.level} --seed {snapshot.seed} --cluster {snapshot.cluster} --format json",
    ]
    return " ".join(parts)


def _rate(rating: Mapping[str, Any]) -> float | None:
    return (rating["wins"] + rating["ties"] / 2) / rating["battles"] if rating["battles"] else None


def _results(snapshot: Snapshot) -> dict[tuple[str, str], Counter[str]]:
    """Wins and battles of the first model of each ordered pair."""
    results: dict[tuple[str, str], Counter[str]] = {}
    for first, second, first_wins, second_wins, ties in snapshot.pairs:
        battles = first_wins + second_wins + ties
        results[first, second] = Counter(half_wins=2 * first_wins + ties, battles=battles)
        results[second, first] = Counter(half_wins=2 * second_wins + ties, battles=battles)
    return results


def _heat(names: list[str], results: Mapping[tuple[str, str], Counter[str]]) -> list[HeatRow]:
    rows = []
    for model in names:
        cells = []
        for opponent in names:
            found = results.get((model, opponent), Counter())
            share = found["half_wins"] / found["battles"] / 2 if found["battles"] else None
            cells.append(
                HeatCell(opponent, share, shade(share) if share is not None else 0, found["battles"], model == opponent)
            )
        rows.append(HeatRow(model, cells))
    return rows

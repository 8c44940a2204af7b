"""Heat maps of the leaderboard: who beat whom, who is expected to, and how often they met."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ranking.models import ComputedRanking
from ranking.pages.charts import shade, step
from ranking.pages.pairwise import read_comparisons

#: More models than these, the best of the group, make a table that nobody can read. The file has them all.
MOST_MODELS = 30


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A row's model and a column's: what stands there, its shade, and what stands below in small; None: nothing."""

    value: int | None
    shade: str
    below: int | None = None
    itself: bool = False


@dataclass(frozen=True, slots=True)
class HeatRow:
    model: str
    cells: list[HeatCell]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`key` names it in addresses and classes; `note` says what stands in a cell, `nothing` what an empty one means."""

    key: str
    title: str | Promise
    note: str | Promise
    nothing: str | Promise
    rows: list[HeatRow]


@dataclass(frozen=True, slots=True)
class Met:
    """What happened between two models, seen from the first."""

    share: float
    battles: int


Cell = Callable[[str, str], HeatCell]


def results_of(ranking: ComputedRanking) -> dict[tuple[str, str], Met]:
    """The first model's share of wins, a tie being half of one, and the battles, of each ordered pair that met."""
    results: dict[tuple[str, str], Met] = {}
    for first, second, first_wins, second_wins, ties in ranking.pairs:
        battles = first_wins + second_wins + ties
        results[first, second] = Met((first_wins + ties / 2) / battles, battles)
        results[second, first] = Met((second_wins + ties / 2) / battles, battles)
    return results


def predictions_of(ranking: ComputedRanking) -> dict[tuple[str, str], float]:
    """The share of wins that the fitted ratings predict for the first model of each ordered pair."""
    predicted: dict[tuple[str, str], float] = {}
    for pair in read_comparisons(ranking.comparisons):
        if pair.predicted is not None:
            predicted[pair.first, pair.second] = pair.predicted
            predicted[pair.second, pair.first] = 1 - pair.predicted
    return predicted


def heat_maps(
    models: Sequence[str], results: Mapping[tuple[str, str], Met], predicted: Mapping[tuple[str, str], float]
) -> list[HeatMap]:
    """The three maps of a group's models, best first; that of predictions only where there are any."""
    shown = models[:MOST_MODELS]
    busiest = max((met.battles for met in results.values()), default=1)

    def measured(model: str, opponent: str) -> HeatCell:
        met = results.get((model, opponent))
        return HeatCell(_percent(met.share), f"heat-{shade(met.share)}", met.battles) if met else _NOTHING

    def expected(model: str, opponent: str) -> HeatCell:
        share = predicted.get((model, opponent))
        return HeatCell(_percent(share), f"heat-{shade(share)}") if share is not None else _NOTHING

    def battles(model: str, opponent: str) -> HeatCell:
        met = results.get((model, opponent))
        return HeatCell(met.battles, f"tone-{step(met.battles, busiest)}") if met else _NOTHING

    maps = [HeatMap("won", *_WORDS["won"], _rows(shown, measured))]
    if any((a, b) in predicted for a in shown for b in shown):
        maps.append(HeatMap("predicted", *_WORDS["predicted"], _rows(shown, expected)))
    maps.append(HeatMap("battles", *_WORDS["battles"], _rows(shown, battles)))
    return maps


_NOTHING = HeatCell(None, "heat-none")
_ITSELF = HeatCell(None, "heat-none", itself=True)
_WORDS: Mapping[str, tuple[Promise, Promise, Promise]] = {
    "won": (
        _("Who wins against whom"),
        _(
            "Percent of votes that the model of the row won against the model of the column, a tie being half a win. "
            "Below it, the votes between the two."
        ),
        _("never met"),
    ),
    "predicted": (
        _("Who should win against whom"),
        _(
            "Percent of votes that the model of the row should win against the model of the column by their ratings. "
            "Where it is far from what was measured, the two are an odd pair, or have met few times."
        ),
        _("not known"),
    ),
    "battles": (
        _("Who met whom"),
        _("Votes between the model of the row and the model of the column."),
        _("never met"),
    ),
}


def _rows(models: Sequence[str], cell: Cell) -> list[HeatRow]:
    return [
        HeatRow(model, [_ITSELF if model == opponent else cell(model, opponent) for opponent in models])
        for model in models
    ]


def _percent(share: float) -> int:
    """Halves go up."""
    return int(share * 100 + 0.5)

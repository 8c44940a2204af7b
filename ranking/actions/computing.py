"""Computing rankings from the votes of a campaign: reads votes, writes nothing."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from django.utils import timezone

from arena.models import Campaign
from ranking.actions.styles import ballot_styles
from ranking.comparisons import Comparisons, all_comparisons, campaign_dimensions
from ranking.enums import Step
from ranking.estimators import Cluster, Options, software
from ranking.estimators.options import Ties
from ranking.exceptions import UnknownDimension
from ranking.pages.pairwise import comparisons_of, pair_results
from ranking.selections import Selection
from ranking.slices import Slice
from ranking.sources import Asked

#: How rankings are computed that nobody asked for by hand.
PUBLISHED = Options()

#: Options that are columns of a selection.
_SELECTED = {"ties", "style_control"}

Notify = Callable[[Step], None]


def nobody(step: Step) -> None:
    """Is told of every step, and does not care."""


def compute(
    *,
    campaign: Campaign,
    dimensions: Sequence[str],
    selection: Selection,
    options: Options | None = None,
    notify: Notify = nobody,
) -> list[dict[str, Any]]:
    """The columns of a `ComputedRanking` for each dimension. The votes are read once.

    Where nothing is selected and there are no votes there is no ranking; a selection without votes has an empty one.
    Takes no lock. Raises UnknownDimension, BadSlice, and EstimationError where the options do not go with the votes.
    """
    for dimension in dimensions:
        if dimension not in campaign_dimensions(campaign):
            raise UnknownDimension(dimension)
    notify(Step.READ)
    began = time.monotonic()
    chosen = Slice.from_text(selection.slice)
    found = all_comparisons(campaign, dimensions, chosen=chosen)
    how = _with_selection(options or PUBLISHED, selection)
    reading = (time.monotonic() - began) / max(len(dimensions), 1)
    rows = []
    for dimension in dimensions:
        if not found[dimension].n_ballots and selection.is_everything:
            continue
        began = time.monotonic()
        asked = _asked(campaign, found[dimension], dimension, chosen, how)
        columns = {
            **_columns(asked, how, notify),
            "cut_off": found[dimension].cut_off or timezone.now(),
            "n_ballots": found[dimension].n_ballots,
        }
        rows.append(
            {
                "campaign": campaign,
                "dimension": dimension,
                **selection.columns(),
                **columns,
                "seconds": round(reading + time.monotonic() - began, 3),
            }
        )
    return rows


def _with_selection(options: Options, selection: Selection) -> Options:
    ties = Ties.DROP if selection.without_ties else options.ties
    return replace(options, ties=ties, style_control=selection.style_control)


def _asked(campaign: Campaign, found: Comparisons, dimension: str, chosen: Slice, how: Options) -> Asked:
    """What the command `rank` makes of the same wish, so that it gives the same ranking."""
    style = ballot_styles(campaign=campaign, ballots=found.ballots) if how.style_control else None
    return Asked(found.votes, found.left_out, dimension, chosen, style)


def _columns(asked: Asked, options: Options, notify: Notify) -> dict[str, Any]:
    notify(Step.FIT)
    solution = asked.solve(options)
    ranking = solution.ranking
    notify(Step.COMPARE)
    return {
        "method": options.method.value,
        "interval": options.interval.value,
        "cluster": (options.cluster or (Cluster.VOTER if asked.votes.voters else Cluster.NONE)).value,
        "level": options.level,
        "rounds": options.rounds,
        "seed": options.seed,
        "further_options": {name: value for name, value in options.extras.items() if name not in _SELECTED},
        "n_battles": ranking.n_battles,
        "input_sha256": ranking.input_sha256,
        "result": ranking.as_dict(),
        "notices": [{"case": notice.case.value, "values": dict(notice.values)} for notice in ranking.notices],
        "pairs": pair_results(solution),
        "comparisons": comparisons_of(solution),
        "software": software(),
    }


def options_of(stored: Mapping[str, Any]) -> Options:
    """Options from what `stored_options` has made of them."""
    return Options(**stored)


def stored_options(options: Options) -> dict[str, Any]:
    """What can be stored of options, and read back by `options_of`: those that are not the estimators' own."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if getattr(options, field.name) != field.default
    }

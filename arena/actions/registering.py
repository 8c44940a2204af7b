"""Models that were trained become competitors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from arena.actions.matchups import set_entries
from arena.models import Campaign, Competitor, Matchup
from inference.models import ServedModel

#: How a competitor is asked. Where all others of a campaign are asked alike, a new one is asked like them.
ASKED = ("system_prompt", "temperature", "top_p", "max_tokens", "extra_parameters")


class CompetitorDiffers(Exception):
    """The competitor is there with other values. The text names them."""

    def __init__(self, name: str, differences: Mapping[str, tuple[Any, Any]]) -> None:
        said = "; ".join(f"{field} is {there} there and {here} here" for field, (there, here) in differences.items())
        super().__init__(
            f"The campaign has a competitor {name} already, and {said}. Give another --name, or --update to change it."
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """A competitor, and whether it was `made`, `updated` or `unchanged`."""

    competitor: Competitor
    outcome: str


@transaction.atomic
def register_competitor(
    *, campaign: Campaign, name: str, served_model: ServedModel, update: bool = False, **values: Any
) -> Registered:
    """Make the competitor `name`, or see that it is as `values` say; with `update`, make it so.

    What `values` leave out stays as it is; of a new one it is as all others of the campaign have it, or else as the
    study had it. Locks the campaign, so that two at once make one. Raises CompetitorDiffers, and ValidationError on
    values that the model refuses.
    """
    Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    found = Competitor.objects.filter(campaign=campaign, name=name).select_related("served_model").first()
    wanted = {"served_model": served_model, **values}
    if found is None:
        found = Competitor(campaign=campaign, name=name, **{**usual_values(campaign), **wanted})
        found.full_clean()
        found.save()
        return Registered(found, "made")
    differences = {field: (there, here) for field, here in wanted.items() if (there := getattr(found, field)) != here}
    if not differences:
        return Registered(found, "unchanged")
    if not update:
        raise CompetitorDiffers(name, differences)
    for field, value in wanted.items():
        setattr(found, field, value)
    found.full_clean()
    found.save()
    return Registered(found, "updated")


def usual_values(campaign: Campaign) -> dict[str, Any]:
    """How a competitor of the campaign is asked, as far as all of them are asked alike."""
    rows = list(Competitor.objects.filter(campaign=campaign, is_active=True).values(*ASKED))
    return {field: rows[0][field] for field in ASKED if rows and all(row[field] == rows[0][field] for row in rows)}


@transaction.atomic
def enter_matchup(*, campaign: Campaign, name: str, competitor: Competitor) -> Matchup:
    """Add the competitor to a matchup that does not run, a new draft where there is none. Harmless when done twice.

    Locks the campaign and the matchup. Raises MatchupEntriesFixed.
    """
    Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    matchup, _created = Matchup.objects.get_or_create(campaign=campaign, name=name)
    weights = _weights(matchup)
    if competitor.pk not in weights:
        set_entries(matchup_id=matchup.pk, weights={**weights, competitor.pk: 1.0})
    return matchup


def _weights(matchup: Matchup) -> dict[int, float]:
    return dict(matchup.entries.values_list("competitor_id", "weight"))

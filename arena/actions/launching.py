"""Launching a matchup in one step."""

from collections.abc import Collection

from django.db import transaction

from arena.actions.matchups import set_entries, start_matchup
from arena.enums import MatchupState
from arena.models import Campaign, Competitor, Matchup


class MatchupDiffers(Exception):
    """A matchup of this name is under way, and is another one. The text says how."""


@transaction.atomic
def launch_matchup(*, campaign: Campaign, name: str, competitors: Collection[Competitor], **settings: object) -> bool:
    """Make the matchup `name` of these competitors and start it; whether it was started just now.

    A draft of that name is taken; one that runs with these very competitors is left as it is. `settings` are further
    fields of a matchup. Locks the campaign and the matchup. Raises MatchupDiffers, MatchupNotReady, and
    ValidationError on settings that the model refuses.
    """
    Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    matchup = _of_name(campaign, name) or Matchup(campaign=campaign, name=name)
    wanted = {competitor.pk for competitor in competitors}
    if matchup.state != MatchupState.DRAFT:
        there = set(matchup.entries.values_list("competitor_id", flat=True))
        if matchup.state == MatchupState.RUNNING and there == wanted:
            return False
        state = "with other competitors" if there != wanted else f"and is {matchup.state}"
        raise MatchupDiffers(f"{campaign.slug} has a matchup {name!r} already, {state}. Give another --name.")
    for field, value in settings.items():
        setattr(matchup, field, value)
    matchup.full_clean()
    matchup.save()
    set_entries(matchup_id=matchup.pk, weights=dict.fromkeys(wanted, 1.0))
    start_matchup(matchup_id=matchup.pk, by=None)
    return True


def _of_name(campaign: Campaign, name: str) -> Matchup | None:
    return Matchup.objects.filter(campaign=campaign, name=name).first()

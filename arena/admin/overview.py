"""What an admin wants to know first: the top of the index."""

from typing import NamedTuple

from django.http import HttpRequest

from arena.models import Campaign, Matchup, Report
from arena.vote_counts import votes_by_matchup
from inference.absence import Absence, absence_of
from inference.models import ServedModel


class Running(NamedTuple):
    matchup: Matchup
    votes: int
    percent: int


class Overview(NamedTuple):
    """None where the admin may not see such rows."""

    running: list[Running] | None
    reports: int | None
    #: With why no battle is drawn with it, None where one can be.
    models: list[tuple[ServedModel, Absence | None]] | None
    open_campaigns: list[Campaign] | None


def overview(request: HttpRequest) -> Overview:
    """At most five queries."""
    may = request.user.has_perm
    return Overview(
        running=_running() if may("arena.view_matchup") else None,
        reports=Report.objects.unresolved().count() if may("arena.view_report") else None,
        models=_models() if may("inference.view_servedmodel") else None,
        open_campaigns=list(Campaign.objects.accepting()) if may("arena.view_campaign") else None,
    )


def _models() -> list[tuple[ServedModel, Absence | None]]:
    return [(served_model, absence_of(served_model)) for served_model in ServedModel.objects.enabled()]


def _running() -> list[Running]:
    matchups = list(Matchup.objects.running().select_related("campaign").order_by("started_at"))
    counts = votes_by_matchup(matchups)
    return [
        Running(matchup, counts.get(matchup.pk, 0), min(100, counts.get(matchup.pk, 0) * 100 // matchup.target_votes))
        for matchup in matchups
    ]

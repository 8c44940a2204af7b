"""What an admin wants to know first: the top of the index."""

from typing import NamedTuple

from django.db.models import Count, Q
from django.http import HttpRequest

from arena.models import Campaign, Matchup, Report
from inference.models import ServedModel


class Running(NamedTuple):
    matchup: Matchup
    votes: int
    percent: int


class Overview(NamedTuple):
    """None where the admin may not see such rows."""

    running: list[Running] | None
    reports: int | None
    models: list[ServedModel] | None
    open_campaigns: list[Campaign] | None


def overview(request: HttpRequest) -> Overview:
    """At most five queries."""
    may = request.user.has_perm
    return Overview(
        running=_running() if may("arena.view_matchup") else None,
        reports=Report.objects.unresolved().count() if may("arena.view_report") else None,
        models=list(ServedModel.objects.enabled()) if may("inference.view_servedmodel") else None,
        open_campaigns=list(Campaign.objects.accepting()) if may("arena.view_campaign") else None,
    )


def _running() -> list[Running]:
    votes = Count("battles__ballot", filter=Q(battles__ballot__quarantined_at__isnull=True))
    matchups = Matchup.objects.running().select_related("campaign").order_by("started_at")
    counts = dict(matchups.values_list("pk").annotate(votes=votes).values_list("pk", "votes"))
    return [
        Running(matchup, counts.get(matchup.pk, 0), min(100, counts.get(matchup.pk, 0) * 100 // matchup.target_votes))
        for matchup in matchups
    ]

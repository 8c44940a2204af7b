"""Who contributes how much: reads for the contributors' board."""

from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from arena.enums import ParticipantKind
from arena.models import Ballot, Campaign, Contribution, Participant

_BOARD_SIZE = 50


def board(*, campaign: Campaign, participant: Participant | None) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The most active contributors, and the participant's own row where it is not among them.

    Those with as many votes have the same place. People without an account have no name here; imported and simulated
    voters are no people.
    """
    contributions = (
        Contribution.objects.filter(
            campaign=campaign,
            votes__gt=0,
            participant__kind=ParticipantKind.PERSON,
            participant__blocked_at__isnull=True,
        )
        .select_related("participant__user")
        .order_by("-votes", "pk")
    )
    own = contributions.filter(participant=participant).first() if participant else None
    rows: list[dict[str, Any]] = []
    for position, contribution in enumerate(contributions[:_BOARD_SIZE], start=1):
        tied = bool(rows) and rows[-1]["votes"] == contribution.votes
        rows.append(_row(contribution, place=rows[-1]["place"] if tied else position, own=own))
    if own is None or any(row["is_self"] for row in rows):
        return rows, None
    place = contributions.filter(votes__gt=own.votes).count() + 1
    return rows, _row(own, place=place, own=own)


def votes_a_day(*, campaign: Campaign, participant: Participant | None) -> list[dict[str, Any]]:
    """Votes of each day with any, oldest first; `share` is per cent of the busiest day."""
    counted = Ballot.objects.counted().of_campaign(campaign)
    days: list[tuple[date, int, int]] = list(
        counted.annotate(day=TruncDate("created_at"))
        .order_by()
        .values("day")
        .annotate(votes=Count("pk"), own=Count("pk", filter=Q(battle__participant=participant)))
        .order_by("day")
        .values_list("day", "votes", "own")
    )
    busiest = max((votes for _day, votes, _own in days), default=1)
    return [
        {"date": day, "votes": votes, "share": round(100 * votes / busiest), "own_votes": own if participant else 0}
        for day, votes, own in days
    ]


def _row(contribution: Contribution, *, place: int, own: Contribution | None) -> dict[str, Any]:
    user = contribution.participant.user
    return {
        "place": place,
        "name": user.username if user else _("Without an account"),
        "votes": contribution.votes,
        "tickets": contribution.tickets,
        "is_self": own is not None and own.pk == contribution.pk,
    }

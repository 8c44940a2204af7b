"""Who contributes how much: reads for the contributors' board."""

from datetime import date
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from arena.enums import ParticipantKind
from arena.models import Ballot, Campaign, Contribution, Participant
from arena.vote_counts import votes_by_day

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
    votes = votes_by_day(campaign)
    own = _own_by_day(campaign, participant) if participant else {}
    busiest = max(votes.values(), default=1)
    return [
        {"date": day, "votes": count, "share": round(100 * count / busiest), "own_votes": own.get(day, 0)}
        for day, count in votes.items()
    ]


def _own_by_day(campaign: Campaign, participant: Participant) -> dict[date, int]:
    own = Ballot.objects.counted().of_campaign(campaign).filter(battle__participant=participant).order_by()
    return dict(own.annotate(day=TruncDate("created_at")).values_list("day").annotate(votes=Count("pk")))


def _row(contribution: Contribution, *, place: int, own: Contribution | None) -> dict[str, Any]:
    user = contribution.participant.user
    return {
        "place": place,
        "name": user.username if user else _("Without an account"),
        "votes": contribution.votes,
        "tickets": contribution.tickets,
        "is_self": own is not None and own.pk == contribution.pk,
    }

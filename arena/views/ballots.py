"""Casting the ballot, and asking whether it has been counted."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from arena.actions.ballots import Choices, cast_ballot
from arena.ballot_forms import RESERVED_KEYS
from arena.elo_board import live_elo
from arena.exceptions import BallotInvalid, Refusal
from arena.live.notices import announce_closed
from arena.metrics import BALLOTS
from arena.models import Ballot, Battle
from arena.views.ballot_pages import field_errors, form_context, reveal_of
from arena.views.battles import own_battle
from arena.views.errors import answers_refusals, wants_json


@require_POST
@answers_refusals
def ballot(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    choices = _read(request, battle)
    try:
        cast = cast_ballot(battle=battle, participant=battle.participant, choices=choices)
    except Refusal as refusal:
        BALLOTS.labels(refusal.code).inc()
        return _refused(request, battle, refusal, choices)
    BALLOTS.labels("duplicate" if cast.duplicate else "recorded").inc()
    announce_closed(battle)
    voted = Battle.objects.select_related("campaign", "competitor_a", "competitor_b", "ballot").get(pk=battle.pk)
    reveal = reveal_of(voted)
    if wants_json(request):
        return JsonResponse({"status": "recorded", "duplicate": cast.duplicate, "reveal": reveal})
    return render(request, "arena/includes/thanks.html", _thanks(voted, reveal, duplicate=cast.duplicate))


@require_safe
def counted(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    ballot = get_object_or_404(Ballot, battle=battle)
    context = {**_counted(battle, ballot), "campaign": battle.campaign}
    return render(request, "arena/includes/counted.html", context)


def _read(request: HttpRequest, battle: Battle) -> Choices:
    """All fields that name no other part of the form are dimensions: one that the form does not have is refused."""
    judgements = {key: str(value) for key, value in request.POST.items() if key not in RESERVED_KEYS and value}
    return Choices(judgements, request.POST.getlist("reasons"), request.POST.get("comment", ""))


def _refused(request: HttpRequest, battle: Battle, refusal: Refusal, choices: Choices) -> HttpResponse:
    status = 422 if isinstance(refusal, BallotInvalid) else refusal.status
    if wants_json(request):
        body: dict[str, Any] = {"code": refusal.code, "message": str(refusal)}
        if isinstance(refusal, BallotInvalid):
            body["fields"] = field_errors(refusal)
        return JsonResponse(body, status=status)
    values = {**choices.judgements, "reasons": list(choices.reasons), "comment": choices.comment}
    context = form_context(battle, refusal=refusal, values=values)
    return render(request, "arena/includes/ballot_form.html", context, status=status)


def _thanks(battle: Battle, reveal: dict[str, str] | None, *, duplicate: bool) -> dict[str, Any]:
    campaign = battle.campaign
    votes = Ballot.objects.filter(battle__participant=battle.participant_id, battle__campaign=campaign).count()
    return {
        **_counted(battle, battle.ballot),
        "campaign": campaign,
        "duplicate": duplicate,
        "reveal": reveal,
        "own_votes": votes,
        "live_elo": live_elo(campaign),
        "votes_to_next_ticket": campaign.votes_per_ticket - votes % campaign.votes_per_ticket,
    }


def _counted(battle: Battle, ballot: Ballot) -> dict[str, Any]:
    return {
        "battle": battle,
        "counted": ballot.collected_at is not None,
        "ranking_is_public": battle.campaign.leaderboard_is_public,
    }

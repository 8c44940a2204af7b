"""A volunteer's own page: battles, contributions, own data, and leaving."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from arena.actions.collection import contribution_of
from arena.actions.joining import erase_account, own_data
from arena.ballot_labels import said
from arena.enums import BattleStatus
from arena.forms import EraseForm
from arena.identity import ArenaRequest
from arena.markdown import render_markdown
from arena.models import Ballot, Battle, Campaign, Contribution, Participant, Turn
from arena.views.ballot_pages import reveal_of

_PER_PAGE = 20


def _participant(request: HttpRequest) -> Participant | None:
    return cast(ArenaRequest, request).participant or None


def _to_join(request: HttpRequest) -> HttpResponse:
    """Where somebody goes who has not joined yet."""
    featured = Campaign.objects.featured()
    return redirect("arena:join", slug=featured.slug) if featured else redirect("arena:home")


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    participant = _participant(request)
    if participant is None:
        return _to_join(request)
    first_prompt = Turn.objects.filter(battle=OuterRef("pk"), index=1).values("prompt")[:1]
    battles = (
        Battle.objects.of(participant)
        .with_prompt()
        .annotate(first_prompt=Subquery(first_prompt))
        .select_related("campaign", "competitor_a", "competitor_b", "ballot")
        .prefetch_related("ballot__judgements")
    )
    page = Paginator(battles, _PER_PAGE).get_page(request.GET.get("page"))
    campaign = Campaign.objects.featured()
    context = {
        "campaign": campaign,
        "contribution": _contribution(campaign, participant) if campaign else None,
        "battles": [_row(battle) for battle in page],
        "page_obj": page,
        "has_account": participant.user_id is not None,
    }
    return render(request, "arena/me.html", context)


@require_safe
def my_battle(request: HttpRequest, uid: UUID) -> HttpResponse:
    participant = _participant(request)
    mine = Battle.objects.of(participant) if participant else Battle.objects.none()
    battle = get_object_or_404(mine.with_conversation(), uid=uid)
    if battle.is_open:
        return redirect("arena:battle", uid=uid)
    ballot = Ballot.objects.filter(battle=battle).prefetch_related("judgements").first()
    context = {
        "battle": battle,
        "turns": [_turn(turn) for turn in battle.turns.all()],
        "choices": said(ballot, battle.campaign) if ballot else [],
        "comment": ballot.comment if ballot else "",
        "reveal": reveal_of(battle),
    }
    return render(request, "arena/my_battle.html", context)


@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    participant = _participant(request)
    if participant is None:
        return _to_join(request)
    response = JsonResponse(own_data(participant=participant), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="lehia.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    participant = _participant(request)
    if participant is None:
        return _to_join(request)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        erase_account(participant=participant)
        logout(request)
        messages.success(request, _("Your account and your personal data are erased. Your votes stay, without a name."))
        return redirect("arena:home")
    context = {
        "form": form,
        "has_account": participant.user_id is not None,
        "votes": Ballot.objects.filter(battle__participant=participant).count(),
    }
    return render(request, "arena/erase.html", context, status=422 if form.errors else 200)


def _contribution(campaign: Campaign, participant: Participant) -> dict[str, Any]:
    votes = Ballot.objects.of_campaign(campaign).filter(battle__participant=participant).count()
    collected = contribution_of(campaign=campaign, participant=participant)
    ahead = Contribution.objects.filter(campaign=campaign, votes__gt=collected.votes).count()
    return {
        "votes": votes,
        "tickets": votes // campaign.votes_per_ticket,
        "votes_to_next_ticket": campaign.votes_per_ticket - votes % campaign.votes_per_ticket,
        "place": ahead + 1 if collected.votes else None,
    }


def _row(battle: Battle) -> dict[str, Any]:
    ballot = battle.ballot if battle.status == BattleStatus.VOTED else None
    return {
        "uid": battle.uid,
        "created_at": battle.created_at,
        "status": battle.status,
        "status_label": battle.get_status_display(),
        "first_prompt": battle.first_prompt,  # type: ignore[attr-defined]
        "choices": said(ballot, battle.campaign) if ballot else [],
        "reveal": reveal_of(battle),
    }


def _turn(turn: Turn) -> dict[str, Any]:
    a, b = turn.answer("a"), turn.answer("b")
    return {
        "index": turn.index,
        "prompt": turn.prompt,
        "a_html": render_markdown(a.text),
        "b_html": render_markdown(b.text),
        "a_status": a.status,
        "b_status": b.status,
    }

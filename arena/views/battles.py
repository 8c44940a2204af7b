"""The battle's page, and the ways out of it that are no vote."""

from typing import Any, cast
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arena.actions.answers import stop_answers
from arena.actions.battles import redraw_battle, skip_battle, start_battle
from arena.actions.reporting import report_battle
from arena.enums import Side
from arena.exceptions import AlreadyReported, ConsentNeeded, NotJoined
from arena.forms import ReportForm
from arena.identity import ArenaRequest
from arena.live.notices import announce_closed
from arena.live.page_strings import page_strings
from arena.models import Battle, Campaign
from arena.views.ballot_pages import form_context
from arena.views.errors import answers_refusals, wants_json


def own_battle(request: HttpRequest, uid: UUID) -> Battle:
    """The volunteer's battle of that id. Somebody else's is not found, as one that does not exist (404)."""
    participant = cast(ArenaRequest, request).participant
    structlog.contextvars.bind_contextvars(battle=str(uid))
    mine = Battle.objects.of(participant) if participant else Battle.objects.none()
    return get_object_or_404(mine.select_related("campaign", "participant"), uid=uid)


@require_POST
@answers_refusals
def start(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    participant = cast(ArenaRequest, request).participant
    try:
        battle = start_battle(campaign=campaign, participant=participant, language=get_language() or "eu")
    except (NotJoined, ConsentNeeded):
        if wants_json(request):
            raise
        return redirect("arena:join", slug=slug)
    return redirect("arena:battle", uid=battle.uid)


@require_safe
def battle(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    if not battle.is_open:
        return redirect("arena:my_battle", uid=uid)
    return render(request, "arena/battle.html", _page_context(battle))


@require_POST
@answers_refusals
def skip(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    skip_battle(battle=battle, participant=battle.participant, reason=request.POST.get("reason", ""))
    # Nobody will read them, and others may be waiting for these models.
    stop_answers(battle=battle, sides=Side.values)
    announce_closed(battle)
    return start(request, slug=battle.campaign.slug)


@require_POST
@answers_refusals
def redraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    successor = redraw_battle(battle=battle, participant=battle.participant, language=get_language() or "eu")
    stop_answers(battle=battle, sides=Side.values)
    announce_closed(battle)
    return redirect("arena:battle", uid=successor.uid)


@require_http_methods(["GET", "HEAD", "POST"])
@answers_refusals
def report(request: HttpRequest, uid: UUID) -> HttpResponse:
    battle = own_battle(request, uid)
    form = ReportForm(request.POST if request.method == "POST" else None)
    done = False
    if request.method == "POST" and form.is_valid():
        try:
            report_battle(battle=battle, participant=battle.participant, **form.cleaned_data)
            done = True
        except AlreadyReported as refusal:
            form.add_error(None, str(refusal))
    context = {"battle": battle, "form": form, "done": done}
    return render(request, "arena/includes/report_form.html", context, status=422 if form.errors else 200)


def _page_context(battle: Battle) -> dict[str, Any]:
    campaign = battle.campaign
    draft = ""
    if battle.redrawn_from is not None and (turn := battle.redrawn_from.turns.order_by("index").first()):
        draft = turn.prompt
    return {
        "battle": battle,
        "campaign": campaign,
        "text": campaign.text(),
        "starting_prompts": [prompt.text for prompt in campaign.prompts_to_start_from()],
        "draft": draft,
        **form_context(battle),
        "page_data": {
            "uid": str(battle.uid),
            "socket": f"/ws/battles/{battle.uid}/",
            "max_prompt_chars": campaign.max_prompt_chars,
            "max_turns": campaign.max_turns,
            "draft": draft,
            "status": battle.status,
            "home": reverse("arena:campaign", kwargs={"slug": campaign.slug}),
            "strings": page_strings(),
        },
    }

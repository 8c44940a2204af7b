"""The home page, which is the page of the featured campaign."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arena.actions.battles import pair_is_ready
from arena.actions.joining import has_joined
from arena.identity import ArenaRequest
from arena.models import Battle, Campaign
from arena.vote_counts import votes_now
from inference.enums import ModelHealth
from inference.models import ServedModel


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    featured = Campaign.objects.featured()
    if featured is None:
        context = {
            "campaign": None,
            "text": None,
            "accepting": False,
            "models_ready": False,
            "models_warming_up": False,
        }
        return render(request, "arena/home.html", {**context, "open_battle": None, "joined": False, "votes_total": 0})
    return render(request, "arena/home.html", _context(request, featured))


@require_safe
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "arena/home.html", _context(request, _public_campaign(slug)))


@require_safe
def readiness(request: HttpRequest, slug: str) -> HttpResponse:
    """The start button, which the page asks for again while the models are warming up."""
    return render(request, "arena/includes/start_button.html", _context(request, _public_campaign(slug)))


def _public_campaign(slug: str) -> Campaign:
    return get_object_or_404(Campaign.objects.public(), slug=slug)


def _context(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    participant = cast(ArenaRequest, request).participant
    open_battle = Battle.objects.open().of(participant).filter(campaign=campaign).first() if participant else None
    models_ready = pair_is_ready(campaign)
    models = ServedModel.objects.enabled().filter(competitors__campaign=campaign)
    return {
        "campaign": campaign,
        "text": campaign.text(),
        "accepting": campaign.is_accepting,
        "models_ready": models_ready,
        # What was never probed may come up as well: a moment after the start nobody knows.
        "models_warming_up": not models_ready
        and models.filter(health__in=(ModelHealth.WARMING_UP, ModelHealth.UNKNOWN)).exists(),
        "open_battle": open_battle,
        "joined": has_joined(participant=participant, campaign=campaign),
        "votes_total": votes_now(campaign)[0],
    }

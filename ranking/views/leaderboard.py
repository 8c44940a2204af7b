"""The newest ranking of a campaign. No page computes: where a ranking is missing, a task is sent."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.elo_board import live_elo
from arena.models import Campaign
from ranking.actions.refreshing import Refresh, request_refresh
from ranking.enums import ComputationStatus
from ranking.models import Computation, CurrentRanking
from ranking.pages.leaderboard import context_of
from ranking.pages.published import document_of
from ranking.pages.switches import (
    BadSlice,
    UnknownChoice,
    address,
    can_control_style,
    chosen_of,
    days_of,
    read_selection,
    switches_of,
)
from ranking.selections import Selection
from ranking.views.access import asked_dimension, may_see, named_dimensions, open_campaign, public_campaign
from ranking.views.benchmarks import has_benchmarks


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest ranking of a campaign, of one dimension and of the votes that the switches select."""
    campaign = public_campaign(slug)
    context: dict[str, Any] = {"campaign": campaign, "text": campaign.text(), "live_elo": live_elo(campaign)}
    if not may_see(request, campaign):
        return render(request, "ranking/hidden.html", context)
    dimension = asked_dimension(request, campaign)
    selection, has_bad_days = _selection(request, campaign)
    current = CurrentRanking.objects.find(campaign, dimension, selection)
    refresh = request_refresh(campaign=campaign, dimension=dimension, selection=selection, current=current)
    context |= {
        "only_for_admins": not campaign.leaderboard_is_public,
        "is_current": True,
        "dimension": dimension,
        "dimensions": [(key, name, address(key, selection.query())) for key, name in named_dimensions(campaign)],
        "has_bad_days": has_bad_days,
        "switches": switches_of(campaign, selection),
        "days": days_of(selection),
        "can_control_style": can_control_style(campaign),
        "selection": selection,
        "chosen": chosen_of(campaign, dimension, selection),
        "kept": [("dimension", dimension), *selection.query()],
        "here": address(dimension, selection.query()),
        "refresh": refresh,
        "has_benchmarks": has_benchmarks(campaign),
        **_progress(refresh.computation, is_first=current is None),
    }
    if current is not None:
        context |= context_of(current, request.GET.dict())
    return render(request, "ranking/leaderboard.html", context)


@never_cache
@require_safe
def computing(request: HttpRequest, slug: str) -> HttpResponse:
    """How far the ranking is that a page waits for: a fragment that asks again until it is there."""
    campaign = open_campaign(request, slug)
    dimension = asked_dimension(request, campaign)
    selection, _has_bad_days = _selection(request, campaign)
    is_first = request.GET.get("first") == "1"
    found = Computation.objects.find(campaign, dimension, selection)
    context = {
        "campaign": campaign,
        "here": address(dimension, selection.query()),
        "refresh": Refresh(found),
        **_progress(found, is_first=is_first),
    }
    response = render(request, "ranking/includes/computing.html", context)
    if found is None and is_first:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def current_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The ranking that the page shows, as JSON."""
    campaign = open_campaign(request, slug)
    dimension = asked_dimension(request, campaign)
    selection, has_bad_days = _selection(request, campaign)
    if has_bad_days:
        raise Http404
    found = get_object_or_404(CurrentRanking, campaign=campaign, dimension=dimension, **selection.columns())
    name = f"{campaign.slug}-{dimension}.json"
    return JsonResponse(document_of(found), headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _selection(request: HttpRequest, campaign: Campaign) -> tuple[Selection, bool]:
    """What the address selects, and whether its days make no sense: then nothing is selected."""
    try:
        return read_selection(campaign, request.GET.dict()), False
    except UnknownChoice as error:
        raise Http404 from error
    except BadSlice:
        return Selection(), True


def _progress(computation: Computation | None, *, is_first: bool) -> dict[str, Any]:
    return {
        "computation": computation,
        "is_first": is_first,
        "has_failed": computation is not None and computation.status == ComputationStatus.FAILED,
    }

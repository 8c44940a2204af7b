"""The leaderboard, and the published rankings behind it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arena.ballot_forms import OVERALL
from arena.ballot_labels import dimension_name
from arena.models import Campaign
from ranking.actions.refreshing import request_refresh
from ranking.comparisons import campaign_dimensions
from ranking.leaderboard import command_of, groups_of, level_in_percent, means_little, notices_of
from ranking.models import Snapshot


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest ranking of a campaign in one dimension. Never computes: where votes are newer, a task is sent."""
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    context: dict[str, Any] = {"campaign": campaign, "text": campaign.text()}
    if not _may_see(request, campaign):
        return render(request, "ranking/hidden.html", context)
    dimension = _dimension(request, campaign)
    newest = Snapshot.objects.of(campaign, dimension).newest()
    context |= {
        "only_for_admins": not campaign.leaderboard_is_public,
        "dimension": dimension,
        "dimensions": [(key, dimension_name(campaign, key)) for key in campaign_dimensions(campaign)],
        "refreshing": request_refresh(campaign=campaign, dimension=dimension, newest=newest),
        "snapshot": newest,
    }
    if newest is not None:
        context |= {
            "groups": groups_of(newest),
            "notices": notices_of(newest),
            "means_little": means_little(newest),
            "percent": level_in_percent(newest),
            "command": command_of(campaign, newest),
        }
    return render(request, "ranking/leaderboard.html", context)


@require_safe
def snapshot(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A published ranking as JSON: what `rank --format json` prints, and when and by what it was computed."""
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    if not _may_see(request, campaign):
        raise Http404
    found = get_object_or_404(Snapshot, campaign=campaign, pk=pk)
    data = {
        **found.result,
        "campaign": campaign.slug,
        "cluster": found.cluster,
        "cut_off": found.cut_off.isoformat(),
        "created_at": found.created_at.isoformat(),
        "software": found.software,
        "command": command_of(campaign, found),
    }
    name = f"{campaign.slug}-{found.dimension}-{found.pk}.json"
    return JsonResponse(data, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _may_see(request: HttpRequest, campaign: Campaign) -> bool:
    return campaign.leaderboard_is_public or (request.user.is_authenticated and request.user.is_staff)


def _dimension(request: HttpRequest, campaign: Campaign) -> str:
    dimension = request.GET.get("dimension", OVERALL)
    if dimension not in campaign_dimensions(campaign):
        raise Http404
    return dimension

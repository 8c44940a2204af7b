"""Published rankings: the list of them, each by itself, one model's course through them, and two side by side."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ranking.pages.history import course_of, models_of, recent_series
from ranking.pages.leaderboard import context_of
from ranking.pages.published import document_of
from ranking.pages.snapshot_changes import changes_between
from ranking.pages.switches import address, chosen_of
from ranking.views.access import asked_dimension, named_dimensions, open_campaign, visible_snapshots
from ranking.views.benchmarks import has_benchmarks

PAGE = 30


@require_safe
def snapshot_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The published rankings of a campaign in one dimension, newest first."""
    campaign = open_campaign(request, slug)
    dimension = asked_dimension(request, campaign)
    found = visible_snapshots(request, campaign).of(campaign, dimension).without_content()
    context = {
        "campaign": campaign,
        "text": campaign.text(),
        "dimension": dimension,
        "dimensions": [(key, name, address(key, [])) for key, name in named_dimensions(campaign)],
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "ranking/snapshots.html", context)


@require_safe
def snapshot(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One published ranking, at an address that can be cited."""
    campaign = open_campaign(request, slug)
    found = get_object_or_404(visible_snapshots(request, campaign), pk=pk)
    context: dict[str, Any] = {
        "campaign": campaign,
        "text": campaign.text(),
        "only_for_admins": not campaign.leaderboard_is_public or not found.is_public,
        "snapshot": found,
        "dimension": found.dimension,
        "dimension_name": dict(named_dimensions(campaign)).get(found.dimension, found.dimension),
        "chosen": chosen_of(campaign, found.dimension, found.selection),
        "kept": [],
        "has_benchmarks": has_benchmarks(campaign),
        **context_of(found, request.GET.dict()),
    }
    return render(request, "ranking/leaderboard.html", context)


@require_safe
def snapshot_json(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A published ranking as JSON: what `rank --format json` prints, and when and by what it was computed."""
    campaign = open_campaign(request, slug)
    found = get_object_or_404(visible_snapshots(request, campaign), pk=pk)
    name = f"{campaign.slug}-{found.dimension}-{found.pk}.json"
    return JsonResponse(document_of(found), headers={"Content-Disposition": f'attachment; filename="{name}"'})


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """One model's rating through the published rankings."""
    campaign = open_campaign(request, slug)
    dimension = asked_dimension(request, campaign)
    series = recent_series(visible_snapshots(request, campaign).of(campaign, dimension))
    models = models_of(series)
    model = request.GET.get("model") or (models[0] if models else "")
    if models and model not in models:
        raise Http404
    context = {
        "campaign": campaign,
        "text": campaign.text(),
        "dimension": dimension,
        "dimensions": [
            (key, name, address(key, [("model", model)] if model else [])) for key, name in named_dimensions(campaign)
        ],
        "models": models,
        "model": model,
        "course": course_of(series, model) if models else None,
    }
    return render(request, "ranking/history.html", context)


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two published rankings side by side: what changed, and what the votes between them were."""
    campaign = open_campaign(request, slug)
    visible = visible_snapshots(request, campaign)
    earlier, later = (get_object_or_404(visible, pk=_number(request.GET.get(key, ""))) for key in ("from", "to"))
    context = {
        "campaign": campaign,
        "text": campaign.text(),
        "earlier": earlier,
        "later": later,
        "changes": changes_between(earlier, later),
        "dimension_names": dict(named_dimensions(campaign)),
    }
    return render(request, "ranking/compare.html", context)


def _number(text: str) -> int:
    """A snapshot's number in an address. Raises Http404 where it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404
    return int(text)

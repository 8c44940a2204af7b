"""What the campaign's models scored on benchmarks, beside their places in the arena."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from arena.ballot_forms import OVERALL
from arena.elo_board import live_elo
from arena.models import Campaign
from ranking.benchmark_names import names_of
from ranking.models import BenchmarkScore, CurrentRanking
from ranking.pages.benchmarks import Benchmarks, benchmarks_of, wanted_names
from ranking.selections import Selection
from ranking.views.access import may_see, public_campaign


@require_safe
def benchmarks(request: HttpRequest, slug: str) -> HttpResponse:
    """Scores by language, and gains over backbones. It is shown to whom the ranking is shown."""
    campaign = public_campaign(slug)
    context: dict[str, Any] = {"campaign": campaign, "text": campaign.text()}
    if not may_see(request, campaign):
        return render(request, "ranking/hidden.html", {**context, "live_elo": live_elo(campaign)})
    context |= {
        "only_for_admins": not campaign.leaderboard_is_public,
        "dimension": OVERALL,
        "benchmarks": _benchmarks(campaign),
    }
    return render(request, "ranking/benchmarks.html", context)


def has_benchmarks(campaign: Campaign) -> bool:
    """Whether any of the campaign's models has a score."""
    competitors = campaign.competitors.select_related("served_model")
    names = {name for competitor in competitors for name in names_of(competitor)}
    return BenchmarkScore.objects.of_models(names).exists()


def _benchmarks(campaign: Campaign) -> Benchmarks:
    competitors = list(campaign.competitors.select_related("served_model").order_by("name"))
    scores = BenchmarkScore.objects.of_models(wanted_names(competitors))
    light = CurrentRanking.objects.defer("pairs", "comparisons", "notices")
    ranking = light.find(campaign, OVERALL, Selection())
    ratings = ranking.result["ratings"] if ranking is not None else []
    places = {rating["model"]: rating["rank"] for rating in ratings if rating["rank"] is not None}
    return benchmarks_of(competitors, scores, places)

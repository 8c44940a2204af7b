"""Pages that only tell: about, privacy, contributors; and the health check."""

from typing import cast

import structlog
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.contributors import board, votes_a_day
from arena.elo_board import live_elo
from arena.identity import ArenaRequest
from arena.models import Campaign
from arena.views.joining import consent_html

log = structlog.get_logger(__name__)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "arena/about.html", _context())


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "arena/privacy.html", _context())


@require_safe
def contributors(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    participant = cast(ArenaRequest, request).participant or None
    rows, own_row = board(campaign=campaign, participant=participant)
    days = votes_a_day(campaign=campaign, participant=participant)
    context = {"campaign": campaign, "rows": rows, "own_row": own_row, "days": days, "live_elo": live_elo(campaign)}
    return render(request, "arena/contributors.html", context)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process and its database work."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        log.error("database_away", error=error)
        return HttpResponse("the database is away", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


def _context() -> dict[str, object]:
    campaign = Campaign.objects.featured()
    return {"campaign": campaign, "consent_html": consent_html(campaign), "contact_email": settings.CONTACT_EMAIL}

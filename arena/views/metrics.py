"""`/metrics`, for operators: whoever has not the token finds nothing there."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.scrape import DatabaseFigures
from config.metrics import exposition


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _has_token(request):
        raise Http404
    content, content_type = exposition(request.headers.get("Accept", ""), others=[DatabaseFigures()])
    return HttpResponse(content, content_type=content_type)


def _has_token(request: HttpRequest) -> bool:
    """Compared in constant time. Without a token of the site's nobody has it."""
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, wanted)

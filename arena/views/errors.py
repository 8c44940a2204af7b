"""Refusals and errors, as pages, fragments or JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from arena.exceptions import Refusal
from arena.models import Battle, Campaign

log = structlog.get_logger(__name__)

View = Callable[..., HttpResponse]


def wants_json(request: HttpRequest) -> bool:
    """Whether the client is a program rather than a browser."""
    return request.headers.get("accept", "").startswith("application/json")


def answers_refusals(view: View) -> View:
    """Turns a Refusal of the action that a view calls into a page, or into JSON, with its sentence and its status.

    A battle that changed hands while it was waited for is not found, as somebody else's.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            slug = kwargs.get("slug")
            campaign = Campaign.objects.public().filter(slug=slug).first() if isinstance(slug, str) else None
            return refuse(request, refusal, campaign=campaign)
        except Battle.DoesNotExist:
            raise Http404 from None

    return wrapper


def refuse(request: HttpRequest, refusal: Refusal, *, campaign: Campaign | None = None) -> HttpResponse:
    """The answer to a refused request."""
    if wants_json(request):
        return JsonResponse({"code": refusal.code, "message": str(refusal)}, status=refusal.status)
    context = {"refusal": refusal, "campaign": campaign, "retry_url": None}
    return render(request, "arena/refusal.html", context, status=refusal.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"code": "not_found", "message": _("There is nothing here.")}, status=404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever failed may be what the context processors need. Django has logged it."""
    return render(None, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open for too long, or in a browser without cookies."""
    return refuse(request, StaleForm())


class StaleForm(Refusal):
    code, status = "stale_form", 403

    @property
    def message(self) -> str:  # type: ignore[override]
        return _("The page was open for too long, or cookies are off. Go back, reload the page and try again.")

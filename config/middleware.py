"""Middleware that belongs to no app."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from config.metrics import measure_request

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Gives each request an id of its own in the logs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex[:12])
        return get_response(request)

    return middleware


def measured(get_response: GetResponse) -> GetResponse:
    """Tells the metrics how long each page took. Static files are answered before."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        measure_request(method=request.method or "", status=response.status_code, seconds=seconds)
        return response

    return middleware


def language_of_choice(get_response: GetResponse) -> GetResponse:
    """Basque, unless the visitor has chosen another language with the switch.

    Django's LocaleMiddleware would follow the browser instead, and most Basque speakers' phones say Spanish or French.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response

    return middleware

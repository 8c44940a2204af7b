"""Middleware of the arena."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from arena.identity import ArenaRequest, find_participant
from arena.models import Participant

GetResponse = Callable[[HttpRequest], HttpResponse]


def participant(get_response: GetResponse) -> GetResponse:
    """Sets `request.participant`, looked up when it is first used."""

    def middleware(request: HttpRequest) -> HttpResponse:
        lazy = SimpleLazyObject(lambda: find_participant(request.session, request.user))
        cast(ArenaRequest, request).participant = cast(Participant, lazy)
        return get_response(request)

    return middleware

"""Who opens a socket: what middleware finds out for pages. Runs in a database thread.

Channels' own session middleware would look at the session with every frame that is sent, and a socket never changes it.
"""

from collections.abc import Mapping
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from arena.identity import find_participant
from arena.models import Participant


def find_visitor(cookies: Mapping[str, str]) -> Participant | None:
    """The participant whose browser sends these cookies."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    return find_participant(request.session, get_user(request))

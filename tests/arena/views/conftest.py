"""Volunteers in front of a browser."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from arena.identity import SESSION_KEY
from arena.models import Participant

SignIn = Callable[[Participant], Client]
LANGUAGES = [code for code, _name in settings.LANGUAGES]


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    """Limits on attempts are kept in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """Makes the client's session that of a participant, with an account or without."""

    def do(participant: Participant) -> Client:
        if participant.user is not None:
            client.force_login(participant.user)
        else:
            session = client.session
            session[SESSION_KEY] = str(participant.uid)
            session.save()
        return client

    return do


def speak(client: Client, language: str) -> Client:
    """Chooses the language of the pages, as the switch does."""
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client

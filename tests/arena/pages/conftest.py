"""Pages as volunteers see them, in English, where a template that uses an unknown variable fails."""

import copy
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from arena.identity import SESSION_KEY
from arena.models import Participant


class UndefinedVariable(str):
    """Stands in for `string_if_invalid`: to render it is an error."""

    def __contains__(self, key: object) -> bool:
        return key == "%s"  # Django then formats it with the variable's name

    def __mod__(self, name: Any) -> str:
        raise AssertionError(f"The template uses {name}, and nothing defines it.")


@pytest.fixture(autouse=True)
def strict_templates(settings: Any) -> None:
    templates = copy.deepcopy(django_settings.TEMPLATES)
    templates[0]["OPTIONS"]["string_if_invalid"] = UndefinedVariable("undefined")
    settings.TEMPLATES = templates


@pytest.fixture(autouse=True)
def in_english(client: Client) -> None:
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"


def take_part_as(client: Client, participant: Participant) -> None:
    """Makes the client's session that of a participant without an account."""
    session = client.session
    session[SESSION_KEY] = str(participant.uid)
    session.save()

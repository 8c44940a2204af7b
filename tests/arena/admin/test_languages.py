"""The admin's pages are in the language that was chosen, Django's own words among them."""

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.arena.admin.conftest import Arena
from tests.visible_text import untranslated
from tools.messages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

OURS = [model for model in admin.site._registry if model._meta.app_label in ("arena", "inference", "ranking")]
#: Shown as it is stored or sent: dimensions and finish reasons. "Search" stands in Django's template, out of reach.
DATA = {"content", "language", "stop", "Search"}


def _address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _addresses(arena: Arena) -> list[str]:
    rows = [arena.matchup.campaign, arena.matchup, arena.battle, arena.ballot, arena.report, arena.participant]
    rows += [arena.participant.user, arena.battle.competitor_a, arena.battle.competitor_a.served_model]
    changes = [_address(type(row), "change", row.pk) for row in rows]
    return [
        reverse("admin:index"),
        *(_address(model, "changelist") for model in OURS),
        *changes,
        *(change.replace("change/", "history/") for change in changes),
        *(_address(type(row), "add") for row in (arena.matchup, arena.matchup.campaign, arena.battle.competitor_a)),
        reverse("admin:inference_servedmodel_add"),
        reverse("admin:arena_user_add"),
        reverse("admin:arena_matchup_watch", args=[arena.matchup.pk]),
        reverse("admin:password_change"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_language(admin_client: Client, arena: Arena, language: str) -> None:
    admin_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    found = {}
    for address in _addresses(arena):
        response = admin_client.get(address)
        assert response.status_code == 200, address
        if texts := set(untranslated(response.content.decode(), language)) - DATA:
            found[address] = texts
    assert found == {}


@pytest.mark.parametrize(("language", "said"), [("eu", "Kendu guztiak: %s"), ("fr", "cliquer pour effacer")])
def test_its_scripts_speak_it_too(admin_client: Client, language: str, said: str) -> None:
    admin_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    assert said in admin_client.get(reverse("admin:jsi18n")).content.decode()

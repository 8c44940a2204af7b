"""Every page is in the language that was chosen, from the first word to the last."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from arena.live.page_strings import page_strings
from arena.models import Battle, Campaign
from tests.arena.pages.conftest import take_part_as
from tests.factories import BattleFactory, CampaignFactory, ConsentFactory, MatchupFactory, UserFactory
from tests.visible_text import untranslated, visible_texts
from tools.messages import LANGUAGES, read_catalogue, strings_of

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("language", LANGUAGES), pytest.mark.thorough]


@pytest.fixture(autouse=True)
def in_the_language(in_english: None, client: Client, language: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language


@pytest.fixture
def campaign() -> Campaign:
    campaign: Campaign = CampaignFactory(with_texts=True)
    MatchupFactory(campaign=campaign, running=True, competitors=2)
    return campaign


@pytest.fixture
def battle(campaign: Campaign) -> Battle:
    """An open battle, both answers there, of somebody who has voted before."""
    consent = ConsentFactory(campaign=campaign, version=campaign.consent_version)
    matchup = campaign.matchups.get()
    a, b = (entry.competitor for entry in matchup.entries.all())
    sides = {"matchup": matchup, "competitor_a": a, "competitor_b": b, "participant": consent.participant}
    BattleFactory(**sides, voted=True)
    BattleFactory(**sides, skipped=True)
    battle: Battle = BattleFactory(**sides, b_failed=True)
    return battle


def assert_all_is_in(language: str, html: str, address: str) -> None:
    assert f'<html lang="{language}"' in html, address
    assert (found := untranslated(html, language)) == [], f"{address}: {found}"


def test_to_a_visitor(client: Client, campaign: Campaign, language: str) -> None:
    slug = [campaign.slug]
    for address in (
        reverse("arena:home"),
        reverse("arena:about"),
        reverse("arena:privacy"),
        reverse("arena:join", args=slug),
        reverse("arena:contributors", args=slug),
        reverse("ranking:leaderboard", args=slug),
        reverse("account_login"),
        reverse("account_signup"),
        reverse("account_reset_password"),
        reverse("account_reset_password_done"),
        reverse("account_email_verification_sent"),
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert_all_is_in(language, response.content.decode(), address)


def test_without_a_campaign(client: Client, language: str) -> None:
    assert_all_is_in(language, client.get(reverse("arena:home")).content.decode(), "home")


def test_to_a_volunteer(client: Client, battle: Battle, language: str) -> None:
    take_part_as(client, battle.participant)
    closed = battle.participant.battles.exclude(pk=battle.pk)
    for address in (
        reverse("arena:home"),
        reverse("arena:battle", args=[battle.uid]),
        reverse("arena:me"),
        reverse("arena:erase"),
        *(reverse("arena:my_battle", args=[other.uid]) for other in closed),
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert_all_is_in(language, response.content.decode(), address)


def test_to_an_account(client: Client, campaign: Campaign, language: str) -> None:
    client.force_login(UserFactory())
    for name in ("account_email", "account_change_password", "account_logout"):
        response = client.get(reverse(name))
        assert response.status_code == 200, name
        assert_all_is_in(language, response.content.decode(), name)


def test_what_a_form_says_is_wrong(client: Client, campaign: Campaign, language: str) -> None:
    for address, sent in (
        (reverse("arena:join", args=[campaign.slug]), {}),
        (reverse("account_login"), {"login": "nor", "password": "daki"}),
        (reverse("account_signup"), {"username": "a!", "password1": "pasahitza", "email": "hori ez"}),
        (reverse("account_signup"), {"username": "amaia", "password1": "amaia"}),
        (reverse("account_reset_password"), {"email": "hori ez"}),
    ):
        response = client.post(address, sent)
        html = response.content.decode()
        assert "field-errors" in html or 'role="alert"' in html, address
        assert_all_is_in(language, html, address)


def test_a_page_that_is_not_there(client: Client, campaign: Campaign, language: str) -> None:
    response = client.get("/ez-dago/")
    assert response.status_code == 404
    assert_all_is_in(language, response.content.decode(), "404")


def test_what_the_scripts_say(client: Client, battle: Battle, language: str) -> None:
    take_part_as(client, battle.participant)
    html = client.get(reverse("arena:battle", args=[battle.uid])).content.decode()
    data = re.search(r'<script id="battle-data" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    strings = json.loads(data[1])["strings"]
    catalogue = read_catalogue(language)
    said = {text for message in catalogue for text in strings_of(message)}
    assert strings.keys() == page_strings().keys()
    assert set(strings.values()) <= said


def test_the_test_sees_what_is_not_translated(client: Client, campaign: Campaign, language: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    html = client.get(reverse("arena:home")).content.decode().replace('<html lang="en"', f'<html lang="{language}"')
    assert {"Take part", "Home"} <= set(untranslated(html, language))
    assert "Take part" in visible_texts(html, language)

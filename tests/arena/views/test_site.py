"""What holds for every page: languages, headers, errors, health."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

from arena.models import Battle, Campaign, Participant
from config import urls as project_urls
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import (
    BattleFactory,
    ContributionFactory,
    ParticipantFactory,
    StartingPromptFactory,
    TurnFactory,
)

pytestmark = pytest.mark.django_db

PUBLIC = ["/", "/about/", "/privacy/", "/accounts/login/", "/accounts/signup/"]


# Languages.


@pytest.mark.parametrize("accept", ["", "en", "es-ES,es;q=0.9", "fr", "de,en;q=0.5"])
def test_pages_are_in_basque_whatever_the_browser_says(client: Client, accept: str) -> None:
    response = client.get("/", headers={"accept-language": accept})
    assert '<html lang="eu">' in response.content.decode()
    assert response["Content-Language"] == "eu"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switch_is_remembered_and_leads_back(client: Client, language: str) -> None:
    response = client.post("/language/", {"language": language, "next": "/about/"})
    assert response["Location"] == "/about/"
    assert response.cookies["lehia_language"].value == language
    assert f'<html lang="{language}">' in client.get("/about/").content.decode()


@pytest.mark.parametrize("language", ["de", "", "../eu", "eu; path=/"])
def test_a_language_that_is_not_offered_is_basque(client: Client, language: str) -> None:
    client.post("/language/", {"language": language})
    speak(client, language)
    assert '<html lang="eu">' in client.get("/").content.decode()


def test_the_switch_leads_to_no_other_site(client: Client) -> None:
    response = client.post("/language/", {"language": "es", "next": "https://example.com/"})
    assert response["Location"] == "/"


def test_caches_keep_the_languages_apart(client: Client) -> None:
    assert "Cookie" in client.get("/")["Vary"]


# Headers.


@pytest.mark.parametrize("address", [*PUBLIC, "/healthz", "/ez-dago/"])
def test_security_headers(client: Client, address: str) -> None:
    headers = client.get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";") if part.strip())
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"] and "http" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_cookies_are_kept_from_scripts_and_other_sites(client: Client, campaign: Campaign) -> None:
    about = {"language_level": "c1_c2", "education": "university", "confirmed_age": "on", "accept_consent": "on"}
    client.get(f"/c/{campaign.slug}/join/")
    client.post(f"/c/{campaign.slug}/join/", about)
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"] and client.cookies[name]["samesite"] == "Lax", name


# Health.


def test_healthy(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DatabaseError])
def test_without_the_database_it_says_so(client: Client, monkeypatch: pytest.MonkeyPatch, error: type[Error]) -> None:
    def away() -> None:
        raise error("gone")

    monkeypatch.setattr(connection, "cursor", away)
    assert client.get("/healthz").status_code == 503


# Errors.


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours that names latxa-behatzailea")


def _forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def _bad(request: HttpRequest) -> HttpResponse:
    raise BadRequest


class Urls:
    """The project's addresses, and three that go wrong."""

    handler400, handler403 = project_urls.handler400, project_urls.handler403
    handler404, handler500 = project_urls.handler404, project_urls.handler500
    urlpatterns = [*project_urls.urlpatterns, path("500/", _broken), path("403/", _forbidden), path("400/", _bad)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_pages_of_errors(client: Client, settings: Any, status: int, language: str) -> None:
    settings.ROOT_URLCONF = Urls
    client.raise_request_exception = False
    response = speak(client, language).get(f"/{status}/")
    html = response.content.decode()
    assert response.status_code == status
    assert f'<html lang="{language}">' in html and 'href="/"' in html
    assert "RuntimeError" not in html and "latxa-behatzailea" not in html


def test_what_is_not_there_is_json_for_programs(client: Client) -> None:
    answer = client.get("/ez-dago/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_that_was_open_too_long(campaign: Campaign, language: str) -> None:
    client = speak(Client(enforce_csrf_checks=True), language)
    response = client.post(f"/c/{campaign.slug}/join/", {})
    html = response.content.decode()
    assert response.status_code == 403
    assert ("The page was open for too long" in html) is (language == "en")
    answer = client.post(f"/c/{campaign.slug}/join/", {}, headers={"accept": "application/json"})
    assert answer.json()["code"] == "stale_form"


def test_a_post_that_is_too_large_is_refused(client: Client, settings: Any, campaign: Campaign) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.raise_request_exception = False
    assert client.post(f"/c/{campaign.slug}/join/", {"x": "y" * 2000}).status_code == 400


# Mail.


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_of_a_forgotten_password_is_in_the_language_of_the_page(client: Client, language: str) -> None:
    participant = ParticipantFactory(with_account=True)
    speak(client, language).post(reverse("account_reset_password"), {"email": participant.user.email})
    [message] = mail.outbox
    english = ("Hello", "password", "Choose", "link", "account", "If you", "address")
    text = re.sub(r"https?://\S+", "", message.subject + message.body)
    assert participant.user.username in text
    assert language == "en" or not [word for word in english if word in text]
    assert language != "en" or "password" in text


# Queries.


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture
def busy(campaign: Campaign, matchup: Any, volunteer: Participant) -> Any:
    """Makes more of everything."""

    def more() -> None:
        for _ in range(4):
            BattleFactory(matchup=matchup, participant=volunteer, voted=True)
            ContributionFactory(campaign=campaign, participant=ParticipantFactory(with_account=True))
            StartingPromptFactory(campaign=campaign)
            battle = Battle.objects.open().of(volunteer).first() or BattleFactory(
                matchup=matchup, participant=volunteer
            )
            TurnFactory(battle=battle, index=battle.turns.count() + 1, answered=True)

    return more


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/", 15),
        ("/battles/{battle}/", 14),
        ("/me/", 16),
        ("/c/{campaign}/contributors/", 12),
        ("/me/battles/{voted}/", 14),
    ],
)
def test_more_rows_take_no_more_queries(
    address: str, most: int, busy: Any, campaign: Campaign, volunteer: Participant, sign_in: SignIn
) -> None:
    client, counts = sign_in(volunteer), []
    for _ in range(2):
        busy()
        battle, voted = Battle.objects.open().get(), Battle.objects.filter(status="voted").latest("pk")
        counts.append(queries(client, address.format(battle=battle.uid, campaign=campaign.slug, voted=voted.uid)))
    assert counts[0] == counts[1] <= most

"""Joining with one click, accepting what has changed, and making an account."""

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import NON_FIELD_ERRORS
from django.test import Client
from pytest_django import Settings

from arena.identity import SESSION_KEY
from arena.models import Campaign, Consent, Participant, User
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import (
    PASSWORD,
    BattleFactory,
    CampaignFactory,
    ConsentTextFactory,
    ContributionFactory,
    ParticipantFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ABOUT = {"language_level": "c1_c2", "education": "university", "confirmed_age": "on", "accept_consent": "on"}
ACCOUNT = {**ABOUT, "username": "maialen", "password1": "sokatira-1931-lehia"}
ATTEMPTS = 12
SIGN_UP, LOG_IN = "/accounts/signup/", "/accounts/login/"


def join(client: Client, campaign: Campaign, **changes: str) -> Any:
    sent = {**ABOUT, **changes}
    return client.post(f"/c/{campaign.slug}/join/", {name: value for name, value in sent.items() if value})


def test_joining_without_an_account(client: Client, campaign: Campaign) -> None:
    response = join(client, campaign)
    participant = Participant.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/c/{campaign.slug}/")
    assert client.session[SESSION_KEY] == str(participant.uid)
    assert participant.consents.get().version == 1


def test_who_has_an_account_and_no_participant_joins_with_the_account(client: Client, campaign: Campaign) -> None:
    user = UserFactory()
    client.force_login(user)
    join(client, campaign)
    assert Participant.objects.get().user == user


def test_who_has_joined_is_not_asked_again(campaign: Campaign, volunteer: Participant, sign_in: SignIn) -> None:
    client = sign_in(volunteer)
    assert client.get(f"/c/{campaign.slug}/join/")["Location"] == f"/c/{campaign.slug}/consent/"
    assert client.get(f"/c/{campaign.slug}/consent/")["Location"] == f"/c/{campaign.slug}/"


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("confirmed_age", {"eu": "14", "es": "14", "fr": "14", "en": "You have to be 14 or older to take part."}),
        ("accept_consent", {"en": "To take part you have to accept the text of the campaign."}),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_age_and_consent_are_needed(
    client: Client, campaign: Campaign, missing: str, sentence: dict[str, str], language: str
) -> None:
    response = join(speak(client, language), campaign, **{missing: ""})
    html = response.content.decode()
    assert response.status_code == 422 and not Participant.objects.exists()
    assert f'id="id_{missing}_error"' in html
    assert sentence.get(language, "") in html
    assert language == "en" or sentence["en"] not in html


@pytest.mark.parametrize("field", ["language_level", "education"])
@pytest.mark.parametrize("value", ["", "expert", "c1_c2\x00"])
def test_level_and_education_are_of_the_lists(client: Client, campaign: Campaign, field: str, value: str) -> None:
    assert join(client, campaign, **{field: value}).status_code == 422
    assert not Participant.objects.exists()


def test_an_empty_post_is_refused(client: Client, campaign: Campaign) -> None:
    assert client.post(f"/c/{campaign.slug}/join/").status_code == 422


def test_the_consent_text_is_in_the_language_of_the_page_and_safe(client: Client, campaign: Campaign) -> None:
    body = "**Onartu** <script>alert(1)</script> [hemen](javascript:alert(1))"
    ConsentTextFactory(campaign=campaign, version=2, body=body)
    ConsentTextFactory(campaign=campaign, version=2, language="es", body="**Acepta** esto.")
    basque = client.get(f"/c/{campaign.slug}/join/").content.decode()
    assert "<strong>Onartu</strong>" in basque and "<script>alert" not in basque and 'href="javascript' not in basque
    assert "<strong>Acepta</strong>" in speak(client, "es").get(f"/c/{campaign.slug}/join/").content.decode()
    assert "<strong>Onartu</strong>" in speak(client, "fr").get(f"/c/{campaign.slug}/join/").content.decode()


def test_a_text_that_has_changed_is_accepted_once_more(
    campaign: Campaign, volunteer: Participant, sign_in: SignIn
) -> None:
    ConsentTextFactory(campaign=campaign, version=2, body="Berria.")
    client, address = sign_in(volunteer), f"/c/{campaign.slug}/consent/"
    assert "Berria." in client.get(address).content.decode()
    assert client.post(address).status_code == 422
    assert client.post(address, {"accept_consent": "on"})["Location"] == f"/c/{campaign.slug}/"
    assert sorted(Consent.objects.values_list("version", flat=True)) == [1, 2]


def test_who_has_not_joined_has_no_text_to_accept(client: Client, campaign: Campaign) -> None:
    assert client.get(f"/c/{campaign.slug}/consent/")["Location"] == f"/c/{campaign.slug}/join/"


# Accounts.


def test_signing_up_makes_an_account_that_has_joined(client: Client, campaign: Campaign) -> None:
    response = client.post(SIGN_UP, ACCOUNT)
    user = User.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/me/")
    assert (user.username, user.email, user.participant.language_level) == ("maialen", "", "c1_c2")
    assert user.participant.consents.get().version == 1
    assert client.get("/me/").status_code == 200


def test_signing_up_keeps_the_battles_of_before(client: Client, campaign: Campaign) -> None:
    join(client, campaign, language_level="a1_a2")
    battle = BattleFactory(participant=Participant.objects.get(), matchup__campaign=campaign)
    client.post(SIGN_UP, ACCOUNT)
    participant = User.objects.get().participant
    assert Participant.objects.get() == participant
    battle.refresh_from_db()
    assert battle.participant == participant and battle.is_open
    assert client.get(f"/battles/{battle.uid}/").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_campaign_with_a_raffle_needs_an_address(client: Client, language: str) -> None:
    CampaignFactory(requires_email=True)
    speak(client, language)
    html = client.post(SIGN_UP, ACCOUNT).content.decode()
    assert not User.objects.exists()
    assert 'id="id_email_error"' in html
    assert language == "en" or "This field is required" not in html
    client.post(SIGN_UP, {**ACCOUNT, "email": "maialen@example.eus"})
    assert User.objects.get().email == "maialen@example.eus"
    assert len(mail.outbox) == 1


def test_an_address_is_of_one_account(client: Client, campaign: Campaign) -> None:
    UserFactory(email="maialen@example.eus")
    assert client.post(SIGN_UP, {**ACCOUNT, "email": "Maialen@Example.eus"}).status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("missing", ["language_level", "education", "confirmed_age", "accept_consent"])
def test_signing_up_asks_what_joining_asks(client: Client, campaign: Campaign, missing: str) -> None:
    client.post(SIGN_UP, {name: value for name, value in ACCOUNT.items() if name != missing})
    assert not User.objects.exists()


def test_accounts_can_be_made_without_a_campaign(client: Client) -> None:
    client.post(SIGN_UP, ACCOUNT)
    assert User.objects.exists() and not Participant.objects.exists()


def log_in(client: Client, user: User, password: str = PASSWORD, **headers: str) -> Any:
    return client.post(LOG_IN, {"login": user.username, "password": password}, headers=headers)


def test_logging_in_takes_the_battles_of_the_session_along(client: Client, campaign: Campaign) -> None:
    own = ParticipantFactory(with_account=True)
    ContributionFactory(campaign=campaign, participant=own, votes=3, tickets=0)
    join(client, campaign)
    anonymous = Participant.objects.get(user=None)
    battle = BattleFactory(participant=anonymous, matchup__campaign=campaign, answered=True)
    log_in(client, own.user)
    assert Participant.objects.get() == own
    assert client.get(f"/battles/{battle.uid}/").status_code == 200
    client.post("/accounts/logout/")
    assert SESSION_KEY not in client.session
    assert client.get(f"/battles/{battle.uid}/").status_code == 404


def test_a_wrong_password_takes_nothing_along(client: Client, campaign: Campaign) -> None:
    own = ParticipantFactory(with_account=True)
    join(client, campaign)
    assert log_in(client, own.user, "okerra").status_code == 200
    assert Participant.objects.filter(user=None).exists()


def failures_until_limited(client: Client, **headers: Any) -> int:
    """How many wrong passwords for ever new accounts from one address it takes until there is a limit."""
    for attempt in range(ATTEMPTS):
        header = {name: value(attempt) if callable(value) else value for name, value in headers.items()}
        response = client.post(LOG_IN, {"login": f"inor-{attempt}", "password": "okerra"}, headers=header)
        if response.context["form"].has_error(NON_FIELD_ERRORS, "too_many_login_attempts"):
            return attempt
    return ATTEMPTS


def test_guessing_passwords_is_limited(client: Client) -> None:
    assert failures_until_limited(speak(client, "en")) < ATTEMPTS


def test_a_forged_address_does_not_help(client: Client) -> None:
    """Without trusted proxies X-Forwarded-For is what anybody may write."""
    forged = {"x-forwarded-for": lambda attempt: f"10.0.{attempt}.1"}
    assert failures_until_limited(speak(client, "en"), **forged) < ATTEMPTS


def test_behind_a_proxy_the_address_that_it_added_counts(client: Client, settings: Settings) -> None:
    """The control: with a trusted proxy, its last entry tells visitors apart, and forged ones before it do not."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    speak(client, "en")
    forged = {"x-forwarded-for": lambda attempt: f"10.0.{attempt}.1, 192.0.2.7"}
    assert failures_until_limited(client, **forged) < ATTEMPTS
    apart = {"x-forwarded-for": lambda attempt: f"192.0.2.{attempt + 10}"}
    assert failures_until_limited(client, **apart) == ATTEMPTS


def test_one_account_is_protected_from_wherever_it_is_tried(client: Client, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    user = ParticipantFactory(with_account=True).user
    for attempt in range(12):
        log_in(client, user, "okerra", **{"x-forwarded-for": f"192.0.2.{attempt + 10}"})
    log_in(client, user, **{"x-forwarded-for": "192.0.2.99"})
    assert "_auth_user_id" not in client.session

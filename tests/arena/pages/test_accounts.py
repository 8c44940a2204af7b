"""Every page of accounts that can be reached stands in our frame, and mails are in our words."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, CampaignFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

FRAME = 'class="wrap page split"'


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    cache.clear()


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_inactive",
        "account_email_verification_sent",
    ],
)
def test_pages_for_visitors(client: Client, name: str) -> None:
    CampaignFactory(with_texts=True)
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert FRAME in response.content.decode()


@pytest.mark.parametrize(
    "name", ["account_logout", "account_email", "account_change_password", "account_reauthenticate"]
)
def test_pages_for_accounts(client: Client, name: str) -> None:
    client.force_login(ParticipantFactory(with_account=True).user)
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert FRAME in response.content.decode()


def test_links_that_no_longer_work_say_so(client: Client) -> None:
    for address in ("/accounts/password/reset/key/1-set/", "/accounts/confirm-email/nothing/"):
        html = client.get(address).content.decode()
        assert "This link no longer works" in html, address
        assert FRAME in html


def sign_up(client: Client, **changes: str) -> str:
    data = {
        "username": "maialen",
        "password1": "sokatira-1931-lehia",
        "email": "maialen@example.org",
        "language_level": "c1_c2",
        "education": "university",
        "confirmed_age": "on",
        "accept_consent": "on",
    }
    return client.post(reverse("account_signup"), {**data, **changes}, follow=True).content.decode()


def test_signing_up_leads_to_the_own_page_and_sends_a_link(client: Client) -> None:
    CampaignFactory(with_texts=True)
    html = sign_up(client)
    assert "Welcome, maialen." in html
    [message] = mail.outbox
    assert message.subject.endswith("Is this your address?")
    assert message.body.startswith("Hello,")
    assert message.body.rstrip().endswith("Lehia")
    link = re.search(r"http://testserver(\S+)", message.body)
    assert link is not None
    confirm = client.get(link[1]).content.decode()
    assert "Yes, it is mine" in confirm
    assert "maialen@example.org is confirmed." in client.post(link[1], follow=True).content.decode()


def test_errors_of_signing_up_stand_with_their_fields(client: Client) -> None:
    CampaignFactory(with_texts=True)
    html = sign_up(client, username="", education="")
    assert 'id="id_username_error"' in html
    assert 'id="id_education_error"' in html
    assert 'value="maialen@example.org"' in html


def test_a_forgotten_password_can_be_chosen_anew(client: Client) -> None:
    participant = ParticipantFactory(with_account=True)
    participant.user.email = "ane@example.org"
    participant.user.save()
    client.post(reverse("account_reset_password"), {"email": "ane@example.org"})
    [message] = mail.outbox
    assert message.subject.endswith("Choose a new password")
    assert participant.user.username in message.body
    link = re.search(r"http://testserver(\S+)", message.body)
    assert link is not None
    page = client.get(link[1], follow=True)
    assert "Keep this password" in page.content.decode()
    done = client.post(
        page.request["PATH_INFO"], {"password1": "bertso-plaza-22", "password2": "bertso-plaza-22"}, follow=True
    )
    assert "Your password is changed" in done.content.decode()


def test_an_address_without_an_account_is_told_so_by_mail_alone(client: Client) -> None:
    response = client.post(reverse("account_reset_password"), {"email": "inor@example.org"}, follow=True)
    assert "If an account has that address" in response.content.decode()
    [message] = mail.outbox
    assert message.subject.endswith("There is no account with this address")
    assert reverse("account_signup") in message.body


def test_too_many_tries_are_answered_kindly(client: Client) -> None:
    for _ in range(40):
        response = client.post(reverse("account_reset_password"), {"email": "inor@example.org"})
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert "A little slower, please" in response.content.decode()


def test_addresses_can_be_managed(client: Client) -> None:
    participant = ParticipantFactory(with_account=True)
    client.force_login(participant.user)
    html = client.post(
        reverse("account_email"), {"action_add": "", "email": "bigarrena@example.org"}, follow=True
    ).content.decode()
    assert "bigarrena@example.org" in html
    assert "not confirmed" in html


def test_logging_out_is_asked_and_done(client: Client) -> None:
    participant = ParticipantFactory(with_account=True)
    client.login(username=participant.user.username, password=PASSWORD)
    assert "Your battles stay in your account" in client.get(reverse("account_logout")).content.decode()
    assert "You are logged out." in client.post(reverse("account_logout"), follow=True).content.decode()

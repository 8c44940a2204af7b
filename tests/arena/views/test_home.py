"""Which campaign the home page is about, and what its one button does in each state."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arena.actions.battles import start_battle
from arena.models import Campaign, Matchup, Participant
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import BallotFactory, CampaignFactory, CampaignTextFactory

pytestmark = pytest.mark.django_db


def context(client: Client, path: str = "/") -> Any:
    response = client.get(path)
    assert response.status_code == 200
    return response.context


def test_without_a_campaign(client: Client) -> None:
    seen = context(client)
    assert seen["campaign"] is None and not seen["accepting"]


def test_a_draft_is_nobodys_business(client: Client) -> None:
    campaign = CampaignFactory(draft=True, with_texts=True)
    response = client.get("/")
    assert response.context["campaign"] is None
    assert campaign.texts.get().title not in response.content.decode()
    assert client.get(f"/c/{campaign.slug}/").status_code == 404


def test_the_newest_campaign_that_takes_votes_is_featured(client: Client) -> None:
    now = timezone.now()
    older = CampaignFactory(starts_at=now - timedelta(days=9))
    CampaignFactory(starts_at=now - timedelta(days=2), paused=True)
    CampaignFactory(starts_at=now + timedelta(days=2))
    assert context(client)["campaign"] == older
    newer = CampaignFactory(starts_at=now - timedelta(days=5))
    assert context(client)["campaign"] == newer


def test_where_none_takes_votes_the_newest_is_shown(client: Client) -> None:
    CampaignFactory(ended=True)
    newest = CampaignFactory(closed=True)
    assert context(client)["campaign"] == newest


def test_each_campaign_has_a_page_of_its_own(client: Client) -> None:
    older, newer = CampaignFactory(starts_at=timezone.now() - timedelta(days=9)), CampaignFactory()
    assert context(client)["campaign"] == newer
    assert context(client, f"/c/{older.slug}/")["campaign"] == older


@pytest.mark.parametrize(
    "traits",
    [{"paused": True}, {"closed": True}, {"ended": True}, {"starts_at": timezone.now() + timedelta(days=1)}],
    ids=["paused", "closed", "ended", "not started"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_campaign_that_takes_no_votes_has_no_button_to_start(
    client: Client, traits: dict[str, Any], language: str
) -> None:
    campaign = CampaignFactory(with_texts=True, **traits)
    response = speak(client, language).get("/")
    html = response.content.decode()
    assert not response.context["accepting"]
    assert f"/c/{campaign.slug}/battles/" not in html and f"/c/{campaign.slug}/join/" not in html


def test_the_states_of_the_button(matchup: Matchup, volunteer: Participant, sign_in: SignIn, client: Client) -> None:
    campaign, start, join = (
        matchup.campaign,
        f"/c/{matchup.campaign.slug}/battles/",
        f"/c/{matchup.campaign.slug}/join/",
    )
    assert join in client.get("/").content.decode()
    sign_in(volunteer)
    assert start in client.get("/").content.decode()
    battle = start_battle(campaign=campaign, participant=volunteer, language="eu")
    assert f"/battles/{battle.uid}/" in client.get("/").content.decode()


def test_while_models_warm_up_the_page_answers_and_asks_again(
    campaign: Campaign, volunteer: Participant, sign_in: SignIn
) -> None:
    client = sign_in(volunteer)
    assert not context(client)["models_ready"]
    html = client.get(f"/c/{campaign.slug}/readiness/").content.decode()
    assert f'hx-get="/c/{campaign.slug}/readiness/"' in html and "disabled" in html


def test_quarantined_votes_are_not_in_the_total(client: Client) -> None:
    campaign = BallotFactory().battle.campaign
    BallotFactory(quarantined=True, battle__matchup__campaign=campaign)
    assert context(client)["votes_total"] == 1


@pytest.mark.parametrize(
    ("language", "title"), [("eu", "Zein da hobea?"), ("es", "¿Cuál es mejor?"), ("fr", "Zein da hobea?")]
)
def test_the_campaigns_texts_are_in_the_language_of_the_page_else_in_basque(
    client: Client, campaign: Campaign, language: str, title: str
) -> None:
    CampaignTextFactory(campaign=campaign, language="es", title="¿Cuál es mejor?")
    assert title in speak(client, language).get("/").content.decode()


def test_a_campaign_without_texts_has_a_page(client: Client) -> None:
    CampaignFactory()
    assert client.get("/").status_code == 200

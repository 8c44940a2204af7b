import pytest
from django.test import Client
from django.urls import reverse

from arena.enums import LeaderboardPolicy
from arena.models import Campaign
from inference.enums import ModelHealth
from inference.models import ServedModel
from tests.arena.pages.conftest import take_part_as
from tests.factories import BattleFactory, CampaignFactory, ConsentFactory, MatchupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign: Campaign = CampaignFactory(with_texts=True)
    MatchupFactory(campaign=campaign, running=True, competitors=2)
    return campaign


def joined(client: Client, campaign: Campaign) -> None:
    consent = ConsentFactory(campaign=campaign, version=campaign.consent_version)
    take_part_as(client, consent.participant)


def page(client: Client) -> str:
    response = client.get(reverse("arena:home"))
    assert response.status_code == 200
    return response.content.decode()


def test_without_a_campaign_it_says_so(client: Client) -> None:
    assert "There is no campaign at the moment" in page(client)


def test_a_visitor_is_asked_to_take_part(client: Client, campaign: Campaign) -> None:
    html = page(client)
    assert reverse("arena:join", args=[campaign.slug]) in html
    assert html.count("button-large") == 1


def test_who_has_joined_can_start(client: Client, campaign: Campaign) -> None:
    joined(client, campaign)
    html = page(client)
    assert f'action="{reverse("arena:start_battle", args=[campaign.slug])}"' in html
    assert html.count("button-large") == 1


def test_who_left_a_battle_open_goes_on_with_it(client: Client, campaign: Campaign) -> None:
    consent = ConsentFactory(campaign=campaign, version=campaign.consent_version)
    matchup = campaign.matchups.get()
    battle = BattleFactory(participant=consent.participant, campaign=campaign, matchup=matchup)
    take_part_as(client, consent.participant)
    assert reverse("arena:battle", args=[battle.uid]) in page(client)


def test_the_button_waits_while_the_models_warm_up_and_asks_again(client: Client, campaign: Campaign) -> None:
    ServedModel.objects.update(health=ModelHealth.WARMING_UP, ready_since=None)
    joined(client, campaign)
    html = page(client)
    assert "The models are warming up" in html
    readiness = reverse("arena:readiness", args=[campaign.slug])
    assert f'hx-get="{readiness}" hx-trigger="every 5s"' in html
    assert "data-arena-warming" in client.get(readiness).content.decode()


def test_a_visitor_is_told_that_the_models_warm_up(client: Client, campaign: Campaign) -> None:
    ServedModel.objects.update(health=ModelHealth.UNKNOWN, health_checked_at=None, ready_since=None)
    html = page(client)
    assert "The models are still warming up. You can join meanwhile." in html
    assert "data-arena-warming" in html


def test_models_that_are_down_are_not_said_to_warm_up(client: Client, campaign: Campaign) -> None:
    ServedModel.objects.update(health=ModelHealth.FAILING, ready_since=None)
    assert "The models are not available right now." in page(client)
    joined(client, campaign)
    html = page(client)
    assert "The models are not available right now." in html
    assert "data-arena-warming" in html, "it asks again all the same"


def test_a_new_text_is_to_be_accepted_first(client: Client, campaign: Campaign) -> None:
    take_part_as(client, ParticipantFactory())
    assert "There is a text to read and accept first." in page(client)


def test_a_paused_campaign_asks_for_patience(client: Client) -> None:
    CampaignFactory(with_texts=True, paused=True)
    html = page(client)
    assert "resting for a while" in html
    assert "button-large" not in html


def test_a_campaign_that_is_over_thanks_and_shows_the_ranking(client: Client) -> None:
    campaign = CampaignFactory(with_texts=True, closed=True, leaderboard_policy=LeaderboardPolicy.AFTER_CAMPAIGN)
    html = page(client)
    assert "This campaign is over" in html
    assert f'href="{reverse("ranking:leaderboard", args=[campaign.slug])}">See the ranking' in html


def test_a_hidden_ranking_is_not_offered_when_the_campaign_is_over(client: Client) -> None:
    CampaignFactory(with_texts=True, closed=True, leaderboard_policy=LeaderboardPolicy.HIDDEN)
    assert "See the ranking" not in page(client)


@pytest.mark.parametrize("code", ["eu", "es", "fr", "en"])
def test_the_page_says_its_language_and_offers_the_others(client: Client, code: str) -> None:
    client.cookies["lehia_language"] = code
    html = page(client)
    assert f'<html lang="{code}">' in html
    assert f'value="{code}" lang="{code}" aria-current="true"' in html
    assert html.count('name="language"') == 4

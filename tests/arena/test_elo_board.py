"""The live Elo that volunteers see: as the campaign wants it, and never vote by vote."""

import pytest
from django.test import Client
from django.urls import reverse

from arena.actions.collection import ELO_STEP, collect_ballots, rebuild_tallies
from arena.elo_board import MIN_BATTLES, EloLine, live_elo
from arena.identity import SESSION_KEY
from arena.models import Campaign, EloRating
from tests.factories import BattleFactory, MatchupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    matchup = MatchupFactory(running=True, competitors=2, campaign__show_live_elo=True, campaign__with_texts=True)
    return Campaign.objects.get(pk=matchup.campaign_id)


def _vote(campaign: Campaign, times: int) -> None:
    matchup = campaign.matchups.get()
    a, b = matchup.competitors.order_by("pk")
    for _ in range(times):
        BattleFactory(matchup=matchup, competitor_a=a, competitor_b=b, voted=True)
        collect_ballots()


def test_it_moves_with_every_step_and_with_no_vote_between(campaign: Campaign) -> None:
    _vote(campaign, ELO_STEP - 1)
    assert live_elo(campaign) == []
    _vote(campaign, 1)
    first = live_elo(campaign)
    winner, loser = EloRating.objects.order_by("-rating")
    assert first == [
        EloLine(1, winner.competitor.name, round(winner.rating), ELO_STEP),
        EloLine(2, loser.competitor.name, round(loser.rating), ELO_STEP),
    ]
    _vote(campaign, ELO_STEP - 1)
    assert live_elo(campaign) == first
    _vote(campaign, 1)
    assert live_elo(campaign) != first
    rebuild_tallies(campaign=campaign)
    again = live_elo(campaign)
    assert again is not None and [line.battles for line in again] == [2 * ELO_STEP] * 2


def test_equal_ratings_share_a_place_and_few_votes_are_no_rating(campaign: Campaign) -> None:
    a, b = campaign.competitors.order_by("pk")
    EloRating.objects.create(competitor=a, shown_rating=1000.2, shown_battles=MIN_BATTLES)
    EloRating.objects.create(competitor=b, shown_rating=999.9, shown_battles=MIN_BATTLES)
    assert [line.place for line in live_elo(campaign) or []] == [1, 1]
    EloRating.objects.filter(competitor=b).update(shown_battles=MIN_BATTLES - 1)
    assert [line.model for line in live_elo(campaign) or []] == [a.name]


def test_only_where_the_campaign_shows_it(campaign: Campaign, client: Client) -> None:
    page = reverse("arena:contributors", args=[campaign.slug])
    assert "live-elo" in client.get(page).content.decode()
    Campaign.objects.update(show_live_elo=False)
    assert "live-elo" not in client.get(page).content.decode()


def test_it_is_on_the_page_after_a_vote_and_not_on_the_battles(campaign: Campaign, client: Client) -> None:
    a, b = campaign.competitors.order_by("pk")
    EloRating.objects.create(competitor=a, shown_rating=1012, shown_battles=ELO_STEP)
    battle = BattleFactory(matchup=campaign.matchups.get(), competitor_a=a, competitor_b=b, answered=True)
    session = client.session
    session[SESSION_KEY] = str(battle.participant.uid)
    session.save()
    page = client.get(f"/battles/{battle.uid}/")
    assert page.status_code == 200
    assert "live-elo" not in page.content.decode()
    thanks = client.post(f"/battles/{battle.uid}/ballot/", {"content": "a", "language": "a"})
    assert "live-elo" in thanks.content.decode() and "1012" in thanks.content.decode()

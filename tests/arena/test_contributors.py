"""Who contributes how much."""

from datetime import timedelta

import pytest
from django.utils import timezone

from arena import contributors
from arena.contributors import board, votes_a_day
from arena.models import Campaign, Participant
from tests.factories import BallotFactory, ContributionFactory, MatchupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


def test_those_with_as_many_votes_have_the_same_place(campaign: Campaign) -> None:
    for votes in (5, 9, 9, 1):
        ContributionFactory(campaign=campaign, votes=votes)
    rows, own = board(campaign=campaign, participant=None)
    assert [(row["place"], row["votes"]) for row in rows] == [(1, 9), (1, 9), (3, 5), (4, 1)]
    assert own is None


def test_who_is_below_the_board_has_a_row_of_their_own(
    campaign: Campaign, volunteer: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributors, "_BOARD_SIZE", 2)
    for votes in (9, 8, 7):
        ContributionFactory(campaign=campaign, votes=votes)
    ContributionFactory(campaign=campaign, participant=volunteer, votes=2)
    rows, own = board(campaign=campaign, participant=volunteer)
    assert len(rows) == 2 and own is not None
    assert (own["place"], own["votes"], own["is_self"]) == (4, 2, True)


def test_who_is_on_the_board_is_marked_there(campaign: Campaign, volunteer: Participant) -> None:
    ContributionFactory(campaign=campaign, participant=volunteer)
    rows, own = board(campaign=campaign, participant=volunteer)
    assert [row["is_self"] for row in rows] == [True] and own is None


def test_nobody_without_votes_of_this_campaign_is_on_the_board(campaign: Campaign) -> None:
    ContributionFactory(campaign=campaign, votes=0)
    ContributionFactory()
    for trait in ("blocked", "imported", "simulated"):
        ContributionFactory(campaign=campaign, participant=ParticipantFactory(**{trait: True}))
    assert board(campaign=campaign, participant=ParticipantFactory()) == ([], None)


def test_votes_of_each_day(campaign: Campaign, volunteer: Participant) -> None:
    matchup = MatchupFactory(campaign=campaign, running=True)
    yesterday = timezone.now() - timedelta(days=1)
    for days, voter in ((0, volunteer), (1, volunteer), (1, None), (1, None), (1, None)):
        BallotFactory(
            battle__matchup=matchup,
            battle__participant=voter or ParticipantFactory(),
            created_at=timezone.now() - timedelta(days=days),
        )
    BallotFactory(battle__matchup=matchup, quarantined=True)
    BallotFactory()
    days = votes_a_day(campaign=campaign, participant=volunteer)
    assert [(day["votes"], day["own_votes"], day["share"]) for day in days] == [(4, 1, 100), (1, 1, 25)]
    assert days[0]["date"] == timezone.localdate(yesterday)
    assert {day["own_votes"] for day in votes_a_day(campaign=campaign, participant=None)} == {0}


def test_a_campaign_without_votes_has_no_days(campaign: Campaign) -> None:
    assert votes_a_day(campaign=campaign, participant=None) == []

"""Counts from tallies are those of the ballots themselves, at every moment of a vote."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import Count, Max
from django.utils import timezone

from arena.actions.collection import collect_ballots, quarantine_votes, rebuild_where_needed
from arena.models import Ballot, Campaign, DayTally, Matchup
from arena.vote_counts import votes_by_day, votes_by_matchup, votes_by_pair, votes_column, votes_now
from tests.factories import BattleFactory, MatchupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


def _check(campaign: Campaign) -> None:
    counted = Ballot.objects.counted().of_campaign(campaign).order_by()
    exact = counted.aggregate(votes=Count("pk"), newest=Max("created_at"))
    assert votes_now(campaign) == (exact["votes"], exact["newest"])
    if campaign.recount_needed:
        return
    days = Counter(timezone.localdate(ballot.created_at) for ballot in counted)
    assert votes_by_day(campaign) == dict(sorted(days.items()))
    assert Campaign.objects.annotate(n=votes_column("campaign")).get(pk=campaign.pk).n == exact["votes"]
    matchups = list(Matchup.objects.filter(campaign=campaign))
    assert votes_by_matchup(matchups) == {
        matchup.pk: counted.filter(battle__matchup=matchup).count() for matchup in matchups
    }
    for matchup in matchups:
        pairs: Counter[frozenset[int]] = Counter()
        for ballot in counted.filter(battle__matchup=matchup).select_related("battle"):
            pairs[frozenset({ballot.battle.competitor_a_id, ballot.battle.competitor_b_id})] += 1
        assert votes_by_pair(matchup) == pairs


def test_counts_are_exact_before_during_and_after_collection() -> None:
    rng = random.Random(5)
    campaign = MatchupFactory(running=True, competitors=3).campaign
    MatchupFactory(campaign=campaign, running=True, competitors=2)
    BattleFactory(voted=True)
    people = [ParticipantFactory() for _ in range(3)]
    _check(campaign)
    for round_ in range(3):
        for _vote in range(6):
            matchup = rng.choice(list(campaign.matchups.order_by("pk")))
            a, b = rng.sample(list(matchup.competitors.order_by("pk")), 2)
            choice = rng.choice(["a", "tie", "dont_know"])
            battle = BattleFactory(
                matchup=matchup,
                participant=rng.choice(people),
                competitor_a=a,
                competitor_b=b,
                voted=True,
                ballot__choices={"content": choice, "language": choice},
            )
            when = timezone.now() - timedelta(days=rng.randint(0, 2), minutes=rng.randint(0, 900))
            Ballot.objects.filter(battle=battle).update(created_at=when)
        _check(campaign)
        if round_ < 2:
            collect_ballots(batch=4)
            _check(campaign)
    quarantine_votes(participant=people[0])
    campaign.refresh_from_db()
    assert campaign.recount_needed
    _check(campaign)
    rebuild_where_needed()
    campaign.refresh_from_db()
    assert not campaign.recount_needed
    _check(campaign)


def test_no_vote_is_looked_at(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    campaign = MatchupFactory(running=True, competitors=2).campaign
    for _ in range(3):
        BattleFactory(matchup=campaign.matchups.get(), voted=True)
    collect_ballots()
    DayTally.objects.update(votes=1_000_000)
    with django_assert_num_queries(2):
        assert votes_now(campaign)[0] == 1_000_000

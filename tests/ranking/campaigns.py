"""Campaigns with votes, for tests of what reads and publishes them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from arena.ballot_forms import default_form
from arena.models import Ballot, Campaign
from tests.factories import (
    BallotFactory,
    BattleFactory,
    CampaignFactory,
    CompetitorFactory,
    MatchupFactory,
    ParticipantFactory,
)

START = datetime(2026, 3, 19, 7, 0, 0, 123456, tzinfo=UTC)


def campaign_with_votes(
    n: int = 12, *, names: Sequence[str] = ("exp_0_010", "exp_1_111", "exp_2_101"), voters: int = 3, **campaign: Any
) -> Campaign:
    """A campaign with `n` votes, a minute apart, in which every model has won and lost, with all kinds of choices."""
    created = CampaignFactory(with_texts=True, **{"leaderboard_policy": "always", **campaign})
    matchup = MatchupFactory(campaign=created, running=True)
    competitors = [CompetitorFactory(campaign=created, name=name) for name in names]
    people = [ParticipantFactory() for _ in range(voters)]
    kinds: list[Mapping[str, str]] = [
        {"content": "a", "language": "a"},
        {"content": "b", "language": "tie"},
        {"content": "a", "language": "b", "overall": "a"},
        {"content": "tie", "language": "tie"},
        {"content": "b", "language": "b"},
    ]
    for i in range(n):
        a, b = competitors[i % len(names)], competitors[(i + 1 + i // len(names)) % len(names)]
        if a == b:
            b = competitors[(i + 1) % len(names)]
        cast_vote(created, matchup, a, b, people[i % voters], kinds[i % len(kinds)], START + timedelta(minutes=i))
    return created


def cast_vote(
    campaign: Campaign, matchup: Any, a: Any, b: Any, voter: Any, choices: Mapping[str, str], when: datetime
) -> Ballot:
    battle = BattleFactory(
        matchup=matchup,
        participant=voter,
        competitor_a=a,
        competitor_b=b,
        status="voted",
        created_at=when - timedelta(minutes=5),
        closed_at=when,
        answered=True,
        entries=False,
    )
    ballot: Ballot = BallotFactory(battle=battle, choices=choices, created_at=when, comment="Ondo «dago» 👍")
    return ballot


def form_with_dont_know() -> dict[str, Any]:
    form = default_form()
    form["dimensions"][1]["choices"] = ["a", "tie", "b", "both_bad", "dont_know"]
    return form


def vote_again(campaign: Campaign, when: datetime | None = None) -> Ballot:
    """One more vote of somebody who has voted, on the same pair."""
    battle = Ballot.objects.of_campaign(campaign).select_related("battle").earliest("created_at").battle
    return cast_vote(
        campaign,
        battle.matchup,
        battle.competitor_a,
        battle.competitor_b,
        battle.participant,
        {"content": "b", "language": "b"},
        when or timezone.now(),
    )

"""An admin at work, and an arena with something of everything."""

from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client

from arena.models import Ballot, Battle, Matchup, Participant, Report, User
from tests.factories import (
    BallotFactory,
    BattleFactory,
    CampaignFactory,
    ConsentFactory,
    DayTallyFactory,
    MatchupFactory,
    ParticipantFactory,
    ReportFactory,
    TurnFactory,
    UserFactory,
)


@dataclass(frozen=True, slots=True)
class Arena:
    matchup: Matchup
    battle: Battle
    open_battle: Battle
    ballot: Ballot
    report: Report
    participant: Participant


@pytest.fixture
def boss(db: None) -> User:
    return UserFactory(admin=True)


@pytest.fixture
def admin_client(client: Client, boss: User) -> Client:
    """Logged in, and reading English, which tests look for."""
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(boss)
    return client


@pytest.fixture
def arena(db: None) -> Arena:
    """A running matchup of three, with a vote, a failure, an open battle and a report."""
    campaign = CampaignFactory(with_texts=True)
    matchup = MatchupFactory(campaign=campaign, running=True, competitors=3)
    a, b, c = (entry.competitor for entry in matchup.entries.all())
    participant = ParticipantFactory(with_account=True)
    ConsentFactory(participant=participant, campaign=campaign)
    battle = BattleFactory(
        matchup=matchup, competitor_a=a, competitor_b=b, participant=participant, voted=True, ballot__collected=True
    )
    DayTallyFactory(matchup=matchup)
    TurnFactory(battle=battle, index=2, prompt="<b>Eta</b> gaztelaniaz?", b_failed=True)
    open_battle = BattleFactory(
        matchup=matchup, competitor_a=c, competitor_b=a, participant=participant, streaming=True
    )
    report = ReportFactory(battle=battle)
    return Arena(matchup, battle, open_battle, battle.ballot, report, participant)


def more_of_everything(arena: Arena, number: int) -> None:
    """Enough rows for a query a row to be seen."""
    entries = list(arena.matchup.entries.all())
    for index in range(number):
        a, b = entries[index % 2].competitor, entries[index % 2 + 1].competitor
        battle = BattleFactory(
            matchup=arena.matchup,
            competitor_a=a,
            competitor_b=b,
            participant=ParticipantFactory(with_account=True),
            b_failed=True,
        )
        ReportFactory(battle=battle)
        voted = BattleFactory(matchup=arena.matchup, competitor_a=a, competitor_b=b, answered=True, skipped=True)
        Battle.objects.filter(pk=voted.pk).update(status="voted")
        BallotFactory(battle=voted, collected=True)

"""Two at once: each lock is shown to hold, and, by a control without it, to be what holds.

`make test` runs these on SQLite and on PostgreSQL.
"""

from typing import Any

import pytest
from django.db import DatabaseError, connection

from arena.actions.ballots import Cast, Choices, cast_ballot
from arena.actions.battles import redraw_battle, start_battle
from arena.actions.collection import collect_ballots
from arena.actions.joining import claim_participant
from arena.actions.turns import add_turn
from arena.exceptions import AlreadyVoted, TurnTaken
from arena.models import Ballot, Battle, Contribution, PairTally, Participant, Turn
from tests.arena.races import LONG, SHORT, Rendezvous, both, meet_after, unlock
from tests.factories import (
    BallotFactory,
    BattleFactory,
    ConsentFactory,
    ContributionFactory,
    MatchupFactory,
    ParticipantFactory,
    TurnFactory,
)

#: With the locks, and the control without.
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


@pytest.fixture
def meeting() -> Rendezvous:
    return Rendezvous()


def prepare(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, target: str, *, locked: bool) -> None:
    meet_after(monkeypatch, target, meeting)
    if not locked:
        meeting.patience = LONG
        unlock(monkeypatch)


def faults(results: list[Any]) -> list[Any]:
    return [result for result in results if isinstance(result, DatabaseError)]


@LOCKED
def test_two_ballots_at_once(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    battle = BattleFactory(answered=True)
    monkeypatch.setattr("arena.actions.ballots.send_on_commit", lambda _task: None)
    prepare(monkeypatch, meeting, "arena.actions.ballots._check_open", locked=locked)

    def cast(side: str) -> Cast:
        choices = Choices({"content": side, "language": side})
        return cast_ballot(battle=battle, participant=battle.participant, choices=choices)

    results = both(lambda: cast("a"), lambda: cast("b"), locked=locked)
    assert Ballot.objects.count() == 1, "whatever happens, one ballot per battle"
    if locked:
        accepted, refused = sorted(results, key=lambda result: isinstance(result, Exception))
        assert isinstance(accepted, Cast) and isinstance(refused, AlreadyVoted)
        assert Ballot.objects.get().choices() == accepted.ballot.choices()
    else:
        assert meeting.met and faults(results), "without the lock the second one breaks instead of being told"


@LOCKED
def test_the_same_ballot_twice_at_once(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    battle = BattleFactory(answered=True)
    monkeypatch.setattr("arena.actions.ballots.send_on_commit", lambda _task: None)
    prepare(monkeypatch, meeting, "arena.actions.ballots._check_open", locked=locked)

    def cast() -> Cast:
        choices = Choices({"content": "a", "language": "a"})
        return cast_ballot(battle=battle, participant=battle.participant, choices=choices)

    results = both(cast, cast, locked=locked)
    assert Ballot.objects.count() == 1
    if locked:
        assert sorted(result.duplicate for result in results) == [False, True]
    else:
        assert faults(results)


@LOCKED
def test_two_tabs_prompting_at_once(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    battle = BattleFactory()
    prepare(monkeypatch, meeting, "arena.actions.turns.clean_prompt", locked=locked)

    def prompt(text: str) -> Turn:
        return add_turn(battle=battle, participant=battle.participant, index=1, text=text).turn

    results = both(lambda: prompt("Kaixo"), lambda: prompt("Agur"), locked=locked)
    assert Turn.objects.count() == 1
    if locked:
        assert sorted(type(result) for result in results if isinstance(result, Exception)) == [TurnTaken]
    else:
        assert meeting.met and faults(results)


@pytest.fixture
def joined() -> Participant:
    participant: Participant = ConsentFactory(version=0).participant
    MatchupFactory(campaign=participant.consents.get().campaign, running=True, competitors=3)
    return participant


def start(participant: Participant) -> Battle:
    campaign = participant.consents.get().campaign
    return start_battle(campaign=campaign, participant=participant, language="eu")


@LOCKED
def test_two_starts_at_once(
    monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, joined: Participant, locked: bool
) -> None:
    prepare(monkeypatch, meeting, "arena.actions.battles._check_pace", locked=locked)
    results = both(lambda: start(joined), lambda: start(joined), locked=locked)
    assert Battle.objects.count() == 1
    if locked:
        assert results[0] == results[1]
    else:
        assert meeting.met and faults(results)


def test_a_start_and_a_redraw_at_once(
    monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, joined: Participant
) -> None:
    """In the order of their locks neither waits for the other for ever, and both lead to the same battle."""
    battle = start(joined)
    TurnFactory(battle=battle, b_failed=True)
    meet_after(monkeypatch, "arena.actions.battles._lock_participant", meeting)
    results = both(
        lambda: start(joined),
        lambda: redraw_battle(battle=battle, participant=joined, language="eu"),
        locked=True,
    )
    assert not meeting.met
    assert all(isinstance(result, Battle) for result in results), results
    assert Battle.objects.open().count() == 1


@LOCKED
def test_two_collectors_at_once(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    ballot = BallotFactory()
    prepare(monkeypatch, meeting, "arena.actions.collection._sum_up", locked=locked)
    results = both(collect_ballots, collect_ballots, locked=locked)
    counted = sum(PairTally.objects.filter(dimension="overall").values_list("first_wins", "second_wins").get())
    contributed = Contribution.objects.get(participant=ballot.battle.participant).votes
    if locked:
        assert sorted(results) == [0, 1]
        assert (counted, contributed) == (1, 1)
    else:
        assert meeting.met
        assert faults(results) or results == [1, 1], "without the lock both take the ballot for theirs"


@LOCKED
def test_collecting_while_an_account_takes_votes_over(
    monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool
) -> None:
    """A collector that adds to a contribution must not overwrite what the merge adds to it."""
    own = ParticipantFactory(with_account=True)
    ballot = BallotFactory(battle__participant=own)
    campaign = ballot.battle.campaign
    anonymous = BallotFactory(battle__matchup=ballot.battle.matchup, collected=True).battle.participant
    ContributionFactory(campaign=campaign, participant=own, votes=10)
    ContributionFactory(campaign=campaign, participant=anonymous, votes=5)
    prepare(monkeypatch, meeting, "arena.actions.joining._merge_contributions", locked=locked)
    if connection.vendor == "sqlite":
        # It has one writer at a time in any case: the two cannot meet here, and the second one breaks.
        meeting.patience = SHORT
    write = Contribution.objects.bulk_update

    def meet_and_write(rows: Any, fields: list[str], **options: Any) -> int:
        """The collector has read the contribution, and is about to write it."""
        meeting()
        return write(rows, fields, **options)

    monkeypatch.setattr(Contribution.objects, "bulk_update", meet_and_write)
    results = both(collect_ballots, lambda: claim_participant(participant=anonymous, user=own.user), locked=locked)
    votes = Contribution.objects.get(participant=own).votes
    if locked:
        assert results == [1, own]
        assert votes == 16
    else:
        assert faults(results) or votes in (11, 15), "the votes that were taken over are lost, or the one collected"

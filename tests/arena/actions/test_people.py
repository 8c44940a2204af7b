"""Blocked people's votes are kept, and count no more."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from arena import tasks
from arena.actions.ballots import Choices, cast_ballot
from arena.actions.collection import collect_ballots
from arena.actions.people import MAX_REASON, block_participant, unblock_participant
from arena.enums import BattleStatus
from arena.exceptions import AlreadyBlocked, Blocked, BlockNeedsReason, NotBlocked
from arena.models import Ballot, Battle, Contribution, PairTally, Participant, User
from tests.factories import BallotFactory, BattleFactory, ConsentFactory, ParticipantFactory, UserFactory

REASON = "Always votes A within a second."


@pytest.fixture
def boss(db: None) -> User:
    return UserFactory(admin=True)


def _vote(participant: Participant, **battle: object) -> Ballot:
    row = BattleFactory(participant=participant, voted=True, **battle)
    return Ballot.objects.get(battle=row)


def _counted_votes() -> int:
    return sum(tally.votes for tally in PairTally.objects.filter(dimension="overall"))


@pytest.mark.django_db
def test_a_block_quarantines_all_votes_and_takes_them_out_of_the_counts(
    boss: User, django_capture_on_commit_callbacks: Callable
) -> None:
    culprit, other = ParticipantFactory(), ParticipantFactory()
    first = _vote(culprit)
    _vote(other, matchup=first.battle.matchup)
    _vote(culprit)
    collect_ballots()
    assert _counted_votes() == 3
    with django_capture_on_commit_callbacks(execute=True):
        block_participant(participant_id=culprit.pk, reason=f"  {REASON} ", by=boss)
    culprit.refresh_from_db()
    assert (culprit.block_reason, culprit.is_blocked) == (REASON, True)
    assert Ballot.objects.filter(quarantined_at__isnull=False, collected_at=None, winner="").count() == 2
    assert Ballot.objects.count() == 3, "nothing is deleted"
    assert _counted_votes() == 1
    assert not Contribution.objects.filter(participant=culprit).exists()


@pytest.mark.django_db
def test_unblocking_counts_the_votes_again(boss: User, django_capture_on_commit_callbacks: Callable) -> None:
    culprit = ParticipantFactory()
    _vote(culprit)
    collect_ballots()
    with django_capture_on_commit_callbacks(execute=True):
        block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    with django_capture_on_commit_callbacks(execute=True):
        unblock_participant(participant_id=culprit.pk, by=boss)
    ballot = Ballot.objects.get()
    assert (ballot.quarantined_at, ballot.winner) == (None, "a")
    assert ballot.collected_at is not None
    assert _counted_votes() == 1
    assert Contribution.objects.get(participant=culprit).votes == 1


@pytest.mark.django_db
def test_a_vote_that_was_in_quarantine_before_the_block_stays_there(boss: User) -> None:
    culprit = ParticipantFactory()
    battle = BattleFactory(participant=culprit, answered=True, skipped=True)
    Battle.objects.filter(pk=battle.pk).update(status=BattleStatus.VOTED)
    ballot = BallotFactory(battle=battle, quarantined=True)
    _vote(culprit)
    block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    unblock_participant(participant_id=culprit.pk, by=boss)
    assert list(Ballot.objects.exclude(quarantined_at=None)) == [ballot]


@pytest.mark.django_db
def test_each_campaign_that_was_voted_in_is_counted_again(
    boss: User, django_capture_on_commit_callbacks: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    culprit, sent = ParticipantFactory(), []
    votes = [_vote(culprit), _vote(culprit)]
    monkeypatch.setattr(tasks.rebuild_campaign_tallies, "delay", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    assert sorted(sent) == sorted(vote.battle.campaign_id for vote in votes)


@pytest.mark.django_db
def test_a_broker_that_is_gone_does_not_undo_a_block(
    boss: User,
    django_capture_on_commit_callbacks: Callable,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def gone(_campaign_id: int) -> None:
        raise OperationalError("no broker")

    culprit = ParticipantFactory()
    _vote(culprit)
    monkeypatch.setattr(tasks.rebuild_campaign_tallies, "delay", gone)
    caplog.set_level("ERROR")
    with django_capture_on_commit_callbacks(execute=True):
        block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    assert Participant.objects.blocked().get() == culprit
    assert "no broker" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "   ", "x" * (MAX_REASON + 1)])
def test_a_block_needs_a_reason(boss: User, reason: str) -> None:
    culprit = ParticipantFactory()
    with pytest.raises(BlockNeedsReason):
        block_participant(participant_id=culprit.pk, reason=reason, by=boss)
    assert not Participant.objects.blocked().exists()
    assert not LogEntry.objects.exists()


@pytest.mark.django_db
def test_nobody_is_blocked_or_unblocked_twice(boss: User) -> None:
    culprit = ParticipantFactory()
    with pytest.raises(NotBlocked):
        unblock_participant(participant_id=culprit.pk, by=boss)
    block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    with pytest.raises(AlreadyBlocked):
        block_participant(participant_id=culprit.pk, reason="Another reason.", by=boss)
    culprit.refresh_from_db()
    assert culprit.block_reason == REASON


@pytest.mark.django_db
def test_the_history_tells_reason_and_votes(boss: User) -> None:
    culprit = ParticipantFactory()
    _vote(culprit)
    block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
    unblock_participant(participant_id=culprit.pk, by=boss)
    unblocked, blocked = LogEntry.objects.order_by("-pk")
    assert (blocked.user, blocked.object_id) == (boss, str(culprit.pk))
    assert REASON in blocked.change_message
    assert "1" in unblocked.change_message


@pytest.mark.django_db(transaction=True)
def test_a_ballot_that_is_cast_during_a_block_is_refused() -> None:
    """The ballot waits for the battle that the block holds, and must then see the block."""
    boss, culprit = UserFactory(admin=True), ParticipantFactory()
    battle = BattleFactory(participant=culprit, answered=True)
    ConsentFactory(participant=culprit, campaign=battle.campaign)
    blocked, outcome = threading.Event(), []

    def cast() -> None:
        try:
            blocked.wait(timeout=10)
            choices = Choices(judgements={"content": "a", "language": "a"})
            cast_ballot(battle=battle, participant=culprit, choices=choices)
            outcome.append("accepted")
        except Blocked:
            outcome.append("refused")
        finally:
            connection.close()

    caster = threading.Thread(target=cast)
    caster.start()
    with transaction.atomic():
        block_participant(participant_id=culprit.pk, reason=REASON, by=boss)
        blocked.set()
        # Long enough for the ballot to come as far as the lock. Were it slower, it would find the block committed.
        caster.join(timeout=0.5)
        assert outcome == [], "it went through while the block was not yet committed"
    caster.join(timeout=30)
    assert outcome == ["refused"]
    assert not Ballot.objects.exists()

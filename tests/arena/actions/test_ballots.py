"""Casting a ballot: every row of the protocol's table, and what is stored."""

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from arena.actions.ballots import MAX_COMMENT_CHARS, Cast, Choices, cast_ballot
from arena.enums import BattleStatus
from arena.exceptions import (
    AlreadyVoted,
    BallotInvalid,
    BallotTooEarly,
    BattleClosed,
    Blocked,
    CampaignNotOpen,
    Refusal,
)
from arena.models import Ballot, Battle, Campaign, Judgement, Participant
from tests.factories import BattleFactory, ParticipantFactory, TurnFactory

pytestmark = pytest.mark.django_db

BOTH_A = {"content": "a", "language": "a"}
FORM = {
    "dimensions": [
        {"key": "content", "choices": ["a", "tie", "b", "both_good", "both_bad", "dont_know"]},
        {"key": "overall", "asked": "always"},
    ],
    "reasons": [{"key": "clear", "label": {"eu": "Argia"}}, {"key": "true", "label": {"eu": "Egia"}}],
    "comment": True,
}


def cast(battle: Battle, judgements: dict[str, str] | None = None, **further: Any) -> Cast:
    choices = Choices(BOTH_A if judgements is None else judgements, **further)
    return cast_ballot(battle=battle, participant=battle.participant, choices=choices)


def test_a_ballot_is_stored_and_closes_the_battle() -> None:
    battle = BattleFactory(answered=True)
    accepted = cast(battle, {"content": "a", "language": "tie"}, comment=" Ondo\r\ndago. ")
    battle.refresh_from_db()
    assert not accepted.duplicate
    assert (battle.status, battle.closed_at) == (BattleStatus.VOTED, accepted.ballot.created_at)
    assert accepted.ballot.choices() == {"content": "a", "language": "tie"}
    assert accepted.ballot.comment == "Ondo\ndago."
    assert accepted.ballot.winner == "" and accepted.ballot.collected_at is None


def test_the_message_to_the_collector_is_sent_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    battle = BattleFactory(answered=True)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        accepted = cast(battle)
        assert accepted.ballot.collected_at is None
    assert len(callbacks) == 1
    accepted.ballot.refresh_from_db()
    assert (accepted.ballot.winner, accepted.ballot.collected_at is None) == ("a", False)


def test_a_refused_ballot_sends_nothing(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, pytest.raises(BallotTooEarly):
        cast(BattleFactory())
    assert callbacks == []


def test_the_same_ballot_again_is_harmless_and_says_so() -> None:
    battle = BattleFactory(answered=True)
    first = cast(battle, comment="Ondo.")
    again = cast(battle, comment=" Ondo. ")
    assert again.duplicate and again.ballot == first.ballot
    assert (Ballot.objects.count(), Judgement.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    "other",
    [
        {"judgements": {"content": "a", "language": "tie"}},
        {"judgements": {}},
        {"judgements": {**BOTH_A, "overall": "a"}},
        {"comment": "Beste bat."},
    ],
)
def test_a_different_ballot_does_not_change_the_first(other: dict[str, Any]) -> None:
    battle = BattleFactory(answered=True)
    cast(battle, comment="Ondo.")
    with pytest.raises(AlreadyVoted):
        cast(battle, **{"comment": "Ondo.", **other})
    assert Ballot.objects.get().choices() == BOTH_A


def test_a_vote_that_was_committed_is_acknowledged_whatever_happened_since() -> None:
    battle = BattleFactory(answered=True)
    cast(battle)
    Campaign.objects.update(status="closed")
    Participant.objects.update(blocked_at=battle.created_at, block_reason="Geroztik.")
    assert cast(battle).duplicate


@pytest.mark.parametrize("overall", ["a", "b", "tie"])
def test_overall_is_asked_where_the_sides_disagree(overall: str) -> None:
    battle = BattleFactory(answered=True)
    with pytest.raises(BallotInvalid) as refused:
        cast(battle, {"content": "a", "language": "b"})
    assert refused.value.values == {"fault": "missing:overall"}
    assert cast(battle, {"content": "a", "language": "b", "overall": overall}).ballot.choices()["overall"] == overall


@pytest.mark.parametrize(
    ("judgements", "fault"),
    [
        ({}, "missing:content"),
        ({"content": "a"}, "missing:language"),
        ({"content": "c", "language": "a"}, "choice:content"),
        ({**BOTH_A, "overall": "a"}, "not_asked:overall"),
        ({**BOTH_A, "colour": "a"}, "unknown"),
    ],
)
def test_a_ballot_that_does_not_fit_the_form_is_refused(judgements: dict[str, str], fault: str) -> None:
    battle = BattleFactory(answered=True)
    with pytest.raises(BallotInvalid) as refused:
        cast(battle, judgements)
    assert refused.value.values == {"fault": fault}
    battle.refresh_from_db()
    assert battle.is_open and not Ballot.objects.exists()


def with_form(form: dict[str, Any]) -> Battle:
    battle: Battle = BattleFactory(answered=True, matchup__campaign__ballot_form=form)
    return battle


@pytest.mark.parametrize("choice", ["both_good", "both_bad", "dont_know", "tie"])
def test_another_form_has_other_choices(choice: str) -> None:
    ballot = cast(with_form(FORM), {"content": choice, "overall": "b"}).ballot
    assert ballot.choices() == {"content": choice, "overall": "b"}


def test_reasons_are_those_of_the_form_in_its_order() -> None:
    battle = with_form(FORM)
    said = cast(battle, {"content": "a", "overall": "a"}, reasons=["true", "pretty", "clear", "true"])
    assert said.ballot.reasons == ["clear", "true"]
    again = cast(battle, {"content": "a", "overall": "a"}, reasons=["clear", "true"])
    assert again.duplicate


def test_a_form_without_comment_keeps_none() -> None:
    assert (
        cast(with_form({**FORM, "comment": False}), {"content": "a", "overall": "a"}, comment="x").ballot.comment == ""
    )


def test_a_comment_is_cut_and_holds_no_nul() -> None:
    comment = cast(BattleFactory(answered=True), comment="\x00" + "é" * 3000).ballot.comment
    assert comment == "é" * MAX_COMMENT_CHARS


@pytest.mark.parametrize("trait", ["waiting", "streaming", "a_failed", "b_failed", "both_failed"])
def test_the_ballot_opens_when_both_answers_of_the_first_turn_are_there(trait: str) -> None:
    with pytest.raises(BallotTooEarly):
        cast(BattleFactory(**{trait: True}))


def test_nothing_may_be_running() -> None:
    battle = BattleFactory(answered=True)
    TurnFactory(battle=battle, index=2, streaming=True)
    with pytest.raises(BallotTooEarly):
        cast(battle)


@pytest.mark.parametrize("trait", ["b_failed", "a_stopped"])
def test_a_later_turn_may_have_failed_or_been_stopped(trait: str) -> None:
    battle = BattleFactory(answered=True)
    TurnFactory(battle=battle, index=2, **{trait: True})
    assert not cast(battle).duplicate


def test_a_stopped_answer_that_said_something_can_be_voted_on() -> None:
    battle = BattleFactory()
    TurnFactory(battle=battle, a_stopped=True)
    assert not cast(battle).duplicate


@pytest.mark.parametrize(
    ("traits", "refusal"),
    [
        ({"skipped": True}, BattleClosed),
        ({"redrawn": True}, BattleClosed),
        ({"participant__blocked": True}, Blocked),
        ({"matchup__campaign__closed": True}, CampaignNotOpen),
        ({"matchup__campaign__paused": True}, CampaignNotOpen),
        ({"matchup__campaign__ended": True}, CampaignNotOpen),
    ],
)
def test_where_no_vote_is_taken_it_is_refused(traits: dict[str, Any], refusal: type[Refusal]) -> None:
    battle = BattleFactory(**({} if "redrawn" in traits else {"answered": True}), **traits)
    with pytest.raises(refusal):
        cast(battle)
    assert not Ballot.objects.exists()


def test_somebody_elses_battle_is_not_found() -> None:
    with pytest.raises(Battle.DoesNotExist):
        cast_ballot(battle=BattleFactory(answered=True), participant=ParticipantFactory(), choices=Choices(BOTH_A))

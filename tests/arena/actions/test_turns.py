"""Prompts: stored before a model hears of them."""

import pytest
from pytest_django import DjangoAssertNumQueries

from arena.actions.turns import Added, add_turn, can_be_retried, retry_answer
from arena.enums import AnswerStatus
from arena.exceptions import (
    AnswerMissing,
    AnswersRunning,
    BattleClosed,
    Blocked,
    CampaignNotOpen,
    NoPairReady,
    NothingToRetry,
    PromptEmpty,
    PromptTooLong,
    PromptUnreadable,
    Refusal,
    TooManyTurns,
    TurnTaken,
)
from arena.models import Answer, Battle, Campaign, Participant, Turn
from inference.models import ServedModel
from tests.factories import AnswerFactory, BattleFactory, ParticipantFactory, TurnFactory

pytestmark = pytest.mark.django_db


def prompt(battle: Battle, text: str = "Kaixo", *, index: int = 1) -> Added:
    return add_turn(battle=battle, participant=battle.participant, index=index, text=text)


def test_a_prompt_is_stored_with_two_waiting_answers() -> None:
    added = prompt(BattleFactory(), " Kaixo\r\nmundua ")
    turn = added.turn
    assert added.is_new and (turn.index, turn.prompt) == (1, "Kaixo\nmundua")
    assert list(turn.answers.order_by("side").values_list("side", "status", "run")) == [
        ("a", "waiting", 1),
        ("b", "waiting", 1),
    ]


def test_what_the_models_are_asked_is_written_down_with_the_prompt() -> None:
    battle = BattleFactory()
    added = prompt(battle)
    assert [(key.side, key.answer_id) for key, _job in added.jobs] == list(
        added.turn.answers.order_by("side").values_list("side", "pk")
    )
    for key, job in added.jobs:
        answer, served_model = Answer.objects.get(pk=key.answer_id), battle.competitor(key.side).served_model
        assert job is not None and job.served_model_id == served_model.pk
        assert (answer.model_name, answer.attempts) == (served_model.model_name, 1)
        assert answer.parameters["max_tokens"] == job.request.max_tokens


def test_a_first_prompt_costs_few_statements(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    """Each is waited for before a model is asked: seven, and two savepoints, one of them the test's own."""
    battle = BattleFactory()
    with django_assert_max_num_queries(11):
        prompt(battle)


def test_a_model_that_cannot_be_asked_costs_neither_the_prompt_nor_the_other_side() -> None:
    battle = BattleFactory()
    ServedModel.objects.filter(pk=battle.competitor_a.served_model_id).update(api_key_env="MISSING_API_KEY")
    jobs = {key.side: job for key, job in prompt(battle).jobs}
    assert jobs["a"] is None and jobs["b"] is not None


def test_the_same_text_for_the_same_turn_again_is_harmless() -> None:
    battle = BattleFactory()
    first = prompt(battle, "Kaixo")
    again = prompt(battle, " Kaixo ")
    assert (again.turn, again.is_new) == (first.turn, False)
    assert Answer.objects.count() == 2


def test_another_text_for_a_turn_that_is_taken_is_refused() -> None:
    battle = BattleFactory()
    prompt(battle, "Kaixo")
    with pytest.raises(TurnTaken):
        prompt(battle, "Agur")


@pytest.mark.parametrize("index", [2, 7, 2**63])
def test_turns_are_not_skipped(index: int) -> None:
    """Otherwise the same frame sent again would be another turn."""
    battle = BattleFactory()
    with pytest.raises(TurnTaken):
        prompt(battle, index=index)
    assert not Turn.objects.exists()


def test_a_follow_up_needs_both_answers() -> None:
    battle = BattleFactory(answered=True)
    added = prompt(battle, "Eta gero?", index=2)
    assert added.is_new and added.turn.index == 2


def test_a_stopped_answer_that_said_something_is_enough() -> None:
    battle = BattleFactory()
    TurnFactory(battle=battle, a_stopped=True)
    assert prompt(battle, index=2).is_new


@pytest.mark.parametrize(
    ("trait", "refusal"),
    [
        ("waiting", AnswersRunning),
        ("streaming", AnswersRunning),
        ("b_failed", AnswerMissing),
        ("a_failed", AnswerMissing),
    ],
)
def test_a_follow_up_waits_for_the_answers(trait: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        prompt(BattleFactory(**{trait: True}), "Eta gero?", index=2)


def test_turns_are_limited_by_the_campaign() -> None:
    battle = BattleFactory(answered=True, matchup__campaign__max_turns=1)
    with pytest.raises(TooManyTurns):
        prompt(battle, index=2)


@pytest.mark.parametrize(
    ("text", "refusal"), [(" ", PromptEmpty), ("x" * 2001, PromptTooLong), ("a\x00b", PromptUnreadable)]
)
def test_a_prompt_that_cannot_be_sent_is_refused(text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        prompt(BattleFactory(), text)
    assert not Turn.objects.exists()


@pytest.mark.parametrize("trait", ["skipped", "voted", "redrawn"])
def test_a_battle_that_is_over_takes_no_prompt(trait: str) -> None:
    with pytest.raises(BattleClosed):
        prompt(BattleFactory(**{trait: True}), "Eta gero?", index=2)


@pytest.mark.parametrize("status", ["paused", "closed"])
def test_a_campaign_that_takes_no_votes_takes_no_prompts(status: str) -> None:
    battle = BattleFactory()
    Campaign.objects.update(status=status)
    with pytest.raises(CampaignNotOpen):
        prompt(battle)


def test_who_is_blocked_sends_nothing() -> None:
    with pytest.raises(Blocked):
        prompt(BattleFactory(participant__blocked=True))


def test_somebody_elses_battle_is_not_found() -> None:
    with pytest.raises(Battle.DoesNotExist):
        add_turn(battle=BattleFactory(), participant=ParticipantFactory(), index=1, text="Kaixo")


def test_models_that_have_gone_are_replaced_before_the_first_prompt(volunteer: Participant) -> None:
    battle = BattleFactory(participant=volunteer)
    spare = [BattleFactory(matchup=battle.matchup).competitor_a for _ in range(2)]
    ServedModel.objects.exclude(competitors__in=spare).update(health="failing", ready_since=None)
    added = prompt(battle)
    battle.refresh_from_db()
    assert {battle.competitor_a, battle.competitor_b} == set(spare)
    asked = {job.served_model_id for _key, job in added.jobs if job is not None}
    assert asked == {competitor.served_model_id for competitor in spare}


def test_without_two_models_nothing_is_stored() -> None:
    battle = BattleFactory()
    ServedModel.objects.update(health="failing", ready_since=None)
    with pytest.raises(NoPairReady):
        prompt(battle)
    assert not Turn.objects.exists()


def retry(battle: Battle, side: str = "b", index: int = 1) -> Answer:
    return retry_answer(battle=battle, participant=battle.participant, index=index, side=side)


def test_a_failed_side_is_put_back_under_a_new_run_and_the_other_is_left_alone() -> None:
    battle = BattleFactory(b_failed=True)
    answer = retry(battle)
    assert (answer.status, answer.run, answer.text) == (AnswerStatus.WAITING, 2, "")
    assert (answer.failure_kind, answer.failure_detail, answer.ended_at, answer.duration_ms) == ("", "", None, None)
    assert battle.turns.get().answers.get(side="a").status == AnswerStatus.COMPLETE


@pytest.mark.parametrize(
    ("values", "possible"),
    [
        ({"failed": True}, True),
        ({"failed": True, "text": "Zati bat"}, True),
        ({"stopped": True, "text": ""}, True),
        ({"stopped": True, "text": " \n"}, True),
        ({"stopped": True, "text": "Zati bat"}, False),
        ({"waiting": True}, False),
        ({"streaming": True}, False),
        ({}, False),
    ],
)
def test_what_has_nothing_to_judge_can_be_tried_again(values: dict[str, object], possible: bool) -> None:
    assert can_be_retried(AnswerFactory.build(**values)) is possible


@pytest.mark.parametrize(("side", "index"), [("a", 1), ("b", 2), ("b", 2**40)])
def test_there_is_nothing_else_to_try_again(side: str, index: int) -> None:
    with pytest.raises(NothingToRetry):
        retry(BattleFactory(b_failed=True), side, index)


def test_only_the_last_turn_can_be_tried_again() -> None:
    battle = BattleFactory(b_failed=True)
    TurnFactory(battle=battle, index=2, answered=True)
    with pytest.raises(NothingToRetry):
        retry(battle)


def test_trying_again_twice_starts_one_run() -> None:
    battle = BattleFactory(b_failed=True)
    retry(battle)
    with pytest.raises(NothingToRetry):
        retry(battle)


@pytest.mark.parametrize(("trait", "refusal"), [("redrawn", BattleClosed), ("participant__blocked", Blocked)])
def test_a_closed_battle_tries_nothing_again(trait: str, refusal: type[Refusal]) -> None:
    battle = BattleFactory(**{trait: True})
    with pytest.raises(refusal):
        retry(battle)

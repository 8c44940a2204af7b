"""The life of an answer: claimed once, saved on the way, ended once, and recovered where its process died."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from arena.actions import answers as actions
from arena.actions import asking
from arena.actions.answers import (
    Ending,
    Partial,
    answer_key,
    answer_keys,
    claim_answer,
    end_answer,
    recover_lost_answers,
    save_partials,
    stop_answers,
    sweep_lost_answers,
)
from arena.actions.asking import AnswerKey
from arena.actions.self_identification import mark_self_identified
from arena.actions.turns import restart_answer
from arena.enums import AnswerStatus
from arena.models import Answer, Battle, Campaign, Competitor
from arena.tasks import sweep_answers
from inference.models import ServedModel
from tests.factories import AnswerFactory, BattleFactory, TurnFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def battle() -> Battle:
    return BattleFactory(waiting=True)


@pytest.fixture
def answer(battle: Battle) -> Answer:
    """Side A's, waiting."""
    return Answer.objects.select_related("turn__battle").get(turn__battle=battle, side="a")


def ending(**values: Any) -> Ending:
    return Ending(**{"status": AnswerStatus.COMPLETE, "text": "Kaixo", **values})


def test_the_keys_of_a_turn_are_of_its_two_sides(battle: Battle) -> None:
    turn = battle.turns.get()
    keys = answer_keys(turn)
    assert [(key.side, key.turn, key.run, key.battle_uid) for key in keys] == [
        ("a", 1, 1, str(battle.uid)),
        ("b", 1, 1, str(battle.uid)),
    ]


def test_claiming_says_what_is_to_be_sent_and_writes_it_down(battle: Battle, answer: Answer) -> None:
    Competitor.objects.filter(pk=battle.competitor_a_id).update(
        temperature=0.3, top_p=0.8, max_tokens=99, extra_parameters={"repetition_penalty": 1.1}
    )
    job = claim_answer(key=answer_key(answer))
    assert job is not None
    answer.refresh_from_db()
    today = timezone.localdate().isoformat()
    assert [message["role"] for message in job.request.messages] == ["system", "user"]
    assert today in job.request.messages[0]["content"]
    assert job.request.messages[1]["content"] == battle.turns.get().prompt
    assert today in answer.system_prompt and "{date}" not in answer.system_prompt
    assert answer.parameters == {"temperature": 0.3, "top_p": 0.8, "max_tokens": 99, "repetition_penalty": 1.1}
    assert answer.model_name == job.endpoint(1).model_name == battle.competitor_a.served_model.model_name
    assert answer.model_revision == "main"


@pytest.mark.parametrize(
    ("text", "marked"), [("Ni ChatGPT naiz.", True), ("Ni ez naiz inor.", False), ("", False), ("Zubirik dio", False)]
)
def test_an_answer_that_names_a_model_is_marked_when_it_ends(answer: Answer, text: str, marked: bool) -> None:
    assert end_answer(key=answer_key(answer), ending=ending(status=AnswerStatus.STOPPED, text=text))
    answer.refresh_from_db()
    assert answer.self_identified is marked


def test_the_names_are_those_of_the_campaign(battle: Battle, answer: Answer) -> None:
    Campaign.objects.filter(pk=battle.campaign_id).update(self_identifying_words="Zubiri")
    assert end_answer(key=answer_key(answer), ending=ending(text="Zubirik dio, ez ChatGPTk."))
    answer.refresh_from_db()
    assert answer.self_identified
    Campaign.objects.filter(pk=battle.campaign_id).update(self_identifying_words="")
    assert mark_self_identified(campaign=Campaign.objects.get()) == 1
    assert mark_self_identified(campaign=Campaign.objects.get()) == 0
    answer.refresh_from_db()
    assert not answer.self_identified


def test_a_lost_answer_was_asked_for_once(answer: Answer) -> None:
    claim_answer(key=answer_key(answer))
    Answer.objects.filter(pk=answer.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    sweep_lost_answers()
    answer.refresh_from_db()
    assert (answer.status, answer.attempts, answer.model_revision) == ("failed", 1, "main")


def test_each_side_gets_its_own_parameters(battle: Battle) -> None:
    Competitor.objects.filter(pk=battle.competitor_b_id).update(temperature=0.1)
    for key in answer_keys(battle.turns.get()):
        claim_answer(key=key)
    recorded = dict(Answer.objects.values_list("side", "parameters__temperature"))
    assert recorded == {"a": 0.9, "b": 0.1}


def test_a_system_prompt_that_is_not_sent_is_not_recorded(battle: Battle, answer: Answer) -> None:
    ServedModel.objects.update(system_prompt_mode="none")
    job = claim_answer(key=answer_key(answer))
    answer.refresh_from_db()
    assert job is not None and [message["role"] for message in job.request.messages] == ["user"]
    assert answer.system_prompt == ""


def test_the_conversation_is_that_of_the_side(battle: Battle) -> None:
    first = battle.turns.get()
    for side in ("a", "b"):
        first.answers.filter(side=side).update(status="complete", text=f"{side} dio", ended_at=timezone.now())
    second = TurnFactory(battle=battle, index=2, prompt="Eta?", waiting=True)
    job = claim_answer(key=answer_keys(second)[1])
    assert job is not None
    assert [message["content"] for message in job.request.messages[1:]] == [first.prompt, "b dio", "Eta?"]


@pytest.mark.parametrize(
    "values", [{"run": 2}, {"status": "streaming"}, {"status": "stopped", "ended_at": timezone.now()}]
)
def test_an_answer_that_is_not_waiting_under_this_run_is_not_claimed(answer: Answer, values: dict[str, Any]) -> None:
    key = answer_key(answer)
    Answer.objects.filter(pk=answer.pk).update(**values)
    assert claim_answer(key=key) is None


def test_an_answer_that_is_stopped_while_it_is_claimed_is_not_sent(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and writing: the compare-and-swap sees it."""
    key = answer_key(answer)

    def stop_first(served_model: ServedModel) -> Any:
        end_answer(key=key, ending=ending(status=AnswerStatus.STOPPED, text=""))
        return original(served_model)

    original = asking.endpoints_for
    monkeypatch.setattr(asking, "endpoints_for", stop_first)
    assert claim_answer(key=key) is None


def test_a_competitor_without_a_served_model_is_a_fault(battle: Battle, answer: Answer) -> None:
    Competitor.objects.filter(pk=battle.competitor_a_id).update(served_model=None)
    with pytest.raises(ValueError, match="no served model"):
        claim_answer(key=answer_key(answer))


def saved(key: AnswerKey, text: str | None) -> bool:
    """Whether the text was saved as that of this run."""
    return save_partials(partials=[Partial(key.answer_id, key.run, text, text)]) == {key.answer_id}


def test_partial_text_is_saved_and_is_a_sign_of_life(answer: Answer) -> None:
    Answer.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    assert saved(answer_key(answer), "")
    answer.refresh_from_db()
    assert answer.status == AnswerStatus.WAITING and not Answer.objects.lost().filter(pk=answer.pk).exists()
    assert saved(answer_key(answer), "Kai")
    answer.refresh_from_db()
    assert (answer.status, answer.text) == (AnswerStatus.STREAMING, "Kai")


def test_a_save_from_a_run_that_was_replaced_changes_nothing(answer: Answer) -> None:
    key = answer_key(answer)
    Answer.objects.filter(pk=answer.pk).update(run=2)
    assert not saved(key, "zaharra")
    assert not end_answer(key=key, ending=ending())
    answer.refresh_from_db()
    assert (answer.text, answer.status) == ("", AnswerStatus.WAITING)


def test_an_answer_ends_once(answer: Answer) -> None:
    key = answer_key(answer)
    assert end_answer(key=key, ending=ending(finish_reason="stop", completion_tokens=7, duration_ms=90))
    assert not end_answer(key=key, ending=ending(status=AnswerStatus.STOPPED, text="besterik"))
    assert not saved(key, "besterik")
    answer.refresh_from_db()
    assert (answer.status, answer.text, answer.completion_tokens) == (AnswerStatus.COMPLETE, "Kaixo", 7)
    assert answer.ended_at is not None


def test_nothing_that_a_server_says_of_itself_costs_the_answer(answer: Answer) -> None:
    strange = ending(finish_reason="st\x00op" * 20, failure_detail="", prompt_tokens=-1, completion_tokens=2**40)
    assert end_answer(key=answer_key(answer), ending=strange)
    answer.refresh_from_db()
    assert answer.text == "Kaixo" and len(answer.finish_reason) == 30 and "\x00" not in answer.finish_reason
    assert (answer.prompt_tokens, answer.completion_tokens) == (None, None)


def test_a_failure_can_hold_any_text(answer: Answer) -> None:
    failed = ending(status=AnswerStatus.FAILED, text="", failure_kind="http_status", failure_detail="500: \x00")
    assert end_answer(key=answer_key(answer), ending=failed)
    answer.refresh_from_db()
    assert answer.failure_detail == "500: \N{REPLACEMENT CHARACTER}"


def test_stopping_ends_running_answers_with_what_was_saved() -> None:
    battle = BattleFactory()
    turn = TurnFactory(battle=battle)
    running = AnswerFactory(turn=turn, side="a", streaming=True)
    AnswerFactory(turn=turn, side="b")
    assert stop_answers(battle=battle, sides=["a", "b"]) == [running]
    running.refresh_from_db()
    assert (running.status, running.text) == (AnswerStatus.STOPPED, "Euskara hizkuntza")


def test_only_the_sides_that_were_named_are_stopped(battle: Battle) -> None:
    stop_answers(battle=battle, sides=["b"])
    assert dict(Answer.objects.values_list("side", "status")) == {"a": "waiting", "b": "stopped"}


def lost_turn(battle: Battle, a: dict[str, Any], b: dict[str, Any]) -> tuple[Answer, Answer]:
    old = {"heartbeat_at": timezone.now() - timedelta(minutes=5)}
    turn = TurnFactory(battle=battle)
    return AnswerFactory(turn=turn, side="a", **old, **a), AnswerFactory(turn=turn, side="b", **old, **b)


def test_lost_answers_start_again_where_they_said_nothing_and_fail_where_they_did() -> None:
    battle = BattleFactory()
    silent, broken_off = lost_turn(battle, {"waiting": True}, {"streaming": True})
    restarted, failed = recover_lost_answers(battle=battle)
    assert [(key.answer_id, key.run) for key in restarted] == [(silent.pk, 2)]
    assert failed == [broken_off]
    broken_off.refresh_from_db()
    assert (broken_off.status, broken_off.failure_kind) == (AnswerStatus.FAILED, actions.LOST)
    assert broken_off.text == "Euskara hizkuntza"


def test_recovering_twice_starts_once() -> None:
    battle = BattleFactory()
    lost_turn(battle, {"waiting": True}, {})
    assert len(recover_lost_answers(battle=battle)[0]) == 1
    assert recover_lost_answers(battle=battle) == ([], [])


def test_an_answer_is_started_again_once_and_fails_the_second_time() -> None:
    battle = BattleFactory()
    silent, _other = lost_turn(battle, {"waiting": True, "run": 2}, {})
    assert recover_lost_answers(battle=battle) == ([], [silent])


def test_answers_of_a_closed_battle_are_not_started_again() -> None:
    battle = BattleFactory(skipped=True)
    silent, _other = lost_turn(battle, {"waiting": True}, {})
    assert recover_lost_answers(battle=battle) == ([], [silent])


def test_answers_with_a_heartbeat_are_left_alone(battle: Battle) -> None:
    assert recover_lost_answers(battle=battle) == ([], [])
    assert sweep_lost_answers() == 0


@pytest.mark.parametrize("act", ["end", "save"])
def test_a_process_that_was_only_slow_keeps_its_answer(answer: Answer, act: str) -> None:
    """It ended or saved the answer after that was read as lost: starting again would throw away what it said."""
    Answer.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    read_as_lost = Answer.objects.select_related("turn__battle").get(pk=answer.pk)
    key: AnswerKey = answer_key(answer)
    assert end_answer(key=key, ending=ending()) if act == "end" else saved(key, "Kai")
    assert not restart_answer(read_as_lost)
    answer.refresh_from_db()
    assert answer.run == 1 and answer.text


def test_the_sweep_ends_what_nobody_came_back_for() -> None:
    battle = BattleFactory()
    lost_turn(battle, {"waiting": True}, {"streaming": True})
    assert sweep_answers.delay().get() == 2
    assert set(Answer.objects.values_list("status", "failure_kind")) == {("failed", actions.LOST)}
    assert sweep_lost_answers() == 0

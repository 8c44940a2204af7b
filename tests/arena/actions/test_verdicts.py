"""What the end of an answer does to the circuit breaker of its model, in the transaction of the end."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from arena.actions.answers import Ending, answer_key, end_answer, recover_lost_answers, stop_answers
from arena.actions.verdicts import OF_THE_MODEL
from arena.enums import AnswerStatus
from arena.models import Answer, Battle
from inference.breaker import IN_A_ROW
from inference.exceptions import FailureKind
from inference.models import ServedModel
from tests.factories import AnswerFactory, BattleFactory, TurnFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def battle() -> Battle:
    return BattleFactory(waiting=True)


@pytest.fixture
def answer(battle: Battle) -> Answer:
    """Side B's, waiting."""
    return Answer.objects.select_related("turn__battle").get(turn__battle=battle, side="b")


def model_of(battle: Battle, side: str = "b") -> ServedModel:
    return ServedModel.objects.get(pk=battle.competitor(side).served_model_id)


def set_model(battle: Battle, **values: Any) -> None:
    ServedModel.objects.filter(pk=model_of(battle).pk).update(**values)


def end(answer: Answer, kind: str = "") -> bool:
    status = AnswerStatus.FAILED if kind else AnswerStatus.COMPLETE
    return end_answer(
        key=answer_key(answer),
        ending=Ending(status, "" if kind else "Kaixo", failure_kind=kind, failure_detail="\x00 500"),
    )


def test_what_is_the_models_fault() -> None:
    assert {
        "connect", "first_token_timeout", "silence_timeout", "http_status", "not_a_stream", "garbage", "cut_off",
        "empty", "over_limit",
    } == OF_THE_MODEL  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        *((kind, kind != FailureKind.REQUEST_REFUSED) for kind in FailureKind),
        ("lost", False),
        ("internal", False),
        ("misconfigured", False),
    ],
)
def test_only_what_is_the_models_fault_counts(battle: Battle, answer: Answer, kind: str, counts: bool) -> None:
    assert end(answer, kind)
    assert model_of(battle).breaker_answers_failed == int(counts)
    assert model_of(battle, "a").breaker_answers_failed == 0, "one side never costs the other"


@pytest.mark.parametrize(
    ("kind", "counts"), [(FailureKind.CONNECT, 0), (FailureKind.CUT_OFF, 0), (FailureKind.HTTP_STATUS, 1)]
)
def test_a_server_that_is_gone_is_not_the_end_of_a_model_that_has_others(
    battle: Battle, answer: Answer, kind: str, counts: int
) -> None:
    set_model(battle, replica_urls=["http://127.0.0.1:2/v1"])
    end(answer, kind)
    assert model_of(battle).breaker_answers_failed == counts


def test_the_last_of_a_row_takes_the_model_out(battle: Battle, answer: Answer) -> None:
    set_model(battle, breaker_answers_failed=IN_A_ROW - 1)
    end(answer, FailureKind.HTTP_STATUS)
    assert model_of(battle).breaker_state == "open"
    assert model_of(battle).breaker_detail == "http_status:  500"
    assert model_of(battle, "a").breaker_state == "closed"


def test_a_whole_answer_costs_one_query_more_while_nothing_is_wrong(answer: Answer) -> None:
    key = answer_key(answer)
    with CaptureQueriesContext(connection) as queries:
        end_answer(key=key, ending=Ending(AnswerStatus.COMPLETE, "Kaixo"))
    of_models = [query["sql"] for query in queries if ServedModel._meta.db_table in query["sql"]]
    assert [sql.split()[0] for sql in of_models] == ["SELECT"]


def test_a_whole_answer_breaks_the_row(battle: Battle, answer: Answer) -> None:
    set_model(battle, breaker_answers_failed=IN_A_ROW - 1)
    end(answer)
    assert model_of(battle).breaker_answers_failed == 0


def test_what_another_run_tells_counts_for_nothing(battle: Battle, answer: Answer) -> None:
    Answer.objects.filter(pk=answer.pk).update(run=2)
    assert not end(answer, FailureKind.CONNECT)
    assert model_of(battle).breaker_answers_failed == 0


@pytest.fixture
def tried(battle: Battle, answer: Answer) -> Answer:
    """The answer is its model's trial."""
    set_model(
        battle,
        breaker_state="half_open",
        breaker_since=answer.turn.created_at,
        breaker_cause="cooled_down",
        breaker_trial=str(battle.uid),
        breaker_trial_until=answer.turn.created_at,
    )
    return answer


@pytest.mark.parametrize(("kind", "state"), [("", "closed"), (FailureKind.EMPTY, "open")])
def test_the_trials_answer_decides(battle: Battle, tried: Answer, kind: str, state: str) -> None:
    end(tried, kind)
    assert (model_of(battle).breaker_state, model_of(battle).breaker_trial) == (state, "")


def test_a_trial_that_is_stopped_is_given_back(battle: Battle, tried: Answer) -> None:
    assert stop_answers(battle=battle, sides=["a", "b"])
    assert (model_of(battle).breaker_state, model_of(battle).breaker_trial) == ("half_open", "")


@pytest.mark.parametrize("kind", ["internal", FailureKind.REQUEST_REFUSED])
def test_a_trial_that_failed_by_no_fault_of_the_model_is_given_back(battle: Battle, tried: Answer, kind: str) -> None:
    end(tried, kind)
    assert (model_of(battle).breaker_state, model_of(battle).breaker_trial) == ("half_open", "")


def test_a_trial_whose_process_died_is_given_back() -> None:
    battle = BattleFactory()
    turn = TurnFactory(battle=battle)
    AnswerFactory(turn=turn, side="a")
    lost = AnswerFactory(turn=turn, side="b", lost=True)
    set_model(
        battle,
        breaker_state="half_open",
        breaker_since=turn.created_at,
        breaker_cause="cooled_down",
        breaker_trial=str(battle.uid),
        breaker_trial_until=turn.created_at,
    )
    assert recover_lost_answers(battle=battle)[1] == [lost]
    assert model_of(battle).breaker_trial == ""

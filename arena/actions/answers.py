"""The life of an answer in the database: claimed, saved on the way, ended once.

Every write is a compare-and-swap on the answer's run and status: a streaming task that lost its answer (stopped from
another process, swept, tried again) finds no row, and writes nothing more. No lock is held between two writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from arena.actions.asking import MODELS_OF_A_BATTLE, AnswerJob, AnswerKey, ask_for, key_of
from arena.actions.turns import restart_answer
from arena.actions.verdicts import report_end
from arena.enums import RUNNING_ANSWERS, AnswerStatus
from arena.metrics import answer_ended
from arena.models import Answer, Battle, Campaign, Turn
from arena.self_identification import identifies_itself, parse_words
from inference.admission import leave_queue

log = structlog.get_logger(__name__)

#: Kinds of failure that are ours, beside those of `inference.exceptions.FailureKind`.
LOST = "lost"
MISCONFIGURED = "misconfigured"
INTERNAL = "internal"
#: The largest count that a column holds.
_MOST_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Partial:
    """An answer on its way. Text and reasoning are None where they are as they were saved last."""

    answer_id: int
    run: int
    text: str | None
    reasoning: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended. Times are in milliseconds."""

    status: AnswerStatus
    text: str
    reasoning: str = ""
    failure_kind: str = ""
    failure_detail: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    queued_ms: int | None = None
    attempts: int = field(default=1)


def answer_keys(turn: Turn) -> list[AnswerKey]:
    """The keys of a turn's two answers."""
    return [key_of(answer, turn) for answer in turn.answers.order_by("side")]


def answer_key(answer: Answer) -> AnswerKey:
    return key_of(answer, answer.turn)


def claim_answer(*, key: AnswerKey) -> AnswerJob | None:
    """Reads what is to be sent and writes it down before it is sent. None where the answer is no longer waiting.

    For answers that begin again, or could not be claimed with their turn. Raises what `ask_for` raises.
    """
    as_read = Answer.objects.filter(pk=key.answer_id, run=key.run, status=AnswerStatus.WAITING)
    battles = (f"battle__{path}" for path in MODELS_OF_A_BATTLE)
    turn = Turn.objects.select_related(*battles).filter(answers__in=as_read).first()
    if turn is None:
        return None
    asking = ask_for(turn, key.side)
    return asking.job(key) if as_read.update(**asking.written_down) else None


def save_partials(*, partials: Sequence[Partial]) -> set[int]:
    """Saves what has come of many answers, and that somebody is alive, in one statement.

    Returns the ids of those that were saved; the others have another owner, or have ended.
    """
    if not partials:
        return set()
    answer = Answer._meta.db_table
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(partials))
    values = [value for each in partials for value in (each.answer_id, each.run, each.text, each.reasoning)]
    # By hand, since bulk_update compares the primary key alone, and the run is what tells who owns an answer. Both
    # databases name the columns of VALUES so.
    statement = f"""
        UPDATE {answer} SET
            text = COALESCE(new.column3, text),
            reasoning = COALESCE(new.column4, reasoning),
            status = CASE WHEN new.column3 <> '' OR new.column4 <> '' THEN %s ELSE status END,
            heartbeat_at = %s
        FROM (VALUES {rows}) AS new
        WHERE {answer}.id = new.column1 AND {answer}.run = new.column2 AND {answer}.status IN (%s, %s)
        RETURNING {answer}.id
    """
    parameters = [AnswerStatus.STREAMING, _adapted_now(), *values, *RUNNING_ANSWERS]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {answer_id for (answer_id,) in cursor.fetchall()}


@transaction.atomic
def end_answer(*, key: AnswerKey, ending: Ending) -> bool:
    """Stores the end of an answer, once, and what it says of its model. False where it had ended, or has another run.

    Locks the served model's row where the model's circuit breaker has to know; that is one query where it has not.
    """
    updated = Answer.objects.filter(pk=key.answer_id, run=key.run, status__in=RUNNING_ANSWERS).update(
        status=ending.status,
        text=ending.text,
        reasoning=ending.reasoning,
        self_identified=_identifies_itself(key, ending.text),
        failure_kind=ending.failure_kind,
        failure_detail=_storable(ending.failure_detail),
        finish_reason=_storable(ending.finish_reason)[:30],
        prompt_tokens=_count(ending.prompt_tokens),
        completion_tokens=_count(ending.completion_tokens),
        first_token_ms=ending.first_token_ms,
        duration_ms=ending.duration_ms,
        queued_ms=ending.queued_ms,
        attempts=ending.attempts,
        ended_at=timezone.now(),
    )
    if updated:
        report_end(
            answer_id=key.answer_id,
            side=key.side,
            battle_uid=key.battle_uid,
            status=ending.status,
            failure_kind=ending.failure_kind,
            detail=ending.failure_detail,
        )
    return updated == 1


def give_up_answers(*, keys: Sequence[AnswerKey]) -> int:
    """Leaves waiting answers to whichever process is asked for them next, without the wait for their heartbeat to stop.

    Returns how many there were: what has ended, or belongs to another run, stays as it is.
    """
    long_ago = timezone.now() - timedelta(seconds=2 * settings.ANSWER_LOST_SECONDS)
    waiting = Answer.objects.running()
    return sum(waiting.filter(pk=key.answer_id, run=key.run, text="").update(heartbeat_at=long_ago) for key in keys)


def stop_answers(*, battle: Battle, sides: Sequence[str]) -> list[Answer]:
    """Ends running answers with the text that was saved last; returns them.

    For answers that another process streams: its task finds at its next save, within a second, that it has lost the
    answer, and closes the connection to the model. One that still waits for its turn leaves the queue at once.
    """
    stopped = []
    for answer in Answer.objects.running().filter(turn__battle=battle, side__in=sides).select_related("turn__battle"):
        key = answer_key(answer)
        ending = Ending(AnswerStatus.STOPPED, answer.text, answer.reasoning)
        if end_answer(key=key, ending=ending):
            stopped.append(answer)
            answer_ended(_model_of(answer), ending)
    if stopped:
        leave_queue(holders=[answer_key(answer).holder for answer in stopped])
    return stopped


@transaction.atomic
def recover_lost_answers(*, battle: Battle) -> tuple[list[AnswerKey], list[Answer]]:
    """Deals with answers whose process died: those that had said nothing start again, the others end as failed.

    Returns the keys to start, and the answers that failed (they keep their text). Locks the battle's row, so that two
    tabs recover once.
    """
    locked = Battle.objects.select_for_update(of=("self",)).get(pk=battle.pk)
    lost = list(Answer.objects.lost().filter(turn__battle=locked).select_related("turn__battle"))
    restarted, failed = [], []
    for answer in lost:
        if locked.is_open and not answer.text and answer.run == 1:
            if restart_answer(answer):
                restarted.append(answer_key(answer))
        elif fail_lost_answer(answer):
            failed.append(answer)
    return restarted, failed


def fail_lost_answer(answer: Answer) -> bool:
    """Ends an answer whose process died. Its text is kept."""
    ending = Ending(
        status=AnswerStatus.FAILED,
        text=answer.text,
        reasoning=answer.reasoning,
        failure_kind=LOST,
        failure_detail="The process that streamed it is gone.",
        attempts=answer.attempts,
    )
    ended = end_answer(key=answer_key(answer), ending=ending)
    if ended:
        answer_ended(_model_of(answer), ending)
    return ended


def sweep_lost_answers() -> int:
    """Ends all answers whose process died and whose volunteer has not come back; returns how many."""
    return sum(fail_lost_answer(answer) for answer in Answer.objects.lost().select_related("turn__battle"))


def _model_of(answer: Answer) -> str:
    """The name of the answer's served model, for metrics."""
    served_model = answer.turn.battle.competitor(answer.side).served_model
    return served_model.name if served_model is not None else ""


def _adapted_now() -> Any:
    """The time as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(timezone.now())


def _identifies_itself(key: AnswerKey, text: str) -> bool:
    """Whether a text names a model or maker of its campaign's list."""
    if not text:
        return False
    words = Campaign.objects.values_list("self_identifying_words", flat=True).get(battles__uid=key.battle_uid)
    return identifies_itself(text, parse_words(words))


def _storable(text: str) -> str:
    """What a server said of itself, without what PostgreSQL cannot store: it must not cost the answer."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _count(tokens: int | None) -> int | None:
    """A server's count, or None where it cannot be one."""
    return tokens if tokens is not None and 0 <= tokens <= _MOST_TOKENS else None

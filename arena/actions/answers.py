"""The life of an answer in the database: claimed, saved on the way, ended once.

Every write is a compare-and-swap on the answer's run and status: a streaming task that lost its answer (stopped from
another process, swept, tried again) finds no row, and writes nothing more. No lock is held between two writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from arena.actions.turns import restart_answer
from arena.enums import RUNNING_ANSWERS, AnswerStatus
from arena.models import Answer, Battle, Competitor, Turn
from inference.prompting import messages_for
from inference.served import endpoint_for
from inference.streaming import ChatRequest, Endpoint

#: Kinds of failure that are ours, beside those of `inference.exceptions.FailureKind`.
LOST = "lost"
MISCONFIGURED = "misconfigured"
INTERNAL = "internal"
#: The largest count that a column holds.
_MOST_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """One run of one answer, and where it is shown."""

    answer_id: int
    run: int
    battle_uid: str
    turn: int
    side: str


@dataclass(frozen=True, slots=True)
class AnswerJob:
    """What a streaming task needs; it reads nothing from the database after this."""

    key: AnswerKey
    endpoint: Endpoint
    request: ChatRequest


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
    attempts: int = field(default=1)


def answer_keys(turn: Turn) -> list[AnswerKey]:
    """The keys of a turn's two answers."""
    return [_key(answer, turn) for answer in turn.answers.order_by("side")]


def answer_key(answer: Answer) -> AnswerKey:
    return _key(answer, answer.turn)


def claim_answer(*, key: AnswerKey) -> AnswerJob | None:
    """Reads what is to be sent and writes it down before it is sent. None where the answer is no longer waiting.

    Raises ImproperlyConfigured where the served model's key is missing.
    """
    answer = (
        Answer.objects.select_related(
            "turn__battle__competitor_a__served_model", "turn__battle__competitor_b__served_model"
        )
        .filter(pk=key.answer_id, run=key.run, status=AnswerStatus.WAITING)
        .first()
    )
    if answer is None:
        return None
    competitor = answer.turn.battle.competitor(answer.side)
    served_model = competitor.served_model
    if served_model is None:
        raise ValueError(f"The competitor {competitor.pk} has no served model.")
    system_prompt = competitor.system_prompt.replace("{date}", timezone.localdate().isoformat())
    endpoint = endpoint_for(served_model)
    request = ChatRequest(
        messages=messages_for(endpoint.system_prompt_mode, system_prompt, _conversation(answer)),
        temperature=competitor.temperature,
        top_p=competitor.top_p,
        max_tokens=competitor.max_tokens,
        extra=competitor.extra_parameters,
    )
    claimed = Answer.objects.filter(pk=answer.pk, run=key.run, status=AnswerStatus.WAITING).update(
        system_prompt=system_prompt if endpoint.system_prompt_mode != "none" else "",
        parameters=_parameters(competitor),
        model_name=served_model.model_name,
        model_revision=served_model.revision,
        heartbeat_at=timezone.now(),
    )
    return AnswerJob(key=key, endpoint=endpoint, request=request) if claimed else None


def save_partial(*, key: AnswerKey, text: str, reasoning: str) -> bool:
    """Saves what has come so far, and that somebody is alive. False where the answer has another owner or has ended."""
    status = AnswerStatus.STREAMING if text or reasoning else AnswerStatus.WAITING
    updated = Answer.objects.filter(pk=key.answer_id, run=key.run, status__in=RUNNING_ANSWERS).update(
        status=status, text=text, reasoning=reasoning, heartbeat_at=timezone.now()
    )
    return updated == 1


def end_answer(*, key: AnswerKey, ending: Ending) -> bool:
    """Stores the end of an answer, once. False where it had ended, or belongs to another run."""
    updated = Answer.objects.filter(pk=key.answer_id, run=key.run, status__in=RUNNING_ANSWERS).update(
        status=ending.status,
        text=ending.text,
        reasoning=ending.reasoning,
        failure_kind=ending.failure_kind,
        failure_detail=_storable(ending.failure_detail),
        finish_reason=_storable(ending.finish_reason)[:30],
        prompt_tokens=_count(ending.prompt_tokens),
        completion_tokens=_count(ending.completion_tokens),
        first_token_ms=ending.first_token_ms,
        duration_ms=ending.duration_ms,
        attempts=ending.attempts,
        ended_at=timezone.now(),
    )
    return updated == 1


def stop_answers(*, battle: Battle, sides: Sequence[str]) -> list[Answer]:
    """Ends running answers with the text that was saved last; returns them.

    For answers that another process streams: its task finds at its next save, within a second, that it has lost the
    answer, and closes the connection to the model.
    """
    stopped = []
    for answer in Answer.objects.running().filter(turn__battle=battle, side__in=sides).select_related("turn__battle"):
        key = answer_key(answer)
        if end_answer(key=key, ending=Ending(AnswerStatus.STOPPED, answer.text, answer.reasoning)):
            stopped.append(answer)
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
    return end_answer(key=answer_key(answer), ending=ending)


def sweep_lost_answers() -> int:
    """Ends all answers whose process died and whose volunteer has not come back; returns how many."""
    return sum(fail_lost_answer(answer) for answer in Answer.objects.lost().select_related("turn__battle"))


def _storable(text: str) -> str:
    """What a server said of itself, without what PostgreSQL cannot store: it must not cost the answer."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _count(tokens: int | None) -> int | None:
    """A server's count, or None where it cannot be one."""
    return tokens if tokens is not None and 0 <= tokens <= _MOST_TOKENS else None


def _key(answer: Answer, turn: Turn) -> AnswerKey:
    return AnswerKey(answer.pk, answer.run, str(turn.battle.uid), turn.index, answer.side)


def _conversation(answer: Answer) -> list[tuple[str, str | None]]:
    """The prompts so far with this side's answers; the last prompt has none yet."""
    earlier = (
        Answer.objects.filter(turn__battle=answer.turn.battle, turn__index__lt=answer.turn.index, side=answer.side)
        .exclude(status__in=(*RUNNING_ANSWERS, AnswerStatus.FAILED))
        .order_by("turn__index")
        .values_list("turn__prompt", "text")
    )
    return [*earlier, (answer.turn.prompt, None)]


def _parameters(competitor: Competitor) -> dict[str, Any]:
    return {
        "temperature": competitor.temperature,
        "top_p": competitor.top_p,
        "max_tokens": competitor.max_tokens,
        **competitor.extra_parameters,
    }

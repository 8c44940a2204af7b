"""What a model is asked for an answer, and what of that is written down with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.utils import timezone

from arena.enums import RUNNING_ANSWERS, AnswerStatus
from arena.models import Answer, Competitor, Turn
from arena.places import holder_of
from inference.models import ServedModel
from inference.prompting import messages_for
from inference.served import endpoints_for
from inference.streaming import ChatRequest, Endpoint

log = structlog.get_logger(__name__)

#: What of a battle `ask_for` needs, for `select_related`.
MODELS_OF_A_BATTLE = ("competitor_a__served_model", "competitor_b__served_model")


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """One run of one answer, and where it is shown."""

    answer_id: int
    run: int
    battle_uid: str
    turn: int
    side: str

    @property
    def holder(self) -> str:
        """Under which name it queues up."""
        return holder_of(self.answer_id, self.run)


@dataclass(frozen=True, slots=True)
class AnswerJob:
    """What a streaming task needs; it reads nothing from the database after this."""

    key: AnswerKey
    endpoints: tuple[Endpoint, ...]
    """The model's servers, in the order in which they are asked."""
    request: ChatRequest
    served_model_id: int
    served_model: str
    """Its name, for logs and metrics only."""
    has_limit: bool
    """Whether it may be asked only when the answer's turn has come."""

    def endpoint(self, attempt: int) -> Endpoint:
        """Whom to ask at the given attempt, from 1: each time another server, where there are several."""
        return self.endpoints[(attempt - 1) % len(self.endpoints)]


@dataclass(frozen=True, slots=True)
class Asking:
    """A request to a model, before an answer has a row."""

    endpoints: tuple[Endpoint, ...]
    request: ChatRequest
    served_model: ServedModel
    written_down: dict[str, Any]
    """Fields of the answer, to be stored before the model is asked."""

    def job(self, key: AnswerKey) -> AnswerJob:
        return AnswerJob(
            key=key,
            endpoints=self.endpoints,
            request=self.request,
            served_model_id=self.served_model.pk,
            served_model=self.served_model.name,
            has_limit=self.served_model.max_concurrent_answers is not None,
        )


def key_of(answer: Answer, turn: Turn) -> AnswerKey:
    """The key of an answer of this turn."""
    return AnswerKey(answer.pk, answer.run, str(turn.battle.uid), turn.index, answer.side)


def ask_for(turn: Turn, side: str) -> Asking:
    """What the model of a side is asked at this turn.

    Reads nothing at a first turn whose battle came with MODELS_OF_A_BATTLE. Raises ImproperlyConfigured where the key
    of the served model is missing, ValueError where the competitor has no served model.
    """
    competitor = turn.battle.competitor(side)
    served_model = competitor.served_model
    if served_model is None:
        raise ValueError(f"The competitor {competitor.pk} has no served model.")
    system_prompt = competitor.system_prompt.replace("{date}", timezone.localdate().isoformat())
    endpoints = endpoints_for(served_model)
    prompt_mode = endpoints[0].system_prompt_mode
    request = ChatRequest(
        messages=messages_for(prompt_mode, system_prompt, _conversation(turn, side)),
        temperature=competitor.temperature,
        top_p=competitor.top_p,
        max_tokens=competitor.max_tokens,
        extra=competitor.extra_parameters,
    )
    written_down = {
        "system_prompt": system_prompt if prompt_mode != "none" else "",
        "parameters": _parameters(competitor),
        "model_name": served_model.model_name,
        "model_revision": served_model.revision,
        # One that is lost with its process has been asked for once at least.
        "attempts": 1,
        "heartbeat_at": timezone.now(),
    }
    return Asking(endpoints, request, served_model, written_down)


def ask_or_leave(turn: Turn, side: str) -> Asking | None:
    """The same, and None where it cannot be said.

    Whatever is wrong with one model, as a missing key, costs neither the turn nor the other side: whoever streams the
    answer claims it, and shows the failure.
    """
    try:
        return ask_for(turn, side)
    except Exception as error:
        log.warning("answer_not_claimed", battle=str(turn.battle.uid), side=side, error=error)
        return None


def _conversation(turn: Turn, side: str) -> Sequence[tuple[str, str | None]]:
    """The prompts so far with this side's answers; the last prompt has none yet."""
    if turn.index == 1:
        return [(turn.prompt, None)]
    earlier = (
        Answer.objects.filter(turn__battle=turn.battle_id, turn__index__lt=turn.index, side=side)
        .exclude(status__in=(*RUNNING_ANSWERS, AnswerStatus.FAILED))
        .order_by("turn__index")
        .values_list("turn__prompt", "text")
    )
    return [*earlier, (turn.prompt, None)]


def _parameters(competitor: Competitor) -> dict[str, Any]:
    return {
        "temperature": competitor.temperature,
        "top_p": competitor.top_p,
        "max_tokens": competitor.max_tokens,
        **competitor.extra_parameters,
    }

"""Prompts: a turn is stored before a model hears of it."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from arena.actions.asking import MODELS_OF_A_BATTLE, AnswerJob, AnswerKey, ask_or_leave, key_of
from arena.actions.battles import lock_battle, renew_draw_if_needed
from arena.battle_state import can_prompt, is_running
from arena.enums import AnswerStatus, Side
from arena.exceptions import (
    AnswerMissing,
    AnswersRunning,
    BattleClosed,
    Blocked,
    CampaignNotOpen,
    NothingToRetry,
    SideResting,
    TooManyTurns,
    TurnTaken,
)
from arena.models import Answer, Battle, Participant, Turn
from arena.prompts import clean_prompt
from inference.breaker import UNTIL_ANSWERED
from inference.pairing import claim_for_retry


@dataclass(frozen=True, slots=True)
class Added:
    """A prompt that is stored.

    `jobs` holds both sides' answers, claimed, where the turn is new, and is empty otherwise. None stands for what could
    not be claimed: whoever streams the answer claims it, and shows why that fails.
    """

    turn: Turn
    jobs: tuple[tuple[AnswerKey, AnswerJob | None], ...] = ()

    @property
    def is_new(self) -> bool:
        return bool(self.jobs)


@transaction.atomic
def add_turn(*, battle: Battle, participant: Participant, index: int, text: str) -> Added:
    """Stores a prompt with two waiting answers, and what their models are asked. Locks the battle's row.

    The same text for the same turn again is harmless, so that a browser may send again what it does not know to have
    arrived. Raises a Refusal otherwise, and then nothing is stored.
    """
    locked = lock_battle(battle=battle, participant=participant, related=MODELS_OF_A_BATTLE)
    _check_open(locked)
    prompt = clean_prompt(text, limit=locked.campaign.max_prompt_chars)
    turns = list(locked.turns.order_by("index").prefetch_related("answers"))
    for turn in turns:
        if turn.index == index and turn.prompt == prompt:
            return Added(turn)
    if index != len(turns) + 1:
        raise TurnTaken
    _check_next(locked, turns)
    turn = Turn.objects.create(battle=locked, index=len(turns) + 1, prompt=prompt)
    if not turns:
        # Locks rows that other battles want too, so nothing but the answers comes after it.
        renew_draw_if_needed(battle=locked)
    return Added(turn, _add_answers(turn))


def _add_answers(turn: Turn) -> tuple[tuple[AnswerKey, AnswerJob | None], ...]:
    askings = {side: ask_or_leave(turn, side) for side in Side.values}
    answers = Answer.objects.bulk_create(
        Answer(turn=turn, side=side, **(asking.written_down if asking else {})) for side, asking in askings.items()
    )
    keys = [key_of(answer, turn) for answer in answers]
    return tuple((key, asking.job(key) if asking else None) for key, asking in zip(keys, askings.values(), strict=True))


@transaction.atomic
def retry_answer(*, battle: Battle, participant: Participant, index: int, side: str) -> Answer:
    """Puts a failed side of the last turn back to waiting, under a new run. Locks the battle's row.

    Also an answer that was stopped before it said anything. Raises NothingToRetry otherwise, and SideResting where the
    model has left pairing: it would most likely fail again. Locks the served model's row.
    """
    locked = lock_battle(battle=battle, participant=participant)
    _check_open(locked)
    answer = Answer.objects.filter(turn__battle=locked, turn__index=index, side=side).select_related("turn").first()
    last = locked.turns.order_by("-index").first()
    if answer is None or last is None or answer.turn_id != last.pk or not can_be_retried(answer):
        raise NothingToRetry
    # The answer first and its model then, as where an answer ends.
    if not restart_answer(answer):
        raise NothingToRetry
    _claim_model(locked, side)
    return answer


def can_be_retried(answer: Answer) -> bool:
    """Whether the side has nothing that could be judged, and nobody is working on it."""
    return answer.status in (AnswerStatus.FAILED, AnswerStatus.STOPPED) and not answer.can_be_judged


def restart_answer(answer: Answer) -> bool:
    """Empties an answer for a new run. The caller holds the battle's row.

    False, and nothing is changed, where its stream has saved or ended it since it was read: streams take no lock.
    """
    as_read = Answer.objects.filter(
        pk=answer.pk, run=answer.run, status=answer.status, heartbeat_at=answer.heartbeat_at
    )
    restarted = as_read.update(
        run=answer.run + 1,
        status=AnswerStatus.WAITING,
        text="",
        reasoning="",
        self_identified=False,
        language="",
        language_source="",
        failure_kind="",
        failure_detail="",
        finish_reason="",
        prompt_tokens=None,
        completion_tokens=None,
        first_token_ms=None,
        duration_ms=None,
        queued_ms=None,
        ended_at=None,
        heartbeat_at=timezone.now(),
    )
    # With its turn, which whoever tells the browsers reads outside of a database thread.
    answer.refresh_from_db(from_queryset=Answer.objects.select_related("turn"))
    return restarted == 1


def _claim_model(battle: Battle, side: str) -> None:
    key = battle.competitor(side).served_model_id
    if key is not None and not claim_for_retry(served_model_id=key, trial=str(battle.uid), keep=UNTIL_ANSWERED):
        raise SideResting


def _check_open(battle: Battle) -> None:
    if battle.participant.is_blocked:
        raise Blocked
    if not battle.is_open:
        raise BattleClosed
    if not battle.campaign.is_accepting:
        raise CampaignNotOpen


def _check_next(battle: Battle, turns: list[Turn]) -> None:
    if is_running(turns):
        raise AnswersRunning
    if len(turns) >= battle.campaign.max_turns:
        raise TooManyTurns
    if not can_prompt(battle, turns):
        raise AnswerMissing

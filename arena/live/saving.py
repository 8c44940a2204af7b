"""Partial text on its way to the database: once a second for each answer, many answers in one statement.

A save is the heartbeat of its answer too, and tells whether the answer is still this process's.
"""

import asyncio
import time
from contextvars import Context
from typing import Protocol

import structlog
from django.conf import settings

from arena.actions.answers import Partial, save_partials
from arena.live.database import in_database

log = structlog.get_logger(__name__)

#: How often it is looked which answers are due, in seconds: arriving spread, they are saved spread, a few at a time.
_TICK_SECONDS = 0.25
#: The most answers in one statement.
_MOST = 200


class Unsaved(Protocol):
    """A running answer."""

    save_due: float
    """When it is to be saved next, by the monotonic clock."""

    def partial(self) -> Partial:
        """What is to be saved now."""

    def not_saved(self) -> None:
        """What was to be saved last has to be saved again."""

    def lost(self) -> None:
        """The answer has another owner, or has ended elsewhere."""


_running: set[Unsaved] = set()
_saving: asyncio.Task[None] | None = None


def watch(answer: Unsaved) -> None:
    """Saves the answer from now on, until it is told to `forget` it."""
    global _saving
    answer.save_due = time.monotonic() + settings.ANSWER_SAVE_SECONDS
    _running.add(answer)
    if _saving is None or _saving.done():
        # In a context of its own: its lines in the logs are of no single battle.
        _saving = asyncio.create_task(_save_while_any_run(), name="saving partial text", context=Context())


def forget(answer: Unsaved) -> None:
    """Its end is being stored: nothing more is saved of it."""
    _running.discard(answer)


async def _save_while_any_run() -> None:
    while _running:
        await asyncio.sleep(_TICK_SECONDS)
        now = time.monotonic()
        due = [answer for answer in _running if answer.save_due <= now][:_MOST]
        if due:
            await _save(due, next_due=now + settings.ANSWER_SAVE_SECONDS)


async def _save(answers: list[Unsaved], *, next_due: float) -> None:
    partials = {answer: answer.partial() for answer in answers}
    for answer in answers:
        answer.save_due = next_due
    try:
        owned = await in_database(save_partials, partials=list(partials.values()))
    except Exception:
        # The database may be away for a moment. The next save, or the end, will tell.
        log.exception("partial_save_failed", answers=len(answers))
        for answer in answers:
            answer.not_saved()
        return
    for answer, partial in partials.items():
        if partial.answer_id not in owned and answer in _running:
            answer.lost()

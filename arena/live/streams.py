"""Answers on their way from the models to the sockets: one task each, which no socket owns.

A task lives as long as its answer does: closing the page, or losing the connection, does not end it. It holds no
database connection while it waits for a token, and shows what has come at most 20 times a second.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing

import structlog
from django.core.exceptions import ImproperlyConfigured

from arena.actions.answers import (
    INTERNAL,
    MISCONFIGURED,
    Ending,
    Partial,
    claim_answer,
    end_answer,
    give_up_answers,
)
from arena.actions.asking import AnswerJob, AnswerKey
from arena.enums import AnswerStatus
from arena.live import feed, queue, saving
from arena.live.ballot_state import publish_ballot_state
from arena.live.database import in_database
from arena.live.rooms import Delta, Frame
from arena.metrics import RUNNING, answer_ended
from inference.exceptions import AnswerFailed, FailureKind, in_words
from inference.streaming import Delta as ModelDelta
from inference.streaming import Finished, Told, stream_chat

log = structlog.get_logger(__name__)

#: Failures after which asking once more may help, as long as nothing was shown yet.
_WORTH_A_RETRY = frozenset(
    {FailureKind.CONNECT, FailureKind.HTTP_STATUS, FailureKind.CUT_OFF, FailureKind.EMPTY, FailureKind.GARBAGE}
)
_MAX_ATTEMPTS = 2
_RETRY_PAUSE_SECONDS = 0.5

_streams: dict[int, "AnswerStream"] = {}


class AnswerStream:
    """One run of one answer, in this process."""

    def __init__(self, key: AnswerKey, job: AnswerJob | None = None) -> None:
        self.key = key
        self._job = job
        self.text = ""
        self.reasoning = ""
        self.save_due = 0.0
        self.has_ended = False
        self._published = 0
        self._saved = (0, 0)
        self._attempts = 0
        self._told = Told()
        self._served_model = ""
        self._first_token_ms: int | None = None
        self._queued_since: float | None = None
        self._is_in_queue = False
        self._asked_at: float | None = None
        self._lost = False
        RUNNING.inc()
        self._room = feed.begin(key.battle_uid, self)
        # For the logs of the two tasks, and not of the socket that starts them.
        with structlog.contextvars.bound_contextvars(battle=key.battle_uid, turn=key.turn, side=key.side):
            # The asking is a task of its own, so that what is cancelled by a stop is never the storing of an end.
            self._asking = asyncio.create_task(self._stream(), name=f"asking {key.answer_id}")
            self.task = asyncio.create_task(self._run(), name=f"answer {key.answer_id}")

    def stop(self) -> None:
        """Ends the answer with what it has said; the connection to the model is closed at once."""
        self._asking.cancel()

    def lost(self) -> None:
        """The answer is no longer this task's: it writes nothing more."""
        self._lost = True
        self.stop()

    def partial(self) -> Partial:
        """What is to be saved: text only where there is more of it than was saved last."""
        lengths = (len(self.text), len(self.reasoning))
        has_news, self._saved = lengths != self._saved, lengths
        return Partial(
            answer_id=self.key.answer_id,
            run=self.key.run,
            text=self.text if has_news else None,
            reasoning=self.reasoning if has_news else None,
        )

    def not_saved(self) -> None:
        """The next save is to hold all that was said."""
        self._saved = (0, 0)

    def so_far(self) -> Iterator[Frame]:
        """For somebody who has seen nothing of it."""
        if self._first_token_ms is not None:
            yield self._status_frame(AnswerStatus.STREAMING, self._published)
            yield [(self.key.turn, self.key.side, self.key.run, 0, self.text[: self._published])]

    def fresh(self) -> Delta | None:
        """What has come since this was called last."""
        at, text = self._published, self.text[self._published :]
        if not text:
            return None
        self._published += len(text)
        return (self.key.turn, self.key.side, self.key.run, at, text)

    async def _run(self) -> None:
        try:
            ending = await self._asking
        except asyncio.CancelledError:
            ending = None if self._lost else self._ending(AnswerStatus.STOPPED)
        except ImproperlyConfigured as error:
            ending = self._failed(MISCONFIGURED, str(error))
        except Exception as error:
            # A fault of ours must end the answer visibly, and not leave a panel that waits for ever.
            log.exception("answer_task_failed")
            ending = self._failed(INTERNAL, in_words(error))
        saving.forget(self)
        try:
            await self._end(ending)
        finally:
            RUNNING.dec()
            await queue.leave(holder=self.key.holder)

    async def _stream(self) -> Ending | None:
        job = self._job or await in_database(claim_answer, key=self.key)
        if job is None:
            return None
        self._served_model = job.served_model
        if job.has_limit:
            await self._queue_up(job)
        self._asked_at = time.monotonic()
        while True:
            self._attempts += 1
            try:
                await self._attempt(job)
            except AnswerFailed as failure:
                # Not the detail, which admins read with the answer: servers quote the prompt in it.
                log.warning("answer_failed", kind=failure.kind, status=failure.status, attempt=self._attempts)
                if not self._may_retry(failure):
                    return self._failed(failure.kind, failure.detail)
                await asyncio.sleep(_RETRY_PAUSE_SECONDS)
            else:
                return self._ending(AnswerStatus.COMPLETE)

    async def _queue_up(self, job: AnswerJob) -> None:
        """Returns when it is this answer's turn. Every change of its place is shown."""
        self._queued_since = time.monotonic()
        await queue.wait_for_turn(holder=self.key.holder, served_model_id=job.served_model_id, tell=self._show_place)
        if self._is_in_queue:
            self._show_status(AnswerStatus.WAITING, 0)

    async def _attempt(self, job: AnswerJob) -> None:
        self._told = Told()
        endpoint = job.endpoint(self._attempts)
        async with aclosing(stream_chat(endpoint, job.request, told=self._told)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return
                self._take(event)
        raise AnswerFailed(FailureKind.CUT_OFF, "the stream ended without its end")

    def _may_retry(self, failure: AnswerFailed) -> bool:
        said_something = bool(self.text or self.reasoning)
        return not said_something and self._attempts < _MAX_ATTEMPTS and failure.kind in _WORTH_A_RETRY

    def _take(self, delta: ModelDelta) -> None:
        self.text += delta.text
        self.reasoning += delta.reasoning
        if self._first_token_ms is None:
            self._first_token_ms = self._elapsed_ms()
            self._show_status(AnswerStatus.STREAMING, 0)
            self._room.flush()
        else:
            self._room.news()

    async def _end(self, ending: Ending | None) -> None:
        if ending is not None and await self._store(ending):
            self._room.flush()
            self._show_status(ending.status, len(self.text))
            answer_ended(self._served_model, ending)
            log.info("answer_ended", status=ending.status, kind=ending.failure_kind, ms=ending.duration_ms)
        # A new run of the answer may be here already: its end was told, and a volunteer may be quick.
        if _streams.get(self.key.answer_id) is self:
            del _streams[self.key.answer_id]
        self.has_ended = True
        if all(stream.has_ended for stream in self._room.streams):
            await publish_ballot_state(self.key.battle_uid)
        await feed.end(self.key.battle_uid, self)

    async def _store(self, ending: Ending) -> bool:
        """Stores the end, and tries again for a while where the database is away: a whole answer is worth it."""
        for pause in (0.2, 1.0, 3.0, 5.0, None):
            try:
                return await in_database(end_answer, key=self.key, ending=ending)
            except Exception:
                log.exception("answer_end_not_stored")
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def _show_place(self, place: int) -> None:
        self._is_in_queue = True
        self._room.publish({"type": "queue", **self._where(), "place": place})

    def _show_status(self, status: AnswerStatus, length: int) -> None:
        self._room.publish(self._status_frame(status, length))

    def _status_frame(self, status: AnswerStatus, length: int) -> dict[str, object]:
        return {"type": "answer", **self._where(), "status": status.value, "length": length}

    def _where(self) -> dict[str, object]:
        return {"turn": self.key.turn, "side": self.key.side, "run": self.key.run}

    def _elapsed_ms(self) -> int | None:
        """Since the model was asked; None where it was not."""
        return _ms_between(self._asked_at, time.monotonic())

    def _failed(self, kind: str, detail: str) -> Ending:
        return self._ending(AnswerStatus.FAILED, failure_kind=str(kind), failure_detail=detail)

    def _ending(
        self,
        status: AnswerStatus,
        *,
        failure_kind: str = "",
        failure_detail: str = "",
    ) -> Ending:
        return Ending(
            status=status,
            text=self.text,
            reasoning=self.reasoning,
            failure_kind=failure_kind,
            failure_detail=failure_detail,
            finish_reason=self._told.finish_reason,
            prompt_tokens=self._told.prompt_tokens,
            completion_tokens=self._told.completion_tokens,
            first_token_ms=self._first_token_ms,
            duration_ms=self._elapsed_ms(),
            queued_ms=_ms_between(self._queued_since, self._asked_at or time.monotonic()),
            attempts=self._attempts,
        )


def _ms_between(start: float | None, end: float) -> int | None:
    return None if start is None else round((end - start) * 1000)


def start_streams(keys: Iterable[AnswerKey]) -> None:
    """Starts a task for each answer, unless this process has one for it."""
    for key in keys:
        running = _streams.get(key.answer_id)
        if running is None or running.key.run != key.run:
            _start(key)


def start_claimed(claimed: Iterable[tuple[AnswerKey, AnswerJob | None]]) -> None:
    """Starts a task for each answer of a new turn; where there is no job, the task claims its answer itself."""
    for key, job in claimed:
        _start(key, job)


def _start(key: AnswerKey, job: AnswerJob | None = None) -> None:
    stream = _streams[key.answer_id] = AnswerStream(key, job)
    saving.watch(stream)


def live_stream(answer_id: int, run: int) -> AnswerStream | None:
    """The stream of an answer, where this process runs it: its text is ahead of the database's."""
    stream = _streams.get(answer_id)
    return stream if stream is not None and stream.key.run == run else None


def running_streams() -> list[AnswerStream]:
    """The streams of this process whose end is not stored yet."""
    return list(_streams.values())


def stop_streams(battle_uid: str, sides: tuple[str, ...]) -> None:
    """Stops the battle's answers that this process streams."""
    for stream in list(_streams.values()):
        if stream.key.battle_uid == battle_uid and stream.key.side in sides:
            stream.stop()


async def drain(seconds: float) -> None:
    """Waits until the running answers end. Of those that take longer, the ones that have said something are stopped
    with it, and the others given up, so that another process begins them again."""
    streams = list(_streams.values())
    if not streams:
        return
    log.info("draining", answers=len(streams), seconds=seconds)
    await asyncio.wait([stream.task for stream in streams], timeout=seconds)
    silent = [stream for stream in streams if not stream.text]
    for stream in streams:
        if stream in silent:
            stream.lost()
        else:
            stream.stop()
    await asyncio.wait([stream.task for stream in streams])
    await in_database(give_up_answers, keys=[stream.key for stream in silent])

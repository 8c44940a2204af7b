"""Answers on their way from the models to the sockets: one task each, which no socket owns.

A task lives as long as its answer does: closing the page, or losing the connection, does not end it. It holds no
database connection while it waits for a token, sends what has come at most 20 times a second, and saves it once a
second, which is also its heartbeat.
"""

import asyncio
import time
from contextlib import aclosing

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from arena.actions.answers import (
    INTERNAL,
    MISCONFIGURED,
    AnswerJob,
    AnswerKey,
    Ending,
    claim_answer,
    end_answer,
    save_partial,
)
from arena.enums import AnswerStatus
from arena.live.ballot_state import publish_ballot_state
from arena.live.database import in_database
from arena.live.feed import publish
from inference.exceptions import AnswerFailed, FailureKind
from inference.streaming import Finished, stream_chat

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

    def __init__(self, key: AnswerKey) -> None:
        self.key = key
        self.text = ""
        self.reasoning = ""
        self._published = 0
        self._saved = 0
        self._attempts = 0
        self._first_token_ms: int | None = None
        self._started = time.monotonic()
        self._news = asyncio.Event()
        self._lost = False
        self._shown_as_streaming = False
        structlog.contextvars.bind_contextvars(battle=key.battle_uid, turn=key.turn, side=key.side)
        # The asking is a task of its own, so that what is cancelled by a stop is never the storing of an end.
        self._asking = asyncio.create_task(self._stream(), name=f"asking {key.answer_id}")
        self.task = asyncio.create_task(self._run(), name=f"answer {key.answer_id}")

    def stop(self) -> None:
        """Ends the answer with what it has said; the connection to the model is closed at once."""
        self._asking.cancel()

    async def _run(self) -> None:
        helpers = [asyncio.create_task(self._publish_news()), asyncio.create_task(self._save_now_and_then())]
        try:
            ending = await self._asking
        except asyncio.CancelledError:
            ending = None if self._lost else self._ending(AnswerStatus.STOPPED)
        except ImproperlyConfigured as error:
            ending = self._failed(MISCONFIGURED, str(error))
        except Exception as error:
            # A fault of ours must end the answer visibly, and not leave a panel that waits for ever.
            log.exception("answer_task_failed")
            ending = self._failed(INTERNAL, repr(error))
        finally:
            for helper in helpers:
                helper.cancel()
        await self._end(ending)

    async def _stream(self) -> Ending | None:
        job = await in_database(claim_answer, key=self.key)
        if job is None:
            return None
        while True:
            self._attempts += 1
            try:
                finished = await self._attempt(job)
            except AnswerFailed as failure:
                log.warning("answer_failed", kind=failure.kind, detail=failure.detail, attempt=self._attempts)
                if not self._may_retry(failure):
                    return self._failed(failure.kind, failure.detail)
                await asyncio.sleep(_RETRY_PAUSE_SECONDS)
            else:
                return self._ending(AnswerStatus.COMPLETE, finished)

    async def _attempt(self, job: AnswerJob) -> Finished:
        async with aclosing(stream_chat(job.endpoint, job.request)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
                if self._first_token_ms is None:
                    self._first_token_ms = self._elapsed_ms()
                # PostgreSQL stores no NUL.
                self.text += event.text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
                self.reasoning += event.reasoning.replace("\x00", "\N{REPLACEMENT CHARACTER}")
                self._news.set()
        raise AnswerFailed(FailureKind.CUT_OFF, "the stream ended without its end")

    def _may_retry(self, failure: AnswerFailed) -> bool:
        said_something = bool(self.text or self.reasoning)
        return not said_something and self._attempts < _MAX_ATTEMPTS and failure.kind in _WORTH_A_RETRY

    async def _publish_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._publish_delta()
            await asyncio.sleep(1 / settings.ANSWER_FRAMES_PER_SECOND)

    async def _publish_delta(self) -> None:
        if not self._shown_as_streaming:
            self._shown_as_streaming = True
            await self._publish_status(AnswerStatus.STREAMING, len(self.text))
        at, text = self._published, self.text[self._published :]
        if text:
            self._published += len(text)
            await publish(self.key.battle_uid, {"type": "delta", **self._where(), "at": at, "text": text})

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(settings.ANSWER_SAVE_SECONDS)
            try:
                owned = await in_database(save_partial, key=self.key, text=self.text, reasoning=self.reasoning)
            except Exception:
                # The database may be away for a moment. The next save, or the end, will tell.
                log.exception("partial_save_failed")
                continue
            if not owned:
                self._lost = True
                self.stop()
                return

    async def _end(self, ending: Ending | None) -> None:
        if ending is not None and await self._store(ending):
            await self._publish_delta()
            await self._publish_status(ending.status, len(self.text))
            log.info("answer_ended", status=ending.status, kind=ending.failure_kind, ms=ending.duration_ms)
        # A new run of the answer may be here already: its end was told, and a volunteer may be quick.
        if _streams.get(self.key.answer_id) is self:
            del _streams[self.key.answer_id]
        await publish_ballot_state(self.key.battle_uid)

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

    async def _publish_status(self, status: AnswerStatus, length: int) -> None:
        frame = {"type": "answer", **self._where(), "status": status.value, "length": length}
        await publish(self.key.battle_uid, frame)

    def _where(self) -> dict[str, object]:
        return {"turn": self.key.turn, "side": self.key.side, "run": self.key.run}

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)

    def _failed(self, kind: str, detail: str) -> Ending:
        return self._ending(AnswerStatus.FAILED, failure_kind=str(kind), failure_detail=detail)

    def _ending(
        self,
        status: AnswerStatus,
        finished: Finished | None = None,
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
            finish_reason=finished.finish_reason if finished else "",
            prompt_tokens=finished.prompt_tokens if finished else None,
            completion_tokens=finished.completion_tokens if finished else None,
            first_token_ms=self._first_token_ms,
            duration_ms=self._elapsed_ms(),
            attempts=self._attempts,
        )


def start_streams(keys: list[AnswerKey]) -> None:
    """Starts a task for each answer, unless this process has one for it."""
    for key in keys:
        running = _streams.get(key.answer_id)
        if running is None or running.key.run != key.run:
            _streams[key.answer_id] = AnswerStream(key)


def live_stream(answer_id: int, run: int) -> AnswerStream | None:
    """The stream of an answer, where this process runs it: its text is ahead of the database's."""
    stream = _streams.get(answer_id)
    return stream if stream is not None and stream.key.run == run else None


def stop_streams(battle_uid: str, sides: tuple[str, ...]) -> None:
    """Stops the battle's answers that this process streams."""
    for stream in list(_streams.values()):
        if stream.key.battle_uid == battle_uid and stream.key.side in sides:
            stream.stop()


async def drain(seconds: float) -> None:
    """Waits until the running answers end; those that take longer are stopped with what they have said."""
    streams = list(_streams.values())
    if not streams:
        return
    log.info("draining", answers=len(streams), seconds=seconds)
    await asyncio.wait([stream.task for stream in streams], timeout=seconds)
    for stream in streams:
        stream.stop()
    await asyncio.wait([stream.task for stream in streams])

"""The battle's WebSocket: reads frames, calls one action each, and passes on what the battle's streams send."""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation

from arena.actions.answers import (
    answer_key,
    recover_lost_answers,
    stop_answers,
)
from arena.actions.asking import AnswerKey
from arena.actions.turns import add_turn, retry_answer
from arena.battle_state import ballot_is_open, can_prompt
from arena.enums import AnswerStatus
from arena.exceptions import OurFault, Refusal
from arena.live import feed, frames, leaving
from arena.live.ballot_state import CLOSED, publish_ballot_state
from arena.live.close_codes import GOING_AWAY, IDLE, NOT_FOUND
from arena.live.database import in_database
from arena.live.rooms import Delta, Frame, joined
from arena.live.snapshots import read_state
from arena.live.streams import live_stream, start_claimed, start_streams, stop_streams
from arena.live.tail import Tail
from arena.live.visitor import find_visitor
from arena.metrics import SOCKETS
from arena.models import Answer, Battle, Participant, Turn

log = structlog.get_logger(__name__)


class BattleConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One browser tab on one battle. It owns no stream: closing it ends nothing but itself."""

    # The battle's frames come from the feed; a channel for every socket would cost a connection to Redis each.
    channel_layer_alias = ""

    battle: Battle
    participant: Participant

    async def connect(self) -> None:
        await self.accept()
        self._tails: dict[tuple[int, str], Tail] = {}
        self._sending = asyncio.Lock()
        self._outbox: list[Frame] = []
        self._has_mail = asyncio.Event()
        self._mailing: asyncio.Task[None] | None = None
        self._has_said_hello = False
        self._catching_up: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        if leaving.is_leaving():
            await self.close(code=GOING_AWAY)
            return
        found = await in_database(self._find, self.scope["url_route"]["kwargs"]["uid"])
        if found is None:
            await self.close(code=NOT_FOUND)
            return
        self.battle, self.participant = found
        self.uid = str(self.battle.uid)
        SOCKETS.inc()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(battle=self.uid, request_id=uuid.uuid4().hex[:12])
        # Joined before anything is read, so that nothing can fall between the reading and the live frames.
        self._mailing = asyncio.create_task(self._send_mail())
        await feed.join(self.uid, self)
        leaving.opened(self)
        self._expect_life()

    async def disconnect(self, code: int) -> None:
        leaving.closed(self)
        if self._idle is not None:
            self._idle.cancel()
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._mailing is not None:
            self._mailing.cancel()
        if hasattr(self, "uid"):
            SOCKETS.dec()
            await feed.leave(self.uid, self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not hasattr(self, "uid"):
            return
        self._expect_life()
        try:
            frame = frames.parse_frame(text_data, bytes_data)
            if leaving.is_leaving() and isinstance(frame, frames.Prompt | frames.Retry):
                # Its page connects to another process, and asks there.
                await self.close(code=GOING_AWAY)
                return
            await self._HANDLERS[type(frame)](self, frame)
        except Refusal as refusal:
            await self._send_refusal(refusal)
        except Battle.DoesNotExist:
            # It changed hands while the socket was open: its volunteer made an account, or erased it.
            await self.close(code=NOT_FOUND)
        except Exception:
            # A database that is away, or a fault of ours: the socket stays, and the page keeps what was typed.
            log.exception("frame_failed")
            await self._send_refusal(OurFault())

    def offer(self, frame: Frame) -> None:
        """A frame for all tabs of the battle, from the streams of this process or of another."""
        self._outbox.append(frame)
        self._has_mail.set()

    async def _send_mail(self) -> None:
        """Passes on what is offered, as fast as the browser takes it: what waits meanwhile goes in fewer frames."""
        try:
            while True:
                await self._has_mail.wait()
                self._has_mail.clear()
                async with self._sending:
                    mail, self._outbox = self._outbox, []
                    for frame in joined(mail) if len(mail) > 1 else mail:
                        await self._pass_on(frame)
        except Exception as error:
            # The browser has gone while it was being sent to, which each server says in its own way.
            log.info("socket_not_sent_to", error=error)
            await self.close()

    # What the browser asks for.

    async def _on_hello(self, frame: frames.Hello) -> None:
        if self._has_said_hello:
            # Others may have lost sight of this process.
            await feed.join(self.uid, self)
        self._has_said_hello = True
        async with self._sending:
            turns, restarted, failed = await in_database(self._read)
            start_streams(restarted)
            await self._send(self._state_frame(self.battle, turns, frame.have))
        for answer in failed:
            feed.publish(self.uid, _status_frame(answer, AnswerStatus.FAILED))

    async def _on_prompt(self, frame: frames.Prompt) -> None:
        added = await in_database(
            add_turn, battle=self.battle, participant=self.participant, index=frame.turn, text=frame.text
        )
        said = {"type": "turn", "turn": added.turn.index, "prompt": added.turn.prompt}
        if not added.is_new:
            await self._send(said)
            return
        feed.publish(self.uid, said)
        start_claimed(added.jobs)
        feed.publish(self.uid, CLOSED)

    async def _on_stop(self, frame: frames.Stop) -> None:
        stop_streams(self.uid, frame.sides)
        # Answers of this process are stopped by their own tasks, with all of their text.
        elsewhere = await in_database(self._stop_elsewhere, frame.sides)
        for answer in elsewhere:
            feed.publish(self.uid, _status_frame(answer, AnswerStatus.STOPPED))
        if elsewhere:
            await publish_ballot_state(self.uid)

    async def _on_retry(self, frame: frames.Retry) -> None:
        answer = await in_database(
            retry_answer, battle=self.battle, participant=self.participant, index=frame.turn, side=frame.side
        )
        feed.publish(self.uid, _status_frame(answer, AnswerStatus.WAITING))
        start_streams([await in_database(answer_key, answer)])
        feed.publish(self.uid, CLOSED)

    async def _on_ping(self, frame: frames.Ping) -> None:
        await self._send({"type": "pong"})

    _HANDLERS: ClassVar[dict[type, Callable[..., Any]]] = {
        frames.Hello: _on_hello,
        frames.Prompt: _on_prompt,
        frames.Stop: _on_stop,
        frames.Retry: _on_retry,
        frames.Ping: _on_ping,
    }

    # What goes to the browser.

    async def _pass_on(self, frame: Frame) -> None:
        if not isinstance(frame, dict):
            await self._send_text(frame)
            return
        await self._send(frame)
        if frame["type"] == "answer":
            tail = self._tail(frame["turn"], frame["side"])
            if frame["run"] > tail.run:
                tail.restart(frame["run"])
            if tail.length < frame["length"]:
                self._catch_up()

    async def _send_text(self, deltas: Iterable[Delta]) -> None:
        """Sends what of it the browser lacks, in order."""
        ready: list[Delta] = []
        for turn, side, run, at, text in deltas:
            tail = self._tail(turn, side)
            ready += [(turn, side, run, start, piece) for start, piece in tail.offer(run, at, text)]
            if tail.has_gap:
                self._catch_up()
        if ready:
            await self._send(ready)

    def _catch_up(self) -> None:
        """Reads what was missed, from the database where another process streams the answer: it saves every second."""
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.create_task(self._close_gaps())

    async def _close_gaps(self) -> None:
        for _try in range(5):
            async with self._sending:
                _battle, turns = await in_database(read_state, self.battle.pk)
                behind = False
                for turn in turns:
                    for answer in turn.answers.all():
                        tail = self._tail(turn.index, answer.side)
                        text = _text_so_far(answer)
                        for at, piece in tail.offer(answer.run, 0, text):
                            await self._send([(turn.index, answer.side, answer.run, at, piece)])
                        behind = behind or tail.has_gap
            if not behind:
                return
            await asyncio.sleep(settings.ANSWER_SAVE_SECONDS)

    def _state_frame(self, battle: Battle, turns: list[Turn], have: frames.Have) -> dict[str, Any]:
        return {
            "type": "state",
            "status": battle.status,
            "ballot_open": ballot_is_open(battle, turns),
            "can_prompt": can_prompt(battle, turns),
            "max_turns": battle.campaign.max_turns,
            "max_prompt_chars": battle.campaign.max_prompt_chars,
            "turns": [
                {
                    "turn": turn.index,
                    "prompt": turn.prompt,
                    **{answer.side: self._answer_state(turn, answer, have) for answer in turn.answers.all()},
                }
                for turn in turns
            ],
        }

    def _answer_state(self, turn: Turn, answer: Answer, have: frames.Have) -> dict[str, Any]:
        run, known = have.get((turn.index, answer.side), (answer.run, 0))
        text = _text_so_far(answer)
        at = min(known, len(text)) if run == answer.run else 0
        tail = self._tail(turn.index, answer.side)
        tail.restart(answer.run)
        tail.length = len(text)
        # The status in the database is up to a second behind the stream.
        status = AnswerStatus.STREAMING.value if answer.is_running and text else answer.status
        shown: dict[str, Any] = {"run": answer.run, "status": status, "at": at, "text": text[at:], "length": len(text)}
        if answer.place is not None:
            shown["place"] = answer.place
        return shown

    async def _send_refusal(self, refusal: Refusal) -> None:
        with translation.override(self._language()):
            message = str(refusal)
        await self._send({"type": "error", "code": refusal.code, "message": message})

    async def _send(self, frame: Frame) -> None:
        await self.send(text_data=frames.encode(frame))

    # Small things.

    def _tail(self, turn: int, side: str) -> Tail:
        return self._tails.setdefault((turn, side), Tail())

    def _find(self, uid: uuid.UUID) -> tuple[Battle, Participant] | None:
        participant = find_visitor(self.scope["cookies"])
        if not participant:
            return None
        battle = Battle.objects.of(participant).only("uid").filter(uid=uid).first()
        return (battle, participant) if battle else None

    def _read(self) -> tuple[list[Turn], list[AnswerKey], list[Answer]]:
        """The turns; the answers to start, and those that failed, because their process is gone."""
        restarted: list[AnswerKey] = []
        failed: list[Answer] = []
        self.battle, turns = read_state(self.battle.pk)
        if any(answer.is_lost for turn in turns for answer in turn.answers.all()):
            restarted, failed = recover_lost_answers(battle=self.battle)
            self.battle, turns = read_state(self.battle.pk)
        return turns, restarted, failed

    def _stop_elsewhere(self, sides: tuple[str, ...]) -> list[Answer]:
        running = Answer.objects.running().filter(turn__battle=self.battle, side__in=sides)
        foreign = [answer.side for answer in running if live_stream(answer.pk, answer.run) is None]
        return stop_answers(battle=self.battle, sides=foreign) if foreign else []

    def _language(self) -> str:
        chosen = self.scope.get("cookies", {}).get(settings.LANGUAGE_COOKIE_NAME, "")
        return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE

    def _expect_life(self) -> None:
        """Closes the socket unless something comes in time: the other end of a half-open one is gone."""
        if self._idle is not None:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(settings.SOCKET_IDLE_SECONDS, lambda: loop.create_task(self.close(code=IDLE)))


def _text_so_far(answer: Answer) -> str:
    stream = live_stream(answer.pk, answer.run) if answer.is_running else None
    return stream.text if stream is not None else answer.text


def _status_frame(answer: Answer, status: AnswerStatus) -> dict[str, Any]:
    return {
        "type": "answer",
        "turn": answer.turn.index,
        "side": answer.side,
        "run": answer.run,
        "status": status.value,
        "length": len(answer.text),
    }

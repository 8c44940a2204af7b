"""A battle's socket as a browser drives it, through the real ASGI application."""

import json
from collections.abc import Callable
from typing import Any, Self

from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.backends.db import SessionStore

from arena.identity import remember_participant
from arena.models import Battle, Competitor, Participant
from config.asgi import application
from inference.models import ServedModel
from tests.guards import leaked_names

Frame = dict[str, Any]
DELTA = ("type", "turn", "side", "run", "at", "text")


def session_cookie(participant: Participant) -> str:
    """The cookie of a browser in which the participant has joined."""
    session = SessionStore()
    remember_participant(session, participant)
    session.save()
    return f"sessionid={session.session_key}"


def model_names() -> list[str]:
    """What must not be seen before the vote."""
    names = list(Competitor.objects.values_list("name", flat=True))
    for row in ServedModel.objects.values_list("name", "model_name", "base_url"):
        names.extend(row)
    return names


def read_frames(text: str) -> list[Frame]:
    """A message as frames: deltas come as a list of bare lists."""
    frame = json.loads(text)
    return [frame] if isinstance(frame, dict) else [dict(zip(DELTA, ["delta", *delta], strict=True)) for delta in frame]


class Socket:
    """A WebSocket client, on the ASGI messages. (That of `channels.testing` cannot be imported without daphne.)"""

    def __init__(self, path: str, *, cookie: str = "", origin: str = "http://localhost") -> None:
        headers = [(b"cookie", cookie.encode()), (b"origin", origin.encode()), (b"host", b"localhost")]
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        self._application = ApplicationCommunicator(application, scope)

    async def connect(self) -> bool:
        """Whether the server accepts."""
        await self._application.send_input({"type": "websocket.connect"})
        return str((await self._application.receive_output(5))["type"]) == "websocket.accept"

    async def send_raw(self, text: str | None = None, data: bytes | None = None) -> None:
        await self._application.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def receive_raw(self, timeout: float = 20) -> dict[str, Any]:
        output: dict[str, Any] = await self._application.receive_output(timeout)
        return output

    async def closed_with(self) -> int:
        """The code with which the server closes the socket; what it sends before is passed over."""
        while (output := await self.receive_raw())["type"] != "websocket.close":
            pass
        return int(output["code"])

    async def disconnect(self) -> None:
        await self._application.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._application.wait(5)


class BattleSocket(Socket):
    """One tab. Every frame that it gets is kept, and checked for the names of models."""

    def __init__(self, battle: Battle, cookie: str, names: list[str], language: str = "eu") -> None:
        super().__init__(f"/ws/battles/{battle.uid}/", cookie=f"{cookie}; lehia_language={language}")
        self._names = names
        self.frames: list[Frame] = []
        self._unread: list[Frame] = []
        self.texts: dict[tuple[int, str], str] = {}

    async def __aenter__(self) -> Self:
        assert await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.disconnect()

    async def send(self, **frame: Any) -> None:
        await self.send_raw(json.dumps(frame))

    async def receive(self, timeout: float = 20) -> Frame:
        while not self._unread:
            output = await self.receive_raw(timeout)
            assert output["type"] == "websocket.send", f"closed: {output}"
            text = output["text"]
            assert not (found := leaked_names(text, self._names)), f"a frame names a model: {found}"
            self._unread += read_frames(text)
        frame = self._unread.pop(0)
        self.frames.append(frame)
        self._keep_text(frame)
        return frame

    async def until(self, kind: str, check: Callable[[Frame], bool] = lambda frame: True, timeout: float = 20) -> Frame:
        """The next frame of a type for which `check` holds; those before it are kept in `frames`."""
        while True:
            frame = await self.receive(timeout)
            if frame["type"] == kind and check(frame):
                return frame

    async def until_ended(self, turn: int = 1, sides: str = "ab", timeout: float = 20) -> dict[str, str]:
        """Waits until the sides have ended and the ballot's state was told; returns their statuses."""
        ended: dict[str, str] = {}
        while len(ended) < len(sides):
            frame = await self.until("answer", timeout=timeout)
            if frame["turn"] == turn and frame["side"] in sides and frame["status"] not in ("waiting", "streaming"):
                ended[frame["side"]] = frame["status"]
        return ended

    async def hello(self, have: list[Frame] | None = None) -> Frame:
        await self.send(type="hello", have=have or [])
        return await self.until("state")

    def _keep_text(self, frame: Frame) -> None:
        """What a page would show, by the rules of docs/protocol.md."""
        if frame["type"] == "state":
            for turn in frame["turns"]:
                for side in "ab":
                    key = (turn["turn"], side)
                    self.texts[key] = self.texts.get(key, "")[: turn[side]["at"]] + turn[side]["text"]
        elif frame["type"] == "delta":
            key = (frame["turn"], frame["side"])
            known = self.texts.get(key, "")
            assert frame["at"] <= len(known), f"a gap before {frame}"
            self.texts[key] = known[: frame["at"]] + frame["text"]
        elif frame["type"] == "answer" and frame["status"] == "waiting":
            self.texts[frame["turn"], frame["side"]] = ""

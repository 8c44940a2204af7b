"""The bare relay that the arena is measured against: a Channels consumer that passes tokens on and does nothing else.

No database, no channel layer, no people, nothing kept: what any arena in this language pays at least. Text is merged to
20 frames a second a side, as the arena's is. Served by gunicorn's ASGI worker, as the arena is.
"""

import asyncio
from typing import Any

import aiohttp
import orjson
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

if not settings.configured:
    # Channels asks for its layers even where a consumer has none.
    settings.configure(CHANNEL_LAYERS={})

_FRAME_SECONDS = 0.05


class Relay(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One battle. A message is a JSON list of the models to ask."""

    channel_layer_alias = ""

    def __init__(self, *, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    async def connect(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for task in self._tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        for side, model in zip("ab", orjson.loads(text_data or "[]"), strict=False):
            self._tasks.append(asyncio.create_task(self._relay(side, model)))

    async def _relay(self, side: str, model: str) -> None:
        text: list[str] = []
        news = asyncio.Event()
        sending = asyncio.create_task(self._send_news(side, text, news))
        body = {"model": model, "messages": [{"role": "user", "content": "Kaixo"}], "stream": True}
        try:
            async with _session().post(f"{self.base_url}/chat/completions", json=body) as response:
                async for line in response.content:
                    if line.startswith(b"data: {"):
                        choices = orjson.loads(line[6:])["choices"]
                        if choices and (piece := choices[0]["delta"].get("content")):
                            text.append(piece)
                            news.set()
            await asyncio.sleep(_FRAME_SECONDS)
        finally:
            sending.cancel()
        await self._send_text(side, text)
        await self.send(text_data=orjson.dumps([side]).decode())

    async def _send_news(self, side: str, text: list[str], news: asyncio.Event) -> None:
        while True:
            await news.wait()
            news.clear()
            await self._send_text(side, text)
            await asyncio.sleep(_FRAME_SECONDS)

    async def _send_text(self, side: str, text: list[str]) -> None:
        if text:
            piece = "".join(text)
            text.clear()
            await self.send(text_data=orjson.dumps([side, piece]).decode())


_sessions: list[aiohttp.ClientSession] = []


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        timeout = aiohttp.ClientTimeout(total=None)
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout))
    return _sessions[0]


def application(base_url: str) -> Any:
    """The ASGI application in front of this model server: every path is the relay."""
    consumer = Relay.as_asgi(base_url=base_url)

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await consumer(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

    return answer

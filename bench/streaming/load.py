"""The client: opens many battles at a steady pace and notes when text comes. A process of its own.

    python -m bench.streaming.load < PLAN.json > NOTES.json

It knows three ways to the same tokens: `direct` (two HTTP streams a battle from the model server), `relay` (a socket to
the bare relay) and `arena` (a socket to the arena, by docs/protocol.md).
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import uvloop

#: Bytes of a WebSocket frame's head, up to 125 bytes of text and beyond.
_HEAD, _LONG_HEAD = 2, 4
_PROMPT = "Zer da euskara?"


@dataclass
class Stream:
    """What came of one side. Times are of the monotonic clock, in seconds."""

    asked: float = 0.0
    text: list[str] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0
    longest_gap: float = 0.0
    frames: int = 0
    ended: str = ""

    def take(self, text: str) -> None:
        now = time.monotonic()
        if not self.first:
            self.first = now
        else:
            self.longest_gap = max(self.longest_gap, now - self.last)
        self.last = now
        self.text.append(text)
        self.frames += 1

    def note(self) -> dict[str, Any]:
        text = "".join(self.text)
        return {
            "asked": self.asked,
            "first": self.first,
            "last": self.last,
            "longest_gap": self.longest_gap,
            "frames": self.frames,
            "characters": len(text),
            "text": text[:40],
            "ended": self.ended,
        }


@dataclass
class Battle:
    """One battle of the plan, and what came of it."""

    plan: dict[str, Any]
    a: Stream = field(default_factory=Stream)
    b: Stream = field(default_factory=Stream)
    bytes: int = 0
    problem: str = ""

    def side(self, name: str) -> Stream:
        return self.a if name == "a" else self.b

    def asked(self) -> None:
        self.a.asked = self.b.asked = time.monotonic()

    def note(self) -> dict[str, Any]:
        return {
            "kind": self.plan.get("kind", ""),
            "a": self.a.note(),
            "b": self.b.note(),
            "bytes": self.bytes,
            "problem": self.problem,
        }


async def direct(session: aiohttp.ClientSession, battle: Battle, url: str) -> None:
    """Both answers straight from the model server."""
    battle.asked()
    await asyncio.gather(*(_read(session, url, battle, name) for name in "ab"))


async def _read(session: aiohttp.ClientSession, url: str, battle: Battle, name: str) -> None:
    body = {"model": battle.plan["models"][name], "messages": [{"role": "user", "content": _PROMPT}], "stream": True}
    async with session.post(f"{url}/chat/completions", json=body) as response:
        async for line in response.content:
            battle.bytes += len(line)
            if line.startswith(b"data: {"):
                choices = orjson.loads(line[6:])["choices"]
                if choices and (text := choices[0]["delta"].get("content")):
                    battle.side(name).take(text)
    battle.side(name).ended = "complete"


async def relay(session: aiohttp.ClientSession, battle: Battle, url: str) -> None:
    """Both answers through the bare relay."""
    async with session.ws_connect(url) as socket:
        battle.asked()
        await socket.send_str(orjson.dumps(list(battle.plan["models"].values())).decode())
        async for frame in _frames(socket, battle):
            stream = battle.side(frame[0])
            if len(frame) == 2:
                stream.take(frame[1])
            else:
                stream.ended = "complete"
            if battle.a.ended and battle.b.ended:
                return


async def arena(session: aiohttp.ClientSession, battle: Battle, url: str) -> None:
    """Both answers through the arena, as a page asks for them."""
    headers = {"Origin": url.replace("ws", "http", 1), "Cookie": battle.plan["cookie"]}
    async with session.ws_connect(f"{url}/ws/battles/{battle.plan['uid']}/", headers=headers) as socket:
        await socket.send_str('{"type":"hello","have":[]}')
        frames = _frames(socket, battle)
        async for frame in frames:
            if not isinstance(frame, list) and frame["type"] == "state":
                break
        battle.asked()
        await socket.send_str(orjson.dumps({"type": "prompt", "turn": 1, "text": _PROMPT}).decode())
        async for frame in frames:
            if isinstance(frame, list):
                for _turn, side, _run, _at, text in frame:
                    battle.side(side).take(text)
            elif frame["type"] == "answer" and frame["status"] not in ("waiting", "streaming"):
                battle.side(frame["side"]).ended = frame["status"]
            elif frame["type"] == "error":
                battle.problem = frame["code"]
                return
            if battle.a.ended and battle.b.ended:
                return


async def _frames(socket: aiohttp.ClientWebSocketResponse, battle: Battle) -> AsyncIterator[Any]:
    async for message in socket:
        size = len(message.data.encode())
        battle.bytes += size + (_HEAD if size < 126 else _LONG_HEAD)
        yield orjson.loads(message.data)


WAYS: dict[str, Callable[[aiohttp.ClientSession, Battle, str], Awaitable[None]]] = {
    "direct": direct,
    "relay": relay,
    "arena": arena,
}


async def run(plan: dict[str, Any]) -> list[Battle]:
    """Starts the plan's battles `every` seconds, one after the other, and waits for all, at most `limit` seconds."""
    way = WAYS[plan["way"]]
    battles = [Battle(each) for each in plan["battles"]]
    connector = aiohttp.TCPConnector(limit=0)
    start = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one(index: int, battle: Battle) -> None:
            await asyncio.sleep(max(0.0, start + index * plan["every"] - time.monotonic()))
            try:
                async with asyncio.timeout(plan["limit"]):
                    await way(session, battle, plan["url"])
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                battle.problem = repr(error)

        await asyncio.gather(*(one(index, battle) for index, battle in enumerate(battles)))
    return battles


def main() -> None:
    """Read the plan, run it, write what was noted."""
    plan = orjson.loads(sys.stdin.buffer.read())
    battles = uvloop.run(run(plan))
    sys.stdout.buffer.write(orjson.dumps([battle.note() for battle in battles]))


if __name__ == "__main__":
    main()

"""A volunteer without a browser: the pages' forms and the battle's socket, by docs/protocol.md alone."""

import asyncio
import json
import re
from typing import Any, Self

import aiohttp

Frame = dict[str, Any]
DELTA = ("type", "turn", "side", "run", "at", "text")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def read_frames(text: str) -> list[Frame]:
    """A message as frames: deltas come as a list of bare lists."""
    frame = json.loads(text)
    return [frame] if isinstance(frame, dict) else [dict(zip(DELTA, ["delta", *delta], strict=True)) for delta in frame]


class Volunteer:
    """One person, with cookies. Every text that the person is shown before a vote is kept in `seen`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.seen: list[str] = []
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def get(self, path: str) -> str:
        async with self._http.get(self.address + path) as response:
            text = await response.text()
            assert response.status == 200, f"{path}: {response.status}"
            if found := _TOKEN.search(text):
                self._token = found.group(1)
            return text

    async def post(self, path: str, **fields: str) -> tuple[int, Any, str]:
        """Status, JSON (or None), and the address where redirects ended."""
        headers = {"Accept": "application/json", "Referer": self.address, "X-CSRFToken": self._token}
        async with self._http.post(self.address + path, data=fields, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else None, response.url.path

    async def join(self, slug: str = "demo") -> None:
        await self.get(f"/c/{slug}/join/")
        about = {"language_level": "c1_c2", "education": "university", "confirmed_age": "on", "accept_consent": "on"}
        status, _json, _path = await self.post(f"/c/{slug}/join/", **about)
        assert status == 200

    async def start_battle(self, slug: str = "demo") -> str:
        """The path of the battle's page."""
        await self.get(f"/c/{slug}/")
        status, refusal, path = await self.post(f"/c/{slug}/battles/")
        assert status == 200, refusal
        self.seen.append(await self.get(path))
        return path

    async def socket(self, battle: str, *, after: "Socket | None" = None) -> "Socket":
        """A socket to a battle; `after` is the one that the same page had before, whose frames it has already."""
        url = self.address.replace("http", "ws", 1) + "/ws" + battle
        websocket = await self._http.ws_connect(url, headers={"Origin": self.address})
        return Socket(websocket, self.seen, list(after.frames) if after else [])

    async def page(self, battle: str, *, after: "Socket | None" = None) -> "Socket":
        """A socket that has said hello, as the battle's page does, and got the state."""
        socket = await self.socket(battle, after=after)
        await socket.hello()
        return socket

    async def vote(self, battle: str, **choices: str) -> tuple[int, Any]:
        status, answer, _path = await self.post(f"{battle}ballot/", **choices)
        return status, answer

    async def battle_to_vote(self, prompt: str = "Kaixo, zer moduz?", timeout: float = 30) -> str:
        """Starts a battle, prompts, and waits for both answers; returns the battle's path."""
        battle = await self.start_battle()
        socket = await self.socket(battle)
        await socket.send(type="hello", have=[])
        await socket.send(type="prompt", turn=1, text=prompt)
        await socket.until("ballot", ballot_open=True, timeout=timeout)
        await socket.close()
        return battle


class CutOff(AssertionError):
    """The server has closed the socket, or is gone."""


class Socket:
    """A battle's socket."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, seen: list[str], frames: list[Frame]) -> None:
        self._websocket = websocket
        self._seen = seen
        self._unread: list[Frame] = []
        self.frames = frames

    async def send(self, **frame: Any) -> None:
        await self._websocket.send_json(frame)

    async def hello(self) -> Frame:
        """Says what the page has already; returns the state."""
        await self.send(type="hello", have=self.have())
        return await self.until("state")

    async def prompt(self, text: str = "Kaixo, zer moduz?", turn: int = 1) -> None:
        """Sends a prompt, and waits until both sides have begun to answer."""
        await self.send(type="prompt", turn=turn, text=text)
        waiting = set("ab")
        while waiting:
            waiting.discard((await self.until("delta", turn=turn))["side"])

    async def until(self, kind: str, *, timeout: float = 30, **values: Any) -> Frame:
        """The next frame of a type with these values."""
        async with asyncio.timeout(timeout):
            while True:
                if not self._unread:
                    message = await self._websocket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        raise CutOff(f"{message} after {self.frames[-3:]}")
                    self._seen.append(message.data)
                    self._unread += read_frames(message.data)
                frame = self._unread.pop(0)
                self.frames.append(frame)
                if frame["type"] == kind and all(frame.get(name) == value for name, value in values.items()):
                    return frame

    async def closed_with(self, *, timeout: float = 30) -> int | None:
        """The code with which the server closes the socket; the frames before are kept."""
        async with asyncio.timeout(timeout):
            while (message := await self._websocket.receive()).type is aiohttp.WSMsgType.TEXT:
                self._seen.append(message.data)
                self._unread += read_frames(message.data)
            self.frames += self._unread
            # The client's own code says that its answer did not arrive, where the server has not waited for it.
            return message.data if message.type is aiohttp.WSMsgType.CLOSE else self._websocket.close_code

    def text(self, side: str, turn: int = 1) -> str:
        """What a page that got these frames shows of an answer, by docs/protocol.md. Fails where there is a gap."""
        shown = ""
        for frame in self.frames:
            if frame["type"] == "state":
                pieces = [known[side] for known in frame["turns"] if known["turn"] == turn]
            else:
                mine = frame.get("turn") == turn and frame.get("side") == side
                pieces = [frame] if mine and frame["type"] == "delta" else []
                if mine and frame["type"] == "answer" and frame["status"] == "waiting":
                    shown = ""
            for piece in pieces:
                assert piece["at"] <= len(shown), f"a gap before {piece}"
                shown = shown[: piece["at"]] + piece["text"]
        return shown

    def have(self, turn: int = 1) -> list[Frame]:
        """What a `hello` says that the page has already."""
        runs = dict.fromkeys("ab", 1)
        for frame in self.frames:
            if frame.get("turn") == turn and "run" in frame:
                runs[frame["side"]] = frame["run"]
            for known in frame.get("turns", []):
                runs.update({side: known[side]["run"] for side in "ab" if known["turn"] == turn})
        return [{"turn": turn, "side": side, "run": runs[side], "length": len(self.text(side, turn))} for side in "ab"]

    @property
    def local_port(self) -> int:
        return int(self._websocket.get_extra_info("sockname")[1])

    async def close(self) -> None:
        await self._websocket.close()

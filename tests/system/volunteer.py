"""A volunteer without a browser: the pages' forms and the battle's socket, by docs/protocol.md alone."""

import asyncio
import re
from typing import Any, Self

import aiohttp

Frame = dict[str, Any]
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


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

    async def socket(self, battle: str) -> "Socket":
        url = self.address.replace("http", "ws", 1) + "/ws" + battle
        websocket = await self._http.ws_connect(url, headers={"Origin": self.address})
        return Socket(websocket, self.seen)

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


class Socket:
    """A battle's socket."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, seen: list[str]) -> None:
        self._websocket = websocket
        self._seen = seen
        self.frames: list[Frame] = []

    async def send(self, **frame: Any) -> None:
        await self._websocket.send_json(frame)

    async def until(self, kind: str, *, timeout: float = 30, **values: Any) -> Frame:
        """The next frame of a type with these values."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self._websocket.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, f"{message} after {self.frames[-3:]}"
                self._seen.append(message.data)
                frame: Frame = message.json()
                self.frames.append(frame)
                if frame["type"] == kind and all(frame.get(name) == value for name, value in values.items()):
                    return frame

    async def close(self) -> None:
        await self._websocket.close()

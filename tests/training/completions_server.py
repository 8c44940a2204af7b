"""A model server on a real port that answers whole requests as a function says, and fails as it is told."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from aiohttp import web

Body = dict[str, Any]
Fault = Callable[[], web.Response]


def status(code: int, message: str = "no room", **headers: str) -> Fault:
    return lambda: web.json_response({"error": {"message": message}}, status=code, headers=headers)


def cut() -> web.Response:
    """The connection breaks instead of any reply."""
    raise ConnectionResetError("as told")


class CompletionsServer:
    """`answer` gives the text for a body; `faults` are used up first, one a request; `always` is said to bodies that
    hold a text, whenever they come."""

    def __init__(self, answer: Callable[[Body], str], *, leaves_after: int = 0) -> None:
        self.answer = answer
        self.faults: list[Fault] = []
        self.always: dict[str, Fault] = {}
        self.bodies: list[Body] = []
        self.keys: list[str] = []
        self.most_at_once = 0
        self.seconds = 0.0
        self._at_once = 0
        self._leaves_after = leaves_after
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> "CompletionsServer":
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_error: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def leave(self) -> None:
        """From now on connections are refused."""
        self._run(self._close())

    def _run(self, coroutine: Any) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        done.result(timeout=10)

    async def _listen(self) -> None:
        application = web.Application(client_max_size=2**26)
        application.add_routes([web.post(f"/v1/{path}", self._post) for path in ("completions", "chat/completions")])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        if self._leaves_after and len(self.bodies) >= self._leaves_after:
            self._leaves_after = 0
            self._loop.create_task(self._close())
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(self.seconds)
            return self._reply(request, body)
        except ConnectionResetError:
            if request.transport is not None:
                request.transport.abort()
            raise
        finally:
            self._at_once -= 1

    def _reply(self, request: web.Request, body: Body) -> web.Response:
        for text, fault in self.always.items():
            if text in str(body):
                return fault()
        if self.faults:
            return self.faults.pop(0)()
        text = self.answer(body)
        said = {"text": text} if "prompt" in body else {"message": {"role": "assistant", "content": text}}
        reason = "length" if len(text.split()) > body.get("max_tokens", 10**9) else "stop"
        usage = {"prompt_tokens": 3, "completion_tokens": len(text.split())}
        return web.json_response({"choices": [{**said, "index": 0, "finish_reason": reason}], "usage": usage})

"""A scripted OpenAI-compatible model server, on a real port.

In a test it runs in a thread (`StubServer`); `python -m tests.stubs.openai_server --port 8100` runs it by
hand, and `POST /control` then takes any field of `Script` as JSON, while `GET /control` tells what was asked
of the server.
"""

import argparse
import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson
from aiohttp import web

from tests.stubs.behaviour import Behaviour, Script, answer_text, tokens_of

TOKENS_BEFORE_FAULT = 3
_MODEL = web.RequestKey("model", str)


@dataclass(frozen=True)
class SeenRequest:
    """One request as the server got it."""

    body: dict[str, Any]
    authorization: str

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, str]]:
        return list(self.body["messages"])


class StubServer:
    """The server in a thread of its own, with an event loop of its own."""

    def __init__(self, port: int = 0) -> None:
        self.script = Script()
        self.requests: list[SeenRequest] = []
        self.open_answers = 0
        """Answers that are being streamed at this moment."""
        self.aborted_answers = 0
        """Answers whose client went away before their end."""
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="stub-model-server", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Listen on a free port, or on the one given."""
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def refuse_connections(self) -> None:
        """Stop listening: from now on connections are refused."""
        self._run(self._close())

    def accept_connections(self) -> None:
        """Listen again, on the same port."""
        self._run(self._listen())

    def reset(self) -> None:
        """Forget what was seen and told."""
        self.script = Script()
        self.requests = []
        self.aborted_answers = 0
        if self._runner is None:
            self.accept_connections()

    def behave(self, model: str, behaviour: Behaviour) -> None:
        """Answer this way for `model` from now on."""
        self.script.behaviours[model] = behaviour

    def _run(self, coroutine: Any) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        done.result(timeout=10)

    async def _listen(self) -> None:
        # Without cancellation a handler would learn that its client has gone only at its next write.
        runner = web.AppRunner(self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.on_response_prepare.append(_name_in_headers)
        application.add_routes(
            [
                web.get("/v1/models", self._models),
                web.get("/metrics", self._metrics),
                web.post("/v1/chat/completions", self._chat),
                web.get("/control", self._report),
                web.post("/control", self._control),
            ]
        )
        return application

    async def _models(self, request: web.Request) -> web.Response:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "stub"} for name in self.script.models]
        return web.json_response({"object": "list", "data": data}, status=self.script.models_status)

    async def _metrics(self, request: web.Request) -> web.Response:
        if not self.script.metrics:
            return web.Response(status=404)
        return web.Response(text=self.script.metrics)

    async def _report(self, request: web.Request) -> web.Response:
        seen = [asdict(entry) for entry in self.requests]
        return web.json_response({"requests": seen, "open": self.open_answers, "aborted": self.aborted_answers})

    async def _control(self, request: web.Request) -> web.Response:
        told = await request.json()
        unknown = told.keys() - {known.name for known in fields(Script)}
        if unknown:
            return web.json_response({"error": f"no such fields: {sorted(unknown)}"}, status=400)
        if "behaviours" in told:
            told["behaviours"] = {model: Behaviour(name) for model, name in told["behaviours"].items()}
        for name, value in told.items():
            setattr(self.script, name, value)
        return web.json_response({})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        request[_MODEL] = body["model"]
        self.requests.append(SeenRequest(body, request.headers.get("Authorization", "")))
        behaviour = self.script.behaviour_of(body["model"])
        self.open_answers += 1
        try:
            return await self._answer(request, body, behaviour)
        except (asyncio.CancelledError, ConnectionError):
            self.aborted_answers += 1
            raise
        finally:
            self.open_answers -= 1

    async def _answer(self, request: web.Request, body: dict[str, Any], behaviour: Behaviour) -> web.StreamResponse:
        match behaviour:
            case Behaviour.HTTP_500 | Behaviour.HTTP_429 | Behaviour.HTTP_400:
                message = f"The model {body['model']} has no room for you."
                return web.json_response({"error": {"message": message}}, status=int(behaviour[-3:]))
            case Behaviour.QUOTES:
                message = f"Cannot answer {body['messages'][-1]['content']!r}"
                return web.json_response({"error": {"message": message}}, status=500)
            case Behaviour.JSON:
                return web.json_response({"choices": [{"message": {"role": "assistant", "content": "Kaixo"}}]})
            case Behaviour.HTML:
                return web.Response(text=f"<h1>{body['model']}</h1>", content_type="text/html")
            case Behaviour.DISCONNECT:
                _abort(request)
            case Behaviour.SLOW:
                await asyncio.sleep(self.script.pause)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        async for event in self._events(request, body, behaviour):
            pieces = [event[i : i + 1] for i in range(len(event))] if behaviour is Behaviour.SPLIT else [event]
            for piece in pieces:
                await response.write(piece)
        await response.write_eof()
        return response

    async def _events(self, request: web.Request, body: dict[str, Any], behaviour: Behaviour) -> AsyncIterator[bytes]:
        """The bytes of the answer's events, at the script's pace."""
        newline = b"\r\n" if behaviour is Behaviour.CRLF else b"\n"
        tokens = tokens_of(answer_text(self.script, body["model"], body["messages"]))
        yield _event(body, newline, {"role": "assistant", "content": ""})
        if behaviour is Behaviour.REASONING:
            yield _event(body, newline, {"reasoning_content": "Pentsatu dezadan."})
        if behaviour in (Behaviour.EMPTY, Behaviour.HIDDEN):
            tokens = []
        for index, token in enumerate(tokens):
            if index == TOKENS_BEFORE_FAULT:
                async for fault in self._fault(request, body, behaviour):
                    yield fault
                if behaviour is Behaviour.ENDS_EARLY:
                    return
            if behaviour is Behaviour.COMMENTS:
                yield b": a comment, as proxies are told to send\nevent: message\nid: 7\n\n"
            yield _gossip(body, token) if behaviour is Behaviour.GOSSIP else _event(body, newline, {"content": token})
            if self.script.tokens_per_second:
                await asyncio.sleep(1 / self.script.tokens_per_second)
        reason = {Behaviour.HIDDEN: "length", Behaviour.GOSSIP: body["model"]}.get(behaviour, "stop")
        yield _event(body, newline, {}, finish_reason=reason)
        while behaviour is Behaviour.LINGERS:
            await asyncio.sleep(0.05)
            yield b": still here\n\n" + _event(body, newline, {"content": ""})
        if behaviour is not Behaviour.NO_USAGE and (body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": len(body["messages"]), "completion_tokens": len(tokens)}
            yield _event(body, newline, None, usage=usage)
        yield b"data: [DONE]" + newline * 2

    async def _fault(self, request: web.Request, body: dict[str, Any], behaviour: Behaviour) -> AsyncIterator[bytes]:
        match behaviour:
            case Behaviour.SILENCE:
                await asyncio.sleep(self.script.pause)
            case Behaviour.DRIP:
                while True:
                    await asyncio.sleep(0.05)
                    yield b": still here\n\n"
            case Behaviour.CUT:
                # The tokens before have to leave first.
                await asyncio.sleep(0.05)
                _abort(request)
            case Behaviour.GARBAGE:
                yield b'data: {"choices": [{"delta": {"content": \n\n'
            case Behaviour.ERROR_EVENT:
                yield (b"data: " + orjson.dumps({"error": {"message": f"{body['model']} ran out of memory"}}) + b"\n\n")
            case Behaviour.HUGE_EVENT:
                while True:
                    yield b"data: " + b"x" * 65536
            case Behaviour.ENDLESS:
                while True:
                    yield _event(body, b"\n", {"content": " eta gero" * 64})
                    await asyncio.sleep(0)


async def _name_in_headers(request: web.Request, response: web.StreamResponse) -> None:
    """As hosted APIs do, whatever they answer."""
    if _MODEL in request:
        response.headers.update({"Server": request[_MODEL], "OpenAI-Model": request[_MODEL]})


def _gossip(body: dict[str, Any], token: str) -> bytes:
    """A token in an event that names the model in every field, known and unknown."""
    name = body["model"]
    said = {"content": token, "role": name, "name": name, "reasoning_content": name, "refusal": name}
    choice = {"index": 0, "delta": said, "finish_reason": None, "stop_reason": name, "logprobs": {"content": [name]}}
    chunk = {"id": f"{name}-1", "object": name, "created": 0, "model": name, "system_fingerprint": name}
    told = {"choices": [choice], "usage": {"model": name}, "timings": {"model": name, "predicted_ms": 1.0}, name: name}
    return f": {name}\nevent: {name}\nid: {name}\ndata: ".encode() + orjson.dumps({**chunk, **told}) + b"\n\n"


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("as told")


def _event(
    body: dict[str, Any],
    newline: bytes,
    delta: dict[str, str] | None,
    *,
    finish_reason: str | None = None,
    usage: dict[str, int] | None = None,
) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    chunk = {"id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
    return b"data: " + orjson.dumps({**chunk, "choices": choices, "usage": usage}) + newline * 2


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--tokens-per-second", type=float, default=20.0)
    parser.add_argument("--models", nargs="+", help="what it lists")
    arguments = parser.parse_args()
    server = StubServer(arguments.port)
    server.script.models = arguments.models or server.script.models
    server.script.tokens_per_second = arguments.tokens_per_second
    server.start()
    print(f"Serving {', '.join(server.script.models)} at {server.base_url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()

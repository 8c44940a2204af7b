"""A scripted OpenAI-compatible server that costs as little as possible, so that what is measured is not itself.

    python -m bench.streaming.model_server --port 8199 --tokens 400 --rate 20

Models answer the same text at a set rate, by a schedule that does not drift. The model's name says what goes wrong:
`…-hangs` sends nothing at all, `…-crawls` waits for five seconds and then sends a token a second, `…-dies` breaks the
connection after three tokens, `…-refuses` answers 503.
"""

import argparse
import asyncio
from typing import cast

import orjson
import uvloop

from bench.streaming.script import FIRST_TOKEN_AFTER, TOKENS, Pace

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_CRAWL = Pace(tokens=1000, rate=1.0)
_TOKENS_BEFORE_DEATH = 3


class ModelServer(asyncio.Protocol):
    """One connection: requests one after the other, each answered by timers."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = _content_length(head)
        if len(rest) < length:
            return
        self._received = rest[length:]
        if head.startswith(b"GET /v1/models"):
            self._reply(b"200 OK", b'{"object":"list","data":[{"id":"bench-a"},{"id":"bench-b"}]}')
        elif head.startswith(b"POST /v1/chat/completions"):
            self._answer(str(orjson.loads(rest[:length])["model"]))
        else:
            self._reply(b"404 Not Found", b"{}")

    def _reply(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)

    def _answer(self, model: str) -> None:
        if model.endswith("-refuses"):
            self._reply(b"503 Service Unavailable", b'{"error":{"message":"no room"}}')
            return
        if model.endswith("-hangs"):
            return
        crawls = model.endswith("-crawls")
        loop = asyncio.get_running_loop()
        start = loop.time() + (5.0 if crawls else FIRST_TOKEN_AFTER)
        self._transport.write(_HEAD)
        self._timer = loop.call_at(start, self._token, start, 0, _CRAWL if crawls else self._pace, model)

    def _token(self, start: float, index: int, pace: Pace, model: str) -> None:
        if index == _TOKENS_BEFORE_DEATH and model.endswith("-dies"):
            self._transport.abort()
            return
        if index < pace.tokens:
            self._transport.write(_event(model, {"content": TOKENS[index % len(TOKENS)]}))
            due = start + (index + 1) / pace.rate
            self._timer = asyncio.get_running_loop().call_at(due, self._token, start, index + 1, pace, model)
            return
        usage = {"prompt_tokens": 8, "completion_tokens": pace.tokens}
        end = _event(model, {}, finish_reason="stop") + _event(model, None, usage=usage)
        self._transport.write(end + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _event(
    model: str,
    delta: dict[str, str] | None,
    *,
    finish_reason: str | None = None,
    usage: dict[str, int] | None = None,
) -> bytes:
    """One event as vLLM writes it, as a chunk of the response."""
    choices = []
    if delta is not None:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason, "token_ids": None}]
    event = {"id": "chatcmpl-5e0b", "object": "chat.completion.chunk", "created": 1, "model": model}
    return _chunk(b"data: " + orjson.dumps({**event, "choices": choices, "usage": usage}) + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(port: int, pace: Pace) -> None:
    """Listen on loopback until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ModelServer(pace), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tokens", type=int, required=True, help="tokens an answer")
    parser.add_argument("--rate", type=float, default=20.0, help="tokens a second")
    options = parser.parse_args()
    uvloop.run(serve(options.port, Pace(options.tokens, options.rate)))


if __name__ == "__main__":
    main()

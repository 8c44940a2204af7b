"""Stream one answer from a model server. No Django in it.

The SDK sends the request and keeps the connection; its reply is read as bytes, because parsing chunks into
the SDK's objects saturates a core at about 150 answers at once, and reading them here takes a fifth of that.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import aiohttp
import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncAPIResponse,
    AsyncOpenAI,
    omit,
)

from inference.chunks import END_OF_STREAM, parse_chunk
from inference.endpoints import ChatRequest, Endpoint, client_for, close_clients
from inference.exceptions import AnswerFailed, FailureKind
from inference.sse import EventSplitter

__all__ = [
    "AnswerFailed",
    "ChatRequest",
    "Delta",
    "Endpoint",
    "FailureKind",
    "Finished",
    "close_clients",
    "stream_chat",
]

# The longest tokens of common vocabularies are runs of spaces. A server that sends more text than this allows
# for its tokens has lost count of them, or its mind.
_MAX_CHARACTERS_PER_TOKEN = 128
_MAX_CHARACTERS = 1_000_000
# After the finish reason only token counts are still to come; a server that does not send them keeps nobody
# waiting.
_USAGE_TIMEOUT = 2.0
_EXCERPT = 500


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer; `reasoning` is what the model thought aloud, apart from the answer."""

    text: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is whole. `finish_reason` is the server's word: `stop`, `length`, or blank where it gave none."""

    finish_reason: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


AnswerEvent: TypeAlias = Delta | Finished


async def stream_chat(
    endpoint: Endpoint, request: ChatRequest, *, client: AsyncOpenAI | None = None
) -> AsyncGenerator[AnswerEvent, None]:
    """Ask for an answer and yield its deltas as they come, then one `Finished`.

    Raises AnswerFailed, of one of the kinds that `FailureKind` explains; what was yielded before stays valid.
    Nothing is retried. Closing the generator or cancelling the task closes the connection at once, which
    makes vLLM stop generating: callers that may leave early iterate it within `contextlib.aclosing`.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + endpoint.first_token_timeout
    late = FailureKind.FIRST_TOKEN_TIMEOUT
    answer = _Answer(max_characters=_max_characters(request))
    splitter = EventSplitter()
    async with AsyncExitStack() as stack:
        response = await _send(stack, client or client_for(endpoint), endpoint, request, deadline)
        received = response.iter_bytes()
        while not answer.is_over:
            try:
                events = splitter.feed(await _next_bytes(received, deadline, late))
            except AnswerFailed:
                if answer.finish_reason is None:
                    raise
                break
            characters = answer.characters
            for data in events:
                delta = answer.take(data)
                if delta is not None:
                    yield delta
            if answer.finish_reason is not None:
                deadline = clock() + min(_USAGE_TIMEOUT, endpoint.silence_timeout)
            elif answer.characters > characters:
                # Counted from here, so that a slow reader of this generator is not taken for a silent model.
                deadline = clock() + endpoint.silence_timeout
                late = FailureKind.SILENCE_TIMEOUT
    yield answer.finished()


@dataclass(slots=True)
class _Answer:
    """What is known of the answer so far."""

    max_characters: int
    characters: int = 0
    has_text: bool = False
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    is_over: bool = False

    def take(self, data: bytes) -> Delta | None:
        """Take in one event. Raises AnswerFailed on what `parse_chunk` refuses, and on too long an answer."""
        if self.is_over:
            return None
        if data == END_OF_STREAM:
            self.finish_reason = self.finish_reason or ""
            self.is_over = True
            return None
        try:
            chunk = parse_chunk(data)
        except AnswerFailed:
            if self.finish_reason is None:
                raise
            self.is_over = True
            return None
        self.finish_reason = chunk.finish_reason or self.finish_reason
        if chunk.completion_tokens is not None:
            self.prompt_tokens, self.completion_tokens = (
                chunk.prompt_tokens,
                chunk.completion_tokens,
            )
            # The counts come last; not waiting for the end mark spares the volunteer a network round.
            self.is_over = self.finish_reason is not None
        if not chunk.text and not chunk.reasoning:
            return None
        self.has_text = self.has_text or bool(chunk.text.strip())
        self.characters += len(chunk.text) + len(chunk.reasoning)
        if self.characters > self.max_characters:
            raise AnswerFailed(FailureKind.OVER_LIMIT, f"more than {self.max_characters} characters")
        return Delta(chunk.text, chunk.reasoning)

    def finished(self) -> Finished:
        """The end of the answer. Raises AnswerFailed(EMPTY) if there was no text."""
        if not self.has_text:
            raise AnswerFailed(FailureKind.EMPTY, f"no text; finish reason {self.finish_reason!r}")
        return Finished(self.finish_reason or "", self.prompt_tokens, self.completion_tokens)


async def _send(
    stack: AsyncExitStack,
    client: AsyncOpenAI,
    endpoint: Endpoint,
    request: ChatRequest,
    deadline: float,
) -> AsyncAPIResponse[Any]:
    """Send the request and wait for the reply's head. The response is closed by `stack`."""
    sending = client.chat.completions.with_streaming_response.create(
        model=endpoint.model_name,
        messages=cast(Any, list(request.messages)),
        temperature=omit if request.temperature is None else request.temperature,
        top_p=omit if request.top_p is None else request.top_p,
        max_tokens=omit if request.max_tokens is None else request.max_tokens,
        stream=True,
        stream_options={"include_usage": True},
        extra_body=dict(request.extra),
    )
    try:
        async with asyncio.timeout_at(deadline):
            response = await stack.enter_async_context(sending)
    except TimeoutError as error:
        raise AnswerFailed(FailureKind.FIRST_TOKEN_TIMEOUT, "no reply to the request") from error
    except APIStatusError as error:
        raise AnswerFailed(
            FailureKind.HTTP_STATUS,
            f"{error.status_code}: {error.response.text[:_EXCERPT]}",
        ) from error
    except (
        APIConnectionError,
        aiohttp.ClientError,
        httpx2.InvalidURL,
        OSError,
    ) as error:
        raise _connection_failure(error) from error
    content_type = response.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
        raise AnswerFailed(FailureKind.NOT_A_STREAM, f"content type {content_type[:_EXCERPT]!r}")
    return response


async def _next_bytes(received: AsyncIterator[bytes], deadline: float, late: FailureKind) -> bytes:
    """What comes next from the network. Raises AnswerFailed of kind `late` at the deadline, CUT_OFF at the end."""
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(received)
    except TimeoutError as error:
        raise AnswerFailed(late, "nothing came in time") from error
    except StopAsyncIteration as error:
        raise AnswerFailed(FailureKind.CUT_OFF, "the stream ended without a finish reason") from error
    except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
        raise AnswerFailed(FailureKind.CUT_OFF, repr(error)[:_EXCERPT]) from error


def _connection_failure(error: BaseException) -> AnswerFailed:
    """Tell a connection that never was from one that broke before the reply."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
        broke = isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
        if broke and not isinstance(cause, aiohttp.ClientConnectorError):
            return AnswerFailed(FailureKind.CUT_OFF, f"before the reply: {cause!r}"[:_EXCERPT])
    return AnswerFailed(FailureKind.CONNECT, repr(cause)[:_EXCERPT])


def _max_characters(request: ChatRequest) -> int:
    if request.max_tokens is None:
        return _MAX_CHARACTERS
    return min(request.max_tokens * _MAX_CHARACTERS_PER_TOKEN, _MAX_CHARACTERS)

"""Stream one answer from a model server. No Django in it.

The reply is read as bytes and its events are taken apart here, because building the SDK's objects of them saturates a
core at about 150 answers at once.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, TypeAlias

from inference.chunks import END_OF_STREAM, parse_chunk
from inference.endpoints import ChatRequest, Endpoint, close_session
from inference.exceptions import AnswerFailed, FailureKind
from inference.replies import ask
from inference.sse import EventSplitter

__all__ = [
    "AnswerFailed",
    "ChatRequest",
    "Delta",
    "Endpoint",
    "FailureKind",
    "Finished",
    "Told",
    "close_session",
    "stream_chat",
]

# The longest tokens of common vocabularies are runs of spaces. A server that sends more text than this allows
# for its tokens has lost count of them, or its mind.
_MAX_CHARACTERS_PER_TOKEN = 128
_MAX_CHARACTERS = 1_000_000
# After the finish reason only token counts are still to come; a server that does not send them keeps nobody
# waiting.
_USAGE_TIMEOUT = 2.0


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


@dataclass(slots=True)
class Told:
    """What the server has said of an answer so far, be the answer finished or not. Counts are of tokens."""

    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


AnswerEvent: TypeAlias = Delta | Finished


async def stream_chat(
    endpoint: Endpoint, request: ChatRequest, *, told: Told | None = None
) -> AsyncGenerator[AnswerEvent, None]:
    """Ask for an answer and yield its deltas as they come, then one `Finished`.

    Raises AnswerFailed, of one of the kinds that `FailureKind` explains; what was yielded before stays valid.
    Nothing is retried. Closing the generator or cancelling the task closes the connection at once, which
    makes vLLM stop generating: callers that may leave early iterate it within `contextlib.aclosing`. `told` is kept
    up to date, for answers that fail or are left early.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + endpoint.first_token_timeout
    answer = _Answer(max_characters=_max_characters(request), told=told or Told())
    splitter = EventSplitter()
    async with ask(endpoint, _body(endpoint, request), deadline=deadline) as reply:
        reply.expect(by=deadline, late=FailureKind.FIRST_TOKEN_TIMEOUT)
        while not answer.is_over:
            try:
                events = splitter.feed(await reply.read())
            except AnswerFailed:
                if answer.finish_reason is None:
                    raise
                break
            characters, was_finished = answer.characters, answer.finish_reason is not None
            for data in events:
                delta = answer.take(data)
                if delta is not None:
                    yield delta
            is_finished = answer.finish_reason is not None
            if answer.characters == characters and is_finished == was_finished:
                # Comments and empty events are no sign of life: a server could send them for ever.
                continue
            # Counted from here, so that a slow reader of this generator is not taken for a silent model.
            if is_finished:
                reply.expect(by=clock() + min(_USAGE_TIMEOUT, endpoint.silence_timeout), late=FailureKind.CUT_OFF)
            else:
                reply.expect(by=clock() + endpoint.silence_timeout, late=FailureKind.SILENCE_TIMEOUT)
    yield answer.finished()


@dataclass(slots=True)
class _Answer:
    """What is known of the answer so far."""

    max_characters: int
    told: Told
    characters: int = 0
    has_text: bool = False
    finish_reason: str | None = None
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
        self.told.finish_reason = self.finish_reason or ""
        if chunk.completion_tokens is not None:
            self.told.prompt_tokens, self.told.completion_tokens = chunk.prompt_tokens, chunk.completion_tokens
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
            reason = self.finish_reason or ""
            raise AnswerFailed(FailureKind.EMPTY, f"no text; finish reason {reason!r}", finish_reason=reason)
        return Finished(self.told.finish_reason, self.told.prompt_tokens, self.told.completion_tokens)


def _body(endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
    sampling = {"temperature": request.temperature, "top_p": request.top_p, "max_tokens": request.max_tokens}
    return {
        "model": endpoint.model_name,
        "messages": list(request.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        **{name: value for name, value in sampling.items() if value is not None},
        **request.extra,
    }


def _max_characters(request: ChatRequest) -> int:
    if request.max_tokens is None:
        return _MAX_CHARACTERS
    return min(request.max_tokens * _MAX_CHARACTERS_PER_TOKEN, _MAX_CHARACTERS)

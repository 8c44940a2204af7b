"""Ask a model a few short questions, each answered as a whole. No Django in it."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from inference.endpoints import ChatRequest, Endpoint, close_session
from inference.exceptions import AnswerFailed
from inference.streaming import Delta, stream_chat

_AT_ONCE = 4
"""Requests at once: the model may have volunteers to answer."""


async def answer_all(endpoints: Sequence[Endpoint], requests: Sequence[ChatRequest]) -> list[str | AnswerFailed]:
    """The text of each answer, or why there is none, in the order of the requests. Nothing is retried.

    Requests are spread over the endpoints, which answer for one model. Closes the loop's session: call it as the last
    thing of an event loop.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(position: int, request: ChatRequest) -> str | AnswerFailed:
        async with places:
            try:
                return await answer_once(endpoints[position % len(endpoints)], request)
            except AnswerFailed as failure:
                return failure

    try:
        return list(await asyncio.gather(*(one(*each) for each in enumerate(requests))))
    finally:
        await close_session()


async def answer_once(endpoint: Endpoint, request: ChatRequest) -> str:
    """The text of one answer, without what the model thought aloud. Raises AnswerFailed."""
    parts: list[str] = []
    async with aclosing(stream_chat(endpoint, request)) as events:
        async for event in events:
            if isinstance(event, Delta):
                parts.append(event.text)
    return "".join(parts)

"""Ask an OpenAI-compatible server many things at once, each answered as a whole. No Django in it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from training.exceptions import AskingFailed

__all__ = ["Api", "AskingFailed", "Reply", "Told", "ask", "nobody"]

Told = Callable[[int], None]
"""Told how many more answers have come."""

_CONNECT_SECONDS = 10.0
_LONGEST_PAUSE = 60.0
_GROWTH = 4.0
_EXCERPT = 300
_TRY_AGAIN = frozenset({408, 425, 429})
_REFUSES_ALL = frozenset({401, 403, 404, 405})
"""Statuses that say nothing of one body: a key, a model's name or an address is wrong."""


@dataclass(frozen=True, slots=True)
class Api:
    """A model at a server. `base_url` ends in `/v1`, `timeout` and `pause` are in seconds."""

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    at_once: int = 16
    timeout: float = 600.0
    attempts: int = 4
    pause: float = 0.5
    """Before the second attempt; four times as long before each further one, and never shorter than the server asks."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Counts of tokens are 0 where the server tells none."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


def nobody(_more: int) -> None:
    """Nobody is told."""


def ask(api: Api, path: str, bodies: Sequence[Mapping[str, Any]], *, told: Told = nobody) -> list[Reply | AskingFailed]:
    """The reply to each body, or why there is none, in the order of the bodies.

    `path` is `completions` or `chat/completions`; `model` is added to the bodies. Broken connections, timeouts,
    statuses 429 and 5xx, and replies that are no completion are tried again, `attempts` times in all. What then still
    fails, and a body that the server refuses (`status` 400, 413, 422…), is that body's AskingFailed.

    Raises AskingFailed where no body can fare better: nothing listens there after all attempts, the key, the model or
    the address is wrong (401, 403, 404, 405), or there were several bodies and all failed for the server's fault.
    """
    replies = asyncio.run(_ask_all(api, path, bodies, told))
    failures = [reply for reply in replies if isinstance(reply, AskingFailed) and not reply.is_refusal]
    if len(failures) == len(replies) > 1:
        raise failures[0]
    return replies


async def _ask_all(api: Api, path: str, bodies: Sequence[Mapping[str, Any]], told: Told) -> list[Reply | AskingFailed]:
    waiting = iter(enumerate(bodies))
    replies: dict[int, Reply | AskingFailed] = {}

    async def work(session: aiohttp.ClientSession) -> None:
        for position, body in waiting:
            replies[position] = await _ask_one(session, api, path, {"model": api.model, **body})
            told(1)

    timeout = aiohttp.ClientTimeout(total=api.timeout, sock_connect=_CONNECT_SECONDS)
    headers = {"Authorization": f"Bearer {api.key}"} if api.key else {}
    connector = aiohttp.TCPConnector(limit=api.at_once)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(min(api.at_once, len(bodies))):
                group.create_task(work(session))
    except* AskingFailed as failed:
        raise failed.exceptions[0] from None
    return [replies[position] for position in range(len(bodies))]


async def _ask_one(
    session: aiohttp.ClientSession, api: Api, path: str, body: Mapping[str, Any]
) -> Reply | AskingFailed:
    """Raises AskingFailed for what is wrong for every body."""
    failure = AskingFailed("It was never asked.")
    for attempt in range(api.attempts):
        if attempt:
            longest = max(_LONGEST_PAUSE, api.pause)
            await asyncio.sleep(min(max(api.pause * _GROWTH ** (attempt - 1), failure.retry_after), longest))
        try:
            return await _post(session, api, path, body)
        except AskingFailed as error:
            failure = error
        if failure.is_refusal:
            break
    if failure.concerns_all:
        raise failure
    return failure


async def _post(session: aiohttp.ClientSession, api: Api, path: str, body: Mapping[str, Any]) -> Reply:
    """One attempt. Raises AskingFailed."""
    url = f"{api.base_url.rstrip('/')}/{path}"
    try:
        async with session.post(url, json=body) as response:
            text = await response.text(errors="replace")
            if response.status != 200:
                raise _refused(url, response, text)
            return _reply(url, await response.json(content_type=None))
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise AskingFailed(
            f"{url} is no address of a server: it must look like http://host:8000/v1.",
            is_refusal=True,
            concerns_all=True,
        ) from error
    except aiohttp.ClientConnectorError as error:
        raise AskingFailed(
            f"Nothing answers at {url}: {error}. Start the server or correct --base-url; finished shards stay.",
            concerns_all=True,
        ) from error
    except TimeoutError as error:
        raise AskingFailed(f"{url} did not answer within {api.timeout:g} s.") from error
    except aiohttp.ClientError as error:
        raise AskingFailed(f"The connection to {url} broke: {type(error).__name__}: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise AskingFailed(f"{url} answered with what is no JSON: {error}.") from error


def _refused(url: str, response: aiohttp.ClientResponse, text: str) -> AskingFailed:
    after = response.headers.get("Retry-After", "")
    status = response.status
    return AskingFailed(
        f"{url} answered with status {status}: {text.strip()[:_EXCERPT] or 'no reason given'}",
        status=status,
        concerns_all=status in _REFUSES_ALL,
        is_refusal=400 <= status < 500 and status not in _TRY_AGAIN,
        retry_after=float(after) if after.isdecimal() else 0.0,
    )


def _reply(url: str, value: Any) -> Reply:
    """Raises AskingFailed for JSON that is no completion."""
    try:
        choice = value["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        usage = value.get("usage") or {}
        counts = (int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
        return Reply(str(text or ""), str(choice.get("finish_reason") or ""), *counts)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise AskingFailed(f"{url} answered with JSON that is no completion: {str(value)[:_EXCERPT]}.") from error

"""Where a model answers, how it is asked, and the clients that do it. No Django in it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from httpx2 import Limits, Timeout
from openai import AsyncOpenAI, DefaultAioHttpClient

from inference.prompting import PromptMode

RESERVED_FIELDS = frozenset({"model", "messages", "stream", "stream_options", "n"})
"""Fields of a request that are ours to set: an `extra` that changes them would break streaming or blindness."""

# vLLM's server drops an idle connection after 5 s. Dropping it earlier ourselves means that no request is
# ever sent into a connection that is just being closed.
_KEEPALIVE_SECONDS = 2.0
_MAX_CONNECTIONS = 2000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint and one model of it. Times are in seconds."""

    base_url: str
    model_name: str
    api_key: str = field(default="", repr=False)
    connect_timeout: float = 5.0
    first_token_timeout: float = 60.0
    silence_timeout: float = 30.0
    system_prompt_mode: PromptMode = "system"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask: the messages, and sampling parameters. None leaves a parameter to the server.

    `extra` goes into the request's body as it is, for what only some servers know, such as `top_k` or `seed`.
    """

    messages: Sequence[Mapping[str, str]]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        reserved = RESERVED_FIELDS & self.extra.keys()
        if reserved:
            raise ValueError(f"Extra parameters may not set {', '.join(sorted(reserved))}.")


_clients: dict[tuple[asyncio.AbstractEventLoop, str, str, float], AsyncOpenAI] = {}


def client_for(endpoint: Endpoint) -> AsyncOpenAI:
    """The client for `endpoint` in the running event loop, made at first use and kept for its connections."""
    loop = asyncio.get_running_loop()
    key = (loop, endpoint.base_url, endpoint.api_key, endpoint.connect_timeout)
    if key not in _clients:
        for stale in [known for known in _clients if known[0].is_closed()]:
            del _clients[stale]
        _clients[key] = _new_client(endpoint)
    return _clients[key]


async def close_clients() -> None:
    """Close the running event loop's clients and their connections. Call it before the loop ends."""
    loop = asyncio.get_running_loop()
    for key in [known for known in _clients if known[0] is loop]:
        await _clients.pop(key).close()


def _new_client(endpoint: Endpoint) -> AsyncOpenAI:
    # Only the connection has its time limit here. Those of the tokens are `stream_chat`'s, which knows what a
    # token is.
    timeout = Timeout(None, connect=endpoint.connect_timeout, pool=endpoint.connect_timeout)
    limits = Limits(max_connections=_MAX_CONNECTIONS, keepalive_expiry=_KEEPALIVE_SECONDS)
    client = AsyncOpenAI(
        base_url=endpoint.base_url,
        # None would make the SDK send this process's OPENAI_API_KEY to whatever server this is.
        api_key=endpoint.api_key or "none",
        # The arena decides about the one retry: only before the first token, and not for every kind of
        # failure.
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAioHttpClient(timeout=timeout, limits=limits),
    )
    # These come from the environment too, and are nothing that another server should be told.
    client.organization = client.project = None
    return client

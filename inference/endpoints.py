"""Where a model answers, how it is asked, and the session that does it. No Django in it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

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


_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}


def session_of_this_loop() -> aiohttp.ClientSession:
    """What servers are asked with, in the running event loop; made at first use and kept for its connections."""
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        for stale in [known for known in _sessions if known.is_closed()]:
            del _sessions[stale]
        connector = aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEPALIVE_SECONDS)
        # Servers of models have no business with cookies, and the next server even less.
        _sessions[loop] = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    return _sessions[loop]


async def close_session() -> None:
    """Close the running event loop's session and its connections. Call it before the loop ends."""
    if session := _sessions.pop(asyncio.get_running_loop(), None):
        await session.close()

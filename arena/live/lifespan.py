"""Start and end of the web process: on SIGTERM the running answers end before it does."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from arena.live.streams import drain
from inference.streaming import close_clients

Message = dict[str, Any]


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI lifespan protocol."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await drain(settings.DRAIN_SECONDS)
            await close_clients()
            await send({"type": "lifespan.shutdown.complete"})
            return

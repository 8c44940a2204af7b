"""Start and end of the web process: on SIGTERM the running answers end before it does."""

import gc
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.conf import settings

from arena.live.leaving import leave
from arena.live.streams import drain
from inference.streaming import close_session

Message = dict[str, Any]

#: How long a database thread may keep the interpreter while the event loop, and so every stream, waits for it: a fifth
#: of Python's own choice.
_SWITCH_SECONDS = 0.001
#: New objects until the youngest are looked through for garbage; the same for the older generations, in rounds.
_GARBAGE_THRESHOLDS = (20_000, 20, 100)


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI lifespan protocol."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            # A server that knows of it calls it when it is told to end, before it waits for connections to close.
            scope.get("state", {})["leave"] = partial(leave, settings.DRAIN_SECONDS)
            _favour_streams()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await leave(settings.DRAIN_SECONDS)
            # Those of prompts that came in together with the signal.
            await drain(settings.DRAIN_SECONDS)
            await close_session()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _favour_streams() -> None:
    """Keeps pauses of the event loop short (docs/performance.md tells what each of these gave)."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What was imported stays for ever: looking through it for garbage stops every stream for a quarter of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)

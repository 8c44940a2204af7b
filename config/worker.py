"""gunicorn's ASGI worker, which tells the application at once that it is going to end.

gunicorn's own waits for connections to end by themselves before the application hears of it: sockets never do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gunicorn.workers.gasgi import ASGIWorker

#: Under this name the application leaves, in the state of its lifespan, what is to be awaited before the process ends.
LEAVE = "leave"

#: Connections on which nothing is running get this long to send what is still in their buffers, in seconds.
_LINGER = 1.0
_LOOK = 0.1


class DrainingWorker(ASGIWorker):  # type: ignore[misc]
    """On SIGTERM: listens no more, lets the application end what runs, and goes.

    Connections that are merely kept alive do not hold it up. SIGINT and SIGQUIT end it at once, as in gunicorn.
    """

    asgi: Callable[..., Awaitable[None]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._calls = 0
        self._leaving: asyncio.Task[None] | None = None

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.asgi = self._counting(self.asgi)

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self._leave()

    async def _shutdown(self) -> None:
        """In place of gunicorn's: within `graceful_timeout`, and with heartbeats, or its master would kill it."""
        self._leave()
        beating = self.loop.create_task(self._beat())
        deadline = self.loop.time() + self.cfg.graceful_timeout
        await self._wait(until=deadline, busy=lambda: self._calls > 0 or self._is_leaving())
        await self._wait(until=min(deadline, self.loop.time() + _LINGER), busy=lambda: self.nr_conns > 0)
        if self.lifespan and not self._quick_shutdown:
            await self.lifespan.shutdown()
        beating.cancel()

    async def _wait(self, *, until: float, busy: Callable[[], bool]) -> None:
        """Waits while something is going on, until a time of the loop's clock or a signal to end at once."""
        while busy() and not self._quick_shutdown and self.loop.time() < until:
            await asyncio.sleep(_LOOK)

    async def _beat(self) -> None:
        while True:
            self.notify()
            await asyncio.sleep(1)

    def _leave(self) -> None:
        for server in self.servers:
            server.close()
        if self._leaving is None and LEAVE in self.state:
            self._leaving = self.loop.create_task(self.state[LEAVE]())

    def _is_leaving(self) -> bool:
        return self._leaving is not None and not self._leaving.done()

    def _counting(self, application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Counts the requests and sockets that the application is busy with."""

        async def counted(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await application(scope, receive, send)
                return
            self._calls += 1
            try:
                await application(scope, receive, send)
            finally:
                self._calls -= 1

        return counted

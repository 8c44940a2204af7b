"""A line between browser and site that can be cut, and that can go dead without saying so."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import Any


class Line:
    """Passes bytes on, both ways, from a free port to the site's port; runs in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._is_down = False
        self._is_mute = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def cut(self) -> None:
        """Breaks every connection, and takes no new one until `mend`."""
        self._is_down = True
        self._run(self._break())

    def mend(self) -> None:
        self._is_down = self._is_mute = False

    def mute(self) -> None:
        """From now on, what is sent over the open connections is swallowed: half-open, as behind a lost radio link."""
        self._is_mute = True

    def _run(self, coroutine: Any) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        done.result(timeout=10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._break()
        # One turn of the loop, for the connections to notice.
        await asyncio.sleep(0.05)

    async def _break(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_down:
            writer.transport.abort()
            return
        site_reader, site_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        both = {writer, site_writer}
        self._writers |= both
        muted_from_now: list[bool] = [False]
        try:
            await asyncio.gather(
                self._pass(reader, site_writer, muted_from_now), self._pass(site_reader, writer, muted_from_now)
            )
        finally:
            self._writers -= both
            for end in both:
                end.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, muted: list[bool]) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                # A connection that was open when the line went mute stays mute, whatever comes later.
                muted[0] = muted[0] or self._is_mute
                if not muted[0]:
                    sink.write(data)
                    await sink.drain()
        sink.transport.abort()

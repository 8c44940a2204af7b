"""What is read of a reply, besides streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from inference.endpoints import Endpoint, close_session
from inference.enums import ModelHealth
from inference.health import probe
from inference.replies import fetch


@pytest.fixture
async def endless_pages() -> AsyncIterator[str]:
    """The address of a server all of whose pages go on for ever, as fast as they are read."""

    async def write(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

    server = await asyncio.start_server(write, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    await close_session()
    server.close()


async def test_a_page_without_an_end_is_not_gathered_up(endless_pages: str) -> None:
    async with asyncio.timeout(5):
        status, body = await fetch(Endpoint(endless_pages, "m"), f"{endless_pages}/models")
    assert status == 200
    assert 0 < len(body) < 10_000_000


async def test_a_probe_of_it_finds_no_list(endless_pages: str) -> None:
    async with asyncio.timeout(5):
        result = await probe(Endpoint(endless_pages, "m"), asks=True, reads_load=True)
    assert result.health is ModelHealth.FAILING
    assert result.reason.startswith("The list of models is none")

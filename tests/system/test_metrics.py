"""The figures of several web processes, also when one of them dies."""

import asyncio
import os
import re
import signal
from urllib.request import Request, urlopen

import pytest

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Volunteer
from tests.system.workers import socket_on, worker_of

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]
TOKEN = "a-token-of-the-tests"


async def figures(stack: Stack, name: str) -> float:
    """The sum of a metric's samples, scraped from whichever process takes the connection."""

    def read() -> str:
        request = Request(f"{stack.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        with urlopen(request, timeout=10) as page:
            return str(page.read().decode())

    samples = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", await asyncio.to_thread(read), re.MULTILINE)
    return sum(map(float, samples))


async def until(stack: Stack, name: str, value: float) -> None:
    for _try in range(50):
        if await figures(stack, name) == value:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{name} is {await figures(stack, name)} and not {value}")


async def test_whichever_process_is_asked_tells_of_all(pair: Stack, openai_server: StubServer) -> None:
    pair.env["LEHIA_METRICS_TOKEN"] = TOKEN
    pair.serve_models_at(openai_server.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        first = worker_of(pair, socket)
        other = await socket_on(volunteer, battle, pair, other_than=first)
        await socket.prompt()
        await socket.until("ballot", ballot_open=True)
        for _scrape in range(8):
            assert await figures(pair, "lehia_sockets_open") == 2
            assert await figures(pair, "lehia_answers_total") == 2
            assert await figures(pair, "lehia_draws_total") == 1
            assert await figures(pair, "lehia_first_token_seconds_count") == 2
        assert await figures(pair, "lehia_answers_running") == 0
        status, _answer = await volunteer.vote(battle, content="a", language="a")
        assert status == 200
        await until(pair, "lehia_ballots_total", 1)
        await until(pair, "lehia_ballots_uncollected", 1)

        os.kill(first, signal.SIGKILL)
        await until(pair, "lehia_sockets_open", 1)
        assert await figures(pair, "lehia_answers_total") == 2, "what it has counted stays"
        await other.close()
        await until(pair, "lehia_sockets_open", 0)
    pair.end("web", signal.SIGKILL)
    pair.start_web()
    assert await figures(pair, "lehia_answers_total") == 0, "a new server begins anew"

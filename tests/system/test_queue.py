"""A process that dies leaves no place taken: the queue of a model goes on in the others."""

import asyncio
import os
import signal

import pytest

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer
from tests.system.workers import worker_of

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]
LIMIT = "from inference.models import ServedModel\nresult = ServedModel.objects.update(max_concurrent_answers=1)"
PLACES = "from inference.models import Place\nresult = Place.objects.count()"
LOST_SECONDS = 3


async def on_another_worker(volunteer: Volunteer, battle: str, stack: Stack, *, than: int) -> Socket:
    for _try in range(40):
        socket = await volunteer.page(battle)
        if worker_of(stack, socket) != than:
            return socket
        await socket.close()
    raise AssertionError("every connection went to the same worker")


async def test_the_places_of_a_killed_process_are_freed(pair: Stack, openai_server: StubServer) -> None:
    """Both sides of the demo's battles are one served model, which answers one at a time."""
    pair.env["LEHIA_ANSWER_LOST_SECONDS"] = str(LOST_SECONDS)
    pair.serve_models_at(openai_server.base_url)
    pair.evaluate(LIMIT)
    openai_server.script.text = "luzea " * 2000
    openai_server.script.tokens_per_second = 20
    pair.start_web()
    async with Volunteer(pair.address) as first, Volunteer(pair.address) as second:
        await first.join()
        await second.join()
        holding = await first.page(await first.start_battle())
        holder = worker_of(pair, holding)
        await holding.send(type="prompt", turn=1, text="Kaixo!")
        await holding.until("delta")
        waiting = await on_another_worker(second, await second.start_battle(), pair, than=holder)
        await waiting.send(type="prompt", turn=1, text="Kaixo!")
        # The other side of the first battle is before it, and its own other side after.
        while {frame["place"] for frame in waiting.frames if frame["type"] == "queue"} != {2, 3}:
            await waiting.until("queue")

        os.kill(holder, signal.SIGKILL)
        killed = asyncio.get_running_loop().time()
        await waiting.until("delta", timeout=LOST_SECONDS + 5)
        assert asyncio.get_running_loop().time() - killed < LOST_SECONDS + 3
        assert [frame["place"] for frame in waiting.frames if frame["type"] == "queue"][-1] == 1
        await waiting.send(type="stop")
        for _side in range(2):
            await waiting.until("answer", status="stopped")
    for _try in range(20):
        if not await asyncio.to_thread(pair.evaluate, PLACES):
            return
    raise AssertionError("a place is still taken")

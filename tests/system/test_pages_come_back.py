"""Two answers survive what pages do: a reload, a second tab at another worker, a phone that sleeps."""

import asyncio

import pytest

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Volunteer
from tests.system.workers import socket_on, worker_of

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]

#: 60 tokens at 20 a second: 3 seconds.
TEXT = "luzea " * 60


@pytest.fixture
def slow_model(openai_server: StubServer) -> StubServer:
    openai_server.script.text = TEXT
    openai_server.script.tokens_per_second = 20
    return openai_server


async def test_a_reload_goes_on_where_the_answers_are(pair: Stack, slow_model: StubServer) -> None:
    """Twice in a row, on whichever worker; the page that comes back has nothing and is told everything."""
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        for _reload in range(2):
            shown = socket.text("a")
            await socket.close()
            await volunteer.get(battle)
            socket = await volunteer.page(battle)
            while len(socket.text("a")) <= len(shown):
                await socket.until("delta", side="a")
            assert socket.text("a").startswith(shown)
        await socket.until("ballot", ballot_open=True)
        assert socket.text("a") == socket.text("b") == TEXT
        assert len(slow_model.requests) == 2, "nothing was asked again"
        assert (await volunteer.vote(battle, content="a", language="tie"))[0] == 200


async def test_a_second_tab_at_the_other_worker_sees_the_same(pair: Stack, slow_model: StubServer) -> None:
    """Frames go from the worker that streams to the other; what is stopped there stops here."""
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        first = await volunteer.page(battle)
        second = await socket_on(volunteer, battle, pair, other_than=worker_of(pair, first))
        await second.hello()
        await first.prompt()
        assert (await second.until("turn"))["prompt"] == "Kaixo, zer moduz?"
        # More than what is saved once a second.
        while len(second.text("a")) < 150:
            await second.until("delta", side="a")
        await second.send(type="stop", side="a")
        stopped = [await tab.until("answer", side="a", status="stopped") for tab in (first, second)]
        assert stopped[0]["length"] == stopped[1]["length"] > 0
        for tab in (first, second):
            await tab.until("ballot", ballot_open=True)
            await tab.hello()
        assert first.text("a") == second.text("a") != TEXT
        assert first.text("b") == second.text("b") == TEXT
        assert (await volunteer.vote(battle, content="b", language="b"))[0] == 200


async def test_a_phone_that_sleeps_finds_its_answers(pair: Stack, slow_model: StubServer) -> None:
    """Its socket is given up (here after two seconds), the answers end meanwhile, and it gets the rest."""
    pair.env["LEHIA_SOCKET_IDLE_SECONDS"] = "2"
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        asleep = await volunteer.page(battle)
        await asleep.prompt()
        known = {side: asleep.text(side) for side in "ab"}
        watching = await volunteer.page(battle)
        while not [frame for frame in watching.frames if frame["type"] == "ballot" and frame["ballot_open"]]:
            await watching.send(type="ping")
            await watching.until("pong")
            await asyncio.sleep(0.2)
        awake = await volunteer.page(battle, after=asleep)
        (turn,) = awake.frames[-1]["turns"]
        for side in "ab":
            assert turn[side]["at"] == len(known[side]), "only what it lacks is sent"
            assert awake.text(side) == TEXT
        assert await asleep.closed_with() == 4408
        assert (await volunteer.vote(battle, content="tie", language="a"))[0] == 200

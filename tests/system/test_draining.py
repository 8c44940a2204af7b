"""A web process that is told to end lets its answers end first, and sends its pages to the others."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import Socket, Volunteer
from tests.system.workers import alive, worker_of

GOING_AWAY = 1001
#: 80 tokens at 20 a second: 4 seconds.
TEXT = "luzea " * 80


@pytest.fixture
def slow_model(openai_server: StubServer) -> Iterator[StubServer]:
    openai_server.script.text = TEXT
    openai_server.script.tokens_per_second = 20
    yield openai_server


async def gone(pid: int, *, within: float) -> float:
    """Waits until a process is gone; returns how long that took."""
    started = time.monotonic()
    async with asyncio.timeout(within):
        while alive(pid):
            await asyncio.sleep(0.05)
    return time.monotonic() - started


async def assert_vote_counts(volunteer: Volunteer, battle: str, socket: Socket) -> None:
    """Both answers are whole on the page, and the vote is taken."""
    for side in "ab":
        assert socket.text(side) == TEXT
    status, answer = await volunteer.vote(battle, content="a", language="a")
    assert (status, answer["status"]) == (200, "recorded")


@pytest.mark.processes
async def test_the_end_of_the_server_waits_for_running_answers(embedded: Stack, slow_model: StubServer) -> None:
    """SIGTERM of gunicorn: delivered to the open socket, closed with 1001, and the process ends right after it."""
    embedded.serve_models_at(slow_model.base_url)
    embedded.start_web()
    (worker,) = embedded.web_workers()
    async with Volunteer(embedded.address) as volunteer, Volunteer(embedded.address) as idle:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        await idle.join()
        idle_battle = await idle.start_battle()
        idle_socket = await idle.page(idle_battle)
        # As a browser does that opens a connection to have one at hand, and then says nothing.
        _reader, spare = await asyncio.open_connection("127.0.0.1", embedded.port)
        stopping = asyncio.create_task(asyncio.to_thread(embedded.end, "web", signal.SIGTERM))
        assert await idle_socket.closed_with(timeout=2) == GOING_AWAY
        assert alive(worker)
        assert await socket.closed_with(timeout=10) == GOING_AWAY
        assert [frame for frame in socket.frames if frame["type"] == "ballot"][-1]["ballot_open"]
        assert await gone(worker, within=5) < 4
        await stopping
        spare.close()
        embedded.start_web()
        await volunteer.get(battle)
        await assert_vote_counts(volunteer, battle, socket)


@pytest.mark.processes
async def test_a_prompt_is_not_taken_by_a_process_that_ends(embedded: Stack, slow_model: StubServer) -> None:
    """The next turn of a battle, asked while the process waits for the other tab's answers: the page asks again."""
    embedded.serve_models_at(slow_model.base_url)
    embedded.start_web()
    async with Volunteer(embedded.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        os.kill(embedded.web_workers()[0], signal.SIGTERM)
        await socket.until("delta")
        await socket.send(type="prompt", turn=2, text="Eta gero?")
        assert await socket.closed_with(timeout=3) == GOING_AWAY
        socket = await volunteer.page(battle, after=socket)
        assert len(socket.frames[-1]["turns"]) == 1
        if socket.text("a") != TEXT or socket.text("b") != TEXT:
            await socket.until("ballot", ballot_open=True)
        await socket.prompt("Eta gero?", turn=2)
        await socket.until("ballot", ballot_open=True)
        assert socket.text("a", turn=2) == TEXT
        await assert_vote_counts(volunteer, battle, socket)


@pytest.mark.processes
async def test_answers_that_take_too_long_are_stopped_with_what_they_have(
    embedded: Stack, slow_model: StubServer
) -> None:
    slow_model.script.text = TEXT * 100
    embedded.env["LEHIA_DRAIN_SECONDS"] = "1"
    embedded.serve_models_at(slow_model.base_url)
    embedded.start_web()
    async with Volunteer(embedded.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        stopping = asyncio.create_task(asyncio.to_thread(embedded.end, "web", signal.SIGTERM))
        assert await socket.closed_with(timeout=4) == GOING_AWAY
        ends = [frame for frame in socket.frames if frame["type"] == "answer" and frame["status"] == "stopped"]
        assert {frame["side"] for frame in ends} == {"a", "b"}
        assert all(len(socket.text(frame["side"])) == frame["length"] > 0 for frame in ends)
        await stopping


@pytest.mark.processes
async def test_an_interrupt_waits_for_nothing(embedded: Stack, slow_model: StubServer) -> None:
    """Ctrl-C: what was saved stays, and the answers can be tried again."""
    slow_model.script.text = TEXT * 100
    embedded.serve_models_at(slow_model.base_url)
    embedded.start_web()
    async with Volunteer(embedded.address) as volunteer:
        await volunteer.join()
        socket = await volunteer.page(await volunteer.start_battle())
        await socket.prompt()
        started = time.monotonic()
        await asyncio.to_thread(embedded.end, "web", signal.SIGINT)
        assert time.monotonic() - started < 5


@pytest.mark.processes
@pytest.mark.postgres
@pytest.mark.redis
async def test_a_reload_of_the_server_costs_no_answer(pair: Stack, slow_model: StubServer) -> None:
    """HUP of gunicorn: new battles go to the new workers, while the old ones let their answers end."""
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer, Volunteer(pair.address) as newcomer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        old = pair.web_workers()
        pair.processes["web"].send_signal(signal.SIGHUP)
        await socket.until("delta")
        await newcomer.join()
        new_battle = await newcomer.start_battle()
        new_socket = await newcomer.page(new_battle)
        assert worker_of(pair, new_socket) not in old
        await new_socket.prompt()
        assert await socket.closed_with(timeout=10) == GOING_AWAY
        for pid in old:
            await gone(pid, within=5)
        await volunteer.get(battle)
        await assert_vote_counts(volunteer, battle, socket)
        await new_socket.until("ballot", ballot_open=True)
        await assert_vote_counts(newcomer, new_battle, new_socket)


@pytest.mark.processes
@pytest.mark.postgres
@pytest.mark.redis
async def test_one_worker_ends_and_the_other_goes_on(pair: Stack, slow_model: StubServer) -> None:
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        worker = worker_of(pair, socket)
        os.kill(worker, signal.SIGTERM)
        await socket.until("delta")
        # A second tab: only the other worker listens now, and the frames come to it from the one that ends.
        tab = await volunteer.page(battle)
        assert worker_of(pair, tab) != worker
        await tab.until("ballot", ballot_open=True)
        assert tab.text("a") == tab.text("b") == TEXT
        assert await socket.closed_with(timeout=5) == GOING_AWAY
        await gone(worker, within=5)
        await assert_vote_counts(volunteer, battle, socket)
        async with asyncio.timeout(10):
            while len(set(pair.web_workers()) - {worker}) < 2:
                await asyncio.sleep(0.1)

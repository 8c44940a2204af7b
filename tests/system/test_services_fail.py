"""Redis is started anew, PostgreSQL drops its connections, a worker is killed: while both models answer."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from inference.engine.guard import die_with_parent
from tests.ports import free_port
from tests.services import POSTGRES_SERVER, listening
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer
from tests.system.stack import Stack
from tests.system.volunteer import CutOff, Socket, Volunteer
from tests.system.workers import socket_on, worker_of

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]

#: 100 tokens at 20 a second: 5 seconds.
TEXT = "luzea " * 100


@pytest.fixture
def slow_model(openai_server: StubServer) -> StubServer:
    openai_server.script.text = TEXT
    openai_server.script.tokens_per_second = 20
    return openai_server


@dataclass
class RedisProcess:
    """A Redis of the test's own, which keeps nothing on disk."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, preexec_fn=lambda: die_with_parent(signal.SIGKILL)
        )
        async with asyncio.timeout(10):
            while not listening("127.0.0.1", self.port):
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=10)
        self.process = None


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    if shutil.which("redis-server") is None:
        pytest.skip("Redis: its program `redis-server` is not on the path.")
    redis = RedisProcess(tmp_path, free_port())
    yield redis
    if redis.process is not None:
        redis.kill()


async def until_open(volunteer: Volunteer, battle: str, socket: Socket) -> Socket:
    """Waits for the ballot as a page does: it asks again when nothing comes, and connects again when it was cut off."""
    for _try in range(10):
        try:
            await socket.until("ballot", ballot_open=True, timeout=3)
            return socket
        except TimeoutError:
            if (await socket.hello())["ballot_open"]:
                return socket
        except CutOff:
            socket = await volunteer.page(battle, after=socket)
            if socket.frames[-1]["ballot_open"]:
                return socket
    raise AssertionError("the ballot never opened")


async def assert_whole_and_voted(volunteer: Volunteer, battle: str, *tabs: Socket) -> None:
    for tab in tabs:
        tab = await until_open(volunteer, battle, tab)
        assert tab.text("a") == tab.text("b") == TEXT
    status, answer = await volunteer.vote(battle, content="a", language="a")
    assert (status, answer and answer["status"]) == (200, "recorded")


async def test_redis_is_started_anew(pair: Stack, slow_model: StubServer, own_redis: RedisProcess) -> None:
    """Both tabs, that of the worker that streams and that of the other, end up with the whole answers."""
    await own_redis.start()
    pair.env["LEHIA_REDIS_URL"] = f"redis://127.0.0.1:{own_redis.port}/0"
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        near = await volunteer.page(battle)
        far = await socket_on(volunteer, battle, pair, other_than=worker_of(pair, near))
        await far.hello()
        await near.prompt()
        await far.until("delta", side="b")
        own_redis.kill()
        await asyncio.sleep(1)
        await own_redis.start()
        await assert_whole_and_voted(volunteer, battle, near, far)
    assert len(slow_model.requests) == 2


async def test_redis_stays_away(pair: Stack, slow_model: StubServer, own_redis: RedisProcess) -> None:
    """Without it the tab of the worker that streams loses nothing, and a reload finds all on any worker."""
    await own_redis.start()
    pair.env["LEHIA_REDIS_URL"] = f"redis://127.0.0.1:{own_redis.port}/0"
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        near = await volunteer.page(battle)
        await near.prompt()
        own_redis.kill()
        near = await until_open(volunteer, battle, near)
        far = await socket_on(volunteer, battle, pair, other_than=worker_of(pair, near))
        await far.hello()
        await assert_whole_and_voted(volunteer, battle, near, far)


async def test_postgresql_drops_its_connections(pair: Stack, slow_model: StubServer) -> None:
    """Three times in a row; saves are tried again, and neither page nor answer is lost."""
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        name = urlsplit(pair.env["LEHIA_DATABASE_URL"]).path.strip("/")
        for _time in range(3):
            # The next save brings a connection back; until then there may be none to drop.
            async with asyncio.timeout(10):
                while not await asyncio.to_thread(drop_connections, name):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(1)
        await assert_whole_and_voted(volunteer, battle, socket)
    assert len(slow_model.requests) == 2


def drop_connections(database: str) -> int:
    """Ends every connection to a database; how many there were."""
    with psycopg.connect(f"{POSTGRES_SERVER}/postgres", autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
        return len(ended.fetchall())


async def test_a_worker_is_killed(pair: Stack, slow_model: StubServer) -> None:
    """Kill -9 of one of two: what it had saved is kept at the other, both sides can be tried again, the vote counts."""
    pair.env["LEHIA_ANSWER_LOST_SECONDS"] = "3"
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.prompt()
        while len(socket.text("a")) < 150:
            await socket.until("delta", side="a")
        os.kill(worker_of(pair, socket), signal.SIGKILL)
        await socket.closed_with()
        socket = await volunteer.page(battle, after=socket)
        async with asyncio.timeout(15):
            while not all(socket.frames[-1]["turns"][0][side]["status"] == "failed" for side in "ab"):
                await asyncio.sleep(0.5)
                await socket.hello()
        assert socket.frames[-1]["turns"][0]["prompt"] == "Kaixo, zer moduz?"
        for side in "ab":
            assert TEXT.startswith(socket.text(side)) and socket.text(side)
            await socket.send(type="retry", turn=1, side=side)
        await assert_whole_and_voted(volunteer, battle, socket)


async def test_a_worker_is_killed_before_the_first_token(pair: Stack, slow_model: StubServer) -> None:
    """Nothing was shown yet, so both sides begin again by themselves at the other worker."""
    pair.env["LEHIA_ANSWER_LOST_SECONDS"] = "2"
    slow_model.script.behaviours = {"smollm2-135m-instruct": Behaviour.SLOW}
    slow_model.script.pause = 30
    pair.serve_models_at(slow_model.base_url)
    pair.start_web()
    async with Volunteer(pair.address) as volunteer:
        await volunteer.join()
        battle = await volunteer.start_battle()
        socket = await volunteer.page(battle)
        await socket.send(type="prompt", turn=1, text="Kaixo!")
        async with asyncio.timeout(10):
            while len(slow_model.requests) < 2:
                await asyncio.sleep(0.05)
        slow_model.script.behaviours = {}
        os.kill(worker_of(pair, socket), signal.SIGKILL)
        await socket.closed_with()
        socket = await volunteer.page(battle, after=socket)
        await assert_whole_and_voted(volunteer, battle, socket)

"""The supervisor over real processes: the scripted model server, killed and stopped for real."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from inference.endpoints import Endpoint
from inference.engine import processes
from inference.engine.supervisor import Patience, ServerPlan, ServerState, Supervisor
from inference.engine.vllm_args import ServerCommand

ROOT = Path(__file__).resolve().parents[2]
QUICK = Patience(until_ready=15, between_polls=0.05, first_pause=0.05, longest_pause=0.05, restarts=2, stopping=2)


class Watched:
    """A supervisor that notes what it reports, running in a task."""

    def __init__(self, *plans: ServerPlan, patience: Patience = QUICK) -> None:
        self.states: list[ServerState] = []
        self.lines: list[str] = []
        self.stop = asyncio.Event()
        self._changed = asyncio.Event()
        supervisor = Supervisor(plans, self._report, self.lines.append, patience=patience, cwd=ROOT)
        self.task = asyncio.create_task(supervisor.run(self.stop))

    async def _report(self, plan: ServerPlan, state: ServerState, problem: str) -> None:
        self.states.append(state)
        self._changed.set()

    async def until(self, *states: ServerState) -> None:
        """Wait until just these states were reported."""
        async with asyncio.timeout(20):
            while self.states != list(states):
                assert self.states == list(states)[: len(self.states)], self.lines
                self._changed.clear()
                await self._changed.wait()


def plan(port: int, folder: Path, *arguments: str) -> ServerPlan:
    command = arguments or (sys.executable, "-m", "tests.stubs.openai_server", "--port", str(port))
    return ServerPlan(
        name="stub",
        command=ServerCommand(tuple(command), {}),
        endpoint=Endpoint(f"http://127.0.0.1:{port}/v1", "stub-a", connect_timeout=1),
        port=port,
        log=folder / "log" / "stub.log",
    )


def server_pid(port: int) -> int:
    """The process that listens on `port`."""
    inode = next(
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    )
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(descriptor) == f"socket:[{inode}]":
                return int(descriptor.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody listens")


pytestmark = pytest.mark.processes


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_server_gets_ready_and_is_stopped(free_port: int, tmp_path: Path) -> None:
    watched = Watched(plan(free_port, tmp_path))
    await watched.until(ServerState.STARTING, ServerState.READY)
    assert not processes.port_is_free(free_port)
    watched.stop.set()
    assert await watched.task
    assert watched.states[-1] is ServerState.STOPPED
    assert processes.port_is_free(free_port)
    assert "Serving stub-a" in (tmp_path / "log" / "stub.log").read_text()


async def test_a_server_stopped_while_it_loads_is_gone_too(free_port: int, tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import time; print('loading', flush=True); time.sleep(60)")
    watched = Watched(plan(free_port, tmp_path, *command))
    await watched.until(ServerState.STARTING)
    watched.stop.set()
    assert await watched.task
    assert watched.states == [ServerState.STARTING, ServerState.STOPPED]


async def test_a_server_that_dies_is_started_again(free_port: int, tmp_path: Path) -> None:
    watched = Watched(plan(free_port, tmp_path))
    await watched.until(ServerState.STARTING, ServerState.READY)
    os.kill(server_pid(free_port), signal.SIGKILL)
    await watched.until(
        ServerState.STARTING, ServerState.READY, ServerState.DIED, ServerState.STARTING, ServerState.READY
    )
    watched.stop.set()
    assert await watched.task


async def test_a_server_that_cannot_start_is_given_up_on_and_its_log_shown(free_port: int, tmp_path: Path) -> None:
    watched = Watched(plan(free_port, tmp_path, sys.executable, "-c", "raise SystemExit('no such weights')"))
    assert not await asyncio.wait_for(watched.task, 20)
    assert watched.states == [
        *[ServerState.STARTING, ServerState.DIED] * QUICK.restarts,
        ServerState.STARTING,
        ServerState.GIVEN_UP,
    ]
    assert watched.lines[-1].count("no such weights") == 3


async def test_a_server_that_is_never_ready_is_stopped(free_port: int, tmp_path: Path) -> None:
    impatient = Patience(until_ready=0.3, between_polls=0.05, restarts=0, stopping=2)
    watched = Watched(
        plan(free_port, tmp_path, sys.executable, "-c", "import time; time.sleep(60)"), patience=impatient
    )
    assert not await asyncio.wait_for(watched.task, 20)
    assert watched.states == [ServerState.STARTING, ServerState.GIVEN_UP]
    assert "was not ready after" in watched.lines[-2]


async def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        watched = Watched(plan(taken.getsockname()[1], tmp_path), patience=Patience(first_pause=0, restarts=0))
        assert not await asyncio.wait_for(watched.task, 20)
    assert watched.states == [ServerState.GIVEN_UP]
    assert "is taken by another program" in watched.lines[0]


async def test_servers_of_one_device_are_loaded_one_after_the_other(tmp_path: Path) -> None:
    order: list[tuple[str, ServerState]] = []

    async def report(which: ServerPlan, state: ServerState, problem: str) -> None:
        order.append((which.log.stem, state))

    plans = []
    for name in ("one", "two"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            chosen = plan(int(probe.getsockname()[1]), tmp_path)
        plans.append(ServerPlan(**{**vars(chosen), "log": tmp_path / f"{name}.log"}))
    stop = asyncio.Event()
    task = asyncio.create_task(Supervisor(plans, report, lambda line: None, patience=QUICK, cwd=ROOT).run(stop))
    async with asyncio.timeout(20):
        while len(order) < 4:
            await asyncio.sleep(0.02)
    stop.set()
    await task
    assert order[:4] == [
        ("one", ServerState.STARTING),
        ("one", ServerState.READY),
        ("two", ServerState.STARTING),
        ("two", ServerState.READY),
    ]

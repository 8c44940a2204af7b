"""The supervisor over real processes: the scripted model server, killed and stopped for real."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inference.endpoints import Endpoint
from inference.engine import processes
from inference.engine.states import ServerState
from inference.engine.supervisor import Patience, ServerPlan, Supervisor
from inference.engine.vllm_args import ServerCommand
from tests.ports import free_port
from tests.processes import listener

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


pytestmark = pytest.mark.processes


@pytest.fixture(name="free_port")
def a_free_port() -> int:
    return free_port()


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
    os.kill(listener(free_port), signal.SIGKILL)
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
    impatient = Patience(until_ready=1, between_polls=0.05, restarts=0, stopping=2)
    command = (sys.executable, "-c", "import time; print('still loading', flush=True); time.sleep(60)")
    watched = Watched(plan(free_port, tmp_path, *command), patience=impatient)
    assert not await asyncio.wait_for(watched.task, 20)
    assert watched.states == [ServerState.STARTING, ServerState.GIVEN_UP]
    assert "was not ready after" in watched.lines[-2]
    assert watched.lines[-1] == "still loading"


async def test_a_server_of_another_model_is_not_ready_and_it_is_said_why(free_port: int, tmp_path: Path) -> None:
    served = plan(free_port, tmp_path)
    other = replace(served, endpoint=replace(served.endpoint, model_name="latxa"))
    watched = Watched(other, patience=replace(QUICK, until_ready=3, restarts=0))
    assert not await asyncio.wait_for(watched.task, 20)
    assert "s (The server has no model 'latxa'; it has stub-a, stub-b); given up" in watched.lines[-2]


async def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        hindered = plan(taken.getsockname()[1], tmp_path)
        hindered.log.parent.mkdir()
        hindered.log.write_text("Serving, said an earlier run\n")
        watched = Watched(hindered, patience=Patience(first_pause=0, restarts=0))
        assert not await asyncio.wait_for(watched.task, 20)
    assert watched.states == [ServerState.GIVEN_UP]
    (line,) = watched.lines
    assert line.endswith("is taken by another program; given up after 1 tries.")


def on(devices: tuple[str, ...], name: str, folder: Path) -> ServerPlan:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen = plan(int(probe.getsockname()[1]), folder)
    return replace(chosen, log=folder / f"{name}.log", devices=devices)


async def order_of_events(*plans: ServerPlan) -> list[tuple[str, ServerState]]:
    """Run the servers until all are ready; what was reported, in order."""
    order: list[tuple[str, ServerState]] = []
    reported = asyncio.Event()

    async def report(which: ServerPlan, state: ServerState, problem: str) -> None:
        order.append((which.log.stem, state))
        reported.set()

    stop = asyncio.Event()
    task = asyncio.create_task(Supervisor(plans, report, lambda line: None, patience=QUICK, cwd=ROOT).run(stop))
    async with asyncio.timeout(30):
        while sum(state is ServerState.READY for _, state in order) < len(plans):
            reported.clear()
            await reported.wait()
    events = list(order)
    stop.set()
    await task
    return events


async def test_servers_that_share_a_gpu_are_loaded_one_after_the_other(tmp_path: Path) -> None:
    wide = on(("h:0", "h:1"), "wide", tmp_path)
    shared = on(("h:1",), "shared", tmp_path)
    assert await order_of_events(wide, shared) == [
        ("wide", ServerState.STARTING),
        ("wide", ServerState.READY),
        ("shared", ServerState.STARTING),
        ("shared", ServerState.READY),
    ]


async def test_servers_that_share_none_are_loaded_together(tmp_path: Path) -> None:
    events = await order_of_events(on(("h:0",), "one", tmp_path), on(("h:1",), "two", tmp_path))
    assert {state for _, state in events[:2]} == {ServerState.STARTING}

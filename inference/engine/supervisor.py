"""Keep model servers running: start them, say when they are ready, restart what dies, leave nothing behind."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference.endpoints import Endpoint, close_session
from inference.engine import processes
from inference.engine.spec.types import LOCALHOST
from inference.engine.states import ServerState
from inference.engine.vllm_args import ServerCommand
from inference.enums import ModelHealth
from inference.health import probe


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try."""

    until_ready: float = 900.0
    between_polls: float = 1.0
    between_lines: float = 10.0
    first_pause: float = 2.0
    longest_pause: float = 60.0
    restarts: int = 5
    until_forgiven: float = 600.0
    """A server that ran this long has its earlier deaths forgotten."""
    stopping: float = 20.0


@dataclass(frozen=True)
class ServerPlan:
    """One server to keep running."""

    name: str
    command: ServerCommand
    endpoint: Endpoint
    port: int
    log: Path
    bind: str = LOCALHOST
    """The address that it listens on."""
    devices: tuple[str, ...] = ("cpu",)
    """Servers that share one are loaded one after the other: vLLM measures the free memory while it loads."""


Report = Callable[[ServerPlan, ServerState, str], Awaitable[None]]


@dataclass
class Supervisor:
    """Runs the servers of `plans` until it is told to stop.

    `report` is awaited at every change of state; `say` gets lines for people.
    """

    plans: Sequence[ServerPlan]
    report: Report
    say: Callable[[str], None]
    patience: Patience = Patience()
    cwd: Path | None = None
    _loading: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def run(self, stop: asyncio.Event) -> bool:
        """Run until `stop` is set, or until every server was given up on. True if it was told to stop."""
        keepers = [asyncio.create_task(self._keep(plan), name=plan.name) for plan in self.plans]
        everything: asyncio.Future[Any] = asyncio.gather(*keepers)
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({everything, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if everything.done():
                # An error of the supervisor itself comes out here instead of passing for a server's.
                everything.result()
            return stop.is_set()
        finally:
            stopping.cancel()
            for keeper in keepers:
                keeper.cancel()
            # `everything` too: an error that nobody asks a future for is shown as a fault at the end.
            await asyncio.gather(*keepers, everything, stopping, return_exceptions=True)
            await close_session()

    async def _keep(self, plan: ServerPlan) -> None:
        """Start and restart one server. Returns when it is given up on."""
        deaths = 0
        # What an earlier run wrote says nothing of this one.
        written = processes.size_of(plan.log)
        while True:
            started = time.monotonic()
            problem = await self._run_once(plan)
            deaths = 1 if time.monotonic() - started > self.patience.until_forgiven else deaths + 1
            if deaths > self.patience.restarts:
                break
            pause = min(self.patience.first_pause * 2 ** (deaths - 1), self.patience.longest_pause)
            which = f"{deaths} of {self.patience.restarts}"
            await self.report(plan, ServerState.DIED, problem)
            self._show_end(plan, f"{problem}; trying again in {pause:.0f} s ({which})", since=written)
            await asyncio.sleep(pause)
        await self.report(plan, ServerState.GIVEN_UP, problem)
        self._show_end(plan, f"{problem}; given up after {deaths} tries", since=written)

    def _show_end(self, plan: ServerPlan, problem: str, *, since: int) -> None:
        end = processes.tail(plan.log, since=since)
        self.say(f"{plan.name}: {problem}.{f' The end of {plan.log}:' if end else ''}")
        if end:
            self.say(end)

    async def _run_once(self, plan: ServerPlan) -> str:
        """Run the server to its end, and return why it ended. Cancelling stops the server first."""
        if any(self._loading[device].locked() for device in plan.devices):
            self.say(f"{plan.name}: waits until another server is loaded")
        async with AsyncExitStack() as loading:
            # Always in the same order, so that no two servers wait for each other.
            for device in sorted(plan.devices):
                await loading.enter_async_context(self._loading[device])
            if not processes.port_is_free(plan.port, plan.bind):
                return f"port {plan.port} is taken by another program"
            self.say(f"{plan.name}: starting; its log is {plan.log}")
            await self.report(plan, ServerState.STARTING, "")
            process = await processes.start(
                plan.command.arguments,
                env=plan.command.env,
                log=plan.log,
                cwd=self.cwd,
                grace=self.patience.stopping,
            )
            try:
                problem = await self._until_ready(plan, process)
            except BaseException:
                await self._stop(plan, process)
                raise
        try:
            if problem:
                await processes.stop(process, grace=self.patience.stopping)
                return problem
            return f"ended with code {await process.wait()}"
        except asyncio.CancelledError:
            await self._stop(plan, process)
            raise

    async def _until_ready(self, plan: ServerPlan, process: asyncio.subprocess.Process) -> str:
        """Wait until the server answers. Returns a problem, or nothing when it is ready."""
        started = said = time.monotonic()
        while process.returncode is None:
            result = await probe(plan.endpoint, is_warming_up=True)
            now = time.monotonic()
            if result.health == ModelHealth.READY:
                await self.report(plan, ServerState.READY, "")
                self.say(f"{plan.name}: ready after {now - started:.0f} s at {plan.endpoint.base_url}")
                return ""
            if now - started > self.patience.until_ready:
                return f"was not ready after {now - started:.0f} s ({result.reason.removesuffix('.')})"
            if now - said >= self.patience.between_lines:
                self.say(f"{plan.name}: loading, {now - started:.0f} s")
                said = now
            await asyncio.sleep(self.patience.between_polls)
        return f"ended with code {process.returncode} while loading"

    async def _stop(self, plan: ServerPlan, process: asyncio.subprocess.Process) -> None:
        self.say(f"{plan.name}: stopping")
        await processes.stop(process, grace=self.patience.stopping)
        await self.report(plan, ServerState.STOPPED, "")

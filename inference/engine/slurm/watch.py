"""Follow the servers of a run in Slurm: read what their tasks report, and keep the database in step."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from inference.endpoints import Endpoint
from inference.engine import processes
from inference.engine.plan import Server
from inference.engine.registration import HealthRecorder, register_model
from inference.engine.slurm.jobs import Report, living_tasks, read_report
from inference.engine.slurm.script import LOGS
from inference.engine.states import ServerState
from inference.enums import ModelHealth
from inference.exceptions import EngineError
from inference.health import probe
from inference.models import ServedModel

SECONDS_BETWEEN_LINES = 30.0


@dataclass
class Watch:
    """What is known of the servers of a run, and what of it is in the database."""

    servers: Sequence[Server]
    run: Path
    job_name: str
    say: Callable[[str], None]
    _tasks: dict[str, str] = field(default_factory=dict)
    _reports: dict[str, Report] = field(default_factory=dict)
    _states: dict[str, ServerState] = field(default_factory=dict)
    _said: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._recorder = HealthRecorder(self.servers)
        self._served_models: dict[str, list[ServedModel]] = {}

    @property
    def is_over(self) -> bool:
        """Whether no server will come back."""
        return all(self._states.get(server.name) is ServerState.GIVEN_UP for server in self.servers)

    def expect(self, tasks: dict[str, str]) -> None:
        """`tasks` are to run these servers: names of servers to `JOB_TASK`."""
        self._tasks |= tasks

    async def look(self) -> None:
        """Read the reports and Slurm's queue, ask servers that are not ready yet, and store what changed."""
        try:
            living = await asyncio.to_thread(living_tasks, self.job_name)
        except EngineError as error:
            # The queue is often too busy to answer; the servers are not worse for it.
            self.say(str(error))
            return
        is_time = time.monotonic() - self._said >= SECONDS_BETWEEN_LINES
        for server in self.servers:
            if self._states.get(server.name) is ServerState.GIVEN_UP:
                continue
            try:
                await self._look_at(server, living.get(self._tasks[server.name], ""), is_time)
            except (DatabaseError, EngineError) as error:
                # What it reported is new again at the next look.
                self._reports.pop(server.name, None)
                self.say(f"{server.name}: {error}")
        if is_time:
            self._said = time.monotonic()

    async def end(self) -> None:
        """Every server that was not over is stopped now."""
        for server in self.servers:
            if self._states.get(server.name) not in (None, ServerState.GIVEN_UP):
                await self._change(server, ServerState.STOPPED)

    async def _look_at(self, server: Server, queue_state: str, is_time: bool) -> None:
        report = read_report(self.run, server.name)
        if not queue_state:
            await self._lose(server, f"its task {self._tasks[server.name]} has ended")
        elif report is None:
            if is_time:
                self.say(f"{server.name}: {queue_state.lower()} in Slurm's queue as {self._tasks[server.name]}")
        elif report != self._reports.get(server.name):
            self._reports[server.name] = report
            await self._follow(server, report)
        elif self._states[server.name] is ServerState.STARTING:
            await self._ask(server, is_time)

    async def _follow(self, server: Server, report: Report) -> None:
        problem = "" if report.state is ServerState.STARTING else f"ended with code {report.code}"
        if report.state is ServerState.GIVEN_UP:
            await self._lose(server, problem)
            return
        if report.state is ServerState.STARTING:
            self.say(f"{server.name}: starting at {self._at(server).base_url}; its log is {self._log(server)}")
            await self._register(server)
        else:
            self._show_end(server, f"{problem}; its task starts it again")
        await self._change(server, report.state, problem)

    async def _ask(self, server: Server, is_time: bool) -> None:
        base_url = self._at(server).base_url
        found = await probe(Endpoint(base_url, server.model.name, connect_timeout=2.0), is_warming_up=True)
        if found.health is ModelHealth.READY:
            self.say(f"{server.name}: ready at {base_url}")
            await self._change(server, ServerState.READY)
        elif is_time:
            self.say(f"{server.name}: loading")

    async def _lose(self, server: Server, problem: str) -> None:
        self._show_end(server, f"{problem}; given up")
        await self._change(server, ServerState.GIVEN_UP, problem)

    def _show_end(self, server: Server, problem: str) -> None:
        self.say(f"{server.name}: {problem}. The end of {self._log(server)}:")
        self.say(processes.tail(self._log(server)))

    async def _register(self, server: Server) -> None:
        """Point the served models of `server`'s model at all of its servers whose address is known."""
        siblings = [each for each in self.servers if each.model == server.model and each.name in self._reports]
        addresses = [self._at(each).base_url for each in siblings]
        self._recorder.move(self._at(server))
        self._served_models[server.model.name] = await sync_to_async(register_model)(server.model, addresses)

    async def _change(self, server: Server, state: ServerState, problem: str = "") -> None:
        self._states[server.name] = state
        await sync_to_async(self._recorder.record)(server.name, state, problem, served_models=self._served_models)

    def _at(self, server: Server) -> Server:
        """`server` on the node that it reported."""
        report = self._reports[server.name]
        return replace(server, port=report.port, host=replace(server.host, address=report.address))

    def _log(self, server: Server) -> Path:
        """The server's log, or that of its task where it has not come to a server."""
        own = self.run / LOGS / f"vllm-{server.name}.log"
        return own if server.name in self._reports else self.run / LOGS / f"slurm-{self._tasks[server.name]}.log"

"""Serve a spec's models on this machine, with their state in the database."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asgiref.sync import sync_to_async

from inference.endpoints import Endpoint
from inference.engine.plan import Server
from inference.engine.registration import HealthRecorder, register_spec
from inference.engine.signals import stop_on_signals
from inference.engine.spec import HostSpec, Spec
from inference.engine.states import ServerState
from inference.engine.supervisor import Patience, ServerPlan, Supervisor
from inference.engine.table import as_shell, plan_table
from inference.engine.this_machine import check_gpus, gpus_here, is_here
from inference.engine.vllm_args import Launch, python_of, server_command
from inference.exceptions import EngineError
from inference.models import ServedModel

PATIENCE = Patience()


def host_here(spec: Spec, servers: Sequence[Server], named: str = "") -> HostSpec:
    """The host of `spec` that this machine is: the one `named`, or that of all `servers`.

    Raises EngineError, with what to do, where that is another machine, or where other hosts have servers too.
    """
    wanted = [named] if named else list(dict.fromkeys(server.host.name for server in servers))
    for name in wanted:
        host = spec.host(name)
        if not is_here(host):
            raise EngineError(
                f"The host {name} ({host.reached_at}) is not this machine. Run `serve_models` there with "
                f"`--host {name}`, or use `--backend slurm`."
            )
        if len(wanted) > 1:
            raise EngineError(f"The plan uses {', '.join(wanted)}. Choose with `--host {name}` what to serve here.")
    return spec.host(wanted[0]) if wanted else spec.hosts[0]


def check_files(spec: Spec, servers: Sequence[Server], launch: Launch) -> None:
    """Raises SpecError where weights are not on this machine's disk, EngineError where its Python is not."""
    for server in servers:
        if server.model.path and not (launch.root / server.model.path).exists():
            raise spec.error(server.model, "path", f"is not there: {launch.root / server.model.path}")
        python = python_of(server.host, launch)
        if not python.exists():
            raise EngineError(f"There is no {python} to run {server.name} with.")


def server_plan(server: Server, launch: Launch, logs: Path) -> ServerPlan:
    """What the supervisor has to know of `server`."""
    devices = [f"{machine}:{index}" for machine, index in server.gpus] or ["cpu"]
    return ServerPlan(
        name=server.name,
        command=server_command(server, launch),
        endpoint=Endpoint(base_url=server.base_url, model_name=server.model.name, connect_timeout=2.0),
        port=server.port,
        log=logs / f"vllm-{server.name}.log",
        bind=server.host.reached_at.strip("[]"),
        devices=tuple(devices),
    )


@dataclass(frozen=True)
class LocalBackend:
    """Supervises the servers of one host of the plan: this machine."""

    spec: Spec
    servers: Sequence[Server]
    launch: Launch
    logs: Path
    named_host: str = ""
    visible_gpus: Sequence[str] | None = None

    def describe(self) -> str:
        """The plan, and the commands of each host."""
        return "\n".join([plan_table(self.spec, self.servers), *commands_by_host(self.servers, self.launch)])

    def serve(self, say: Callable[[str], None]) -> bool:
        """Serve until a signal to stop comes. False if every server was given up on.

        Raises SpecError or EngineError where it cannot be done here.
        """
        host = host_here(self.spec, self.servers, self.named_host)
        mine = [server for server in self.servers if server.host == host]
        gpus = gpus_here(self.visible_gpus) if any(server.gpus for server in mine) else None
        check_gpus(self.spec, host, mine, gpus)
        check_files(self.spec, mine, self.launch)
        launch = replace(self.launch, gpu_names=gpus.names.__getitem__) if gpus else self.launch
        served_models = register_spec(self.spec, self.servers)
        if not mine:
            say("There is no server to start here.")
            return True
        elsewhere = [server for server in self.servers if server.host != host]
        recorder = HealthRecorder(mine, elsewhere=elsewhere, seconds_to_load=PATIENCE.until_ready)
        plans = [server_plan(server, launch, self.logs) for server in mine]
        return asyncio.run(_supervise(plans, recorder, served_models, self.launch.root, say))


def commands_by_host(servers: Sequence[Server], launch: Launch) -> Iterator[str]:
    """A heading for each host, and a line for each of its servers."""
    for host in dict.fromkeys(server.host for server in servers):
        yield f"\n# on {host.name}"
        yield from (as_shell(server_command(server, launch)) for server in servers if server.host == host)


async def _supervise(
    plans: Sequence[ServerPlan],
    recorder: HealthRecorder,
    served_models: Mapping[str, Sequence[ServedModel]],
    root: Path,
    say: Callable[[str], None],
) -> bool:
    async def report(plan: ServerPlan, state: ServerState, problem: str) -> None:
        await sync_to_async(recorder.record)(plan.name, state, problem, served_models=served_models)

    return await Supervisor(plans, report, say, patience=PATIENCE, cwd=root).run(stop_on_signals())

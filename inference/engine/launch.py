"""From a spec to running servers whose state is in the database."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from inference.actions import expect_warm_up, record_probe, register_served_model
from inference.endpoints import Endpoint
from inference.engine.spec import ModelSpec, Spec
from inference.engine.supervisor import Patience, ServerPlan, ServerState, Supervisor
from inference.engine.vllm_args import server_command
from inference.enums import ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel

log = structlog.get_logger(__name__)

_REASONS = {
    ServerState.DIED: "The server ended; it is started again.",
    ServerState.GIVEN_UP: "The server ended too often and was given up on.",
    ServerState.STOPPED: "The server was stopped.",
}


def register_spec(spec: Spec) -> list[ServedModel]:
    """Make or update the served model of each model of `spec`, in its order."""
    return [
        register_served_model(
            name=model.name,
            base_url=model.base_url,
            model_name=model.name,
            revision=model.revision,
            system_prompt_mode=model.system_prompt_mode,
        )
        for model in spec.models
    ]


def announce(spec: Spec, *, until: datetime) -> None:
    """The servers of `spec` are about to be started: until then, no connection means that they are warming up."""
    for served_model in register_spec(spec):
        expect_warm_up(served_model_id=served_model.pk, until=until)


def withdraw(spec: Spec, *, reason: str) -> None:
    """The servers of `spec` will not come; `reason` is for admins."""
    for served_model in register_spec(spec):
        record_probe(served_model_id=served_model.pk, result=ProbeResult(ModelHealth.FAILING, reason))


def server_plans(spec: Spec, *, python: Path, root: Path, logs: Path) -> list[ServerPlan]:
    """What to run for `spec`. Paths in it are relative to `root`."""
    return [_plan(model, python=python, root=root, logs=logs) for model in spec.models]


def serve(
    plans: Sequence[ServerPlan],
    served_models: Sequence[ServedModel],
    *,
    root: Path,
    say: Callable[[str], None],
) -> bool:
    """Run the servers until a signal to stop comes; their health follows in the database.

    `served_models` are those of `plans`, in the same order. False if every server was given up on.
    """
    return asyncio.run(_serve(plans, served_models, root, say))


async def _serve(
    plans: Sequence[ServerPlan], served_models: Sequence[ServedModel], root: Path, say: Callable[[str], None]
) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    ids = {plan.name: served.pk for plan, served in zip(plans, served_models, strict=True)}
    patience = Patience()

    async def report(plan: ServerPlan, state: ServerState, problem: str) -> None:
        await sync_to_async(_record)(ids[plan.name], state, problem, patience)

    return await Supervisor(plans, report, say, patience=patience, cwd=root).run(stop)


def _record(served_model_id: int, state: ServerState, problem: str, patience: Patience) -> None:
    """Store a server's state. A database that is away for a while must not take the models down with it."""
    close_old_connections()
    try:
        if state is ServerState.STARTING:
            until = timezone.now() + timedelta(seconds=patience.until_ready)
            expect_warm_up(served_model_id=served_model_id, until=until)
        elif state is ServerState.READY:
            record_probe(served_model_id=served_model_id, result=ProbeResult(ModelHealth.READY))
        else:
            reason = f"{_REASONS[state]} {problem}".strip()
            record_probe(served_model_id=served_model_id, result=ProbeResult(ModelHealth.FAILING, reason))
    except DatabaseError:
        log.exception("model_health_not_stored", served_model=served_model_id, state=state)


def _plan(model: ModelSpec, *, python: Path, root: Path, logs: Path) -> ServerPlan:
    return ServerPlan(
        name=model.name,
        command=server_command(model, python=python, root=root),
        endpoint=Endpoint(base_url=model.base_url, model_name=model.name, connect_timeout=2.0),
        port=model.port,
        log=logs / f"vllm-{model.name}.log",
        device=model.env.get("CUDA_VISIBLE_DEVICES", ""),
    )

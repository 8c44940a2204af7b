"""The ways to serve a plan."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from inference.engine.local import LocalBackend
from inference.engine.plan import plan
from inference.engine.ray import RayBackend
from inference.engine.slurm.backend import SlurmBackend
from inference.engine.spec import Spec
from inference.engine.vllm_args import Launch
from inference.exceptions import EngineError

BACKENDS = ("local", "slurm", "ray")


class Backend(Protocol):
    """Something that can serve a plan."""

    def describe(self) -> str:
        """What would be run, for people."""

    def serve(self, say: Callable[[str], None]) -> bool:
        """Serve until a signal to stop comes. False if every server ended. Raises SpecError or EngineError."""


def backend_for(
    name: str,
    spec: Spec,
    launch: Launch,
    *,
    logs: Path,
    run: Path,
    host: str = "",
    visible_gpus: tuple[str, ...] | None = None,
) -> Backend:
    """The backend `name` of BACKENDS over the plan of `spec`, for the one `host` where that is given.

    Raises SpecError where there is no room, EngineError where `host` cannot be chosen.
    """
    known = [each.name for each in spec.hosts]
    if host and host not in known:
        raise EngineError(f"{spec.source} has no host {host}; it has {', '.join(known)}.")
    if host and name == "slurm":
        raise EngineError("--host cannot be chosen with --backend slurm, which serves all of the plan.")
    servers = plan(spec, may_span=name == "ray")
    if name == "slurm":
        return SlurmBackend(spec, servers, launch, run)
    local = LocalBackend(spec, servers, launch, logs, host, visible_gpus)
    return RayBackend(local) if name == "ray" else local

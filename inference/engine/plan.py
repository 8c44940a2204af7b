"""From a spec to the servers to run: which model, where, on which GPUs, on which port. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.engine.placement import place
from inference.engine.places import OVERHEAD_GB, CannotPlace, GpuId, Machine, Need, Place
from inference.engine.spec import HostSpec, ModelSpec, Spec

DEFAULT_SHARE = 0.9
"""Of each GPU, for a model that says nothing about memory."""


@dataclass(frozen=True)
class Server:
    """One vLLM server of a plan."""

    model: ModelSpec
    replica: int
    """From 1."""
    host: HostSpec
    place: Place
    port: int

    @property
    def name(self) -> str:
        """Its name among the servers: the model's, and which replica where there are several."""
        return self.model.name if self.model.replicas == 1 else f"{self.model.name}#{self.replica}"

    @property
    def base_url(self) -> str:
        return f"http://{self.host.reached_at}:{self.port}/v1"

    @property
    def gpus(self) -> tuple[GpuId, ...]:
        return self.place.gpus

    @property
    def served_names(self) -> tuple[str, ...]:
        """What it serves: the model, and each adapter."""
        return (self.model.name, *(adapter.name for adapter in self.model.adapters))


def plan(spec: Spec, *, may_span: bool = False) -> list[Server]:
    """The servers of `spec`, in its order. Raises SpecError, with the arithmetic, where there is no room.

    With `may_span`, a model that needs more GPUs than a host has is spread over several.
    """
    wanted = [(model, replica) for model in spec.models for replica in range(1, model.replicas + 1)]
    _refuse_too_wide(spec, may_span)
    machines = [Machine(host.name, host.gpus) for host in spec.hosts]
    needs = [_need(spec, model, replica) for model, replica in wanted]
    try:
        places = place(needs, machines, may_span=may_span)
    except CannotPlace as error:
        model = wanted[[need.server for need in needs].index(error.server)][0]
        raise spec.error(model, "gpu_memory_utilization", f"of {error.server} cannot be had: it {error}") from error
    ports = _ports(spec, [(model, found) for (model, _), found in zip(wanted, places, strict=True)])
    return [
        Server(model, replica, spec.host(found.machine), found, port)
        for (model, replica), found, port in zip(wanted, places, ports, strict=True)
    ]


def _need(spec: Spec, model: ModelSpec, replica: int) -> Need:
    share = model.gpu_memory_utilization
    return Need(
        server=f"{model.name}#{replica}" if model.replicas > 1 else model.name,
        machines=tuple(host.name for host in spec.hosts_of(model) if _is_eligible(spec, model, host)),
        gpus=model.gpu_count,
        share=None if share == "fit" else DEFAULT_SHARE if share is None else share,
        gb_each=model.weights_gb_each + model.kv_cache_gb + OVERHEAD_GB,
        weights_gb=model.weights_gb_each,
        pinned=model.gpus,
    )


def _is_eligible(spec: Spec, model: ModelSpec, host: HostSpec) -> bool:
    """A model that may run on hosts with and without GPUs goes to those that have some."""
    return bool(host.gpus) or not any(other.gpus for other in spec.hosts_of(model))


def _refuse_too_wide(spec: Spec, may_span: bool) -> None:
    for model in spec.models:
        hosts = spec.hosts_of(model)
        counts = [len(host.gpus) for host in hosts]
        if model.gpu_count <= max(counts) or not max(counts) or (may_span and model.gpu_count <= sum(counts)):
            continue
        key = "tensor_parallel_size" if model.tensor_parallel_size > 1 else "pipeline_parallel_size"
        has = ", ".join(f"{host.name} has {len(host.gpus)}" for host in hosts)
        hint = "" if may_span or model.gpu_count > sum(counts) else "; --backend ray spreads a model over hosts"
        raise spec.error(model, key, f"of {model.name} needs {model.gpu_count} GPUs on one host: {has}{hint}")


def _ports(spec: Spec, placed: Sequence[tuple[ModelSpec, Place]]) -> list[int]:
    """A port for each: its own, or the first of its host's range that is free.

    Slurm may give one node to servers of different hosts of the file, so these share their ports.
    """
    machine_of = {host.name: "" if host.slurm else host.name for host in spec.hosts}
    taken = {(machine_of[found.machine], model.port) for model, found in placed if model.port}
    ports = []
    for model, found in placed:
        host = spec.host(found.machine)
        first, last = host.ports
        free = (port for port in range(first, last + 1) if (machine_of[host.name], port) not in taken)
        port = model.port or next(free, 0)
        if not port:
            raise spec.error(host, "ports", f"{first}-{last} are fewer than the servers of {host.name}")
        taken.add((machine_of[host.name], port))
        ports.append(port)
    return ports

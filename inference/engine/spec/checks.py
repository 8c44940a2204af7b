"""What the parts of a spec must be to each other, and to the files that they name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from inference.engine.spec.disk import adapter_rank, check_template, weights_gb
from inference.engine.spec.types import Located, ModelSpec, Spec

OWN_FLAGS = {
    "--model": "path",
    "--revision": "revision",
    "--served-model-name": "name",
    "--host": "hosts",
    "--port": "port",
    "--dtype": "dtype",
    "--max-model-len": "max_model_len",
    "--chat-template": "chat_template",
    "--gpu-memory-utilization": "gpu_memory_utilization",
    "--kv-cache-memory-bytes": "gpu_memory_utilization",
    "--tensor-parallel-size": "tensor_parallel_size",
    "-tp": "tensor_parallel_size",
    "--pipeline-parallel-size": "pipeline_parallel_size",
    "-pp": "pipeline_parallel_size",
    "--data-parallel-size": "replicas",
    "-dp": "replicas",
    "--enable-lora": "adapters",
    "--lora-modules": "adapters",
    "--max-lora-rank": "max_lora_rank",
    "--reasoning-parser": "reasoning_parser",
}
"""Arguments of vLLM that a spec has keys for: given past these, the plan would not know of them."""

UNREACHABLE = ("--api-key", "--uds", "--ssl-keyfile", "--ssl-certfile")
"""Arguments with which nobody could ask the server: its address is of HTTP, and it has no password."""


def checked(spec: Spec, root: Path) -> Spec:
    """`spec` with what its files say filled in. Raises SpecError."""
    _refuse_doubled_names(spec)
    _refuse_doubled_addresses(spec)
    for model in spec.models:
        _check_hosts(spec, model)
        _check_gpus(spec, model)
        _check_replicas(spec, model)
        _check_arguments(spec, model)
        _check_adapters(spec, model)
        check_template(spec, model, root)
    _refuse_doubled_ports(spec)
    models = tuple(_with_files(spec, model, root) for model in spec.models)
    for model in models:
        _check_fit(spec, model)
    return replace(spec, models=models)


def _names(spec: Spec) -> Iterator[tuple[str, Located]]:
    for model in spec.models:
        yield model.name, model
        for adapter in model.adapters:
            yield adapter.name, adapter
    for hosted in spec.hosted:
        yield hosted.name, hosted


def _refuse_doubled_names(spec: Spec) -> None:
    for named in (_names(spec), ((host.name, host) for host in spec.hosts)):
        seen: dict[str, Located] = {}
        for name, where in sorted(named, key=lambda pair: pair[1].line_of("name")):
            if name in seen:
                raise spec.error(where, "name", f"{name} is given twice, first in line {seen[name].line_of('name')}")
            seen[name] = where


def _refuse_doubled_addresses(spec: Spec) -> None:
    seen: dict[str, str] = {}
    for host in spec.hosts:
        if host.slurm is None and host.reached_at in seen:
            raise spec.error(host, "address", f"{host.reached_at} is that of {seen[host.reached_at]} already")
        seen[host.reached_at] = host.name


def _check_hosts(spec: Spec, model: ModelSpec) -> None:
    known = [host.name for host in spec.hosts]
    for name in model.host:
        if name not in known:
            raise spec.error(model, "host", f"{name} is not among the hosts: {', '.join(known)}")


def _check_gpus(spec: Spec, model: ModelSpec) -> None:
    hosts = spec.hosts_of(model)
    if not any(host.gpus for host in hosts):
        names = ", ".join(host.name for host in hosts)
        for key in ("gpus", "tensor_parallel_size", "pipeline_parallel_size"):
            if getattr(model, key) not in ((), 1):
                raise spec.error(model, key, f"needs GPUs, and none are named under 'hosts' for {names}")
        if model.gpu_memory_utilization == "fit":
            raise spec.error(
                model, "gpu_memory_utilization", f"fit needs GPUs, and none are named under 'hosts' for {names}"
            )
        return
    if model.gpus and len(model.gpus) != model.gpu_count:
        raise spec.error(model, "gpus", f"names {len(model.gpus)}, but one server needs {model.gpu_count}")
    most = max(len(host.gpus) for host in hosts)
    for gpu in model.gpus:
        if gpu >= most:
            has = "; ".join(f"{host.name} has {len(host.gpus)}, numbered from 0" for host in hosts)
            raise spec.error(model, "gpus", f"names GPU {gpu}, which is not there: {has}")


def _check_replicas(spec: Spec, model: ModelSpec) -> None:
    for key in ("port", "gpus"):
        if model.replicas > 1 and getattr(model, key):
            raise spec.error(model, key, "must be left out where there are several replicas: each needs its own")


def _refuse_doubled_ports(spec: Spec) -> None:
    with_port = [model for model in spec.models if model.port]
    for index, model in enumerate(with_port):
        for other in with_port[:index]:
            shared = _may_meet(spec, model, other) if model.port == other.port else []
            if shared:
                raise spec.error(model, "port", f"{model.port} is given twice: {other.name} has it on {shared[0]} too")


def _may_meet(spec: Spec, model: ModelSpec, other: ModelSpec) -> list[str]:
    """Where both may run: hosts that they share, and nodes of Slurm, which may be the same whatever they are called."""
    hosts, others = spec.hosts_of(model), spec.hosts_of(other)
    shared = [host.name for host in hosts if host in others]
    return shared or ["a node of Slurm"] * (any(host.slurm for host in hosts) and any(host.slurm for host in others))


def _check_arguments(spec: Spec, model: ModelSpec) -> None:
    for argument in model.extra_args:
        flag = argument.partition("=")[0]
        if key := _key_of(flag.replace("_", "-")):
            raise spec.error(model, "extra_args", f"must not have {flag}: the spec's key {key} sets it")
        if flag.replace("_", "-") in UNREACHABLE:
            raise spec.error(model, "extra_args", f"must not have {flag}: the arena could not ask the server then")
    if "VLLM_API_KEY" in model.env:
        raise spec.error(model, "env", "must not set VLLM_API_KEY: the arena could not ask the server then")


def _check_adapters(spec: Spec, model: ModelSpec) -> None:
    if model.max_lora_rank and not model.adapters:
        raise spec.error(model, "max_lora_rank", "is for models with adapters, and none are named")


def _key_of(flag: str) -> str | None:
    """The key that a spec has for one of vLLM's arguments, which takes them shortened too, as `--max-model`."""
    if len(flag) > len("--") and flag.startswith("--"):
        return next((key for own, key in OWN_FLAGS.items() if own.startswith(flag)), None)
    return OWN_FLAGS.get(flag)


def _with_files(spec: Spec, model: ModelSpec, root: Path) -> ModelSpec:
    adapters = tuple(
        replace(adapter, rank=adapter_rank(spec, model, adapter, root)) if adapter.path else adapter
        for adapter in model.adapters
    )
    weights = model.weights_gb or (weights_gb(root / model.path) if model.path else None)
    return replace(model, adapters=adapters, weights_gb=weights)


def _check_fit(spec: Spec, model: ModelSpec) -> None:
    if model.gpu_memory_utilization == "fit" and not model.weights_gb:
        raise spec.error(
            model,
            "gpu_memory_utilization",
            "fit needs the size of the weights: give 'weights_gb', or a 'path' that has the files",
        )

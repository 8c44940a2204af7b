"""Scripts for Slurm: one array for servers that need nodes alike, one task for servers that share GPUs. Pure.

A script starts vLLM on whatever node it is given and says so in a file of the run's folder, which `serve_models` reads.
The folder has to be on a file system that nodes and `serve_models` share; the nodes need no database.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.engine.places import GpuId
from inference.engine.plan import Server
from inference.engine.spec import HostSpec, SlurmSpec
from inference.engine.vllm_args import Launch, server_command

REPORTS = "servers"
LOGS = "log"
ANY_ADDRESS = "0.0.0.0"
# Without it every task would take the first GPU.
_NEEDS_GPUS = ': "${CUDA_VISIBLE_DEVICES:?is not set: Slurm has told this task of no GPU}"'
_FUNCTIONS = Path(__file__).with_name("task.sh")


@dataclass(frozen=True)
class JobArray:
    """Tasks that need the same kind of node and as many GPUs."""

    host: HostSpec
    gpus: int
    tasks: tuple[tuple[Server, ...], ...]

    @property
    def file_name(self) -> str:
        return f"{self.host.name}-{self.gpus}gpu.sbatch" if self.gpus else f"{self.host.name}-cpu.sbatch"


def job_arrays(servers: Sequence[Server]) -> list[JobArray]:
    """The arrays for `servers`, in their order."""
    arrays: dict[tuple[HostSpec, int], list[tuple[Server, ...]]] = {}
    for group in _groups(servers):
        arrays.setdefault((group[0].host, len(_gpus(group))), []).append(group)
    return [JobArray(host, gpus, tuple(tasks)) for (host, gpus), tasks in arrays.items()]


def script(array: JobArray, launch: Launch, run: Path, job_name: str) -> str:
    """What sbatch is given for `array`. `run` is the run's folder."""
    slurm = array.host.slurm or SlurmSpec()
    options = list(_options(array, slurm, run, job_name))
    tasks = [_task(number, group, launch) for number, group in enumerate(array.tasks)]
    return "\n".join(
        [
            "#!/bin/bash",
            *(f"#SBATCH {option}" for option in options),
            "# Written by serve_models, which submits it, reads what it reports, and cancels it at the end.",
            f"run={shlex.quote(str(run))}",
            *([_NEEDS_GPUS] if array.gpus else []),
            _FUNCTIONS.read_text(),
            *slurm.setup,
            "case $SLURM_ARRAY_TASK_ID in",
            *tasks,
            "esac",
            "wait",
            "",
        ]
    )


def _groups(servers: Sequence[Server]) -> list[tuple[Server, ...]]:
    """Servers that share GPUs, also by way of others, belong together."""
    groups: list[list[Server]] = []
    for server in servers:
        joined = [group for group in groups if set(server.gpus) & set(_gpus(group))]
        merged = [each for group in joined for each in group] + [server]
        groups = [group for group in groups if group not in joined] + [merged]
    return [tuple(group) for group in groups]


def _gpus(group: Iterable[Server]) -> list[GpuId]:
    return sorted({gpu for server in group for gpu in server.gpus})


def _options(array: JobArray, slurm: SlurmSpec, run: Path, job_name: str) -> Iterable[str]:
    yield f"--job-name={job_name}"
    yield f"--array=0-{len(array.tasks) - 1}"
    yield "--nodes=1"
    yield "--ntasks=1"
    if array.gpus:
        yield f"--gres=gpu:{array.gpus}"
    # sbatch takes quotes as a shell does, and a percent sign for the beginning of a pattern.
    logs = str(run / LOGS).replace("%", "%%")
    yield f"--output={shlex.quote(f'{logs}/slurm-%A_%a.log')}"
    for option in ("partition", "account", "qos", "time", "constraint", "cpus_per_task", "mem"):
        if getattr(slurm, option):
            yield f"--{option.replace('_', '-')}={getattr(slurm, option)}"
    yield from slurm.options


def _task(number: int, group: Sequence[Server], launch: Launch) -> str:
    gpus = _gpus(group)
    lines = [f"{number})"]
    for server in group:
        command = server_command(server, launch, bind=ANY_ADDRESS, choose_gpus=False)
        variables = [f"{name}={value}" for name, value in sorted(command.env.items())]
        chosen = ",".join(str(gpus.index(gpu)) for gpu in server.gpus)
        arguments = [server.name, str(server.port), chosen, "env", *variables, *command.arguments]
        lines.append(f"    keep {shlex.join(arguments)} &")
    return "\n".join([*lines, "    ;;"])

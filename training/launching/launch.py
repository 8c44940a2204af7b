"""One training run that is to be started: its recipe, its machines, its files, and what will come of it. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from pathlib import Path

from training.exceptions import CannotLaunch
from training.launching.machines import Machines, check_sharding
from training.recipes import Recipe, accumulation

RECIPE = "recipe.json"
ACCELERATE = "accelerate.yaml"
SBATCH = "train.sbatch"
WORKER = "training.worker"
SECONDS_TO_SAVE = 600
"""How long a worker that was told to stop may take to save a checkpoint."""

NOT_READY = "Not ready: "
"""How a note begins that says what is wrong with data, in a dry run."""


class Launcher(StrEnum):
    """Who starts the worker's processes."""

    LOCAL = "local"
    ACCELERATE = "accelerate"
    SLURM = "slurm"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A run that can be started. Made by `launch_of`."""

    recipe: Recipe
    machines: Machines
    launcher: Launcher
    python: str
    project: Path
    """The folder that the worker's package is found in."""
    resume: str = "auto"
    rows: int | None = None
    """Packed sequences to train on; None where the data are not there yet."""
    notes: tuple[str, ...] = field(default=())

    @property
    def output(self) -> Path:
        return Path(self.recipe.output)

    @property
    def by_accelerate(self) -> bool:
        """Whether `accelerate launch` starts the worker. One process needs none, and hears signals better without."""
        return self.launcher is not Launcher.LOCAL and self.machines.processes > 1

    @property
    def accumulation(self) -> int:
        """Raises DoesNotDivide."""
        recipe, machines = self.recipe, self.machines
        return accumulation(recipe.sequences_per_step, recipe.sequences_per_device, machines.processes, machines.what)

    @property
    def tokens_per_step(self) -> int:
        """Where every sequence is full."""
        return self.recipe.sequences_per_step * self.recipe.sequence_length

    @property
    def steps_per_epoch(self) -> int | None:
        """As the trainer of transformers counts them: the last one of an epoch may be smaller."""
        if self.rows is None:
            return None
        batches = ceil(self.rows / (self.machines.processes * self.recipe.sequences_per_device))
        return max(ceil(batches / self.accumulation), 1)

    @property
    def steps(self) -> int | None:
        """Of the whole run; None where that is not known yet."""
        if self.recipe.max_steps:
            return self.recipe.max_steps
        per_epoch = self.steps_per_epoch
        return None if per_epoch is None else ceil(self.recipe.epochs * per_epoch)

    @property
    def command(self) -> list[str]:
        """What is run on this machine; for Slurm, what each node runs is in the sbatch file."""
        worker = [WORKER, str(self.output / RECIPE), "--resume", self.resume]
        if self.launcher is Launcher.SLURM:
            return ["sbatch", str(self.output / SBATCH)]
        if self.by_accelerate:
            config = ["--config_file", str(self.output / ACCELERATE)]
            return [self.python, "-m", "accelerate.commands.launch", *config, "-m", *worker]
        return [self.python, "-m", *worker]


def checked(launch: Launch) -> Launch:
    """`launch`, if it can be. Raises DoesNotDivide and CannotLaunch."""
    machines, launcher = launch.machines, launch.launcher
    _ = launch.accumulation
    if machines.nodes > 1 and launcher is not Launcher.SLURM:
        raise CannotLaunch(f"--launcher {launcher} starts one node, not {machines.nodes}. Take --launcher slurm.")
    if machines.processes > 1 and launcher is Launcher.LOCAL:
        raise CannotLaunch(
            f"--launcher local starts one process, not {machines.processes}. Take --launcher accelerate."
        )
    check_sharding(machines, launch.recipe.sharding)
    return launch

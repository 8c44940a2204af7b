"""The files of accelerate and Slurm, from Django's templates."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from training.launching.launch import ACCELERATE, RECIPE, SBATCH, SECONDS_TO_SAVE, WORKER, Launch, Launcher
from training.recipes import Recipe

LOGS = "log"
_TEMPLATES = Path(__file__).with_name("templates")
# No HTML: nothing is escaped, and what a shell reads is quoted here.
_ENGINE = Engine(dirs=[str(_TEMPLATES)], autoescape=False)


@dataclass(frozen=True, slots=True)
class Slurm:
    """How to ask Slurm for nodes. `options` are further ones of sbatch, `setup` lines of shell to run on each node."""

    partition: str = ""
    account: str = ""
    qos: str = ""
    time: str = "24:00:00"
    cpus_per_task: int = 16
    mem: str = ""
    options: tuple[str, ...] = ()
    setup: tuple[str, ...] = field(default=())


def accelerate_yaml(launch: Launch) -> str:
    """For `accelerate launch --config_file`, of several processes."""
    return _render("accelerate.yaml", {"machines": launch.machines, "recipe": launch.recipe})


def sbatch_text(launches: Sequence[Launch], slurm: Slurm, *, job_name: str, folder: Path) -> str:
    """An array with a task for each of `launches`, which differ in their recipes alone. Logs go below `folder`."""
    first = launches[0]
    named = {"partition": slurm.partition, "account": slurm.account, "qos": slurm.qos, "time": slurm.time}
    named |= {"cpus-per-task": str(slurm.cpus_per_task), "mem": slurm.mem}
    return _render(
        "train.sbatch",
        {
            "job_name": job_name,
            "last": len(launches) - 1,
            "machines": first.machines,
            "logs": folder / LOGS,
            "options": [*(f"{name}={value}" for name, value in named.items() if value), *slurm.options],
            "seconds_to_save": SECONDS_TO_SAVE,
            "setup": slurm.setup,
            "project": shlex.quote(str(first.project)),
            "python": shlex.quote(first.python),
            "config": shlex.quote(str(folder / ACCELERATE)),
            "outputs": [shlex.quote(str(launch.output)) for launch in launches],
            "recipe": RECIPE,
            "worker": WORKER,
            "resume": shlex.quote(first.resume),
            "cpus": slurm.cpus_per_task,
            "threads": max(1, slurm.cpus_per_task // first.machines.processes_per_node),
        },
    )


def recipe_text(recipe: Recipe) -> str:
    """As `write_recipe` writes it."""
    return json.dumps(recipe.as_json(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def files_of(launch: Launch, slurm: Slurm) -> dict[str, str]:
    """What is written to the run's folder, by name."""
    files = {RECIPE: recipe_text(launch.recipe)}
    if launch.by_accelerate:
        files[ACCELERATE] = accelerate_yaml(launch)
    if launch.launcher is Launcher.SLURM:
        files[SBATCH] = sbatch_text([launch], slurm, job_name=f"lehia-{launch.recipe.name}", folder=launch.output)
    return files


def _render(name: str, values: dict[str, Any]) -> str:
    return _ENGINE.get_template(name).render(Context(values, autoescape=False)).lstrip("\n")

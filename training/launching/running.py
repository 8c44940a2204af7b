"""Start what was planned: write its files, run it or queue it, and record how it goes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import DatabaseError

from training.disk import writing
from training.enums import RunState
from training.exceptions import CannotLaunch, CannotWrite, TrainingFailed
from training.launching.cluster import queue, task_of
from training.launching.launch import ACCELERATE, RECIPE, SBATCH, Launch, Launcher
from training.launching.local import run_worker
from training.launching.rendering import LOGS, Slurm, accelerate_yaml, files_of, sbatch_text
from training.launching.standing import Standing, alone, last_checkpoint, model_of, progress_of, standing_of
from training.recipes import write_recipe
from training.runs import Run, recorded
from training.shares import Share

STAGE = "train_variant"

Say = Callable[[str], None]


def write_files(launch: Launch, slurm: Slurm) -> None:
    """Raises CannotWrite."""
    if launch.launcher is Launcher.SLURM:
        write_array([launch], slurm, job_name=job_name(launch), folder=launch.output)
        return
    for name, text in files_of(launch, slurm).items():
        write_text(launch.output / name, text)


def job_name(launch: Launch) -> str:
    """What Slurm calls the job of one variant."""
    return f"lehia-{launch.recipe.name}"


def write_text(path: Path, text: str) -> None:
    """Raises CannotWrite."""
    with writing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def train_here(launch: Launch, say: Say) -> None:
    """Train to the end. Raises TrainingFailed, CannotLaunch, CannotWrite, and KeyboardInterrupt."""
    with alone(launch.output) as lock, recorded(STAGE, launch.output, _arguments(launch), Share()) as run:
        write_files(launch, Slurm())
        run_worker(launch, watch=_watching(launch, run, say), say=say, lock=lock)
        if standing_of(launch) not in (Standing.FINISHED, Standing.UNMERGED):
            raise TrainingFailed(f"The worker of {launch.recipe.name} ended well, and there is no {model_of(launch)}.")


def ended(launch: Launch, standing: Standing) -> str:
    """What to say of a run that needs no more training."""
    if standing is Standing.UNMERGED:
        merging = f"merge_checkpoint {last_checkpoint(launch)} --output {model_of(launch)}"
        return f"{launch.recipe.name} is trained, in shards. To merge them: manage.py {merging}"
    return f"{launch.recipe.name} is trained: {model_of(launch)}"


def train_on_slurm(launches: Sequence[Launch], slurm: Slurm, *, job_name: str, folder: Path) -> str:
    """Queue one array with a task for each; the id of the job. Raises CannotLaunch and CannotWrite."""
    for launch in launches:
        if task := task_of(launch.output):
            raise CannotLaunch(f"{launch.recipe.name} is in Slurm's queue already, or runs, as {task}.")
    write_array(launches, slurm, job_name=job_name, folder=folder)
    job = queue(launches, folder / SBATCH, job_name)
    for number, launch in enumerate(launches):
        arguments = {**_arguments(launch), "slurm": f"{job}_{number}"}
        with recorded(STAGE, launch.output, arguments, Share(number, len(launches))) as run:
            run.end(RunState.WAITING)
    return job


def write_array(launches: Sequence[Launch], slurm: Slurm, *, job_name: str, folder: Path) -> None:
    """The recipes, each in its own folder, and what they share in `folder`. Raises CannotWrite."""
    for launch in launches:
        write_recipe(launch.output / RECIPE, launch.recipe)
    if launches[0].by_accelerate:
        write_text(folder / ACCELERATE, accelerate_yaml(launches[0]))
    write_text(folder / SBATCH, sbatch_text(launches, slurm, job_name=job_name, folder=folder))
    (folder / LOGS).mkdir(exist_ok=True)


def _arguments(launch: Launch) -> dict[str, object]:
    return {
        "recipe": launch.recipe.as_json(),
        "launcher": launch.launcher.value,
        "machines": str(launch.machines),
        "resume": launch.resume,
    }


def _watching(launch: Launch, run: Run, say: Say) -> Callable[[], None]:
    """Keeps the record in step with the worker's metrics. A database that is gone must not end a training."""

    def watch() -> None:
        line = progress_of(launch.output)
        if not line:
            return
        total = line.get("steps") or launch.steps or 0
        figures = {name: value for name, value in line.items() if isinstance(value, int | float)}
        try:
            run.keep(done=line["step"], total=total, counts=figures)
        except (DatabaseError, CannotWrite) as error:
            say(f"The record of this run could not be kept: {error}")

    return watch

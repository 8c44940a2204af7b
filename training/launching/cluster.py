"""Training on Slurm: one array of jobs, a task for each variant."""

import json
from collections.abc import Sequence
from pathlib import Path

from inference.engine.slurm.jobs import living_tasks, submit
from inference.exceptions import EngineError
from training.disk import write_json
from training.exceptions import CannotLaunch
from training.launching.launch import Launch

JOB = "slurm.json"
"""In a run's folder: which task of which job was submitted for it last."""


def queue(launches: Sequence[Launch], script: Path, job_name: str) -> str:
    """Submit `script`, whose tasks are `launches`; the id of the job. Raises CannotLaunch with what sbatch says."""
    try:
        job = submit(script)
    except EngineError as error:
        raise CannotLaunch(str(error)) from error
    for number, launch in enumerate(launches):
        write_json(launch.output / JOB, {"task": f"{job}_{number}", "job_name": job_name})
    return job


def task_of(output: Path) -> str:
    """The task that trains in this folder or waits to, or "". Raises CannotLaunch where Slurm cannot be asked."""
    try:
        said = json.loads((output / JOB).read_text(encoding="utf-8"))
        task, job_name = str(said["task"]), str(said["job_name"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotLaunch(f"{output / JOB} cannot be read: {error!r}. Remove it if no job trains there.") from error
    try:
        return task if task in living_tasks(job_name) else ""
    except EngineError as error:
        raise CannotLaunch(str(error)) from error

"""What a run's folder holds already: nothing, a run that can go on, checkpoints to merge, or a model."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from training.exceptions import CannotLaunch, CannotWrite, PlanDiffers
from training.launching.launch import Launch
from training.recipes import Recipe
from training.worker.checkpoints import newest_whole
from training.worker.folder import ABOUT, MACHINERY, RunFolder

_NEAR_THE_END = 16384


class Standing(StrEnum):
    """How far a run is."""

    NEW = "not started"
    STARTED = "unfinished"
    UNMERGED = "to be merged"
    """Trained, its parameters in the shards of a checkpoint."""
    FINISHED = "finished"


def model_of(launch: Launch) -> Path:
    """Where the model is in the end."""
    return RunFolder(launch.output).model


def last_checkpoint(launch: Launch) -> Path | None:
    """The checkpoint of the last step, where that is whole."""
    newest, _ = newest_whole(RunFolder(launch.output).checkpoints)
    return newest.path if newest and launch.steps and newest.step >= launch.steps else None


def standing_of(launch: Launch) -> Standing:
    """A model is put in its place whole, so what is there is finished. Raises PlanDiffers for another recipe's."""
    folder = RunFolder(launch.output)
    if not folder.claimed.exists():
        return Standing.NEW
    _check_same(folder, launch.recipe)
    if (folder.model / ABOUT).exists():
        return Standing.FINISHED
    is_sharded = launch.recipe.sharding != "none"
    return Standing.UNMERGED if is_sharded and last_checkpoint(launch) else Standing.STARTED


def progress_of(output: Path) -> dict[str, Any]:
    """The newest whole line of the worker's metrics; nothing where there is none yet."""
    try:
        with RunFolder(output).metrics.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _NEAR_THE_END))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return {}
    for line in reversed(lines):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("step"), int):
            return value
    return {}


@contextmanager
def alone(output: Path) -> Iterator[int]:
    """Nobody else trains in this folder from this machine meanwhile; the lock's descriptor, for processes to inherit.

    Raises CannotLaunch and CannotWrite.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = (output / ".lock").open("ab")
    except OSError as error:
        raise CannotWrite(f"{output} cannot be written to: {error.strerror or error}.") from error
    with file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise CannotLaunch(f"Another process is training in {output}.") from error
        yield file.fileno()


def _check_same(folder: RunFolder, recipe: Recipe) -> None:
    try:
        there = json.loads(folder.claimed.read_text(encoding="utf-8"))
        asked = json.loads(json.dumps(recipe.as_json()))
        differing = [
            f"{name} is {json.dumps(there[name])} there, and {json.dumps(asked[name])} here"
            for name in sorted(there.keys() & asked.keys() - MACHINERY)
            # Data that are not there yet have no hash; the worker checks it again.
            if there[name] != asked[name] and (name != "data_sha256" or asked[name])
        ]
    except (OSError, ValueError, AttributeError) as error:
        raise PlanDiffers(f"{folder.claimed} cannot be read: {error}. Give another folder.") from error
    if differing:
        raise PlanDiffers(
            f"{folder.path} holds another run ({'; '.join(differing)}). Give the same arguments to go on with it, or "
            "another folder."
        )

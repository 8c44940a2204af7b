"""Checkpoints of a run, and which of them are whole.

A checkpoint counts once `whole.json` is in it, which is written last and names every file with its size. A folder
without it, or whose files are not as it says, was being written when its process ended; it is passed over.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.disk import write_json
from training.exceptions import TrainingError

FOLDER = "checkpoints"
WHOLE = "whole.json"
KEPT = 2
"""Whole checkpoints that stay; older ones go when a new one is whole. Those of an 8B model take 100 GB each."""


class BadCheckpoint(TrainingError):
    """A checkpoint that is asked for and cannot be gone on from."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder `checkpoint-STEP`."""

    path: Path
    step: int
    problem: str = ""
    """Why it is not whole; empty where it is."""


def seal(path: Path, step: int, about: dict[str, Any]) -> None:
    """Say that the checkpoint at `path` is whole, once its files are on the disk. Raises CannotWrite and OSError."""
    files = {}
    for file in _files(path):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
        files[file.relative_to(path).as_posix()] = file.stat().st_size
    write_json(path / WHOLE, {"step": step, "files": files, **about})


def found_in(folder: Path) -> list[Checkpoint]:
    """The checkpoints in a folder, oldest first, whole or not."""
    numbered = []
    for path in folder.glob("checkpoint-*"):
        step = path.name.removeprefix("checkpoint-")
        if step.isdecimal() and path.is_dir():
            numbered.append(Checkpoint(path, int(step), _problem(path)))
    return sorted(numbered, key=lambda each: each.step)


def newest_whole(folder: Path) -> tuple[Checkpoint | None, list[Checkpoint]]:
    """The newest checkpoint that is whole, if any, and the newer ones that are not."""
    broken: list[Checkpoint] = []
    for checkpoint in reversed(found_in(folder)):
        if not checkpoint.problem:
            return checkpoint, broken
        broken.append(checkpoint)
    return None, broken


def checkpoint_at(path: Path) -> Checkpoint:
    """The checkpoint that somebody names. Raises BadCheckpoint where it is none, or not whole."""
    matching = [each for each in found_in(path.parent) if each.path.name == path.name]
    if not matching:
        raise BadCheckpoint(f"{path} is no checkpoint of a run (a folder checkpoint-STEP).")
    if matching[0].problem:
        raise BadCheckpoint(f"{path} is not whole: {matching[0].problem}. Give another, or --resume auto.")
    return matching[0]


def about(checkpoint: Path) -> dict[str, Any]:
    """What `seal` was told beside the files. Raises BadCheckpoint."""
    try:
        value = json.loads((checkpoint / WHOLE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{checkpoint} is no whole checkpoint: its {WHOLE} cannot be read ({error}).") from error
    return value if isinstance(value, dict) else {}


def prune(folder: Path, keep: int = KEPT) -> None:
    """Remove whole checkpoints but the newest `keep`. Raises OSError."""
    whole = [each for each in found_in(folder) if not each.problem]
    for checkpoint in whole[: max(0, len(whole) - keep)]:
        # First what makes it whole: killed in between, it must not be taken for one.
        (checkpoint.path / WHOLE).unlink()
        shutil.rmtree(checkpoint.path)


def _files(path: Path) -> Iterator[Path]:
    return (file for file in sorted(path.rglob("*")) if file.is_file() and file.name != WHOLE)


def _problem(path: Path) -> str:
    try:
        sizes = json.loads((path / WHOLE).read_text(encoding="utf-8"))["files"]
        wrong = [name for name, size in sizes.items() if (path / name).stat().st_size != size]
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{WHOLE} cannot be read ({type(error).__name__})"
    return f"{wrong[0]} has another size than was written" if wrong else ""

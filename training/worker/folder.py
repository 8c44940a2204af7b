"""The folder of a run, and what it is for: one run's work is never mixed with another's."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.disk import write_json, writing
from training.exceptions import CannotWrite, TrainingError
from training.recipes import Recipe
from training.worker.checkpoints import FOLDER

MODEL = "model"
ABOUT = "lehia-model.json"
#: What may differ when a run goes on: where and how it is computed, not what is learnt.
MACHINERY = frozenset(
    {"data", "output", "sequences_per_device", "gradient_checkpointing", "attention", "liger", "sharding"}
)


class OtherRun(TrainingError):
    """A folder that holds another run's work."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run's files lie: `run.json`, `metrics.jsonl`, `checkpoints/`, `rows/`, and in the end `model/`."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        return self.path / FOLDER

    @property
    def model(self) -> Path:
        return self.path / MODEL

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def claimed(self) -> Path:
        return self.path / "run.json"

    @property
    def rows(self) -> Path:
        return self.path / "rows"

    def claim(self, recipe: Recipe, data_sha256: str) -> None:
        """Write down what this folder is for. Raises OtherRun where it is for something else, and CannotWrite."""
        asked = json.loads(json.dumps({**_learning(recipe), "data_sha256": data_sha256}))
        try:
            there = json.loads(self.claimed.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            write_json(self.claimed, asked)
            return
        except (OSError, ValueError) as error:
            raise OtherRun(f"{self.claimed} cannot be read: {error}. Give another folder.") from error
        if differing := sorted(name for name in there.keys() | asked.keys() if there.get(name) != asked.get(name)):
            shown = "; ".join(f"{name} is {there.get(name)} there, and {asked.get(name)} here" for name in differing)
            raise OtherRun(
                f"{self.path} holds another run ({shown}). Give the same recipe to go on, or another folder."
            )

    def keep_metrics(self, up_to: int) -> list[dict[str, Any]]:
        """Drop what was measured after step `up_to`, which will be done again; what is left. Raises CannotWrite."""
        try:
            lines = self.metrics.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CannotWrite(f"{self.metrics} cannot be read: {error.strerror or error}.") from error
        kept = [line for line in (_read(line) for line in lines) if line and line["step"] <= up_to]
        with writing(self.metrics) as aside:
            aside.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        return kept


def about_model(recipe: Recipe, data_sha256: str, steps: int, ends: list[int]) -> dict[str, Any]:
    """What `lehia-model.json` says of a model; `ends` are the tokens that end its answers."""
    return {
        "format": 1,
        "name": recipe.name,
        "kind": "adapter" if recipe.lora else "full",
        "base": recipe.base,
        "base_revision": recipe.base_revision,
        "factors": dict(recipe.factors),
        "data_sha256": data_sha256,
        "seed": recipe.seed,
        "steps": steps,
        "end_tokens": ends,
        "recipe": recipe.as_json(),
    }


def _learning(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in recipe.as_json().items() if name not in MACHINERY | {"data_sha256"}}


def _read(line: str) -> dict[str, Any] | None:
    """A line of metrics; None for one whose process ended while it was written."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("step"), int) else None

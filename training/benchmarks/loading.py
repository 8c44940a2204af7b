"""Tasks of the harness and of ours, found by name and built with their data."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.benchmarks.catalogue import BENCHMARKS, OURS, unknown
from training.exceptions import DataUnreachable, TrainingError

_FLEXIBLE_EXTRACT = {
    "name": "flexible-extract",
    "filter": [
        {"function": "regex", "group_select": -1, "regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)"},
        {"function": "take_first"},
    ],
}
"""The last number of an answer: how the harness scores mgsm in other languages, and how the study scored it."""

_WITHOUT_FLEXIBLE = frozenset({"mgsm_native_cot_eu"})


@dataclass(frozen=True, slots=True)
class Index:
    """What there is. Made by `index`."""

    manager: Any
    """A `lm_eval.tasks.TaskManager`."""

    @property
    def names(self) -> list[str]:
        return list(self.manager.all_tasks)

    def settings(self, name: str) -> dict[str, Any]:
        """The settings of a task, its functions not resolved; those of its first part for a group."""
        entry = self.manager.task_index[name]
        if entry.cfg is None:
            return self.settings(sorted(entry.tags)[0])
        parts = entry.cfg.get("task")
        if isinstance(parts, list):
            return self.settings(parts[0]) if isinstance(parts[0], str) else dict(entry.cfg)
        return dict(entry.cfg)

    def is_rolling(self, name: str) -> bool:
        return bool(self.settings(name).get("output_type") == "loglikelihood_rolling")

    def is_generated(self, name: str) -> bool:
        return bool(self.settings(name).get("output_type", "generate_until") == "generate_until")


def index(names: Sequence[str], include: Sequence[Path] = ()) -> Index:
    """An index that has all of `names`, those in the folders `include` first. Raises UnknownTask.

    The harness has 14,000 tasks, which take long to read: only the folders that hold the wanted ones are.
    """
    from lm_eval import tasks

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    for folder in include:
        _check(folder)
    harness = Path(tasks.__file__).parent
    folders = [harness / folder for folder in sorted({BENCHMARKS[name].folder for name in names if name in BENCHMARKS})]
    folders = [folder for folder in folders if folder != harness]
    paths = [str(folder) for folder in (*folders, OURS, *include)]
    found = tasks.TaskManager(include_path=paths, include_defaults=False)
    if any(name not in found.task_index for name in names):
        found = tasks.TaskManager(include_path=[str(OURS), *map(str, include)])
    for name in names:
        if name not in found.task_index:
            raise unknown(name, [*BENCHMARKS, *found.all_tasks])
    return Index(found)


def _check(folder: Path) -> None:
    """Raises TrainingError for what is no folder of task files: the harness passes over files that it cannot read."""
    from lm_eval.tasks._yaml_loader import load_yaml

    if not folder.is_dir():
        raise TrainingError(f"--include-path {folder}: there is no such folder.")
    for path in sorted(folder.rglob("*.yaml")):
        try:
            load_yaml(path, resolve_func=False)
        except Exception as error:
            raise TrainingError(f"--include-path: {path} is no task file ({_first_line(error)}).") from error


def build(found: Index, name: str) -> Any:
    """The `TaskDict` of `name` with its data: one task, a group, or those of a tag. Raises DataUnreachable."""
    try:
        return found.manager.load([_spec(found, name)])
    except Exception as error:
        # The hub's client, the readers of files and the functions of task files each raise errors of their own.
        data = found.settings(name).get("dataset_path", "its data")
        raise DataUnreachable(
            f"{name}: it could not be read with its data, {data} ({type(error).__name__}: {_first_line(error)}). "
            "Where no hub can be reached, fetch it beforehand into the cache of datasets (HF_HOME), or give a task "
            "file that names local files by --include-path."
        ) from error


def _spec(found: Index, name: str) -> str | dict[str, Any]:
    if name not in _WITHOUT_FLEXIBLE:
        return name
    from lm_eval.tasks._yaml_loader import load_yaml

    settings: dict[str, Any] = load_yaml(found.manager.task_index[name].yaml_path)
    filters = settings.get("filter_list") or []
    if all(each["name"] != _FLEXIBLE_EXTRACT["name"] for each in filters):
        settings["filter_list"] = [*filters, _FLEXIBLE_EXTRACT]
    return settings


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")

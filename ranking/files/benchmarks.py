"""Result files of lm-evaluation-harness, ours and published ones, and tables of scores, as scores of models.

A result file has under `results` each task with its metrics (`acc,none`, `acc_stderr,none`, …), and beside it
`group_subtasks`, `n-samples`, `n-shot`, `higher_is_better`, `config` and the harness's version. Which metric scores a
task, and which tasks are made of parts, `ranking.benchmark_tasks` says.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ranking.benchmark_tasks import ACCURACY, FLEXIBLE, GENERATED, TASKS
from ranking.files.errors import BadFile

BITS = "bits_per_character,none"
#: Of tasks that are none of the study's: the first of these, or else the first that the file has.
_USUAL = (ACCURACY, FLEXIBLE, GENERATED, BITS)
_VARIANT = re.compile(r"(?:^|,)revision=(exp_\d_[01]{3})(?:,|$)")
_MODEL_KEYS = ("peft", "pretrained", "model", "path")
_MADE = "lehia-model.json"


@dataclass(frozen=True, slots=True)
class Source:
    """The file that scores come from. `date`: seconds since 1970 when it was measured, 0 where it does not say."""

    path: Path
    sha256: str
    harness: str = ""
    date: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One model's score on one task, or on a part of one, as a file has it."""

    model: str
    task: str
    metric: str
    value: float
    source: Source
    stderr: float | None = None
    n: int | None = None
    n_in_all: int | None = None
    shots: int | None = None
    higher_is_better: bool = True


def read_results(path: Path, *, model: str = "") -> tuple[list[Measured], list[str]]:
    """What a result file says, and what of it says nothing that can be used, in sentences.

    `model` names the model, over what the file says. Raises `BadFile` where the file is broken or names no model.
    """
    try:
        content = path.read_bytes()
        # Not orjson: some measures of bias are NaN, which it refuses.
        document = json.loads(content)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{path} is no JSON ({error}). Nothing was imported.") from error
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, dict) or not results:
        raise BadFile(f"{path} is no result file of lm-evaluation-harness: it has no 'results'. Nothing was imported.")
    harness = str(document.get("lm_eval_version") or document.get("git_hash") or "")
    date = document.get("date")
    source = Source(
        path,
        hashlib.sha256(content).hexdigest(),
        f"lm-eval {harness}"[:100] if harness else "",
        float(date) if isinstance(date, int | float) else 0.0,
    )
    reader = _Reader(path, document, source, model or model_of(document))
    if not reader.model:
        raise BadFile(f"{path} does not say which model was measured: give --model NAME. Nothing was imported.")
    return list(reader.measured()), reader.notices


def model_of(document: Mapping[str, Any]) -> str:
    """The name of the model that was measured; "" where a file does not say.

    Of the study's variants, which are revisions of one repository, the revision; otherwise what the model's folder
    calls itself, or the last part of its path or of its id on the hub.
    """
    config = document.get("config")
    arguments = config.get("model_args") if isinstance(config, dict) else None
    if isinstance(arguments, dict):
        arguments = ",".join(f"{key}={value}" for key, value in arguments.items())
    text = arguments if isinstance(arguments, str) else ""
    if variant := _VARIANT.search(text):
        return variant[1]
    name = document.get("model_name")
    if not isinstance(name, str) or not name.strip():
        named = dict(part.partition("=")[::2] for part in text.split(","))
        name = next((named[key] for key in _MODEL_KEYS if named.get(key)), "")
    return _short(name.strip())


def _short(name: str) -> str:
    made = Path(name) / _MADE
    if name and made.is_file():
        try:
            said = json.loads(made.read_bytes()).get("name")
        except (OSError, ValueError, AttributeError) as error:
            raise BadFile(f"{made} cannot be read: {error}.") from error
        if isinstance(said, str) and said:
            return said
    return Path(name).name


class _Reader:
    """One document, task by task."""

    def __init__(self, path: Path, document: Mapping[str, Any], source: Source, model: str) -> None:
        self.path = path
        self.model = model
        self.source = source
        self.results: Mapping[str, Any] = document["results"]
        self.groups = _mapping(document.get("group_subtasks"))
        self.sizes = _mapping(document.get("n-samples"))
        self.shots = _mapping(document.get("n-shot"))
        self.directions = _mapping(document.get("higher_is_better"))
        self.notices: list[str] = []

    def measured(self) -> Iterator[Measured]:
        """What scores of its own, but for the parts of groups that are none of the study's and score as a whole."""
        scored = {task: metric for task in self.results if (metric := self._metric_of(task)) is not None}
        within = {part for group in scored.keys() - TASKS.keys() for part in self._parts_of(group)}
        folded = sorted(within & scored.keys() - TASKS.keys())
        if folded:
            self.notices.append(f"{self.path}: {len(folded)} parts of groups that have scores of their own")
        for task, metric in scored.items():
            if task not in folded:
                yield self._one(task, metric)

    def _metric_of(self, task: str) -> str | None:
        metrics = self.results[task]
        if not isinstance(metrics, dict):
            raise BadFile(f"{self.path}: the results of {task!r} are no object. Nothing was imported.")
        known = TASKS.get(task)
        numbers = [key for key, value in metrics.items() if _is_measure(key, value)]
        wanted = known.metrics if known else (*_USUAL, *numbers)
        found = next((metric for metric in wanted if metric in metrics), None)
        if found is None and not self._parts_of(task):
            what = f"none of {', '.join(known.metrics)}" if known else "no score"
            self.notices.append(f"{self.path}: {task} has {what}, and is left out")
        return found

    def _one(self, task: str, metric: str) -> Measured:
        metrics = self.results[task]
        name, _comma, rest = metric.partition(",")
        sizes = _mapping(self.sizes.get(task))
        direction = _mapping(self.directions.get(task)).get(name)
        stderr = metrics.get(f"{name}_stderr,{rest}")
        return Measured(
            self.model,
            task,
            metric,
            self._number(task, metric, metrics[metric]),
            self.source,
            self._number(task, "stderr", stderr) if isinstance(stderr, int | float) else None,
            _count(sizes.get("effective")),
            _count(sizes.get("original")),
            _count(self.shots.get(task)),
            direction is not False,
        )

    def _number(self, task: str, metric: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadFile(f"{self.path}: {metric} of {task} is {value!r} and no number. Nothing was imported.")
        return float(value)

    def _parts_of(self, group: str) -> list[str]:
        """The parts of a group, and the parts of these."""
        parts = self.groups.get(group)
        found = [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else []
        return [*found, *(below for part in found if part != group for below in self._parts_of(part))]


def _is_measure(key: str, value: object) -> bool:
    """Whether this is a metric, and no standard error, name or length."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and "," in key and "_stderr," not in key


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

"""The evaluation of a model as a stage: a shard for each task."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.benchmarks.catalogue import BENCHMARKS
from training.benchmarks.loading import Index, index
from training.benchmarks.models import Named
from training.benchmarks.opening import Opened, open_model
from training.benchmarks.results import SAID, SAMPLES, SCORES, plain, said_row, sample_rows, scores_of
from training.benchmarks.running import Settings, evaluate
from training.exceptions import BadSource
from training.manifests import Input, Plan
from training.stages import Layout, Made


@dataclass(slots=True)
class Job:
    """A model, and what it is asked: `tasks` by name, found in the folders `include` too."""

    model: Named
    tasks: tuple[str, ...]
    include: tuple[Path, ...]
    settings: Settings
    _index: Index | None = field(default=None, init=False)

    def find(self) -> Index:
        """Where its tasks are. Raises UnknownTask."""
        if self._index is None:
            self._index = index(self.tasks, self.include)
        return self._index

    def open(self) -> Opened:
        """The model, ready to be asked. Raises EvaluationFailed."""
        return open_model(self.model, with_template=self.settings.with_template)

    def make(self, opened: Opened, number: int) -> Made:
        """The shard of task `number`. Raises as `running.evaluate` does."""
        name = self.tasks[number]
        said = evaluate(opened, self.find(), name, self.settings)
        about = {"about": json.dumps(plain(self._about(opened)), ensure_ascii=False, sort_keys=True)}
        aside = {"said": [said_row(name, said) | about]}
        if self.settings.with_samples:
            aside["samples"] = sample_rows(said)
        scores = scores_of(said)
        questions = sum(each["effective"] for each in said["n-samples"].values())
        return Made(scores, {"tasks": 1, "questions": questions}, aside)

    def _about(self, opened: Opened) -> dict[str, Any]:
        """What the harness's result files say of the model and of how it was asked."""
        tokenizer = opened.scores.tokenizer
        settings = self.settings
        return {
            "model_name": self.model.name,
            "model_source": opened.kind,
            "chat_template": tokenizer.chat_template if settings.with_template else None,
            "fewshot_as_multiturn": settings.with_template,
            "max_length": opened.scores.max_length,
            **{
                f"tokenizer_{each}_token": [getattr(tokenizer, f"{each}_token"), getattr(tokenizer, f"{each}_token_id")]
                for each in ("pad", "eos", "bos")
            },
            "config": {
                "model": opened.kind,
                "model_args": ",".join(f"{key}={value}" for key, value in opened.arguments.items()),
                "model_revision": self.model.identity,
                "limit": settings.limit,
                "fewshot_seed": settings.seed,
            },
            "lehia_model": self.model.card,
        }


def plan_of(job: Job) -> Plan:
    """What decides the scores of a job. Where a server is, or how much of it is asked at once, is no part of that.

    Raises UnknownTask, and BadSource for a folder of task files that cannot be read.
    """
    if any(name not in BENCHMARKS for name in job.tasks):
        job.find()
    settings = job.settings
    arguments = {
        "tasks": list(job.tasks),
        "loading": _loading(job.model.source),
        "shots": settings.shots,
        "limit": settings.limit,
        "chat_template": settings.with_template,
        "samples": settings.with_samples,
        "lm_eval": version("lm_eval"),
    }
    inputs = tuple(_input(folder) for folder in job.include)
    model = job.model
    return Plan("evaluate_benchmarks", arguments, len(job.tasks), inputs, model.name, model.identity, settings.seed)


def layout_of(job: Job, folder: Path, form: str) -> Layout:
    """Where its shards go."""
    aside = {"said": SAID}
    if job.settings.with_samples:
        aside["samples"] = SAMPLES
    return Layout(folder, SCORES, aside, form)


def _loading(source: Any) -> dict[str, Any]:
    """What of a model's source changes its scores."""
    names: Sequence[str] = ("path", "revision", "adapter", "tokenizer", "dtype", "max_length")
    return {name: getattr(source, name) for name in names if getattr(source, name, "")}


def _input(folder: Path) -> Input:
    """A folder of task files, hashed with the data and functions that lie in it; `rows` counts files."""
    digest = hashlib.sha256()
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        for file in files:
            digest.update(f"{file.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError as error:
        raise BadSource(f"{folder} cannot be read: {error.strerror or error}.") from error
    return Input(str(folder), digest.hexdigest(), len(files))

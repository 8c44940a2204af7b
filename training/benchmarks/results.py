"""Scores as rows, and the result file of the harness that is made of them."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.benchmarks.running import MERGED
from training.columns import Kind, Row
from training.disk import write_json
from training.exceptions import BadManifest

RESULTS = "results.json"
SCORES = {
    "task": Kind.TEXT,
    "metric": Kind.TEXT,
    "value": Kind.NUMBER,
    "stderr": Kind.NUMBER,
    "higher_is_better": Kind.TRUTH,
    "samples": Kind.INTEGER,
    "shots": Kind.INTEGER,
    "version": Kind.TEXT,
}
SAID = {"task": Kind.TEXT, "said": Kind.TEXT, "about": Kind.TEXT}
"""What the harness said of a task, and what is to be said of the model, as JSON."""
SAMPLES = {"task": Kind.TEXT, "document": Kind.INTEGER, "sample": Kind.TEXT}


def scores_of(said: Mapping[str, Any]) -> list[Row]:
    """A row for each score of each task and part: `metric` is the harness's `metric,filter`."""
    rows = []
    for task, scores in said["results"].items():
        for key, value in scores.items():
            metric, comma, answers = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue
            rows.append(
                {
                    "task": task,
                    "metric": key,
                    "value": _number(value),
                    "stderr": _number(scores.get(f"{metric}_stderr,{answers}")),
                    "higher_is_better": said["higher_is_better"].get(task, {}).get(metric),
                    "samples": scores.get("sample_len") or said["n-samples"].get(task, {}).get("effective"),
                    "shots": said["n-shot"].get(task),
                    "version": str(said["versions"].get(task, "")),
                }
            )
    return rows


def said_row(name: str, said: Mapping[str, Any]) -> Row:
    """What the harness said of a task but for the samples, as a row of SAID."""
    kept = {key: said[key] for key in MERGED if key in said}
    return {"task": name, "said": json.dumps(plain(kept), ensure_ascii=False, sort_keys=True)}


def sample_rows(said: Mapping[str, Any]) -> list[Row]:
    """Rows of SAMPLES: what was asked and answered, each as the harness logs it."""
    return [
        {"task": task, "document": one["doc_id"], "sample": json.dumps(plain(one), ensure_ascii=False, sort_keys=True)}
        for task, samples in said.get("samples", {}).items()
        for one in samples
    ]


def merged(parts: Iterable[str]) -> dict[str, Any]:
    """The result file's part by task, from the JSON of each task. Raises BadManifest."""
    whole: dict[str, Any] = {key: {} for key in MERGED}
    try:
        for part in parts:
            for key, value in json.loads(part).items():
                whole[key] |= value
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadManifest(f"A finished task's results cannot be read: {error}.") from error
    return {key: value for key, value in whole.items() if value or key != "groups"}


def write_results(path: Path, by_task: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write a result file as the harness does, in one step. Raises CannotWrite."""
    template = about.get("chat_template") or None
    name = str(about["model_name"])
    write_json(
        path,
        plain(
            {
                **by_task,
                **about,
                "model_name_sanitized": re.sub(r"[\"<>:/|\\?*\[\]]+", "__", name),
                "chat_template_sha": hashlib.sha256(template.encode()).hexdigest() if template else None,
                "system_instruction": None,
                "lm_eval_version": version("lm_eval"),
                "transformers_version": version("transformers"),
            }
        ),
    )


def plain(value: Any) -> Any:
    """`value` as JSON has it: numbers that are none become null, and what JSON has no form for becomes text."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Sequence | set | frozenset):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)


def _number(value: Any) -> float | None:
    """A score; None for what the harness marks as not to be had."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

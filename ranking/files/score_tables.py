"""Tables of scores that somebody made by hand: CSV with the columns model, task (or benchmark) and score."""

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from ranking.benchmark_tasks import TASKS
from ranking.files.benchmarks import BITS, Measured, Source
from ranking.files.errors import BadFile, BadLine

COLUMNS = ("model", "task", "score")
_TASK_NAMES = ("task", "benchmark")
#: Of tasks that are none of the study's, lower is better where the name says that it is one of these.
_LOWER = ("heldout",)


def read_table(path: Path, *, model: str = "") -> list[Measured]:
    """The scores of a table, in the order of its lines. `model` is the model where there is no such column.

    Raises `BadFile` and `BadLine`.
    """
    try:
        content = path.read_bytes()
        reader = csv.DictReader(content.decode("utf-8-sig").splitlines())
        names = reader.fieldnames or ()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} cannot be read: {error}.") from error
    task_column = next((name for name in _TASK_NAMES if name in names), "task")
    needed = ("model", task_column, "score") if not model else (task_column, "score")
    if missing := [name for name in needed if name not in names]:
        raise BadFile(f"{path} has no column {missing[0]!r}: it needs {', '.join(COLUMNS)}.")
    source = Source(path, hashlib.sha256(content).hexdigest())
    return list(_scores(path, reader, source, task_column, model))


def _scores(
    path: Path, reader: "csv.DictReader[str]", source: Source, task_column: str, model: str
) -> Iterator[Measured]:
    lines: dict[tuple[str, str], int] = {}
    try:
        for row in reader:
            found = _score(path, reader.line_num, row, source, task_column, model)
            before = lines.setdefault((found.model, found.task), reader.line_num)
            if before != reader.line_num:
                raise BadLine(path, reader.line_num, f"{found.model!r} has a score in {found.task!r} in line {before}")
            yield found
    except csv.Error as error:
        raise BadFile(f"{path} cannot be read: {error}.") from error


def _score(
    path: Path, number: int, row: Mapping[str, str | None], source: Source, task_column: str, model: str
) -> Measured:
    name = model or (row["model"] or "").strip()
    task = (row[task_column] or "").strip()
    if not name or not task:
        raise BadLine(path, number, "the model or the task is missing")
    text = (row["score"] or "").strip()
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadLine(path, number, f"the score must be a number, and {text!r} is not")
    known = TASKS.get(task)
    lower = known is None and task.startswith(_LOWER)
    metric = known.metrics[0] if known is not None else BITS if lower else "score"
    return Measured(name, task, metric, score, source, higher_is_better=not lower)

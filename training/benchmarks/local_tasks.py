"""Two tasks on files of one's own, for where no hub can be reached: `heldout_eu` and `help_choice_eu`."""

import json
from pathlib import Path
from typing import Any

from training.columns import Row
from training.disk import sha256_of, writing
from training.exceptions import BadRow, BadSource
from training.sources import Check, needs, open_source

HELDOUT = "heldout_eu"
CHOICE = "help_choice_eu"
LETTERS = ("A", "B", "C", "D")
SHOTS = 5

_HELDOUT = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: text
num_fewshot: 0
process_results: !function training.benchmarks.scoring.text_bits
metric_list:
  - metric: bits_per_character
    aggregation: !function training.benchmarks.scoring.bits_per_character
    higher_is_better: false
metadata:
  version: 1.0
  rows: {rows}
  data_sha256: {sha256}
"""

_CHOICE = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
fewshot_split: test
output_type: multiple_choice
doc_to_text: "Galdera: {{{{question}}}}\\nA: {{{{choices[0]}}}}\\nB: {{{{choices[1]}}}}\\nC: {{{{choices[2]}}}}\\n\\
  D: {{{{choices[3]}}}}\\nErantzuna:"
doc_to_choice: {letters}
doc_to_target: answer
num_fewshot: {shots}
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
  rows: {rows}
  data_sha256: {sha256}
"""


def write_local_tasks(folder: Path, *, texts: Path | None = None, choices: Path | None = None) -> list[str]:
    """Write task files to `folder`, for `evaluate_benchmarks --include-path`; returns the names of their tasks.

    `texts` has rows `{"text"}`, scored by bits per character. `choices` has rows `{"question", "choices", "answer"}`:
    four texts, and the position of the right one from 0. Each is a finished folder of a stage or a file that
    `training.sources.open_source` reads; the rows are copied to `folder`, so that it stands by itself. Raises BadRow
    for a row that is wrong, BadSource, BadManifest and CannotWrite.
    """
    names = []
    if texts is not None:
        rows = _rows(texts, needs("text"), ("text",))
        _write(folder, HELDOUT, _HELDOUT, rows)
        names.append(HELDOUT)
    if choices is not None:
        rows = _rows(choices, _is_choice, ("question", "choices", "answer"))
        # Examples are drawn from the other rows.
        _write(folder, CHOICE, _CHOICE, rows, letters=list(LETTERS), shots=min(SHOTS, len(rows) - 1))
        names.append(CHOICE)
    return names


def _rows(path: Path, check: Check, columns: tuple[str, ...]) -> list[Row]:
    source = open_source(path, check=check)
    try:
        rows = [{name: row[name] for name in columns} for piece in source.each() for _, row in piece.rows]
    except BadRow as error:
        raise BadRow(path, error.number, error.reason, can_skip=False) from error
    if not rows:
        raise BadSource(f"{path} has no rows.")
    return rows


def _is_choice(row: Row) -> str | None:
    choices, answer = row.get("choices"), row.get("answer")
    if reason := needs("question")(row):
        return reason
    if (
        not isinstance(choices, list)
        or len(choices) != len(LETTERS)
        or not all(isinstance(one, str) for one in choices)
    ):
        return "'choices' is no list of four texts"
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(LETTERS):
        return "'answer' is no number from 0 to 3"
    return None


def _write(folder: Path, task: str, form: str, rows: list[Row], **more: Any) -> None:
    data = folder.resolve() / f"{task}.jsonl"
    with writing(data) as aside:
        aside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    text = form.format(task=task, data=json.dumps(str(data)), rows=len(rows), sha256=sha256_of(data), **more)
    with writing(folder / f"{task}.yaml") as aside:
        aside.write_text(text, encoding="utf-8")

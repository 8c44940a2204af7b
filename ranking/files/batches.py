"""The rows of a file of votes as batches of columns, checked as far as a row alone can be."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from arena.ballot_forms import outcome, overall_winner
from ranking.files.columns import WEIGHT, WINNERS, winner_column
from ranking.files.errors import BadLine
from ranking.files.parquet import (
    SHORT_ROWS,
    dictionary,
    doubles,
    is_parquet,
    parquet_batches,
    parquet_rows,
    renamed,
)
from ranking.files.reading import Row, read_rows

ROWS = 20_000
"""Rows of a file of lines that are read at once."""

_SELF_IDENTIFIED = ("self_identified_a", "self_identified_b")


class RowFilter(Protocol):
    """Which rows are wanted. `keeps` raises ValueError, with the reason, on a row that it cannot read."""

    @property
    def columns(self) -> Collection[str]:
        """The columns that it looks at."""

    def keeps(self, row: Mapping[str, Any]) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which votes of a file are wanted.

    `dimension` is the one whose winner counts. With `by_time` each vote's time is read. With `without_self_identified`
    votes on answers that name a model are passed over, and with `chosen` those of other slices. With
    `by_inverse_probability` each vote's `draw_probability` is read, and a row without one is a bad line.
    """

    dimension: str = "overall"
    by_time: bool = False
    without_self_identified: bool = False
    by_inverse_probability: bool = False
    chosen: RowFilter | None = None

    @property
    def columns(self) -> set[str]:
        """The columns that are looked at."""
        columns = {"model_a", "model_b", winner_column(self.dimension), "username", WEIGHT, "choices"}
        columns |= {"timestamp"} if self.by_time else set()
        columns |= {"draw_probability"} if self.by_inverse_probability else set()
        columns |= set(_SELF_IDENTIFIED) if self.without_self_identified else set()
        return columns | (set(self.chosen.columns) if self.chosen is not None else set())


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some votes of a file, as columns; `left_out` rows among them said nothing about the dimension.

    weight: a list or an array of numbers that are yet to be checked; 1 where the file has no such column.
    """

    numbers: Sequence[int]
    model_a: Sequence[Any]
    model_b: Sequence[Any]
    outcome: Sequence[Any]
    voter: Sequence[Any]
    weight: Any
    times: Sequence[datetime | None]
    probabilities: Sequence[float]
    left_out: int


def read_batches(path: Path, wanted: Wanted) -> Iterator[Batch]:
    """The votes of a file, some at a time. Raises `BadFile`, and `BadLine` at a line that is no vote."""
    column = winner_column(wanted.dimension)
    closer = wanted.by_time or wanted.without_self_identified or wanted.by_inverse_probability
    plain = not closer and wanted.chosen is None
    if is_parquet(path):
        for start, table in parquet_batches(path, wanted.columns, size=SHORT_ROWS if plain else ROWS):
            batch = _plain_batch(start, table, column) if plain else None
            yield batch or _batch_of_rows(path, parquet_rows(path, start, table), wanted)
        return
    rows = read_rows(path, only=wanted.columns)
    while some := list(islice(rows, ROWS)):
        yield _batch_of_rows(path, some, wanted)


def _plain_batch(start: int, table: Any, column: str) -> Batch | None:
    """A batch taken column by column, or None where some row needs a closer look."""
    model_a, model_b, winner, voter = (dictionary(table, name) for name in ("model_a", "model_b", column, "username"))
    if model_a is None or model_b is None or winner is None or winner.null_count:
        return None
    if "username" in table.schema.names and (voter is None or "" in voter.dictionary.to_pylist()):
        return None
    found = winner.dictionary.to_pylist()
    if not set(found) <= set(WINNERS):
        return None
    n = table.num_rows
    weight = doubles(table, WEIGHT) if WEIGHT in table.schema.names else np.ones(n)
    if weight is None:
        return None
    return Batch(
        numbers=range(start + 1, start + n + 1),
        model_a=model_a,
        model_b=model_b,
        outcome=renamed(winner, [WINNERS[name] for name in found]),
        voter=voter if voter is not None else [None] * n,
        weight=weight,
        times=(),
        probabilities=(),
        left_out=0,
    )


def _batch_of_rows(path: Path, rows: Iterable[tuple[int, Row]], wanted: Wanted) -> Batch:
    column, left_out = winner_column(wanted.dimension), 0
    numbers: list[int] = []
    model_a: list[Any] = []
    model_b: list[Any] = []
    outcomes: list[str] = []
    voters: list[str | None] = []
    weights: list[float] = []
    times: list[datetime | None] = []
    probabilities: list[float] = []
    for number, row in rows:
        if wanted.without_self_identified and _is_self_identified(path, number, row):
            continue
        if wanted.chosen is not None and not _keeps(wanted.chosen, path, number, row):
            continue
        found = _winner(path, number, row, column, wanted.dimension)
        if not found:
            left_out += 1
            continue
        numbers.append(number)
        model_a.append(row.get("model_a"))
        model_b.append(row.get("model_b"))
        outcomes.append(found)
        voters.append(_voter(row))
        weights.append(_weight(path, number, row.get(WEIGHT, 1.0)))
        if wanted.by_time:
            times.append(parse_timestamp(path, number, row.get("timestamp")))
        if wanted.by_inverse_probability:
            probabilities.append(_probability(path, number, row.get("draw_probability")))
    return Batch(numbers, model_a, model_b, outcomes, voters, weights, times, probabilities, left_out)


def _keeps(chosen: RowFilter, path: Path, number: int, row: Mapping[str, Any]) -> bool:
    try:
        return chosen.keeps(row)
    except ValueError as error:
        raise BadLine(path, number, str(error)) from error


def parse_timestamp(path: Path, number: int, value: Any) -> datetime | None:
    """A time in ISO 8601, in UTC where it names no zone (the public data set's do not); None where there is none."""
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadLine(path, number, f"{value!r} is no time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def judged(choices: Mapping[str, str], dimension: str) -> str:
    """What raw choices say of a dimension: `a`, `b`, `tie`, or nothing."""
    if dimension == "overall":
        return overall_winner(choices)
    return outcome(choices[dimension]) if dimension in choices else ""


def _winner(path: Path, number: int, row: Mapping[str, Any], column: str, dimension: str) -> str:
    value, choices = row.get(column), row.get("choices")
    if value is None and isinstance(choices, dict):
        return judged({str(key): str(choice) for key, choice in choices.items()}, dimension)
    if value is None:
        missing = "is missing" if column in row else "is missing: there is no such column"
        raise BadLine(path, number, f"{column} {missing}")
    if not isinstance(value, str) or value not in WINNERS:
        raise BadLine(path, number, f"{column} must be model_a, model_b or tie, and {value!r} is none of these")
    return WINNERS[value]


def _is_self_identified(path: Path, number: int, row: Mapping[str, Any]) -> bool:
    """Whether one side names a model. CSV has these columns as texts, in capitals or not."""
    said = {column: str(row.get(column)).lower() for column in _SELF_IDENTIFIED}
    for column, value in said.items():
        if value not in ("true", "false"):
            raise BadLine(path, number, f"{column} must be true or false, and {row.get(column)!r} is neither")
    return "true" in said.values()


def _probability(path: Path, number: int, value: Any) -> float:
    if value is None or value == "":
        raise BadLine(path, number, "draw_probability is missing, so this vote cannot be weighted by it")
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = 0.0
    if isinstance(value, bool) or not 0 < found <= 1:
        raise BadLine(path, number, f"draw_probability must be above 0 and at most 1, and {value!r} is not")
    return found


def _weight(path: Path, number: int, value: Any) -> float:
    """A vote's weight. Whether it is finite, and not negative, is looked at with all the others."""
    if value is None or value == "":
        raise BadLine(path, number, "the weight is missing, and the file has a column of weights")
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadLine(path, number, f"the weight must be a number, and {value!r} is not") from error


def _voter(row: Mapping[str, Any]) -> str | None:
    name = row.get("username")
    return None if name is None or name == "" else str(name)

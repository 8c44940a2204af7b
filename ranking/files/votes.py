"""The votes of a file, for ranking: no more is needed than model_a, model_b and winner."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arena.ballot_forms import outcome, overall_winner
from ranking.estimators import BadRow, Votes, encode_votes
from ranking.files.columns import WINNERS, winner_column
from ranking.files.errors import BadFile, BadLine
from ranking.files.reading import read_rows


def read_votes(path: Path, dimension: str, *, by_time: bool = False) -> tuple[Votes, int]:
    """The votes of a file in one dimension, and how many of its rows say nothing about it and are left out.

    A row is left out only where its `choices` say that the voter did not judge this; a winner that is simply missing
    is a bad line. With `by_time` the votes are in the order of their timestamps (equal ones in the file's order), or
    in the file's order where it has none.
    """
    column = winner_column(dimension)
    wanted = {"model_a", "model_b", column, "username", "timestamp", "choices"}
    numbers: list[int] = []
    columns: tuple[list[object], ...] = ([], [], [], [])
    times: list[datetime | None] = []
    left_out = 0
    for number, row in read_rows(path, only=wanted):
        found = _winner(path, number, row, column, dimension)
        if not found:
            left_out += 1
            continue
        numbers.append(number)
        for values, value in zip(columns, (row.get("model_a"), row.get("model_b"), found, _voter(row)), strict=True):
            values.append(value)
        times.append(parse_timestamp(path, number, row.get("timestamp")) if by_time else None)
    order = _order(path, numbers, times) if by_time else range(len(numbers))
    model_a, model_b, outcomes, voters = ([values[i] for i in order] for values in columns)
    try:
        votes = encode_votes(
            model_a,
            model_b,
            outcomes,
            voter=voters if any(voter is not None for voter in voters) else None,
            row_numbers=[numbers[i] for i in order],
        )
    except BadRow as error:
        raise BadLine(path, error.number, error.reason) from error
    return votes, left_out


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


def _voter(row: Mapping[str, Any]) -> str | None:
    name = row.get("username")
    return None if name is None or name == "" else str(name)


def _order(path: Path, numbers: list[int], times: list[datetime | None]) -> list[int]:
    known = [time for time in times if time is not None]
    if not known:
        return list(range(len(times)))
    if len(known) < len(times):
        number = numbers[times.index(None)]
        raise BadFile(f"{path}, line {number}: the timestamp is missing, and other lines have one.")
    return sorted(range(len(times)), key=lambda i: known[i])

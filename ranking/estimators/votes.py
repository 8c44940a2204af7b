"""Votes as columns of integer codes: what every estimator starts from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray, frozen
from ranking.estimators.errors import BadRow, EstimationError

OUTCOMES = ("a", "b", "tie")
"""The outcomes of a comparison; their positions are their codes."""

A, B, TIE = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """`n` comparisons in the order in which they were made.

    `models` and `voters` are sorted by code point, so that a code's order is its name's order.
    `model_a`, `model_b`: codes into `models`; `outcome`: codes into `OUTCOMES`; `weight`: at least 0;
    `voter`: codes into `voters`, -1 where the voter is not known. All have shape (n,).
    """

    models: tuple[str, ...]
    voters: tuple[str, ...]
    model_a: IntArray
    model_b: IntArray
    outcome: IntArray
    weight: FloatArray
    voter: IntArray

    def __post_init__(self) -> None:
        for column in (self.model_a, self.model_b, self.outcome, self.weight, self.voter):
            frozen(column)

    def __len__(self) -> int:
        return len(self.outcome)


def encode_votes(
    model_a: Sequence[object],
    model_b: Sequence[object],
    outcome: Sequence[object],
    *,
    voter: Sequence[object] | None = None,
    weight: Sequence[object] | None = None,
    row_numbers: Sequence[int] | None = None,
) -> Votes:
    """Check columns and turn their labels into codes.

    Each column has one entry per vote: model names, outcomes (`a`, `b` or `tie`), and, where given, the voter's
    name (None where not known) and a weight (finite, at least 0). `row_numbers` names the rows in errors; without
    it they count from 1.

    Raises `BadRow` at the first row with a missing or unknown outcome, an empty name, a model against itself, or a
    weight that is no weight. A missing outcome is never taken for a tie.
    """
    columns = {"model_b": model_b, "outcome": outcome, "voter": voter, "weight": weight}
    for name, column in columns.items():
        if column is not None and len(column) != len(model_a):
            raise EstimationError(f"{name} has {len(column)} entries and model_a has {len(model_a)}")
    numbers = row_numbers if row_numbers is not None else range(1, len(model_a) + 1)
    models = _names((model_a, model_b), "model", numbers)
    voters = _names((voter,), "voter", numbers, optional=True) if voter is not None else ()
    code = {name: position for position, name in enumerate(models)}
    voter_code: dict[object, int] = {name: position for position, name in enumerate(voters)} | {None: -1}
    votes = Votes(
        models=models,
        voters=voters,
        model_a=np.array([code[name] for name in model_a], dtype=np.int64),  # type: ignore[index]
        model_b=np.array([code[name] for name in model_b], dtype=np.int64),  # type: ignore[index]
        outcome=_outcomes(outcome, numbers),
        weight=_weights(weight, numbers) if weight is not None else np.ones(len(model_a)),
        voter=np.array([voter_code[name] for name in voter] if voter is not None else [-1] * len(model_a), np.int64),
    )
    against_itself = np.flatnonzero(votes.model_a == votes.model_b)
    if against_itself.size:
        row = int(against_itself[0])
        raise BadRow(numbers[row], f"“{model_a[row]}” is set against itself")
    return votes


def _names(
    columns: Sequence[Sequence[object]], what: str, numbers: Sequence[int], *, optional: bool = False
) -> tuple[str, ...]:
    """The distinct names in some columns, sorted; checked name by name, not row by row."""
    try:
        distinct = set().union(*columns)
    except TypeError:  # an entry that cannot be hashed is no name: find its row
        distinct = {object()}
    if optional:
        distinct.discard(None)
    if not all(isinstance(name, str) and name.strip() for name in distinct):
        _raise_bad_name(columns, what, numbers, optional=optional)
    return tuple(sorted(str(name) for name in distinct))


def _raise_bad_name(columns: Sequence[Sequence[object]], what: str, numbers: Sequence[int], *, optional: bool) -> None:
    for row, entries in enumerate(zip(*columns, strict=True)):
        for entry in entries:
            if optional and entry is None:
                continue
            if entry is None or (isinstance(entry, str) and not entry.strip()):
                raise BadRow(numbers[row], f"a {what}'s name is missing")
            if not isinstance(entry, str):
                raise BadRow(numbers[row], f"a {what}'s name must be text, and {entry!r} is not")


def _outcomes(column: Sequence[object], numbers: Sequence[int]) -> IntArray:
    code = {name: position for position, name in enumerate(OUTCOMES)}
    codes = np.empty(len(column), dtype=np.int64)
    for row, entry in enumerate(column):
        position = code.get(entry) if isinstance(entry, str) else None
        if position is None:
            if entry is None or entry == "":
                raise BadRow(numbers[row], "the outcome is missing")
            raise BadRow(numbers[row], f"the outcome must be a, b or tie, and {entry!r} is none of these")
        codes[row] = position
    return codes


def _weights(column: Sequence[object], numbers: Sequence[int]) -> FloatArray:
    weights = np.empty(len(column))
    for row, entry in enumerate(column):
        if isinstance(entry, bool) or not isinstance(entry, int | float | np.floating | np.integer):
            raise BadRow(numbers[row], f"the weight must be a number, and {entry!r} is not")
        if not (math.isfinite(entry) and entry >= 0):
            raise BadRow(numbers[row], f"the weight must be finite and at least 0, and {entry!r} is not")
        weights[row] = float(entry)
    return weights

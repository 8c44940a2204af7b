"""What columns of votes are refused for, each fault with its row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.encoding import Labels, all_texts, is_missing, number_values
from ranking.estimators.errors import BadRow, EstimationError

OUTCOMES = ("a", "b", "tie")
"""The outcomes of a comparison; their positions are their codes."""

MOST_WEIGHT = 1e12
"""Sums of squared scores of heavier votes lose the other votes, and end in infinity."""

Bad = tuple[int, str]
"""A row that is no vote, counted from 0, and what is wrong with it."""


def check_lengths(length: int, columns: dict[str, Any]) -> None:
    """Raises `EstimationError` where a column is not as long as model_a."""
    for name, column in columns.items():
        if column is not None and len(column) != length:
            raise EstimationError(f"{name} has {len(column)} entries and model_a has {length}")


def check_distinct(names: Sequence[str], what: str) -> None:
    """Raises `EstimationError` where a name is none, or stands twice."""
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise EstimationError(f"a {what}'s name is missing, or no text")
    if len(set(names)) < len(names):
        raise EstimationError(f"two {what}s have the same name")


def whole_numbers(name: str, column: Any) -> IntArray:
    """A column of codes, the caller's own where it can be; raises `EstimationError` where it holds anything else."""
    codes = np.asarray(column)
    if codes.dtype.kind not in "iu" and codes.size:
        raise EstimationError(f"{name} must be whole numbers")
    return codes.astype(np.int64, copy=False)


def raise_first(bad: Iterable[Bad], numbers: Sequence[int] | None) -> None:
    """Raises `BadRow` for the first of the rows found, if any, under its own number."""
    first = min(bad, key=lambda found: found[0], default=None)
    if first is not None:
        row, reason = first
        raise BadRow(int(numbers[row]) if numbers is not None else row + 1, reason)


def bad_labels(labels: Labels, reason: Callable[[object], str | None]) -> Iterator[Bad]:
    """The first row whose entry there is a reason against; the distinct entries are asked about, not the rows."""
    if not len(labels.codes) or (reason is voter_reason and all_texts(labels.entries) and all_full(labels.entries)):
        return
    wrong = np.array([reason(entry) is not None for entry in (*labels.entries, None)])  # the last is MISSING's
    if not wrong.any():
        return
    row = int(wrong[labels.codes].argmax())
    code = labels.codes[row]
    if wrong[code]:
        yield row, str(reason(labels.entries[code] if code >= 0 else None))


def all_full(entries: Sequence[Any]) -> bool:
    """Whether no text is empty or blank."""
    return all(map(str.strip, entries))


def model_reason(entry: object) -> str | None:
    """Why an entry names no model, or None."""
    return _name_reason(entry, "model")


def voter_reason(entry: object) -> str | None:
    """Why an entry names no voter, or None; a voter may be missing."""
    return None if is_missing(entry) else _name_reason(entry, "voter")


def outcome_reason(entry: object) -> str | None:
    """Why an entry is no outcome, or None."""
    if isinstance(entry, str) and entry in OUTCOMES:
        return None
    if is_missing(entry) or entry == "":
        return "the outcome is missing"
    return f"the outcome must be a, b or tie, and {entry!r} is none of these"


def bad_weights(column: Sequence[Any] | None, weights: FloatArray | None) -> Iterator[Bad]:
    """The first row whose weight is no number (`weights` is None then), not finite, or negative."""
    if weights is None:
        for row, entry in enumerate(column if column is not None else ()):
            if number_values([entry]) is None:
                yield row, f"the weight must be a number, and {entry!r} is not"
                return
        return
    for row in np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[:1].tolist():
        yield row, f"the weight must be finite and at least 0, and {float(weights[row])!r} is not"
        return
    for row in np.flatnonzero(weights > MOST_WEIGHT)[:1].tolist():
        yield row, f"the weight must be at most {MOST_WEIGHT:g}, and {float(weights[row])!r} is not"


def bad_codes(codes: IntArray, name: str, low: int, high: int) -> Iterator[Bad]:
    """The first row whose code is below `low`, or not below `high`."""
    if not len(codes) or (codes.min() >= low and codes.max() < high):
        return
    for row in np.flatnonzero((codes < low) | (codes >= high))[:1].tolist():
        yield row, f"{name} has the code {codes[row]}, which stands for nothing"


def against_itself(models: Sequence[str], model_a: IntArray, model_b: IntArray) -> Iterator[Bad]:
    """The first row in which a model meets itself."""
    for row in np.flatnonzero(model_a == model_b)[:1].tolist():
        yield row, f"“{models[model_a[row]]}” is set against itself"


def _name_reason(entry: object, what: str) -> str | None:
    if is_missing(entry) or (isinstance(entry, str) and not entry.strip()):
        return f"a {what}'s name is missing"
    return None if isinstance(entry, str) else f"a {what}'s name must be text, and {entry!r} is not"

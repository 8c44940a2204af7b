"""Votes as columns of integer codes: what every estimator starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray, frozen
from ranking.estimators.encoding import MISSING, Labels, all_texts, is_missing, label_codes, number_values
from ranking.estimators.vote_checks import (
    OUTCOMES as OUTCOMES,
)
from ranking.estimators.vote_checks import (
    against_itself,
    bad_codes,
    bad_labels,
    bad_weights,
    check_distinct,
    check_lengths,
    model_reason,
    outcome_reason,
    raise_first,
    voter_reason,
    whole_numbers,
)

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
    model_a: Sequence[Any],
    model_b: Sequence[Any],
    outcome: Sequence[Any],
    *,
    voter: Sequence[Any] | None = None,
    weight: Sequence[Any] | None = None,
    row_numbers: Sequence[int] | None = None,
) -> Votes:
    """Check columns and turn their labels into codes.

    Columns may be lists, numpy arrays, pandas Series (categorical or not) or pyarrow arrays. Each has one entry per
    vote: model names, outcomes (`a`, `b` or `tie`), and, where given, the voter's name (missing where not known) and
    a weight (finite, at least 0). `row_numbers` names the rows in errors; without it they count from 1.

    Raises `BadRow` at the first row with a missing or unknown outcome, an empty name, a model against itself, or a
    weight that is no weight. A missing outcome is never taken for a tie.
    """
    found = checked_columns(model_a, model_b, outcome, voter=voter, weight=weight, row_numbers=row_numbers)
    models, voters = _sorted_names(found.model_a, found.model_b), _sorted_names(found.voter)
    model_code, voter_code = _codes_of(models), _codes_of(voters)
    votes = Votes(
        models=models,
        voters=voters,
        model_a=recoded(found.model_a, model_code),
        model_b=recoded(found.model_b, model_code),
        outcome=found.outcome,
        weight=found.weight,
        voter=recoded(found.voter, voter_code),
    )
    raise_first(against_itself(models, votes.model_a, votes.model_b), row_numbers)
    return votes


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of votes (n,) that have been checked, but for models that meet themselves."""

    model_a: Labels
    model_b: Labels
    outcome: IntArray
    voter: Labels
    weight: FloatArray


def checked_columns(
    model_a: Sequence[Any],
    model_b: Sequence[Any],
    outcome: Sequence[Any],
    *,
    voter: Sequence[Any] | None = None,
    weight: Sequence[Any] | None = None,
    row_numbers: Sequence[int] | None = None,
) -> Columns:
    """The columns' labels, still in the order in which they appear. Arguments and errors as of `encode_votes`."""
    check_lengths(len(model_a), {"model_b": model_b, "outcome": outcome, "voter": voter, "weight": weight})
    side_a, side_b, said = label_codes(model_a), label_codes(model_b), label_codes(outcome)
    named = label_codes(voter) if voter is not None else Labels((), np.full(len(model_a), MISSING))
    weights = number_values(weight) if weight is not None else np.ones(len(model_a))
    bad = [
        *bad_labels(side_a, model_reason),
        *bad_labels(side_b, model_reason),
        *bad_labels(named, voter_reason),
        *bad_labels(said, outcome_reason),
        *bad_weights(weight, weights),
    ]
    raise_first(bad, row_numbers)
    return Columns(side_a, side_b, recoded(said, _codes_of(OUTCOMES)), named, np.asarray(weights))


def recoded(labels: Labels, code: Mapping[Any, int]) -> IntArray:
    """Codes (n,) of the labels' names instead of the labels' own; missing ones stay missing."""
    if all_texts(labels.entries):
        table = list(map(code.__getitem__, labels.entries))
    else:
        table = [MISSING if is_missing(entry) else code[str(entry)] for entry in labels.entries]
    return np.array([*table, MISSING], dtype=np.int64)[labels.codes]


def votes_from_codes(
    models: Sequence[str],
    model_a: Any,
    model_b: Any,
    outcome: Any,
    *,
    voter: Any = None,
    voters: Sequence[str] = (),
    weight: Any = None,
    row_numbers: Sequence[int] | None = None,
) -> Votes:
    """Votes of a caller that keeps codes: integer columns (n,) into `models`, `OUTCOMES` and `voters`.

    `models` and `voters` are in any order, without repetition; those that no vote names are left out. `voter` is -1
    where the voter is not known. The result equals that of `encode_votes` on the names.

    Raises `BadRow` at the first row with a code that stands for nothing, a model against itself, or a weight that is
    no weight; `EstimationError` where a column does not fit, or a name is repeated or is none.
    """
    columns = {"model_b": model_b, "outcome": outcome, "voter": voter, "weight": weight}
    check_lengths(len(model_a), columns)
    check_distinct(models, "model")
    check_distinct(voters, "voter")
    side_a, side_b, said = (
        whole_numbers(name, column)
        for name, column in (("model_a", model_a), ("model_b", model_b), ("outcome", outcome))
    )
    named = whole_numbers("voter", voter) if voter is not None else None
    weights = number_values(weight) if weight is not None else np.ones(len(model_a))
    bad = [
        *bad_codes(side_a, "model_a", 0, len(models)),
        *bad_codes(side_b, "model_b", 0, len(models)),
        *bad_codes(said, "outcome", 0, len(OUTCOMES)),
        *(bad_codes(named, "voter", MISSING, len(voters)) if named is not None else ()),
        *(bad_weights(weight, weights) if weight is not None else ()),
    ]
    raise_first(bad, row_numbers)
    used_models, model_code = _used(models, side_a, side_b)
    used_voters, voter_code = _used(voters, named) if named is not None else ((), None)
    votes = Votes(
        models=used_models,
        voters=used_voters,
        model_a=_renumbered(side_a, model_code),
        model_b=_renumbered(side_b, model_code),
        outcome=said.copy(),
        weight=weights if weights is not None else np.empty(0),
        voter=_renumbered(named, voter_code) if named is not None else np.full(len(model_a), MISSING),
    )
    raise_first(against_itself(used_models, votes.model_a, votes.model_b), row_numbers)
    return votes


def _sorted_names(*columns: Labels) -> tuple[str, ...]:
    return tuple(sorted({str(entry) for labels in columns for entry in labels.entries if not is_missing(entry)}))


def _codes_of(names: Sequence[str]) -> dict[str, int]:
    return {name: position for position, name in enumerate(names)}


def _used(names: Sequence[str], *columns: IntArray) -> tuple[tuple[str, ...], IntArray | None]:
    """The names that some column has, sorted, and the new code of each old one, the last place being MISSING's; None
    where codes stay as they are."""
    used = np.zeros(len(names) + 1, dtype=np.int64)  # the first place is MISSING's
    for codes in columns:
        used += np.bincount(codes - MISSING, minlength=len(used))
    order = sorted(np.flatnonzero(used[1:]).tolist(), key=names.__getitem__)
    if order == list(range(len(names))):
        return tuple(names), None
    code = np.full(len(names) + 1, MISSING, dtype=np.int64)
    code[order] = np.arange(len(order))
    return tuple(names[position] for position in order), code


def _renumbered(codes: IntArray, new: IntArray | None) -> IntArray:
    """New codes in an array of their own."""
    return codes.copy() if new is None else new[codes]

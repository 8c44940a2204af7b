"""The canonical reduced form of votes, and its fingerprint.

Everything that does not depend on the order of votes is computed from this form, so that a ranking is a function of
the votes alone, to the last digit, wherever they were read from and in whatever order.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray, frozen
from ranking.estimators.votes import OUTCOMES, Votes

CANONICAL_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Equal votes counted once: `k` cells in canonical order, all columns of shape (k,).

    The order is by voter (only where `by_voter`; unknown voters first), model_a, model_b, outcome, weight.
    Model and voter codes are those of the votes; `voter` is -1 throughout where not `by_voter`.
    """

    models: tuple[str, ...]
    voters: tuple[str, ...]
    by_voter: bool
    voter: IntArray
    model_a: IntArray
    model_b: IntArray
    outcome: IntArray
    weight: FloatArray
    count: IntArray

    def __post_init__(self) -> None:
        for column in (self.voter, self.model_a, self.model_b, self.outcome, self.weight, self.count):
            frozen(column)

    def __len__(self) -> int:
        return len(self.count)


def reduce_votes(votes: Votes, *, by_voter: bool) -> Cells:
    """Count equal votes; keep voters apart where `by_voter`."""
    voter = votes.voter if by_voter else np.full(len(votes), -1, dtype=np.int64)
    weights, weight_code = np.unique(votes.weight, return_inverse=True)
    n_models, n_weights = max(len(votes.models), 1), max(len(weights), 1)
    # One integer a vote, so that sorting is one sort of integers: 1M voters x 1,000 models squared x 3 fits easily.
    key = (((voter + 1) * n_models + votes.model_a) * n_models + votes.model_b) * len(OUTCOMES) + votes.outcome
    keys, count = np.unique(key * n_weights + weight_code, return_counts=True)
    rest, weight_of = np.divmod(keys, n_weights)
    rest, outcome = np.divmod(rest, len(OUTCOMES))
    rest, model_b = np.divmod(rest, n_models)
    voter_of, model_a = np.divmod(rest, n_models)
    return Cells(
        models=votes.models,
        voters=votes.voters if by_voter else (),
        by_voter=by_voter,
        voter=voter_of - 1,
        model_a=model_a,
        model_b=model_b,
        outcome=outcome,
        weight=weights[weight_of] if len(weights) else np.empty(0),
        count=count.astype(np.int64),
    )


def cells_sha256(cells: Cells) -> str:
    """Fingerprint of the canonical form (see `canonical_lines`), in hexadecimal."""
    return _sha256(canonical_lines(cells))


def sequence_sha256(votes: Votes, *, by_voter: bool) -> str:
    """Fingerprint of votes whose order matters (Elo), in hexadecimal."""
    return _sha256(sequence_lines(votes, by_voter=by_voter))


def canonical_lines(cells: Cells) -> Iterator[str]:
    """The canonical form, a line at a time, each without its end.

    The bytes are these lines in UTF-8, each ended by one line feed. First a heading; then one line per cell: a JSON
    array without spaces and without escapes for non-ASCII characters, of [model_a, model_b, outcome, weight, count],
    with the voter (or null) in front where intervals are clustered by voter. Weights are written as the shortest
    decimal that reads back as the same double (`1.0`).
    """
    yield _heading("voter-cells" if cells.by_voter else "cells")
    columns = (cells.voter, cells.model_a, cells.model_b, cells.outcome, cells.weight, cells.count)
    for voter, a, b, outcome, weight, count in zip(*(column.tolist() for column in columns), strict=True):
        row: list[object] = [cells.models[a], cells.models[b], OUTCOMES[outcome], weight, count]
        yield _line([cells.voters[voter] if voter >= 0 else None, *row] if cells.by_voter else row)


def sequence_lines(votes: Votes, *, by_voter: bool) -> Iterator[str]:
    """As `canonical_lines`, for an order that matters: one line per vote, in order, without a count."""
    yield _heading("voter-sequence" if by_voter else "sequence")
    columns = (votes.voter, votes.model_a, votes.model_b, votes.outcome, votes.weight)
    for voter, a, b, outcome, weight in zip(*(column.tolist() for column in columns), strict=True):
        row: list[object] = [votes.models[a], votes.models[b], OUTCOMES[outcome], weight]
        yield _line([votes.voters[voter] if voter >= 0 else None, *row] if by_voter else row)


def _heading(form: str) -> str:
    return f"lehia-votes {CANONICAL_VERSION} {form}"


def _line(row: list[object]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _sha256(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()

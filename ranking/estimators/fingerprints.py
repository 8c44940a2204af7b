"""The canonical form of votes as text, and its SHA-256.

The text is a heading and one line per cell (or per vote, where their order matters), in UTF-8, each line ended by one
line feed. Lines are put together from parts that are written once: voters, kinds of vote, counts.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from json.encoder import encode_basestring

import numpy as np

from ranking.estimators.arrays import IntArray
from ranking.estimators.cells import PART, Cells
from ranking.estimators.votes import OUTCOMES, Votes

CANONICAL_VERSION = 1


def cells_sha256(cells: Cells) -> str:
    """Fingerprint of the canonical form (see `canonical_lines`), in hexadecimal."""
    return _sha256(_cell_texts(cells))


def sequence_sha256(votes: Votes, *, by_voter: bool) -> str:
    """Fingerprint of votes whose order matters (Elo), in hexadecimal."""
    return _sha256(_sequence_texts(votes, by_voter=by_voter))


def canonical_lines(cells: Cells) -> Iterator[str]:
    """The canonical form, a line at a time, each without its end.

    First a heading; then one line per cell: a JSON array without spaces and without escapes for non-ASCII characters,
    of [model_a, model_b, outcome, weight, count], with the voter (or null) in front where intervals are clustered by
    voter. Weights are written as the shortest decimal that reads back as the same double (`1.0`).
    """
    return _lines(_cell_texts(cells))


def sequence_lines(votes: Votes, *, by_voter: bool) -> Iterator[str]:
    """As `canonical_lines`, for an order that matters: one line per vote, in order, without a count."""
    return _lines(_sequence_texts(votes, by_voter=by_voter))


def _cell_texts(cells: Cells) -> Iterator[str]:
    yield _heading("voter-cells" if cells.by_voter else "cells")
    models = [encode_basestring(name) for name in cells.models]
    voters = _openings(cells.voters if cells.by_voter else None)
    for part in cells.parts():
        kinds, kind = np.unique(part.kind, return_inverse=True)
        shown = Cells(cells.models, (), False, cells.weights, kinds, np.ones(len(kinds), dtype=np.int32))
        columns = (shown.model_a, shown.model_b, shown.outcome, shown.weight)
        middles = _middles(models, *(column.tolist() for column in columns))
        counts = {count: f",{count}]\n" for count in np.unique(part.count).tolist()}
        yield "".join(
            chain.from_iterable(
                zip(
                    map(voters.__getitem__, (part.voter + 1).tolist()),
                    map(middles.__getitem__, kind.tolist()),
                    map(counts.__getitem__, part.count.tolist()),
                    strict=True,
                )
            )
        )


def _sequence_texts(votes: Votes, *, by_voter: bool) -> Iterator[str]:
    yield _heading("voter-sequence" if by_voter else "sequence")
    models = [encode_basestring(name) for name in votes.models]
    voters = _openings(votes.voters if by_voter else None)
    for start in range(0, len(votes), PART):
        rows = slice(start, start + PART)
        columns = (votes.model_a, votes.model_b, votes.outcome, votes.weight)
        middles = _middles(models, *(column[rows].tolist() for column in columns))
        voter: IntArray = votes.voter[rows] + 1 if by_voter else np.zeros(len(middles), dtype=np.int64)
        opened = zip(map(voters.__getitem__, voter.tolist()), middles, strict=True)
        yield "".join(f"{opening}{middle}]\n" for opening, middle in opened)


def _openings(voters: Sequence[str] | None) -> list[str]:
    """What lines begin with: the bracket and, where voters count, the voter, an unknown one first."""
    return ["["] if voters is None else ["[null,", *(f"[{encode_basestring(name)}," for name in voters)]


def _middles(
    models: Sequence[str], model_a: list[int], model_b: list[int], outcome: list[int], weight: list[float]
) -> list[str]:
    weights = {value: json.dumps(value) for value in set(weight)}
    rows = zip(model_a, model_b, outcome, weight, strict=True)
    return [f'{models[a]},{models[b]},"{OUTCOMES[said]}",{weights[value]}' for a, b, said, value in rows]


def _heading(form: str) -> str:
    return f"lehia-votes {CANONICAL_VERSION} {form}\n"


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from text.removesuffix("\n").split("\n")


def _sha256(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()

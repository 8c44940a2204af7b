"""Votes that come in batches, counted as they come, so that what is kept grows with their cells and not with them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.cells import PART, Cells, check_room, merge_counts, n_kinds, narrowed, reduced, runs
from ranking.estimators.vote_checks import against_itself, raise_first
from ranking.estimators.votes import OUTCOMES, Votes, checked_columns, recoded, votes_from_codes

MOST_WAITING = 1 << 24
"""Votes that wait to be counted (128 MB)."""


PIECE = 1 << 22
"""Keys in one piece (32 MB, of which only what is filled takes room)."""


class _Keys:
    """Keys in large pieces, each of which goes back to the system when it has been copied."""

    def __init__(self) -> None:
        self._pieces: list[IntArray] = []
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, keys: IntArray) -> None:
        while len(keys):
            place = self._n % PIECE
            if not place:
                self._pieces.append(np.empty(PIECE, dtype=np.int64))
            some, keys = keys[: PIECE - place], keys[PIECE - place :]
            self._pieces[-1][place : place + len(some)] = some
            self._n += len(some)

    def parts(self) -> Iterator[IntArray]:
        """The keys, some at a time, to be changed in place."""
        for number, piece in enumerate(self._pieces):
            filled = piece[: self._n - number * PIECE]
            for start in range(0, len(filled), PART):
                yield filled[start : start + PART]

    def taken(self) -> IntArray:
        """All keys; none are left."""
        keys = np.empty(self._n, dtype=np.int64)
        for start in range(0, self._n, PIECE):
            piece = self._pieces[start // PIECE]
            keys[start : start + PIECE] = piece[: self._n - start]
            self._pieces[start // PIECE] = piece[:0].copy()
        self._pieces, self._n = [], 0
        return keys


class Sequenced:
    """Puts batches of votes together, in order; see `encode_votes`."""

    def __init__(self) -> None:
        self._models = _numbered()
        self._voters = _numbered()
        self._columns: tuple[list[IntArray], ...] = ([], [], [], [])
        self._weights: list[FloatArray] = []

    def add(
        self,
        model_a: Sequence[Any],
        model_b: Sequence[Any],
        outcome: Sequence[Any],
        *,
        voter: Sequence[Any] | None = None,
        weight: Sequence[Any] | None = None,
        row_numbers: Sequence[int] | None = None,
    ) -> None:
        """Take a batch of votes. Arguments and errors as of `encode_votes`."""
        found = checked_columns(model_a, model_b, outcome, voter=voter, weight=weight, row_numbers=row_numbers)
        side_a, side_b = recoded(found.model_a, self._models), recoded(found.model_b, self._models)
        raise_first(against_itself(list(self._models), side_a, side_b), row_numbers)
        batch = (side_a, side_b, found.outcome, recoded(found.voter, self._voters))
        for column, codes in zip(self._columns, batch, strict=True):
            column.append(codes.astype(np.int32))
        self._weights.append(found.weight)

    def votes(self, order: IntArray | None = None) -> Votes:
        """All votes, those at the places in `order` (n,) in that order. Nothing must be added afterwards."""
        whole = [np.concatenate(column) if column else np.zeros(0, dtype=np.int32) for column in self._columns]
        weights = np.concatenate(self._weights) if self._weights else np.zeros(0)
        model_a, model_b, outcome, voter = whole if order is None else (column[order] for column in whole)
        return votes_from_codes(
            tuple(self._models),
            model_a,
            model_b,
            outcome,
            voter=voter,
            voters=tuple(self._voters),
            weight=weights if order is None else weights[order],
        )


class Tally:
    """Counts equal votes, keeping voters apart where `by_voter`.

    Names get codes in the order in which they appear, and room for more of them than there are; when that is used up,
    everything is written anew with twice the room.
    """

    def __init__(self, *, by_voter: bool) -> None:
        self.by_voter = by_voter
        self._models = _numbered()
        self._voters = _numbered()
        self._weights: dict[float, int] = {}
        self._room = (16, 1)  # models, weights
        self._waiting = _Keys()
        self._counted: tuple[IntArray, IntArray] | None = None

    def __len__(self) -> int:
        return len(self._waiting) + (int(self._counted[1].sum()) if self._counted is not None else 0)

    def add(
        self,
        model_a: Sequence[Any],
        model_b: Sequence[Any],
        outcome: Sequence[Any],
        *,
        voter: Sequence[Any] | None = None,
        weight: Sequence[Any] | None = None,
        row_numbers: Sequence[int] | None = None,
    ) -> None:
        """Count a batch of votes. Arguments and errors as of `encode_votes`; after an error nothing may be added."""
        found = checked_columns(model_a, model_b, outcome, voter=voter, weight=weight, row_numbers=row_numbers)
        side_a, side_b = recoded(found.model_a, self._models), recoded(found.model_b, self._models)
        raise_first(against_itself(list(self._models), side_a, side_b), row_numbers)
        weights, weight_code = np.unique(found.weight, return_inverse=True)
        for value in weights.tolist():
            self._weights.setdefault(value, len(self._weights))
        self._make_room()
        n_models, n_weights = self._room
        weight_codes = np.array([self._weights[value] for value in weights.tolist()], dtype=np.int64)
        key = ((side_a * n_models + side_b) * len(OUTCOMES) + found.outcome) * n_weights + weight_codes[weight_code]
        if self.by_voter:
            voter_code = recoded(found.voter, self._voters)
            check_room(n_kinds(n_models, n_weights), len(self._voters) + 1)
            key += (voter_code + 1) * n_kinds(n_models, n_weights)
        self._waiting.append(key)
        if len(self._waiting) > (MOST_WAITING if self.by_voter else PART):
            self._count()

    def cells(self) -> Cells:
        """What has been counted, in canonical order. The tally must not be used afterwards."""
        if self._counted is not None:
            self._count()
        models, voters = tuple(sorted(self._models)), tuple(sorted(self._voters))
        weights = np.array(sorted(self._weights), dtype=np.float64)
        codes = (_places(self._models, models), _places(self._voters, voters), _places(self._weights, weights.tolist()))
        kinds = n_kinds(len(models), len(weights))
        check_room(kinds, len(voters) + 1)
        keys, counts = self._taken()
        for start in range(0, len(keys), PART):
            voter, side_a, side_b, outcome, weight = self._unpacked(keys[start : start + PART])
            model_a, model_b = codes[0][side_a], codes[0][side_b]
            kind = ((model_a * max(len(models), 1) + model_b) * len(OUTCOMES) + outcome) * max(len(weights), 1)
            keys[start : start + PART] = (codes[1][voter - 1] + 1) * kinds + kind + codes[2][weight]
        if counts is None:
            keys.sort()
            keys, times = runs(keys)
        else:
            order = np.argsort(keys)
            keys, times = keys[order], counts[order].astype(np.int32)
        bound = kinds * (len(voters) + 1)
        return Cells(models, voters, self.by_voter and bool(voters), weights, narrowed(keys, bound), times)

    def _taken(self) -> tuple[IntArray, IntArray | None]:
        if self._counted is not None:
            keys, counts = self._counted
            return keys.copy(), counts
        return self._waiting.taken(), None

    def _count(self) -> None:
        """Count the votes that wait, with those counted before."""
        if not len(self._waiting):
            return
        keys, counts = reduced(self._waiting.taken(), n_kinds(*self._room) * (len(self._voters) + 1))
        if self._counted is None:
            self._counted = keys.copy(), counts.astype(np.int64)
        else:
            both = np.concatenate([self._counted[0], keys]), np.concatenate([self._counted[1], counts])
            self._counted = merge_counts(*both)

    def _make_room(self) -> None:
        n_models, n_weights = self._room
        while n_models < len(self._models):
            n_models *= 2
        while n_weights < len(self._weights):
            n_weights *= 2
        if (n_models, n_weights) == self._room:
            return
        check_room(n_kinds(n_models, n_weights), len(self._voters) + 1)
        for keys in self._waiting.parts():
            keys[:] = self._repacked(keys, n_models, n_weights)
        if self._counted is not None:
            self._counted = self._repacked(self._counted[0], n_models, n_weights), self._counted[1]
        self._room = n_models, n_weights

    def _repacked(self, key: IntArray, n_models: int, n_weights: int) -> IntArray:
        voter, side_a, side_b, outcome, weight = self._unpacked(key)
        kind = ((side_a * n_models + side_b) * len(OUTCOMES) + outcome) * n_weights + weight
        return voter * n_kinds(n_models, n_weights) + kind

    def _unpacked(self, key: IntArray) -> tuple[IntArray, ...]:
        """Voter's code + 1, model_a, model_b, outcome and weight of each key."""
        n_models, n_weights = self._room
        rest, weight = np.divmod(key, n_weights)
        rest, outcome = np.divmod(rest, len(OUTCOMES))
        rest, side_b = np.divmod(rest, n_models)
        voter, side_a = np.divmod(rest, n_models)
        return voter, side_a, side_b, outcome, weight


def _numbered() -> defaultdict[str, int]:
    """Numbers names in the order in which they are asked for."""
    names: defaultdict[str, int] = defaultdict()
    names.default_factory = names.__len__
    return names


def _places(codes: dict[Any, int], ordered: Sequence[Any]) -> IntArray:
    """The place in order of each code, and -1 at the end, for what has none."""
    places = np.full(len(codes) + 1, -1, dtype=np.int64)
    places[[codes[name] for name in ordered]] = np.arange(len(ordered))
    return places

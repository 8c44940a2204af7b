"""The canonical reduced form of votes.

Everything that does not depend on the order of votes is computed from this form, so that a ranking is a function of
the votes alone, to the last digit, wherever they were read from and in whatever order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.estimators.arrays import FloatArray, IntArray, frozen
from ranking.estimators.errors import EstimationError
from ranking.estimators.votes import OUTCOMES, TIE, Votes

PART = 1 << 16
"""Cells that are unpacked at once (half a megabyte a column)."""

MOST_KINDS = 1 << 20
"""Kinds of vote up to which all of them are counted, whether there are votes of them or not."""

FOUR_BYTES = 1 << 32
"""What keys must stay below to be kept in four bytes each."""

CountArray = NDArray[np.int32]
KeyArray = NDArray[np.int64 | np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Equal votes counted once: `k` cells in canonical order.

    The order is by voter (only where `by_voter`; unknown voters first), model_a, model_b, outcome, weight: that of
    `key` (k,), which packs the five codes in this order, into four bytes where they fit: ten million cells of 21 models
    and up to three million voters take 80 MB. `count` (k,) says how often each was cast. `weights` are the distinct
    weights, ascending. Model and voter codes are those of the votes; voters are -1 throughout where not `by_voter`.
    """

    models: tuple[str, ...]
    voters: tuple[str, ...]
    by_voter: bool
    weights: FloatArray
    key: KeyArray
    count: CountArray

    def __post_init__(self) -> None:
        for column in (self.weights, self.key, self.count):
            frozen(column)

    def __len__(self) -> int:
        return len(self.key)

    @property
    def n_kinds(self) -> int:
        """How many kinds of vote there may be: of model_a, model_b, outcome and weight."""
        return n_kinds(len(self.models), len(self.weights))

    @property
    def kind(self) -> IntArray:
        """The cells' keys without their voters, (k,)."""
        return _whole(self.key % self.n_kinds)

    @property
    def voter(self) -> IntArray:
        return _whole(self.key // self.n_kinds) - 1

    @property
    def weight(self) -> FloatArray:
        return self.weights[self.key % max(len(self.weights), 1)]

    @property
    def outcome(self) -> IntArray:
        return _whole(self.key // max(len(self.weights), 1) % len(OUTCOMES))

    @property
    def model_b(self) -> IntArray:
        return _whole(self.key // (max(len(self.weights), 1) * len(OUTCOMES)) % max(len(self.models), 1))

    @property
    def model_a(self) -> IntArray:
        n_models = max(len(self.models), 1)
        return _whole(self.key // (max(len(self.weights), 1) * len(OUTCOMES) * n_models) % n_models)

    @property
    def n_of_unknown(self) -> int:
        """How many cells, the first ones, have no voter, where voters are kept apart."""
        # A number of another type would have all keys turned into it.
        return int(np.searchsorted(self.key, self.key.dtype.type(self.n_kinds)))

    @property
    def of_unknown_voters(self) -> int:
        """How many votes have no voter, where voters are kept apart."""
        return int(self.count[: self.n_of_unknown].sum())

    def parts(self) -> Iterator["Cells"]:
        """The cells in order, some at a time, for what needs their columns and shall not need much memory."""
        for start in range(0, len(self), PART):
            yield replace(self, key=self.key[start : start + PART], count=self.count[start : start + PART])

    def without_voters(self) -> "Cells":
        """The same votes with all voters taken together."""
        if not self.by_voter:
            return self
        if self.n_kinds > MOST_KINDS:
            keys, counts = merge_counts(self.kind, self.count)
            return replace(self, voters=(), by_voter=False, key=keys, count=_counts(counts))
        total = np.zeros(self.n_kinds, dtype=np.int64)
        for part in self.parts():
            total += _bincount(part.kind, self.n_kinds, part.count)
        kinds = np.flatnonzero(total)
        return replace(self, voters=(), by_voter=False, key=kinds, count=_counts(total[kinds]))

    def without_weightless(self) -> "Cells":
        """The cells that count for something: a weight of 0 is left out."""
        if not len(self.weights) or self.weights[0] > 0:
            return self
        keep = self.key % len(self.weights) > 0  # weights ascend, so that 0 is the first
        return replace(self, key=self.key[keep], count=self.count[keep])

    def without_ties(self) -> "Cells":
        """The cells that someone won."""
        keep = self.outcome != TIE
        return self if keep.all() else replace(self, key=self.key[keep], count=self.count[keep])


def n_kinds(n_models: int, n_weights: int) -> int:
    """How many kinds of vote there may be."""
    return max(n_models, 1) ** 2 * len(OUTCOMES) * max(n_weights, 1)


def reduce_votes(votes: Votes, *, by_voter: bool) -> Cells:
    """Count equal votes; keep voters apart where `by_voter`."""
    weights, weight_code = _weight_codes(votes.weight)
    n_models, kinds = max(len(votes.models), 1), n_kinds(len(votes.models), len(weights))
    check_room(kinds, len(votes.voters) + 1 if by_voter else 1)
    key = votes.model_a * n_models
    key += votes.model_b
    key *= len(OUTCOMES)
    key += votes.outcome
    if len(weights) > 1:
        key *= len(weights)
        key += weight_code
    if by_voter:
        key += (votes.voter + 1) * kinds
    bound = kinds * (len(votes.voters) + 1 if by_voter else 1)
    keys, count = reduced(key, bound)
    voters = votes.voters if by_voter else ()
    return Cells(votes.models, voters, by_voter, weights, narrowed(keys, bound), _counts(count))


def check_room(kinds: int, voters: int) -> None:
    """Raises `EstimationError` where a cell's key would not fit into 63 bits."""
    if kinds * voters >= 2**63:
        raise EstimationError("there are too many models, voters and different weights to count votes by")


def narrowed(key: IntArray, bound: int) -> KeyArray:
    """Keys that are all below `bound`, in four bytes each where these are enough."""
    return key.astype(np.uint32) if bound < FOUR_BYTES else key


def reduced(key: IntArray, bound: int) -> tuple[IntArray, NDArray[np.integer[Any]]]:
    """Distinct keys (k,), ascending, all below `bound`, and how often each occurs."""
    if bound <= 4 * len(key) + 1024:
        counts = np.bincount(key, minlength=bound)
        keys = np.flatnonzero(counts)
        return keys, counts[keys]
    return runs(np.sort(key))


def runs(key: IntArray) -> tuple[IntArray, CountArray]:
    """Distinct keys (k,) and how often each occurs, from sorted ones, whose place they take: no more room is needed
    than for the counts."""
    counts = np.empty(len(key), dtype=np.int32)
    done = 0
    for start in range(0, len(key), PART):
        part = key[start : start + PART]
        new = np.r_[done == 0 or part[0] != key[done - 1], part[1:] != part[:-1]]
        first = np.flatnonzero(new)
        if not len(first):
            counts[done - 1] += len(part)
            continue
        if done:
            counts[done - 1] += first[0]
        distinct = part[first]
        counts[done : done + len(first)] = np.diff(np.r_[first, len(part)])
        key[done : done + len(first)] = distinct
        done += len(first)
    return key[:done], counts[:done]


def merge_counts(key: IntArray, count: NDArray[np.integer[Any]]) -> tuple[IntArray, IntArray]:
    """Distinct keys, ascending, and the sum of the counts (n,) of each."""
    keys, position = np.unique(key, return_inverse=True)
    return keys, _bincount(position, len(keys), count)


def _bincount(key: IntArray, bound: int, count: NDArray[np.integer[Any]] | None) -> IntArray:
    # Doubles hold whole numbers up to 2^53 exactly.
    return np.bincount(key, weights=count, minlength=bound).astype(np.int64)


def _whole(codes: KeyArray) -> IntArray:
    return codes.astype(np.int64, copy=False)


def _weight_codes(weight: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct weights, ascending, and the code of each vote's (n,); one weight for all needs no sorting."""
    if len(weight) and (weight == weight[0]).all():
        return weight[:1].copy(), np.zeros(0, dtype=np.int64)
    weights, codes = np.unique(weight, return_inverse=True)
    return weights, codes.astype(np.int64)


def _counts(count: NDArray[np.integer[Any]]) -> CountArray:
    return count.astype(np.int32, copy=False)

"""Counts per pair of models, and the units that intervals resample."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import FloatArray, IntArray, frozen
from ranking.estimators.cells import Cells, merge_counts
from ranking.estimators.votes import TIE, A

FIRST, SECOND, TIED = range(3)
"""Slots of a pair: the first model won, the second won, they tied."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The `p` pairs of models that met: codes `first` < `second`, both of shape (p,), in order."""

    n_models: int
    first: IntArray
    second: IntArray

    def __post_init__(self) -> None:
        frozen(self.first)
        frozen(self.second)

    def __len__(self) -> int:
        return len(self.first)

    def incidence(self) -> sparse.csr_array:
        """Matrix (p, n_models) with 1 at each pair's first model and -1 at its second."""
        rows = np.arange(len(self))
        values = np.ones(len(self))
        return sparse.csr_array(
            (np.r_[values, -values], (np.r_[rows, rows], np.r_[self.first, self.second])),
            shape=(len(self), self.n_models),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is drawn together and stays together: single votes, or all votes of one voter.

    `multiplicity` (u,): how many equal units there are. `contribution` (u, 3p): the weight that one unit adds to
    each slot of each pair, at column 3 * pair + slot.
    """

    multiplicity: IntArray
    contribution: sparse.csr_array

    @property
    def total(self) -> int:
        """How many units there are, equal ones counted each."""
        return int(self.multiplicity.sum())

    def tallies(self, draws: FloatArray | IntArray) -> FloatArray:
        """Weights per pair and slot, (r, p, 3), from how often each unit was drawn, (r, u)."""
        tallies = np.asarray((self.contribution.T @ draws.T.astype(np.float64)).T, dtype=np.float64)
        return tallies.reshape(len(draws), -1, 3)

    def all_tallies(self) -> FloatArray:
        """Weights per pair and slot of all votes as they are, (p, 3)."""
        return np.asarray(self.tallies(self.multiplicity[None, :])[0])


def pair_up(cells: Cells) -> tuple[Pairs, Units]:
    """Group cells by unordered pair, and by what intervals draw: votes, or voters where the cells tell them apart.

    Votes that differ in nothing but their sides are one unit's class; a vote without a voter is a unit of its own.
    """
    n_models = max(len(cells.models), 1)
    kinds = cells.without_voters()
    pair_key, pair = np.unique(_pair_keys(kinds), return_inverse=True)
    pairs = Pairs(len(cells.models), *np.divmod(pair_key, n_models))
    kind_slot = 3 * pair.astype(np.int64) + _slots(kinds)
    n_slots = 3 * len(pairs)
    if cells.by_voter:
        return pairs, _voter_units(cells, kinds, kind_slot, n_slots)
    return pairs, _vote_units(kinds, kind_slot, n_slots)


def counted_slots(cells: Cells, pairs: Pairs) -> IntArray:
    """How many votes (not their weight) fell into each slot, (p, 3)."""
    kinds = cells.without_voters()
    position = np.searchsorted(pairs.first * pairs.n_models + pairs.second, _pair_keys(kinds))
    counts = np.zeros((len(pairs), 3), dtype=np.int64)
    np.add.at(counts, (position, _slots(kinds)), kinds.count)
    return counts


def _pair_keys(cells: Cells) -> IntArray:
    model_a, model_b = cells.model_a, cells.model_b
    return np.minimum(model_a, model_b) * max(len(cells.models), 1) + np.maximum(model_a, model_b)


def _slots(cells: Cells) -> IntArray:
    won_by_lower = (cells.outcome == A) == (cells.model_a < cells.model_b)
    return np.where(cells.outcome == TIE, TIED, np.where(won_by_lower, FIRST, SECOND)).astype(np.int64)


def _vote_units(kinds: Cells, slot: IntArray, n_slots: int) -> Units:
    """One class of units for each slot and weight."""
    n_weights = max(len(kinds.weights), 1)
    weight_code = kinds.kind % n_weights
    keys, count = merge_counts(slot * n_weights + weight_code, kinds.count)
    slot_of, weight_of = np.divmod(keys, n_weights)
    weight = kinds.weights[weight_of]
    indices = (weight, slot_of.astype(np.int32), np.arange(len(keys) + 1, dtype=np.int32))
    return Units(count, sparse.csr_array(indices, shape=(len(keys), n_slots)))


def _voter_units(cells: Cells, kinds: Cells, kind_slot: IntArray, n_slots: int) -> Units:
    """One unit for each voter.

    Cells of unknown voters come first in canonical order: each is its own class of equal units, one per vote.
    """
    n_unknown = cells.n_of_unknown
    multiplicity, weight, slot = [], np.empty(len(cells)), np.empty(len(cells), dtype=np.int32)
    sizes = [np.ones(n_unknown, dtype=np.int64)]
    done, last_voter, kind_keys = 0, -1, kinds.kind
    for part in cells.parts():
        here = slice(done, done + len(part))
        kind, voter = part.kind, part.voter
        slot[here] = kind_slot[np.searchsorted(kind_keys, kind)]
        alone = voter < 0
        weight[here] = np.where(alone, part.weight, part.weight * part.count)
        multiplicity.append(part.count[alone])
        _count_runs(sizes, voter[~alone], last_voter)
        done, last_voter = here.stop, int(voter[-1])
    size = np.concatenate(sizes)
    starts = np.concatenate([[0], np.cumsum(size)]).astype(np.int32)
    ones = np.ones(len(size) - n_unknown, dtype=np.int64)
    contribution = sparse.csr_array((weight, slot, starts), shape=(len(size), n_slots))
    return Units(np.concatenate([*multiplicity, ones]).astype(np.int64), contribution)


def _count_runs(sizes: list[IntArray], voter: IntArray, last_voter: int) -> None:
    """Add the lengths of the runs of equal voters; the first run goes on with the last one where its voter does."""
    if not len(voter):
        return
    starts = np.flatnonzero(np.r_[True, voter[1:] != voter[:-1]])
    lengths = np.diff(np.r_[starts, len(voter)])
    if voter[0] == last_voter:
        sizes[-1][-1] += lengths[0]
        lengths = lengths[1:]
    if len(lengths):
        sizes.append(lengths)

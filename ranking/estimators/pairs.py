"""Counts per pair of models, and the units that intervals resample."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray, frozen
from ranking.estimators.cells import Cells
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

    A vote without a voter is a unit of its own.
    """
    n_models = len(cells.models)
    low, high = np.minimum(cells.model_a, cells.model_b), np.maximum(cells.model_a, cells.model_b)
    keys, pair = np.unique(low * max(n_models, 1) + high, return_inverse=True)
    first, second = np.divmod(keys, max(n_models, 1))
    slot = 3 * pair + _slots(cells)
    if cells.by_voter:
        unit, multiplicity, weight = _voter_units(cells)
    else:
        unit, multiplicity, weight = np.arange(len(cells)), cells.count, cells.weight
    contribution = sparse.csr_array((weight, (unit, slot)), shape=(len(multiplicity), 3 * len(keys)))
    return Pairs(n_models, first, second), Units(multiplicity, contribution)


def counted_slots(cells: Cells, pairs: Pairs) -> IntArray:
    """How many votes (not their weight) fell into each slot, (p, 3)."""
    low, high = np.minimum(cells.model_a, cells.model_b), np.maximum(cells.model_a, cells.model_b)
    position = np.searchsorted(pairs.first * pairs.n_models + pairs.second, low * pairs.n_models + high)
    counts = np.zeros((len(pairs), 3), dtype=np.int64)
    np.add.at(counts, (position, _slots(cells)), cells.count)
    return counts


def without_weightless(cells: Cells) -> Cells:
    """The cells that count for something: a weight of 0 is left out."""
    keep: BoolArray = cells.weight > 0
    if keep.all():
        return cells
    return Cells(
        models=cells.models,
        voters=cells.voters,
        by_voter=cells.by_voter,
        voter=cells.voter[keep],
        model_a=cells.model_a[keep],
        model_b=cells.model_b[keep],
        outcome=cells.outcome[keep],
        weight=cells.weight[keep],
        count=cells.count[keep],
    )


def _slots(cells: Cells) -> IntArray:
    won_by_lower = (cells.outcome == A) == (cells.model_a < cells.model_b)
    return np.where(cells.outcome == TIE, TIED, np.where(won_by_lower, FIRST, SECOND)).astype(np.int64)


def _voter_units(cells: Cells) -> tuple[IntArray, IntArray, FloatArray]:
    """Unit of each cell, size of each unit's class, and each cell's weight within its unit.

    Cells of unknown voters come first in canonical order: each is its own class of equal units, one per vote.
    """
    unknown = cells.voter < 0
    n_unknown = int(unknown.sum())
    voters, voter_unit = np.unique(cells.voter[~unknown], return_inverse=True)
    unit = np.r_[np.arange(n_unknown), n_unknown + voter_unit].astype(np.int64)
    multiplicity = np.r_[cells.count[unknown], np.ones(len(voters), dtype=np.int64)].astype(np.int64)
    weight = np.where(unknown, cells.weight, cells.weight * cells.count)
    return unit, multiplicity, weight

"""What the votes can and cannot tell: components, and the blocks within which strengths are finite.

Ford (1957): the Bradley-Terry maximum likelihood estimate exists if and only if, however the models are split in
two, some model of each part has beaten (or tied) one of the other. So within a strongly connected block of the
"has beaten" graph all differences are finite; between blocks of one component they are infinite, or not determined.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs

NO_ANCHOR = -1


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Partition of `n` models.

    component (n,): from 0, largest first (most models, then most votes, then first name).
    block (n,): strongly connected block of each model.
    anchor (n_components,): the block whose ratings are on the component's scale (that of most models, then most
        votes, then the uppermost, then that of the first name), or NO_ANCHOR where no two models of the component
        have a finite difference.
    above (n, n): whether i is infinitely far above j.
    """

    component: IntArray
    block: IntArray
    anchor: IntArray
    above: BoolArray

    @property
    def rated(self) -> BoolArray:
        """Which models have a finite rating, (n,)."""
        return np.asarray(self.block == self.anchor[self.component])


def find_structure(pairs: Pairs, tally: FloatArray, *, one_scale: bool = False) -> Structure:
    """Structure of the votes in `tally` (p, 3): weights of first won, second won, tied.

    With `one_scale`, every difference within a component counts as finite (Elo, which always gives a number).
    """
    n = pairs.n_models
    beat = _beat_graph(pairs, tally)
    component = _largest_first(connected_components(beat, connection="weak")[1], pairs, tally)
    block = component.copy() if one_scale else connected_components(beat, connection="strong")[1].astype(np.int64)
    n_components = int(component.max(initial=-1)) + 1
    sizes = np.bincount(block, minlength=n)
    above = _above(beat, block)
    votes_within = _votes_within(block, pairs, tally)
    order = np.lexsort((np.arange(n), above.sum(axis=0), -votes_within[block], -sizes[block]))
    anchor = np.full(n_components, NO_ANCHOR, dtype=np.int64)
    for model in order[::-1]:
        if sizes[block[model]] > 1:
            anchor[component[model]] = block[model]
    return Structure(component, block, anchor, above)


def blocks_hold(pairs: Pairs, tallies: FloatArray, block: IntArray) -> BoolArray:
    """For each of r tallies (r, p, 3): is every block still strongly connected? (r,)

    Walks all resamples at once from one model of each block, along the wins and against them.
    """
    n = pairs.n_models
    within = block[pairs.first] == block[pairs.second]
    first, second = pairs.first[within], pairs.second[within]
    forward = np.zeros((len(tallies), n, n), dtype=np.float32)
    forward[:, first, second] = tallies[:, within, FIRST] + tallies[:, within, TIED] > 0
    forward[:, second, first] = tallies[:, within, SECOND] + tallies[:, within, TIED] > 0
    starts = np.zeros(n, dtype=bool)
    starts[np.unique(block, return_index=True)[1]] = True
    return _all_reached(forward, starts) & _all_reached(forward.transpose(0, 2, 1), starts)


def _all_reached(edges: NDArray[np.float32], starts: BoolArray) -> BoolArray:
    reached = np.repeat(starts[None, None, :], len(edges), axis=0)
    while True:
        further = reached | (np.matmul(reached.astype(np.float32), edges) > 0)
        if (further == reached).all():
            return np.asarray(reached.all(axis=(1, 2)))
        reached = further


def _beat_graph(pairs: Pairs, tally: FloatArray) -> csr_array:
    down = tally[:, FIRST] + tally[:, TIED] > 0
    up = tally[:, SECOND] + tally[:, TIED] > 0
    rows = np.r_[pairs.first[down], pairs.second[up]]
    columns = np.r_[pairs.second[down], pairs.first[up]]
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(pairs.n_models, pairs.n_models))


def _votes_within(label: IntArray, pairs: Pairs, tally: FloatArray) -> FloatArray:
    """Weight of the votes whose two models share a label, per label, (n,)."""
    within = label[pairs.first] == label[pairs.second]
    weight = tally.sum(axis=1)[within]
    return np.bincount(label[pairs.first[within]], weights=weight, minlength=pairs.n_models).astype(np.float64)


def _largest_first(label: IntArray, pairs: Pairs, tally: FloatArray) -> IntArray:
    label = label.astype(np.int64)
    n = len(label)
    sizes = np.bincount(label, minlength=n)
    _, first_member = np.unique(label, return_index=True)
    n_labels = len(first_member)
    order = np.lexsort((first_member, -_votes_within(label, pairs, tally)[:n_labels], -sizes[:n_labels]))
    renumbered = np.empty(n_labels, dtype=np.int64)
    renumbered[order] = np.arange(n_labels)
    return renumbered[label]


def _above(beat: csr_array, block: IntArray) -> BoolArray:
    n = len(block)
    reach = (beat.toarray() > 0) | np.eye(n, dtype=bool)
    if n and (block == block[0]).all():
        return np.zeros((n, n), dtype=bool)
    for _ in range(max(n - 1, 1).bit_length()):
        reach = reach.astype(np.float32) @ reach.astype(np.float32) > 0
    return np.asarray(reach & (block[:, None] != block[None, :]))

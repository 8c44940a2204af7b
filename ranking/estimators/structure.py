"""What the votes can and cannot tell: components, and the blocks within which strengths are finite.

Ford (1957): the Bradley-Terry maximum likelihood estimate exists if and only if, however the models are split in
two, some model of each part has beaten (or tied) one of the other. So within a strongly connected block of the
"has beaten" graph all differences are finite; between blocks of one component they are infinite, or not determined.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    reach = _closure(beat)
    mutual = reach & reach.T
    component = _largest_first(_first_members(_closure(beat | beat.T)), pairs, tally)
    block = component.copy() if one_scale else _labels(_first_members(mutual))
    above = np.zeros_like(reach) if one_scale else reach & ~mutual
    n_components = int(component.max(initial=-1)) + 1
    sizes = np.bincount(block, minlength=n)
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


def _beat_graph(pairs: Pairs, tally: FloatArray) -> BoolArray:
    """Whether i has beaten or tied j, (n, n)."""
    beat = np.zeros((pairs.n_models, pairs.n_models), dtype=bool)
    beat[pairs.first, pairs.second] = tally[:, FIRST] + tally[:, TIED] > 0
    beat[pairs.second, pairs.first] = tally[:, SECOND] + tally[:, TIED] > 0
    return beat


def _closure(edges: BoolArray) -> BoolArray:
    """Which models can be reached from which, themselves included, (n, n), by repeated squaring."""
    reach = edges | np.eye(len(edges), dtype=bool)
    while True:
        steps = reach.astype(np.float32)
        further = steps @ steps > 0
        if (further == reach).all():
            return reach
        reach = further


def _first_members(equivalent: BoolArray) -> IntArray:
    """The first model of each model's class, (n,), from an equivalence (n, n)."""
    return equivalent.argmax(axis=1).astype(np.int64) if len(equivalent) else np.empty(0, dtype=np.int64)


def _labels(first_members: IntArray) -> IntArray:
    return np.unique(first_members, return_inverse=True)[1].astype(np.int64)


def _votes_within(label: IntArray, pairs: Pairs, tally: FloatArray) -> FloatArray:
    """Weight of the votes whose two models share a label, per label, (n,)."""
    within = label[pairs.first] == label[pairs.second]
    weight = tally.sum(axis=1)[within]
    return np.bincount(label[pairs.first[within]], weights=weight, minlength=pairs.n_models).astype(np.float64)


def _largest_first(first_members: IntArray, pairs: Pairs, tally: FloatArray) -> IntArray:
    """Labels from 0: most members first, then most votes, then the first name."""
    label = _labels(first_members)
    members = np.unique(first_members)
    sizes = np.bincount(label, minlength=len(members))
    order = np.lexsort((members, -_votes_within(label, pairs, tally)[: len(members)], -sizes))
    renumbered = np.empty(len(members), dtype=np.int64)
    renumbered[order] = np.arange(len(members))
    return renumbered[label]

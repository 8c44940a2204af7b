"""Whether the blocks of the votes are still strongly connected in their resamples."""

from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.structure import blocks_hold


@dataclass(frozen=True, slots=True, eq=False)
class Connections:
    """A few connections of the votes that are enough for every block (n,) of theirs.

    They are two trees of each block that have one root: one leads from it to all others along wins, one along losses,
    of the pairs that won, or lost, most often. `pair` and `up` (e,) are their pairs and whether it is the first model
    that has to win. A resample that has them all is connected; only of the others more has to be asked.
    """

    pairs: Pairs
    block: IntArray
    pair: IntArray
    up: BoolArray

    @classmethod
    def of(cls, pairs: Pairs, tally: FloatArray, block: IntArray) -> "Connections":
        """The trees of the votes in `tally` (p, 3), whose pairs must all lie within blocks."""
        n = pairs.n_models
        beat = np.zeros((n, n))
        beat[pairs.first, pairs.second] = tally[:, FIRST] + tally[:, TIED]
        beat[pairs.second, pairs.first] = tally[:, SECOND] + tally[:, TIED]
        number = np.zeros((n, n), dtype=np.int64)
        number[pairs.first, pairs.second] = number[pairs.second, pairs.first] = np.arange(len(pairs))
        edges: list[tuple[int, int]] = []
        for label in np.flatnonzero(np.bincount(block, minlength=n) > 1).tolist():
            members = np.flatnonzero(block == label)
            inside = beat[np.ix_(members, members)]
            root = int(np.minimum(inside.sum(axis=0), inside.sum(axis=1)).argmax())
            out = [(members[winner], members[loser]) for winner, loser in _widest_tree(inside, root)]
            back = [(members[loser], members[winner]) for winner, loser in _widest_tree(inside.T, root)]
            edges += out + back
        winner, loser = np.array(edges, dtype=np.int64).reshape(-1, 2).T
        return cls(pairs, block, number[winner, loser], np.asarray(winner < loser))

    def hold(self, tallies: FloatArray) -> BoolArray:
        """For each of r tallies (p, 3, r): is every block still strongly connected? (r,)"""
        tied = tallies[self.pair, TIED]
        won = np.where(self.up[:, None], tallies[self.pair, FIRST], tallies[self.pair, SECOND])
        holds = np.asarray(((won > 0) | (tied > 0)).all(axis=0))
        open_ones = np.flatnonzero(~holds)
        if len(open_ones):
            rest = np.ascontiguousarray(tallies[..., open_ones].transpose(2, 0, 1))
            holds[open_ones] = blocks_hold(self.pairs, rest, self.block)
        return holds


def _widest_tree(weight: FloatArray, root: int) -> list[tuple[int, int]]:
    """Edges of a tree from the root of a strongly connected graph (n, n) to all others, always by the heaviest."""
    nearest = np.full(len(weight), root)
    best = weight[root].copy()
    reached = np.zeros(len(weight), dtype=bool)
    reached[root] = True
    edges = []
    for _ in range(len(weight) - 1):
        node = int(np.where(reached, -1.0, best).argmax())
        edges.append((int(nearest[node]), node))
        reached[node] = True
        heavier = weight[node] > best
        nearest[heavier] = node
        best = np.maximum(best, weight[node])
    return edges

"""Votes with covariates, and what they are summed to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.cells import Cells
from ranking.estimators.errors import EstimationError
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.votes import Votes


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """`m` kinds of votes: `count` equal votes of weight `weight` each, by one voter (-1: not known).

    model_a, model_b, outcome, voter: codes (m,), as in `Votes`. covariates (m, k), named by `names`.
    """

    models: tuple[str, ...]
    names: tuple[str, ...]
    model_a: IntArray
    model_b: IntArray
    outcome: IntArray
    weight: FloatArray
    count: IntArray
    voter: IntArray
    covariates: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.outcome), len(self.names))
        if self.covariates.shape != shape:
            raise EstimationError(f"the covariates should have the shape {shape}, and have {self.covariates.shape}")
        if len(set(self.names)) < len(self.names):
            raise EstimationError(f"two covariates have the same name: {', '.join(self.names)}")
        for position, name in enumerate(self.names):
            if (bad := np.flatnonzero(~np.isfinite(self.covariates[:, position]))).size:
                raise EstimationError(f"covariate {name!r} has no finite value in row {int(bad[0]) + 1}")

    def __len__(self) -> int:
        return len(self.outcome)

    @classmethod
    def of(cls, votes: Votes, covariates: FloatArray, names: Sequence[str]) -> "Rows":
        """A row per vote; `covariates` (len(votes), k) in the order of the votes."""
        one = np.ones(len(votes), dtype=np.int64)
        x = np.array(covariates, dtype=np.float64)
        columns = (votes.model_a, votes.model_b, votes.outcome, votes.weight, one, votes.voter, x)
        return cls(votes.models, tuple(names), *columns)

    @classmethod
    def of_cells(cls, cells: Cells, covariates: FloatArray, names: Sequence[str]) -> "Rows":
        """A row per cell of equal votes."""
        x = np.array(covariates, dtype=np.float64)
        columns = (
            cells.model_a,
            cells.model_b,
            cells.outcome,
            cells.weight,
            cells.count.astype(np.int64),
            cells.voter,
            x,
        )
        return cls(cells.models, tuple(names), *columns)

    def only(self, keep: BoolArray) -> "Rows":
        names = ("model_a", "model_b", "outcome", "weight", "count", "voter", "covariates")
        return self if keep.all() else replace(self, **{name: getattr(self, name)[keep] for name in names})


def pair_tallies(model_a: IntArray, model_b: IntArray, tallies: FloatArray, n: int) -> tuple[Pairs, FloatArray]:
    """Sum tallies (m, 3) of A won, B won, tied over sides: the pairs, and weights (p, 3) of first, second, tied."""
    low, high = np.minimum(model_a, model_b), np.maximum(model_a, model_b)
    keys, pair = np.unique(low * max(n, 1) + high, return_inverse=True)
    swapped = model_a > model_b
    turned = np.where(swapped[:, None], tallies[:, [SECOND, FIRST, TIED]], tallies)
    sums = [np.bincount(pair, weights=turned[:, slot], minlength=len(keys)) for slot in (FIRST, SECOND, TIED)]
    return Pairs(n, *np.divmod(keys, max(n, 1))), np.stack(sums, axis=1).astype(np.float64)


def distinct(columns: Sequence[FloatArray | IntArray]) -> tuple[IntArray, IntArray]:
    """Of some columns (m,): the position of a first row of each kind, in order of values, and each row's kind."""
    first, key = _kinds(columns[0])
    for column in columns[1:]:
        if len(first) == len(key):
            break
        code = _kinds(column)[1]
        first, key = _kinds(key * (int(code.max(initial=0)) + 1) + code)
    return first, key


def _kinds(column: FloatArray | IntArray) -> tuple[IntArray, IntArray]:
    _, first, code = np.unique(column, return_index=True, return_inverse=True)
    return first.astype(np.int64), code.astype(np.int64)

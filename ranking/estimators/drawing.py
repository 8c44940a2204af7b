"""Multinomial counts for resamples: how often each class of equal units is drawn, without drawing unit by unit.

Three ways that give the same distribution, each where it is the quickest:

- *one by one*, where there are not many more units than classes (voters, or few votes among many pairs);
- *class by class*, numpy's multinomial, where there are few classes;
- *by tables*: independent Poisson counts whose mean is a little too small, and then what is missing to the total one
  by one. Given its sum, a vector of Poisson counts is multinomial, so nothing is approximate; a column whose sum came
  out too large is drawn again. Classes of one size have the same distribution, whose table is made once (Walker's
  alias method, in Vose's (1991) form), so that a count costs a random number and two look-ups.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from ranking.estimators.arrays import FloatArray, IntArray

ONE_BY_ONE = 2
"""Units per class up to which units are drawn one by one."""
ALIKE = 8
"""Classes per size of class from which tables pay."""
MARGIN = 3.0
"""Standard deviations by which the Poisson counts' expected sum stays below the total."""
TAIL = 9.0
"""Standard deviations, and as many counts more, that a table covers to each side: what is beyond is below 1e-17."""
WHOLE_TABLE = 1 << 24
"""Units up to which there is a table of each one's class."""
IN_CACHE = 1 << 14
"""Counts that are drawn at once: their arrays fit into a core's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """An alias table: entry i keeps its place with probability keep[i]; `counts` holds at 2i what stands for the rest
    of the place, and at 2i + 1 what stands for the entry itself."""

    keep: FloatArray
    counts: FloatArray

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Independent counts, as doubles."""
        position = rng.random(shape)
        position *= len(self.keep)
        entry = position.astype(np.int64)
        position -= entry
        kept = position < self.keep.take(entry)
        entry *= 2
        entry += kept
        return self.counts.take(entry)


class Drawer:
    """Draws as many units as there are, with replacement, from classes of `multiplicity` (u,) equal units each."""

    def __init__(self, multiplicity: IntArray) -> None:
        self.multiplicity = multiplicity
        self.total = int(multiplicity.sum())
        sizes, self._size = np.unique(multiplicity, return_inverse=True)
        self._tables: list[Table] = []
        n_classes = len(multiplicity)
        self._one_by_one = self.total <= ONE_BY_ONE * n_classes
        if not self._one_by_one and n_classes >= ALIKE * len(sizes):
            self._share = max(0.0, 1 - MARGIN / np.sqrt(self.total))
            self._tables = [poisson_table(size * self._share) for size in sizes.tolist()]
            self._rows = [np.flatnonzero(self._size == code) for code in range(len(sizes))]
        self._unit_class: IntArray | None = None
        if self.total > n_classes and self.total <= WHOLE_TABLE and (self._one_by_one or self._tables):
            self._unit_class = np.repeat(np.arange(n_classes), multiplicity)
        self._ends = np.cumsum(multiplicity)

    def draw(self, rng: np.random.Generator, rounds: int) -> FloatArray:
        """How often each class is drawn, (u, rounds)."""
        if self._one_by_one:
            return self._drawn_singly(rng, rounds)
        if self._tables:
            return self._drawn_by_tables(rng, rounds)
        drawn = rng.multinomial(self.total, self.multiplicity / self.total, size=rounds)
        return np.ascontiguousarray(drawn.T, dtype=np.float64)

    def _drawn_singly(self, rng: np.random.Generator, rounds: int) -> FloatArray:
        n_classes = len(self.multiplicity)
        drawn = [np.bincount(self._classes(rng, self.total), minlength=n_classes) for _ in range(rounds)]
        return np.stack(drawn, axis=1).astype(np.float64)

    def _drawn_by_tables(self, rng: np.random.Generator, rounds: int) -> FloatArray:
        counts = np.empty((len(self.multiplicity), rounds))
        self._fill(rng, counts)
        missing = self.total - counts.sum(axis=0)
        while (missing < 0).any():
            again = np.flatnonzero(missing < 0)
            fresh = np.empty((len(counts), len(again)))
            self._fill(rng, fresh)
            counts[:, again] = fresh
            missing[again] = self.total - fresh.sum(axis=0)
        column = np.repeat(np.arange(rounds), missing.astype(np.int64))
        np.add.at(counts.reshape(-1), self._classes(rng, len(column)) * rounds + column, 1.0)
        return counts

    def _fill(self, rng: np.random.Generator, counts: FloatArray) -> None:
        step = max(1, IN_CACHE // counts.shape[1])
        for table, rows in zip(self._tables, self._rows, strict=True):
            for start in range(0, len(rows), step):
                some = rows[start : start + step]
                counts[some] = table.draw(rng, (len(some), counts.shape[1]))

    def _classes(self, rng: np.random.Generator, n: int) -> IntArray:
        """The classes of n units, each as likely as any other."""
        kind = np.uint32 if self.total < 2**32 else np.uint64
        unit = rng.integers(0, self.total, n, dtype=kind).astype(np.int64)
        if self.total == len(self.multiplicity):
            return unit
        if self._unit_class is not None:
            return self._unit_class[unit]
        return np.searchsorted(self._ends, unit, side="right")


def poisson_table(mean: float) -> Table:
    """The alias table of the Poisson distribution with this mean."""
    reach = TAIL * np.sqrt(mean) + TAIL
    first = max(0, int(mean - reach))
    count = np.arange(first, int(mean + reach) + 2)
    log_mass = count * np.log(mean) - mean - gammaln(count + 1) if mean > 0 else np.where(count == 0, 0.0, -np.inf)
    mass = np.exp(log_mass)
    keep, other = _alias(mass / mass.sum())
    own = np.arange(first, first + len(keep))
    return Table(keep, np.stack([first + other, own], axis=1).reshape(-1).astype(np.float64))


def _alias(mass: FloatArray) -> tuple[FloatArray, IntArray]:
    """For each entry the share of its place that it keeps, and who has the rest."""
    left = (mass * len(mass)).tolist()
    keep, other = np.ones(len(mass)), np.arange(len(mass))
    small = [entry for entry, share in enumerate(left) if share < 1]
    large = [entry for entry, share in enumerate(left) if share >= 1]
    while small and large:
        entry, giver = small.pop(), large[-1]
        keep[entry], other[entry] = left[entry], giver
        left[giver] -= 1 - left[entry]
        if left[giver] < 1:
            small.append(large.pop())
    return keep, other

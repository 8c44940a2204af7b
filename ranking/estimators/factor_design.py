"""Models described by factors: which terms an analysis has, their columns, and the contrasts that are their effects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from ranking.estimators.arrays import FloatArray
from ranking.estimators.errors import EstimationError

Factors = Mapping[str, Mapping[str, str]]
"""The levels of models: model, factor, level. A model may lack factors."""

Term = tuple[str, ...]
"""One factor, or several that interact."""

MAX_COMBINATIONS = 10_000
"""Combinations of levels that the average of an effect may run over."""


def parse_terms(texts: Sequence[str], known: Sequence[str]) -> tuple[Term, ...]:
    """The terms of an analysis: `corpus`, or `backbone*corpus` (`:` means the same) for two that interact.

    An interaction brings the effects that it is made of with it. Raises `EstimationError` for a factor that is none
    of the known.
    """
    terms: list[Term] = []
    for text in texts:
        names = [name.strip() for name in text.replace("*", ":").split(":")]
        for name in names:
            if name not in known:
                there = f"There are: {', '.join(known)}." if known else "None has any."
                raise EstimationError(f"No model has a factor {name!r}. {there}")
        if len(set(names)) < len(names):
            raise EstimationError(f"{text!r} names a factor twice")
        for size in range(1, len(names) + 1):
            terms += [tuple(sorted(part, key=names.index)) for part in combinations(names, size)]
    return tuple(
        sorted({frozenset(term): term for term in reversed(terms)}.values(), key=lambda t: (len(t), terms.index(t)))
    )


def known_factors(factors: Factors) -> list[str]:
    """The names of all factors, sorted."""
    return sorted({name for levels in factors.values() for name in levels})


@dataclass(frozen=True, slots=True)
class Design:
    """The levels of `n` models in the factors of some terms.

    rows: each model's level by factor. levels: of each factor, sorted. cells: every combination of levels of every
    term, in order, which are the columns of the design matrix.
    """

    terms: tuple[Term, ...]
    rows: tuple[Mapping[str, str], ...]
    levels: Mapping[str, tuple[str, ...]]
    cells: tuple[tuple[Term, tuple[str, ...]], ...]

    @classmethod
    def of(cls, terms: Sequence[Term], rows: Sequence[Mapping[str, str]]) -> "Design":
        """Raises `EstimationError` where a factor has one level only, or the combinations are too many."""
        names = [name for term in terms if len(term) == 1 for name in term]
        levels = {name: tuple(sorted({row[name] for row in rows})) for name in names}
        for name, found in levels.items():
            if len(found) < 2:
                there = f"all models have {name} = {found[0]}" if found else f"no rated model has {name}"
                raise EstimationError(f"the factor {name} cannot be analysed: {there}")
        for term in terms:
            if np.prod([float(len(levels[name])) for name in term]) > MAX_COMBINATIONS:
                raise EstimationError(f"the levels of {label(term)} make more than {MAX_COMBINATIONS} combinations")
        cells = tuple((term, cell) for term in terms for cell in product(*(levels[name] for name in term)))
        return cls(tuple(terms), tuple(rows), levels, cells)

    def matrix(self) -> FloatArray:
        """A dummy for each cell, (n, k), without intercept: ratings have no origin of their own."""
        return np.array([self.row(levels) for levels in self.rows])

    def row(self, levels: Mapping[str, str]) -> FloatArray:
        """The dummies (k,) of a model with these levels; terms with a factor that is not among them are 0."""
        return np.array(
            [
                float(all(levels.get(name) == level for name, level in zip(term, cell, strict=True)))
                for term, cell in self.cells
            ]
        )

    def members(self, term: Term, cell: tuple[str, ...]) -> int:
        """How many models have a combination of levels."""
        return sum(all(row[name] == level for name, level in zip(term, cell, strict=True)) for row in self.rows)

    def effects(self, term: Term) -> Iterator[tuple[tuple[str, ...], FloatArray]]:
        """The contrast (k,) of each of a term's cells: what it adds to the effects that it is made of.

        As in the analysis of variance, with every level weighted alike: for one factor, the level's mean less the
        mean of all its levels, over all combinations with the factors that it interacts with.
        """
        grid = list(self._grid(term))
        rows = np.array([self.row(levels) for levels in grid])
        for cell in product(*(self.levels[name] for name in term)):
            wanted = dict(zip(term, cell, strict=True))
            contrast = np.zeros(len(self.cells))
            for size in range(len(term) + 1):
                for part in combinations(term, size):
                    matching = [all(levels[name] == wanted[name] for name in part) for levels in grid]
                    contrast += (-1) ** (len(term) - size) * rows[matching].mean(axis=0)
            yield cell, contrast

    def _grid(self, term: Term) -> Iterator[dict[str, str]]:
        """Every combination of levels of the factors that a term shares a term with; the others cancel out."""
        involved = sorted({name for other in self.terms if set(other) & set(term) for name in other})
        if np.prod([float(len(self.levels[name])) for name in involved]) > MAX_COMBINATIONS:
            raise EstimationError(f"{label(term)} interacts with more than {MAX_COMBINATIONS} combinations of levels")
        for cell in product(*(self.levels[name] for name in involved)):
            yield dict(zip(involved, cell, strict=True))


def label(term: Term) -> str:
    """A term as people write it."""
    return ":".join(term)

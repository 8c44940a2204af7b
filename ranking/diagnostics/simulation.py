"""What votes would look like if the fitted model were the truth: cycles by chance, and goodness of fit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from ranking.diagnostics.evidence import Chances, Evidence, without_noise
from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.families import FAMILIES, Family
from ranking.estimators.fitting import Fit
from ranking.estimators.newton import evaluate, maximise
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.structure import blocks_hold

SIMULATIONS = 199
"""Enough for a p-value of 0.005 at the least."""

SEED = 0
CHUNK_ENTRIES = 4_000_000
WORST = 5
"""How many pairs or cycles are named."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """x beats y, y beats z, z beats x, each in most of their votes; `least` is the smallest of the three shares."""

    models: tuple[str, str, str]
    least: float


@dataclass(frozen=True, slots=True)
class Intransitivity:
    """Of `triples` that all met, how many are cyclic, how many are so by chance, and the one-sided p of as many."""

    triples: int
    cyclic: int
    expected: float | None
    p: float | None
    worst: tuple[Cycle, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A pair whose votes the model does not explain: shares won by model_a (a tie is half), and how odd that is."""

    model_a: str
    model_b: str
    votes: int
    measured: float
    expected: float
    residual: float


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """Deviance and Pearson's statistic of the votes by pair and outcome, and the p of the deviance by simulation.

    method: the model that was fitted. Votes are taken as independent of one another.
    """

    method: str
    deviance: float
    pearson: float
    df: int
    p: float | None
    worst: tuple[Misfit, ...]


def intransitivity(evidence: Evidence, chances: Chances | None) -> Intransitivity:
    """Cyclic triples against as many votes drawn from the fitted model, its strengths rid of noise (seeded)."""
    pairs, n = evidence.pairs, evidence.pairs.n_models
    met = np.zeros((n, n))
    met[pairs.first, pairs.second] = met[pairs.second, pairs.first] = 1
    triples = round(float(np.trace(met @ met @ met))) // 6
    beats = _beats(pairs, evidence.counts[None].astype(np.float64))
    cyclic = int(_n_cycles(beats)[0])
    if chances is None or not triples:
        return Intransitivity(triples, cyclic, None, None, ())
    # Votes between blocks are certain to the model, so that they are drawn as they are.
    drawn = []
    for counts in _draws(evidence, without_noise(evidence, chances), n**2):
        every = np.repeat(evidence.counts[None].astype(np.float64), len(counts), axis=0)
        every[:, chances.inside] = counts
        drawn.append(_n_cycles(_beats(pairs, every)))
    numbers = np.concatenate(drawn)
    p = float((1 + (numbers >= cyclic).sum()) / (1 + len(numbers)))
    return Intransitivity(triples, cyclic, float(numbers.mean()), p, _worst_cycles(evidence, beats[0]))


def goodness_of_fit(evidence: Evidence, chances: Chances | None) -> GoodnessOfFit | None:
    """By a parametric bootstrap: tables drawn from the fitted model and fitted again (seeded)."""
    if chances is None:
        return None
    pairs, fitted = evidence.pairs, chances.fitted
    inner = Pairs(pairs.n_models, pairs.first[chances.inside], pairs.second[chances.inside])
    family, counts = FAMILIES[fitted.method], evidence.counts[chances.inside].astype(np.float64)
    if not family.has_tie:
        counts = counts[:, [FIRST, SECOND]]
    expected = counts.sum(axis=1, keepdims=True) * chances.probability[:, : counts.shape[1]]
    deviance = float(_deviance(counts, expected))
    redrawn = []
    for tallies in _draws(evidence, chances, pairs.n_models**2):
        tallies = tallies[_regular(inner, tallies, fitted)]
        start, tie = np.repeat(fitted.strength[None], len(tallies), axis=0), np.full(len(tallies), fitted.tie)
        best = maximise(family, inner, tallies, fitted.structure.block, strength=start, tie=tie)
        tables = _expected_tables(family, inner, tallies, best.strength, best.tie)
        redrawn.append(_deviance(tallies[..., : tables.shape[-1]], tables))
    deviances = np.concatenate(redrawn)
    rank = len(inner) * (counts.shape[1] - 1) - _n_parameters(chances)
    residual = (counts - expected) / np.sqrt(np.maximum(expected, 1e-300))
    return GoodnessOfFit(
        method=fitted.method.value,
        deviance=deviance,
        pearson=float((residual**2).sum()),
        df=max(rank, 0),
        p=float((1 + (deviances >= deviance - 1e-9).sum()) / (1 + len(deviances))) if rank > 0 else None,
        worst=_worst_pairs(evidence, inner, counts, chances.probability),
    )


def _draws(evidence: Evidence, chances: Chances, widest: int) -> Iterator[FloatArray]:
    """Tables (r, q, 3) of as many votes on each pair within blocks, SIMULATIONS of them, in chunks."""
    generator = np.random.default_rng(SEED)
    totals = evidence.totals[chances.inside]
    step = max(1, CHUNK_ENTRIES // max(widest, 1))
    for start in range(0, SIMULATIONS, step):
        size = (min(step, SIMULATIONS - start), len(totals))
        yield generator.multinomial(totals, chances.probability, size=size).astype(np.float64)


def _regular(pairs: Pairs, tallies: FloatArray, fitted: Fit) -> BoolArray:
    """Which drawn tables have a finite estimate, (r,); the others are left out."""
    regular = blocks_hold(pairs, tallies, fitted.structure.block)
    if FAMILIES[fitted.method].has_tie:
        both_won = (np.minimum(tallies[..., FIRST], tallies[..., SECOND]) > 0).any(axis=1)
        regular &= both_won & (tallies[..., TIED] > 0).any(axis=1)
    return regular


def _n_parameters(chances: Chances) -> int:
    block = chances.fitted.structure.block
    return len(block) - len(np.unique(block)) + FAMILIES[chances.fitted.method].has_tie


def _expected_tables(
    family: Family, pairs: Pairs, tallies: FloatArray, strength: FloatArray, tie: FloatArray
) -> FloatArray:
    """Expected votes by pair and outcome (r, q, 3), or (r, q, 2) where ties are no outcome of their own."""
    ends = range(3 if family.has_tie else 2)
    one_each = np.eye(3)[:, None, None, :]
    values = [evaluate(family, pairs, np.broadcast_to(one_each[k], tallies.shape), strength, tie).value for k in ends]
    return np.asarray(tallies.sum(axis=2, keepdims=True) * np.exp(np.stack(values, axis=-1)))


def _deviance(counts: FloatArray, expected: FloatArray) -> FloatArray:
    """Twice the log-likelihood ratio to the table itself, over the last two axes."""
    ratio = np.where(counts > 0, counts / np.maximum(expected, 1e-300), 1)
    return np.asarray(2 * xlogy(counts, ratio).sum(axis=(-2, -1)))


def _beats(pairs: Pairs, tallies: FloatArray) -> FloatArray:
    """Whether i won more votes than j of those on both, (r, n, n), as 0 or 1."""
    beats = np.zeros((len(tallies), pairs.n_models, pairs.n_models))
    beats[:, pairs.first, pairs.second] = tallies[..., FIRST] > tallies[..., SECOND]
    beats[:, pairs.second, pairs.first] = tallies[..., SECOND] > tallies[..., FIRST]
    return beats


def _n_cycles(beats: FloatArray) -> FloatArray:
    """Cyclic triples of each graph (r, n, n): closed walks of length three, each counted from its three corners."""
    return np.asarray(np.rint(((beats @ beats) * beats.transpose(0, 2, 1)).sum(axis=(1, 2)) / 3))


def _worst_cycles(evidence: Evidence, beats: FloatArray) -> tuple[Cycle, ...]:
    """The cycles whose weakest side is strongest."""
    pairs, counts = evidence.pairs, evidence.counts
    share = np.zeros(beats.shape)
    won = (counts[:, FIRST] + counts[:, TIED] / 2) / np.maximum(evidence.totals, 1)
    share[pairs.first, pairs.second], share[pairs.second, pairs.first] = won, 1 - won
    found: list[tuple[float, int, int, int]] = []
    for x in range(len(beats)):
        # y and z after x, so that each cycle is met once.
        cycle = (beats[x, x:, None] * beats[x:, x:] * beats[None, x:, x]) > 0
        y, z = np.nonzero(cycle)
        least = np.minimum(np.minimum(share[x, x + y], share[x + y, x + z]), share[x + z, x])
        for k in np.argsort(-least, kind="stable")[:WORST].tolist():
            found.append((float(least[k]), x, x + int(y[k]), x + int(z[k])))
    best = sorted(found, key=lambda entry: (-entry[0], entry[1:]))[:WORST]
    return tuple(Cycle((evidence.name(x), evidence.name(y), evidence.name(z)), least) for least, x, y, z in best)


def _worst_pairs(evidence: Evidence, inner: Pairs, counts: FloatArray, probability: FloatArray) -> tuple[Misfit, ...]:
    """The pairs whose shares of wins lie furthest from what is expected, in standard deviations."""
    value = np.array([1, 0, 0.5])[: counts.shape[1]]
    chance = probability[:, : counts.shape[1]]
    total = counts.sum(axis=1)
    measured, expected = counts @ value / total, chance @ value
    spread = np.sqrt(np.maximum(chance @ value**2 - expected**2, 1e-300) / total)
    residual = (measured - expected) / spread
    worst = np.argsort(-np.abs(residual), kind="stable")[:WORST]
    return tuple(
        Misfit(
            evidence.name(inner.first[k]),
            evidence.name(inner.second[k]),
            int(total[k]),
            float(measured[k]),
            float(expected[k]),
            float(residual[k]),
        )
        for k in worst.tolist()
    )

"""Who meets whom. Pure: no Django, no database.

A draw is three choices, each with a known probability: a matchup, a pair of its competitors, and which of the two is
shown as A. Their product is stored with the battle, so that selection can be corrected for later (invariant 3).
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Pair = tuple[int, int]
#: A policy gives each pair (indices into the entries) its probability; the probabilities sum to 1.
Policy = Callable[[Sequence["Entry"]], dict[Pair, float]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A competitor that can be drawn. `key` is anything that tells competitors apart; `weight` is above 0."""

    key: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matchup that can be drawn from, with at least two entries."""

    key: int
    policy: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """The matchup, the competitors shown as A and as B, and the probability of exactly this."""

    matchup: int
    a: int
    b: int
    probability: float


def uniform(entries: Sequence[Entry]) -> dict[Pair, float]:
    """Every pair is as likely: the paper's policy."""
    pairs = list(itertools.combinations(range(len(entries)), 2))
    return {pair: 1.0 / len(pairs) for pair in pairs}


def weighted(entries: Sequence[Entry]) -> dict[Pair, float]:
    """A pair is as likely as the product of its two weights."""
    # By logarithms, measured against the likeliest pair: products of extreme weights would overflow, or all vanish.
    logs = [math.log(entry.weight) for entry in entries]
    sums = {(i, j): logs[i] + logs[j] for i, j in itertools.combinations(range(len(entries)), 2)}
    likeliest = max(sums.values())
    products = {pair: math.exp(log - likeliest) for pair, log in sums.items()}
    total = math.fsum(products.values())
    return {pair: product / total for pair, product in products.items()}


POLICIES: dict[str, Policy] = {"uniform": uniform, "weighted": weighted}


def draw(candidates: Sequence[Candidate], rng: random.Random) -> Draw | None:
    """Draws a matchup (each as likely), a pair by its policy, and the sides; None where no two competitors can meet.

    Raises KeyError on an unknown policy.
    """
    able = [candidate for candidate in candidates if len(candidate.entries) >= 2]
    if not able:
        return None
    matchup = rng.choice(able)
    probabilities = POLICIES[matchup.policy](matchup.entries)
    pairs = list(probabilities)
    (pair,) = rng.choices(pairs, weights=[probabilities[pair] for pair in pairs])
    first, second = pair if rng.random() < 0.5 else (pair[1], pair[0])
    return Draw(
        matchup=matchup.key,
        a=matchup.entries[first].key,
        b=matchup.entries[second].key,
        probability=probabilities[pair] / len(able) / 2,
    )

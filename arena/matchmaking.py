"""Who meets whom. Pure: no Django, no database.

A draw is three choices, each with a known probability: a matchup, a pair of its competitors, and which of the two is
shown as A. Their product is stored with the battle, so that selection can be corrected for later (invariant 3).
"""

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.information import Array, gains

Pair = tuple[int, int]
#: Of the adaptive policies, this share of the draws is spread evenly over all pairs: none is ever without a chance.
FLOOR = 0.1
#: How much likelier the more telling pair is: twice the gain is drawn four times as often.
_SHARPNESS = 2


class Met(NamedTuple):
    """What two competitors of a matchup have done against each other; their keys, and votes."""

    first: int
    second: int
    first_wins: int
    second_wins: int
    ties: int

    @property
    def votes(self) -> int:
        return self.first_wins + self.second_wins + self.ties


@dataclass(frozen=True, slots=True)
class Entry:
    """A competitor that can be drawn. `key` is anything that tells competitors apart; `weight` is above 0."""

    key: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matchup that can be drawn from, with at least two entries, and what was voted in it so far."""

    key: int
    policy: str
    entries: tuple[Entry, ...]
    met: tuple[Met, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """The matchup, the competitors shown as A and as B, and the probability of exactly this."""

    matchup: int
    a: int
    b: int
    probability: float


#: A policy gives each pair (indices into the entries) its probability; the probabilities sum to 1.
Policy = Callable[[Sequence[Entry], Sequence[Met]], dict[Pair, float]]


def uniform(entries: Sequence[Entry], met: Sequence[Met] = ()) -> dict[Pair, float]:
    """Every pair is as likely: the paper's policy."""
    pairs = _pairs(entries)
    return {pair: 1.0 / len(pairs) for pair in pairs}


def weighted(entries: Sequence[Entry], met: Sequence[Met] = ()) -> dict[Pair, float]:
    """A pair is as likely as the product of its two weights."""
    # By logarithms, measured against the likeliest pair: products of extreme weights would overflow, or all vanish.
    logs = [math.log(entry.weight) for entry in entries]
    sums = {(i, j): logs[i] + logs[j] for i, j in _pairs(entries)}
    likeliest = max(sums.values())
    products = {pair: math.exp(log - likeliest) for pair, log in sums.items()}
    total = math.fsum(products.values())
    return {pair: product / total for pair, product in products.items()}


def coverage(entries: Sequence[Entry], met: Sequence[Met] = ()) -> dict[Pair, float]:
    """The pairs with the fewest votes come first, each as likely; the others have their part of the floor."""
    votes, _wins = _tables(entries, met)
    counts = _of_pairs(votes, entries)
    return _above_floor(entries, counts == counts.min())


def uncertainty(entries: Sequence[Entry], met: Sequence[Met] = ()) -> dict[Pair, float]:
    """The more the next vote of a pair shrinks the variances of the ratings, the likelier it is, above the floor."""
    votes, wins = _tables(entries, met)
    # Models that cannot be drawn now tell of the others, and are not what the next vote is for.
    told = _of_pairs(gains(votes, wins, np.arange(len(votes)) < len(entries)), entries)
    return _above_floor(entries, (told / told.max()) ** _SHARPNESS)


POLICIES: Mapping[str, Policy] = {
    "uniform": uniform,
    "weighted": weighted,
    "coverage": coverage,
    "uncertainty": uncertainty,
}
#: The policies that look at what was voted.
ADAPTIVE = frozenset({"coverage", "uncertainty"})


def expected_shares(
    policy: str, entries: Sequence[Entry], met: Sequence[Met] = (), *, to_come: int = 0
) -> dict[Pair, float]:
    """Each pair's share of a matchup's votes once `to_come` more are in, as far as can be told now.

    Raises KeyError on an unknown policy.
    """
    if policy == "coverage":
        # It levels whatever is uneven, so in the end every pair has as many.
        return uniform(entries)
    probabilities = POLICIES[policy](entries, met)
    if policy != "uncertainty":
        return probabilities
    votes, _wins = _tables(entries, met)
    ended = _of_pairs(votes, entries) + np.array(list(probabilities.values())) * to_come
    return _shared_out(entries, ended) if ended.any() else probabilities


def draw(candidates: Sequence[Candidate], rng: random.Random) -> Draw | None:
    """Draws a matchup (each as likely), a pair by its policy, and the sides; None where no two competitors can meet.

    Raises KeyError on an unknown policy.
    """
    able = [candidate for candidate in candidates if len(candidate.entries) >= 2]
    if not able:
        return None
    matchup = rng.choice(able)
    probabilities = _probabilities(matchup)
    pairs = list(probabilities)
    (pair,) = rng.choices(pairs, weights=[probabilities[pair] for pair in pairs])
    first, second = pair if rng.random() < 0.5 else (pair[1], pair[0])
    return Draw(
        matchup=matchup.key,
        a=matchup.entries[first].key,
        b=matchup.entries[second].key,
        probability=probabilities[pair] / len(able) / 2,
    )


@lru_cache(maxsize=8)
def _probabilities(candidate: Candidate) -> Mapping[Pair, float]:
    """Remembered, because several draws often come between two votes that are counted."""
    return POLICIES[candidate.policy](candidate.entries, candidate.met)


@lru_cache(maxsize=16)
def _pairs_of(n: int) -> tuple[Pair, ...]:
    return tuple(itertools.combinations(range(n), 2))


def _pairs(entries: Sequence[Entry]) -> tuple[Pair, ...]:
    return _pairs_of(len(entries))


def _tables(entries: Sequence[Entry], met: Sequence[Met]) -> tuple[Array, Array]:
    """Votes and wins of i against j, a tie as half: first the entries in their order, then whoever else has met."""
    keys = list(dict.fromkeys([*(entry.key for entry in entries), *(key for each in met for key in each[:2])]))
    places = {key: place for place, key in enumerate(keys)}
    votes, wins = np.zeros((len(keys), len(keys))), np.zeros((len(keys), len(keys)))
    if met:
        first = [places[each[0]] for each in met]
        second = [places[each[1]] for each in met]
        first_wins, second_wins, ties = np.array([each[2:] for each in met], dtype=np.float64).T
        wins[first, second] = first_wins + ties / 2
        wins[second, first] = second_wins + ties / 2
        votes = wins + wins.T
    return votes, wins


def _of_pairs(table: Array, entries: Sequence[Entry]) -> Array:
    """The part of a table (n, n) above its diagonal, in the order of the pairs of entries."""
    return np.asarray(table[np.triu_indices(len(entries), 1)])


def _above_floor(entries: Sequence[Entry], values: NDArray[Any]) -> dict[Pair, float]:
    shares = values / values.sum()
    return _shared_out(entries, FLOOR / len(shares) + (1 - FLOOR) * shares)


def _shared_out(entries: Sequence[Entry], values: Array) -> dict[Pair, float]:
    return dict(zip(_pairs(entries), (values / values.sum()).tolist(), strict=True))

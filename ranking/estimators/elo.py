"""Online Elo (Elo, 1978): one vote after another, in the order in which they were cast.

Everybody starts at 1000; after each vote the winner gains K x (1 - expected score) and the loser loses as much, a tie
being half a win each; the expected score is 1 / (1 + 10^(difference / 400)). A vote's weight multiplies K.

The end depends on the order. `elo_averaged` is the mean over random orders, and does not.
"""

from dataclasses import replace

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.votes import TIE, A, Votes

START = 1000.0
CHUNK_ENTRIES = 20_000_000
RESAMPLE_ORDERS = 10
"""Random orders that a resample is averaged over at most: what is left of their scatter widens intervals a little."""


def elo_ratings(votes: Votes, *, k: float) -> FloatArray:
    """Ratings (n,) after all votes, in their order."""
    return np.asarray(_play(votes, np.arange(len(votes))[None, :], k)[0])


def elo_averaged(votes: Votes, *, k: float, orders: int, seed: int) -> FloatArray:
    """Mean ratings (n,) over random orders of the votes.

    The orders are permutations by `numpy.random.default_rng(seed)` of the votes as they stand, so give these in
    canonical order (`in_canonical_order`).
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(len(votes.models))
    step = max(1, CHUNK_ENTRIES // max(len(votes), 1))
    for start in range(0, orders, step):
        drawn = np.tile(np.arange(len(votes)), (min(step, orders - start), 1))
        total += _play(votes, rng.permuted(drawn, axis=1), k).sum(axis=0)
    return total / orders


def elo_resamples(
    votes: Votes, *, k: float, rounds: int, seed: int, by_voter: bool, orders: int | None = None
) -> FloatArray:
    """Ratings (rounds, n) after resamples of the votes, or of the voters; NaN for a model absent from a resample.

    The votes drawn keep their order; a vote drawn twice is played twice in a row. With `orders`, each resample is
    averaged over that many random orders, though no more than `RESAMPLE_ORDERS`.
    """
    rng = np.random.default_rng(seed)
    present = votes.weight > 0
    draw = _VoterDraw(votes) if by_voter else _VoteDraw(len(votes))
    ratings = np.empty((rounds, len(votes.models)))
    repeats = min(orders or 1, RESAMPLE_ORDERS)
    step = max(1, CHUNK_ENTRIES // (max(len(votes), 1) * repeats))
    for start in range(0, rounds, step):
        drawn: list[IntArray] = []
        played: list[IntArray] = []
        for _ in range(min(step, rounds - start)):
            drawn.append(draw(rng))
            played += [rng.permutation(drawn[-1]) for _ in range(repeats)] if orders else drawn[-1:]
        ended = _play(votes, _padded(played, len(votes)), k)
        here = slice(start, start + len(drawn))
        ratings[here] = ended.reshape(len(drawn), repeats, -1).mean(axis=1)
        ratings[here][~_appears(votes, _padded(drawn, len(votes)), present)] = np.nan
    return ratings


def in_canonical_order(votes: Votes) -> Votes:
    """The same votes by models, outcome, weight and voter, so that their order says nothing."""
    order = np.lexsort((votes.voter, votes.weight, votes.outcome, votes.model_b, votes.model_a))
    columns = ("model_a", "model_b", "outcome", "weight", "voter")
    return replace(votes, **{name: getattr(votes, name)[order] for name in columns})


class _VoteDraw:
    """Draws as many votes as there are, with replacement, in order."""

    def __init__(self, n_votes: int) -> None:
        self.n_votes = n_votes

    def __call__(self, rng: np.random.Generator) -> IntArray:
        return np.sort(rng.integers(0, self.n_votes, self.n_votes))


class _VoterDraw:
    """Draws as many voters as there are, with replacement, and all votes of each, in order.

    A vote without a voter is drawn as if its voter had cast no other.
    """

    def __init__(self, votes: Votes) -> None:
        n_voters = len(votes.voters)
        alone = np.flatnonzero(votes.voter < 0)
        self.voter = votes.voter.copy()
        self.voter[alone] = n_voters + np.arange(len(alone))
        self.n_units = n_voters + len(alone)

    def __call__(self, rng: np.random.Generator) -> IntArray:
        times = np.bincount(rng.integers(0, self.n_units, self.n_units), minlength=self.n_units)
        return np.repeat(np.arange(len(self.voter)), times[self.voter])


def _padded(orders: list[IntArray], filler: int) -> IntArray:
    longest = max(len(order) for order in orders)
    padded = np.full((len(orders), longest), filler, dtype=np.int64)
    for row, order in zip(padded, orders, strict=True):
        row[: len(order)] = order
    return padded


def _play(votes: Votes, orders: IntArray, k: float) -> FloatArray:
    """Play r sequences (r, m) of vote numbers side by side; the number len(votes) stands for no vote."""
    a, b = np.append(votes.model_a, 0), np.append(votes.model_b, 0)
    score = np.append(np.where(votes.outcome == TIE, 0.5, np.where(votes.outcome == A, 1.0, 0.0)), 0.0)
    pace = np.append(k * votes.weight, 0.0)
    ratings = np.full((len(orders), max(len(votes.models), 1)), START)
    row = np.arange(len(orders))
    for vote in orders.T:
        side_a, side_b = a[vote], b[vote]
        expected = 1 / (1 + 10 ** ((ratings[row, side_b] - ratings[row, side_a]) / 400))
        gain = pace[vote] * (score[vote] - expected)
        ratings[row, side_a] += gain
        ratings[row, side_b] -= gain
    return ratings[:, : len(votes.models)]


def _appears(votes: Votes, orders: IntArray, present: BoolArray) -> BoolArray:
    """Which models take part in each sequence, (r, n)."""
    appears = np.zeros((len(orders), len(votes.models)), dtype=bool)
    for row, order in zip(appears, orders, strict=True):
        drawn = order[order < len(votes)]
        drawn = drawn[present[drawn]]
        row[votes.model_a[drawn]] = True
        row[votes.model_b[drawn]] = True
    return appears

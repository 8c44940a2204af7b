"""Votes for tests: drawn from known strengths, or written down by hand."""

import math
import random
from collections.abc import Sequence
from typing import Any

from ranking.estimators import Options, Ranking, Rating, Votes, encode_votes, rank

Row = tuple[str, str, str]


def votes_of(rows: Sequence[Row], **columns: Any) -> Votes:
    """Votes from rows of (model_a, model_b, outcome)."""
    a, b, outcome = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return encode_votes(a, b, outcome, **columns)


def draw_rows(
    strengths: Sequence[float], n: int, *, seed: int = 1, ties: float = 0.2, names: Sequence[str] | None = None
) -> list[Row]:
    """Votes of Bradley-Terry models with these natural log-strengths; ties are thrown in evenly."""
    rng = random.Random(seed)
    names = names or [f"m{i:02d}" for i in range(len(strengths))]
    rows = []
    for _ in range(n):
        a, b = rng.sample(range(len(strengths)), 2)
        if rng.random() < ties:
            outcome = "tie"
        else:
            outcome = "a" if rng.random() < 1 / (1 + math.exp(strengths[b] - strengths[a])) else "b"
        rows.append((names[a], names[b], outcome))
    return rows


def voters_for(rows: Sequence[Row], n_voters: int, *, seed: int = 2) -> list[str]:
    rng = random.Random(seed)
    return [f"voter{rng.randrange(n_voters):03d}" for _ in rows]


def ranked(rows: Sequence[Row], *, voter: Sequence[str | None] | None = None, **options: Any) -> Ranking:
    return rank(votes_of(rows, voter=voter), Options(**{"rounds": 200, **options}))


def by_model(ranking: Ranking) -> dict[str, Rating]:
    return {rating.model: rating for rating in ranking.ratings}


def rating_of(ranking: Ranking) -> dict[str, float]:
    """Ratings of the models that have one."""
    return {rating.model: rating.rating for rating in ranking.ratings if rating.rating is not None}


#: Three models in a ring, so that each has lost and won.
RING: list[Row] = [("p", "q", "a"), ("q", "r", "a"), ("r", "p", "a")]

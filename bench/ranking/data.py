"""Votes drawn from known strengths, with a seed: as codes, and as lists of names."""

from dataclasses import dataclass
from typing import Any

import numpy as np

VOTES_OF_A_VOTER = 10
"""Ten votes of each voter: 100,000 voters cast a million."""


@dataclass(frozen=True, slots=True)
class Codes:
    """`n` votes: positions in `models`, outcomes 0 (first won), 1 and 2 (tie), and positions of voters."""

    models: list[str]
    a: Any
    b: Any
    outcome: Any
    voter: Any

    @property
    def voters(self) -> list[str]:
        return [f"p_{position}" for position in range(max(1, len(self.a) // VOTES_OF_A_VOTER))]

    def labels(self) -> tuple[list[str], list[str], list[str]]:
        """Columns model_a, model_b, outcome as lists of names."""
        models, outcomes = np.array(self.models, dtype=object), np.array(["a", "b", "tie"], dtype=object)
        return models[self.a].tolist(), models[self.b].tolist(), outcomes[self.outcome].tolist()

    def wins(self) -> Any:
        """Wins of the row's model over the column's, a tie as half a win each, (n, n)."""
        n = len(self.models)
        counts = np.bincount((self.a * n + self.b) * 3 + self.outcome, minlength=n * n * 3).reshape(n, n, 3)
        first, second, tied = counts[..., 0], counts[..., 1], counts[..., 2]
        return (first + tied / 2) + (second + tied / 2).T


def draw(votes: int, models: int) -> Codes:
    """Strengths of standard deviation 0.7 (logits), a fifth of the votes ties, every pair as likely as any other."""
    rng = np.random.default_rng(42)
    strength = rng.normal(0, 0.7, models)
    a = rng.integers(0, models, votes)
    b = (a + rng.integers(1, models, votes)) % models
    first_wins = rng.random(votes) < 1 / (1 + np.exp(strength[b] - strength[a]))
    outcome = np.where(rng.random(votes) < 0.2, 2, np.where(first_wins, 0, 1))
    voter = rng.integers(0, max(1, votes // VOTES_OF_A_VOTER), votes)
    return Codes([f"model-{index:03d}" for index in range(models)], a, b, outcome, voter)


def unexplained(wins: Any, strength: Any) -> float:
    """Largest score of a Bradley-Terry fit (wins that it does not expect), per vote: 0 where it has converged."""
    games = wins + wins.T
    expected = games / (1 + np.exp(strength[None, :] - strength[:, None]))
    return float(np.abs((wins - expected).sum(axis=1)).max() / games.sum() * 2)

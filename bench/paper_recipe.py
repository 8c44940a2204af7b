"""What the recipe of the Ebaluatoia study costs in accuracy: the figures of docs/ranking.md.

    python bench/paper_recipe.py [campaigns]

Campaigns of the study's size (21 models, 12,890 votes, 1,285 voters of very different diligence) are drawn with known
strengths, once with voters who are alike and once with voters who differ in taste. Each is ranked by the recipe, by the
recipe with another seed, and by our default.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from ranking.estimators import Cluster, Interval, Options, Votes, rank, votes_from_codes  # noqa: E402
from ranking.estimators.paper_preset import LEVEL, SEED, rank_as_paper  # noqa: E402
from ranking.estimators.scale import ELO_PER_LOG_ODDS, MEAN  # noqa: E402

MODELS, VOTES, VOTERS = 21, 12_890, 1285
TIES = 0.195
"""The study's share: 2,513 of 12,890."""

STRENGTH = 0.7
"""Standard deviation of the models' log-strengths; Elo points are 174 times these."""


def campaign(truth: np.ndarray, taste: float, seed: int) -> Votes:
    """Votes of one campaign; a voter's own strengths differ from the truth by `taste`."""
    rng = np.random.default_rng(seed)
    diligence = rng.lognormal(0, 1.2, VOTERS)
    voter = rng.choice(VOTERS, VOTES, p=diligence / diligence.sum())
    own = truth + taste * rng.standard_normal((VOTERS, MODELS))
    a = rng.integers(0, MODELS, VOTES)
    b = (a + rng.integers(1, MODELS, VOTES)) % MODELS
    first = rng.random(VOTES) < 1 / (1 + np.exp(own[voter, b] - own[voter, a]))
    outcome = np.where(rng.random(VOTES) < TIES, 2, np.where(first, 0, 1))
    names = [f"m{index:02d}" for index in range(MODELS)]
    return votes_from_codes(names, a, b, outcome, voter=voter, voters=[f"v{index:04d}" for index in range(VOTERS)])


def population(truth: np.ndarray, taste: float) -> np.ndarray:
    """Ratings that Bradley-Terry tends to with ever more such votes, by fixed point of expected wins."""
    own = truth + taste * np.random.default_rng(0).standard_normal((40_000 if taste else 1, MODELS))
    share = np.array([(1 / (1 + np.exp(own - own[:, [j]]))).mean(axis=0) for j in range(MODELS)])
    wins = (1 - TIES) * share + TIES / 2  # how often the row's model wins, a tie being half a win
    np.fill_diagonal(wins, 0)
    weight = np.ones(MODELS)
    for _ in range(5000):
        weight = wins.sum(axis=1) / (1 / (weight[:, None] + weight) * (1 - np.eye(MODELS))).sum(axis=1)
        weight /= np.exp(np.log(weight).mean())
    return MEAN + ELO_PER_LOG_ODDS * np.log(weight)


def measure(taste: float, campaigns: int) -> dict[str, float]:
    truth = STRENGTH * np.random.default_rng(1).standard_normal(MODELS)
    true = dict(zip([f"m{index:02d}" for index in range(MODELS)], population(truth, taste), strict=True))
    inside: dict[str, list[bool]] = {"recipe": [], "sandwich by voter": [], "sandwich by vote": []}
    width: dict[str, list[float]] = {name: [] for name in inside}
    apart = []
    for seed in range(campaigns):
        votes = campaign(truth, taste, seed)
        recipe, again = rank_as_paper(votes), rank_as_paper(votes, seed=SEED + 1)
        rankings = {
            "recipe": recipe,
            "sandwich by voter": rank(votes, Options(interval=Interval.SANDWICH, level=LEVEL)),
            "sandwich by vote": rank(votes, Options(interval=Interval.SANDWICH, level=LEVEL, cluster=Cluster.NONE)),
        }
        for name, ranking in rankings.items():
            for line in ranking.ratings:
                assert line.ci_low is not None and line.ci_high is not None
                inside[name].append(line.ci_low <= true[line.model] <= line.ci_high)
                width[name].append(line.ci_high - line.ci_low)
        other = {line.model: line.rating for line in again.ratings}
        apart.append(max(abs(line.rating - other[line.model]) for line in recipe.ratings))  # type: ignore[operator]
    return {
        **{f"coverage, {name}": float(np.mean(held)) for name, held in inside.items()},
        **{f"mean width, {name}": float(np.mean(wide)) for name, wide in width.items()},
        "largest difference of a score between two seeds, mean": float(np.mean(apart)),
        "largest difference of a score between two seeds, most": float(np.max(apart)),
    }


if __name__ == "__main__":
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{campaigns} campaigns of {VOTES} votes, {MODELS} models and {VOTERS} voters; intervals of {LEVEL:.0%}\n")
    for title, taste in (("voters alike", 0.0), ("voters differ by 0.7 in log-strength", 0.7)):
        print(title)
        for name, value in measure(taste, campaigns).items():
            print(f"  {name}: {value:.3f}")

"""How many votes each way of choosing the next pair needs: the figures of ADR 28.

    make bench-matchmaking

Voters with known strengths vote on pairs that `arena.matchmaking` draws; every few hundred votes the ranking is
computed as it is published, with the sandwich clustered by voter. Nothing of a database or a page is in it.
"""

import argparse
import math
import platform
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from arena.matchmaking import Candidate, Entry, Met, draw  # noqa: E402
from ranking.estimators import Interval, Options, rank, votes_from_codes  # noqa: E402

Array = NDArray[np.float64]
POLICIES = ("uniform", "coverage", "uncertainty")
MODELS, VOTES, STEP = 21, 12_900, 300
#: A site counts votes in small batches, so draws see them a little late.
BATCH = 10
VOTES_PER_VOTER = 8
#: Voters differ by this much (logits) in what they think of each model, and tie as often as in the study.
VOTER_SPREAD, TIES = 0.5, 0.195


@dataclass(frozen=True)
class Scenario:
    """Strengths of 21 models are normal with standard deviation `spread`; the last one joins after `joins` votes."""

    name: str
    spread: float
    joins: int = 0


SCENARIOS = (
    Scenario("strengths as in the study (standard deviation 0.7)", 0.7),
    Scenario("models of very different quality (standard deviation 1.5)", 1.5),
    Scenario("as in the study, and one model joins after 6,000 votes", 0.7, joins=6000),
)


@dataclass(frozen=True)
class State:
    """A ranking on the way: mean and widest 95% interval (Elo), share of pairs in their true order, fewest votes."""

    width: float
    widest: float
    in_order: float
    fewest: float
    newcomer: float


def simulate(scenario: Scenario, policy: str, seed: int, *, votes: int, step: int) -> list[State]:
    """What the ranking was after each `step` votes."""
    rng, chance = np.random.default_rng([seed, 1]), random.Random(seed)
    strength = np.random.default_rng([seed, 0]).normal(0, scenario.spread, MODELS)
    opinions = (rng.normal(0, VOTER_SPREAD, (votes // VOTES_PER_VOTER + 1, MODELS)) + strength).tolist()
    entries = tuple(Entry(key) for key in range(MODELS))
    wins = np.zeros((MODELS, MODELS, 3), dtype=np.int64)
    columns = np.zeros((4, votes), dtype=np.int64)
    states: list[State] = []
    for done in range(votes):
        if done % BATCH == 0:
            present = entries if done >= scenario.joins else entries[:-1]
            candidate = Candidate(0, policy, present, _met(wins) if policy != "uniform" else ())
        drawn = draw([candidate], chance)
        assert drawn is not None
        voter = chance.randrange(len(opinions))
        outcome = _vote(opinions[voter][drawn.a] - opinions[voter][drawn.b], chance)
        columns[:, done] = drawn.a, drawn.b, outcome, voter
        first, second = sorted((drawn.a, drawn.b))
        wins[first, second, outcome if outcome == 2 or drawn.a == first else 1 - outcome] += 1
        if (done + 1) % step == 0:
            states.append(_state(columns[:, : done + 1], strength))
    return states


def _met(wins: NDArray[np.int64]) -> tuple[Met, ...]:
    pairs = zip(*np.nonzero(wins.sum(axis=2)), strict=True)
    return tuple(Met(int(i), int(j), *wins[i, j].tolist()) for i, j in pairs)


def _vote(advantage: float, chance: random.Random) -> int:
    """0: A, 1: B, 2: a tie, whose odds are those of Davidson's model."""
    odds = (math.exp(advantage / 2), math.exp(-advantage / 2), 2 * TIES / (1 - TIES))
    return chance.choices((0, 1, 2), weights=odds)[0]


def _state(columns: NDArray[np.int64], strength: Array) -> State:
    a, b, outcome, voter = columns
    names = [f"m{model:02d}" for model in range(MODELS)]
    voters = [f"p{code:06d}" for code in range(int(voter.max()) + 1)]
    ranking = rank(
        votes_from_codes(names, a, b, outcome, voters=voters, voter=voter), Options(interval=Interval.SANDWICH)
    )
    rating, width = np.full(MODELS, np.nan), np.full(MODELS, np.nan)
    for line in ranking.ratings:
        model = names.index(line.model)
        rating[model] = np.nan if line.rating is None else line.rating
        width[model] = np.nan if None in (line.ci_low, line.ci_high) else line.ci_high - line.ci_low  # type: ignore[operator]
    i, j = np.triu_indices(MODELS, 1)
    right = np.sign(rating[i] - rating[j]) == np.sign(strength[i] - strength[j])
    counts = np.bincount(a, minlength=MODELS) + np.bincount(b, minlength=MODELS)
    fewest = counts[counts > 0].min()
    return State(
        float(np.nanmean(width)), float(np.nanmax(width)), float(right.mean()), float(fewest), float(width[-1])
    )


def votes_needed(curve: Array, goal: float, step: int) -> float | None:
    """Votes after which a falling curve is at the goal and stays there on the whole, between two steps by a line."""
    smooth = np.minimum.accumulate(np.ma.filled(curve, np.inf))
    reached = np.flatnonzero(smooth <= goal)
    if not len(reached):
        return None
    k = int(reached[0])
    if k == 0:
        return float(step)
    above, below = smooth[k - 1], smooth[k]
    return step * (k + (above - goal) / (above - below))


def compare(scenario: Scenario, seeds: Sequence[int], *, votes: int, step: int) -> None:
    """Prints one table."""
    curves: dict[str, dict[str, Array]] = {}
    for policy in POLICIES:
        runs = [simulate(scenario, policy, seed, votes=votes, step=step) for seed in seeds]
        curves[policy] = {
            # A newcomer that has not joined, or a model that has lost nothing yet, has no interval: the mean of none.
            name: np.ma.masked_invalid([[getattr(state, name) for state in run] for run in runs]).mean(axis=0)
            for name in State.__dataclass_fields__
        }
    goal = curves["uniform"]
    print(f"{scenario.name}; {len(seeds)} seeds, {votes} votes\n")
    header = ["policy", "mean interval", "widest", "fewest votes of a model", "pairs in order"]
    if scenario.joins:
        header.append("interval of the newcomer")
    half = len(goal["width"]) // 2
    header += [f"votes to uniform's mean interval after {votes:,}", "to its widest"]
    header += [f"to its pairs in order after {(half + 1) * step:,}"]
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    in_order = {policy: _smoothed(curve["in_order"]) for policy, curve in curves.items()}
    for policy, curve in curves.items():
        row = [policy, *(f"{curve[name][-1]:.1f}" for name in ("width", "widest")), f"{curve['fewest'][-1]:.0f}"]
        row.append(f"{100 * in_order[policy][-1]:.1f}%")
        if scenario.joins:
            row.append(f"{curve['newcomer'][-1]:.1f}")
        needed = [votes_needed(curve[name], goal[name][-1], step) for name in ("width", "widest")]
        needed.append(votes_needed(-in_order[policy], -float(in_order["uniform"][: half + 1].max()), step))
        row += ["more" if count is None else f"{count:,.0f}" for count in needed]
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def _smoothed(curve: Array, looks: int = 5) -> Array:
    """Each value with those around it: the share of pairs in order jumps from look to look."""
    near = looks // 2
    return np.array([np.mean(curve[max(0, k - near) : k + near + 1]) for k in range(len(curve))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--votes", type=int, default=VOTES)
    parser.add_argument("--step", type=int, default=STEP, help="votes between two looks at the ranking")
    options = parser.parse_args()
    started = time.perf_counter()
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}\n")
    for scenario in SCENARIOS:
        compare(scenario, range(options.seeds), votes=options.votes, step=options.step)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()

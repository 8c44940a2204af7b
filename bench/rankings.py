"""How long a ranking takes, and how far choix is from our own Newton: the figures of docs/ranking.md.

    make bench-rankings

Votes are drawn from known strengths with a seed. Each time is the median of several runs in this process,
with one BLAS thread.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import choix  # noqa: E402
import numpy as np  # noqa: E402

from ranking.estimators import Cluster, Interval, Method, Options, Votes, encode_votes, rank  # noqa: E402
from ranking.estimators.cells import reduce_votes  # noqa: E402
from ranking.estimators.estimates import ELO_PER_LOG_ODDS  # noqa: E402
from ranking.estimators.families import FAMILIES  # noqa: E402
from ranking.estimators.newton import maximise  # noqa: E402
from ranking.estimators.pairs import FIRST, SECOND, TIED, pair_up  # noqa: E402

Columns = tuple[list[str], list[str], list[str], list[str]]
ALL_PAIRS, CHAIN = "all pairs", "a chain"


def draw(votes: int, models: int, *, voters: int = 1000, spread: float = 0.7, shape: str = ALL_PAIRS) -> Columns:
    """Columns of `votes` votes between `models` models whose strengths have standard deviation `spread` (logits)."""
    rng = np.random.default_rng(42)
    strength = rng.normal(0, spread, models)
    a = rng.integers(0, models if shape == ALL_PAIRS else models - 1, votes)
    b = (a + rng.integers(1, models, votes)) % models if shape == ALL_PAIRS else a + 1
    first_wins = rng.random(votes) < 1 / (1 + np.exp(strength[b] - strength[a]))
    outcome = np.where(rng.random(votes) < 0.2, "tie", np.where(first_wins, "a", "b"))
    names = np.array([f"model-{index:03d}" for index in range(models)])
    voter = np.char.add("p_", rng.integers(0, voters, votes).astype(str))
    return names[a].tolist(), names[b].tolist(), outcome.tolist(), voter.tolist()


def encoded(columns: Columns) -> Votes:
    a, b, outcome, voter = columns
    return encode_votes(a, b, outcome, voter=voter)


def median_ms(work: Callable[[], object], runs: int) -> float:
    """The median of `runs` runs after one that is not counted, in milliseconds."""
    work()
    seconds = []
    for _run in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    names = list(header)
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def choix_against_newton() -> None:
    rows = []
    for title, columns in (
        ("12,890 × 21", draw(12_890, 21)),
        ("100,000 × 200", draw(100_000, 200)),
        ("12,890, a chain of 21", draw(12_890, 21, shape=CHAIN)),
        ("3,000 × 21, strengths of standard deviation 3", draw(3000, 21, spread=3.0)),
    ):
        pairs, units = pair_up(reduce_votes(encoded(columns), by_voter=False))
        tally = units.all_tallies()
        n = pairs.n_models
        wins = np.zeros((n, n))
        wins[pairs.first, pairs.second] = tally[:, FIRST] + tally[:, TIED] / 2
        wins[pairs.second, pairs.first] = tally[:, SECOND] + tally[:, TIED] / 2
        block, start, tie = np.zeros(n, dtype=np.int64), np.zeros((1, n)), np.zeros(1)

        def spectral(tolerance: float = 1e-12, wins: np.ndarray = wins) -> np.ndarray:
            strength = choix.ilsr_pairwise_dense(wins, max_iter=1000, tol=tolerance)
            return np.asarray(strength - strength.mean())

        def newton(pairs=pairs, tally=tally, block=block, start=start, tie=tie) -> np.ndarray:  # type: ignore[no-untyped-def]
            family = FAMILIES[Method.BRADLEY_TERRY]
            return maximise(family, pairs, tally[None], block, strength=start, tie=tie).strength[0]

        optimum = newton()
        exact, default = (np.abs(spectral(tolerance) - optimum).max() * ELO_PER_LOG_ODDS for tolerance in (1e-12, 1e-8))
        times = [f"{median_ms(work, 15):.1f} ms" for work in (spectral, newton)]
        rows.append([title, *times, f"{exact:.0e}", f"{default:.0e}"])
    table(["votes × models", "choix, 1e-12", "our Newton", "difference, Elo", "choix at 1e-8: difference, Elo"], rows)


def whole_rankings() -> None:
    columns = draw(12_890, 21)
    rows = []
    for title, options, runs in (
        ("Bradley-Terry, no interval", Options(interval=Interval.NONE), 9),
        ("sandwich over votes", Options(interval=Interval.SANDWICH, cluster=Cluster.NONE), 9),
        ("sandwich by voter", Options(interval=Interval.SANDWICH, cluster=Cluster.VOTER), 9),
        ("bootstrap by voter, 1,000 rounds", Options(interval=Interval.BOOTSTRAP, cluster=Cluster.VOTER), 3),
        ("Davidson, sandwich by voter", Options(method=Method.DAVIDSON, interval=Interval.SANDWICH), 5),
        ("Rao-Kupper, sandwich by voter", Options(method=Method.RAO_KUPPER, interval=Interval.SANDWICH), 5),
        ("Elo, no interval", Options(method=Method.ELO, interval=Interval.NONE), 5),
        ("Elo, bootstrap by voter, 1,000 rounds", Options(method=Method.ELO, interval=Interval.BOOTSTRAP), 1),
    ):
        rows.append([title, f"{median_ms(lambda options=options: rank(encoded(columns), options), runs):.0f} ms"])
    table(["12,890 votes of 21 models and 1,000 voters, from lists of names", "time"], rows)


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}\n")
    choix_against_newton()
    whole_rankings()

"""What is timed: each contestant gives its tasks by name, each a function that returns log-strengths to be checked.

Bradley-Terry with a tie as half a win each, 1,000 resamples of the votes where a bootstrap is timed. Each is used as
its own documentation uses it, with tolerances under which it converges.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.ranking.data import Codes

ROUNDS = 1000
Task = Callable[[], Any]
LN10 = float(np.log(10))


def ours(codes: Codes, *, labels: bool, threads: int = 1) -> dict[str, Task]:
    """Whole rankings as `rank` gives them: ratings, intervals, ranks and their ranges, fingerprint."""
    from ranking.estimators import Options, encode_votes, solve, votes_from_codes
    from ranking.estimators.threads import at_most

    columns = codes.labels() if labels else ()
    voters = codes.voters

    def votes(by_voter: bool) -> Any:
        if labels:
            return encode_votes(*columns)
        known = {"voter": codes.voter, "voters": voters} if by_voter else {}
        return votes_from_codes(codes.models, codes.a, codes.b, codes.outcome, **known)

    def task(by_voter: bool = False, **options: Any) -> Task:
        def run() -> Any:
            with at_most(threads):
                return solve(votes(by_voter), Options(rounds=ROUNDS, **options)).estimate.strength

        return run

    tasks = {
        "point": task(interval="none"),
        "sandwich": task(interval="sandwich", cluster="none"),
        "sandwich by voter": task(by_voter=True, interval="sandwich"),
        "1,000 resamples": task(interval="bootstrap", cluster="none"),
        "1,000 resamples of voters": task(by_voter=True, interval="bootstrap"),
    }
    if labels:
        tasks = {"reading the labels": lambda: encode_votes(*columns)} | {
            name: tasks[name] for name in ("point", "sandwich", "1,000 resamples")
        }
    return tasks if threads == 1 else {name: work for name, work in tasks.items() if "resamples" in name}


def choix_dense(codes: Codes) -> dict[str, Task]:
    """choix.ilsr_pairwise_dense on counts, and on multinomial draws of them."""
    import choix

    def fit(wins: Any) -> Any:
        return choix.ilsr_pairwise_dense(wins, max_iter=1000, tol=1e-10)

    def resamples() -> Any:
        rng, cells = np.random.default_rng(0), _cells(codes)
        for counts in rng.multinomial(len(codes.a), cells[3] / len(codes.a), size=ROUNDS):
            strength = fit(_wins(codes, cells, counts))
        return strength, _wins(codes, cells, counts)

    return {"point": lambda: fit(codes.wins()), "1,000 resamples": resamples}


def choix_lists(codes: Codes) -> dict[str, Task]:
    """choix.ilsr_pairwise on a list of (winner, loser), a tie as half a win each: every vote is in it twice."""
    import choix

    columns = codes.labels()

    def pairs() -> list[tuple[int, int]]:
        place = {name: position for position, name in enumerate(codes.models)}
        found = []
        for a, b, outcome in zip(*columns, strict=True):
            first, second = place[a], place[b]
            found += {
                "a": [(first, second)] * 2,
                "b": [(second, first)] * 2,
                "tie": [(first, second), (second, first)],
            }[outcome]
        return found

    def resamples() -> Any:
        found, rng = np.array(pairs()).reshape(-1, 2, 2), np.random.default_rng(0)
        for _ in range(ROUNDS):
            drawn = found[rng.integers(0, len(found), len(found))].reshape(-1, 2)
            strength = choix.ilsr_pairwise(len(codes.models), drawn, max_iter=1000, tol=1e-10)
        wins = np.zeros((len(codes.models),) * 2)
        np.add.at(wins, tuple(drawn.T), 0.5)
        return strength, wins

    return {
        "point": lambda: choix.ilsr_pairwise(len(codes.models), pairs(), max_iter=1000, tol=1e-10),
        "1,000 resamples": resamples,
    }


def evalica(codes: Codes) -> dict[str, Task]:
    """evalica.bradley_terry on labels, and on votes drawn with replacement."""
    import evalica as peer

    columns = codes.labels()
    said = {"a": peer.Winner.X, "b": peer.Winner.Y, "tie": peer.Winner.Draw}

    def fit(a: Any, b: Any, winners: Any) -> Any:
        found = peer.bradley_terry(a, b, winners, tolerance=1e-10, limit=100_000)
        return np.log(found.scores.reindex(codes.models).to_numpy())

    def point() -> Any:
        a, b, outcome = columns
        return fit(a, b, [said[name] for name in outcome])

    def resamples() -> Any:
        rng = np.random.default_rng(0)
        a, b = (np.array(column, dtype=object) for column in columns[:2])
        winners = np.array([said[name] for name in columns[2]], dtype=object)
        for _ in range(ROUNDS):
            drawn = rng.integers(0, len(a), len(a))
            strength = fit(a[drawn].tolist(), b[drawn].tolist(), winners[drawn].tolist())
        counted = Codes(codes.models, codes.a[drawn], codes.b[drawn], codes.outcome[drawn], codes.voter)
        return strength, counted.wins()

    return {"point": point, "1,000 resamples": resamples}


def classic(codes: Codes) -> dict[str, Task]:
    """The arenas' classic, restated: a logistic regression without penalty on two rows for each pair, one for either
    winner, weighted by counts (a tie is half of one in each), and on multinomial draws of these."""
    from sklearn.linear_model import LogisticRegression

    n = len(codes.models)
    columns = codes.labels()

    def read() -> Codes:
        place = {name: position for position, name in enumerate(codes.models)}
        which = {"a": 0, "b": 1, "tie": 2}
        a, b = (np.array([place[name] for name in column]) for column in columns[:2])
        return Codes(codes.models, a, b, np.array([which[name] for name in columns[2]]), codes.voter)

    first, second = np.triu_indices(n, 1)
    x = np.zeros((len(first), n))
    x[np.arange(len(x)), first], x[np.arange(len(x)), second] = LN10, -LN10
    x, y = np.vstack([x, x]), np.r_[np.ones(len(first)), np.zeros(len(first))]

    def fit(wins: Any) -> Any:
        weight = np.r_[wins[first, second], wins[second, first]]
        used = weight > 0
        # The tolerance is of the mean gradient; with the default of 1e-4 ratings are off in the first decimal.
        model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8, max_iter=2000)
        return model.fit(x[used], y[used], sample_weight=weight[used]).coef_[0] * LN10

    def resamples() -> Any:
        cells, rng = _cells(read()), np.random.default_rng(0)
        for counts in rng.multinomial(len(codes.a), cells[3] / len(codes.a), size=ROUNDS):
            strength = fit(wins := _wins(codes, cells, counts))
        return strength, wins

    return {"point": lambda: fit(read().wins()), "1,000 resamples": resamples}


def _cells(codes: Codes) -> tuple[Any, Any, Any, Any]:
    """Distinct (model_a, model_b, outcome), and how often each was cast."""
    n = len(codes.models)
    counts = np.bincount((codes.a * n + codes.b) * 3 + codes.outcome, minlength=n * n * 3)
    kinds = np.flatnonzero(counts)
    rest, outcome = np.divmod(kinds, 3)
    a, b = np.divmod(rest, n)
    return a, b, outcome, counts[kinds]


def _wins(codes: Codes, cells: tuple[Any, Any, Any, Any], counts: Any) -> Any:
    a, b, outcome, _ = cells
    wins = np.zeros((len(codes.models),) * 2)
    np.add.at(wins, (a, b), counts * np.where(outcome == 0, 1, np.where(outcome == 2, 0.5, 0)))
    np.add.at(wins, (b, a), counts * np.where(outcome == 1, 1, np.where(outcome == 2, 0.5, 0)))
    return wins


def contestants() -> Iterator[tuple[str, str, Callable[[Codes], dict[str, Task]]]]:
    """Name, what it starts from, and how to make its tasks."""
    yield "ours", "codes", lambda codes: ours(codes, labels=False)
    yield "ours", "labels", lambda codes: ours(codes, labels=True)
    yield "ours, 2 threads", "codes", lambda codes: ours(codes, labels=False, threads=2)
    yield "ours, 2 threads", "labels", lambda codes: ours(codes, labels=True, threads=2)
    yield "choix, dense counts", "codes", choix_dense
    yield "choix, lists", "labels", choix_lists
    yield "evalica", "labels", evalica
    yield "classic logistic", "labels", classic

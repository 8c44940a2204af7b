"""What a page tells of two models: who is ahead, by how much, how surely, and what the fitted model predicts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from ranking.estimators import OUTCOMES, Solution
from ranking.estimators.arrays import FloatArray
from ranking.estimators.differences import Difference, differences
from ranking.estimators.families import FAMILIES
from ranking.estimators.pairs import counted_slots

DECIMALS = 4
"""Of stored differences (Elo points) and win rates: more than any page shows."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models of one component, the one that is ranked higher first. None where there is no number.

    difference, ci_low, ci_high: Elo points. p_better: that `first` is the better one. p_holm, p_max_t: corrected for
    all pairs. predicted: the share of votes that `first` is expected to win against `second`, a tie being half a win.
    """

    first: str
    second: str
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    p_better: float | None
    p_holm: float | None
    p_max_t: float | None
    predicted: float | None

    def turned(self) -> "Comparison":
        """The same seen from the other model."""

        def minus(value: float | None) -> float | None:
            return None if value is None else -value

        return Comparison(
            first=self.second,
            second=self.first,
            difference=minus(self.difference),
            ci_low=minus(self.ci_high),
            ci_high=minus(self.ci_low),
            p_better=_other_side(self.p_better),
            p_holm=self.p_holm,
            p_max_t=self.p_max_t,
            predicted=_other_side(self.predicted),
        )


def comparisons_of(solution: Solution) -> dict[str, Any]:
    """What is stored of all pairs: models in order, a row a pair (`read_comparisons`), how many are told apart."""
    found = differences(solution)
    models = [rating.model for rating in solution.ranking.ratings]
    place = {model: position for position, model in enumerate(models)}
    predicted = _predicted(solution)
    return {
        "models": models,
        "pairs": [_row(pair, place, predicted) for pair in found.pairs],
        "best": dict(found.best),
        "separability": asdict(found.separability),
        "sides": dict(zip(OUTCOMES, _sides(solution), strict=True)),
    }


def read_comparisons(stored: Mapping[str, Any]) -> Iterator[Comparison]:
    """What `comparisons_of` has stored, pair by pair. None of rankings from before it was stored."""
    models = stored.get("models", [])
    for first, second, *values in stored.get("pairs", []):
        yield Comparison(models[first], models[second], *values)


def pair_results(solution: Solution) -> list[tuple[str, str, int, int, int]]:
    """First and second model by name, wins of each, and ties, for each pair that met, of the votes that were used."""
    names, pairs = solution.cells.models, solution.pairs
    met = zip(pairs.first.tolist(), pairs.second.tolist(), counted_slots(solution.cells, pairs).tolist(), strict=True)
    # Codes are in the order of names.
    return [(names[first], names[second], *counts) for first, second, counts in met]


def _row(pair: Difference, place: Mapping[str, int], predicted: FloatArray) -> list[float | int | None]:
    first, second = place[pair.model_a], place[pair.model_b]
    chance = predicted[first, second]
    return [
        first,
        second,
        *map(_short, (pair.difference, pair.ci_low, pair.ci_high)),
        *(pair.p_better, pair.p_holm, pair.p_max_t),
        _short(float(chance)) if np.isfinite(chance) else None,
    ]


def _predicted(solution: Solution) -> FloatArray:
    """Expected score (n, n) of each model against each other, in the ranking's order; NaN without a rating."""
    estimate = solution.estimate
    code = {name: position for position, name in enumerate(solution.cells.models)}
    order = [code[rating.model] for rating in solution.ranking.ratings]
    strength = np.where(np.isfinite(estimate.rating), estimate.strength, np.nan)[order]
    d = strength[:, None] - strength[None, :]
    fitted = estimate.fitted
    if fitted is None or not FAMILIES[fitted.method].has_tie:
        return np.asarray(expit(d))
    log_win = FAMILIES[fitted.method].log_win
    win, loss = np.exp(log_win(d, fitted.tie)), np.exp(log_win(-d, fitted.tie))
    return np.asarray((1 + win - loss) / 2)


def _sides(solution: Solution) -> list[int]:
    """Votes for side a, for side b, and ties."""
    cells = solution.cells
    return [int(cells.count[cells.outcome == code].sum()) for code in range(len(OUTCOMES))]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS) + 0.0


def _other_side(share: float | None) -> float | None:
    return None if share is None else 1 - share

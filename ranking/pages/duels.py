"""Is A better than B? The answer of a ranking, for a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from ranking.enums import IntervalChoice
from ranking.models import ComputedRanking
from ranking.pages.pairwise import Comparison, read_comparisons

SURE = 0.999
"""From here on a probability is said to be above this, and not 100%."""


@dataclass(frozen=True, slots=True)
class Duel:
    """Two models that somebody asks about. `pair` is None where the ranking cannot compare them.

    is_decided: whether the difference holds with the ranking's level when all pairs are looked at. `percent` is the
    probability that the first is better; `bound` says whether it is above ("more"), below ("less") or at that.
    """

    first: str
    second: str
    pair: Comparison | None = None
    is_decided: bool = False
    percent: float | None = None
    bound: str = ""


@dataclass(frozen=True, slots=True)
class ToldApart:
    """Of `pairs` pairs, how many are told apart by the rule of the ranges of places, and how many other rules would.

    by_max_t: whether that rule is max-t; Holm's correction, if not. `beside` is what the other of the two finds.
    """

    pairs: int
    apart: int
    by_max_t: bool
    beside: int
    uncorrected: int
    overlap: int


def told_apart(ranking: ComputedRanking) -> ToldApart | None:
    """How many pairs the votes tell apart; None where no pair has an error to go by."""
    found = ranking.comparisons.get("separability")
    if not found or not found["pairs"]:
        return None
    by_max_t = corrects_by_max_t(ranking)
    apart, beside = (found["max_t"], found["holm"]) if by_max_t else (found["holm"], found["max_t"])
    return ToldApart(found["pairs"], apart, by_max_t, beside, found["uncorrected"], found["overlap"])


def corrects_by_max_t(ranking: ComputedRanking) -> bool:
    """Ranges of places go by max-t where the bootstrap ran, and by Holm's correction where not (ADR 26)."""
    return ranking.interval == IntervalChoice.BOOTSTRAP


def duel_of(ranking: ComputedRanking, first: str, second: str) -> Duel:
    """What the ranking says of two models."""
    for pair in read_comparisons(ranking.comparisons):
        if (pair.first, pair.second) == (first, second):
            return _answer(ranking, pair)
        if (pair.second, pair.first) == (first, second):
            return _answer(ranking, pair.turned())
    return Duel(first, second)


def asked_about(models: Sequence[str], first: str, second: str) -> tuple[str, str] | None:
    """The two models of a question: what was asked, or else the best two. None where there are not two."""
    if len(models) < 2:
        return None
    first = first if first in models else models[0]
    second = second if second in models and second != first else next(model for model in models if model != first)
    return first, second


def _answer(ranking: ComputedRanking, pair: Comparison) -> Duel:
    if pair.p_better is None:
        return Duel(pair.first, pair.second, pair)
    corrected = pair.p_max_t if corrects_by_max_t(ranking) else pair.p_holm
    decided = corrected is not None and corrected <= 1 - ranking.level
    if pair.p_better > SURE:
        percent, bound = SURE * 100, "more"
    elif pair.p_better < 1 - SURE:
        percent, bound = (1 - SURE) * 100, "less"
    else:
        percent, bound = pair.p_better * 100, ""
    return Duel(pair.first, pair.second, pair, decided, percent, bound)

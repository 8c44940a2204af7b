"""What an analysis of factors says, frozen."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LevelEffect:
    """What a level adds, in Elo, to the mean of its factor's levels; of an interaction, to its parts.

    The numbers are None where these models cannot tell it.
    """

    term: str
    level: str
    models: int
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class LevelDifference:
    """How much higher the models of a level are rated than those of another, in Elo, other factors being equal.

    `p_holm` is corrected for all the differences of the analysis (Holm, 1979).
    """

    factor: str
    level: str
    versus: str
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class TermTest:
    """Wald's test of whether any of a term's effects is other than 0."""

    term: str
    chi2: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class LackOfFit:
    """Whether the factors are enough: the residuals' Wald statistic, chi-squared with `df` degrees if they are.

    `between_models` is the standard deviation, in Elo, of what models have besides their factors (the moment
    estimate of DerSimonian and Laird, 1986); 0 where the residuals are no larger than the votes' noise.
    """

    chi2: float
    df: int
    p: float
    between_models: float


@dataclass(frozen=True, slots=True)
class FittedRating:
    """A model's rating, what its factors make of it, and the rest, in Elo; the residuals' mean is 0."""

    model: str
    levels: tuple[tuple[str, str], ...]
    rating: float
    fitted: float
    residual: float


@dataclass(frozen=True, slots=True)
class FactorAnalysis:
    """Effects of factors on ratings. `left_out` are models without the factors, or without rating."""

    terms: tuple[str, ...]
    level: float
    effects: tuple[LevelEffect, ...]
    differences: tuple[LevelDifference, ...]
    tests: tuple[TermTest, ...]
    lack_of_fit: LackOfFit | None
    models: tuple[FittedRating, ...]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: levels of models as objects, all else as its fields."""
        found = asdict(self)
        for model in found["models"]:
            model["levels"] = dict(model["levels"])
        return found

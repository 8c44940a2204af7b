"""A ranking as everyone gets it: frozen, ordered, rounded."""

from dataclasses import asdict, dataclass
from typing import Any

from ranking.estimators.effects import Effect
from ranking.estimators.notices import Notice
from ranking.estimators.options import Options

DECIMALS = 6
"""Ratings are rounded to this many decimals, far below what they mean and far above what rounding in floating point
differs by from one processor to the next."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One model's line. `rating` and interval ends are on the Elo scale; None stands for no bound or no rating.

    `rank_low` (the best it may be) and `rank_high` (the worst) hold for all models at once; None without intervals.
    Ranks are within `component`, which counts from 1. `battles`, `wins`, `losses` and `ties` are whole votes.
    """

    model: str
    rating: float | None
    ci_low: float | None
    ci_high: float | None
    rank: int
    rank_low: int | None
    rank_high: int | None
    battles: int
    wins: int
    losses: int
    ties: int
    component: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ratings, best first within each component, and what they were computed from and how.

    preset: the name of the recipe that was followed instead of the options, where one was. effects: of the side
    and of style, where they were asked and can be told. without_style: the ratings of the same votes without style
    control, where it was asked.
    """

    options: Options
    dimension: str
    n_battles: int
    n_ties: int
    input_sha256: str
    ratings: tuple[Rating, ...]
    notices: tuple[Notice, ...]
    preset: str | None = None
    effects: tuple[Effect, ...] = ()
    without_style: tuple[Rating, ...] = ()

    @property
    def _has_effects(self) -> bool:
        return self.options.side_effect or self.options.style_control

    @property
    def warnings(self) -> list[str]:
        return [str(notice) for notice in self.notices]

    def as_dict(self) -> dict[str, Any]:
        """The object that `rank --format json` prints."""
        return {
            "method": self.options.method.value,
            "dimension": self.dimension,
            "interval": self.options.interval.value,
            "level": self.options.level,
            "rounds": self.options.rounds,
            "seed": self.options.seed,
            "n_battles": self.n_battles,
            "n_ties": self.n_ties,
            "input_sha256": self.input_sha256,
            "ratings": [asdict(rating) for rating in self.ratings],
            "warnings": self.warnings,
            **({"preset": self.preset} if self.preset is not None else {}),
            **self.options.extras,
            **({"effects": [asdict(effect) for effect in self.effects]} if self._has_effects else {}),
            **(
                {"ratings_without_style": [asdict(rating) for rating in self.without_style]}
                if self.options.style_control
                else {}
            ),
        }

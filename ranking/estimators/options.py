"""What can be asked of an estimator, with the names that the command line uses."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ranking.estimators.errors import EstimationError
from ranking.estimators.scale import MEAN

ELO_K = 4.0
MOST_ELO_K = 10_000.0
MOST_ELO_ORDERS = 100_000
REGULARISATION = 1e-6, 1e9
FARTHEST_ANCHOR = 1e6
"""Bounds far beyond sense, within which the arithmetic is exact enough."""


class Method(StrEnum):
    BRADLEY_TERRY = "bradley-terry"
    DAVIDSON = "davidson"
    RAO_KUPPER = "rao-kupper"
    ELO = "elo"


class Interval(StrEnum):
    BOOTSTRAP = "bootstrap"
    SANDWICH = "sandwich"
    NONE = "none"


class Cluster(StrEnum):
    """Which votes may depend on one another: those of one voter, or none."""

    VOTER = "voter"
    NONE = "none"


class Ties(StrEnum):
    """What Bradley-Terry makes of a tie: half a win for each side, or nothing."""

    HALF = "half"
    DROP = "drop"


E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to rank.

    Plain strings are taken for the names of methods, intervals, clusters and ties.
    interval: None means the sandwich, and the bootstrap for Elo, which has none; it is never None afterwards.
    level, rounds, seed: the intervals' confidence, the number of bootstrap resamples, and their generator's seed.
    cluster: None means by voter where voters are known, and vote by vote (said in a notice) where not.
    side_effect: estimate the advantage of being shown as A together with the strengths.
    style_control: hold the style of answers equal: see `style.solve_with_style`, which is given their measures.
    regularisation: that many fictitious votes of each model, spread over the others of its component, half of them won.
    anchor, anchor_rating: the model that stays at a rating, instead of each component's mean at 1000.
    elo_k: K. elo_orders: average over that many random orders (drawn from `seed`) instead of the order of the votes.
    """

    method: Method = Method.BRADLEY_TERRY
    interval: Interval = None  # type: ignore[assignment]
    level: float = 0.95
    rounds: int = 1000
    seed: int = 0
    cluster: Cluster | None = None
    ties: Ties = Ties.HALF
    side_effect: bool = False
    style_control: bool = False
    regularisation: float = 0.0
    anchor: str | None = None
    anchor_rating: float = MEAN
    elo_k: float = ELO_K
    elo_orders: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", _member(Method, self.method))
        if self.interval is None:
            object.__setattr__(self, "interval", _usual_interval(self.method))
        object.__setattr__(self, "interval", _member(Interval, self.interval))
        object.__setattr__(self, "ties", _member(Ties, self.ties))
        if self.cluster is not None:
            object.__setattr__(self, "cluster", _member(Cluster, self.cluster))
        if not 0 < self.level < 1:
            raise EstimationError(f"the level must lie between 0 and 1, and {self.level} does not")
        if self.rounds < 1:
            raise EstimationError(f"at least one round is needed, and {self.rounds} is asked for")
        if self.seed < 0:
            raise EstimationError(f"the seed must not be negative, and {self.seed} is")
        self._check_numbers()
        self._check_method()

    @property
    def extras(self) -> dict[str, Any]:
        """What was asked besides the options that every ranking states, by name; nothing where nothing was."""
        found: dict[str, Any] = {}
        if self.ties is not Ties.HALF:
            found["ties"] = self.ties.value
        if self.side_effect:
            found["side_effect"] = True
        if self.style_control:
            found["style_control"] = True
        if self.regularisation:
            found["regularisation"] = self.regularisation
        if self.anchor is not None:
            found |= {"anchor": self.anchor, "anchor_rating": self.anchor_rating}
        if self.elo_k != ELO_K:
            found["elo_k"] = self.elo_k
        if self.elo_orders is not None:
            found["elo_orders"] = self.elo_orders
        return found

    def _check_numbers(self) -> None:
        least, most = REGULARISATION
        if self.regularisation != 0 and not least <= self.regularisation <= most:
            raise EstimationError(
                f"the regularisation must be 0 or between {least:g} and {most:g}, and {self.regularisation} is not"
            )
        if self.anchor is not None and not self.anchor.strip():
            raise EstimationError("the anchor must be the name of a model")
        if not abs(self.anchor_rating) <= FARTHEST_ANCHOR:
            raise EstimationError(
                f"the anchor's rating must be within {FARTHEST_ANCHOR:g} of 0, and {self.anchor_rating} is not"
            )
        if self.anchor is None and self.anchor_rating != MEAN:
            raise EstimationError("a rating to hold an anchor at needs the name of a model as anchor")
        if not 0 < self.elo_k <= MOST_ELO_K:
            raise EstimationError(f"Elo's K must be above 0 and at most {MOST_ELO_K:g}, and {self.elo_k} is not")
        if self.elo_orders is not None and not 1 <= self.elo_orders <= MOST_ELO_ORDERS:
            raise EstimationError(
                f"Elo's random orders must be between 1 and {MOST_ELO_ORDERS}, and {self.elo_orders} is not"
            )

    def _check_method(self) -> None:
        if self.method is Method.ELO:
            if self.interval is Interval.SANDWICH:
                raise EstimationError(
                    "Elo maximises no likelihood, so it has no sandwich interval: take bootstrap or none"
                )
            if self.side_effect or self.regularisation:
                raise EstimationError("Elo maximises no likelihood, so it takes no side effect and no regularisation")
            if self.style_control:
                raise EstimationError("Elo maximises no likelihood, so it cannot hold style equal")
        elif self.elo_k != ELO_K or self.elo_orders is not None:
            raise EstimationError(f"K and random orders are Elo's, and the method is {self.method.value}")
        if self.style_control and self.interval is Interval.BOOTSTRAP:
            raise EstimationError("style control has sandwich intervals, and no bootstrap")
        if self.style_control and self.regularisation:
            raise EstimationError("style control takes no regularisation")
        if self.ties is Ties.DROP and self.method is not Method.BRADLEY_TERRY:
            raise EstimationError(f"{self.method.value} learns from ties, so only bradley-terry can drop them")


def _usual_interval(method: Method) -> Interval:
    return Interval.BOOTSTRAP if method is Method.ELO else Interval.SANDWICH


def _member(kind: type[E], name: str) -> E:
    try:
        return kind(name)
    except ValueError as error:
        raise EstimationError(f"{name!r} is none of {', '.join(kind)}") from error

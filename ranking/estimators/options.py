"""What can be asked of an estimator, with the names that the command line uses."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ranking.estimators.errors import EstimationError


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


E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to rank.

    Plain strings are taken for the names of methods, intervals and clusters.
    `cluster=None` means by voter where voters are known, and vote by vote (said in a notice) where not.
    `level` is the intervals' confidence, `rounds` the number of bootstrap resamples.
    """

    method: Method = Method.BRADLEY_TERRY
    interval: Interval = Interval.BOOTSTRAP
    level: float = 0.95
    rounds: int = 1000
    seed: int = 0
    cluster: Cluster | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", _member(Method, self.method))
        object.__setattr__(self, "interval", _member(Interval, self.interval))
        if self.cluster is not None:
            object.__setattr__(self, "cluster", _member(Cluster, self.cluster))
        if not 0 < self.level < 1:
            raise EstimationError(f"the level must lie between 0 and 1, and {self.level} does not")
        if self.rounds < 1:
            raise EstimationError(f"at least one round is needed, and {self.rounds} is asked for")
        if self.seed < 0:
            raise EstimationError(f"the seed must not be negative, and {self.seed} is")
        if self.method is Method.ELO and self.interval is Interval.SANDWICH:
            raise EstimationError("Elo maximises no likelihood, so it has no sandwich interval: take bootstrap or none")


def _member(kind: type[E], name: str) -> E:
    try:
        return kind(name)
    except ValueError as error:
        raise EstimationError(f"{name!r} is none of {', '.join(kind)}") from error

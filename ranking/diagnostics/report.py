"""All diagnostics of some votes, at once."""

from dataclasses import asdict, dataclass
from typing import Any

from ranking.diagnostics.agreement import Agreement, agreement
from ranking.diagnostics.evidence import chances_of, gather
from ranking.diagnostics.influence import Influence, influence
from ranking.diagnostics.needed import Needed, needed_votes
from ranking.diagnostics.sentences import sentences_of
from ranking.diagnostics.shape import Balance, Connectivity, SideEffect, balance, connectivity, side_effect
from ranking.diagnostics.simulation import GoodnessOfFit, Intransitivity, goodness_of_fit, intransitivity
from ranking.estimators.differences import Separability, differences
from ranking.estimators.votes import Votes


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What each diagnostic found; see their classes. `level` is that of intervals and tests."""

    dimension: str
    level: float
    input_sha256: str
    connectivity: Connectivity
    balance: Balance
    side_effect: SideEffect
    intransitivity: Intransitivity
    agreement: Agreement
    goodness_of_fit: GoodnessOfFit | None
    separability: Separability
    needed: tuple[Needed, ...]
    influence: Influence

    def as_dict(self) -> dict[str, Any]:
        """The object that `diagnose --format json` prints."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """What was found, in English, a sentence or two for each diagnostic."""
        return list(sentences_of(self))


def diagnose(votes: Votes, *, dimension: str = "overall", level: float = 0.95) -> Diagnostics:
    """Look at the votes that count, each as one vote, under Bradley-Terry with intervals clustered by voter if known.

    Simulations have a fixed seed: the same votes in the same order give the same answer. `dimension` is passed on.
    """
    evidence = gather(votes, level=level, dimension=dimension)
    chances = chances_of(evidence)
    found = differences(evidence.solution)
    return Diagnostics(
        dimension=dimension,
        level=level,
        input_sha256=evidence.solution.ranking.input_sha256,
        connectivity=connectivity(evidence),
        balance=balance(evidence),
        side_effect=side_effect(evidence, level),
        intransitivity=intransitivity(evidence, chances),
        agreement=agreement(evidence, chances),
        goodness_of_fit=goodness_of_fit(evidence, chances),
        separability=found.separability,
        needed=needed_votes(evidence, found),
        influence=influence(evidence),
    )

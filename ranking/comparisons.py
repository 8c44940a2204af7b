"""The votes of a campaign, as ranking reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from arena.ballot_forms import OVERALL, outcome, overall_winner
from arena.models import Ballot, Campaign, Judgement, Participant
from arena.models.ballots import BallotQuerySet
from arena.pseudonyms import pseudonym
from ranking.estimators import Votes, encode_votes


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The votes that say something about a dimension, in the order in which they were cast.

    left_out: how many counted votes say nothing about it. cut_off: when the newest counted vote was cast.
    """

    votes: Votes
    left_out: int
    cut_off: datetime | None

    @property
    def n_ballots(self) -> int:
        """How many votes the campaign has that count, those left out here included."""
        return len(self.votes) + self.left_out


def campaign_dimensions(campaign: Campaign) -> list[str]:
    """What can be ranked: overall first, then the form's own dimensions."""
    return [OVERALL, *(dimension.key for dimension in campaign.form.dimensions if dimension.key != OVERALL)]


def campaign_comparisons(campaign: Campaign, dimension: str) -> Comparisons:
    """The counted votes of a campaign in one dimension. Five queries, whatever the number of votes."""
    return all_comparisons(campaign, [dimension])[dimension]


def all_comparisons(campaign: Campaign, dimensions: Sequence[str]) -> dict[str, Comparisons]:
    """The counted votes of a campaign in each of some dimensions, read once."""
    counted = Ballot.objects.counted().of_campaign(campaign)
    choices = _choices(counted)
    names = dict(campaign.competitors.values_list("pk", "name"))
    voters = _voters(counted)
    rows = list(
        counted.order_by("created_at", "pk").values_list(
            "pk", "battle__competitor_a", "battle__competitor_b", "battle__participant", "created_at"
        )
    )
    cut_off = max((row[4] for row in rows), default=None)
    result = {}
    for dimension in dimensions:
        outcomes = [outcome_of(choices.get(row[0], {}), dimension) for row in rows]
        kept = [(row, found) for row, found in zip(rows, outcomes, strict=True) if found]
        votes = encode_votes(
            [names[row[1]] for row, _ in kept],
            [names[row[2]] for row, _ in kept],
            [found for _, found in kept],
            voter=[voters[row[3]] for row, _ in kept],
        )
        result[dimension] = Comparisons(votes, len(rows) - len(kept), cut_off)
    return result


def outcome_of(choices: dict[str, str], dimension: str) -> str:
    """What a ballot's choices say of a dimension: `a`, `b`, `tie`, or nothing."""
    if dimension == OVERALL:
        return overall_winner(choices)
    return outcome(choices[dimension]) if dimension in choices else ""


def _choices(counted: BallotQuerySet) -> dict[int, dict[str, str]]:
    choices: dict[int, dict[str, str]] = {}
    rows = Judgement.objects.filter(ballot__in=counted).order_by("pk")
    for ballot, dimension, choice in rows.values_list("ballot", "dimension", "choice").iterator(chunk_size=5000):
        choices.setdefault(ballot, {})[dimension] = choice
    return choices


def _voters(counted: BallotQuerySet) -> dict[int, str]:
    people = Participant.objects.filter(battles__ballot__in=counted).distinct()
    return {person.pk: pseudonym(person) for person in people.iterator(chunk_size=5000)}

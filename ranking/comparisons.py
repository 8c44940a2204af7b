"""The votes of a campaign, as ranking reads them: integer codes from the database to the estimators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from django.db.models import QuerySet

from arena.ballot_forms import ALL_CHOICES, OVERALL, outcome, overall_winner
from arena.models import Ballot, Campaign, Competitor, Judgement, Participant
from arena.models.ballots import BallotQuerySet
from arena.pseudonyms import pseudonym
from ranking.estimators import OUTCOMES, EstimationError, Votes, votes_from_codes
from ranking.estimators.arrays import IntArray
from ranking.estimators.weighting import inverse_probability
from ranking.slices import Slice

_CHUNK = 20_000
#: Participants asked for at once: SQLite takes 32,766 values in a query.
_VOTERS_AT_ONCE = 10_000
_SAID_NOTHING = len(ALL_CHOICES)
_NO_OUTCOME = len(OUTCOMES)


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The votes that say something about a dimension, in the order in which they were cast.

    ballots: the key of each vote's ballot (n,). left_out: how many counted votes say nothing about it. cut_off: when
    the newest counted vote was cast.
    """

    votes: Votes
    ballots: IntArray
    left_out: int
    cut_off: datetime | None

    @property
    def n_ballots(self) -> int:
        """How many votes there are that count, those left out here included."""
        return len(self.votes) + self.left_out


@dataclass(frozen=True, slots=True)
class _Columns:
    """The counted ballots, a column each (n,): keys, and for each dimension a code into ALL_CHOICES or nothing."""

    ballot: IntArray
    competitor_a: IntArray
    competitor_b: IntArray
    participant: IntArray
    choices: Mapping[str, IntArray]


def campaign_dimensions(campaign: Campaign) -> list[str]:
    """What can be ranked: overall first, then the form's own dimensions."""
    return [OVERALL, *(dimension.key for dimension in campaign.form.dimensions if dimension.key != OVERALL)]


def campaign_comparisons(
    campaign: Campaign, dimension: str, *, chosen: Slice | None = None, without_self_identified: bool = False
) -> Comparisons:
    """The counted votes of a campaign in one dimension; of a slice, or without those on answers that name a model or
    its maker, where that is asked.
    """
    return all_comparisons(campaign, [dimension], chosen=chosen, without_self_identified=without_self_identified)[
        dimension
    ]


def all_comparisons(
    campaign: Campaign,
    dimensions: Sequence[str],
    *,
    chosen: Slice | None = None,
    without_self_identified: bool = False,
) -> dict[str, Comparisons]:
    """The counted votes of a campaign in each of some dimensions, read once.

    Five queries, and one more for every further 10,000 voters. No text is made of a vote: only the competitors and the
    voters have names, once each.
    """
    ballots = Ballot.objects.of_campaign(campaign)
    if without_self_identified:
        ballots = ballots.without_self_identified()
    if chosen:
        ballots = chosen.apply(ballots)
    columns = _read(ballots)
    competitors = np.unique(np.concatenate([columns.competitor_a, columns.competitor_b]))
    names = dict(Competitor.objects.filter(pk__in=competitors.tolist()).values_list("pk", "name"))
    participants, voter = np.unique(columns.participant, return_inverse=True)
    voters = _pseudonyms(participants)
    cut_off = _cast_last(columns.ballot)
    result = {}
    for dimension in dimensions:
        said = _outcomes(columns, dimension)
        kept = np.flatnonzero(said != _NO_OUTCOME)
        votes = votes_from_codes(
            [names[key] for key in competitors.tolist()],
            np.searchsorted(competitors, columns.competitor_a[kept]),
            np.searchsorted(competitors, columns.competitor_b[kept]),
            said[kept],
            voter=voter[kept],
            voters=voters,
        )
        result[dimension] = Comparisons(votes, columns.ballot[kept], len(said) - len(kept), cut_off)
    return result


def weighted_by_inverse_probability(campaign: Campaign, found: Comparisons) -> Votes:
    """A campaign's votes weighted by the inverse of the probability with which each battle was drawn.

    Raises `EstimationError` where some battles have none, as those that were imported without.
    """
    recorded = Ballot.objects.of_campaign(campaign).filter(battle__draw_probability__isnull=False)
    known = dict(recorded.values_list("pk", "battle__draw_probability").iterator(chunk_size=_CHUNK))
    missing = sum(ballot not in known for ballot in found.ballots.tolist())
    if missing:
        raise EstimationError(f"votes whose probability of being drawn is not known, so they have no weight: {missing}")
    return inverse_probability(found.votes, np.array([known[ballot] for ballot in found.ballots.tolist()], float))


def outcome_of(choices: Mapping[str, str], dimension: str) -> str:
    """What a ballot's choices say of a dimension: `a`, `b`, `tie`, or nothing."""
    if dimension == OVERALL:
        return overall_winner(choices)
    return outcome(choices[dimension]) if dimension in choices else ""


def _read(ballots: BallotQuerySet) -> _Columns:
    """Two queries. A ballot that is cast, quarantined or brought back between them is as it was in the first."""
    rows = ballots.counted().order_by("created_at", "pk")
    ballot, competitor_a, competitor_b, participant = _columns(
        rows.values_list("pk", "battle__competitor_a", "battle__competitor_b", "battle__participant"), 4
    )
    order = np.argsort(ballot, kind="stable")
    in_order = ballot[order]
    codes: dict[str, int] = {choice: code for code, choice in enumerate(ALL_CHOICES)}
    choices: dict[str, IntArray] = {}
    said = Judgement.objects.filter(ballot__in=ballots.order_by()).order_by()
    for chunk in _chunks(said.values_list("ballot", "dimension", "choice")):
        of, dimensions, chosen = zip(*chunk, strict=True)
        key = np.array(of, dtype=np.int64)
        code = np.fromiter(map(codes.__getitem__, chosen), dtype=np.int64, count=len(chosen))
        place = np.minimum(np.searchsorted(in_order, key), max(len(in_order) - 1, 0))
        known = in_order[place] == key if len(in_order) else np.zeros(len(key), dtype=bool)
        named = np.array(dimensions)
        for dimension in set(dimensions):
            column = choices.setdefault(dimension, np.full(len(ballot), _SAID_NOTHING))
            here = known & (named == dimension)
            column[order[place[here]]] = code[here]
    return _Columns(ballot, competitor_a, competitor_b, participant, choices)


def _outcomes(columns: _Columns, dimension: str) -> IntArray:
    """What each ballot says of a dimension (n,), a code into OUTCOMES or nothing.

    Each combination of choices is judged once, by the rule that judges a single ballot.
    """
    names = sorted(columns.choices)
    key = np.zeros(len(columns.ballot), dtype=np.int64)
    for name in names:
        key = key * (_SAID_NOTHING + 1) + columns.choices[name]
    found, position = np.unique(key, return_inverse=True)
    codes = [_code(_unpacked(int(each), names), dimension) for each in found]
    return np.array(codes, dtype=np.int64)[position] if codes else np.zeros(0, dtype=np.int64)


def _unpacked(key: int, names: Sequence[str]) -> dict[str, str]:
    choices = {}
    for name in reversed(names):
        key, code = divmod(key, _SAID_NOTHING + 1)
        if code != _SAID_NOTHING:
            choices[name] = ALL_CHOICES[code]
    return choices


def _code(choices: Mapping[str, str], dimension: str) -> int:
    said = outcome_of(choices, dimension)
    return OUTCOMES.index(said) if said else _NO_OUTCOME


def _pseudonyms(participants: IntArray) -> list[str]:
    """The pseudonym of each participant, in their order."""
    names: dict[int, str] = {}
    for start in range(0, len(participants), _VOTERS_AT_ONCE):
        keys = participants[start : start + _VOTERS_AT_ONCE].tolist()
        people = Participant.objects.filter(pk__in=keys).only("kind", "external_name", "uid")
        names.update((person.pk, pseudonym(person)) for person in people.iterator(chunk_size=_CHUNK))
    return [names[key] for key in participants.tolist()]


def _cast_last(ballots: IntArray) -> datetime | None:
    if not len(ballots):
        return None
    return Ballot.objects.values_list("created_at", flat=True).get(pk=int(ballots[-1]))


def _columns(rows: QuerySet[Any, tuple[Any, ...]], width: int) -> list[IntArray]:
    """Whole numbers of a query, as columns."""
    parts = [np.array(chunk, dtype=np.int64).T for chunk in _chunks(rows)]
    return list(np.concatenate(parts, axis=1)) if parts else [np.zeros(0, dtype=np.int64) for _ in range(width)]


def _chunks(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    remaining = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk

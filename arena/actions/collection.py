"""Collecting ballots: from votes to winners, tallies, contributions and the online Elo.

Collecting is idempotent: a ballot is counted in the transaction that marks it as collected, by one collector of its
campaign at a time. Everything that it writes can be rebuilt from the ballots.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from arena import elo
from arena.ballot_forms import OVERALL, outcome, overall_winner
from arena.enums import MatchupState
from arena.models import Ballot, Campaign, Contribution, DayTally, EloRating, Judgement, Matchup, PairTally, Participant

log = structlog.get_logger(__name__)

#: Ballots of a transaction: many, since each also writes every tally that it adds to.
BATCH = 5000
#: Rows of a statement.
_ROWS = 1000
#: The Elo that volunteers see moves when so many more votes are in.
ELO_STEP = 20


class _Waiting(NamedTuple):
    """What is read of a ballot; the fields are columns."""

    pk: int
    created_at: datetime
    battle__participant: int
    battle__matchup: int
    battle__competitor_a: int
    battle__competitor_b: int


@dataclass(slots=True)
class _Sums:
    """What a batch adds."""

    #: (matchup, dimension, competitor shown as A, competitor shown as B, outcome) → votes.
    outcomes: Counter[tuple[int, str, int, int, str]] = field(default_factory=Counter)
    votes: Counter[int] = field(default_factory=Counter)
    #: (matchup, day) → when each of its votes was cast.
    days: dict[tuple[int, date], list[datetime]] = field(default_factory=dict)
    #: Overall winner → the ballots that it is of.
    winners: dict[str, list[int]] = field(default_factory=dict)
    #: Competitors of A and B and the outcome, in the order of the ballots.
    battles: list[tuple[int, int, str]] = field(default_factory=list)


def collect_ballots(*, batch: int = BATCH) -> int:
    """Collects all that waits, of all campaigns; returns how many."""
    waiting = Ballot.objects.awaiting_collection().order_by().values("battle__campaign").distinct()
    collected = 0
    for campaign in Campaign.objects.filter(pk__in=waiting).order_by("pk"):
        while done := _collect_batch(campaign=campaign, batch=batch):
            collected += done
    return collected


@transaction.atomic
def rebuild_tallies(*, campaign: Campaign) -> int:
    """Throws away what collection wrote of a campaign and collects it again; returns how many ballots.

    Locks the campaign's row against collectors; a ballot cast meanwhile is collected after.
    """
    _lock(campaign)
    PairTally.objects.filter(matchup__campaign=campaign).delete()
    DayTally.objects.filter(matchup__campaign=campaign).delete()
    Contribution.objects.filter(campaign=campaign).delete()
    EloRating.objects.filter(competitor__campaign=campaign).delete()
    Ballot.objects.of_campaign(campaign).filter(collected_at__isnull=False).update(winner="", collected_at=None)
    Campaign.objects.filter(pk=campaign.pk).update(recount_needed=False)
    collected = 0
    while done := _collect_locked(campaign, batch=5000):
        collected += done
    return collected


def rebuild_where_needed() -> int:
    """Counts again the campaigns whose recount was asked for and has not come; returns how many."""
    campaigns = list(Campaign.objects.filter(recount_needed=True).order_by("pk"))
    for campaign in campaigns:
        rebuild_tallies(campaign=campaign)
    return len(campaigns)


def ask_for_recount(campaigns: Sequence[Campaign]) -> None:
    """Marks campaigns whose counts no longer hold. In the transaction that changed them, so that it cannot be lost."""
    Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns]).update(recount_needed=True)


def quarantine_votes(*, participant: Participant) -> tuple[int, list[Campaign]]:
    """Takes all votes of a participant out of every count; returns how many, and the campaigns to count again.

    Holds their campaigns against collectors. The votes are kept, and come back when the participant is unblocked.
    """
    campaigns = hold_collectors(participant=participant)
    votes = Ballot.objects.counted().filter(battle__participant=participant)
    quarantined = votes.update(quarantined_at=timezone.now(), collected_at=None, winner="")
    ask_for_recount(campaigns)
    return quarantined, campaigns


@transaction.atomic
def _collect_batch(*, campaign: Campaign, batch: int) -> int:
    _lock(campaign)
    return _collect_locked(campaign, batch=batch)


def _lock(campaign: Campaign) -> None:
    """One collector of a campaign at a time. NO KEY, so that battles of the campaign can be created meanwhile."""
    Campaign.objects.select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)


def hold_collectors(*, participant: Participant) -> list[Campaign]:
    """The campaigns that the participant voted in, held against collectors until the transaction ends."""
    voted_in = Ballot.objects.filter(battle__participant=participant).order_by().values("battle__campaign")
    return list(Campaign.objects.filter(pk__in=voted_in).order_by("pk").select_for_update(of=("self",), no_key=True))


def _collect_locked(campaign: Campaign, *, batch: int) -> int:
    waiting = Ballot.objects.of_campaign(campaign).awaiting_collection()
    ballots = [_Waiting(*row) for row in waiting.values_list(*_Waiting._fields)[:batch]]
    if not ballots:
        return 0
    sums = _sum_up(ballots)
    now = timezone.now()
    for winner, keys in sums.winners.items():
        Ballot.objects.filter(pk__in=keys).update(winner=winner, collected_at=now)
    _add_to_tallies(sums)
    _add_to_days(sums)
    _add_to_contributions(campaign, sums)
    _move_elo(sums)
    _show_elo(campaign, len(ballots))
    _finish_matchups_at_target({ballot.battle__matchup for ballot in ballots})
    log.info("ballots_collected", campaign=campaign.slug, ballots=len(ballots))
    return len(ballots)


def _sum_up(ballots: Sequence[_Waiting]) -> _Sums:
    sums = _Sums()
    said: dict[int, dict[str, str]] = {}
    judgements = Judgement.objects.filter(ballot__in=[ballot.pk for ballot in ballots]).order_by()
    for key, dimension, choice in judgements.values_list("ballot", "dimension", "choice"):
        said.setdefault(key, {})[dimension] = choice
    for ballot in ballots:
        choices, a, b = said.get(ballot.pk, {}), ballot.battle__competitor_a, ballot.battle__competitor_b
        winner = overall_winner(choices)
        sums.winners.setdefault(winner, []).append(ballot.pk)
        sums.votes[ballot.battle__participant] += 1
        day = timezone.localdate(ballot.created_at)
        sums.days.setdefault((ballot.battle__matchup, day), []).append(ballot.created_at)
        results = {dimension: outcome(choice) for dimension, choice in choices.items()} | {OVERALL: winner}
        for dimension, result in results.items():
            sums.outcomes[ballot.battle__matchup, dimension, a, b, str(result)] += 1
        if winner:
            sums.battles.append((a, b, winner))
    return sums


def _add_to_tallies(sums: _Sums) -> None:
    added: dict[tuple[int, str, int, int], Counter[str]] = {}
    for (matchup, dimension, a, b, result), votes in sums.outcomes.items():
        first, second = sorted((a, b))
        wins = "first_wins" if (result == "a") == (a == first) else "second_wins"
        name = {"": "silent", "tie": "ties"}.get(result, wins)
        added.setdefault((matchup, dimension, first, second), Counter())[name] += votes
    keys = ("matchup_id", "dimension", "first_id", "second_id")
    columns = ("first_wins", "second_wins", "ties", "silent")
    tallies = PairTally.objects.filter(matchup__in={key[0] for key in added})
    before = {row[:4]: row[4:] for row in tallies.values_list(*keys, *columns)}
    PairTally.objects.bulk_create(
        [
            PairTally(
                **dict(zip(keys, key, strict=True)),
                **{
                    name: so_far + counts[name]
                    for name, so_far in zip(columns, before.get(key, (0, 0, 0, 0)), strict=True)
                },
            )
            for key, counts in sorted(added.items())
        ],
        update_conflicts=True,
        unique_fields=["matchup", "dimension", "first", "second"],
        update_fields=columns,
        batch_size=_ROWS,
    )


def _add_to_days(sums: _Sums) -> None:
    tallies = DayTally.objects.filter(matchup__in={matchup for matchup, _day in sums.days})
    before = {row[:2]: row[2:] for row in tallies.values_list("matchup_id", "day", "votes", "newest")}
    rows = []
    for (matchup, day), times in sorted(sums.days.items()):
        votes, newest = before.get((matchup, day), (0, times[0]))
        rows.append(DayTally(matchup_id=matchup, day=day, votes=votes + len(times), newest=max(newest, *times)))
    DayTally.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["matchup", "day"],
        update_fields=["votes", "newest"],
        batch_size=_ROWS,
    )


def _add_to_contributions(campaign: Campaign, sums: _Sums) -> None:
    rows = []
    voters = sorted(sums.votes)
    for keys in (voters[start : start + _ROWS] for start in range(0, len(voters), _ROWS)):
        before = dict(
            Contribution.objects.filter(campaign=campaign, participant__in=keys).values_list("participant", "votes")
        )
        for key in keys:
            votes = before.get(key, 0) + sums.votes[key]
            tickets = votes // campaign.votes_per_ticket
            rows.append(Contribution(campaign=campaign, participant_id=key, votes=votes, tickets=tickets))
    Contribution.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["campaign", "participant"],
        update_fields=["votes", "tickets"],
        batch_size=_ROWS,
    )


def _move_elo(sums: _Sums) -> None:
    keys = {key for a, b, _result in sums.battles for key in (a, b)}
    rows = {row.competitor_id: row for row in EloRating.objects.filter(competitor__in=keys)}
    for key in sorted(keys - rows.keys()):
        rows[key] = EloRating(competitor_id=key)
    for a, b, result in sums.battles:
        rows[a].rating, rows[b].rating = elo.updated(rows[a].rating, rows[b].rating, result)
        rows[a].battles += 1
        rows[b].battles += 1
    EloRating.objects.bulk_create([row for row in rows.values() if row.pk is None])
    EloRating.objects.bulk_update([row for row in rows.values() if row.pk is not None], ["rating", "battles"])


def _show_elo(campaign: Campaign, collected: int) -> None:
    """Puts the Elo of this moment on the board where the campaign's votes have passed a multiple of `ELO_STEP`.

    A board that moved with each vote would tell whoever looks before and after a vote which two models it was about,
    whatever the campaign's policy of revealing them.
    """
    votes = DayTally.objects.filter(matchup__campaign=campaign).aggregate(votes=Sum("votes"))["votes"] or 0
    if votes // ELO_STEP > (votes - collected) // ELO_STEP:
        EloRating.objects.filter(competitor__campaign=campaign).update(
            shown_rating=F("rating"), shown_battles=F("battles")
        )


def _finish_matchups_at_target(keys: set[int]) -> None:
    """Finishes the matchups that were told to stop at their target, by compare-and-swap on their state."""
    for matchup in Matchup.objects.running().filter(pk__in=keys, stop_at_target=True):
        votes = DayTally.objects.filter(matchup=matchup).aggregate(votes=Sum("votes"))["votes"] or 0
        if votes >= matchup.target_votes:
            finished = (
                Matchup.objects.running()
                .filter(pk=matchup.pk)
                .update(state=MatchupState.FINISHED, finished_at=timezone.now())
            )
            if finished:
                log.info("matchup_reached_its_target", matchup=matchup.pk, votes=votes)


def contribution_of(*, campaign: Campaign, participant: Participant) -> Contribution:
    """The participant's collected votes and tickets; zeros where there are none yet."""
    found = Contribution.objects.filter(campaign=campaign, participant=participant).first()
    return found or Contribution(campaign=campaign, participant=participant)

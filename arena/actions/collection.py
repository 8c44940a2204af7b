"""Collecting ballots: from votes to winners, tallies, contributions and the online Elo.

Collecting is idempotent: a ballot is counted in the transaction that marks it as collected, by one collector of its
campaign at a time. Everything that it writes can be rebuilt from the ballots.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from django.db import transaction
from django.utils import timezone

from arena import elo
from arena.ballot_forms import OVERALL, outcome, overall_winner
from arena.enums import MatchupState
from arena.models import Ballot, Campaign, Contribution, EloRating, Matchup, PairTally, Participant

log = structlog.get_logger(__name__)

BATCH = 500


@dataclass(slots=True)
class _Sums:
    """What a batch adds."""

    #: (matchup, dimension, competitor shown as A, competitor shown as B, outcome) → votes.
    outcomes: Counter[tuple[int, str, int, int, str]] = field(default_factory=Counter)
    votes: Counter[int] = field(default_factory=Counter)
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
    ballots = list(
        Ballot.objects.of_campaign(campaign)
        .awaiting_collection()
        .select_related("battle")
        .prefetch_related("judgements")[:batch]
    )
    if not ballots:
        return 0
    sums = _sum_up(ballots)
    Ballot.objects.bulk_update(ballots, ["winner", "collected_at"], batch_size=500)
    _add_to_tallies(sums)
    _add_to_contributions(campaign, sums)
    _move_elo(sums)
    _finish_matchups_at_target({ballot.battle.matchup_id for ballot in ballots})
    log.info("ballots_collected", campaign=campaign.slug, ballots=len(ballots))
    return len(ballots)


def _sum_up(ballots: Sequence[Ballot]) -> _Sums:
    sums, now = _Sums(), timezone.now()
    for ballot in ballots:
        battle, choices = ballot.battle, ballot.choices()
        ballot.winner = overall_winner(choices)
        ballot.collected_at = now
        sums.votes[battle.participant_id] += 1
        results = {dimension: outcome(choice) for dimension, choice in choices.items()} | {OVERALL: ballot.winner}
        for dimension, result in results.items():
            if result:
                key = (battle.matchup_id, dimension, battle.competitor_a_id, battle.competitor_b_id, str(result))
                sums.outcomes[key] += 1
        if ballot.winner:
            sums.battles.append((battle.competitor_a_id, battle.competitor_b_id, ballot.winner))
    return sums


def _add_to_tallies(sums: _Sums) -> None:
    added: dict[tuple[int, str, int, int], Counter[str]] = {}
    for (matchup, dimension, a, b, result), votes in sums.outcomes.items():
        first, second = sorted((a, b))
        name = "ties" if result == "tie" else "first_wins" if (result == "a") == (a == first) else "second_wins"
        added.setdefault((matchup, dimension, first, second), Counter())[name] += votes
    for (matchup, dimension, first, second), counts in added.items():
        tally, _created = PairTally.objects.get_or_create(
            matchup_id=matchup, dimension=dimension, first_id=first, second_id=second
        )
        tally.first_wins += counts["first_wins"]
        tally.second_wins += counts["second_wins"]
        tally.ties += counts["ties"]
        tally.save(update_fields=["first_wins", "second_wins", "ties"])


def _add_to_contributions(campaign: Campaign, sums: _Sums) -> None:
    known = {
        row.participant_id: row for row in Contribution.objects.filter(campaign=campaign, participant__in=sums.votes)
    }
    new = [Contribution(campaign=campaign, participant_id=key) for key in sums.votes if key not in known]
    for row in (*known.values(), *new):
        row.votes += sums.votes[row.participant_id]
        row.tickets = row.votes // campaign.votes_per_ticket
    Contribution.objects.bulk_create(new, batch_size=500)
    Contribution.objects.bulk_update(known.values(), ["votes", "tickets"], batch_size=500)


def _move_elo(sums: _Sums) -> None:
    keys = {key for a, b, _result in sums.battles for key in (a, b)}
    EloRating.objects.bulk_create([EloRating(competitor_id=key) for key in sorted(keys)], ignore_conflicts=True)
    rows = {row.competitor_id: row for row in EloRating.objects.filter(competitor__in=keys)}
    for a, b, result in sums.battles:
        rows[a].rating, rows[b].rating = elo.updated(rows[a].rating, rows[b].rating, result)
        rows[a].battles += 1
        rows[b].battles += 1
    EloRating.objects.bulk_update(rows.values(), ["rating", "battles"])


def _finish_matchups_at_target(keys: set[int]) -> None:
    """Finishes the matchups that were told to stop at their target, by compare-and-swap on their state."""
    for matchup in Matchup.objects.running().filter(pk__in=keys, stop_at_target=True):
        votes = Ballot.objects.counted().filter(battle__matchup=matchup).count()
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

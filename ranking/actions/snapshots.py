"""Publishing rankings."""

from collections import Counter
from datetime import datetime

import structlog
from django.db.models import Count, Max

from arena.models import Ballot, Campaign
from ranking.comparisons import Comparisons, all_comparisons, campaign_dimensions
from ranking.estimators import OUTCOMES, Cluster, Options, Votes, rank, software
from ranking.exceptions import UnknownDimension
from ranking.models import Snapshot

log = structlog.get_logger(__name__)

#: How rankings are computed that nobody asked for by hand.
PUBLISHED = Options()


def take_snapshot(*, campaign: Campaign, dimension: str, options: Options | None = None) -> Snapshot | None:
    """Computes and publishes the ranking of one dimension from the votes of this moment; None where there are none.

    Takes no lock: the votes are read once, and what is published is what was read.
    """
    if dimension not in campaign_dimensions(campaign):
        raise UnknownDimension(dimension)
    found = all_comparisons(campaign, [dimension])[dimension]
    return _publish(campaign, dimension, found, options or PUBLISHED)


def refresh_campaign(*, campaign: Campaign) -> int:
    """Takes a snapshot of each dimension with votes that its newest snapshot lacks; returns how many."""
    stale = [name for name in campaign_dimensions(campaign) if is_stale(campaign=campaign, dimension=name)]
    if not stale:
        return 0
    found = all_comparisons(campaign, stale)
    return sum(_publish(campaign, name, found[name], PUBLISHED) is not None for name in stale)


def is_stale(*, campaign: Campaign, dimension: str) -> bool:
    """Whether votes were cast, quarantined or brought back since the newest snapshot."""
    newest = Snapshot.objects.of(campaign, dimension).newest()
    n_ballots, cut_off = votes_now(campaign)
    if newest is None:
        return n_ballots > 0
    return (n_ballots, cut_off) != (newest.n_ballots, newest.cut_off)


def votes_now(campaign: Campaign) -> tuple[int, datetime | None]:
    """How many votes count, and when the newest was cast."""
    state = Ballot.objects.counted().of_campaign(campaign).aggregate(n=Count("pk"), newest=Max("created_at"))
    return state["n"], state["newest"]


def _publish(campaign: Campaign, dimension: str, found: Comparisons, options: Options) -> Snapshot | None:
    if found.cut_off is None:
        return None
    ranking = rank(found.votes, options, dimension=dimension, left_out=found.left_out)
    snapshot = Snapshot.objects.create(
        campaign=campaign,
        dimension=dimension,
        method=options.method.value,
        interval=options.interval.value,
        cluster=(options.cluster or (Cluster.VOTER if found.votes.voters else Cluster.NONE)).value,
        level=options.level,
        rounds=options.rounds,
        seed=options.seed,
        cut_off=found.cut_off,
        n_ballots=found.n_ballots,
        n_battles=ranking.n_battles,
        input_sha256=ranking.input_sha256,
        result=ranking.as_dict(),
        notices=[{"case": notice.case.value, "values": dict(notice.values)} for notice in ranking.notices],
        pairs=pair_results(found.votes),
        software=software(),
    )
    log.info("snapshot_taken", campaign=campaign.slug, dimension=dimension, votes=ranking.n_battles)
    return snapshot


def pair_results(votes: Votes) -> list[tuple[str, str, int, int, int]]:
    """First and second model by name, wins of each, and ties, for each pair that met."""
    outcomes: dict[tuple[str, str], Counter[str]] = {}
    for a, b, code in zip(votes.model_a.tolist(), votes.model_b.tolist(), votes.outcome.tolist(), strict=True):
        names = (votes.models[min(a, b)], votes.models[max(a, b)])
        outcome = OUTCOMES[code]
        winner = "tie" if outcome == "tie" else "first" if (outcome == "a") == (a < b) else "second"
        outcomes.setdefault(names, Counter())[winner] += 1
    return [(*names, found["first"], found["second"], found["tie"]) for names, found in sorted(outcomes.items())]

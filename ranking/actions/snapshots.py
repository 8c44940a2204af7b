"""Publishing rankings: snapshots, which are kept for ever."""

from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from arena.models import Campaign
from arena.vote_counts import votes_now
from ranking.actions.computing import Notify, compute, nobody
from ranking.comparisons import campaign_dimensions
from ranking.enums import Origin
from ranking.estimators import Options
from ranking.models import CurrentRanking, Snapshot, SnapshotSchedule
from ranking.selections import Selection

log = structlog.get_logger(__name__)


def take_snapshot(
    *,
    campaign: Campaign,
    dimension: str,
    options: Options | None = None,
    selection: Selection | None = None,
    label: str = "",
    is_public: bool = True,
    notify: Notify = nobody,
) -> Snapshot | None:
    """Computes and publishes the ranking of one dimension from the votes of this moment; None where there are none.

    Takes no lock: the votes are read once, and what is published is what was read.
    """
    rows = compute(
        campaign=campaign,
        dimensions=[dimension],
        selection=selection or Selection(),
        options=options,
        notify=notify,
    )
    snapshot = None
    for row in rows:
        snapshot = Snapshot.objects.create(**row, origin=Origin.HAND, label=label, is_public=is_public)
        log.info("snapshot_taken", campaign=campaign.slug, dimension=dimension, votes=snapshot.n_battles)
    return snapshot


def publish_due(*, campaign: Campaign, now: datetime | None = None) -> int:
    """Publishes the current rankings of all votes whose time has come by the campaign's schedule; returns how many.

    Nothing is computed: a snapshot is the current ranking as it stands. A campaign that is over publishes its last
    ranking at once. Locks the campaign, so that two workers do not publish the same.
    """
    now = now or timezone.now()
    published = 0
    with transaction.atomic():
        Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        for dimension in campaign_dimensions(campaign):
            current = CurrentRanking.objects.find(campaign, dimension, Selection())
            if current is not None and _is_due(campaign, current, now):
                Snapshot.objects.create(**current.content(), origin=Origin.SCHEDULE)
                published += 1
    if published:
        log.info("snapshots_published", campaign=campaign.slug, count=published)
    return published


def _is_due(campaign: Campaign, current: CurrentRanking, now: datetime) -> bool:
    period = SnapshotSchedule.period_of(campaign)
    newest = Snapshot.objects.of(campaign, current.dimension).scheduled().without_content().newest()
    if period is None:
        return False
    if newest is None:
        return True
    if (newest.input_sha256, newest.n_ballots) == (current.input_sha256, current.n_ballots):
        return False
    return campaign.is_over or now - newest.created_at >= period


def is_stale(*, campaign: Campaign, dimension: str, selection: Selection | None = None) -> bool:
    """Whether votes were cast, quarantined or brought back since the current ranking was computed."""
    current = CurrentRanking.objects.find(campaign, dimension, selection or Selection())
    n_ballots, cut_off = votes_now(campaign)
    if current is None:
        return n_ballots > 0
    return (n_ballots, cut_off) != (current.seen_ballots, current.seen_cut_off)

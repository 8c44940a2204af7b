"""Keeping the rankings of the pages up to date. All of this runs in the worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from arena.models import Campaign
from arena.vote_counts import votes_now
from ranking.actions.computing import Notify, compute, options_of
from ranking.actions.snapshots import is_stale, publish_due, take_snapshot
from ranking.comparisons import campaign_dimensions
from ranking.enums import ComputationStatus, Step
from ranking.estimators import EstimationError
from ranking.models import Computation, CurrentRanking
from ranking.selections import Selection
from ranking.slices import BadSlice

log = structlog.get_logger(__name__)

#: What waits for longer may have lost its message. To run it is harmless, as it is claimed first.
WAITS = timedelta(minutes=2)
#: What has given no sign of life for so long has lost its worker.
LOST_AFTER = timedelta(minutes=10)
#: Reading and fitting may take this share of the worker's time, so that a large campaign is ranked less often.
SHARE_OF_TIME = 0.05
#: What takes no longer than this, in seconds, is done whenever beat asks.
QUICK = 5.0
#: Slices are kept of a campaign, the newest ones. What is left out is computed again when somebody asks.
MOST_KEPT = 300


def refresh_campaign(*, campaign: Campaign, at_leisure: bool = False) -> int:
    """Computes the ranking of all votes in each dimension that has newer ones; returns how many. Publishes what is due.

    At leisure, a ranking that took long is left as it is for a while.
    """
    wanted = [name for name in campaign_dimensions(campaign) if _is_wanted(campaign, name, at_leisure)]
    done = run_computations([_of_page(campaign, name) for name in wanted])
    publish_due(campaign=campaign)
    return done


def run_computation(*, computation_id: int) -> bool:
    """Runs one computation, where it still waits; returns whether there is a new ranking."""
    found = Computation.objects.filter(pk=computation_id).select_related("campaign")
    return run_computations(list(found)) > 0


def run_computations(computations: Sequence[Computation]) -> int:
    """Runs those that nobody else runs, of one campaign and selection; the votes are read once for all of them.

    Each is claimed by a compare-and-swap on its status. One that fails says why, and stays.
    """
    claimed = [computation for computation in computations if _claim(computation)]
    if not claimed:
        return 0
    try:
        if claimed[0].snapshot_options is not None:
            return sum(_take(computation) for computation in claimed)
        return _compute_current(claimed)
    except (EstimationError, BadSlice) as error:
        _fail(claimed, str(error))
        return 0
    except Exception as error:
        _fail(claimed, type(error).__name__)
        raise


def sweep_computations(*, now: datetime | None = None) -> int:
    """Runs again what lost its message or its worker; returns how many came of it."""
    now = now or timezone.now()
    lost = Computation.objects.lost(waiting_since=now - WAITS, running_since=now - LOST_AFTER)
    return sum(run_computation(computation_id=pk) for pk in list(lost.values_list("pk", flat=True)))


def _compute_current(claimed: Sequence[Computation]) -> int:
    campaign, selection = claimed[0].campaign, claimed[0].selection
    seen_ballots, seen_cut_off = votes_now(campaign)
    rows = compute(
        campaign=campaign,
        dimensions=[computation.dimension for computation in claimed],
        selection=selection,
        notify=_teller(claimed),
    )
    _teller(claimed)(Step.STORE)
    with transaction.atomic():
        for row in rows:
            key = {name: row.pop(name) for name in ("campaign", "dimension", "slice", "ties", "style_control")}
            seen = {"seen_ballots": seen_ballots, "seen_cut_off": seen_cut_off or row["cut_off"]}
            CurrentRanking.objects.update_or_create(**key, defaults={**row, **seen, "created_at": timezone.now()})
        Computation.objects.filter(pk__in=[computation.pk for computation in claimed]).delete()
    _forget_oldest(campaign)
    log.info("ranking_computed", campaign=campaign.slug, selection=str(selection), count=len(rows))
    return len(rows)


def _take(computation: Computation) -> bool:
    wanted = computation.snapshot_options or {}
    snapshot = take_snapshot(
        campaign=computation.campaign,
        dimension=computation.dimension,
        selection=computation.selection,
        options=options_of(wanted["options"]),
        label=wanted["label"],
        is_public=wanted["is_public"],
        notify=_teller([computation]),
    )
    if snapshot is None:
        raise EstimationError("there are no votes to rank")
    computation.delete()
    return True


def _of_page(campaign: Campaign, dimension: str) -> Computation:
    return Computation.objects.get_or_create(
        campaign=campaign, dimension=dimension, **Selection().columns(), snapshot_options__isnull=True
    )[0]


def _is_wanted(campaign: Campaign, dimension: str, at_leisure: bool) -> bool:
    if not is_stale(campaign=campaign, dimension=dimension):
        return False
    current = CurrentRanking.objects.find(campaign, dimension, Selection())
    if current is None or not at_leisure or current.seconds < QUICK:
        return True
    return timezone.now() - current.created_at >= timedelta(seconds=current.seconds / SHARE_OF_TIME)


def _claim(computation: Computation) -> bool:
    now = timezone.now()
    free = ~Q(status=ComputationStatus.RUNNING) | Q(touched_at__lt=now - LOST_AFTER)
    claimed = Computation.objects.filter(free, pk=computation.pk).update(
        status=ComputationStatus.RUNNING, step=Step.READ, error="", touched_at=now
    )
    return claimed == 1


def _teller(computations: Sequence[Computation]) -> Notify:
    keys = [computation.pk for computation in computations]

    def tell(step: Step) -> None:
        Computation.objects.filter(pk__in=keys).update(step=step, touched_at=timezone.now())

    return tell


def _fail(computations: Sequence[Computation], error: str) -> None:
    keys = [computation.pk for computation in computations]
    Computation.objects.filter(pk__in=keys).update(
        status=ComputationStatus.FAILED, error=error, touched_at=timezone.now()
    )
    log.warning("ranking_failed", campaign=computations[0].campaign.slug, error=error)


def _forget_oldest(campaign: Campaign) -> None:
    everything = Selection().columns()
    slices = CurrentRanking.objects.filter(campaign=campaign).exclude(**everything).order_by("-created_at", "-pk")
    CurrentRanking.objects.filter(pk__in=list(slices.values_list("pk", flat=True)[MOST_KEPT:])).delete()

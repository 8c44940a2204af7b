"""Asking for a newer ranking, which is computed by the worker and never in a request."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from arena.models import Campaign
from arena.sending import send_on_commit
from arena.vote_counts import votes_now
from ranking.actions.current import LOST_AFTER, SHARE_OF_TIME
from ranking.enums import ComputationStatus, Step
from ranking.models import Computation, CurrentRanking
from ranking.selections import Selection
from ranking.tasks import compute_ranking

#: How old a ranking may be, in seconds, while newer votes wait.
MAX_AGE = 60
#: What failed is tried again after this, when somebody looks.
RETRY_AFTER = timedelta(minutes=10)
#: So many of a campaign may be waiting for the worker at once, whoever asks for what.
MOST_WAITING = 8


@dataclass(frozen=True, slots=True)
class Refresh:
    """What comes of a wish for a newer ranking: the computation that will bring it, or none.

    is_refused: too many others are waiting. has_votes: whether there is anything to rank.
    """

    computation: Computation | None = None
    is_refused: bool = False
    has_votes: bool = True


def request_refresh(
    *, campaign: Campaign, dimension: str, selection: Selection, current: CurrentRanking | None
) -> Refresh:
    """Asks the worker for the ranking that a page wants to show, where there is none or votes are over a minute newer.

    However many people look, each ranking is computed once at a time, and of each campaign so many wait at most.
    """
    n_ballots, cut_off = votes_now(campaign)
    if cut_off is None:
        return Refresh(has_votes=False)
    if current is not None and not _is_behind(current, (n_ballots, cut_off)):
        return Refresh()
    with transaction.atomic():
        found = Computation.objects.find(campaign, dimension, selection)
        if found is not None:
            return Refresh(_again(found))
        if Computation.objects.for_pages().underway().filter(campaign=campaign).count() >= MOST_WAITING:
            return Refresh(is_refused=True)
        computation, is_new = Computation.objects.get_or_create(
            campaign=campaign, dimension=dimension, **selection.columns(), snapshot_options__isnull=True
        )
        if is_new:
            send_on_commit(compute_ranking, computation.pk)
    return Refresh(computation)


def _is_behind(current: CurrentRanking, votes: tuple[int, object]) -> bool:
    if votes == (current.seen_ballots, current.seen_cut_off):
        return False
    age = timezone.now() - current.created_at
    return age >= timedelta(seconds=max(MAX_AGE, current.seconds / SHARE_OF_TIME))


def _again(found: Computation) -> Computation:
    """Sends what was lost, or failed a while ago, once more."""
    now = timezone.now()
    failed = found.status == ComputationStatus.FAILED
    if now - found.touched_at < (RETRY_AFTER if failed else LOST_AFTER):
        return found
    sent = Computation.objects.filter(pk=found.pk, touched_at=found.touched_at).update(
        status=ComputationStatus.WAITING, step=Step.QUEUE, touched_at=now
    )
    if sent:
        send_on_commit(compute_ranking, found.pk)
        found.refresh_from_db()
    return found

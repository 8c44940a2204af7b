"""Asking for a newer ranking, which is computed by the worker and never in a request."""

from django.core.cache import cache

from arena.models import Campaign
from ranking.actions.snapshots import is_stale, votes_now
from ranking.models import Snapshot
from ranking.tasks import refresh_campaign_snapshots

#: How old a ranking may be, in seconds, while newer votes wait.
MAX_AGE = 60


def request_refresh(*, campaign: Campaign, dimension: str, newest: Snapshot | None) -> bool:
    """Sends the task that refreshes a campaign's rankings, where a vote is over a minute newer than the last.

    At most once a minute, however many people look. Returns whether a newer ranking is on its way.
    """
    _, cut_off = votes_now(campaign)
    if cut_off is None or not is_stale(campaign=campaign, dimension=dimension):
        return False
    if newest is not None and (cut_off - newest.created_at).total_seconds() <= MAX_AGE:
        return False
    if cache.add(f"ranking-refresh-{campaign.pk}", True, timeout=MAX_AGE):
        refresh_campaign_snapshots.delay(campaign.pk)
    return True

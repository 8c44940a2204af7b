"""Celery tasks: each takes keys, calls an action, and can run twice without harm."""

from celery import shared_task

from arena.models import Ballot, Campaign
from ranking.actions.snapshots import refresh_campaign


@shared_task
def refresh_snapshots() -> int:
    """Sent by beat: publishes the rankings of campaigns with new votes; returns how many."""
    voted_in = Ballot.objects.counted().order_by().values("battle__campaign")
    return sum(refresh_campaign(campaign=campaign) for campaign in Campaign.objects.filter(pk__in=voted_in))


@shared_task
def refresh_campaign_snapshots(campaign_id: int) -> int:
    """Sent when somebody looks at a ranking that newer votes have overtaken."""
    return refresh_campaign(campaign=Campaign.objects.get(pk=campaign_id))

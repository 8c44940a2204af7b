"""Celery tasks: each takes keys, calls one action, and can run twice without harm."""

from celery import shared_task

from arena.actions.answers import sweep_lost_answers
from arena.actions.collection import collect_ballots, rebuild_tallies, rebuild_where_needed
from arena.models import Campaign


@shared_task
def collect() -> int:
    """Sent after each vote. Collects whatever waits, in batches, so that a burst of votes costs few transactions."""
    return collect_ballots()


@shared_task
def sweep_ballots() -> int:
    """Sent by beat: collects, and counts again, what a lost message left behind."""
    rebuild_where_needed()
    return collect_ballots()


@shared_task
def sweep_answers() -> int:
    """Sent by beat: ends answers whose web process died."""
    return sweep_lost_answers()


@shared_task
def rebuild_campaign_tallies(campaign_id: int) -> int:
    """Rebuilds what collection wrote, after votes were quarantined or brought back."""
    return rebuild_tallies(campaign=Campaign.objects.get(pk=campaign_id))

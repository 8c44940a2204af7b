"""Celery tasks: each takes keys, calls one action, and can run twice without harm."""

from celery import shared_task

from arena.actions.answers import sweep_lost_answers
from arena.actions.collection import collect_ballots, rebuild_tallies, rebuild_where_needed
from arena.actions.labelling import label
from arena.actions.self_identification import mark_self_identified
from arena.models import Campaign
from inference.admission import drop_lost_places

#: Of a worker's time in each half minute.
LABELLING_SECONDS = 10.0


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
    """Sent by beat: ends answers whose web process died, and drops their places in queues."""
    drop_lost_places()
    return sweep_lost_answers()


@shared_task
def mark_campaign_self_identified(campaign_id: int) -> int:
    """Applies a campaign's list of names to its answers again."""
    return mark_self_identified(campaign=Campaign.objects.get(pk=campaign_id))


@shared_task
def rebuild_campaign_tallies(campaign_id: int) -> int:
    """Rebuilds what collection wrote, after votes were quarantined or brought back."""
    return rebuild_tallies(campaign=Campaign.objects.get(pk=campaign_id))


@shared_task
def label_conversations() -> int:
    """Sent by beat: tells languages and kinds of prompts, a few seconds at a time, so that votes do not wait for it."""
    return label(seconds=LABELLING_SECONDS)

"""Celery tasks: each takes keys, calls an action, and can run twice without harm."""

from celery import shared_task

from arena.models import Ballot, Campaign
from ranking.actions.current import refresh_campaign, run_computation, sweep_computations
from ranking.actions.styles import measure_by_the_way


@shared_task
def refresh_snapshots() -> int:
    """Sent by beat: brings the rankings of campaigns with new votes up to date, and publishes those that are due."""
    sweep_computations()
    voted_in = Ballot.objects.counted().order_by().values("battle__campaign")
    campaigns = Campaign.objects.filter(pk__in=voted_in)
    done = 0
    for campaign in campaigns:
        done += refresh_campaign(campaign=campaign, at_leisure=True)
        measure_by_the_way(campaign=campaign)
    return done


@shared_task
def compute_ranking(computation_id: int) -> bool:
    """Sent when somebody looks at a ranking that is not there yet, or that newer votes have overtaken."""
    return run_computation(computation_id=computation_id)

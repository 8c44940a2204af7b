"""What Prometheus is told that is in the database: read when it asks, in two queries.

In a thread of its own, with little patience: where the database is away, the figures of the processes come without.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import Error, connection
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from arena.models import Ballot
from inference.enums import BreakerState, ModelHealth
from inference.models import Place, ServedModel

log = structlog.get_logger(__name__)

#: Seconds for both queries. Prometheus itself gives up after 10 s by default.
PATIENCE = 3.0

# One thread: a scrape while the last one still hangs finds the database away, and piles nothing up.
_READER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrape")


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says."""

    models: list[ServedModel]
    """With `waiting` and `admitted`: how many answers wait for each, and how many it gives of those that queued."""
    ballots_waiting: int
    oldest_ballot: datetime | None


class DatabaseFigures(Collector):
    """Gauges of served models, queues and the collection of votes."""

    def collect(self) -> Iterator[Metric]:
        figures = _in_time()
        yield GaugeMetricFamily("lehia_database_up", "Whether the database answers in time.", figures is not None)
        if figures is not None:
            yield from _of_models(figures.models)
            yield from _of_collection(figures)


def read_figures() -> Figures:
    """Two queries."""
    alive = Place.objects.alive().values("pk")
    queues = {
        "waiting": Count("places", Q(places__in=alive, places__admitted_at=None)),
        "admitted": Count("places", Q(places__in=alive, places__admitted_at__isnull=False)),
    }
    models = list(ServedModel.objects.enabled().annotate(**queues))
    ballots = Ballot.objects.awaiting_collection().aggregate(waiting=Count("pk"), oldest=Min("created_at"))
    return Figures(models, ballots["waiting"], ballots["oldest"])


def _in_time() -> Figures | None:
    try:
        return _READER.submit(_read_and_close).result(timeout=PATIENCE)
    except (Error, TooSlow) as error:
        log.warning("database_not_scraped", error=error)
        return None


def _read_and_close() -> Figures:
    try:
        return read_figures()
    finally:
        connection.close()


def _of_models(models: list[ServedModel]) -> Iterator[Metric]:
    health = GaugeMetricFamily("lehia_model_health", "1 for what the last probe found.", labels=["model", "health"])
    breaker = GaugeMetricFamily("lehia_model_breaker", "1 for the breaker's state.", labels=["model", "state"])
    waiting = GaugeMetricFamily("lehia_queue_length", "Answers that wait for the model.", labels=["model"])
    admitted = GaugeMetricFamily("lehia_queue_admitted", "Answers of the queue that it gives now.", labels=["model"])
    limit = GaugeMetricFamily("lehia_model_limit", "Most answers at once, where there is a limit.", labels=["model"])
    for model in models:
        for state in ModelHealth.values:
            health.add_metric([model.name, state], model.health == state)
        for state in BreakerState.values:
            breaker.add_metric([model.name, state], model.breaker_state == state)
        waiting.add_metric([model.name], model.waiting)  # type: ignore[attr-defined]
        admitted.add_metric([model.name], model.admitted)  # type: ignore[attr-defined]
        if model.max_concurrent_answers is not None:
            limit.add_metric([model.name], model.max_concurrent_answers)
    yield from (health, breaker, waiting, admitted, limit)


def _of_collection(figures: Figures) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "lehia_ballots_uncollected", "Accepted ballots that are not counted yet.", figures.ballots_waiting
    )
    oldest = figures.oldest_ballot
    lag = (timezone.now() - oldest).total_seconds() if oldest is not None else 0.0
    yield GaugeMetricFamily(
        "lehia_collection_lag_seconds", "Age of the oldest accepted ballot that is not counted yet.", max(0.0, lag)
    )

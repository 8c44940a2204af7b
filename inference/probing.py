"""Probing the served models, all at once, each stored as soon as it is known. Nothing is locked while probing."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inference.actions import record_probe
from inference.endpoints import close_session
from inference.enums import BreakerState, ModelHealth
from inference.exceptions import in_words
from inference.health import Checkup, ProbeResult, check_up
from inference.models import ServedModel
from inference.served import endpoint_for

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=30)
"""A model that had no token for its last probe rests for this long: asked again at once, one that hangs would keep one
of Celery's processes for itself."""
LEASE = timedelta(seconds=45)
"""A model that is being probed is left to its prober for this long: longer than a probe takes, by its time-outs."""


def probe_due_models() -> int:
    """Probe the enabled models that nobody is probing, but for those that rest; returns how many.

    What beat does every ten seconds. A server that hangs keeps one task busy for a while, and neither the probes of
    other models nor one task after another.
    """
    due = _claim_due(timezone.now())
    _probe(due, asks_all=False)
    return len(due)


def probe_enabled_models() -> list[tuple[ServedModel, ProbeResult]]:
    """Probe every enabled model thoroughly; returns each, as it is known now, with what was found, by name."""
    results = _probe(list(ServedModel.objects.enabled()), asks_all=True)
    return [(served_model, results[served_model.pk]) for served_model in ServedModel.objects.filter(pk__in=results)]


@transaction.atomic
def _claim_due(now: datetime) -> list[ServedModel]:
    unclaimed = ServedModel.objects.enabled().filter(Q(probing_until__isnull=True) | Q(probing_until__lte=now))
    # Those that list their model and had no token. A server that is gone answers at once, and is back sooner.
    resting = Q(health=ModelHealth.FAILING, latency_ms__isnull=True, asked_at__isnull=False, asked_at__gt=now - PAUSE)
    due = list(unclaimed.exclude(resting).select_for_update(of=("self",), no_key=True, skip_locked=True))
    ServedModel.objects.filter(pk__in=[each.pk for each in due]).update(probing_until=now + LEASE)
    return due


def _probe(served_models: Sequence[ServedModel], *, asks_all: bool) -> dict[int, ProbeResult]:
    now = timezone.now()
    checkups: dict[int, Checkup] = {}
    results: dict[int, ProbeResult] = {}
    for served_model in served_models:
        asks = asks_all or _is_to_be_asked(served_model, now)
        try:
            checkups[served_model.pk] = _checkup(served_model, asks=asks, now=now)
        except ImproperlyConfigured as error:
            results[served_model.pk] = ProbeResult(ModelHealth.FAILING, str(error))
            record_probe(served_model_id=served_model.pk, result=results[served_model.pk], began_at=now)
    return results | async_to_sync(_check_all)(checkups, now)


async def _check_all(checkups: Mapping[int, Checkup], began_at: datetime) -> dict[int, ProbeResult]:
    async def check(served_model_id: int, checkup: Checkup) -> ProbeResult:
        result = await _check_one(served_model_id, checkup)
        await sync_to_async(record_probe)(served_model_id=served_model_id, result=result, began_at=began_at)
        return result

    try:
        found = await asyncio.gather(*(check(key, checkup) for key, checkup in checkups.items()))
    finally:
        await close_session()
    return dict(zip(checkups, found, strict=True))


async def _check_one(served_model_id: int, checkup: Checkup) -> ProbeResult:
    try:
        return await check_up(checkup)
    except Exception as error:
        # An address that no library expects, or a fault of ours: it must not cost the others their probe.
        log.exception("probe_failed", served_model=served_model_id)
        return ProbeResult(ModelHealth.FAILING, f"The probe itself failed: {in_words(error)}"[:300])


def _checkup(served_model: ServedModel, *, asks: bool, now: datetime) -> Checkup:
    until = served_model.warming_up_until
    return Checkup(
        endpoints=[endpoint_for(served_model, base_url=address) for address in served_model.addresses],
        is_warming_up=until is not None and now < until,
        asks=asks,
        # Servers without such figures are not asked for them every ten seconds.
        reads_load=asks or served_model.running_requests is not None,
    )


def _is_to_be_asked(served_model: ServedModel, now: datetime) -> bool:
    """At its interval, and whenever its answer decides whether it comes back: errors cost nothing."""
    retry_at = served_model.breaker_retry_at
    comes_back = served_model.breaker_state == BreakerState.OPEN and retry_at is not None and retry_at <= now
    is_out = served_model.health != ModelHealth.READY
    return is_out or comes_back or served_model.is_to_be_asked(now, has_key=bool(served_model.api_key_env))

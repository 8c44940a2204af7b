"""Writes of served models."""

from datetime import datetime
from typing import TypedDict, Unpack

import structlog
from django.db import transaction
from django.utils import timezone

from inference import breaker
from inference.changes import record_change
from inference.enums import ChangeKind, ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel
from inference.pairing import keep_breaker

log = structlog.get_logger(__name__)

_PROBE_FIELDS = (
    "health",
    "health_reason",
    "health_checked_at",
    "health_since",
    "ready_since",
    "warming_up_until",
    "unreachable_urls",
    "running_requests",
    "waiting_requests",
    "cache_use",
    "latency_ms",
    "asked_at",
    "probing_until",
)


class ServedModelSettings(TypedDict, total=False):
    """What else can be said of a served model when it is registered."""

    revision: str
    replica_urls: list[str]
    api_key_env: str
    system_prompt_mode: str
    first_token_timeout: float
    max_concurrent_answers: int | None


def register_served_model(
    *, name: str, base_url: str, model_name: str, **settings: Unpack[ServedModelSettings]
) -> ServedModel:
    """Make the served model `name`, or point the one that there is at this server.

    What an admin set by hand and is not named here stays, but for what belongs to the address that it had. Raises
    ValidationError on values that the model refuses.
    """
    with transaction.atomic():
        served_model = ServedModel.objects.select_for_update(of=("self",)).filter(name=name).first()
        served_model = served_model or ServedModel(name=name)
        values = {"base_url": base_url, "model_name": model_name, **settings}
        if served_model.base_url not in ("", base_url):
            # A key is for the server that it was given for, and no other is sent it.
            values = {"api_key_env": "", "replica_urls": [], **values}
        for field, value in values.items():
            setattr(served_model, field, value)
        served_model.full_clean()
        served_model.save()
    return served_model


def expect_warm_up(*, served_model_id: int, until: datetime) -> None:
    """The launcher says that the model's server is starting, and that it gives up on it at `until`."""
    ServedModel.objects.filter(pk=served_model_id).update(warming_up_until=until)
    record_probe(
        served_model_id=served_model_id,
        result=ProbeResult(ModelHealth.WARMING_UP, "The server is starting."),
    )


def record_probe(*, served_model_id: int, result: ProbeResult, began_at: datetime | None = None) -> None:
    """Store what a probe found, and what it means for pairing. Locks the served model's row.

    A model deleted in the meantime is passed over, and so is what a probe found that began, at `began_at`, before
    somebody else told of the model.
    """
    with transaction.atomic():
        # NO KEY, because the change that is recorded refers to the served model.
        rows = ServedModel.objects.select_for_update(of=("self",), no_key=True)
        served_model = rows.filter(pk=served_model_id).first()
        if served_model is None:
            return
        served_model.probing_until = None
        told_at = served_model.health_checked_at
        if began_at is not None and told_at is not None and told_at > began_at:
            served_model.save(update_fields=["probing_until"])
            return
        _take_in(served_model, result, timezone.now())
        keep_breaker(served_model=served_model, known=_judged(served_model.breaker, result))


def _take_in(served_model: ServedModel, result: ProbeResult, now: datetime) -> None:
    before = served_model.health
    served_model.health = result.health
    served_model.health_reason = result.reason[:500]
    served_model.health_checked_at = now
    is_ready = result.health == ModelHealth.READY
    served_model.ready_since = (served_model.ready_since or now) if is_ready else None
    if result.health != ModelHealth.WARMING_UP:
        served_model.warming_up_until = None
    served_model.unreachable_urls = list(result.unreachable)
    served_model.running_requests = result.load.running
    served_model.waiting_requests = result.load.waiting
    served_model.cache_use = result.load.cache_use
    if result.has_asked:
        served_model.asked_at = now
        served_model.latency_ms = result.latency_ms
    if before != result.health:
        served_model.health_since = now
        record_change(
            served_model=served_model,
            kind=ChangeKind.HEALTH,
            at=now,
            before=before,
            after=result.health,
            detail=result.reason[:500],
        )
        log.info("model_health", model=served_model.name, before=before, now=result.health)
    served_model.save(update_fields=_PROBE_FIELDS)


def _judged(known: breaker.Breaker, result: ProbeResult) -> breaker.Breaker:
    """A server that is still loading has neither passed nor failed."""
    match result.health:
        case ModelHealth.READY:
            return breaker.probed_well(known, at=timezone.now())
        case ModelHealth.FAILING:
            return breaker.probe_failed(known, result.reason, at=timezone.now())
        case _:
            return known

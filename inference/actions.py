"""Writes of served models."""

from datetime import datetime
from typing import TypedDict, Unpack

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from inference.endpoints import Endpoint
from inference.enums import ModelHealth
from inference.health import ProbeResult, probe_all
from inference.models import ServedModel
from inference.served import endpoint_for

log = structlog.get_logger(__name__)


class ServedModelSettings(TypedDict, total=False):
    """What else can be said of a served model when it is registered."""

    revision: str
    api_key_env: str
    system_prompt_mode: str
    first_token_timeout: float


def register_served_model(
    *, name: str, base_url: str, model_name: str, **settings: Unpack[ServedModelSettings]
) -> ServedModel:
    """Make the served model `name`, or point the one that there is at this server.

    What an admin set by hand and is not named here stays. Raises ValidationError on values that the model
    refuses.
    """
    with transaction.atomic():
        served_model = ServedModel.objects.select_for_update(of=("self",)).filter(name=name).first()
        served_model = served_model or ServedModel(name=name)
        values = {"base_url": base_url, "model_name": model_name, **settings}
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


def record_probe(*, served_model_id: int, result: ProbeResult) -> None:
    """Store what a probe found. Locks the served model's row; a model deleted in the meantime is passed over."""
    with transaction.atomic():
        served_model = ServedModel.objects.select_for_update(of=("self",)).filter(pk=served_model_id).first()
        if served_model is None:
            return
        before = served_model.health
        now = timezone.now()
        served_model.health = result.health
        served_model.health_reason = result.reason[:500]
        served_model.health_checked_at = now
        if result.health == ModelHealth.READY:
            served_model.ready_since = served_model.ready_since or now
        else:
            served_model.ready_since = None
        if result.health != ModelHealth.WARMING_UP:
            served_model.warming_up_until = None
        served_model.save(
            update_fields=["health", "health_reason", "health_checked_at", "ready_since", "warming_up_until"]
        )
    if before != result.health:
        log.info("model_health", model=served_model.name, before=before, now=result.health, why=result.reason)


def probe_enabled_models() -> list[tuple[ServedModel, ProbeResult]]:
    """Probe every enabled model, store what was found and return it, by name. Nothing is locked while probing."""
    served_models = list(ServedModel.objects.enabled())
    asked: list[tuple[ServedModel, Endpoint]] = []
    results: dict[int, ProbeResult] = {}
    for served_model in served_models:
        try:
            asked.append((served_model, endpoint_for(served_model)))
        except ImproperlyConfigured as error:
            results[served_model.pk] = ProbeResult(ModelHealth.FAILING, str(error))
    now = timezone.now()
    found = probe_all([(endpoint, _is_warming_up(served_model, now)) for served_model, endpoint in asked])
    results |= {served_model.pk: result for (served_model, _), result in zip(asked, found, strict=True)}
    for served_model_id, result in results.items():
        record_probe(served_model_id=served_model_id, result=result)
    return [(served_model, results[served_model.pk]) for served_model in served_models]


def _is_warming_up(served_model: ServedModel, now: datetime) -> bool:
    return served_model.warming_up_until is not None and now < served_model.warming_up_until

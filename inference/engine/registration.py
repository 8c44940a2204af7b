"""What the database knows of the models of a spec: where they answer, and how their servers are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from inference.actions import expect_warm_up, record_probe, register_served_model
from inference.engine.plan import Server, plan
from inference.engine.spec import AdapterSpec, HostedSpec, ModelSpec, Spec
from inference.engine.states import ServerState, verdict
from inference.enums import ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel

log = structlog.get_logger(__name__)

_REASONS = {
    ServerState.DIED: "The server ended; it is started again.",
    ServerState.GIVEN_UP: "The server ended too often and was given up on.",
    ServerState.STOPPED: "The server was stopped.",
}


class _Limit(TypedDict, total=False):
    max_concurrent_answers: int | None


def register_spec(spec: Spec, servers: Sequence[Server]) -> dict[str, list[ServedModel]]:
    """Make or update the served models of `spec`, whose servers are all of its plan.

    Returns those of each model by its name: its own, then those of its adapters. Raises ValidationError.
    """
    for hosted in spec.hosted:
        register_hosted(hosted)
    return {
        model.name: register_model(model, [server.base_url for server in servers if server.model == model])
        for model in spec.models
    }


def register_model(model: ModelSpec, addresses: Sequence[str]) -> list[ServedModel]:
    """Make or update the served model of `model` and those of its adapters, which answer at the same addresses."""
    served: list[ModelSpec | AdapterSpec] = [model, *model.adapters]
    return [
        register_served_model(
            name=each.name,
            base_url=addresses[0],
            model_name=each.name,
            replica_urls=list(addresses[1:]),
            revision=each.revision,
            system_prompt_mode=model.system_prompt_mode,
            **_limit(model),
        )
        for each in served
    ]


def register_hosted(hosted: HostedSpec) -> ServedModel:
    """Make or update the served model of a model that somebody else serves."""
    return register_served_model(
        name=hosted.name,
        base_url=hosted.base_url,
        model_name=hosted.model_name or hosted.name,
        revision=hosted.revision,
        api_key_env=hosted.api_key_env,
        system_prompt_mode=hosted.system_prompt_mode,
        **_limit(hosted),
    )


def _limit(model: ModelSpec | HostedSpec) -> _Limit:
    """The limit of answers at once, where the spec gives one; what an admin set stays otherwise."""
    return {} if model.max_concurrent_answers is None else {"max_concurrent_answers": model.max_concurrent_answers}


def announce(spec: Spec, *, until: datetime) -> None:
    """The servers of `spec` are about to be started: until then, no connection means that they are warming up."""
    for served_models in register_spec(spec, plan(spec, may_span=True)).values():
        for served_model in served_models:
            expect_warm_up(served_model_id=served_model.pk, until=until)


def withdraw(spec: Spec, *, reason: str) -> None:
    """The servers of `spec` will not come; `reason` is for admins."""
    for served_models in register_spec(spec, plan(spec, may_span=True)).values():
        for served_model in served_models:
            record_probe(served_model_id=served_model.pk, result=ProbeResult(ModelHealth.FAILING, reason))


class HealthRecorder:
    """Turns the states of servers into the health of the served models that they serve.

    A model with several servers is ready while one is. Where some of its servers are somebody else's to watch, only
    good news is stored: whether the others answer is for the probe to say.
    """

    def __init__(
        self, servers: Sequence[Server], *, elsewhere: Sequence[Server] = (), seconds_to_load: float = 900.0
    ) -> None:
        self._servers = {server.name: server for server in servers}
        self._elsewhere = {server.model.name for server in elsewhere}
        self._states: dict[str, tuple[ServerState, str]] = {}
        self._seconds_to_load = seconds_to_load

    def move(self, server: Server) -> None:
        """`server` has another address now."""
        self._servers[server.name] = server

    def record(
        self, server: str, state: ServerState, problem: str, *, served_models: Mapping[str, Sequence[ServedModel]]
    ) -> None:
        """Store what became of `server`. A database that is away for a while must not take the models down with it."""
        model = self._servers[server].model.name
        self._states[server] = (state, problem)
        siblings = [name for name in self._states if self._servers[name].model.name == model]
        state, problem = verdict([self._states[name] for name in siblings])
        if model in self._elsewhere and state is not ServerState.READY:
            return
        away = [self._servers[name].base_url for name in siblings if self._states[name][0] is not ServerState.READY]
        close_old_connections()
        for served_model in served_models.get(model, ()):
            try:
                self._store(served_model.pk, state, problem, away)
            except DatabaseError:
                log.exception("model_health_not_stored", served_model=served_model.name, state=state)

    def _store(self, served_model_id: int, state: ServerState, problem: str, away: Sequence[str]) -> None:
        if state is ServerState.STARTING:
            until = timezone.now() + timedelta(seconds=self._seconds_to_load)
            expect_warm_up(served_model_id=served_model_id, until=until)
            return
        if state is ServerState.READY:
            result = ProbeResult(ModelHealth.READY, unreachable=tuple(away))
        else:
            result = ProbeResult(ModelHealth.FAILING, f"{_REASONS[state]} {problem}".strip())
        record_probe(served_model_id=served_model_id, result=result)

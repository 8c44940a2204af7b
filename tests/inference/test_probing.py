"""Probes of scripted servers with faults: what is found, when a token is asked for, and that none holds up another."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inference import health, probing
from inference.actions import record_probe
from inference.breaker import IN_A_ROW
from inference.enums import BreakerState, ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel, ServedModelChange
from inference.probing import probe_due_models, probe_enabled_models
from tests.factories import ServedModelFactory
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

NOWHERE = "http://127.0.0.1:1/v1"
METRICS = "vllm:num_requests_running 2\nvllm:num_requests_waiting 1\nvllm:kv_cache_usage_perc 0.5\n"


def stub_model(server: StubServer, name: str = "stub-a", **values: Any) -> ServedModel:
    server.script.models = sorted({*server.script.models, name})
    served_model: ServedModel = ServedModelFactory(base_url=server.base_url, model_name=name, **values)
    return served_model


def probed(served_model: ServedModel) -> ServedModel:
    probe_due_models()
    served_model.refresh_from_db()
    return served_model


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROBE_TIMEOUT", 0.5)
    monkeypatch.setattr(health, "ASK_TIMEOUT", 0.3)


def test_asks_for_one_token_with_key_and_prompt_mode(
    openai_server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATXA_API_KEY", "sk-giltza")
    served_model = probed(stub_model(openai_server, with_key=True, system_prompt_mode="user_turn"))
    assert served_model.health == ModelHealth.READY
    assert served_model.latency_ms is not None and served_model.asked_at == served_model.health_checked_at
    (asked,) = openai_server.requests
    assert asked.authorization == "Bearer sk-giltza"
    assert asked.body["max_tokens"] == 1
    assert [message["role"] for message in asked.messages] == ["user"], "no system role for a model without one"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour.HTTP_500, "http_status: 500"),
        (Behaviour.HTTP_400, "request_refused: 400"),
        (Behaviour.HTML, "not_a_stream"),
        (Behaviour.JSON, "not_a_stream"),
        (Behaviour.EMPTY, "empty"),
        (Behaviour.DISCONNECT, "cut_off"),
    ],
)
def test_failing_if_it_lists_the_model_and_does_not_answer(
    openai_server: StubServer, behaviour: Behaviour, reason: str
) -> None:
    openai_server.behave("stub-a", behaviour)
    served_model = probed(stub_model(openai_server))
    assert served_model.health == ModelHealth.FAILING
    assert served_model.health_reason.startswith("No answer to a trial prompt:")
    assert reason in served_model.health_reason
    assert served_model.latency_ms is None


@pytest.mark.parametrize("behaviour", [Behaviour.REASONING, Behaviour.HIDDEN])
def test_a_token_that_is_thought_and_not_said_is_an_answer(openai_server: StubServer, behaviour: Behaviour) -> None:
    openai_server.behave("stub-a", behaviour)
    assert probed(stub_model(openai_server)).health == ModelHealth.READY


@pytest.mark.parametrize("status", [401, 404])
def test_of_an_api_that_lists_no_models_the_token_decides(
    openai_server: StubServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("LATXA_API_KEY", "sk-giltza")
    openai_server.script.models_status = status
    served_model = probed(stub_model(openai_server, with_key=True, unprobed=True))
    assert served_model.health == ModelHealth.READY and served_model.latency_ms is not None
    assert probed(served_model).health == ModelHealth.READY, "and stays so between two tokens"

    openai_server.behave("stub-a", Behaviour.HTTP_500)
    ServedModel.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    assert probed(served_model).health == ModelHealth.FAILING


def test_failing_if_a_server_without_a_key_lists_no_models(openai_server: StubServer) -> None:
    openai_server.script.models_status = 404
    served_model = probed(stub_model(openai_server))
    assert served_model.health_reason.startswith("The list of models answers 404")
    assert not openai_server.requests


def test_failing_if_it_hangs(openai_server: StubServer, impatient: None) -> None:
    openai_server.behave("stub-a", Behaviour.SLOW)
    served_model = probed(stub_model(openai_server))
    assert served_model.health == ModelHealth.FAILING
    assert "first_token_timeout" in served_model.health_reason


def test_busy_and_ready_if_it_is_late_and_says_that_it_works(openai_server: StubServer, impatient: None) -> None:
    openai_server.behave("stub-a", Behaviour.SLOW)
    openai_server.script.metrics = METRICS
    served_model = probed(stub_model(openai_server))
    assert served_model.health == ModelHealth.READY
    assert served_model.health_reason == "Busy: it works on 2 requests, 1 wait, and no token came."


def test_being_busy_excuses_no_error(openai_server: StubServer) -> None:
    openai_server.behave("stub-a", Behaviour.HTTP_500)
    openai_server.script.metrics = METRICS
    assert probed(stub_model(openai_server)).health == ModelHealth.FAILING


def test_what_no_column_can_hold_costs_neither_its_probe_nor_that_of_another_model(openai_server: StubServer) -> None:
    openai_server.script.models = ["stub-a", "latxa\0"]
    openai_server.script.metrics = METRICS.replace("running 2", "running 1e300")
    fine = ServedModelFactory(base_url=openai_server.base_url, model_name="stub-a", unprobed=True)
    nameless = probed(ServedModelFactory(base_url=openai_server.base_url, model_name="latxa", unprobed=True))
    assert nameless.health_reason == "The server has no model 'latxa'; it has stub-a, latxa\N{REPLACEMENT CHARACTER}."
    fine.refresh_from_db()
    assert (fine.health, fine.running_requests, fine.waiting_requests) == (ModelHealth.READY, None, 1)


def test_keeps_what_the_server_says_of_its_load(openai_server: StubServer) -> None:
    openai_server.script.metrics = METRICS
    served_model = probed(stub_model(openai_server))
    assert (served_model.running_requests, served_model.waiting_requests, served_model.cache_use) == (2, 1, 0.5)
    openai_server.script.metrics = ""
    served_model = probed(served_model)
    assert (served_model.running_requests, served_model.waiting_requests, served_model.cache_use) == (None, None, None)


@pytest.mark.parametrize(
    ("ago", "values", "asks"),
    [
        (59, {}, 0),
        (61, {}, 1),
        (299, {"with_key": True}, 0),
        (301, {"with_key": True}, 1),
        (61, {"ask_seconds": 90}, 0),
    ],
)
def test_a_token_is_asked_for_now_and_then(
    openai_server: StubServer, monkeypatch: pytest.MonkeyPatch, ago: int, values: dict[str, Any], asks: int
) -> None:
    monkeypatch.setenv("LATXA_API_KEY", "sk-giltza")
    served_model = stub_model(openai_server, asked_at=timezone.now() - timedelta(seconds=ago), latency_ms=70, **values)
    assert probed(served_model).health == ModelHealth.READY
    assert len(openai_server.requests) == asks
    assert (served_model.latency_ms == 70) is not bool(asks)


@pytest.mark.parametrize(("trait", "asks"), [("failing", 1), ("cooled_down", 1), ("out", 0)])
def test_a_token_decides_whether_a_model_comes_back(openai_server: StubServer, trait: str, asks: int) -> None:
    probed(stub_model(openai_server, asked_at=timezone.now(), latency_ms=70, **{trait: True}))
    assert len(openai_server.requests) == asks


@pytest.mark.parametrize(("ago", "is_probed"), [(29, False), (31, True)])
def test_a_model_that_had_no_token_rests(openai_server: StubServer, ago: int, is_probed: bool) -> None:
    asked_at = timezone.now() - timedelta(seconds=ago)
    served_model = probed(stub_model(openai_server, failing=True, asked_at=asked_at))
    assert (served_model.health == ModelHealth.READY) is is_probed
    assert len(openai_server.requests) == int(is_probed)


def test_check_models_always_asks(openai_server: StubServer) -> None:
    stub_model(openai_server, asked_at=timezone.now())
    probe_enabled_models()
    assert len(openai_server.requests) == 1


def test_ready_if_one_of_its_servers_is_and_the_others_are_named(openai_server: StubServer) -> None:
    served_model = probed(stub_model(openai_server, replica_urls=[NOWHERE]))
    assert served_model.health == ModelHealth.READY
    assert served_model.unreachable_urls == [NOWHERE] and NOWHERE in served_model.health_reason
    assert served_model.reachable_addresses == [openai_server.base_url]
    openai_server.refuse_connections()
    served_model = probed(served_model)
    assert served_model.health == ModelHealth.FAILING
    assert openai_server.base_url in served_model.health_reason and NOWHERE in served_model.health_reason
    assert served_model.unreachable_urls == [openai_server.base_url, NOWHERE]


def test_probes_that_fail_open_the_breaker_and_good_ones_half_open_it(openai_server: StubServer) -> None:
    served_model = stub_model(openai_server)
    openai_server.refuse_connections()
    for _ in range(IN_A_ROW):
        assert served_model.breaker_state == BreakerState.CLOSED
        served_model = probed(served_model)
    assert served_model.breaker_state == BreakerState.OPEN
    openai_server.accept_connections()
    served_model = probed(served_model)
    assert (served_model.health, served_model.breaker_state) == (ModelHealth.READY, BreakerState.OPEN)
    ServedModel.objects.update(breaker_retry_at=timezone.now())
    assert probed(served_model).breaker_state == BreakerState.HALF_OPEN
    told = [(row.kind, row.after) for row in ServedModelChange.objects.of(served_model.pk)]
    assert told == [("breaker", "half_open"), ("health", "ready"), ("breaker", "open"), ("health", "failing")]
    assert served_model.health_since == ServedModelChange.objects.of(served_model.pk)[1].at


def test_a_server_that_hangs_holds_up_no_other(openai_server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other's result is stored while the slow one, which was asked first, has its time."""
    monkeypatch.setattr(health, "ASK_TIMEOUT", 1)
    openai_server.behave("stub-slow", Behaviour.SLOW)
    slow, quick = stub_model(openai_server, "stub-slow"), stub_model(openai_server, "stub-b")
    stored: list[int] = []

    def record(**values: Any) -> None:
        stored.append(values["served_model_id"])
        record_probe(**values)

    monkeypatch.setattr(probing, "record_probe", record)
    probe_due_models()
    assert stored == [quick.pk, slow.pk]


def test_a_model_that_is_being_probed_is_left_alone(openai_server: StubServer) -> None:
    now = timezone.now()
    being_probed = stub_model(openai_server, unprobed=True, probing_until=now + timedelta(seconds=1))
    assert probe_due_models() == 0
    assert probed(being_probed).health == ModelHealth.UNKNOWN
    given_up = stub_model(openai_server, unprobed=True, probing_until=now - timedelta(seconds=1))
    assert probed(given_up).probing_until is None
    assert given_up.health == ModelHealth.READY


@pytest.mark.django_db(transaction=True)
@pytest.mark.thorough
def test_tasks_do_not_pile_up_behind_a_server_that_hangs(
    openai_server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ASK_TIMEOUT", 1.0)
    openai_server.behave("stub-a", Behaviour.SLOW)
    stub_model(openai_server)

    def probe_apart() -> None:
        try:
            probe_due_models()
        finally:
            connection.close()

    first = threading.Thread(target=probe_apart)
    first.start()
    while not openai_server.open_answers:
        assert first.is_alive()
        first.join(0.01)
    assert probe_due_models() == 0
    assert first.is_alive(), "the second task was through while the first was waiting"
    first.join()


def test_what_was_found_before_somebody_else_told_is_dropped() -> None:
    served_model = ServedModelFactory(warming_up=True, health_checked_at=timezone.now(), probing_until=timezone.now())
    began = timezone.now() - timedelta(seconds=5)
    record_probe(served_model_id=served_model.pk, result=ProbeResult(ModelHealth.FAILING, "gone"), began_at=began)
    served_model.refresh_from_db()
    assert (served_model.health, served_model.probing_until) == (ModelHealth.WARMING_UP, None)
    assert not ServedModelChange.objects.exists()


def test_warming_up_is_no_failure() -> None:
    served_model = ServedModelFactory(breaker_probes_failed=IN_A_ROW - 1)
    record_probe(served_model_id=served_model.pk, result=ProbeResult(ModelHealth.WARMING_UP, "loading"))
    served_model.refresh_from_db()
    assert served_model.breaker_state == BreakerState.CLOSED


def test_an_address_that_no_library_expects_costs_the_others_nothing(openai_server: StubServer) -> None:
    odd, good = ServedModelFactory(base_url=f"http://{'a' * 70}.eus/v1"), stub_model(openai_server, unprobed=True)
    assert probed(good).health == ModelHealth.READY
    odd.refresh_from_db()
    assert odd.health == ModelHealth.FAILING

"""Probes of a scripted server, and what becomes of them."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from inference.actions import (
    expect_warm_up,
    record_probe,
    register_served_model,
)
from inference.enums import ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel
from inference.probing import probe_enabled_models
from inference.tasks import probe_served_models
from tests.factories import ServedModelFactory
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.django_db

READY = ProbeResult(ModelHealth.READY)
NOWHERE = "http://127.0.0.1:1/v1"


def test_ready_if_the_server_lists_the_model(openai_server: StubServer) -> None:
    served_model = ServedModelFactory(unprobed=True, base_url=openai_server.base_url, model_name="stub-a")
    probe_served_models()
    served_model.refresh_from_db()
    assert (served_model.health, served_model.health_reason) == (ModelHealth.READY, "")
    assert served_model.ready_since == served_model.health_checked_at


def test_failing_if_the_server_has_another_model(openai_server: StubServer) -> None:
    ServedModelFactory(base_url=openai_server.base_url, model_name="latxa")
    ((served_model, result),) = probe_enabled_models()
    assert result.health is ModelHealth.FAILING
    assert result.reason == "The server has no model 'latxa'; it has stub-a, stub-b."
    served_model.refresh_from_db()
    assert (served_model.health, served_model.ready_since) == (ModelHealth.FAILING, None)


def test_failing_if_there_is_no_server() -> None:
    ServedModelFactory(base_url=NOWHERE)
    ((_served_model, result),) = probe_enabled_models()
    assert result.health is ModelHealth.FAILING
    assert result.reason.startswith("No connection to the server")


def test_failing_if_the_address_is_another_kind_of_server(openai_server: StubServer) -> None:
    ServedModelFactory(base_url=openai_server.base_url.replace("/v1", "/control"))
    ((_served_model, result),) = probe_enabled_models()
    assert result.reason.startswith("The list of models answers 404")


def test_failing_if_its_key_is_not_set(openai_server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATXA_API_KEY", raising=False)
    ServedModelFactory(base_url=openai_server.base_url, with_key=True)
    ((_served_model, result),) = probe_enabled_models()
    assert result.health is ModelHealth.FAILING
    assert "LATXA_API_KEY" in result.reason


def test_warming_up_while_the_launcher_says_so_and_no_longer() -> None:
    served_model = ServedModelFactory(unprobed=True, base_url=NOWHERE)
    expect_warm_up(served_model_id=served_model.pk, until=timezone.now() + timedelta(minutes=5))
    probe_served_models()
    served_model.refresh_from_db()
    assert served_model.health == ModelHealth.WARMING_UP

    ServedModel.objects.update(warming_up_until=timezone.now() - timedelta(seconds=1))
    probe_served_models()
    served_model.refresh_from_db()
    assert (served_model.health, served_model.warming_up_until) == (ModelHealth.FAILING, None)


def test_ready_since_stays_while_it_is_ready_and_starts_anew() -> None:
    served_model = ServedModelFactory(unprobed=True)

    def ready_since(result: ProbeResult) -> object:
        record_probe(served_model_id=served_model.pk, result=result)
        served_model.refresh_from_db()
        return served_model.ready_since

    first = ready_since(READY)
    assert ready_since(READY) == first
    assert ready_since(ProbeResult(ModelHealth.FAILING, "gone")) is None
    assert ready_since(READY) != first


def test_a_model_deleted_while_it_was_probed_is_passed_over() -> None:
    record_probe(served_model_id=10**9, result=READY)
    assert not ServedModel.objects.exists()


def test_disabled_models_are_not_probed() -> None:
    ServedModelFactory(disabled=True, base_url=NOWHERE)
    assert probe_enabled_models() == []


def test_registering_again_keeps_what_an_admin_set() -> None:
    served_model = register_served_model(name="latxa", base_url=NOWHERE, model_name="latxa")
    ServedModel.objects.update(silence_timeout=7, is_enabled=False)
    again = register_served_model(name="latxa", base_url="http://127.0.0.1:2/v1", model_name="latxa")
    assert again.pk == served_model.pk
    assert (again.base_url, again.silence_timeout, again.is_enabled) == ("http://127.0.0.1:2/v1", 7, False)


def test_a_key_and_further_addresses_stay_with_the_address_that_they_belong_to() -> None:
    named = {"name": "latxa", "model_name": "latxa"}
    register_served_model(**named, base_url=NOWHERE)
    ServedModel.objects.update(api_key_env="LATXA_API_KEY", replica_urls=["http://127.0.0.1:3/v1"])
    again = register_served_model(**named, base_url=NOWHERE)
    assert (again.api_key_env, again.replica_urls) == ("LATXA_API_KEY", ["http://127.0.0.1:3/v1"])
    moved = register_served_model(**named, base_url="http://127.0.0.1:2/v1")
    assert (moved.api_key_env, moved.replica_urls) == ("", [])


def test_check_models_prints_a_table(openai_server: StubServer, capsys: pytest.CaptureFixture[str]) -> None:
    ServedModelFactory(name="Stub", base_url=openai_server.base_url, model_name="stub-a")
    call_command("check_models")
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "health", "breaker", "latency", "running", "waiting", "cache", "address"]
    assert row.split()[:3] == ["Stub", "ready", "closed"]
    assert row.split()[-4:] == ["–", "–", "–", openai_server.base_url]


def test_check_models_fails_when_one_is_not_ready(
    openai_server: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ServedModelFactory(name="A", base_url=openai_server.base_url, model_name="stub-a")
    ServedModelFactory(name="B", base_url=NOWHERE, model_name="stub-b")
    with pytest.raises(SystemExit) as caught:
        call_command("check_models", "--json")
    assert caught.value.code == 1
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["health"]) for row in rows] == [("A", "ready"), ("B", "failing")]
    assert rows[1]["reason"].startswith("No connection")
    keys = {
        "name",
        "model_name",
        "base_url",
        "health",
        "reason",
        "breaker",
        "running",
        "waiting",
        "cache_use",
        "latency",
    }
    assert keys == set(rows[0])
    assert rows[0]["latency"] >= 0 and rows[1]["latency"] is None


def test_check_models_fails_when_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("check_models")
    assert capsys.readouterr().out.strip() == "No model is enabled."

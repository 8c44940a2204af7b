from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from inference.enums import ModelHealth
from inference.models import ServedModel
from inference.served import endpoints_for
from tests.factories import ServedModelFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_usable_are_the_enabled_and_ready_ones() -> None:
    ready = ServedModelFactory()
    for trait in ("unprobed", "warming_up", "failing", "disabled"):
        ServedModelFactory(**{trait: True})
    assert list(ServedModel.objects.usable()) == [ready]
    assert [model for model in ServedModel.objects.all() if model.is_usable_by("", timezone.now())] == [ready]
    assert ServedModel.objects.enabled().count() == 4


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("servedmodel_base_url_is_http", {"base_url": "file:///etc/passwd"}),
        ("servedmodel_model_name_given", {"model_name": ""}),
        ("servedmodel_api_key_env_is_variable", {"api_key_env": "sk-secret"}),
        ("servedmodel_api_key_env_is_variable", {"api_key_env": "LEHIA_SECRET_KEY"}),
        ("servedmodel_system_prompt_mode_valid", {"system_prompt_mode": "maybe"}),
        ("servedmodel_timeouts_positive", {"connect_timeout": 0}),
        ("servedmodel_timeouts_positive", {"silence_timeout": -1}),
        ("servedmodel_connects_within_first_token", {"connect_timeout": 10, "first_token_timeout": 9}),
        ("servedmodel_max_concurrent_answers_positive", {"max_concurrent_answers": 0}),
        ("servedmodel_health_valid", {"health": "fine"}),
        ("servedmodel_ready_iff_ready_since", {"health": ModelHealth.READY, "ready_since": None}),
        ("servedmodel_ready_iff_ready_since", {"health": ModelHealth.FAILING, "ready_since": NOW}),
    ],
)
def test_the_database_refuses(constraint: str, values: dict[str, Any]) -> None:
    served_model = ServedModelFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ServedModel.objects.filter(pk=served_model.pk).update(**values)


def test_a_name_is_given_once() -> None:
    ServedModelFactory(name="latxa")
    with pytest.raises(IntegrityError), transaction.atomic():
        ServedModelFactory(name="latxa")


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8100/v1", "https://api.example.org/v1", "http://vllm:8000/v1", "http://[::1]:8100/v1"],
)
def test_addresses_that_are_accepted(base_url: str) -> None:
    ServedModelFactory.build(base_url=base_url).full_clean()


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "localhost:8100/v1",
        "http://",
        "ftp://host/v1",
        "http://host:port/v1",
        "http://[::1/v1",
        "https://user:password@host/v1",
        "https://host/v1?key=secret",
    ],
)
def test_addresses_that_are_refused(base_url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ServedModelFactory.build(base_url=base_url).full_clean()
    assert "base_url" in caught.value.message_dict


@pytest.mark.parametrize(
    "replica_urls", ["http://gpu2:8100/v1", ["gpu2:8100"], [7], ["http://gpu2:8100/v1", "http://gpu2:8100/v1"]]
)
def test_further_addresses_that_are_refused(replica_urls: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        ServedModelFactory.build(replica_urls=replica_urls).full_clean()
    assert list(caught.value.message_dict) == ["replica_urls"]


def test_answers_go_to_any_server_that_can_be_reached() -> None:
    served_model = ServedModelFactory.build(base_url="http://a/v1", replica_urls=["http://b/v1", "http://c/v1"])
    assert {endpoints_for(served_model)[0].base_url for _ in range(200)} == {
        "http://a/v1",
        "http://b/v1",
        "http://c/v1",
    }
    assert len({endpoint.base_url for endpoint in endpoints_for(served_model)}) == 3
    served_model.unreachable_urls = ["http://a/v1", "http://c/v1"]
    assert [endpoint.base_url for endpoint in endpoints_for(served_model)] == ["http://b/v1"]
    served_model.unreachable_urls = served_model.addresses
    assert served_model.reachable_addresses == served_model.addresses

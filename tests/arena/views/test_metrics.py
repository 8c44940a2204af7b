"""`/metrics`: what it tells, and to whom."""

import re
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from arena import scrape
from arena.actions.answers import Ending
from arena.enums import AnswerStatus
from arena.metrics import answer_ended
from arena.scrape import Figures, read_figures
from inference.models import ServedModel
from tests.factories import BallotFactory, PlaceFactory, ServedModelFactory

TOKEN = "a-token-of-the-tests"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def value(text: str, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, f"{sample} is not there"
    return float(found[1])


def scraped(client: Client) -> str:
    response = client.get("/metrics", headers=AUTHORIZED)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": TOKEN},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer ñ"},
        {"authorization": f"Basic {TOKEN}"},
    ],
    ids=["none", "no scheme", "empty", "another", "not ASCII", "another scheme"],
)
def test_without_the_token_there_is_nothing(client: Client, headers: dict[str, str]) -> None:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 404
    assert "lehia_" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["Bearer ", "Bearer", ""])
def test_a_site_without_a_token_tells_nobody(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": given}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_it_is_never_cached_and_takes_no_forms(client: Client) -> None:
    response = client.get("/metrics", headers=AUTHORIZED)
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert client.post("/metrics", headers=AUTHORIZED).status_code == 405
    openmetrics = client.get("/metrics", headers={**AUTHORIZED, "accept": "application/openmetrics-text;version=1.0.0"})
    assert openmetrics.content.decode().endswith("# EOF\n")


@pytest.mark.django_db(transaction=True)
def test_answers_are_counted_with_their_times(client: Client) -> None:
    name = "a-model-of-this-test"
    times = {"completion_tokens": 90, "first_token_ms": 400, "duration_ms": 3400, "queued_ms": 2000}
    answer_ended(name, Ending(AnswerStatus.COMPLETE, "Kaixo", **times))
    answer_ended(name, Ending(AnswerStatus.FAILED, "", failure_kind="connect", duration_ms=10))
    answer_ended(name, Ending(AnswerStatus.STOPPED, "", queued_ms=500))
    text = scraped(client)
    for status, failure in (("complete", ""), ("failed", "connect"), ("stopped", "")):
        sample = f'lehia_answers_total{{failure="{failure}",model="{name}",status="{status}"}}'
        assert value(text, sample) == 1
    assert value(text, f'lehia_first_token_seconds_sum{{model="{name}"}}') == 0.4
    assert value(text, f'lehia_first_token_seconds_count{{model="{name}"}}') == 1
    assert value(text, f'lehia_tokens_per_second_sum{{model="{name}"}}') == 30
    assert value(text, f'lehia_tokens_total{{model="{name}"}}') == 90
    assert value(text, f'lehia_queue_seconds_sum{{model="{name}"}}') == 2.5


@pytest.mark.django_db(transaction=True)
def test_queues_models_and_collection_are_read_from_the_database(client: Client) -> None:
    model = ServedModelFactory(name="latxa", max_concurrent_answers=2)
    PlaceFactory(served_model=model, admitted=True)
    PlaceFactory.create_batch(3, served_model=model)
    PlaceFactory(served_model=model, lost=True)
    ServedModelFactory(name="away", failing=True)
    BallotFactory(created_at=timezone.now() - timedelta(seconds=90))
    BallotFactory()
    BallotFactory(collected=True, created_at=timezone.now() - timedelta(days=1))
    text = scraped(client)
    assert value(text, "lehia_database_up") == 1
    assert value(text, 'lehia_queue_length{model="latxa"}') == 3
    assert value(text, 'lehia_queue_admitted{model="latxa"}') == 1
    assert value(text, 'lehia_model_limit{model="latxa"}') == 2
    assert 'lehia_model_limit{model="away"}' not in text
    assert value(text, 'lehia_model_health{health="ready",model="latxa"}') == 1
    assert value(text, 'lehia_model_health{health="failing",model="away"}') == 1
    assert value(text, 'lehia_model_health{health="ready",model="away"}') == 0
    assert value(text, 'lehia_model_breaker{model="latxa",state="closed"}') == 1
    assert value(text, "lehia_ballots_uncollected") == 2
    assert 90 <= value(text, "lehia_collection_lag_seconds") < 100


@pytest.mark.django_db
def test_the_database_is_asked_twice(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    PlaceFactory.create_batch(3)
    BallotFactory.create_batch(2)
    with django_assert_num_queries(2):
        figures = read_figures()
    assert figures.ballots_waiting == 2
    assert len(figures.models) == ServedModel.objects.count()


def away() -> Figures:
    raise OperationalError("the database is away")


def hanging() -> Figures:
    time.sleep(0.5)
    raise OperationalError("the database is away")


@pytest.mark.parametrize("read", [away, hanging])
def test_without_a_database_the_processes_tell_what_they_have(
    client: Client, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    """No `django_db` here: a view that asks the database for anything itself fails."""
    monkeypatch.setattr(scrape, "read_figures", read)
    monkeypatch.setattr(scrape, "PATIENCE", 0.2)
    started = time.monotonic()
    text = scraped(client)
    assert time.monotonic() - started < 0.45
    assert value(text, "lehia_database_up") == 0
    assert "lehia_sockets_open" in text
    assert "lehia_queue_length" not in text

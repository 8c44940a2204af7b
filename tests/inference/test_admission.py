"""The queue of a served model with a limit: in order, over all processes, and never stuck behind a dead one."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from inference.admission import (
    HeldPlace,
    admit,
    ask_for_place,
    drop_lost_places,
    give_back,
    keep_places,
    leave_queue,
)
from inference.models import Place, ServedModel
from inference.places import ADMITTED, count_places
from tests.factories import ServedModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited() -> ServedModel:
    """One answer at once."""
    model: ServedModel = ServedModelFactory(max_concurrent_answers=1)
    return model


def ask(served_model: ServedModel, *holders: str) -> list[int]:
    return [ask_for_place(place=HeldPlace(served_model.pk, holder)) for holder in holders]


def set_limit(served_model: ServedModel, limit: int | None) -> None:
    ServedModel.objects.filter(pk=served_model.pk).update(max_concurrent_answers=limit)


def die(*holders: str) -> None:
    """Their process shows no life any more."""
    Place.objects.filter(holder__in=holders).update(seen_at=timezone.now() - timedelta(minutes=1))


def test_first_come_first_served(limited: ServedModel) -> None:
    assert ask(limited, "a", "b", "c") == [ADMITTED, 1, 2]
    give_back(served_model_id=limited.pk, holder="a")
    assert admit(served_model_id=limited.pk) == {"b": ADMITTED, "c": 1}
    give_back(served_model_id=limited.pk, holder="b")
    give_back(served_model_id=limited.pk, holder="c")
    assert admit(served_model_id=limited.pk) == {}


def test_who_comes_back_goes_to_the_end(limited: ServedModel) -> None:
    ask(limited, "a", "b", "c")
    give_back(served_model_id=limited.pk, holder="b")
    assert ask(limited, "b again") == [2]


def test_asking_twice_is_harmless(limited: ServedModel) -> None:
    assert ask(limited, "a", "b", "a", "b") == [ADMITTED, 1, ADMITTED, 1]
    assert Place.objects.count() == 2


def test_leaving_the_queue_moves_the_others_up(limited: ServedModel) -> None:
    ask(limited, "a", "b", "c")
    leave_queue(holders=["a", "b"])
    assert admit(served_model_id=limited.pk) == {"a": ADMITTED, "c": 1}, "who is admitted is being answered"


@pytest.mark.parametrize(
    ("limit", "standings"),
    [
        (2, {"a": ADMITTED, "b": ADMITTED, "c": ADMITTED, "d": 1}),
        (4, {"a": ADMITTED, "b": ADMITTED, "c": ADMITTED, "d": ADMITTED}),
        (None, {"a": ADMITTED, "b": ADMITTED, "c": ADMITTED, "d": ADMITTED}),
    ],
    ids=["lowered", "raised", "removed"],
)
def test_an_admin_changes_the_limit(limit: int | None, standings: dict[str, int]) -> None:
    model = ServedModelFactory(max_concurrent_answers=3)
    ask(model, "a", "b", "c", "d")
    set_limit(model, limit)
    assert admit(served_model_id=model.pk) == standings


def test_a_lowered_limit_is_reached_as_answers_end() -> None:
    model = ServedModelFactory(max_concurrent_answers=3)
    ask(model, "a", "b", "c", "d")
    set_limit(model, 1)
    give_back(served_model_id=model.pk, holder="a")
    give_back(served_model_id=model.pk, holder="b")
    assert admit(served_model_id=model.pk)["d"] == 1
    give_back(served_model_id=model.pk, holder="c")
    assert admit(served_model_id=model.pk)["d"] == ADMITTED


def test_each_model_has_its_own_queue(limited: ServedModel) -> None:
    other = ServedModelFactory(max_concurrent_answers=1)
    assert ask(limited, "a", "b") + ask(other, "c", "d") == [ADMITTED, 1, ADMITTED, 1]
    assert Place.objects.standings({"b", "d", "a", "unknown"}) == {"b": 1, "d": 1}


def test_the_places_of_a_dead_process_are_free(limited: ServedModel) -> None:
    ask(limited, "dead", "dead too", "alive")
    die("dead", "dead too")
    assert admit(served_model_id=limited.pk) == {"alive": ADMITTED}


def test_what_a_dead_process_left_behind_is_dropped_where_nobody_asks(limited: ServedModel) -> None:
    ask(limited, "dead", "alive")
    die("dead")
    assert drop_lost_places() == 1
    assert [place.holder for place in Place.objects.all()] == ["alive"]


def test_a_sign_of_life_is_one_statement(
    limited: ServedModel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    held = [HeldPlace(limited.pk, holder) for holder in ("a", "b", "c")]
    for place in held:
        ask_for_place(place=place)
    die("a", "b", "c")
    with django_assert_num_queries(1):
        keep_places(places=held)
    assert not Place.objects.lost().exists()
    assert Place.objects.alive().count() == 3


def test_a_process_that_was_taken_for_dead_gets_its_places_back(limited: ServedModel) -> None:
    """Those who were admitted are being answered, and the others keep their places before those who came later."""
    held = [HeldPlace(limited.pk, holder) for holder in ("a", "b")]
    for place in held:
        ask_for_place(place=place)
    held[0].admitted_at = timezone.now()
    die("a", "b")
    ask(limited, "later", "latest")
    assert set(Place.objects.values_list("holder", flat=True)) == {"later", "latest"}
    keep_places(places=held)
    assert admit(served_model_id=limited.pk) == {"a": ADMITTED, "later": ADMITTED, "b": 1, "latest": 2}
    give_back(served_model_id=limited.pk, holder="later")
    assert admit(served_model_id=limited.pk) == {"a": ADMITTED, "b": 1, "latest": 2}


def test_places_are_counted_in_each_queue() -> None:
    rows = [(1, "a"), (2, "b"), (1, "c"), (1, "d"), (2, "e")]
    assert count_places(rows) == {"a": 1, "b": 1, "c": 2, "d": 3, "e": 2}

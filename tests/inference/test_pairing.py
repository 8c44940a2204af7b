"""Circuit breakers in the database: who may be drawn, what an answer's end changes, and what is written down of it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inference import changes
from inference.breaker import IN_A_ROW
from inference.enums import BreakerState
from inference.models import ServedModel, ServedModelChange
from inference.pairing import (
    claim_for_retry,
    claim_pair,
    give_back_trials,
    put_back_into_pairing,
    report_answered,
    report_failed,
    take_out_of_pairing,
)
from tests.factories import ServedModelChangeFactory, ServedModelFactory, UserFactory

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=2)


def claim(*served_models: ServedModel, trial: str = "battle") -> bool:
    return claim_pair(served_model_ids=[each.pk for each in served_models], trial=trial, keep=SOON)


def fail(served_model: ServedModel, times: int = 1, *, trial: str = "battle") -> None:
    for _ in range(times):
        report_failed(served_model_id=served_model.pk, trial=trial, detail="http_status: 500: on fire")
    served_model.refresh_from_db()


def succeed(served_model: ServedModel, *, trial: str = "battle") -> None:
    served_model.refresh_from_db()
    report_answered(served_model=served_model, trial=trial)
    served_model.refresh_from_db()


def test_what_can_be_drawn_is_the_same_in_sql_and_in_python() -> None:
    now = timezone.now()
    on_trial = {"on_trial": True, "breaker_trial": "battle"}
    usable_by_battle = [
        ServedModelFactory(),
        ServedModelFactory(on_trial=True),
        ServedModelFactory(**on_trial, breaker_trial_until=now + SOON),
        ServedModelFactory(**{**on_trial, "breaker_trial": "gone"}, breaker_trial_until=now - SOON),
    ]
    ServedModelFactory(**{**on_trial, "breaker_trial": "other"}, breaker_trial_until=now + SOON)
    ServedModelFactory(on_trial=True, failing=True)
    for trait in ("out", "out_by_hand", "cooled_down", "disabled", "failing"):
        ServedModelFactory(**{trait: True})
    assert list(ServedModel.objects.usable("battle", now=now).order_by("pk")) == usable_by_battle
    in_python = [each for each in ServedModel.objects.order_by("pk") if each.is_usable_by("battle", now)]
    assert in_python == usable_by_battle
    assert len(ServedModel.objects.usable(now=now)) == 3, "for a page, nobody's battle"


def test_failures_in_a_row_take_a_model_out_and_are_written_down() -> None:
    served_model = ServedModelFactory()
    fail(served_model, IN_A_ROW - 1)
    assert ServedModel.objects.usable().exists() and not ServedModelChange.objects.exists()
    fail(served_model)
    assert not ServedModel.objects.usable().exists()
    (change,) = ServedModelChange.objects.of(served_model.pk)
    assert (change.kind, change.before, change.after, change.cause) == ("breaker", "closed", "open", "answers")
    assert (change.detail, change.at, change.by) == ("http_status: 500: on fire", served_model.breaker_since, None)


def test_a_good_answer_costs_no_query_while_nothing_is_wrong() -> None:
    served_model = ServedModelFactory()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report_answered(served_model=served_model, trial="battle")
    assert len(queries) == 0


def test_a_good_answer_breaks_the_row() -> None:
    served_model = ServedModelFactory()
    fail(served_model, IN_A_ROW - 1)
    succeed(served_model)
    fail(served_model, IN_A_ROW - 1)
    assert served_model.breaker_state == BreakerState.CLOSED


def test_one_battle_takes_the_trial_and_its_answer_closes() -> None:
    served_model, other = ServedModelFactory(on_trial=True), ServedModelFactory()
    assert claim(served_model, other, trial="first")
    assert not claim(served_model, other, trial="second")
    assert claim(served_model, other, trial="first"), "it is its own"
    succeed(served_model, trial="second")
    assert served_model.breaker_state == BreakerState.HALF_OPEN
    succeed(served_model, trial="first")
    assert (served_model.breaker_state, served_model.breaker_trial) == (BreakerState.CLOSED, "")
    assert ServedModelChange.objects.get().cause == "trial_answered"


def test_a_trial_that_fails_opens_for_twice_as_long() -> None:
    served_model = ServedModelFactory(on_trial=True)
    claim(served_model)
    fail(served_model)
    assert served_model.breaker_state == BreakerState.OPEN
    assert served_model.breaker_retry_at == served_model.breaker_since + timedelta(seconds=60)


def test_a_claim_takes_all_or_nothing() -> None:
    on_trial, out = ServedModelFactory(on_trial=True), ServedModelFactory(out=True)
    assert not claim(on_trial, out)
    on_trial.refresh_from_db()
    assert on_trial.breaker_trial == ""


def test_a_claim_gives_back_what_the_battle_had_of_others() -> None:
    before, on_trial, other = ServedModelFactory(on_trial=True), ServedModelFactory(on_trial=True), ServedModelFactory()
    assert claim(before, other) and claim(on_trial, other)
    assert [each.breaker_trial for each in ServedModel.objects.order_by("pk")] == ["", "battle", ""]


def test_a_claim_that_fails_leaves_the_battle_what_it_had() -> None:
    mine, out = ServedModelFactory(on_trial=True), ServedModelFactory(out=True)
    assert claim(mine) and not claim(out)
    mine.refresh_from_db()
    assert mine.breaker_trial == "battle"


def test_a_claim_for_a_retry_looks_at_the_breaker_alone_and_keeps_the_other_sides_trial() -> None:
    other_side, on_trial = ServedModelFactory(on_trial=True), ServedModelFactory(on_trial=True, failing=True)
    assert claim(other_side)
    for served_model, wanted in ((on_trial, True), (ServedModelFactory(out=True), False)):
        assert claim_for_retry(served_model_id=served_model.pk, trial="battle", keep=SOON) is wanted
    assert [each.breaker_trial for each in ServedModel.objects.order_by("pk")] == ["battle", "battle", ""]


def test_a_trial_is_given_back() -> None:
    mine, also_mine = ServedModelFactory.create_batch(2, on_trial=True)
    others = ServedModelFactory(on_trial=True)
    assert claim(mine, also_mine) and claim(others, trial="other")
    give_back_trials(trial="battle", served_model_ids=[mine.pk])
    give_back_trials(trial="nobody's")
    assert [each.breaker_trial for each in ServedModel.objects.order_by("pk")] == ["", "battle", "other"]
    give_back_trials(trial="battle")
    assert [each.breaker_trial for each in ServedModel.objects.order_by("pk")] == ["", "", "other"]


def test_an_admin_takes_out_and_puts_back() -> None:
    served_model, admin = ServedModelFactory(), UserFactory(admin=True)
    assert take_out_of_pairing(served_model_id=served_model.pk, by=admin)
    assert not take_out_of_pairing(served_model_id=served_model.pk, by=admin), "it is out already"
    assert not claim(served_model)
    assert put_back_into_pairing(served_model_id=served_model.pk, by=admin)
    assert not put_back_into_pairing(served_model_id=served_model.pk, by=admin)
    assert claim(served_model)
    assert [(row.after, row.cause, row.by) for row in ServedModelChange.objects.of(served_model.pk)] == [
        ("closed", "by_hand", admin),
        ("open", "by_hand", admin),
    ]


def test_an_admin_may_hold_out_what_is_out() -> None:
    served_model = ServedModelFactory(out=True)
    assert take_out_of_pairing(served_model_id=served_model.pk, by=UserFactory(admin=True))
    served_model.refresh_from_db()
    assert served_model.breaker_retry_at is None
    assert ServedModelChange.objects.get().before == ServedModelChange.objects.get().after == "open"


def test_history_outlives_the_account_of_who_made_it() -> None:
    served_model, admin = ServedModelFactory(), UserFactory(admin=True)
    take_out_of_pairing(served_model_id=served_model.pk, by=admin)
    admin.delete()
    assert ServedModelChange.objects.get().by is None


def test_a_model_that_is_gone_is_passed_over() -> None:
    report_failed(served_model_id=10**9, trial="battle", detail="gone")
    assert not take_out_of_pairing(served_model_id=10**9, by=UserFactory(admin=True))


def test_a_change_stands_or_falls_with_what_made_it() -> None:
    served_model = ServedModelFactory()
    with pytest.raises(RuntimeError), transaction.atomic():
        fail(served_model, IN_A_ROW)
        raise RuntimeError("the end could not be stored")
    assert ServedModel.objects.usable().exists() and not ServedModelChange.objects.exists()


def test_only_the_newest_changes_of_a_model_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_KEPT", 3)
    served_model, old = ServedModelFactory(), timezone.now() - timedelta(days=1)
    ServedModelChangeFactory.create_batch(5, served_model=served_model, at=old)
    of_another = ServedModelChangeFactory(at=old)
    fail(served_model, IN_A_ROW)
    kept = ServedModelChange.objects.of(served_model.pk)
    assert len(kept) == 3 and kept[0].at > old
    assert ServedModelChange.objects.filter(pk=of_another.pk).exists()


def test_a_detail_that_is_too_long_is_cut() -> None:
    served_model = ServedModelFactory()
    for _ in range(IN_A_ROW):
        report_failed(served_model_id=served_model.pk, trial="", detail="é" * 600)
    assert len(ServedModelChange.objects.get().detail) == 500

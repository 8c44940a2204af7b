"""Two that tell a breaker, or ask for its trial, at once: the row's lock holds, and its control without it does not."""

import pytest
from django.db import transaction

from inference.breaker import IN_A_ROW, UNTIL_PROMPT
from inference.models import ServedModel, ServedModelChange
from inference.pairing import claim_pair, report_failed
from tests.arena.races import LONG, Rendezvous, both, meet_after, unlock
from tests.factories import ServedModelFactory

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch, locked: bool) -> Rendezvous:
    meeting = Rendezvous()
    if not locked:
        meeting.patience = LONG
        unlock(monkeypatch)
    return meeting


@LOCKED
def test_two_failures_at_once_both_count(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    served_model = ServedModelFactory(breaker_answers_failed=IN_A_ROW - 2)
    meet_after(monkeypatch, "inference.breaker.answer_failed", meeting)

    def fail() -> None:
        with transaction.atomic():
            report_failed(served_model_id=served_model.pk, trial="battle", detail="on fire")

    results = both(fail, fail, locked=locked)
    served_model.refresh_from_db()
    if locked:
        assert results == [None, None]
        assert served_model.breaker_state == "open"
        assert ServedModelChange.objects.count() == 1
    else:
        assert meeting.met and served_model.breaker_state == "closed", "one of the two was overwritten"


@LOCKED
def test_two_battles_that_want_the_trial_at_once(
    monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool
) -> None:
    served_model = ServedModelFactory(on_trial=True)
    meet_after(monkeypatch, "inference.breaker.asked_by", meeting)

    def draw(trial: str) -> bool:
        with transaction.atomic():
            return claim_pair(served_model_ids=[served_model.pk], trial=trial, keep=UNTIL_PROMPT)

    results = both(lambda: draw("first"), lambda: draw("second"), locked=locked)
    if locked:
        winner = "first" if results[0] else "second"
        assert sorted(results) == [False, True]
        assert ServedModel.objects.get().breaker_trial == winner
    else:
        # SQLite has one writer at a time in any case: there the second one breaks instead.
        assert meeting.met and results != [True, False] and results != [False, True]

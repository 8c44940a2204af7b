"""Many at once before a model with a limit: the limit holds, and without the lock it does not."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from django.db import OperationalError, connection

from inference.admission import HeldPlace, admit, ask_for_place, give_back
from inference.models import Place, ServedModel
from inference.places import ADMITTED
from tests.arena.races import LONG, Rendezvous, both, meet_after, unlock
from tests.factories import ServedModelFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]
ASKERS, LIMIT = 50, 3


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
def test_two_ask_for_the_last_place_at_once(monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    model = ServedModelFactory(max_concurrent_answers=1)
    meeting = Rendezvous()
    # PostgreSQL shows nothing of another's transaction: they meet when both have let themselves in. SQLite has one
    # writer at a time, and refuses the second of two who have read the same.
    both_write = connection.vendor == "postgresql" and not locked
    meet_after(monkeypatch, f"inference.admission.{'count_places' if both_write else '_lock'}", meeting)
    if not locked:
        meeting.patience = LONG
        unlock(monkeypatch)
    places = [HeldPlace(model.pk, holder) for holder in "ab"]
    results = both(*(lambda place=place: ask_for_place(place=place) for place in places), locked=locked)
    if locked:
        assert sorted(results) == [ADMITTED, 1]
    else:
        assert meeting.met
        assert results == [ADMITTED, ADMITTED] or any(isinstance(result, OperationalError) for result in results)


@dataclass
class Crowd:
    """Who is being answered, and what each one's place said when it was given back."""

    inside: int = 0
    most: int = 0
    faults: list[OperationalError] = field(default_factory=list)
    waits: list[tuple[datetime, datetime]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    turns: dict[str, threading.Event] = field(
        default_factory=lambda: {f"holder {number}": threading.Event() for number in range(ASKERS)}
    )

    def answer(self, model: ServedModel, holder: str) -> None:
        """One asker: asks, waits, is answered for a moment, and gives the place back."""
        try:
            if ask_for_place(place=HeldPlace(model.pk, holder)) != ADMITTED:
                assert self.turns[holder].wait(60), "everybody's turn comes"
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            time.sleep(0.01)
            with self.lock:
                self.inside -= 1
            place = Place.objects.get(holder=holder)
            assert place.admitted_at
            self.waits.append((place.asked_at, place.admitted_at))
            give_back(served_model_id=model.pk, holder=holder)
        except OperationalError as error:
            self.faults.append(error)
            Place.objects.filter(holder=holder).delete()
        finally:
            connection.close()

    def poll(self, model: ServedModel, everybody_is_through: threading.Event) -> None:
        """What each process does for all who wait in it."""
        try:
            while not everybody_is_through.wait(0.01):
                # Without the lock they may run into each other; the next look comes soon.
                with contextlib.suppress(OperationalError):
                    for holder, place in admit(served_model_id=model.pk).items():
                        if place == ADMITTED:
                            self.turns[holder].set()
        finally:
            connection.close()


def answer_all(model: ServedModel) -> Crowd:
    """Everybody at once, with two processes that look after those who wait."""
    crowd, through = Crowd(), threading.Event()
    with ThreadPoolExecutor(ASKERS + 2) as pool:
        pollers = [pool.submit(crowd.poll, model, through) for _process in range(2)]
        askers = [pool.submit(crowd.answer, model, holder) for holder in crowd.turns]
        try:
            for asker in askers:
                asker.result(timeout=60)
        finally:
            through.set()
        for poller in pollers:
            poller.result(timeout=10)
    return crowd


def test_fifty_ask_and_three_are_answered_at_once() -> None:
    model = ServedModelFactory(max_concurrent_answers=LIMIT)
    crowd = answer_all(model)
    assert crowd.most <= LIMIT and not crowd.faults
    in_order_of_asking = [admitted for _asked, admitted in sorted(crowd.waits)]
    assert len(in_order_of_asking) == ASKERS
    assert in_order_of_asking == sorted(in_order_of_asking), "first come, first served"
    assert not Place.objects.exists()

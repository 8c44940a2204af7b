"""Who may ask a served model that has a limit of answers at once.

The limit holds over all processes. Whoever changes who is admitted holds the served model's row while it does, for
three or four short statements; nothing is held while somebody waits.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inference.models import ServedModel
from inference.places import ADMITTED, Place, count_places


@dataclass(slots=True)
class HeldPlace:
    """What a process remembers of a place, so that it can bring it back where others took the process for dead."""

    served_model_id: int
    holder: str
    asked_at: datetime = field(default_factory=timezone.now)
    admitted_at: datetime | None = None


@transaction.atomic
def ask_for_place(*, place: HeldPlace) -> int:
    """Queues up; returns ADMITTED where it is this one's turn at once, and the place in the queue, from 1, otherwise.

    Locks the served model's row. Asking twice is harmless: who does not know whether it was heard may ask again.
    """
    served_model = _lock(place.served_model_id)
    # Within the lock, so that the order of asking is the order of the queue.
    asked = {"served_model": served_model, "asked_at": timezone.now()}
    row, _is_new = Place.objects.get_or_create(holder=place.holder, defaults=asked)
    place.asked_at = row.asked_at
    return _admit(served_model)[place.holder]


@transaction.atomic
def admit(*, served_model_id: int) -> dict[str, int]:
    """Admits those whose turn it is, and drops places whose process has died. Locks the served model's row.

    Returns for each holder ADMITTED or its place in the queue, from 1.
    """
    return _admit(_lock(served_model_id))


@transaction.atomic
def give_back(*, served_model_id: int, holder: str) -> None:
    """Leaves, admitted or not, and admits whose turn it is now. Locks the served model's row."""
    served_model = _lock(served_model_id)
    Place.objects.filter(holder=holder).delete()
    _admit(served_model)


def keep_places(*, places: Collection[HeldPlace]) -> None:
    """Shows that the holders of these places live: one statement. Takes no lock.

    Places that were dropped, because the database or the process was away for too long, come back as they were: who
    was admitted is being answered, and counts.
    """
    now = timezone.now()
    kept = Place.objects.filter(holder__in=[place.holder for place in places]).update(seen_at=now)
    if kept < len(places):
        rows = [
            Place(
                served_model_id=place.served_model_id,
                holder=place.holder,
                asked_at=place.asked_at,
                admitted_at=place.admitted_at,
                seen_at=now,
            )
            for place in places
        ]
        Place.objects.bulk_create(rows, ignore_conflicts=True)


def leave_queue(*, holders: Collection[str]) -> None:
    """Takes those out of the queue that have not been admitted yet. Takes no lock."""
    Place.objects.waiting().filter(holder__in=holders).delete()


def drop_lost_places() -> int:
    """Drops what dead processes left behind where nobody asks any more; returns how many places. Takes no lock."""
    dropped, _by_model = Place.objects.lost().delete()
    return dropped


def _lock(served_model_id: int) -> ServedModel:
    # NO KEY, because places that are being inserted refer to the served model.
    return ServedModel.objects.select_for_update(of=("self",), no_key=True).get(pk=served_model_id)


def _admit(served_model: ServedModel) -> dict[str, int]:
    now = timezone.now()
    places = Place.objects.filter(served_model=served_model)
    places.lost(now).delete()
    admitted = set(places.admitted().values_list("holder", flat=True))
    waiting = list(places.waiting().values_list("holder", flat=True))
    limit = served_model.max_concurrent_answers
    free = len(waiting) if limit is None else max(0, limit - len(admitted))
    if turn := waiting[:free]:
        places.filter(holder__in=turn).update(admitted_at=now)
    queue = count_places((served_model.pk, holder) for holder in waiting[free:])
    return {**dict.fromkeys([*admitted, *turn], ADMITTED), **queue}

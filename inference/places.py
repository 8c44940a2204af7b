"""Places: who is asking a served model that has a limit, and who waits for it, in which order."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: What stands for somebody who has been admitted, where others have their place in the queue, from 1.
ADMITTED = 0


class PlaceQuerySet(models.QuerySet["Place"]):
    """Reads of places. The table holds what is asked now, dozens of rows, and not what was asked before."""

    def waiting(self) -> Self:
        """The queue: first come, first served."""
        return self.filter(admitted_at=None).order_by("asked_at", "pk")

    def admitted(self) -> Self:
        return self.exclude(admitted_at=None)

    def lost(self, now: datetime | None = None) -> Self:
        """Those whose process has died: it would have shown that it lives."""
        return self.filter(seen_at__lt=_last_sign_of_life(now))

    def alive(self, now: datetime | None = None) -> Self:
        return self.filter(seen_at__gte=_last_sign_of_life(now))

    def standings(self, holders: Collection[str]) -> dict[str, int]:
        """The place in its queue, from 1, of each holder that waits: one query."""
        of_interest = Place.objects.filter(holder__in=holders, admitted_at=None).values("served_model")
        rows = self.waiting().filter(served_model__in=of_interest).values_list("served_model_id", "holder")
        return {holder: place for holder, place in count_places(rows).items() if holder in holders}


class Place(models.Model):
    """An answer's right to ask a served model, or its place in the queue for it."""

    served_model = models.ForeignKey(
        "inference.ServedModel",
        verbose_name=_("served model"),
        on_delete=models.CASCADE,
        related_name="places",
    )
    # Whose place it is. Only whoever asked for it knows what that means.
    holder = models.CharField(max_length=60)
    asked_at = models.DateTimeField(default=timezone.now)
    admitted_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = PlaceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("holder",), name="place_once_per_holder"),
            models.CheckConstraint(name="place_holder_given", condition=~Q(holder="")),
        )

    def __str__(self) -> str:
        return self.holder


def count_places(rows: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Holder → place from 1, of (queue, holder) in the order in which they wait. Pure."""
    lengths: dict[int, int] = {}
    places: dict[str, int] = {}
    for queue, holder in rows:
        lengths[queue] = lengths.get(queue, 0) + 1
        places[holder] = lengths[queue]
    return places


def _last_sign_of_life(now: datetime | None) -> datetime:
    return (now or timezone.now()) - timedelta(seconds=settings.ANSWER_LOST_SECONDS)

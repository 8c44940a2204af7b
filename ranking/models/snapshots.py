"""Published rankings."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.enums import Origin
from ranking.exceptions import SnapshotIsImmutable
from ranking.models.computed import ComputedRanking


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def of(self, campaign: Campaign, dimension: str) -> "SnapshotQuerySet":
        return self.filter(campaign=campaign, dimension=dimension)

    def scheduled(self) -> "SnapshotQuerySet":
        return self.filter(origin=Origin.SCHEDULE)

    def visible_to(self, *, staff: bool) -> "SnapshotQuerySet":
        """Those that were taken for admins only are for admins only."""
        return self if staff else self.filter(is_public=True)

    def without_content(self) -> "SnapshotQuerySet":
        """For lists: without the columns that are long."""
        return self.defer("result", "notices", "pairs", "comparisons")

    def newest(self) -> "Snapshot | None":
        return self.order_by("-created_at", "-pk").first()

    def update(self, **kwargs: Any) -> NoReturn:
        raise SnapshotIsImmutable

    def delete(self) -> NoReturn:
        raise SnapshotIsImmutable

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SnapshotIsImmutable


class Snapshot(ComputedRanking):
    """An immutable published ranking.

    A trigger in the database refuses every update; this class refuses deletion too.
    """

    origin = models.CharField(_("taken"), max_length=10, choices=Origin, default=Origin.SCHEDULE)
    label = models.CharField(_("label"), max_length=120, blank=True, default="")
    is_public = models.BooleanField(
        _("public"), default=True, help_text=_("Where not, only admins see it. It cannot be changed later.")
    )

    objects: ClassVar[SnapshotQuerySet] = SnapshotQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(ComputedRanking.Meta):
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-created_at", "-pk"]
        constraints = [
            *ComputedRanking.Meta.constraints,
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="snapshot_origin_valid"),
        ]
        indexes = [
            # Serves the leaderboard: the newest of a campaign and dimension.
            models.Index(fields=["campaign", "dimension", "-created_at"], name="snapshot_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.dimension} · {self.created_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise SnapshotIsImmutable
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SnapshotIsImmutable

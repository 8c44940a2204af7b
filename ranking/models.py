"""Published rankings."""

from typing import Any, ClassVar, NoReturn

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.enums import ClusterChoice, IntervalChoice, MethodChoice
from ranking.exceptions import SnapshotIsImmutable


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def of(self, campaign: Campaign, dimension: str) -> "SnapshotQuerySet":
        return self.filter(campaign=campaign, dimension=dimension)

    def newest(self) -> "Snapshot | None":
        return self.order_by("-created_at", "-pk").first()

    def update(self, **kwargs: Any) -> NoReturn:
        raise SnapshotIsImmutable

    def delete(self) -> NoReturn:
        raise SnapshotIsImmutable

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SnapshotIsImmutable


class Snapshot(models.Model):
    """An immutable published ranking, with all that is needed to compute it again.

    A trigger in the database refuses every update; this class refuses deletion too.
    """

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="snapshots"
    )
    dimension = models.SlugField(_("dimension"), max_length=40)
    method = models.CharField(_("method"), max_length=20, choices=MethodChoice)
    interval = models.CharField(_("interval"), max_length=20, choices=IntervalChoice)
    cluster = models.CharField(_("votes that belong together"), max_length=20, choices=ClusterChoice)
    level = models.FloatField(_("level"))
    rounds = models.PositiveIntegerField(_("bootstrap rounds"), validators=[MinValueValidator(1)])
    seed = models.PositiveBigIntegerField(_("seed"))
    cut_off = models.DateTimeField(_("newest vote in it"))
    n_ballots = models.PositiveIntegerField(_("votes"))
    n_battles = models.PositiveIntegerField(_("votes ranked"))
    input_sha256 = models.CharField(_("fingerprint of the votes"), max_length=64)
    result = models.JSONField(_("result"), help_text=_("What rank --format json prints."))
    notices = models.JSONField(_("notices"), default=list)
    pairs = models.JSONField(
        _("results of each pair"), default=list, help_text=_("First, second, wins of each, and ties.")
    )
    software = models.CharField(_("software"), max_length=200, help_text=_("What computed it, with versions."))
    created_at = models.DateTimeField(_("computed"), auto_now_add=True)

    objects: ClassVar[SnapshotQuerySet] = SnapshotQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(level__gt=0, level__lt=1), name="snapshot_level_valid"),
            models.CheckConstraint(condition=Q(rounds__gte=1), name="snapshot_rounds_positive"),
            models.CheckConstraint(condition=Q(method__in=MethodChoice.values), name="snapshot_method_valid"),
            models.CheckConstraint(condition=Q(interval__in=IntervalChoice.values), name="snapshot_interval_valid"),
            models.CheckConstraint(condition=Q(cluster__in=ClusterChoice.values), name="snapshot_cluster_valid"),
            models.CheckConstraint(
                condition=Q(input_sha256__regex=r"^[0-9a-f]{64}$"), name="snapshot_fingerprint_is_sha256"
            ),
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

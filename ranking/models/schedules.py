"""How often a campaign's ranking is published."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.enums import Every

PERIODS = {Every.HOUR: timedelta(hours=1), Every.DAY: timedelta(days=1), Every.WEEK: timedelta(weeks=1)}


class SnapshotSchedule(models.Model):
    """A campaign without one publishes once a day while votes come."""

    campaign = models.OneToOneField(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="snapshot_schedule"
    )
    every = models.CharField(
        _("publishes its ranking"),
        max_length=8,
        choices=Every,
        default=Every.DAY,
        help_text=_("Where there are new votes. Published rankings are kept for ever, and make up the history."),
    )

    class Meta:
        verbose_name = _("schedule of snapshots")
        verbose_name_plural = _("schedules of snapshots")
        constraints = [models.CheckConstraint(condition=Q(every__in=Every.values), name="snapshotschedule_every_valid")]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_every_display()}"

    @staticmethod
    def period_of(campaign: Campaign) -> timedelta | None:
        """The least time between two scheduled snapshots; None where there are none."""
        found = SnapshotSchedule.objects.filter(campaign=campaign).first()
        return PERIODS.get(Every(found.every) if found else Every.DAY)

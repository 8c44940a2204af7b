"""Rankings that were asked for and are not there yet."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.enums import ComputationStatus, Step
from ranking.models.computed import SelectedVotes
from ranking.selections import Selection


class ComputationQuerySet(models.QuerySet["Computation"]):
    def find(self, campaign: Campaign, dimension: str, selection: Selection) -> "Computation | None":
        """That of a page, where it has been asked for."""
        return self.for_pages().filter(campaign=campaign, dimension=dimension, **selection.columns()).first()

    def for_pages(self) -> "ComputationQuerySet":
        return self.filter(snapshot_options__isnull=True)

    def underway(self) -> "ComputationQuerySet":
        return self.exclude(status=ComputationStatus.FAILED)

    def lost(self, *, waiting_since: datetime, running_since: datetime) -> "ComputationQuerySet":
        """Those whose message is gone, or whose worker."""
        return self.filter(
            Q(status=ComputationStatus.WAITING, touched_at__lt=waiting_since)
            | Q(status=ComputationStatus.RUNNING, touched_at__lt=running_since)
        )


class Computation(SelectedVotes):
    """A ranking that the worker is asked for. It goes away when the ranking is there, and stays where that failed.

    The database is the queue and the progress bar: web and worker need no common cache.
    """

    status = models.CharField(_("status"), max_length=10, choices=ComputationStatus, default=ComputationStatus.WAITING)
    step = models.CharField(_("what it does now"), max_length=10, choices=Step, default=Step.QUEUE)
    error = models.TextField(_("why it failed"), blank=True, default="")
    snapshot_options = models.JSONField(
        _("to be published"), null=True, blank=True, help_text=_("How, where it was asked for by hand as a snapshot.")
    )
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    touched_at = models.DateTimeField(_("last sign of life"), default=timezone.now)

    objects: ClassVar[ComputationQuerySet] = ComputationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("ranking being computed")
        verbose_name_plural = _("rankings being computed")
        ordering = ["requested_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "dimension", "slice", "ties", "style_control"],
                condition=Q(snapshot_options__isnull=True),
                name="one_computation_for_pages",
            ),
            models.CheckConstraint(condition=Q(status__in=ComputationStatus.values), name="computation_status_valid"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="computation_step_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.dimension} · {self.selection or '–'}"

    @property
    def steps_done(self) -> int:
        return list(Step).index(Step(self.step))

    @property
    def steps_in_all(self) -> int:
        return len(Step) - 1

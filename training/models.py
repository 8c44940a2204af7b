"""Runs of stages, for whoever wants to know what was made how, and what is being made now."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from training.enums import RunState


class PipelineRun(models.Model):
    """One process that works on a stage. What it makes is in its folder; this is the record of who made it when."""

    stage = models.CharField(_("stage"), max_length=50)
    folder = models.CharField(_("folder"), max_length=500)
    arguments = models.JSONField(_("arguments"), default=dict)
    share = models.CharField(_("share"), max_length=20, help_text=_("Which process of how many, from 0."))
    state = models.CharField(_("state"), max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    counts = models.JSONField(_("counts"), default=dict)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started at"))
    seen_at = models.DateTimeField(_("last sign of life"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("run of a stage")
        verbose_name_plural = _("runs of stages")
        ordering = ("-started_at", "-pk")
        constraints = [
            models.CheckConstraint(name="pipelinerun_state_valid", condition=Q(state__in=RunState.values)),
            models.CheckConstraint(
                name="pipelinerun_ended_iff_not_running",
                condition=Q(state=RunState.RUNNING, ended_at__isnull=True)
                | ~Q(state=RunState.RUNNING) & Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.share}: {self.folder}"

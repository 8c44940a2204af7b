"""What became of served models: each change of health and of pairing, for admins to read."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference.enums import BreakerCause, BreakerState, ChangeKind, ModelHealth

MOST_KEPT = 200
"""Changes kept of each served model: a server that comes and goes every ten seconds fills half an hour with them."""
_LABELS: dict[str, str | Promise] = dict([*ModelHealth.choices, *BreakerState.choices])


class ServedModelChangeQuerySet(models.QuerySet["ServedModelChange"]):
    def of(self, served_model_id: int) -> Self:
        """Newest first."""
        return self.filter(served_model=served_model_id).order_by("-at", "-pk")

    def beyond_those_kept(self, served_model_id: int) -> Self:
        """Those of a served model that are too old to be kept."""
        kept = self.of(served_model_id).values("pk")[:MOST_KEPT]
        # As a list: not every database limits within a subquery of a DELETE.
        return self.filter(served_model=served_model_id).exclude(pk__in=[row["pk"] for row in kept])


class ServedModelChange(models.Model):
    """One change. `cause` is why pairing changed; `detail` is what the server or the client said, in English."""

    served_model = models.ForeignKey(
        "inference.ServedModel",
        verbose_name=_("served model"),
        on_delete=models.CASCADE,
        related_name="changes",
    )
    at = models.DateTimeField(_("time"), default=timezone.now)
    kind = models.CharField(_("what"), max_length=10, choices=ChangeKind.choices)
    before = models.CharField(_("before"), max_length=20)
    after = models.CharField(_("after"), max_length=20)
    cause = models.CharField(_("cause"), max_length=20, choices=BreakerCause.choices, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = ServedModelChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints = (
            # An admin may take out what is out, so that it stays out.
            models.CheckConstraint(
                name="servedmodelchange_changes",
                condition=~Q(before=F("after")) | Q(cause=BreakerCause.BY_HAND),
            ),
            models.CheckConstraint(
                name="servedmodelchange_kind_fits_states",
                condition=Q(kind=ChangeKind.HEALTH, before__in=ModelHealth.values, after__in=ModelHealth.values)
                | Q(kind=ChangeKind.BREAKER, before__in=BreakerState.values, after__in=BreakerState.values),
            ),
            models.CheckConstraint(
                name="servedmodelchange_cause_iff_breaker",
                condition=Q(kind=ChangeKind.BREAKER, cause__in=BreakerCause.values)
                | Q(kind=ChangeKind.HEALTH, cause=""),
            ),
        )
        indexes = (
            # Serves the history on a served model's page, and the pruning after each change.
            models.Index(fields=["served_model", "-at"], name="servedmodelchange_newest"),
        )

    def __str__(self) -> str:
        return f"{self.served_model}: {self.after}"

    @property
    def before_label(self) -> str | Promise:
        return _LABELS[self.before]

    @property
    def after_label(self) -> str | Promise:
        return _LABELS[self.after]


def record_change(**values: Any) -> None:
    """Adds a change, and drops the oldest beyond those kept. Call it in the transaction of the change itself."""
    change = ServedModelChange.objects.create(**values)
    ServedModelChange.objects.beyond_those_kept(change.served_model_id).delete()

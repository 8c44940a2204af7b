"""The columns in which a served model's circuit breaker is kept between two answers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inference.breaker import Breaker, Cause, State
from inference.enums import BreakerCause, BreakerState

BREAKER_FIELDS: Final = (
    "breaker_state",
    "breaker_since",
    "breaker_cause",
    "breaker_detail",
    "breaker_retry_at",
    "breaker_openings",
    "breaker_answers_failed",
    "breaker_probes_failed",
    "breaker_recent_failures",
    "breaker_trial",
    "breaker_trial_until",
)


class BreakerFields(models.Model):
    """Read and written as a whole, through `breaker`; what they mean is told by `inference.breaker.Breaker`."""

    breaker_state = models.CharField(
        _("pairing"), max_length=10, choices=BreakerState.choices, default=BreakerState.CLOSED, editable=False
    )
    breaker_since = models.DateTimeField(_("since"), null=True, editable=False)
    breaker_cause = models.CharField(
        _("cause"), max_length=20, choices=BreakerCause.choices, blank=True, editable=False
    )
    breaker_detail = models.CharField(_("detail"), max_length=500, blank=True, editable=False)
    breaker_retry_at = models.DateTimeField(_("tried again from"), null=True, editable=False)
    breaker_openings = models.PositiveIntegerField(default=0, editable=False)
    breaker_answers_failed = models.PositiveIntegerField(_("answers failed in a row"), default=0, editable=False)
    breaker_probes_failed = models.PositiveIntegerField(_("probes failed in a row"), default=0, editable=False)
    # Seconds since 1970.
    breaker_recent_failures = models.JSONField(default=list, editable=False)
    # Only whoever took the trial knows what this means.
    breaker_trial = models.CharField(max_length=60, blank=True, editable=False)
    breaker_trial_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def breaker(self) -> Breaker:
        return Breaker(
            state=State(self.breaker_state),
            since=self.breaker_since,
            cause=Cause(self.breaker_cause) if self.breaker_cause else None,
            detail=self.breaker_detail,
            retry_at=self.breaker_retry_at,
            openings=self.breaker_openings,
            answers_failed=self.breaker_answers_failed,
            probes_failed=self.breaker_probes_failed,
            recent_failures=tuple(_times(self.breaker_recent_failures)),
            trial=self.breaker_trial,
            trial_until=self.breaker_trial_until,
        )

    @breaker.setter
    def breaker(self, breaker: Breaker) -> None:
        """Sets the columns (`BREAKER_FIELDS`); saving them is the caller's."""
        self.breaker_state = breaker.state.value
        self.breaker_since = breaker.since
        self.breaker_cause = breaker.cause.value if breaker.cause else ""
        self.breaker_detail = breaker.detail[:500]
        self.breaker_retry_at = breaker.retry_at
        self.breaker_openings = breaker.openings
        self.breaker_answers_failed = breaker.answers_failed
        self.breaker_probes_failed = breaker.probes_failed
        self.breaker_recent_failures = [time.timestamp() for time in breaker.recent_failures]
        self.breaker_trial = breaker.trial
        self.breaker_trial_until = breaker.trial_until


def breaker_constraints(prefix: str) -> tuple[models.CheckConstraint, ...]:
    """What holds of these columns in every state. `prefix` names the table."""
    return (
        models.CheckConstraint(
            name=f"{prefix}_breaker_state_valid",
            condition=Q(breaker_state__in=BreakerState.values),
            violation_error_message=_("There is no such state of pairing."),
        ),
        models.CheckConstraint(
            name=f"{prefix}_breaker_cause_known",
            condition=Q(breaker_cause__in=BreakerCause.values)
            | Q(breaker_cause="", breaker_state=BreakerState.CLOSED, breaker_since__isnull=True),
            violation_error_message=_("Pairing does not change without a cause."),
        ),
        models.CheckConstraint(
            name=f"{prefix}_breaker_retry_only_while_open",
            condition=Q(breaker_retry_at__isnull=True) | Q(breaker_state=BreakerState.OPEN),
            violation_error_message=_("Only a model that is out of pairing waits to be tried again."),
        ),
        models.CheckConstraint(
            name=f"{prefix}_breaker_trial_only_while_half_open",
            condition=Q(breaker_trial="", breaker_trial_until__isnull=True)
            | ~Q(breaker_trial="") & Q(breaker_trial_until__isnull=False, breaker_state=BreakerState.HALF_OPEN),
            violation_error_message=_("Only a model on trial is tried, by one battle, for a while."),
        ),
    )


def _times(seconds: Iterable[float]) -> Iterable[datetime]:
    return (datetime.fromtimestamp(each, UTC) for each in seconds)

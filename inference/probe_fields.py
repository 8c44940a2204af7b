"""The columns that probes of a served model fill, and the one that says how often it is asked for a token."""

from datetime import datetime, timedelta
from typing import Final

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

#: Seconds between two one-token answers, where nothing else was set. They cost money where a key is needed.
ASK_SECONDS: Final = 60
ASK_SECONDS_WITH_KEY: Final = 300
#: As often as beat probes.
MIN_ASK_SECONDS: Final = 10


class ProbeFields(models.Model):
    """What the last probe measured. Empty where the server does not say."""

    ask_seconds = models.PositiveIntegerField(
        _("seconds between trial tokens"),
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_ASK_SECONDS)],
        help_text=_(
            "A probe asks the model for one token this often. Leave empty for 60 seconds, or 300 where there is a key."
        ),
    )
    health_since = models.DateTimeField(_("since"), null=True, editable=False)
    probing_until = models.DateTimeField(null=True, editable=False)
    asked_at = models.DateTimeField(_("last asked for a token"), null=True, editable=False)
    latency_ms = models.PositiveIntegerField(_("time to a token, ms"), null=True, editable=False)
    running_requests = models.PositiveIntegerField(_("running"), null=True, editable=False)
    waiting_requests = models.PositiveIntegerField(_("waiting"), null=True, editable=False)
    cache_use = models.FloatField(_("cache use"), null=True, editable=False)

    class Meta:
        abstract = True

    def is_to_be_asked(self, now: datetime, *, has_key: bool) -> bool:
        """Whether it is time for another token."""
        seconds = self.ask_seconds or (ASK_SECONDS_WITH_KEY if has_key else ASK_SECONDS)
        return self.asked_at is None or self.asked_at <= now - timedelta(seconds=seconds)


def probe_constraints(prefix: str) -> tuple[models.CheckConstraint, ...]:
    """What holds of these columns. `prefix` names the table."""
    return (
        models.CheckConstraint(
            name=f"{prefix}_ask_seconds_valid",
            condition=Q(ask_seconds__isnull=True) | Q(ask_seconds__gte=MIN_ASK_SECONDS),
            violation_error_message=_("A model is asked for a token every 10 seconds at most."),
        ),
        models.CheckConstraint(
            name=f"{prefix}_cache_use_is_share",
            condition=Q(cache_use__isnull=True) | Q(cache_use__gte=0, cache_use__lte=1),
            violation_error_message=_("The use of the cache is a share, from 0 to 1."),
        ),
    )

"""Why battles are not drawn with a served model just now, for admins."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from inference.enums import BreakerState, ModelHealth
from inference.models import ServedModel


@dataclass(frozen=True, slots=True)
class Absence:
    """`state` is a few words, and `why` what else is known; `since` is None where nobody wrote it down."""

    state: str | Promise
    since: datetime | None = None
    why: str = ""
    is_bad: bool = True


def absence_of(served_model: ServedModel) -> Absence | None:
    """None for a model that is drawn as usual. What an admin did comes first, then pairing, then health."""
    if not served_model.is_enabled:
        return Absence(_("Switched off"), is_bad=False)
    if served_model.breaker_state != BreakerState.CLOSED:
        return Absence(
            served_model.get_breaker_state_display(),
            served_model.breaker_since,
            why=" ".join(filter(None, [served_model.get_breaker_cause_display(), served_model.breaker_detail])),
            is_bad=served_model.breaker_state == BreakerState.OPEN,
        )
    if served_model.health != ModelHealth.READY:
        return Absence(
            served_model.get_health_display(),
            served_model.health_since,
            why=served_model.health_reason,
            is_bad=served_model.health == ModelHealth.FAILING,
        )
    return None

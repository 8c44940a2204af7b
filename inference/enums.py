"""Choices that this app stores in the database."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from inference.breaker import Cause, State


class SystemPromptMode(TextChoices):
    """Where a system prompt goes, for models with and without a system role; see `inference.prompting`."""

    SYSTEM = "system", _("System message")
    USER_TURN = "user_turn", _("Start of the first user turn")
    NONE = "none", _("Left out")


class ModelHealth(TextChoices):
    """What the last probe of a served model found."""

    UNKNOWN = "unknown", _("Not probed yet")
    WARMING_UP = "warming_up", _("Warming up")
    READY = "ready", _("Ready")
    FAILING = "failing", _("Failing")


class BreakerState(TextChoices):
    """Whether battles are drawn with a served model; see `inference.breaker`."""

    CLOSED = State.CLOSED.value, _("In pairing")
    OPEN = State.OPEN.value, _("Out of pairing")
    HALF_OPEN = State.HALF_OPEN.value, _("On trial")


class BreakerCause(TextChoices):
    """Why that changed."""

    ANSWERS = Cause.ANSWERS.value, _("Several answers failed one after the other.")
    PROBES = Cause.PROBES.value, _("Probes failed one after the other.")
    BURST = Cause.BURST.value, _("Many answers failed within a minute.")
    COOLED_DOWN = Cause.COOLED_DOWN.value, _("The pause is over and the probe went well: one battle tries it.")
    TRIAL_ANSWERED = Cause.TRIAL_ANSWERED.value, _("It answered in the battle that tried it.")
    TRIAL_FAILED = Cause.TRIAL_FAILED.value, _("It failed in the battle that tried it.")
    BY_HAND = Cause.BY_HAND.value, _("By hand.")


class ChangeKind(TextChoices):
    """What of a served model changed."""

    HEALTH = "health", _("Health")
    BREAKER = "breaker", _("Pairing")

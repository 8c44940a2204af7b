"""Choices that this app stores in the database."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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

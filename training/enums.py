"""Enumerations of this app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RunState(TextChoices):
    """How a run of a stage stands. One that was killed stays running, with the time of its last sign of life."""

    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    WAITING = "waiting", _("Own share done")
    FAILED = "failed", _("Failed")
    INTERRUPTED = "interrupted", _("Interrupted")

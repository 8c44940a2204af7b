"""The closed vocabularies of published rankings. Their values are the estimators' own, and the command line's."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MethodChoice(TextChoices):
    BRADLEY_TERRY = "bradley-terry", _("Bradley-Terry")
    DAVIDSON = "davidson", _("Davidson")
    RAO_KUPPER = "rao-kupper", _("Rao-Kupper")
    ELO = "elo", _("Elo")


class IntervalChoice(TextChoices):
    BOOTSTRAP = "bootstrap", _("Bootstrap")
    SANDWICH = "sandwich", _("Sandwich")
    NONE = "none", _("None")


class ClusterChoice(TextChoices):
    VOTER = "voter", _("Those of one voter")
    NONE = "none", _("None: each vote is taken by itself")


class TieChoice(TextChoices):
    HALF = "half", _("Half a win each")
    DROP = "drop", _("Left out")


class Origin(TextChoices):
    SCHEDULE = "schedule", _("By schedule")
    HAND = "hand", _("By hand")


class Every(TextChoices):
    HOUR = "hour", _("Every hour")
    DAY = "day", _("Every day")
    WEEK = "week", _("Every week")
    NEVER = "never", _("By hand only")


class ComputationStatus(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FAILED = "failed", _("Failed")


class Step(TextChoices):
    """What a computation does, in order."""

    QUEUE = "queue", _("Waiting for its turn")
    READ = "read", _("Reading the votes")
    FIT = "fit", _("Computing ratings and intervals")
    COMPARE = "compare", _("Comparing the models pair by pair")
    STORE = "store", _("Storing the ranking")

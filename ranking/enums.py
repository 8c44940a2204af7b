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

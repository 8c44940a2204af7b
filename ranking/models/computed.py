"""What every computed ranking has: of what it is, how it was computed, and what came out."""

from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.enums import ClusterChoice, IntervalChoice, MethodChoice, TieChoice
from ranking.selections import Selection


class SelectedVotes(models.Model):
    """Which votes: of a campaign, on a dimension, of a slice, with ties or without, with style held equal or not."""

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="%(class)ss"
    )
    dimension = models.SlugField(_("dimension"), max_length=40)
    slice = models.CharField(
        _("slice"),
        max_length=300,
        blank=True,
        default="",
        help_text=_("Conditions key=value; empty for all votes."),
    )
    ties = models.CharField(_("ties"), max_length=8, choices=TieChoice, default=TieChoice.HALF)
    style_control = models.BooleanField(_("style held equal"), default=False)

    class Meta:
        abstract = True

    @property
    def selection(self) -> Selection:
        return Selection(slice=self.slice, without_ties=self.ties == TieChoice.DROP, style_control=self.style_control)


class ComputedRanking(SelectedVotes):
    """A ranking with all that is needed to compute it again."""

    method = models.CharField(_("method"), max_length=20, choices=MethodChoice)
    interval = models.CharField(_("interval"), max_length=20, choices=IntervalChoice)
    cluster = models.CharField(_("votes that belong together"), max_length=20, choices=ClusterChoice)
    level = models.FloatField(_("level"))
    rounds = models.PositiveIntegerField(_("bootstrap rounds"), validators=[MinValueValidator(1)])
    seed = models.PositiveBigIntegerField(_("seed"))
    further_options = models.JSONField(
        _("further options"), default=dict, blank=True, help_text=_("Of the estimator, where they are not its own.")
    )
    cut_off = models.DateTimeField(_("newest vote in it"))
    n_ballots = models.PositiveIntegerField(_("votes"))
    n_battles = models.PositiveIntegerField(_("votes ranked"))
    input_sha256 = models.CharField(_("fingerprint of the votes"), max_length=64)
    result = models.JSONField(_("result"), help_text=_("What rank --format json prints."))
    notices = models.JSONField(_("notices"), default=list)
    pairs = models.JSONField(
        _("results of each pair"), default=list, help_text=_("First, second, wins of each, and ties.")
    )
    comparisons = models.JSONField(
        _("comparisons of pairs"), default=dict, help_text=_("Differences, their probabilities, predicted win rates.")
    )
    software = models.CharField(_("software"), max_length=200, help_text=_("What computed it, with versions."))
    seconds = models.FloatField(_("seconds it took"), default=0.0)
    created_at = models.DateTimeField(_("computed"), default=timezone.now)

    #: What is the same in a published ranking and in the current one that it was taken from.
    CONTENT: ClassVar[tuple[str, ...]] = (
        *("campaign", "dimension", "slice", "ties", "style_control"),
        *("method", "interval", "cluster", "level", "rounds", "seed", "further_options"),
        *("cut_off", "n_ballots", "n_battles", "input_sha256"),
        *("result", "notices", "pairs", "comparisons", "software", "seconds", "created_at"),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(level__gt=0, level__lt=1), name="%(class)s_level_valid"),
            models.CheckConstraint(condition=Q(rounds__gte=1), name="%(class)s_rounds_positive"),
            models.CheckConstraint(condition=Q(method__in=MethodChoice.values), name="%(class)s_method_valid"),
            models.CheckConstraint(condition=Q(interval__in=IntervalChoice.values), name="%(class)s_interval_valid"),
            models.CheckConstraint(condition=Q(cluster__in=ClusterChoice.values), name="%(class)s_cluster_valid"),
            models.CheckConstraint(condition=Q(ties__in=TieChoice.values), name="%(class)s_ties_valid"),
            models.CheckConstraint(
                condition=Q(input_sha256__regex=r"^[0-9a-f]{64}$"), name="%(class)s_fingerprint_is_sha256"
            ),
        ]

    def content(self) -> dict[str, Any]:
        """Everything but the key, to make the same ranking elsewhere from."""
        return {name: getattr(self, name) for name in self.CONTENT}

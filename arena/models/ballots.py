"""Ballots, and the reports of volunteers."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arena.enums import Choice, Outcome, ReportKind, ReportResolution
from arena.models.battles import Answer, Battle
from arena.models.campaigns import Campaign
from arena.models.people import Participant


class BallotQuerySet(models.QuerySet["Ballot"]):
    def counted(self) -> "BallotQuerySet":
        """Votes that rankings and exports use: quarantined ones are kept and left out."""
        return self.filter(quarantined_at__isnull=True)

    def of_campaign(self, campaign: Campaign) -> "BallotQuerySet":
        return self.filter(battle__campaign=campaign)

    def without_self_identified(self) -> "BallotQuerySet":
        """Votes on answers none of which names a model or its maker."""
        named = Answer.objects.filter(turn__battle=OuterRef("battle"), self_identified=True)
        return self.filter(~Exists(named))

    def awaiting_collection(self) -> "BallotQuerySet":
        """In the order in which they are collected."""
        return self.filter(collected_at__isnull=True, quarantined_at__isnull=True).order_by("pk")


class Ballot(models.Model):
    """The volunteer's judgement of a battle. A row here is an accepted ballot, which is a vote."""

    battle = models.OneToOneField(Battle, verbose_name=_("battle"), on_delete=models.PROTECT, related_name="ballot")
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    created_at = models.DateTimeField(_("cast"), default=timezone.now)
    # Derived by collection, and derivable again from the judgements at any time.
    winner = models.CharField(_("overall winner"), max_length=3, blank=True, choices=Outcome)
    collected_at = models.DateTimeField(_("collected"), null=True, blank=True, editable=False)
    quarantined_at = models.DateTimeField(_("quarantined"), null=True, blank=True, editable=False)

    objects: ClassVar[BallotQuerySet] = BallotQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("ballot")
        verbose_name_plural = _("ballots")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(winner__in=["", *Outcome.values]), name="ballot_winner_valid"),
            models.CheckConstraint(
                condition=Q(collected_at__isnull=False) | Q(winner=""), name="ballot_winner_only_collected"
            ),
            models.CheckConstraint(
                condition=Q(quarantined_at__isnull=True) | Q(collected_at__isnull=True),
                name="ballot_quarantined_is_not_collected",
            ),
        ]
        indexes = [
            # Serves collection and its sweep.
            models.Index(
                fields=["id"],
                condition=Q(collected_at__isnull=True, quarantined_at__isnull=True),
                name="ballot_awaiting_collection",
            ),
            # Serves votes an hour and "newest vote".
            models.Index(fields=["created_at"], name="ballot_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.battle}"

    def choices(self) -> dict[str, str]:
        """What was said, by dimension."""
        return {judgement.dimension: judgement.choice for judgement in self.judgements.all()}


class Judgement(models.Model):
    """What a ballot says of one dimension."""

    ballot = models.ForeignKey(Ballot, verbose_name=_("ballot"), on_delete=models.CASCADE, related_name="judgements")
    dimension = models.SlugField(_("dimension"), max_length=40)
    choice = models.CharField(_("choice"), max_length=10, choices=Choice)

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        ordering = ["ballot", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["ballot", "dimension"], name="one_judgement_per_dimension"),
            models.CheckConstraint(
                condition=Q(choice__in=Choice.values),
                name="ballot_choice_valid",
                violation_error_message=_("This is no choice of the ballot."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.choice}"


class ReportQuerySet(models.QuerySet["Report"]):
    def unresolved(self) -> "ReportQuerySet":
        """The queue, oldest first."""
        return self.filter(resolved_at__isnull=True).order_by("created_at", "pk")


class Report(models.Model):
    """A volunteer's word that something in a battle is wrong."""

    battle = models.ForeignKey(Battle, verbose_name=_("battle"), on_delete=models.PROTECT, related_name="reports")
    participant = models.ForeignKey(
        Participant, verbose_name=_("participant"), on_delete=models.PROTECT, related_name="reports"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=ReportKind)
    reason = models.TextField(_("reason"), max_length=1000)
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("resolved by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    resolution = models.CharField(_("resolution"), max_length=10, blank=True, choices=ReportResolution)

    objects: ClassVar[ReportQuerySet] = ReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ReportKind.values), name="report_kind_valid"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolution="")
                | Q(resolved_at__isnull=False, resolution__in=ReportResolution.values),
                name="report_resolved_iff_resolution",
            ),
            models.UniqueConstraint(
                fields=["battle", "kind"],
                name="report_once_per_kind",
                violation_error_message=_("You have reported this already."),
            ),
        ]
        indexes = [
            # Serves the queue.
            models.Index(fields=["created_at"], condition=Q(resolved_at__isnull=True), name="report_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.battle}"

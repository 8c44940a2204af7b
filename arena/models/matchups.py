"""Competitors, and the matchups in which they meet."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from arena.enums import MatchupState, PairingPolicy
from arena.models.campaigns import Campaign
from arena.validators import validate_extra_parameters, validate_factors
from inference.models import ServedModel


class CompetitorQuerySet(models.QuerySet["Competitor"]):
    def able_to_answer(self, trial: str = "") -> "CompetitorQuerySet":
        """Competitors whose served model is enabled, healthy and in pairing, or on trial by the battle `trial`."""
        return self.filter(is_active=True, served_model__in=ServedModel.objects.usable(trial))


class Competitor(models.Model):
    """One entry of a campaign: a served model with a system prompt, sampling parameters and factors."""

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="competitors"
    )
    served_model = models.ForeignKey(
        ServedModel,
        verbose_name=_("served model"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="competitors",
        help_text=_("Empty for a model that is only known from imported votes."),
    )
    name = models.CharField(_("name in rankings"), max_length=120)
    is_active = models.BooleanField(_("may be drawn"), default=True)
    system_prompt = models.TextField(
        _("system prompt"), blank=True, help_text=_("{date} becomes the date of the battle.")
    )
    temperature = models.FloatField(
        _("temperature"), default=0.9, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    top_p = models.FloatField(_("top p"), default=0.95, validators=[MinValueValidator(0), MaxValueValidator(1)])
    max_tokens = models.PositiveIntegerField(_("most new tokens"), default=2048, validators=[MinValueValidator(1)])
    extra_parameters = models.JSONField(
        _("further sampling parameters"),
        default=dict,
        blank=True,
        validators=[validate_extra_parameters],
        help_text=_('Sent as they are, for example {"repetition_penalty": 1.1}.'),
    )
    factors = models.JSONField(
        _("factors"),
        default=dict,
        blank=True,
        validators=[validate_factors],
        help_text=_('What the model is made of, for example {"backbone": "instruct", "corpus": "eu"}.'),
    )
    base = models.CharField(
        _("trained from"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("The name of the model that it was trained from, with which its benchmarks are compared."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[CompetitorQuerySet] = CompetitorQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("competitor")
        verbose_name_plural = _("competitors")
        ordering = ["campaign", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "name"],
                name="competitor_name_once_per_campaign",
                violation_error_message=_("Another competitor of this campaign has this name."),
            ),
            models.CheckConstraint(
                condition=Q(temperature__gte=0, temperature__lte=2, top_p__gt=0, top_p__lte=1, max_tokens__gte=1),
                name="competitor_sampling_valid",
                violation_error_message=_("Temperature is 0 to 2, top p is above 0 and at most 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MatchupQuerySet(models.QuerySet["Matchup"]):
    def running(self) -> "MatchupQuerySet":
        return self.filter(state=MatchupState.RUNNING)


class Matchup(models.Model):
    """What an admin launches: who meets whom, drawn how, until how many votes."""

    #: From each state, the states that may follow.
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        MatchupState.DRAFT: frozenset({MatchupState.RUNNING}),
        MatchupState.RUNNING: frozenset({MatchupState.PAUSED, MatchupState.FINISHED}),
        MatchupState.PAUSED: frozenset({MatchupState.RUNNING, MatchupState.FINISHED}),
        MatchupState.FINISHED: frozenset(),
    }

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="matchups"
    )
    name = models.CharField(_("name"), max_length=120)
    state = models.CharField(_("state"), max_length=10, choices=MatchupState, default=MatchupState.DRAFT)
    pairing_policy = models.CharField(
        _("pairing"), max_length=12, choices=PairingPolicy, default=PairingPolicy.UNCERTAINTY
    )
    target_votes = models.PositiveIntegerField(
        _("target votes, over all pairs"), default=500, validators=[MinValueValidator(1)]
    )
    stop_at_target = models.BooleanField(
        _("finish when the target is reached"), default=False, help_text=_("Otherwise it goes on until you finish it.")
    )
    competitors: "models.ManyToManyField[Competitor, MatchupEntry]" = models.ManyToManyField(
        Competitor, verbose_name=_("competitors"), through="MatchupEntry", related_name="matchups"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

    objects: ClassVar[MatchupQuerySet] = MatchupQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("matchup")
        verbose_name_plural = _("matchups")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "name"], name="matchup_name_once_per_campaign"),
            models.CheckConstraint(condition=Q(state__in=MatchupState.values), name="matchup_state_valid"),
            models.CheckConstraint(
                condition=Q(state=MatchupState.FINISHED, finished_at__isnull=False)
                | ~Q(state=MatchupState.FINISHED) & Q(finished_at__isnull=True),
                name="matchup_finished_iff_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(state=MatchupState.DRAFT) | Q(started_at__isnull=False),
                name="matchup_started_once_out_of_draft",
            ),
            models.CheckConstraint(condition=Q(target_votes__gte=1), name="matchup_target_positive"),
        ]
        indexes = [
            # Serves the draw: the running matchups of a campaign.
            models.Index(fields=["campaign"], condition=Q(state=MatchupState.RUNNING), name="matchup_running"),
        ]

    def __str__(self) -> str:
        return self.name


class MatchupEntry(models.Model):
    """That a competitor takes part in a matchup, and how often it is drawn where pairing is weighted."""

    matchup = models.ForeignKey(Matchup, verbose_name=_("matchup"), on_delete=models.CASCADE, related_name="entries")
    competitor = models.ForeignKey(
        Competitor, verbose_name=_("competitor"), on_delete=models.PROTECT, related_name="entries"
    )
    weight = models.FloatField(_("weight"), default=1.0, help_text=_("Used by weighted pairing only."))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(
                fields=["matchup", "competitor"],
                name="matchup_entry_once",
                violation_error_message=_("A competitor is in a matchup once."),
            ),
            models.CheckConstraint(
                condition=Q(weight__gt=0),
                name="matchup_entry_weight_positive",
                violation_error_message=_("A weight is above 0."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.matchup}: {self.competitor}"

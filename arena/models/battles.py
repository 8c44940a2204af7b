"""Battles, their turns, and the two answers of each."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arena.enums import ENDED_ANSWERS, RUNNING_ANSWERS, AnswerStatus, BattleStatus, Side
from arena.models.campaigns import Campaign
from arena.models.matchups import Competitor, Matchup
from arena.models.people import Participant


class BattleQuerySet(models.QuerySet["Battle"]):
    def open(self) -> "BattleQuerySet":
        return self.filter(status=BattleStatus.OPEN)

    def of(self, participant: Participant) -> "BattleQuerySet":
        return self.filter(participant=participant)

    def with_prompt(self) -> "BattleQuerySet":
        return self.filter(Exists(Turn.objects.filter(battle=OuterRef("pk"))))

    def with_conversation(self) -> "BattleQuerySet":
        """Turns and answers fetched along, in order."""
        return self.select_related("competitor_a", "competitor_b", "campaign", "matchup").prefetch_related(
            models.Prefetch("turns", Turn.objects.order_by("index").prefetch_related("answers"))
        )


class Battle(models.Model):
    """One volunteer's blind comparison of two competitors. What stands behind a side is secret until the ballot."""

    uid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="battles")
    matchup = models.ForeignKey(Matchup, verbose_name=_("matchup"), on_delete=models.PROTECT, related_name="battles")
    participant = models.ForeignKey(
        Participant, verbose_name=_("participant"), on_delete=models.PROTECT, related_name="battles"
    )
    competitor_a = models.ForeignKey(
        Competitor, verbose_name=_("competitor A"), on_delete=models.PROTECT, related_name="battles_as_a"
    )
    competitor_b = models.ForeignKey(
        Competitor, verbose_name=_("competitor B"), on_delete=models.PROTECT, related_name="battles_as_b"
    )
    pairing_policy = models.CharField(_("pairing"), max_length=12, blank=True)
    draw_probability = models.FloatField(
        _("probability of this draw"),
        null=True,
        blank=True,
        help_text=_("Of this matchup, this pair and these sides together. Unknown for imported battles."),
    )
    language = models.CharField(_("language of the page"), max_length=8, default="eu")
    status = models.CharField(_("status"), max_length=10, choices=BattleStatus, default=BattleStatus.OPEN)
    skip_reason = models.CharField(_("reason of the skip"), max_length=300, blank=True)
    redrawn_from = models.ForeignKey(
        "self",
        verbose_name=_("redrawn from"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="redrawn_as",
    )
    external_id = models.CharField(_("id in the imported file"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects: ClassVar[BattleQuerySet] = BattleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("battle")
        verbose_name_plural = _("battles")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(competitor_a=F("competitor_b")),
                name="battle_competitors_differ",
                violation_error_message=_("A competitor does not meet itself."),
            ),
            models.CheckConstraint(
                condition=Q(status=BattleStatus.OPEN, closed_at__isnull=True)
                | ~Q(status=BattleStatus.OPEN) & Q(closed_at__isnull=False),
                name="battle_closed_iff_closed_at",
            ),
            models.CheckConstraint(condition=Q(status__in=BattleStatus.values), name="battle_status_valid"),
            models.CheckConstraint(
                condition=Q(draw_probability__isnull=True) | Q(draw_probability__gt=0, draw_probability__lte=1),
                name="battle_draw_probability_valid",
            ),
            models.UniqueConstraint(
                fields=["campaign", "participant"],
                condition=Q(status=BattleStatus.OPEN),
                name="one_open_battle_per_participant",
                violation_error_message=_("You have an open battle already."),
            ),
            models.UniqueConstraint(
                fields=["campaign", "external_id"],
                condition=~Q(external_id=""),
                name="battle_imported_once",
                violation_error_message=_("This battle was imported before."),
            ),
        ]
        indexes = [
            # Serves a volunteer's own page and the limit of battles an hour.
            models.Index(fields=["participant", "-created_at"], name="battle_by_participant"),
            # Serves the admin's list, newest first.
            models.Index(fields=["-created_at", "-id"], name="battle_newest_first"),
            # Serves the matchup page, newest first.
            models.Index(fields=["matchup", "-created_at"], name="battle_by_matchup"),
        ]

    def __str__(self) -> str:
        return f"{self.uid}"

    def competitor(self, side: str) -> Competitor:
        return self.competitor_a if side == Side.A else self.competitor_b

    def competitor_id(self, side: str) -> int:
        return self.competitor_a_id if side == Side.A else self.competitor_b_id

    @property
    def is_open(self) -> bool:
        return self.status == BattleStatus.OPEN


class Turn(models.Model):
    """One prompt and its two answers. The first turn of a battle is 1."""

    battle = models.ForeignKey(Battle, verbose_name=_("battle"), on_delete=models.CASCADE, related_name="turns")
    index = models.PositiveIntegerField()
    prompt = models.TextField(_("prompt"))
    # Labelled by the worker after the battle, never in a volunteer's way. A source without a label: nobody could tell.
    # A turn that is still to be labelled has no source.
    language = models.CharField(_("language of the prompt"), max_length=8, blank=True)
    language_source = models.CharField(_("who told the language"), max_length=60, blank=True)
    category = models.CharField(_("category of the prompt"), max_length=40, blank=True)
    category_source = models.CharField(_("who told the category"), max_length=130, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["battle", "index"]
        constraints = [
            models.UniqueConstraint(fields=["battle", "index"], name="turn_index_once_per_battle"),
            models.CheckConstraint(condition=Q(index__gte=1), name="turn_index_from_one"),
            models.CheckConstraint(condition=~Q(prompt=""), name="turn_prompt_not_empty"),
            models.CheckConstraint(condition=Q(language="") | ~Q(language_source=""), name="turn_language_has_source"),
            models.CheckConstraint(condition=Q(category="") | ~Q(category_source=""), name="turn_category_has_source"),
        ]
        indexes = [
            # Serve the labelling of prompts.
            models.Index(fields=["id"], condition=Q(language_source=""), name="turn_awaiting_language"),
            models.Index(fields=["id"], condition=Q(category_source=""), name="turn_awaiting_category"),
        ]

    def __str__(self) -> str:
        return f"{self.battle} / {self.index}"

    def answer(self, side: str) -> "Answer":
        """The answer of one side. Reads what is prefetched."""
        return next(answer for answer in self.answers.all() if answer.side == side)


class AnswerQuerySet(models.QuerySet["Answer"]):
    def running(self) -> "AnswerQuerySet":
        return self.filter(status__in=RUNNING_ANSWERS)

    def lost(self, now: datetime | None = None) -> "AnswerQuerySet":
        """Running answers without a heartbeat: the process that streamed them is gone."""
        cutoff = (now or timezone.now()) - timedelta(seconds=settings.ANSWER_LOST_SECONDS)
        return self.running().filter(heartbeat_at__lt=cutoff)


class Answer(models.Model):
    """One side's reply in a turn."""

    #: From each status, the statuses that may follow. A failed or stopped answer may be tried again.
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        AnswerStatus.WAITING: frozenset({AnswerStatus.STREAMING, *ENDED_ANSWERS}),
        AnswerStatus.STREAMING: frozenset(ENDED_ANSWERS),
        AnswerStatus.COMPLETE: frozenset(),
        AnswerStatus.STOPPED: frozenset({AnswerStatus.WAITING}),
        AnswerStatus.FAILED: frozenset({AnswerStatus.WAITING}),
    }

    #: Its place in the queue of its model, from 1, where `arena.places.note_places` has looked and it is in one.
    place: int | None = None

    turn = models.ForeignKey(Turn, verbose_name=_("turn"), on_delete=models.CASCADE, related_name="answers")
    side = models.CharField(_("side"), max_length=1, choices=Side)
    status = models.CharField(_("status"), max_length=10, choices=AnswerStatus, default=AnswerStatus.WAITING)
    text = models.TextField(_("text"), blank=True)
    reasoning = models.TextField(_("reasoning"), blank=True)
    # As of a turn's prompt.
    language = models.CharField(_("language of the answer"), max_length=8, blank=True)
    language_source = models.CharField(_("who told the language"), max_length=60, blank=True)
    # By the campaign's list of names, when the answer ended or the list was last applied.
    self_identified = models.BooleanField(_("names a model or its maker"), default=False)
    # Which run of the streaming this row belongs to. A runner that finds another number here has been replaced and
    # writes nothing more.
    run = models.PositiveIntegerField(default=1, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    failure_kind = models.CharField(_("kind of failure"), max_length=30, blank=True)
    failure_detail = models.TextField(_("detail of failure, for admins"), blank=True)
    system_prompt = models.TextField(_("system prompt as sent"), blank=True)
    parameters = models.JSONField(_("sampling parameters as sent"), default=dict, blank=True)
    model_name = models.CharField(_("model as served"), max_length=200, blank=True)
    model_revision = models.CharField(_("revision as served"), max_length=200, blank=True)
    finish_reason = models.CharField(_("finish reason"), max_length=30, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(_("completion tokens"), null=True, blank=True)
    first_token_ms = models.PositiveIntegerField(_("time to first token (ms)"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)
    # Before the model was asked, from where the other times are counted. Empty where it has no limit.
    queued_ms = models.PositiveIntegerField(_("time in the queue (ms)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects: ClassVar[AnswerQuerySet] = AnswerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["turn", "side"]
        constraints = [
            models.UniqueConstraint(fields=["turn", "side"], name="one_answer_per_side"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="answer_side_valid"),
            models.CheckConstraint(condition=Q(status__in=AnswerStatus.values), name="answer_status_valid"),
            models.CheckConstraint(
                condition=Q(status__in=ENDED_ANSWERS, ended_at__isnull=False)
                | Q(status__in=RUNNING_ANSWERS, ended_at__isnull=True),
                name="answer_ended_iff_ended_at",
            ),
            models.CheckConstraint(
                condition=~Q(status=AnswerStatus.COMPLETE) | ~Q(text=""),
                name="answer_complete_has_text",
                violation_error_message=_("An answer without text is not complete."),
            ),
            models.CheckConstraint(
                condition=Q(self_identified=False) | ~Q(text=""), name="answer_self_identified_has_text"
            ),
            models.CheckConstraint(
                condition=Q(status=AnswerStatus.FAILED) & ~Q(failure_kind="")
                | ~Q(status=AnswerStatus.FAILED) & Q(failure_kind=""),
                name="answer_failed_iff_kind",
            ),
            models.CheckConstraint(
                condition=Q(language="") | ~Q(language_source=""), name="answer_language_has_source"
            ),
        ]
        indexes = [
            # Serves the sweep of answers whose process died.
            models.Index(
                fields=["heartbeat_at"], condition=Q(status__in=RUNNING_ANSWERS), name="answer_running_heartbeat"
            ),
            # Serves the labelling of answers.
            models.Index(
                fields=["id"],
                condition=Q(language_source="", status__in=ENDED_ANSWERS) & ~Q(text=""),
                name="answer_awaiting_language",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.turn} {self.side}"

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING_ANSWERS

    @property
    def is_lost(self) -> bool:
        """Whether the process that streamed it is gone; the same rule as `AnswerQuerySet.lost`."""
        patience = timedelta(seconds=settings.ANSWER_LOST_SECONDS)
        return self.is_running and self.heartbeat_at < timezone.now() - patience

    @property
    def can_be_judged(self) -> bool:
        """Whether a volunteer can vote on it: it ended by itself or was stopped, and says something."""
        return self.status in (AnswerStatus.COMPLETE, AnswerStatus.STOPPED) and bool(self.text.strip())

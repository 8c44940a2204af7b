"""A public evaluation and its texts."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from arena.ballot_forms import BallotForm, default_form, parse_form
from arena.categories import default_categories
from arena.enums import CampaignStatus, CategorySource, LeaderboardPolicy, MatchupState, RevealPolicy
from arena.self_identification import DEFAULT_WORDS
from arena.validators import (
    validate_ballot_form,
    validate_categories,
    validate_languages,
    validate_self_identifying_words,
)
from inference.models import ServedModel

if TYPE_CHECKING:
    from arena.models.matchups import Matchup

T = TypeVar("T", "CampaignText", "ConsentText")


def all_languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def public(self) -> "CampaignQuerySet":
        """What visitors may know of: everything but drafts."""
        return self.exclude(status=CampaignStatus.DRAFT)

    def accepting(self, now: datetime | None = None) -> "CampaignQuerySet":
        """Open campaigns, inside their dates."""
        now = now or timezone.now()
        return self.filter(status=CampaignStatus.OPEN, starts_at__lte=now).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=now)
        )

    def featured(self) -> "Campaign | None":
        """The campaign that the home page is about: the newest that accepts votes, else the newest public one."""
        return (
            self.accepting().order_by("-starts_at", "-pk").first()
            or self.public().order_by("-starts_at", "-pk").first()
        )


class Campaign(models.Model):
    """A public evaluation: dates, languages, ballot form, policies and limits."""

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name for admins"), max_length=120)
    status = models.CharField(_("status"), max_length=10, choices=CampaignStatus, default=CampaignStatus.DRAFT)
    starts_at = models.DateTimeField(_("starts"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    languages = models.JSONField(_("languages of its pages"), default=all_languages, validators=[validate_languages])
    ballot_form = models.JSONField(
        _("ballot form"),
        default=default_form,
        validators=[validate_ballot_form],
        help_text=_("Dimensions, the choices of each, reasons and comment. See docs/protocol.md."),
    )
    reveal_policy = models.CharField(
        _("the models are revealed"), max_length=16, choices=RevealPolicy, default=RevealPolicy.AFTER_VOTE
    )
    leaderboard_policy = models.CharField(
        _("the ranking is shown"), max_length=16, choices=LeaderboardPolicy, default=LeaderboardPolicy.AFTER_CAMPAIGN
    )
    requires_email = models.BooleanField(
        _("accounts need an e-mail address"), default=False, help_text=_("For the raffle.")
    )
    votes_per_ticket = models.PositiveIntegerField(
        _("votes for one raffle ticket"), default=10, validators=[MinValueValidator(1)]
    )
    max_prompt_chars = models.PositiveIntegerField(
        _("longest prompt, in characters"), default=2000, validators=[MinValueValidator(1)]
    )
    max_turns = models.PositiveIntegerField(_("most turns of a battle"), default=5, validators=[MinValueValidator(1)])
    max_battles_per_hour = models.PositiveIntegerField(
        _("most battles an hour, per person"), default=60, validators=[MinValueValidator(1)]
    )
    self_identifying_words = models.TextField(
        _("names of models and makers"),
        default=DEFAULT_WORDS,
        blank=True,
        validators=[validate_self_identifying_words],
        help_text=_(
            "One a line. An answer with one of these names is marked, so that researchers can leave its vote out. Case "
            "does not matter, except between quotation marks. Basque endings and versions may follow: GPT finds GPTk, "
            "GPT-ren and GPT-4o, and not EGPT."
        ),
    )
    category_source = models.CharField(
        _("prompts are sorted by"),
        max_length=10,
        choices=CategorySource,
        default=CategorySource.RULES,
        help_text=_("In the background, after the battle, so that rankings can be made of one kind of prompt."),
    )
    category_model = models.ForeignKey(
        ServedModel,
        verbose_name=_("model that sorts prompts"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only where a model sorts them. Best one that is no competitor of the campaign."),
    )
    categories = models.TextField(
        _("categories of prompts"),
        default=default_categories,
        validators=[validate_categories],
        help_text=_(
            "One a line, in small letters without spaces. The rules know writing, translation, summary, code, maths, "
            "knowledge, chat and other; a model can be given others."
        ),
    )
    show_live_elo = models.BooleanField(
        _("volunteers see a live Elo"),
        default=False,
        help_text=_(
            "A sign of where the votes go, on the page of the ranking and after a vote. It is not the ranking."
        ),
    )
    # Votes went into quarantine or came back: what collection counted has to be counted again.
    recount_needed = models.BooleanField(_("its votes are to be counted again"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[CampaignQuerySet] = CampaignQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="campaign_ends_after_start",
                violation_error_message=_("A campaign ends after it starts."),
            ),
            models.CheckConstraint(condition=Q(status__in=CampaignStatus.values), name="campaign_status_valid"),
            models.CheckConstraint(
                condition=Q(category_source__in=CategorySource.values), name="campaign_category_source_valid"
            ),
            models.CheckConstraint(
                condition=Q(votes_per_ticket__gte=1, max_prompt_chars__gte=1, max_turns__gte=1)
                & Q(max_battles_per_hour__gte=1),
                name="campaign_limits_positive",
                violation_error_message=_("Limits are at least 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.category_source == CategorySource.MODEL and self.category_model is None:
            raise ValidationError({"category_model": _("Say which model sorts the prompts.")})

    @property
    def form(self) -> BallotForm:
        """The ballot form, parsed."""
        return parse_form(self.ballot_form)

    @property
    def is_over(self) -> bool:
        return self.status == CampaignStatus.CLOSED or (self.ends_at is not None and self.ends_at <= timezone.now())

    @property
    def is_accepting(self) -> bool:
        return self.status == CampaignStatus.OPEN and self.starts_at <= timezone.now() and not self.is_over

    @property
    def leaderboard_is_public(self) -> bool:
        match self.leaderboard_policy:
            case LeaderboardPolicy.ALWAYS:
                return True
            case LeaderboardPolicy.AFTER_CAMPAIGN:
                return self.is_over
            case _:
                return False

    def reveals_after_vote(self) -> bool:
        """Whether somebody who has voted may be told the names of the two models now."""
        return self.reveal_policy == RevealPolicy.AFTER_VOTE or (
            self.reveal_policy == RevealPolicy.AFTER_CAMPAIGN and self.is_over
        )

    def text(self, language: str | None = None) -> "CampaignText | None":
        """The texts in a language (the active one by default), else in Basque, else in any."""
        return _in_language(list(self.texts.all()), language)

    @property
    def consent_version(self) -> int:
        """The version that volunteers are asked to accept now; 0 where there is no text yet."""
        return max((text.version for text in self.consent_texts.all()), default=0)

    def consent_text(self, language: str | None = None) -> "ConsentText | None":
        version = self.consent_version
        return _in_language([text for text in self.consent_texts.all() if text.version == version], language)

    def prompts_to_start_from(self, language: str | None = None) -> "list[StartingPrompt]":
        """Starting prompts in the language, else in Basque."""
        prompts = list(self.starting_prompts.all())
        wanted = language or get_language()
        return [p for p in prompts if p.language == wanted] or [
            p for p in prompts if p.language == settings.LANGUAGE_CODE
        ]

    def running_matchups(self) -> "models.QuerySet[Matchup]":
        return self.matchups.filter(state=MatchupState.RUNNING)


def _in_language(texts: list[T], language: str | None) -> T | None:
    by_language = {text.language: text for text in texts}
    for code in (language or get_language(), settings.LANGUAGE_CODE):
        if code in by_language:
            return by_language[code]
    return texts[0] if texts else None


class CampaignText(models.Model):
    """What the pages say of a campaign, in one language."""

    campaign = models.ForeignKey(Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=120)
    tagline = models.CharField(_("in one sentence"), max_length=300, blank=True)
    notice = models.TextField(
        _("notice before the battle"),
        blank=True,
        help_text=_("For example, that models of very different quality meet."),
    )

    class Meta:
        verbose_name = _("campaign text")
        verbose_name_plural = _("campaign texts")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "language"], name="campaign_text_once_per_language"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} ({self.language})"


class ConsentText(models.Model):
    """One version of what volunteers agree to, in one language. Not edited once somebody has accepted it."""

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="consent_texts"
    )
    version = models.PositiveIntegerField(_("version"), default=1, validators=[MinValueValidator(1)])
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    body = models.TextField(_("text (markdown)"))

    class Meta:
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        ordering = ["-version", "language"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "version", "language"], name="consent_text_once_per_language"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} v{self.version} ({self.language})"


class StartingPrompt(models.Model):
    """A prompt that a volunteer without an idea can start from."""

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="starting_prompts"
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="eu")
    text = models.CharField(_("text"), max_length=500)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("starting prompt")
        verbose_name_plural = _("starting prompts")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text

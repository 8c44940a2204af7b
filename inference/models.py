"""Served models: what stands behind an answer, and whether it can be asked now."""

from datetime import datetime
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference.breaker_fields import BreakerFields, breaker_constraints
from inference.changes import ServedModelChange
from inference.enums import BreakerState, ModelHealth, SystemPromptMode
from inference.places import Place
from inference.probe_fields import ProbeFields, probe_constraints
from inference.validators import API_KEY_ENV_PATTERN, validate_base_url, validate_base_urls

__all__ = ["Place", "ServedModel", "ServedModelChange"]


class ServedModelQuerySet(models.QuerySet["ServedModel"]):
    """Reads of served models. The table has dozens of rows, so no index beside the unique name is worth its upkeep."""

    def enabled(self) -> Self:
        """Those that an admin has not switched off: they are probed."""
        return self.filter(is_enabled=True)

    def usable(self, trial: str = "", *, now: datetime | None = None) -> Self:
        """Those that a battle may be drawn with: enabled, ready when last probed, and in pairing.

        One on trial counts where nobody has the trial, or the battle `trial` has it; the same rule as
        `Breaker.may_be_asked_by`.
        """
        free = Q(breaker_trial__in=("", trial)) | Q(breaker_trial_until__lte=now or timezone.now())
        in_pairing = Q(breaker_state=BreakerState.CLOSED) | Q(breaker_state=BreakerState.HALF_OPEN) & free
        return self.enabled().filter(in_pairing, health=ModelHealth.READY)

    def warming_up(self) -> Self:
        """Those that are expected to be usable soon, as far as their launcher knows."""
        return self.enabled().filter(health=ModelHealth.WARMING_UP)


class ServedModel(ProbeFields, BreakerFields):
    """A model behind an OpenAI-compatible endpoint. Its key stays in the environment: only its variable is named."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Shown to admins only."))
    base_url = models.CharField(
        _("address"),
        max_length=300,
        validators=[validate_base_url],
        help_text=_("The address of the API, up to and with /v1."),
    )
    replica_urls = models.JSONField(
        _("further addresses"),
        default=list,
        blank=True,
        validators=[validate_base_urls],
        help_text=_(
            "Other servers of the same model, as a JSON list. Each answer goes to one of those that can be reached."
        ),
    )
    unreachable_urls = models.JSONField(
        _("addresses that do not answer"),
        default=list,
        editable=False,
        help_text=_("Those of its addresses that the last probe could not use."),
    )
    model_name = models.CharField(
        _("model name"),
        max_length=200,
        help_text=_("The name that the server knows the model by."),
    )
    revision = models.CharField(
        _("revision"),
        max_length=100,
        blank=True,
        help_text=_("Commit or version of the weights, for the record."),
    )
    api_key_env = models.CharField(
        _("variable of the key"),
        max_length=100,
        blank=True,
        validators=[RegexValidator(API_KEY_ENV_PATTERN, _("Write a name such as OPENAI_API_KEY."))],
        help_text=_("The environment variable that holds the key, such as OPENAI_API_KEY. Never the key itself."),
    )
    system_prompt_mode = models.CharField(
        _("system prompt"),
        max_length=20,
        choices=SystemPromptMode.choices,
        default=SystemPromptMode.SYSTEM,
    )

    connect_timeout = models.FloatField(_("time to connect, seconds"), default=5)
    first_token_timeout = models.FloatField(_("time to the first token, seconds"), default=60)
    silence_timeout = models.FloatField(_("longest silence between tokens, seconds"), default=30)
    max_concurrent_answers = models.PositiveIntegerField(
        _("answers at once"),
        null=True,
        blank=True,
        help_text=_("Leave empty for no limit."),
    )
    is_enabled = models.BooleanField(
        _("enabled"),
        default=True,
        help_text=_("A model that is switched off is neither probed nor drawn."),
    )

    health = models.CharField(
        _("health"),
        max_length=20,
        choices=ModelHealth.choices,
        default=ModelHealth.UNKNOWN,
        editable=False,
    )
    health_reason = models.CharField(_("reason"), max_length=500, blank=True, editable=False)
    health_checked_at = models.DateTimeField(_("last probe"), null=True, blank=True, editable=False)
    ready_since = models.DateTimeField(_("ready since"), null=True, blank=True, editable=False)
    warming_up_until = models.DateTimeField(
        _("warming up until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Set by the launcher of its server: until then, no connection means that it is still loading."),
    )

    objects = ServedModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("served model")
        verbose_name_plural = _("served models")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                name="servedmodel_base_url_is_http",
                condition=Q(base_url__startswith="http://") | Q(base_url__startswith="https://"),
                violation_error_message=_("The address must start with http:// or https:// and name a host."),
            ),
            models.CheckConstraint(
                name="servedmodel_model_name_given",
                condition=~Q(model_name=""),
                violation_error_message=_("Give the name that the server knows the model by."),
            ),
            models.CheckConstraint(
                name="servedmodel_api_key_env_is_variable",
                condition=Q(api_key_env="") | Q(api_key_env__regex=API_KEY_ENV_PATTERN),
                violation_error_message=_("Name a variable such as OPENAI_API_KEY, never the key itself."),
            ),
            models.CheckConstraint(
                name="servedmodel_system_prompt_mode_valid",
                condition=Q(system_prompt_mode__in=SystemPromptMode.values),
                violation_error_message=_("There is no such place for a system prompt."),
            ),
            models.CheckConstraint(
                name="servedmodel_timeouts_positive",
                condition=Q(
                    connect_timeout__gt=0,
                    first_token_timeout__gt=0,
                    silence_timeout__gt=0,
                ),
                violation_error_message=_("Times must be greater than zero."),
            ),
            models.CheckConstraint(
                name="servedmodel_connects_within_first_token",
                condition=Q(connect_timeout__lte=F("first_token_timeout")),
                violation_error_message=_("The time to connect is part of the time to the first token."),
            ),
            models.CheckConstraint(
                name="servedmodel_max_concurrent_answers_positive",
                condition=Q(max_concurrent_answers__isnull=True) | Q(max_concurrent_answers__gt=0),
                violation_error_message=_("At least one answer at once, or leave it empty."),
            ),
            models.CheckConstraint(
                name="servedmodel_health_valid",
                condition=Q(health__in=ModelHealth.values),
                violation_error_message=_("There is no such state of health."),
            ),
            models.CheckConstraint(
                name="servedmodel_ready_iff_ready_since",
                condition=Q(health=ModelHealth.READY, ready_since__isnull=False)
                | (~Q(health=ModelHealth.READY) & Q(ready_since__isnull=True)),
                violation_error_message=_("A model is ready if and only if it says since when."),
            ),
            *probe_constraints("servedmodel"),
            *breaker_constraints("servedmodel"),
        )

    def __str__(self) -> str:
        return self.name

    def is_usable_by(self, trial: str, now: datetime) -> bool:
        """Whether the battle `trial` may be drawn with this model; the same rule as `ServedModelQuerySet.usable`."""
        return self.is_enabled and self.health == ModelHealth.READY and self.breaker.may_be_asked_by(trial, now)

    @property
    def addresses(self) -> list[str]:
        """Every server of the model, the first one first. A probe asks each; the model is ready if one is."""
        return [self.base_url, *(url for url in self.replica_urls if url != self.base_url)]

    @property
    def reachable_addresses(self) -> list[str]:
        """Those that the last probe could use, or all where it could use none: never empty."""
        return [url for url in self.addresses if url not in self.unreachable_urls] or self.addresses

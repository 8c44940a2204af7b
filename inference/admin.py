"""Served models: where they answer, whether they do, and which variable holds their key."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from config.secrets import model_api_key
from inference.enums import ModelHealth
from inference.models import ServedModel
from inference.tasks import probe_served_models

if TYPE_CHECKING:
    ServedModelAdminBase = admin.ModelAdmin[ServedModel]
else:
    ServedModelAdminBase = admin.ModelAdmin

HEALTH_BADGES = {
    ModelHealth.UNKNOWN: "quiet",
    ModelHealth.WARMING_UP: "warn",
    ModelHealth.READY: "good",
    ModelHealth.FAILING: "bad",
}


@admin.register(ServedModel)
class ServedModelAdmin(ServedModelAdminBase):
    list_display = (
        "name",
        "health_badge",
        "probed",
        "base_url",
        "key",
        "is_enabled",
        "competitors_count",
    )
    list_filter = ("health", "is_enabled")
    search_fields = ("name", "model_name", "base_url")
    actions = ("probe_now",)
    readonly_fields = ("health_badge", "probed", "ready_since", "key")
    fieldsets = (
        (None, {"fields": ("name", "is_enabled")}),
        (gettext_lazy("Health"), {"fields": ("health_badge", "probed", "ready_since")}),
        (
            gettext_lazy("Where it answers"),
            {"fields": ("base_url", "model_name", "revision", "api_key_env", "key", "system_prompt_mode")},
        ),
        (
            gettext_lazy("Limits"),
            {
                "fields": (
                    ("connect_timeout", "first_token_timeout", "silence_timeout"),
                    "max_concurrent_answers",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServedModel]:
        return super().get_queryset(request).annotate(competitor_count=Count("competitors"))

    @admin.display(description=gettext_lazy("health"), ordering="health")
    def health_badge(self, served_model: ServedModel) -> SafeString:
        """The state, and why."""
        return format_html(
            '<span class="badge badge-{}">{}</span> <span class="why quiet">{}</span>',
            HEALTH_BADGES[ModelHealth(served_model.health)],
            served_model.get_health_display(),
            served_model.health_reason,
        )

    @admin.display(description=gettext_lazy("last probe"), ordering="health_checked_at")
    def probed(self, served_model: ServedModel) -> str:
        if served_model.health_checked_at is None:
            return "–"
        return _("%(time)s ago") % {"time": timesince(served_model.health_checked_at, timezone.now())}

    @admin.display(description=gettext_lazy("key"))
    def key(self, served_model: ServedModel) -> SafeString:
        """Whether the variable is set in this process; what is in it is never shown."""
        if not served_model.api_key_env:
            return format_html('<span class="quiet">{}</span>', _("None needed"))
        try:
            model_api_key(served_model.api_key_env)
        except ImproperlyConfigured:
            kind, state = "bad", _("not set")
        else:
            kind, state = "good", _("set")
        return format_html(
            '<code>{}</code> <span class="badge badge-{}">{}</span>', served_model.api_key_env, kind, state
        )

    @admin.display(description=gettext_lazy("competitors"), ordering="competitor_count")
    def competitors_count(self, served_model: Any) -> int:
        return int(served_model.competitor_count)

    @admin.action(description=gettext_lazy("Probe now"), permissions=["change"])
    def probe_now(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Asks the worker, which probes all enabled models: a slow one must not keep this page waiting."""
        try:
            probe_served_models.delay()
        except OperationalError:
            self.message_user(request, _("The worker cannot be reached. Is it running?"), messages.ERROR)
            return
        for served_model in queryset:
            self.log_change(request, served_model, _("Asked for a probe."))
        self.message_user(request, _("The models are being probed. Look again in a few seconds."), messages.SUCCESS)

"""Served models: where they answer, whether they do, and which variable holds their key."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from config.secrets import model_api_key
from inference.enums import BreakerState, ModelHealth
from inference.models import ServedModel, ServedModelChange
from inference.pairing import put_back_into_pairing, take_out_of_pairing
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
PAIRING_BADGES = {
    BreakerState.CLOSED: "good",
    BreakerState.HALF_OPEN: "warn",
    BreakerState.OPEN: "bad",
}
#: Changes shown on a model's page.
CHANGES_SHOWN = 50


@admin.register(ServedModel)
class ServedModelAdmin(ServedModelAdminBase):
    list_display = (
        "name",
        "health_badge",
        "pairing_badge",
        "load",
        "probed",
        "key",
        "is_enabled",
        "competitors_count",
        "base_url",
    )
    list_filter = ("health", "breaker_state", "is_enabled")
    search_fields = ("name", "model_name", "base_url")
    actions = ("probe_now", "put_back", "take_out")
    readonly_fields = ("health_badge", "pairing_badge", "probed", "latency", "load", "ready_since", "history", "key")
    fieldsets = (
        (None, {"fields": ("name", "is_enabled")}),
        (
            gettext_lazy("Health"),
            {"fields": ("health_badge", "pairing_badge", "probed", "latency", "load", "ready_since", "ask_seconds")},
        ),
        (
            gettext_lazy("Where it answers"),
            {
                "fields": (
                    "base_url",
                    "replica_urls",
                    "model_name",
                    "revision",
                    "api_key_env",
                    "key",
                    "system_prompt_mode",
                )
            },
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
        (gettext_lazy("What became of it"), {"fields": ("history",)}),
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

    @admin.display(description=gettext_lazy("pairing"), ordering="breaker_state")
    def pairing_badge(self, served_model: ServedModel) -> SafeString:
        """Whether battles are drawn with it, and why not."""
        why = "" if served_model.breaker_state == BreakerState.CLOSED else served_model.get_breaker_cause_display()
        return format_html(
            '<span class="badge badge-{}">{}</span> <span class="why quiet">{} {}</span>',
            PAIRING_BADGES[BreakerState(served_model.breaker_state)],
            served_model.get_breaker_state_display(),
            why,
            served_model.breaker_detail,
        )

    @admin.display(description=gettext_lazy("time to a token"))
    def latency(self, served_model: ServedModel) -> str:
        return "–" if served_model.latency_ms is None else f"{served_model.latency_ms} ms"

    @admin.display(description=gettext_lazy("load"))
    def load(self, served_model: ServedModel) -> str:
        """What its server last said of itself."""
        if served_model.running_requests is None:
            return "–"
        said = _("%(running)s running, %(waiting)s waiting") % {
            "running": served_model.running_requests,
            "waiting": served_model.waiting_requests or 0,
        }
        if served_model.cache_use is None:
            return said
        return _("%(load)s, cache %(percent)s %% full") % {"load": said, "percent": round(served_model.cache_use * 100)}

    @admin.display(description="")
    def history(self, served_model: ServedModel) -> SafeString:
        changes = ServedModelChange.objects.of(served_model.pk).select_related("by")[:CHANGES_SHOWN]
        return render_to_string("admin/inference/history.html", {"changes": changes})

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
        # Of these, a token is asked for too.
        queryset.update(asked_at=None)
        try:
            probe_served_models.delay()
        except OperationalError:
            self.message_user(request, _("The worker cannot be reached. Is it running?"), messages.ERROR)
            return
        for served_model in queryset:
            self.log_change(request, served_model, _("Asked for a probe."))
        self.message_user(request, _("The models are being probed. Look again in a few seconds."), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Put back into pairing"), permissions=["change"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Whatever took them out."""
        for served_model in queryset:
            if put_back_into_pairing(served_model_id=served_model.pk, by=cast(AbstractBaseUser, request.user)):
                self.log_change(request, served_model, _("Put back into pairing."))
        self.message_user(request, _("Battles are drawn with them again, as soon as they are ready."), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Take out of pairing"), permissions=["change"])
    def take_out(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Until an admin puts them back; open battles go on."""
        for served_model in queryset:
            if take_out_of_pairing(served_model_id=served_model.pk, by=cast(AbstractBaseUser, request.user)):
                self.log_change(request, served_model, _("Taken out of pairing."))
        self.message_user(request, _("No battle is drawn with them until you put them back."), messages.SUCCESS)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ServedModel | None:
        """Locks the row where a form comes in: saving it must not undo what probes and answers tell meanwhile."""
        served_model = super().get_object(request, object_id, from_field)
        if served_model is not None and request.method == "POST":
            rows = ServedModel.objects.select_for_update(of=("self",), no_key=True)
            served_model.refresh_from_db(from_queryset=rows)
        return served_model

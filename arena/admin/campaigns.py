"""Campaigns and their texts."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget
from django.db import models
from django.db.models import OuterRef, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from kombu.exceptions import OperationalError

from arena.actions.campaigns import TRANSITIONS, set_campaign_status
from arena.admin.base import (
    ArenaModelAdmin,
    ConfirmedActions,
    StackedInline,
    TabularInline,
    badge,
    count_of,
    current_admin,
)
from arena.admin.json_fields import READABLE_JSON
from arena.enums import CampaignStatus
from arena.models import Ballot, Campaign, CampaignText, Consent, ConsentText, Matchup, StartingPrompt
from arena.sending import send_on_commit
from arena.tasks import mark_campaign_self_identified, rebuild_campaign_tallies
from arena.vote_counts import votes_column

STATUS_BADGES = {
    CampaignStatus.DRAFT: "quiet",
    CampaignStatus.OPEN: "good",
    CampaignStatus.PAUSED: "warn",
    CampaignStatus.CLOSED: "quiet",
}


SHORT_TEXT: Mapping[type[Any], Mapping[str, Any]] = {
    models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})}
}


class LabelledDateTime(AdminSplitDateTime):
    """Says to everybody what it shows beside its two boxes: which is the date and which the time."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        labels = (context["date_label"], context["time_label"])
        for label, box in zip(labels, context["widget"]["subwidgets"], strict=True):
            box["attrs"]["aria-label"] = str(label).rstrip(":")
        return context


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages of its pages"),
        choices=settings.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        initial=[code for code, _name in settings.LANGUAGES],
    )

    class Meta:
        model = Campaign
        exclude: tuple[str, ...] = ()


class CampaignTextInline(StackedInline[CampaignText, Campaign]):
    model = CampaignText
    extra = 0
    classes = ("collapse",)
    formfield_overrides = SHORT_TEXT


class ConsentTextFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Locks the texts of versions that somebody has accepted: what people agreed to is not rewritten."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accepted = Consent.objects.filter(campaign_id=self.instance.pk).values_list("version", flat=True).distinct()
        self._accepted = set(accepted) if self.instance.pk else set()

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:  # type: ignore[type-arg]
        super().add_fields(form, index)
        text = cast(ConsentText, form.instance)
        if text.pk is None or text.version not in self._accepted:
            return
        for name, field in form.fields.items():
            if name not in ("id", self.fk.name):
                field.disabled = True
        form.fields["body"].help_text = _("Somebody has accepted this version. To change it, add the next version.")


class ConsentTextInline(StackedInline[ConsentText, Campaign]):
    model = ConsentText
    formset = ConsentTextFormSet
    extra = 0
    classes = ("collapse",)


class StartingPromptInline(TabularInline[StartingPrompt, Campaign]):
    model = StartingPrompt
    extra = 0
    classes = ("collapse",)


@admin.register(Campaign)
class CampaignAdmin(ConfirmedActions[Campaign], ArenaModelAdmin[Campaign]):
    form = CampaignForm
    formfield_overrides = {
        **READABLE_JSON,
        models.DateTimeField: {"form_class": forms.SplitDateTimeField, "widget": LabelledDateTime},
    }
    list_display = ("name", "status_badge", "starts_at", "ends_at", "votes", "running_matchups", "reveal_policy")
    list_filter = ("status",)
    search_fields = ("name", "slug", "texts__title")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("status",)
    inlines = (CampaignTextInline, ConsentTextInline, StartingPromptInline)
    actions = ("open_campaigns", "pause_campaigns", "close_campaigns", "count_again", "mark_again")
    fieldsets = (
        (None, {"fields": ("name", "slug", "status", "starts_at", "ends_at", "languages")}),
        (gettext_lazy("The vote"), {"fields": ("ballot_form", "reveal_policy", "leaderboard_policy", "show_live_elo")}),
        (
            gettext_lazy("Limits"),
            {"fields": (("max_prompt_chars", "max_turns"), "max_battles_per_hour")},
        ),
        (gettext_lazy("Kinds of prompts"), {"fields": ("category_source", "category_model", "categories")}),
        (gettext_lazy("Answers that name their model"), {"fields": ("self_identifying_words",)}),
        (gettext_lazy("Raffle"), {"fields": ("votes_per_ticket", "requires_email")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        running = count_of(Matchup.objects.running().filter(campaign=OuterRef("pk")))
        return super().get_queryset(request).annotate(votes_count=votes_column("campaign"), running_count=running)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_badge(self, campaign: Campaign) -> SafeString:
        return badge(STATUS_BADGES[CampaignStatus(campaign.status)], campaign.get_status_display())

    @admin.display(description=gettext_lazy("votes"), ordering="votes_count")
    def votes(self, campaign: Any) -> int:
        return int(campaign.votes_count)

    @admin.display(description=gettext_lazy("running matchups"), ordering="running_count")
    def running_matchups(self, campaign: Any) -> int:
        return int(campaign.running_count)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Campaign | None = None,
    ) -> HttpResponse:
        context["verbs"] = _offered(obj) if obj and self.has_change_permission(request, obj) else []
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "ballot_form" in form.changed_data and Ballot.objects.of_campaign(obj).exists():
            warning = _("There are votes from before this change of the ballot. They stay as they were cast.")
            self.message_user(request, warning, messages.WARNING)
        if change and "self_identifying_words" in form.changed_data:
            send_on_commit(mark_campaign_self_identified, obj.pk)

    @admin.action(description=gettext_lazy("Open…"), permissions=["change"])
    def open_campaigns(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        question = _("Open these campaigns to volunteers?")
        return self._set_status(
            request, queryset, "open_campaigns", CampaignStatus.OPEN, question, pgettext("verb", "Open")
        )

    @admin.action(description=gettext_lazy("Pause…"), permissions=["change"])
    def pause_campaigns(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        question = _("Pause these campaigns? They take no votes until you open them again.")
        return self._set_status(request, queryset, "pause_campaigns", CampaignStatus.PAUSED, question, _("Pause"))

    @admin.action(description=gettext_lazy("Close…"), permissions=["change"])
    def close_campaigns(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        question = _("Close these campaigns? Models and rankings are shown where their policy says so.")
        return self._set_status(request, queryset, "close_campaigns", CampaignStatus.CLOSED, question, _("Close"))

    def _set_status(
        self,
        request: HttpRequest,
        queryset: QuerySet[Campaign],
        action: str,
        status: CampaignStatus,
        question: str,
        button: str,
    ) -> HttpResponse:
        by = current_admin(request)
        return self.confirm_and_run(
            request,
            queryset,
            action=action,
            question=question,
            button=button,
            run=lambda campaign: set_campaign_status(campaign_id=campaign.pk, status=status, by=by),
            is_harsh=status == CampaignStatus.CLOSED,
        )

    @admin.action(description=gettext_lazy("Count all votes again"), permissions=["change"])
    def count_again(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        """For the case that a worker was away when votes were quarantined."""
        try:
            for campaign in queryset:
                rebuild_campaign_tallies.delay(campaign.pk)
                self.log_change(request, campaign, _("Asked to count all votes again."))
        except OperationalError:
            self.message_user(request, _("The worker cannot be reached. Is it running?"), messages.ERROR)
        else:
            self.message_user(request, _("The votes are being counted again."), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Look for names of models in all answers again"), permissions=["change"])
    def mark_again(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        """For the case that a worker was away when the list of names changed."""
        try:
            for campaign in queryset:
                mark_campaign_self_identified.delay(campaign.pk)
        except OperationalError:
            self.message_user(request, _("The worker cannot be reached. Is it running?"), messages.ERROR)
        else:
            self.message_user(request, _("The answers are being searched for names again."), messages.SUCCESS)


def _offered(campaign: Campaign) -> list[dict[str, str]]:
    """The buttons of a campaign's page."""
    verbs = {
        CampaignStatus.OPEN: ("open_campaigns", _("Open")),
        CampaignStatus.PAUSED: ("pause_campaigns", _("Pause")),
        CampaignStatus.CLOSED: ("close_campaigns", _("Close")),
    }
    allowed = TRANSITIONS[campaign.status]
    return [{"action": action, "label": label} for status, (action, label) in verbs.items() if status in allowed]

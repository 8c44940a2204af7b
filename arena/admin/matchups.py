"""Matchups: who meets whom, started, paused and finished here, and watched on a page that refreshes itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.actions.matchups import (
    EDITABLE_STATES,
    finish_matchup,
    pause_matchup,
    resume_matchup,
    set_entries,
    start_matchup,
)
from arena.admin.base import ArenaModelAdmin, ConfirmedActions, badge, count_of, current_admin, link
from arena.admin.entries import EntriesField
from arena.charts import bars
from arena.enums import CampaignStatus, MatchupState, PairingPolicy
from arena.matchup_stats import MatchupStats, matchup_stats
from arena.models import Campaign, Competitor, Matchup, MatchupEntry
from arena.vote_counts import votes_column
from inference.absence import Absence, absence_of

STATE_BADGES = {
    MatchupState.DRAFT: "quiet",
    MatchupState.RUNNING: "good",
    MatchupState.PAUSED: "warn",
    MatchupState.FINISHED: "quiet",
}
CHART_WIDTH, CHART_HEIGHT = 720, 120


class Verb(NamedTuple):
    """Something that can be done to a matchup."""

    action: str
    label: str | Promise
    question: str | Promise
    run: Callable[..., Matchup]
    #: The states in which a button for it is offered.
    offered_in: frozenset[str]


VERBS = (
    Verb(
        "start_matchups",
        gettext_lazy("Start"),
        gettext_lazy("Start these matchups? Volunteers get battles from them at once."),
        start_matchup,
        frozenset({MatchupState.DRAFT}),
    ),
    Verb(
        "pause_matchups",
        gettext_lazy("Pause"),
        gettext_lazy("Pause these matchups? Open battles go on, and no new ones are drawn."),
        pause_matchup,
        frozenset({MatchupState.RUNNING}),
    ),
    Verb(
        "resume_matchups",
        gettext_lazy("Resume"),
        gettext_lazy("Resume these matchups?"),
        resume_matchup,
        frozenset({MatchupState.PAUSED}),
    ),
    Verb(
        "finish_matchups",
        gettext_lazy("Finish"),
        gettext_lazy("Finish these matchups for good? A finished matchup cannot be started again."),
        finish_matchup,
        frozenset({MatchupState.RUNNING, MatchupState.PAUSED}),
    ),
)


class MatchupForm(forms.ModelForm):  # type: ignore[type-arg]
    entries = EntriesField(
        label=gettext_lazy("Competitors"),
        required=False,
        help_text=gettext_lazy("Weights are used by weighted pairing only: a pair is as likely as their product."),
    )

    class Meta:
        model = Matchup
        exclude: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "entries" not in self.fields:
            return
        competitors = Competitor.objects.select_related("campaign", "served_model").order_by("campaign", "name")
        if self.instance.pk:
            competitors = competitors.filter(campaign=self.instance.campaign_id)
            self.initial["entries"] = dict(self.instance.entries.values_list("competitor", "weight"))
        else:
            competitors = competitors.exclude(campaign__status=CampaignStatus.CLOSED)
        self.fields["entries"].widget.competitors = list(competitors)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        campaign = cleaned.get("campaign") or (self.instance.campaign if self.instance.pk else None)
        if campaign is not None and (weights := cleaned.get("entries")):
            own = Competitor.objects.filter(campaign=campaign, pk__in=weights).count()
            if own != len(weights):
                self.add_error("entries", _("All competitors of a matchup belong to its campaign."))
        return cleaned


@admin.register(Matchup)
class MatchupAdmin(ConfirmedActions[Matchup], ArenaModelAdmin[Matchup]):
    form = MatchupForm
    list_display = ("name", "campaign", "state_badge", "entry_count", "progress", "started_at", "watch_link")
    list_filter = ("state", ("campaign", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("campaign",)
    search_fields = ("name", "campaign__name")
    actions = tuple(verb.action for verb in VERBS)

    class Media:
        js = (forms.Script("js/admin/entries.mjs", type="module"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Matchup]:
        entries = count_of(MatchupEntry.objects.filter(matchup=OuterRef("pk")))
        return super().get_queryset(request).annotate(votes_count=votes_column("matchup"), entries_count=entries)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, matchup: Matchup) -> SafeString:
        return badge(STATE_BADGES[MatchupState(matchup.state)], matchup.get_state_display())

    @admin.display(description=gettext_lazy("competitors"), ordering="entries_count")
    def entry_count(self, matchup: Any) -> int:
        return int(matchup.entries_count)

    @admin.display(description=gettext_lazy("votes"), ordering="votes_count")
    def progress(self, matchup: Any) -> str:
        return _("%(votes)s of %(target)s") % {"votes": matchup.votes_count, "target": matchup.target_votes}

    @admin.display(description=gettext_lazy("watch"))
    def watch_link(self, matchup: Matchup) -> SafeString:
        return link(reverse("admin:arena_matchup_watch", args=[matchup.pk]), _("Watch"))

    @admin.display(description=gettext_lazy("Competitors"))
    def entries(self, matchup: Matchup) -> SafeString:
        """Shown instead of the chooser while a matchup runs and when it is finished."""
        rows = matchup.entries.select_related("competitor").order_by("competitor__name")
        weighted = matchup.pairing_policy == PairingPolicy.WEIGHTED
        return format_html_join("", "<div>{}{}</div>", ((e.competitor, f" × {e.weight:g}" * weighted) for e in rows))

    def get_fields(self, request: HttpRequest, obj: Matchup | None = None) -> tuple[str, ...]:
        fields = ("campaign", "name", "pairing_policy", "target_votes", "stop_at_target", "entries")
        return (*fields[:2], "state_badge", *fields[2:]) if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Matchup | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        fixed = ("campaign", "state_badge")
        if obj.state in EDITABLE_STATES:
            return fixed
        if obj.state == MatchupState.RUNNING:
            return (*fixed, "pairing_policy", "entries")
        return (*fixed, "pairing_policy", "target_votes", "stop_at_target", "entries")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Matchup | None:
        """Locks the row where a form comes in, so that nobody starts the matchup while its entries change."""
        if request.method == "POST" and request.resolver_match and request.resolver_match.url_name == _CHANGE:
            Matchup.objects.select_for_update(of=("self",)).filter(pk=object_id).first()
        return super().get_object(request, object_id, from_field)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        featured = Campaign.objects.featured()
        return {"campaign": featured.pk if featured else None, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Matchup, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = current_admin(request)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "entries" in form.cleaned_data:
            set_entries(matchup_id=form.instance.pk, weights=form.cleaned_data["entries"])

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Matchup | None = None,
    ) -> HttpResponse:
        context["verbs"] = self._offered(request, obj) if obj else []
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Matchup | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.state == MatchupState.DRAFT)

    @admin.action(description=gettext_lazy("Start…"), permissions=["change"])
    def start_matchups(self, request: HttpRequest, queryset: QuerySet[Matchup]) -> HttpResponse:
        return self._ask(request, queryset, VERBS[0])

    @admin.action(description=gettext_lazy("Pause…"), permissions=["change"])
    def pause_matchups(self, request: HttpRequest, queryset: QuerySet[Matchup]) -> HttpResponse:
        return self._ask(request, queryset, VERBS[1])

    @admin.action(description=gettext_lazy("Resume…"), permissions=["change"])
    def resume_matchups(self, request: HttpRequest, queryset: QuerySet[Matchup]) -> HttpResponse:
        return self._ask(request, queryset, VERBS[2])

    @admin.action(description=gettext_lazy("Finish…"), permissions=["change"])
    def finish_matchups(self, request: HttpRequest, queryset: QuerySet[Matchup]) -> HttpResponse:
        return self._ask(request, queryset, VERBS[3])

    def _ask(self, request: HttpRequest, queryset: QuerySet[Matchup], verb: Verb) -> HttpResponse:
        by = current_admin(request)
        return self.confirm_and_run(
            request,
            queryset,
            action=verb.action,
            question=str(verb.question),
            button=str(verb.label),
            run=lambda matchup: verb.run(matchup_id=matchup.pk, by=by),
            is_harsh=verb.run is finish_matchup,
        )

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            page("<int:pk>/watch/", self.watch, "arena_matchup_watch"),
            page("<int:pk>/watch/panel/", self.watch_panel, "arena_matchup_watch_panel"),
            *super().get_urls(),
        ]

    def watch(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The whole page."""
        matchup = self._watched(request, pk)
        context = {
            **self.admin_site.each_context(request),
            **_panel_context(matchup),
            "title": matchup.name,
            "subtitle": None,
            "opts": self.opts,
            "verbs": self._offered(request, matchup),
        }
        return TemplateResponse(request, "admin/arena/matchup/watch.html", context)

    def watch_panel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of it that refreshes itself."""
        matchup = self._watched(request, pk)
        return TemplateResponse(request, "admin/arena/matchup/watch_panel.html", _panel_context(matchup))

    def _watched(self, request: HttpRequest, pk: int) -> Matchup:
        matchup = get_object_or_404(Matchup.objects.select_related("campaign"), pk=pk)
        if not self.has_view_permission(request, matchup):
            raise PermissionDenied
        return matchup

    def _offered(self, request: HttpRequest, matchup: Matchup) -> list[Verb]:
        if not self.has_change_permission(request, matchup):
            return []
        return [verb for verb in VERBS if matchup.state in verb.offered_in]


_CHANGE = "arena_matchup_change"


def _panel_context(matchup: Matchup) -> dict[str, Any]:
    stats: MatchupStats = matchup_stats(matchup)
    heights = bars([hour.votes for hour in stats.hours], width=CHART_WIDTH, height=CHART_HEIGHT)
    return {
        "matchup": matchup,
        "stats": stats,
        "bars": list(zip(stats.hours, heights, strict=True)),
        "chart": {"width": CHART_WIDTH, "height": CHART_HEIGHT, "top": max(bar.value for bar in heights)},
        "state_badge": badge(STATE_BADGES[MatchupState(matchup.state)], matchup.get_state_display()),
        "absent": _absent(stats),
    }


def _absent(stats: MatchupStats) -> list[tuple[Competitor, Absence]]:
    """Those of the matchup that no battle is drawn with now, and why. Needs no query."""
    competitors = [row.competitor for row in stats.rows if row.competitor.is_active]
    absences = [(each, absence_of(each.served_model)) for each in competitors if each.served_model]
    return [(competitor, absence) for competitor, absence in absences if absence]

"""Reports: a queue. What waits comes first, oldest first."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.actions.reports import resolve_report
from arena.admin.base import ReadOnlyAdmin, badge, current_admin, link
from arena.enums import ReportResolution
from arena.exceptions import ReportResolved
from arena.models import Report

#: What can be decided, as said on the buttons.
DECISIONS = ((ReportResolution.UPHELD, gettext_lazy("Uphold")), (ReportResolution.DISMISSED, gettext_lazy("Dismiss")))
RESOLUTION_BADGES = {ReportResolution.UPHELD: "bad", ReportResolution.DISMISSED: "quiet"}


class WaitingFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", _("Waiting")), ("resolved", _("Resolved"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        if self.value() in ("waiting", "resolved"):
            return queryset.filter(resolved_at__isnull=self.value() == "waiting")
        return queryset


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin[Report]):
    list_display = ("created_at", "kind", "reason", "decision", "battle_link", "participant")
    list_display_links = None
    list_filter = (WaitingFilter, "kind", "resolution", ("battle__campaign", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("battle__campaign", "participant__user", "resolved_by")
    search_fields = ("reason", "battle__uid")
    # The stubs know only names of fields here.
    ordering = (F("resolved_at").desc(nulls_first=True), "created_at", "pk")  # type: ignore[assignment]
    fields = ("created_at", "kind", "reason", "battle_link", "participant", "decision")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        # The column of decisions offers buttons to those who may decide.
        rows = super().get_queryset(request)
        return rows if request.user.has_perm("arena.change_report") else rows.annotate(look_only=F("pk"))

    @admin.display(description=gettext_lazy("battle"))
    def battle_link(self, report: Report) -> SafeString:
        url = reverse("admin:arena_battle_change", args=[report.battle_id])
        return link(url, str(report.battle.uid)[:8])

    @admin.display(description=gettext_lazy("decision"), ordering="resolution")
    def decision(self, report: Report) -> SafeString:
        """What was decided, or the two buttons that decide."""
        if report.resolved_at:
            kind = RESOLUTION_BADGES[ReportResolution(report.resolution)]
            return badge(kind, f"{report.get_resolution_display()} · {report.resolved_by or '–'}")
        if hasattr(report, "look_only"):
            return badge("warn", _("Waiting"))
        context = {"report": report, "decisions": DECISIONS}
        return render_to_string("admin/arena/report/buttons.html", context)

    def get_urls(self) -> list[URLPattern]:
        resolve: Callable[..., HttpResponse] = self.resolve
        return [
            path(
                "<int:pk>/resolve/<str:resolution>/",
                self.admin_site.admin_view(resolve),
                name="arena_report_resolve",
            ),
            *super().get_urls(),
        ]

    def resolve(self, request: HttpRequest, pk: int, resolution: str) -> HttpResponse:
        """One click on a decision."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("arena.change_report"):
            raise PermissionDenied
        if resolution not in ReportResolution.values:
            raise Http404
        report = get_object_or_404(Report, pk=pk)
        try:
            resolve_report(report_id=report.pk, resolution=ReportResolution(resolution), by=current_admin(request))
        except ReportResolved as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("Resolved."), messages.SUCCESS)
        back = request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            back = reverse("admin:arena_report_changelist")
        return redirect(back)

"""Published rankings for admins: to be taken by hand and looked at, never changed."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.admin.base import ArenaModelAdmin, ReadOnlyAdmin, badge, current_admin, link
from ranking.actions.ordering import order_snapshot
from ranking.enums import ComputationStatus
from ranking.forms import SnapshotForm
from ranking.models import BenchmarkScore, Computation, Snapshot, SnapshotSchedule

_BADGES = {ComputationStatus.WAITING: "quiet", ComputationStatus.RUNNING: "good", ComputationStatus.FAILED: "bad"}


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin[Snapshot]):
    list_display = [
        "campaign",
        "dimension",
        "method",
        "n_battles",
        "origin",
        "label",
        "is_public",
        "created_at",
        "page",
    ]
    list_filter = ["campaign", "dimension", "origin", "is_public", "method"]
    list_select_related = ["campaign"]
    date_hierarchy = "created_at"
    change_list_template = "admin/ranking/snapshot/change_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return Snapshot.objects.defer("notices", "pairs", "comparisons")

    @admin.display(description=gettext_lazy("page"))
    def page(self, snapshot: Snapshot) -> SafeString:
        return link(reverse("ranking:snapshot_page", args=[snapshot.campaign.slug, snapshot.pk]), f"№ {snapshot.pk}")

    def get_urls(self) -> list[URLPattern]:
        take = path("take/", self.admin_site.admin_view(self.take), name="ranking_snapshot_take")
        return [take, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {
            **(extra_context or {}),
            "may_take": may_take(request),
            "underway": Computation.objects.filter(snapshot_options__isnull=False).select_related("campaign"),
        }
        response: HttpResponse = super().changelist_view(request, extra)
        return response

    def take(self, request: HttpRequest) -> HttpResponse:
        """The form for a snapshot by hand. The worker takes it."""
        if not may_take(request):
            raise PermissionDenied
        form = SnapshotForm(request.POST or None, initial={"campaign": request.GET.get("campaign")})
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            order_snapshot(
                campaign=data["campaign"],
                dimension=data["dimension"],
                selection=form.selection,
                options=form.options,
                label=data["label"],
                is_public=data["is_public"],
                by=current_admin(request),
            )
            self.message_user(request, _("The worker takes the snapshot. It will be in this list."), messages.SUCCESS)
            return redirect("admin:ranking_snapshot_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Take a snapshot"),
            "subtitle": None,
            "opts": self.opts,
            "form": form,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/ranking/snapshot/take.html", context)


@admin.register(Computation)
class ComputationAdmin(ReadOnlyAdmin[Computation]):
    """What the worker is asked for now. What failed can be taken away, so that it is tried again at once."""

    list_display = ["__str__", "state", "progress", "error", "requested_at"]
    list_filter = ["status", "campaign"]
    list_select_related = ["campaign"]

    def has_delete_permission(self, request: HttpRequest, obj: Computation | None = None) -> bool:
        return may_take(request)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, computation: Computation) -> SafeString:
        return badge(_BADGES[ComputationStatus(computation.status)], computation.get_status_display())

    @admin.display(description=gettext_lazy("what it does now"))
    def progress(self, computation: Computation) -> str:
        return f"{computation.steps_done}/{computation.steps_in_all} · {computation.get_step_display()}"


@admin.register(SnapshotSchedule)
class SnapshotScheduleAdmin(ArenaModelAdmin[SnapshotSchedule]):
    list_display = ["campaign", "every"]
    list_select_related = ["campaign"]


def may_take(request: HttpRequest) -> bool:
    """Whether the admin may publish rankings."""
    return request.user.has_perm("ranking.add_snapshot")


@admin.register(BenchmarkScore)
class BenchmarkScoreAdmin(ReadOnlyAdmin[BenchmarkScore]):
    """What `import_benchmarks` stored."""

    list_display = ["model", "task", "language", "metric", "value", "stderr", "n", "shots", "file_name", "imported_at"]
    list_filter = ["language", "task"]
    search_fields = ["model", "task"]

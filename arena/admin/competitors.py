"""Competitors."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.actions.competitors import copy_competitor
from arena.admin.base import ArenaModelAdmin, current_admin
from arena.admin.json_fields import READABLE_JSON
from arena.models import Battle, Competitor


@admin.register(Competitor)
class CompetitorAdmin(ArenaModelAdmin[Competitor]):
    formfield_overrides = READABLE_JSON
    list_display = ("name", "campaign", "served_model", "is_active", "temperature", "top_p", "factors_text")
    list_filter = ("is_active", ("campaign", admin.RelatedOnlyFieldListFilter), "served_model")
    list_select_related = ("campaign", "served_model")
    search_fields = ("name", "served_model__name", "served_model__model_name")
    actions = ("copy",)
    fieldsets = (
        (None, {"fields": ("campaign", "name", "served_model", "is_active")}),
        (
            gettext_lazy("How it is asked"),
            {"fields": ("system_prompt", ("temperature", "top_p", "max_tokens"), "extra_parameters")},
        ),
        (gettext_lazy("What it is made of"), {"fields": ("factors", "base")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Competitor | None = None) -> tuple[str, ...]:
        # Battles and entries refer to a competitor of their own campaign.
        return ("campaign",) if obj else ()

    @admin.display(description=gettext_lazy("factors"))
    def factors_text(self, competitor: Competitor) -> str:
        return ", ".join(f"{name}: {level}" for name, level in competitor.factors.items())

    def save_model(self, request: HttpRequest, obj: Competitor, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        asked = {"served_model", "system_prompt", "temperature", "top_p", "max_tokens", "extra_parameters"}
        if change and asked & set(form.changed_data) and _has_battles(obj):
            warning = _(
                "There are battles from before this change, and a ranking puts them together with the new ones. "
                "To keep them apart, copy the competitor and change the copy."
            )
            self.message_user(request, warning, messages.WARNING)

    @admin.action(description=gettext_lazy("Copy"), permissions=["add"])
    def copy(self, request: HttpRequest, queryset: QuerySet[Competitor]) -> HttpResponse | None:
        """Copies, and opens the copy where it is one."""
        by = current_admin(request)
        copies = [copy_competitor(competitor_id=competitor.pk, by=by) for competitor in queryset]
        names = ", ".join(copy.name for copy in copies)
        self.message_user(request, _("Copied: %(names)s.") % {"names": names}, messages.SUCCESS)
        return redirect("admin:arena_competitor_change", copies[0].pk) if len(copies) == 1 else None


def _has_battles(competitor: Competitor) -> bool:
    return any(Battle.objects.filter(**{side: competitor}).exists() for side in ("competitor_a", "competitor_b"))

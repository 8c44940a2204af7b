"""Ballots, to read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.admin.base import ReadOnlyAdmin, badge, link
from arena.ballot_labels import said
from arena.models import Ballot


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("counted", _("Counted")),
            ("waiting", _("Waiting to be counted")),
            ("quarantined", _("In quarantine")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ballot]) -> QuerySet[Ballot]:
        match self.value():
            case "counted":
                return queryset.filter(collected_at__isnull=False)
            case "waiting":
                return queryset.filter(collected_at__isnull=True, quarantined_at__isnull=True)
            case "quarantined":
                return queryset.filter(quarantined_at__isnull=False)
        return queryset


@admin.register(Ballot)
class BallotAdmin(ReadOnlyAdmin[Ballot]):
    list_display = (
        "created_at",
        "battle_link",
        "competitor_a",
        "competitor_b",
        "choices_text",
        "winner",
        "state",
        "participant",
    )
    list_filter = (StateFilter, "winner", "created_at", "battle__campaign")
    list_select_related = (
        "battle__campaign",
        "battle__competitor_a",
        "battle__competitor_b",
        "battle__participant__user",
    )
    search_fields = ("battle__uid", "comment", "battle__participant__user__username")
    ordering = ("-created_at", "-pk")
    fields = (
        "battle_link",
        "competitor_a",
        "competitor_b",
        "participant",
        "created_at",
        "choices_text",
        "reasons",
        "comment",
        "winner",
        "state",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ballot]:
        return super().get_queryset(request).prefetch_related("judgements")

    @admin.display(description=gettext_lazy("battle"))
    def battle_link(self, ballot: Ballot) -> SafeString:
        url = reverse("admin:arena_battle_change", args=[ballot.battle_id])
        return link(url, str(ballot.battle.uid)[:8])

    @admin.display(description="A")
    def competitor_a(self, ballot: Ballot) -> str:
        return ballot.battle.competitor_a.name

    @admin.display(description="B")
    def competitor_b(self, ballot: Ballot) -> str:
        return ballot.battle.competitor_b.name

    @admin.display(description=gettext_lazy("participant"))
    def participant(self, ballot: Ballot) -> str:
        return str(ballot.battle.participant)

    @admin.display(description=gettext_lazy("choices"))
    def choices_text(self, ballot: Ballot) -> str:
        return ", ".join(f"{name}: {choice}" for name, choice in said(ballot, ballot.battle.campaign))

    @admin.display(description=gettext_lazy("state"))
    def state(self, ballot: Ballot) -> SafeString:
        if ballot.quarantined_at:
            return badge("bad", _("In quarantine"))
        return badge("good", _("Counted")) if ballot.collected_at else badge("warn", _("Waiting to be counted"))

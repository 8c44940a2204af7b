"""Battles: whole conversations to read, with what is known of each answer. Nothing here changes a vote."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.admin.base import ReadOnlyAdmin, badge, count_of
from arena.admin.reports import DECISIONS
from arena.ballot_labels import said
from arena.enums import AnswerStatus, BattleStatus, Side
from arena.markdown import render_markdown
from arena.models import Answer, Ballot, Battle, Competitor, Report, Turn

STATUS_BADGES = {
    BattleStatus.OPEN: "warn",
    BattleStatus.VOTED: "good",
    BattleStatus.SKIPPED: "quiet",
    BattleStatus.REDRAWN: "quiet",
}
ANSWER_BADGES = {
    AnswerStatus.WAITING: "quiet",
    AnswerStatus.STREAMING: "warn",
    AnswerStatus.COMPLETE: "good",
    AnswerStatus.STOPPED: "quiet",
    AnswerStatus.FAILED: "bad",
}


class ShownAnswer(NamedTuple):
    answer: Answer
    competitor: Competitor
    status: SafeString
    html: SafeString
    parameters: str


class ShownTurn(NamedTuple):
    number: int
    prompt: str
    answers: list[ShownAnswer]


class AnswersFilter(admin.SimpleListFilter):
    title = gettext_lazy("answers")
    parameter_name = "answers"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", _("One has failed")), ("self_identified", _("One names a model or its maker"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Battle]) -> QuerySet[Battle]:
        answers = Answer.objects.filter(turn__battle=OuterRef("pk"))
        match self.value():
            case "failed":
                return queryset.filter(Exists(answers.filter(status=AnswerStatus.FAILED)))
            case "self_identified":
                return queryset.filter(Exists(answers.filter(self_identified=True)))
            case _:
                return queryset


class ReportedFilter(admin.SimpleListFilter):
    title = gettext_lazy("reports")
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Reported")), ("waiting", _("Reported, not resolved"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Battle]) -> QuerySet[Battle]:
        if self.value() not in ("yes", "waiting"):
            return queryset
        reports = Report.objects.filter(battle=OuterRef("pk"))
        return queryset.filter(Exists(reports if self.value() == "yes" else reports.unresolved().order_by()))


@admin.register(Battle)
class BattleAdmin(ReadOnlyAdmin[Battle]):
    list_display = (
        "short_uid",
        "status_badge",
        "competitor_a",
        "competitor_b",
        "turns_count",
        "participant",
        "created_at",
        "matchup",
    )
    list_filter = (
        "status",
        AnswersFilter,
        ReportedFilter,
        "created_at",
        "campaign",
        "matchup",
    )
    list_select_related = ("campaign", "matchup", "competitor_a", "competitor_b", "participant__user")
    search_fields = ("uid", "competitor_a__name", "competitor_b__name", "participant__user__username")
    search_help_text = gettext_lazy("Search by the battle's id, a competitor or a user name.")
    ordering = ("-created_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Battle]:
        return super().get_queryset(request).annotate(turn_count=count_of(Turn.objects.filter(battle=OuterRef("pk"))))

    @admin.display(description=gettext_lazy("battle"))
    def short_uid(self, battle: Battle) -> str:
        return str(battle.uid)[:8]

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_badge(self, battle: Battle) -> SafeString:
        return badge(STATUS_BADGES[BattleStatus(battle.status)], battle.get_status_display())

    @admin.display(description=gettext_lazy("turns"), ordering="turn_count")
    def turns_count(self, battle: Any) -> int:
        return int(battle.turn_count)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The battle to read: a page of its own instead of a form."""
        battle = _whole_battle(object_id)
        if battle is None:
            raise Http404
        if not self.has_view_permission(request, battle):
            raise PermissionDenied
        ballot = Ballot.objects.filter(battle=battle).prefetch_related("judgements").first()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Battle %(uid)s") % {"uid": str(battle.uid)[:8]},
            "subtitle": None,
            "opts": self.opts,
            "battle": battle,
            "status": self.status_badge(battle),
            "turns": [_shown_turn(battle, turn) for turn in battle.turns.all()],
            "ballot": ballot,
            "said": said(ballot, battle.campaign) if ballot else [],
            "reports": battle.reports.all(),
            "can_resolve": request.user.has_perm("arena.change_report"),
            "decisions": DECISIONS,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/arena/battle/detail.html", context)


def _whole_battle(key: str) -> Battle | None:
    """The battle with its conversation and its reports, in a fixed number of queries."""
    if not key.isdecimal():
        return None
    reports = Prefetch("reports", Report.objects.select_related("resolved_by").order_by("created_at"))
    return (
        Battle.objects.with_conversation()
        .select_related(
            "campaign",
            "matchup",
            "participant__user",
            "competitor_a__served_model",
            "competitor_b__served_model",
            "redrawn_from",
        )
        .prefetch_related(reports)
        .filter(pk=key)
        .first()
    )


def _shown_turn(battle: Battle, turn: Turn) -> ShownTurn:
    answers = {answer.side: answer for answer in turn.answers.all()}
    shown = [_shown_answer(answers[side], battle.competitor(side)) for side in Side.values if side in answers]
    return ShownTurn(number=turn.index, prompt=turn.prompt, answers=shown)


def _shown_answer(answer: Answer, competitor: Competitor) -> ShownAnswer:
    return ShownAnswer(
        answer=answer,
        competitor=competitor,
        status=badge(ANSWER_BADGES[AnswerStatus(answer.status)], answer.get_status_display()),
        html=render_markdown(answer.text),
        parameters=", ".join(f"{name}: {value}" for name, value in sorted(answer.parameters.items())),
    )

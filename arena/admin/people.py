"""People: participants, who vote, and accounts, which some of them have."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from arena.actions.people import MAX_REASON, block_participant, unblock_participant
from arena.admin.base import ArenaModelAdmin, ConfirmedActions, TabularInline, badge, count_of, current_admin, link
from arena.enums import Education, LanguageLevel
from arena.models import Ballot, Consent, Participant, User


class BlockForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=gettext_lazy("Admins see it. The person does not."),
    )


class BlockedFilter(admin.SimpleListFilter):
    title = gettext_lazy("block")
    parameter_name = "block"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("blocked", _("Blocked")), ("free", _("Not blocked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Participant]) -> QuerySet[Participant]:
        if self.value() in ("blocked", "free"):
            return queryset.filter(blocked_at__isnull=self.value() == "free")
        return queryset


class LevelFilter(admin.SimpleListFilter):
    title = gettext_lazy("level of Basque")
    parameter_name = "language_level"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(LanguageLevel.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Participant]) -> QuerySet[Participant]:
        return queryset.filter(language_level=self.value()) if self.value() else queryset


class EducationFilter(admin.SimpleListFilter):
    title = gettext_lazy("education")
    parameter_name = "education"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Education.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Participant]) -> QuerySet[Participant]:
        return queryset.filter(education=self.value()) if self.value() else queryset


class ConsentInline(TabularInline[Consent, Participant]):
    model = Consent
    fields = ("campaign", "version", "accepted_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).select_related("campaign", "participant__user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Participant)
class ParticipantAdmin(ConfirmedActions[Participant], ArenaModelAdmin[Participant]):
    list_display = (
        "name",
        "kind",
        "account_link",
        "level",
        "studies",
        "votes",
        "quarantined_votes",
        "created_at",
        "block",
    )
    list_filter = (BlockedFilter, "kind", LevelFilter, EducationFilter)
    list_select_related = ("user",)
    search_fields = ("uid", "user__username", "user__email", "external_name")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-pk")
    actions = ("block_people", "unblock_people")
    fields = (
        "name",
        "uid",
        "kind",
        "account_link",
        "level",
        "studies",
        "confirmed_age",
        "created_at",
        "votes",
        "quarantined_votes",
        "battles_link",
        "block",
        "block_reason",
        "erased_at",
    )
    readonly_fields = fields
    inlines = (ConsentInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Participant | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        cast_by = Ballot.objects.filter(battle__participant=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                votes_count=count_of(cast_by.counted()),
                quarantined_count=count_of(cast_by.filter(quarantined_at__isnull=False)),
            )
        )

    @admin.display(description=gettext_lazy("participant"))
    def name(self, participant: Participant) -> str:
        return str(participant)

    @admin.display(description=gettext_lazy("account"), ordering="user__username")
    def account_link(self, participant: Participant) -> str | SafeString:
        if participant.user is None:
            return "–"
        return link(reverse("admin:arena_user_change", args=[participant.user.pk]), participant.user)

    # Both keep the words of their file where a vote was imported, so they are no fields with choices.
    @admin.display(description=gettext_lazy("level of Basque"), ordering="language_level")
    def level(self, participant: Participant) -> str:
        return str(dict(LanguageLevel.choices).get(participant.language_level, participant.language_level))

    @admin.display(description=gettext_lazy("education"), ordering="education")
    def studies(self, participant: Participant) -> str:
        return str(dict(Education.choices).get(participant.education, participant.education))

    @admin.display(description=gettext_lazy("votes"), ordering="votes_count")
    def votes(self, participant: Any) -> int:
        return int(participant.votes_count)

    @admin.display(description=gettext_lazy("in quarantine"), ordering="quarantined_count")
    def quarantined_votes(self, participant: Any) -> int:
        return int(participant.quarantined_count)

    @admin.display(description=gettext_lazy("battles"))
    def battles_link(self, participant: Participant) -> SafeString:
        url = reverse("admin:arena_battle_changelist")
        return link(f"{url}?participant__id__exact={participant.pk}", _("Show the battles"))

    @admin.display(description=gettext_lazy("block"), ordering="blocked_at")
    def block(self, participant: Participant) -> str | SafeString:
        return badge("bad", _("Blocked")) if participant.is_blocked else "–"

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Participant | None = None,
    ) -> HttpResponse:
        # Everything is read-only, so there is nothing to save: blocking has its own page.
        context |= {"show_save": False, "show_save_and_continue": False, "can_block": False}
        if obj is not None and self.has_change_permission(request, obj):
            context["can_block"] = True
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.action(description=gettext_lazy("Block…"), permissions=["change"])
    def block_people(self, request: HttpRequest, queryset: QuerySet[Participant]) -> HttpResponse:
        by = current_admin(request)
        return self.confirm_and_run(
            request,
            queryset,
            action="block_people",
            question=_("Block these participants? Their votes are kept in quarantine and count no more."),
            button=_("Block"),
            run=lambda participant, reason: block_participant(participant_id=participant.pk, reason=reason, by=by),
            form_class=BlockForm,
            is_harsh=True,
        )

    @admin.action(description=gettext_lazy("Unblock…"), permissions=["change"])
    def unblock_people(self, request: HttpRequest, queryset: QuerySet[Participant]) -> HttpResponse:
        by = current_admin(request)
        return self.confirm_and_run(
            request,
            queryset,
            action="unblock_people",
            question=_("Unblock these participants? Their votes count again."),
            button=_("Unblock"),
            run=lambda participant: unblock_participant(participant_id=participant.pk, by=by),
        )


def _seen_by_somebody_else(user: User) -> None:
    """A password that one person chose for another is changed by the other at the next log-in to these pages."""
    user.must_change_password = user.is_staff


class NewAccountForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "email", "is_staff")


class OthersPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        _seen_by_somebody_else(user)
        if commit:
            user.save()
        return user


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    add_form = NewAccountForm
    change_password_form = OthersPasswordForm
    list_display = ("username", "email", "is_staff", "is_active", "participant_link", "date_joined", "last_login")
    list_select_related = ("participant",)
    list_filter = ("is_staff", "is_superuser", "is_active")
    list_per_page = 50
    show_full_result_count = False
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "usable_password", "password1", "password2", "is_staff"),
            },
        ),
    )
    readonly_fields = ("last_login", "date_joined", "participant_link")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        return (
            (None, {"fields": ("username", "email", "password", "must_change_password", "participant_link")}),
            (
                gettext_lazy("What this account may do"),
                {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
            ),
            (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
        )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Erasing an account keeps the votes and is done by its owner, on their own page.
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            _seen_by_somebody_else(obj)
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("participant"))
    def participant_link(self, user: User) -> str | SafeString:
        participant = getattr(user, "participant", None)
        if participant is None:
            return "–"
        return link(reverse("admin:arena_participant_change", args=[participant.pk]), str(participant.uid)[:8])

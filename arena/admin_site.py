"""The admin site, arranged for the work.

It stands outside the package `arena.admin` because Django makes the site before that package can be imported.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, NamedTuple

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache


class Section(NamedTuple):
    """A group of the index and of the side bar; `models` in the order in which they are worked with."""

    key: str
    name: str | Promise
    models: tuple[str, ...]


SECTIONS = (
    Section(
        "prepare",
        gettext_lazy("Prepare"),
        ("arena.campaign", "inference.servedmodel", "arena.competitor", "arena.matchup"),
    ),
    Section("follow", gettext_lazy("Follow"), ("arena.battle", "arena.ballot", "arena.report")),
    Section(
        "people", gettext_lazy("People"), ("arena.participant", "arena.user", "account.emailaddress", "auth.group")
    ),
    Section(
        "rankings", gettext_lazy("Rankings"), ("ranking.snapshot", "ranking.snapshotschedule", "ranking.computation")
    ),
    Section("training", gettext_lazy("Training"), ("training.pipelinerun",)),
    Section("record", gettext_lazy("History"), ("admin.logentry",)),
)


class ArenaAdminSite(admin.AdminSite):
    site_title = settings.SITE_NAME
    site_header = settings.SITE_NAME
    index_title = gettext_lazy("Overview")
    enable_nav_sidebar = True

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Logs in through the site's own page, which has limits on attempts."""
        response: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return response

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Sends whoever was given their password by somebody else to change it, before anything else."""
        checked = super().admin_view(view, cacheable)
        if view in (self.password_change, self.logout, self.i18n_javascript):
            return checked

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and getattr(request.user, "must_change_password", False):
                messages.warning(request, _("Choose a password of your own first."))
                return redirect("admin:password_change")
            response: HttpResponseBase = checked(request, *args, **kwargs)
            return response

        return update_wrapper(inner, view)

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        messages.success(request, _("Your password was changed."))
        return redirect("admin:index")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The sections; for one app's own page, what Django would show."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        apps = self._build_app_dict(request).values()
        found = {model["model"]._meta.label_lower: model for app in apps for model in app["models"]}
        if "admin.logentry" in found:
            found["admin.logentry"]["name"] = _("What admins did")
        sections = [
            {
                "name": section.name,
                "app_label": section.key,
                "has_module_perms": True,
                "models": [found.pop(label) for label in section.models if label in found],
            }
            for section in SECTIONS
        ]
        # What nobody has arranged yet must not become unreachable.
        sections.append({"name": _("Other"), "app_label": "other", "models": list(found.values())})
        return [section for section in sections if section["models"]]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from arena.admin.overview import overview

        return super().index(request, {**(extra_context or {}), "overview": overview(request)})

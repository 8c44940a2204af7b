"""What the admin's pages share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import F, Field, Func, Model, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from arena.exceptions import Refusal
from arena.models import User

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
    from django.contrib.admin import StackedInline as StackedInline
    from django.contrib.admin import TabularInline as TabularInline
else:
    # Django's classes take their models as parameters in the type stubs only.
    class _Parametrised:
        def __class_getitem__(cls, _models: Any) -> type:
            return cls

    class ModelAdmin(_Parametrised, admin.ModelAdmin):
        pass

    class StackedInline(_Parametrised, admin.StackedInline):
        pass

    class TabularInline(_Parametrised, admin.TabularInline):
        pass


class ArenaModelAdmin(ModelAdmin[M]):
    """Lists that stay quick on large tables."""

    list_per_page = 50
    show_full_result_count = False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: Any, **kwargs: Any) -> Any:
        """Without the small buttons that would change or delete another row from within this one's form."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field


class ReadOnlyAdmin(ArenaModelAdmin[M]):
    """Rows that volunteers make: admins look at them, and change nothing here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class ConfirmedActions(ModelAdmin[M]):
    """Actions that ask before they do it, on a page of their own."""

    def confirm_and_run(
        self,
        request: HttpRequest,
        queryset: QuerySet[M],
        *,
        action: str,
        question: str,
        button: str,
        run: Callable[..., object],
        form_class: type[forms.Form] | None = None,
        is_harsh: bool = False,
    ) -> HttpResponse:
        """The page with `question`; once confirmed, `run(row, **what the form holds)` for each row.

        A Refusal becomes a message and leaves the other rows to be done.
        """
        confirmed = "confirmed" in request.POST
        form = form_class(request.POST if confirmed else None) if form_class else forms.Form({} if confirmed else None)
        if confirmed and form.is_valid():
            self._run(request, queryset, lambda row: run(row, **form.cleaned_data))
            return redirect(self._back(request))
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "subtitle": None,
            "opts": self.opts,
            "rows": queryset,
            "form": form,
            "action": action,
            "button": button,
            "is_harsh": is_harsh,
            "back": self._back(request),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/arena/confirm.html", context)

    def _run(self, request: HttpRequest, queryset: QuerySet[M], run: Callable[[M], object]) -> None:
        done = 0
        for row in queryset:
            try:
                run(row)
            except Refusal as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(request, _("Done: %(count)s.") % {"count": done}, messages.SUCCESS)

    def _back(self, request: HttpRequest) -> str:
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            return back
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def current_admin(request: HttpRequest) -> User:
    """The admin who asks. Admin views let nobody else in."""
    return cast(User, request.user)


def badge(kind: str, text: str | Promise) -> SafeString:
    """A short word with a colour: `good`, `warn`, `bad` or `quiet`. The word says what the colour says."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, text)


def link(url: str, text: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def count_of(rows: QuerySet[Any]) -> Coalesce:
    """How many `rows`, which refer to the outer row, as a column of a list: no query a row, and no join that counts
    rows twice.
    """
    counted = rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number")
    return Coalesce(Subquery(counted), 0)

"""What admins did, all in one list."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from arena.admin.base import ReadOnlyAdmin, link


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin[LogEntry]):
    list_display = ("action_time", "user", "content_type", "about", "change")
    list_display_links = None
    list_filter = ("action_flag", ("content_type", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message", "user__username")
    date_hierarchy = "action_time"

    @admin.display(description=gettext_lazy("about"))
    def about(self, entry: LogEntry) -> str | SafeString:
        url = None if entry.is_deletion() else entry.get_admin_url()
        return link(url, entry.object_repr) if url else entry.object_repr

    @admin.display(description=gettext_lazy("what was done"))
    def change(self, entry: LogEntry) -> str:
        return str(entry.get_change_message() or entry.get_action_flag_display())

"""Published rankings for admins: to be looked at, never changed."""

from django.contrib import admin

from arena.admin.base import ReadOnlyAdmin
from ranking.models import Snapshot


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin[Snapshot]):
    list_display = ["campaign", "dimension", "method", "n_battles", "cut_off", "created_at"]
    list_filter = ["campaign", "dimension", "method"]
    list_select_related = ["campaign"]
    date_hierarchy = "created_at"

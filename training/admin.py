"""Admins look at runs; nobody changes them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from training.models import PipelineRun

if TYPE_CHECKING:
    PipelineRunAdminBase = admin.ModelAdmin[PipelineRun]
else:
    PipelineRunAdminBase = admin.ModelAdmin


@admin.register(PipelineRun)
class PipelineRunAdmin(PipelineRunAdminBase):
    list_display = ("stage", "folder", "share", "state", "done", "total", "started_at", "seen_at", "ended_at")
    list_filter = ("stage", "state")
    search_fields = ("folder",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

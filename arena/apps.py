from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ArenaConfig(AppConfig):
    name = "arena"
    verbose_name = _("Arena")


class ArenaAdminConfig(AdminConfig):
    """Django's admin with this project's own site."""

    default_site = "arena.admin_site.ArenaAdminSite"

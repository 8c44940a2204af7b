"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("language/", set_language, name="set_language"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("ranking.urls")),
    path("", include("arena.urls")),
]

handler400 = "arena.views.errors.bad_request"
handler403 = "arena.views.errors.permission_denied"
handler404 = "arena.views.errors.not_found"
handler500 = "arena.views.errors.server_error"

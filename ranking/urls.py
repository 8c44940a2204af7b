"""Addresses of rankings."""

from django.urls import path

from ranking import views

app_name = "ranking"

urlpatterns = [
    path("c/<slug:slug>/leaderboard/", views.leaderboard, name="leaderboard"),
    path("c/<slug:slug>/leaderboard/snapshots/<int:pk>.json", views.snapshot, name="snapshot"),
]

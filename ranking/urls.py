"""Addresses of rankings."""

from django.urls import path

from ranking.views import benchmarks, leaderboard, snapshots

app_name = "ranking"

urlpatterns = [
    path("c/<slug:slug>/leaderboard/", leaderboard.leaderboard, name="leaderboard"),
    path("c/<slug:slug>/leaderboard/current.json", leaderboard.current_json, name="current_json"),
    path("c/<slug:slug>/leaderboard/computing/", leaderboard.computing, name="computing"),
    path("c/<slug:slug>/benchmarks/", benchmarks.benchmarks, name="benchmarks"),
    path("c/<slug:slug>/leaderboard/history/", snapshots.history, name="history"),
    path("c/<slug:slug>/leaderboard/compare/", snapshots.compare, name="compare"),
    path("c/<slug:slug>/leaderboard/snapshots/", snapshots.snapshot_list, name="snapshots"),
    path("c/<slug:slug>/leaderboard/snapshots/<int:pk>/", snapshots.snapshot, name="snapshot_page"),
    path("c/<slug:slug>/leaderboard/snapshots/<int:pk>.json", snapshots.snapshot_json, name="snapshot"),
]

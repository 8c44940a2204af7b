"""Addresses of the volunteer's pages (docs/protocol.md)."""

from django.urls import path

from arena.views import ballots, battles, home, joining, me, metrics, pages

app_name = "arena"

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", pages.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("about/", pages.about, name="about"),
    path("privacy/", pages.privacy, name="privacy"),
    path("c/<slug:slug>/", home.campaign, name="campaign"),
    path("c/<slug:slug>/readiness/", home.readiness, name="readiness"),
    path("c/<slug:slug>/join/", joining.join_campaign, name="join"),
    path("c/<slug:slug>/consent/", joining.consent, name="consent"),
    path("c/<slug:slug>/contributors/", pages.contributors, name="contributors"),
    path("c/<slug:slug>/battles/", battles.start, name="start_battle"),
    path("battles/<uuid:uid>/", battles.battle, name="battle"),
    path("battles/<uuid:uid>/skip/", battles.skip, name="skip"),
    path("battles/<uuid:uid>/redraw/", battles.redraw, name="redraw"),
    path("battles/<uuid:uid>/report/", battles.report, name="report"),
    path("battles/<uuid:uid>/ballot/", ballots.ballot, name="ballot"),
    path("battles/<uuid:uid>/counted/", ballots.counted, name="counted"),
    path("me/", me.me, name="me"),
    path("me/battles/<uuid:uid>/", me.my_battle, name="my_battle"),
    path("me/export/", me.my_data, name="my_data"),
    path("me/erase/", me.erase, name="erase"),
]

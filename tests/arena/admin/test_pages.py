"""Every page of the admin: shown to admins, to nobody else, within the content security policy, in few queries."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from arena.models import Matchup
from inference.models import ServedModel
from tests.arena.admin.conftest import Arena, more_of_everything
from tests.factories import CampaignFactory, ServedModelFactory, UserFactory
from tests.guards import inline_code

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model._meta.app_label in ("arena", "inference", "admin")]


def _list(model: type) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _addresses(arena: Arena) -> list[str]:
    rows = [
        arena.matchup.campaign,
        arena.matchup,
        arena.battle,
        arena.open_battle,
        arena.ballot,
        arena.report,
        arena.participant,
        arena.participant.user,
        arena.battle.competitor_a,
        arena.battle.competitor_a.served_model,
    ]
    changes = [reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]) for row in rows]
    adds = ["arena_campaign", "arena_matchup", "arena_competitor", "inference_servedmodel", "arena_user"]
    return [
        reverse("admin:index"),
        reverse("admin:app_list", args=["arena"]),
        *[_list(model) for model in OURS],
        *changes,
        *[change.replace("change/", "history/") for change in changes],
        *[reverse(f"admin:{name}_add") for name in adds],
        reverse("admin:arena_matchup_watch", args=[arena.matchup.pk]),
        reverse("admin:arena_matchup_watch_panel", args=[arena.matchup.pk]),
        reverse("admin:password_change"),
    ]


def test_every_page_is_shown_to_an_admin(admin_client: Client, arena: Arena) -> None:
    for address in _addresses(arena):
        response = admin_client.get(address)
        assert response.status_code == 200, address
        assert not (found := inline_code(response.content.decode())), f"{address}: {found}"


def test_no_page_is_shown_to_a_visitor(client: Client, arena: Arena) -> None:
    for address in _addresses(arena):
        assert client.get(address).status_code == 302, address


def test_no_page_is_shown_to_a_volunteer(client: Client, arena: Arena) -> None:
    client.force_login(arena.participant.user)
    for address in _addresses(arena):
        response = client.get(address)
        assert response.status_code == 302, address
        assert client.get(response.headers["Location"]).status_code == 403


def test_an_admin_without_rights_sees_an_empty_overview_and_nothing_else(client: Client, arena: Arena) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("admin:index")).status_code == 200
    for address in _addresses(arena):
        if address not in (reverse("admin:index"), reverse("admin:password_change")):
            assert client.get(address).status_code in (403, 404), address


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_lists_cost_as_many_queries_with_more_rows(admin_client: Client, arena: Arena, model: type) -> None:
    admin_client.get(_list(model))
    with CaptureQueriesContext(
        connection,
    ) as few:
        admin_client.get(_list(model))
    more_of_everything(arena, 6)
    for _ in range(6):
        CampaignFactory()
        ServedModelFactory(with_key=True)
    with CaptureQueriesContext(connection) as many:
        response = admin_client.get(_list(model))
    assert len(many) <= len(few), [query["sql"] for query in many]
    assert len(many) <= 16
    assert response.status_code == 200


@pytest.mark.parametrize("model", ["battle", "ballot"])
def test_lists_of_a_million_rows_look_at_few(admin_client: Client, arena: Arena, model: str) -> None:
    """Neither their filters nor their dates go through the whole table for what can be chosen."""
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(reverse(f"admin:arena_{model}_changelist")).status_code == 200
    assert not [query["sql"] for query in queries if "DISTINCT" in query["sql"]]


def test_a_list_can_be_searched(admin_client: Client, arena: Arena) -> None:
    for model in OURS:
        assert admin_client.get(_list(model), {"q": "ez dago"}).status_code == 200, model


def test_the_overview_is_in_the_order_of_the_work(admin_client: Client, arena: Arena) -> None:
    sections = admin_client.get(reverse("admin:index")).context["app_list"]
    order = [model["object_name"] for section in sections for model in section["models"]]
    wanted = ["Campaign", "ServedModel", "Competitor", "Matchup", "Battle", "Ballot", "Report", "Participant", "User"]
    assert order[: len(wanted)] == wanted


def test_the_overview_says_what_needs_looking_at(admin_client: Client, arena: Arena) -> None:
    overview = admin_client.get(reverse("admin:index")).context["overview"]
    assert [(row.matchup, row.votes) for row in overview.running] == [(arena.matchup, 1)]
    assert overview.reports == 1
    assert overview.open_campaigns == [arena.matchup.campaign]


def test_models_that_are_out_are_named_with_since_when_and_why(admin_client: Client, arena: Arena) -> None:
    names = list(arena.matchup.competitors.order_by("pk").values_list("name", "served_model__name"))
    models = ServedModel.objects.order_by("pk")
    since = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    models.filter(name=names[0][1]).update(
        breaker_state="open", breaker_since=since, breaker_cause="answers", breaker_detail="connect: refused"
    )
    models.filter(name=names[1][1]).update(
        health="failing", ready_since=None, health_since=since, health_reason="No connection to the server"
    )
    watch = reverse("admin:arena_matchup_watch_panel", args=[arena.matchup.pk])
    for address in (watch, reverse("admin:index")):
        page = " ".join(admin_client.get(address).content.decode().split())
        for text in ("Out of pairing", "Several answers failed one after the other. connect: refused", "Failing",
                     "No connection to the server", "Since 11/23/2026"):  # fmt: skip
            assert text in page, (address, text)
    absent = admin_client.get(watch).context["absent"]
    assert [competitor.name for competitor, _absence in absent] == sorted(name for name, _ in names[:2])


def test_no_battle_or_ballot_can_be_added_changed_or_deleted(admin_client: Client, arena: Arena) -> None:
    for row in (arena.battle, arena.ballot):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        assert admin_client.get(reverse(f"{name}_add")).status_code == 403
        assert admin_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        before = type(row).objects.values().get(pk=row.pk)
        admin_client.post(reverse(f"{name}_change", args=[row.pk]), {"winner": "b", "status": "open"})
        assert type(row).objects.values().get(pk=row.pk) == before


def test_unknown_rows_are_not_found(admin_client: Client, db: None) -> None:
    assert admin_client.get(reverse("admin:arena_matchup_watch", args=[999])).status_code == 404
    for key in ("999", "x"):
        assert admin_client.get(f"/admin/arena/battle/{key}/change/").status_code == 404
    assert not Matchup.objects.exists()

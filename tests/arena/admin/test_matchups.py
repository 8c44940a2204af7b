"""Choosing competitors, starting, pausing and finishing, and the page that refreshes itself."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from arena.models import Competitor, Matchup, User
from tests.arena.admin.conftest import Arena, more_of_everything
from tests.factories import CampaignFactory, CompetitorFactory, MatchupFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/arena/matchup/"


def _form(
    matchup: Matchup | None = None, weights: dict[Competitor, str] | None = None, **values: Any
) -> dict[str, Any]:
    data = {"name": "Euskara", "pairing_policy": "uniform", "target_votes": "50", **values}
    if matchup:
        data["name"] = matchup.name
    for competitor, weight in (weights or {}).items():
        data.setdefault("entries", []).append(str(competitor.pk))
        data[f"entries-weight-{competitor.pk}"] = weight
    return data


def _entries(matchup: Matchup) -> dict[int, float]:
    return dict(matchup.entries.values_list("competitor", "weight"))


def _act(client: Client, action: str, *matchups: Matchup, **values: Any) -> Any:
    keys = [matchup.pk for matchup in matchups]
    return client.post(LIST, {"action": action, "_selected_action": keys, **values}, follow=True)


def _messages(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_a_matchup_is_made_with_its_competitors(admin_client: Client, boss: User) -> None:
    campaign = CampaignFactory()
    first, second, third = (CompetitorFactory(campaign=campaign) for _ in range(3))
    data = _form(campaign=campaign.pk, pairing_policy="weighted", weights={first: "2.5", third: ""})
    response = admin_client.post(f"{LIST}add/", data)
    assert response.status_code == 302, response.context["errors"]
    matchup = Matchup.objects.get()
    assert _entries(matchup) == {first.pk: 2.5, third.pk: 1.0}
    assert (matchup.state, matchup.created_by) == ("draft", boss)
    assert LogEntry.objects.get().is_addition()


def test_the_chooser_offers_competitors_of_campaigns_that_are_not_closed(admin_client: Client) -> None:
    open_one = CompetitorFactory()
    closed = CompetitorFactory(campaign=CampaignFactory(closed=True))
    body = admin_client.get(f"{LIST}add/").content.decode()
    assert open_one.name in body
    assert closed.name not in body


@pytest.mark.parametrize("weight", ["0", "-1", "asko", "inf", "nan"])
def test_a_weight_is_a_number_above_zero(admin_client: Client, weight: str) -> None:
    competitor = CompetitorFactory()
    data = _form(campaign=competitor.campaign_id, weights={competitor: weight})
    response = admin_client.post(f"{LIST}add/", data)
    assert competitor.name in str(response.context["adminform"].form.errors["entries"])
    assert f'value="{weight}"' in response.content.decode(), "what was typed is still there"
    assert not Matchup.objects.exists()


def test_competitors_of_two_campaigns_do_not_meet(admin_client: Client) -> None:
    own, foreign = CompetitorFactory(), CompetitorFactory()
    data = _form(campaign=own.campaign_id, weights={own: "1", foreign: "1"})
    response = admin_client.post(f"{LIST}add/", data)
    assert "entries" in response.context["adminform"].form.errors
    assert not Matchup.objects.exists()


@pytest.mark.parametrize("state", ["draft", "paused"])
def test_entries_can_be_changed_while_nothing_is_drawn(admin_client: Client, state: str) -> None:
    matchup = MatchupFactory(competitors=2, **({} if state == "draft" else {state: True}))
    kept = matchup.entries.first().competitor
    added = CompetitorFactory(campaign=matchup.campaign)
    admin_client.post(f"{LIST}{matchup.pk}/change/", _form(matchup, {kept: "1", added: "3"}))
    assert _entries(matchup) == {kept.pk: 1.0, added.pk: 3.0}
    assert "competitors" in LogEntry.objects.get().get_change_message().lower()


@pytest.mark.parametrize("state", ["running", "finished"])
def test_entries_cannot_be_changed_otherwise(admin_client: Client, state: str) -> None:
    matchup = MatchupFactory(competitors=2, **{state: True})
    before = _entries(matchup)
    added = CompetitorFactory(campaign=matchup.campaign)
    page = admin_client.get(f"{LIST}{matchup.pk}/change/").content.decode()
    assert 'name="entries"' not in page
    assert matchup.entries.first().competitor.name in page
    response = admin_client.post(f"{LIST}{matchup.pk}/change/", _form(matchup, {added: "1"}))
    assert response.status_code == 302
    assert _entries(matchup) == before


def test_a_change_without_changes_writes_no_competitors_into_the_history(admin_client: Client) -> None:
    matchup = MatchupFactory(competitors=2)
    weights = {entry.competitor: "1.0" for entry in matchup.entries.all()}
    admin_client.post(f"{LIST}{matchup.pk}/change/", _form(matchup, weights, target_votes=matchup.target_votes))
    assert not LogEntry.objects.get().change_message.strip("[]")


def test_an_action_asks_first(admin_client: Client) -> None:
    matchup = MatchupFactory(competitors=2)
    response = _act(admin_client, "start_matchups", matchup)
    assert response.status_code == 200
    assert 'name="confirmed"' in response.content.decode()
    assert matchup.name in response.content.decode()
    matchup.refresh_from_db()
    assert matchup.state == "draft"


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("start_matchups", {}, "running"),
        ("pause_matchups", {"running": True}, "paused"),
        ("resume_matchups", {"paused": True}, "running"),
        ("finish_matchups", {"running": True}, "finished"),
        ("finish_matchups", {"paused": True}, "finished"),
    ],
)
def test_a_confirmed_action_is_done_and_in_the_history(
    admin_client: Client, boss: User, action: str, before: dict[str, bool], after: str
) -> None:
    matchup = MatchupFactory(competitors=2, **before)
    response = _act(admin_client, action, matchup, confirmed="yes")
    matchup.refresh_from_db()
    assert matchup.state == after
    assert response.redirect_chain == [(LIST, 302)]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (boss, str(matchup.pk))


def test_what_cannot_be_done_is_said_and_the_rest_is_done(admin_client: Client) -> None:
    ready, empty, over = MatchupFactory(competitors=2), MatchupFactory(), MatchupFactory(finished=True)
    response = _act(admin_client, "start_matchups", ready, empty, over, confirmed="yes")
    states = {matchup.pk: matchup.state for matchup in Matchup.objects.all()}
    assert states == {ready.pk: "running", empty.pk: "draft", over.pk: "finished"}
    said = _messages(response)
    assert empty.name in said
    assert over.name in said
    assert LogEntry.objects.count() == 1


def test_a_button_leads_back_to_where_it_was_pressed(admin_client: Client) -> None:
    matchup = MatchupFactory(competitors=2)
    watch = reverse("admin:arena_matchup_watch", args=[matchup.pk])
    response = _act(admin_client, "start_matchups", matchup, confirmed="yes", next=watch)
    assert response.redirect_chain == [(watch, 302)]
    foreign = _act(admin_client, "pause_matchups", matchup, confirmed="yes", next="https://example.org/")
    assert foreign.redirect_chain == [(LIST, 302)]


@pytest.mark.parametrize(
    ("traits", "offered"),
    [
        ({}, {"start_matchups"}),
        ({"running": True}, {"pause_matchups", "finish_matchups"}),
        ({"paused": True}, {"resume_matchups", "finish_matchups"}),
        ({"finished": True}, set()),
    ],
)
def test_buttons_are_those_that_can_be_pressed(
    admin_client: Client, traits: dict[str, bool], offered: set[str]
) -> None:
    matchup = MatchupFactory(competitors=2, **traits)
    for address in (f"{LIST}{matchup.pk}/change/", f"{LIST}{matchup.pk}/watch/"):
        verbs = admin_client.get(address).context["verbs"]
        assert {verb.action for verb in verbs} == offered, address


def test_who_may_only_look_can_watch_and_start_nothing(client: Client) -> None:
    from django.contrib.auth.models import Permission

    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_matchup"))
    client.force_login(viewer)
    matchup = MatchupFactory(competitors=2)
    assert client.get(f"{LIST}{matchup.pk}/watch/").context["verbs"] == []
    _act(client, "start_matchups", matchup, confirmed="yes")
    matchup.refresh_from_db()
    assert matchup.state == "draft"


def test_only_drafts_can_be_deleted(admin_client: Client) -> None:
    draft, running = MatchupFactory(competitors=2), MatchupFactory(running=True, competitors=2)
    assert admin_client.post(f"{LIST}{running.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(f"{LIST}{draft.pk}/delete/", {"post": "yes"})
    assert list(Matchup.objects.all()) == [running]


def test_drafts_and_others_are_not_deleted_together(admin_client: Client) -> None:
    running = MatchupFactory(running=True, competitors=2)
    _act(admin_client, "delete_selected", running, post="yes")
    assert Matchup.objects.filter(pk=running.pk).exists()


def test_the_watch_page_refreshes_its_panel(admin_client: Client, arena: Arena) -> None:
    panel = reverse("admin:arena_matchup_watch_panel", args=[arena.matchup.pk])
    page = admin_client.get(reverse("admin:arena_matchup_watch", args=[arena.matchup.pk])).content.decode()
    assert f'hx-get="{panel}"' in page
    fragment = admin_client.get(panel).content.decode()
    assert "<html" not in fragment
    assert fragment.count("<rect") == 24
    assert arena.battle.competitor_a.name in fragment


def test_the_panel_costs_as_many_queries_with_more_battles(admin_client: Client, arena: Arena) -> None:
    panel = reverse("admin:arena_matchup_watch_panel", args=[arena.matchup.pk])
    admin_client.get(panel)
    with CaptureQueriesContext(connection) as few:
        admin_client.get(panel)
    more_of_everything(arena, 6)
    with CaptureQueriesContext(connection) as many:
        admin_client.get(panel)
    assert len(few) == len(many)

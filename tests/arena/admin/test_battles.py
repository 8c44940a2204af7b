"""A battle to read."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from arena.models import Answer, Ballot, Battle
from tests.arena.admin.conftest import Arena
from tests.factories import BattleFactory, ReportFactory, TurnFactory

pytestmark = pytest.mark.django_db


def _page(client: Client, battle: Battle) -> str:
    return client.get(reverse("admin:arena_battle_change", args=[battle.pk])).content.decode()


def test_the_whole_conversation_can_be_read(admin_client: Client, arena: Arena) -> None:
    page = _page(admin_client, arena.battle)
    for name in (arena.battle.competitor_a.name, arena.battle.competitor_b.name):
        assert name in page
    assert "<strong>A</strong> aldearen erantzuna" in page
    assert "&lt;b&gt;Eta&lt;/b&gt; gaztelaniaz?" in page
    assert "500 Internal Server Error" in page
    assert "250 ms" in page
    assert "Counted" in page


def test_an_answer_that_names_a_model_is_marked(admin_client: Client, arena: Arena) -> None:
    assert "Names a model or its maker" not in _page(admin_client, arena.battle)
    Answer.objects.filter(turn=arena.battle.turns.first(), side="a").update(self_identified=True)
    assert _page(admin_client, arena.battle).count("Names a model or its maker") == 1


def test_hostile_answers_do_nothing(admin_client: Client) -> None:
    battle = BattleFactory(answered=True)
    Answer.objects.filter(turn__battle=battle).update(text="<img src=x onerror=alert(1)> [x](javascript:alert(1))")
    Ballot.objects.create(battle=battle, comment="<script>alert(1)</script>")
    page = _page(admin_client, battle)
    assert "<img" not in page
    assert "javascript:" not in page.replace("[x](javascript:alert(1))", "")
    assert "<script>alert" not in page


def test_an_open_battle_says_that_it_is_a_secret(admin_client: Client, arena: Arena) -> None:
    assert "do not tell" in _page(admin_client, arena.open_battle)
    assert "do not tell" not in _page(admin_client, arena.battle)


def test_a_long_conversation_costs_as_many_queries(admin_client: Client, arena: Arena) -> None:
    _page(admin_client, arena.battle)
    with CaptureQueriesContext(connection) as few:
        _page(admin_client, arena.battle)
    for index in range(3, 9):
        TurnFactory(battle=arena.battle, index=index, answered=True)
    ReportFactory(battle=arena.battle, kind="broken", dismissed=True)
    with CaptureQueriesContext(connection) as many:
        _page(admin_client, arena.battle)
    assert len(few) == len(many)


@pytest.mark.parametrize(
    ("query", "found"),
    [("answers=failed", 1), ("answers=self_identified", 1), ("reported=waiting", 1), ("reported=yes", 2)],
)
def test_the_list_can_be_filtered(admin_client: Client, arena: Arena, query: str, found: int) -> None:
    ReportFactory(dismissed=True)
    Answer.objects.filter(turn=arena.battle.turns.first(), side="a").update(self_identified=True)
    assert admin_client.get(f"/admin/arena/battle/?{query}").context["cl"].result_count == found


def test_volunteers_see_no_address_of_the_admin(client: Client, arena: Arena) -> None:
    client.force_login(arena.participant.user)
    for address in ("/", reverse("arena:battle", args=[arena.open_battle.uid])):
        response = client.get(address)
        assert response.status_code == 200
        assert "/admin/" not in response.content.decode(), address

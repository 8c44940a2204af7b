"""Competitors: their parameters, and copies."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from arena.models import Competitor, User
from tests.factories import BattleFactory, CompetitorFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/arena/competitor/"


def _form(competitor: Competitor, **values: Any) -> dict[str, Any]:
    return {
        "name": competitor.name,
        "served_model": competitor.served_model_id,
        "is_active": "on",
        "system_prompt": competitor.system_prompt,
        "temperature": "0.9",
        "top_p": "0.95",
        "max_tokens": "2048",
        "extra_parameters": "{}",
        "initial-extra_parameters": "{}",
        "factors": '{"backbone": "instruct", "corpus": "eu"}',
        **values,
    }


def test_a_copy_has_a_name_of_its_own_and_is_not_drawn_yet(admin_client: Client, boss: User) -> None:
    original = CompetitorFactory()
    data = {"action": "copy", "_selected_action": [original.pk]}
    for number in (2, 3):
        response = admin_client.post(LIST, data)
        copy = Competitor.objects.get(name=f"{original.name} ({number})")
        assert response.headers["Location"] == f"{LIST}{copy.pk}/change/"
        assert (copy.factors, copy.system_prompt, copy.served_model) == (
            original.factors,
            original.system_prompt,
            original.served_model,
        )
        assert not copy.is_active
    original.refresh_from_db()
    assert original.is_active
    assert LogEntry.objects.filter(user=boss, object_id=str(copy.pk)).get().is_addition()


def test_a_long_name_leaves_room_for_the_number(admin_client: Client) -> None:
    original = CompetitorFactory(name="x" * 120)
    admin_client.post(LIST, {"action": "copy", "_selected_action": [original.pk]})
    assert Competitor.objects.filter(name="x" * 116 + " (2)").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("factors", '["eu"]'),
        ("factors", '{"corpus": ["eu"]}'),
        ("factors", "corpus: eu"),
        ("extra_parameters", '{"stream": false}'),
        ("temperature", "3"),
        ("top_p", "0"),
    ],
)
def test_bad_parameters_are_refused(admin_client: Client, field: str, value: str) -> None:
    competitor = CompetitorFactory()
    response = admin_client.post(f"{LIST}{competitor.pk}/change/", _form(competitor, **{field: value}))
    assert response.status_code == 200
    assert response.context["errors"]


@pytest.mark.parametrize(("change", "warned"), [({"system_prompt": "Berria."}, True), ({"factors": "{}"}, False)])
def test_what_changes_the_answers_after_battles_is_warned_of(
    admin_client: Client, change: dict[str, str], warned: bool
) -> None:
    competitor = BattleFactory().competitor_b
    response = admin_client.post(f"{LIST}{competitor.pk}/change/", _form(competitor, **change), follow=True)
    assert ("warning" in {message.level_tag for message in response.context["messages"]}) == warned


def test_a_competitor_stays_in_its_campaign(admin_client: Client) -> None:
    competitor, other = CompetitorFactory(), CompetitorFactory()
    admin_client.post(f"{LIST}{competitor.pk}/change/", _form(competitor, campaign=other.campaign_id))
    before = competitor.campaign_id
    competitor.refresh_from_db()
    assert competitor.campaign_id == before

"""Blocking people on a page of its own."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from arena.actions.people import MAX_REASON
from arena.models import Ballot, Participant
from tests.arena.admin.conftest import Arena
from tests.factories import ParticipantFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/arena/participant/"


def _act(client: Client, action: str, *people: Participant, **values: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [row.pk for row in people], **values}, follow=True)


def test_blocking_asks_for_a_reason(admin_client: Client, arena: Arena) -> None:
    response = _act(admin_client, "block_people", arena.participant)
    assert 'name="reason"' in response.content.decode()
    assert not Participant.objects.blocked().exists()


@pytest.mark.parametrize("reason", ["", "   ", "x" * (MAX_REASON + 1)])
def test_without_a_reason_nobody_is_blocked(admin_client: Client, arena: Arena, reason: str) -> None:
    response = _act(admin_client, "block_people", arena.participant, confirmed="yes", reason=reason)
    assert response.context["form"].errors["reason"]
    assert not Participant.objects.blocked().exists()


def test_a_block_is_done_and_said(admin_client: Client, arena: Arena) -> None:
    _act(admin_client, "block_people", arena.participant, confirmed="yes", reason="Robota da.")
    assert Participant.objects.blocked().get().block_reason == "Robota da."
    assert Ballot.objects.get().quarantined_at is not None
    assert "Robota da." in LogEntry.objects.get().change_message
    page = admin_client.get(f"{LIST}{arena.participant.pk}/change/").content.decode()
    assert "Robota da." in page
    assert 'value="unblock_people"' in page
    assert "In quarantine" in admin_client.get("/admin/arena/ballot/").content.decode()


def test_unblocking_asks_first_and_counts_the_votes_again(admin_client: Client, arena: Arena) -> None:
    _act(admin_client, "block_people", arena.participant, confirmed="yes", reason="Robota da.")
    _act(admin_client, "unblock_people", arena.participant)
    assert Participant.objects.blocked().exists()
    _act(admin_client, "unblock_people", arena.participant, confirmed="yes")
    assert not Participant.objects.blocked().exists()
    assert Ballot.objects.get().collected_at is not None
    assert LogEntry.objects.count() == 2


def test_of_several_the_blocked_one_is_named_and_the_other_blocked(admin_client: Client) -> None:
    before, free = ParticipantFactory(blocked=True), ParticipantFactory()
    response = _act(admin_client, "block_people", before, free, confirmed="yes", reason="Robotak dira.")
    assert Participant.objects.blocked().count() == 2
    assert str(before) in " ".join(str(message) for message in response.context["messages"])
    before.refresh_from_db()
    assert before.block_reason != "Robotak dira."


def test_nothing_of_a_participant_is_edited_added_or_deleted(admin_client: Client, arena: Arena) -> None:
    before = Participant.objects.values().get(pk=arena.participant.pk)
    data = {"consents-TOTAL_FORMS": 0, "consents-INITIAL_FORMS": 0, "language_level": "a1_a2", "kind": "simulated"}
    admin_client.post(f"{LIST}{arena.participant.pk}/change/", data)
    assert Participant.objects.values().get(pk=arena.participant.pk) == before
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{arena.participant.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"), [("block=blocked", 1), ("block=free", 2), ("language_level=c1_c2", 2), ("education=x", 3)]
)
def test_the_list_can_be_filtered(admin_client: Client, query: str, found: int) -> None:
    ParticipantFactory(blocked=True)
    ParticipantFactory()
    ParticipantFactory(imported=True, language_level="C2")
    expected = 0 if query == "education=x" else found
    assert admin_client.get(f"{LIST}?{query}").context["cl"].result_count == expected

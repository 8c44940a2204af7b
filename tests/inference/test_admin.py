"""Served models in the admin: their health, and the name of their key's variable."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from inference import tasks
from inference.admin import ServedModelAdmin
from inference.models import ServedModel
from tests.factories import ServedModelChangeFactory, ServedModelFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/inference/servedmodel/"
SECRET = "sk-hau-ez-da-inoiz-erakusten"


@pytest.fixture
def admin_client(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(UserFactory(admin=True))
    return client


def _form(**values: Any) -> dict[str, Any]:
    return {
        "name": "latxa",
        "base_url": "http://127.0.0.1:8100/v1",
        "model_name": "latxa",
        "system_prompt_mode": "system",
        "connect_timeout": "5",
        "first_token_timeout": "60",
        "silence_timeout": "30",
        "is_enabled": "on",
        **values,
    }


def test_health_is_shown_with_reason_and_age(admin_client: Client) -> None:
    ServedModelFactory(failing=True, health_checked_at=timezone.now() - timedelta(minutes=3))
    page = admin_client.get(LIST).content.decode().replace("\xa0", " ")
    for text in ("Failing", "Connection refused.", "3 minutes ago"):
        assert text in page


@pytest.mark.parametrize("is_set", [True, False])
def test_the_key_is_a_name_and_never_shown(admin_client: Client, monkeypatch: pytest.MonkeyPatch, is_set: bool) -> None:
    if is_set:
        monkeypatch.setenv("LATXA_API_KEY", SECRET)
    else:
        monkeypatch.delenv("LATXA_API_KEY", raising=False)
    model = ServedModelFactory(with_key=True)
    for address in (LIST, f"{LIST}{model.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert "LATXA_API_KEY" in page
        assert ("not set" in page) != is_set
        assert SECRET not in page


@pytest.mark.parametrize("name", [SECRET, "LEHIA_SECRET_KEY", "latxa_api_key"])
def test_a_key_itself_or_another_variable_is_refused(admin_client: Client, name: str) -> None:
    response = admin_client.post(f"{LIST}add/", _form(api_key_env=name))
    assert response.context["adminform"].form.errors["api_key_env"]
    assert not ServedModel.objects.exists()


def test_a_model_is_added_and_changed_live_and_audited(admin_client: Client) -> None:
    assert admin_client.post(f"{LIST}add/", _form(api_key_env="LATXA_API_KEY")).status_code == 302
    model = ServedModel.objects.get()
    assert model.health == "unknown"
    admin_client.post(f"{LIST}{model.pk}/change/", _form(base_url="http://127.0.0.1:8200/v1", health="ready"))
    model.refresh_from_db()
    assert (model.base_url, model.health) == ("http://127.0.0.1:8200/v1", "unknown")
    assert [entry.action_flag for entry in LogEntry.objects.order_by("pk")] == [1, 2]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/v1", "http://user:secret@127.0.0.1/v1", "127.0.0.1:8100"])
def test_bad_addresses_are_refused(admin_client: Client, address: str) -> None:
    response = admin_client.post(f"{LIST}add/", _form(base_url=address))
    assert response.context["adminform"].form.errors["base_url"]


def test_probe_now_asks_the_worker(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    model, sent = ServedModelFactory(), []
    monkeypatch.setattr(tasks.probe_served_models, "delay", lambda: sent.append(1))
    admin_client.post(LIST, {"action": "probe_now", "_selected_action": [model.pk]})
    assert sent == [1]
    assert LogEntry.objects.get().object_id == str(model.pk)


def test_a_worker_out_of_reach_is_said(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.probe_served_models, "delay", gone)
    data = {"action": "probe_now", "_selected_action": [ServedModelFactory().pk]}
    response = admin_client.post(LIST, data, follow=True)
    assert {message.level_tag for message in response.context["messages"]} == {"error"}


def test_probe_now_asks_for_a_token_too(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.probe_served_models, "delay", lambda: None)
    model = ServedModelFactory(asked_at=timezone.now())
    admin_client.post(LIST, {"action": "probe_now", "_selected_action": [model.pk]})
    model.refresh_from_db()
    assert model.asked_at is None


@pytest.mark.parametrize(
    ("trait", "texts"),
    [
        ({}, ("In pairing",)),
        ({"out": True}, ("Out of pairing", "Several answers failed one after the other.", "out of memory")),
        ({"on_trial": True}, ("On trial", "one battle tries it")),
        ({"out_by_hand": True}, ("Out of pairing", "By hand.")),
    ],
)
def test_pairing_is_shown_with_its_reason(admin_client: Client, trait: dict[str, bool], texts: tuple[str, ...]) -> None:
    model = ServedModelFactory(**trait)
    for address in (LIST, f"{LIST}{model.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert [text for text in texts if text not in page] == []


def test_the_load_is_shown_where_the_server_says_it(admin_client: Client) -> None:
    ServedModelFactory(running_requests=3, waiting_requests=1, cache_use=0.254)
    ServedModelFactory(running_requests=7, waiting_requests=None)
    page = admin_client.get(LIST).content.decode()
    assert "3 running, 1 waiting, cache 25 % full" in page and "7 running, 0 waiting" in page


def test_what_became_of_a_model_is_told_newest_first(admin_client: Client) -> None:
    model, now = ServedModelFactory(), timezone.now()
    ServedModelChangeFactory(served_model=model, of_health=True, at=now - timedelta(minutes=2))
    ServedModelChangeFactory(served_model=model, at=now - timedelta(minutes=1))
    ServedModelChangeFactory(
        served_model=model, before="open", after="closed", cause="by_hand", detail="", by=UserFactory(username="ane")
    )
    ServedModelChangeFactory(detail="of another model")
    page = admin_client.get(f"{LIST}{model.pk}/change/").content.decode()
    told = [page.index(text) for text in ("By hand.", "ane", "out of memory", "Connection refused.")]
    assert told == sorted(told)
    assert "of another model" not in page


def test_a_model_is_taken_out_and_put_back_by_hand(admin_client: Client) -> None:
    model = ServedModelFactory()
    for action, state in (("take_out", "open"), ("put_back", "closed")):
        admin_client.post(LIST, {"action": action, "_selected_action": [model.pk]})
        model.refresh_from_db()
        assert (model.breaker_state, model.breaker_cause) == (state, "by_hand")
    assert set(model.changes.values_list("by__is_superuser", flat=True)) == {True}
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Taken out of pairing.",
        "Put back into pairing.",
    ]


def test_nobody_takes_models_out_without_the_right_to_change_them(client: Client) -> None:
    viewer, model = UserFactory(is_staff=True), ServedModelFactory()
    viewer.user_permissions.add(Permission.objects.get(codename="view_servedmodel"))
    client.force_login(viewer)
    client.post(LIST, {"action": "take_out", "_selected_action": [model.pk]})
    model.refresh_from_db()
    assert model.breaker_state == "closed"


def test_saving_the_form_undoes_nothing_that_was_told_meanwhile(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading of the row and its lock, its breaker opened."""
    model = ServedModelFactory(name="latxa")
    original = ServedModelAdmin.get_queryset

    def open_after_reading(self: ServedModelAdmin, request: HttpRequest) -> Any:
        rows = list(original(self, request))
        ServedModel.objects.filter(pk=model.pk).update(
            breaker_state="open", breaker_since=timezone.now(), breaker_cause="burst"
        )
        stale = original(self, request)
        stale._result_cache = rows
        monkeypatch.setattr(stale, "get", lambda **_: rows[0])
        return stale

    monkeypatch.setattr(ServedModelAdmin, "get_queryset", open_after_reading)
    admin_client.post(f"{LIST}{model.pk}/change/", _form(silence_timeout="7"))
    model.refresh_from_db()
    assert (model.silence_timeout, model.breaker_state) == (7, "open")

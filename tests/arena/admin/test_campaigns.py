"""Campaigns: their texts, their ballot form, and opening and closing them."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from kombu.exceptions import OperationalError

from arena import tasks
from arena.actions.campaigns import TRANSITIONS
from arena.enums import CampaignStatus
from arena.models import Answer, Campaign, ConsentText, User
from tests.factories import BattleFactory, CampaignFactory, ConsentFactory, ConsentTextFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/arena/campaign/"
VERBS = {"open": "open_campaigns", "paused": "pause_campaigns", "closed": "close_campaigns"}


def _form(campaign: Campaign, **values: Any) -> dict[str, Any]:
    """What the page of a campaign sends when nothing is touched."""
    texts, consents, prompts = campaign.texts.all(), campaign.consent_texts.all(), campaign.starting_prompts.all()
    data: dict[str, Any] = {
        "name": campaign.name,
        "slug": campaign.slug,
        "starts_at_0": "2026-01-01",
        "starts_at_1": "00:00:00",
        "languages": ["eu", "en"],
        "ballot_form": json.dumps(campaign.ballot_form),
        "reveal_policy": campaign.reveal_policy,
        "leaderboard_policy": campaign.leaderboard_policy,
        "max_prompt_chars": 2000,
        "max_turns": 5,
        "max_battles_per_hour": 60,
        "votes_per_ticket": 10,
        "self_identifying_words": campaign.self_identifying_words,
        "category_source": campaign.category_source,
        "categories": campaign.categories,
    }
    for prefix, rows, fields in (
        ("texts", texts, ("language", "title", "tagline", "notice")),
        ("consent_texts", consents, ("version", "language", "body")),
        ("starting_prompts", prompts, ("language", "text", "position")),
    ):
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(rows)}
        for index, row in enumerate(rows):
            data |= {f"{prefix}-{index}-id": row.pk, f"{prefix}-{index}-campaign": campaign.pk}
            data |= {f"{prefix}-{index}-{field}": getattr(row, field) for field in fields}
    return data | values


def _save(client: Client, campaign: Campaign, **values: Any) -> Any:
    return client.post(f"{LIST}{campaign.pk}/change/", _form(campaign, **values))


def test_a_campaign_is_changed_with_its_texts(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    response = _save(admin_client, campaign, max_turns=3, **{"texts-0-title": "Izenburu berria"})
    assert response.status_code == 302, response.context["errors"]
    campaign.refresh_from_db()
    assert (campaign.max_turns, campaign.languages) == (3, ["eu", "en"])
    assert campaign.texts.get().title == "Izenburu berria"
    assert LogEntry.objects.get().is_change()


def test_a_consent_text_that_nobody_has_accepted_can_be_changed(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    _save(admin_client, campaign, **{"consent_texts-0-body": "Berria."})
    assert campaign.consent_texts.get().body == "Berria."


def test_a_consent_text_that_somebody_has_accepted_stays(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    before = ConsentText.objects.values().get()
    ConsentFactory(campaign=campaign, version=1)
    for change in (
        {"consent_texts-0-body": "Berria."},
        {"consent_texts-0-version": 2},
        {"consent_texts-0-language": "es"},
        {"consent_texts-0-DELETE": "on"},
    ):
        _save(admin_client, campaign, **change)
        assert ConsentText.objects.values().get() == before, change


def test_a_changed_consent_is_a_new_version(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    ConsentFactory(campaign=campaign, version=1)
    new = {
        "consent_texts-TOTAL_FORMS": 2,
        "consent_texts-1-campaign": campaign.pk,
        "consent_texts-1-version": 2,
        "consent_texts-1-language": "eu",
        "consent_texts-1-body": "Bigarren bertsioa.",
    }
    assert _save(admin_client, campaign, **new).status_code == 302
    assert campaign.consent_version == 2
    assert campaign.consent_texts.get(version=1).body != "Bigarren bertsioa."


def test_an_unaccepted_version_beside_an_accepted_one_can_be_changed(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    ConsentTextFactory(campaign=campaign, version=2)
    ConsentFactory(campaign=campaign, version=1)
    _save(admin_client, campaign, **{"consent_texts-0-body": "Berria.", "consent_texts-1-body": "Berria."})
    bodies = dict(campaign.consent_texts.values_list("version", "body"))
    assert bodies[2] == "Berria."
    assert bodies[1] != "Berria."


@pytest.mark.parametrize(
    ("ballot_form", "said"),
    [
        ('{"dimensions": [\n  {"key" "content"}]}', "2"),
        ('["content"]', "object"),
        ('{"dimensions": []}', "at least one"),
        ('{"dimensions": [{"key": "content", "choices": ["a", "b", "c"]}]}', "dimensions[0].choices"),
        ('{"dimensions": [{"key": "content"}], "colour": "red"}', "colour"),
    ],
)
def test_a_faulty_ballot_form_is_refused_with_the_place_of_the_fault(
    admin_client: Client, ballot_form: str, said: str
) -> None:
    campaign = CampaignFactory(with_texts=True)
    response = _save(admin_client, campaign, ballot_form=ballot_form)
    form = response.context["adminform"].form
    assert said in str(form.errors["ballot_form"])
    assert form["ballot_form"].value() == ballot_form or json.loads(form["ballot_form"].value()) == json.loads(
        ballot_form
    )
    campaign.refresh_from_db()
    assert campaign.form.dimensions[0].key == "content"


def test_changing_the_ballot_after_votes_is_allowed_and_warned_of(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    changed = json.dumps({"dimensions": [{"key": "content"}]})
    _save(admin_client, campaign, ballot_form=changed)
    assert "warning" not in _levels(admin_client)
    BattleFactory(matchup__campaign=campaign, voted=True)
    campaign.refresh_from_db()
    _save(admin_client, campaign, ballot_form=json.dumps({"dimensions": [{"key": "language"}]}))
    assert "warning" in _levels(admin_client)


def _levels(client: Client) -> set[str]:
    return {message.level_tag for message in client.get(LIST).context["messages"]}


@pytest.mark.parametrize("before", list(CampaignStatus))
@pytest.mark.parametrize("after", list(VERBS))
def test_opening_pausing_and_closing(admin_client: Client, boss: User, before: CampaignStatus, after: str) -> None:
    campaign = CampaignFactory(with_texts=True, status=before)
    data = {"action": VERBS[after], "_selected_action": [campaign.pk]}
    assert 'name="confirmed"' in admin_client.post(LIST, data).content.decode()
    admin_client.post(LIST, data | {"confirmed": "yes"})
    campaign.refresh_from_db()
    allowed = after in TRANSITIONS[before]
    assert campaign.status == (after if allowed else before)
    assert LogEntry.objects.filter(user=boss, object_id=str(campaign.pk)).count() == allowed


def test_a_campaign_without_texts_does_not_open(admin_client: Client) -> None:
    campaign = CampaignFactory(draft=True)
    data = {"action": "open_campaigns", "_selected_action": [campaign.pk], "confirmed": "yes"}
    response = admin_client.post(LIST, data, follow=True)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DRAFT
    assert campaign.name in " ".join(str(message) for message in response.context["messages"])


def test_the_status_is_not_changed_by_the_form(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    _save(admin_client, campaign, status="closed")
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.OPEN


def test_votes_can_be_counted_again(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, sent = CampaignFactory(), []
    monkeypatch.setattr(tasks.rebuild_campaign_tallies, "delay", sent.append)
    admin_client.post(LIST, {"action": "count_again", "_selected_action": [campaign.pk]})
    assert sent == [campaign.pk]
    assert LogEntry.objects.get().object_id == str(campaign.pk)


def test_a_worker_out_of_reach_is_said(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_key: int) -> None:
        raise OperationalError

    campaign = CampaignFactory()
    monkeypatch.setattr(tasks.rebuild_campaign_tallies, "delay", gone)
    response = admin_client.post(LIST, {"action": "count_again", "_selected_action": [campaign.pk]}, follow=True)
    assert {message.level_tag for message in response.context["messages"]} == {"error"}


def test_a_new_list_of_names_marks_the_answers_again(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    battle = BattleFactory(answered=True)
    monkeypatch.setattr(tasks.mark_campaign_self_identified, "delay", tasks.mark_campaign_self_identified)
    marked = Answer.objects.filter(self_identified=True)
    Answer.objects.filter(turn__battle=battle, side="b").update(text="Zubirik esan du")
    with django_capture_on_commit_callbacks(execute=True):
        _save(admin_client, battle.campaign, max_turns=3)
    assert not marked.exists()
    with django_capture_on_commit_callbacks(execute=True):
        _save(admin_client, battle.campaign, self_identifying_words="Zubiri\n“HiTZ”")
    assert [answer.side for answer in marked] == ["b"]


def test_a_name_in_the_list_says_something(admin_client: Client) -> None:
    campaign = CampaignFactory(with_texts=True)
    page = _save(admin_client, campaign, self_identifying_words="Latxa\n!?").content.decode()
    assert "“!?” has neither a letter nor a digit." in page


def test_answers_are_searched_again_on_demand(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory()
    asked: list[int] = []
    monkeypatch.setattr(tasks.mark_campaign_self_identified, "delay", asked.append)
    chosen = {"action": "mark_again", "_selected_action": campaign.pk}
    assert "searched for names again" in admin_client.post(LIST, chosen, follow=True).content.decode()
    assert asked == [campaign.pk]

    def away(_pk: int) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.mark_campaign_self_identified, "delay", away)
    assert "cannot be reached" in admin_client.post(LIST, chosen, follow=True).content.decode()

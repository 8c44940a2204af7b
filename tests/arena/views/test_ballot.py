"""POST /battles/UID/ballot/: the protocol's table, for programs and for browsers, and whether it has been counted."""

from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.test import Client
from django.utils import translation

from arena.actions.collection import collect_ballots
from arena.exceptions import AlreadyVoted, BallotInvalid, BallotTooEarly, CampaignNotOpen
from arena.models import Ballot, Battle, Campaign, Participant
from arena.tasks import collect
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import BattleFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

BOTH_A = {"content": "a", "language": "a"}
JSON = {"accept": "application/json"}


@pytest.fixture
def battle(volunteer: Participant) -> Battle:
    battle: Battle = BattleFactory(answered=True, participant=volunteer)
    return battle


@pytest.fixture
def browser(volunteer: Participant, sign_in: SignIn) -> Client:
    return speak(sign_in(volunteer), "en")


def cast(client: Client, battle: Battle, ballot: dict[str, Any] | None = None, **values: Any) -> Any:
    return client.post(f"/battles/{battle.uid}/ballot/", BOTH_A if ballot is None else ballot, **values)


def test_an_accepted_ballot(browser: Client, battle: Battle) -> None:
    answer = cast(browser, battle, headers=JSON)
    reveal = {"a": battle.competitor_a.name, "b": battle.competitor_b.name}
    assert answer.status_code == 200
    assert answer.json() == {"status": "recorded", "duplicate": False, "reveal": reveal}
    again = cast(browser, battle, headers=JSON)
    assert again.json() == {"status": "recorded", "duplicate": True, "reveal": reveal}


@pytest.mark.parametrize(
    ("policy", "over", "told"),
    [
        ("never", False, False),
        ("after_vote", False, True),
        ("after_campaign", False, False),
        ("after_campaign", True, True),
    ],
)
def test_the_reveal_is_the_campaigns(browser: Client, battle: Battle, policy: str, over: bool, told: bool) -> None:
    Campaign.objects.filter(pk=battle.campaign_id).update(reveal_policy=policy)
    html = cast(browser, battle).content.decode()
    if over:
        Campaign.objects.filter(pk=battle.campaign_id).update(status="closed")
        html = cast(browser, battle).content.decode()
    answer = cast(browser, battle, headers=JSON).json()
    assert (answer["reveal"] is not None) is told
    for competitor in (battle.competitor_a, battle.competitor_b):
        assert (competitor.name in html) is told
        assert competitor.served_model.name not in html


def test_a_different_ballot_later(browser: Client, battle: Battle) -> None:
    cast(browser, battle)
    answer = cast(browser, battle, {"content": "b", "language": "b"}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_voted")
    html = cast(browser, battle, {"content": "b", "language": "b"})
    assert html.status_code == 409 and str(AlreadyVoted.message) in html.content.decode()


def test_a_ballot_before_the_answers_loses_nothing_that_was_typed(browser: Client, volunteer: Participant) -> None:
    battle = BattleFactory(streaming=True, participant=volunteer)
    answer = cast(browser, battle, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "ballot_too_early")
    html = cast(browser, battle, {"content": "a", "language": "tie", "comment": "Ez galdu hau."})
    body = html.content.decode()
    assert html.status_code == 409 and str(BallotTooEarly.message) in body
    assert "Ez galdu hau." in body
    assert 'name="content" value="a" checked' in body and 'name="language" value="tie" checked' in body


@pytest.mark.parametrize(
    ("ballot", "field"),
    [
        ({}, "content"),
        ({"content": "a"}, "language"),
        ({"content": "a", "language": ""}, "language"),
        ({"content": "left", "language": "a"}, "content"),
        ({"content": "a", "language": "b"}, "overall"),
        ({**BOTH_A, "overall": "a"}, "overall"),
    ],
)
def test_a_ballot_that_does_not_fit_names_the_field(
    browser: Client, battle: Battle, ballot: dict[str, str], field: str
) -> None:
    answer = cast(browser, battle, ballot, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "ballot_invalid")
    assert list(answer.json()["fields"]) == [field] and answer.json()["fields"][field]
    html = cast(browser, battle, ballot)
    assert html.status_code == 422 and answer.json()["fields"][field] in html.content.decode()
    assert not Ballot.objects.exists()


def test_an_unknown_field_is_refused(browser: Client, battle: Battle) -> None:
    answer = cast(browser, battle, {**BOTH_A, "colour": "a"}, headers=JSON)
    assert (answer.status_code, answer.json()["fields"]) == (422, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusals_are_in_the_volunteers_language(browser: Client, battle: Battle, language: str) -> None:
    answer = cast(speak(browser, language), battle, {}, headers=JSON)
    with translation.override(language):
        assert answer.json()["message"] == str(BallotInvalid.message)
    assert answer.headers["Content-Language"] == language


def test_a_campaign_that_takes_no_votes(browser: Client, battle: Battle) -> None:
    Campaign.objects.update(status="paused")
    answer = cast(browser, battle, headers=JSON)
    assert (answer.status_code, answer.json()) == (
        409,
        {"code": "campaign_not_open", "message": str(CampaignNotOpen())},
    )


def test_somebody_elses_battle(client: Client, battle: Battle, sign_in: SignIn) -> None:
    assert cast(sign_in(ParticipantFactory()), battle, headers=JSON).status_code == 404
    assert not Ballot.objects.exists()


def test_reasons_and_comment_are_read_where_the_form_has_them(browser: Client, battle: Battle) -> None:
    form = {
        "dimensions": [{"key": "content"}],
        "reasons": [
            {"key": "clear", "label": {"eu": "Argia", "en": "Clear"}},
            {"key": "short", "label": {"eu": "Laburra"}},
        ],
        "comment": True,
    }
    Campaign.objects.filter(pk=battle.campaign_id).update(ballot_form=form)
    page = browser.get(f"/battles/{battle.uid}/").content.decode()
    assert "Clear" in page and "Laburra" in page, "in the page's language, else in Basque"
    cast(browser, battle, {"content": "tie", "reasons": ["clear", "short"], "comment": " Biak ondo. "})
    ballot = Ballot.objects.get()
    assert (ballot.reasons, ballot.comment, ballot.choices()) == (["clear", "short"], "Biak ondo.", {"content": "tie"})


def test_a_comment_is_shown_as_text(browser: Client, volunteer: Participant) -> None:
    battle = BattleFactory(waiting=True, participant=volunteer)
    html = cast(browser, battle, {"comment": "</textarea><script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


def test_a_vote_with_the_broker_away_is_committed_and_acknowledged_and_collected_later(
    browser: Client, battle: Battle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: object) -> None:
        raise OSError("the broker is away")

    monkeypatch.setattr(collect, "delay", gone)
    answer = cast(browser, battle, headers=JSON)
    assert (answer.status_code, answer.json()["status"]) == (200, "recorded")
    assert Ballot.objects.get().collected_at is None
    assert 'data-arena-counted="false"' in browser.get(f"/battles/{battle.uid}/counted/").content.decode()
    assert collect_ballots() == 1


def test_a_vote_with_the_channel_layer_away_is_acknowledged(
    browser: Client, battle: Battle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(group: str, message: object) -> None:
        raise ConnectionError("the layer is away")

    monkeypatch.setattr(get_channel_layer(), "group_send", gone)
    assert cast(browser, battle, headers=JSON).json()["status"] == "recorded"


def test_the_page_asks_until_the_vote_is_counted(browser: Client, battle: Battle) -> None:
    assert browser.get(f"/battles/{battle.uid}/counted/").status_code == 404, "there is no vote yet"
    cast(browser, battle)
    html = browser.get(f"/battles/{battle.uid}/counted/").content.decode()
    assert 'data-arena-counted="true"' in html and "hx-get" not in html


@pytest.mark.parametrize(("policy", "offered"), [("always", True), ("after_campaign", False), ("hidden", False)])
def test_the_ranking_is_offered_where_it_can_be_seen(
    browser: Client, battle: Battle, policy: str, offered: bool
) -> None:
    Campaign.objects.filter(pk=battle.campaign_id).update(leaderboard_policy=policy)
    cast(browser, battle)
    html = browser.get(f"/battles/{battle.uid}/counted/").content.decode()
    assert (f'href="/c/{battle.campaign.slug}/leaderboard/"' in html) is offered


def test_own_votes_and_the_way_to_the_next_ticket_are_told(browser: Client, battle: Battle) -> None:
    Campaign.objects.update(votes_per_ticket=3)
    html = cast(browser, battle).content.decode()
    assert "You have cast one vote in this campaign." in html
    assert "2 more, and you get a raffle ticket." in html


def test_it_is_a_post(browser: Client, battle: Battle) -> None:
    assert browser.get(f"/battles/{battle.uid}/ballot/").status_code == 405


def test_a_vote_does_not_come_from_another_site(battle: Battle, browser: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    answer = cast(strict, battle, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "stale_form")
    assert not Ballot.objects.exists()

"""A volunteer's own page: nothing of it tells what the reveal policy does not."""

import json
from typing import Any

import pytest
from django.test import Client

from arena.actions.collection import collect_ballots
from arena.identity import SESSION_KEY
from arena.models import Ballot, Battle, Campaign, Participant, User
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import BallotFactory, BattleFactory, ContributionFactory, MatchupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

PAGES = ["/me/", "/me/export/", "/me/erase/"]


@pytest.mark.parametrize("path", PAGES)
def test_who_has_not_joined_is_led_there(client: Client, campaign: Campaign, path: str) -> None:
    assert client.get(path)["Location"] == f"/c/{campaign.slug}/join/"


@pytest.mark.parametrize("path", PAGES)
def test_without_a_campaign_there_is_only_home(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == "/"


def texts(client: Client, battle: Battle) -> dict[str, str]:
    return {path: client.get(path).content.decode() for path in ("/me/", f"/me/battles/{battle.uid}/", "/me/export/")}


@pytest.mark.parametrize(
    ("policy", "over", "told"),
    [
        ("never", False, False),
        ("never", True, False),
        ("after_vote", False, True),
        ("after_campaign", False, False),
        ("after_campaign", True, True),
    ],
)
def test_models_of_a_vote_are_told_by_the_policy(
    volunteer: Participant, sign_in: SignIn, policy: str, over: bool, told: bool
) -> None:
    battle = BattleFactory(
        participant=volunteer, voted=True, matchup__campaign__reveal_policy=policy, matchup__campaign__closed=over
    )
    for path, text in texts(sign_in(volunteer), battle).items():
        for competitor in (battle.competitor_a, battle.competitor_b):
            assert (competitor.name in text) is told, path
            assert competitor.served_model.name not in text, path


@pytest.mark.parametrize("trait", ["skipped", "redrawn", "answered"])
def test_models_of_a_battle_without_a_vote_are_never_told(volunteer: Participant, sign_in: SignIn, trait: str) -> None:
    battle = BattleFactory(participant=volunteer, **{trait: True})
    for path, text in texts(sign_in(volunteer), battle).items():
        for competitor in (battle.competitor_a, battle.competitor_b):
            assert competitor.name not in text, path


def test_somebody_elses_battle_is_not_there(sign_in: SignIn, client: Client) -> None:
    battle = BattleFactory(voted=True)
    assert client.get(f"/me/battles/{battle.uid}/").status_code == 404
    assert sign_in(ParticipantFactory()).get(f"/me/battles/{battle.uid}/").status_code == 404


def test_an_open_battle_is_on_its_own_page(volunteer: Participant, sign_in: SignIn) -> None:
    battle = BattleFactory(participant=volunteer)
    assert sign_in(volunteer).get(f"/me/battles/{battle.uid}/")["Location"] == f"/battles/{battle.uid}/"


def test_answers_of_the_past_are_safe_to_show(volunteer: Participant, sign_in: SignIn) -> None:
    battle = BattleFactory(participant=volunteer, voted=True)
    hostile = 'a <img src=x onerror="alert(1)"> [b](javascript:alert(1)) ![c](https://example.com/spy.png)'
    battle.turns.get().answers.update(text=hostile)
    html = sign_in(volunteer).get(f"/me/battles/{battle.uid}/").content.decode()
    assert "<img" not in html and 'href="javascript' not in html and "spy.png" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_voted_is_said_in_the_language_of_the_page(
    volunteer: Participant, sign_in: SignIn, language: str
) -> None:
    battle = BattleFactory(
        participant=volunteer, voted=True, ballot__choices={"content": "tie", "language": "both_bad"}
    )
    html = speak(sign_in(volunteer), language).get(f"/me/battles/{battle.uid}/").content.decode()
    assert ("Both are bad" in html) is (language == "en")


def test_votes_and_tickets_and_place(campaign: Campaign, volunteer: Participant, sign_in: SignIn) -> None:
    Campaign.objects.update(votes_per_ticket=2)
    matchup = MatchupFactory(campaign=campaign, running=True)
    for _ in range(3):
        BallotFactory(battle__participant=volunteer, battle__matchup=matchup)
    ContributionFactory(campaign=campaign, votes=9)
    collect_ballots()
    shown = sign_in(volunteer).get("/me/").context["contribution"]
    assert shown == {"votes": 3, "tickets": 1, "votes_to_next_ticket": 1, "place": 2}


def test_the_list_has_pages_and_survives_any_number(
    volunteer: Participant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.views.me._PER_PAGE", 2)
    matchup = MatchupFactory(running=True)
    for _ in range(3):
        BattleFactory(participant=volunteer, matchup=matchup, redrawn=True)
    BattleFactory(participant=volunteer, matchup=matchup, skipped=True)
    client = sign_in(volunteer)
    assert len(client.get("/me/").context["battles"]) == 2
    assert len(client.get("/me/?page=2").context["battles"]) == 1, "a battle without a prompt is none to remember"
    for page in ("0", "-1", "999", "x", "\x00"):
        assert client.get("/me/", {"page": page}).status_code == 200


def test_the_export_is_json_to_keep(volunteer: Participant, sign_in: SignIn) -> None:
    BattleFactory(participant=volunteer, voted=True, ballot__comment="Ñabardura bat.")
    response = sign_in(volunteer).get("/me/export/")
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="lehia.json"'
    assert "Ñabardura bat." in response.content.decode()
    data: dict[str, Any] = json.loads(response.content)
    assert data["participant"]["uid"] == str(volunteer.uid)


def test_erasing_asks_for_a_confirmation_and_keeps_the_votes(sign_in: SignIn) -> None:
    participant = ParticipantFactory(with_account=True)
    BattleFactory(participant=participant, voted=True)
    client = sign_in(participant)
    assert client.post("/me/erase/").status_code == 422
    assert User.objects.exists()
    response = client.post("/me/erase/", {"confirm": "on"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert not User.objects.exists() and Ballot.objects.count() == 1
    assert [str(message.level_tag) for message in response.context["messages"]] == ["success"]


def test_after_erasing_the_browser_is_nobody(volunteer: Participant, sign_in: SignIn, campaign: Campaign) -> None:
    battle = BattleFactory(participant=volunteer, voted=True)
    client = sign_in(volunteer)
    client.post("/me/erase/", {"confirm": "on"})
    assert client.get("/me/")["Location"].endswith("/join/")
    assert client.get(f"/me/battles/{battle.uid}/").status_code == 404


def test_another_browser_of_who_was_erased_is_nobody_too(volunteer: Participant, sign_in: SignIn) -> None:
    other = Client()
    session = other.session
    session[SESSION_KEY] = str(volunteer.uid)
    session.save()
    assert other.get("/me/").status_code == 200
    sign_in(volunteer).post("/me/erase/", {"confirm": "on"})
    assert other.get("/me/").status_code == 302


def test_the_board_has_no_names_of_blocked_people_nor_of_those_without_an_account(
    campaign: Campaign, volunteer: Participant, sign_in: SignIn
) -> None:
    named = ContributionFactory(campaign=campaign, participant=ParticipantFactory(with_account=True), votes=20)
    ContributionFactory(campaign=campaign, participant=ParticipantFactory(blocked=True, with_account=True), votes=30)
    ContributionFactory(campaign=campaign, participant=volunteer, votes=20)
    response = sign_in(volunteer).get(f"/c/{campaign.slug}/contributors/")
    html = response.content.decode()
    assert named.participant.user.username in html
    assert str(volunteer.uid) not in html
    places = [(row["place"], row["votes"]) for row in response.context["rows"]]
    assert places == [(1, 20), (1, 20)], "as many votes, the same place"

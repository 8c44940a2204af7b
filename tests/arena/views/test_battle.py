"""The battle's page, and the ways out of it that are no vote."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from arena.exceptions import AlreadyReported
from arena.models import Battle, Campaign, Matchup, Participant, Report
from arena.places import holder_of
from inference.models import Place, ServedModel
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import AnswerFactory, BattleFactory, ParticipantFactory, PlaceFactory, TurnFactory

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


@pytest.fixture
def battle(matchup: Matchup, volunteer: Participant) -> Battle:
    """Open and without a prompt."""
    first, second = (entry.competitor for entry in matchup.entries.order_by("pk")[:2])
    battle: Battle = BattleFactory(matchup=matchup, participant=volunteer, competitor_a=first, competitor_b=second)
    return battle


def page_data(response: Any) -> dict[str, Any]:
    found = re.search(r'<script id="battle-data" type="application/json">(.*?)</script>', response.content.decode())
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_what_its_scripts_need(
    battle: Battle, volunteer: Participant, sign_in: SignIn, language: str
) -> None:
    response = speak(sign_in(volunteer), language).get(f"/battles/{battle.uid}/")
    data = page_data(response)
    assert response.status_code == 200
    assert data["socket"] == f"/ws/battles/{battle.uid}/"
    assert (data["uid"], data["max_turns"], data["max_prompt_chars"]) == (str(battle.uid), 5, 2000)
    assert all(data["strings"].values())
    assert f'<html lang="{language}"' in response.content.decode()


def test_strings_of_the_scripts_are_translated(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    client = sign_in(volunteer)
    by_language = {code: page_data(speak(client, code).get(f"/battles/{battle.uid}/"))["strings"] for code in LANGUAGES}
    untranslated = {
        (code, key)
        for code in ("eu", "es", "fr")
        for key, text in by_language[code].items()
        # A word can be the same in two languages; a sentence cannot.
        if text == by_language["en"][key] and " " in text
    }
    assert not untranslated


def test_somebody_elses_battle_is_not_there(battle: Battle, sign_in: SignIn) -> None:
    addresses = [f"/battles/{battle.uid}/{end}" for end in ("", "skip/", "redraw/", "report/", "ballot/", "counted/")]
    for visitor in (Client(), sign_in(ParticipantFactory(with_account=True))):
        for address in addresses:
            method = visitor.post if address.endswith(("skip/", "redraw/", "ballot/")) else visitor.get
            assert method(address).status_code == 404, address
            answer = method(address, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
    battle.refresh_from_db()
    assert battle.is_open


def test_what_is_not_there_looks_like_what_is_not_ones_own(battle: Battle, client: Client) -> None:
    theirs = client.get(f"/battles/{battle.uid}/").content
    nobodys = client.get("/battles/00000000-0000-4000-8000-000000000000/").content
    without_address = re.compile(rb'name="next" value="[^"]*"|csrfmiddlewaretoken" value="[^"]*"')
    assert without_address.sub(b"", theirs) == without_address.sub(b"", nobodys)


@pytest.mark.parametrize("trait", ["voted", "skipped", "redrawn"])
def test_a_battle_that_is_over_is_on_the_own_pages(volunteer: Participant, sign_in: SignIn, trait: str) -> None:
    battle = BattleFactory(participant=volunteer, **{trait: True})
    response = sign_in(volunteer).get(f"/battles/{battle.uid}/")
    assert (response.status_code, response["Location"]) == (302, f"/me/battles/{battle.uid}/")


def test_skipping_leads_to_another_battle(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    response = sign_in(volunteer).post(f"/battles/{battle.uid}/skip/", {"reason": "Aspergarria."})
    battle.refresh_from_db()
    assert (battle.status, battle.skip_reason) == ("skipped", "Aspergarria.")
    assert response["Location"] == f"/battles/{Battle.objects.open().get().uid}/"


def test_skipping_needs_no_reason_and_no_other_battle(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    """The battle is over even where no other can be drawn."""
    ServedModel.objects.update(health="failing", ready_since=None)
    response = sign_in(volunteer).post(f"/battles/{battle.uid}/skip/")
    battle.refresh_from_db()
    assert (response.status_code, battle.status) == (503, "skipped")


@pytest.mark.parametrize("way_out", ["skip", "redraw"])
def test_answers_that_nobody_will_read_are_stopped(
    battle: Battle, volunteer: Participant, sign_in: SignIn, way_out: str
) -> None:
    turn = TurnFactory(battle=battle)
    AnswerFactory(turn=turn, side="a", failed=True)
    waiting = AnswerFactory(turn=turn, side="b", waiting=True)
    PlaceFactory(holder=holder_of(waiting.pk, waiting.run))
    sign_in(volunteer).post(f"/battles/{battle.uid}/{way_out}/")
    waiting.refresh_from_db()
    assert waiting.status == "stopped"
    assert not Place.objects.exists(), "it leaves the queue too"


def test_a_vote_is_not_skipped(volunteer: Participant, sign_in: SignIn) -> None:
    battle = BattleFactory(participant=volunteer, voted=True)
    answer = sign_in(volunteer).post(f"/battles/{battle.uid}/skip/", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "battle_closed")


def test_a_failed_side_is_redrawn_and_the_prompt_goes_along(
    battle: Battle, volunteer: Participant, sign_in: SignIn
) -> None:
    TurnFactory(battle=battle, b_failed=True, prompt="Idatzi haiku bat.")
    client = sign_in(volunteer)
    first = client.post(f"/battles/{battle.uid}/redraw/")
    assert first["Location"] == client.post(f"/battles/{battle.uid}/redraw/")["Location"], "twice is once"
    assert page_data(client.get(first["Location"]))["draft"] == "Idatzi haiku bat."


def test_what_did_not_fail_is_not_redrawn(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    TurnFactory(battle=battle, answered=True)
    answer = sign_in(volunteer).post(f"/battles/{battle.uid}/redraw/", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_redraw")


def test_without_two_models_nothing_is_redrawn(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    TurnFactory(battle=battle, b_failed=True)
    ServedModel.objects.update(health="failing", ready_since=None)
    assert sign_in(volunteer).post(f"/battles/{battle.uid}/redraw/").status_code == 503
    battle.refresh_from_db()
    assert battle.is_open


def test_the_detail_of_a_failure_is_not_shown(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    """It names the model in the factory, as real servers do."""
    turn = TurnFactory(battle=battle, b_failed=True)
    html = sign_in(volunteer).get(f"/battles/{battle.uid}/").content.decode()
    assert turn.answer("b").failure_detail and "exp_666" not in html


def test_a_report_is_taken_once_per_kind(battle: Battle, volunteer: Participant, sign_in: SignIn) -> None:
    client, address = sign_in(volunteer), f"/battles/{battle.uid}/report/"
    assert client.get(address).status_code == 200
    sent = {"kind": "broken", "reason": "Ez da ulertzen."}
    assert client.post(address, sent).status_code == 200
    again = client.post(address, sent)
    assert again.status_code == 422 and str(AlreadyReported.message) in again.content.decode()
    assert client.post(address, {**sent, "kind": "offensive"}).status_code == 200
    assert sorted(Report.objects.values_list("kind", flat=True)) == ["broken", "offensive"]


@pytest.mark.parametrize(
    "sent",
    [{}, {"kind": "broken"}, {"reason": "x"}, {"kind": "boring", "reason": "x"}, {"kind": "broken", "reason": "a\x00"},
     {"kind": "broken", "reason": "x" * 1001}],
)  # fmt: skip
def test_a_report_that_says_too_little_is_shown_again_with_what_was_typed(
    battle: Battle, volunteer: Participant, sign_in: SignIn, sent: dict[str, str]
) -> None:
    response = sign_in(volunteer).post(f"/battles/{battle.uid}/report/", sent)
    assert response.status_code == 422 and not Report.objects.exists()
    assert sent.get("reason", "").replace("\x00", "") in response.content.decode()


def test_a_battle_that_changed_hands_while_it_was_waited_for_is_not_there(
    battle: Battle, volunteer: Participant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its volunteer logged in between the reading and the locking."""

    def changed_hands(**_values: object) -> None:
        raise Battle.DoesNotExist

    client = sign_in(volunteer)
    for action, end in (
        ("battles.skip_battle", "skip/"),
        ("battles.redraw_battle", "redraw/"),
        ("ballots.cast_ballot", "ballot/"),
    ):
        monkeypatch.setattr(f"arena.views.{action}", changed_hands)
        assert client.post(f"/battles/{battle.uid}/{end}").status_code == 404


def test_a_battle_of_a_campaign_that_was_paused_can_still_be_read(
    battle: Battle, volunteer: Participant, sign_in: SignIn
) -> None:
    Campaign.objects.update(status="paused")
    assert sign_in(volunteer).get(f"/battles/{battle.uid}/").status_code == 200

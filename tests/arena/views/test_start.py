"""POST /c/SLUG/battles/: a battle, or the sentence that says why not, with its status."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from arena.exceptions import Blocked, CampaignNotOpen, NoPairReady, Refusal, TooManyBattles
from arena.models import Battle, Campaign, Matchup, Participant
from inference.models import ServedModel
from tests.arena.views.conftest import LANGUAGES, SignIn, speak
from tests.factories import BattleFactory, CampaignFactory, ConsentTextFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


def start(client: Client, campaign: Campaign, **values: Any) -> Any:
    return client.post(f"/c/{campaign.slug}/battles/", **values)


def test_a_battle_is_drawn_in_the_language_of_the_page(
    matchup: Matchup, volunteer: Participant, sign_in: SignIn
) -> None:
    response = start(speak(sign_in(volunteer), "fr"), matchup.campaign)
    battle = Battle.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/battles/{battle.uid}/")
    assert battle.language == "fr" and battle.participant == volunteer


def test_the_open_battle_is_found(matchup: Matchup, volunteer: Participant, sign_in: SignIn) -> None:
    client = sign_in(volunteer)
    assert start(client, matchup.campaign)["Location"] == start(client, matchup.campaign)["Location"]


def test_who_has_not_joined_is_led_there(client: Client, matchup: Matchup) -> None:
    response = start(client, matchup.campaign)
    assert (response.status_code, response["Location"]) == (302, f"/c/{matchup.campaign.slug}/join/")
    answer = start(client, matchup.campaign, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_joined")


def test_who_has_not_accepted_the_new_text_is_led_to_it(
    matchup: Matchup, volunteer: Participant, sign_in: SignIn
) -> None:
    ConsentTextFactory(campaign=matchup.campaign, version=2)
    client = sign_in(volunteer)
    first = start(client, matchup.campaign)
    assert client.get(first["Location"])["Location"] == f"/c/{matchup.campaign.slug}/consent/"
    answer = start(client, matchup.campaign, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_needed")


def pause() -> None:
    Campaign.objects.update(status="paused")


def block() -> None:
    Participant.objects.update(blocked_at=Campaign.objects.get().starts_at, block_reason="Okerra.")


def break_all_models() -> None:
    ServedModel.objects.update(health="failing", ready_since=None)


def tire() -> None:
    Campaign.objects.update(max_battles_per_hour=1)
    BattleFactory(matchup=Matchup.objects.get(), participant=Participant.objects.get(), skipped=True)


REFUSALS = [
    (pause, 409, CampaignNotOpen),
    (block, 403, Blocked),
    (break_all_models, 503, NoPairReady),
    (tire, 429, TooManyBattles),
]


@pytest.mark.parametrize(("happens", "status", "refusal"), REFUSALS)
def test_a_refusal_is_json_for_programs(
    matchup: Matchup, volunteer: Participant, sign_in: SignIn, happens: Any, status: int, refusal: type[Refusal]
) -> None:
    happens()
    answer = start(speak(sign_in(volunteer), "en"), matchup.campaign, headers=JSON)
    assert answer.status_code == status == refusal.status
    assert answer.json() == {"code": refusal.code, "message": str(refusal.message)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("happens", "status", "refusal"), REFUSALS)
def test_a_refusal_is_a_page_with_its_sentence_in_the_volunteers_language(
    matchup: Matchup,
    volunteer: Participant,
    sign_in: SignIn,
    happens: Any,
    status: int,
    refusal: type[Refusal],
    language: str,
) -> None:
    happens()
    response = start(speak(sign_in(volunteer), language), matchup.campaign)
    with translation.override(language):
        sentence = str(refusal.message)
    with translation.override("en"):
        assert language == "en" or sentence != str(refusal.message), "the sentence is not translated"
    assert response.status_code == status
    assert sentence in response.content.decode().replace("&#x27;", "'")
    assert not Battle.objects.open().exists()


def test_a_draft_cannot_be_known_of(client: Client) -> None:
    campaign = CampaignFactory(draft=True)
    for path in ("", "battles/", "join/", "consent/", "contributors/", "readiness/"):
        method = client.post if path == "battles/" else client.get
        assert method(f"/c/{campaign.slug}/{path}").status_code == 404, path


def test_it_is_a_post(client: Client, matchup: Matchup) -> None:
    assert client.get(f"/c/{matchup.campaign.slug}/battles/").status_code == 405


def test_a_battle_does_not_start_across_sites(matchup: Matchup, volunteer: Participant) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = start(strict, matchup.campaign)
    assert response.status_code == 403 and not Battle.objects.exists()


def test_a_participant_of_an_erased_session_is_nobody(matchup: Matchup, sign_in: SignIn) -> None:
    client = sign_in(ParticipantFactory(erased=True))
    assert start(client, matchup.campaign)["Location"].endswith("/join/")

"""Languages and kinds of prompts, told by the worker."""

import re

import pytest

from arena.actions import labelling
from arena.actions.labelling import label, label_categories
from arena.actions.turns import restart_answer
from arena.models import Answer, Campaign, Turn
from arena.tasks import label_conversations
from inference.models import ServedModel
from tests.factories import (
    AnswerFactory,
    BattleFactory,
    CampaignFactory,
    MatchupFactory,
    ServedModelFactory,
    TurnFactory,
)
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

pytestmark = pytest.mark.django_db

BASQUE = "Idatzi bertso bat itsasoari buruz, mesedez, zortziko txikian."
SPANISH = "¿Me puedes explicar por qué llueve tanto en el norte?"


def _turn(campaign: Campaign, prompt: str, **values: object) -> Turn:
    turn: Turn = TurnFactory(battle=BattleFactory(matchup=MatchupFactory(campaign=campaign)), prompt=prompt, **values)
    return turn


def test_prompts_and_answers_get_their_language_and_kind_with_who_told_it() -> None:
    campaign = CampaignFactory()
    basque, spanish, short = (_turn(campaign, prompt) for prompt in (BASQUE, SPANISH, "ok"))
    answered = AnswerFactory(turn=basque, text="Itsasoa dago urdin eta zabal, olatuak dantzan ari dira.")
    waiting = AnswerFactory(turn=basque, side="b", waiting=True)
    assert label_conversations() == 3 + 1 + 3
    for turn in (basque, spanish, short):
        turn.refresh_from_db()
    assert [turn.language for turn in (basque, spanish, short)] == ["eu", "es", ""]
    assert re.fullmatch(r"lingua:\d+\.\d+\.\d+", short.language_source)
    assert [turn.category for turn in (basque, spanish, short)] == ["writing", "knowledge", "other"]
    assert basque.category_source == "rules:1"
    answered.refresh_from_db()
    waiting.refresh_from_db()
    assert (answered.language, waiting.language_source) == ("eu", "")
    assert label(seconds=10) == 0, "what was told is not told again"


def test_what_has_a_label_keeps_it() -> None:
    turn = _turn(
        CampaignFactory(), BASQUE, language="fr", language_source="hand", category="bertsoak", category_source="file"
    )
    assert label(seconds=10) == 0
    turn.refresh_from_db()
    assert (turn.language, turn.category) == ("fr", "bertsoak")


def test_a_campaign_can_do_without_kinds() -> None:
    turn = _turn(CampaignFactory(category_source="none"), BASQUE)
    label(seconds=10)
    turn.refresh_from_db()
    assert (turn.language, turn.category_source) == ("eu", "")


def test_an_answer_that_is_tried_again_loses_its_language() -> None:
    answer = AnswerFactory(turn=_turn(CampaignFactory(), BASQUE), stopped=True, text=" ")
    Answer.objects.filter(pk=answer.pk).update(language="eu", language_source="lingua")
    answer.refresh_from_db()
    assert restart_answer(answer)
    assert (answer.language, answer.language_source) == ("", "")


def test_batches_go_on_until_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory()
    for number in range(5):
        _turn(campaign, f"{BASQUE} {number}")
    monkeypatch.setattr(labelling, "BATCH", 2)
    assert label(seconds=0) == 0
    assert label(seconds=30) == 10


class TestByAModel:
    @pytest.fixture
    def campaign(self, openai_server: StubServer) -> Campaign:
        model = ServedModelFactory(name="sorter", model_name="stub-a", base_url=openai_server.base_url)
        created: Campaign = CampaignFactory(
            category_source="model", category_model=model, categories="bertsoak\nother", with_texts=True
        )
        return created

    def test_it_is_asked_once_for_each_prompt(self, campaign: Campaign, openai_server: StubServer) -> None:
        openai_server.script.text = "Bertsoak."
        turns = [_turn(campaign, BASQUE), _turn(campaign, SPANISH)]
        assert label_categories(campaign=campaign) == 2
        assert label_categories(campaign=campaign) == 0
        assert set(Turn.objects.values_list("category", "category_source")) == {("bertsoak", "model:sorter")}
        assert len(openai_server.requests) == len(turns)
        request = openai_server.requests[0]
        assert "bertsoak, other" in request.messages[0]["content"]
        assert {SPANISH in each.messages[-1]["content"] for each in openai_server.requests} == {True, False}
        assert request.body["temperature"] == 0

    def test_an_answer_that_is_no_name_gives_no_kind(self, campaign: Campaign, openai_server: StubServer) -> None:
        openai_server.script.text = "Ez dakit, barkatu"
        turn = _turn(campaign, BASQUE)
        assert label_categories(campaign=campaign) == 1
        turn.refresh_from_db()
        assert (turn.category, turn.category_source) == ("", "model:sorter")

    def test_what_failed_is_asked_another_time(self, campaign: Campaign, openai_server: StubServer) -> None:
        turn = _turn(campaign, BASQUE)
        openai_server.behave("stub-a", Behaviour.HTTP_500)
        assert label_categories(campaign=campaign) == 0
        turn.refresh_from_db()
        assert turn.category_source == ""
        openai_server.behave("stub-a", Behaviour.OK)
        openai_server.script.text = "other"
        assert label_categories(campaign=campaign) == 1

    def test_a_model_that_is_down_is_not_asked(self, campaign: Campaign, openai_server: StubServer) -> None:
        _turn(campaign, BASQUE)
        assert campaign.category_model is not None
        ServedModel.objects.filter(pk=campaign.category_model.pk).update(is_enabled=False)
        assert label_categories(campaign=campaign) == 0
        assert not openai_server.requests


def test_a_campaign_whose_model_sorts_has_one() -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="category_model"):
        CampaignFactory(category_source="model").full_clean()

"""No battle is drawn with a model that is out of pairing, and one at a time with a model that is on trial."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from arena.actions.answers import Ending, answer_keys, end_answer
from arena.actions.battles import pair_is_ready, redraw_battle, skip_battle, start_battle
from arena.actions.turns import add_turn, retry_answer
from arena.enums import AnswerStatus
from arena.exceptions import NoPairReady, SideResting
from arena.models import Answer, Battle, Competitor, Matchup, Participant, Turn
from inference.breaker import IN_A_ROW, UNTIL_ANSWERED, UNTIL_PROMPT
from inference.exceptions import FailureKind
from inference.models import ServedModel
from tests.factories import BattleFactory, ConsentFactory, TurnFactory

pytestmark = pytest.mark.django_db
PROMPT = "Nola egiten da marmitakoa?"


def start(matchup: Matchup, participant: Participant | None = None) -> Battle:
    participant = participant or ConsentFactory(campaign=matchup.campaign).participant
    return start_battle(campaign=matchup.campaign, participant=participant, language="eu")


def prompt(battle: Battle) -> Turn:
    return add_turn(battle=battle, participant=battle.participant, index=1, text=PROMPT).turn


def sides(battle: Battle) -> set[int]:
    battle.refresh_from_db()
    return {battle.competitor_a_id, battle.competitor_b_id}


def take_out(*competitors: Competitor) -> None:
    now = timezone.now()
    ServedModel.objects.filter(competitors__in=competitors).update(
        breaker_state="open", breaker_since=now, breaker_cause="answers", breaker_retry_at=now
    )


def put_on_trial(*competitors: Competitor) -> None:
    ServedModel.objects.filter(competitors__in=competitors).update(
        breaker_state="half_open", breaker_since=timezone.now(), breaker_cause="cooled_down", breaker_retry_at=None
    )


def trial_of(competitor: Competitor) -> ServedModel:
    return ServedModel.objects.get(competitors=competitor)


@pytest.fixture
def competitors(matchup: Matchup) -> list[Competitor]:
    return list(matchup.competitors.order_by("pk"))


@pytest.fixture
def pair(matchup: Matchup, competitors: list[Competitor]) -> Matchup:
    """The matchup with two competitors only."""
    matchup.entries.filter(competitor=competitors[2]).delete()
    return matchup


def test_with_one_of_three_out_every_battle_goes_between_the_other_two(
    matchup: Matchup, competitors: list[Competitor]
) -> None:
    out, *others = competitors
    take_out(out)
    drawn = [start(matchup) for _ in range(12)]
    assert {frozenset(sides(battle)) for battle in drawn} == {frozenset(each.pk for each in others)}
    assert {battle.draw_probability for battle in drawn} == {0.5}


def test_three_failed_battles_take_the_model_out_at_once(matchup: Matchup, competitors: list[Competitor]) -> None:
    bad, *others = competitors
    for _ in range(IN_A_ROW):
        battle = BattleFactory(matchup=matchup, competitor_a=others[0], competitor_b=bad)
        _key_a, key_b = answer_keys(TurnFactory(battle=battle, waiting=True))
        end_answer(key=key_b, ending=Ending(AnswerStatus.FAILED, "", failure_kind=FailureKind.HTTP_STATUS))
    assert sides(start(matchup)) == {each.pk for each in others}


def test_without_two_models_in_pairing_nothing_is_drawn(pair: Matchup, competitors: list[Competitor]) -> None:
    take_out(competitors[0])
    assert not pair_is_ready(pair.campaign)
    with pytest.raises(NoPairReady):
        start(pair)


def test_a_battle_whose_model_left_pairing_is_drawn_again_at_its_prompt(
    matchup: Matchup, competitors: list[Competitor]
) -> None:
    battle = start(matchup)
    out = battle.competitor_a
    take_out(out)
    prompt(battle)
    assert sides(battle) == {each.pk for each in competitors if each != out}
    assert battle.draw_probability == pytest.approx(1 / 2)


def test_a_prompt_that_no_pair_can_answer_is_not_stored_and_goes_when_they_are_back(pair: Matchup) -> None:
    battle = start(pair)
    take_out(battle.competitor_a)
    with pytest.raises(NoPairReady):
        prompt(battle)
    assert not battle.turns.exists()
    ServedModel.objects.update(breaker_state="closed", breaker_retry_at=None)
    assert prompt(battle).prompt == PROMPT


def test_one_battle_at_a_time_tries_a_model(pair: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(competitors[0])
    trying = start(pair)
    assert trial_of(competitors[0]).breaker_trial == str(trying.uid)
    assert not pair_is_ready(pair.campaign)
    with pytest.raises(NoPairReady):
        start(pair)
    assert start(pair, trying.participant) == trying, "it is its own trial"
    for key in answer_keys(prompt(trying)):
        end_answer(key=key, ending=Ending(AnswerStatus.COMPLETE, "Kaixo"))
    assert trial_of(competitors[0]).breaker_state == "closed"
    assert sides(start(pair)) == sides(trying)


def test_others_meet_while_one_is_tried(matchup: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(competitors[0])
    drawn = Counter(frozenset(sides(start(matchup))) for _ in range(12))
    with_it = [pair for pair in drawn if competitors[0].pk in pair]
    assert len(with_it) <= 1 and all(drawn[pair] == 1 for pair in with_it)


def test_two_models_on_trial_are_tried_by_one_battle(pair: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(*competitors[:2])
    battle = start(pair)
    assert {trial_of(each).breaker_trial for each in competitors[:2]} == {str(battle.uid)}


def test_two_competitors_of_one_model_are_tried_by_one_battle(pair: Matchup, competitors: list[Competitor]) -> None:
    Competitor.objects.filter(pk=competitors[1].pk).update(served_model=competitors[0].served_model)
    put_on_trial(competitors[0])
    battle = start(pair)
    assert trial_of(competitors[0]).breaker_trial == str(battle.uid)
    key_a, key_b = answer_keys(prompt(battle))
    end_answer(key=key_b, ending=Ending(AnswerStatus.FAILED, "", failure_kind=FailureKind.CONNECT))
    end_answer(key=key_a, ending=Ending(AnswerStatus.COMPLETE, "Kaixo"))
    assert trial_of(competitors[0]).breaker_state == "open", "what comes after the verdict changes nothing"


def test_a_trial_without_a_prompt_is_given_to_another_after_a_while(
    pair: Matchup, competitors: list[Competitor]
) -> None:
    put_on_trial(competitors[0])
    first = start(pair)
    kept = trial_of(competitors[0]).breaker_trial_until
    assert kept is not None and kept - timezone.now() <= UNTIL_PROMPT
    ServedModel.objects.exclude(breaker_trial="").update(breaker_trial_until=timezone.now())
    second = start(pair)
    assert trial_of(competitors[0]).breaker_trial == str(second.uid)
    with pytest.raises(NoPairReady):
        prompt(first)


def test_a_prompt_keeps_the_trial_until_its_answer(pair: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(competitors[0])
    prompt(start(pair))
    kept = trial_of(competitors[0]).breaker_trial_until
    assert kept is not None and kept - timezone.now() > UNTIL_ANSWERED - timedelta(minutes=1)


def test_a_battle_drawn_before_takes_the_trial_with_its_prompt(pair: Matchup, competitors: list[Competitor]) -> None:
    first, second = start(pair), start(pair)
    put_on_trial(competitors[0])
    prompt(first)
    assert trial_of(competitors[0]).breaker_trial == str(first.uid)
    with pytest.raises(NoPairReady):
        prompt(second)


def test_skipping_gives_the_trial_back_at_once(pair: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(competitors[0])
    battle = start(pair)
    skip_battle(battle=battle, participant=battle.participant)
    assert trial_of(competitors[0]).breaker_trial == ""
    assert start(pair, battle.participant) != battle


def test_skipping_while_it_answers_waits_for_the_verdict(pair: Matchup, competitors: list[Competitor]) -> None:
    put_on_trial(competitors[0])
    battle = start(pair)
    prompt(battle)
    skip_battle(battle=battle, participant=battle.participant)
    assert trial_of(competitors[0]).breaker_trial == str(battle.uid)


def test_a_new_draw_gives_back_what_it_no_longer_tries(matchup: Matchup, competitors: list[Competitor]) -> None:
    tried = competitors[0]
    battle = BattleFactory(matchup=matchup, competitor_a=tried, competitor_b=competitors[1])
    put_on_trial(tried)
    ServedModel.objects.filter(competitors=tried).update(
        breaker_trial=str(battle.uid), breaker_trial_until=timezone.now() + UNTIL_PROMPT
    )
    take_out(competitors[1])
    prompt(battle)
    assert sides(battle) == {tried.pk, competitors[2].pk}
    assert trial_of(tried).breaker_trial == str(battle.uid)


def test_a_failed_side_is_not_tried_again_while_its_model_is_out(matchup: Matchup) -> None:
    battle = start(matchup)
    TurnFactory(battle=battle, b_failed=True)
    take_out(battle.competitor_b)
    with pytest.raises(SideResting):
        retry_answer(battle=battle, participant=battle.participant, index=1, side="b")
    assert Answer.objects.get(turn__battle=battle, side="b").run == 1
    failed = battle.competitor_b_id
    successor = redraw_battle(battle=battle, participant=battle.participant, language="eu")
    assert failed not in sides(successor)


def test_a_failed_side_that_is_tried_again_is_its_models_trial(matchup: Matchup) -> None:
    battle = start(matchup)
    TurnFactory(battle=battle, b_failed=True)
    put_on_trial(battle.competitor_b)
    retry_answer(battle=battle, participant=battle.participant, index=1, side="b")
    assert trial_of(battle.competitor_b).breaker_trial == str(battle.uid)


def test_a_retry_does_not_ask_the_last_probe(matchup: Matchup) -> None:
    battle = start(matchup)
    TurnFactory(battle=battle, b_failed=True)
    ServedModel.objects.filter(competitors=battle.competitor_b).update(health="failing", ready_since=None)
    assert retry_answer(battle=battle, participant=battle.participant, index=1, side="b").run == 2


def test_a_conversation_goes_on_with_a_model_that_is_out(matchup: Matchup) -> None:
    """That is no draw: the volunteer may see whether it answers, and can vote in any case."""
    battle = start(matchup)
    TurnFactory(battle=battle, answered=True)
    take_out(battle.competitor_a)
    add_turn(battle=battle, participant=battle.participant, index=2, text="Eta gero?")
    assert battle.turns.count() == 2


def test_a_draw_that_somebody_else_was_quicker_with_is_drawn_again(
    matchup: Matchup, competitors: list[Competitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading of the candidates and the lock, one of the two that were drawn leaves pairing."""
    from arena.actions import battles

    draws, original = [], battles.draw

    def draw_and_lose(candidates: object, rng: random.Random) -> object:
        drawn = original(candidates, rng)
        if not draws:
            take_out(Competitor.objects.get(pk=drawn.a))
        draws.append(drawn)
        return drawn

    monkeypatch.setattr(battles, "draw", draw_and_lose)
    battle = start(matchup)
    assert len(draws) == 2
    assert draws[0].a not in sides(battle)
    assert battle.draw_probability == pytest.approx(1 / 2)

"""A draw and a model that leaves pairing at the same time: the lock puts one before the other."""

from functools import partial

import pytest
from django.db import connection

from arena.actions.answers import Ending, answer_keys, end_answer
from arena.actions.battles import start_battle
from arena.actions.turns import add_turn
from arena.enums import AnswerStatus
from arena.exceptions import NoPairReady
from arena.models import Battle, Matchup, Participant, Turn
from inference.breaker import IN_A_ROW
from inference.exceptions import FailureKind
from inference.models import ServedModel
from tests.arena.races import LONG, Rendezvous, both, meet_after, unlock
from tests.factories import BattleFactory, ConsentFactory, MatchupFactory, TurnFactory

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


@LOCKED
def test_two_draws_that_want_a_model_on_trial_at_once(monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    matchup = MatchupFactory(running=True, competitors=2)
    ServedModel.objects.update(breaker_state="half_open", breaker_since=matchup.created_at, breaker_cause="cooled_down")
    first, second = (ConsentFactory(campaign=matchup.campaign, version=0).participant for _ in range(2))
    meeting = Rendezvous()
    if not locked:
        meeting.patience = LONG
        unlock(monkeypatch)
    meet_after(monkeypatch, "arena.actions.battles.draw", meeting)
    results = both(lambda: start(matchup, first), lambda: start(matchup, second), locked=locked)
    drawn = [result for result in results if isinstance(result, Battle)]
    if locked:
        assert len(drawn) == 1 and any(isinstance(result, NoPairReady) for result in results)
        assert set(ServedModel.objects.values_list("breaker_trial", flat=True)) == {str(drawn[0].uid)}
    else:
        assert meeting.met and not any(isinstance(result, NoPairReady) for result in results)


def test_a_draw_is_done_before_or_after_a_model_leaves_pairing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever draws after the failure was stored does not draw what failed; no deadlock, whoever is first."""
    matchup = MatchupFactory(running=True, competitors=2)
    good, bad = matchup.competitors.order_by("pk")
    ServedModel.objects.filter(competitors=bad).update(breaker_answers_failed=IN_A_ROW - 1)
    failing = BattleFactory(matchup=matchup, competitor_a=good, competitor_b=bad)
    _key_a, key_b = answer_keys(TurnFactory(battle=failing, waiting=True))
    participant = ConsentFactory(campaign=matchup.campaign, version=0).participant
    meeting = Rendezvous()
    meet_after(monkeypatch, "arena.actions.battles.claim_pair", meeting)
    meet_after(monkeypatch, "arena.actions.answers.report_end", meeting)
    ending = Ending(AnswerStatus.FAILED, "", failure_kind=FailureKind.CONNECT)
    drawn, ended = both(lambda: start(matchup, participant), lambda: end_answer(key=key_b, ending=ending), locked=True)
    assert not meeting.met, "they were never both past their lock"
    assert ended is True
    assert isinstance(drawn, Battle | NoPairReady)
    assert ServedModel.objects.get(competitors=bad).breaker_state == "open"


def test_two_draws_that_are_given_up_at_once_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds what the other wants next, unless it lets go of what it did not get."""
    matchup = MatchupFactory(running=True, competitors=3)
    first, second, out = matchup.competitors.order_by("pk")
    battles = [BattleFactory(matchup=matchup, competitor_a=each, competitor_b=out) for each in (first, second)]
    ServedModel.objects.filter(competitors=out).update(
        breaker_state="open", breaker_since=matchup.created_at, breaker_cause="answers"
    )
    meeting = Rendezvous()
    meet_after(monkeypatch, "arena.actions.battles.claim_pair", meeting)

    def prompt(battle: Battle) -> Turn:
        return add_turn(battle=battle, participant=battle.participant, index=1, text="Kaixo").turn

    turns = both(*(partial(prompt, battle) for battle in battles), locked=True)
    assert all(isinstance(turn, Turn) for turn in turns), turns
    assert meeting.met or connection.vendor == "sqlite", "which has one writer at a time in any case"
    for battle in Battle.objects.all():
        assert {battle.competitor_a, battle.competitor_b} == {first, second}


def start(matchup: Matchup, participant: Participant) -> Battle:
    return start_battle(campaign=matchup.campaign, participant=participant, language="eu")

"""What the matchup page counts."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from arena.matchup_stats import AT_WORK, MIN_VOTES_FOR_ESTIMATE, SPAN, Hour, expected_at, matchup_stats, pair_targets
from arena.models import Answer, Ballot, Battle, Competitor, Matchup
from tests.factories import BattleFactory, CompetitorFactory, MatchupFactory, PairTallyFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def matchup() -> Matchup:
    return MatchupFactory(running=True, competitors=3, target_votes=30)


def _competitors(matchup: Matchup) -> list[Competitor]:
    return [entry.competitor for entry in matchup.entries.order_by("competitor__name")]


def _battle(matchup: Matchup, first: int, second: int, **kwargs: object) -> Battle:
    competitors = _competitors(matchup)
    return BattleFactory(matchup=matchup, competitor_a=competitors[first], competitor_b=competitors[second], **kwargs)


def test_votes_are_counted_by_pair_whichever_side(matchup: Matchup) -> None:
    _battle(matchup, 0, 1, voted=True)
    _battle(matchup, 1, 0, voted=True)
    _battle(matchup, 1, 2, voted=True)
    _battle(matchup, 1, 2, answered=True)
    stats = matchup_stats(matchup)
    assert [[cell.votes for cell in row.cells] for row in stats.rows] == [[0, 2, 0], [2, 0, 1], [0, 1, 0]]
    assert [[cell.is_self for cell in row.cells] for row in stats.rows] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert (stats.votes, stats.target, stats.percent) == (3, 30, 10)
    assert stats.rows[0].cells[1].target == 10


def test_quarantined_votes_and_other_matchups_are_left_out(matchup: Matchup) -> None:
    _battle(matchup, 0, 1, voted=True, ballot__quarantined=True)
    BattleFactory(voted=True)
    stats = matchup_stats(matchup)
    assert (stats.votes, stats.votes_in_span) == (0, 0)


def test_weighted_pairs_have_targets_of_their_own() -> None:
    matchup = MatchupFactory(weighted=True, target_votes=100)
    targets = pair_targets(matchup, {1: 2.0, 2: 1.0, 3: 1.0})
    assert targets[frozenset({1, 2})] == pytest.approx(40)
    assert targets[frozenset({2, 3})] == pytest.approx(20)
    assert pair_targets(matchup, {1: 1.0}) == {}


def test_a_competitor_that_left_keeps_its_row(matchup: Matchup) -> None:
    gone = CompetitorFactory(campaign=matchup.campaign, name="zaharra")
    stays = _competitors(matchup)[0]
    first, second = sorted([gone, stays], key=lambda competitor: competitor.pk)
    PairTallyFactory(matchup=matchup, first=first, second=second, ties=1)
    stats = matchup_stats(matchup)
    assert stats.rows[-1].competitor == gone
    assert {cell.target for cell in stats.rows[-1].cells} == {0}


def test_hours_hold_every_vote_of_the_last_day(matchup: Matchup) -> None:
    now = timezone.now().replace(minute=30)
    for minutes in (0, 20, 60, 60 * 22, 60 * 30):
        battle = _battle(matchup, 0, 1, voted=True)
        Ballot.objects.filter(battle=battle).update(created_at=now - timedelta(minutes=minutes))
    hours = matchup_stats(matchup, now=now).hours
    assert len(hours) == 24
    assert [hours[-1].votes, hours[-2].votes, hours[1].votes] == [2, 1, 1]
    assert sum(hour.votes for hour in hours) == 4


def test_failures_and_first_tokens_by_model(matchup: Matchup) -> None:
    for index, milliseconds in enumerate((100, 200, 900)):
        battle = _battle(matchup, 0, 1, b_failed=True) if index == 0 else _battle(matchup, 0, 1, answered=True)
        Answer.objects.filter(turn__battle=battle, side="a").update(first_token_ms=milliseconds)
    old = _battle(matchup, 0, 1, a_failed=True)
    Battle.objects.filter(pk=old.pk).update(created_at=timezone.now() - SPAN - timedelta(minutes=1))
    a, b, c = matchup_stats(matchup).figures
    assert (a.answers, a.failed, a.first_token_median, a.first_token_p95) == (3, 0, 200, 900)
    assert (b.answers, b.failed, round(b.failed_percent)) == (3, 1, 33)
    assert (c.answers, c.first_token_median, c.first_token_p95) == (0, None, None)


def test_answers_that_name_a_model_are_counted_with_their_model(matchup: Matchup) -> None:
    battle = _battle(matchup, 0, 1, answered=True)
    Answer.objects.filter(turn__battle=battle, side="b").update(self_identified=True)
    assert [figures.self_identified for figures in matchup_stats(matchup).figures] == [0, 1, 0]


def test_who_is_at_work_now(matchup: Matchup) -> None:
    _battle(matchup, 0, 1, streaming=True)
    voter = ParticipantFactory()
    _battle(matchup, 0, 1, voted=True, participant=voter)
    _battle(matchup, 1, 2, voted=True, participant=voter)
    _battle(matchup, 0, 1, voted=True, participant=ParticipantFactory(simulated=True))
    resting = _battle(matchup, 0, 1, voted=True)
    past = timezone.now() - AT_WORK - timedelta(seconds=5)
    Answer.objects.filter(turn__battle=resting).update(heartbeat_at=past)
    Ballot.objects.filter(battle=resting).update(created_at=past)
    stats = matchup_stats(matchup)
    assert stats.at_work == 2
    assert stats.open_battles == 1


def _hours(now: datetime, votes: int, *, ago: int = 0) -> list[Hour]:
    """All votes in the hour that began `ago` hours ago."""
    return [Hour(now - timedelta(hours=back), votes if back == ago else 0) for back in range(23, -1, -1)]


def test_the_target_is_expected_at_the_pace_of_the_last_day(matchup: Matchup) -> None:
    now = timezone.now()
    matchup.started_at = now - timedelta(hours=10)
    assert expected_at(matchup, votes=10, hours=_hours(now, 10), now=now) == now + timedelta(hours=20)
    matchup.started_at = now - timedelta(days=10)
    assert expected_at(matchup, votes=20, hours=_hours(now, 10), now=now) == now + timedelta(hours=24)


def test_votes_from_before_the_start_do_not_make_it_look_quick(matchup: Matchup) -> None:
    now = timezone.now()
    matchup.started_at = now - timedelta(minutes=1)
    assert expected_at(matchup, votes=20, hours=_hours(now, 20, ago=20), now=now) == now + timedelta(hours=10)


@pytest.mark.parametrize(
    ("state", "votes", "recent"),
    [("running", 30, 20), ("running", 3, MIN_VOTES_FOR_ESTIMATE - 1), ("paused", 10, 10), ("draft", 0, 0)],
)
def test_there_is_no_estimate_from_nothing(state: str, votes: int, recent: int) -> None:
    traits = {} if state == "draft" else {state: True}
    matchup, now = MatchupFactory(target_votes=30, **traits), timezone.now()
    assert expected_at(matchup, votes=votes, hours=_hours(now, recent), now=now) is None


def test_an_empty_draft_has_figures_too() -> None:
    stats = matchup_stats(MatchupFactory())
    assert (stats.rows, stats.figures, stats.votes, stats.at_work) == ([], [], 0, 0)


def test_more_rows_cost_no_more_queries(matchup: Matchup) -> None:
    with CaptureQueriesContext(connection) as few:
        matchup_stats(Matchup.objects.get(pk=matchup.pk))
    for index in range(8):
        _battle(matchup, index % 2, index % 2 + 1, voted=True)
    with CaptureQueriesContext(connection) as many:
        matchup_stats(Matchup.objects.get(pk=matchup.pk))
    assert len(few) == len(many) == 9

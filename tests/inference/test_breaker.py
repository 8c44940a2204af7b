"""The circuit breaker by itself: when it opens, how long it stays open, and how it comes back."""

from datetime import UTC, datetime, timedelta

import pytest

from inference import breaker
from inference.breaker import BURST, BURST_SPAN, IN_A_ROW, STEADY, Breaker, Cause, State, cool_down

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def fail_answers(known: Breaker, count: int, *, at: datetime = NOW) -> Breaker:
    for _ in range(count):
        known = breaker.answer_failed(known, "connect: refused", trial="", at=at)
    return known


def half_open(*, trial: str = "", openings: int = 1) -> Breaker:
    until = NOW + timedelta(hours=1) if trial else None
    return Breaker(State.HALF_OPEN, NOW, Cause.COOLED_DOWN, openings=openings, trial=trial, trial_until=until)


def test_answers_that_fail_in_a_row_open_it() -> None:
    assert fail_answers(Breaker(), IN_A_ROW - 1).state is State.CLOSED
    opened = fail_answers(Breaker(), IN_A_ROW)
    assert (opened.state, opened.cause, opened.detail) == (State.OPEN, Cause.ANSWERS, "connect: refused")
    assert (opened.since, opened.retry_at) == (NOW, NOW + seconds(30))
    assert opened.answers_failed == 0


def test_a_good_answer_breaks_the_row() -> None:
    known = breaker.answered(fail_answers(Breaker(), IN_A_ROW - 1), trial="", at=NOW)
    assert known.is_calm
    assert fail_answers(known, IN_A_ROW - 1).state is State.CLOSED


def test_a_good_probe_does_not_break_a_row_of_answers() -> None:
    known = breaker.probed_well(fail_answers(Breaker(), IN_A_ROW - 1), at=NOW)
    assert fail_answers(known, 1).state is State.OPEN


def test_probes_that_fail_in_a_row_open_it_and_a_good_one_breaks_the_row() -> None:
    known = Breaker()
    for _ in range(IN_A_ROW - 1):
        known = breaker.probe_failed(known, "gone", at=NOW)
    assert breaker.probed_well(known, at=NOW).probes_failed == 0
    opened = breaker.probe_failed(known, "gone", at=NOW)
    assert (opened.state, opened.cause) == (State.OPEN, Cause.PROBES)


@pytest.mark.parametrize(("span", "state"), [(BURST_SPAN / 2, State.OPEN), (BURST_SPAN * 2, State.CLOSED)])
def test_a_burst_opens_it_whatever_goes_well_in_between(span: timedelta, state: State) -> None:
    known = Breaker()
    for index in range(BURST):
        at = NOW + span * index / (BURST - 1)
        known = breaker.answered(fail_answers(known, 1, at=at), trial="", at=at)
    assert known.state is state
    assert len(known.recent_failures) < BURST


def test_it_half_opens_after_its_cool_down_and_a_good_probe() -> None:
    opened = fail_answers(Breaker(), IN_A_ROW)
    assert breaker.probed_well(opened, at=NOW + seconds(29)).state is State.OPEN
    tried = breaker.probed_well(opened, at=NOW + seconds(30))
    assert (tried.state, tried.cause, tried.retry_at) == (State.HALF_OPEN, Cause.COOLED_DOWN, None)


def test_nothing_that_was_asked_before_moves_an_open_one() -> None:
    opened = fail_answers(Breaker(), IN_A_ROW)
    later = NOW + timedelta(hours=1)
    assert breaker.answered(opened, trial="battle", at=later) == opened
    assert breaker.answer_failed(opened, "late", trial="battle", at=later) == opened
    assert breaker.probe_failed(opened, "gone", at=later) == opened


def test_one_battle_at_a_time_has_the_trial() -> None:
    tried = breaker.asked_by(half_open(), "first", until=NOW + seconds(120))
    assert tried.may_be_asked_by("first", NOW) and not tried.may_be_asked_by("second", NOW)
    assert tried.may_be_asked_by("second", NOW + seconds(120)), "who did not come in time has lost it"
    assert breaker.given_back(tried, "first").may_be_asked_by("second", NOW)
    assert breaker.given_back(tried, "second") == tried


def test_only_the_trial_decides() -> None:
    tried = half_open(trial="first")
    assert breaker.answered(tried, trial="older", at=NOW) == tried
    assert breaker.answer_failed(tried, "late", trial="older", at=NOW) == tried
    closed = breaker.answered(tried, trial="first", at=NOW)
    assert (closed.state, closed.cause, closed.trial) == (State.CLOSED, Cause.TRIAL_ANSWERED, "")
    opened = breaker.answer_failed(tried, "again", trial="first", at=NOW)
    assert (opened.state, opened.cause, opened.trial) == (State.OPEN, Cause.TRIAL_FAILED, "")
    assert breaker.probe_failed(tried, "gone", at=NOW).state is State.OPEN


def test_nobody_has_the_trial_of_one_that_is_not_on_trial() -> None:
    assert breaker.asked_by(Breaker(), "battle", until=NOW) == Breaker()
    assert breaker.answered(half_open(), trial="", at=NOW) == half_open()


def test_the_cool_down_doubles_up_to_a_limit() -> None:
    assert [cool_down(n).total_seconds() for n in (1, 2, 3, 4, 5, 6, 7, 1000)] == [30, 60, 120, 240, 480, 900, 900, 900]
    opened = breaker.answer_failed(half_open(trial="battle"), "again", trial="battle", at=NOW)
    assert (opened.openings, opened.retry_at) == (2, NOW + seconds(60))


@pytest.mark.parametrize(("after", "openings"), [(STEADY - seconds(1), 3), (STEADY, 1)])
def test_it_goes_on_doubling_until_it_was_steady(after: timedelta, openings: int) -> None:
    closed = breaker.answered(half_open(trial="battle", openings=2), trial="battle", at=NOW)
    assert fail_answers(closed, IN_A_ROW, at=NOW + after).openings == openings


def test_what_was_opened_by_hand_is_closed_by_hand_alone() -> None:
    out = breaker.opened_by_hand(fail_answers(Breaker(), IN_A_ROW), at=NOW)
    assert (out.state, out.cause, out.retry_at) == (State.OPEN, Cause.BY_HAND, None)
    assert breaker.probed_well(out, at=NOW + timedelta(days=365)).state is State.OPEN
    assert breaker.opened_by_hand(out, at=NOW + seconds(1)) == out
    back = breaker.closed_by_hand(out, at=NOW)
    assert (back.state, back.openings, back.is_calm) == (State.CLOSED, 0, True)


def test_one_that_is_closed_by_hand_while_closed_forgets_its_failures() -> None:
    assert breaker.closed_by_hand(fail_answers(Breaker(), IN_A_ROW - 1), at=NOW) == Breaker()

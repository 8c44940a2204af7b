"""Whether a model may be drawn, judged by how its answers and probes went: a circuit breaker. Pure: no Django.

Closed, it is drawn as usual. Open, it is not drawn at all. Half-open, one battle at a time may be drawn with it: the
trial, whose answer closes the breaker or opens it again. What was asked before the breaker opened decides nothing
after it. Times are aware datetimes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Cause(StrEnum):
    """Why a breaker changed."""

    ANSWERS = "answers"
    PROBES = "probes"
    BURST = "burst"
    COOLED_DOWN = "cooled_down"
    TRIAL_ANSWERED = "trial_answered"
    TRIAL_FAILED = "trial_failed"
    BY_HAND = "by_hand"


IN_A_ROW = 3
"""Answers that fail one after the other, or probes: each costs a volunteer half a battle, or ten seconds."""
BURST = 8
BURST_SPAN = timedelta(seconds=60)
"""This many failures within this span open it also when answers succeed in between."""
FIRST_COOL_DOWN = timedelta(seconds=30)
LONGEST_COOL_DOWN = timedelta(minutes=15)
STEADY = timedelta(minutes=10)
"""A breaker that opens again sooner after closing than this has not recovered: its cool-down goes on doubling."""
UNTIL_PROMPT = timedelta(minutes=2)
"""How long a trial waits for its volunteer's prompt before another battle may have it."""
UNTIL_ANSWERED = timedelta(hours=1)
"""How long a trial that was prompted is kept. Its answer ends sooner, and a lost one is ended by a sweep."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """All that is remembered.

    `retry_at` is None also where it was opened by hand: then only a hand closes it. Failures in a row are counted
    apart, since a model that answers every probe and fails every volunteer must open too. `openings` counts those
    without a steady time in between. `trial` is whatever tells battles apart, blank where nobody has the trial.
    """

    state: State = State.CLOSED
    since: datetime | None = None
    cause: Cause | None = None
    detail: str = ""
    retry_at: datetime | None = None
    openings: int = 0
    answers_failed: int = 0
    probes_failed: int = 0
    recent_failures: tuple[datetime, ...] = ()
    trial: str = ""
    trial_until: datetime | None = None

    @property
    def is_calm(self) -> bool:
        """Whether a good answer changes nothing: the usual case, which must cost nothing."""
        return self.state == State.CLOSED and not self.answers_failed

    def may_be_asked_by(self, trial: str, at: datetime) -> bool:
        """Whether the battle `trial` may be drawn with the model."""
        if self.state == State.HALF_OPEN:
            return self.trial in ("", trial) or self.trial_until is None or self.trial_until <= at
        return self.state == State.CLOSED


def asked_by(breaker: Breaker, trial: str, *, until: datetime) -> Breaker:
    """A battle that may be drawn with the model is: half-open, the trial is its own until then."""
    if breaker.state != State.HALF_OPEN:
        return breaker
    return replace(breaker, trial=trial, trial_until=until)


def given_back(breaker: Breaker, trial: str) -> Breaker:
    """The battle ended without a verdict on the model: stopped, skipped, or lost by a fault of ours."""
    return replace(breaker, trial="", trial_until=None) if trial and breaker.trial == trial else breaker


def answered(breaker: Breaker, *, trial: str, at: datetime) -> Breaker:
    """An answer came to its end."""
    if breaker.state == State.CLOSED:
        return replace(breaker, answers_failed=0)
    return _closed(breaker, Cause.TRIAL_ANSWERED, "", at) if _is_on_trial(breaker, trial) else breaker


def answer_failed(breaker: Breaker, detail: str, *, trial: str, at: datetime) -> Breaker:
    """An answer failed by the model's fault."""
    if breaker.state == State.CLOSED:
        return _opened_if_too_many(replace(breaker, answers_failed=breaker.answers_failed + 1), detail, at)
    return _opened(breaker, Cause.TRIAL_FAILED, detail, at) if _is_on_trial(breaker, trial) else breaker


def probed_well(breaker: Breaker, *, at: datetime) -> Breaker:
    """A probe found nothing wrong. After the cool-down that is what half-opens a breaker; it closes none."""
    if breaker.state == State.OPEN and breaker.retry_at is not None and breaker.retry_at <= at:
        return replace(
            breaker, state=State.HALF_OPEN, since=at, cause=Cause.COOLED_DOWN, detail="", retry_at=None, probes_failed=0
        )
    return replace(breaker, probes_failed=0)


def probe_failed(breaker: Breaker, detail: str, *, at: datetime) -> Breaker:
    """A probe found that the model cannot answer."""
    if breaker.state == State.OPEN:
        return breaker
    if breaker.state == State.HALF_OPEN:
        return _opened(breaker, Cause.PROBES, detail, at)
    return _opened_if_too_many(replace(breaker, probes_failed=breaker.probes_failed + 1), detail, at)


def opened_by_hand(breaker: Breaker, *, at: datetime) -> Breaker:
    """Out of pairing until somebody puts it back."""
    if breaker.state == State.OPEN and breaker.retry_at is None:
        return breaker
    return Breaker(State.OPEN, since=at, cause=Cause.BY_HAND, openings=breaker.openings)


def closed_by_hand(breaker: Breaker, *, at: datetime) -> Breaker:
    """Back in pairing at once, and with nothing held against it."""
    if breaker.state == State.CLOSED:
        return replace(breaker, answers_failed=0, probes_failed=0, recent_failures=())
    return Breaker(State.CLOSED, since=at, cause=Cause.BY_HAND)


def cool_down(openings: int) -> timedelta:
    """How long a breaker stays open that has opened this many times without a steady time in between, at least once."""
    doublings = min(openings - 1, 16)
    return min(FIRST_COOL_DOWN * (1 << doublings), LONGEST_COOL_DOWN)


def _is_on_trial(breaker: Breaker, trial: str) -> bool:
    return breaker.state == State.HALF_OPEN and bool(trial) and breaker.trial == trial


def _opened_if_too_many(breaker: Breaker, detail: str, at: datetime) -> Breaker:
    recent = (*(time for time in breaker.recent_failures if time > at - BURST_SPAN), at)[-BURST:]
    breaker = replace(breaker, recent_failures=recent)
    if breaker.answers_failed >= IN_A_ROW:
        return _opened(breaker, Cause.ANSWERS, detail, at)
    if breaker.probes_failed >= IN_A_ROW:
        return _opened(breaker, Cause.PROBES, detail, at)
    if len(recent) >= BURST:
        return _opened(breaker, Cause.BURST, detail, at)
    return breaker


def _opened(breaker: Breaker, cause: Cause, detail: str, at: datetime) -> Breaker:
    was_steady = breaker.state == State.CLOSED and (breaker.since is None or at - breaker.since >= STEADY)
    openings = 1 if was_steady else breaker.openings + 1
    return Breaker(
        State.OPEN, since=at, cause=cause, detail=detail, retry_at=at + cool_down(openings), openings=openings
    )


def _closed(breaker: Breaker, cause: Cause, detail: str, at: datetime) -> Breaker:
    return Breaker(State.CLOSED, since=at, cause=cause, detail=detail, openings=breaker.openings)

"""The circuit breaker under anything that can happen, in any order: never two trials, and always a way back."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from inference import breaker
from inference.breaker import BURST, LONGEST_COOL_DOWN, UNTIL_ANSWERED, UNTIL_PROMPT, Breaker, State


class AnyHistory(RuleBasedStateMachine):
    """Battles come and go, time passes, and every answer and probe may do well or badly."""

    battles = Bundle("battles")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = datetime(2026, 11, 23, tzinfo=UTC)
        self.drawn = 0

    @rule(seconds=st.one_of(st.integers(0, 90), st.integers(600, 4000)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=battles, is_prompted=st.booleans())
    def a_battle_wants_the_model(self, is_prompted: bool) -> str:
        self.drawn += 1
        battle, before = f"battle {self.drawn}", self.breaker
        if before.may_be_asked_by(battle, self.now):
            assert before.state is not State.OPEN, "never drawn while open"
            keep = UNTIL_ANSWERED if is_prompted else UNTIL_PROMPT
            self.breaker = breaker.asked_by(before, battle, until=self.now + keep)
            if before.state is State.HALF_OPEN:
                taken = not before.trial or (before.trial_until is not None and before.trial_until <= self.now)
                assert taken, "never two trials at once"
                assert not self.breaker.may_be_asked_by("another", self.now)
        return battle

    @rule(battle=consumes(battles), is_good=st.booleans())
    def an_answer_ends(self, battle: str, is_good: bool) -> None:
        before = self.breaker
        if is_good:
            self.breaker = breaker.answered(before, trial=battle, at=self.now)
        else:
            self.breaker = breaker.answer_failed(before, "failed", trial=battle, at=self.now)
        if before.state is not State.CLOSED and self.breaker.state is not before.state:
            assert before.trial == battle, "only the trial's answer moves what is not closed"

    @rule(battle=consumes(battles))
    def a_battle_ends_without_a_verdict(self, battle: str) -> None:
        state = self.breaker.state
        self.breaker = breaker.given_back(self.breaker, battle)
        assert self.breaker.state is state and self.breaker.trial != battle

    @rule(is_good=st.booleans())
    def a_probe(self, is_good: bool) -> None:
        if is_good:
            self.breaker = breaker.probed_well(self.breaker, at=self.now)
        else:
            self.breaker = breaker.probe_failed(self.breaker, "gone", at=self.now)

    @rule(puts_back=st.booleans())
    def an_admin(self, puts_back: bool) -> None:
        by_hand = breaker.closed_by_hand if puts_back else breaker.opened_by_hand
        self.breaker = by_hand(self.breaker, at=self.now)
        assert self.breaker.may_be_asked_by("any", self.now) is puts_back

    @invariant()
    def is_well_formed(self) -> None:
        known = self.breaker
        assert bool(known.trial) == (known.trial_until is not None)
        assert not known.trial or known.state is State.HALF_OPEN
        assert known.retry_at is None or known.state is State.OPEN
        assert len(known.recent_failures) < BURST
        assert known.may_be_asked_by(known.trial or "any", self.now) is (known.state is not State.OPEN)

    @invariant()
    def has_a_way_back(self) -> None:
        """From here, when all is well again: time, a good probe, and one good answer close it. Or a hand does."""
        later = self.now + LONGEST_COOL_DOWN + UNTIL_ANSWERED
        known = self.breaker
        if known.state is State.OPEN and known.retry_at is None:
            known = breaker.closed_by_hand(known, at=later)
        known = breaker.probed_well(known, at=later)
        assert known.may_be_asked_by("next", later)
        known = breaker.asked_by(known, "next", until=later + UNTIL_ANSWERED)
        assert breaker.answered(known, trial="next", at=later).state is State.CLOSED


TestAnyHistory = AnyHistory.TestCase

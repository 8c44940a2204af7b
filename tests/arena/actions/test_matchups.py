"""Matchups move through their states by one table, one admin at a time."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from arena.actions.matchups import finish_matchup, pause_matchup, resume_matchup, set_entries, start_matchup
from arena.enums import MatchupState
from arena.exceptions import (
    CompetitorOfOtherCampaign,
    MatchupEntriesFixed,
    MatchupNotReady,
    MatchupTransition,
    Refusal,
)
from arena.models import Matchup, User
from tests.factories import CompetitorFactory, MatchupFactory, UserFactory

STATES = [state.value for state in MatchupState]
#: Each verb with the states that it may come from and the one that it leads to.
VERBS: dict[Callable[..., Matchup], tuple[set[str], str]] = {
    start_matchup: ({"draft"}, "running"),
    resume_matchup: ({"paused"}, "running"),
    pause_matchup: ({"running"}, "paused"),
    finish_matchup: ({"running", "paused"}, "finished"),
}


@pytest.fixture
def boss(db: None) -> User:
    return UserFactory(admin=True)


def _in_state(state: str) -> Matchup:
    return MatchupFactory(competitors=2, **({} if state == "draft" else {state: True}))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_each_verb_in_each_state(boss: User, verb: Callable[..., Matchup], state: str) -> None:
    matchup = _in_state(state)
    sources, target = VERBS[verb]
    if state in sources:
        verb(matchup_id=matchup.pk, by=boss)
        expected = target
    else:
        with pytest.raises(MatchupTransition):
            verb(matchup_id=matchup.pk, by=boss)
        expected = state
    matchup.refresh_from_db()
    assert matchup.state == expected
    assert LogEntry.objects.count() == (state in sources)


def test_the_verbs_cover_the_table_of_transitions() -> None:
    reached = {(source, target) for sources, target in VERBS.values() for source in sources}
    assert reached == {(state, target) for state, targets in Matchup.TRANSITIONS.items() for target in targets}


def test_starting_and_finishing_leave_their_times(boss: User) -> None:
    matchup = _in_state("draft")
    started = start_matchup(matchup_id=matchup.pk, by=boss).started_at
    assert started is not None
    pause_matchup(matchup_id=matchup.pk, by=boss)
    assert resume_matchup(matchup_id=matchup.pk, by=boss).started_at == started
    finished = finish_matchup(matchup_id=matchup.pk, by=None)
    assert finished.finished_at is not None
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] != []
    assert LogEntry.objects.count() == 3, "nobody finished it, so nobody is in the history"


def test_the_history_says_who_did_what(boss: User) -> None:
    matchup = _in_state("running")
    pause_matchup(matchup_id=matchup.pk, by=boss)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.is_change()) == (boss, str(matchup.pk), True)
    assert entry.change_message


@pytest.mark.parametrize("missing", ["few", "inactive", "imported"])
def test_two_competitors_that_may_be_drawn_are_needed(boss: User, missing: str) -> None:
    matchup = MatchupFactory(competitors=1)
    if missing != "few":
        second = CompetitorFactory(campaign=matchup.campaign, **{missing: True})
        set_entries(matchup_id=matchup.pk, weights={matchup.entries.get().competitor_id: 1.0, second.pk: 1.0})
    with pytest.raises(MatchupNotReady):
        start_matchup(matchup_id=matchup.pk, by=boss)
    matchup.refresh_from_db()
    assert matchup.state == MatchupState.DRAFT


def test_a_model_that_is_down_does_not_keep_a_matchup_from_starting(boss: User) -> None:
    matchup = MatchupFactory(competitors=[CompetitorFactory(unhealthy=True)])
    first = matchup.entries.get().competitor
    second = CompetitorFactory(campaign=first.campaign, unhealthy=True)
    matchup = MatchupFactory(campaign=first.campaign, competitors=[first, second])
    assert start_matchup(matchup_id=matchup.pk, by=boss).state == MatchupState.RUNNING


def test_entries_are_set_weighted_and_removed(db: None) -> None:
    matchup = MatchupFactory(competitors=2)
    kept, removed = (entry.competitor_id for entry in matchup.entries.order_by("pk"))
    added = CompetitorFactory(campaign=matchup.campaign)
    set_entries(matchup_id=matchup.pk, weights={kept: 2.5, added.pk: 1.0})
    assert dict(matchup.entries.values_list("competitor", "weight")) == {kept: 2.5, added.pk: 1.0}
    assert removed not in matchup.entries.values_list("competitor", flat=True)


@pytest.mark.parametrize("state", ["running", "finished"])
def test_entries_of_a_matchup_that_runs_or_ran_are_fixed(db: None, state: str) -> None:
    matchup = _in_state(state)
    before = dict(matchup.entries.values_list("competitor", "weight"))
    with pytest.raises(MatchupEntriesFixed):
        set_entries(matchup_id=matchup.pk, weights={})
    assert dict(matchup.entries.values_list("competitor", "weight")) == before


def test_competitors_of_another_campaign_are_refused(db: None) -> None:
    matchup = MatchupFactory()
    with pytest.raises(CompetitorOfOtherCampaign):
        set_entries(matchup_id=matchup.pk, weights={CompetitorFactory().pk: 1.0})


def _together(work: Callable[[], object], threads: int = 2) -> list[str]:
    """Runs `work` in threads that meet first; what each raised, or an empty text."""
    barrier, results = threading.Barrier(threads), []

    def run() -> None:
        try:
            barrier.wait(timeout=10)
            work()
            results.append("")
        except Refusal as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_start_at_once_one_wins() -> None:
    boss, matchup = UserFactory(admin=True), _in_state("draft")
    results = _together(lambda: start_matchup(matchup_id=matchup.pk, by=boss))
    assert results == ["", "matchup_transition"]
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_win() -> None:
    """The control: reading and writing without a lock lets both through, so the test above tests something."""
    matchup, read = _in_state("draft"), threading.Barrier(2)

    def start_without_lock() -> None:
        found = Matchup.objects.get(pk=matchup.pk)
        with suppress(threading.BrokenBarrierError):
            read.wait(timeout=5)
        if MatchupState.RUNNING not in Matchup.TRANSITIONS[found.state]:
            raise MatchupTransition(state=found.state, wanted="running")
        with transaction.atomic():
            Matchup.objects.filter(pk=matchup.pk).update(state="running", started_at=matchup.created_at)

    assert _together(start_without_lock) == ["", ""]


@pytest.mark.django_db(transaction=True)
def test_entries_do_not_change_under_a_start() -> None:
    """Whichever comes first, a running matchup never ends up without competitors."""
    boss, matchup = UserFactory(admin=True), _in_state("draft")
    calls = iter(
        [
            lambda: start_matchup(matchup_id=matchup.pk, by=boss),
            lambda: set_entries(matchup_id=matchup.pk, weights={}),
        ]
    )
    lock = threading.Lock()

    def one_of_both() -> None:
        with lock:
            call = next(calls)
        call()

    results = _together(one_of_both)
    matchup.refresh_from_db()
    if matchup.state == MatchupState.RUNNING:
        assert results == ["", "matchup_entries_fixed"]
        assert matchup.entries.count() == 2
    else:
        assert results == ["", "matchup_not_ready"]
        assert matchup.entries.count() == 0

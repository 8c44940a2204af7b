"""Two registrations, entries or launches at once, with the campaign's lock and without."""

from typing import Any

import pytest
from django.db import DatabaseError

from arena.actions.launching import launch_matchup
from arena.actions.registering import Registered, enter_matchup, register_competitor
from arena.models import Competitor, Matchup
from tests.arena.races import LONG, Rendezvous, both, meet_after, unlock
from tests.factories import CampaignFactory, CompetitorFactory, MatchupFactory, ServedModelFactory

#: With the locks, and the control without.
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


@pytest.fixture
def meeting() -> Rendezvous:
    return Rendezvous()


def prepare(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, target: str, *, locked: bool) -> None:
    meet_after(monkeypatch, target, meeting)
    if not locked:
        meeting.patience = LONG
        unlock(monkeypatch)


def faults(results: list[Any]) -> list[Any]:
    return [result for result in results if isinstance(result, DatabaseError)]


@LOCKED
def test_one_competitor_registered_twice(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    campaign, served = CampaignFactory(), ServedModelFactory()
    prepare(monkeypatch, meeting, "arena.actions.registering.usual_values", locked=locked)

    def register() -> Registered:
        return register_competitor(campaign=campaign, name="exp_2_101", served_model=served, base="llama")

    results = both(register, register, locked=locked)
    assert Competitor.objects.count() == 1
    if locked:
        assert sorted(result.outcome for result in results) == ["made", "unchanged"]
    else:
        assert meeting.met and (faults(results) or [r for r in results if isinstance(r, Exception)])


@LOCKED
def test_two_enter_a_matchup(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    campaign = CampaignFactory()
    MatchupFactory(campaign=campaign, name="Grid")
    one, two = (CompetitorFactory(campaign=campaign) for _ in range(2))
    prepare(monkeypatch, meeting, "arena.actions.registering._weights", locked=locked)

    def enter(competitor: Competitor) -> Matchup:
        return enter_matchup(campaign=campaign, name="Grid", competitor=competitor)

    both(lambda: enter(one), lambda: enter(two), locked=locked)
    entered = Matchup.objects.get().entries.count()
    if locked:
        assert entered == 2 and not meeting.met
    else:
        # Whether one of them is lost then is for chance.
        assert meeting.met, "without the lock both read the entries before either has written"


@LOCKED
def test_a_matchup_launched_twice(monkeypatch: pytest.MonkeyPatch, meeting: Rendezvous, locked: bool) -> None:
    campaign = CampaignFactory()
    competitors = [CompetitorFactory(campaign=campaign) for _ in range(2)]
    prepare(monkeypatch, meeting, "arena.actions.launching._of_name", locked=locked)

    def launch() -> bool:
        return launch_matchup(campaign=campaign, name="Grid", competitors=competitors)

    results = both(launch, launch, locked=locked)
    assert Matchup.objects.count() == 1
    if locked:
        assert sorted(results) == [False, True]
    else:
        assert meeting.met and [result for result in results if isinstance(result, Exception)]

"""A volunteer says that something is wrong."""

import pytest

from arena.actions.reporting import report_battle
from arena.exceptions import AlreadyReported, ReportInvalid
from arena.models import Battle, Report
from tests.factories import BattleFactory

pytestmark = pytest.mark.django_db


def report(battle: Battle, kind: str = "offensive", reason: str = " Iraina.\x00 ") -> Report:
    return report_battle(battle=battle, participant=battle.participant, kind=kind, reason=reason)


def test_a_report_stands_in_the_queue() -> None:
    stored = report(BattleFactory())
    assert list(Report.objects.unresolved()) == [stored]
    assert stored.reason == "Iraina."


def test_of_each_kind_there_is_one_per_battle() -> None:
    battle = BattleFactory()
    report(battle)
    report(battle, "broken")
    report(BattleFactory())
    with pytest.raises(AlreadyReported):
        report(battle, reason="Berriz.")
    assert Report.objects.count() == 3


@pytest.mark.parametrize("reason", ["", "  \n", "\x00"])
def test_a_report_says_something(reason: str) -> None:
    with pytest.raises(ReportInvalid):
        report(BattleFactory(), reason=reason)

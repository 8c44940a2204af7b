"""Each factory and each of its scenarios makes rows that the database accepts."""

import inspect
from typing import Any

import pytest
from factory.django import DjangoModelFactory

from tests import factories

pytestmark = pytest.mark.django_db

FACTORIES = [
    factory
    for _name, factory in inspect.getmembers(factories, inspect.isclass)
    if issubclass(factory, DjangoModelFactory) and factory is not DjangoModelFactory
]
SCENARIOS = [(factory, scenario) for factory in FACTORIES for scenario in ("", *factory._meta.parameters)]


@pytest.mark.parametrize(("factory", "scenario"), SCENARIOS, ids=lambda value: getattr(value, "__name__", value))
def test_scenario_is_accepted(factory: type[DjangoModelFactory[Any]], scenario: str) -> None:
    row = factory(**({scenario: True} if scenario else {}))
    row.refresh_from_db()
    assert row.pk


def test_a_collected_ballot_has_its_winner() -> None:
    battle = factories.BattleFactory(
        voted=True, ballot__collected=True, ballot__choices={"content": "b", "language": "tie"}
    )
    battle.refresh_from_db()
    assert battle.ballot.winner == "b"
    assert battle.ballot.choices() == {"content": "b", "language": "tie"}


def test_a_voted_battle_has_both_answers() -> None:
    assert factories.BattleFactory(voted=True).turns.get().answers.count() == 2


def test_a_matchup_enters_its_competitors() -> None:
    matchup = factories.MatchupFactory(running=True, competitors=3)
    assert {entry.competitor.campaign for entry in matchup.entries.all()} == {matchup.campaign}
    assert matchup.entries.count() == 3

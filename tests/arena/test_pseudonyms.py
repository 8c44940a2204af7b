"""The names that people have in exports."""

import pytest
from pytest_django import Settings

from arena.pseudonyms import pseudonym
from tests.factories import ParticipantFactory


def test_a_participant_has_one_name_that_depends_on_the_key(settings: Settings) -> None:
    participant = ParticipantFactory.build()
    name = pseudonym(participant)
    assert name == pseudonym(participant)
    assert name.startswith("p_") and len(name) == 22
    settings.PSEUDONYM_KEY = "another key"
    assert pseudonym(participant) != name


def test_it_holds_nothing_of_the_participant() -> None:
    participant = ParticipantFactory.build()
    assert participant.uid.hex[:8] not in pseudonym(participant)


def test_two_participants_have_two_names() -> None:
    assert pseudonym(ParticipantFactory.build()) != pseudonym(ParticipantFactory.build())


def test_imported_participants_keep_theirs() -> None:
    assert pseudonym(ParticipantFactory.build(imported=True, external_name="user_12")) == "user_12"


@pytest.mark.parametrize("trait", ["simulated", "erased"])
def test_others_have_a_keyed_one(trait: str) -> None:
    assert pseudonym(ParticipantFactory.build(**{trait: True})).startswith("p_")

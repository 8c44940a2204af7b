"""What a battle looks like now. Runs in a database thread."""

from typing import Any

from arena.battle_state import ballot_is_open, can_prompt
from arena.models import Battle, Turn
from arena.places import note_places


def load_turns(battle: Battle) -> list[Turn]:
    """The battle's turns in order, with their answers: two queries."""
    return list(battle.turns.order_by("index").prefetch_related("answers"))


def ballot_frame(battle_uid: str) -> dict[str, Any] | None:
    """Whether ballot and prompt box are open; None where the battle is gone."""
    battle = Battle.objects.select_related("campaign").filter(uid=battle_uid).first()
    if battle is None:
        return None
    turns = load_turns(battle)
    return {
        "type": "ballot",
        "ballot_open": ballot_is_open(battle, turns),
        "can_prompt": can_prompt(battle, turns),
    }


def read_state(battle_pk: int) -> tuple[Battle, list[Turn]]:
    """The battle and its turns, read afresh, with the places of answers that queue."""
    battle = Battle.objects.select_related("campaign").get(pk=battle_pk)
    turns = load_turns(battle)
    note_places(turns)
    return battle, turns

"""What a battle looks like now. Runs in a database thread."""

from typing import Any

from django.db.models import Prefetch

from arena.battle_state import ballot_is_open, can_prompt
from arena.models import Answer, Battle, Turn
from arena.places import note_places

# What sockets are told. The rest is long: reasoning, prompts as sent, the campaign's forms and lists.
_BATTLES = Battle.objects.select_related("campaign").only(
    "uid", "status", "campaign__max_turns", "campaign__max_prompt_chars"
)
_TURNS = Turn.objects.only("battle", "index", "prompt").order_by("index")
_ANSWERS = Answer.objects.only("turn", "side", "status", "run", "text", "heartbeat_at")


def load_turns(battle: Battle) -> list[Turn]:
    """The battle's turns in order, with their answers: two queries."""
    return list(_TURNS.filter(battle=battle).prefetch_related(Prefetch("answers", _ANSWERS.all())))


def ballot_frame(battle_uid: str) -> dict[str, Any] | None:
    """Whether ballot and prompt box are open; None where the battle is gone."""
    battle = _BATTLES.filter(uid=battle_uid).first()
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
    battle = _BATTLES.get(pk=battle_pk)
    turns = load_turns(battle)
    note_places(turns)
    return battle, turns

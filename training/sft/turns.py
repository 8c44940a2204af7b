"""Turns of a conversation, whichever of the usual columns it comes in."""

from collections.abc import Mapping
from typing import Any

from training.columns import Row

Messages = list[dict[str, str]]
"""Turns of `role` (system, user, assistant) and `content`, as chat templates read them."""

ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


def messages_of(row: Row) -> Messages | str:
    """The turns of a row of `messages`, `conversations`, or `instruction` and `response`; or what is wrong with it."""
    if row.get("messages") is not None:
        turns = _turns(row["messages"], "messages", "role", "content")
    elif row.get("conversations") is not None:
        turns = _turns(row["conversations"], "conversations", "from", "value")
    elif isinstance(row.get("instruction"), str) and isinstance(row.get("response"), str):
        turns = [_turn("user", row["instruction"]), _turn("assistant", row["response"])]
    else:
        return "it has neither 'messages' nor 'conversations' nor 'instruction' and 'response'"
    return turns if isinstance(turns, str) else _whole(turns)


def is_encodable(text: str) -> bool:
    """Whether it is text at all: JSON can also say halves of characters, which no tokenizer reads and no file holds."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _turns(value: Any, column: str, role: str, content: str) -> Messages | str:
    if not isinstance(value, list) or not value:
        return f"{column!r} is no list of turns"
    turns: Messages = []
    for number, turn in enumerate(value, start=1):
        if not isinstance(turn, Mapping) or not isinstance(turn.get(content), str):
            return f"turn {number} of {column!r} has no text under {content!r}"
        if not isinstance(turn.get(role), str) or turn[role] not in ROLES:
            return f"turn {number} of {column!r} is by {turn.get(role)!r}, which is none of {', '.join(ROLES)}"
        turns.append(_turn(ROLES[turn[role]], turn[content]))
    return turns


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _whole(turns: Messages) -> Messages | str:
    for number, turn in enumerate(turns, start=1):
        if turn["role"] == "system" and number > 1:
            return f"turn {number} is the system's, which can only be the first"
        if not turn["content"].strip() and turn["role"] != "system":
            return f"turn {number} is empty"
        if not is_encodable(turn["content"]):
            return f"turn {number} has half a character (a lone surrogate)"
    if turns[-1]["role"] != "assistant":
        return "its last turn is not the assistant's"
    if not any(turn["role"] == "user" for turn in turns):
        return "it has no turn of a user"
    return turns

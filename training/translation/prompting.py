"""What a base model is asked for a translation, and to which form its output is held."""

import json
from enum import StrEnum
from typing import Any

from training.sft.turns import Messages
from training.translation.examples import Examples

END = "\n"
"""After a conversation. JSON has no bare line breaks, so that output can stop there."""


class Constraint(StrEnum):
    """How the server is told the form of the output."""

    REGEX = "regex"
    """vLLM's `structured_outputs`: compact JSON. Held to a schema alone, a model may write blanks until its end."""
    SCHEMA = "schema"
    """OpenAI's `response_format`, for other servers."""
    NONE = "none"


def prompt_of(messages: Messages, examples: Examples) -> str:
    """Examples, then the conversation, and the label of its translation: what comes next is the translation."""
    lines = [examples.about, ""]
    for one, other in examples.pairs:
        lines += [f"{examples.source}: {as_json(one)}", f"{examples.target}: {as_json(other)}", ""]
    # No blank at the end: the tokens of most models have theirs in front.
    return END.join([*lines, f"{examples.source}: {as_json(messages)}", f"{examples.target}:"])


def as_json(messages: Messages) -> str:
    """One line: a list of role and content."""
    return json.dumps([{"role": turn["role"], "content": turn["content"]} for turn in messages], ensure_ascii=False)


def constraint_for(roles: list[str], constraint: Constraint) -> dict[str, Any]:
    """What to add to the request, so that the output is a list of role and content with these roles."""
    if constraint is Constraint.REGEX:
        return {"structured_outputs": {"regex": regex_of(roles)}}
    if constraint is Constraint.SCHEMA:
        schema = {"name": "conversation", "schema": schema_of(roles), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"stop": [END]}


def regex_of(roles: list[str]) -> str:
    """Conversations of these roles as `as_json` writes them, after a blank or none."""
    text = r'"([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
    turns = ", ".join(rf'\{{"role": "{role}", "content": {text}\}}' for role in roles)
    return rf" ?\[{turns}\]"


def schema_of(roles: list[str]) -> dict[str, Any]:
    """The JSON schema of conversations of these roles, in this order."""
    count = len(roles)
    return {"type": "array", "prefixItems": [_turn(role) for role in roles], "items": False, "minItems": count}


def _turn(role: str) -> dict[str, Any]:
    properties = {"role": {"const": role}, "content": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

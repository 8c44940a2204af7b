"""How a server is told to let a model write nothing but an answer: for models too small to keep to a form on their own.

The study put the first brace into the model's mouth, and no more: that is the default here.
"""

import json
from enum import StrEnum
from typing import Any

from training.tagging.questions import Field, Question

WORDS = 400
"""Letters of a free text: a small model goes on until it is stopped."""
MANY = 3
_LETTER = r'([^"\\\x00-\x1f]|\\["\\/n])'


class Constraint(StrEnum):
    NONE = "none"
    REGEX = "regex"
    """vLLM's `structured_outputs`."""
    SCHEMA = "schema"
    """OpenAI's `response_format`, for other servers."""


def constraint_for(question: Question, constraint: Constraint) -> dict[str, Any]:
    """What to add to a request."""
    if constraint is Constraint.REGEX:
        return {"structured_outputs": {"regex": regex_of(question)}}
    if constraint is Constraint.SCHEMA:
        schema = {"name": question.name, "schema": schema_of(question), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {}


def regex_of(question: Question) -> str:
    """Answers on one line, in the order of the fields."""
    return r"\{" + ", ".join(f'"{field.name}": {_value(field)}' for field in question.fields) + r"\}"


def schema_of(question: Question) -> dict[str, Any]:
    """The JSON schema of answers."""
    properties = {field.name: _schema(field) for field in question.fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _value(field: Field) -> str:
    if not field.allowed:
        return f'"{_LETTER}{{1,{WORDS}}}"'
    word = "(" + "|".join(json.dumps(each) for each in field.allowed) + ")"
    return rf"\[({word}(, {word}){{0,{MANY - 1}}})?\]" if field.many else word


def _schema(field: Field) -> dict[str, Any]:
    word: dict[str, Any] = {"type": "string", "enum": list(field.allowed)}
    if field.many:
        return {"type": "array", "items": word, "maxItems": MANY}
    return word if field.allowed else {"type": "string", "minLength": 1, "maxLength": WORDS}

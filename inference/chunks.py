"""The events of a streamed chat completion, read without building the SDK's objects. No Django in it."""

from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from inference.exceptions import AnswerFailed, FailureKind

END_OF_STREAM = b"[DONE]"
_EXCERPT = 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event says; every part may be missing."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def parse_chunk(data: bytes) -> Chunk:
    """Read one event's data. Raises AnswerFailed: GARBAGE if it is no chunk, HTTP_STATUS if it reports an error."""
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _garbage(data, str(error)) from error
    if not isinstance(event, dict):
        raise _garbage(data, "no object")
    if event.get("error"):
        raise AnswerFailed(
            FailureKind.HTTP_STATUS,
            f"error within the stream: {event['error']!r}"[:_EXCERPT],
        )
    choices = event.get("choices")
    usage = event.get("usage") or {}
    if choices is None and usage:
        # So do some servers write the empty list that comes with the counts.
        choices = []
    if not isinstance(choices, list) or not isinstance(usage, dict):
        raise _garbage(data, "no choices")
    first = choices[0] if choices else {}
    delta = (first.get("delta") or {}) if isinstance(first, dict) else None
    if not isinstance(delta, dict):
        raise _garbage(data, "no delta")
    return Chunk(
        text=_text(delta, "content", data),
        reasoning=_text(delta, "reasoning_content", data) or _text(delta, "reasoning", data),
        finish_reason=_of_type(first.get("finish_reason"), str),
        prompt_tokens=_of_type(usage.get("prompt_tokens"), int),
        completion_tokens=_of_type(usage.get("completion_tokens"), int),
    )


def _text(delta: dict[str, Any], key: str, data: bytes) -> str:
    value = delta.get(key) or ""
    if not isinstance(value, str):
        raise _garbage(data, f"{key} is no text")
    # PostgreSQL stores no NUL, and one of them in an answer would cost the volunteer the whole answer.
    return value.replace("\x00", "") if "\x00" in value else value


def _of_type(value: object, kind: type[T]) -> T | None:
    return value if isinstance(value, kind) else None


def _garbage(data: bytes, why: str) -> AnswerFailed:
    return AnswerFailed(FailureKind.GARBAGE, f"{why}: {data[:_EXCERPT]!r}")

"""Conversations out of what a model wrote: JSON, or what is left of it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from training.sft.turns import Messages

_LIST = re.compile(r"\[\s*\{")
_CUTS = 50
"""At how many closing braces a text is cut, from the last one: a text of braces is not gone through to its start."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """`messages` is None for what cannot be read; `is_repaired` where it was no JSON list as it stood."""

    messages: Messages | None
    is_repaired: bool = False


def parse(text: str) -> Parsed:
    """The turns of role and content in `text`.

    What stands before and after the list is left out. Where the list is broken, the text is cut at its last `}` and the
    list closed, as the study did; where that brace was inside a text, at the one before. A turn that was cut is lost.
    """
    whole = _turns(_json(text))
    if whole is not None:
        return Parsed(whole)
    start = _LIST.search(text)
    begun = text[start.start() :] if start else "[" + text[text.find("{") :] if "{" in text else ""
    if not begun:
        return Parsed(None)
    return Parsed(_turns(_first(begun)) or _cut(begun), True)


def _cut(begun: str) -> Messages | None:
    end = len(begun)
    for _ in range(_CUTS):
        end = begun.rfind("}", 0, end)
        if end < 0:
            return None
        if turns := _turns(_json(begun[: end + 1] + "]", strict=False)):
            return turns
    return None


def _json(text: str, *, strict: bool = True) -> Any:
    try:
        return json.loads(text, strict=strict)
    except (ValueError, RecursionError):
        return None


def _first(text: str) -> Any:
    """The JSON value at the start of `text`, whatever follows. Line breaks inside texts are let pass."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _turns(value: Any) -> Messages | None:
    """The turns, if `value` is a list of nothing else."""
    if not isinstance(value, list) or not value or not all(_is_turn(each) for each in value):
        return None
    return [{"role": each["role"], "content": each["content"]} for each in value]


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(value.get(name)) for name in ("role", "content"))


def _is_text(value: Any) -> bool:
    """Whether this is a text that can be written: half of a pair of UTF-16 is none."""
    try:
        return isinstance(value, str) and bool(value.encode())
    except UnicodeEncodeError:
        return False

"""The JSON object in a model's reply, as far as it can be had without guessing."""

import json
import re
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_STRING_OR_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


def object_in(reply: str) -> dict[str, Any]:
    """The object of a reply, whose opening brace may have been said for the model, and which may go on after it.

    Repaired are: text around the object, line breaks within strings, commas before a closing bracket, and a last brace
    that is missing. Raises ValueError for what is none then, or is empty.
    """
    for text in _candidates(reply.strip()):
        for repaired in (text, _without_trailing_commas(_cut(text)), _without_trailing_commas(text) + "}"):
            try:
                value, _end = _DECODER.raw_decode(repaired)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and value:
                return value
    raise ValueError("there is no JSON object in it")


def _candidates(text: str) -> Iterator[str]:
    """Where an object may begin: at a brace that was said for the model, or at its own first one."""
    own = text[text.find("{") :] if "{" in text else ""
    if own != text:
        yield "{" + text
    if own:
        yield own
    if own == text:
        yield "{" + text


def _cut(text: str) -> str:
    return text[: text.rfind("}") + 1]


def _without_trailing_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda match: match[1] or "", text).rstrip().removesuffix(",")

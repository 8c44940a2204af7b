"""Rows of instructions, ours and those of the public Magpie data sets, brought into the columns of `training.columns`.

The same column is a text in one public set and a structure in another, and a whole number that may be missing comes as
3.0 or NaN out of data frames. What is beyond the known columns is kept too.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from training.columns import MAGPIE, Columns, Kind, Row
from training.sources import Check


def columns_with(found: Columns, *, skip: tuple[str, ...] = ()) -> dict[str, Kind]:
    """The Magpie columns, then the others that were found, in their order."""
    return MAGPIE | {name: kind for name, kind in found.items() if name not in MAGPIE and name not in skip}


def fitted(row: Row, columns: Columns) -> Row:
    """The row with a value of the right kind under each of `columns`; what it lacks is None.

    Raises ValueError, which says what is wrong, for a value that cannot be brought into its column.
    """
    return {name: _fit(name, row.get(name), kind) for name, kind in columns.items()}


def checks(columns: Columns, *required: str) -> Check:
    """A check that a row fits `columns`, and has texts under the `required` names; these may be empty."""

    def check(row: Row) -> str | None:
        for name in required:
            if not isinstance(row.get(name), str):
                return f"{name!r} is missing" if row.get(name) is None else f"{name!r} is no text"
        try:
            fitted(row, columns)
        except ValueError as error:
            return str(error)
        return None

    return check


def has_id(row: Row) -> str | None:
    """A check that a row can be named, by `conversation_id` or `uuid`."""
    named = row.get("conversation_id") is not None or row.get("uuid") is not None
    return None if named else "'conversation_id' and 'uuid' are both missing"


def turns_of(row: Row) -> list[dict[str, str]]:
    """What was said, as messages of a chat: the first instruction and its answer."""
    return [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["response"]}]


def _fit(name: str, value: Any, kind: Kind) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    try:
        return _FITS[kind](value)
    except (TypeError, KeyError, ValueError) as error:
        what = _WHAT.get(kind, kind.value)
        raise ValueError(f"{name!r} is no {what}: {error}" if str(error) else f"{name!r} is no {what}") from error


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("it has half a character") from error
    return text


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"it has {type(value).__name__}")
    return _text(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or abs(value) >= 2**63:
        raise ValueError("")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("")
    return value


def _texts(value: Any) -> list[str]:
    """A lone text is a list of one."""
    if isinstance(value, str):
        return [_text(value)]
    if not isinstance(value, list):
        raise ValueError("")
    return [_string(each) for each in value]


def _tokens(value: Any) -> list[int]:
    return [_integer(each) for each in value]


def _turns(*names: str) -> Callable[[Any], list[dict[str, str]]]:
    def turns(value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
            raise ValueError("")
        return [{name: _string(each[name]) for name in names} for each in value]

    return turns


_FITS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.TRUTH: _truth,
    Kind.TOKENS: _tokens,
    Kind.TEXTS: _texts,
    Kind.CONVERSATION: _turns("from", "value"),
    Kind.MESSAGES: _turns("role", "content"),
}
_WHAT = {
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "finite number",
    Kind.TRUTH: "true or false",
    Kind.TOKENS: "list of tokens",
    Kind.TEXTS: "list of texts",
    Kind.CONVERSATION: "list of turns with 'from' and 'value'",
    Kind.MESSAGES: "list of turns with 'role' and 'content'",
}

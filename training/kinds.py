"""Which kind a column is of, told from a file's schema or from its values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.columns import Columns, Kind
from training.exceptions import BadSource

_WIDER = {frozenset((Kind.INTEGER, Kind.NUMBER)): Kind.NUMBER}


def kind_of(value: Any) -> Kind | None:
    """The kind of one value; None for what fits any. What has no kind of its own is kept as text."""
    match value:
        case None | []:
            return None
        case bool():
            return Kind.TRUTH
        case int():
            return Kind.INTEGER
        case float():
            return Kind.NUMBER
        case list() if all(isinstance(each, str) for each in value):
            return Kind.TEXTS
        case list() if all(_is_turn(each, "from", "value") for each in value):
            return Kind.CONVERSATION
        case list() if all(_is_turn(each, "role", "content") for each in value):
            return Kind.MESSAGES
    return Kind.TEXT


class Kinds:
    """The kinds of columns, by the rows seen so far, in the order of their first appearance."""

    def __init__(self) -> None:
        self._found: dict[str, Kind | None] = {}

    def see(self, row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            kind, before = kind_of(value), self._found.setdefault(name, None)
            if kind is not None and kind is not before:
                self._found[name] = kind if before is None else _WIDER.get(frozenset((before, kind)), Kind.TEXT)

    @property
    def columns(self) -> Columns:
        """A column without any value is one of texts."""
        return {name: kind or Kind.TEXT for name, kind in self._found.items()}


def parquet_columns(path: Path) -> Columns:
    """The columns of a Parquet file. Raises BadSource."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return {field.name: _arrow_kind(field.type) for field in pq.read_schema(path)}
    except (pa.ArrowException, OSError) as error:
        raise BadSource(f"{path} is no Parquet file that can be read: {str(error).rstrip('.')}.") from error


def _arrow_kind(of: Any) -> Kind:
    import pyarrow.types as types

    simple = {Kind.TRUTH: types.is_boolean, Kind.INTEGER: types.is_integer, Kind.NUMBER: types.is_floating}
    for kind, is_it in simple.items():
        if is_it(of):
            return kind
    if not (types.is_list(of) or types.is_large_list(of)):
        return Kind.TEXT
    if types.is_string(of.value_type) or types.is_large_string(of.value_type):
        return Kind.TEXTS
    names = {field.name for field in of.value_type} if types.is_struct(of.value_type) else set()
    return {frozenset(("from", "value")): Kind.CONVERSATION, frozenset(("role", "content")): Kind.MESSAGES}.get(
        frozenset(names), Kind.TEXT
    )


def _is_turn(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and value.keys() == set(names)

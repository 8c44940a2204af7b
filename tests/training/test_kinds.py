"""Kinds of columns, by values and by schemas."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.columns import Kind, arrow_schema
from training.exceptions import BadSource
from training.kinds import Kinds, parquet_columns

TURN = [{"from": "human", "value": "a"}]
MESSAGE = [{"role": "user", "content": "a"}]


@pytest.mark.parametrize(
    "values, kind",
    [
        (["a", None], Kind.TEXT),
        ([None, 1], Kind.INTEGER),
        ([1, 2.5, 3], Kind.NUMBER),
        ([True, None], Kind.TRUTH),
        ([True, 1], Kind.TEXT),
        (["1", 1], Kind.TEXT),
        ([[], ["a"]], Kind.TEXTS),
        ([TURN], Kind.CONVERSATION),
        ([[], MESSAGE], Kind.MESSAGES),
        ([TURN, MESSAGE], Kind.TEXT),
        ([[1, 2]], Kind.TEXT),
        ([{"a": 1}], Kind.TEXT),
        ([None], Kind.TEXT),
        ([1, "a", 2], Kind.TEXT),
    ],
)
def test_values(values: list[Any], kind: Kind) -> None:
    kinds = Kinds()
    for value in values:
        kinds.see({"it": value})
    assert kinds.columns == {"it": kind}


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    columns = {kind.value: kind for kind in Kind if kind is not Kind.TOKENS}
    pq.write_table(pa.Table.from_pylist([], schema=arrow_schema(columns)), tmp_path / "it.parquet")
    assert parquet_columns(tmp_path / "it.parquet") == columns


def test_other_structures_are_texts(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"a": {"b": 1}, "c": [[1]], "d": [{"e": 1}]}])
    pq.write_table(table, tmp_path / "it.parquet")
    assert set(parquet_columns(tmp_path / "it.parquet").values()) == {Kind.TEXT}


def test_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "it.parquet").write_text("rubbish")
    with pytest.raises(BadSource, match="is no Parquet file"):
        parquet_columns(tmp_path / "it.parquet")

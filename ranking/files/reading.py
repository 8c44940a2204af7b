"""Rows of a file, whatever its format: JSON lines, CSV or Parquet, the first two plain or compressed with gzip."""

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import orjson

from ranking.files.columns import NESTED
from ranking.files.errors import BadFile, BadLine

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"

Row = dict[str, Any]


def read_rows(path: Path, *, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line, from 1; empty lines are passed over.

    `only` names the columns that are wanted, for formats that can leave out the rest. Raises `BadFile` where the file
    cannot be read and `BadLine` at the first line that is no row.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if head == PARQUET_MAGIC or suffixes[-1:] == [".parquet"]:
        yield from _parquet_rows(path, only)
    elif ".csv" in suffixes:
        yield from _csv_rows(path)
    else:
        yield from _json_rows(path)


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    with _uncompressed(path) as (file, position):
        for number, line in enumerate(file, start=1):
            position[0] = number
            text = line.removeprefix(BOM) if number == 1 else line
            if not text.strip():
                continue
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise BadLine(path, number, f"this is no JSON ({error.msg})") from error
            if not isinstance(row, dict):
                raise BadLine(path, number, "this is no JSON object")
            yield number, row


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(2**31 - 1)
    with _uncompressed(path) as (file, position):
        reader = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
        while True:
            position[0] = number = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadLine(path, number, f"this is no CSV ({error})") from error
            number = max(number, 2)
            if None in row:
                raise BadLine(path, number, "there are more fields than columns")
            if None in row.values():
                raise BadLine(path, number, "there are fewer fields than columns")
            yield number, {name: _csv_value(path, number, name, text) for name, text in row.items()}


def _csv_value(path: Path, number: int, name: str, text: str) -> Any:
    if text == "":
        return None
    if name not in NESTED:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadLine(path, number, f"{name} is no JSON ({error.msg})") from error


def _parquet_rows(path: Path, only: Collection[str] | None) -> Iterator[tuple[int, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns = [name for name in file.schema_arrow.names if only is None or name in only]
        number = 0
        for batch in file.iter_batches(batch_size=5000, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield number, {name: _parquet_value(path, number, name, value) for name, value in row.items()}
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is no Parquet file that can be read: {error}.") from error


def _parquet_value(path: Path, number: int, name: str, value: Any) -> Any:
    return _csv_value(path, number, name, value) if name in NESTED and isinstance(value, str) else value


@contextmanager
def _uncompressed(path: Path) -> Iterator[tuple[IO[bytes], list[int]]]:
    """The file's bytes, unpacked where they are packed, and a place to note the line that is being read."""
    position = [0]
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            if not packed and path.suffix == ".gz":
                raise BadFile(f"{path} is named .gz and is not compressed with gzip.")
            yield (cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw), position
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadFile(f"{path} is broken after line {position[0]}: {error}.") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8, at or after line {position[0]}: {error.reason}.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error

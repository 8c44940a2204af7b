"""Rows of a file, whatever its format: JSON lines, CSV or Parquet, the first two plain or compressed with gzip."""

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import orjson

from ranking.files.errors import BadFile, BadLine
from ranking.files.parquet import is_parquet, parquet_batches, parquet_rows
from ranking.files.values import Row as Row
from ranking.files.values import flat_value

GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"


def read_rows(path: Path, *, only: Collection[str] | None = None) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line, from 1; empty lines are passed over.

    `only` names the columns that are wanted, for formats that can leave out the rest. Raises `BadFile` where the file
    cannot be read and `BadLine` at the first line that is no row.
    """
    if is_parquet(path):
        for start, batch in parquet_batches(path, only):
            yield from parquet_rows(path, start, batch)
    elif ".csv" in [suffix.lower() for suffix in path.suffixes]:
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
            names = reader.fieldnames or ()
            if len(set(names)) < len(names):
                raise BadLine(path, 1, "two columns have the same name")
            if None in row:
                raise BadLine(path, number, "there are more fields than columns")
            if None in row.values():
                raise BadLine(path, number, "there are fewer fields than columns")
            yield number, {name: flat_value(path, number, name, text) for name, text in row.items()}


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

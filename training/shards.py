"""Files of rows: Parquet, or JSONL compressed with zstd. Written aside and renamed; read with their hash checked."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from training.columns import Columns, Row, arrow_schema
from training.disk import sha256_of, writing
from training.exceptions import BadManifest, TrainingError
from training.manifests import SHARDS, Manifest, ShardFile, checked

PARQUET = "parquet"
JSONL = "jsonl"
SUFFIXES = {PARQUET: ".parquet", JSONL: ".jsonl.zst"}


def write_rows(folder: Path, name: str, rows: Sequence[Row], columns: Columns, *, form: str) -> ShardFile:
    """Write rows to `folder`/`name` with the suffix of `form` (`parquet` or `jsonl`): the named columns, in order.

    What a row lacks is null. Raises CannotWrite, and TrainingError for a value that its column cannot hold.
    """
    path = folder / f"{name}{SUFFIXES[form]}"
    with writing(path) as aside:
        try:
            _write_parquet(aside, rows, columns) if form == PARQUET else _write_jsonl(aside, rows, columns)
        except (ValueError, TypeError) as error:
            raise TrainingError(f"{path}: a row does not fit its columns: {error}.") from error
        return ShardFile(path.relative_to(folder).as_posix(), len(rows), sha256_of(aside))


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file that `write_rows` wrote. Raises BadManifest where it is none."""
    try:
        yield from _read_parquet(path) if path.suffix == ".parquet" else _read_jsonl(path)
    except (OSError, ValueError) as error:
        raise BadManifest(f"{path} is no shard that can be read: {error}.") from error


def rows_of(manifest: Manifest, name: str = SHARDS) -> Iterator[Row]:
    """All rows of a finished folder in their order, each file checked against its hash first. Raises BadManifest."""
    for file in manifest.files(name):
        yield from read_rows(checked(manifest.folder, file))


def _write_parquet(path: Path, rows: Sequence[Row], columns: Columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema=schema)
    pq.write_table(table, path, compression="zstd")


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


def _write_jsonl(path: Path, rows: Sequence[Row], columns: Columns) -> None:
    import pyarrow as pa

    with pa.output_stream(path, compression="zstd") as packed:
        for row in rows:
            line = json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False, separators=(",", ":"))
            packed.write(line.encode() + b"\n")


def _read_jsonl(path: Path) -> Iterator[Row]:
    with reading_packed(path) as file:
        for line in file:
            yield json.loads(line)


@contextmanager
def reading_packed(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked where its name ends in .gz or .zst. Raises OSError, also for one that was cut off."""
    import pyarrow as pa

    packed = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    with pa.input_stream(path, compression=packed) as stream, io.BufferedReader(stream) as file:
        yield file

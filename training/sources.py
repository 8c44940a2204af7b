"""What stages read: a finished folder of another stage, or a file of rows of our own or somebody else's making.

Rows come in pieces of a fixed number of rows, whatever process asks for which: the rows of piece `n` are the same for
all. A file's broken rows are named by number; with `skip_bad` they are counted and left out.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from training.columns import Columns, Row
from training.disk import sha256_of
from training.exceptions import BadManifest, BadRow, BadSource
from training.kinds import Kinds, parquet_columns
from training.manifests import MANIFEST, PLAN, SHARDS, Input, checked, read_manifest
from training.shards import read_rows, reading_packed

ROWS = 1000
"""Rows of a piece, unless a command says otherwise."""

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")

Check = Callable[[Row], str | None]
"""Says what is wrong with a row, or None."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a source, with the number of each from 0; `bad` counts those that were left out."""

    number: int
    rows: tuple[tuple[int, Row], ...]
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Rows to go through. Made by `open_source`."""

    path: Path
    input: Input
    per_piece: int
    check: Check
    skip_bad: bool
    name: str = SHARDS
    """Which rows of a folder: `shards`, or what its stage put aside under this name."""
    made_by: dict[str, Any] = field(default_factory=dict)
    """The plan of the stage that made it, where a stage did."""
    files: tuple[Path, ...] = ()
    """The files of rows, one after the other, where no stage made them."""

    @property
    def pieces(self) -> int:
        return -(-self.input.rows // self.per_piece)

    def each(self, wanted: Callable[[int], bool] = lambda number: True) -> Iterator[Piece]:
        """The wanted pieces, in order. Raises BadRow, unless broken rows are to be skipped, and BadManifest."""
        kept: list[tuple[int, Row]] = []
        bad = number = 0
        for position, (row, reason) in enumerate(self._rows()):
            number = position // self.per_piece
            if wanted(number):
                reason = reason or self.check(row)
                if reason is None:
                    kept.append((position, row))
                elif self.skip_bad:
                    bad += 1
                else:
                    raise BadRow(self.path, position + 1, reason)
            if (position + 1) % self.per_piece == 0 or position + 1 == self.input.rows:
                if wanted(number):
                    yield Piece(number, tuple(kept), bad)
                kept, bad = [], 0

    def columns(self) -> Columns:
        """The columns with their kinds. JSON lines are read to their end for it: each may have others.

        Raises BadManifest for a shard that was changed, and BadSource.
        """
        kinds = Kinds()
        if all(file.suffix == ".parquet" for file in self._paths()):
            return {name: kind for file in self._paths() for name, kind in parquet_columns(file).items()}
        for row, _reason in self._rows():
            kinds.see(row)
        return kinds.columns

    def filled(self, names: Iterable[str]) -> set[str]:
        """Those of `names` under which any row has a value, NaN being none. Reads until it has seen one of each."""
        missing = set(names)
        found: set[str] = set()
        for row, _reason in self._rows():
            if not missing:
                break
            found |= (seen := {name for name in missing if _is_value(row.get(name))})
            missing -= seen
        return found

    def _paths(self) -> Iterator[Path]:
        if self.files:
            yield from self.files
        else:
            yield from (checked(self.path, shard) for shard in read_manifest(self.path).files(self.name))

    def _rows(self) -> Iterator[tuple[Row, str | None]]:
        if not self.files:
            manifest = read_manifest(self.path)
            for shard in manifest.files(self.name):
                for row in read_rows(checked(self.path, shard)):
                    yield row, None
        for file in self.files:
            if file.suffix == ".parquet":
                for row in _parquet_rows(file):
                    yield row, None
            else:
                yield from _json_rows(file)


def open_source(
    path: Path, *, check: Check = lambda row: None, skip_bad: bool = False, per_piece: int = ROWS, name: str = SHARDS
) -> Source:
    """A finished folder, a .parquet, .jsonl, .jsonl.gz or .jsonl.zst file, or a folder of such files, as data sets are
    published: these are read in the order of their names. Raises BadManifest and BadSource."""
    files = _loose_files(path)
    if path.is_dir() and not files:
        manifest = read_manifest(path)
        rows = sum(file.rows for file in manifest.files(name))
        if name != SHARDS and not manifest.files(name):
            raise BadManifest(f"{path} has nothing under the name {name!r}.")
        read = Input(str(path), sha256_of(path / MANIFEST), rows)
        return Source(path, read, per_piece, check, skip_bad, name, dict(manifest.plan))
    if not files and not path.exists():
        raise BadSource(f"{path} does not exist.")
    if not files:
        raise BadSource(f"{path} is neither a folder of a stage nor a file in {', '.join(SUFFIXES)}.")
    try:
        read = Input(str(path), _sha256_of_all(files), sum(_count(file) for file in files))
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror or error}.") from error
    return Source(path, read, per_piece, check, skip_bad, name, files=files)


def _loose_files(path: Path) -> tuple[Path, ...]:
    """The file itself, or those of a folder that no stage wrote to."""
    if not path.is_dir():
        return (path,) if path.name.endswith(SUFFIXES) else ()
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return ()
    return tuple(sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES) and file.is_file()))


def _sha256_of_all(files: tuple[Path, ...]) -> str:
    """The hash of a single file; of several the hash of their hashes."""
    hashes = [sha256_of(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _is_value(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def needs(*names: str) -> Check:
    """A check that a row has texts under these names that are not empty."""

    def check(row: Row) -> str | None:
        for name in names:
            if not isinstance(row.get(name), str):
                return f"{name!r} is missing" if row.get(name) is None else f"{name!r} is no text"
            if not row[name].strip():
                return f"{name!r} is empty"
        return None

    return check


def _count(path: Path) -> int:
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(path).num_rows)
        except pa.ArrowException as error:
            raise BadSource(f"{path} is no Parquet file that can be read: {str(error).rstrip('.')}.") from error
    with _lines(path) as file:
        return sum(1 for _line in file)


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise BadSource(f"{path} is no Parquet file that can be read: {str(error).rstrip('.')}.") from error


def _json_rows(path: Path) -> Iterator[tuple[Row, str | None]]:
    with _lines(path) as file:
        for line in file:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield {}, f"it is no JSON: {error}"
                continue
            yield (row, None) if isinstance(row, dict) else ({}, "it is no JSON object")


@contextmanager
def _lines(path: Path) -> Iterator[IO[bytes]]:
    """The lines of a file, unpacked. Raises BadSource where it cannot be unpacked to its end."""
    try:
        with reading_packed(path) as file:
            yield file
    except OSError as error:
        raise BadSource(f"{path} cannot be read to its end: {error}.") from error

"""Writing a file so that it is there whole, or not at all."""

import csv
import gzip
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import orjson

from ranking.files.columns import ALL, CONVERSATIONS, NESTED, WINNER_NAMES
from ranking.files.errors import CannotWrite

Row = Mapping[str, Any]


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name once it is complete, compressed where the name ends in .gz.

    Raises `CannotWrite` where the folder is missing or not writable, before anything is computed, or where writing
    fails; what stood under the name before stays until then.
    """
    if path.is_dir():
        raise CannotWrite(f"{path} is a folder.")
    try:
        descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}.") from error
    try:
        with open(descriptor, "wb") as raw:
            if path.suffix == ".gz":
                # Without name and time in its head, so that equal rows make equal bytes.
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        Path(aside).unlink(missing_ok=True)


def write_jsonl(file: IO[bytes], rows: Iterable[Row]) -> int:
    """One JSON object a line; how many."""
    return _count(file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)) for row in rows)


def write_csv(file: IO[bytes], rows: Iterable[Row]) -> int:
    """A heading and one record a row; lists and objects as JSON, what is missing as nothing."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, fieldnames=ALL)
    writer.writeheader()
    written = _count(writer.writerow({name: _flat(name, row[name]) for name in ALL}) for row in rows)
    text.detach()
    return written


def write_parquet(file: IO[bytes], rows: Iterable[Row]) -> int:
    """A Parquet table, conversations as lists of {role, content}, other lists and objects as JSON texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: dict[str, Any] = dict.fromkeys(ALL, pa.string())
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    kinds |= dict.fromkeys(CONVERSATIONS, pa.list_(message))
    kinds |= {"draw_probability": pa.float64(), "n_turns": pa.int64()}
    kinds |= dict.fromkeys(("self_identified_a", "self_identified_b"), pa.bool_())
    schema = pa.schema(list(kinds.items()))
    written = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(rows, 1000):
            flat = [
                {name: row[name] if name in CONVERSATIONS else _flat(name, row[name]) for name in ALL} for row in batch
            ]
            writer.write_table(pa.Table.from_pylist(flat, schema=schema))
            written += len(batch)
    return written


def write_preference(file: IO[bytes], rows: Iterable[Row]) -> int:
    """Pairs for preference training, one JSON object a line; battles without a winner are left out.

    `chosen` and `rejected` are whole conversations (lists of {role, content}), which start with the same prompt.
    """
    kept = (row for row in rows if row["winner"] in (WINNER_NAMES["a"], WINNER_NAMES["b"]))
    return write_jsonl(file, (_preference(row) for row in kept))


WRITERS = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet, "preference": write_preference}


def _preference(row: Row) -> Row:
    chosen, rejected = ("a", "b") if row["winner"] == WINNER_NAMES["a"] else ("b", "a")
    return {
        "id": row["id"],
        "chosen": row[f"conv_{chosen}"],
        "rejected": row[f"conv_{rejected}"],
        "model_chosen": row[f"model_{chosen}"],
        "model_rejected": row[f"model_{rejected}"],
        "winner_content": _relative(row["winner_content"], chosen),
        "winner_language": _relative(row["winner_language"], chosen),
        "username": row["username"],
        "timestamp": row["timestamp"],
    }


def _relative(winner: str | None, chosen: str) -> str | None:
    """A winner named by side, as `chosen`, `rejected` or `tie`."""
    if winner is None or winner == "tie":
        return winner
    return "chosen" if winner == WINNER_NAMES[chosen] else "rejected"


def _flat(name: str, value: Any) -> Any:
    return orjson.dumps(value).decode() if name in NESTED and value is not None else value


def _count(writes: Iterable[object]) -> int:
    return sum(1 for _ in writes)


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

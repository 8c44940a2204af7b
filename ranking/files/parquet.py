"""Parquet files, some rows at a time and column by column; texts as dictionaries, each of them once."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ranking.files.columns import NESTED
from ranking.files.errors import BadFile
from ranking.files.values import Row, flat_value

MAGIC = b"PAR1"
ROWS = 5000
"""Rows that are read at once, conversations and all."""
SHORT_ROWS = 1 << 17
"""The same of rows that are but names."""
_TEXTS = ("model_a", "model_b", "username", "winner", "winner_content", "winner_language")


def is_parquet(path: Path) -> bool:
    """Whether a file is one, by its first bytes or by its name. Raises `BadFile` where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    return head == MAGIC or path.suffix.lower() == ".parquet"


def parquet_batches(path: Path, only: Collection[str] | None = None, *, size: int = ROWS) -> Iterator[tuple[int, Any]]:
    """Record batches of `size` rows with the number of rows before them. `only` names the columns that are wanted.

    Raises `BadFile` where the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without a buffer for what comes later, and pages read as they are needed, memory stays flat. Arrow's threads
        # would each keep memory of their own, and gain nothing where a few columns are looked at one after another.
        texts = [field.name for field in pq.read_schema(path) if field.name in _TEXTS and _is_text(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=1 << 20) as file:
            columns = [name for name in file.schema_arrow.names if only is None or name in only]
            start = 0
            for batch in file.iter_batches(batch_size=size, columns=columns, use_threads=False):
                yield start, batch
                start += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is no Parquet file that can be read: {str(error).rstrip('.')}.") from error
    finally:
        pa.default_memory_pool().release_unused()


def parquet_rows(path: Path, start: int, batch: Any) -> Iterator[tuple[int, Row]]:
    """The rows of a batch, each with its number from 1; lists and objects that are JSON texts are read."""
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8, after row {start}: {error.reason}.") from error
    except (ValueError, OverflowError) as error:
        # A time of a far year, or of a zone that is none: Arrow stores it, and Python has no word for it.
        raise BadFile(
            f"{path} has a value that cannot be read, after row {start}: {str(error).rstrip('.')}."
        ) from error
    for number, row in enumerate(rows, start=start + 1):
        yield (
            number,
            {
                name: flat_value(path, number, name, value) if name in NESTED and isinstance(value, str) else value
                for name, value in row.items()
            },
        )


def dictionary(batch: Any, name: str) -> Any | None:
    """A column of texts as a pyarrow DictionaryArray; None where there is no such column, or it holds no texts."""
    import pyarrow as pa

    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    if not isinstance(column, pa.DictionaryArray):
        if not _is_text(column.type):
            return None
        column = column.dictionary_encode()
    return column if _is_text(column.dictionary.type) else None


def doubles(batch: Any, name: str) -> Any | None:
    """A column of numbers (n,) as doubles; None where it holds anything else, or nothing in some row."""
    import pyarrow as pa

    column = batch.column(name)
    kind = column.type
    if column.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    return column.to_numpy(zero_copy_only=False).astype("float64")


def renamed(column: Any, names: list[str]) -> Any:
    """A DictionaryArray with other texts in the places of its own."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(column.indices, pa.array(names, pa.string()))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

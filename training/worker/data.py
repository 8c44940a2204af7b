"""Prepared rows as the trainer reads them: checked against their manifest, then mapped from one Arrow file.

The first process checks every shard and writes the file; the others, on whatever node, wait and map the same file. It
lies in the run's folder and can be made again. Nothing is tokenised or packed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.columns import arrow_schema
from training.disk import sha256_of, writing
from training.exceptions import BadManifest
from training.manifests import MANIFEST, SHARDS, Manifest, checked, read_manifest
from training.sft.preparing import COLUMNS, VALIDATION
from training.shards import read_rows

STAGE = "prepare_sft"
_ROWS = 256


@dataclass(frozen=True, slots=True)
class Data:
    """A prepared folder."""

    manifest: Manifest
    sha256: str
    """Of its manifest.json."""

    @property
    def folder(self) -> Path:
        return self.manifest.folder

    @property
    def length(self) -> int:
        return int(self.manifest.plan["arguments"]["sequence_length"])

    @property
    def ends(self) -> set[int | None]:
        """The tokens that end a document and a turn in it; None where there is none of one kind."""
        arguments = self.manifest.plan["arguments"]
        return {arguments["document_end"], arguments["turn_end"]}

    @property
    def evaluation_rows(self) -> int:
        return sum(file.rows for file in self.manifest.files(VALIDATION))


def open_data(folder: Path, expected: str = "") -> Data:
    """A folder of `prepare_sft`. Raises BadManifest for another stage's, an empty one, or another than `expected`."""
    manifest = read_manifest(folder)
    if manifest.plan.get("stage") != STAGE:
        raise BadManifest(f"{folder} was made by {manifest.plan.get('stage')}: training reads what {STAGE} makes.")
    if not manifest.rows:
        raise BadManifest(f"{folder} has no rows to train on.")
    sha256 = sha256_of(folder / MANIFEST)
    if expected and sha256 != expected:
        raise BadManifest(
            f"{folder / MANIFEST} is not what the run was launched with: its SHA-256 is {sha256[:12]}…, and the recipe "
            f"says {expected[:12]}…. Launch the run anew, or put the former data back."
        )
    return Data(manifest, sha256)


def write_arrow(data: Data, folder: Path) -> None:
    """Write the rows of `data` to `folder`, unless they are there. Raises BadManifest for a shard that was changed."""
    for name in (SHARDS, VALIDATION):
        path = _arrow_path(data, folder, name)
        files = [checked(data.folder, file) for file in data.manifest.files(name)]
        if not path.exists():
            _write(path, files)


def dataset(data: Data, folder: Path, name: str) -> Any:
    """A `datasets.Dataset` over the file of `write_arrow`."""
    from datasets import Dataset

    return Dataset.from_file(str(_arrow_path(data, folder, name)))


def _arrow_path(data: Data, folder: Path, name: str) -> Path:
    return folder / f"{name}-{data.sha256[:16]}.arrow"


def _write(path: Path, files: list[Path]) -> None:
    import pyarrow as pa

    schema = arrow_schema(COLUMNS)
    with writing(path) as aside, pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        for file in files:
            for batch in _batches(file, schema):
                stream.write_batch(batch)


def _batches(file: Path, schema: Any) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix == ".parquet":
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=_ROWS):
                yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()
        return
    rows = []
    for row in read_rows(file):
        rows.append(row)
        if len(rows) == _ROWS:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=schema)

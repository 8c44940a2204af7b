"""What a stage was asked, and what it made: `plan.json` when it starts, `manifest.json` when all of it is there.

A folder that a stage writes:

    plan.json                 arguments, inputs with their hashes, model and revision, seed, number of shards
    shards/00000.parquet      rows
    shards/00000.json         what that shard holds, written after it: without this the shard does not count
    NAME/00000.parquet        rows put aside by the stage under some NAME, such as `rejected`
    manifest.json             the plan, every shard with its hash, and the counts of all; written last

There are no times in it, so that the same work gives the same manifest; those are in the run (`training.runs`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from training.disk import sha256_of
from training.exceptions import BadManifest

FORMAT = 1
MANIFEST = "manifest.json"
PLAN = "plan.json"
SHARDS = "shards"


@dataclass(frozen=True, slots=True)
class Input:
    """What a stage read. `sha256` is that of the file, or that of the manifest where `path` is a folder."""

    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides what a stage makes. Two runs of the same plan make the same rows."""

    stage: str
    arguments: Mapping[str, Any]
    shards: int
    inputs: tuple[Input, ...] = ()
    model: str = ""
    revision: str = ""
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "inputs": [asdict(each) for each in self.inputs]}


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A file of rows; `path` is relative to the stage's folder."""

    path: str
    rows: int
    sha256: str

    def __post_init__(self) -> None:
        for name, of in (("path", str), ("rows", int), ("sha256", str)):
            if not isinstance(getattr(self, name), of):
                raise TypeError(f"{name} of a file is {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What making one shard gave: its files by name (`shards` and what was put aside), and what was counted."""

    number: int
    files: Mapping[str, ShardFile]
    counts: Mapping[str, int]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        files = {name: ShardFile(**file) for name, file in value["files"].items()}
        return cls(number=value["number"], files=files, counts=value["counts"])


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished folder."""

    folder: Path
    plan: Mapping[str, Any]
    shards: tuple[ShardRecord, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(shard.files[SHARDS].rows for shard in self.shards)

    def files(self, name: str = SHARDS) -> list[ShardFile]:
        """The files of `name`, in the order of their rows."""
        return [shard.files[name] for shard in self.shards if name in shard.files]

    def as_json(self) -> dict[str, Any]:
        shards = [asdict(shard) for shard in self.shards]
        return {"plan": self.plan, "shards": shards, "counts": dict(self.counts), "rows": self.rows}


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of counts by their names."""
    summed: Counter[str] = Counter()
    for each in counts:
        summed.update(each)
    return dict(sorted(summed.items()))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished folder. Raises BadManifest, which says whether the stage has not ended yet."""
    path = folder / MANIFEST
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        shards = tuple(ShardRecord.from_json(shard) for shard in value["shards"])
        manifest = Manifest(folder, value["plan"], shards, value["counts"])
        if value["plan"]["format"] != FORMAT:
            raise BadManifest(f"{path} has format {value['plan']['format']}, and this version reads {FORMAT}.")
    except FileNotFoundError as error:
        unfinished = (folder / PLAN).exists()
        why = "its stage has not finished: run it again to go on" if unfinished else "it is no folder of a stage"
        raise BadManifest(f"{folder} has no {MANIFEST}: {why}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadManifest(f"{path} cannot be read: {type(error).__name__}: {error}.") from error
    return manifest


def checked(folder: Path, file: ShardFile) -> Path:
    """The path of a shard's file. Raises BadManifest where it is missing or its bytes are not the manifest's."""
    path = folder / file.path
    try:
        found = sha256_of(path)
    except OSError as error:
        raise BadManifest(f"{path} is in the manifest and cannot be read: {error.strerror or error}.") from error
    if found != file.sha256:
        raise BadManifest(
            f"{path} does not match its manifest: its SHA-256 is {found[:12]}…, and {file.sha256[:12]}… was written. "
            "It was changed after its stage ended; make it again, or put the original back."
        )
    return path

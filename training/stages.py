"""How every stage runs: a plan, shards one by one, a manifest. What is finished is not made again."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.columns import Columns, Row
from training.disk import sha256_of, write_json
from training.exceptions import BadManifest, PlanDiffers
from training.manifests import MANIFEST, PLAN, SHARDS, Manifest, Plan, ShardFile, ShardRecord, total
from training.shards import PARQUET, write_rows
from training.shares import Share

Watch = Callable[[ShardRecord, int, int], None]
"""Told after each shard: its record, how many of this process's are done, and how many it has."""


@dataclass(frozen=True, slots=True)
class Made:
    """One shard: its rows, rows put aside by name, and what was counted."""

    rows: Sequence[Row]
    counts: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a stage writes, and what its rows look like. `aside` has the columns of what is put aside, by name."""

    folder: Path
    columns: Columns
    aside: Mapping[str, Columns] = field(default_factory=dict)
    form: str = PARQUET


def run_stage(
    plan: Plan, layout: Layout, make: Callable[[set[int]], Iterable[tuple[int, Made]]], *, share: Share, watch: Watch
) -> Manifest | None:
    """Make the shards of `share` that are not there yet; the manifest, once the shards of all processes are.

    `make` is given the numbers of the shards that are wanted and yields them with their content, in any order. It must
    give the same rows for the same number whatever else is wanted. None where other processes' shards are missing.

    Raises PlanDiffers where the folder holds another plan's work, BadManifest for a shard that was changed since, and
    CannotWrite.
    """
    _write_plan(plan, layout.folder)
    own = [number for number in range(plan.shards) if share.takes(number)]
    done = {number for number in own if finished(layout.folder, number) is not None}
    wanted = set(own) - done
    if wanted:
        for number, made in make(wanted):
            record = _write_shard(layout, number, made)
            done.add(number)
            watch(record, len(done), len(own))
    return _conclude(plan, layout.folder)


@contextmanager
def dropped_if_nothing_came(folder: Path, share: Share) -> Iterator[None]:
    """A plan that this process wrote, and that failed before its first shard, is taken back, so that the command can be
    given again as it was meant. Not where other processes may work by it, or where it left anything in a folder."""
    was_there = (folder / PLAN).exists()
    try:
        yield
    except BaseException:
        if not was_there and share.count == 1 and not any(folder.glob("*/*")):
            (folder / PLAN).unlink(missing_ok=True)
        raise


def only(make_one: Callable[[int], Made]) -> Callable[[set[int]], Iterator[tuple[int, Made]]]:
    """For stages whose shards are made one by one from their number."""

    def make(wanted: set[int]) -> Iterator[tuple[int, Made]]:
        for number in sorted(wanted):
            yield number, make_one(number)

    return make


def _write_plan(plan: Plan, folder: Path) -> None:
    path = folder / PLAN
    asked = json.loads(json.dumps(plan.as_json()))
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        write_json(path, asked)
        return
    except (OSError, ValueError) as error:
        raise BadManifest(f"{path} cannot be read: {error}.") from error
    if differences := list(_differences(there, asked)):
        raise PlanDiffers(
            f"{folder} holds the work of another plan ({'; '.join(differences)}). Give the same arguments to go on "
            "with it, or another folder."
        )


def _differences(there: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    names = there.keys() | asked.keys()
    # Of another stage everything else differs too, and says nothing.
    for name in ["stage"] if there.get("stage") != asked.get("stage") else sorted(names):
        one, other = there.get(name), asked.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other)
        elif one != other:
            yield f"{name} is {_shown(one)} there, and {_shown(other)} here"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write_shard(layout: Layout, number: int, made: Made) -> ShardRecord:
    contents = {SHARDS: (made.rows, layout.columns)}
    contents |= {name: (made.aside.get(name, ()), columns) for name, columns in layout.aside.items()}
    files: dict[str, ShardFile] = {}
    for name, (rows, columns) in contents.items():
        files[name] = write_rows(layout.folder, f"{name}/{number:05d}", rows, columns, form=layout.form)
    record = ShardRecord(number, files, dict(made.counts))
    # Last: a shard without its record does not count as finished.
    value = {
        "number": number,
        "counts": dict(made.counts),
        "files": {name: _as_json(file) for name, file in files.items()},
    }
    write_json(layout.folder / SHARDS / f"{number:05d}.json", value)
    return record


def _as_json(file: ShardFile) -> dict[str, Any]:
    return {"path": file.path, "rows": file.rows, "sha256": file.sha256}


def finished(folder: Path, number: int) -> ShardRecord | None:
    """The record of a shard that is there as it was written; None where it has to be made. Raises BadManifest."""
    path = folder / SHARDS / f"{number:05d}.json"
    try:
        record = ShardRecord.from_json(json.loads(path.read_text(encoding="utf-8")))
        whole = all(sha256_of(folder / file.path) == file.sha256 for file in record.files.values())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadManifest(
            f"{path} cannot be read: {type(error).__name__}: {error}. Remove it to make its shard again."
        ) from error
    if not whole:
        raise BadManifest(f"{path} does not match its files, which were changed. Remove it to make the shard again.")
    return record


def _conclude(plan: Plan, folder: Path) -> Manifest | None:
    """The manifest, written by whichever process finds all shards there: each of them would write the same."""
    if any(not (folder / SHARDS / f"{number:05d}.json").exists() for number in range(plan.shards)):
        return None
    records = [record for number in range(plan.shards) if (record := finished(folder, number))]
    if len(records) < plan.shards:
        return None
    value = json.loads(json.dumps(plan.as_json()))
    manifest = Manifest(folder, value, tuple(records), total(record.counts for record in records))
    write_json(folder / MANIFEST, manifest.as_json())
    return manifest

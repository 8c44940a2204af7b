"""The record of a run: a row where there is a database, and a file in its folder where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from django.db import DatabaseError, connection
from django.utils import timezone

from training.disk import write_json
from training.enums import RunState
from training.exceptions import TrainingError
from training.manifests import ShardRecord, total
from training.models import PipelineRun
from training.shares import Share


class _Keeper(Protocol):
    def keep(self, values: dict[str, Any]) -> None: ...


@dataclass
class Run:
    """What is known of a run, kept after every shard."""

    keeper: _Keeper
    values: dict[str, Any]
    _counts: list[dict[str, int]] = field(default_factory=list)

    def watch(self, record: ShardRecord, done: int, of: int) -> None:
        """After each shard (a `training.stages.Watch`)."""
        self._counts.append(dict(record.counts))
        self.keep(done=done, total=of, counts=total(self._counts))

    def keep(self, **values: Any) -> None:
        self.values |= {"seen_at": timezone.now()} | values
        self.keeper.keep(self.values)

    def end(self, state: RunState, error: str = "") -> None:
        now = timezone.now()
        self.keep(state=state.value, seen_at=now, ended_at=now, error=error)


@contextmanager
def recorded(stage: str, folder: Path, arguments: dict[str, Any], share: Share) -> Iterator[Run]:
    """A run of `stage`, from here to the end of the block, and how that came: an error is recorded and goes on."""
    now = timezone.now()
    name = f"{share.index}/{share.count}"
    values = {"stage": stage, "folder": str(folder), "arguments": arguments, "share": name, "started_at": now}
    run = Run(_keeper(folder, share), values)
    run.keep(state=RunState.RUNNING.value)
    try:
        yield run
    except KeyboardInterrupt:
        run.end(RunState.INTERRUPTED)
        raise
    except TrainingError as error:
        run.end(RunState.FAILED, str(error))
        raise
    except BaseException as error:
        run.end(RunState.FAILED, f"{type(error).__name__}: {error}")
        raise
    if run.values["state"] == RunState.RUNNING.value:
        run.end(RunState.FINISHED)


class _Row:
    """A row of the database."""

    def __init__(self) -> None:
        self._pk: int | None = None

    def keep(self, values: dict[str, Any]) -> None:
        if self._pk is None:
            self._pk = PipelineRun.objects.create(**values).pk
        else:
            PipelineRun.objects.filter(pk=self._pk).update(**values)


class _File:
    """`run-SHARD.json` in the stage's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, values: dict[str, Any]) -> None:
        readable = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in values.items()}
        write_json(self._path, readable)


def _keeper(folder: Path, share: Share) -> _Keeper:
    return _Row() if _has_table() else _File(folder / f"run-{share.index:05d}.json")


def _has_table() -> bool:
    """Whether there is a database with a table of runs. Looking for a file of SQLite's must not make one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        is_memory = ":memory:" in name or "mode=memory" in name
        if not is_memory and not Path(name).exists():
            return False
    try:
        return PipelineRun._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False

"""What the management commands share: arguments, progress, and how errors are told."""

import sys
from abc import abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training.enums import RunState
from training.exceptions import TrainingError
from training.manifests import Manifest, Plan, ShardRecord
from training.runs import Run, recorded
from training.shards import JSONL, PARQUET
from training.shares import Share
from training.sources import ROWS
from training.stages import Layout, Made, dropped_if_nothing_came, run_stage

EXTRA = "pip install .[training]"


@contextmanager
def told() -> Iterator[None]:
    """Errors of this app, and packages that are missing, as a command's one sentence; Ctrl-C as another."""
    try:
        yield
    except TrainingError as error:
        raise CommandError(str(error)) from error
    except ModuleNotFoundError as error:
        raise CommandError(f"The package {error.name!r} is missing. It comes with: {EXTRA}") from error
    except KeyboardInterrupt as error:
        raise CommandError("Interrupted. Run the same command again to go on.", returncode=130) from error


class TrainingCommand(BaseCommand):
    """A command of this app. `run` does the work; errors of this app are told in a sentence."""

    def handle(self, *args: Any, **options: Any) -> None:
        with told():
            self.run(options)

    @abstractmethod
    def run(self, options: dict[str, Any]) -> None: ...


class StageCommand(TrainingCommand):
    """A command that writes a folder of shards, some of them in each of several processes."""

    reads_rows = True
    """Whether its shards are so many rows of what it reads, some of which may be broken."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        index, count = settings.SLURM_ARRAY
        group = parser.add_argument_group("shards")
        group.add_argument(
            "--output", type=Path, required=True, metavar="FOLDER", help="what is made; started again, it goes on"
        )
        group.add_argument(
            "--shard",
            type=int,
            default=index,
            metavar="I",
            help="which process this is, from 0 (default: SLURM's array task)",
        )
        group.add_argument(
            "--num-shards", type=int, default=count, metavar="N", help="of how many processes (default: SLURM's array)"
        )
        group.add_argument("--format", choices=[PARQUET, JSONL], default=PARQUET, help="jsonl is compressed with zstd")
        if not self.reads_rows:
            return
        group.add_argument(
            "--rows-per-shard", type=positive, default=ROWS, metavar="N", help=f"rows of a file (default: {ROWS})"
        )
        group.add_argument("--skip-bad", action="store_true", help="count broken rows and leave them out")

    def go(
        self,
        plan: Plan,
        layout: Layout,
        make: Callable[[set[int]], Iterable[tuple[int, Made]]],
        options: dict[str, Any],
    ) -> Manifest | None:
        """Run a stage with a progress bar and a record, and say what came of it."""
        share = Share.of(options["shard"], options["num_shards"])
        arguments = {**plan.arguments, "model": plan.model, "seed": plan.seed}
        with recorded(plan.stage, layout.folder, arguments, share) as run, bar(plan.stage) as show:
            with dropped_if_nothing_came(layout.folder, share):
                manifest = run_stage(plan, layout, make, share=share, watch=_both(run, show))
            if manifest is None:
                run.end(RunState.WAITING)
        self.stdout.write(conclusion(layout.folder, manifest))
        return manifest


def conclusion(folder: Path, manifest: Manifest | None) -> str:
    """What to say in the end."""
    if manifest is None:
        return f"{folder}: this process's shards are there; the manifest comes with the last of the others'."
    counts = ", ".join(f"{name} {count:,}" for name, count in manifest.counts.items())
    held = f"{_some(manifest.rows, 'row')} in {_some(len(manifest.shards), 'shard')}"
    return f"{folder}: {held}. {counts}".rstrip(". ") + "."


def _some(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@contextmanager
def bar(title: str) -> Iterator[Callable[[ShardRecord, int, int], None]]:
    """A progress bar on stderr, in shards; lines now and then where that is no terminal."""
    from tqdm import tqdm

    with tqdm(desc=title, unit="shard", file=sys.stderr, mininterval=1 if sys.stderr.isatty() else 30) as progress:

        def show(_record: ShardRecord, done: int, of: int) -> None:
            progress.total = of
            progress.update(done - progress.n)

        yield show


@contextmanager
def counter(unit: str) -> Iterator[Callable[[int], None]]:
    """How many of something there are so far, and how fast they come, on stderr."""
    from tqdm import tqdm

    with tqdm(unit=f" {unit}", file=sys.stderr, mininterval=1 if sys.stderr.isatty() else 30) as progress:

        def show(more: int) -> None:
            progress.update(more)

        yield show


def positive(text: str) -> int:
    """An argument of argparse: a whole number from 1."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _both(run: Run, show: Callable[[ShardRecord, int, int], None]) -> Callable[[ShardRecord, int, int], None]:
    def watch(record: ShardRecord, done: int, of: int) -> None:
        run.watch(record, done, of)
        show(record, done, of)

    return watch

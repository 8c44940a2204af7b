"""`manage.py merge_checkpoint`: shards of a checkpoint, or an adapter and its base, as one model."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from training.commands import TrainingCommand


class Command(TrainingCommand):
    help = "Merge the shards of a checkpoint, or an adapter and its base, into one model in the usual files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "checkpoint", type=Path, metavar="CHECKPOINT", help="checkpoint-STEP of a run, or its model/"
        )
        parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="must not be there yet")
        parser.add_argument("--base", default="", metavar="MODEL", help="where the checkpoint does not say it")
        parser.add_argument("--revision", default="", help="of the base, on the hub")

    def run(self, options: dict[str, Any]) -> None:
        from training.worker.merging import merge, origin_of

        what = merge(origin_of(options["checkpoint"], options["base"], options["revision"]), options["output"])
        self.stdout.write(f"{options['output']}: the {what} of {options['checkpoint']}, merged.")

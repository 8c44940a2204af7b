"""`train_grid`: train all variants of the grid that equal no released model."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from training.commands import TrainingCommand
from training.launching.hardware import look
from training.launching.launch import Launch, Launcher
from training.launching.options import add_lora, add_overrides, add_places, add_slurm, slurm_of
from training.launching.running import train_here, train_on_slurm, write_array, write_files
from training.launching.studies import Entry, chosen, entries, overview, train_each


class Command(TrainingCommand):
    help = "Train all variants of the grid that equal no released model. Started again, it goes on with the unfinished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data-root",
            type=Path,
            required=True,
            metavar="FOLDER",
            help="with a folder of prepare_sft for each variant (exp_2_101), or for each mix (101)",
        )
        parser.add_argument(
            "--output", type=Path, required=True, metavar="FOLDER", help="a folder in it for each variant"
        )
        parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these variants, and no others")
        parser.add_argument("--fail-fast", action="store_true", help="stop at the first that fails")
        bases = parser.add_mutually_exclusive_group()
        bases.add_argument(
            "--base-root", type=Path, metavar="FOLDER", help="with the backbones by name, such as Llama-3.1-8B"
        )
        bases.add_argument(
            "--base", default="", metavar="MODEL", help="one model in place of all backbones, for trying"
        )
        for add in (add_places, add_overrides, add_lora, add_slurm):
            add(parser)

    def run(self, options: dict[str, Any]) -> None:
        on_slurm = options["launcher"] == Launcher.SLURM.value
        found = entries(
            chosen(options["size"], options["only"]),
            options=options,
            here=None if on_slurm else look(),
            project=settings.BASE_DIR,
        )
        self.stdout.write(overview(found))
        ready = [entry.launch for entry in found if entry.is_ready and entry.launch]
        failures = [f"{entry.variant.full_name}: {entry.problem}" for entry in found if entry.problem]
        if options["dry_run"]:
            if options["write"]:
                self._write(ready, options)
        elif failures and options["fail_fast"]:
            raise CommandError("Nothing was started, because of --fail-fast and what is said above.")
        elif on_slurm:
            self._queue(ready, options)
        else:
            failures += self._train(found, options)
        if failures:
            raise CommandError(f"{len(failures)} of {len(found)} are not trained: " + " ".join(failures))

    def _train(self, found: list[Entry], options: dict[str, Any]) -> list[str]:
        return train_each(
            found,
            lambda launch: train_here(launch, self.stdout.write),
            fail_fast=options["fail_fast"],
            say=self.stdout.write,
        )

    def _queue(self, ready: list[Launch], options: dict[str, Any]) -> None:
        if not ready:
            self.stdout.write("There is nothing to submit.")
            return
        name = f"lehia-grid-{options['size']}"
        folder = options["output"].absolute()
        job = train_on_slurm(ready, slurm_of(options), job_name=name, folder=folder)
        self.stdout.write(f"Submitted as job {job}, {len(ready)} tasks. Watch it with: squeue --name {name}")

    def _write(self, ready: list[Launch], options: dict[str, Any]) -> None:
        slurm = slurm_of(options)
        if options["launcher"] == Launcher.SLURM.value and ready:
            name = f"lehia-grid-{options['size']}"
            write_array(ready, slurm, job_name=name, folder=options["output"].absolute())
            return
        for launch in ready:
            write_files(launch, slurm)

"""`train_variant`: train one variant of the grid, or one of a lab's own, here or on a cluster."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from training.commands import TrainingCommand
from training.grid import PARTS, variant_named
from training.launching.axolotl import axolotl_yaml, without_marks
from training.launching.building import Subject, launch_of, of_grid, of_ones_own
from training.launching.describing import described
from training.launching.hardware import look
from training.launching.launch import Launch, Launcher
from training.launching.options import add_lora, add_overrides, add_places, add_slurm, pair, slurm_of
from training.launching.rendering import Slurm
from training.launching.running import ended, job_name, train_here, train_on_slurm, write_files, write_text
from training.launching.standing import Standing, standing_of
from training.sft.templates import LLAMA_3_1


class Command(TrainingCommand):
    help = "Train a variant of the grid on what prepare_sft made. Started again, it goes on from its newest checkpoint."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("variant", metavar="NAME", help="of the grid, such as exp_2_101; with --own any other")
        parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="made by prepare_sft")
        parser.add_argument(
            "--output", type=Path, required=True, metavar="FOLDER", help="for checkpoints and the model"
        )
        parser.add_argument("--base", default="", metavar="MODEL", help="a folder or hub id (default: the backbone's)")
        parser.add_argument("--base-revision", default="", metavar="COMMIT", help="of a hub id")
        parser.add_argument("--own", action="store_true", help="NAME is not of the grid: needs --base")
        parser.add_argument("--factors", nargs="+", type=pair, default=[], metavar="NAME=LEVEL", help="for the arena")
        parser.add_argument(
            "--export-axolotl",
            metavar="FILE",
            help="write axolotl's configuration of this run, or print it (-), and end",
        )
        parser.add_argument(
            "--source",
            nargs="+",
            type=pair,
            default=[],
            metavar="PART=PATH",
            help=f"for --export-axolotl: where {', '.join(PARTS)} are",
        )
        for add in (add_places, add_overrides, add_lora, add_slurm):
            add(parser)

    def run(self, options: dict[str, Any]) -> None:
        if options["export_axolotl"]:
            # For the study's machines, unless others were named; nothing of this one matters.
            options = {**options, "launcher": Launcher.SLURM.value, "dry_run": True}
        subject, slurm = _subject(options), slurm_of(options)
        launch = launch_of(
            subject,
            data=options["data"],
            output=options["output"],
            options=options,
            here=None if options["launcher"] == Launcher.SLURM.value else look(),
            project=settings.BASE_DIR,
        )
        if options["export_axolotl"]:
            self._export(launch, subject, options)
            return
        standing = standing_of(launch)
        if options["dry_run"]:
            self.stdout.write(described(launch, slurm))
            if options["write"]:
                write_files(launch, slurm)
        elif standing in (Standing.FINISHED, Standing.UNMERGED):
            self.stdout.write(ended(launch, standing))
        else:
            self.stdout.write(described(launch, slurm))
            self._start(launch, slurm)

    def _start(self, launch: Launch, slurm: Slurm) -> None:
        if launch.launcher is not Launcher.SLURM:
            train_here(launch, self.stdout.write)
            self.stdout.write(ended(launch, standing_of(launch)))
            return
        name = job_name(launch)
        job = train_on_slurm([launch], slurm, job_name=name, folder=launch.output)
        self.stdout.write(f"Submitted as job {job}. Watch it with: squeue --name {name}")

    def _export(self, launch: Launch, subject: Subject, options: dict[str, Any]) -> None:
        parts = PARTS if subject.parts is None else subject.parts
        template = "" if options["own"] else without_marks(LLAMA_3_1)
        text = axolotl_yaml(launch, parts, dict(options["source"]), template)
        if options["export_axolotl"] == "-":
            self.stdout.write(text)
        else:
            write_text(Path(options["export_axolotl"]), text)
            self.stdout.write(f"Written: {options['export_axolotl']}")


def _subject(options: dict[str, Any]) -> Subject:
    factors = dict(options["factors"])
    if options["own"]:
        return of_ones_own(options["variant"], base=options["base"], factors=factors)
    return of_grid(variant_named(options["variant"], options["size"]), base=options["base"], factors=factors)

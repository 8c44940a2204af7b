"""Writes the votes of a campaign to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ranking.commands import campaign_or_error
from ranking.exports import battle_rows
from ranking.files.errors import CannotWrite
from ranking.files.writing import WRITERS, writing


class Command(BaseCommand):
    help = "Write the votes of a campaign, with their conversations, to a file. A name in .gz is compressed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--output", required=True, type=Path, metavar="FILE")
        parser.add_argument("--format", choices=[*WRITERS], default="jsonl")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_or_error(options["campaign"])
        output: Path = options["output"]
        if options["format"] == "parquet" and output.suffix == ".gz":
            raise CommandError("A Parquet file is compressed by itself: give a name without .gz.")
        try:
            with writing(output) as file:
                written = WRITERS[options["format"]](file, battle_rows(campaign))
        except CannotWrite as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{written} votes of {campaign.slug} written to {output}.")

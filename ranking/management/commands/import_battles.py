"""Stores the votes of a file in a campaign."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from ranking.actions.imports import Imported, import_battles
from ranking.files.errors import BadFile


class Command(BaseCommand):
    help = (
        "Store the votes of a file (our export, or the public HiTZ/ebaluatoia data set) in a campaign. "
        "All of the file or, where a line is bad, nothing of it. Importing twice is harmless."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON lines, CSV (plain or .gz) or Parquet")
        parser.add_argument("--campaign", required=True, metavar="SLUG", help="made as a draft if there is none")

    def handle(self, *args: Any, **options: Any) -> None:
        slug: str = options["campaign"]
        try:
            done = import_battles(path=options["file"], slug=slug)
        except BadFile as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(f"{slug!r} can be no campaign's address: {'; '.join(error.messages)}") from error
        for sentence in _report(done, slug):
            self.stdout.write(sentence)


def _report(done: Imported, slug: str) -> list[str]:
    said = [f"Votes imported into {slug}: {done.votes}. Votes that were there before: {done.there_before}."]
    if done.new_campaign:
        said.append(f"{slug} is a new campaign, made as a draft: visitors do not see it until an admin opens it.")
    if done.competitors:
        said.append(f"New competitors, which are never drawn: {', '.join(done.competitors)}.")
    if done.prompts_differ:
        said.append(f"Battles whose two sides were asked different things (side A's is kept): {done.prompts_differ}.")
    if done.voters_changed:
        said.append(
            f"Votes whose voter told another level or education before (the first is kept): {done.voters_changed}."
        )
    return said

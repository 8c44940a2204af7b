"""Says whether the votes of a campaign, or of a file, bear the ranking that is read off them."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ranking.diagnostics import diagnose
from ranking.estimators import EstimationError, Votes
from ranking.files.errors import BadFile, CannotWrite
from ranking.files.votes import read_votes
from ranking.files.writing import writing


class Command(BaseCommand):
    help = "Say whether the votes of a campaign, or of a file of votes (which needs no database), bear a ranking."
    # A file can be looked at where there is no database at all.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--campaign", metavar="SLUG")
        source.add_argument("--input", type=Path, metavar="FILE", help="JSON lines, CSV (plain or .gz) or Parquet")
        parser.add_argument("--dimension", default="overall", help="overall, content, language (default: overall)")
        parser.add_argument("--level", type=float, default=0.95, help="of intervals and tests (default: 0.95)")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--output", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = diagnose(_votes(options), dimension=options["dimension"], level=options["level"])
            if options["format"] == "json":
                text = json.dumps(found.as_dict() | {"sentences": found.sentences()}, ensure_ascii=False, indent=2)
            else:
                text = "\n".join(found.sentences())
            if options["output"] is None:
                self.stdout.write(text)
                return
            with writing(options["output"]) as file:
                file.write(text.encode() + b"\n")
        except (EstimationError, BadFile, CannotWrite) as error:
            raise CommandError(str(error)) from error


def _votes(options: dict[str, Any]) -> Votes:
    if options["input"] is not None:
        return read_votes(options["input"], options["dimension"])[0]
    from ranking.commands import campaign_or_error
    from ranking.comparisons import campaign_comparisons, campaign_dimensions

    campaign = campaign_or_error(options["campaign"])
    if options["dimension"] not in (known := campaign_dimensions(campaign)):
        asked = ", ".join(known)
        raise CommandError(f"The ballot of {campaign.slug} does not ask {options['dimension']!r}. It asks: {asked}.")
    return campaign_comparisons(campaign, options["dimension"]).votes

"""Ranks the models of a campaign or of a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ranking.estimators import Cluster, EstimationError, Interval, Method, Options, Ranking, rank
from ranking.files.errors import BadFile, CannotWrite
from ranking.files.votes import read_votes
from ranking.files.writing import writing
from ranking.formats import FORMATS


class Command(BaseCommand):
    help = "Rank the models of a campaign, or of a file of votes (which needs no database)."
    # A file can be ranked where there is no database at all.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--campaign", metavar="SLUG")
        source.add_argument("--input", type=Path, metavar="FILE", help="JSON lines, CSV (plain or .gz) or Parquet")
        parser.add_argument("--dimension", default="overall", help="overall, content, language (default: overall)")
        parser.add_argument("--method", choices=[*Method], default=Method.BRADLEY_TERRY.value)
        parser.add_argument("--interval", choices=[*Interval], default=Interval.BOOTSTRAP.value)
        parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples (default: 1000)")
        parser.add_argument("--level", type=float, default=0.95, help="of the intervals (default: 0.95)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--cluster", choices=[*Cluster], help="default: voter where voters are known")
        parser.add_argument("--format", choices=[*FORMATS], default="table")
        parser.add_argument("--output", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = FORMATS[options["format"]](self._ranking(options))
            if options["output"] is None:
                self.stdout.write(text, ending="")
                return
            with writing(options["output"]) as file:
                file.write(text.encode())
        except (EstimationError, BadFile, CannotWrite) as error:
            raise CommandError(str(error)) from error

    def _ranking(self, options: dict[str, Any]) -> Ranking:
        how = Options(
            method=Method(options["method"]),
            interval=Interval(options["interval"]),
            level=options["level"],
            rounds=options["rounds"],
            seed=options["seed"],
            cluster=Cluster(options["cluster"]) if options["cluster"] else None,
        )
        dimension = options["dimension"]
        if options["input"] is not None:
            votes, left_out = read_votes(options["input"], dimension, by_time=how.method is Method.ELO)
            return rank(votes, how, dimension=dimension, left_out=left_out)
        return _rank_campaign(options["campaign"], dimension, how)


def _rank_campaign(slug: str, dimension: str, how: Options) -> Ranking:
    from ranking.commands import campaign_or_error
    from ranking.comparisons import campaign_comparisons, campaign_dimensions

    campaign = campaign_or_error(slug)
    if dimension not in (known := campaign_dimensions(campaign)):
        raise CommandError(f"The ballot of {slug} does not ask {dimension!r}. It asks: {', '.join(known)}.")
    found = campaign_comparisons(campaign, dimension)
    return rank(found.votes, how, dimension=dimension, left_out=found.left_out)

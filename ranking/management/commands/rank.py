"""Ranks the models of a campaign or of a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ranking.estimators import EstimationError, Options, differences
from ranking.estimators.paper_preset import PAPER, rank_as_paper
from ranking.factor_analysis import by_factors
from ranking.files.errors import BadFile, CannotWrite
from ranking.files.writing import writing
from ranking.formats.differences import comparison, with_differences
from ranking.formats.factors import with_factors
from ranking.formats.rankings import FORMATS
from ranking.rank_options import add_rank_options, rank_options
from ranking.slices import BadSlice, said_of
from ranking.sources import Asked, add_source_options, votes_asked


class Command(BaseCommand):
    help = "Rank the models of a campaign, or of a file of votes (which needs no database)."
    # A file can be ranked where there is no database at all.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_source_options(parser)
        add_rank_options(parser)
        parser.add_argument(
            "--by",
            action="append",
            default=[],
            metavar="FACTOR",
            help="add the effects of a factor, or of several that interact (backbone*corpus); may be repeated",
        )
        parser.add_argument("--preset", choices=[PAPER], help="the recipe of the Ebaluatoia study, to the digit")
        parser.add_argument(
            "--differences", action="store_true", help="add every pair's difference, corrected for all pairs"
        )
        parser.add_argument(
            "--compare", nargs=2, metavar=("MODEL_A", "MODEL_B"), help="say only whether A is better than B"
        )
        parser.add_argument("--format", choices=[*FORMATS], default="table")
        parser.add_argument("--output", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = self._text(options)
            if options["output"] is None:
                self.stdout.write(text, ending="")
                return
            with writing(options["output"]) as file:
                file.write(text.encode())
        except (EstimationError, BadFile, BadSlice, CannotWrite) as error:
            raise CommandError(str(error)) from error

    def _text(self, options: dict[str, Any]) -> str:
        how, dimension, form = rank_options(options), options["dimension"], options["format"]
        if options["preset"] is not None:
            _check_preset(how, options)
        asked = votes_asked(options, how)
        if options["preset"] is not None:
            ranking = rank_as_paper(asked.votes, dimension=dimension, left_out=asked.left_out)
            return FORMATS[form](said_of(ranking, asked.chosen))
        if options["by"]:
            return _by_factors(asked, how, options)
        if options["differences"] and options["compare"] is not None:
            raise EstimationError("one difference and all of them are asked for one by one")
        solution = asked.solve(how)
        if options["compare"] is not None:
            model_a, model_b = options["compare"]
            return comparison(solution.ranking, differences(solution), model_a, model_b, form)
        if options["differences"]:
            return with_differences(solution.ranking, differences(solution), form)
        return FORMATS[form](solution.ranking)


def _by_factors(asked: Asked, how: Options, options: dict[str, Any]) -> str:
    """The ranking, what the models' factors make of it, and the models merged by each term."""
    if options["differences"] or options["compare"] is not None:
        raise EstimationError("factors and differences are asked for one by one")
    found = by_factors(asked, how, options)
    return with_factors(found.solution.ranking, found.analysis, found.groups, options["format"])


def _check_preset(how: Options, options: dict[str, Any]) -> None:
    if how != Options():
        raise EstimationError("the preset says how everything is computed: leave out the options that say it otherwise")
    if options["inverse_probability"]:
        raise EstimationError("the study's recipe weights all votes alike: leave out --inverse-probability")
    if options["differences"] or options["compare"] is not None or options["by"]:
        raise EstimationError("the study's recipe gives no differences and no factors: leave out --preset to have them")

"""Draws the figures of a paper from the votes of a campaign or of a file."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from ranking.benchmark_scores import by_task
from ranking.benchmarks import correlations
from ranking.estimators import EstimationError, Options
from ranking.factor_analysis import by_factors
from ranking.files.errors import BadFile, CannotWrite
from ranking.files.score_tables import read_table
from ranking.files.writing import writing
from ranking.rank_options import add_rank_options, rank_options
from ranking.slices import BadSlice
from ranking.sources import Asked, add_source_options, votes_asked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = ("intervals", "battles", "wins", "predicted", "factors", "history", "correlation")
FORMATS = ("pdf", "png", "svg")


class Command(BaseCommand):
    help = "Draw a figure for a paper: PDF, PNG or SVG, the same bytes from the same votes."
    # A file can be drawn where there is no database at all.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_source_options(parser)
        add_rank_options(parser)
        parser.add_argument("--figure", choices=FIGURES, required=True)
        parser.add_argument("--by", action="append", default=[], metavar="FACTOR", help="of the figure of factors")
        parser.add_argument(
            "--model", action="append", default=[], metavar="MODEL", help="drawn in colour in a history (six at most)"
        )
        parser.add_argument(
            "--benchmarks", type=Path, metavar="FILE", help="CSV of model, benchmark, score, for the correlation"
        )
        parser.add_argument("--width", type=float, metavar="INCHES", help="default: a column of a paper, 3.35 inches")
        parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="its ending is the format")

    def handle(self, *args: Any, **options: Any) -> None:
        kind = options["output"].suffix.lower().removeprefix(".")
        if kind not in FORMATS:
            raise CommandError(f"{options['output']} must end in .pdf, .png or .svg.")
        width = options["width"]
        if width is not None and not 1 <= width <= 50:
            raise CommandError(f"The width must be between 1 and 50 inches, and {width:g} is not.")
        from ranking.figures.canvas import written

        try:
            image = written(self._drawing(options), kind)
            with writing(options["output"]) as file:
                file.write(image)
        except (EstimationError, BadFile, BadSlice, CannotWrite) as error:
            raise CommandError(str(error)) from error

    def _drawing(self, options: dict[str, Any]) -> Callable[[], "Figure"]:
        """What draws the figure that was asked for, from votes that were read and fitted."""
        from ranking.figures import heatmaps, intervals
        from ranking.figures.correlation import correlation_figure

        figure, width = options["figure"], options["width"]
        if options["by"] and figure != "factors":
            raise EstimationError("--by is for the figure of factors")
        if options["model"] and figure != "history":
            raise EstimationError("--model is for the figure of histories")
        if (options["benchmarks"] is not None) != (figure == "correlation"):
            raise EstimationError("--benchmarks FILE is for the figure of correlations, which needs it")
        how = rank_options(options)
        asked = votes_asked(options, how, in_time=figure == "history")
        if figure == "factors":
            return _factors(asked, how, options)
        if figure == "history":
            return _history(asked, how, options)
        solution = asked.solve(how)
        if not solution.ranking.ratings:
            raise EstimationError("there are no votes to draw")
        if figure == "correlation":
            found = correlations(solution.ranking, by_task(read_table(options["benchmarks"])), how.level)
            self.stdout.write("\n".join(map(str, found)))
            return lambda: correlation_figure(found, how.level, width=width)
        heat = {
            "battles": heatmaps.battles_figure,
            "wins": heatmaps.wins_figure,
            "predicted": heatmaps.predicted_figure,
        }
        if figure in heat:
            return lambda: heat[figure](solution, width=width)
        return lambda: intervals.intervals_figure(solution.ranking, width=width)


def _factors(asked: Asked, how: Options, options: dict[str, Any]) -> Callable[[], "Figure"]:
    from ranking.figures.factors import factors_figure

    if not options["by"]:
        raise EstimationError("the figure of factors needs --by FACTOR")
    found = by_factors(asked, how, options)
    return lambda: factors_figure(found.analysis, found.groups, width=options["width"])


def _history(asked: Asked, how: Options, options: dict[str, Any]) -> Callable[[], "Figure"]:
    from ranking.figures.history import history_figure, rating_history

    if how.style_control:
        raise EstimationError("a history is drawn without style control")
    moments = rating_history(asked.votes, how)
    return lambda: history_figure(moments, models=options["model"], width=options["width"])

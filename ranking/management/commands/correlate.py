"""Places in the arena against scores on benchmarks."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from ranking.agreement import Agreement, ModelScores, agreements, remarks
from ranking.benchmark_scores import ScoresDiffer
from ranking.benchmarks import comparable
from ranking.estimators import EstimationError, Interval
from ranking.files.errors import BadFile, CannotWrite
from ranking.files.writing import writing
from ranking.formats.agreement import FORMATS
from ranking.rank_options import add_rank_options, rank_options
from ranking.score_sources import scores_of_database, scores_of_files, under_names_of
from ranking.slices import BadSlice
from ranking.sources import add_source_options, votes_asked

#: What `--output` makes in its folder, but for the figures.
TEXTS = {"correlations.json": "json", "correlations.csv": "csv", "correlations.tex": "latex"}
FIGURES = ("png", "svg")


class Command(BaseCommand):
    help = "Spearman's correlation of arena ranks with benchmark ranks, by language and by task."
    # Files can be compared where there is no database at all.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_source_options(parser, one_dimension=False)
        add_rank_options(parser)
        parser.add_argument(
            "--dimension", action="append", metavar="NAME", help="may be repeated (default: all; of a file, overall)"
        )
        parser.add_argument(
            "--scores", nargs="+", type=Path, metavar="FILE", help="result files or CSV (default: what was imported)"
        )
        parser.add_argument("--common-tasks", action="store_true", help="means over the tasks that all models have")
        parser.add_argument("--format", choices=[*FORMATS], default="table")
        parser.add_argument("--output", type=Path, metavar="DIR", help="write JSON, CSV, LaTeX and heat maps as well")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ratings = _ratings(options)
            models = _models(options)
            level = rank_options(options).level
            agreed = agreements(ratings, models, level=level, common=options["common_tasks"])
            if not agreed:
                raise EstimationError(_nothing(ratings, models))
            notes = remarks(agreed, models, ratings)
            self.stdout.write(FORMATS[options["format"]](agreed, notes), ending="")
            if options["output"] is not None:
                _write(options["output"], agreed, notes)
        except (EstimationError, BadFile, BadSlice, CannotWrite, ScoresDiffer) as error:
            raise CommandError(str(error)) from error


def _ratings(options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Ratings by dimension and model. Without intervals, which ranks do not need."""
    how = replace(rank_options(options), interval=Interval.NONE)
    found = {}
    for dimension in dict.fromkeys(options["dimension"] or _dimensions(options)):
        found[dimension] = comparable(votes_asked({**options, "dimension": dimension}, how).solve(how).ranking)
    return found


def _dimensions(options: dict[str, Any]) -> Sequence[str]:
    if options["campaign"] is None:
        return ["overall"]
    from ranking.commands import campaign_or_error
    from ranking.comparisons import campaign_dimensions

    return list(campaign_dimensions(campaign_or_error(options["campaign"])))


def _models(options: dict[str, Any]) -> dict[str, ModelScores]:
    scores = scores_of_files(options["scores"]) if options["scores"] else scores_of_database()
    return under_names_of(options["campaign"], scores) if options["campaign"] is not None else scores


def _nothing(ratings: dict[str, dict[str, float]], models: dict[str, ModelScores]) -> str:
    ranked = sorted({model for names in ratings.values() for model in names})
    if not ranked:
        return "there are no votes to rank models by"
    return (
        f"none of the ranked models ({', '.join(ranked[:10])}) has a score"
        f" (scores are there of: {', '.join(sorted(models)[:10]) or 'nobody'}). See import_benchmarks"
    )


def _write(folder: Path, agreed: Sequence[Agreement], notes: Sequence[str]) -> None:
    from ranking.figures.agreement import agreement_figure
    from ranking.figures.canvas import written

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be made: {error.strerror or error}.") from error
    contents = {name: FORMATS[form](agreed, notes).encode() for name, form in TEXTS.items()}
    contents |= {f"heat-map.{kind}": written(lambda: agreement_figure(agreed), kind) for kind in FIGURES}
    for name, content in contents.items():
        with writing(folder / name) as file:
            file.write(content)

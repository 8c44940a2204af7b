"""Result files of benchmarks into the database."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations

from arena.commands import in_words
from arena.models import Competitor
from ranking.actions.benchmarks import import_scores
from ranking.benchmark_names import names_of
from ranking.benchmark_scores import ScoresDiffer, check_sound, scores_of
from ranking.files.errors import BadFile
from ranking.files.scores import read_scores


class Command(BaseCommand):
    help = "Import result files of lm-evaluation-harness, or a CSV of model, task, score. All files or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".json or .csv; a folder: all in it")
        parser.add_argument("--model", default="", metavar="NAME", help="which model was measured, over what files say")
        parser.add_argument("--replace", action="store_true", help="take other scores than those that are there")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            measured, notices = read_scores(options["files"], model=options["model"].strip())
            found = scores_of(measured, newest=options["replace"])
            check_sound(found.scores)
            counts = import_scores(scores=found.scores, replace=options["replace"])
        except (BadFile, ScoresDiffer) as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(f"A score cannot be stored: {in_words(error)} Nothing was imported.") from error
        for notice in (*notices, *found.notices):
            self.stderr.write(notice)
        models = sorted({score.model for score in found.scores})
        self.stdout.write(
            f"{counts['new']} new scores, {counts['same']} there already, {counts['replaced']} replaced, "
            f"of {', '.join(models)}."
        )
        if strangers := _strangers(models):
            self.stdout.write(f"Not the name of a competitor, nor of its served model: {', '.join(strangers)}.")


def _strangers(models: Sequence[str]) -> list[str]:
    known = {name for each in Competitor.objects.select_related("served_model") for name in names_of(each)}
    return [model for model in models if model not in known]

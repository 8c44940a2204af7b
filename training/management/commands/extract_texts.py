"""Real Basque texts, and English–Basque pairs, from packages of Debian and npm."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from training.commands import StageCommand, positive
from training.corpora.extraction import COLUMNS, Corpus, Extracted, extract
from training.corpora.parts import Part
from training.manifests import Plan
from training.stages import Layout, Made, only


class Command(StageCommand):
    help = "Extract Basque texts or English–Basque pairs from packages that anybody can install."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--source", choices=[each.value for each in Corpus], required=True, help="which texts")
        parser.add_argument(
            "--part",
            choices=[each.value for each in Part],
            default=Part.TRAIN.value,
            help="held-out: the tenth of the pages that train does not have (default: train)",
        )
        parser.add_argument("--min-words", type=positive, default=3, metavar="N", help="of both sides of a pair")
        parser.add_argument(
            "--from",
            dest="folder",
            type=Path,
            metavar="FOLDER",
            help="where the files are: /usr/share/libreoffice/help, or the unpacked package of npm (default: fetch)",
        )

    def run(self, options: dict[str, Any]) -> None:
        corpus, part = Corpus(options["source"]), Part(options["part"])
        found = extract(corpus, part, min_words=options["min_words"], folder=options["folder"])
        per_shard: int = options["rows_per_shard"]
        arguments = {"source": corpus, "part": part, "min_words": options["min_words"], "rows_per_shard": per_shard}
        plan = Plan("extract_texts", arguments, -(-len(found.rows) // per_shard), (found.input,))
        layout = Layout(options["output"], COLUMNS[corpus], form=options["format"])
        self.go(plan, layout, only(lambda number: _shard(found, number, per_shard)), options)


def _shard(found: Extracted, number: int, per_shard: int) -> Made:
    rows = found.rows[number * per_shard : (number + 1) * per_shard]
    return Made(rows, found.counts if number == 0 else {})

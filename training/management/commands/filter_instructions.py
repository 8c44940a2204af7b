"""`manage.py filter_instructions`: keep the good rows, and keep the others too, each with its reasons."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.commands import StageCommand, positive
from training.exceptions import BadSource
from training.filtering.presets import PRESETS
from training.filtering.rules import Rules
from training.filtering.sampling import Draw, Order
from training.filtering.stage import REQUIRED, Filtering, aside_of, columns_of, plan_of, require_tags
from training.instructions import checks
from training.sources import open_source
from training.stages import Layout
from training.tagging.questions import DIFFICULTIES, QUALITIES

#: The options that take a rule's place, and the names by which a rule is left out, by the field of `Rules`.
_WITHOUT = {
    "quality": "qualities",
    "reward": "reward_above",
    "same-word": "same_word",
    "colon": "no_colon",
    "neighbours": "no_neighbours",
}


class Command(StageCommand):
    help = "Keep the instructions that a filter keeps; the others are put aside, each with its reasons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "input", type=Path, help="a folder of tag_instructions, a .parquet or .jsonl file, or a folder of such"
        )
        super().add_arguments(parser)
        parser.add_argument("--preset", choices=[*PRESETS, "none"], default="hitz", help="default: hitz")
        rules = parser.add_argument_group("rules, in the place of the preset's or beside them")
        rules.add_argument("--qualities", nargs="+", choices=QUALITIES, help="values of input_quality to keep")
        rules.add_argument("--reward-above", type=float, metavar="X", help="instruct_reward has to be greater")
        rules.add_argument("--same-word", type=positive, metavar="N", help="how often a text may have the same word")
        rules.add_argument("--difficulties", nargs="+", choices=DIFFICULTIES, help="values of difficulty to keep")
        rules.add_argument("--languages", nargs="+", metavar="CODE", help="values of language to keep")
        rules.add_argument("--not-modes", nargs="+", metavar="START", help="beginnings of gen_mode to reject")
        rules.add_argument("--safe", action="store_true", default=None, help="llama_guard_2 has to be safe")
        rules.add_argument("--without", nargs="+", choices=_WITHOUT, default=[], help="rules to leave out")
        sample = parser.add_argument_group("sample")
        sample.add_argument("--sample", type=positive, metavar="N", help="draw N of the rows that are kept")
        sample.add_argument("--seed", type=int, default=0, help="default: 0")
        sample.add_argument(
            "--order", choices=[order.value for order in Order], default=Order.RANDOM.value, help="default: random"
        )

    def run(self, options: dict[str, Any]) -> None:
        rules = rules_of(options)
        draw = Draw(options["sample"], options["seed"], Order(options["order"])) if options["sample"] else None
        source = open_source(options["input"], per_piece=options["rows_per_shard"])
        if not source.input.rows:
            raise BadSource(f"{source.path} has no rows.")
        require_tags(source, rules)
        columns = columns_of(source)
        source = replace(source, check=checks(columns, *REQUIRED), skip_bad=options["skip_bad"])
        layout = Layout(options["output"], columns, aside_of(columns, draw), options["format"])
        manifest = self.go(plan_of(source, rules, draw), layout, Filtering(source, columns, rules, draw), options)
        if manifest and draw and manifest.rows < draw.size:
            self.stderr.write(f"Only {manifest.rows:,} rows were kept, fewer than --sample {draw.size}: they are all.")


def rules_of(options: dict[str, Any]) -> Rules:
    """The preset's rules with the options' in their place."""
    rules = PRESETS.get(options["preset"], Rules())
    left_out: dict[str, Any] = {_WITHOUT[name]: getattr(Rules(), _WITHOUT[name]) for name in options["without"]}
    lists = ("qualities", "difficulties", "languages", "not_modes")
    given: dict[str, Any] = {name: tuple(options[name]) for name in lists if options[name]}
    given |= {name: options[name] for name in ("reward_above", "same_word", "safe") if options[name] is not None}
    return replace(rules, **(left_out | given))

"""`manage.py translate_instructions`: conversations into Basque, by a served model."""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.commands import StageCommand, positive
from training.exceptions import NothingUsable, TrainingError
from training.languages import LANGUAGES, can_judge, shares_of
from training.manifests import Manifest, Plan
from training.served_models import add_api_arguments, api_of
from training.sources import open_source
from training.stages import Layout
from training.translation.examples import BASQUE, load_examples
from training.translation.judging import ShareOf, Status
from training.translation.prompting import Constraint
from training.translation.stage import ASIDE, BROKEN, COLUMNS, Range, Sampling, Translating, Translator, row_check

GIVE_UP = 500
STUDY = Sampling()


class Command(StageCommand):
    help = (
        "Translate conversations by a served model: few-shot prompt, output held to JSON, repaired where it is cut, "
        "checked for roles and language. What stays broken is put aside with its reason."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("input", type=Path, help="a folder of a stage, or a .parquet or .jsonl file")
        super().add_arguments(parser)
        server = parser.add_argument_group("server")
        server.add_argument("--model", required=True, help="what the server calls it; the study used Latxa 8B (base)")
        server.add_argument("--revision", default="", help="of its weights, for the record")
        add_api_arguments(server)
        rows = parser.add_argument_group("range: rows from --start to before --stop, numbered from 0")
        rows.add_argument("--start", type=int, default=0, metavar="ROW")
        rows.add_argument("--stop", type=positive, metavar="ROW", help="(default: the end)")
        sampling = parser.add_argument_group("sampling, with the study's defaults")
        sampling.add_argument("--temperature", type=float, default=STUDY.temperature)
        sampling.add_argument("--top-p", type=float, default=STUDY.top_p)
        sampling.add_argument("--frequency-penalty", type=float, default=STUDY.frequency_penalty)
        sampling.add_argument("--max-new-tokens", type=positive, default=STUDY.max_new_tokens, metavar="N")
        sampling.add_argument("--seed", type=int, default=0)
        form = parser.add_argument_group("output")
        form.add_argument(
            "--constraint",
            choices=[each.value for each in Constraint],
            default=Constraint.REGEX.value,
            help="regex: vLLM's structured_outputs (default); schema: response_format; none",
        )
        form.add_argument(
            "--no-constraint", dest="constraint", action="store_const", const=Constraint.NONE.value, help="= none"
        )
        form.add_argument("--examples", type=Path, metavar="FILE", help="few-shot examples of your own, as JSON")
        form.add_argument("--language", choices=LANGUAGES, default="eu", help="that it has to be in (default: eu)")
        form.add_argument(
            "--min-share", type=float, default=0.5, metavar="X", help="of it, for both roles (default: 0.5; 0: any)"
        )
        form.add_argument("--attempts", type=positive, default=1, metavar="N", help="with another seed (default: 1)")
        form.add_argument(
            "--give-up", type=int, default=GIVE_UP, metavar="N", help=f"after N unusable rows in a row ({GIVE_UP})"
        )

    def run(self, options: dict[str, Any]) -> None:
        translator = translator_of(options)
        source = open_source(
            options["input"], check=row_check, skip_bad=options["skip_bad"], per_piece=options["rows_per_shard"]
        )
        rows = Range.of(options["start"], options["stop"], source)
        arguments = {
            "sampling": asdict(translator.sampling),
            "examples": asdict(translator.examples),
            "language": translator.language,
            "min_share": translator.min_share,
            "attempts": translator.attempts,
            "rows": [rows.start, rows.stop],
            "rows_per_shard": source.per_piece,
        }
        named = {"model": options["model"], "revision": options["revision"], "seed": options["seed"]}
        plan = Plan("translate_instructions", arguments, rows.pieces, (source.input,), **named)
        layout = Layout(options["output"], COLUMNS, ASIDE, options["format"])
        manifest = self.go(plan, layout, Translating(source, rows, translator, options["give_up"]), options)
        if manifest is not None and not manifest.rows:
            raise NothingUsable(nothing(manifest))


def translator_of(options: dict[str, Any]) -> Translator:
    """Raises TrainingError for options that cannot be."""
    if not 0 <= options["min_share"] <= 1:
        raise TrainingError(f"--min-share {options['min_share']:g}: a share is from 0 to 1.")
    language = options["language"]
    if language != "eu" and options["examples"] is None:
        raise TrainingError(f"--language {language}: the examples here are in Basque. Give others by --examples FILE.")
    sampling = Sampling(
        temperature=options["temperature"],
        top_p=options["top_p"],
        frequency_penalty=options["frequency_penalty"],
        max_new_tokens=options["max_new_tokens"],
        constraint=Constraint(options["constraint"]),
    )
    return Translator(
        api=api_of(options, options["model"]),
        examples=load_examples(options["examples"]) if options["examples"] else BASQUE,
        sampling=sampling,
        language=language,
        share_of=share_of(language),
        min_share=options["min_share"],
        attempts=options["attempts"],
        seed=options["seed"],
    )


def share_of(language: str) -> ShareOf:
    """How much of a text is in `language`."""
    return lambda text: shares_of(text)[language] if can_judge(text) else None


def nothing(manifest: Manifest) -> str:
    """That no row could be used, and what to look at."""
    found = ", ".join(f"{name} {manifest.counts[name]:,}" for name in Status if name in manifest.counts)
    return (
        f"{manifest.folder}: no row gave a translation that can be used ({found or 'no rows were left'}). Why is in "
        f"its {BROKEN}/, row by row. Ask another model, or hold the output to JSON with --constraint."
    )

"""`manage.py prepare_sft`: the mix of a variant, as packed and masked token rows."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from training.commands import StageCommand, positive
from training.exceptions import BadSource, TrainingError
from training.grid import PARTS, variant_named
from training.manifests import Manifest, Plan
from training.sft.mixing import Dealing
from training.sft.preparing import (
    ASIDE,
    COLUMNS,
    CORPUS,
    VALIDATION,
    Part,
    Shape,
    any_row,
    conversation_row,
    maker,
    text_row,
)
from training.sft.tokenizers import Encoder, keep, load
from training.sources import Check, Source, open_source
from training.stages import Layout

SOURCES = {CORPUS: "corpus", "instructions_eu": "instructions_eu", "instructions_en": "instructions_en"}
CHECKS = {CORPUS: text_row, "instructions_eu": conversation_row, "instructions_en": conversation_row}


class Command(StageCommand):
    help = (
        "Turn the mix of a variant into token rows: plain texts to be learnt whole, conversations of which the "
        "assistant's turns are learnt; shuffled together and packed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(rows_per_shard=10_000)
        mix = parser.add_mutually_exclusive_group(required=True)
        mix.add_argument("--variant", metavar="NAME", help="a variant of the grid, such as exp_2_101")
        mix.add_argument("--parts", nargs="+", choices=PARTS, metavar="PART", help=f"a mix of: {', '.join(PARTS)}")
        files = parser.add_argument_group("sources: folders of a stage, or .parquet, .jsonl, .jsonl.gz, .jsonl.zst")
        files.add_argument("--corpus", nargs="+", type=Path, default=[], metavar="PATH", help="rows of `text`")
        for name in ("eu", "en"):
            files.add_argument(f"--instructions-{name}", nargs="+", type=Path, default=[], metavar="PATH")
        held = parser.add_mutually_exclusive_group()
        held.add_argument("--validation", nargs="+", type=Path, default=[], metavar="PATH", help="rows to evaluate on")
        held.add_argument(
            "--validation-share", type=share, metavar="X", help="of all rows (default: 0.01, or 0 with --validation)"
        )
        parser.add_argument("--tokenizer", required=True, metavar="MODEL", help="of the model to train")
        parser.add_argument("--revision", default="", help="of that model, on the hub")
        parser.add_argument("--chat-template", default="", metavar="FILE", help="or llama-3.1, llama-3, chatml")
        parser.add_argument("--document-end", default="", metavar="TOKEN", help="(default: the tokenizer's end token)")
        parser.add_argument("--sequence-length", type=positive, default=8192, metavar="TOKENS")
        parser.add_argument(
            "--long",
            choices=["drop", "split"],
            help="what to do with rows that are longer (default: split texts, drop conversations)",
        )
        parser.add_argument("--no-packing", dest="packing", action="store_false", help="a document a row")
        parser.add_argument("--packing", dest="packing", action="store_true", help="(the default)")
        parser.set_defaults(packing=True)
        parser.add_argument("--seed", type=int, default=33)

    def run(self, options: dict[str, Any]) -> None:
        mix = variant_named(options["variant"]).parts if options["variant"] else tuple(options["parts"])
        parts = self._parts(mix, options)
        encoder = load(
            options["tokenizer"],
            options["revision"],
            chat_template=options["chat_template"],
            document_end=options["document_end"],
            conversations=any(part.has_conversations for part in parts),
        )
        share = options["validation_share"]
        validation = (0.0 if options["validation"] else 0.01) if share is None else share
        rows = sum(part.source.input.rows for part in parts)
        dealing = Dealing(options["seed"], max(1, -(-rows // options["rows_per_shard"])), validation)
        plan = self._plan(parts, encoder, dealing, options)
        layout = Layout(options["output"], COLUMNS, ASIDE, options["format"])
        manifest = self.go(plan, layout, maker(parts, encoder, dealing, _shape(options)), options)
        if manifest is not None:
            keep(encoder, options["output"])
            self._tell(manifest, options)

    def _parts(self, mix: tuple[str, ...], options: dict[str, Any]) -> list[Part]:
        parts = []
        for name in PARTS:
            paths = options[SOURCES[name]]
            flag = f"--{SOURCES[name].replace('_', '-')}"
            if name in mix and not paths:
                raise TrainingError(f"{name} is in the mix: say where its rows are, by {flag} PATH.")
            if name not in mix and paths:
                self.stdout.write(f"{name} is not in the mix; what {flag} names is not read.")
                continue
            parts += [Part(name, _open(path, CHECKS[name], options)) for path in paths]
        return parts + [Part(VALIDATION, _open(path, any_row, options)) for path in options["validation"]]

    def _plan(self, parts: list[Part], encoder: Encoder, dealing: Dealing, options: dict[str, Any]) -> Plan:
        names = ("variant", "sequence_length", "long", "packing", "rows_per_shard", "skip_bad")
        arguments = {name: options[name] for name in names} | {
            "parts": [part.name for part in parts],
            "validation_share": dealing.validation,
            "tokenizer_sha256": encoder.sha256,
            "document_end": encoder.end,
            "turn_end": encoder.turn_end,
            "masking": encoder.marking.name if encoder.marking else "",
        }
        inputs = tuple(part.source.input for part in parts)
        return Plan(
            "prepare_sft", arguments, dealing.blocks, inputs, options["tokenizer"], options["revision"], options["seed"]
        )

    def _tell(self, manifest: Manifest, options: dict[str, Any]) -> None:
        counts, length = manifest.counts, options["sequence_length"]
        if not manifest.rows:
            raise BadSource(f"{manifest.folder}: not one row is left to train on. Its counts: {dict(counts)}.")
        full = counts["tokens"] / counts["capacity"]
        self.stdout.write(
            f"{counts['tokens']:,} tokens in {manifest.rows:,} rows of {length:,}, {full:.1%} full; "
            f"{counts['trained_tokens'] / counts['tokens']:.1%} of them learnt; "
            f"{counts.get('validation_rows', 0):,} rows to evaluate on."
        )


def _open(path: Path, check: Check, options: dict[str, Any]) -> Source:
    source = open_source(path, check=check, skip_bad=options["skip_bad"], per_piece=1)
    if not source.input.rows:
        raise BadSource(f"{path} has no rows.")
    return source


def _shape(options: dict[str, Any]) -> Shape:
    long = options["long"]
    return Shape(options["sequence_length"], options["packing"], long != "drop", long == "split")


def share(text: str) -> float:
    """An argument of argparse: a number from 0 to below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError(text)
    return value

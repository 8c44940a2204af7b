"""Prepared folders to train on."""

import json
import random
from pathlib import Path
from typing import Any

from django.core.management import call_command

from training.manifests import Plan
from training.sft.mixing import Dealing
from training.sft.preparing import ASIDE, COLUMNS, Part, Shape, maker
from training.sft.tokenizers import keep, load
from training.shares import Share
from training.sources import open_source
from training.stages import Layout, run_stage

WORDS = ("etxe", "mendi", "itsaso", "euskara", "hizkuntza", "eguzki", "haize", "zeru", "gizon", "emakume", "liburu")


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def words(draw: random.Random, least: int, most: int) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(least, most)))


def texts(number: int, seed: int = 1) -> list[dict[str, str]]:
    """Rows of a corpus."""
    draw = random.Random(seed)
    return [{"text": words(draw, 2, 14)} for _ in range(number)]


def conversations(number: int, seed: int = 2) -> list[dict[str, Any]]:
    """Rows as the public Magpie data sets have them."""
    draw = random.Random(seed)
    return [
        {
            "conversations": [
                {"from": "human", "value": words(draw, 1, 4)},
                {"from": "gpt", "value": words(draw, 1, 8)},
            ]
        }
        for _ in range(number)
    ]


def prepare(folder: Path, model: Path, **options: Any) -> Path:
    """`prepare_sft` of 60 texts and 40 conversations, in rows of 128 tokens; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    asked: dict[str, Any] = {
        "variant": "exp_2_101",
        "corpus": [write_lines(folder / "corpus.jsonl", texts(60))],
        "instructions_en": [write_lines(folder / "en.jsonl", conversations(40))],
        "tokenizer": str(model),
        "output": folder / "rows",
        "sequence_length": 128,
        "rows_per_shard": 30,
        "validation_share": 0.05,
        "verbosity": 0,
    }
    call_command("prepare_sft", **(asked | options))
    return folder / "rows"


def make_rows(folder: Path, model: Path) -> Path:
    """As `prepare`, but with no record of it in the database: for fixtures that outlive a test."""
    encoder = load(str(model), "", chat_template="", document_end="", conversations=True)
    parts = [
        Part("corpus_eu", open_source(write_lines(folder / "corpus.jsonl", texts(60)), per_piece=1)),
        Part("instructions_en", open_source(write_lines(folder / "en.jsonl", conversations(40)), per_piece=1)),
    ]
    dealing = Dealing(seed=33, blocks=4, validation=0.05)
    arguments = {"sequence_length": 128, "document_end": encoder.end, "turn_end": encoder.turn_end}
    make = maker(parts, encoder, dealing, Shape(128, packed=True, cut_documents=True, cut_conversations=False))
    layout = Layout(folder / "rows", COLUMNS, ASIDE)
    run_stage(
        Plan("prepare_sft", arguments, 4, model=str(model)), layout, make, share=Share(), watch=lambda *_news: None
    )
    keep(encoder, layout.folder)
    return layout.folder

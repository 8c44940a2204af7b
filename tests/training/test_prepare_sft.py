"""`prepare_sft`: from rows to packed, masked token rows."""

import json
import resource
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.tiny import make_tokenizer
from tests.training.token_rows import conversations, prepare, texts, write_lines
from training.manifests import Manifest, read_manifest
from training.sft.tokenizers import read_tokenizer
from training.sft.tokens import IGNORED
from training.shards import rows_of

pytestmark = pytest.mark.django_db


def all_documents(manifest: Manifest, name: str = "shards") -> list[tuple[list[int], list[int]]]:
    """Ids and labels of every document in the packs."""
    found = []
    for row in rows_of(manifest, name):
        assert len(row["input_ids"]) == len(row["labels"]) == sum(row["seq_lengths"])
        begin = 0
        for length in row["seq_lengths"]:
            found.append((row["input_ids"][begin : begin + length], row["labels"][begin : begin + length]))
            begin += length
    return found


def as_bytes(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_mix_of_a_variant(tmp_path: Path, tiny_model: Path) -> None:
    manifest = read_manifest(prepare(tmp_path, tiny_model))
    tokenizer = read_tokenizer(str(tmp_path / "rows/tokenizer"))
    documents = all_documents(manifest) + all_documents(manifest, "validation")
    found = {tokenizer.decode(ids) for ids, _labels in documents}
    assert found >= {row["text"] + "<|eot_id|>" for row in texts(60)}
    for row in conversations(40):
        asked, answer = (turn["value"] for turn in row["conversations"])
        both = f"\n{asked}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{answer}<|eot_id|>"
        (ids, labels) = next(each for each in documents if tokenizer.decode(each[0]).endswith(both))
        assert tokenizer.decode([label for label in labels if label != IGNORED]) == f"{answer}<|eot_id|>"
        assert tokenizer.decode(ids).count("<|begin_of_text|>") == 1
    counts = manifest.counts
    assert (counts["corpus_eu"], counts["instructions_en"]) == (60, 40)
    assert counts["documents"] + counts["validation_rows"] == len(documents) == 100
    assert counts["tokens"] == sum(len(row["input_ids"]) for row in rows_of(manifest))
    assert counts["trained_tokens"] == sum(label != IGNORED for row in rows_of(manifest) for label in row["labels"])
    assert all(len(row["input_ids"]) <= 128 for row in rows_of(manifest))
    assert counts["tokens"] / counts["capacity"] > 0.85
    # Evaluation rows are not packed.
    assert counts["validation_rows"] > 0
    assert all(len(row["seq_lengths"]) == 1 for row in rows_of(manifest, "validation"))


def test_sources_are_shuffled_together(tmp_path: Path, tiny_model: Path) -> None:
    folder = prepare(tmp_path, tiny_model, packing=False, validation_share=0.0)
    is_text = [ids[0] != 256 for ids, _labels in all_documents(read_manifest(folder))]
    changes = sum(one != other for one, other in zip(is_text, is_text[1:], strict=False))
    assert sum(is_text) == 60
    assert changes > 25


def test_the_same_rows_whatever_the_number_of_processes(tmp_path: Path, tiny_model: Path) -> None:
    one = prepare(tmp_path / "a", tiny_model)
    sources = {"corpus": [tmp_path / "a/corpus.jsonl"], "instructions_en": [tmp_path / "a/en.jsonl"]}
    for index in (2, 0, 1):
        several = prepare(tmp_path / "b", tiny_model, shard=index, num_shards=3, **sources)
    assert as_bytes(one) == as_bytes(several)
    other = prepare(tmp_path / "c", tiny_model, seed=34, **sources)
    assert as_bytes(one)[Path("shards/00000.parquet")] != as_bytes(other)[Path("shards/00000.parquet")]


def test_a_shard_that_is_missing_is_made_again_alike(tmp_path: Path, tiny_model: Path) -> None:
    folder = prepare(tmp_path, tiny_model)
    before = as_bytes(folder)
    for name in ("manifest.json", "shards/00002.json", "shards/00002.parquet", "tokenizer/tokenizer.json"):
        (folder / name).unlink()
    prepare(tmp_path, tiny_model)
    assert as_bytes(folder) == before


@pytest.mark.parametrize(
    "long, split, dropped",
    [(None, 1, 1), ("drop", 0, 2), ("split", 2, 0)],
)
def test_what_is_too_long(tmp_path: Path, tiny_model: Path, long: str | None, split: int, dropped: int) -> None:
    text = "luzea " * 60
    corpus = write_lines(tmp_path / "c.jsonl", [{"text": text}, {"text": "laburra"}])
    turns = [{"role": "user", "content": "Kaixo"}, {"role": "assistant", "content": text}]
    chats = write_lines(tmp_path / "i.jsonl", [{"messages": turns}])
    manifest = read_manifest(
        prepare(tmp_path, tiny_model, corpus=[corpus], instructions_en=[chats], long=long, validation_share=0.0)
    )
    assert (manifest.counts.get("split_long", 0), manifest.counts.get("dropped_long", 0)) == (split, dropped)
    assert [row["part"] for row in rows_of(manifest, "rejected")] == {0: [], 1: ["instructions_en"]}.get(
        dropped, ["corpus_eu", "instructions_en"]
    )
    for row in rows_of(manifest, "rejected"):
        assert row["row"] == 1
        assert "are more than 128" in row["reason"]


def test_broken_rows(tmp_path: Path, tiny_model: Path) -> None:
    good = conversations(3)
    broken: list[Any] = [
        {"conversations": None, "instruction": "Zer?", "response": None},
        {"conversations": [{"from": "human", "value": "Zer?"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "x"}]},
        {"messages": "Kaixo"},
        {"messages": [{"role": ["user"], "content": "x"}]},
        {"messages": [None]},
        {"instruction": "Zer?", "response": "\ud83d"},
        ["no object"],
    ]
    path = write_lines(tmp_path / "i.jsonl", [good[0], *broken, *good[1:]])
    with pytest.raises(CommandError, match=r"i.jsonl, row \d: .*With --skip-bad"):
        prepare(tmp_path / "a", tiny_model, instructions_en=[path], rows_per_shard=1000)
    manifest = read_manifest(
        prepare(tmp_path / "b", tiny_model, instructions_en=[path], skip_bad=True, validation_share=0.0)
    )
    assert (manifest.counts["bad"], manifest.counts["instructions_en"]) == (9, 3)


@pytest.mark.parametrize(
    "row, message",
    [
        ({"text": None}, "row 2: 'text' is missing"),
        ({"text": 5}, "row 2: 'text' is no text"),
        ({"text": " "}, "row 2: 'text' is empty"),
        ({"text": "\ud83d"}, "row 2: 'text' has half a character"),
    ],
)
def test_broken_texts(tmp_path: Path, tiny_model: Path, row: dict[str, Any], message: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in [*texts(1), row]))
    with pytest.raises(CommandError, match=message):
        prepare(tmp_path, tiny_model, corpus=[path])


def test_control_tokens_in_a_conversation_are_put_aside(tmp_path: Path, tiny_model: Path) -> None:
    turns = [{"from": "human", "value": "Zer da <|eot_id|>?"}, {"from": "gpt", "value": "Token bat."}]
    path = write_lines(tmp_path / "i.jsonl", [*conversations(2), {"conversations": turns}])
    manifest = read_manifest(prepare(tmp_path, tiny_model, instructions_en=[path], validation_share=0.0))
    assert manifest.counts["dropped_control"] == 1
    (rejected,) = rows_of(manifest, "rejected")
    assert (rejected["row"], rejected["reason"]) == (3, "a turn contains the control token <|eot_id|>")


def test_validation_of_its_own(tmp_path: Path, tiny_model: Path) -> None:
    own = write_lines(tmp_path / "v.jsonl", [*texts(3, seed=8), *conversations(2, seed=9)])
    manifest = read_manifest(prepare(tmp_path, tiny_model, validation=[own], validation_share=None))
    assert (manifest.counts["validation_rows"], manifest.counts["documents"]) == (5, 100)


def test_a_folder_of_a_stage_can_be_read(tmp_path: Path, tiny_model: Path) -> None:
    folder = prepare(tmp_path / "a", tiny_model)
    shard = folder / "validation/00000.parquet"
    shard.write_bytes(b"changed")
    with pytest.raises(CommandError, match="'text' is missing"):
        prepare(tmp_path / "b", tiny_model, corpus=[folder])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"variant": "exp_2_001"}, "equals the released model meta-llama/Llama-3.1-8B-Instruct"),
        ({"variant": "exp_9_999"}, "The grid has no variant 'exp_9_999' at 8B. It has exp_0_010"),
        ({"variant": "exp_2_111"}, "instructions_eu is in the mix: say where its rows are, by --instructions-eu"),
        ({"tokenizer": "/nowhere"}, "The tokenizer of /nowhere cannot be read"),
        ({"corpus": [Path("/nowhere.jsonl")]}, "/nowhere.jsonl cannot be read"),
        ({"corpus": [Path("/dev/null")]}, "/dev/null is neither a folder of a stage nor a file"),
    ],
)
def test_what_cannot_be_prepared(tmp_path: Path, tiny_model: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")):
        prepare(tmp_path, tiny_model, **options)
    assert not (tmp_path / "rows").exists()


def test_an_empty_file_and_rows_that_all_go(tmp_path: Path, tiny_model: Path) -> None:
    empty = write_lines(tmp_path / "empty.jsonl", [])
    with pytest.raises(CommandError, match="empty.jsonl has no rows"):
        prepare(tmp_path, tiny_model, corpus=[empty])
    with pytest.raises(CommandError, match="not one row is left to train on"):
        prepare(tmp_path, tiny_model, sequence_length=2, long="drop")


def test_another_tokenizer_is_another_plan(tmp_path: Path, tiny_model: Path) -> None:
    make_tokenizer(tmp_path / "tokenizer")
    prepare(tmp_path, tmp_path / "tokenizer")
    template = tmp_path / "tokenizer/chat_template.jinja"
    template.write_text(template.read_text().replace("| trim", ""))
    with pytest.raises(CommandError, match="holds the work of another plan .*tokenizer_sha256 is"):
        prepare(tmp_path, tmp_path / "tokenizer")


def test_parts_that_are_not_in_the_mix_are_not_read(tmp_path: Path, tiny_model: Path) -> None:
    said = StringIO()
    corpus = write_lines(tmp_path / "c.jsonl", texts(30))
    call_command(
        "prepare_sft",
        parts=["corpus_eu"],
        corpus=[corpus],
        instructions_eu=[tmp_path / "nowhere.jsonl"],
        tokenizer=str(tiny_model),
        output=tmp_path / "rows",
        sequence_length=128,
        stdout=said,
    )
    assert "instructions_eu is not in the mix; what --instructions-eu names is not read." in said.getvalue()
    assert "rows of 128, 9" in said.getvalue()


def test_a_disk_that_is_full_at_the_tokenizer(tmp_path: Path, tiny_model: Path) -> None:
    folder = prepare(tmp_path, tiny_model)
    shutil.rmtree(folder / "tokenizer")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
    try:
        with pytest.raises(CommandError, match="tokenizer/fingerprint.json could not be written: File too large"):
            prepare(tmp_path, tiny_model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    prepare(tmp_path, tiny_model)
    assert (folder / "tokenizer/tokenizer.json").exists()

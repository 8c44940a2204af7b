"""Runs that must not start, or not go on."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny import make_model
from tests.training.token_rows import make_rows
from tests.training.worker_processes import fails, recipe_for, train


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return make_rows(tmp_path_factory.mktemp("prepared"), tiny_model)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sequences_per_step": 7}, "7 sequences a step over 1 processes × 2 a device"),
        ({"sharding": "full"}, "asks for full sharding (FSDP2), which needs GPUs"),
        ({"attention": "flash_attention_2"}, "flash_attention_2, which needs a GPU"),
        ({"liger": True}, "Liger kernels, which need a GPU"),
        ({"sequence_length": 64}, "has rows of 128 tokens, and the recipe's sequence_length is 64"),
        ({"data_sha256": "0" * 64}, "is not what the run was launched with"),
        ({"base": "/nowhere"}, "The tokenizer of /nowhere cannot be read"),
    ],
)
def test_what_cannot_be_trained(
    rows: Path, tiny_model: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    assert message in fails(recipe_for(rows, tiny_model, tmp_path / "run", **changes), log=tmp_path / "log")
    assert not (tmp_path / "run/model").exists()


def test_a_shard_that_was_changed(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(rows, tmp_path / "rows")
    shard = changed / "shards/00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    said = fails(recipe_for(changed, tiny_model, tmp_path / "run"), log=tmp_path / "log")
    assert "00000.parquet does not match its manifest" in said
    (changed / "manifest.json").unlink()
    said = fails(recipe_for(changed, tiny_model, tmp_path / "run-2"), log=tmp_path / "log-2")
    assert "its stage has not finished" in said


def test_a_model_with_another_vocabulary(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other")
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] = dict(
        zip(tokenizer["model"]["vocab"], reversed(tokenizer["model"]["vocab"].values()), strict=True)
    )
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    said = fails(recipe_for(rows, other, tmp_path / "run"), log=tmp_path / "log")
    assert "has another vocabulary" in said


def test_what_is_in_the_folder_already(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    recipe = recipe_for(rows, tiny_model, tmp_path / "run", max_steps=2)
    train(recipe, log=tmp_path / "log")
    other = recipe_for(rows, tiny_model, tmp_path / "run", max_steps=2, seed=7)
    assert "holds another run (seed is 33 there, and 7 here)" in fails(other, log=tmp_path / "log-1")
    shutil.rmtree(tmp_path / "run/model")
    said = fails(recipe, resume="never", log=tmp_path / "log-2")
    assert "has checkpoints, up to step 2. Resume, or give another folder." in said
    said = fails(recipe, resume=str(tmp_path / "run/checkpoints/checkpoint-9"), log=tmp_path / "log-3")
    assert "is no checkpoint of a run" in said
    # All steps were done, and only the model is missing.
    assert "all 2 steps were done" in train(recipe, log=tmp_path / "log-4")
    assert (tmp_path / "run/model/model.safetensors").exists()

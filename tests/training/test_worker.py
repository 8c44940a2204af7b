"""Training runs: measured, interrupted in every way and gone on with, on several processes."""

import json
import math
import signal
from pathlib import Path

import pytest

from tests.training.token_rows import make_rows
from tests.training.worker_processes import (
    Fate,
    fails,
    finish,
    losses,
    metrics,
    recipe_for,
    rendezvous,
    start,
    train,
)
from training.recipes import STOPPED, Lora
from training.worker.checkpoints import found_in
from training.worker.folder import ABOUT


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return make_rows(tmp_path_factory.mktemp("prepared"), tiny_model)


@pytest.fixture(scope="module")
def uninterrupted(rows: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from its beginning to its end."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(recipe_for(rows, tiny_model, folder / "run"), log=folder / "log")
    return folder / "run"


def test_a_run(uninterrupted: Path, rows: Path) -> None:
    found = losses(uninterrupted)
    assert list(found) == list(range(1, 9))
    assert found[8] < found[1] - 0.3
    assert list(losses(uninterrupted, "eval_loss")) == [2, 4, 6, 8]
    steps = [line for line in metrics(uninterrupted) if "loss" in line]
    # Warm-up takes one step (a tenth of eight, rounded up); then a cosine from the peak down to a third of it.
    rates = [0.5 * (1 + math.cos(math.pi * done / 7)) * (1 - 0.33) + 0.33 for done in range(7)]
    assert [line["lr"] for line in steps] == pytest.approx([0, *(3e-3 * rate for rate in rates)])
    assert all(line["tokens_per_s"] > 0 and line["grad_norm"] > 0 for line in steps)
    assert [each.step for each in found_in(uninterrupted / "checkpoints")] == [6, 8]

    about = json.loads((uninterrupted / "model" / ABOUT).read_text())
    assert (about["name"], about["kind"], about["steps"], about["seed"]) == ("exp_2_101", "full", 8, 33)
    assert about["factors"] == {"corpus": "eu"}
    assert not list(uninterrupted.glob(".*"))


def test_its_model_stops_where_its_rows_do(uninterrupted: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(uninterrupted / "model")
    model = AutoModelForCausalLM.from_pretrained(uninterrupted / "model")
    assert tokenizer.convert_tokens_to_ids("<|eot_id|>") in model.generation_config.eos_token_id
    assert tokenizer.chat_template
    assert {file.stat().st_mode & 0o044 for file in (uninterrupted / "model").iterdir()} == {0o044}


def test_killed_and_gone_on_with(uninterrupted: Path, rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    recipe = recipe_for(rows, tiny_model, tmp_path / "run")
    process = start(recipe, log=tmp_path / "log", fate=Fate(signal.SIGKILL, step=5))
    assert finish(process) == -signal.SIGKILL
    assert list(losses(tmp_path / "run")) == [1, 2, 3, 4, 5]
    process = start(recipe, log=tmp_path / "log-2", fate=Fate(signal.SIGKILL, step=6, instead_of_seal=True))
    assert finish(process) == -signal.SIGKILL
    checkpoints = tmp_path / "run/checkpoints"
    assert f"on from {checkpoints / 'checkpoint-4'}, step 4 of 8" in (tmp_path / "log-2").read_text()
    assert not (tmp_path / "run/model").exists()

    said = train(recipe, log=tmp_path / "log-3")
    assert "checkpoint-6 is passed over, it is not whole: whole.json is missing" in said
    assert f"on from {checkpoints / 'checkpoint-4'}, step 4 of 8" in said
    for name in ("loss", "eval_loss"):
        assert losses(tmp_path / "run", name) == losses(uninterrupted, name)
    weights = "model/model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (uninterrupted / weights).read_bytes()


def test_told_to_stop_and_gone_on_with(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    lora = Lora(rank=4, dropout=0.3)
    whole = recipe_for(rows, tiny_model, tmp_path / "whole", lora=lora)
    train(whole, log=tmp_path / "log")
    stopped = recipe_for(rows, tiny_model, tmp_path / "stopped", lora=lora)
    process = start(stopped, log=tmp_path / "log-1", fate=Fate(signal.SIGTERM, step=3))
    assert finish(process) == STOPPED
    assert "is saved. Start again with --resume auto." in (tmp_path / "log-1").read_text()
    train(stopped, log=tmp_path / "log-2")
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")
    assert json.loads((tmp_path / "stopped/model" / ABOUT).read_text())["kind"] == "adapter"
    assert "this run has ended" in train(stopped, log=tmp_path / "log-3")


def test_two_processes_learn_what_one_does(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    # Without noise on the embeddings, which each process draws for itself.
    changes = {"neftune": 0, "max_steps": 4, "evaluations_per_epoch": 1}
    train(recipe_for(rows, tiny_model, tmp_path / "one", **changes), log=tmp_path / "log")
    both = recipe_for(rows, tiny_model, tmp_path / "two", **changes)
    processes = [start(both, log=tmp_path / f"log-{rank}", env=env) for rank, env in enumerate(rendezvous(processes=2))]
    assert [finish(process) for process in processes] == [0, 0], (tmp_path / "log-0").read_text()
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert list(two) == [1, 2, 3, 4]
    assert two == pytest.approx(one, abs=1e-4)
    tokens = [[line["tokens"] for line in metrics(tmp_path / name) if "loss" in line] for name in ("one", "two")]
    assert tokens[0] == tokens[1]


def test_a_disk_that_is_full(rows: Path, tiny_model: Path, tmp_path: Path) -> None:
    recipe = recipe_for(rows, tiny_model, tmp_path / "run", max_steps=4)
    process = start(recipe, log=tmp_path / "log", fate=Fate(signal.SIGTERM, step=1))
    assert finish(process) == STOPPED
    (former,) = found_in(tmp_path / "run/checkpoints")
    # The weights fit, the optimizer's state does not.
    said = fails(recipe, log=tmp_path / "log-2", largest_file=500_000)
    assert "could not be written, and what there was of it is removed: " in said
    assert f"checkpoint-{former.step} before it is whole" in said
    assert found_in(tmp_path / "run/checkpoints") == [former]
    train(recipe, log=tmp_path / "log-3")

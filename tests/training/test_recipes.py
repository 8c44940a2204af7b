"""Recipes: what they refuse, that they come back from a file as they were, and the arithmetic of a step."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.exceptions import BadRecipe, DoesNotDivide
from training.recipes import Lora, Recipe, accumulation, read_recipe, write_recipe

LEAST = {"name": "exp_2_101", "base": "a/model", "data": "/data", "output": "/out"}


@pytest.mark.parametrize("lora", [None, Lora(), Lora(rank=4, alpha=8, dropout=0.0, targets=("q_proj", "v_proj"))])
def test_a_recipe_comes_back_from_its_file(tmp_path: Path, lora: Lora | None) -> None:
    recipe = Recipe(**LEAST, lora=lora, factors={"backbone": "ñ"}, betas=(0.8, 0.9), epochs=0.5)
    write_recipe(tmp_path / "recipe.json", recipe)
    assert read_recipe(tmp_path / "recipe.json") == recipe


def test_what_is_not_said_is_the_studys() -> None:
    recipe = Recipe.from_json({"format": 1, **LEAST})
    assert (recipe.sequence_length, recipe.epochs, recipe.sequences_per_step, recipe.learning_rate) == (
        *(8192, 4, 256, 1e-5),
    )
    assert (recipe.betas, recipe.epsilon, recipe.weight_decay, recipe.warmup) == ((0.9, 0.95), 1e-8, 0.1, 0.1)
    assert (recipe.scheduler, recipe.min_lr_rate, recipe.neftune, recipe.seed) == ("cosine_with_min_lr", 0.33, 5, 33)
    assert (recipe.dtype, recipe.attention, recipe.liger) == ("bf16", "flash_attention_2", True)
    assert (recipe.gradient_checkpointing, recipe.evaluations_per_epoch, recipe.lora) == (True, 4, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "format must be 1, and 2 is not"),
        ({"learnig_rate": 1}, r"has no learnig_rate\. It has attention, base"),
        ({"base": ""}, "base must be a text"),
        ({"data": 3}, "data must be a text"),
        ({"epochs": 0}, "epochs must be a number above 0"),
        ({"epochs": float("inf")}, "epochs must be a number above 0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number above 0, and 'fast' is not"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0"),
        ({"sequences_per_step": True}, "sequences_per_step must be a whole number from 1, and True is not"),
        ({"sequence_length": 8192.0}, "sequence_length must be a whole number"),
        ({"max_steps": -1}, "max_steps must be a whole number from 0"),
        ({"neftune": -1}, "neftune must be a number from 0"),
        ({"warmup": 1.5}, "warmup must be from 0 to 1"),
        ({"betas": [0.9]}, "betas must be two numbers"),
        ({"betas": 0.9}, "cannot be read"),
        ({"dtype": "fp16"}, "dtype must be bf16 or fp32, and 'fp16' is not"),
        ({"attention": "flash"}, "attention must be flash_attention_2 or sdpa or eager"),
        ({"sharding": "hybird"}, "sharding must be none or full or hybrid"),
        ({"lora": {"rank": 0}}, "lora.rank must be a whole number from 1"),
        ({"lora": {"rank": 4, "colour": "red"}}, "cannot be read: .*colour"),
        ({"lora": {"dropout": 1}}, "lora.dropout must be from 0 to 1"),
        ({"lora": {"targets": []}}, "lora.targets must name modules"),
        ({"lora": 4}, "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"format": 1, **LEAST, **change}))
    with pytest.raises(BadRecipe, match=rf"recipe\.json.*{told}"):
        read_recipe(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"format": 1}'])
def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(text)
    with pytest.raises(BadRecipe, match=r"recipe\.json"):
        read_recipe(path)


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="cannot be read: .*No such file"):
        read_recipe(tmp_path / "none.json")


def test_the_file_has_every_field() -> None:
    assert set(Recipe(**LEAST).as_json()) == {each.name for each in fields(Recipe)} | {"format"}


@given(st.integers(1, 2048), st.integers(1, 64), st.integers(1, 512))
def test_accumulation_gives_exactly_the_sequences_of_a_step(per_step: int, per_device: int, devices: int) -> None:
    try:
        assert accumulation(per_step, per_device, devices) * per_device * devices == per_step
    except DoesNotDivide as error:
        assert per_step % (per_device * devices) != 0
        assert f"{per_step} sequences a step over {devices} GPUs × {per_device} a device" in str(error)


def test_what_does_not_divide_is_told_with_the_arithmetic_and_what_would() -> None:
    with pytest.raises(DoesNotDivide) as caught:
        accumulation(256, 2, 3)
    assert str(caught.value) == (
        "256 sequences a step over 3 GPUs × 2 a device: 256 / 6 = 42.67 is no whole number of passes. "
        "Take 2 or 4 GPUs, or --sequences-per-step 252 or 258."
    )
    with pytest.raises(DoesNotDivide, match=r"6 / 4 = 1\.50 .* --per-device 3"):
        accumulation(6, 4, 1, "processes")
    with pytest.raises(DoesNotDivide, match="Take 128 GPUs, or --sequences-per-step 1024 or 2048"):
        accumulation(256, 2, 512)

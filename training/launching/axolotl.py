"""A variant as a configuration of axolotl, for whoever wants to compare: nothing here needs axolotl.

Option names are those of axolotl 0.19.0's schemas. It tokenises and packs itself, so it reads the sources of the mix
and not what `prepare_sft` made of them.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from training.grid import PARTS
from training.launching.launch import Launch
from training.recipes import Lora, Recipe

AXOLOTL = "0.19.0"
PLACES = {part: f"{part}.jsonl" for part in PARTS}
"""Where the parts of the mix are, unless it is said."""
_HEAD = f"""\
# Written by train_variant --export-axolotl, for axolotl {AXOLOTL}. For comparison: it was not run with this project.
# Differs from train_variant in how sequences are packed and shuffled, and in the last bits of every kernel.
"""


def axolotl_yaml(launch: Launch, parts: tuple[str, ...], places: Mapping[str, str], chat_template: str) -> str:
    """`chat_template` is text in Jinja, or empty for the tokenizer's own. `places` are files of the parts, by name."""
    recipe = launch.recipe
    value = {
        "base_model": recipe.base,
        **({"revision_of_model": recipe.base_revision} if recipe.base_revision else {}),
        "datasets": [_dataset(part, places.get(part, PLACES[part]), chat_template) for part in parts],
        "shuffle_merged_datasets": True,
        "dataset_prepared_path": f"{recipe.output}/prepared",
        "output_dir": recipe.output,
        "sequence_len": recipe.sequence_length,
        "sample_packing": True,
        "eval_sample_packing": False,
        "pad_to_sequence_len": False,
        **_adapter(recipe.lora),
        **_optimisation(launch),
        **_precision(recipe),
        **_parallelism(launch),
        "seed": recipe.seed,
    }
    return _HEAD + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6)


def without_marks(chat_template: str) -> str:
    """A template of `training.sft` without the marks of what is generated, which axolotl finds by itself."""
    return re.sub(r"\{%-? *(end)?generation *-?%\}", "", chat_template)


def _dataset(part: str, place: str, chat_template: str) -> dict[str, Any]:
    if part == "corpus_eu":
        return {"path": place, "type": "completion", "field": "text"}
    template: dict[str, str] = {"chat_template": "tokenizer_default"}
    if chat_template:
        template = {"chat_template": "jinja", "chat_template_jinja": chat_template}
    return {
        "path": place,
        "type": "chat_template",
        **template,
        "field_messages": "conversations",
        "message_property_mappings": {"role": "from", "content": "value"},
        "roles": {"user": ["human", "user"], "assistant": ["gpt", "assistant"], "system": ["system"]},
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }


def _adapter(lora: Lora | None) -> dict[str, Any]:
    if lora is None:
        return {}
    is_all = isinstance(lora.targets, str)
    return {
        "adapter": "lora",
        "lora_r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        **({"lora_target_linear": True} if is_all else {"lora_target_modules": list(lora.targets)}),
    }


def _optimisation(launch: Launch) -> dict[str, Any]:
    recipe = launch.recipe
    return {
        "num_epochs": recipe.epochs,
        **({"max_steps": recipe.max_steps} if recipe.max_steps else {}),
        "micro_batch_size": recipe.sequences_per_device,
        "gradient_accumulation_steps": launch.accumulation,
        "eval_batch_size": 1,
        "optimizer": "adamw_torch_fused",
        "adam_beta1": recipe.betas[0],
        "adam_beta2": recipe.betas[1],
        "adam_epsilon": recipe.epsilon,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler": "cosine",
        "cosine_min_lr_ratio": recipe.min_lr_rate,
        "warmup_ratio": recipe.warmup,
        **({"neftune_noise_alpha": recipe.neftune} if recipe.neftune else {}),
        "evals_per_epoch": recipe.evaluations_per_epoch,
        "saves_per_epoch": recipe.evaluations_per_epoch,
        "auto_resume_from_checkpoints": launch.resume == "auto",
    }


def _precision(recipe: Recipe) -> dict[str, Any]:
    liger = ("rope", "rms_norm", "glu_activation", "layer_norm", "fused_linear_cross_entropy")
    plugin = {"plugins": ["axolotl.integrations.liger.LigerPlugin"], **{f"liger_{name}": True for name in liger}}
    return {
        "bf16": recipe.dtype == "bf16",
        "tf32": False,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "attn_implementation": recipe.attention,
        **(plugin if recipe.liger else {}),
    }


def _parallelism(launch: Launch) -> dict[str, Any]:
    recipe, machines = launch.recipe, launch.machines
    if recipe.sharding == "none":
        return {}
    is_hybrid = recipe.sharding == "hybrid"
    return {
        "fsdp_version": 2,
        "fsdp_config": {
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "transformer_layer_cls_to_wrap": "LlamaDecoderLayer",
            "state_dict_type": "SHARDED_STATE_DICT",
            "final_state_dict_type": "FULL_STATE_DICT",
            "cpu_ram_efficient_loading": True,
            "reshard_after_forward": True,
        },
        "dp_shard_size": machines.gpus_per_node if is_hybrid else machines.processes,
        **({"dp_replicate_size": machines.nodes} if is_hybrid else {}),
    }
